//! Which addresses may be asked for keys. A configuration names them, or a document that it points to does: neither may
//! lead this server to something that only it can reach.
//!
//! A name is not resolved here, so one that leads to a private address passes; the platform's `global_fetch_strictly_public`
//! stops that, and a redirect is never followed.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::protocol::issuer::{is_authority, is_loopback};

/// Longest URL, in bytes.
const MAX_URL: usize = 2048;
/// Names that lead nowhere in public (RFC 6761, RFC 6762, RFC 8375), and what lies below them.
const PRIVATE_NAMES: [&str; 5] = ["localhost", "local", "internal", "home.arpa", "onion"];

/// Whether `url` may be asked: `https` at a public host. With `local`, for an issuer that is itself on a loopback address,
/// also `http` at one.
pub fn may_be_asked(url: &str, local: bool) -> bool {
    let Some((scheme, rest)) = url.split_once("://") else { return false };
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let plain = url.len() <= MAX_URL && url.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#');
    if !plain || !is_authority(scheme, authority) {
        return false;
    }
    match scheme {
        "https" => is_public(authority),
        "http" => local && is_loopback(authority),
        _ => false,
    }
}

/// Whether an issuer is one of local development: `http` on a loopback address.
pub(super) fn is_local(issuer: &str) -> bool {
    let authority =
        issuer.strip_prefix("http://").map(|rest| rest.split(['/', '?']).next().unwrap_or_default());
    authority.is_some_and(|authority| is_authority("http", authority) && is_loopback(authority))
}

fn is_public(authority: &str) -> bool {
    let bracketed = authority.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let host = match bracketed {
        Some((host, _)) => host,
        None => authority.split(':').next().unwrap_or_default(),
    };
    match host.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => is_public_v4(address),
        Ok(IpAddr::V6(address)) => is_public_v6(address),
        Err(_) => {
            let private = |name: &&str| {
                host.strip_suffix(*name).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            };
            host.contains('.') && !PRIVATE_NAMES.iter().any(private)
        }
    }
}

/// All but the blocks of IANA's special-purpose registry (RFC 6890) that are not globally reachable.
fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = match a {
        0 | 10 | 127 | 224..=255 => true,
        100 => (64..=127).contains(&b),
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
    fn public_https_addresses_may_be_asked() {
        for good in [
            "https://token.actions.githubusercontent.com/.well-known/jwks",
            "https://id.example.com:8443/keys?tenant=1",
            "https://example.com",
            "https://8.8.8.8/keys",
            "https://172.32.0.1/keys",
            "https://100.128.0.1/keys",
            "https://[2606:4700::1111]/keys",
            "https://local.example/keys",
        ] {
            assert!(may_be_asked(good, false), "{good}");
        }
    }

    #[test]
    fn private_and_odd_addresses_may_not() {
        for bad in [
            "http://id.example.com/keys",
            "http://127.0.0.1/keys",
            "https://localhost/keys",
            "https://a.localhost/keys",
            "https://printer.local/keys",
            "https://vault.internal/keys",
            "https://router/keys",
            "https://user@id.example.com/keys",
            "https://id.example.com@169.254.169.254/keys",
            "https://id.example.com\\@169.254.169.254/keys",
            "https://id.example.com/keys#x",
            "https://ID.example.com/keys",
            "https://127.0.0.1/keys",
            "https://127.1/keys",
            "https://2130706433/keys",
            "https://0x7f.0.0.1/keys",
            "https://0177.0.0.1/keys",
            "https://0.0.0.0/keys",
            "https://10.1.2.3/keys",
            "https://100.64.0.1/keys",
            "https://169.254.169.254/keys",
            "https://172.16.0.1/keys",
            "https://192.168.0.1/keys",
            "https://198.18.0.1/keys",
            "https://224.0.0.1/keys",
            "https://255.255.255.255/keys",
            "https://[::1]/keys",
            "https://[::]/keys",
            "https://[::ffff:169.254.169.254]/keys",
            "https://[::ffff:8.8.8.8]/keys",
            "https://[64:ff9b::7f00:1]/keys",
            "https://[64:ff9b:1::1]/keys",
            "https://[fd00::1]/keys",
            "https://[fe80::1]/keys",
            "https://[ff02::1]/keys",
            "https://[2001::1]/keys",
            "https://[2001:db8::1]/keys",
            "https://[2002:7f00:1::]/keys",
            "https:///keys",
            "ftp://id.example.com/keys",
            "//id.example.com/keys",
            "",
        ] {
            assert!(!may_be_asked(bad, false), "{bad}");
        }
    }

    #[test]
    fn a_local_issuer_may_be_asked_on_loopback_only() {
        assert!(is_local("http://127.0.0.1:9000") && is_local("http://localhost:3/tenant"));
        for other in ["https://127.0.0.1", "http://id.example.com", "http://localhost.evil.example", ""] {
            assert!(!is_local(other), "{other}");
        }
        assert!(may_be_asked("http://127.0.0.1:9000/keys", true));
        for bad in ["http://10.0.0.1/keys", "http://id.example.com/keys", "https://127.0.0.1/keys"] {
            assert!(!may_be_asked(bad, true), "{bad}");
        }
    }
}
