//! Pushed authorization requests (RFC 9126): the client sends its request by itself, authenticated, and the browser brings
//! only a reference to it. The reference works once, for that client, for [`LIFETIME`] seconds.
//! What a public client pushes is counted per address, and too much is a 429 (§2.3).

use crate::protocol::server::answer::method_not_allowed;
use serde::{Deserialize, Serialize};

use super::request;
use super::request::{Origin, RequestRefusal};
use crate::protocol::client_auth::authenticate;
use crate::protocol::codec::encoding::secret_base64url;
use crate::protocol::codec::json;
use crate::protocol::config::registered_client::Client;
use crate::protocol::endpoints::cors;
use crate::protocol::federation::use_up;
use crate::protocol::http::error::{Cause, Code, Failure, OAuthError};
use crate::protocol::http::form::Form;
use crate::protocol::http::json::to_json;
use crate::protocol::http::{Method, Response};
use crate::protocol::keys::tagged::{tagged, untagged};
use crate::protocol::login::may_push;
use crate::protocol::model::id::Id;
use crate::protocol::model::incarnation::Incarnation;
use crate::protocol::objects::ephemeral::EphemeralCommand;
use crate::protocol::server::Server;
use crate::protocol::server::ports::Platform;
use crate::protocol::server::request::RequestContext;

/// How long a reference works, in seconds (`expires_in`).
const LIFETIME: u64 = 60;
/// How long a reference works while its page is open, in seconds: people may take their time.
const KEPT: u64 = LIFETIME + super::flow::FLOW_LIFETIME;
/// The longest request that may be pushed, in bytes.
const MAX_PUSHED: usize = 8192;
const URN: &str = "urn:ietf:params:oauth:request_uri:";
const PREFIX: &str = "mep_";

/// The JSON of the response (RFC 9126 §2.2).
#[derive(Serialize)]
struct Pushed {
    request_uri: String,
    expires_in: u64,
}

/// A pushed request as it is kept until the browser comes.
#[derive(Serialize, Deserialize)]
struct Kept {
    client_id: String,
    #[serde(default, skip_serializing_if = "Incarnation::is_first")]
    incarnation: Incarnation,
    query: String,
    until: crate::protocol::model::time::Timestamp,
}

pub(crate) async fn serve<P: Platform>(server: &Server<P>, context: &RequestContext<'_>) -> Response {
    context.endpoint.set("par");
    match context.request.method {
        Method::Post => {}
        Method::Options => return cors::preflight(server, context).await,
        _ => return method_not_allowed(server, context, "POST, OPTIONS"),
    }
    let response = match push(server, context).await {
        Ok(response) => response,
        Err(failure) => context.fail(server.issuer.as_str(), failure),
    };
    cors::for_error(response, server, context).await
}

async fn push<P: Platform>(server: &Server<P>, context: &RequestContext<'_>) -> Result<Response, Failure> {
    let form = Form::of(context.request)?;
    let client = authenticate(server, context, &form).await?;
    if form.value("request_uri").is_some() {
        let description = "a pushed request has no request_uri (RFC 9126, section 2.1)";
        return Err(OAuthError::new(Code::InvalidRequest, Cause::RequestObject, description).into());
    }
    let snapshot = server.snapshot_for(&client, context.now).await?;
    let checked =
        request::check_parameters(server, context, (&snapshot, &client), &form, Origin::Pushed).await;
    match checked {
        Ok(_) => {}
        Err(RequestRefusal::Page(failure) | RequestRefusal::Redirect(_, failure)) => return Err(failure),
    }
    let id = Id::generate(&server.platform);
    let keyring = server.any_keyring(context.now).await?;
    let reference = tagged(PREFIX, &keyring.derived.request_uri, id.bytes());
    let until = context.now.plus(LIFETIME);
    let query = form.without_credentials().to_query();
    if query.len() > MAX_PUSHED {
        let description = "the pushed request is too long";
        return Err(OAuthError::new(Code::InvalidRequest, Cause::BodyTooLarge, description).into());
    }
    if client.is_anybodys() && !may_push(server, context).await? {
        let description = "too many pushed requests from this address; try again later";
        return Err(OAuthError::new(Code::TooManyRequests, Cause::TooManyRequests, description).into());
    }
    let incarnation = server.incarnation(&client, context.now).await?;
    let kept = Kept { client_id: client.client_id.clone(), incarnation, query, until };
    let value = to_json(&kept)?;
    let command = EphemeralCommand::Put { value, expires_at: context.now.plus(KEPT) };
    use_up(server, context).await?;
    server.ephemeral(&id.to_string(), &command).await?;
    let pushed = Pushed { request_uri: format!("{URN}{reference}"), expires_in: LIFETIME };
    let body = to_json(&pushed)?;
    Ok(Response::json_no_store(201, body))
}

fn invalid(cause: Cause) -> OAuthError {
    let description = "the application's request is too old, was used already, or is not its own; go back to it and try again";
    OAuthError::new(Code::InvalidRequestUri, cause, description)
}

async fn object_name<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    request_uri: &str,
) -> Result<String, Failure> {
    let Some(reference) = request_uri.strip_prefix(URN) else {
        let description = "only references to pushed requests are supported";
        return Err(OAuthError::new(Code::RequestUriNotSupported, Cause::RequestObject, description).into());
    };
    let keyring = server.keyring_for(reference, context.now).await?;
    let read = untagged(PREFIX, &keyring.derived.request_uri, reference);
    let (_, id) = read.ok_or(invalid(Cause::RequestUriUnknown))?;
    Ok(secret_base64url(&id))
}

/// Looks a pushed request up. It stays until its code is issued, so that a page may be loaded again.
pub(super) async fn load<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    client: &Client,
    request_uri: &str,
) -> Result<Form, RequestRefusal> {
    let name = object_name(server, context, request_uri).await.map_err(RequestRefusal::Page)?;
    let kept = server.ephemeral(&name, &EphemeralCommand::Look).await?;
    let kept = kept.and_then(|json| json::from_str::<Kept>(&json).ok());
    let kept = kept.filter(|kept| kept.client_id == client.client_id && context.now < kept.until);
    let kept = match kept {
        Some(kept) if server.is_current(client, kept.incarnation, context.now).await? => Some(kept),
        _ => None,
    };
    let form = kept.and_then(|kept| Form::parse(kept.query.as_bytes()).ok());
    form.ok_or_else(|| RequestRefusal::Page(invalid(Cause::RequestUriUnknown).into()))
}

/// Uses a pushed request up: the second to try gets an error.
pub(crate) async fn take<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    request_uri: &str,
) -> Result<(), Failure> {
    let name = object_name(server, context, request_uri).await?;
    match server.ephemeral(&name, &EphemeralCommand::Take).await? {
        Some(_) => Ok(()),
        None => Err(invalid(Cause::RequestUriUnknown).into()),
    }
}
