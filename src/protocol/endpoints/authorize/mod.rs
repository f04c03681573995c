//! The authorization endpoint (RFC 6749 §3.1, `OpenID Connect Core` §3.1.2): GET and POST, `code` only.
//!
//! An authorization request becomes a [`flow::Flow`] once everything in it has been checked. Nothing is stored for it: while a
//! page is open, the flow travels in the page, sealed. [`next`] decides what comes next (a page, an error, a code).

pub(crate) mod answer;
mod flow;
pub(crate) mod forms;
pub(crate) mod interaction;
mod next;
pub(crate) mod par;
mod request;
mod request_object;
mod resume;
pub(crate) mod session;
pub(crate) mod sign_up;
mod sign_up_page;
mod unadmitted;

use futures_util::future::FutureExt as _;

use super::leave::leave;
use crate::protocol::endpoints::browser::{Browser, MAX_REDIRECTED};
use crate::protocol::endpoints::error_page::error_page;
use crate::protocol::endpoints::paths::AUTHORIZE;
use crate::protocol::http::form::Form;
use crate::protocol::http::{Method, Response};
use crate::protocol::server::Server;
use crate::protocol::server::answer::method_not_allowed;
use crate::protocol::server::ports::Platform;
use crate::protocol::server::request::RequestContext;

pub(crate) use resume::{by_get, revisit};

pub(crate) async fn serve<P: Platform>(server: &Server<P>, context: &RequestContext<'_>) -> Response {
    context.endpoint.set("authorize");
    let form = match context.request.method {
        Method::Get => Form::parse(context.request.query.as_deref().unwrap_or_default().as_bytes()),
        Method::Post => Form::of(context.request),
        Method::Head | Method::Put | Method::Patch | Method::Delete | Method::Options | Method::Other => {
            return method_not_allowed(server, context, "GET, HEAD, POST");
        }
    };
    let form = match form {
        Ok(form) => form,
        Err(error) => return error_page(server, context, error.into()).await,
    };
    let browser = match Browser::of(server, context).await {
        Ok(browser) => browser,
        Err(error) => return error_page(server, context, error.into()).await,
    };
    // Browsers keep a `SameSite=Lax` cookie back from a POST of another site, and send it along with the GET that follows.
    if context.request.method == Method::Post && browser.session.is_none() {
        let query = form.to_query();
        if query.len() <= MAX_REDIRECTED {
            return Response::see_other(format!("{}?{query}", server.issuer.endpoint(AUTHORIZE)));
        }
    }
    match request::check(server, context, &form).await {
        Ok(flow) => next::begin(server, context, browser, flow).await,
        Err(request::RequestRefusal::Page(failure)) => error_page(server, context, failure).await,
        Err(request::RequestRefusal::Redirect(target, error)) => {
            if target.needs_a_person()
                && !matches!(browser.session_state(server, context, None).boxed_local().await, Ok(Some(_)))
            {
                return error_page(server, context, error).await;
            }
            answer::redirect_error(server, context, &target, error)
        }
    }
}
