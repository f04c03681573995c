//! The objects of [`crate::protocol::objects`] as Durable Objects. `edge/objects.mjs` has the storage; this file has the two
//! functions it calls, and `hashing.rs` what computes an object's orders.

use wasm_bindgen::prelude::*;

use super::js::{self, Random, failed};
use crate::protocol::codec::json;
use crate::protocol::http::error::ServerError;
use crate::protocol::objects::{Answer, Class, Rows, handle};

#[wasm_bindgen]
extern "C" {
    /// `Rows` in `edge/objects.mjs`.
    pub(super) type JsRows;

    #[wasm_bindgen(method, catch)]
    fn read(this: &JsRows, key: &str) -> Result<Option<String>, JsValue>;

    #[wasm_bindgen(method, catch)]
    fn list(this: &JsRows, prefix: &str, after: Option<&str>, limit: u32) -> Result<Vec<String>, JsValue>;

    #[wasm_bindgen(method, catch)]
    fn write(this: &JsRows, key: &str, value: Option<String>) -> Result<(), JsValue>;
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
}

/// Carries out `command` on an object of kind `class`: when its alarm has to ring (milliseconds since 1970, or nothing), a line
/// feed, the reply. Or `order`, a line feed, what has to be computed first; the same command then comes again with what was
/// `computed`.
///
/// # Errors
/// The reason. The caller runs this in a transaction and rolls it back.
#[wasm_bindgen]
#[expect(unreachable_pub, reason = "wasm-bindgen exports public functions only")]
pub fn object(
    class: &str,
    rows: &JsRows,
    command: &str,
    computed: Option<String>,
) -> Result<String, JsError> {
    let class = Class::parse(class).ok_or_else(|| JsError::new("there is no such class"))?;
    let computed = computed.map(|text| json::from_str(&text).map_err(|error| thrown(failed(error))));
    let (answer, changes) =
        handle(class, rows, js::now(), &Random, command, computed.transpose()?).map_err(thrown)?;
    let reply = match answer {
        Answer::Reply(reply) => reply,
        Answer::Order(order) => {
            let order = serde_json::to_string(&order).map_err(|error| thrown(failed(error)))?;
            return Ok(format!("order\n{order}"));
        }
    };
    for (key, value) in changes.writes {
        rows.write(&key, value).map_err(|error| thrown(failed(error)))?;
    }
    let alarm = changes.alarm.map(|at| at.0.saturating_mul(1000).to_string()).unwrap_or_default();
    Ok(format!("{alarm}\n{reply}"))
}

/// What the alarm of an object of kind `class` does. `carry_out` has the object itself carry out a command.
///
/// # Errors
/// The reason; the alarm is then set anew.
#[wasm_bindgen]
#[expect(unreachable_pub, reason = "wasm-bindgen exports public functions only")]
pub async fn object_alarm(env: JsValue, class: String, carry_out: js_sys::Function) -> Result<(), JsError> {
    let class = Class::parse(&class).ok_or_else(|| JsError::new("there is no such class"))?;
    let server = super::server(|| env).map_err(thrown)?;
    let carry_out = |command: &str| {
        let reply = carry_out.call1(&JsValue::NULL, &command.into()).map_err(failed)?;
        reply.as_string().ok_or(ServerError::internal("the object's answer is no text"))
    };
    server.alarm(class, carry_out).await.map_err(thrown)
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
pub(super) fn thrown(error: ServerError) -> JsError {
    JsError::new(error.detail())
}
