//! Addresses that this server itself asks or tells something: keys and metadata of issuers, back-channel logout. A
//! configuration names them, or a document that it points to does; neither may lead this server to something that only it
//! can reach.
//!
//! `validate` asks here before an address is stored, and whoever is about to call asks again. A name is not resolved here,
//! so one that leads to a private address passes; the platform's `global_fetch_strictly_public` stops that, and a redirect
//! is never followed.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::protocol::codec::uri::Uri;

/// Names that lead nowhere in public (RFC 6761, RFC 6762 with its appendix G, RFC 8375), and what lies below them. `svc` is
/// what Kubernetes calls a cluster's own services.
const PRIVATE_NAMES: [&str; 14] = [
    "alt",
    "corp",
    "home",
    "home.arpa",
    "internal",
    "intranet",
    "invalid",
    "lan",
    "local",
    "localdomain",
    "localhost",
    "onion",
    "private",
    "svc",
];
/// Ports from 1024 on that speak something else than HTTP; browsers refuse them too (Fetch §2.9).
const OTHER_PROTOCOLS: [u16; 17] =
    [1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6697];

/// Why `url` is not called, in words that complete "this server can't call it: …"; `None` if it may be. `https` at a public
/// host; with `local`, for a server that is itself on a loopback address, also `http` at one.
pub fn objection(url: &str, local: bool) -> Option<&'static str> {
    let uri = match Uri::parse(url) {
        Ok(uri) => uri,
        Err(problem) => return Some(problem),
    };
    let authority = uri.authority.unwrap_or_default().to_ascii_lowercase();
    let parts = Uri { authority: Some(&authority), ..uri }.host_and_port();
    let (host, port) = parts.unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let port = port.and_then(|port| port.parse().ok());
    match uri.scheme {
        "http" if uri.is_loopback() && !local => {
            Some("only a server that is itself on a loopback address calls one")
        }
        "http" if uri.is_loopback() => port_objection(port, 80),
        "https" => host_objection(host).or(port_objection(port, 443)),
        _ => Some("it is called by https only"),
    }
}

/// Whether an issuer is one of local development: `http` on a loopback address.
pub fn is_local(issuer: &str) -> bool {
    Uri::parse(issuer).is_ok_and(|uri| uri.is_loopback())
}

/// Below 1024 live mail, shells and directories; what is asked for here is served on the scheme's own port or a high one.
fn port_objection(port: Option<u16>, standard: u16) -> Option<&'static str> {
    let refused = |port: &u16| *port != standard && (*port < 1024 || OTHER_PROTOCOLS.contains(port));
    port.filter(refused).map(|_| "nothing is called at this port")
}

fn host_objection(host: &str) -> Option<&'static str> {
    let is_public = match host.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => is_public_v4(address),
        Ok(IpAddr::V6(address)) => is_public_v6(address),
        Err(_) => {
            let private = |name: &&str| {
                host.strip_suffix(*name).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            };
            let is_private = !host.contains('.') || PRIVATE_NAMES.iter().any(private);
            return is_private.then_some("its name is known inside of a network only");
        }
    };
    (!is_public).then_some("its address is private, loopback, link-local or reserved")
}

/// All but the blocks of IANA's special-purpose registry (RFC 6890) that are not globally reachable, and one address of Azure's.
fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, d] = address.octets();
    let special = match a {
        0 | 10 | 127 | 224..=255 => true,
        100 => (64..=127).contains(&b),
        // Public by its number; in Azure it is the host of a virtual machine, which hands out certificates and configuration.
        168 => (b, c, d) == (63, 129, 16),
        169 => b == 254,
        172 => (16..=31).contains(&b),
        192 => b == 168 || matches!((b, c), (0, 0 | 2) | (88, 99)),
        198 => (18..=19).contains(&b) || (b, c) == (51, 100),
        203 => (b, c) == (0, 113),
        _ => false,
    };
    !special
}

/// Global unicast (`2000::/3`) without Teredo and its neighbors (`2001::/23`), documentation and 6to4. All that maps or
/// translates to IPv4 lies elsewhere or is 6to4.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    let special =
        matches!((first, second), (0x2001, 0..=0x01ff | 0x0db8) | (0x2002, _) | (0x3fff, 0..=0x0fff));
    first & 0xe000 == 0x2000 && !special
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_https_addresses_may_be_called() {
        for good in [
            "https://token.actions.githubusercontent.com/.well-known/jwks",
            "https://id.example.com:8443/keys?tenant=1",
            "https://id.example.com:443/keys",
            "https://ID.example.com/keys",
            "https://example.com",
            "https://8.8.8.8/keys",
            "https://168.63.129.17/keys",
            "https://172.32.0.1/keys",
            "https://100.128.0.1/keys",
            "https://[2606:4700::1111]/keys",
            "https://[2606:4700::1111]:8443/keys",
            "https://local.example/keys",
            "https://svc.example.com/keys",
        ] {
            assert_eq!(objection(good, false), None, "{good}");
        }
    }

    #[test]
    fn private_and_odd_addresses_may_not() {
        for bad in [
            "http://id.example.com/keys",
            "http://127.0.0.1/keys",
            "https://localhost/keys",
            "https://LOCALHOST/keys",
            "https://a.localhost/keys",
            "https://printer.local/keys",
            "https://vault.internal/keys",
            "https://nas.lan/keys",
            "https://kubernetes.default.svc/openid/v1/jwks",
            "https://kubernetes.default.svc.cluster.local/openid/v1/jwks",
            "https://router/keys",
            "https://user@id.example.com/keys",
            "https://user:password@id.example.com/keys",
            "https://id.example.com@169.254.169.254/keys",
            "https://id.example.com\\@169.254.169.254/keys",
            "https://id.example.com/keys#x",
            "https://id.example.com./keys",
            "https://127.0.0.1/keys",
            "https://127.1/keys",
            "https://2130706433/keys",
            "https://017700000001/keys",
            "https://0x7f000001/keys",
            "https://0x7f.0.0.1/keys",
            "https://0177.0.0.1/keys",
            "https://%31%32%37.0.0.1/keys",
            "https://0.0.0.0/keys",
            "https://10.1.2.3/keys",
            "https://10.1.2.3:8443/keys",
            "https://100.64.0.1/keys",
            "https://168.63.129.16/keys",
            "https://169.254.169.254/keys",
            "https://172.16.0.1/keys",
            "https://192.168.0.1/keys",
            "https://198.18.0.1/keys",
            "https://224.0.0.1/keys",
            "https://255.255.255.255/keys",
            "https://[::1]/keys",
            "https://[::]/keys",
            "https://[::ffff:169.254.169.254]/keys",
            "https://[::ffff:a9fe:a9fe]/keys",
            "https://[::ffff:8.8.8.8]/keys",
            "https://[64:ff9b::7f00:1]/keys",
            "https://[64:ff9b:1::1]/keys",
            "https://[fd00::1]/keys",
            "https://[fd00::1]:8443/keys",
            "https://[fe80::1]/keys",
            "https://[fe80::1%25eth0]/keys",
            "https://[ff02::1]/keys",
            "https://[2001::1]/keys",
            "https://[2001:db8::1]/keys",
            "https://[2002:7f00:1::]/keys",
            "https://id.example.com:22/keys",
            "https://id.example.com:25/keys",
            "https://id.example.com:80/keys",
            "https://id.example.com:6667/keys",
            "https:///keys",
            "ftp://id.example.com/keys",
            "//id.example.com/keys",
            "",
        ] {
            assert!(objection(bad, false).is_some(), "{bad}");
        }
    }

    #[test]
    fn a_local_server_may_call_on_loopback_too() {
        assert!(is_local("http://127.0.0.1:9000") && is_local("http://localhost:3/tenant"));
        for other in ["https://127.0.0.1", "http://id.example.com", "http://localhost.evil.example", ""] {
            assert!(!is_local(other), "{other}");
        }
        for good in ["http://127.0.0.1:9000/keys", "http://localhost:80/keys", "http://[::1]:8080/keys"] {
            assert_eq!(objection(good, true), None, "{good}");
        }
        for bad in [
            "http://10.0.0.1/keys",
            "http://id.example.com/keys",
            "https://127.0.0.1/keys",
            "http://127.0.0.1:22/keys",
            "http://127.0.0.1:6000/keys",
        ] {
            assert!(objection(bad, true).is_some(), "{bad}");
        }
    }
}
