//! The Control object: one per issuer, the only writer of clients, configuration and signing keys.
//!
//! [`handle`] is the object's whole behavior, synchronous and the same natively and in a Durable Object: it
//! reads, decides, and writes in one transaction. What edges may read from KV is put into an outbox in the
//! same transaction; the adapter publishes the outbox afterward ([`publication`]), so that no KV call
//! happens inside the object's critical section and none is ever lost.

mod clients;
mod configuration;
mod head;
mod keys;
mod publish;
mod roots;
mod store;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::protocol::config::registered_client::Client;
use crate::protocol::config::snapshot::Snapshot;
use crate::protocol::config::{ClientConfig, Config};
use crate::protocol::http::error::ServerError;
use crate::protocol::keys::derived::Purpose;
use crate::protocol::keys::kek::Keks;
use crate::protocol::keys::keyring::{KeyMaterial, KeyringParcel};
use crate::protocol::keys::schedule::PublicKey;
use crate::protocol::model::entropy::Entropy;
use crate::protocol::model::issuer::Issuer;
use crate::protocol::model::jwk::Alg;
use crate::protocol::model::secret::SecretHash;
use crate::protocol::model::time::Timestamp;
use crate::protocol::state::config::Change;
use crate::protocol::validate::Problem;

pub use clients::MAX_PAGE;
pub use publish::{PublishedClient, client_snapshot_name, publication, snapshot_name};
pub use roots::{Inventory, KekInfo, RootInfo};
pub use store::{Store, Urgency};

/// What the object is asked to do. Everything may be repeated but `CreateClient`, and `AddSecret` without a hash.
///
/// It travels between Worker versions during a deployment: members are added with a default, never renamed.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
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
    /// Does what is due: the object's alarm.
    Tend,
}

/// A secret that was just made; shown once.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NewSecret {
    /// Whose it is.
    pub client_id: String,
    /// Names it in the admin API.
    pub secret_id: String,
    /// The secret in the clear; empty where only a hash was given.
    pub client_secret: crate::protocol::model::secret::SecretBytes,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
}

/// What the object answers.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
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
    },
    /// To `Keys`, `RotateKeys` and `RetireKey`.
    Keys(Vec<PublicKey>),
    /// To `Inventory`, `RotateRoot` and `RetireRoot`.
    Inventory(Box<Inventory>),
    /// To `Tend`.
    Tended,
    /// A refusal; nothing changed.
    Refused(Refusal),
}

/// Why a command was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
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

/// Everything a command needs besides the store.
pub struct Context<'a, E> {
    /// Whose object this is.
    pub issuer: &'a Issuer,
    /// Wrap keys at rest.
    pub keks: &'a Keks,
    /// The time.
    pub now: Timestamp,
    /// For secrets, ids and Ed25519 keys.
    pub entropy: &'a E,
    /// Keys of the other kinds, made beforehand; see [`Outcome::NeedsKeys`].
    pub material: Vec<KeyMaterial>,
}

/// What came of a command.
#[derive(Debug)]
#[must_use]
pub enum Outcome {
    /// Done, or refused.
    Reply(Reply),
    /// Nothing changed: make keys of these algorithms with the platform's crypto and come again.
    NeedsKeys(Vec<Alg>),
}

/// A step's end: a failure of ours, a refusal, or keys to be made. None of them leaves a trace in the store.
#[derive(Debug)]
pub(crate) enum Stop {
    Server(ServerError),
    Refused(Refusal),
    NeedsKeys(Vec<Alg>),
}

impl From<ServerError> for Stop {
    fn from(error: ServerError) -> Self {
        Self::Server(error)
    }
}

/// Carries out `command` in one transaction.
///
/// # Errors
/// If the store fails or the keys can't be opened; the transaction is then rolled back.
pub fn handle<S: Store, E: Entropy>(
    store: &mut S,
    mut context: Context<'_, E>,
    command: Command,
) -> Result<Outcome, ServerError> {
    match store.transaction(|store| dispatch(store, &mut context, command)) {
        Ok(reply) => Ok(Outcome::Reply(reply)),
        Err(Stop::Refused(refusal)) => Ok(Outcome::Reply(Reply::Refused(refusal))),
        Err(Stop::NeedsKeys(algs)) => Ok(Outcome::NeedsKeys(algs)),
        Err(Stop::Server(error)) => Err(error),
    }
}

/// Commands are kept out of line: a cold start waits for `Open`, and whatever is inlined here is compiled with it.
fn dispatch<S: Store, E: Entropy>(
    store: &mut S,
    context: &mut Context<'_, E>,
    command: Command,
) -> Result<Reply, Stop> {
    let head = head::load(store, context)?;
    match command {
        Command::Open => keys::open(store, context, head),
        Command::Tend => keys::tend(store, context, head),
        Command::Keys => Ok(Reply::Keys(head.public_keys(context.now))),
        Command::RotateKeys { alg, immediately } => keys::rotate(store, context, head, alg, immediately),
        Command::Inventory => Ok(Reply::Inventory(Box::new(roots::inventory(context, &head)))),
        Command::RotateRoot { immediately } => roots::rotate(store, context, head, immediately),
        Command::RetireRoot { id, purposes } => roots::retire(store, context, head, id, &purposes),
        Command::RetireKey { kid } => keys::retire(store, context, head, &kid),
        Command::Config => configuration::read(store, head),
        Command::Apply { base_version, config } => {
            configuration::apply(store, context, head, base_version, *config)
        }
        Command::Client { client_id } => Ok(Reply::Client(clients::load(store, &client_id)?.map(Box::new))),
        Command::Clients { after, limit } => clients::page(store, after.as_deref(), limit),
        Command::CreateClient { client } => clients::create(store, context, head, *client),
        Command::UpdateClient { client } => clients::update(store, context, head, &client),
        Command::AddSecret { client_id, expires_at, others_expire_at, sha256 } => {
            let addition = clients::Addition { expires_at, others_expire_at, sha256 };
            clients::add_secret(store, context, &client_id, addition)
        }
        Command::RemoveSecret { client_id, secret_id } => {
            clients::remove_secret(store, context, &client_id, &secret_id)
        }
        Command::SetEnabled { client_id, enabled } => {
            clients::set_enabled(store, context, &client_id, enabled)
        }
        Command::DeleteClient { client_id } => clients::delete(store, head, context, &client_id),
        Command::RevokeClients { client_id: Some(id) } => clients::revoke(store, context, &id),
        Command::RevokeClients { client_id: None } => clients::revoke_all(store, context, head),
    }
}

/// When the object's alarm has to fire next for the keys' sake; `None` for an object never opened.
///
/// # Errors
/// If the store fails.
pub fn next_alarm<S: Store>(store: &mut S, now: Timestamp) -> Result<Option<Timestamp>, ServerError> {
    head::next_alarm(store, now)
}
