//! Damping of guesses: counted before a password is looked at, in buckets that no stranger can fill for an owner on a browser
//! they use. `docs/users.md` has the table of who is held up by whom.
//!
//! * A browser that this user logged in with under their present password (see [`Device`]) counts by itself, and nowhere else.
//! * Everybody else on a page counts by address and its networks, by identifier and network, and by identifier.
//! * Attempts through a client with the `password` grant count by client and by the address known of its user, by identifier and
//!   these two, and by identifier; in none of the buckets of the pages. A client can't close a page.

use core::net::IpAddr;

use super::Identifier;
use super::device;
use super::device::Device;
use super::identifier::shard_of;
use super::network::{networks, widest};
use crate::protocol::codec::encoding::base64url;
use crate::protocol::http::error::ServerError;
use crate::protocol::keys::derived::{Derived, mac};
use crate::protocol::model::time::{HOUR, MINUTE};
use crate::protocol::model::user_id::UserId;
use crate::protocol::objects::directory::{Bucket, DirectoryCommand, DirectoryReply};
use crate::protocol::server::Server;
use crate::protocol::server::ports::Platform;
use crate::protocol::server::request::RequestContext;

/// Attempts for one identifier from one network, or from one known browser, in [`SHORT`].
const PER_PAIR: u32 = 10;
/// Attempts for one identifier from all unknown browsers, and again through all clients, in an hour.
const PER_IDENTIFIER: u32 = 100;
/// A client has the attempts of so many addresses.
const CLIENT_SHARE: u32 = 10;
/// Requests that public clients push from one address in [`SHORT`].
const PUSHED_PER_ADDRESS: u32 = 300;
/// A quarter of an hour, in seconds: how long most buckets count.
pub(super) const SHORT: u64 = 15 * MINUTE;

/// The way by which a password comes to this server.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Door<'a> {
    /// Through a page of this server.
    Page,
    /// Through a client with the `password` grant, which was told it.
    Client {
        /// The client's id.
        client_id: &'a str,
        /// The address that the client says its user has.
        address: Option<IpAddr>,
    },
}

/// One attempt, with the buckets that count it.
pub(super) struct Attempt {
    login: String,
    /// The buckets that many people share: of an address, of a client. Empty for a known browser.
    crowd: Place,
    /// The buckets that concern this identifier only.
    person: Place,
    /// Whether the first bucket of `person` counts nobody but the user, as far as anybody can tell.
    own: bool,
    /// Whether a success is taken out of `crowd` again.
    give_back: bool,
}

/// Buckets that one shard of the directory keeps.
pub(super) struct Place {
    pub(super) shard: String,
    pub(super) buckets: Vec<Bucket>,
}

/// What the login learns of an attempt that may go on.
pub(super) struct Allowed {
    pub(super) owner: Option<UserId>,
    crowd_is_full: bool,
    person_is_full: bool,
}

impl Attempt {
    pub(super) async fn new<P: Platform>(
        server: &Server<P>,
        context: &RequestContext<'_>,
        door: Door<'_>,
        identifier: &Identifier,
    ) -> Result<Self, ServerError> {
        let keyring = server.any_keyring(context.now).await?;
        let derived = &keyring.derived;
        let limit = server.snapshot(context.now).await?.login.attempts_per_address;
        Ok(match door {
            Door::Page => match device::known(server, context, identifier).await? {
                Some(device) => Self::on_device(derived, identifier, &device),
                None => Self::on_page(derived, identifier, context.address(), limit),
            },
            Door::Client { client_id, address } => {
                let own = address.is_some();
                let address = address.or(context.address());
                Self { own, ..Self::through_client(derived, identifier, (client_id, address), limit) }
            }
        })
    }

    fn on_device(derived: &Derived, identifier: &Identifier, device: &Device) -> Self {
        let login = identifier.key(derived);
        let key = format!("d/{login}/{}", device.name());
        let buckets = vec![Bucket { key, limit: PER_PAIR, window: SHORT }];
        Self {
            person: Place { shard: identifier.shard(derived), buckets },
            login,
            crowd: Place { shard: String::new(), buckets: Vec::new() },
            own: true,
            give_back: false,
        }
    }

    fn on_page(derived: &Derived, identifier: &Identifier, address: Option<IpAddr>, limit: u32) -> Self {
        let login = identifier.key(derived);
        let pair = name(&address_hash(derived, widest(&networks(address))));
        let buckets = vec![
            Bucket { key: format!("p/{login}/{pair}"), limit: PER_PAIR, window: SHORT },
            Bucket { key: format!("i/{login}"), limit: PER_IDENTIFIER, window: HOUR },
        ];
        Self {
            person: Place { shard: identifier.shard(derived), buckets },
            login,
            crowd: by_address(derived, address, ("a", limit)),
            own: true,
            give_back: false,
        }
    }

    fn through_client(
        derived: &Derived,
        identifier: &Identifier,
        (client_id, address): (&str, Option<IpAddr>),
        limit: u32,
    ) -> Self {
        let login = identifier.key(derived);
        let hash = |network: &str| {
            mac(&derived.routing, &[b"client attempts", client_id.as_bytes(), network.as_bytes()])
        };
        let networks = networks(address);
        let pair = name(&hash(widest(&networks)));
        let buckets = vec![
            Bucket { key: format!("g/{login}/{pair}"), limit: PER_PAIR, window: SHORT },
            Bucket { key: format!("g/{login}"), limit: PER_IDENTIFIER, window: HOUR },
        ];
        let everybody = ("everybody".to_owned(), CLIENT_SHARE);
        let networks = networks.into_iter().map(|network| (network.name, network.share));
        let crowd = networks.chain([everybody]).map(|(network, share)| Bucket {
            key: format!("c/{}", name(&hash(&network))),
            limit: limit.saturating_mul(share),
            window: SHORT,
        });
        Self {
            person: Place { shard: identifier.shard(derived), buckets },
            login,
            crowd: Place { shard: shard_of(derived, &hash("everybody")), buckets: crowd.collect() },
            own: false,
            give_back: true,
        }
    }

    /// Counts the attempt; `None` if there were too many. What is shared goes first, so that one address can't make rows for any
    /// number of identifiers.
    pub(super) async fn count<P: Platform>(
        &self,
        server: &Server<P>,
    ) -> Result<Option<Allowed>, ServerError> {
        let mut crowd_is_full = false;
        if !self.crowd.buckets.is_empty() {
            let command = DirectoryCommand::Attempt { login: None, buckets: self.crowd.buckets.clone() };
            match server.shard(&self.crowd.shard, &command).await? {
                DirectoryReply::Allowed { crowded, .. } => crowd_is_full = crowded,
                _ => return Ok(None),
            }
        }
        let command = DirectoryCommand::Attempt {
            login: Some(self.login.clone()),
            buckets: self.person.buckets.clone(),
        };
        match server.shard(&self.person.shard, &command).await? {
            DirectoryReply::Allowed { owner, crowded, .. } => {
                Ok(Some(Allowed { owner, crowd_is_full, person_is_full: crowded }))
            }
            _ => Ok(None),
        }
    }

    /// Takes back what a success shows to have been no guess, where a bucket is half full or more. Strangers' attempts stay.
    pub(super) async fn forgive<P: Platform>(
        &self,
        server: &Server<P>,
        allowed: &Allowed,
    ) -> Result<(), ServerError> {
        let keys = |buckets: &[Bucket]| buckets.iter().map(|bucket| bucket.key.clone()).collect();
        if allowed.person_is_full {
            let split = usize::from(self.own).min(self.person.buckets.len());
            let (own, shared) = self.person.buckets.split_at(split);
            let command = DirectoryCommand::Forgive { buckets: keys(own), shared: keys(shared) };
            server.shard(&self.person.shard, &command).await?;
        }
        if allowed.crowd_is_full && self.give_back {
            let command =
                DirectoryCommand::Forgive { buckets: Vec::new(), shared: keys(&self.crowd.buckets) };
            server.shard(&self.crowd.shard, &command).await?;
        }
        Ok(())
    }
}

/// Whether one more request of a public client may be kept. Each makes an object, and nobody has to prove anything for it.
/// Counted per address and not per client: nobody can use a client up for others.
pub(crate) async fn may_push<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
) -> Result<bool, ServerError> {
    let keyring = server.any_keyring(context.now).await?;
    let place = by_address(&keyring.derived, context.address(), ("r", PUSHED_PER_ADDRESS));
    let command = DirectoryCommand::Attempt { login: None, buckets: place.buckets };
    Ok(matches!(server.shard(&place.shard, &command).await?, DirectoryReply::Allowed { .. }))
}

/// Whether the client `client_id` may ask one more person through the backchannel (`CIBA`), of `limit` in an hour. How often one person
/// is asked is counted with the person; this is about all of them.
pub(crate) async fn may_ask<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    (client_id, limit): (&str, u32),
) -> Result<bool, ServerError> {
    let keyring = server.any_keyring(context.now).await?;
    let hash = mac(&keyring.derived.routing, &[b"backchannel requests", client_id.as_bytes()]);
    let buckets = vec![Bucket { key: format!("q/{}", name(&hash)), limit, window: HOUR }];
    let command = DirectoryCommand::Attempt { login: None, buckets };
    let reply = server.shard(&shard_of(&keyring.derived, &hash), &command).await?;
    Ok(matches!(reply, DirectoryReply::Allowed { .. }))
}

/// Where an address counts, and the networks it is in: all of them in one shard, which is the widest one's.
pub(super) fn by_address(derived: &Derived, address: Option<IpAddr>, (kind, limit): (&str, u32)) -> Place {
    let networks = networks(address);
    let shard = shard_of(derived, &address_hash(derived, widest(&networks)));
    let buckets = networks.iter().map(|network| Bucket {
        key: format!("{kind}/{}", name(&address_hash(derived, &network.name))),
        limit: limit.saturating_mul(network.share),
        window: SHORT,
    });
    Place { buckets: buckets.collect(), shard }
}

fn address_hash(derived: &Derived, network: &str) -> [u8; 32] {
    mac(&derived.routing, &[b"address", network.as_bytes()])
}

/// The name of the bucket that `hash` stands for.
pub(super) fn name(hash: &[u8]) -> String {
    base64url(hash.get(..12).unwrap_or_default())
}
