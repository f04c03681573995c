//! Damping of guesses at user codes (RFC 8628 §5.1), and of devices that are begun without proof. `endpoints::device` and
//! `endpoints::device_authorization` call it.
//!
//! Only somebody who is signed in may try a code, so a try counts for their account, and for nobody else's. Accounts that are
//! younger than a day cost nothing where sign-up is open. From their second wrong code on they count for their network and for all
//! such accounts together, too: a first try is always looked at. A right code is taken out of the buckets again.

use super::identifier::shard_of;
use super::network::{narrowest, networks};
use super::throttle::{Place, SHORT, by_address, name};
use crate::protocol::codec::encoding::base64url;
use crate::protocol::http::error::ServerError;
use crate::protocol::keys::derived::{Derived, mac};
use crate::protocol::model::time::{DAY, HOUR};
use crate::protocol::objects::directory::{Bucket, DirectoryCommand, DirectoryReply};
use crate::protocol::objects::subject::User;
use crate::protocol::server::Server;
use crate::protocol::server::ports::Platform;
use crate::protocol::server::request::RequestContext;

/// Wrong codes of one account in [`SHORT`].
const PER_ACCOUNT: u32 = 10;
/// Wrong codes of new accounts in one network in [`SHORT`], without the first of each.
const PER_NETWORK: u32 = 50;
/// Wrong codes of all new accounts in an hour, without the first of each.
const OF_ALL: u32 = 1000;
/// How long an account is new, in seconds.
const NEW: u64 = DAY;
/// Devices that public clients begin to connect from one address in [`SHORT`].
const BEGUN_PER_ADDRESS: u32 = 300;

/// A code that may be looked up: the buckets that it counts in.
pub(crate) struct Guess(Vec<Place>);

/// Counts a code that `user` tries, before it is looked up. `None` if there were too many wrong ones.
pub(crate) async fn may_guess<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    user: &User,
) -> Result<Option<Guess>, ServerError> {
    let keyring = server.any_keyring(context.now).await?;
    let derived = &keyring.derived;
    let account = of_account(derived, user);
    let Some(tries) = count(server, &account).await? else { return Ok(None) };
    let mut guess = Guess(vec![account]);
    if tries == 1 || context.now.since(user.created_at) >= NEW {
        return Ok(Some(guess));
    }
    for place in [by_address(derived, context.address(), ("w", PER_NETWORK)), of_all(derived)] {
        if count(server, &place).await?.is_none() {
            return Ok(None);
        }
        guess.0.push(place);
    }
    Ok(Some(guess))
}

impl Guess {
    /// Takes the code out of the buckets again, because it was right. What was wrong before stays.
    pub(crate) async fn was_right<P: Platform>(self, server: &Server<P>) -> Result<(), ServerError> {
        for Place { shard, buckets } in self.0 {
            let shared = buckets.into_iter().map(|bucket| bucket.key).collect();
            server.shard(&shard, &DirectoryCommand::Forgive { buckets: Vec::new(), shared }).await?;
        }
        Ok(())
    }
}

/// Whether a public client may begin to connect one more device. Each makes an object, and nobody has to prove anything for it.
pub(crate) async fn may_begin<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
) -> Result<bool, ServerError> {
    let keyring = server.any_keyring(context.now).await?;
    let place = by_address(&keyring.derived, context.address(), ("b", BEGUN_PER_ADDRESS));
    Ok(count(server, &place).await?.is_some())
}

/// A keyed hash of the network that a request came from: enough to tell whether two came from one. `None` if it isn't known. Of IPv6
/// it is the narrowest that a home has: strangers may have their networks side by side.
pub(crate) fn network_mark(derived: &Derived, context: &RequestContext<'_>) -> Option<String> {
    let address = context.address()?;
    let networks = networks(Some(address));
    let mark = mac(&derived.routing, &[b"device network", narrowest(&networks).as_bytes()]);
    Some(base64url(mark.get(..12)?))
}

/// Counts one in each bucket. Returns how many the fullest one has now; `None` if one was full.
async fn count<P: Platform>(server: &Server<P>, place: &Place) -> Result<Option<u32>, ServerError> {
    let command = DirectoryCommand::Attempt { login: None, buckets: place.buckets.clone() };
    match server.shard(&place.shard, &command).await? {
        DirectoryReply::Allowed { used, .. } => Ok(Some(used)),
        _ => Ok(None),
    }
}

fn of_account(derived: &Derived, user: &User) -> Place {
    let hash = mac(&derived.routing, &[b"user codes", user.id.bytes()]);
    let bucket = Bucket { key: format!("u/{}", name(&hash)), limit: PER_ACCOUNT, window: SHORT };
    Place { shard: shard_of(derived, &hash), buckets: vec![bucket] }
}

fn of_all(derived: &Derived) -> Place {
    let hash = mac(&derived.routing, &[b"user codes of all"]);
    let bucket = Bucket { key: format!("u/{}", name(&hash)), limit: OF_ALL, window: HOUR };
    Place { shard: shard_of(derived, &hash), buckets: vec![bucket] }
}
