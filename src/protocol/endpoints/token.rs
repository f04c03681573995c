//! The token endpoint (RFC 6749 §3.2): a list of steps, each of which may refuse.

use futures_util::future::FutureExt as _;

use super::super::budget::Question;
use super::super::client_auth::{AuthenticatedClient, authenticate};
use super::super::directory::Found;
use super::super::error::{Cause, Failure, OAuthError, ServerError};
use super::super::federation::use_up;
use super::super::form::Form;
use super::super::grants::dispatch;
use super::super::http::{Method, Response};
use super::super::issue::{TokenResponse, issue};
use super::super::log::Exchange;
use super::super::ports::Platform;
use super::super::server::Server;
use super::{cors, method_not_allowed};

pub(super) async fn serve<P: Platform>(server: &Server<P>, exchange: &Exchange<'_>) -> Response {
    exchange.endpoint.set("token");
    match exchange.request.method {
        Method::Post => {}
        Method::Options => return cors::preflight(server, exchange).boxed_local().await,
        Method::Get | Method::Head | Method::Put | Method::Patch | Method::Delete | Method::Other => {
            return method_not_allowed(server, exchange, "POST, OPTIONS");
        }
    }
    match exchange_token(server, exchange).await.and_then(answer) {
        Ok((client, response)) => cors::for_client(response, exchange, &client),
        Err(failure) => {
            let response = exchange.fail(server.issuer.as_str(), failure);
            cors::for_error(response, server, exchange).boxed_local().await
        }
    }
}

async fn exchange_token<P: Platform>(
    server: &Server<P>,
    exchange: &Exchange<'_>,
) -> Result<(AuthenticatedClient, TokenResponse), Failure> {
    let form = Form::of(exchange.request)?;
    form.require("grant_type", "grant_type is missing")?;
    match attempt(server, exchange, &form).await {
        Err(Failure::OAuth(error)) if error.cause.may_be_outdated_policy() => {
            retry_with_newer_policy(server, exchange, &form, error).boxed_local().await
        }
        other => other,
    }
}

async fn attempt<P: Platform>(
    server: &Server<P>,
    exchange: &Exchange<'_>,
    form: &Form,
) -> Result<(AuthenticatedClient, TokenResponse), Failure> {
    let client = authenticate(server, exchange, form).await?;
    match decide(server, exchange, client.clone(), form).await {
        Err(Failure::OAuth(error)) if error.cause.may_be_outdated() => {
            retry_with_newer_client(server, exchange, &client, form, error).boxed_local().await
        }
        other => other,
    }
}

/// What is known of trusted issuers and rules may be a minute old, too.
async fn retry_with_newer_policy<P: Platform>(
    server: &Server<P>,
    exchange: &Exchange<'_>,
    form: &Form,
    error: OAuthError,
) -> Result<(AuthenticatedClient, TokenResponse), Failure> {
    let question = Question { sender: exchange.address(), subject: None };
    if server.reread_snapshot(question, exchange.now).await? {
        return attempt(server, exchange, form).await;
    }
    Err(error.into())
}

async fn decide<P: Platform>(
    server: &Server<P>,
    exchange: &Exchange<'_>,
    client: AuthenticatedClient,
    form: &Form,
) -> Result<(AuthenticatedClient, TokenResponse), Failure> {
    let granted = dispatch(server, exchange, client.clone(), form).await?;
    use_up(server, exchange).await?;
    let issued = issue(server, exchange, &client, granted).await?;
    Ok((client, issued))
}

/// What is known of the client may be a minute old; if the Control object knows it otherwise, the answer may be too.
async fn retry_with_newer_client<P: Platform>(
    server: &Server<P>,
    exchange: &Exchange<'_>,
    known: &AuthenticatedClient,
    form: &Form,
    error: OAuthError,
) -> Result<(AuthenticatedClient, TokenResponse), Failure> {
    let (sender, now) = (exchange.address(), exchange.now);
    let reread = server.reread_client(&known.client_id, sender, now).await?;
    let mut has_changed = matches!(reread, Found::Client(current) if *current != **known);
    if error.cause == Cause::ClientOutdated {
        let question = Question { sender, subject: Some(&known.client_id) };
        has_changed |= server.reread_snapshot(question, now).await?;
    }
    if !has_changed {
        return Err(error.into());
    }
    let client = authenticate(server, exchange, form).await?;
    decide(server, exchange, client, form).await
}

fn answer(issued: (AuthenticatedClient, TokenResponse)) -> Result<(AuthenticatedClient, Response), Failure> {
    let body = serde_json::to_string(&issued.1).map_err(|error| ServerError::internal(error.to_string()))?;
    Ok((issued.0, Response::json_no_store(200, body)))
}
