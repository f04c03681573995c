//! What an issuer of each kind may be called, and whether its keys can be had: judged without asking the issuer.
//!
//! `validate` calls it before an issuer is stored, `server` for the address that keys are fetched from.

use super::discovery;
use crate::protocol::codec::uri::host_of;
use crate::protocol::config::TrustedIssuerConfig;
use crate::protocol::config::federation::IssuerKind;
use crate::protocol::model::issuer::Issuer;
use crate::protocol::model::outbound;

/// The hosts that a kind owns: no other kind may speak for them.
const OWNED: [(IssuerKind, &str); 3] = [
    (IssuerKind::GithubActions, "token.actions.githubusercontent.com"),
    (IssuerKind::Gitlab, "gitlab.com"),
    (IssuerKind::Google, "accounts.google.com"),
];

/// What is wrong with what `issuer` is called, if anything.
pub fn name_problem(issuer: &TrustedIssuerConfig) -> Option<String> {
    let address = issuer.issuer.as_deref()?;
    if issuer.kind == IssuerKind::Google {
        return Some("Google has one issuer, https://accounts.google.com; leave `issuer` out".to_owned());
    }
    // Some providers have a slash at the end of their `iss`, and what counts is what the tokens say.
    let plain = address.strip_suffix('/').unwrap_or(address);
    if Issuer::parse(plain).is_err() || (plain != address && !issuer.kind.may_end_in_slash()) {
        return Some(format!(
            "`{address}` is no issuer: an https URL in lower case, without query and fragment, exactly as `iss` has \
             it (http on a loopback address only)"
        ));
    }
    let host = host_of(address)?;
    let (kind, _) = OWNED.iter().find(|(_, owned)| *owned == host)?;
    let own = kind.address().unwrap_or_default();
    if *kind != issuer.kind {
        return Some(format!("`{host}` has a kind of its own: kind = \"{}\"", kind.name()));
    }
    let is_own = address == own || *kind == IssuerKind::GithubActions && is_enterprise(address, own);
    (!is_own).then(|| format!("the issuer there is `{own}`; leave `issuer` out"))
}

/// Whether strangers have tokens of this issuer, whatever the configuration says.
pub fn is_shared(issuer: &TrustedIssuerConfig) -> bool {
    let host = host_of(issuer.issuer());
    OWNED.iter().any(|(_, owned)| host == Some(owned))
}

/// Whether `http` on a loopback address is called for the keys of `issuer`: in local development only, where this server
/// itself is at one. `own` is its issuer; unset if that isn't known.
pub fn is_local(issuer: &TrustedIssuerConfig, own: Option<&str>) -> bool {
    own.is_none_or(outbound::is_local) && outbound::is_local(issuer.issuer())
}

/// Why the keys of `issuer` can't be fetched, if they have to be: the member that says where, and the reason.
pub fn fetch_problem(issuer: &TrustedIssuerConfig, own: Option<&str>) -> Option<(&'static str, String)> {
    if issuer.jwks.is_some() {
        return None;
    }
    let local = is_local(issuer, own);
    if let Some(url) = issuer.jwks_uri.as_deref() {
        let objection = outbound::objection(url, local)?;
        return Some((
            "jwks_uri",
            format!("this server can't call `{url}`: {objection}; put the keys into the file (`jwks_file`)"),
        ));
    }
    let url = discovery::address(issuer.issuer());
    let objection = outbound::objection(&url, local)?;
    Some((
        "issuer",
        format!(
            "this server can't call `{url}` for its keys: {objection}; put the keys into the file (`jwks_file`) or name \
             a public address of them (`jwks_uri`)"
        ),
    ))
}

/// GitHub gives an enterprise that asks for it an issuer of its own: its name follows the address.
fn is_enterprise(address: &str, own: &str) -> bool {
    let slug = address.strip_prefix(own).and_then(|rest| rest.strip_prefix('/'));
    slug.is_some_and(|slug| !slug.is_empty() && !slug.contains('/'))
}
