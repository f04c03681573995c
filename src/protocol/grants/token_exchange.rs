//! `urn:ietf:params:oauth:grant-type:token-exchange` (RFC 8693): a service swaps a token for one that fits its next step.
//!
//! What the client may do is in its registration (`[client.exchange]`); nothing is allowed unless it is written there. The
//! subject's token is an access token of this server, or one of a trusted issuer that a rule accepts. The decision itself is
//! `exchange::policy`; the dispatch in `grants` calls this.

use futures_util::FutureExt as _;
use serde_json::{Map, Value};

use super::native_sso::{DEVICE_SECRET_TYPE, sign_on};
use super::on_behalf::{redeem, redemption};
use super::subject_token::{Presented, present};
use super::transaction_token::transaction_token;
use super::{Decision, GrantRequest, IdTokenRequest, UserTokens, exchange_external};
use crate::protocol::config::ExtraTokenType;
use crate::protocol::config::registered_client::Client;
use crate::protocol::exchange::policy::{Ask, Outcome, Subject, decide as settle, unusable};
use crate::protocol::http::error::{Cause, Code, Failure, OAuthError};
use crate::protocol::model::actor;
use crate::protocol::model::grant_type::GrantType;
use crate::protocol::model::id::Id;
use crate::protocol::model::incarnation::Incarnation;
use crate::protocol::model::token_type::TokenType;
use crate::protocol::objects::subject::{Derivation, Grant};
use crate::protocol::server::ports::Platform;
use crate::protocol::tokens::refresh_token::RefreshToken;
use crate::protocol::tokens::verify::unverified_issuer;

/// Decides what `subject_token` comes to. The parameters are `subject_token_type`, `actor_token` and `actor_token_type` (both or
/// neither), `requested_token_type`, `resource` and `audience` (each repeatable), and `scope` (RFC 8693 §2.1). With a device secret as
/// the actor's token it is an app that signs on natively.
///
/// # Errors
/// `invalid_request` for the tokens (§2.2.2), `invalid_target`, `invalid_scope`, `unauthorized_client`.
pub(super) async fn decide<P: Platform>(request: GrantRequest<'_, P>) -> Result<Decision, Failure> {
    let GrantRequest { server, context, client, form, snapshot } = &request;
    if form.value("actor_token_type") == Some(DEVICE_SECRET_TYPE) {
        return sign_on(request).boxed_local().await;
    }
    let token = form.require("subject_token", "subject_token is missing")?;
    let kind = form.require("subject_token_type", "subject_token_type is missing")?;
    let kind = TokenType::parse(kind).filter(|kind| *kind != TokenType::RefreshToken);
    let kind = kind.ok_or_else(|| malformed("subject_token_type is not one this server exchanges"))?;
    let wanted = wanted(&request)?;
    if form.value("actor_token").is_some() != form.value("actor_token_type").is_some() {
        return Err(malformed("actor_token and actor_token_type come together or not at all"));
    }
    if unverified_issuer(token).is_some_and(|issuer| issuer != server.issuer.as_str()) {
        return external(&request, token, wanted).await;
    }
    if kind == TokenType::IdToken {
        return Err(unusable(Cause::BearerType).into());
    }
    if client.is_public() {
        let description = "a public client may not exchange this server's own tokens";
        return Err(OAuthError::new(Code::UnauthorizedClient, Cause::ClientPublic, description).into());
    }
    if kind == TokenType::TxnToken || wanted == TokenType::TxnToken {
        return transaction_token(&request, (token, kind), wanted).boxed_local().await;
    }
    let presented = present(&request, token).await?;
    let subject = presented.subject();
    let ask = ask(&request).await?;
    let outcome = settle(snapshot, server.issuer.as_str(), client, &subject, &ask, context.now)?;
    context.semantics.set(Some(outcome.semantics.name()));
    match wanted {
        TokenType::AccessToken | TokenType::Jwt => {
            let granted = access_token(client, &presented, outcome);
            Ok(Decision { issued: Some(wanted), ..granted })
        }
        TokenType::IdToken => id_token(&request, &presented, outcome).await,
        // The actor's token proves who acts for as long as it lives, and a refresh token lives longer.
        TokenType::RefreshToken if ask.actor.is_some() => Err(unusable(Cause::ActorTokenUnusable).into()),
        TokenType::RefreshToken => refresh_token(&request, &presented, &subject, outcome).await,
        TokenType::TxnToken => Err(unusable(Cause::TokenTypeNotAllowed).into()),
    }
}

/// Exchanges a token of a trusted issuer, which knows no user and no actor of this server.
async fn external<P: Platform>(
    request: &GrantRequest<'_, P>,
    token: &str,
    wanted: TokenType,
) -> Result<Decision, Failure> {
    if request.form.value("actor_token").is_some() {
        return Err(unusable(Cause::ActorTokenUnusable).into());
    }
    if !matches!(wanted, TokenType::AccessToken | TokenType::Jwt) {
        return Err(unusable(Cause::SubjectIsNoPerson).into());
    }
    let granted = exchange_external(request, token).await?;
    Ok(Decision { issued: Some(wanted), ..granted })
}

/// The type of token that the request wants: an access token if it names none, and another one only where the registration
/// permits it.
fn wanted<P>(request: &GrantRequest<'_, P>) -> Result<TokenType, Failure> {
    let Some(uri) = request.form.value("requested_token_type") else { return Ok(TokenType::AccessToken) };
    let kind = TokenType::parse(uri).ok_or_else(|| malformed("requested_token_type is unknown"))?;
    let permitted = match kind {
        TokenType::AccessToken | TokenType::Jwt => true,
        TokenType::IdToken => request.client.exchange.token_types.contains(&ExtraTokenType::IdToken),
        TokenType::TxnToken => {
            request.snapshot.transaction_tokens.is_some()
                && request.client.exchange.token_types.contains(&ExtraTokenType::TxnToken)
        }
        TokenType::RefreshToken => {
            request.client.may_use(GrantType::RefreshToken)
                && request.client.exchange.token_types.contains(&ExtraTokenType::RefreshToken)
        }
    };
    if permitted {
        return Ok(kind);
    }
    let description = "the client may not ask for this kind of token";
    Err(OAuthError::new(Code::InvalidRequest, Cause::TokenTypeNotAllowed, description).into())
}

async fn ask<'a, P: Platform>(request: &'a GrantRequest<'_, P>) -> Result<Ask<'a>, Failure> {
    let form = request.form;
    let mut ask = Ask {
        scope: form.value("scope"),
        targets: form.values("resource").chain(form.values("audience")).collect(),
        ..Ask::default()
    };
    if let (Some(token), Some(kind)) = (form.value("actor_token"), form.value("actor_token_type")) {
        if !matches!(TokenType::parse(kind), Some(TokenType::AccessToken | TokenType::Jwt)) {
            return Err(malformed("actor_token_type has to be that of an access token of this server"));
        }
        ask.actor = Some(present(request, token).await?.actor(request)?);
    }
    Ok(ask)
}

/// Builds the decision for an access token. It refers to the grant of the subject's token and ends with that.
pub(super) fn access_token(client: &Client, presented: &Presented, outcome: Outcome) -> Decision {
    let mut vouched: Map<String, Value> =
        presented.authentication().map(|(name, value)| (name.to_owned(), value)).collect();
    if let Some(grant) = &presented.token.grant {
        vouched.insert("grant".to_owned(), grant.as_str().into());
    }
    if let Some(act) = outcome.act {
        vouched.insert("act".to_owned(), act);
    }
    if let Some(name) = &client.may_act {
        vouched.insert("may_act".to_owned(), actor::may_act(name));
    }
    let granted = Decision::plain(presented.token.sub.clone(), &client.client_id, outcome.target);
    Decision { vouched, ..granted }
}

/// Builds the decision for an ID token about the user behind the subject's token, with the `sub` by which this client knows them.
async fn id_token<P: Platform>(
    request: &GrantRequest<'_, P>,
    presented: &Presented,
    outcome: Outcome,
) -> Result<Decision, Failure> {
    let GrantRequest { server, context, client, .. } = request;
    let (reference, state) = presented.grant.as_ref().ok_or(unusable(Cause::SubjectIsNoPerson))?;
    let id_token = IdTokenRequest { nonce: None, alg: client.id_token_alg(), claims: Map::new() };
    let keyring = server.any_keyring(context.now).await?;
    let mut granted = access_token(client, presented, outcome);
    granted.subject = reference.owner.at(client, &keyring.derived);
    granted.user = Some(UserTokens {
        owner: reference.owner,
        grant: reference.grant,
        sid: None,
        auth: state.grant.auth.clone(),
        refresh_token: None,
        id_token: Some(id_token),
        ds_hash: None,
        device_secret: None,
    });
    Ok(Decision { issued: Some(TokenType::IdToken), ..granted })
}

/// Makes a refresh token of the client's own. Its grant names the grant it comes from and ends with that one, and every access
/// token of it names the same actors.
async fn refresh_token<P: Platform>(
    request: &GrantRequest<'_, P>,
    presented: &Presented,
    subject: &Subject,
    outcome: Outcome,
) -> Result<Decision, Failure> {
    let GrantRequest { server, context, client, .. } = request;
    let (reference, state) = presented.grant.as_ref().ok_or(unusable(Cause::SubjectIsNoPerson))?;
    let from = &state.grant;
    let id = Id::generate(&server.platform);
    let mut granted = access_token(client, presented, outcome);
    let came_by = came_by(from, presented, &client.client_id);
    let derivation = Derivation {
        parent: reference.grant,
        sub: subject.sub.clone(),
        act: granted.vouched.get("act").cloned(),
        clients: came_by.iter().map(|(client_id, _)| client_id.clone()).collect(),
        incarnations: came_by.into_iter().filter(|(_, incarnation)| !incarnation.is_first()).collect(),
        added: granted.target.scopes().iter().filter(|scope| !subject.scopes.contains(scope)).collect(),
    };
    let whom = (client.client_id.clone(), server.incarnation(client, context.now).await?);
    let what = (granted.target.scopes().clone(), granted.target.audience().to_vec());
    let grant = Grant::new(whom, what, from.auth.clone(), context.now, client.refresh.absolute)
        .in_session(from.sid.filter(|_| from.bound_to_session), from.bound_to_session)
        .exchanged(derivation, from.expires_at);
    let redemption = redemption(client, id, grant, Some(context.now));
    let state = redeem(request, reference.owner, redemption).await?;
    let keyring = server.any_keyring(context.now).await?;
    let owner = reference.owner;
    let refresh_token = state.refresh.map(|(generation, secret)| {
        RefreshToken { owner, grant: id, generation, secret }.to_wire(&keyring.derived.refresh)
    });
    let auth = state.grant.auth;
    granted.user = Some(UserTokens {
        owner,
        grant: id,
        sid: None,
        auth,
        refresh_token,
        id_token: None,
        ds_hash: None,
        device_secret: None,
    });
    Ok(Decision { issued: Some(TokenType::RefreshToken), ..granted })
}

/// The clients through which a token came, without the one that has it now.
fn came_by(from: &Grant, presented: &Presented, own: &str) -> Vec<(String, Incarnation)> {
    let earlier = from.derived.iter().flat_map(Derivation::came_by);
    let last = [(&from.client_id, from.incarnation), (&presented.token.client_id, presented.incarnation)];
    let mut clients: Vec<(String, Incarnation)> = Vec::new();
    for (client_id, incarnation) in earlier.chain(last) {
        if client_id != own && !clients.iter().any(|(known, _)| known == client_id) {
            clients.push((client_id.clone(), incarnation));
        }
    }
    clients
}

fn malformed(description: &'static str) -> Failure {
    OAuthError::new(Code::InvalidRequest, Cause::ParameterMalformed, description).into()
}
