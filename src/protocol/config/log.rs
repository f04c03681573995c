//! What the log has: which requests, and what of people.

use serde::{Deserialize, Serialize};

/// How people appear in log lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum LoggedPeople {
    /// As keyed hashes, in lines of failed logins and of administration.
    #[default]
    Hash,
    /// Not at all.
    None,
}

/// Which requests have a line in the log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum LoggedRequests {
    /// Every one.
    #[default]
    All,
    /// Those that are refused or fail, and administration. A line costs about a tenth of the time that a token takes.
    Failures,
}

impl LoggedRequests {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// `[log]`: which requests have a line, and what lines say of people.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LogConfig {
    /// How people appear, and the addresses they come from.
    pub people: LoggedPeople,
    /// Which requests have a line.
    #[serde(skip_serializing_if = "LoggedRequests::is_default")]
    pub requests: LoggedRequests,
}
