//! What the pages of a flow send back: login, choice of account, consent.

use super::interaction::{Scene, proceed};
use super::resume::{Resumed, resume};
use super::session::{self, Begun};
use super::{answer, error_page, method_not_allowed, sign_in};
use crate::protocol::error::{Cause, Code, Failure, OAuthError};
use crate::protocol::form::Form;
use crate::protocol::http::{Method, Response};
use crate::protocol::log::Exchange;
use crate::protocol::login::{self, Door, Login, Problem};
use crate::protocol::objects::subject::Command;
use crate::protocol::pages::LoginProblem;
use crate::protocol::ports::Platform;
use crate::protocol::server::Server;

/// Path of the login form below the issuer.
pub(in super::super) const LOGIN: &str = "/login";
/// Path of the account choice.
pub(in super::super) const SELECT: &str = "/select-account";
/// Path of the consent form.
pub(in super::super) const CONSENT: &str = "/consent";

/// Serves the form at `path`.
pub(in super::super) async fn serve<P: Platform>(
    server: &Server<P>,
    exchange: &Exchange<'_>,
    path: &str,
) -> Response {
    exchange.endpoint.set("authorize");
    match exchange.request.method {
        Method::Post => {}
        Method::Get => return sign_in::visit(server, exchange, path).await,
        _ => return method_not_allowed(server, exchange, "GET, HEAD, POST"),
    }
    let form = match Form::of(exchange.request) {
        Ok(form) => form,
        Err(error) => return error_page(server, exchange, error.into()).await,
    };
    if path == LOGIN {
        // Without an application it is the account's.
        if let Some(response) = sign_in::submitted(server, exchange, &form).await {
            return response;
        }
    }
    let scene = match resume(server, exchange, &form, path == LOGIN).await {
        Ok(Resumed::Form(scene)) => *scene,
        Ok(Resumed::Anew(response)) => return response,
        Err(failure) => return error_page(server, exchange, failure).await,
    };
    let target = scene.flow.return_to();
    let done = match (path, form.value("action").unwrap_or_default()) {
        (LOGIN, "cancel") | (CONSENT, "deny") => Err(denied()),
        (LOGIN, _) => log_in(scene, &form).await,
        (SELECT, "continue") => select(scene).await,
        (SELECT | CONSENT, "switch") => scene.login_page(None).await,
        (CONSENT, "allow") => allow(scene).await,
        _ => {
            Err(OAuthError::new(Code::InvalidRequest, Cause::ParameterMalformed, "the form is incomplete")
                .into())
        }
    };
    match done {
        Ok(response) => response,
        Err(failure) => answer::redirect_error(server, exchange, &target, failure),
    }
}

fn denied() -> Failure {
    OAuthError::new(Code::AccessDenied, Cause::AccessDenied, "the person said no").into()
}

async fn log_in<P: Platform>(mut scene: Scene<'_, P>, form: &Form) -> Result<Response, Failure> {
    let name = form.value("username").unwrap_or_default();
    let password = form.value("password").unwrap_or_default();
    let login = if scene.snapshot.login.password {
        login::with_password(scene.server, scene.exchange, Door::Page, name, password).await?
    } else {
        Err(Problem::Wrong)
    };
    let login = match login {
        Ok(login) => login,
        Err(problem) => {
            let problem = refused(scene.exchange, problem);
            scene.username = Some(name.to_owned());
            return scene.login_page(Some(problem)).await;
        }
    };
    enter(scene, login).await
}

/// Notes why a login failed, and says what the page says.
pub(in super::super) fn refused(exchange: &Exchange<'_>, problem: Problem) -> LoginProblem {
    let (problem, code, cause) = match problem {
        Problem::Wrong => (LoginProblem::WrongCredentials, Code::AccessDenied, Cause::PasswordWrong),
        Problem::TooMany => (LoginProblem::TooManyAttempts, Code::AccessDenied, Cause::TooManyAttempts),
        Problem::Busy => (LoginProblem::Busy, Code::TemporarilyUnavailable, Cause::HashingBusy),
    };
    exchange.note_refusal(code, cause);
    problem
}

/// Begins a session for somebody who has proved who they are, and goes on with the flow.
pub(super) async fn enter<P: Platform>(mut scene: Scene<'_, P>, login: Login) -> Result<Response, Failure> {
    let Scene { server, exchange, .. } = scene;
    let places = (scene.snapshot.as_ref(), &scene.browser);
    let begun = Begun::new(server, exchange, places, Some(&scene.client.client_id), login).await?;
    let cookies = begun.cookies(server, exchange).await?;
    scene.flow.login = Some(begun.cookie.sid);
    scene.browser.session = Some(begun.cookie);
    let response = proceed(scene, Some(begun.state), false).await;
    Ok(session::set(server, &cookies, response))
}

async fn select<P: Platform>(mut scene: Scene<'_, P>) -> Result<Response, Failure> {
    scene.flow.selected = true;
    let state =
        scene.browser.session_state(scene.server, scene.exchange, Some(&scene.client.client_id)).await?;
    Ok(proceed(scene, state, false).await)
}

async fn allow<P: Platform>(scene: Scene<'_, P>) -> Result<Response, Failure> {
    let Scene { server, exchange, .. } = scene;
    let state = scene.browser.session_state(server, exchange, Some(&scene.client.client_id)).await?;
    if let Some(state) = &state {
        let (client_id, scopes) = (scene.client.client_id.clone(), scene.flow.asks_for());
        let command = Command::Consent { client_id, scopes, incarnation: scene.flow.incarnation };
        server.subject(state.user.id, &command, exchange.now).await?;
    }
    Ok(proceed(scene, state, true).await)
}
