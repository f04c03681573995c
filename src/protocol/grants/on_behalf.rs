//! What a person's login comes to: scopes, audience and tokens, for every grant that acts for a person.

use serde_json::{Map, Value};

use super::{GrantRequest, Granted, IdTokenRequest, UserTokens};
use crate::protocol::client::Client;
use crate::protocol::config::IdTokenClaims;
use crate::protocol::config::snapshot::{Resource, Snapshot};
use crate::protocol::error::{Cause, Code, Failure, OAuthError, ServerError};
use crate::protocol::exchange::actor::may_act;
use crate::protocol::id::Id;
use crate::protocol::incarnation::{Incarnation, Standing};
use crate::protocol::json;
use crate::protocol::jwk::Alg;
use crate::protocol::objects::subject::{GrantedState, Refusal};
use crate::protocol::ports::Platform;
use crate::protocol::refresh_token::RefreshToken;
use crate::protocol::scope::{ScopeSet, USER_SCOPES};
use crate::protocol::secret::SecretBytes;
use crate::protocol::subject::session_name;
use crate::protocol::user_claims;

/// What one access token will be for.
pub(super) struct Target {
    audience: Vec<String>,
    scopes: ScopeSet,
    signing_alg: Alg,
    lifetime: u64,
    claims: Map<String, Value>,
}

/// Chooses the access token's audience and scopes out of what was granted.
///
/// `requested` are the `resource` parameters of this request (RFC 8707 §2.2), already known to be granted ones; without
/// any it is everything granted. Resources of different algorithms are never granted together.
pub(super) fn target(
    snapshot: &Snapshot,
    client: &Client,
    issuer: &str,
    granted: (&ScopeSet, &[String]),
    requested: &[String],
) -> Result<Target, OAuthError> {
    let (scopes, resources) = granted;
    // What the client lost since is gone from its next token, and so is a resource that is no longer there.
    let scopes = scopes.intersection(&client.scopes);
    let names = if requested.is_empty() { resources } else { requested };
    let mut chosen: Vec<&Resource> = names.iter().filter_map(|name| snapshot.resource(name)).collect();
    if chosen.is_empty() && !requested.is_empty() {
        return Err(invalid_target(Cause::ResourceUnknown, "the resource is no longer known"));
    }
    let alg = chosen.first().map_or(snapshot.own_alg(), |resource| resource.signing_alg);
    chosen.retain(|resource| resource.signing_alg == alg);
    let of_chosen = |scope: &&str| {
        USER_SCOPES.contains(scope) || chosen.iter().any(|resource| resource.scopes.contains(scope))
    };
    let scopes: ScopeSet = scopes.iter().filter(of_chosen).collect();
    let mut audience: Vec<String> = chosen.iter().map(|resource| resource.identifier.clone()).collect();
    // `/userinfo` takes tokens that are for the server itself.
    if scopes.contains("openid") || audience.is_empty() {
        audience.push(issuer.to_owned());
    }
    let lifetimes = chosen.iter().map(|resource| resource.access_token_ttl).chain(client.access_token_ttl);
    let lifetime = lifetimes.min().unwrap_or(snapshot.access_token_ttl);
    let claims = chosen.iter().flat_map(|resource| resource.claims.clone());
    let claims = json::object(claims.chain(client.claims.clone()));
    Ok(Target { audience, scopes, signing_alg: alg, lifetime: lifetime.into(), claims })
}

/// Puts together what is to be issued for `state`.
pub(super) async fn granted<P: Platform>(
    request: &GrantRequest<'_, P>,
    target: Target,
    id: Id,
    state: GrantedState,
    nonce: Option<String>,
) -> Result<Granted, Failure> {
    let GrantRequest { server, exchange, client, .. } = request;
    let keyring = server.any_keyring(exchange.now).await?;
    let GrantedState { grant, user, refresh } = state;
    let refresh_token = refresh.map(|(generation, secret): (u32, SecretBytes)| {
        RefreshToken { owner: user.id, grant: id, generation, secret }.to_wire(&keyring.derived.refresh)
    });
    let by_scope = match client.id_token_claims {
        IdTokenClaims::Scopes => target.scopes.clone(),
        IdTokenClaims::Minimal => ScopeSet::default(),
    };
    let id_token = target.scopes.contains("openid").then(|| IdTokenRequest {
        nonce,
        alg: client.id_token_alg(),
        claims: user_claims::for_id_token(&user, &by_scope, grant.claims.as_ref()),
    });
    let mut vouched = Map::new();
    if let Some(name) = &client.may_act {
        vouched.insert("may_act".to_owned(), may_act(name));
    }
    if let Some(act) = grant.derived.as_ref().and_then(|derived| derived.act.clone()) {
        vouched.insert("act".to_owned(), act);
    }
    let derived_sub = grant.derived.map(|derived| derived.sub);
    Ok(Granted {
        subject: derived_sub.unwrap_or_else(|| user.id.at(client, &keyring.derived)),
        client_id: client.client_id.clone(),
        scopes: target.scopes,
        audience: target.audience,
        signing_alg: target.signing_alg,
        lifetime: target.lifetime,
        claims: target.claims,
        user: Some(UserTokens {
            owner: user.id,
            grant: id,
            sid: grant.sid.map(|sid| session_name(sid, client, &keyring.derived)),
            auth: grant.auth,
            refresh_token,
            id_token,
        }),
        vouched,
        issued: None,
    })
}

/// What an object's refusal is on the wire. All of them read the same but for the two the client can mend.
pub(super) fn refused(refusal: Refusal) -> Failure {
    let (code, cause, description) = match refusal {
        Refusal::ScopeBeyondGrant => {
            (Code::InvalidScope, Cause::ScopeBeyondGrant, "a requested scope was not granted")
        }
        Refusal::ResourceBeyondGrant => {
            (Code::InvalidTarget, Cause::ResourceBeyondGrant, "a requested resource was not granted")
        }
        other => {
            let cause = match other {
                Refusal::UserGone => Cause::UserGone,
                Refusal::SessionEnded => Cause::SessionEnded,
                Refusal::CodeUsedJustNow => Cause::CodeUsedJustNow,
                Refusal::CodeReplayed => Cause::CodeReplayed,
                Refusal::GrantRevoked | Refusal::ClientRemoved => Cause::GrantRevoked,
                Refusal::GrantExpired => Cause::GrantExpired,
                Refusal::SecretWrong => Cause::RefreshTokenWrong,
                Refusal::OtherClient => Cause::OtherClient,
                Refusal::ClientReplaced => Cause::ClientReplaced,
                Refusal::ClientOutdated => Cause::ClientOutdated,
                Refusal::OtherKey => Cause::OtherKey,
                Refusal::OtherRequest => Cause::RetryDiffers,
                Refusal::RefreshReused { .. } => Cause::RefreshReuseDetected,
                Refusal::GrantUnknown | Refusal::ScopeBeyondGrant | Refusal::ResourceBeyondGrant => {
                    Cause::GrantUnknown
                }
            };
            (
                Code::InvalidGrant,
                cause,
                "the grant is invalid, expired, revoked or was issued to another client",
            )
        }
    };
    OAuthError::new(code, cause, description).into()
}

/// What was given to an earlier incarnation of the client has ended. If it was to a later one than is known here, the request
/// is decided anew with what is known elsewhere.
pub(super) fn check_incarnation(carried: Incarnation, known: Incarnation) -> Result<(), Failure> {
    match carried.standing(known) {
        Standing::Current => Ok(()),
        Standing::Ended => Err(refused(Refusal::ClientReplaced)),
        Standing::Ahead => Err(refused(Refusal::ClientOutdated)),
    }
}

/// A refusal of the grant for a reason the edge found itself.
pub(super) fn invalid_grant(cause: Cause, description: &'static str) -> Failure {
    OAuthError::new(Code::InvalidGrant, cause, description).into()
}

fn invalid_target(cause: Cause, description: &'static str) -> OAuthError {
    OAuthError::new(Code::InvalidTarget, cause, description)
}

/// The `resource` parameters, which have to be among the granted ones.
pub(super) fn requested_resources<P>(
    request: &GrantRequest<'_, P>,
    granted: &[String],
) -> Result<Vec<String>, OAuthError> {
    let requested: Vec<String> = request.form.values("resource").map(str::to_owned).collect();
    if requested.iter().all(|resource| granted.contains(resource)) {
        return Ok(requested);
    }
    Err(invalid_target(Cause::ResourceBeyondGrant, "a requested resource was not granted"))
}

/// An object's answer that fits no question.
pub(super) fn unexpected() -> Failure {
    ServerError::internal("an object gave another answer than asked for").into()
}
