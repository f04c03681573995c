//! What applying a configuration does to the clients: which are registered, changed and removed.
//!
//! Clients that were registered through the admin API are left alone. The Control object calls it when a configuration is applied.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::client::{declare, redeclare};
use crate::protocol::config::Config;
use crate::protocol::config::registered_client::{Client, ManagedBy};
use crate::protocol::model::incarnation::Epoch;
use crate::protocol::model::time::Timestamp;

/// What happens to one client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Change {
    /// The client is registered.
    Create,
    /// The client is changed.
    Update,
    /// The client was registered through the API and belongs to the configuration from now on.
    Adopt,
    /// The client is removed, because the configuration no longer has it.
    Delete,
}

/// The difference between the stored clients and a configuration.
#[derive(Debug, Default)]
pub struct Reconciliation {
    /// The clients to write, each with what happens to it.
    pub put: Vec<(Client, Change)>,
    /// The ids of the clients to delete.
    pub delete: Vec<String>,
}

/// Compares `desired` with `existing`: every client the previous configuration declared and every one `desired`
/// names, if it is there. Clients of the API that `desired` doesn't name are not its business. `fresh` is an epoch for those
/// that are new.
pub fn reconcile(
    existing: &BTreeMap<String, Client>,
    desired: &Config,
    fresh: Epoch,
    now: Timestamp,
) -> Reconciliation {
    let mut result = Reconciliation::default();
    for config in &desired.client {
        match existing.get(&config.client_id) {
            None => result.put.push((declare(config, ManagedBy::Config, fresh, now), Change::Create)),
            Some(client) => {
                let wanted = redeclare(client, config, ManagedBy::Config, fresh, now);
                if client.managed_by == ManagedBy::Api {
                    result.put.push((wanted, Change::Adopt));
                } else if wanted != *client {
                    result.put.push((wanted, Change::Update));
                }
            }
        }
    }
    let gone = existing.values().filter(|client| {
        client.managed_by == ManagedBy::Config
            && !desired.client.iter().any(|config| config.client_id == client.client_id)
    });
    result.delete = gone.map(|client| client.client_id.clone()).collect();
    result
}
