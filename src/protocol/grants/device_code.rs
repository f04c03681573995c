//! `urn:ietf:params:oauth:grant-type:device_code` (RFC 8628 §3.4): a device asks again and again whether somebody has approved it.
//!
//! What can be checked of the code is checked here, without I/O. Then one call of the transaction's object tells what has become
//! of it, and what was approved is redeemed in the user's object like a code: once, however many polls find it. A repetition is
//! refused and revokes nothing. A device code comes back by design, also when an answer was lost, and it has never been in a
//! browser or an address where somebody could have read it. The dispatch in `grants` calls it.

use super::on_behalf::{check_incarnation, granted, invalid_grant, redeem, redemption, requested_resources};
use super::{Decision, GrantRequest};
use crate::protocol::codec::json;
use crate::protocol::http::error::{Cause, Code, Failure, OAuthError, ServerError};
use crate::protocol::objects::device::{DeviceCommand, DeviceReply};
use crate::protocol::objects::subject::{Grant, Redemption};
use crate::protocol::server::ports::Platform;
use crate::protocol::state::device::{GRACE, PollOutcome};
use crate::protocol::tokens::device_code::{DeviceApproval, DeviceCode, DeviceRequest};
use crate::protocol::tokens::target::Target;

/// Decides what a device code comes to. The parameters are `device_code`, and `resource` (RFC 8707 §2.2) to choose among the
/// granted ones.
///
/// # Errors
/// `authorization_pending`, `slow_down`, `access_denied`, `expired_token`; `invalid_grant` for a code that isn't the client's or
/// was redeemed; `invalid_target`, `invalid_scope`; `invalid_request` if the parameter is missing.
pub(super) async fn decide<P: Platform>(request: GrantRequest<'_, P>) -> Result<Decision, Failure> {
    let GrantRequest { server, context, client, form, snapshot } = &request;
    let text = form.require("device_code", "device_code is missing")?;
    let keyring = server.keyring_for(text, context.now).await?;
    let code = DeviceCode::parse(&keyring.derived.request_uri, text).ok_or_else(|| {
        invalid_grant(Cause::DeviceCodeForged, "the device code is not one of this server's")
    })?;
    if !code.is_of(&client.client_id) {
        return Err(invalid_grant(Cause::OtherClient, "the device code was issued to another client"));
    }
    if code.expires_at.plus(GRACE) <= context.now {
        return Err(expired());
    }
    let poll = DeviceCommand::Poll { sha256: code.sha256() };
    let (asked, outcome) = match server.device(&code.object_name(), poll).await? {
        DeviceReply::Polled { request, outcome } => (read::<DeviceRequest>(&request)?, outcome),
        _ => return Err(expired()),
    };
    check_incarnation(asked.incarnation, server.incarnation(client, context.now).await?)?;
    let approval: DeviceApproval = read(&approved(outcome)?)?;
    let resources = requested_resources(&request, snapshot, &asked.resources)?;
    let issuer = server.issuer.as_str();
    let scopes = approval.scopes.unwrap_or(asked.scopes);
    let scopes = server.within_role(approval.owner, &scopes, context.now).await?;
    let target = Target::of_grant(snapshot, client, issuer, (&scopes, &asked.resources), &resources)?;
    let whom = (asked.client_id, asked.incarnation);
    let what = (scopes, asked.resources);
    // It belongs to no session: the device goes on when the browser that approved it is signed out.
    let grant = Grant::new(whom, what, approval.auth, context.now, client.refresh.absolute);
    let redemption = Redemption {
        password_epoch: approval.password_epoch,
        approved_in: Some(approval.sid),
        repeats: true,
        ..redemption(client, asked.id, grant, approval.removed_at)
    };
    let state = redeem(&request, approval.owner, redemption).await?;
    granted(&request, target, asked.id, state, None).await
}

/// What was approved, or the refusal (RFC 8628 §3.5).
fn approved(outcome: PollOutcome) -> Result<String, Failure> {
    let refuse = |code, cause, description| Err(OAuthError::new(code, cause, description).into());
    match outcome {
        PollOutcome::Approved(approval) => Ok(approval),
        PollOutcome::Pending => {
            let description = "nobody has decided yet; ask again after the interval";
            refuse(Code::AuthorizationPending, Cause::DeviceUndecided, description)
        }
        PollOutcome::TooEarly => {
            let description = "nobody has decided yet; wait five seconds longer from now on";
            refuse(Code::SlowDown, Cause::DevicePollsTooOften, description)
        }
        PollOutcome::Denied => refuse(Code::DeviceDenied, Cause::AccessDenied, "the person said no"),
        PollOutcome::Expired => Err(expired()),
        PollOutcome::Unknown => {
            Err(invalid_grant(Cause::DeviceCodeForged, "the device code is not one of this server's"))
        }
    }
}

fn expired() -> Failure {
    let description = "the device code has expired; begin anew";
    OAuthError::new(Code::ExpiredToken, Cause::DeviceCodeExpired, description).into()
}

fn read<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, ServerError> {
    json::from_str(text)
        .map_err(|error| ServerError::internal(format!("what a device asked for is unreadable: {error}")))
}
