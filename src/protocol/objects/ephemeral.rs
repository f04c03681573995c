//! One value that lives for a minute or ten and is taken once: a pushed authorization request (RFC 9126).

use serde::{Deserialize, Serialize};

use super::rows::{Rows, Transaction};
use crate::protocol::http::error::ServerError;
use crate::protocol::model::time::Timestamp;

const ROW: &str = "value";

/// What the object is asked to do.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EphemeralCommand {
    /// Keeps `value` until `expires_at`. The first one stays: repeating it changes nothing.
    Put {
        /// What to keep.
        value: String,
        /// Until when.
        expires_at: Timestamp,
    },
    /// Looks at the value.
    Look,
    /// Takes the value out: the second to ask gets nothing.
    Take,
    /// The alarm: drops everything that has expired.
    Tend,
}

/// What it answers: the value, if there is one.
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
