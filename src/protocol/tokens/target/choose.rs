//! Decides which scopes and which audience a request comes to (RFC 6749 §3.3, RFC 8707 §2, RFC 9068 §3). The grants and the
//! authorization endpoint call it.
//!
//! * With `resource` the token is for exactly those resources, and the scopes have to belong to them.
//! * Without `resource` it is for the resource that the scopes belong to. Scopes of several are refused, because a token for
//!   several audiences that nobody asked for would let one of them act at the other.
//! * Without `scope` it is for the default scopes, of the client or else of the resource, and for everything that the client may have
//!   there if neither has any. A scope that is unknown or that the client may not have is refused, never left out silently.
//! * A scope that includes others brings them along, and a client that may have the one may ask for those alone.

use super::defaults::Defaults;
use super::resources::{Misfit, agree, fitting, owners};
use super::{Target, nothing_left};
use crate::protocol::codec::uri::Uri;
use crate::protocol::config::registered_client::Client;
use crate::protocol::config::snapshot::{Resource, Snapshot};
use crate::protocol::config::{ClientConfig, UnknownScopes};
use crate::protocol::http::error::{Cause, Code, OAuthError};
use crate::protocol::model::scope::{DEVICE_SSO, ScopeSet, USER_SCOPES, is_of_admin};

/// The most resources in one request.
const MAX_RESOURCES: usize = 8;

/// The refusal of a resource, whether it is unknown or not for the client: nobody needs to learn which resources exist.
const NO_SUCH_RESOURCE: &str = "no resource is registered here under this identifier, or the client may have none of its scopes; resource has to be an identifier as the server's configuration has it";

/// What a request wants a token for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted<'a> {
    /// The value of `scope`, if it was sent.
    pub(crate) scope: Option<&'a str>,
    /// The values of `resource`, or what takes their place in this grant.
    pub(crate) resources: &'a [&'a str],
}

/// Decides what `wanted` comes to for `client`. `ceiling` is the most that this request may be granted: the client's registered
/// scopes, or fewer of them.
pub(crate) fn choose(
    snapshot: &Snapshot,
    issuer: &str,
    client: &ClientConfig,
    ceiling: &ScopeSet,
    wanted: Wanted<'_>,
) -> Result<Target, OAuthError> {
    let ceiling = snapshot.with_included(ceiling);
    let named = named_resources(snapshot, &ceiling, wanted.resources)?;
    let scopes = match wanted.scope {
        Some(text) => requested_scopes(snapshot, &ceiling, text)?,
        None => Defaults { snapshot, client, named: &named }.of_program(&ceiling),
    };
    let scopes = snapshot.with_included(&scopes);
    if scopes.is_empty() {
        return Err(no_scope());
    }
    let chosen = fitting(named, owners(snapshot, &scopes)).map_err(refused)?;
    agree(&chosen)?;
    Target::new(snapshot, client, issuer, &scopes, &chosen).ok_or(nothing_left())
}

fn no_scope() -> OAuthError {
    invalid_scope(Cause::ScopeEmpty, "the client has no scope to be granted")
}

/// The refusal for scopes and resources that don't fit together, in the words of these grants.
fn refused(misfit: Misfit) -> OAuthError {
    let (cause, description) = match misfit {
        Misfit::SeveralOwners => (
            Cause::ScopeSpansResources,
            "the scopes belong to several resources; name the wanted ones with `resource`",
        ),
        Misfit::NotOfNamed => {
            (Cause::ScopeNotOfResource, "the scopes and the named resources don't belong together")
        }
    };
    invalid_scope(cause, description)
}

/// Decides what a person is asked to grant `client`, as [`requested_for_user`] does, with scopes of the admin API among it. Nobody gets
/// these before it is known who logs in: whoever calls this asks [`Server::within_role`](crate::protocol::server::Server) then.
pub(crate) fn requested_with_roles(
    snapshot: &Snapshot,
    client: &Client,
    scope: Option<&str>,
    resource: &[&str],
) -> Result<(ScopeSet, Vec<String>), OAuthError> {
    requested(snapshot, client, scope, resource, true)
}

/// Decides what a person is asked to grant `client`: scopes, with those about the user, and resources. None of them is of the admin
/// API.
///
/// Without `scope` it is the default scopes at the named resources, or at all. `offline_access` and `device_sso` are among them only if
/// the client's registration says so.
/// With `resource` (RFC 8707 §2.1) every scope has to belong to a named resource or be about the user; without it the scopes name
/// the resources.
pub(crate) fn requested_for_user(
    snapshot: &Snapshot,
    client: &Client,
    scope: Option<&str>,
    resource: &[&str],
) -> Result<(ScopeSet, Vec<String>), OAuthError> {
    requested(snapshot, client, scope, resource, false)
}

fn requested(
    snapshot: &Snapshot,
    client: &Client,
    scope: Option<&str>,
    resource: &[&str],
    with_roles: bool,
) -> Result<(ScopeSet, Vec<String>), OAuthError> {
    let ceiling = snapshot.with_included(&client.scopes);
    let named = named_resources(snapshot, &ceiling, resource)?;
    let scopes = if let Some(text) = scope {
        let asked = ScopeSet::parse(text);
        let asked = asked.ok_or(invalid_scope(Cause::ScopeMalformed, "scope is malformed or too long"))?;
        without_unknown(snapshot, client, asked)
    } else {
        Defaults { snapshot, client, named: &named }.of_person(&ceiling)
    };
    for scope in scopes.iter() {
        let known = is_known(snapshot, scope) && (with_roles || !is_of_admin(scope));
        if !known || !ceiling.contains(scope) {
            let cause = if known { Cause::ScopeBeyondCeiling } else { Cause::ScopeUnknown };
            let description = "a requested scope is unknown or beyond what the client may have";
            return Err(invalid_scope(cause, description));
        }
    }
    if scopes.is_empty() {
        return Err(no_scope());
    }
    // A device secret is worth nothing without the ID token that it belongs to (Native SSO §3.4.1).
    if scopes.contains(DEVICE_SSO) && !scopes.contains("openid") {
        return Err(invalid_scope(Cause::ScopeNeedsOpenid, "device_sso comes with openid"));
    }
    let scopes = snapshot.with_included(&scopes).into_owned();
    let owners = owners(snapshot, &scopes);
    let chosen = if named.is_empty() { owners } else { fitting(named, owners).map_err(refused)? };
    agree(&chosen)?;
    Ok((scopes, chosen.iter().map(|resource| resource.identifier.clone()).collect()))
}

/// Returns `asked` without the scopes that nobody knows, if the client is registered to have these left out.
pub(crate) fn without_unknown(snapshot: &Snapshot, client: &ClientConfig, asked: ScopeSet) -> ScopeSet {
    match client.unknown_scopes {
        UnknownScopes::Refuse => asked,
        UnknownScopes::Drop => asked.iter().filter(|scope| is_known(snapshot, scope)).collect(),
    }
}

fn is_known(snapshot: &Snapshot, scope: &str) -> bool {
    USER_SCOPES.contains(&scope) || snapshot.resource_of_scope(scope).is_some()
}

fn named_resources<'a>(
    snapshot: &'a Snapshot,
    ceiling: &ScopeSet,
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
        let resource = resource.ok_or(invalid_target(Cause::ResourceUnknown, NO_SUCH_RESOURCE))?;
        if !resource.scopes.iter().any(|scope| ceiling.contains(scope)) {
            return Err(invalid_target(Cause::ResourceNotForClient, NO_SUCH_RESOURCE));
        }
        if !named.iter().any(|known| known.identifier == resource.identifier) {
            named.push(resource);
        }
    }
    Ok(named)
}

fn requested_scopes(snapshot: &Snapshot, ceiling: &ScopeSet, text: &str) -> Result<ScopeSet, OAuthError> {
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
        if !ceiling.contains(scope) {
            return Err(invalid_scope(
                Cause::ScopeBeyondCeiling,
                "a requested scope is unknown or beyond what the client may have",
            ));
        }
    }
    Ok(scopes)
}

/// Whether `text` is an absolute URI (RFC 3986 §4.3) without a fragment, as RFC 8707 §2 has it.
fn is_absolute_uri(text: &str) -> bool {
    let leads_somewhere = |uri: Uri<'_>| uri.authority.is_some() || !uri.path.is_empty();
    Uri::split(text).is_some_and(leads_somewhere)
        && text.len() <= 256
        && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#')
}

fn invalid_scope(cause: Cause, description: &'static str) -> OAuthError {
    OAuthError::new(Code::InvalidScope, cause, description)
}

pub(super) fn invalid_target(cause: Cause, description: &'static str) -> OAuthError {
    OAuthError::new(Code::InvalidTarget, cause, description)
}
