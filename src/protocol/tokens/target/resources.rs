//! Which resources scopes belong to, and which resources one token may be for (RFC 8707 §2). Only its neighbor `choose` calls it.

use super::choose::invalid_target;
use crate::protocol::config::snapshot::{Resource, Snapshot};
use crate::protocol::http::error::{Cause, OAuthError};
use crate::protocol::model::scope::{ADMIN_READ, ScopeSet};

/// Why scopes and resources don't make one token together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Misfit {
    /// No resource is named, and the scopes belong to several. A token for several audiences that nobody asked for would let one
    /// of them act at the other.
    SeveralOwners,
    /// A scope belongs to no named resource, or a named resource has none of the scopes.
    NotOfNamed,
}

/// The resources that a token is for if its scopes belong to `owners`. These are the `named` ones, if each of them is an owner
/// and each owner is named; without any names it is the single owner.
pub(crate) fn fitting<'a>(
    named: Vec<&'a Resource>,
    owners: Vec<&'a Resource>,
) -> Result<Vec<&'a Resource>, Misfit> {
    if named.is_empty() {
        return if owners.len() > 1 { Err(Misfit::SeveralOwners) } else { Ok(owners) };
    }
    let among = |all: &[&Resource], one: &Resource| all.iter().any(|each| each.identifier == one.identifier);
    let all_named = owners.iter().all(|owner| among(&named, owner));
    let all_served = named.iter().all(|resource| among(&owners, resource));
    if all_named && all_served { Ok(named) } else { Err(Misfit::NotOfNamed) }
}

/// The resources that `scopes` belong to, each of them once, in the order of the scopes.
pub(crate) fn owners<'a>(snapshot: &'a Snapshot, scopes: &ScopeSet) -> Vec<&'a Resource> {
    let mut owners: Vec<&Resource> = Vec::new();
    for owner in scopes.iter().filter_map(|scope| snapshot.resource_of_scope(scope)) {
        if !owners.iter().any(|known| known.identifier == owner.identifier) {
            owners.push(owner);
        }
    }
    owners
}

/// Checks that one token can be for all of `chosen`. It can have one form only. And the admin API is never one of several
/// audiences, because one of them could replay the token at the other.
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
