//! Transaction tokens (draft-ietf-oauth-transaction-tokens-09), by token exchange: one token for all services behind a call, that says whom
//! it is for, what it is about and by whom it came. Only where `[experimental.transaction_tokens]` is declared.
//!
//! The decision is `exchange::transaction`; `token_exchange` calls this, and `issue` mints.

use serde_json::Map;

use super::subject_token::{PresentedTransaction, present, present_transaction};
use super::{Decision, GrantRequest};
use crate::protocol::exchange::policy::{Subject, unusable};
use crate::protocol::exchange::transaction::{Outcome, Transaction, TransactionAsk, decide};
use crate::protocol::http::error::{Cause, Failure};
use crate::protocol::model::actor::may_act;
use crate::protocol::model::token_type::TokenType;
use crate::protocol::server::ports::Platform;

/// Decides what a subject's token of type `kind` comes to: an access token that begins a call, or a transaction token that is
/// replaced. The parameters are `audience` (the trust domain), `scope`, `request_context` and `request_details`.
///
/// # Errors
/// `invalid_request` for the tokens and malformed parameters, `invalid_target`, `invalid_scope`.
pub(super) async fn transaction_token<P: Platform>(
    request: &GrantRequest<'_, P>,
    (token, kind): (&str, TokenType),
    wanted: TokenType,
) -> Result<Decision, Failure> {
    let form = request.form;
    // A transaction token is worth nothing but another one, and who acts is who asks.
    if wanted != TokenType::TxnToken {
        return Err(unusable(Cause::BearerType).into());
    }
    if form.value("actor_token").is_some() {
        return Err(unusable(Cause::ActorTokenUnusable).into());
    }
    let ask = TransactionAsk {
        scope: form.require("scope", "scope is missing")?,
        targets: form.values("audience").chain(form.values("resource")).collect(),
        context: form.value("request_context"),
        details: form.value("request_details"),
    };
    match kind {
        TokenType::AccessToken | TokenType::Jwt => {
            let presented = present(request, token).await?;
            let grant = presented.token.grant.clone();
            settle(request, (presented.subject(), grant), None, &ask)
        }
        TokenType::TxnToken => {
            let PresentedTransaction { subject, transaction, grant } =
                present_transaction(request, token).await?;
            settle(request, (subject, grant), Some(transaction), &ask)
        }
        TokenType::IdToken | TokenType::RefreshToken => Err(unusable(Cause::BearerType).into()),
    }
}

fn settle<P>(
    request: &GrantRequest<'_, P>,
    (subject, grant): (Subject, Option<String>),
    earlier: Option<Transaction>,
    ask: &TransactionAsk<'_>,
) -> Result<Decision, Failure> {
    let GrantRequest { server, context, client, snapshot, .. } = request;
    let parties = (&subject, earlier);
    let outcome = decide(snapshot, server.issuer.as_str(), client, parties, ask, context.now)?;
    context.semantics.set(Some("transaction"));
    let Outcome { target, act, transaction } = outcome;
    let members = [
        ("txn", transaction.txn.map(Into::into)),
        ("tctx", transaction.details),
        ("rctx", transaction.context),
        ("act", act),
        ("may_act", client.may_act.as_deref().map(may_act)),
        ("grant", grant.map(Into::into)),
    ];
    let mut vouched = Map::new();
    vouched.extend(members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    let plain = Decision::plain(subject.sub, &client.client_id, target);
    Ok(Decision { vouched, issued: Some(TokenType::TxnToken), ..plain })
}
