//! What an access token is for: the one place where scopes and resources become scope, audience, signature and lifetime (RFC 6749
//! §3.3, RFC 8707 §2, RFC 9068 §3). Every grant, token exchange and the authorization endpoint call it.
//!
//! They agree in every [`Target`]: each entry of the audience has at least one of the scopes, each scope belongs to an entry of
//! the audience, and there is at least one of both. The server itself, which has `/userinfo`, has the scopes about users.

mod choose;
mod defaults;
mod resources;

pub(crate) use choose::{Wanted, choose, requested_for_user, requested_with_roles, without_unknown};
pub(crate) use resources::{Misfit, agree, fitting, owners};

use serde_json::{Map, Value};

use crate::protocol::codec::json;
use crate::protocol::config::ClientConfig;
use crate::protocol::config::snapshot::{Resource, Snapshot, TokenFormat};
use crate::protocol::http::error::{Cause, Code, OAuthError};
use crate::protocol::model::scope::{ScopeSet, USER_SCOPES};
use crate::protocol::objects::subject::Offer;

/// What one access token is for: scopes, audience, signature and lifetime.
#[derive(Debug)]
pub struct Target {
    scopes: ScopeSet,
    audience: Vec<String>,
    format: TokenFormat,
    lifetime: u64,
    claims: Map<String, Value>,
}

impl Target {
    /// The target that `scopes` at `resources` come to. Left out are resources without one of the scopes, scopes that belong to
    /// none of the resources, and resources whose tokens have another form than the first one's. `None` if nothing is left.
    pub(crate) fn new(
        snapshot: &Snapshot,
        client: &ClientConfig,
        issuer: &str,
        scopes: &ScopeSet,
        resources: &[&Resource],
    ) -> Option<Self> {
        let serves = |resource: &Resource| resource.scopes.iter().any(|scope| scopes.contains(scope));
        let mut chosen: Vec<&Resource> =
            resources.iter().copied().filter(|resource| serves(resource)).collect();
        let format = chosen.first().map_or(snapshot.own_format(), |resource| resource.format());
        chosen.retain(|resource| resource.format() == format);
        let has_owner = |scope: &&str| {
            USER_SCOPES.contains(scope) || chosen.iter().any(|resource| resource.scopes.contains(scope))
        };
        let scopes: ScopeSet = scopes.iter().filter(has_owner).collect();
        let mut audience: Vec<String> = chosen.iter().map(|resource| resource.identifier.clone()).collect();
        if scopes.contains("openid") || audience.is_empty() {
            audience.push(issuer.to_owned());
        }
        let lifetimes =
            chosen.iter().map(|resource| resource.access_token_ttl).chain(client.access_token_ttl);
        let lifetime = lifetimes.min().unwrap_or(snapshot.access_token_ttl).into();
        let claims = chosen.iter().flat_map(|resource| resource.claims.clone());
        let claims = json::object(claims.chain(client.claims.clone()));
        (!scopes.is_empty()).then_some(Self { scopes, audience, format, lifetime, claims })
    }

    /// The target for what is left of a user's grant, within what `client` may still have. `requested` are the `resource`
    /// parameters of this request (RFC 8707 §2.2), which the caller has found to be granted: each of them gets a scope. Without
    /// any the target is everything granted.
    ///
    /// # Errors
    /// `invalid_target` for a resource that no longer exists, `invalid_scope` if nothing is left at one of them or at all.
    pub(crate) fn of_grant(
        snapshot: &Snapshot,
        client: &ClientConfig,
        issuer: &str,
        (scopes, resources): (&ScopeSet, &[String]),
        requested: &[String],
    ) -> Result<Self, OAuthError> {
        let names = if requested.is_empty() { resources } else { requested };
        let chosen: Vec<&Resource> = names.iter().filter_map(|name| snapshot.resource(name)).collect();
        if chosen.len() < requested.len() {
            let description = "the resource is no longer known";
            return Err(OAuthError::new(Code::InvalidTarget, Cause::ResourceUnknown, description));
        }
        let scopes = scopes.intersection(&snapshot.with_included(&client.scopes));
        let target = Self::new(snapshot, client, issuer, &scopes, &chosen).ok_or(nothing_left())?;
        let is_served = |resource: &&Resource| target.audience.contains(&resource.identifier);
        if !requested.is_empty() && !chosen.iter().all(is_served) {
            let description = "none of the scopes is of the named resource";
            return Err(OAuthError::new(Code::InvalidScope, Cause::ScopeNotOfResource, description));
        }
        Ok(target)
    }

    /// The target of a transaction token: `scopes` in a trust domain, without anything that resources and clients add.
    pub(crate) fn in_trust_domain(
        snapshot: &Snapshot,
        trust_domain: &str,
        scopes: ScopeSet,
        lifetime: u64,
    ) -> Self {
        let audience = vec![trust_domain.to_owned()];
        Self { scopes, audience, format: snapshot.own_format(), lifetime, claims: Map::new() }
    }

    /// The same target with a lifetime of at most `lifetime` seconds.
    #[must_use]
    pub(crate) fn for_at_most(mut self, lifetime: u64) -> Self {
        self.lifetime = self.lifetime.min(lifetime);
        self
    }

    /// The same target with `claims` added. Claims of the resources and the client win over them.
    #[must_use]
    pub(crate) fn with_claims(mut self, claims: Map<String, Value>) -> Self {
        let own = std::mem::replace(&mut self.claims, claims);
        self.claims.extend(own);
        self
    }

    /// The scopes of the token, at least one.
    pub fn scopes(&self) -> &ScopeSet {
        &self.scopes
    }

    /// The audience of the token, at least one resource.
    pub fn audience(&self) -> &[String] {
        &self.audience
    }

    /// The format of the token: its algorithm and its `typ`.
    pub(crate) fn format(&self) -> TokenFormat {
        self.format
    }

    /// The lifetime of the token, in seconds.
    pub fn lifetime(&self) -> u64 {
        self.lifetime
    }

    /// The claims that the resources and the client add by their configuration.
    pub(crate) fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }
}

/// The refusal when no scope is left, because no token is without a scope.
pub(crate) const fn nothing_left() -> OAuthError {
    let description = "no scope is left that could be granted";
    OAuthError::new(Code::InvalidScope, Cause::ScopeEmpty, description)
}

/// What a token can be for at the moment, within `ceiling`: the scopes about users, and those of the `named` resources, or of all.
/// The object compares a grant with it before it changes anything.
pub(crate) fn offers(snapshot: &Snapshot, ceiling: &ScopeSet, named: &[String]) -> Vec<Offer> {
    let of_people: ScopeSet = USER_SCOPES.into_iter().filter(|scope| ceiling.contains(scope)).collect();
    let wanted = |resource: &&Resource| named.is_empty() || named.contains(&resource.identifier);
    let of_resources = snapshot.resources.iter().filter(wanted).map(|resource| Offer {
        resource: Some(resource.identifier.clone()),
        scopes: resource.scopes.intersection(ceiling),
    });
    let offers = of_resources.chain([Offer { resource: None, scopes: of_people }]);
    offers.filter(|offer| !offer.scopes.is_empty()).collect()
}
