//! What a user's login comes to: scopes, audience and tokens. Every grant that acts for a user calls it: `authorization_code`,
//! `device_code`, `ciba`, `refresh_token`, `password`, `token_exchange` and `native_sso`.

use serde_json::Map;

use super::{Decision, GrantRequest, IdTokenRequest, UserTokens};
use crate::protocol::config::IdTokenClaims;
use crate::protocol::config::registered_client::Client;
use crate::protocol::config::snapshot::Snapshot;
use crate::protocol::federation::use_up;
use crate::protocol::http::error::{Cause, Code, Failure, OAuthError, ServerError};
use crate::protocol::model::actor::may_act;
use crate::protocol::model::grant_type::GrantType;
use crate::protocol::model::id::Id;
use crate::protocol::model::incarnation::{Incarnation, Standing};
use crate::protocol::model::scope::ScopeSet;
use crate::protocol::model::secret::SecretBytes;
use crate::protocol::model::time::Timestamp;
use crate::protocol::model::user_id::UserId;
use crate::protocol::objects::subject::{
    Grant, GrantRefusal, GrantedState, Redemption, SubjectCommand, SubjectReply,
};
use crate::protocol::server::ports::Platform;
use crate::protocol::tokens::device_secret::ds_hash;
use crate::protocol::tokens::refresh_token::RefreshToken;
use crate::protocol::tokens::subject_name::session_name;
use crate::protocol::tokens::target::{Target, nothing_left};
use crate::protocol::tokens::user_claims;

/// Builds the decision for a grant that has just been made or continued, `state`.
pub(super) async fn granted<P: Platform>(
    request: &GrantRequest<'_, P>,
    target: Target,
    id: Id,
    state: GrantedState,
    nonce: Option<String>,
) -> Result<Decision, Failure> {
    let GrantRequest { server, context, client, .. } = request;
    let keyring = server.any_keyring(context.now).await?;
    let GrantedState { grant, user, refresh } = state;
    let refresh_token = refresh.map(|(generation, secret): (u32, SecretBytes)| {
        RefreshToken { owner: user.id, grant: id, generation, secret }.to_wire(&keyring.derived.refresh)
    });
    let by_scope = match client.id_token_claims {
        IdTokenClaims::Scopes => target.scopes().clone(),
        IdTokenClaims::Minimal => ScopeSet::default(),
    };
    let id_token = target.scopes().contains("openid").then(|| IdTokenRequest {
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
    Ok(Decision {
        subject: derived_sub.unwrap_or_else(|| user.id.at(client, &keyring.derived)),
        client_id: client.client_id.clone(),
        target,
        user: Some(UserTokens {
            owner: user.id,
            grant: id,
            sid: grant.sid.map(|sid| session_name(sid, client, &keyring.derived)),
            auth: grant.auth,
            refresh_token,
            id_token,
            ds_hash: grant.device.map(|device| ds_hash(&device.sha256)),
            device_secret: None,
        }),
        vouched,
        issued: None,
    })
}

/// Builds the redemption of `grant` under the id `id`, as the client's registration says: with refresh tokens if the client may
/// have them. `removed_at` is the last removal of the client by its user that was known when the grant was decided; a later one
/// refuses it.
pub(super) fn redemption(client: &Client, id: Id, grant: Grant, removed_at: Option<Timestamp>) -> Redemption {
    Redemption {
        id,
        grant,
        refresh: client.may_use(GrantType::RefreshToken),
        max_grants: client.refresh.max_grants,
        idle: Some(client.refresh.idle),
        removed_at,
        password_epoch: None,
        proof: None,
        device: None,
        approved_in: None,
        repeats: false,
    }
}

/// Has the user's object make the grant, in one atomic step. The request's one-time tokens are used up before.
pub(super) async fn redeem<P: Platform>(
    request: &GrantRequest<'_, P>,
    owner: UserId,
    redemption: Redemption,
) -> Result<GrantedState, Failure> {
    let GrantRequest { server, context, .. } = request;
    use_up(server, context).await?;
    made(server.subject(owner, &SubjectCommand::Redeem(Box::new(redemption)), context.now).await?)
}

/// The grant that the user's object was to make.
pub(super) fn made(reply: SubjectReply) -> Result<GrantedState, Failure> {
    match reply {
        SubjectReply::Granted(state) => Ok(*state),
        SubjectReply::Refused(refusal) => Err(refused(refusal)),
        _ => Err(unexpected()),
    }
}

/// The error on the wire for a refusal of the user's object. All refusals read the same, except those that the client can mend.
pub(super) fn refused(refusal: GrantRefusal) -> Failure {
    if refusal == GrantRefusal::NothingLeft {
        return nothing_left().into();
    }
    let (code, cause, description) = match refusal {
        GrantRefusal::ScopeBeyondGrant => {
            (Code::InvalidScope, Cause::ScopeBeyondGrant, "a requested scope was not granted")
        }
        GrantRefusal::ResourceBeyondGrant => {
            (Code::InvalidTarget, Cause::ResourceBeyondGrant, "a requested resource was not granted")
        }
        GrantRefusal::ConsentMissing => (
            Code::InvalidScope,
            Cause::ConsentRequired,
            "the person has to permit a requested scope, with a browser",
        ),
        other => {
            let cause = match other {
                GrantRefusal::UserGone => Cause::UserGone,
                GrantRefusal::SessionEnded => Cause::SessionEnded,
                GrantRefusal::CodeForged => Cause::CodeForged,
                GrantRefusal::CodeUsedJustNow => Cause::CodeUsedJustNow,
                GrantRefusal::CodeReplayed => Cause::CodeReplayed,
                GrantRefusal::GrantRevoked | GrantRefusal::ClientRemoved => Cause::GrantRevoked,
                GrantRefusal::GrantExpired => Cause::GrantExpired,
                GrantRefusal::SecretWrong => Cause::RefreshTokenWrong,
                GrantRefusal::OtherClient => Cause::OtherClient,
                GrantRefusal::ClientReplaced => Cause::ClientReplaced,
                GrantRefusal::ClientOutdated => Cause::ClientOutdated,
                GrantRefusal::OtherKey => Cause::OtherKey,
                GrantRefusal::OtherRequest => Cause::RetryDiffers,
                GrantRefusal::RefreshReused { .. } => Cause::RefreshReuseDetected,
                GrantRefusal::DeviceUnknown => Cause::DeviceSecretWrong,
                GrantRefusal::GrantUnknown
                | GrantRefusal::ConsentMissing
                | GrantRefusal::ScopeBeyondGrant
                | GrantRefusal::ResourceBeyondGrant
                | GrantRefusal::NothingLeft => Cause::GrantUnknown,
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

/// Checks that what was given to the client still counts. What an earlier incarnation got has ended. What a later incarnation
/// than the known one got makes the request be decided again, with what the Control object knows.
pub(super) fn check_incarnation(carried: Incarnation, known: Incarnation) -> Result<(), Failure> {
    match carried.standing(known) {
        Standing::Current => Ok(()),
        Standing::Ended => Err(refused(GrantRefusal::ClientReplaced)),
        Standing::Ahead => Err(refused(GrantRefusal::ClientOutdated)),
    }
}

/// The refusal `invalid_grant`, for a reason that the edge itself found.
pub(super) fn invalid_grant(cause: Cause, description: &'static str) -> Failure {
    OAuthError::new(Code::InvalidGrant, cause, description).into()
}

fn invalid_target(cause: Cause, description: &'static str) -> OAuthError {
    OAuthError::new(Code::InvalidTarget, cause, description)
}

/// The request's `resource` parameters as they are registered. Each has to be among the granted resources.
pub(super) fn requested_resources<P>(
    request: &GrantRequest<'_, P>,
    snapshot: &Snapshot,
    granted: &[String],
) -> Result<Vec<String>, OAuthError> {
    let named = request.form.values("resource");
    let requested: Vec<String> = named.map(|name| snapshot.registered(name).to_owned()).collect();
    if requested.iter().all(|resource| granted.contains(resource)) {
        return Ok(requested);
    }
    Err(invalid_target(Cause::ResourceBeyondGrant, "a requested resource was not granted"))
}

/// The failure when an object's reply doesn't belong to its command.
pub(super) fn unexpected() -> Failure {
    ServerError::internal("an object gave another answer than asked for").into()
}
