//! The request context, which goes along with a request from `app` to its answer, and the structured log: one JSON line per
//! request. A line holds no secrets, no tokens and no unverified input, with one exception. A redirect URI that was refused is
//! named, shortened and without its query, because nobody could find the mistake otherwise.

use serde::Serialize;

use super::ports::Platform;
use crate::protocol::codec::encoding::base64url;
use crate::protocol::codec::uri::Uri;
use crate::protocol::http::error::{Cause, Code, Failure, OAuthError};
use crate::protocol::http::{Request, Response};
use crate::protocol::keys::derived::{Derived, mac};
use crate::protocol::model::entropy::Entropy;
use crate::protocol::model::time::Timestamp;

/// The longest target of an administrative operation that is logged, in bytes.
const MAX_TARGET: usize = 128;

/// The kind of keyed hash that stands for a login identifier in the log.
pub(crate) const LOGIN: &str = "login";
/// The kind of keyed hash that stands for an address in the log; of IPv6 for a /64.
pub(crate) const ADDRESS: &str = "address";

/// The keyed hash that stands in the log for a login identifier or an address. Equal values have equal hashes, and a hash tells
/// nothing without this server's root secret.
pub(crate) fn keyed_hash(derived: &Derived, kind: &str, value: &str) -> String {
    let hash = mac(&derived.routing, &[b"log", kind.as_bytes(), value.as_bytes()]);
    base64url(hash.get(..12).unwrap_or_default())
}

/// A token that a request shows and that may be used only once.
#[derive(Debug, Clone)]
pub struct OneTimeToken {
    /// The name of the object that remembers the token, and its key there.
    pub(crate) object: String,
    pub(crate) key: String,
    pub(crate) until: Timestamp,
    /// The error code if it was used before; it depends on what the token was shown for.
    pub(crate) refused_with: Code,
    pub(crate) is_used: bool,
}

/// One request on its way through the server: the request, when it came, and what the log will say of it.
pub struct RequestContext<'a> {
    /// The request that is answered.
    pub request: &'a Request,
    /// When the request came: the one reading of the clock.
    pub now: Timestamp,
    /// Identifies the request in the log and in errors.
    pub id: String,
    /// The endpoint that the request is for, in the log's words.
    pub endpoint: std::cell::Cell<&'static str>,
    /// The grant type that the request named, once that is known to exist.
    pub grant: std::cell::Cell<Option<&'static str>>,
    /// How a token exchange speaks of the actor: `narrowing`, `delegation` or `impersonation`.
    pub semantics: std::cell::Cell<Option<&'static str>>,
    /// Whether the request used something that exists only for migrations.
    pub deprecated: std::cell::Cell<bool>,
    /// The client id, once the client is known to exist.
    pub client_id: std::cell::RefCell<Option<String>>,
    /// The `sub` of the administrator whose token was shown.
    sub: std::cell::RefCell<Option<String>>,
    /// The configured id of the trusted issuer whose token was presented, once that is known to exist.
    pub issuer: std::cell::RefCell<Option<String>>,
    /// The id of the rule that accepted such a token.
    pub rule: std::cell::RefCell<Option<String>>,
    /// What an administrative operation is about: a client, a key, a version of the configuration, or a user as a keyed hash.
    target: std::cell::RefCell<Option<String>>,
    /// The login identifier and the address of a login that failed, as keyed hashes.
    attempt: std::cell::RefCell<Option<(String, String)>>,
    /// The one-time tokens that the request shows; they are used up when it is answered with success.
    pub(crate) one_time: std::cell::RefCell<Vec<OneTimeToken>>,
    /// The admin API's own word for a refusal, if it refused the request.
    pub refused: std::cell::Cell<Option<&'static str>>,
    /// How many generations old the refresh token was that made its grant end, if that happened.
    pub distance: std::cell::Cell<Option<u32>>,
    /// The redirect URI that the request named and that was refused, if there was one.
    pub(crate) refused_uri: std::cell::RefCell<Option<RefusedUri>>,
    /// Why the request failed, if it did.
    pub failure: std::cell::RefCell<Option<Failure>>,
}

impl<'a> RequestContext<'a> {
    /// Begins a request: reads the clock and chooses the request's id.
    pub fn new(request: &'a Request, platform: &impl Platform) -> Self {
        Self {
            request,
            now: platform.now(),
            id: request_id(request, platform),
            endpoint: std::cell::Cell::new("none"),
            grant: std::cell::Cell::new(None),
            semantics: std::cell::Cell::new(None),
            deprecated: std::cell::Cell::new(false),
            client_id: std::cell::RefCell::new(None),
            sub: std::cell::RefCell::new(None),
            issuer: std::cell::RefCell::new(None),
            rule: std::cell::RefCell::new(None),
            target: std::cell::RefCell::new(None),
            attempt: std::cell::RefCell::new(None),
            one_time: std::cell::RefCell::default(),
            refused: std::cell::Cell::new(None),
            distance: std::cell::Cell::new(None),
            refused_uri: std::cell::RefCell::new(None),
            failure: std::cell::RefCell::new(None),
        }
    }

    /// The request's id, as the log and the answer have it.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// The address that the request came from, as far as the platform knows it.
    pub fn address(&self) -> Option<core::net::IpAddr> {
        self.request.headers.client_ip.as_deref()?.parse().ok()
    }

    /// Notes the client for the log.
    pub fn note_client(&self, client_id: &str) {
        *self.client_id.borrow_mut() = Some(client_id.to_owned());
    }

    /// Notes for the log which person administers.
    pub(crate) fn note_sub(&self, sub: &str) {
        *self.sub.borrow_mut() = Some(sub.to_owned());
    }

    /// Notes for the log what an administrative operation is about. A text that doesn't look like a name is left out.
    pub(crate) fn note_target(&self, target: &str) {
        let is_name = target.len() <= MAX_TARGET && !target.chars().any(char::is_control);
        if is_name {
            *self.target.borrow_mut() = Some(target.to_owned());
        }
    }

    /// Notes a login that failed, for the log: keyed hashes of the login identifier and of the address's network.
    pub(crate) fn note_attempt(&self, login: String, address: String) {
        *self.attempt.borrow_mut() = Some((login, address));
    }

    /// Notes the trusted issuer for the log.
    pub fn note_issuer(&self, id: &str) {
        *self.issuer.borrow_mut() = Some(id.to_owned());
    }

    /// Notes the rule for the log.
    pub fn note_rule(&self, id: &str) {
        *self.rule.borrow_mut() = Some(id.to_owned());
    }

    /// Notes a redirect URI that is refused, for the log and for the page that shows it.
    pub(crate) fn note_refused_uri(&self, uri: &str) {
        *self.refused_uri.borrow_mut() = Some(RefusedUri::of(uri));
    }

    /// Notes the failure for the log and makes the response for it.
    pub fn fail(&self, realm: &str, failure: Failure) -> Response {
        let response = failure.response(realm, &self.id);
        *self.failure.borrow_mut() = Some(failure);
        response
    }

    /// Notes a refusal that is answered with a page, for the log.
    pub fn note_refusal(&self, code: Code, cause: Cause) {
        *self.failure.borrow_mut() = Some(OAuthError::new(code, cause, "").into());
    }

    /// Whether the request is logged in any case: it was refused, it failed, or it is administration.
    pub(crate) fn is_worth_a_line(&self) -> bool {
        let failed = self.failure.borrow().as_ref().is_some_and(|failure| !is_usual(failure));
        let failed = failed || self.refused.get().is_some();
        failed || self.endpoint.get().starts_with("admin")
    }

    /// Writes the log line of a request that was answered with `response`.
    pub fn line(&self, response: &Response) -> String {
        let failure = self.failure.borrow();
        let refused_uri = self.refused_uri.borrow();
        let (client_id, issuer, rule) = (self.client_id.borrow(), self.issuer.borrow(), self.rule.borrow());
        let sub = self.sub.borrow();
        let (target, attempt) = (self.target.borrow(), self.attempt.borrow());
        let attempt = attempt.as_ref();
        let (outcome, error, cause, detail) = match failure.as_ref() {
            None if self.refused.get().is_some() => ("refused", self.refused.get(), None, None),
            None => ("ok", None, None, None),
            Some(Failure::OAuth(OAuthError { code, cause, .. })) => {
                ("refused", Some(code.wire().0), Some(*cause), None)
            }
            Some(Failure::Server(error)) => ("failed", Some("server_error"), None, Some(error.detail())),
        };
        let line = Line {
            time: self.now.0,
            request_id: &self.id,
            endpoint: self.endpoint.get(),
            status: response.status,
            outcome,
            client_id: client_id.as_deref(),
            sub: sub.as_deref(),
            target: target.as_deref(),
            login: attempt.map(|(login, _)| login.as_str()),
            address: attempt.map(|(_, address)| address.as_str()),
            grant_type: self.grant.get(),
            semantics: self.semantics.get(),
            trusted_issuer: issuer.as_deref(),
            rule: rule.as_deref(),
            deprecated: self.deprecated.get(),
            error,
            cause,
            distance: self.distance.get(),
            redirect_uri: refused_uri.as_ref().map(|refused| refused.logged.as_str()),
            detail,
        };
        serde_json::to_string(&line).unwrap_or_default()
    }
}

/// Whether a refusal is how things are meant to go: a device asks every few seconds until somebody has decided.
fn is_usual(failure: &Failure) -> bool {
    failure.code() == Code::AuthorizationPending
}

#[derive(Serialize)]
struct Line<'a> {
    time: u64,
    request_id: &'a str,
    endpoint: &'static str,
    status: u16,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    login: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    grant_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    semantics: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trusted_issuer: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    deprecated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<Cause>,
    #[serde(skip_serializing_if = "Option::is_none")]
    distance: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    redirect_uri: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
}

/// A redirect URI that was refused, with what could do harm removed.
#[derive(Debug)]
pub(crate) struct RefusedUri {
    /// The text for the page that the person at the browser sees.
    pub(crate) shown: String,
    /// The text for the log: without query, fragment and user information, which may hold secrets.
    logged: String,
}

/// The longest part of a refused URI that is shown or logged, in characters.
const MAX_REFUSED_URI: usize = 300;

impl RefusedUri {
    fn of(uri: &str) -> Self {
        let plain = uri.split(['?', '#']).next().unwrap_or_default();
        let logged = match Uri::split(plain) {
            Some(Uri { scheme, authority: Some(authority), path }) => {
                let host = authority.rsplit('@').next().unwrap_or_default();
                printable(&format!("{scheme}://{host}{path}"))
            }
            Some(_) => printable(plain),
            // It is no URI at all. What stands before an `@` may be a password here, too.
            None => printable(plain.rsplit('@').next().unwrap_or_default()),
        };
        Self { shown: printable(uri), logged }
    }
}

/// Keeps printable ASCII only and not too much of it, so that nothing can look like something else.
fn printable(text: &str) -> String {
    let plain = |letter: char| if letter.is_ascii_graphic() { letter } else { '\u{fffd}' };
    let mut short: String = text.chars().take(MAX_REFUSED_URI).map(plain).collect();
    if short.len() < text.len() && text.chars().nth(MAX_REFUSED_URI).is_some() {
        short.push('…');
    }
    short
}

/// The request's id: the platform's own where it sent a plausible one, else a random one.
fn request_id(request: &Request, entropy: &impl Entropy) -> String {
    let given = request.headers.request_id.as_deref();
    let plausible = |id: &&str| {
        (8..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    if let Some(id) = given.filter(plausible) {
        return id.to_owned();
    }
    let mut random = [0_u8; 12];
    entropy.fill(&mut random);
    crate::protocol::codec::encoding::base62(&random, 16)
}
