//! The issuer identifier (RFC 8414 §2) and every URL that follows from it.
//!
//! It is read once from the deployment's `ISSUER` variable; endpoints below a path are joined to it here only.

use crate::protocol::codec::uri::{Uri, is_authority, is_loopback};
use std::fmt;

/// The longest issuer identifier, in bytes.
const MAX_LENGTH: usize = 256;

/// A validated issuer: `https` (or `http` on loopback), no query, no fragment, no trailing slash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuer {
    url: String,
    path_start: usize,
    is_loopback: bool,
}

/// Why a string can't be an issuer identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidIssuer(&'static str);

impl fmt::Display for InvalidIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for InvalidIssuer {}

impl Issuer {
    /// Checks `url`.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn parse(url: &str) -> Result<Self, InvalidIssuer> {
        let absent = InvalidIssuer("the issuer has to be an absolute URL");
        let Uri { scheme, authority, path } = Uri::split(url).ok_or(absent)?;
        let authority = authority.ok_or(absent)?;
        if url.len() > MAX_LENGTH || !url.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(InvalidIssuer("the issuer has to be short, printable ASCII"));
        }
        let is_plain = is_authority(scheme, authority) && path.bytes().all(is_path_byte);
        if !is_plain || Uri::parse(url).is_err() {
            return Err(InvalidIssuer(
                "the issuer has to be a plain host, port and path, without query, fragment or user",
            ));
        }
        if path.ends_with('/') || path.contains("//") {
            return Err(InvalidIssuer("the issuer must not end with a slash or hold an empty path segment"));
        }
        let is_loopback = is_loopback(authority);
        match scheme {
            "https" => {}
            "http" if is_loopback => {}
            _ => {
                return Err(InvalidIssuer("the issuer has to use https (http only on a loopback address)"));
            }
        }
        Ok(Self { url: url.to_owned(), path_start: url.len() - path.len(), is_loopback })
    }

    /// The identifier exactly as it was configured.
    pub fn as_str(&self) -> &str {
        &self.url
    }

    /// The path component: empty, or `/…` without a trailing slash.
    pub fn path(&self) -> &str {
        self.url.get(self.path_start..).unwrap_or_default()
    }

    /// Scheme and authority of the issuer, such as `https://login.example.com`.
    pub fn origin(&self) -> &str {
        self.url.get(..self.path_start).unwrap_or_default()
    }

    /// Whether the issuer is an `https` URL.
    pub fn is_https(&self) -> bool {
        self.url.starts_with("https:")
    }

    /// Whether the issuer's host is a loopback address.
    pub fn is_loopback(&self) -> bool {
        self.is_loopback
    }

    /// The URL of an endpoint; `path` starts with a slash.
    pub fn endpoint(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// The identifier of the server's own admin API as a protected resource.
    pub fn admin_resource(&self) -> String {
        self.endpoint("/admin")
    }
}

fn is_path_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_https_or_loopback_urls_are_issuers() {
        for good in [
            "https://id.example.com",
            "https://example.com/auth/a",
            "http://127.0.0.1:8787",
            "http://[::1]:1",
            "http://localhost:3",
        ] {
            assert!(Issuer::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "http://example.com",
            "https://example.com/",
            "https://example.com?x",
            "https://a@b",
            "example.com",
            "https://",
            "https://a//b",
            "ftp://a",
            "https://a#b",
            "http://localhost.evil.example",
            "http://127.0.0.1.evil.example",
            "https://a|b",
            "https://a:99999",
            "https://a:0",
            "https://a:",
            "https://A.example",
            "https://a..b",
            "https://-a.example",
            "https://[::1",
            "https://a/ü",
            "https://a/%2e",
            "https://a/..",
            "https://a/./b",
            "https://a:443",
            "http://localhost:80",
            "https://1.2.3",
            "https://a.1",
            "https://0x7f.1",
            "https://[0:0:0:0:0:0:0:1]",
        ] {
            assert!(Issuer::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_path_is_what_follows_the_authority() {
        let with = Issuer::parse("https://example.com/auth").map(|issuer| issuer.path().to_owned());
        let without = Issuer::parse("https://example.com").map(|issuer| issuer.path().to_owned());
        assert_eq!((with, without), (Ok("/auth".to_owned()), Ok(String::new())));
    }
}
