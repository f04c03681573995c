//! Which scopes a request is for that names none (RFC 6749 §3.3). Only its neighbor `choose` calls it.
//!
//! The client's `default_scopes` count wherever it has some, then those of each resource, and a resource without any stands for all
//! that the client may have there.

use crate::protocol::config::ClientConfig;
use crate::protocol::config::snapshot::{Resource, Snapshot};
use crate::protocol::model::scope::{DEVICE_SSO, ScopeSet, is_of_admin};

/// Scopes that only those get who ask, or whose registration has them among the default ones.
const ON_REQUEST: [&str; 2] = ["offline_access", DEVICE_SSO];

/// Who asks, and for which resources; for none if it names none.
pub(super) struct Defaults<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) client: &'a ClientConfig,
    pub(super) named: &'a [&'a Resource],
}

impl Defaults<'_> {
    /// The scopes of a program that asks in its own name: those of resources.
    pub(super) fn of_program(&self, ceiling: &ScopeSet) -> ScopeSet {
        let owner = |scope: &str| self.snapshot.resource_of_scope(scope);
        let is_usual = |scope: &&str| owner(scope).is_some_and(|owner| self.is_usual_at(owner, scope));
        ceiling.iter().filter(is_usual).collect()
    }

    /// The scopes that a person is asked to grant: those about people as well, and never those of the admin API.
    pub(super) fn of_person(&self, ceiling: &ScopeSet) -> ScopeSet {
        let own = &self.client.default_scopes;
        let is_usual = |scope: &&str| match self.snapshot.resource_of_scope(scope) {
            Some(owner) => !is_of_admin(scope) && self.is_usual_at(owner, scope),
            None if own.is_empty() => !ON_REQUEST.contains(scope),
            None => own.contains(scope),
        };
        ceiling.iter().filter(is_usual).collect()
    }

    fn is_usual_at(&self, owner: &Resource, scope: &str) -> bool {
        let own = &self.client.default_scopes;
        if !self.named.is_empty() && !self.named.iter().any(|named| named.identifier == owner.identifier) {
            return false;
        }
        if own.iter().any(|scope| owner.scopes.contains(scope)) {
            return own.contains(scope);
        }
        // What its registration says nothing of it gets only where it asks for it.
        (own.is_empty() || !self.named.is_empty())
            && (owner.default_scopes.is_empty() || owner.default_scopes.contains(scope))
    }
}
