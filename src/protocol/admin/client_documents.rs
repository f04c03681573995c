//! The operations under `client-documents`: which clients with a metadata document wait for an administrator, and what becomes of them.
//!
//! A decision is stored like a client; `clients/ID` shows it, ends what the client was given, and forgets the decision.

use serde::{Deserialize, Serialize};

use super::body;
use super::view::ClientView;
use super::{AdminFailure, Call, unexpected};
use crate::protocol::documents::url;
use crate::protocol::http::Response;
use crate::protocol::model::outbound::is_local;
use crate::protocol::objects::control::{ControlCommand, ControlReply, WaitingClient};
use crate::protocol::server::ports::Platform;

/// The clients that wait.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "WaitingClients"))]
pub struct WaitingView {
    /// The clients, the one first that has waited longest.
    pub waiting: Vec<WaitingClient>,
}

/// `GET client-documents`: the clients that wait for an administrator.
pub(super) async fn list<P: Platform>(call: &Call<'_, P>) -> Result<Response, AdminFailure> {
    match call.control(ControlCommand::Waiting).await? {
        ControlReply::Waiting(waiting) => body::write(200, &WaitingView { waiting }),
        _ => Err(unexpected()),
    }
}

/// Body of `POST client-documents`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(super) struct DecideRequest {
    /// The URL of the client's document.
    client_id: String,
    /// Whether the client may come, as far as a rule of the configuration asks. If not, all that it was given ends.
    admit: bool,
}

/// `POST client-documents`: admits a client, or refuses it; it need not have asked.
pub(super) async fn decide<P: Platform>(call: &Call<'_, P>) -> Result<Response, AdminFailure> {
    let DecideRequest { client_id, admit } = body::read_required(call.context.request)?;
    if let Some(problem) = url::problem(&client_id, is_local(call.server.issuer.as_str())) {
        let description = format!("client_id is not the URL of a document: {problem}");
        return Err(AdminFailure::refused(400, "invalid_request", description));
    }
    call.context.note_target(&client_id);
    match call.control(ControlCommand::Admit { client_id, admit }).await? {
        ControlReply::Client(Some(client)) => body::write(200, &ClientView::from(client.as_ref())),
        _ => Err(unexpected()),
    }
}
