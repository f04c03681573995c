//! What applying a configuration would change.
//!
//! The comparison works on the JSON of both sides, entry by entry and member by member, so that a kind of entry or a
//! member that the server learns needs nothing here.

mod diff;
mod render;

use std::collections::BTreeMap;

use mintedge::protocol::config::{ClientConfig, Config};
use serde::Serialize;
use serde_json::Value;

/// Clients that exist outside the configuration and that a file names, by id.
pub(crate) type Adoptable = BTreeMap<String, ClientConfig>;

/// A comparison of a file with what is in force.
#[derive(Debug, Serialize)]
pub(crate) struct Plan {
    /// The version it was made against.
    pub(crate) version: u64,
    /// Entries that are new.
    add: usize,
    /// Entries and settings that change.
    change: usize,
    /// Entries that go.
    pub(crate) remove: usize,
    /// Each of them.
    changes: Vec<Change>,
}

/// What happens to one entry or setting.
#[derive(Debug, Serialize)]
struct Change {
    action: Action,
    /// `client`, `resource` or `setting`.
    kind: String,
    /// The entry's identifier, or the setting's path.
    name: String,
    /// What changes about it, or what a new one says.
    members: Vec<Member>,
    /// What follows from it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<&'static str>,
}

/// What happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Action {
    /// It is new.
    Add,
    /// It changes.
    Change,
    /// It was registered through the API; the file takes it over.
    Adopt,
    /// It goes.
    Remove,
}

/// One member before and after; absent where it is not set.
#[derive(Debug, Serialize)]
struct Member {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    old: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    new: Option<Value>,
}

impl Plan {
    /// Compares `desired` with `current`, which is in force as `version`.
    pub(crate) fn new(version: u64, current: &Config, desired: &Config, adoptable: &Adoptable) -> Self {
        let changes = diff::changes(current, desired, adoptable);
        let count =
            |actions: &[Action]| changes.iter().filter(|change| actions.contains(&change.action)).count();
        Self {
            version,
            add: count(&[Action::Add]),
            change: count(&[Action::Change, Action::Adopt]),
            remove: count(&[Action::Remove]),
            changes,
        }
    }

    /// Whether there is nothing to do.
    pub(crate) fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }
}

#[cfg(test)]
mod tests;
