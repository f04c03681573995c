//! The token endpoint (RFC 6749 §3.2): a list of steps, each of which may refuse.

use futures_util::future::FutureExt as _;

use super::super::client_auth::{AuthenticatedClient, authenticate};
use super::super::directory::Found;
use super::super::error::{Failure, OAuthError, ServerError};
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
    if server.reread_snapshot(exchange.now).await? {
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
    Ok((client, issue(server, exchange, granted).await?))
}

/// What is known of the client may be a minute old; if the Control object knows it otherwise, the answer may be too.
async fn retry_with_newer_client<P: Platform>(
    server: &Server<P>,
    exchange: &Exchange<'_>,
    known: &AuthenticatedClient,
    form: &Form,
    error: OAuthError,
) -> Result<(AuthenticatedClient, TokenResponse), Failure> {
    match server.reread_client(&known.client_id, exchange.now).await? {
        Found::Client(current) if *current != **known => {
            let client = authenticate(server, exchange, form).await?;
            decide(server, exchange, client, form).await
        }
        Found::Client(_) | Found::None(_) => Err(error.into()),
    }
}

fn answer(issued: (AuthenticatedClient, TokenResponse)) -> Result<(AuthenticatedClient, Response), Failure> {
    let body = serde_json::to_string(&issued.1).map_err(|error| ServerError::internal(error.to_string()))?;
    Ok((issued.0, Response::json_no_store(200, body)))
}
