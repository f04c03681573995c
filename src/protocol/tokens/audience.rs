//! Which scopes and which audience a request comes to (RFC 6749 §3.3, RFC 8707 §2, RFC 9068 §3).
//!
//! * With `resource`: the token is for exactly those resources; scopes have to be theirs.
//! * Without: it is for the resource that the scopes belong to; scopes of several are refused, because a token for
//!   several audiences that nobody asked for lets one of them act at the other.
//! * Without `scope`: everything the client may have there. Beyond the client's ceiling or unknown: refused, never
//!   cut down silently.

use super::target::{Target, nothing_left};
use crate::protocol::config::registered_client::Client;
use crate::protocol::config::snapshot::{Resource, Snapshot};
use crate::protocol::config::{ClientConfig, UnknownScopes};
use crate::protocol::http::error::{Cause, Code, OAuthError};
use crate::protocol::model::scope::{ADMIN_READ, ADMIN_SCOPE_PREFIX, ScopeSet, USER_SCOPES};

/// Most resources in one request.
const MAX_RESOURCES: usize = 8;

/// Decides for `client` what `scope` and `resource` come to.
pub(crate) fn choose(
    snapshot: &Snapshot,
    issuer: &str,
    client: &ClientConfig,
    scope: Option<&str>,
    resource: &[&str],
) -> Result<Target, OAuthError> {
    let named = named_resources(snapshot, client, resource)?;
    let scopes = match scope {
        Some(text) => requested_scopes(snapshot, client, text)?,
        None => default_scopes(snapshot, client, &named),
    };
    if scopes.is_empty() {
        return Err(invalid_scope(Cause::ScopeEmpty, "the client has no scope to be granted"));
    }
    let owners = owners(snapshot, &scopes);
    let chosen = if named.is_empty() { single_owner(owners)? } else { cover(&named, &owners)? };
    agree(&chosen)?;
    Target::new(snapshot, client, issuer, &scopes, &chosen).ok_or(nothing_left())
}

/// Decides what a person is asked to grant `client`: scopes (those about the person included) and resources.
///
/// Without `scope` it is everything the client may have but `offline_access`. With `resource` (RFC 8707 §2.1) every scope has to be
/// of a named one, or about the person; without, the scopes name the resources.
pub(crate) fn requested_for_user(
    snapshot: &Snapshot,
    client: &Client,
    scope: Option<&str>,
    resource: &[&str],
) -> Result<(ScopeSet, Vec<String>), OAuthError> {
    let named = named_resources(snapshot, client, resource)?;
    let scopes = if let Some(text) = scope {
        let asked = ScopeSet::parse(text);
        let asked = asked.ok_or(invalid_scope(Cause::ScopeMalformed, "scope is malformed or too long"))?;
        without_unknown(snapshot, client, asked)
    } else {
        let usual = |scope: &&str| *scope != "offline_access" && !scope.starts_with(ADMIN_SCOPE_PREFIX);
        client.scopes.iter().filter(usual).collect()
    };
    for scope in scopes.iter() {
        // Administration is for clients: no person is an administrator, so nobody can become one by logging in.
        let known = is_known(snapshot, scope) && !scope.starts_with(ADMIN_SCOPE_PREFIX);
        if !known || !client.scopes.contains(scope) {
            let cause = if known { Cause::ScopeBeyondCeiling } else { Cause::ScopeUnknown };
            let description = "a requested scope is unknown or beyond what the client may have";
            return Err(invalid_scope(cause, description));
        }
    }
    if scopes.is_empty() {
        return Err(invalid_scope(Cause::ScopeEmpty, "the client has no scope to be granted"));
    }
    let owners = owners(snapshot, &scopes);
    let chosen = if named.is_empty() { owners } else { cover(&named, &owners)? };
    agree(&chosen)?;
    Ok((scopes, chosen.iter().map(|resource| resource.identifier.clone()).collect()))
}

/// `asked` without scopes that nobody knows, if the client is registered to have them left out.
pub(crate) fn without_unknown(snapshot: &Snapshot, client: &ClientConfig, asked: ScopeSet) -> ScopeSet {
    match client.unknown_scopes {
        UnknownScopes::Refuse => asked,
        UnknownScopes::Drop => asked.iter().filter(|scope| is_known(snapshot, scope)).collect(),
    }
}

fn is_known(snapshot: &Snapshot, scope: &str) -> bool {
    USER_SCOPES.contains(&scope) || snapshot.resource_of_scope(scope).is_some()
}

/// One token can have one form only, and the admin API is never one of several audiences: a token for several
/// audiences can be replayed by one at the other.
pub(crate) fn agree(chosen: &[&Resource]) -> Result<(), OAuthError> {
    if chosen.len() > 1 && chosen.iter().any(|resource| resource.scopes.contains(ADMIN_READ)) {
        let description = "the admin API is not combined with other resources; ask for it alone";
        return Err(invalid_target(Cause::ResourcesDisagree, description));
    }
    let format = chosen.first().map(|first| first.format());
    if chosen.iter().any(|resource| Some(resource.format()) != format) {
        let description =
            "these resources use different signature algorithms or token types; ask for one at a time";
        return Err(invalid_target(Cause::ResourcesDisagree, description));
    }
    Ok(())
}

fn named_resources<'a>(
    snapshot: &'a Snapshot,
    client: &ClientConfig,
    identifiers: &[&str],
) -> Result<Vec<&'a Resource>, OAuthError> {
    let mut named: Vec<&Resource> = Vec::new();
    for identifier in identifiers {
        if named.len() >= MAX_RESOURCES || !is_absolute_uri(identifier) {
            return Err(invalid_target(
                Cause::ResourceMalformed,
                "resource has to be an absolute URI without fragment, at most 8 of them",
            ));
        }
        let resource = snapshot.resource(identifier);
        let resource = resource.ok_or(invalid_target(
            Cause::ResourceUnknown,
            "the resource is unknown or not for this client",
        ))?;
        // The same words as above: which resources exist is nobody's business.
        if !resource.scopes.iter().any(|scope| client.scopes.contains(scope)) {
            return Err(invalid_target(
                Cause::ResourceNotForClient,
                "the resource is unknown or not for this client",
            ));
        }
        if !named.iter().any(|known| known.identifier == resource.identifier) {
            named.push(resource);
        }
    }
    Ok(named)
}

fn requested_scopes(snapshot: &Snapshot, client: &ClientConfig, text: &str) -> Result<ScopeSet, OAuthError> {
    let scopes = ScopeSet::parse(text)
        .ok_or(invalid_scope(Cause::ScopeMalformed, "scope is malformed or too long"))?;
    for scope in scopes.iter() {
        if USER_SCOPES.contains(&scope) {
            return Err(invalid_scope(
                Cause::ScopeNeedsUser,
                "a requested scope speaks of a user, and this grant has none",
            ));
        }
        if snapshot.resource_of_scope(scope).is_none() {
            return Err(invalid_scope(
                Cause::ScopeUnknown,
                "a requested scope is unknown or beyond what the client may have",
            ));
        }
        if !client.scopes.contains(scope) {
            return Err(invalid_scope(
                Cause::ScopeBeyondCeiling,
                "a requested scope is unknown or beyond what the client may have",
            ));
        }
    }
    Ok(scopes)
}

fn default_scopes(snapshot: &Snapshot, client: &ClientConfig, named: &[&Resource]) -> ScopeSet {
    let fits = |scope: &&str| {
        snapshot.resource_of_scope(scope).is_some_and(|owner| {
            named.is_empty() || named.iter().any(|resource| resource.identifier == owner.identifier)
        })
    };
    client.scopes.iter().filter(fits).collect()
}

pub(crate) fn owners<'a>(snapshot: &'a Snapshot, scopes: &ScopeSet) -> Vec<&'a Resource> {
    let mut owners: Vec<&Resource> = Vec::new();
    for owner in scopes.iter().filter_map(|scope| snapshot.resource_of_scope(scope)) {
        if !owners.iter().any(|known| known.identifier == owner.identifier) {
            owners.push(owner);
        }
    }
    owners
}

fn single_owner(owners: Vec<&Resource>) -> Result<Vec<&Resource>, OAuthError> {
    if owners.len() > 1 {
        return Err(invalid_scope(
            Cause::ScopeSpansResources,
            "the scopes belong to several resources; name the wanted ones with `resource`",
        ));
    }
    Ok(owners)
}

/// Every scope has to be of a named resource, and every named resource has to get a scope.
fn cover<'a>(named: &[&'a Resource], owners: &[&Resource]) -> Result<Vec<&'a Resource>, OAuthError> {
    let contains =
        |all: &[&Resource], one: &Resource| all.iter().any(|resource| resource.identifier == one.identifier);
    if !owners.iter().all(|owner| contains(named, owner))
        || !named.iter().all(|resource| contains(owners, resource))
    {
        return Err(invalid_scope(
            Cause::ScopeNotOfResource,
            "the scopes and the named resources don't belong together",
        ));
    }
    Ok(named.to_vec())
}

/// RFC 8707 §2: an absolute URI (RFC 3986 §4.3) without a fragment.
fn is_absolute_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else {
        return false;
    };
    let scheme_ok = scheme.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    scheme_ok
        && !rest.is_empty()
        && text.len() <= 256
        && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#')
}

fn invalid_scope(cause: Cause, description: &'static str) -> OAuthError {
    OAuthError::new(Code::InvalidScope, cause, description)
}

fn invalid_target(cause: Cause, description: &'static str) -> OAuthError {
    OAuthError::new(Code::InvalidTarget, cause, description)
}
