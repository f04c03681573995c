//! What grants have in common with which a client asks again and again whether a person has decided: `device_code` and `ciba`.
//!
//! What can be checked of the code is checked here, without I/O. Then one call of the transaction's object tells what has become
//! of it, and what was approved is redeemed in the user's object like a code: once, however many polls find it. A repetition is
//! refused and revokes nothing. Such a code comes back by design, also when an answer was lost, and it has never been in a
//! browser or an address where somebody could have read it.

use serde::Deserialize;

use super::on_behalf::{check_incarnation, granted, invalid_grant, redeem, redemption, requested_resources};
use super::{Decision, GrantRequest};
use crate::protocol::codec::json;
use crate::protocol::http::error::{Cause, Code, Failure, OAuthError, ServerError};
use crate::protocol::model::grant_type::GrantType;
use crate::protocol::objects::polling::{PollingCommand, PollingReply};
use crate::protocol::objects::subject::{Grant, Redemption};
use crate::protocol::server::ports::Platform;
use crate::protocol::state::polling::{GRACE, PollOutcome};
use crate::protocol::tokens::polling_code::{Approval, AskedFor, PollingCode};
use crate::protocol::tokens::target::Target;

/// One kind of code, with the words of its refusals.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kind {
    /// The parameter that carries the code.
    pub(super) parameter: &'static str,
    /// The prefix of the code.
    pub(super) prefix: &'static str,
    /// Says that the parameter is missing.
    pub(super) missing: &'static str,
    /// Says that the code is none of this server's.
    pub(super) forged: (Cause, &'static str),
    /// Says that the code was issued to another client.
    pub(super) of_other: &'static str,
    /// Says that the code has expired.
    pub(super) expired: (Cause, &'static str),
}

/// Decides what a code of the kind `kind` comes to. Another parameter is `resource` (RFC 8707 §2.2), to choose among the granted
/// ones.
///
/// # Errors
/// `authorization_pending`, `slow_down`, `access_denied`, `expired_token`; `invalid_grant` for a code that isn't the client's or
/// was redeemed; `invalid_target`, `invalid_scope`; `invalid_request` if the parameter is missing.
pub(super) async fn decide_polled<P: Platform>(
    request: GrantRequest<'_, P>,
    kind: Kind,
) -> Result<Decision, Failure> {
    let GrantRequest { server, context, client, form, snapshot } = &request;
    let text = form.require(kind.parameter, kind.missing)?;
    let keyring = server.keyring_for(text, context.now).await?;
    let code = PollingCode::parse(&keyring.derived.request_uri, kind.prefix, text)
        .ok_or_else(|| invalid_grant(kind.forged.0, kind.forged.1))?;
    if !code.is_of(&client.client_id) {
        return Err(invalid_grant(Cause::OtherClient, kind.of_other));
    }
    if code.expires_at.plus(GRACE) <= context.now {
        return Err(kind.has_expired());
    }
    let poll = PollingCommand::Poll { sha256: code.sha256() };
    let (asked, outcome) = match server.polling(&code.object_name(), poll).await? {
        PollingReply::Polled { request, outcome } => (read::<Question>(&request)?.asked, outcome),
        _ => return Err(kind.has_expired()),
    };
    check_incarnation(asked.incarnation, server.incarnation(client, context.now).await?)?;
    let approval: Approval = read(&kind.approved(outcome)?)?;
    let resources = requested_resources(&request, snapshot, &asked.resources)?;
    let issuer = server.issuer.as_str();
    let scopes = approval.scopes.unwrap_or(asked.scopes);
    let scopes = server.within_role(approval.owner, &scopes, context.now).await?;
    let target = Target::of_grant(snapshot, client, issuer, (&scopes, &asked.resources), &resources)?;
    let whom = (asked.client_id, asked.incarnation);
    let what = (scopes, asked.resources);
    // It belongs to no session: the client goes on when the browser in which it was approved is signed out.
    let lifetime = if client.may_use(GrantType::RefreshToken) {
        client.refresh.absolute
    } else {
        // Nothing is left to end after its one access token. The row stays while the code can come again.
        target.lifetime().max(code.expires_at.plus(GRACE).since(context.now))
    };
    let grant = Grant::new(whom, what, approval.auth, context.now, lifetime);
    let redemption = Redemption {
        password_epoch: approval.password_epoch,
        approved_in: Some(approval.sid),
        repeats: true,
        ..redemption(client, asked.id, grant, approval.removed_at)
    };
    let state = redeem(&request, approval.owner, redemption).await?;
    granted(&request, target, asked.id, state, None).await
}

/// A question of whatever kind.
#[derive(Deserialize)]
struct Question {
    asked: AskedFor,
}

impl Kind {
    /// What was approved, or the refusal (RFC 8628 §3.5, `CIBA` §11).
    fn approved(self, outcome: PollOutcome) -> Result<String, Failure> {
        let refuse = |code, cause, description| Err(OAuthError::new(code, cause, description).into());
        match outcome {
            PollOutcome::Approved(approval) => Ok(approval),
            PollOutcome::Pending => {
                let description = "nobody has decided yet; ask again after the interval";
                refuse(Code::AuthorizationPending, Cause::Undecided, description)
            }
            PollOutcome::TooEarly => {
                let description = "nobody has decided yet; wait five seconds longer from now on";
                refuse(Code::SlowDown, Cause::PollsTooOften, description)
            }
            PollOutcome::Denied => refuse(Code::PersonDenied, Cause::AccessDenied, "the person said no"),
            PollOutcome::Expired => Err(self.has_expired()),
            PollOutcome::Unknown => Err(invalid_grant(self.forged.0, self.forged.1)),
        }
    }

    fn has_expired(self) -> Failure {
        OAuthError::new(Code::ExpiredToken, self.expired.0, self.expired.1).into()
    }
}

fn read<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, ServerError> {
    json::from_str(text)
        .map_err(|error| ServerError::internal(format!("what was asked for is unreadable: {error}")))
}
