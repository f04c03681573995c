//! Values as JSON text, for bodies, rows and messages. That one of this server's own values can't be written is the server's fault.

use serde::Serialize;

use super::error::ServerError;

/// Writes `value` as JSON.
///
/// # Errors
/// If it can't be written as JSON: a mistake in this server.
pub(crate) fn to_json(value: &impl Serialize) -> Result<String, ServerError> {
    serde_json::to_string(value).map_err(|error| ServerError::internal(error.to_string()))
}
