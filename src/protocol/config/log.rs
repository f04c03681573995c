//! `[log]`: what log lines say of people. The admin API and the password login read it from the snapshot.

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

/// `[log]`: what log lines say of people.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LogConfig {
    /// How people appear, and the addresses they come from.
    pub people: LoggedPeople,
}
