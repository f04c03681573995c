//! The few JavaScript functions that no crate binds in the way they are needed here. The other files of `edge` call them.

use js_sys::{Array, Promise};
use wasm_bindgen::prelude::*;

use crate::protocol::http::error::ServerError;
use crate::protocol::model::entropy::Entropy;
use crate::protocol::model::time::Timestamp;

#[wasm_bindgen]
extern "C" {
    /// `console.log`, which writes to the Worker's log.
    #[wasm_bindgen(js_namespace = console, js_name = log)]
    pub(super) fn log(line: &str);

    /// Calls `getDocument` in `edge/documents.mjs`. Returns whether the document is a copy, and its bytes as a `Uint8Array`;
    /// throws an exception that says why there is none.
    #[wasm_bindgen(catch, js_name = mintedgeGetDocument)]
    pub(super) fn get_document(url: &str, fresh: bool) -> Result<Promise, JsValue>;

    /// Calls `getMetadataDocument` in `edge/documents.mjs`. Returns the bytes (null for status 404 and 410), and the headers
    /// `Content-Type`, `Cache-Control` and `Age`; throws like the one above.
    #[wasm_bindgen(catch, js_name = mintedgeGetMetadataDocument)]
    pub(super) fn get_metadata_document(url: &str) -> Result<Promise, JsValue>;

    /// Calls `keptMetadataDocument` in `edge/documents.mjs`. Returns the same of a copy, and how many seconds ago it was fetched; null
    /// if there is none.
    #[wasm_bindgen(catch, js_name = mintedgeKeptMetadataDocument)]
    pub(super) fn kept_metadata_document(url: &str) -> Result<Promise, JsValue>;

    /// Calls `keepMetadataDocument` in `edge/documents.mjs`.
    #[wasm_bindgen(catch, js_name = mintedgeKeepMetadataDocument)]
    pub(super) fn keep_metadata_document(
        url: &str,
        bytes: js_sys::Uint8Array,
        headers: Vec<String>,
        seconds: u32,
    ) -> Result<Promise, JsValue>;

    /// Calls `keepDocument` in `edge/documents.mjs`, which keeps a copy of a document for a few minutes.
    #[wasm_bindgen(catch, js_name = mintedgeKeepDocument)]
    pub(super) fn keep_document(url: &str, bytes: js_sys::Uint8Array) -> Result<Promise, JsValue>;
}

/// The functions of `edge/outside.mjs`.
#[wasm_bindgen(js_namespace = mintedge)]
extern "C" {
    /// The bindings of this deployment, as `wrangler.toml` names them.
    pub(super) fn bindings() -> JsValue;

    /// Has `edge/entry.mjs` wait for a promise. Returns the number by which it resumes the request.
    #[wasm_bindgen(js_name = waitFor)]
    pub(super) fn wait_for(promise: &Promise) -> u32;

    /// Signs `message` with a private key. Returns a promise of an `ArrayBuffer`. `algorithm` is a name of RFC 7518 §3.1.
    #[wasm_bindgen(catch)]
    pub(super) fn sign(algorithm: &str, key: &web_sys::CryptoKey, message: &[u8])
    -> Result<Promise, JsValue>;

    /// Sends `command` to the object `name`. Returns a promise of the status, a line feed and the answer.
    #[wasm_bindgen(catch, js_name = callObject)]
    pub(super) fn call_object(
        env: &JsValue,
        binding: &str,
        name: &str,
        command: &str,
    ) -> Result<Promise, JsValue>;

    /// Reads snapshots from KV. Returns a promise of an array of texts and nulls, in the order of the names. `cache_ttl` is in seconds.
    #[wasm_bindgen(catch, js_name = readSnapshots)]
    pub(super) fn read_snapshots(
        env: &JsValue,
        names: Vec<String>,
        cache_ttl: u32,
    ) -> Result<Promise, JsValue>;

    /// Writes snapshots to KV, all at once, and deletes those without a value. Returns an array in the same order: null, or a
    /// text that says what failed.
    #[wasm_bindgen(js_name = writeSnapshots)]
    pub(super) async fn write_snapshots(env: &JsValue, names: Vec<String>, values: Array) -> JsValue;

    /// Posts a form. Returns a promise of the status. `timeout` is in milliseconds.
    #[wasm_bindgen(catch, js_name = postForm)]
    pub(super) fn post_form(url: &str, form: &str, timeout: u32) -> Result<Promise, JsValue>;

    /// Posts JSON with a bearer token. Returns a promise of the status. `timeout` is in milliseconds.
    #[wasm_bindgen(catch, js_name = postJson)]
    pub(super) fn post_json(url: &str, bearer: &str, json: &str, timeout: u32) -> Result<Promise, JsValue>;
}

/// The present time. In production it stands still between I/O.
pub(super) fn now() -> Timestamp {
    #[expect(
        clippy::as_conversions,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "milliseconds since 1970 fit u64, and `as` saturates"
    )]
    let milliseconds = js_sys::Date::now() as u64;
    Timestamp(milliseconds / 1000)
}

/// The randomness of `crypto.getRandomValues`.
pub(super) struct Random;

impl Entropy for Random {
    fn fill(&self, bytes: &mut [u8]) {
        let filled = getrandom::fill(bytes);
        #[expect(
            clippy::expect_used,
            reason = "without randomness there must be no answer; resetting the isolate is right"
        )]
        filled.expect("crypto.getRandomValues failed");
    }
}

/// Makes our error of a JavaScript `Error` that our own scripts threw. It keeps the message, but not where it was thrown.
pub(super) fn message(error: JsValue) -> ServerError {
    match error.dyn_into::<js_sys::Error>() {
        Ok(error) => ServerError::unavailable(String::from(error.message())),
        Err(other) => failed(other),
    }
}

/// Makes our error of any JavaScript exception.
pub(super) fn failed(error: impl std::fmt::Debug) -> ServerError {
    ServerError::unavailable(format!("{error:?}"))
}
