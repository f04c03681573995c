//! The operations under `clients`: list, register, change, switch, revoke and remove clients, and add or end their secrets.
//!
//! They read the request, send one command to the Control object and show what came of it; the rules are in `state::client`.

use serde::{Deserialize, Serialize};

use super::access::check_declared;
use super::body;
use super::view::{ClientView, NewSecretView};
use super::{AdminFailure, Call, unexpected};
use crate::protocol::codec::json;
use crate::protocol::config::ClientConfig;
use crate::protocol::config::registered_client::Client;
use crate::protocol::http::Response;
use crate::protocol::model::secret::SecretHash;
use crate::protocol::model::time::DAY;
use crate::protocol::objects::control::{ControlCommand, ControlReply, NewSecret};
use crate::protocol::server::ports::Platform;

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "ClientPage"))]
pub(super) struct Page {
    clients: Vec<ClientView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "ClientWithSecret"))]
pub(super) struct WithSecret {
    client: ClientView,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<NewSecretView>,
}

/// `GET clients?after=ID&limit=N`: a page, ordered by id; `next` is the `after` of the next one.
pub(super) async fn list<P: Platform>(call: &Call<'_, P>) -> Result<Response, AdminFailure> {
    let (after, limit) = (call.query("after"), call.limit()?);
    let ControlReply::Clients { clients, more } =
        call.control(ControlCommand::Clients { after, limit }).await?
    else {
        return Err(unexpected());
    };
    let next = clients.last().filter(|_| more).map(|client| client.client_id.clone());
    body::write(200, &Page { clients: clients.iter().map(ClientView::from).collect(), next })
}

/// `POST clients`: registers a client; without `client_id` it gets a generated one.
pub(super) async fn create<P: Platform>(call: &Call<'_, P>) -> Result<Response, AdminFailure> {
    let mut value: serde_json::Value = body::read_required(call.context.request)?;
    if let Some(object) = value.as_object_mut() {
        object.entry("client_id").or_insert_with(|| "".into());
    }
    let client = parse(&value)?;
    check_declared(&call.authority, &client)?;
    with_secret(call, 201, ControlCommand::CreateClient { client: Box::new(client) }).await
}

/// `PUT clients/ID`: changes a client that was registered through the API.
pub(super) async fn update<P: Platform>(call: &Call<'_, P>, id: &str) -> Result<Response, AdminFailure> {
    let mut value: serde_json::Value = body::read_required(call.context.request)?;
    if let Some(object) = value.as_object_mut() {
        let named = object.insert("client_id".to_owned(), id.into());
        if named.is_some_and(|named| named != id) {
            let description = "client_id in the body is another one than in the path";
            return Err(AdminFailure::refused(400, "invalid_request", description));
        }
    }
    let client = parse(&value)?;
    check_declared(&call.authority, &client)?;
    with_secret(call, 200, ControlCommand::UpdateClient { client: Box::new(client) }).await
}

fn parse(value: &serde_json::Value) -> Result<ClientConfig, AdminFailure> {
    // Through text: see `json`.
    json::from_str(&value.to_string()).map_err(|error| {
        AdminFailure::refused(400, "invalid_request", format!("the client is not as expected: {error}"))
    })
}

/// `GET clients/ID`: one client, its secrets without their values.
pub(super) async fn show<P: Platform>(call: &Call<'_, P>, id: &str) -> Result<Response, AdminFailure> {
    let command = ControlCommand::Client { client_id: id.to_owned() };
    match call.control(command).await? {
        ControlReply::Client(Some(client)) => body::write(200, &ClientView::from(client.as_ref())),
        ControlReply::Client(None) => Err(AdminFailure::not_found("there is no such client")),
        _ => Err(unexpected()),
    }
}

/// `DELETE clients/ID`: removes a client and, with its incarnation, all it was given.
pub(super) async fn delete<P: Platform>(call: &Call<'_, P>, id: &str) -> Result<Response, AdminFailure> {
    call.control(ControlCommand::DeleteClient { client_id: id.to_owned() }).await?;
    Ok(Response::empty(204))
}

/// `POST clients/ID/enable` and `…/disable`: switches a client on or off.
pub(super) async fn set_enabled<P: Platform>(
    call: &Call<'_, P>,
    id: &str,
    enabled: bool,
) -> Result<Response, AdminFailure> {
    changed(call, ControlCommand::SetEnabled { client_id: id.to_owned(), enabled }).await
}

/// `POST clients/ID/revoke`: ends everything that the client was given so far.
pub(super) async fn revoke<P: Platform>(call: &Call<'_, P>, id: &str) -> Result<Response, AdminFailure> {
    changed(call, ControlCommand::RevokeClients { client_id: Some(id.to_owned()) }).await
}

/// Body of `POST revoke-clients`. Nobody ends everything by accident: it has to say so.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(super) struct RevokeRequest {
    /// Has to be `true`.
    all: bool,
}

/// `POST revoke-clients`: ends everything that any client was given so far.
pub(super) async fn revoke_all<P: Platform>(call: &Call<'_, P>) -> Result<Response, AdminFailure> {
    let request: RevokeRequest = body::read(call.context.request)?;
    if !request.all {
        let description = "`all` has to be true; `POST clients/ID/revoke` is for one client";
        return Err(AdminFailure::refused(400, "invalid_request", description));
    }
    call.context.note_target("all");
    call.control(ControlCommand::RevokeClients { client_id: None }).await?;
    body::write(200, &serde_json::Map::new())
}

/// Body of `POST clients/ID/secrets`; all of it optional. Lifetimes are in seconds from now.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(super) struct SecretRequest {
    /// When the new secret ends.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = MAX_SECRET_LIFETIME)))]
    expires_in: Option<u64>,
    /// When the secrets there are end at the latest: the overlap of a rotation. 0 ends them at once.
    #[cfg_attr(feature = "schema", schemars(range(max = MAX_SECRET_LIFETIME)))]
    others_expire_in: Option<u64>,
    /// SHA-256 (base64url) of a secret that exists already, instead of having one made. A live one of the client
    /// keeps its id and gets the new end.
    sha256: Option<SecretHash>,
}

/// Longest lifetime that can be asked for, in seconds: ten years.
const MAX_SECRET_LIFETIME: u64 = 3650 * DAY;

/// `POST clients/ID/secrets`: another secret, at most five live ones.
pub(super) async fn add_secret<P: Platform>(call: &Call<'_, P>, id: &str) -> Result<Response, AdminFailure> {
    let request: SecretRequest = body::read(call.context.request)?;
    let longest = request.expires_in.max(request.others_expire_in).unwrap_or_default();
    if longest > MAX_SECRET_LIFETIME || request.expires_in == Some(0) {
        let description = "expires_in and others_expire_in are seconds, at most ten years";
        return Err(AdminFailure::refused(400, "invalid_request", description));
    }
    let now = call.context.now;
    let command = ControlCommand::AddSecret {
        client_id: id.to_owned(),
        expires_at: request.expires_in.map(|seconds| now.plus(seconds)),
        others_expire_at: request.others_expire_in.map(|seconds| now.plus(seconds)),
        sha256: request.sha256,
    };
    with_secret(call, 201, command).await
}

/// `DELETE clients/ID/secrets/SECRET`: ends one secret.
pub(super) async fn remove_secret<P: Platform>(
    call: &Call<'_, P>,
    id: &str,
    secret_id: &str,
) -> Result<Response, AdminFailure> {
    let command = ControlCommand::RemoveSecret { client_id: id.to_owned(), secret_id: secret_id.to_owned() };
    call.control(command).await?;
    Ok(Response::empty(204))
}

async fn changed<P: Platform>(call: &Call<'_, P>, command: ControlCommand) -> Result<Response, AdminFailure> {
    match call.control(command).await? {
        ControlReply::Client(Some(client)) => body::write(200, &ClientView::from(client.as_ref())),
        _ => Err(unexpected()),
    }
}

async fn with_secret<P: Platform>(
    call: &Call<'_, P>,
    status: u16,
    command: ControlCommand,
) -> Result<Response, AdminFailure> {
    match call.control(command).await? {
        ControlReply::ClientWithSecret { client, secret } => {
            call.context.note_target(&client.client_id);
            written(status, &client, secret)
        }
        _ => Err(unexpected()),
    }
}

fn written(status: u16, client: &Client, secret: Option<NewSecret>) -> Result<Response, AdminFailure> {
    body::write(
        status,
        &WithSecret { client: ClientView::from(client), secret: secret.map(NewSecretView::from) },
    )
}
