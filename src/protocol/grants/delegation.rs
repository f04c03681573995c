//! `delegation`: the three-legged case, as clients of `IdentityServer` ask for it. An API got a user's token and calls another
//! API for that user: `grant_type=delegation&token=…&scope=…`.
//!
//! It is a thin profile of token exchange (`exchange::policy`): the token has to be meant for the caller, and the answer says
//! `amr: ["delegation"]`. Targets and scopes are those of `[client.exchange]`. The dispatch in `grants` calls it.

use super::subject_token::present;
use super::token_exchange::access_token;
use super::{Decision, GrantRequest};
use crate::protocol::exchange::policy::{Ask, decide as settle};
use crate::protocol::http::error::{Code, Failure, OAuthError};
use crate::protocol::server::ports::Platform;

/// Decides what `token` comes to, for `scope` and `resource` (both optional; `resource` repeatable).
///
/// # Errors
/// `invalid_grant` for the token, `invalid_target`, `invalid_scope`.
pub(super) async fn decide<P: Platform>(request: GrantRequest<'_, P>) -> Result<Decision, Failure> {
    let GrantRequest { server, context, client, form, snapshot } = &request;
    let token = form.require("token", "token is missing")?;
    let presented = present(&request, token).await.map_err(as_grant)?;
    let ask = Ask {
        scope: form.value("scope"),
        targets: form.values("resource").collect(),
        actor: None,
        addressed_only: true,
    };
    let outcome = settle(snapshot, server.issuer.as_str(), client, &presented.subject(), &ask, context.now);
    let outcome = outcome.map_err(|error| as_grant(error.into()))?;
    context.semantics.set(Some(outcome.semantics.name()));
    let mut granted = access_token(client, &presented, outcome);
    granted.vouched.insert("amr".to_owned(), serde_json::json!(["delegation"]));
    Ok(granted)
}

/// Answers `invalid_grant` where token exchange answers `invalid_request`: here the token is the grant (RFC 6749 §5.2).
fn as_grant(failure: Failure) -> Failure {
    match failure {
        Failure::OAuth(OAuthError { code: Code::InvalidRequest, cause, .. }) => {
            let description = "the token is invalid, expired, revoked or not meant for this client";
            OAuthError::new(Code::InvalidGrant, cause, description).into()
        }
        other => other,
    }
}
