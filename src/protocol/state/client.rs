//! Transitions of one client: declared, changed, secrets added and ended, switched on and off.
//!
//! The Control object applies them within its transaction. Whether a declaration is valid has been checked by `validate`.

use crate::protocol::config::ClientConfig;
use crate::protocol::config::registered_client::{Client, ManagedBy, StoredSecret};
use crate::protocol::model::client::AuthMethod;
use crate::protocol::model::incarnation::Epoch;
use crate::protocol::model::secret::SecretHash;
use crate::protocol::model::time::Timestamp;

/// Most secrets a client has at once, expired ones not counted.
pub const MAX_LIVE_SECRETS: usize = 5;

/// A new client without secrets. `fresh` is an epoch that nothing was issued in yet.
pub fn declare(config: &ClientConfig, managed_by: ManagedBy, fresh: Epoch, now: Timestamp) -> Client {
    Client {
        config: config.clone(),
        managed_by,
        secrets: Vec::new(),
        created_at: now,
        updated_at: now,
        config_version: 0,
        epoch: Some(fresh),
        admitted_at: None,
        was_refused: false,
        is_outdated: false,
    }
}

/// `client` as `config` wants it: its secrets stay, unless it is to have none. What it was given stays its own, unless it
/// doesn't authenticate any more: what only the client could use must not become anybody's.
pub fn redeclare(
    client: &Client,
    config: &ClientConfig,
    managed_by: ManagedBy,
    fresh: Epoch,
    now: Timestamp,
) -> Client {
    let mut wanted = declare(config, managed_by, fresh, now);
    wanted.created_at = client.created_at;
    wanted.updated_at = client.updated_at;
    wanted.config_version = client.config_version;
    wanted.epoch = client.epoch;
    wanted.was_refused = client.was_refused || client.has_document() && !client.is_enabled();
    if wanted.is_public() && !client.is_public() {
        begin_anew(&mut wanted, fresh);
    }
    if wanted.has_secret() {
        wanted.secrets.clone_from(&client.secrets);
    }
    if wanted != *client {
        wanted.updated_at = now;
    }
    wanted
}

/// Ends everything the client was given so far.
pub fn begin_anew(client: &mut Client, fresh: Epoch) {
    client.epoch = Some(fresh.later_than(client.epoch));
}

/// What adding a secret to a client yields.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum AddSecret {
    /// The secret was added, under this id.
    Added(String),
    /// The client authenticates without one, or not at all.
    NoSecrets,
    /// The client has [`MAX_LIVE_SECRETS`] already; end one first.
    TooMany,
}

/// Adds a secret. With `others_expire_at` the live ones end then at the latest, which is a rotation.
///
/// One that is live already keeps its id and gets the new end. A second entry would work on when the first is ended
/// because it leaked, and a repeated command would fill the client up.
pub fn add_secret(
    client: &mut Client,
    id: String,
    sha256: SecretHash,
    expires_at: Option<Timestamp>,
    others_expire_at: Option<Timestamp>,
    now: Timestamp,
) -> AddSecret {
    if !client.has_secret() {
        return AddSecret::NoSecrets;
    }
    let mut secrets: Vec<_> = client.secrets.iter().filter(|secret| secret.is_live(now)).cloned().collect();
    let known = secrets.iter().position(|secret| secret.sha256 == sha256).map(|at| secrets.remove(at));
    if let Some(end) = others_expire_at {
        for secret in &mut secrets {
            secret.expires_at = Some(secret.expires_at.map_or(end, |own| own.min(end)));
        }
        secrets.retain(|secret| secret.is_live(now));
    }
    if secrets.len() >= MAX_LIVE_SECRETS {
        return AddSecret::TooMany;
    }
    let (id, created_at) = known.map_or((id, now), |known| (known.id, known.created_at));
    secrets.push(StoredSecret { id: id.clone(), sha256, created_at, expires_at });
    client.secrets = secrets;
    client.updated_at = now;
    AddSecret::Added(id)
}

/// Ends one secret at once; says whether it was there.
pub fn remove_secret(client: &mut Client, id: &str, now: Timestamp) -> bool {
    let before = client.secrets.len();
    client.secrets.retain(|secret| secret.id != id);
    let removed = client.secrets.len() != before;
    if removed {
        client.updated_at = now;
    }
    removed
}

/// Admits a client that has a metadata document, or refuses it. A refused one loses all that it was given.
pub fn decide(client: &mut Client, admit: bool, fresh: Epoch, now: Timestamp) {
    client.admitted_at = admit.then_some(now);
    client.config.disabled = !admit;
    client.updated_at = now;
    if !admit {
        begin_anew(client, fresh);
    }
}

/// What stays of a client that was registered under a URL when that ends: what it was given has to stay ended, for the URL may be that
/// of a metadata document, and who was refused before stays refused.
pub fn leave(client: &Client, fresh: Epoch, now: Timestamp) -> Client {
    let config = ClientConfig {
        client_id: client.client_id.clone(),
        token_endpoint_auth_method: Some(AuthMethod::None),
        disabled: client.was_refused,
        ..ClientConfig::default()
    };
    let mut left = declare(&config, ManagedBy::Document, fresh, now);
    left.created_at = client.created_at;
    left.epoch = client.epoch;
    begin_anew(&mut left, fresh);
    left
}

/// Forgets what was decided about a client that has a metadata document. What it was given ends; that it did has to be remembered, so
/// something of it stays.
pub fn forget(client: &mut Client, fresh: Epoch, now: Timestamp) {
    client.admitted_at = None;
    client.config.disabled = false;
    client.updated_at = now;
    begin_anew(client, fresh);
}

/// Switches the client on or off; says whether that changed anything.
pub fn set_enabled(client: &mut Client, enabled: bool, now: Timestamp) -> bool {
    let changed = client.is_enabled() != enabled;
    if changed {
        client.config.disabled = !enabled;
        client.updated_at = now;
    }
    changed
}
