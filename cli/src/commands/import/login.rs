//! What clients say about logging people in.

use mintedge::protocol::config::{ClientConfig, RefreshConfig, RefreshMode};
use mintedge::protocol::model::grant_type::GrantType;
use mintedge::protocol::model::jwk::Alg;
use mintedge::protocol::model::time::DAY;

use super::read::{Loose, plain};
use super::remarks::Remarks;

/// `IdentityServer`'s lifetimes of refresh tokens where a client doesn't say any, in seconds.
const ABSOLUTE: u64 = 30 * DAY;
const SLIDING: u64 = 15 * DAY;

/// Whether people log in at a client.
pub(super) fn logs_in(grants: &[GrantType]) -> bool {
    grants.iter().any(|grant| [GrantType::AuthorizationCode, GrantType::Password].contains(grant))
}

/// Adds what concerns people to `client`.
pub(super) fn settings(client: &mut ClientConfig, object: &Loose<'_>, remarks: &mut Remarks) {
    let uris = |name: &str, remarks: &mut Remarks| -> Vec<String> {
        object.names(name, "URI", remarks).into_iter().map(str::to_owned).collect()
    };
    client.redirect_uris = uris("redirect_uris", remarks);
    client.post_logout_redirect_uris = uris("post_logout_redirect_uris", remarks);
    let text = |name: &str| object.text(name).map(str::to_owned);
    client.frontchannel_logout_uri = text("front_channel_logout_uri");
    client.backchannel_logout_uri = text("back_channel_logout_uri");
    client.logo_uri = text("logo_uri");
    client.client_uri = text("client_uri");
    client.require_pushed_authorization_requests =
        object.flag("require_pushed_authorization", remarks) == Some(true);
    consent(client, object, remarks);
    pkce(client, object, remarks);
    signing(client, object, remarks);
    if client.grant_types.contains(&GrantType::RefreshToken) {
        client.refresh = refresh(client, object, remarks);
    }
}

fn consent(client: &mut ClientConfig, object: &Loose<'_>, remarks: &mut Remarks) {
    let asked = object.flag("require_consent", remarks);
    client.first_party = asked == Some(false);
    if asked.is_none() && client.grant_types.contains(&GrantType::AuthorizationCode) {
        remarks.note("`require_consent` isn't said, so people are asked; `first_party = true` is for your own applications");
    }
    if object.flag("allow_remember_consent", remarks) == Some(false) {
        remarks.note("consent is remembered here; the application can ask anew with `prompt=consent`");
    }
}

fn pkce(client: &mut ClientConfig, object: &Loose<'_>, remarks: &mut Remarks) {
    let optional = object.flag("require_pkce", remarks) == Some(false);
    let is_public = client.is_public();
    client.pkce_optional = optional && !is_public;
    if optional && is_public {
        remarks.decide("it did without PKCE; a public client can't here");
    }
    if object.flag("allow_plain_text_pkce", remarks) == Some(true) {
        remarks.decide("it may have used the PKCE method `plain`; here there is only S256");
    }
}

fn signing(client: &mut ClientConfig, object: &Loose<'_>, remarks: &mut Remarks) {
    let names = object.names("allowed_identity_token_signing_algorithms", "algorithm", remarks);
    client.id_token_signed_response_alg =
        names.iter().find_map(|name| Alg::ALL.into_iter().find(|alg| alg.name() == *name));
    if client.id_token_signed_response_alg.is_none() && !names.is_empty() {
        remarks.decide(format!("none of the algorithms of its ID tokens is there: {}", names.join(", ")));
    }
}

/// `IdentityServer` counts a grant's whole life, and from use to use where expiration is sliding.
fn refresh(client: &ClientConfig, object: &Loose<'_>, remarks: &mut Remarks) -> RefreshConfig {
    let is_sliding =
        word(object, "refresh_token_expiration", &["sliding", "absolute"], remarks) == Some("sliding");
    let absolute = match object.number("absolute_refresh_token_lifetime", remarks) {
        // No end, where expiration is sliding.
        Some(0) if is_sliding => MOST_ABSOLUTE,
        said => said.unwrap_or(ABSOLUTE),
    };
    let sliding = object.number("sliding_refresh_token_lifetime", remarks).unwrap_or(SLIDING);
    let reused = word(object, "refresh_token_usage", &["reuse", "onetimeonly"], remarks) == Some("reuse");
    let is_public = client.is_public();
    if reused && is_public {
        remarks.note("its refresh tokens were used again and again; a public client's rotate here");
    }
    let absolute = within(absolute, MOST_ABSOLUTE, "absolute", remarks);
    let idle = if is_sliding { sliding } else { absolute };
    RefreshConfig {
        mode: if reused && !is_public { RefreshMode::Reuse } else { RefreshMode::Rotate },
        idle: within(idle, MOST_IDLE, "idle", remarks),
        absolute,
        ..RefreshConfig::default()
    }
}

const MOST_ABSOLUTE: u64 = 730 * DAY;
const MOST_IDLE: u64 = 365 * DAY;

fn within(seconds: u64, most: u64, name: &str, remarks: &mut Remarks) -> u64 {
    let possible = seconds.clamp(60, most);
    if possible != seconds {
        remarks.note(format!("`refresh.{name}` is {possible}, because {seconds} seconds are not possible"));
    }
    possible
}

/// One of `words`, by name or by number.
fn word<'a>(object: &Loose<'_>, name: &str, words: &[&'a str], remarks: &mut Remarks) -> Option<&'a str> {
    let value = object.member(name)?;
    let number = value.as_u64().and_then(|number| words.get(usize::try_from(number).ok()?));
    let named = || words.iter().find(|word| value.as_str().is_some_and(|text| plain(text) == **word));
    let found = number.or_else(named).copied();
    if found.is_none() {
        remarks.decide(format!("`{name}` is not imported: it is none of {}", words.join(", ")));
    }
    found
}
