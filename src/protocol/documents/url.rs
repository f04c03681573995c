//! What a URL has to look like to be a `client_id` (draft-ietf-oauth-client-id-metadata-document §3). It is judged as it stands,
//! before anything could normalize it, and compared as a string ever after: another spelling is another client.

use crate::protocol::codec::uri::{Uri, is_authority};
use crate::protocol::model::outbound::objection;

/// The longest `client_id` that is a URL, in bytes.
pub const MAX_URL: usize = 256;

/// Whether `client_id` may be the URL of a document. No generated id starts like this.
pub fn is_url(client_id: &str) -> bool {
    client_id.starts_with("https://") || client_id.starts_with("http://")
}

/// What is wrong with `client_id` as the URL of a document, if anything. With `local`, for a server that is itself on a loopback
/// address, it may be `http` at one.
///
/// Refused beyond what the draft says: addresses in place of names, and hosts in a spelling that others write otherwise. A query
/// is for rules to permit.
pub fn problem(client_id: &str, local: bool) -> Option<&'static str> {
    if client_id.len() > MAX_URL {
        return Some("it has more than 256 characters");
    }
    let uri = match Uri::parse(client_id) {
        Ok(uri) => uri,
        Err(problem) => return Some(problem),
    };
    if let Some(objection) = objection(client_id, local) {
        return Some(objection);
    }
    let authority = uri.authority.unwrap_or_default();
    if !is_authority(uri.scheme, authority) {
        return Some("its host is in lower case, and the scheme's own port is left out");
    }
    let (host, _) = uri.host_and_port().unwrap_or_default();
    let is_address = host.starts_with('[') || host.parse::<core::net::Ipv4Addr>().is_ok();
    if is_address && !uri.is_loopback() {
        return Some("it names a host, not an address");
    }
    let path = uri.path.split('?').next().unwrap_or_default();
    if path.len() < 2 { Some("it has a path") } else { path_problem(path) }
}

/// Servers read some paths as others: what they unescape, what they take for a separator, and what they leave out. A rule about one
/// path must not let another one in, so none of that is had.
fn path_problem(path: &str) -> Option<&'static str> {
    let escaped =
        |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/\\;%".contains(&byte) || byte.is_ascii_control();
    if escapes(path).any(escaped) {
        return Some("nothing is escaped in it that needn't be, and no separator");
    }
    let mut segments = path.strip_suffix('/').unwrap_or(path).split('/').skip(1);
    let is_odd = |segment: &str| {
        let name = segment.split(';').next().unwrap_or_default();
        name.is_empty() || matches!(name, "." | "..")
    };
    segments.any(is_odd).then_some("no segment of its path is empty, `.` or `..`")
}

/// The bytes that are escaped in `path`.
fn escapes(path: &str) -> impl Iterator<Item = u8> {
    let digits = |after: &str| after.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
    path.split('%').skip(1).filter_map(digits)
}

/// Whether the URL has a query.
pub fn has_query(client_id: &str) -> bool {
    client_id.contains('?')
}

/// The host of the URL as people are shown it, with a port that is written out. Punycode stays as it is: decoded, it could look
/// like another host.
pub fn host(client_id: &str) -> &str {
    Uri::split(client_id).and_then(|uri| uri.authority).unwrap_or(client_id)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn documents_have_plain_https_urls_with_a_path() {
        for good in [
            "https://claude.ai/oauth/mcp-oauth-client-metadata",
            "https://app.example.com/client.json",
            "https://app.example.com:8443/client.json",
            "https://xn--bcher-kva.example/client.json",
            "https://app.example.com/a%20b",
            "https://app.example.com/a;x=1/b/",
            "https://app.example.com/client?tenant=1",
        ] {
            assert_eq!(problem(good, false), None, "{good}");
            assert!(is_url(good));
        }
    }

    #[test]
    fn every_other_spelling_is_refused() {
        for bad in [
            "http://app.example.com/client.json",
            "HTTPS://app.example.com/client.json",
            "https:app.example.com/client.json",
            "https:/app.example.com/client.json",
            "https://app.example.com",
            "https://app.example.com/",
            "https://app.example.com?x",
            "https://app.example.com/?x",
            "https://app.example.com/./client",
            "https://app.example.com/../client",
            "https://app.example.com/a/..",
            "https://app.example.com/%2e/client",
            "https://app.example.com/%2E%2e/client",
            "https://app.example.com/.%2e/client",
            "https://app.example.com//",
            "https://app.example.com//client",
            "https://app.example.com/a//client",
            "https://app.example.com/a//",
            "https://app.example.com/a/..%2Fme.json",
            "https://app.example.com/a/..%5cme.json",
            "https://app.example.com/a/..;/me.json",
            "https://app.example.com/a/.;x/me.json",
            "https://app.example.com/a/;x/me.json",
            "https://app.example.com/a/..%3B/me.json",
            "https://app.example.com/%6fauth/x",
            "https://app.example.com/oauth%2Dx",
            "https://app.example.com/a%252fb",
            "https://app.example.com/a%00b",
            "https://app.example.com/client#",
            "https://app.example.com/client#x",
            "https://user@app.example.com/client",
            "https://@app.example.com/client",
            "https://app.example.com@evil.example/client",
            "https://app.example.com\\@evil.example/client",
            "https://app.example.com\\client",
            "https://app.example.com/a b",
            "https://app.example.com/a\tb",
            "https://app.example.com/a\nb",
            " https://app.example.com/client",
            "https://app.example.com/client ",
            "https://app.example.com/\u{0}",
            "https://app.example.com/%zz",
            "https://APP.example.com/client",
            "https://app.example.com:443/client",
            "https://app.example.com:0443/client",
            "https://app.example.com:/client",
            "https://app.example.com:22/client",
            "https://app.example.com./client",
            "https://bücher.example/client",
            "https://xn--a.example/client",
            "https://localhost/client",
            "https://intranet/client",
            "https://printer.local/client",
            "https://metadata.google.internal/client",
            "https://127.0.0.1/client",
            "https://127.1/client",
            "https://2130706433/client",
            "https://0x7f000001/client",
            "https://10.0.0.1/client",
            "https://169.254.169.254/client",
            "https://8.8.8.8/client",
            "https://[::1]/client",
            "https://[2606:4700::1111]/client",
            "https://[::ffff:169.254.169.254]/client",
            "http://localhost:9000/client",
            "https:///client",
            "ftp://app.example.com/client",
            "",
        ] {
            assert!(problem(bad, false).is_some(), "{bad}");
        }
        assert!(problem(&format!("https://app.example.com/{}", "x".repeat(MAX_URL)), false).is_some());
    }

    #[test]
    fn a_server_of_local_development_takes_documents_from_loopback() {
        for good in ["http://localhost:9000/client.json", "http://127.0.0.1:9000/client.json"] {
            assert_eq!(problem(good, true), None, "{good}");
        }
        for bad in ["http://10.0.0.1/client.json", "http://localhost:9000/", "https://localhost/client.json"]
        {
            assert!(problem(bad, true).is_some(), "{bad}");
        }
    }

    #[test]
    fn a_host_is_shown_as_it_is_written() {
        assert_eq!(host("https://claude.ai/oauth/x"), "claude.ai");
        assert_eq!(host("https://app.example.com:8443/x"), "app.example.com:8443");
        assert_eq!(host("https://xn--80ak6aa92e.com/x"), "xn--80ak6aa92e.com");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]
        #[test]
        fn an_independent_parser_changes_nothing_of_a_url(
            text in "https://[a-z0-9.:@\\[\\]%_-]{1,14}[/?.%a-c2eE\\[\\]'!$&(){}|^*+,;=#~:@]{0,12}"
        ) {
            if problem(&text, false).is_some() || text.contains("xn--") { return Ok(()) }
            let read = url::Url::parse(&text);
            prop_assert!(read.is_ok(), "{text}");
            let read = read.expect("a URL");
            prop_assert_eq!(read.as_str(), text.as_str());
            prop_assert!(read.domain().is_some_and(|domain| domain.contains('.')));
        }
    }
}
