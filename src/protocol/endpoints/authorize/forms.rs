//! What the pages of a flow send back: login, choice of account, consent.

use super::answer;
use super::interaction::{Scene, proceed};
use super::resume::{Resumed, resume};
use super::session;
use super::session::Begun;
use super::{error_page, method_not_allowed, sign_in};
use crate::protocol::http::error::{Cause, Code, Failure, OAuthError};
use crate::protocol::http::form::Form;
use crate::protocol::http::{Method, Response};
use crate::protocol::login;
use crate::protocol::login::{Door, Login, Problem};
use crate::protocol::objects::subject::Command;
use crate::protocol::pages::LoginProblem;
use crate::protocol::server::Server;
use crate::protocol::server::ports::Platform;
use crate::protocol::server::request::RequestContext;

/// Path of the login form below the issuer.
pub(crate) const LOGIN: &str = "/login";
/// Path of the account choice.
pub(crate) const SELECT: &str = "/select-account";
/// Path of the consent form.
pub(crate) const CONSENT: &str = "/consent";

/// Serves the form at `path`.
pub(crate) async fn serve<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    path: &str,
) -> Response {
    context.endpoint.set("authorize");
    match context.request.method {
        Method::Post => {}
        Method::Get => return sign_in::visit(server, context, path).await,
        _ => return method_not_allowed(server, context, "GET, HEAD, POST"),
    }
    let form = match Form::of(context.request) {
        Ok(form) => form,
        Err(error) => return error_page(server, context, error.into()).await,
    };
    if path == LOGIN {
        // Without an application it is the account's.
        if let Some(response) = sign_in::submitted(server, context, &form).await {
            return response;
        }
    }
    let scene = match resume(server, context, &form, path == LOGIN).await {
        Ok(Resumed::Form(scene)) => *scene,
        Ok(Resumed::Anew(response)) => return response,
        Err(failure) => return error_page(server, context, failure).await,
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
        Err(failure) => answer::redirect_error(server, context, &target, failure),
    }
}

fn denied() -> Failure {
    OAuthError::new(Code::AccessDenied, Cause::AccessDenied, "the person said no").into()
}

async fn log_in<P: Platform>(mut scene: Scene<'_, P>, form: &Form) -> Result<Response, Failure> {
    let name = form.value("username").unwrap_or_default();
    let password = form.value("password").unwrap_or_default();
    let login = if scene.snapshot.login.password {
        login::with_password(scene.server, scene.context, Door::Page, name, password).await?
    } else {
        Err(Problem::Wrong)
    };
    let login = match login {
        Ok(login) => login,
        Err(problem) => {
            let problem = refused(scene.context, problem);
            scene.username = Some(name.to_owned());
            return scene.login_page(Some(problem)).await;
        }
    };
    enter(scene, login).await
}

/// Notes why a login failed, and says what the page says.
pub(crate) fn refused(context: &RequestContext<'_>, problem: Problem) -> LoginProblem {
    let (problem, code, cause) = match problem {
        Problem::Wrong => (LoginProblem::WrongCredentials, Code::AccessDenied, Cause::PasswordWrong),
        Problem::TooMany => (LoginProblem::TooManyAttempts, Code::AccessDenied, Cause::TooManyAttempts),
        Problem::Busy => (LoginProblem::Busy, Code::TemporarilyUnavailable, Cause::HashingBusy),
    };
    context.note_refusal(code, cause);
    problem
}

/// Begins a session for somebody who has proved who they are, and goes on with the flow.
pub(super) async fn enter<P: Platform>(mut scene: Scene<'_, P>, login: Login) -> Result<Response, Failure> {
    let Scene { server, context, .. } = scene;
    let places = (scene.snapshot.as_ref(), &scene.browser);
    let begun = Begun::new(server, context, places, Some(&scene.client.client_id), login).await?;
    let cookies = begun.cookies(server, context).await?;
    scene.flow.login = Some(begun.cookie.sid);
    scene.browser.session = Some(begun.cookie);
    let response = proceed(scene, Some(begun.state), false).await;
    Ok(session::set(server, &cookies, response))
}

async fn select<P: Platform>(mut scene: Scene<'_, P>) -> Result<Response, Failure> {
    scene.flow.selected = true;
    let state =
        scene.browser.session_state(scene.server, scene.context, Some(&scene.client.client_id)).await?;
    Ok(proceed(scene, state, false).await)
}

async fn allow<P: Platform>(scene: Scene<'_, P>) -> Result<Response, Failure> {
    let Scene { server, context, .. } = scene;
    let state = scene.browser.session_state(server, context, Some(&scene.client.client_id)).await?;
    if let Some(state) = &state {
        let (client_id, scopes) = (scene.client.client_id.clone(), scene.flow.asks_for());
        let command = Command::Consent { client_id, scopes, incarnation: scene.flow.incarnation };
        server.subject(state.user.id, &command, context.now).await?;
    }
    Ok(proceed(scene, state, true).await)
}
