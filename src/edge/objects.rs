//! The objects of [`crate::protocol::objects`] as Durable Objects. `edge/objects.mjs` has the storage and calls the functions
//! here; `hashing.rs` computes the passwords that an object orders.

use js_sys::{Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use worker::Env;

use super::js::{self, Random, failed};
use super::signer;
use crate::protocol::codec::json;
use crate::protocol::http::error::ServerError;
use crate::protocol::model::jwk::Alg;
use crate::protocol::objects::{Answer, Class, Computed, Rows, Setting, handle};

#[wasm_bindgen]
extern "C" {
    /// An object of the class `Rows` in `edge/objects.mjs`.
    pub(super) type JsRows;

    #[wasm_bindgen(method, catch)]
    fn read(this: &JsRows, key: &str) -> Result<Option<String>, JsValue>;

    #[wasm_bindgen(method, catch)]
    fn list(this: &JsRows, prefix: &str, after: Option<&str>, limit: u32) -> Result<Vec<String>, JsValue>;

    #[wasm_bindgen(method, catch)]
    fn write(this: &JsRows, key: &str, value: Option<String>) -> Result<(), JsValue>;

    #[wasm_bindgen(method)]
    fn recall(this: &JsRows, key: &str) -> Option<String>;

    #[wasm_bindgen(method)]
    fn note(this: &JsRows, key: &str, value: String);
}

impl Rows for JsRows {
    fn read(&self, key: &str) -> Result<Option<String>, ServerError> {
        self.read(key).map_err(failed)
    }

    fn list(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<(String, String)>, ServerError> {
        let mut flat = self.list(prefix, after, limit).map_err(failed)?.into_iter();
        let mut rows = Vec::new();
        while let (Some(key), Some(value)) = (flat.next(), flat.next()) {
            rows.push((key, value));
        }
        Ok(rows)
    }

    fn recall(&self, key: &str) -> Option<String> {
        self.recall(key)
    }
}

/// The HTTP status of a failure that lasts until somebody mends the deployment.
pub(super) const MISCONFIGURED: u16 = 409;

/// Carries out `command` on an object of kind `class`. Returns when its alarm has to ring (milliseconds since 1970, or nothing),
/// a line feed, and the reply. If something has to be computed first, it returns the kind of the order (`password` or `keys`), a
/// line feed, and the order; the same command then comes again with what was `computed`.
///
/// # Errors
/// The reason of the failure. The caller runs this in a transaction and rolls it back.
#[wasm_bindgen]
#[expect(unreachable_pub, reason = "wasm-bindgen exports public functions only")]
pub fn object(
    env: JsValue,
    class: &str,
    rows: &JsRows,
    command: &str,
    computed: Option<String>,
) -> Result<String, JsValue> {
    #[cfg(feature = "panic-probe")]
    super::probe::object(command);
    carry_out(&env.unchecked_into(), class, rows, command, computed).map_err(thrown)
}

fn carry_out(
    env: &Env,
    class: &str,
    rows: &JsRows,
    command: &str,
    computed: Option<String>,
) -> Result<String, ServerError> {
    let class = parse(class)?;
    let computed = computed.map(|text| Computed::parse(class, &text)).transpose()?;
    let setting = Setting { now: js::now(), entropy: &Random, identity: &|| super::identity(env) };
    let (answer, changes) = handle(class, rows, &setting, command, computed)?;
    let reply = match answer {
        Answer::Reply(reply) => reply,
        Answer::Order(order) => {
            let (kind, order) = order.to_text()?;
            return Ok(format!("{kind}\n{order}"));
        }
    };
    for (key, value) in changes.writes {
        rows.write(&key, value).map_err(failed)?;
    }
    for (key, value) in changes.notes {
        rows.note(&key, value);
    }
    let alarm = changes.alarm.map(|at| at.0.saturating_mul(1000).to_string()).unwrap_or_default();
    Ok(format!("{alarm}\n{reply}"))
}

fn parse(class: &str) -> Result<Class, ServerError> {
    Class::parse(class).ok_or(ServerError::internal("there is no such class"))
}

/// Makes a key pair for each algorithm of an order that [`object`] answered. Returns them as JSON.
///
/// # Errors
/// The reason of the failure.
#[wasm_bindgen]
#[expect(unreachable_pub, reason = "wasm-bindgen exports public functions only")]
pub async fn make_keys(order: String) -> Result<String, JsValue> {
    let algs: Vec<Alg> = json::from_str(&order).map_err(|error| thrown(failed(error)))?;
    let mut keys = Vec::new();
    for alg in algs {
        keys.push(signer::generate(alg).await.map_err(thrown)?);
    }
    serde_json::to_string(&keys).map_err(|error| thrown(failed(error)))
}

/// Does what is due when the alarm of an object of kind `class` rings. `carry_out` has the object itself carry out a command.
///
/// # Errors
/// The reason of the failure; the alarm is then set again.
#[wasm_bindgen]
#[expect(unreachable_pub, reason = "wasm-bindgen exports public functions only")]
pub async fn object_alarm(env: JsValue, class: String, carry_out: js_sys::Function) -> Result<(), JsValue> {
    let class = parse(&class).map_err(thrown)?;
    let server = super::server(|| env).map_err(thrown)?;
    let carry_out = async |command: &str| {
        let promise: Promise =
            carry_out.call1(&JsValue::NULL, &command.into()).map_err(failed)?.unchecked_into();
        let reply = JsFuture::from(promise).await.map_err(js::message)?;
        reply.as_string().ok_or(ServerError::internal("the object's answer is no text"))
    };
    server.alarm(class, carry_out).await.map_err(thrown)
}

/// The exception for `error`. Its `status` says what kind of failure it is: 503 if another try may help, [`MISCONFIGURED`] if
/// somebody has to mend the deployment.
#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
pub(super) fn thrown(error: ServerError) -> JsValue {
    let status = match &error {
        ServerError::Internal(_) => 500,
        ServerError::Unavailable(_) => 503,
        ServerError::Misconfigured(_) => MISCONFIGURED,
    };
    let thrown = js_sys::Error::new(error.detail());
    // Without the status it counts as a 500.
    let _ = Reflect::set(&thrown, &"status".into(), &status.into());
    thrown.into()
}
