//! An address to ask for keys: what is accepted leads to a public host by `https` for a URL parser that others wrote, too.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mintedge::protocol::outbound::objection;
use url::{Host, Url};

fuzz_target!(|text: &str| {
    if text.contains("xn--") {
        return;
    }
    for local in [false, true] {
        if objection(text, local).is_some() {
            continue;
        }
        let Ok(url) = Url::parse(text) else { panic!("no URL: {text}") };
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
                    assert!(!name.ends_with("localhost") && name.contains('.'), "{text}")
                }
                None => panic!("no host: {text}"),
            }
        }
    }
});
