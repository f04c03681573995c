//! What the pages of a flow send back: login, choice of account, consent.

use super::browser::session_hash;
use super::interaction::{Scene, proceed, resume};
use super::{answer, method_not_allowed};
use crate::protocol::cookies::Cookie;
use crate::protocol::error::{Cause, Code, Failure, OAuthError, ServerError};
use crate::protocol::form::Form;
use crate::protocol::http::{Headers, Method, Response};
use crate::protocol::id::Id;
use crate::protocol::log::Exchange;
use crate::protocol::login::{self, DEVICE_LIFETIME, Door, Login, Problem};
use crate::protocol::objects::subject::{Command, NewSession, Reply, SessionState};
use crate::protocol::pages::LoginProblem;
use crate::protocol::ports::Platform;
use crate::protocol::refresh_token::SessionCookie;
use crate::protocol::secret::SecretBytes;
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
    if exchange.request.method != Method::Post {
        return method_not_allowed(server, exchange, "POST");
    }
    let resumed = match Form::of(exchange.request) {
        Ok(form) => resume(server, exchange, &form).await.map(|scene| (form, scene)),
        Err(error) => Err(error.into()),
    };
    let (form, scene) = match resumed {
        Ok(resumed) => resumed,
        Err(failure) => return answer::error_page(server, exchange, failure).await,
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

async fn log_in<P: Platform>(scene: Scene<'_, P>, form: &Form) -> Result<Response, Failure> {
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
            let (problem, cause) = match problem {
                Problem::Wrong => (LoginProblem::WrongCredentials, Cause::PasswordWrong),
                Problem::TooMany => (LoginProblem::TooManyAttempts, Cause::TooManyAttempts),
            };
            scene.exchange.note_refusal(Code::AccessDenied, cause);
            return scene.login_page(Some(problem)).await;
        }
    };
    enter(scene, login).await
}

/// Begins a session for somebody who has proved who they are, and goes on with the flow.
pub(super) async fn enter<P: Platform>(mut scene: Scene<'_, P>, login: Login) -> Result<Response, Failure> {
    let Scene { server, exchange, .. } = scene;
    let device = login.device.clone();
    let (cookie, state) = start_session(&scene, login).await?;
    let keyring = server.any_keyring(exchange.now).await?;
    let value = cookie.to_wire(&keyring.derived.session);
    let absolute = scene.snapshot.sessions.absolute;
    scene.flow.login = Some(cookie.sid);
    scene.browser.session = Some(cookie);
    let response = proceed(scene, Some(state), false).await;
    let response = Cookie::Session.set(&server.issuer, response, &value, Some(absolute));
    Ok(Cookie::Device.set(&server.issuer, response, &device, Some(DEVICE_LIFETIME)))
}

/// A new session with a new name: what was in the browser before is never reused.
async fn start_session<P: Platform>(
    scene: &Scene<'_, P>,
    login: Login,
) -> Result<(SessionCookie, SessionState), Failure> {
    let Scene { server, exchange, snapshot, .. } = scene;
    let owner = login.user.id;
    let old = scene.browser.session.as_ref();
    if let Some(other) = old.filter(|old| old.owner != owner) {
        end_session(server, exchange, other).await?;
    }
    // The same person again: the session keeps the name that clients know it by, and its cookie gets a new secret.
    let again = match old.filter(|old| old.owner == owner) {
        Some(old) => scene.browser.session_state(server, exchange, None).await?.map(|_| old.sid),
        None => None,
    };
    let cookie = SessionCookie {
        owner,
        sid: again.unwrap_or_else(|| Id::generate(&server.platform)),
        secret: SecretBytes::generate(&server.platform),
    };
    let session = NewSession {
        sid: cookie.sid,
        sha256: session_hash(&cookie),
        auth: login.auth,
        idle: snapshot.sessions.idle,
        absolute: snapshot.sessions.absolute,
        label: label(&exchange.request.headers),
        client_id: Some(scene.client.client_id.clone()),
    };
    match server.subject(owner, &Command::StartSession(Box::new(session)), exchange.now).await? {
        Reply::Session(state) => Ok((cookie, *state)),
        _ => Err(denied()),
    }
}

/// Somebody else logs in with this browser: the session before them ends. Its cookie has to be right for that.
async fn end_session<P: Platform>(
    server: &Server<P>,
    exchange: &Exchange<'_>,
    cookie: &SessionCookie,
) -> Result<(), ServerError> {
    let look = Command::Session { sid: cookie.sid, sha256: session_hash(cookie), client_id: None };
    if let Reply::Session(_) = server.subject(cookie.owner, &look, exchange.now).await? {
        let end = Command::EndSessions { sid: Some(cookie.sid) };
        server.subject(cookie.owner, &end, exchange.now).await?;
    }
    Ok(())
}

/// What kind of browser it is, in a few words; nothing of the header itself is kept.
fn label(headers: &Headers) -> String {
    let agent = headers.user_agent.as_deref().unwrap_or_default();
    let find = |names: &[(&str, &'static str)]| {
        names.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name)
    };
    let browser = find(&[
        ("Edg/", "Edge"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
    ]);
    let system = find(&[
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => "Unknown browser".to_owned(),
    }
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
        let command =
            Command::Consent { client_id: scene.client.client_id.clone(), scopes: scene.flow.asks_for() };
        server.subject(state.user.id, &command, exchange.now).await?;
    }
    Ok(proceed(scene, state, true).await)
}
