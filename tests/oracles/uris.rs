//! URIs and issuers beside the `url` crate: what is taken here is a URL there and stands for the same, and what is a URL there in the very
//! same letters is taken here unless one of the reasons below speaks against it.

use mintedge::protocol::codec::uri::{Uri, is_origin};
use mintedge::protocol::model::issuer::Issuer;
use proptest::prelude::*;
use url::Url;

/// Why this server refuses a web address that the `url` crate leaves as it is.
fn is_refused_for_a_reason(text: &str, url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let is_label = |label: &str| {
        let inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(inner)
    };
    let plain = text.split('?').next().unwrap_or_default();
    let path = plain.split_once("//").map_or("", |(_, rest)| rest);
    // A fragment or user information has no business in an address that is registered.
    url.fragment().is_some()
        || text.contains(['#', '@'])
        // Characters outside of RFC 3986 §2, and the apostrophe and half escapes, which parsers treat differently.
        || text.contains(['\'', '{', '}', '|', '^'])
        || text.split('%').skip(1).any(|after| after.bytes().take(2).filter(u8::is_ascii_hexdigit).count() < 2)
        // Brackets stand around IPv6 addresses, else in queries only.
        || path.strip_prefix(host).unwrap_or(path).contains(['[', ']'])
        // Host names are those of RFC 952 and 1123: others resolve here and there.
        || (!host.starts_with('[') && !host.split('.').all(is_label))
        // Nothing listens at port 0.
        || url.port() == Some(0)
        // A last label that begins with a digit is the end of an IPv4 address for some, and no name in the DNS.
        || (host.rsplit('.').next().is_some_and(|label| label.starts_with(|first: char| first.is_ascii_digit()))
            && host.parse::<std::net::Ipv4Addr>().is_err())
}

fn any_web_address() -> impl Strategy<Value = String> {
    "(https?)://([a-zA-Z0-9.:@\\[\\]%_-]{0,12}|127\\.0\\.0\\.1|\\[::1\\]|[a-z]{1,3}\\.example)(:[0-9]{0,5})?[/?:.%a-c2eE\\[\\]'!$&(){}|^*+,;=#~]{0,12}"
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6000))]
    #[test]
    fn web_addresses_are_taken_apart_as_url_does(text in any_web_address()) {
        // Whether a host name in Punycode decodes is left to the DNS.
        if text.to_ascii_lowercase().contains("xn--") { return Ok(()) }
        let url = Url::parse(&text);
        match (Uri::parse(&text), url) {
            (Ok(uri), url) => {
                prop_assert!(url.is_ok(), "{}", text);
                let url = url.expect("a URL");
                let (host, port) = uri.host_and_port().expect("a host");
                let host = host.to_ascii_lowercase();
                prop_assert_eq!(Some(host.as_str()), url.host_str());
                let written = port.map(|port| port.parse::<u16>().expect("a port"));
                prop_assert_eq!(written.or(url.port_or_known_default()), url.port_or_known_default());
                prop_assert_eq!(written.is_none(), url.port().is_none() && written != url.port_or_known_default());
                prop_assert_eq!(uri.path.split('?').nth(1).is_some(), url.query().is_some());
            }
            (Err(problem), Ok(url)) => {
                let same = url.as_str() == text || url.as_str() == format!("{text}/");
                prop_assert!(!same || is_refused_for_a_reason(&text, &url), "{}: {}", text, problem);
            }
            (Err(_), Err(_)) => {}
        }
    }

    #[test]
    fn an_origin_is_what_url_writes_as_one(text in any_web_address()) {
        if !is_origin(&text) || text.contains("xn--") { return Ok(()) }
        let url = Url::parse(&text).expect("a URL");
        prop_assert_eq!(url.origin().ascii_serialization(), text);
    }

    #[test]
    fn an_issuer_is_a_url_in_its_only_form(text in "https?://([a-z0-9.-]{1,10}|127\\.0\\.0\\.1|\\[::1\\]|localhost)(:[0-9]{1,5})?[/a-c.~%]{0,8}") {
        let Ok(issuer) = Issuer::parse(&text) else { return Ok(()) };
        if text.contains("xn--") { return Ok(()) }
        let url = Url::parse(&text).expect("a URL");
        prop_assert_eq!(url.as_str().trim_end_matches('/'), &text);
        prop_assert_eq!(url.path().trim_end_matches('/'), issuer.path());
        prop_assert_eq!(url.origin().ascii_serialization(), issuer.origin());
        let local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        prop_assert_eq!(local, issuer.is_loopback());
        prop_assert!(local || url.scheme() == "https");
    }
}
