//! Requests to servers that may be anybody's: bounded in time, in bytes and in number, and led nowhere by redirections.

use std::cell::Cell;
use std::path::Path;
use std::time::Duration;

use mintedge::protocol::codec::uri::Uri;
use mintedge::protocol::model::time::Timestamp;
use serde_json::Value;
use ureq::Agent;
use ureq::http::{HeaderMap, Method, Request};
use ureq::tls::TlsConfig;

use super::report::quoted;
use crate::failure::Failure;
use crate::remote::{reason, trusted_roots};
use crate::time::now;

/// Longest time for one request and its answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Longest time for all of them, in seconds.
const PATIENCE: u64 = 60;
/// Most requests.
const MOST_REQUESTS: u32 = 40;
/// Most bytes of an answer's body.
const LARGEST_BODY: u64 = 256 * 1024;

/// What is sent.
#[derive(Clone, Copy)]
pub(super) struct Ask<'a> {
    pub(super) method: &'a Method,
    pub(super) url: &'a str,
    pub(super) headers: &'a [(&'a str, &'a str)],
    /// Media type and text.
    pub(super) body: Option<(&'a str, &'a str)>,
}

/// An answer of whatever status.
pub(super) struct Reply {
    pub(super) status: u16,
    headers: HeaderMap,
    pub(super) body: String,
}

/// Sends requests until time or number are used up.
pub(super) struct Fetcher {
    agent: Agent,
    deadline: Timestamp,
    left: Cell<u32>,
    /// Whether plain HTTP and this machine's own addresses may be asked: only if the first address is one.
    is_local: bool,
}

impl Fetcher {
    /// A fetcher for a walk that begins at `url`.
    ///
    /// # Errors
    /// If the file with certificates can't be read.
    pub(super) fn new(url: &str, authorities: Option<&Path>) -> Result<Self, Failure> {
        let is_local = Uri::split(url).is_some_and(|uri| uri.is_loopback());
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            .https_only(!is_local)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_global(Some(TIMEOUT))
            .user_agent(concat!("mintedge-doctor/", env!("CARGO_PKG_VERSION")))
            .tls_config(TlsConfig::builder().root_certs(trusted_roots(authorities)?).build());
        if is_local {
            config = config.proxy(None);
        }
        Ok(Self {
            agent: config.build().new_agent(),
            deadline: now().plus(PATIENCE),
            left: Cell::new(MOST_REQUESTS),
            is_local,
        })
    }

    /// Whether `url` may be asked: https, or http at a loopback address if the walk began at one. A server elsewhere must not lead
    /// the command to programs of this machine.
    pub(super) fn permits(&self, url: &str) -> bool {
        let Some(uri) = Uri::split(url) else { return false };
        let is_secure = uri.scheme.eq_ignore_ascii_case("https");
        let is_here = Uri { scheme: "http", ..uri }.is_loopback();
        self.is_local && (is_secure || uri.is_loopback()) || is_secure && !is_here
    }

    /// `GET url`, as MCP clients ask for metadata.
    ///
    /// # Errors
    /// Says why there is no answer; so with all of these.
    pub(super) fn get(&self, url: &str) -> Result<Reply, String> {
        let headers = [("accept", "application/json"), ("mcp-protocol-version", super::REVISION)];
        self.send(Ask { method: &Method::GET, url, headers: &headers, body: None })
    }

    /// Posts a form.
    pub(super) fn post_form(&self, url: &str, form: &str) -> Result<Reply, String> {
        let body = Some(("application/x-www-form-urlencoded", form));
        self.send(Ask { method: &Method::POST, url, headers: &[("accept", "application/json")], body })
    }

    /// Sends one request and reads its answer.
    pub(super) fn send(&self, ask: Ask<'_>) -> Result<Reply, String> {
        if !self.permits(ask.url) {
            return Err(format!("{} is no https URL that may be asked from here", quoted(ask.url)));
        }
        if now() > self.deadline || self.left.get() == 0 {
            return Err("the time or the number of requests for one walk is used up".to_owned());
        }
        self.left.set(self.left.get().saturating_sub(1));
        let mut request = Request::builder().method(ask.method).uri(ask.url);
        for (name, value) in ask.headers {
            request = request.header(*name, *value);
        }
        let sent = match ask.body {
            Some((media_type, text)) => {
                let request = request.header("content-type", media_type).body(text.to_owned());
                request.map_err(|error| error.to_string()).map(|request| self.agent.run(request))
            }
            None => {
                request.body(()).map_err(|error| error.to_string()).map(|request| self.agent.run(request))
            }
        };
        let mut response = sent?.map_err(|error| reason(&error))?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        // A stream of events never ends: nobody reads one here.
        let is_stream = media_type(&headers) == "text/event-stream";
        let body = if is_stream { Vec::new() } else { read(&mut response)? };
        Ok(Reply { status, headers, body: String::from_utf8_lossy(&body).into_owned() })
    }
}

fn read(response: &mut ureq::http::Response<ureq::Body>) -> Result<Vec<u8>, String> {
    let body = response.body_mut().with_config().limit(LARGEST_BODY).read_to_vec();
    body.map_err(|error| match error {
        ureq::Error::BodyExceedsLimit(_) => format!("the answer is longer than {LARGEST_BODY} bytes"),
        error => reason(&error),
    })
}

fn media_type(headers: &HeaderMap) -> String {
    let value = headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

impl Reply {
    /// A header's value, if it is text; of several the first.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// All values of a header.
    pub(super) fn headers(&self, name: &str) -> impl Iterator<Item = &str> {
        self.headers.get_all(name).iter().filter_map(|value| value.to_str().ok())
    }

    /// The media type without parameters, in lower case.
    pub(super) fn media_type(&self) -> String {
        media_type(&self.headers)
    }

    /// The body as a JSON object that is called one.
    ///
    /// # Errors
    /// Says what it is instead.
    pub(super) fn object(&self) -> Result<Value, String> {
        let media_type = self.media_type();
        if media_type != "application/json" {
            return Err(format!("its media type is {} in place of application/json", quoted(&media_type)));
        }
        let value = serde_json::from_str::<Value>(&self.body).ok().filter(Value::is_object);
        value.ok_or_else(|| "its body is no JSON object".to_owned())
    }
}

/// A member that is text.
pub(super) fn text<'a>(object: &'a Value, name: &str) -> Option<&'a str> {
    object.get(name).and_then(Value::as_str)
}

/// A member that is a list of texts; `None` if it isn't there or is something else.
pub(super) fn list<'a>(object: &'a Value, name: &str) -> Option<Vec<&'a str>> {
    object.get(name)?.as_array()?.iter().map(Value::as_str).collect()
}
