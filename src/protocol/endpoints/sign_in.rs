//! Signing in without an application: on to the account page, or to connecting a device. And what a browser gets that opens the address of a form.
//!
//! `authorize::forms` passes on to here a GET of its addresses, and a form that belongs to no authorization request.

use crate::protocol::endpoints::authorize::interaction::MAX_USERNAME;
use crate::protocol::endpoints::browser::Browser;
use crate::protocol::endpoints::error_page::error_page;
use crate::protocol::endpoints::paths::{ACCOUNT, DEVICE, LOGIN};
use crate::protocol::endpoints::problems::login_problem;
use serde::{Deserialize, Serialize};

use super::authorize::{by_get, revisit};
use crate::protocol::endpoints::authorize::session;
use crate::protocol::endpoints::authorize::session::Begun;
use crate::protocol::http::Response;
use crate::protocol::http::error::{Cause, Code, Failure, OAuthError, ServerError};
use crate::protocol::http::form::Form;
use crate::protocol::keys::sealed::{FLOW_PREFIX, open, seal};
use crate::protocol::login;
use crate::protocol::login::Door;
use crate::protocol::model::time::{HOUR, Timestamp};
use crate::protocol::model::user_code::UserCode;
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
    #[serde(default)]
    to: Destination,
}

/// Where somebody goes once they are signed in.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Destination {
    /// The account page.
    #[default]
    Account,
    /// The page where a device is connected, with the user code that a link brought.
    Device(Option<String>),
}

impl Destination {
    /// The page for connecting a device with `code`, if a link brought one.
    pub(crate) fn device(code: Option<&UserCode>) -> Self {
        Self::Device(code.map(UserCode::to_string))
    }

    fn response<P: Platform>(&self, server: &Server<P>) -> Response {
        Response::see_other(match self {
            Self::Account => server.issuer.endpoint(ACCOUNT),
            Self::Device(None) => server.issuer.endpoint(DEVICE),
            Self::Device(Some(code)) => format!("{}?user_code={code}", server.issuer.endpoint(DEVICE)),
        })
    }
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
            None => show(server, context, None, Destination::Account).await,
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
        Some(visit) => show(server, context, Some(LoginProblem::CookiesMissing), visit.to).await,
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

/// Shows the page, or sends whoever is signed in on to where they want to go. `problem` is for a browser that sends no cookie.
async fn show<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    problem: Option<LoginProblem>,
    to: Destination,
) -> Result<Response, Failure> {
    let browser = Browser::of(server, context).await?;
    if browser.session_state(server, context, None).await?.is_some() {
        return Ok(to.response(server));
    }
    let problem = problem.filter(|_| browser.is_new());
    page(server, context, &browser, (problem, None), to).await
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
        let problem = Some(LoginProblem::SessionExpired);
        return page(server, context, &browser, (problem, username), visit.to.clone()).await;
    }
    let snapshot = server.snapshot(context.now).await?;
    if !snapshot.login.password {
        return Err(no_password_login());
    }
    match login::with_password(server, context, Door::Page, value("username"), value("password")).await? {
        Ok(login) => {
            let begun = Begun::new(server, context, (&snapshot, &browser), None, login).await?;
            let cookies = begun.cookies(server, context).await?;
            Ok(session::set(server, &cookies, visit.to.response(server)))
        }
        Err(problem) => {
            let problem = Some(login_problem(context, problem));
            page(server, context, &browser, (problem, username), visit.to.clone()).await
        }
    }
}

fn no_password_login() -> Failure {
    let description = "people can't log in here with a password, and there is no other way yet";
    OAuthError::new(Code::AccessDenied, Cause::PasswordLoginOff, description).into()
}

/// Shows the page. `problem` is what was wrong before, `username` what was typed, and `to` where it leads.
pub(crate) async fn page<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    browser: &Browser,
    (problem, username): (Option<LoginProblem>, Option<&str>),
    to: Destination,
) -> Result<Response, Failure> {
    let snapshot = server.snapshot(context.now).await?;
    if !snapshot.login.password {
        return Err(no_password_login());
    }
    let keyring = server.any_keyring(context.now).await?;
    let connects_device = matches!(to, Destination::Device(_));
    let visit = Visit { account: true, made_at: context.now, to };
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
        connects_device,
    };
    Ok(browser.remember(server, page.render()))
}
