//! One authorization server: an issuer, a platform, and what the isolate remembers.

pub(crate) mod answer;
pub(crate) mod budget;
pub mod cache;
mod calls;
pub(crate) mod issuer_keys;
pub mod lookup;
pub mod ports;
mod publish;
mod published;
pub mod request;

use std::rc::Rc;

use self::cache::Cache;
use self::issuer_keys::Trust;
use self::ports::Platform;
use crate::protocol::config::ClientConfig;
use crate::protocol::config::registered_client::{Client, ManagedBy, StoredSecret};
use crate::protocol::keys::kek::Keks;
use crate::protocol::model::client::ADMIN_CLIENT_ID;
use crate::protocol::model::grant_type::GrantType;
use crate::protocol::model::issuer::Issuer;
use crate::protocol::model::scope::{ADMIN_READ, ADMIN_WRITE};
use crate::protocol::model::secret::Secret;
use crate::protocol::model::time::Timestamp;

pub use self::publish::publish;

/// Shortest admin secret that is accepted, in bytes. A shorter one counts as none.
pub(crate) const MIN_ADMIN_SECRET: usize = 32;

/// What a deployment says of itself, besides its bindings.
#[derive(Debug)]
pub struct Deployment {
    /// The issuer: configuration, never the Host header.
    pub issuer: Issuer,
    /// Authenticates the built-in admin client. None, or a short one: there is no such client.
    pub admin_secret: Option<Secret>,
    /// Open the keys that lie sealed in KV. None: the Control object is asked for them.
    pub keks: Keks,
    /// How long an edge uses what it read, in seconds; at most [`self::cache::EDGE_CACHE`].
    pub edge_cache: u64,
}

/// The server of one issuer. An isolate makes one and keeps it.
pub struct Server<P> {
    pub(crate) issuer: Issuer,
    pub(crate) platform: P,
    pub(crate) keks: Keks,
    pub(crate) cache: Cache,
    pub(crate) trust: Trust,
    pub(crate) admin: Option<Rc<Client>>,
}

impl<P: Platform> Server<P> {
    /// Makes a server that has remembered nothing yet.
    pub fn new(deployment: Deployment, platform: P) -> Self {
        let Deployment { issuer, admin_secret, keks, edge_cache } = deployment;
        let usable = admin_secret.filter(|secret| secret.expose().len() >= MIN_ADMIN_SECRET);
        let admin = usable.map(|secret| Rc::new(admin_client(&secret)));
        let cache = Cache::new(&issuer, edge_cache);
        Self { issuer, platform, keks, cache, trust: Trust::default(), admin }
    }

    /// The platform, for tests that look at its counters.
    pub fn platform(&self) -> &P {
        &self.platform
    }
}

/// The client that `ADMIN_SECRET` authenticates. It lives in no store; without the secret it doesn't exist.
fn admin_client(secret: &Secret) -> Client {
    let epoch = Timestamp(0);
    let config = ClientConfig {
        client_id: ADMIN_CLIENT_ID.to_owned(),
        client_name: Some("The deployment's administrator".to_owned()),
        grant_types: vec![GrantType::ClientCredentials],
        scopes: [ADMIN_READ, ADMIN_WRITE].into_iter().collect(),
        ..ClientConfig::default()
    };
    Client {
        config,
        managed_by: ManagedBy::Config,
        secrets: vec![StoredSecret {
            id: "ADMIN_SECRET".to_owned(),
            sha256: secret.hash(),
            created_at: epoch,
            expires_at: None,
        }],
        created_at: epoch,
        updated_at: epoch,
        config_version: 0,
        epoch: None,
    }
}
