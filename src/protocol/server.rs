//! One authorization server: an issuer, a platform, and what the isolate remembers.

use std::rc::Rc;

use super::client::{ADMIN_CLIENT_ID, Client, ManagedBy, StoredSecret};
use super::config::ClientConfig;
use super::directory::Directory;
use super::endpoints;
use super::federation::Trust;
use super::grants::GrantType;
use super::http::{Method, Request, Response};
use super::issuer::Issuer;
use super::log::Exchange;
use super::ports::Platform;
use super::scope::{ADMIN_READ, ADMIN_WRITE};
use super::secret::Secret;
use super::time::Timestamp;

/// Shortest admin secret that is accepted, in bytes. A shorter one counts as none.
pub(crate) const MIN_ADMIN_SECRET: usize = 32;

/// What a deployment says of itself, besides its bindings.
#[derive(Debug)]
pub struct Deployment {
    /// The issuer: configuration, never the Host header.
    pub issuer: Issuer,
    /// Authenticates the built-in admin client. None, or a short one: there is no such client.
    pub admin_secret: Option<Secret>,
    /// How long an edge uses what it read, in seconds; at most [`super::directory::EDGE_CACHE`].
    pub edge_cache: u64,
}

/// The server of one issuer. An isolate makes one and keeps it.
pub struct Server<P> {
    pub(crate) issuer: Issuer,
    pub(crate) platform: P,
    pub(crate) directory: Directory,
    pub(crate) trust: Trust,
    pub(crate) admin: Option<Rc<Client>>,
}

impl<P: Platform> Server<P> {
    /// Makes a server that has remembered nothing yet.
    pub fn new(deployment: Deployment, platform: P) -> Self {
        let Deployment { issuer, admin_secret, edge_cache } = deployment;
        let usable = admin_secret.filter(|secret| secret.expose().len() >= MIN_ADMIN_SECRET);
        let admin = usable.map(|secret| Rc::new(admin_client(&secret)));
        let directory = Directory::new(&issuer, edge_cache);
        Self { issuer, platform, directory, trust: Trust::default(), admin }
    }

    /// Answers one request; never fails and never panics. Writes one log line.
    pub async fn handle(&self, request: &Request) -> Response {
        let is_head = request.method == Method::Head;
        let as_get;
        let request = if is_head {
            as_get = request.as_get();
            &as_get
        } else {
            request
        };
        let exchange = Exchange::new(request, &self.platform);
        let mut response = endpoints::route(self, &exchange).await;
        self.platform.log(&exchange.line(&response));
        if is_head {
            response.body.clear();
        }
        response
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
