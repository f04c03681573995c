//! The object of one transaction: a pushed authorization request (RFC 9126), a value that lives for a minute or for as long as its
//! page is open, and is taken once; or one question that waits for a person (see [`super::polling`]). `endpoints::authorize::par` calls it.

use serde::{Deserialize, Serialize};

use super::polling;
use super::rows::{Rows, Transaction};
use crate::protocol::http::error::ServerError;
use crate::protocol::http::json::to_json;
use crate::protocol::model::time::Timestamp;

const ROW: &str = "value";

/// The commands that the object carries out.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EphemeralCommand {
    /// Keeps `value` until `expires_at`. The first value stays, so repeating the command changes nothing.
    Put {
        /// The value to keep.
        value: String,
        /// When the value expires.
        expires_at: Timestamp,
    },
    /// Returns the value and leaves it.
    Look,
    /// Returns the value and removes it, so the second to take it gets nothing.
    Take,
    /// A command about a question that waits for a person, which has replies of its own.
    Polling(polling::PollingCommand),
    /// Drops what has expired; the object's alarm sends it.
    Tend,
}

/// The reply to every other command: the value, if there is one.
pub type EphemeralReply = Option<String>;

#[derive(Serialize, Deserialize)]
struct Kept {
    value: Option<String>,
    expires_at: Timestamp,
}

/// Carries out `command`. Returns the reply as JSON.
pub(super) fn handle<R: Rows>(
    rows: &mut Transaction<'_, R>,
    now: Timestamp,
    command: EphemeralCommand,
) -> Result<String, ServerError> {
    match command {
        EphemeralCommand::Polling(command) => to_json(&polling::handle(rows, now, command)?),
        EphemeralCommand::Put { value, expires_at } => to_json(&put(rows, now, value, expires_at)?),
        EphemeralCommand::Look => to_json(&look(rows, now)?),
        EphemeralCommand::Take => to_json(&take(rows, now)?),
        EphemeralCommand::Tend => to_json(&tend(rows, now)?),
    }
}

fn alive<R: Rows>(rows: &Transaction<'_, R>, now: Timestamp) -> Result<Option<Kept>, ServerError> {
    Ok(rows.read::<Kept>(ROW)?.filter(|kept| now < kept.expires_at))
}

fn put<R: Rows>(
    rows: &mut Transaction<'_, R>,
    now: Timestamp,
    value: String,
    expires_at: Timestamp,
) -> Result<EphemeralReply, ServerError> {
    if let Some(kept) = alive(rows, now)? {
        return Ok(kept.value);
    }
    rows.write(ROW, &Kept { value: Some(value), expires_at })?;
    rows.wake(expires_at);
    Ok(None)
}

fn look<R: Rows>(rows: &Transaction<'_, R>, now: Timestamp) -> Result<EphemeralReply, ServerError> {
    Ok(alive(rows, now)?.and_then(|kept| kept.value))
}

fn take<R: Rows>(rows: &mut Transaction<'_, R>, now: Timestamp) -> Result<EphemeralReply, ServerError> {
    let Some(kept) = alive(rows, now)? else { return Ok(None) };
    if kept.value.is_some() {
        rows.write(ROW, &Kept { value: None, expires_at: kept.expires_at })?;
    }
    Ok(kept.value)
}

fn tend<R: Rows>(rows: &mut Transaction<'_, R>, now: Timestamp) -> Result<EphemeralReply, ServerError> {
    polling::tend(rows, now)?;
    match rows.read::<Kept>(ROW)? {
        Some(kept) if now < kept.expires_at => rows.wake(kept.expires_at),
        Some(_) => rows.delete(ROW),
        None => {}
    }
    Ok(None)
}
