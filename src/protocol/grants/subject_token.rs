//! From a token that a request presents to a party of the exchange: its signature, its type, its times, and whether the grant it
//! came from is still alive. `token_exchange`, `transaction_token` and `delegation` call it.

use serde_json::Value;

use super::GrantRequest;
use crate::protocol::exchange::policy::{Subject, unusable};
use crate::protocol::exchange::transaction::Transaction;
use crate::protocol::http::error::{Cause, Failure};
use crate::protocol::keys::sealed::{GRANT_PREFIX, open};
use crate::protocol::model::actor::Actor;
use crate::protocol::model::incarnation::Incarnation;
use crate::protocol::model::scope::ScopeSet;
use crate::protocol::objects::subject::GrantState;
use crate::protocol::server::ports::Platform;
use crate::protocol::tokens::grant_ref::GrantRef;
use crate::protocol::tokens::transaction_token::verify_transaction_token;
use crate::protocol::tokens::verify::{Audience, VerifiedAccessToken, verify_access_token};

/// An access token of this server that still counts, and the grant it came from if a user stands behind it.
pub(crate) struct Presented {
    pub(crate) token: VerifiedAccessToken,
    /// The incarnation of the client that it was issued to.
    pub(crate) incarnation: Incarnation,
    pub(crate) grant: Option<(GrantRef, Box<GrantState>)>,
}

/// Verifies an access token of this server. ID tokens, refresh tokens, logout tokens and codes are refused: `typ` tells them
/// apart (RFC 8725 §3.12).
///
/// # Errors
/// `invalid_request`, whatever is wrong with the token.
pub(crate) async fn present<P: Platform>(
    request: &GrantRequest<'_, P>,
    token: &str,
) -> Result<Presented, Failure> {
    let GrantRequest { server, context, snapshot, .. } = request;
    let issuer = server.issuer.as_str();
    let verified = verify_access_token(server, token, &snapshot.keys, issuer, None, context.now);
    let token = verified.await.map_err(as_unusable)?;
    let issued_to = server.issued_to(&token, context.now).await?.map_err(unusable)?;
    let incarnation = server.incarnation(&issued_to, context.now).await?;
    let grant = match &token.grant {
        Some(sealed) => Some(live_grant(request, sealed).await?),
        None => None,
    };
    Ok(Presented { token, incarnation, grant })
}

/// The grant that a token refers to, which has to be alive.
async fn live_grant<P: Platform>(
    request: &GrantRequest<'_, P>,
    sealed: &str,
) -> Result<(GrantRef, Box<GrantState>), Failure> {
    let GrantRequest { server, context, .. } = request;
    let keyring = server.keyring_for(sealed, context.now).await?;
    let reference = open::<GrantRef>(&keyring.derived.grant, GRANT_PREFIX, sealed);
    let reference = reference.ok_or(unusable(Cause::TokenInactive))?;
    let state = server.live_grant(&reference, context.now).await?;
    Ok((reference, state.ok_or(unusable(Cause::TokenInactive))?))
}

/// A transaction token that still counts, and the sealed reference to the grant behind it.
pub(crate) struct PresentedTransaction {
    pub(crate) subject: Subject,
    pub(crate) transaction: Transaction,
    pub(crate) grant: Option<String>,
}

/// Verifies a transaction token of this server, which is to be replaced by another one.
///
/// # Errors
/// `invalid_request`, whatever is wrong with the token.
pub(crate) async fn present_transaction<P: Platform>(
    request: &GrantRequest<'_, P>,
    token: &str,
) -> Result<PresentedTransaction, Failure> {
    let GrantRequest { server, context, snapshot, .. } = request;
    let settings = snapshot.transaction_tokens.as_ref().ok_or(unusable(Cause::BearerType))?;
    let whose = (server.issuer.as_str(), settings.trust_domain.as_str());
    let verified = verify_transaction_token(server, token, &snapshot.keys, whose, context.now).await;
    let token = verified.map_err(as_unusable)?;
    server.same_client(&token.req_wl, (&token.jti, token.iat), context.now).await?.map_err(unusable)?;
    if let Some(sealed) = &token.grant {
        live_grant(request, sealed).await?;
    }
    let subject = Subject {
        sub: token.sub.clone(),
        client_id: token.req_wl.clone(),
        audience: Audience::One(settings.trust_domain.clone()),
        scopes: ScopeSet::parse(&token.scope).unwrap_or_default(),
        expires_at: token.exp,
        act: token.act.clone(),
        may_act: token.may_act.clone(),
        bound: false,
    };
    let (details, call) = (token.tctx.clone(), token.rctx.clone());
    let transaction = Transaction { txn: Some(token.txn.clone()), details, context: call };
    Ok(PresentedTransaction { subject, transaction, grant: token.grant.clone() })
}

fn as_unusable(failure: Failure) -> Failure {
    match failure {
        Failure::OAuth(error) => unusable(error.cause).into(),
        Failure::Server(_) => failure,
    }
}

impl Presented {
    /// The presented token as the subject of an exchange.
    pub(crate) fn subject(&self) -> Subject {
        let token = &self.token;
        let other = |name: &str| token.others.get(name).cloned();
        Subject {
            sub: token.sub.clone(),
            client_id: token.client_id.clone(),
            audience: token.aud.clone(),
            scopes: ScopeSet::parse(&token.scope).unwrap_or_default(),
            expires_at: token.exp,
            act: other("act"),
            may_act: other("may_act"),
            bound: token.others.contains_key("cnf"),
        }
    }

    /// The presented token as proof of who acts. It has to be issued to the client that shows it or be meant for it, and must not
    /// itself have an actor.
    pub(crate) fn actor<P>(&self, request: &GrantRequest<'_, P>) -> Result<Actor, Failure> {
        let (token, client) = (&self.token, &request.client);
        let own = token.client_id == client.client_id || token.aud.contains(&client.client_id);
        let meant = own || client.serves.iter().any(|resource| token.aud.contains(resource));
        if !meant || token.others.contains_key("act") || token.others.contains_key("cnf") {
            return Err(unusable(Cause::ActorTokenUnusable).into());
        }
        let (sub, client_id) = (token.sub.clone(), token.client_id.clone());
        Ok(Actor { sub, client_id, expires_at: Some(token.exp) })
    }

    /// The claims of the subject's token that say how its user had authenticated.
    pub(crate) fn authentication(&self) -> impl Iterator<Item = (&'static str, Value)> + '_ {
        let names = ["auth_time", "acr", "amr"].into_iter();
        names.filter_map(|name| Some((name, self.token.others.get(name)?.clone())))
    }
}
