//! The authorization endpoint (RFC 6749 §3.1, `OpenID Connect Core` §3.1.2): GET and POST, `code` only.
//!
//! An authorization request becomes a [`flow::Flow`] once everything in it has been checked. Nothing is stored for it: while a
//! page is open, the flow travels in the page, sealed. [`interaction`] decides what comes next (a page, an error, a code).

pub(super) mod answer;
pub(super) mod browser;
mod flow;
pub(super) mod forms;
pub(super) mod interaction;
pub(super) mod par;
mod request;
mod request_object;
mod resume;
pub(super) mod session;
pub(super) mod sign_up;

use super::super::error::{Cause, Code, OAuthError};
use super::super::form::Form;
use super::super::http::{Method, Response};
use super::super::log::Exchange;
use super::super::ports::Platform;
use super::super::server::Server;
use super::error_page::error_page;
use super::leave::leave;
use super::{method_not_allowed, sign_in};
use browser::Browser;

pub(super) use resume::{by_get, revisit};
pub(super) use sign_up::sign_up;

/// Path of the authorization endpoint below the issuer.
pub(super) const AUTHORIZE: &str = "/authorize";
/// Longest query that a POST is turned into, in bytes.
const MAX_REDIRECTED: usize = 4096;

pub(super) async fn serve<P: Platform>(server: &Server<P>, exchange: &Exchange<'_>) -> Response {
    exchange.endpoint.set("authorize");
    let form = match exchange.request.method {
        Method::Get => Form::parse(exchange.request.query.as_deref().unwrap_or_default().as_bytes()),
        Method::Post => Form::of(exchange.request),
        Method::Head | Method::Put | Method::Patch | Method::Delete | Method::Options | Method::Other => {
            return method_not_allowed(server, exchange, "GET, HEAD, POST");
        }
    };
    let form = match form {
        Ok(form) => form,
        Err(error) => return error_page(server, exchange, error.into()).await,
    };
    let browser = match Browser::of(server, exchange).await {
        Ok(browser) => browser,
        Err(error) => return error_page(server, exchange, error.into()).await,
    };
    // Browsers keep a `SameSite=Lax` cookie back from a POST of another site, and send it along with the GET that follows.
    if exchange.request.method == Method::Post && browser.session.is_none() {
        let query = form.to_query();
        if query.len() <= MAX_REDIRECTED {
            return Response::see_other(format!("{}?{query}", server.issuer.endpoint(AUTHORIZE)));
        }
    }
    match request::check(server, exchange, &form).await {
        Ok(flow) => interaction::begin(server, exchange, browser, flow).await,
        Err(request::Refusal::Page(failure)) => error_page(server, exchange, failure).await,
        Err(request::Refusal::Redirect(target, error)) => {
            answer::redirect_error(server, exchange, &target, error)
        }
    }
}

/// A form that was sent from elsewhere or is too old.
fn stale(cause: Cause) -> OAuthError {
    let description =
        "this page is too old or was opened in another browser; go back to the application and try again";
    OAuthError::new(Code::Forbidden, cause, description)
}
