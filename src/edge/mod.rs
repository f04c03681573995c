//! The server on Cloudflare Workers: thin, `wasm32` only, without a decision about OAuth. It implements the ports of
//! `protocol::server` and runs the objects.
//!
//! `edge/entry.mjs` calls [`handle`] with strings and bytes and makes the `Response`; that is about a third faster than passing
//! `Request` and `Response` objects over the wasm boundary.

mod hashing;
mod js;
mod objects;
mod platform;
#[cfg(feature = "panic-probe")]
mod probe;
mod signer;
mod waits;

use std::cell::RefCell;
use std::rc::Rc;

use wasm_bindgen::prelude::*;
use worker::Env;

use crate::protocol::http::error::ServerError;
use crate::protocol::http::{Body, Headers, Method, Request, Response, SensitiveHeader};
use crate::protocol::keys::kek::Keks;
use crate::protocol::model::issuer::Issuer;
use crate::protocol::model::secret::Secret;
use crate::protocol::objects::control::Identity;
use crate::protocol::server::cache::EDGE_CACHE;
use crate::protocol::{Deployment, Server, not_configured};
use platform::Edge;

thread_local! {
    /// The isolate's server. Its caches hold configuration, clients and keys, never anything of a request.
    static SERVER: RefCell<Option<Rc<Server<Edge>>>> = const { RefCell::new(None) };
}

/// Answers one request. `head` is the method, the URL and the values of `FORWARDED_HEADERS` in `edge/entry.mjs`, one a line, in
/// that order; at the pages and endpoints about devices the country comes after them. The body comes as `text` or as `bytes`, or not at all.
///
/// Returns the response as a string if nothing had to be waited for. Otherwise returns a number, the ticket of a promise that the
/// caller waits for and [`resume`]s with; or a promise of the response.
#[wasm_bindgen]
#[expect(unreachable_pub, reason = "wasm-bindgen exports public functions only")]
pub fn handle(head: &str, text: Option<String>, bytes: Option<Vec<u8>>, too_large: bool) -> JsValue {
    let body = if too_large {
        Body::TooLarge
    } else {
        Body::Bytes(text.map(String::into_bytes).or(bytes).unwrap_or_default())
    };
    let mut lines = head.split('\n');
    let (method, url) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    let request = Request::new(Method::parse(method), url, parse_headers(lines), body);
    let server = match server(js::bindings) {
        Ok(server) => server,
        Err(error) => return JsValue::from_str(&misconfigured(&request, &error)),
    };
    #[cfg(feature = "panic-probe")]
    probe::call(url);
    waits::advance(Box::pin(async move {
        #[cfg(feature = "panic-probe")]
        probe::run(server.platform(), &request.path).await;
        to_wire(&server.handle(&request).await)
    }))
}

/// Goes on with the request that waits for the promise that `ticket` names, which was fulfilled with `value` or rejected with it.
/// Returns what [`handle`] returns; undefined if no request waits for it any more.
#[wasm_bindgen]
#[expect(unreachable_pub, reason = "wasm-bindgen exports public functions only")]
pub fn resume(ticket: u32, value: JsValue, is_rejected: bool) -> JsValue {
    waits::resume(ticket, if is_rejected { Err(value) } else { Ok(value) })
}

/// Returns the isolate's server, and makes it the first time.
fn server(bindings: impl FnOnce() -> JsValue) -> Result<Rc<Server<Edge>>, ServerError> {
    if let Some(server) = SERVER.with_borrow(Clone::clone) {
        return Ok(server);
    }
    let env: Env = bindings().unchecked_into();
    let issuer = issuer(&env)?;
    let admin_secret = env.secret("ADMIN_SECRET").ok().map(|secret| Secret::received(secret.to_string()));
    let edge_cache = env.var("EDGE_CACHE_SECONDS").ok().and_then(|text| text.to_string().parse().ok());
    let edge_cache = edge_cache.unwrap_or(EDGE_CACHE);
    // If a `KEK` is malformed the Control object is asked for the keys, and its answer says what is wrong.
    let keks = keks(&env).unwrap_or_default();
    let deployment = Deployment { issuer: issuer.clone(), admin_secret, keks, edge_cache };
    let server = Rc::new(Server::new(deployment, Edge::new(env, issuer)));
    SERVER.set(Some(Rc::clone(&server)));
    Ok(server)
}

/// Reads the issuer, which is configuration, never the Host header.
fn issuer(env: &Env) -> Result<Issuer, ServerError> {
    let url = env.var("ISSUER").map_err(|_| ServerError::internal("the ISSUER variable is not set"))?;
    Issuer::parse(&url.to_string()).map_err(|error| ServerError::internal(format!("ISSUER: {error}")))
}

/// The server that an object of this deployment belongs to: its issuer, and the `KEK` that wraps its keys.
fn identity(env: &Env) -> Result<Identity, ServerError> {
    Ok(Identity { keks: keks(env)?, issuer: issuer(env)? })
}

fn keks(env: &Env) -> Result<Keks, ServerError> {
    let secret = |name| env.secret(name).ok().map(|text| text.to_string());
    Keks::parse(secret("KEK").as_deref(), secret("KEK_PREVIOUS").as_deref())
}

fn misconfigured(request: &Request, error: &ServerError) -> String {
    js::log(&format!(r#"{{"outcome":"failed","error":"server_error","detail":{}}}"#, quoted(error)));
    to_wire(&not_configured(request))
}

fn quoted(error: &ServerError) -> String {
    serde_json::to_string(error.detail()).unwrap_or_default()
}

fn parse_headers<'a>(lines: impl Iterator<Item = &'a str>) -> Headers {
    let mut lines = lines.map(|value| (!value.is_empty()).then(|| value.to_owned()));
    let mut next = || lines.next().flatten();
    Headers {
        authorization: next().map(SensitiveHeader::new),
        content_type: next(),
        origin: next(),
        request_id: next(),
        if_none_match: next(),
        if_match: next(),
        accept: next(),
        cookie: next().map(SensitiveHeader::new),
        client_ip: next(),
        user_agent: next(),
        country: next(),
    }
}

/// Writes a response as text: status, line feed, `name: value` lines, an empty line, the body.
fn to_wire(response: &Response) -> String {
    let mut wire = String::with_capacity(response.body.len() + 256);
    wire.push_str(&response.status.to_string());
    wire.push('\n');
    for (name, value) in &response.headers {
        wire.push_str(name);
        wire.push_str(": ");
        wire.push_str(value);
        wire.push('\n');
    }
    wire.push('\n');
    wire.push_str(&response.body);
    wire
}
