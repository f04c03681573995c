//! One authorization server: an issuer, a platform, and what the isolate remembers. Here are also the request's context and log
//! line, the ports to the platform, and the look-ups and calls that every layer above needs. Nothing here knows an endpoint or a
//! grant. `edge` makes one server per isolate and tests make several.

pub(crate) mod answer;
pub(crate) mod budget;
pub mod cache;
mod calls;
pub(crate) mod client_documents;
pub(crate) mod foreign_keys;
mod known_documents;
pub mod lookup;
pub mod ports;
mod publish;
mod published;
pub mod request;
mod signatures;

use std::rc::Rc;

use self::cache::Cache;
use self::foreign_keys::Trust;
use self::known_documents::Documents;
use self::ports::Platform;
use self::signatures::KnownSignatures;
use crate::protocol::config::registered_client::{Client, ManagedBy, StoredSecret};
use crate::protocol::config::{ClientConfig, DeviceConfig, RefreshConfig};
use crate::protocol::keys::kek::Keks;
use crate::protocol::model::client::{ADMIN_CLIENT_ID, AuthMethod, CLI_CLIENT_ID};
use crate::protocol::model::grant_type::GrantType;
use crate::protocol::model::issuer::Issuer;
use crate::protocol::model::scope::{ADMIN_READ, ADMIN_SCOPES, ADMIN_WRITE};
use crate::protocol::model::secret::Secret;
use crate::protocol::model::time::{DAY, MINUTE, Timestamp};

pub use self::publish::publish;

/// The shortest admin secret that is accepted, in bytes. A shorter one counts as unset.
pub(crate) const MIN_ADMIN_SECRET: usize = 32;

/// The settings of a deployment, besides its bindings.
#[derive(Debug)]
pub struct Deployment {
    /// The issuer. It comes from the configuration, never from the Host header.
    pub issuer: Issuer,
    /// The secret of the built-in admin client. If it is unset or too short, there is no such client.
    pub admin_secret: Option<Secret>,
    /// The key encryption keys, which open the keys that lie sealed in KV. Without one the Control object is asked for the keys.
    pub keks: Keks,
    /// How long an edge uses what it has read, in seconds; at most [`self::cache::EDGE_CACHE`].
    pub edge_cache: u64,
}

/// The server of one issuer. An isolate makes one and keeps it for all its requests.
pub struct Server<P> {
    pub(crate) issuer: Issuer,
    pub(crate) platform: P,
    pub(crate) keks: Keks,
    pub(crate) cache: Cache,
    pub(crate) documents: Documents,
    pub(crate) trust: Trust,
    pub(crate) signatures: KnownSignatures,
    pub(crate) admin: Option<Rc<Client>>,
}

impl<P: Platform> Server<P> {
    /// Makes a server that remembers nothing yet.
    pub fn new(deployment: Deployment, platform: P) -> Self {
        let Deployment { issuer, admin_secret, keks, edge_cache } = deployment;
        let usable = admin_secret.filter(|secret| secret.expose().len() >= MIN_ADMIN_SECRET);
        let admin = usable.map(|secret| Rc::new(admin_client(&secret)));
        let cache = Cache::new(&issuer, edge_cache);
        let (documents, trust) = (Documents::default(), Trust::default());
        let signatures = KnownSignatures::default();
        Self { issuer, platform, keks, cache, documents, trust, signatures, admin }
    }

    /// The platform that the server runs on; tests read its counters.
    pub fn platform(&self) -> &P {
        &self.platform
    }
}

/// The client that `ADMIN_SECRET` authenticates. It is stored nowhere, and exists only while that secret is set.
fn admin_client(secret: &Secret) -> Client {
    let epoch = Timestamp(0);
    let config = ClientConfig {
        client_id: ADMIN_CLIENT_ID.to_owned(),
        client_name: Some("The deployment's administrator".to_owned()),
        grant_types: vec![GrantType::ClientCredentials],
        scopes: [ADMIN_READ, ADMIN_WRITE].into_iter().collect(),
        ..ClientConfig::default()
    };
    let secret = StoredSecret {
        id: "ADMIN_SECRET".to_owned(),
        sha256: secret.hash(),
        created_at: epoch,
        expires_at: None,
    };
    Client { secrets: vec![secret], ..built_in(config) }
}

/// The client of the `mintedge` command, with which administrators sign in. It is public and comes back to a loopback address (RFC
/// 8252 §7.3), so the consent page is shown each time. It gets what the account's role permits and nothing else.
fn cli_client() -> Client {
    let scopes = ADMIN_SCOPES.into_iter().chain(["offline_access"]);
    built_in(ClientConfig {
        client_id: CLI_CLIENT_ID.to_owned(),
        client_name: Some("The mintedge command".to_owned()),
        grant_types: vec![GrantType::AuthorizationCode, GrantType::DeviceCode, GrantType::RefreshToken],
        scopes: scopes.collect(),
        token_endpoint_auth_method: Some(AuthMethod::None),
        redirect_uris: vec!["http://127.0.0.1/callback".to_owned(), "http://[::1]/callback".to_owned()],
        // Nobody is led to permit this by a link: whoever wants it types the code.
        device: DeviceConfig { lifetime: 5 * MINUTE, link: false, ..DeviceConfig::default() },
        refresh: RefreshConfig { idle: 7 * DAY, absolute: 30 * DAY, ..RefreshConfig::default() },
        ..ClientConfig::default()
    })
}

/// A client that is stored nowhere.
fn built_in(config: ClientConfig) -> Client {
    let epoch = Timestamp(0);
    Client {
        config,
        managed_by: ManagedBy::Config,
        secrets: Vec::new(),
        created_at: epoch,
        updated_at: epoch,
        config_version: 0,
        epoch: None,
        admitted_at: None,
        was_refused: false,
        is_outdated: false,
    }
}
