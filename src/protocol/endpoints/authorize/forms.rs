//! The endpoints that take the forms of a flow's pages: login, choice of account, consent.
//!
//! Each resumes the flow, carries the form out, and lets `next` decide what comes then.

use super::answer;
use super::resume::{Resumed, resume};
use super::session;
use super::session::Begun;
use crate::protocol::endpoints::authorize::interaction::Interaction;
use crate::protocol::endpoints::authorize::next::proceed;
use crate::protocol::endpoints::error_page::error_page;
use crate::protocol::endpoints::paths::{CONSENT, LOGIN, SELECT};
use crate::protocol::endpoints::problems::login_problem;
use crate::protocol::endpoints::sign_in;
use crate::protocol::http::error::{Cause, Code, Failure, OAuthError};
use crate::protocol::http::form::Form;
use crate::protocol::http::{Method, Response};
use crate::protocol::login;
use crate::protocol::login::{Door, Login, Problem};
use crate::protocol::objects::subject::SubjectCommand;
use crate::protocol::server::Server;
use crate::protocol::server::answer::method_not_allowed;
use crate::protocol::server::ports::Platform;
use crate::protocol::server::request::RequestContext;

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
    let interaction = match resume(server, context, &form, path == LOGIN).await {
        Ok(Resumed::Form(interaction)) => *interaction,
        Ok(Resumed::Anew(response)) => return response,
        Err(failure) => return error_page(server, context, failure).await,
    };
    let target = interaction.flow.return_to();
    let done = match (path, form.value("action").unwrap_or_default()) {
        (LOGIN, "cancel") | (CONSENT, "deny") => Err(denied()),
        (LOGIN, _) => log_in(interaction, &form).await,
        (SELECT, "continue") => select(interaction).await,
        (SELECT | CONSENT, "switch") => interaction.login_page(None).await,
        (CONSENT, "allow") => allow(interaction).await,
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

async fn log_in<P: Platform>(mut interaction: Interaction<'_, P>, form: &Form) -> Result<Response, Failure> {
    let name = form.value("username").unwrap_or_default();
    let password = form.value("password").unwrap_or_default();
    let login = if interaction.snapshot.login.password {
        login::with_password(interaction.server, interaction.context, Door::Page, name, password).await?
    } else {
        Err(Problem::Wrong)
    };
    let login = match login {
        Ok(login) => login,
        Err(problem) => {
            let problem = login_problem(interaction.context, problem);
            interaction.username = Some(name.to_owned());
            return interaction.login_page(Some(problem)).await;
        }
    };
    enter(interaction, login).await
}

/// Begins a session for somebody who has proved who they are, and goes on with the flow.
pub(super) async fn enter<P: Platform>(
    mut interaction: Interaction<'_, P>,
    login: Login,
) -> Result<Response, Failure> {
    let Interaction { server, context, .. } = interaction;
    let places = (interaction.snapshot.as_ref(), &interaction.browser);
    let begun = Begun::new(server, context, places, Some(&interaction.client.client_id), login).await?;
    let cookies = begun.cookies(server, context).await?;
    interaction.flow.login = Some(begun.cookie.sid);
    interaction.browser.session = Some(begun.cookie);
    let response = proceed(interaction, Some(begun.state), false).await;
    Ok(session::set(server, &cookies, response))
}

async fn select<P: Platform>(mut interaction: Interaction<'_, P>) -> Result<Response, Failure> {
    interaction.flow.selected = true;
    let state = interaction
        .browser
        .session_state(interaction.server, interaction.context, Some(&interaction.client.client_id))
        .await?;
    Ok(proceed(interaction, state, false).await)
}

async fn allow<P: Platform>(mut interaction: Interaction<'_, P>) -> Result<Response, Failure> {
    let Interaction { server, context, .. } = interaction;
    let state =
        interaction.browser.session_state(server, context, Some(&interaction.client.client_id)).await?;
    // The document may have changed while the page was open: what was shown is what is permitted.
    if interaction.flow.document != interaction.document() {
        return Ok(proceed(interaction, state, false).await);
    }
    if let Some(state) = &state {
        interaction.meet(state.user.id).await?;
        let (client_id, scopes) = (interaction.client.client_id.clone(), interaction.asks_for());
        let command = SubjectCommand::Consent {
            client_id,
            scopes,
            incarnation: interaction.flow.incarnation,
            document: interaction.document(),
        };
        server.subject(state.user.id, &command, context.now).await?;
    }
    Ok(proceed(interaction, state, true).await)
}
