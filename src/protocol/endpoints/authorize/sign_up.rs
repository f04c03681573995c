//! Making an account on the way to an application, where that is open to everybody. `endpoints::sign_up` does it without one.

use crate::protocol::endpoints::authorize::interaction::{Interaction, interaction, stale};
use crate::protocol::endpoints::authorize::sign_up_page::sign_up_page;
use crate::protocol::endpoints::browser::Browser;
use crate::protocol::endpoints::problems::{login_problem, sign_up_problem};
use serde_json::{Map, Value};

use super::forms::enter;
use super::resume::{Resumed, open_flow, resume};
use crate::protocol::http::error::{Cause, Code, Failure, OAuthError};
use crate::protocol::http::form::Form;
use crate::protocol::http::{Method, Response};
use crate::protocol::login;
use crate::protocol::login::accounts::{Made, NewAccount};
use crate::protocol::login::{Identifier, Names};
use crate::protocol::model::user_id::UserId;
use crate::protocol::pages::SignUpProblem;
use crate::protocol::server::Server;
use crate::protocol::server::ports::Platform;
use crate::protocol::server::request::RequestContext;

/// Shows the form (GET) or makes the account and goes on with the flow (POST).
pub(crate) async fn sign_up<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    form: &Form,
) -> Result<Response, Failure> {
    if context.request.method == Method::Get {
        let flow = open_flow(server, context, form.value("flow").unwrap_or_default()).await?;
        let flow = flow.anew(context.now).ok_or(stale(Cause::FlowExpired))?;
        let interaction = interaction(server, context, Browser::of(server, context).await?, flow).await?;
        return sign_up_page(&interaction, None, None).await;
    }
    let mut interaction = match resume(server, context, form, true).await? {
        Resumed::Form(interaction) => *interaction,
        Resumed::Anew(response) => return Ok(response),
    };
    if !interaction.snapshot.login.sign_up.is_open() || !interaction.snapshot.login.password {
        return Err(
            OAuthError::new(Code::AccessDenied, Cause::AccessDenied, "sign-up is not open here").into()
        );
    }
    let email = form.value("email").unwrap_or_default();
    let names = Names::of(server, context, email, form.value("name")).await?;
    if let Some(problem) = sign_up_problem(&server.platform, form, &names) {
        return sign_up_page(&interaction, Some(form), Some(problem)).await;
    }
    let identifier = Identifier::for_account(&server.platform, email).filter(Identifier::is_email);
    let Some(identifier) = identifier else {
        return sign_up_page(&interaction, Some(form), Some(SignUpProblem::EmailInvalid)).await;
    };
    let Some(counted) = login::before_sign_up(server, context, email).await? else {
        return sign_up_page(&interaction, Some(form), Some(SignUpProblem::TooManyAttempts)).await;
    };
    let owner = make(&interaction, form, &identifier).await?;
    interaction.username = Some(email.to_owned());
    // A new account's password is right; somebody else's isn't, and that is all anybody learns of one that was there before.
    let password = form.value("password").unwrap_or_default();
    match login::after_sign_up(server, context, &counted, owner, password).await? {
        Ok(login) => enter(interaction, login).await,
        Err(problem) => interaction.login_page(Some(login_problem(context, problem))).await,
    }
}

/// Makes the account, unless there is one. Returns the user who has the identifier.
async fn make<P: Platform>(
    interaction: &Interaction<'_, P>,
    form: &Form,
    identifier: &Identifier,
) -> Result<Option<UserId>, Failure> {
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
    let password = login::hash_password(interaction.server, None, password, interaction.context.now).await?;
    let account = NewAccount { login: identifier.as_str().to_owned(), claims, password: Some(password) };
    match interaction.server.make_account(account, interaction.context.now).await? {
        Made::User(user) => Ok(Some(user.id)),
        // Maybe by the same form, sent twice.
        Made::Taken => Ok(interaction.server.holder_of(identifier, interaction.context.now).await?),
        Made::Malformed => Ok(None),
    }
}
