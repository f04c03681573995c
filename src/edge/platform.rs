//! The platform port on Workers: KV for snapshots, one Durable Object for everything else.

use worker::{Env, Method, Request, RequestInit};

use super::js::{self, Random, failed};
use super::signer;
use crate::protocol::control::{Command, Reply};
use crate::protocol::error::ServerError;
use crate::protocol::issuer::Issuer;
use crate::protocol::keyring::SigningKey;
use crate::protocol::ports::{Entropy, Platform};
use crate::protocol::time::Timestamp;

/// Binding names in `wrangler.toml`.
pub(super) const KV: &str = "KV";
const CONTROL: &str = "CONTROL";
/// How long KV may answer from an edge's cache, in seconds; its minimum.
const KV_CACHE: u64 = 30;

/// One isolate's platform.
pub(super) struct Edge {
    env: Env,
    issuer: Issuer,
}

impl Edge {
    pub(super) fn new(env: Env, issuer: Issuer) -> Self {
        Self { env, issuer }
    }

    /// Sends `body` to the Control object and returns what it answers.
    pub(super) async fn ask(&self, body: String) -> Result<String, ServerError> {
        let namespace = self.env.durable_object(CONTROL).map_err(failed)?;
        // One object per issuer. The stub is made anew each time: one that saw an exception is dead.
        let stub = namespace.get_by_name(self.issuer.as_str()).map_err(failed)?;
        let mut init = RequestInit::new();
        init.with_method(Method::Post).with_body(Some(body.into()));
        let request = Request::new_with_init("https://control/", &init).map_err(failed)?;
        let mut response = stub.fetch_with_request(request).await.map_err(failed)?;
        let text = response.text().await.map_err(failed)?;
        match response.status_code() {
            200 => Ok(text),
            500 => Err(ServerError::internal(text)),
            _ => Err(ServerError::unavailable(text)),
        }
    }
}

impl Entropy for Edge {
    fn fill(&self, bytes: &mut [u8]) {
        Random.fill(bytes);
    }
}

impl Platform for Edge {
    fn now(&self) -> Timestamp {
        js::now()
    }

    async fn sign(&self, key: &SigningKey, message: &[u8]) -> Result<Vec<u8>, ServerError> {
        signer::sign(key, message).await
    }

    async fn read_snapshots(&self, names: &[&str]) -> Result<Vec<Option<String>>, ServerError> {
        let kv = self.env.kv(KV).map_err(failed)?;
        if let [name] = names {
            let value = kv.get(name).cache_ttl(KV_CACHE).text().await.map_err(failed)?;
            return Ok(vec![value]);
        }
        let mut values = kv.get_bulk(names).cache_ttl(KV_CACHE).text().await.map_err(failed)?;
        Ok(names.iter().map(|name| values.remove(*name).flatten()).collect())
    }

    async fn control(&self, command: Command) -> Result<Reply, ServerError> {
        let reply = self.ask(serde_json::to_string(&command).map_err(failed)?).await?;
        serde_json::from_str(&reply).map_err(|error| {
            ServerError::internal(format!("the Control object's answer is unreadable: {error}"))
        })
    }

    fn log(&self, line: &str) {
        js::log(line);
    }
}
