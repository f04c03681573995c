//! Using up a token that counts once, by its `jti` (RFC 7523 §3 item 7).
//!
//! The token's end says in which object it is remembered, and the object forgets it after that end: what is remembered is
//! bounded by how long tokens may live ([`TrustedIssuerConfig::max_lifetime`]), whatever they claim.
//!
//! [`TrustedIssuerConfig::max_lifetime`]: crate::protocol::config::TrustedIssuerConfig::max_lifetime

use super::assertion::{Rejected, SKEW, VerifiedAssertion};
use crate::protocol::derived::mac;
use crate::protocol::encoding::base64url;
use crate::protocol::error::Cause;
use crate::protocol::log::Exchange;
use crate::protocol::objects::replay::{self, Command, Reply};
use crate::protocol::ports::Platform;
use crate::protocol::server::Server;

/// Uses up a token, if those of its issuer count once. The last step before a decision: whatever is refused earlier leaves
/// the token good.
///
/// A request may come by here twice with one token, when the client was looked up anew: that is one use.
///
/// # Errors
/// If it was used already, anywhere.
pub(crate) async fn use_up<P: Platform>(
    server: &Server<P>,
    exchange: &Exchange<'_>,
    assertion: &VerifiedAssertion<'_>,
) -> Result<(), Rejected> {
    if !assertion.issuer.one_time() {
        return Ok(());
    }
    let jti = assertion.jti.as_deref().ok_or(Cause::AssertionIdMissing)?;
    let keyring = server.any_keyring(exchange.now).await.map_err(Rejected::Failed)?;
    let routing = &keyring.derived.routing;
    let digest = mac(routing, &[b"jti", assertion.issuer.issuer().as_bytes(), jti.as_bytes()]);
    let (shard, key) = (digest.last().copied().unwrap_or_default(), digest.get(..16).unwrap_or_default());
    let key = base64url(key);
    if exchange.used_up.borrow().as_deref() == Some(&key) {
        return Ok(());
    }
    // Once for the issuer's clock, and once more for those of edges and objects.
    let until = assertion.exp.plus(2 * SKEW);
    let name = replay::object_name(routing, shard, until);
    let command = Command::Use { key: key.clone(), until };
    match server.replay(&name, &command).await.map_err(Rejected::Failed)? {
        Reply::Fresh => {
            *exchange.used_up.borrow_mut() = Some(key);
            Ok(())
        }
        Reply::Seen | Reply::Done => Err(Cause::AssertionUsed.into()),
    }
}
