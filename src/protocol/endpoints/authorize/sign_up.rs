//! Making an account on the way to an application, where that is open to everybody.

use serde_json::{Map, Value};

use super::super::sign_up::{is_open, problem};
use super::browser::Browser;
use super::forms::{LOGIN, enter, refused};
use super::interaction::{Scene, scene};
use super::resume::{Resumed, open_flow, resume};
use super::stale;
use crate::protocol::accounts::{Made, NewAccount};
use crate::protocol::error::{Cause, Code, Failure, OAuthError};
use crate::protocol::form::Form;
use crate::protocol::http::{Method, Response};
use crate::protocol::log::Exchange;
use crate::protocol::login::{self, Door, Identifier, Names};
use crate::protocol::pages::{SignUpKind, SignUpPage, SignUpProblem};
use crate::protocol::ports::Platform;
use crate::protocol::server::Server;

/// Path of the form below the issuer.
pub(in super::super) const SIGN_UP: &str = "/sign-up";

/// Shows the form (GET) or makes the account and goes on with the flow (POST).
pub(in super::super) async fn sign_up<P: Platform>(
    server: &Server<P>,
    exchange: &Exchange<'_>,
    form: &Form,
) -> Result<Response, Failure> {
    if exchange.request.method == Method::Get {
        let flow = open_flow(server, exchange, form.value("flow").unwrap_or_default()).await?;
        let flow = flow.anew(exchange.now).ok_or(stale(Cause::FlowExpired))?;
        let scene = scene(server, exchange, Browser::of(server, exchange).await?, flow).await?;
        return page(&scene, None, None).await;
    }
    let mut scene = match resume(server, exchange, form, true).await? {
        Resumed::Form(scene) => *scene,
        Resumed::Anew(response) => return Ok(response),
    };
    if !is_open(scene.snapshot.login.sign_up) || !scene.snapshot.login.password {
        return Err(
            OAuthError::new(Code::AccessDenied, Cause::AccessDenied, "sign-up is not open here").into()
        );
    }
    let email = form.value("email").unwrap_or_default();
    let names = Names::of(server, exchange, email, form.value("name")).await?;
    if let Some(problem) = problem(form, &names) {
        return page(&scene, Some(form), Some(problem)).await;
    }
    let identifier = Identifier::for_account(&server.platform, email).filter(Identifier::is_email);
    let Some(identifier) = identifier else {
        return page(&scene, Some(form), Some(SignUpProblem::EmailInvalid)).await;
    };
    if !login::may_try(server, exchange, email).await? {
        return page(&scene, Some(form), Some(SignUpProblem::TooManyAttempts)).await;
    }
    make(&scene, form, &identifier).await?;
    scene.username = Some(email.to_owned());
    // A new account's password is right; somebody else's isn't, and that is all anybody learns of one that was there before.
    let password = form.value("password").unwrap_or_default();
    match login::with_password(server, exchange, Door::Page, email, password).await? {
        Ok(login) => enter(scene, login).await,
        Err(problem) => scene.login_page(Some(refused(exchange, problem))).await,
    }
}

async fn make<P: Platform>(
    scene: &Scene<'_, P>,
    form: &Form,
    identifier: &Identifier,
) -> Result<(), Failure> {
    let mut claims = Map::new();
    // As it was typed, where that differs by case only.
    let typed = form.value("email").unwrap_or_default().trim();
    let email = if typed.is_ascii() { typed } else { identifier.as_str() };
    claims.insert("email".to_owned(), email.into());
    claims.insert("email_verified".to_owned(), Value::Bool(false));
    if let Some(name) = form.value("name").filter(|name| name.len() <= 256) {
        claims.insert("name".to_owned(), name.into());
    }
    let password = form.value("password").unwrap_or_default();
    let password = login::hash_password(scene.server, None, password, scene.exchange.now).await?;
    let account = NewAccount { login: identifier.as_str().to_owned(), claims, password: Some(password) };
    match scene.server.make_account(account, scene.exchange.now).await? {
        Made::User(_) | Made::Taken | Made::Malformed => Ok(()),
    }
}

pub(super) async fn page<P: Platform>(
    scene: &Scene<'_, P>,
    form: Option<&Form>,
    problem: Option<SignUpProblem>,
) -> Result<Response, Failure> {
    if !is_open(scene.snapshot.login.sign_up) {
        return Err(
            OAuthError::new(Code::AccessDenied, Cause::AccessDenied, "sign-up is not open here").into()
        );
    }
    let value = |name| form.and_then(|form| form.value(name));
    let sealed = scene.sealed_flow(&scene.flow.without_create()).await?;
    let sign_in_uri = format!("{}{LOGIN}?flow={sealed}", scene.server.issuer.path());
    let page = scene.page(SIGN_UP, |target| {
        SignUpPage {
            base: scene.server.issuer.path(),
            theme: &scene.snapshot.branding,
            client: Some(scene.face()),
            target,
            email: value("email").or(scene.flow.login_hint.as_deref()),
            name: value("name"),
            problem,
            kind: SignUpKind::OpenSignUp,
            sign_in_uri: Some(&sign_in_uri),
        }
        .render()
    });
    let page = page.await?;
    Ok(scene.browser.remember(scene.server, page))
}
