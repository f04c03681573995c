//! Going on with a request after one of its pages.
//!
//! A form counts if it was shown to this very browser, in this session, for exactly this request, and not too long ago. Any
//! other carries nothing out. Where its request can still be read, that begins anew, as if the application had sent the person
//! here once more: nobody gets further by it than with the address of the first request, which anybody may open. So a second
//! tab, an old page or a lost cookie is no dead end.

use super::flow::Flow;
use crate::protocol::endpoints::authorize::interaction::{Interaction, interaction, stale};
use crate::protocol::endpoints::authorize::next::proceed;
use crate::protocol::endpoints::browser::{Browser, MAX_REDIRECTED};
use crate::protocol::endpoints::paths::LOGIN;
use crate::protocol::http::Response;
use crate::protocol::http::error::{Cause, Code, Failure};
use crate::protocol::http::form::Form;
use crate::protocol::keys::sealed::{FLOW_PREFIX, open};
use crate::protocol::pages::LoginProblem;
use crate::protocol::server::Server;
use crate::protocol::server::ports::Platform;
use crate::protocol::server::request::RequestContext;

/// What a form that a page sent leads to.
pub(super) enum Resumed<'a, P> {
    /// The form counts; the flow goes on.
    Form(Box<Interaction<'a, P>>),
    /// The form doesn't count; this response begins the request anew.
    Anew(Response),
}

/// Takes the flow out of a form that one of the pages sent. `proves_person`: the form itself says who somebody is, so that it
/// counts although they logged in with another tab since it was shown.
pub(super) async fn resume<'a, P: Platform>(
    server: &'a Server<P>,
    context: &'a RequestContext<'a>,
    form: &Form,
    proves_person: bool,
) -> Result<Resumed<'a, P>, Failure> {
    let sealed = form.value("flow").unwrap_or_default();
    let csrf = form.value("csrf").unwrap_or_default();
    let browser = Browser::of(server, context).await?;
    let flow = open_flow(server, context, sealed).await?;
    let own = browser.accepts(server, context, sealed, csrf).await?
        || proves_person && browser.accepts_from_before_login(server, context, sealed, csrf).await?;
    if own && flow.is_current(context.now) {
        let interaction = interaction(server, context, browser, flow).await?;
        return Ok(Resumed::Form(Box::new(interaction)));
    }
    context.note_refusal(Code::Forbidden, if own { Cause::FlowExpired } else { Cause::CsrfMismatch });
    // A browser keeps `SameSite=Lax` cookies back from a POST of another site, and sends them with the GET that follows.
    if browser.is_new() && sealed.len() <= MAX_REDIRECTED {
        return Ok(Resumed::Anew(by_get(server, sealed)));
    }
    let problem = own.then_some(LoginProblem::SessionExpired);
    let username = form.value("username").map(str::to_owned);
    anew(server, context, browser, flow, (problem, username)).await.map(Resumed::Anew)
}

/// `GET /login?flow=…`: begins a request anew that one of the pages carried.
pub(crate) async fn revisit<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    sealed: &str,
) -> Result<Response, Failure> {
    let flow = open_flow(server, context, sealed).await?;
    let browser = Browser::of(server, context).await?;
    // The page that the flow comes from set a cookie.
    let problem = browser.is_new().then_some(LoginProblem::CookiesMissing);
    anew(server, context, browser, flow, (problem, None)).await
}

/// Sends the browser to where `sealed` begins anew.
pub(crate) fn by_get<P: Platform>(server: &Server<P>, sealed: &str) -> Response {
    Response::see_other(format!("{}?flow={sealed}", server.issuer.endpoint(LOGIN)))
}

/// The flow in `sealed`, however old it is.
pub(super) async fn open_flow<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    sealed: &str,
) -> Result<Flow, Failure> {
    let keyring = server.keyring_for(sealed, context.now).await?;
    let flow = open::<Flow>(&keyring.derived.flow, FLOW_PREFIX, sealed);
    Ok(flow.ok_or(stale(Cause::FlowExpired))?)
}

async fn anew<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    browser: Browser,
    flow: Flow,
    (problem, username): (Option<LoginProblem>, Option<String>),
) -> Result<Response, Failure> {
    let flow = flow.anew(context.now).ok_or(stale(Cause::FlowExpired))?;
    let mut interaction = interaction(server, context, browser, flow).await?;
    (interaction.problem, interaction.username) = (problem, username);
    let session =
        interaction.browser.session_state(server, context, Some(&interaction.client.client_id)).await?;
    Ok(proceed(interaction, session, false).await)
}
