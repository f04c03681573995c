//! What `OpenID Connect Dynamic Client Registration` §2 adds to a client's metadata, and its keys.

use serde_json::Value;

use super::members::{Choice, Members};
use super::metadata::{MAX_URIS, Refusal, Terms, refused};
use crate::protocol::codec::uri::{host_of, web_problem};
use crate::protocol::config::{ClientConfig, SubjectType, redirect_uri};
use crate::protocol::model::jwk::Alg;
use crate::protocol::model::outbound;

/// Most keys of a client, and the most bytes they may have as JSON.
const MAX_KEYS: (usize, usize) = (10, 8192);
/// The members of private and symmetric keys (RFC 7518 §6).
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

pub(super) fn for_openid(
    members: &mut Members<'_>,
    config: &mut ClientConfig,
    terms: &Terms<'_>,
) -> Result<(), Refusal> {
    let unknown = "a response can't be signed like this here; the metadata lists the algorithms";
    let mut alg = |member, choices| match members.choice(member, choices, &Alg::ALL, Alg::name) {
        Choice::Named(alg) => Ok(Some(alg)),
        Choice::Absent => Ok(None),
        Choice::Unknown => Err(refused(unknown)),
    };
    config.id_token_signed_response_alg =
        alg("id_token_signed_response_alg", "id_token_signing_alg_values_supported")?;
    config.userinfo_signed_response_alg =
        alg("userinfo_signed_response_alg", "userinfo_signing_alg_values_supported")?;
    config.introspection_signed_response_alg =
        alg("introspection_signed_response_alg", "introspection_signing_alg_values_supported")?;
    config.require_pushed_authorization_requests = members.flag("require_pushed_authorization_requests");
    for uri in members.texts("post_logout_redirect_uris").unwrap_or_default() {
        let full = (config.post_logout_redirect_uris.len() >= MAX_URIS).then_some("only the first 20 count");
        match redirect_uri::problem(uri, terms.schemes).or_else(|| (terms.redirect_objection)(uri)).or(full) {
            None => config.post_logout_redirect_uris.push(uri.to_owned()),
            Some(reason) => members.note("post_logout_redirect_uris", Some(uri), reason),
        }
    }
    config.backchannel_logout_uri = members.checked("backchannel_logout_uri", |uri| {
        outbound::objection(uri, terms.local).or_else(|| (terms.redirect_objection)(uri))
    });
    let origins: Vec<_> = config.redirect_uris.iter().map(|uri| redirect_uri::origin(uri)).collect();
    config.frontchannel_logout_uri = members.checked("frontchannel_logout_uri", |uri| {
        let origin = redirect_uri::origin(uri);
        let foreign = origin.is_none() || !origins.contains(&origin);
        web_problem(uri).or_else(|| foreign.then_some("on the scheme, host and port of a redirect URI"))
    });
    Ok(())
}

/// `jwks` or `jwks_uri`, not both (RFC 7591 §2), and public keys only: whoever sends a private one has a leak to stop.
pub(super) fn keys(
    members: &mut Members<'_>,
    terms: &Terms<'_>,
) -> Result<(Option<Value>, Option<String>), Refusal> {
    let uri = match members.text("jwks_uri") {
        Some(uri) if outbound::objection(uri, terms.local).is_some() => {
            return Err(refused("jwks_uri: this server can't call it; it is an https URL at a public host"));
        }
        uri => uri.map(str::to_owned),
    };
    let Some(jwks) = members.value("jwks") else { return Ok((None, uri)) };
    if uri.is_some() {
        return Err(refused("jwks, jwks_uri: one of them, not both (RFC 7591 §2)"));
    }
    let Some(Value::Array(keys)) = jwks.get("keys") else {
        return Err(refused("jwks: an object with a list of `keys` (RFC 7517 §5)"));
    };
    let is_public = |key: &Value| {
        key.as_object().is_some_and(|key| !PRIVATE.iter().any(|member| key.contains_key(*member)))
    };
    if !keys.iter().all(is_public) {
        return Err(refused("jwks: public keys only; one has a private member, so replace that key"));
    }
    if keys.len() > MAX_KEYS.0 || jwks.to_string().len() > MAX_KEYS.1 {
        return Err(refused("jwks: at most 10 keys and 8192 bytes"));
    }
    Ok((Some(jwks.clone()), None))
}

/// The hosts that `redirect_uris` are on, none for those that are on no host; one at most makes a sector. Only `https` proves a host:
/// the code goes there. In an app's own URI anybody may write any name, and loopback is everybody's.
pub(super) fn sector_hosts(redirect_uris: &[String]) -> Vec<Option<&str>> {
    let hosts = redirect_uris.iter().map(|uri| host_of(uri).filter(|_| uri.starts_with("https:")));
    let mut hosts: Vec<_> = hosts.collect();
    hosts.dedup();
    hosts
}

/// `OpenID Connect Core` §8.1: pairwise subjects belong to the one host of the redirect URIs, or to that of the sector's list.
pub(super) fn sector(
    members: &mut Members<'_>,
    config: &mut ClientConfig,
    terms: &Terms<'_>,
) -> Result<Option<String>, Refusal> {
    let types = [SubjectType::Public, SubjectType::Pairwise];
    let name = |kind| if kind == SubjectType::Public { "public" } else { "pairwise" };
    config.subject_type = match members.choice("subject_type", "subject_types_supported", &types, name) {
        Choice::Named(kind) => kind,
        Choice::Absent => SubjectType::Public,
        Choice::Unknown => return Err(refused("subject_type: `public` or `pairwise`")),
    };
    if let Some(uri) = members.text("sector_identifier_uri") {
        if outbound::objection(uri, terms.local).is_some() {
            return Err(refused(
                "sector_identifier_uri: this server can't call it; it is an https URL at a public host",
            ));
        }
        config.sector_identifier = host_of(uri).map(str::to_owned);
        return Ok(Some(uri.to_owned()));
    }
    if config.subject_type == SubjectType::Pairwise && sector_hosts(&config.redirect_uris).len() != 1 {
        return Err(refused(
            "sector_identifier_uri: pairwise subjects need it when the redirect URIs are not all on one host",
        ));
    }
    Ok(None)
}
