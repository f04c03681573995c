//! Making an account on the way to an application, where that is open to everybody.

use serde_json::{Map, Value};

use super::browser::Browser;
use super::forms::{LOGIN, enter, refused};
use super::interaction::{Scene, scene};
use super::resume::{Resumed, open_flow, resume};
use super::stale;
use crate::protocol::endpoints::sign_up::{is_open, problem};
use crate::protocol::http::error::{Cause, Code, Failure, OAuthError};
use crate::protocol::http::form::Form;
use crate::protocol::http::{Method, Response};
use crate::protocol::login;
use crate::protocol::login::accounts::{Made, NewAccount};
use crate::protocol::login::{Door, Identifier, Names};
use crate::protocol::pages::{SignUpKind, SignUpPage, SignUpProblem};
use crate::protocol::server::Server;
use crate::protocol::server::ports::Platform;
use crate::protocol::server::request::RequestContext;

/// Path of the form below the issuer.
pub(crate) const SIGN_UP: &str = "/sign-up";

/// Shows the form (GET) or makes the account and goes on with the flow (POST).
pub(crate) async fn sign_up<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    form: &Form,
) -> Result<Response, Failure> {
    if context.request.method == Method::Get {
        let flow = open_flow(server, context, form.value("flow").unwrap_or_default()).await?;
        let flow = flow.anew(context.now).ok_or(stale(Cause::FlowExpired))?;
        let scene = scene(server, context, Browser::of(server, context).await?, flow).await?;
        return page(&scene, None, None).await;
    }
    let mut scene = match resume(server, context, form, true).await? {
        Resumed::Form(scene) => *scene,
        Resumed::Anew(response) => return Ok(response),
    };
    if !is_open(scene.snapshot.login.sign_up) || !scene.snapshot.login.password {
        return Err(
            OAuthError::new(Code::AccessDenied, Cause::AccessDenied, "sign-up is not open here").into()
        );
    }
    let email = form.value("email").unwrap_or_default();
    let names = Names::of(server, context, email, form.value("name")).await?;
    if let Some(problem) = problem(form, &names) {
        return page(&scene, Some(form), Some(problem)).await;
    }
    let identifier = Identifier::for_account(&server.platform, email).filter(Identifier::is_email);
    let Some(identifier) = identifier else {
        return page(&scene, Some(form), Some(SignUpProblem::EmailInvalid)).await;
    };
    if !login::may_try(server, context, email).await? {
        return page(&scene, Some(form), Some(SignUpProblem::TooManyAttempts)).await;
    }
    make(&scene, form, &identifier).await?;
    scene.username = Some(email.to_owned());
    // A new account's password is right; somebody else's isn't, and that is all anybody learns of one that was there before.
    let password = form.value("password").unwrap_or_default();
    match login::with_password(server, context, Door::Page, email, password).await? {
        Ok(login) => enter(scene, login).await,
        Err(problem) => scene.login_page(Some(refused(context, problem))).await,
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
    let password = login::hash_password(scene.server, None, password, scene.context.now).await?;
    let account = NewAccount { login: identifier.as_str().to_owned(), claims, password: Some(password) };
    match scene.server.make_account(account, scene.context.now).await? {
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
