//! The platform port (`protocol::server::ports`) on Workers: KV for snapshots, Durable Objects for the objects, `fetch` for other
//! servers, and the keys and signatures of `signer`.

use js_sys::{Array, Uint8Array};
use wasm_bindgen::JsValue;
use worker::Env;

use super::js::{self, Random, failed};
use super::objects::MISCONFIGURED;
use super::signer;
use super::waits::settled;
use crate::protocol::codec::json;
use crate::protocol::http::error::ServerError;
use crate::protocol::keys::keyring::SigningKey;
use crate::protocol::model::entropy::Entropy;
use crate::protocol::model::issuer::Issuer;
use crate::protocol::model::jwk::PublicJwk;
use crate::protocol::model::signature_alg::SignatureAlg;
use crate::protocol::model::time::Timestamp;
use crate::protocol::objects::Class;
use crate::protocol::objects::control::{ControlCommand, ControlReply};
use crate::protocol::server::ports::{Document, MetadataDocument, Platform, SnapshotWrite};

/// The binding of the Control object in `wrangler.toml`.
const CONTROL: &str = "CONTROL";
/// How long KV may answer from an edge's cache, in seconds. It is the least that KV permits.
const KV_CACHE: u32 = 30;
/// How long a client may take to answer a form, in milliseconds.
const POST_TIMEOUT: u32 = 5_000;

/// The platform of one isolate.
pub(super) struct Edge {
    env: Env,
    issuer: Issuer,
}

/// The status that a client answered with.
async fn status(answer: js_sys::Promise) -> Result<u16, ServerError> {
    let status = settled(answer).await.map_err(failed)?;
    let status = status.as_f64().ok_or(ServerError::internal("the status is no number"))?;
    #[expect(
        clippy::as_conversions,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a status is small, and `as` saturates"
    )]
    Ok(status as u16)
}

impl Edge {
    pub(super) fn new(env: Env, issuer: Issuer) -> Self {
        Self { env, issuer }
    }

    /// Sends a command (JSON) to the Control object, of which there is one per issuer.
    pub(super) async fn ask(&self, command: String) -> Result<String, ServerError> {
        let (status, text) = self.call(CONTROL, self.issuer.as_str(), &command).await?;
        match status {
            200 => Ok(text),
            500 => Err(ServerError::internal(text)),
            MISCONFIGURED => Err(ServerError::misconfigured(text)),
            _ => Err(ServerError::unavailable(text)),
        }
    }

    async fn call(&self, binding: &str, name: &str, command: &str) -> Result<(u16, String), ServerError> {
        let answer = js::call_object(self.env.as_ref(), binding, name, command).map_err(failed)?;
        let answer = settled(answer).await.map_err(failed)?;
        let answer = answer.as_string().unwrap_or_default();
        let (status, text) = answer.split_once('\n').unwrap_or_default();
        Ok((status.parse().unwrap_or_default(), text.to_owned()))
    }
}

impl Entropy for Edge {
    fn fill(&self, bytes: &mut [u8]) {
        Random.fill(bytes);
    }
}

/// A client's metadata document as `edge/documents.mjs` returns it.
fn metadata_document(answer: &Array) -> MetadataDocument {
    let text = |place| answer.get(place).as_string().unwrap_or_default();
    let bytes = answer.get(0);
    let is_gone = !bytes.is_object();
    MetadataDocument {
        is_gone,
        bytes: if is_gone { Vec::new() } else { Uint8Array::new(&bytes).to_vec() },
        content_type: text(1),
        cache_control: text(2),
        age: text(3),
        kept_for: text(4).parse().ok(),
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
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        let values = js::read_snapshots(self.env.as_ref(), names, KV_CACHE).map_err(failed)?;
        let values = settled(values).await.map_err(failed)?;
        Ok(Array::from(&values).iter().map(|value| value.as_string()).collect())
    }

    async fn write_snapshots(&self, snapshots: &[SnapshotWrite<'_>]) -> Vec<Result<(), ServerError>> {
        let names = snapshots.iter().map(|snapshot| snapshot.name.to_owned()).collect();
        let values = snapshots.iter().map(|snapshot| snapshot.value.map_or(JsValue::NULL, JsValue::from_str));
        let failures = js::write_snapshots(self.env.as_ref(), names, values.collect::<Array>()).await;
        let failure =
            |failure: JsValue| failure.as_string().map_or(Ok(()), |text| Err(ServerError::unavailable(text)));
        Array::from(&failures).iter().map(failure).collect()
    }

    async fn object(&self, class: Class, name: &str, command: &str) -> Result<String, ServerError> {
        let binding = class.name().to_ascii_uppercase();
        let (status, text) = self.call(&binding, name, command).await?;
        if status == 200 { Ok(text) } else { Err(ServerError::internal(text)) }
    }

    async fn verify(
        &self,
        alg: SignatureAlg,
        key: &PublicJwk,
        message: &[u8],
        signature: &[u8],
    ) -> Result<bool, ServerError> {
        signer::verify(alg, key, message, signature).await
    }

    async fn get_document(&self, url: &str, fresh: bool) -> Result<Document, ServerError> {
        let document = js::get_document(url, fresh).map_err(js::message)?;
        let answer = Array::from(&settled(document).await.map_err(js::message)?);
        Ok(Document { is_copy: answer.get(0).is_truthy(), bytes: Uint8Array::new(&answer.get(1)).to_vec() })
    }

    async fn keep_document(&self, url: &str, bytes: &[u8]) {
        // The document has been read. That there is no copy costs only the next request a fetch.
        if let Ok(kept) = js::keep_document(url, Uint8Array::from(bytes)) {
            let _ = settled(kept).await;
        }
    }

    async fn get_metadata_document(&self, url: &str) -> Result<MetadataDocument, ServerError> {
        let document = js::get_metadata_document(url).map_err(js::message)?;
        let answer = settled(document).await.map_err(js::message)?;
        Ok(metadata_document(&Array::from(&answer)))
    }

    async fn kept_metadata_document(&self, url: &str) -> Option<MetadataDocument> {
        // A cache that fails is one that has no copy.
        let answer = settled(js::kept_metadata_document(url).ok()?).await.ok()?;
        answer.is_object().then(|| metadata_document(&Array::from(&answer)))
    }

    async fn keep_metadata_document(&self, url: &str, document: &MetadataDocument, seconds: u64) {
        let MetadataDocument { bytes, content_type, cache_control, age, .. } = document;
        let headers = vec![content_type.clone(), cache_control.clone(), age.clone()];
        let seconds = u32::try_from(seconds).unwrap_or(u32::MAX);
        let kept = js::keep_metadata_document(url, Uint8Array::from(bytes.as_slice()), headers, seconds);
        // As above: without a copy the next request fetches.
        if let Ok(kept) = kept {
            let _ = settled(kept).await;
        }
    }

    async fn post_form(&self, url: &str, form: &str) -> Result<u16, ServerError> {
        status(js::post_form(url, form, POST_TIMEOUT).map_err(failed)?).await
    }

    async fn post_json(&self, url: &str, bearer: &str, json: &str) -> Result<u16, ServerError> {
        status(js::post_json(url, bearer, json, POST_TIMEOUT).map_err(failed)?).await
    }

    async fn control(&self, command: ControlCommand) -> Result<ControlReply, ServerError> {
        let reply = self.ask(serde_json::to_string(&command).map_err(failed)?).await?;
        json::from_str(&reply).map_err(|error| {
            ServerError::internal(format!("the Control object's answer is unreadable: {error}"))
        })
    }

    fn nfkc(&self, text: &str) -> String {
        js_sys::JsString::from(text).normalize("NFKC").into()
    }

    fn log(&self, line: &str) {
        js::log(line);
    }
}
