//! The token endpoint (RFC 6749 §3.2): a list of steps, each of which may refuse.

use crate::protocol::server::answer::method_not_allowed;
use futures_util::future::FutureExt as _;

use super::cors;
use crate::protocol::client_auth::{AuthenticatedClient, authenticate};
use crate::protocol::federation::use_up;
use crate::protocol::grants::dispatch;
use crate::protocol::http::error::{Cause, Failure, OAuthError, ServerError};
use crate::protocol::http::form::Form;
use crate::protocol::http::{Method, Response};
use crate::protocol::issue::{TokenResponse, issue};
use crate::protocol::server::Server;
use crate::protocol::server::budget::Question;
use crate::protocol::server::lookup::Found;
use crate::protocol::server::ports::Platform;
use crate::protocol::server::request::RequestContext;

pub(crate) async fn serve<P: Platform>(server: &Server<P>, context: &RequestContext<'_>) -> Response {
    context.endpoint.set("token");
    match context.request.method {
        Method::Post => {}
        Method::Options => return cors::preflight(server, context).boxed_local().await,
        Method::Get | Method::Head | Method::Put | Method::Patch | Method::Delete | Method::Other => {
            return method_not_allowed(server, context, "POST, OPTIONS");
        }
    }
    match exchange_token(server, context).await.and_then(answer) {
        Ok((client, response)) => cors::for_client(response, context, &client),
        Err(failure) => {
            let response = context.fail(server.issuer.as_str(), failure);
            cors::for_error(response, server, context).boxed_local().await
        }
    }
}

async fn exchange_token<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
) -> Result<(AuthenticatedClient, TokenResponse), Failure> {
    let form = Form::of(context.request)?;
    form.require("grant_type", "grant_type is missing")?;
    match attempt(server, context, &form).await {
        Err(Failure::OAuth(error)) if error.cause.may_be_outdated_policy() => {
            retry_with_newer_policy(server, context, &form, error).boxed_local().await
        }
        other => other,
    }
}

async fn attempt<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    form: &Form,
) -> Result<(AuthenticatedClient, TokenResponse), Failure> {
    let client = authenticate(server, context, form).await?;
    match decide(server, context, client.clone(), form).await {
        Err(Failure::OAuth(error)) if error.cause.may_be_outdated() => {
            retry_with_newer_client(server, context, &client, form, error).boxed_local().await
        }
        other => other,
    }
}

/// What is known of trusted issuers and rules may be a minute old, too.
async fn retry_with_newer_policy<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    form: &Form,
    error: OAuthError,
) -> Result<(AuthenticatedClient, TokenResponse), Failure> {
    let question = Question { sender: context.address(), subject: None };
    if server.reread_snapshot(question, context.now).await? {
        return attempt(server, context, form).await;
    }
    Err(error.into())
}

async fn decide<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    client: AuthenticatedClient,
    form: &Form,
) -> Result<(AuthenticatedClient, TokenResponse), Failure> {
    let granted = dispatch(server, context, client.clone(), form).await?;
    use_up(server, context).await?;
    let issued = issue(server, context, &client, granted).await?;
    Ok((client, issued))
}

/// What is known of the client may be a minute old; if the Control object knows it otherwise, the answer may be too.
async fn retry_with_newer_client<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    known: &AuthenticatedClient,
    form: &Form,
    error: OAuthError,
) -> Result<(AuthenticatedClient, TokenResponse), Failure> {
    let (sender, now) = (context.address(), context.now);
    let reread = server.reread_client(&known.client_id, sender, now).await?;
    let mut has_changed = matches!(reread, Found::Client(current) if *current != **known);
    if error.cause == Cause::ClientOutdated {
        let question = Question { sender, subject: Some(&known.client_id) };
        has_changed |= server.reread_snapshot(question, now).await?;
    }
    if !has_changed {
        return Err(error.into());
    }
    let client = authenticate(server, context, form).await?;
    decide(server, context, client, form).await
}

fn answer(issued: (AuthenticatedClient, TokenResponse)) -> Result<(AuthenticatedClient, Response), Failure> {
    let body = serde_json::to_string(&issued.1).map_err(|error| ServerError::internal(error.to_string()))?;
    Ok((issued.0, Response::json_no_store(200, body)))
}
