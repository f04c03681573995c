//! The platform port on Workers: KV for snapshots, one Durable Object for everything else.

use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};
use worker::{AbortController, Delay, Env, Method, Request, RequestInit, RequestRedirect};

use super::js::{self, Random, failed};
use super::signer;
use crate::protocol::control::{Command, Reply};
use crate::protocol::error::ServerError;
use crate::protocol::issuer::Issuer;
use crate::protocol::jwk::{Alg, PublicJwk};
use crate::protocol::keyring::SigningKey;
use crate::protocol::objects::Class;
use crate::protocol::ports::{Entropy, Platform};
use crate::protocol::time::Timestamp;

/// Binding names in `wrangler.toml`.
pub(super) const KV: &str = "KV";
const CONTROL: &str = "CONTROL";
/// How long KV may answer from an edge's cache, in seconds; its minimum.
const KV_CACHE: u64 = 30;
/// How long a client may take to answer a form.
const POST_TIMEOUT: Duration = Duration::from_secs(5);

/// One isolate's platform.
pub(super) struct Edge {
    env: Env,
    issuer: Issuer,
}

impl Edge {
    pub(super) fn new(env: Env, issuer: Issuer) -> Self {
        Self { env, issuer }
    }

    /// Sends a command to the Control object, of which there is one per issuer.
    pub(super) async fn ask(&self, command: String) -> Result<String, ServerError> {
        let (status, text) = self.call(CONTROL, self.issuer.as_str(), command).await?;
        match status {
            200 => Ok(text),
            500 => Err(ServerError::internal(text)),
            _ => Err(ServerError::unavailable(text)),
        }
    }

    /// Sends a command to an object. The stub is made anew each time: one that saw an exception is dead.
    async fn call(&self, binding: &str, name: &str, command: String) -> Result<(u16, String), ServerError> {
        let namespace = self.env.durable_object(binding).map_err(failed)?;
        let stub = namespace.get_by_name(name).map_err(failed)?;
        let mut init = RequestInit::new();
        init.with_method(Method::Post).with_body(Some(command.into()));
        let request = Request::new_with_init("https://object/", &init).map_err(failed)?;
        let mut response = stub.fetch_with_request(request).await.map_err(failed)?;
        let text = response.text().await.map_err(failed)?;
        Ok((response.status_code(), text))
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

    async fn object(&self, class: Class, name: &str, command: &str) -> Result<String, ServerError> {
        let binding = class.name().to_ascii_uppercase();
        let (status, text) = self.call(&binding, name, command.to_owned()).await?;
        if status == 200 { Ok(text) } else { Err(ServerError::internal(text)) }
    }

    async fn verify(
        &self,
        alg: Alg,
        key: &PublicJwk,
        message: &[u8],
        signature: &[u8],
    ) -> Result<bool, ServerError> {
        signer::verify(alg, key, message, signature).await
    }

    async fn get_document(&self, url: &str, fresh: bool) -> Result<Vec<u8>, ServerError> {
        let bytes = js::get_document(url, fresh).await.map_err(js::message)?;
        Ok(js_sys::Uint8Array::new(&bytes).to_vec())
    }

    async fn post_form(&self, url: &str, form: &str) -> Result<u16, ServerError> {
        let mut init = RequestInit::new();
        init.with_method(Method::Post).with_body(Some(form.into())).with_redirect(RequestRedirect::Manual);
        let mut request = Request::new_with_init(url, &init).map_err(failed)?;
        let headers = request.headers_mut().map_err(failed)?;
        headers.set("content-type", "application/x-www-form-urlencoded").map_err(failed)?;
        let abort = AbortController::default();
        let signal = abort.signal();
        let fetch = worker::Fetch::Request(request);
        let answer = pin!(fetch.send_with_signal(&signal));
        let timeout = pin!(Delay::from(POST_TIMEOUT));
        match select(answer, timeout).await {
            Either::Left((answer, _)) => Ok(answer.map_err(failed)?.status_code()),
            Either::Right(_) => {
                abort.abort();
                Err(ServerError::unavailable("no answer in time"))
            }
        }
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
