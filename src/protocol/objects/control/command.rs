//! What the Control object is asked to do, and what it answers.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::documents::WaitingClient;
use super::outbox::{DueSnapshot, PublishedSnapshot};
use super::roots::Inventory;
use crate::protocol::config::registered_client::Client;
use crate::protocol::config::snapshot::Snapshot;
use crate::protocol::config::{ClientConfig, Config};
use crate::protocol::keys::derived::Purpose;
use crate::protocol::keys::keyring::KeyringParcel;
use crate::protocol::keys::schedule::PublicKey;
use crate::protocol::model::jwk::Alg;
use crate::protocol::model::secret::{SecretBytes, SecretHash};
use crate::protocol::model::time::Timestamp;
use crate::protocol::state::config::Change;
use crate::protocol::validate::Problem;

/// What the object is asked to do. Everything may be repeated but `CreateClient`, and `AddSecret` without a hash.
///
/// It travels between Worker versions during a deployment: members are added with a default, never renamed.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ControlCommand {
    /// Everything an edge needs to serve; makes the first keys on the very first call.
    Open,
    /// One client, as it is now.
    Client {
        /// Its id.
        client_id: String,
    },
    /// A page of clients, ordered by id.
    Clients {
        /// The last id of the page before.
        after: Option<String>,
        /// Most clients to return.
        limit: u32,
    },
    /// The configuration as it is in force.
    Config,
    /// Puts a whole configuration into force.
    Apply {
        /// The version it was planned against; refused if that is not the current one.
        base_version: u64,
        /// What is to be.
        config: Box<Config>,
    },
    /// Registers a client; an empty `client_id` has one generated.
    CreateClient {
        /// What it is to be.
        client: Box<ClientConfig>,
    },
    /// Changes a client that was registered through the API.
    UpdateClient {
        /// What it is to be.
        client: Box<ClientConfig>,
    },
    /// Gives a client another secret.
    AddSecret {
        /// Its id.
        client_id: String,
        /// When the new secret ends.
        expires_at: Option<Timestamp>,
        /// When the secrets it has now end at the latest.
        others_expire_at: Option<Timestamp>,
        /// The hash of a secret that exists elsewhere already; unset to have one generated.
        sha256: Option<SecretHash>,
    },
    /// Ends one secret of a client.
    RemoveSecret {
        /// Its id.
        client_id: String,
        /// The secret's id.
        secret_id: String,
    },
    /// Switches a client on or off.
    SetEnabled {
        /// Its id.
        client_id: String,
        /// Whether it may authenticate.
        enabled: bool,
    },
    /// Deletes a client.
    DeleteClient {
        /// Its id.
        client_id: String,
    },
    /// Ends everything that a client was given so far, or all clients: grants, consents, codes, tokens.
    RevokeClients {
        /// Which client; all if unset.
        client_id: Option<String>,
    },
    /// Puts a client with a metadata document on the list of those that wait for an administrator.
    AskToAdmit {
        /// The URL of its document.
        client_id: String,
        /// The name that it gives itself.
        client_name: String,
    },
    /// The clients that wait for an administrator.
    Waiting,
    /// Admits a client with a metadata document, or refuses it.
    Admit {
        /// The URL of its document.
        client_id: String,
        /// Whether it is admitted.
        admit: bool,
    },
    /// The published keys.
    Keys,
    /// Brings the next key forward.
    RotateKeys {
        /// Which algorithm; all in use if unset.
        alg: Option<Alg>,
        /// At once, instead of after the announcement.
        immediately: bool,
    },
    /// Takes a key out at once.
    RetireKey {
        /// Which one.
        kid: String,
    },
    /// All keys and how they lie at rest, without anything secret.
    Inventory,
    /// Brings the next generation of the root secret forward.
    RotateRoot {
        /// At once, instead of after the announcement.
        immediately: bool,
    },
    /// Takes a generation of the root secret out at once, and replaces it first if values are made with it.
    RetireRoot {
        /// Which one.
        id: u8,
        /// For what; everything if empty.
        #[serde(default)]
        purposes: BTreeSet<Purpose>,
    },
    /// Does what is due for the keys: the first half of the object's alarm.
    Tend,
    /// The snapshots to publish next: the second half of the object's alarm.
    DueSnapshots {
        /// Most snapshots to return.
        limit: u32,
    },
    /// What came of publishing them.
    Published {
        /// Those that are published.
        snapshots: Vec<PublishedSnapshot>,
        /// Whether these are all that were to be published.
        all: bool,
    },
}

/// A secret that was just made; shown once.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NewSecret {
    /// Whose it is.
    pub client_id: String,
    /// Names it in the admin API.
    pub secret_id: String,
    /// The secret in the clear; empty where only a hash was given.
    pub client_secret: SecretBytes,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
}

/// What the object answers.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ControlReply {
    /// To `Open`.
    Opened {
        /// What `/jwks`, metadata and issuing need.
        snapshot: Box<Snapshot>,
        /// What signing needs.
        keyring: KeyringParcel,
    },
    /// To `Client`, and to everything that changed one; to `RevokeClients` for all without one.
    Client(Option<Box<Client>>),
    /// To `CreateClient` and `AddSecret`.
    ClientWithSecret {
        /// The client.
        client: Box<Client>,
        /// Its new secret, unless it is public.
        secret: Option<NewSecret>,
    },
    /// To `Clients`.
    Clients {
        /// One page.
        clients: Vec<Client>,
        /// Whether there are more.
        more: bool,
    },
    /// To `Waiting`, the one first that has waited longest.
    Waiting(Vec<WaitingClient>),
    /// To `Config`.
    Config {
        /// The version to plan against.
        version: u64,
        /// What is in force.
        config: Box<Config>,
    },
    /// To `Apply`.
    Applied {
        /// The version now in force.
        version: u64,
        /// What happened to which client.
        changes: Vec<(String, Change)>,
        /// Secrets of clients that had none.
        secrets: Vec<NewSecret>,
        /// Whether other accounts are administrators now, or with other scopes.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        administrators_changed: bool,
    },
    /// To `Keys`, `RotateKeys` and `RetireKey`.
    Keys(Vec<PublicKey>),
    /// To `Inventory`, `RotateRoot` and `RetireRoot`.
    Inventory(Box<Inventory>),
    /// To `Tend` and `Published`.
    Tended,
    /// To `DueSnapshots`, the most urgent ones first.
    Snapshots(Vec<DueSnapshot>),
    /// A refusal; nothing changed.
    Refused(ControlRefusal),
}

/// Why a command was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ControlRefusal {
    /// No such client, secret or key.
    NotFound,
    /// The client id is taken.
    AlreadyExists,
    /// Somebody else applied a configuration in between.
    VersionConflict {
        /// The version now in force.
        current: u64,
    },
    /// The client belongs to the configuration file.
    ManagedByConfig,
    /// A public client has no secrets.
    PublicClient,
    /// The client authenticates without a secret.
    NoSecrets,
    /// The client has as many live secrets as it may.
    TooManySecrets,
    /// There are as many generations of the root secret as there may be.
    TooManyRoots,
    /// The input is wrong.
    Invalid(Vec<Problem>),
}
