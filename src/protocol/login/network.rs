//! Addresses as somebody who guesses has them: one of IPv4, or any number within a network of IPv6.
//!
//! `throttle` counts attempts by them.

use core::net::IpAddr;

/// A network, and how many times the attempts of one address it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Network {
    pub(super) name: String,
    pub(super) share: u32,
}

/// The networks that `address` is counted in, from the narrowest to the widest. Of IPv6 a line has a /64 at least, a household a
/// /56, a site a /48 (RFC 6177): somebody may have any of them, so each is counted, and the wider ones aren't worth much more.
pub(super) fn networks(address: Option<IpAddr>) -> Vec<Network> {
    let network = |name, share| Network { name, share };
    match address.map(|address| address.to_canonical()) {
        Some(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            vec![
                network(format!("{a:x}:{b:x}:{c:x}:{d:x}::/64"), 1),
                network(format!("{a:x}:{b:x}:{c:x}:{:x}::/56", d & 0xff00), 2),
                network(format!("{a:x}:{b:x}:{c:x}::/48"), 4),
            ]
        }
        Some(IpAddr::V4(address)) => vec![network(address.to_string(), 1)],
        None => vec![network("unknown".to_owned(), 1)],
    }
}

/// The widest of these networks: what pairs with an identifier, so that a site of IPv6 can't try as often as it has addresses.
pub(super) fn widest(networks: &[Network]) -> &str {
    networks.last().map_or("unknown", |network| network.name.as_str())
}

/// The narrowest: what an address is called in the log.
pub(super) fn narrowest(networks: &[Network]) -> &str {
    networks.first().map_or("unknown", |network| network.name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(address: &str) -> Vec<String> {
        networks(address.parse().ok()).into_iter().map(|network| network.name).collect()
    }

    #[test]
    fn an_ipv6_address_is_in_three_networks() {
        let expected = ["2001:db8:1:2345::/64", "2001:db8:1:2300::/56", "2001:db8:1::/48"];
        assert_eq!(names("2001:db8:1:2345:4:5:6:7"), expected);
        assert_eq!(names("2001:db8:1:2345::1"), expected);
        let shares: Vec<u32> = networks("2001:db8::1".parse().ok()).iter().map(|one| one.share).collect();
        assert_eq!(shares, [1, 2, 4]);
    }

    #[test]
    fn an_ipv4_address_is_itself_however_it_is_written() {
        assert_eq!(names("192.0.2.1"), ["192.0.2.1"]);
        assert_eq!(names("::ffff:192.0.2.1"), ["192.0.2.1"]);
        assert_eq!(names("nonsense"), ["unknown"]);
    }

    #[test]
    fn the_widest_network_pairs() {
        assert_eq!(widest(&networks("2001:db8:1:2::1".parse().ok())), "2001:db8:1::/48");
        assert_eq!(widest(&networks("192.0.2.1".parse().ok())), "192.0.2.1");
    }
}
