//! The few parts of HTTP (RFC 9110) that the server needs: requests, responses, forms, cookies and errors on the wire.
//!
//! The edge translates between these and the platform's types; nothing here performs I/O. Only headers that some endpoint reads
//! are carried.

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
    /// The method GET (RFC 9110 §9.3.1).
    Get,
    /// The method HEAD (RFC 9110 §9.3.2).
    Head,
    /// The method POST (RFC 9110 §9.3.3).
    Post,
    /// The method PUT (RFC 9110 §9.3.4).
    Put,
    /// The method PATCH (RFC 5789).
    Patch,
    /// The method DELETE (RFC 9110 §9.3.5).
    Delete,
    /// The method OPTIONS (RFC 9110 §9.3.7).
    Options,
    /// Any other method; no path has one.
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
    /// The `Authorization` header: a client's secret or a token.
    pub authorization: Option<SensitiveHeader>,
    /// The `Content-Type` header: the format of the body.
    pub content_type: Option<String>,
    /// The `Origin` header: the site whose script sent the request.
    pub origin: Option<String>,
    /// The `If-None-Match` header: the version of a document that the sender has.
    pub if_none_match: Option<String>,
    /// The `If-Match` header: the version that a change is meant for.
    pub if_match: Option<String>,
    /// The `Accept` header: the formats that the sender takes.
    pub accept: Option<String>,
    /// The `Cookie` header: what this server had the browser remember.
    pub cookie: Option<SensitiveHeader>,
    /// The address the request came from, as the platform saw it (`cf-connecting-ip`).
    pub client_ip: Option<String>,
    /// The `User-Agent` header: the kind of browser.
    pub user_agent: Option<String>,
    /// The country that the platform takes the address to be in (`request.cf.country`); known to the endpoints about devices only.
    pub country: Option<String>,
    /// Identifies the request in logs and errors; the platform's own id where it has one (`cf-ray`).
    pub request_id: Option<String>,
}

/// A header value that carries a credential: `Debug` doesn't show it.
#[derive(Clone)]
pub struct SensitiveHeader(String);

impl SensitiveHeader {
    /// Wraps the raw value, which is never printed.
    pub fn new(value: String) -> Self {
        Self(value)
    }

    /// The raw value, for parsing it.
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
    /// Whether the request came over https.
    pub https: bool,
    /// Whether the request was sent to a loopback address.
    pub loopback: bool,
}

/// A request as the server sees it: no host but for one question (`origin`), because the issuer is configuration.
#[derive(Debug, Clone)]
pub struct Request {
    /// How it came; `None` where that isn't known.
    pub arrival: Option<Arrival>,
    /// Scheme and authority of the platform's URL of the request, kept for paths below `/.well-known/` only. It tells which resource's
    /// metadata is asked for, and decides about nothing else.
    pub origin: Option<String>,
    /// The request's method.
    pub method: Method,
    /// The path as sent, percent-encoding untouched.
    pub path: String,
    /// The query without `?`; `None` if the URL had no `?`.
    pub query: Option<String>,
    /// The headers that the server reads; others are not passed on.
    pub headers: Headers,
    /// The request's body.
    pub body: Body,
}

impl Request {
    /// Splits `target` (origin form or absolute URL) into path and query.
    pub fn new(method: Method, target: &str, headers: Headers, body: Body) -> Self {
        // Only in front of the path: a query may hold an address of its own.
        let (arrival, origin, target) = match Uri::split(target) {
            Some(Uri { scheme, authority: Some(authority), path }) => {
                let arrival = Arrival { https: scheme == "https", loopback: is_loopback(authority) };
                let origin = path.starts_with("/.well-known/").then(|| format!("{scheme}://{authority}"));
                (Some(arrival), origin, if path.starts_with('/') { path } else { "/" })
            }
            _ => (None, None, target),
        };
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query.to_owned())),
            None => (target, None),
        };
        Self { arrival, origin, method, path: path.to_owned(), query, headers, body }
    }

    /// Whether a person's browser asks for a page: it navigates, and says that it takes HTML. Programs take anything.
    pub fn wants_page(&self) -> bool {
        self.method == Method::Get
            && self.headers.accept.as_deref().is_some_and(|accept| accept.contains("text/html"))
    }

    /// This request as a GET, to answer a HEAD: its response is that of the GET without the body (RFC 9110 §9.3.2).
    #[must_use]
    pub fn as_get(&self) -> Self {
        Self { method: Method::Get, ..self.clone() }
    }
}

/// The name and the value of a response header.
pub type Header = (&'static str, Cow<'static, str>);

/// A response as the edge sends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status code.
    pub status: u16,
    /// The headers in the order in which they are sent.
    pub headers: Vec<Header>,
    /// The body, which is always text.
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

    /// Makes a response without a body.
    pub fn empty(status: u16) -> Self {
        Self { status, headers: vec![("cache-control", Cow::Borrowed("no-store"))], body: String::new() }
    }

    /// Sends the browser to `location` with a GET, whatever it sent before (RFC 9110 §15.4.4).
    pub fn see_other(location: String) -> Self {
        Self::empty(303).with("location", location).with("referrer-policy", "no-referrer")
    }

    /// Adds the header `name` with `value`.
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
