//! The code of a device: typed, or brought by a link and compared. Looking one up is counted first, see `login::codes`.

use super::Visitor;
use super::decision;
use crate::protocol::codec::json;
use crate::protocol::http::Response;
use crate::protocol::http::error::{Cause, Code, Failure, OAuthError};
use crate::protocol::http::form::Form;
use crate::protocol::login::codes::may_guess;
use crate::protocol::model::user_code::UserCode;
use crate::protocol::objects::polling::{PollingCommand, PollingReply};
use crate::protocol::pages::{DeviceCodePage, DeviceProblem};
use crate::protocol::server::ports::Platform;
use crate::protocol::tokens::device_code::object_name;

/// What the form of a typed code carries in place of a flow.
const TYPED: &str = "device";
/// What the form of a code that a link brought carries: whoever has such a form did not type the code.
pub(super) const LINKED: &str = "device-link";

/// How somebody is asked for the code.
#[derive(Clone, Copy)]
pub(super) enum Entry<'a> {
    /// To type it; with what was wrong before.
    Typed(Option<DeviceProblem>),
    /// To compare the one that a link brought.
    Linked(&'a UserCode),
}

/// Shows the page.
pub(super) async fn page<P: Platform>(
    visitor: &Visitor<'_, P>,
    entry: Entry<'_>,
) -> Result<Response, Failure> {
    let snapshot = visitor.server.snapshot(visitor.context.now).await?;
    let (flow, linked, problem) = match entry {
        Entry::Typed(problem) => (TYPED, None, problem),
        Entry::Linked(code) => (LINKED, Some(code.to_string()), None),
    };
    let page = visitor.page(flow, |target| {
        DeviceCodePage {
            base: visitor.server.issuer.path(),
            theme: &snapshot.branding,
            target,
            account: &visitor.state.user.login,
            linked: linked.as_deref(),
            problem,
        }
        .render()
    });
    page.await
}

/// Asks for the code once more, and notes why for the log.
pub(super) async fn again<P: Platform>(
    visitor: &Visitor<'_, P>,
    problem: DeviceProblem,
) -> Result<Response, Failure> {
    let (code, cause) = match problem {
        DeviceProblem::Malformed => (Code::InvalidRequest, Cause::ParameterMalformed),
        DeviceProblem::Unknown => (Code::InvalidRequest, Cause::UserCodeUnknown),
        DeviceProblem::TooManyAttempts => (Code::AccessDenied, Cause::TooManyAttempts),
        DeviceProblem::HasToBeTyped => (Code::AccessDenied, Cause::UserCodeLinked),
        DeviceProblem::PageExpired => (Code::Forbidden, Cause::FlowExpired),
        DeviceProblem::NoRole => (Code::AccessDenied, Cause::NoAdministrator),
    };
    visitor.context.note_refusal(code, cause);
    page(visitor, Entry::Typed(Some(problem))).await
}

/// Answers the form that such a page sent.
pub(super) async fn submitted<P: Platform>(
    visitor: &Visitor<'_, P>,
    form: &Form,
    linked: bool,
) -> Result<Response, Failure> {
    match form.value("action").unwrap_or_default() {
        "continue" => {}
        "other" => return page(visitor, Entry::Typed(None)).await,
        _ => {
            let description = "the form is incomplete";
            return Err(OAuthError::new(Code::InvalidRequest, Cause::ParameterMalformed, description).into());
        }
    }
    let Some(code) = form.value("user_code").and_then(UserCode::parse) else {
        return again(visitor, DeviceProblem::Malformed).await;
    };
    look_up(visitor, &code, linked).await
}

/// Looks a code up. All that somebody learns of a wrong one is that no device waits with it.
async fn look_up<P: Platform>(
    visitor: &Visitor<'_, P>,
    code: &UserCode,
    linked: bool,
) -> Result<Response, Failure> {
    let Visitor { server, context, state, .. } = visitor;
    let Some(guess) = may_guess(server, context, &state.user).await? else {
        return again(visitor, DeviceProblem::TooManyAttempts).await;
    };
    let name = object_name(&server.any_keyring(context.now).await?.derived, code);
    let PollingReply::Open { sha256, request } = server.polling(&name, PollingCommand::Look).await? else {
        return again(visitor, DeviceProblem::Unknown).await;
    };
    guess.was_right(server).await?;
    let request = json::from_str(&request).ok();
    let client = match &request {
        Some(request) => decision::client(visitor, request).await?,
        None => None,
    };
    let (Some(request), Some(client)) = (request, client) else {
        return again(visitor, DeviceProblem::Unknown).await;
    };
    if linked && !client.device.link {
        return again(visitor, DeviceProblem::HasToBeTyped).await;
    }
    decision::page(visitor, &client, code, (sha256, request)).await
}
