//! An address to ask for keys: what is accepted leads to a public host by `https` for a URL parser that others wrote, too.

use mintedge::protocol::model::outbound::objection;
use url::{Host, Url};

/// Runs one input.
pub fn run(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    if text.to_ascii_lowercase().contains("xn--") {
        return;
    }
    for local in [false, true] {
        if objection(text, local).is_some() {
            continue;
        }
        let Ok(url) = Url::parse(text) else { panic!("no URL: {text}") };
        let port = url.port_or_known_default().expect("a port");
        assert!([80, 443].contains(&port) || port >= 1024, "{text}");
        assert!(url.username().is_empty() && url.password().is_none() && url.fragment().is_none(), "{text}");
        let loopback = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        assert!(
            if url.scheme() == "http" { local && loopback } else { url.scheme() == "https" && !loopback },
            "{text}"
        );
        if url.scheme() == "https" {
            match url.host() {
                Some(Host::Ipv4(ip)) => {
                    assert!(
                        !ip.is_private() && !ip.is_loopback() && !ip.is_link_local() && !ip.is_unspecified(),
                        "{text}"
                    );
                    assert!(!ip.is_broadcast() && !ip.is_multicast() && !ip.is_documentation(), "{text}");
                }
                Some(Host::Ipv6(ip)) => {
                    assert!(!ip.is_loopback() && !ip.is_multicast() && !ip.is_unspecified(), "{text}");
                    assert!(
                        ip.to_ipv4().is_none() && !ip.is_unique_local() && !ip.is_unicast_link_local(),
                        "{text}"
                    );
                }
                Some(Host::Domain(name)) => {
                    assert!(name.contains('.'), "{text}");
                    for private in ["localhost", "local", "internal", "svc"] {
                        assert!(!name.ends_with(&format!(".{private}")), "{text}");
                    }
                }
                None => panic!("no host: {text}"),
            }
        }
    }
}
