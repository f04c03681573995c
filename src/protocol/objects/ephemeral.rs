//! The object of one pushed authorization request (RFC 9126): a value that lives for a minute or for as long as its page is open,
//! and is taken once. `endpoints::authorize::par` calls it.

use serde::{Deserialize, Serialize};

use super::rows::{Rows, Transaction};
use crate::protocol::http::error::ServerError;
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
    /// Drops the value when it has expired; the object's alarm sends it.
    Tend,
}

/// The reply to every command: the value, if there is one.
pub type EphemeralReply = Option<String>;

#[derive(Serialize, Deserialize)]
struct Kept {
    value: Option<String>,
    expires_at: Timestamp,
}

/// Carries out `command`.
pub(super) fn handle<R: Rows>(
    rows: &mut Transaction<'_, R>,
    now: Timestamp,
    command: EphemeralCommand,
) -> Result<EphemeralReply, ServerError> {
    let kept = rows.read::<Kept>(ROW)?;
    let alive = kept.filter(|kept| now < kept.expires_at);
    match (command, alive) {
        (EphemeralCommand::Put { value, expires_at }, None) => {
            rows.write(ROW, &Kept { value: Some(value), expires_at })?;
            rows.wake(expires_at);
            Ok(None)
        }
        (EphemeralCommand::Put { .. }, Some(kept)) => Ok(kept.value),
        (EphemeralCommand::Look, alive) => Ok(alive.and_then(|kept| kept.value)),
        (EphemeralCommand::Take, Some(kept)) => {
            if kept.value.is_some() {
                rows.write(ROW, &Kept { value: None, expires_at: kept.expires_at })?;
            }
            Ok(kept.value)
        }
        (EphemeralCommand::Take, None) => Ok(None),
        (EphemeralCommand::Tend, Some(kept)) => {
            rows.wake(kept.expires_at);
            Ok(None)
        }
        (EphemeralCommand::Tend, None) => {
            rows.delete(ROW);
            Ok(None)
        }
    }
}
