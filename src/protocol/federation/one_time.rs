//! Using up a token that counts once, by its `jti` (RFC 7523 §3 item 7).
//!
//! A request first notes what it shows, and uses it up when nothing is left that could refuse it: before the first change that
//! outlives the request, or else with the answer. If it is refused after that nevertheless, what it used up is given back. So a
//! refused request burns nothing, whatever the token was shown for, and two requests never both get something for it.
//!
//! The token's end says in which object it is remembered, and the object forgets it after that end: what is remembered is
//! bounded by how long tokens may live ([`TrustedIssuerConfig::max_lifetime`]), whatever they claim.
//!
//! [`TrustedIssuerConfig::max_lifetime`]: crate::protocol::config::TrustedIssuerConfig::max_lifetime

use futures_util::future::FutureExt as _;

use super::assertion::{Rejected, SKEW, VerifiedAssertion, refusal};
use crate::protocol::codec::encoding::base64url;
use crate::protocol::http::Response;
use crate::protocol::http::error::{Cause, Code, Failure, OAuthError, ServerError};
use crate::protocol::keys::derived::mac;
use crate::protocol::model::time::Timestamp;
use crate::protocol::objects::replay;
use crate::protocol::objects::replay::{ReplayCommand, ReplayReply};
use crate::protocol::server::Server;
use crate::protocol::server::ports::Platform;
use crate::protocol::server::request::{OneTimeToken, RequestContext};

/// Notes that the request shows `assertion`, if those of its issuer count once.
///
/// # Errors
/// As [`note_token`].
pub(crate) async fn note<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    assertion: &VerifiedAssertion<'_>,
    refused_with: Code,
) -> Result<(), Rejected> {
    if !assertion.issuer.one_time() {
        return Ok(());
    }
    let jti = assertion.jti.as_deref().ok_or(Cause::AssertionIdMissing)?;
    let name = ["jti", assertion.issuer.name(), jti];
    note_token(server, context, name, assertion.exp, refused_with).await
}

/// Notes that the request shows a token that counts once. Its name is what kind of token it is, whose, and its `jti`; `exp` is
/// when it ends.
///
/// A request may come by here twice with one token, when the client was looked up anew: that is one use.
///
/// # Errors
/// If the request shows the same token for something else, too: that would be two uses.
pub(crate) async fn note_token<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    name: [&str; 3],
    exp: Timestamp,
    refused_with: Code,
) -> Result<(), Rejected> {
    let keyring = server.any_keyring(context.now).await.map_err(Rejected::Failed)?;
    let routing = &keyring.derived.routing;
    let digest = mac(routing, &name.map(str::as_bytes));
    let (shard, key) = (digest.last().copied().unwrap_or_default(), digest.get(..16).unwrap_or_default());
    let key = base64url(key);
    let mut shown = context.one_time.borrow_mut();
    if let Some(known) = shown.iter().find(|token| token.key == key) {
        let is_same = known.refused_with == refused_with;
        return if is_same { Ok(()) } else { Err(Cause::AssertionUsed.into()) };
    }
    // Once for the clock of who made it, and once more for those of edges and objects.
    let until = exp.plus(2 * SKEW);
    let object = replay::object_name(routing, shard, until);
    shown.push(OneTimeToken { object, key, until, refused_with, is_used: false });
    Ok(())
}

/// Uses up what the request has shown so far. Whatever changes something that outlives the request comes after this.
///
/// # Errors
/// If one of the tokens was used already, anywhere.
pub(crate) async fn use_up<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
) -> Result<(), Failure> {
    if context.one_time.borrow().iter().all(|token| token.is_used) {
        return Ok(());
    }
    use_each(server, context).boxed_local().await
}

async fn use_each<P: Platform>(server: &Server<P>, context: &RequestContext<'_>) -> Result<(), Failure> {
    let shown = context.one_time.borrow().clone();
    for (index, token) in shown.into_iter().enumerate().filter(|(_, token)| !token.is_used) {
        let command = ReplayCommand::Use { key: token.key, until: token.until };
        match server.replay(&token.object, &command).await? {
            ReplayReply::Fresh => {
                context.one_time.borrow_mut().iter_mut().skip(index).take(1).for_each(|token| {
                    token.is_used = true;
                });
            }
            ReplayReply::Seen | ReplayReply::Done => return Err(used(token.refused_with).into()),
        }
    }
    Ok(())
}

fn used(code: Code) -> OAuthError {
    match code {
        Code::InvalidClient => OAuthError::new(code, Cause::AssertionUsed, "client authentication failed"),
        code => refusal(code, Cause::AssertionUsed),
    }
}

/// The end of every request: one that succeeded has used up what it showed, or doesn't succeed; one that was refused gets back
/// what it had used up.
pub(crate) async fn settle<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    response: Response,
) -> Response {
    let response = if response.status < 400 {
        match use_up(server, context).await {
            Ok(()) => return response,
            Err(failure) => context.fail(server.issuer.as_str(), failure),
        }
    } else {
        response
    };
    for token in context.one_time.take().into_iter().filter(|token| token.is_used) {
        let given_back: Result<_, ServerError> =
            server.replay(&token.object, &ReplayCommand::GiveBack { key: token.key }).await;
        // It stays used up if that fails: never the other way round.
        drop(given_back);
    }
    response
}
