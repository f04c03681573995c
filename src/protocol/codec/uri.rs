//! Absolute URIs (RFC 3986 §4.3), taken apart by one reader: nothing else in this crate looks for `://` in a text.
//!
//! [`Uri::split`] takes a text apart and judges nothing: it is for texts that are judged elsewhere. [`Uri::parse`] accepts only
//! what may be registered here, and every parser of URLs takes that for the same thing. It has no character that one parser
//! encodes and another doesn't, no segment that one resolves and another sends, no host that one reads as a number. What may lead
//! where is decided by the callers: [`crate::protocol::config::redirect_uri`] for applications,
//! [`crate::protocol::model::outbound`] for this server's own requests, `pages/uri.rs` for browsers.

use super::punycode;

/// The longest URI, in bytes.
const MAX_URI: usize = 2048;
/// The longest host name, in characters (RFC 1035 §2.3.4, without the root's label and the lengths).
const MAX_HOST: usize = 253;
/// The schemes that a browser runs or reads by itself, or that lead to no application.
const FORBIDDEN: [&str; 17] = [
    "about",
    "blob",
    "chrome",
    "content",
    "data",
    "file",
    "filesystem",
    "ftp",
    "intent",
    "javascript",
    "mailto",
    "sms",
    "tel",
    "vbscript",
    "view-source",
    "ws",
    "wss",
];

/// A URI taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Uri<'a> {
    /// The scheme; in lower case after [`Uri::parse`].
    pub scheme: &'a str,
    /// What follows `//`, if that is there. After [`Uri::parse`], for `https` and `http`, it is a host with an optional port.
    pub authority: Option<&'a str>,
    /// Path, query and fragment. After [`Uri::parse`] there is no fragment.
    pub path: &'a str,
}

impl<'a> Uri<'a> {
    /// Takes `text` apart and judges only its scheme (RFC 3986 §3.1), in upper or lower case. `None` without a scheme.
    pub fn split(text: &'a str) -> Option<Self> {
        let (scheme, rest) = text.split_once(':')?;
        let inner = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
        let is_scheme =
            scheme.starts_with(|first: char| first.is_ascii_alphabetic()) && scheme.bytes().all(inner);
        let (authority, path) = match rest.strip_prefix("//") {
            Some(rest) => {
                let (authority, path) =
                    rest.split_at_checked(rest.find(['/', '?', '#']).unwrap_or(rest.len()))?;
                (Some(authority), path)
            }
            None => (None, rest),
        };
        is_scheme.then_some(Self { scheme, authority, path })
    }

    /// Takes `text` apart if it may be registered as a URI.
    ///
    /// # Errors
    /// Says what is wrong with the text.
    pub fn parse(text: &'a str) -> Result<Self, &'static str> {
        let (scheme, _) =
            text.split_once(':').ok_or("it is not absolute: a scheme and a colon come first")?;
        let uri = Self::split(text).filter(|_| is_scheme(scheme));
        let uri = uri.ok_or("it is not absolute: a scheme in lower case comes first")?;
        if text.len() > MAX_URI {
            return Err("it is too long");
        }
        if text.contains('#') {
            return Err("it has no fragment");
        }
        if !text.bytes().all(is_uri_byte) || !escapes_are_whole(text) {
            return Err("it has characters that don't stand for themselves in a URI (RFC 3986 §2)");
        }
        uri.check().map(|()| uri)
    }

    fn check(&self) -> Result<(), &'static str> {
        let path = self.path.split('?').next().unwrap_or_default();
        if path.split('/').any(is_dotted) {
            return Err("it has no `.` or `..` segments");
        }
        if path.contains(['[', ']']) {
            return Err("brackets are for IPv6 addresses and queries");
        }
        match (self.authority, self.is_web()) {
            (Some(authority), _) if authority.contains('@') => Err("it has no user information"),
            (None | Some(""), true) => Err("it names a host"),
            (Some(authority), true) if !is_web_authority(self.scheme, authority) => {
                Err("its host is none, or not the way it is usually written")
            }
            _ => Ok(()),
        }
    }

    /// Whether the scheme is `https` or `http`.
    pub fn is_web(&self) -> bool {
        matches!(self.scheme, "https" | "http")
    }

    /// Whether the scheme is `http` and the host a loopback address.
    pub fn is_loopback(&self) -> bool {
        let authority = self.authority.unwrap_or_default().to_ascii_lowercase();
        self.scheme == "http" && is_loopback(&authority)
    }

    /// The host, and the port if one is written out. An IPv6 address keeps its brackets.
    pub fn host_and_port(&self) -> Option<(&'a str, Option<&'a str>)> {
        let authority = self.authority?;
        Some(match authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => (host, Some(port)),
            _ => (authority, None),
        })
    }
}

/// Says what is wrong with `text` as an address on the web, if anything. It has to be `https`, or `http` at a loopback address.
pub fn web_problem(text: &str) -> Option<&'static str> {
    match Uri::parse(text) {
        Err(problem) => Some(problem),
        Ok(uri) if uri.scheme == "https" || uri.is_loopback() => None,
        Ok(_) => Some("it is an https URL (http at a loopback address only)"),
    }
}

/// Whether nothing may lead to this scheme, in upper or lower case.
pub fn is_forbidden(scheme: &str) -> bool {
    FORBIDDEN.iter().any(|forbidden| scheme.eq_ignore_ascii_case(forbidden))
}

/// Whether `text` is a scheme (RFC 3986 §3.1) in lower case.
pub fn is_scheme(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"+-.".contains(&byte);
    text.starts_with(|first: char| first.is_ascii_lowercase()) && text.bytes().all(inner)
}

/// Whether `authority` is a host with an optional port. Upper case is allowed, and so is the scheme's own port.
fn is_web_authority(scheme: &str, authority: &str) -> bool {
    let authority = authority.to_ascii_lowercase();
    let standard = if scheme == "https" { ":443" } else { ":80" };
    match authority.strip_suffix(standard) {
        // No second port may be left.
        Some(host) => is_authority(scheme, host) && (host.ends_with(']') || !host.contains(':')),
        None => is_authority(scheme, &authority),
    }
}

/// Whether a URI may have this byte (RFC 3986 §2). The apostrophe is left out: in a query some parsers encode it and some don't.
fn is_uri_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~:/?[]@!$&()*+,;=%".contains(&byte)
}

fn escapes_are_whole(text: &str) -> bool {
    text.split('%').skip(1).all(|after| {
        let digits = after.bytes().take(2).filter(u8::is_ascii_hexdigit);
        digits.count() == 2
    })
}

/// Whether a segment of a path is `.` or `..`, escaped or not. Parsers of URLs resolve all of these.
fn is_dotted(segment: &str) -> bool {
    matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..")
}

/// Whether `text` is a web origin in its one form (RFC 6454 §6.2): scheme, host in lower case, an optional port, and no slash.
pub fn is_origin(text: &str) -> bool {
    let Some(Uri { scheme, authority: Some(authority), path: "" }) = Uri::split(text) else { return false };
    matches!(scheme, "https" | "http") && is_authority(scheme, authority)
}

/// Whether `authority` is a host in lower case with an optional port, in the one form that URL parsers leave as it is. Issuers
/// and origins are compared as strings.
pub(crate) fn is_authority(scheme: &str, authority: &str) -> bool {
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let is_default = matches!((scheme, port), ("https", Some("443")) | ("http", Some("80")));
    let port_ok = port
        .is_none_or(|port| port.parse::<u16>().is_ok_and(|number| number > 0 && number.to_string() == port));
    let host_ok = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        // An IPv6 address with a dot in it holds an IPv4 address, which parsers write in two ways.
        Some(v6) => {
            !v6.contains('.')
                && v6.parse::<core::net::Ipv6Addr>().is_ok_and(|address| address.to_string() == v6)
        }
        None => is_host(host),
    };
    host_ok && port_ok && !is_default
}

fn is_host(host: &str) -> bool {
    let is_name = host.split('.').all(|label| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && label.strip_prefix("xn--").is_none_or(punycode::is_sound)
    });
    // URL parsers take a host for an IPv4 address if its last label starts with a digit.
    let numeric =
        host.rsplit('.').next().is_some_and(|label| label.starts_with(|first: char| first.is_ascii_digit()));
    is_name
        && host.len() <= MAX_HOST
        && (!numeric || host.parse::<core::net::Ipv4Addr>().is_ok_and(|address| address.to_string() == host))
}

/// Whether an authority is a loopback host, with or without a port.
pub(crate) fn is_loopback(authority: &str) -> bool {
    let host = match authority.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    matches!(host, "localhost" | "127.0.0.1" | "::1")
}

/// The host of a URI, without port.
pub(crate) fn host_of(uri: &str) -> Option<&str> {
    let (host, _) = Uri::split(uri)?.host_and_port()?;
    (!host.is_empty()).then_some(host)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use url::Url;

    use super::*;

    #[test]
    fn what_parsers_would_read_differently_is_no_uri() {
        for good in [
            "https://app.example",
            "https://App.Example:443/cb?x=y&z=%2F",
            "https://app.example/a//b/?q[]=1",
            "https://[2606:4700::1111]:8443/x",
            "https://xn--bcher-kva.example/",
            "https://XN--BCHER-KVA.example/",
            "http://127.0.0.1:80/",
            "com.example.app:/cb",
            "com.example.app://host/cb",
        ] {
            assert!(Uri::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "/cb",
            "app.example/cb",
            "://a",
            "1https://a",
            "HTTPS://a.example",
            "https:cb",
            "https:/a.example",
            "https:///cb",
            "https://a.example/#",
            "https://u@a.example/",
            "https://a.example/%",
            "https://a.example/%4",
            "https://a.example/%zz",
            "https://a.example/{id}",
            "https://a.example/a|b",
            "https://a.example/a^b",
            "https://a.example/?q='",
            "https://a.example/a b",
            "https://a.example/é",
            "https://a.example\\b",
            "https://a.example/../b",
            "https://a.example/%2E%2e/b",
            "https://a.example/./b",
            "https://a.example/[b]",
            "https://a..example/",
            "https://a_b.example/",
            "https://%61.example/",
            "https://0x7f.1/",
            "https://127.1/",
            "https://1.2.3.4.5/",
            "https://2130706433/",
            "https://[::1/",
            "https://[0:0:0:0:0:0:0:1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[::ffff:7f00:1]/",
            "https://[::127.0.0.1]/",
            "https://xn--a/",
            "https://xn--/",
            "https://a.xn--99999999.example/",
            "https://a.example:/",
            "https://a.example:0/",
            "https://a.example:99999/",
            "https://a.example:443:443/",
            "https://a.example:2:443/",
            "http://127.0.0.1:2:80/",
        ] {
            assert!(Uri::parse(bad).is_err(), "{bad}");
        }
        assert!(Uri::parse(&format!("https://a.example/{}", "x".repeat(MAX_URI))).is_err());
        let host = |labels| "abcdefghi.".repeat(labels);
        assert!(Uri::parse(&format!("https://{}abc/", host(25))).is_ok());
        assert!(Uri::parse(&format!("https://{}abcd/", host(25))).is_err());
    }

    /// What the `url` crate makes of a web URI, where nothing but its notation may differ.
    fn as_others_write_it(text: &str) -> String {
        let uri = Uri::parse(text).expect("a URI");
        let authority = uri.authority.expect("an authority").to_ascii_lowercase();
        let standard = if uri.scheme == "https" { ":443" } else { ":80" };
        let authority = authority.strip_suffix(standard).unwrap_or(&authority);
        let slash = if uri.path.starts_with('/') { "" } else { "/" };
        format!("{}://{authority}{slash}{}", uri.scheme, uri.path)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]
        #[test]
        fn an_independent_parser_reads_the_same(
            text in "(https?|com\\.example)(:|:/|://)([a-zA-Z0-9.:@\\[\\]%_-]{0,12}|127\\.0\\.0\\.1|[a-z]{1,3}\\.example)[/?:.%a-c2eE\\[\\]'!$&(){}|^*+,;=#~]{0,12}"
        ) {
            let Ok(uri) = Uri::parse(&text) else { return Ok(()) };
            // Whether a host name in Punycode decodes is left to the DNS.
            if text.to_ascii_lowercase().contains("xn--") || !uri.is_web() { return Ok(()) }
            let url = Url::parse(&text);
            prop_assert!(url.is_ok(), "{text}: {url:?}");
            let url = url.expect("a URL");
            prop_assert_eq!(url.as_str(), as_others_write_it(&text));
            prop_assert!(url.username().is_empty() && url.password().is_none() && url.fragment().is_none());
            prop_assert_eq!(web_problem(&text).is_none(), url.scheme() == "https"
                || matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]")));
        }
    }
}
