//! `/device`: where somebody connects a device to their account (RFC 8628 §3.3), with the mitigations of BCP 247.
//!
//! Whoever isn't signed in signs in first. [`entry`] takes the code, [`decision`] asks and decides. A GET looks nothing up and
//! changes nothing: a link fills the code in, and everything else takes a form of this very browser and session. So a link from
//! a stranger can neither skip a question nor use up somebody's tries. What a person has permitted before makes no difference.

mod decision;
mod entry;

use super::sign_in::{self, Destination};
use crate::protocol::endpoints::browser::Browser;
use crate::protocol::endpoints::error_page::error_page;
use crate::protocol::endpoints::paths::DEVICE;
use crate::protocol::http::error::{Cause, Code, Failure, ServerError};
use crate::protocol::http::form::Form;
use crate::protocol::http::{Method, Response};
use crate::protocol::keys::sealed::FLOW_PREFIX;
use crate::protocol::model::user_code::UserCode;
use crate::protocol::objects::subject::SessionState;
use crate::protocol::pages::{DeviceProblem, FormTarget};
use crate::protocol::server::Server;
use crate::protocol::server::answer::method_not_allowed;
use crate::protocol::server::ports::Platform;
use crate::protocol::server::request::RequestContext;
use entry::Entry;

/// Somebody who is signed in, with their browser.
struct Visitor<'a, P> {
    server: &'a Server<P>,
    context: &'a RequestContext<'a>,
    browser: Browser,
    state: SessionState,
}

pub(crate) async fn serve<P: Platform>(server: &Server<P>, context: &RequestContext<'_>) -> Response {
    context.endpoint.set("device");
    let done = match context.request.method {
        Method::Get => arrive(server, context).await,
        Method::Post => act(server, context).await,
        _ => return method_not_allowed(server, context, "GET, HEAD, POST"),
    };
    match done {
        Ok(response) => response,
        Err(failure) => error_page(server, context, failure).await,
    }
}

async fn arrive<P: Platform>(server: &Server<P>, context: &RequestContext<'_>) -> Result<Response, Failure> {
    let query = Form::parse(context.request.query.as_deref().unwrap_or_default().as_bytes())?;
    let code = query.value("user_code").and_then(UserCode::parse);
    match visitor(server, context).await? {
        Ok(visitor) => entry::page(&visitor, code.as_ref().map_or(Entry::Typed(None), Entry::Linked)).await,
        Err(browser) => to_sign_in(server, context, &browser, code.as_ref()).await,
    }
}

/// The person behind a request; only their browser if nobody is signed in.
async fn visitor<'a, P: Platform>(
    server: &'a Server<P>,
    context: &'a RequestContext<'a>,
) -> Result<Result<Visitor<'a, P>, Browser>, ServerError> {
    let browser = Browser::of(server, context).await?;
    Ok(match browser.session_state(server, context, None).await? {
        Some(state) => Ok(Visitor { server, context, browser, state }),
        None => Err(browser),
    })
}

/// Whoever isn't signed in signs in first, and comes back with the code that a link brought.
async fn to_sign_in<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    browser: &Browser,
    code: Option<&UserCode>,
) -> Result<Response, Failure> {
    context.note_refusal(Code::LoginRequired, Cause::LoginRequired);
    sign_in::page(server, context, browser, (None, None), Destination::device(code)).await
}

async fn act<P: Platform>(server: &Server<P>, context: &RequestContext<'_>) -> Result<Response, Failure> {
    let form = Form::of(context.request)?;
    let (flow, csrf) = (form.value("flow").unwrap_or_default(), form.value("csrf").unwrap_or_default());
    let linked = form.value("user_code").filter(|_| flow == entry::LINKED).and_then(UserCode::parse);
    let visitor = match visitor(server, context).await? {
        Ok(visitor) => visitor,
        // A browser keeps its cookies back from a POST of another site, and sends them with the GET that follows.
        Err(browser) if browser.is_new() => return Ok(Response::see_other(server.issuer.endpoint(DEVICE))),
        Err(browser) => return to_sign_in(server, context, &browser, linked.as_ref()).await,
    };
    if !visitor.browser.accepts(server, context, flow, csrf).await? {
        context.note_refusal(Code::Forbidden, Cause::CsrfMismatch);
        let shown = entry::page(&visitor, Entry::Typed(Some(DeviceProblem::PageExpired))).await?;
        return Ok(Response { status: 403, ..shown });
    }
    if flow.starts_with(FLOW_PREFIX) {
        return decision::submitted(&visitor, flow, &form).await;
    }
    entry::submitted(&visitor, &form, flow == entry::LINKED).await
}

impl<P: Platform> Visitor<'_, P> {
    /// Shows a page made by `render`, whose form carries `flow` and leads here.
    async fn page(
        &self,
        flow: &str,
        render: impl FnOnce(FormTarget<'_>) -> Response,
    ) -> Result<Response, Failure> {
        let csrf = self.browser.csrf(self.server, self.context, flow).await?;
        let action = format!("{}{DEVICE}", self.server.issuer.path());
        let page = render(FormTarget { action: &action, flow, csrf: &csrf, form_action: None });
        Ok(self.browser.remember(self.server, page))
    }
}
