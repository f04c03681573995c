//! The few parts of HTTP the server needs. The edge translates; nothing here performs I/O.

pub(crate) mod cookies;
pub mod description;
pub mod error;
pub mod form;
pub(crate) mod json;

use std::borrow::Cow;

use crate::protocol::codec::uri::{Uri, is_loopback};

/// Largest accepted request body of a protocol endpoint, in bytes.
pub const BODY_LIMIT: usize = 64 * 1024;
/// Largest accepted request body of the admin API, in bytes (a configuration may be long).
pub const ADMIN_BODY_LIMIT: usize = 1024 * 1024;

/// A request method; anything the server never serves is `Other`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// GET
    Get,
    /// HEAD
    Head,
    /// POST
    Post,
    /// PUT
    Put,
    /// PATCH
    Patch,
    /// DELETE
    Delete,
    /// OPTIONS
    Options,
    /// Any other method.
    Other,
}

impl Method {
    /// Reads a method name, which is case-sensitive (RFC 9110 §9.1).
    pub fn parse(name: &str) -> Self {
        match name {
            "GET" => Self::Get,
            "HEAD" => Self::Head,
            "POST" => Self::Post,
            "PUT" => Self::Put,
            "PATCH" => Self::Patch,
            "DELETE" => Self::Delete,
            "OPTIONS" => Self::Options,
            _ => Self::Other,
        }
    }
}

/// The request headers the server looks at. A header that was sent several times arrives joined by `, `.
#[derive(Debug, Clone, Default)]
pub struct Headers {
    /// `Authorization`
    pub authorization: Option<SensitiveHeader>,
    /// `Content-Type`
    pub content_type: Option<String>,
    /// `Origin`
    pub origin: Option<String>,
    /// `If-None-Match`
    pub if_none_match: Option<String>,
    /// `If-Match`
    pub if_match: Option<String>,
    /// `Accept`
    pub accept: Option<String>,
    /// `Cookie`
    pub cookie: Option<SensitiveHeader>,
    /// The address the request came from, as the platform saw it (`cf-connecting-ip`).
    pub client_ip: Option<String>,
    /// `User-Agent`
    pub user_agent: Option<String>,
    /// Identifies the request in logs and errors; the platform's own id where it has one (`cf-ray`).
    pub request_id: Option<String>,
}

/// A header value that carries a credential: `Debug` doesn't show it.
#[derive(Clone)]
pub struct SensitiveHeader(String);

impl SensitiveHeader {
    /// Wraps the raw value.
    pub fn new(value: String) -> Self {
        Self(value)
    }

    /// The raw value.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for SensitiveHeader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

/// A request body, already bounded by the adapter.
#[derive(Clone)]
pub enum Body {
    /// The whole body; empty if there was none.
    Bytes(Vec<u8>),
    /// There was more than the limit; nothing of it was kept.
    TooLarge,
}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "[{} bytes]", bytes.len()),
            Self::TooLarge => f.write_str("[too large]"),
        }
    }
}

/// How a request reached the platform, as the platform's own URL of it says; no header is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// Over https.
    pub https: bool,
    /// At a loopback address.
    pub loopback: bool,
}

/// A request as the server sees it: no host, because the issuer is configuration.
#[derive(Debug, Clone)]
pub struct Request {
    /// How it came; `None` where that isn't known.
    pub arrival: Option<Arrival>,
    /// The method.
    pub method: Method,
    /// The path as sent, percent-encoding untouched.
    pub path: String,
    /// The query without `?`; `None` if the URL had no `?`.
    pub query: Option<String>,
    /// The headers.
    pub headers: Headers,
    /// The body.
    pub body: Body,
}

impl Request {
    /// Splits `target` (origin form or absolute URL) into path and query.
    pub fn new(method: Method, target: &str, headers: Headers, body: Body) -> Self {
        // Only in front of the path: a query may hold an address of its own.
        let (arrival, target) = match Uri::split(target) {
            Some(Uri { scheme, authority: Some(authority), path }) => {
                let arrival = Arrival { https: scheme == "https", loopback: is_loopback(authority) };
                (Some(arrival), if path.starts_with('/') { path } else { "/" })
            }
            _ => (None, target),
        };
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query.to_owned())),
            None => (target, None),
        };
        Self { arrival, method, path: path.to_owned(), query, headers, body }
    }

    /// Whether a person's browser asks for a page: it navigates, and says that it takes HTML. Programs take anything.
    pub fn wants_page(&self) -> bool {
        self.method == Method::Get
            && self.headers.accept.as_deref().is_some_and(|accept| accept.contains("text/html"))
    }

    /// The same as a GET, for a HEAD: whose answer is that of the GET without its body (RFC 9110 §9.3.2).
    #[must_use]
    pub fn as_get(&self) -> Self {
        Self { method: Method::Get, ..self.clone() }
    }
}

/// A header name and its value.
pub type Header = (&'static str, Cow<'static, str>);

/// A response, complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// HTTP status code.
    pub status: u16,
    /// Headers in the order to send.
    pub headers: Vec<Header>,
    /// The body, always text.
    pub body: String,
}

impl Response {
    /// A JSON response that nobody may store (RFC 6749 §5.1).
    pub fn json_no_store(status: u16, body: String) -> Self {
        let headers = vec![
            ("content-type", Cow::Borrowed("application/json")),
            ("cache-control", Cow::Borrowed("no-store")),
            ("pragma", Cow::Borrowed("no-cache")),
        ];
        Self { status, headers, body }
    }

    /// A response without a body.
    pub fn empty(status: u16) -> Self {
        Self { status, headers: vec![("cache-control", Cow::Borrowed("no-store"))], body: String::new() }
    }

    /// Sends the browser to `location` with a GET, whatever it sent before (RFC 9110 §15.4.4).
    pub fn see_other(location: String) -> Self {
        Self::empty(303).with("location", location).with("referrer-policy", "no-referrer")
    }

    /// Adds a header.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The value of the first header called `name` (lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| *key == name).map(|(_, value)| value.as_ref())
    }
}
