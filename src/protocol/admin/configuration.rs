//! The operations on `config`: read the configuration in force, and apply another one in its place.
//!
//! A configuration is checked by `validate` here, as the command did before; `state::config` says what it does to clients.

use super::body;
use super::view::{AppliedView, ChangeView, ConfigView, NewSecretView};
use super::{AdminFailure, Call, unexpected};
use crate::protocol::config::Config;
use crate::protocol::http::Response;
use crate::protocol::objects::control::{ControlCommand, ControlReply};
use crate::protocol::server::ports::Platform;

/// `GET config`: the document and its version, which is the `ETag` too.
pub(super) async fn read<P: Platform>(call: &Call<'_, P>) -> Result<Response, AdminFailure> {
    let ControlReply::Config { version, config } = call.control(ControlCommand::Config).await? else {
        return Err(unexpected());
    };
    let response = body::write(200, &ConfigView { version, config: *config })?;
    Ok(response.with("etag", format!("\"{version}\"")))
}

/// `PUT config` with `If-Match: "version"`: all of it or nothing.
pub(super) async fn apply<P: Platform>(call: &Call<'_, P>) -> Result<Response, AdminFailure> {
    let request = call.context.request;
    let version =
        request.headers.if_match.as_deref().and_then(|tag| tag.trim().trim_matches('"').parse().ok());
    let base_version = version.ok_or_else(|| {
        let description = "If-Match has to name the version that was planned against, such as \"3\"";
        AdminFailure::refused(428, "precondition_required", description)
    })?;
    let config: Config = body::read_required(request)?;
    let command = ControlCommand::Apply { base_version, config: Box::new(config) };
    let ControlReply::Applied { version, changes, secrets, administrators_changed } =
        call.control(command).await?
    else {
        return Err(unexpected());
    };
    call.context.note_target(&format!("version {version}"));
    if administrators_changed {
        log_administrators(call, version);
    }
    let changes = changes.into_iter().map(|(client_id, change)| ChangeView { client_id, change });
    let applied = AppliedView {
        version,
        changes: changes.collect(),
        secrets: secrets.into_iter().map(NewSecretView::from).collect(),
    };
    Ok(body::write(200, &applied)?.with("etag", format!("\"{version}\"")))
}

/// Who may administer is worth a line of its own, whatever else the log leaves out: the line of the request says who did it.
fn log_administrators<P: Platform>(call: &Call<'_, P>, version: u64) {
    let line = serde_json::json!({
        "time": call.context.now, "event": "administrators_changed", "request_id": call.context.id(), "version": version,
    });
    call.server.platform.log(&line.to_string());
}
