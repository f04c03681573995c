//! Signing in without an application: on to the account page. And what a browser gets that opens the address of a form.
//!
//! `authorize::forms` passes on to here a GET of its addresses, and a form that belongs to no authorization request.

use crate::protocol::endpoints::authorize::interaction::MAX_USERNAME;
use crate::protocol::endpoints::browser::Browser;
use crate::protocol::endpoints::error_page::error_page;
use crate::protocol::endpoints::paths::LOGIN;
use crate::protocol::endpoints::problems::login_problem;
use serde::{Deserialize, Serialize};

use super::authorize::{by_get, revisit};
use super::visit::to_account;
use crate::protocol::endpoints::authorize::session;
use crate::protocol::endpoints::authorize::session::Begun;
use crate::protocol::http::Response;
use crate::protocol::http::error::{Cause, Code, Failure, OAuthError, ServerError};
use crate::protocol::http::form::Form;
use crate::protocol::keys::sealed::{FLOW_PREFIX, open, seal};
use crate::protocol::login;
use crate::protocol::login::Door;
use crate::protocol::model::time::{HOUR, Timestamp};
use crate::protocol::pages::{FormTarget, LoginPage, LoginProblem};
use crate::protocol::server::Server;
use crate::protocol::server::ports::Platform;
use crate::protocol::server::request::RequestContext;

/// The sealed value that the form carries in place of an application's request.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Visit {
    /// Always true; tells the value from other sealed ones.
    account: bool,
    made_at: Timestamp,
}

/// Answers the address of a form that was opened in a browser. With an application's request that request goes on; without one it
/// leads to the account page.
pub(crate) async fn visit<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    path: &str,
) -> Response {
    let query = context.request.query.as_deref().unwrap_or_default();
    let done = match Form::parse(query.as_bytes()) {
        Ok(form) => match form.value("flow") {
            Some(sealed) => reopened(server, context, sealed).await,
            None if path != LOGIN => Ok(Response::see_other(server.issuer.endpoint(LOGIN))),
            None => show(server, context, None).await,
        },
        Err(error) => Err(error.into()),
    };
    match done {
        Ok(response) => response,
        Err(failure) => error_page(server, context, failure).await,
    }
}

async fn reopened<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    sealed: &str,
) -> Result<Response, Failure> {
    match open_visit(server, context, sealed).await? {
        Some(_) => show(server, context, Some(LoginProblem::CookiesMissing)).await,
        None => revisit(server, context, sealed).await,
    }
}

async fn open_visit<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    sealed: &str,
) -> Result<Option<Visit>, ServerError> {
    let keyring = server.keyring_for(sealed, context.now).await?;
    Ok(open::<Visit>(&keyring.derived.flow, FLOW_PREFIX, sealed).filter(|visit| visit.account))
}

/// Shows the page, or sends whoever is signed in to the account page. `problem` is for a browser that sends no cookie.
async fn show<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    problem: Option<LoginProblem>,
) -> Result<Response, Failure> {
    let browser = Browser::of(server, context).await?;
    if browser.session_state(server, context, None).await?.is_some() {
        return Ok(to_account(server));
    }
    let problem = problem.filter(|_| browser.is_new());
    page(server, context, &browser, problem, None).await
}

/// Answers the form that such a page sent; `None` for one that belongs to an application's request.
pub(crate) async fn submitted<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    form: &Form,
) -> Option<Response> {
    let sealed = form.value("flow").unwrap_or_default();
    let done = match open_visit(server, context, sealed).await {
        Ok(visit) => log_in(server, context, form, (&visit?, sealed)).await,
        Err(error) => Err(error.into()),
    };
    Some(match done {
        Ok(response) => response,
        Err(failure) => error_page(server, context, failure).await,
    })
}

async fn log_in<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    form: &Form,
    (visit, sealed): (&Visit, &str),
) -> Result<Response, Failure> {
    let value = |name| form.value(name).unwrap_or_default();
    let browser = Browser::of(server, context).await?;
    let username = form.value("username");
    let own = browser.accepts(server, context, sealed, value("csrf")).await?
        || browser.accepts_from_before_login(server, context, sealed, value("csrf")).await?;
    if !own && browser.is_new() {
        context.note_refusal(Code::Forbidden, Cause::CsrfMismatch);
        return Ok(by_get(server, sealed));
    }
    if !own || context.now.since(visit.made_at) >= HOUR {
        context.note_refusal(Code::Forbidden, if own { Cause::FlowExpired } else { Cause::CsrfMismatch });
        return page(server, context, &browser, Some(LoginProblem::SessionExpired), username).await;
    }
    let snapshot = server.snapshot(context.now).await?;
    if !snapshot.login.password {
        return Err(no_password_login());
    }
    match login::with_password(server, context, Door::Page, value("username"), value("password")).await? {
        Ok(login) => {
            let begun = Begun::new(server, context, (&snapshot, &browser), None, login).await?;
            let cookies = begun.cookies(server, context).await?;
            Ok(session::set(server, &cookies, to_account(server)))
        }
        Err(problem) => {
            page(server, context, &browser, Some(login_problem(context, problem)), username).await
        }
    }
}

fn no_password_login() -> Failure {
    let description = "people can't log in here with a password, and there is no other way yet";
    OAuthError::new(Code::AccessDenied, Cause::PasswordLoginOff, description).into()
}

async fn page<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    browser: &Browser,
    problem: Option<LoginProblem>,
    username: Option<&str>,
) -> Result<Response, Failure> {
    let snapshot = server.snapshot(context.now).await?;
    if !snapshot.login.password {
        return Err(no_password_login());
    }
    let keyring = server.any_keyring(context.now).await?;
    let visit = Visit { account: true, made_at: context.now };
    let flow = seal(&keyring.derived.flow, FLOW_PREFIX, &visit, &server.platform)?;
    let csrf = browser.csrf(server, context, &flow).await?;
    let base = server.issuer.path();
    let page = LoginPage {
        base,
        theme: &snapshot.branding,
        client: None,
        target: FormTarget { action: &format!("{base}{LOGIN}"), flow: &flow, csrf: &csrf, form_action: None },
        login_hint: username.filter(|name| name.len() <= MAX_USERNAME),
        problem,
        sign_up_uri: None,
        cancel: false,
    };
    Ok(browser.remember(server, page.render()))
}
