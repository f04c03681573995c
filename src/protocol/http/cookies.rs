//! Cookies (RFC 6265): read from a request, set in a response.
//!
//! On https every name has the prefix `__Host-`, so that no other host can set it. Plain http is for loopback only.

use super::{Headers, Response};
use crate::protocol::model::issuer::Issuer;

/// Most bytes of a `Cookie` header that are looked at.
const MAX_HEADER: usize = 8192;

/// The cookies that this server sets.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Cookie {
    /// The session's cookie: which user is logged in, and the secret that proves it.
    Session,
    /// The browser's cookie: a random name for it, which forms are bound to.
    Browser,
    /// That somebody logged in here before; keeps their attempts apart from strangers'.
    Device,
}

impl Cookie {
    fn name(self, issuer: &Issuer) -> String {
        let base = match self {
            Self::Session => "session",
            Self::Browser => "browser",
            Self::Device => "device",
        };
        let prefix = if issuer.is_https() { "__Host-" } else { "" };
        // Issuers on one host keep their cookies apart.
        let tenant: String = issuer
            .path()
            .chars()
            .map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' })
            .collect();
        format!("{prefix}mintedge{tenant}-{base}")
    }

    /// Reads the cookie. One that was sent twice counts as absent: somebody may have planted one of them.
    pub(crate) fn read<'a>(self, issuer: &Issuer, headers: &'a Headers) -> Option<&'a str> {
        let header = headers.cookie.as_ref()?.expose();
        if header.len() > MAX_HEADER {
            return None;
        }
        let name = self.name(issuer);
        let mut found = header.split(';').filter_map(|pair| {
            let (key, value) = pair.trim().split_once('=')?;
            (key == name).then_some(value)
        });
        let first = found.next()?;
        found.next().is_none().then_some(first)
    }

    /// Sets the cookie, for `max_age` seconds or until the browser is closed. `value` has no characters that need quoting.
    pub(crate) fn set(
        self,
        issuer: &Issuer,
        response: Response,
        value: &str,
        max_age: Option<u64>,
    ) -> Response {
        let age = max_age.map(|seconds| format!("; Max-Age={seconds}")).unwrap_or_default();
        let secure = if issuer.is_https() { "; Secure" } else { "" };
        let header = format!("{}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{age}", self.name(issuer));
        response.with("set-cookie", header)
    }

    /// Adds to `response` the header that removes the cookie.
    pub(crate) fn clear(self, issuer: &Issuer, response: Response) -> Response {
        self.set(issuer, response, "", Some(0))
    }
}
