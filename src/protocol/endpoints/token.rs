//! The token endpoint (RFC 6749 §3.2): a list of steps, each of which may refuse.
//!
//! A client is authenticated by `client_auth`, a grant decides in `grants`, the token is made by `issue`. A refusal that may come
//! from knowledge up to 60 s old is tried once more with what is known now.

use crate::protocol::server::answer::method_not_allowed;
use std::rc::Rc;

use futures_util::future::FutureExt as _;

use super::cors;
use crate::protocol::client_auth::{AuthenticatedClient, authenticate};
use crate::protocol::federation::use_up;
use crate::protocol::grants::{GrantRequest, dispatch};
use crate::protocol::http::error::{Failure, Stale};
use crate::protocol::http::form::Form;
use crate::protocol::http::json::to_json;
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
    match tokens(server, context).await.and_then(answer) {
        Ok((client, response)) => cors::for_client(response, context, &client),
        Err(failure) => {
            let response = context.fail(server.issuer.as_str(), failure);
            cors::for_error(response, server, context).boxed_local().await
        }
    }
}

/// Authenticates, decides and mints; again with newer knowledge, if that may turn a refusal around.
async fn tokens<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
) -> Result<(AuthenticatedClient, TokenResponse), Failure> {
    let form = Form::of(context.request)?;
    form.require("grant_type", "grant_type is missing")?;
    let mut renewed = Vec::new();
    loop {
        let mut client = None;
        let error = match attempt(server, context, &form, &mut client).await {
            Err(Failure::OAuth(error)) => error,
            other => return other,
        };
        let stale = error.cause.stale().filter(|stale| !renewed.contains(stale));
        match stale {
            Some(stale) if renew(server, context, client, stale).boxed_local().await? => renewed.push(stale),
            _ => return Err(error.into()),
        }
    }
}

/// One attempt with what is known now. `authenticated` is who asked, once that is known.
async fn attempt<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    form: &Form,
    authenticated: &mut Option<AuthenticatedClient>,
) -> Result<(AuthenticatedClient, TokenResponse), Failure> {
    let client = authenticate(server, context, form).await?;
    *authenticated = Some(client.clone());
    let snapshot = server.snapshot_for(&client, context.now).await?;
    let request =
        GrantRequest { server, context, client: client.clone(), snapshot: Rc::clone(&snapshot), form };
    let granted = dispatch(request).await?;
    use_up(server, context).await?;
    let issued = issue(server, context, &client, &snapshot, granted).await?;
    Ok((client, issued))
}

/// Asks the Control object whether what is known is out of date, within a budget. Returns whether anything has changed.
async fn renew<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    client: Option<AuthenticatedClient>,
    stale: Stale,
) -> Result<bool, Failure> {
    let (sender, now) = (context.address(), context.now);
    let mut has_changed = false;
    if let (Stale::Client | Stale::ClientAndPolicy, Some(known)) = (stale, &client) {
        let current = server.reread_client(&known.client_id, sender, now).await?;
        has_changed = matches!(current, Found::Client(current) if *current != **known);
    }
    let subject = match (stale, &client) {
        (Stale::Policy, _) => None,
        (Stale::ClientAndPolicy, Some(client)) => Some(client.client_id.as_str()),
        (Stale::Client, _) | (Stale::ClientAndPolicy, None) => return Ok(has_changed),
    };
    Ok(has_changed | server.reread_snapshot(Question { sender, subject }, now).await?)
}

fn answer(issued: (AuthenticatedClient, TokenResponse)) -> Result<(AuthenticatedClient, Response), Failure> {
    let body = to_json(&issued.1)?;
    Ok((issued.0, Response::json_no_store(200, body)))
}
