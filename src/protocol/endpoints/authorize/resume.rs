//! Going on with a request after one of its pages.
//!
//! A form counts if it was shown to this very browser, in this session, for exactly this request, and not too long ago. Any
//! other carries nothing out. Where its request can still be read, that begins anew, as if the application had sent the person
//! here once more: nobody gets further by it than with the address of the first request, which anybody may open. So a second
//! tab, an old page or a lost cookie is no dead end.

use super::browser::Browser;
use super::flow::Flow;
use super::forms::LOGIN;
use super::interaction::{Scene, proceed, scene};
use super::{MAX_REDIRECTED, stale};
use crate::protocol::error::{Cause, Code, Failure};
use crate::protocol::form::Form;
use crate::protocol::http::Response;
use crate::protocol::log::Exchange;
use crate::protocol::pages::LoginProblem;
use crate::protocol::ports::Platform;
use crate::protocol::sealed::{FLOW_PREFIX, open};
use crate::protocol::server::Server;

/// What a form has come to.
pub(super) enum Resumed<'a, P> {
    /// It counts.
    Form(Box<Scene<'a, P>>),
    /// It doesn't; this is the answer.
    Anew(Response),
}

/// Takes the flow out of a form that one of the pages sent. `proves_person`: the form itself says who somebody is, so that it
/// counts although they logged in with another tab since it was shown.
pub(super) async fn resume<'a, P: Platform>(
    server: &'a Server<P>,
    exchange: &'a Exchange<'a>,
    form: &Form,
    proves_person: bool,
) -> Result<Resumed<'a, P>, Failure> {
    let sealed = form.value("flow").unwrap_or_default();
    let csrf = form.value("csrf").unwrap_or_default();
    let browser = Browser::of(server, exchange).await?;
    let flow = open_flow(server, exchange, sealed).await?;
    let own = browser.accepts(server, exchange, sealed, csrf).await?
        || proves_person && browser.accepts_from_before_login(server, exchange, sealed, csrf).await?;
    if own && flow.is_current(exchange.now) {
        let scene = scene(server, exchange, browser, flow).await?;
        return Ok(Resumed::Form(Box::new(scene)));
    }
    exchange.note_refusal(Code::Forbidden, if own { Cause::FlowExpired } else { Cause::CsrfMismatch });
    // A browser keeps `SameSite=Lax` cookies back from a POST of another site, and sends them with the GET that follows.
    if browser.is_new() && sealed.len() <= MAX_REDIRECTED {
        return Ok(Resumed::Anew(by_get(server, sealed)));
    }
    let problem = own.then_some(LoginProblem::SessionExpired);
    let username = form.value("username").map(str::to_owned);
    anew(server, exchange, browser, flow, (problem, username)).await.map(Resumed::Anew)
}

/// `GET /login?flow=…`: begins a request anew that one of the pages carried.
pub(in super::super) async fn revisit<P: Platform>(
    server: &Server<P>,
    exchange: &Exchange<'_>,
    sealed: &str,
) -> Result<Response, Failure> {
    let flow = open_flow(server, exchange, sealed).await?;
    let browser = Browser::of(server, exchange).await?;
    // The page that the flow comes from set a cookie.
    let problem = browser.is_new().then_some(LoginProblem::CookiesMissing);
    anew(server, exchange, browser, flow, (problem, None)).await
}

/// Sends the browser to where `sealed` begins anew.
pub(in super::super) fn by_get<P: Platform>(server: &Server<P>, sealed: &str) -> Response {
    Response::see_other(format!("{}?flow={sealed}", server.issuer.endpoint(LOGIN)))
}

/// The flow that `sealed` holds, however old.
pub(super) async fn open_flow<P: Platform>(
    server: &Server<P>,
    exchange: &Exchange<'_>,
    sealed: &str,
) -> Result<Flow, Failure> {
    let keyring = server.keyring_for(sealed, exchange.now).await?;
    let flow = open::<Flow>(&keyring.derived.flow, FLOW_PREFIX, sealed);
    Ok(flow.ok_or(stale(Cause::FlowExpired))?)
}

async fn anew<P: Platform>(
    server: &Server<P>,
    exchange: &Exchange<'_>,
    browser: Browser,
    flow: Flow,
    (problem, username): (Option<LoginProblem>, Option<String>),
) -> Result<Response, Failure> {
    let flow = flow.anew(exchange.now).ok_or(stale(Cause::FlowExpired))?;
    let mut scene = scene(server, exchange, browser, flow).await?;
    (scene.problem, scene.username) = (problem, username);
    let session = scene.browser.session_state(server, exchange, Some(&scene.client.client_id)).await?;
    Ok(proceed(scene, session, false).await)
}
