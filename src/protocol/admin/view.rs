//! The JSON that the admin API answers with: clients, configuration, keys and errors. `openapi.json` is made from these types.
//!
//! Hashes and private keys have no place in them.

use serde::{Deserialize, Serialize};

use crate::protocol::config::registered_client::{Client, ManagedBy, StoredSecret};
use crate::protocol::config::{ClientConfig, Config};
use crate::protocol::keys::schedule::PublicKey;
use crate::protocol::keys::schedule::{KeyState, Schedule};
use crate::protocol::model::jwk::Alg;
use crate::protocol::model::time::Timestamp;
use crate::protocol::objects::control::NewSecret;
use crate::protocol::state::config::Change;
use crate::protocol::validate::Problem;

/// A client: its declaration, who manages it, and its secrets without their values.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ClientView {
    /// The client as it was declared.
    #[serde(flatten)]
    pub declaration: ClientConfig,
    /// Who declared the client.
    pub managed_by: ManagedBy,
    /// The client's secrets.
    pub secrets: Vec<SecretView>,
    /// When the client was registered.
    pub created_at: Timestamp,
    /// When the client was last changed.
    pub updated_at: Timestamp,
}

/// A client's secret, without its value.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SecretView {
    /// The secret's name in this API.
    pub secret_id: String,
    /// When the secret was made.
    pub created_at: Timestamp,
    /// When the secret ends; absent if never.
    pub expires_at: Option<Timestamp>,
}

impl From<&StoredSecret> for SecretView {
    fn from(secret: &StoredSecret) -> Self {
        Self { secret_id: secret.id.clone(), created_at: secret.created_at, expires_at: secret.expires_at }
    }
}

impl From<&Client> for ClientView {
    fn from(client: &Client) -> Self {
        Self {
            declaration: client.config.clone(),
            managed_by: client.managed_by,
            secrets: client.secrets.iter().map(SecretView::from).collect(),
            created_at: client.created_at,
            updated_at: client.updated_at,
        }
    }
}

/// A secret that was just made. Its value is never shown again.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NewSecretView {
    /// The secret's client.
    pub client_id: String,
    /// The secret's name in this API.
    pub secret_id: String,
    /// The value; absent where only its hash was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<String>,
    /// When the secret ends; absent if never.
    pub expires_at: Option<Timestamp>,
}

impl From<NewSecret> for NewSecretView {
    fn from(secret: NewSecret) -> Self {
        let value = String::from_utf8(secret.client_secret.expose().to_vec()).ok();
        Self {
            client_id: secret.client_id,
            secret_id: secret.secret_id,
            client_secret: value.filter(|value| !value.is_empty()),
            expires_at: secret.expires_at,
        }
    }
}

/// The configuration in force.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ConfigView {
    /// The configuration's version, for `If-Match`.
    pub version: u64,
    /// The configuration document.
    pub config: Config,
}

/// What applying a configuration did.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AppliedView {
    /// The version now in force.
    pub version: u64,
    /// The clients that were changed.
    pub changes: Vec<ChangeView>,
    /// Secrets of clients that had none. Their values are never shown again.
    pub secrets: Vec<NewSecretView>,
}

/// What happened to one client.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChangeView {
    /// The client that changed.
    pub client_id: String,
    /// What happened to it.
    pub change: Change,
}

/// A signing key, without its private part.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct KeyView {
    /// The key's thumbprint (RFC 7638).
    pub kid: String,
    /// The algorithm it signs with.
    pub alg: Alg,
    /// The state it is in now.
    pub state: KeyState,
    /// When its states begin.
    #[serde(flatten)]
    pub schedule: Schedule,
}

impl KeyView {
    pub(super) fn new(key: &PublicKey, now: Timestamp) -> Self {
        Self { kid: key.kid.clone(), alg: key.alg, state: key.schedule.state(now), schedule: key.schedule }
    }
}

/// An error of this API.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ErrorView {
    /// The error's code.
    pub error: String,
    /// What the code means here.
    #[serde(default)]
    pub error_description: String,
    /// The request's id in the server's log.
    #[serde(default)]
    pub request_id: String,
    /// What is wrong with a configuration, and where.
    #[serde(default)]
    pub problems: Vec<Problem>,
}
