//! What an exchange comes to (RFC 8693 §2): one pure decision over verified parties. `grants::token_exchange` and
//! `grants::delegation` call it.
//!
//! Nothing is ever wider than `requested ∩ subject ∩ client ∩ target`, where the client's registration may add scopes to the
//! subject's (`additional_scopes`); what is asked for beyond that is refused, not cut down. The new token ends no later
//! than the tokens it came from.

use serde_json::Value;

use crate::protocol::config::registered_client::Client;
use crate::protocol::config::snapshot::{Resource, Snapshot};
use crate::protocol::http::error::{Cause, Code, OAuthError};
use crate::protocol::model::actor::Actor;
use crate::protocol::model::scope::{ADMIN_SCOPE_PREFIX, ScopeSet};
use crate::protocol::model::time::Timestamp;
use crate::protocol::tokens::target::{Misfit, Target, agree, fitting, nothing_left, owners};
use crate::protocol::tokens::verify::Audience;

/// The most targets in one request.
const MAX_TARGETS: usize = 8;

/// The party whose authority is asked for: an access token of this server, verified and alive.
#[derive(Debug, Clone)]
pub struct Subject {
    /// The `sub` of the token.
    pub sub: String,
    /// The client that the token was issued to.
    pub client_id: String,
    /// The resources that the token is for.
    pub audience: Audience,
    /// The scopes that the token allows.
    pub scopes: ScopeSet,
    /// When the token expires.
    pub expires_at: Timestamp,
    /// The token's `act`: who has acted so far.
    pub act: Option<Value>,
    /// The token's `may_act`: who may act.
    pub may_act: Option<Value>,
    /// Whether the token is bound to a key (`cnf`, RFC 7800) that the request has not proved.
    pub bound: bool,
}

/// What the client asks an exchange for.
#[derive(Debug, Clone, Default)]
pub struct Ask<'a> {
    /// The `scope` parameter.
    pub scope: Option<&'a str>,
    /// The values of `resource` and `audience`.
    pub targets: Vec<&'a str>,
    /// The party that acts, if an actor token proves one.
    pub actor: Option<Actor>,
    /// Whether the subject's token has to be meant for the client itself.
    pub addressed_only: bool,
}

/// How the new token speaks of who acts (RFC 8693 §1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Semantics {
    /// The client makes its own token narrower, and nobody else acts.
    Narrowing,
    /// The new token names the actor in `act`.
    Delegation,
    /// The new token doesn't say that somebody else acts.
    Impersonation,
}

impl Semantics {
    /// The word for it in the log.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Narrowing => "narrowing",
            Self::Delegation => "delegation",
            Self::Impersonation => "impersonation",
        }
    }
}

/// What the exchange grants.
#[derive(Debug)]
pub struct Outcome {
    /// What the new token is for, and for how long.
    pub target: Target,
    /// The `act` of the new token.
    pub act: Option<Value>,
    /// How the new token speaks of who acts.
    pub semantics: Semantics,
}

/// Decides what `ask` comes to for `client`.
///
/// # Errors
/// `invalid_request` for the subject's and the actor's token (RFC 8693 §2.2.2), `invalid_target`, `invalid_scope`.
pub fn decide(
    snapshot: &Snapshot,
    own_issuer: &str,
    client: &Client,
    subject: &Subject,
    ask: &Ask<'_>,
    now: Timestamp,
) -> Result<Outcome, OAuthError> {
    if subject.bound {
        return Err(unusable(Cause::SubjectBound));
    }
    may_exchange(client, subject, ask)?;
    let (act, semantics) = act(own_issuer, client, subject, ask)?;
    let named = targets(snapshot, client, &ask.targets)?;
    let registered = snapshot.with_included(&client.scopes);
    let added = snapshot.with_included(&client.exchange.additional_scopes);
    let ceiling = |scope: &str| {
        (subject.scopes.contains(scope) || added.contains(scope))
            && registered.contains(scope)
            && !scope.starts_with(ADMIN_SCOPE_PREFIX)
    };
    let scopes = match ask.scope {
        // What a scope includes comes along, as far as the subject's token has it: an old one may not.
        Some(text) => snapshot
            .with_included(&requested(text, &ceiling)?)
            .iter()
            .filter(|scope| ceiling(scope))
            .collect(),
        None => default_scopes(snapshot, (client, &registered), &named, &ceiling),
    };
    let resources = settle(snapshot, client, named, &scopes)?;
    let ends =
        std::iter::once(subject.expires_at).chain(ask.actor.as_ref().and_then(|actor| actor.expires_at));
    let left = ends.map(|end| end.since(now)).min().unwrap_or(0);
    let target = Target::new(snapshot, client, own_issuer, &scopes, &resources);
    let target = target.ok_or(nothing_left())?.for_at_most(left);
    if target.lifetime() == 0 {
        return Err(unusable(Cause::BearerExpired));
    }
    Ok(Outcome { target, act, semantics })
}

/// Checks that the client may use the subject's token at all: it is meant for the client, it was issued to the client, or the
/// registration names the client it was issued to.
pub(super) fn may_exchange(client: &Client, subject: &Subject, ask: &Ask<'_>) -> Result<(), OAuthError> {
    let addressed = subject.audience.contains(&client.client_id)
        || client.serves.iter().any(|resource| subject.audience.contains(resource));
    let known =
        subject.client_id == client.client_id || client.exchange.subject_clients.contains(&subject.client_id);
    if addressed || known && !ask.addressed_only { Ok(()) } else { Err(unusable(Cause::SubjectNotForClient)) }
}

/// Who acts, and whether they may: `given` by an actor's token, or the client itself. Nobody, if the client uses a token of its own.
pub(super) fn acting(
    own_issuer: &str,
    client: &Client,
    subject: &Subject,
    given: Option<&Actor>,
) -> Result<Option<Actor>, OAuthError> {
    let own = subject.client_id == client.client_id || subject.sub == client.client_id;
    let actor = match given {
        Some(actor) if actor.sub == subject.sub => return Err(unusable(Cause::ActorIsSubject)),
        Some(actor) => Some(actor.clone()),
        None => (!own).then(|| Actor::client(&client.client_id)),
    };
    let named = match (&subject.may_act, &actor) {
        // The client itself has to be named, too: it has no permission to act just because a caller showed it the token.
        (Some(may_act), Some(actor)) => {
            actor.client_id == client.client_id && actor.is_named_by(may_act, own_issuer)
        }
        (None, _) => !client.exchange.require_may_act,
        (Some(_), None) => true,
    };
    if named { Ok(actor) } else { Err(unusable(Cause::MayActMismatch)) }
}

fn act(
    own_issuer: &str,
    client: &Client,
    subject: &Subject,
    ask: &Ask<'_>,
) -> Result<(Option<Value>, Semantics), OAuthError> {
    let actor = acting(own_issuer, client, subject, ask.actor.as_ref())?;
    let Some(actor) = actor else { return Ok((subject.act.clone(), Semantics::Narrowing)) };
    if client.exchange.impersonation && ask.actor.is_none() {
        return Ok((subject.act.clone(), Semantics::Impersonation));
    }
    let act = actor.on_top_of(subject.act.as_ref()).ok_or(unusable(Cause::ActTooDeep))?;
    Ok((Some(act), Semantics::Delegation))
}

fn targets<'a>(
    snapshot: &'a Snapshot,
    client: &Client,
    names: &[&str],
) -> Result<Vec<&'a Resource>, OAuthError> {
    let mut found: Vec<&Resource> = Vec::new();
    for name in names {
        let resource =
            snapshot.resource(name).filter(|found| client.exchange.audiences.contains(&found.identifier));
        // The refusal is the same as for an unknown resource, because nobody needs to learn which resources exist.
        let resource =
            resource.filter(|_| found.len() < MAX_TARGETS).ok_or(no_target(Cause::TargetNotAllowed))?;
        if !found.iter().any(|known| known.identifier == resource.identifier) {
            found.push(resource);
        }
    }
    Ok(found)
}

fn requested(text: &str, ceiling: &dyn Fn(&str) -> bool) -> Result<ScopeSet, OAuthError> {
    let scopes = ScopeSet::parse(text).ok_or(no_scope(Cause::ScopeMalformed))?;
    if scopes.iter().all(ceiling) { Ok(scopes) } else { Err(no_scope(Cause::ScopeBeyondSubject)) }
}

/// Everything that the client may have at the named targets; without any, at all that it may name.
fn default_scopes(
    snapshot: &Snapshot,
    (client, registered): (&Client, &ScopeSet),
    named: &[&Resource],
    ceiling: &dyn Fn(&str) -> bool,
) -> ScopeSet {
    let wanted = |resource: &Resource| match named {
        [] => client.exchange.audiences.contains(&resource.identifier),
        named => named.iter().any(|name| name.identifier == resource.identifier),
    };
    let there = |scope: &&str| snapshot.resource_of_scope(scope).is_some_and(wanted);
    registered.iter().filter(|scope| ceiling(scope)).filter(there).collect()
}

/// Checks that scopes and targets fit each other, and that the client may name the targets.
fn settle<'a>(
    snapshot: &'a Snapshot,
    client: &Client,
    named: Vec<&'a Resource>,
    scopes: &ScopeSet,
) -> Result<Vec<&'a Resource>, OAuthError> {
    let is_owned = |scope: &str| snapshot.resource_of_scope(scope).is_some();
    if scopes.is_empty() || !scopes.iter().all(is_owned) {
        return Err(no_scope(Cause::ScopeEmpty));
    }
    let resources = fitting(named, owners(snapshot, scopes)).map_err(|misfit| match misfit {
        Misfit::SeveralOwners => no_target(Cause::TargetMissing),
        Misfit::NotOfNamed => no_scope(Cause::ScopeNotOfResource),
    })?;
    if !resources.iter().all(|resource| client.exchange.audiences.contains(&resource.identifier)) {
        return Err(no_target(Cause::TargetNotAllowed));
    }
    agree(&resources)?;
    Ok(resources)
}

/// The refusal when the subject's or the actor's token can't be used like this (RFC 8693 §2.2.2).
pub(crate) const fn unusable(cause: Cause) -> OAuthError {
    OAuthError::new(
        Code::InvalidRequest,
        cause,
        "the subject or actor token can't be exchanged by this client",
    )
}

const fn no_target(cause: Cause) -> OAuthError {
    OAuthError::new(
        Code::InvalidTarget,
        cause,
        "the client may not exchange tokens for this target, or has to name one",
    )
}

const fn no_scope(cause: Cause) -> OAuthError {
    OAuthError::new(
        Code::InvalidScope,
        cause,
        "a requested scope is beyond what can be had in exchange for this token",
    )
}
