//! `login_hint_token` (`CIBA` §7.1): a token of a trusted issuer that says whom to ask. Which issuers' tokens count, what in them names
//! a person here and which clients may show them is in the configuration (`login_hint` of a `[[trusted_issuer]]`).
//!
//! The specification leaves the token's form open. Here it is a JWT like all tokens of trusted issuers: signed, for this server,
//! current, and used once where the issuer's tokens count once.

use super::hint::{Person, refuse, unknown};
use crate::protocol::config::federation::{AssertionKind, HintIdentifier, LoginHintConfig};
use crate::protocol::config::snapshot::Snapshot;
use crate::protocol::federation::{Rejected, VerifiedAssertion, note, verify_assertion};
use crate::protocol::http::error::{Cause, Code, Failure, OAuthError};
use crate::protocol::model::user_id::UserId;
use crate::protocol::rules::pattern::{claim, text};
use crate::protocol::server::Server;
use crate::protocol::server::ports::Platform;
use crate::protocol::server::request::RequestContext;
use serde_json::Value;

/// The person that `token` names, shown by the client `client`. That somebody is unknown is no secret from whoever shows it: tokens
/// can't be made up, so nobody can try names with them.
pub(super) async fn person<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    (client, snapshot): (&str, &Snapshot),
    token: &str,
) -> Result<Person, Failure> {
    let assertion = verify_assertion(server, context, snapshot, token).await.map_err(on_wire)?;
    let hint = assertion.issuer.login_hint.as_ref();
    let hint = hint.filter(|hint| hint.clients.iter().any(|own| own == client));
    let hint =
        hint.filter(|_| assertion.kind == AssertionKind::Jwt).ok_or_else(|| invalid(Cause::HintToken))?;
    let name = name(hint, &assertion).ok_or_else(|| invalid(Cause::HintToken))?;
    note(server, context, &assertion, Code::InvalidRequest).await.map_err(on_wire)?;
    let owner = match hint.identifier {
        HintIdentifier::Sub => UserId::parse(&name),
        HintIdentifier::Login => match server.identifier(&name, context.now).await? {
            Some(identifier) => server.holder_of(&identifier, context.now).await?,
            None => None,
        },
    };
    Ok(Person { owner: owner.ok_or_else(unknown)?, is_proven: true })
}

/// What names the person in the token. An address that nobody has verified may be anybody's.
fn name(hint: &LoginHintConfig, assertion: &VerifiedAssertion<'_>) -> Option<String> {
    // Some issuers write the truth as text.
    let is_true = |value: &Value| *value == Value::Bool(true) || value.as_str() == Some("true");
    let is_unverified = ["email", "/email"].contains(&hint.claim.as_str())
        && assertion.claims.get("email_verified").is_some_and(|value| !is_true(value));
    let value = claim(&assertion.claims, &hint.claim).filter(|_| !is_unverified)?;
    text(value).filter(|name| !name.is_empty())
}

fn invalid(cause: Cause) -> Failure {
    refuse(cause, "login_hint_token is invalid, or not acceptable from this client")
}

/// An expired token has a code of its own (§13).
fn on_wire(rejected: Rejected) -> Failure {
    match rejected {
        Rejected::Refused(cause @ (Cause::AssertionExpired | Cause::AssertionTooOld)) => {
            OAuthError::new(Code::ExpiredLoginHintToken, cause, "login_hint_token has expired").into()
        }
        Rejected::Refused(cause) if cause != Cause::IssuerUnreachable => invalid(cause),
        other => other.on_wire(Code::InvalidRequest),
    }
}
