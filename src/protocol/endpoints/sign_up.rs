//! Making an account oneself, and setting a password with a link (an invitation or a reset).
//!
//! Open sign-up never says whether an address has an account already: with one, the page says to sign in, and only a right
//! password lets anybody go on.

use crate::protocol::endpoints::browser::Browser;
use crate::protocol::endpoints::error_page::error_page;
use crate::protocol::endpoints::paths::PASSWORD;
use crate::protocol::endpoints::problems::sign_up_problem;
use crate::protocol::http::error::{Cause, Code, Failure, OAuthError};
use crate::protocol::http::form::Form;
use crate::protocol::http::{Method, Response};
use crate::protocol::login;
use crate::protocol::login::Names;
use crate::protocol::login::link::LinkToken;
use crate::protocol::objects::subject::{SubjectCommand, SubjectReply, User};
use crate::protocol::pages::{FormTarget, PasswordSetPage, SignUpKind, SignUpPage, SignUpProblem};
use crate::protocol::server::Server;
use crate::protocol::server::answer::method_not_allowed;
use crate::protocol::server::ports::Platform;
use crate::protocol::server::request::RequestContext;

fn invalid_link() -> Failure {
    let description = "this link does not work any more; ask for a new one";
    OAuthError::new(Code::InvalidRequest, Cause::LinkInvalid, description).into()
}

/// Serves `/password?token=…`: the form for a password, and what it sends.
pub(crate) async fn serve_link<P: Platform>(server: &Server<P>, context: &RequestContext<'_>) -> Response {
    context.endpoint.set("password");
    let form = match context.request.method {
        Method::Get => Form::parse(context.request.query.as_deref().unwrap_or_default().as_bytes()),
        Method::Post => Form::of(context.request),
        _ => return method_not_allowed(server, context, "GET, HEAD, POST"),
    };
    let done = match form {
        Ok(form) => link(server, context, &form).await,
        Err(error) => Err(error.into()),
    };
    match done {
        Ok(response) => response,
        Err(failure) => error_page(server, context, failure).await,
    }
}

async fn link<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    form: &Form,
) -> Result<Response, Failure> {
    // The token is the link's at first, and travels in the form afterward.
    let text = form.value("token").or(form.value("flow")).ok_or_else(invalid_link)?;
    let keyring = server.keyring_for(text, context.now).await?;
    if !server.snapshot(context.now).await?.login.password {
        return Err(invalid_link());
    }
    let token = LinkToken::parse(&keyring.derived, text).ok_or_else(invalid_link)?;
    let look = SubjectCommand::UseLink { sha256: token.sha256.clone(), password: None };
    let SubjectReply::User(user) = server.subject(token.owner, &look, context.now).await? else {
        return Err(invalid_link());
    };
    let for_administrators = user.link.as_ref().is_some_and(|link| link.for_administrators);
    if !for_administrators && server.snapshot(context.now).await?.is_administrator(token.owner) {
        return Err(invalid_link());
    }
    let browser = Browser::of(server, context).await?;
    if context.request.method == Method::Get {
        return page(server, context, &browser, (text, &user), None).await;
    }
    if !browser.accepts(server, context, text, form.value("csrf").unwrap_or_default()).await? {
        // The link's token proves enough; that the form came from here doesn't show, so the form is shown once more.
        context.note_refusal(Code::Forbidden, Cause::CsrfMismatch);
        let problem = Some(SignUpProblem::PageExpired);
        let shown = page(server, context, &browser, (text, &user), problem).await?;
        return Ok(Response { status: 403, ..shown });
    }
    if let Some(problem) =
        sign_up_problem(&server.platform, form, &Names::of_user(server, context, &user).await?)
    {
        return page(server, context, &browser, (text, &user), Some(problem)).await;
    }
    // Once for each link that is used: the account may have got its role a moment ago.
    if !for_administrators && server.is_administrator(token.owner).await? {
        return Err(invalid_link());
    }
    let password = form.value("password").unwrap_or_default();
    let password = login::hash_password(server, Some(token.owner), password, context.now).await?;
    let command = SubjectCommand::UseLink { sha256: token.sha256, password: Some(password) };
    let SubjectReply::User(_) = server.subject(token.owner, &command, context.now).await? else {
        return Err(invalid_link());
    };
    let snapshot = server.snapshot(context.now).await?;
    let (base, theme) = (server.issuer.path(), &snapshot.branding);
    Ok(PasswordSetPage { base, theme, account: &user.login }.render())
}

async fn page<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    browser: &Browser,
    (flow, user): (&str, &User),
    problem: Option<SignUpProblem>,
) -> Result<Response, Failure> {
    let snapshot = server.snapshot(context.now).await?;
    let csrf = browser.csrf(server, context, flow).await?;
    let base = server.issuer.path();
    let action = format!("{base}{PASSWORD}");
    let page = SignUpPage {
        base,
        theme: &snapshot.branding,
        client: None,
        target: FormTarget { action: &action, flow, csrf: &csrf, form_action: None },
        email: Some(&user.login),
        name: user.claims.get("name").and_then(|name| name.as_str()),
        problem,
        kind: if user.password.is_none() { SignUpKind::Invitation } else { SignUpKind::Reset },
        sign_in_uri: None,
    };
    Ok(browser.remember(server, page.render()))
}

/// Serves `/sign-up`, where everybody may make an account if sign-up is open.
pub(crate) async fn serve<P: Platform>(server: &Server<P>, context: &RequestContext<'_>) -> Response {
    context.endpoint.set("sign_up");
    let form = match context.request.method {
        Method::Get => Form::parse(context.request.query.as_deref().unwrap_or_default().as_bytes()),
        Method::Post => Form::of(context.request),
        _ => return method_not_allowed(server, context, "GET, HEAD, POST"),
    };
    let done = match form {
        Ok(form) => crate::protocol::endpoints::authorize::sign_up::sign_up(server, context, &form).await,
        Err(error) => Err(error.into()),
    };
    match done {
        Ok(response) => response,
        Err(failure) => error_page(server, context, failure).await,
    }
}
