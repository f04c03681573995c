//! Damping of guesses: counted before a password is looked at, in buckets that no attacker can fill for somebody else.
//!
//! * per address: `attempts_per_address` of the configuration;
//! * per identifier and address: [`PER_PAIR`];
//! * per identifier from everywhere: [`PER_IDENTIFIER`], but a browser that this person has logged in with before (a device
//!   cookie) counts in a bucket of its own instead, with [`PER_IDENTIFIER`] for all such browsers. A stranger who guesses can
//!   delay the owner on a new device only.

use super::Identifier;
use super::device::Device;
use super::identifier::shard_of;
use crate::protocol::cookies::Cookie;
use crate::protocol::derived::{Derived, mac};
use crate::protocol::encoding::base64url;
use crate::protocol::error::ServerError;
use crate::protocol::log::Exchange;
use crate::protocol::objects::directory::{Bucket, Command, Reply};
use crate::protocol::ports::Platform;
use crate::protocol::server::Server;
use crate::protocol::subject::UserId;
use crate::protocol::time::{HOUR, MINUTE};

/// Attempts for one identifier from one address, or from one known browser, in a quarter of an hour.
const PER_PAIR: u32 = 10;
/// Attempts for one identifier from everywhere in an hour.
const PER_IDENTIFIER: u32 = 100;
/// Requests that public clients push from one address in a quarter of an hour.
const PUSHED_PER_ADDRESS: u32 = 300;
/// From so many attempts on a success clears the count.
const WORTH_FORGIVING: u32 = 3;

/// One attempt and where it counts.
pub(super) struct Attempt {
    login: String,
    shard: String,
    buckets: Vec<Bucket>,
    /// Where the address counts; the `password` grant's is the client's own, which says nothing.
    address: Option<(String, Bucket)>,
    device: Option<Device>,
}

/// What an attempt that may go on learns.
pub(super) struct Allowed {
    pub(super) owner: Option<UserId>,
    pub(super) used: u32,
}

impl Attempt {
    pub(super) fn new<P: Platform>(
        server: &Server<P>,
        exchange: &Exchange<'_>,
        derived: &Derived,
        identifier: &Identifier,
        per_address: u32,
    ) -> Self {
        let login = identifier.key(derived);
        let (address, address_shard) = address(exchange, derived);
        let cookie = Cookie::Device.read(&server.issuer, &exchange.request.headers);
        let device = cookie.and_then(|cookie| Device::of(identifier, derived, cookie));
        let bucket = |key: String, limit, window| Bucket { key, limit, window };
        let by_client = exchange.deprecated.get();
        let buckets = if by_client {
            vec![bucket(format!("i/{login}"), PER_IDENTIFIER, HOUR)]
        } else if let Some(device) = device {
            // All of them together too: somebody who knew the password once may have collected marks.
            vec![
                bucket(format!("d/{login}/{}", device.name()), PER_PAIR, 15 * MINUTE),
                bucket(format!("d/{login}"), PER_IDENTIFIER, HOUR),
            ]
        } else {
            vec![
                bucket(format!("p/{login}/{address}"), PER_PAIR, 15 * MINUTE),
                bucket(format!("i/{login}"), PER_IDENTIFIER, HOUR),
            ]
        };
        Self {
            shard: identifier.shard(derived),
            login,
            buckets,
            device,
            address: (!by_client)
                .then(|| (address_shard, bucket(format!("a/{address}"), per_address, 15 * MINUTE))),
        }
    }

    /// The browser, if this person has logged in with it before.
    pub(super) const fn device(&self) -> Option<Device> {
        self.device
    }

    /// Counts the attempt; `None` if there were too many. The address goes first, so that one address can't make rows for any
    /// number of identifiers.
    pub(super) async fn count<P: Platform>(
        &self,
        server: &Server<P>,
    ) -> Result<Option<Allowed>, ServerError> {
        if let Some((shard, bucket)) = &self.address {
            let by_address = Command::Attempt { login: None, buckets: vec![bucket.clone()] };
            if !matches!(server.shard(shard, &by_address).await?, Reply::Allowed { .. }) {
                return Ok(None);
            }
        }
        let command = Command::Attempt { login: Some(self.login.clone()), buckets: self.buckets.clone() };
        match server.shard(&self.shard, &command).await? {
            Reply::Allowed { owner, used } => Ok(Some(Allowed { owner, used })),
            _ => Ok(None),
        }
    }

    /// Clears the counts after a success, where there is something to clear.
    pub(super) async fn forgive<P: Platform>(
        &self,
        server: &Server<P>,
        used: u32,
    ) -> Result<(), ServerError> {
        if used < WORTH_FORGIVING {
            return Ok(());
        }
        let buckets = self.buckets.iter().map(|bucket| bucket.key.clone()).collect();
        server.shard(&self.shard, &Command::Forgive { buckets }).await.map(drop)
    }
}

/// Whether one more request of a public client may be kept. Each makes an object, and nobody has to prove anything for it.
/// Counted per address and not per client: nobody can use a client up for others.
pub(crate) async fn may_push<P: Platform>(
    server: &Server<P>,
    exchange: &Exchange<'_>,
) -> Result<bool, ServerError> {
    let keyring = server.any_keyring(exchange.now).await?;
    let (address, shard) = address(exchange, &keyring.derived);
    let bucket = Bucket { key: format!("r/{address}"), limit: PUSHED_PER_ADDRESS, window: 15 * MINUTE };
    let command = Command::Attempt { login: None, buckets: vec![bucket] };
    Ok(matches!(server.shard(&shard, &command).await?, Reply::Allowed { .. }))
}

/// What the request's address is called in the directory, and the shard that counts it.
fn address(exchange: &Exchange<'_>, derived: &Derived) -> (String, String) {
    let network = network(exchange.request.headers.client_ip.as_deref());
    let hash = mac(&derived.routing, &[b"address", network.as_bytes()]);
    (base64url(hash.get(..12).unwrap_or_default()), shard_of(derived, &hash))
}

/// The network an address belongs to: of an IPv6 address one customer's part.
fn network(address: Option<&str>) -> String {
    match address.and_then(|text| text.parse::<core::net::IpAddr>().ok()) {
        Some(core::net::IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        Some(core::net::IpAddr::V4(address)) => address.to_string(),
        None => "unknown".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::network;

    #[test]
    fn an_ipv6_customer_is_one_network() {
        assert_eq!(network(Some("2001:db8:1:2:3:4:5:6")), network(Some("2001:db8:1:2::1")));
        assert_ne!(network(Some("2001:db8:1:2::1")), network(Some("2001:db8:1:3::1")));
        assert_ne!(network(Some("192.0.2.1")), network(Some("192.0.2.2")));
        assert_eq!(network(Some("nonsense")), network(None));
    }
}
