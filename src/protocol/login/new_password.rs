//! What a new password has to be (NIST SP 800-63B-4 §3.1.1): long enough, short enough to be hashed, and not among those that are
//! guessed first. No rules about kinds of characters.

use super::password::{MAX_PASSWORD, MIN_PASSWORD};
use super::weak::is_weak;
use crate::protocol::codec::uri::host_of;
use crate::protocol::http::error::ServerError;
use crate::protocol::objects::subject::User;
use crate::protocol::server::Server;
use crate::protocol::server::ports::Platform;
use crate::protocol::server::request::RequestContext;

/// What is wrong with a new password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// The password has too few characters.
    TooShort,
    /// The password has too many bytes.
    TooLong,
    /// The password is among those that are guessed first.
    Weak,
}

/// What somebody who guesses knows: the names of the user and of the service.
pub(crate) struct Names(Vec<String>);

impl Names {
    /// The names of a user whose account is yet to be made.
    pub(crate) async fn of<P: Platform>(
        server: &Server<P>,
        context: &RequestContext<'_>,
        login: &str,
        name: Option<&str>,
    ) -> Result<Self, ServerError> {
        let snapshot = server.snapshot(context.now).await?;
        let host = host_of(server.issuer.as_str()).unwrap_or_default();
        let whole = [login, name.unwrap_or_default(), host, snapshot.branding.name.as_str(), "mintedge"];
        let whole = whole.into_iter().chain(login.split('@'));
        let parts = [login, host, name.unwrap_or_default()];
        let parts = parts.into_iter().flat_map(|name| name.split(|letter: char| !letter.is_alphanumeric()));
        Ok(Self(whole.chain(parts).map(str::to_owned).collect()))
    }

    /// The names of a user who has an account.
    pub(crate) async fn of_user<P: Platform>(
        server: &Server<P>,
        context: &RequestContext<'_>,
        user: &User,
    ) -> Result<Self, ServerError> {
        let name = user.claims.get("name").and_then(|name| name.as_str());
        Self::of(server, context, &user.login, name).await
    }
}

/// Says what is wrong with a new password of a user with these names, if anything. The password is kept and compared as it is
/// typed; but whoever guesses tries the other ways to type a common one, too: in wide letters, with spaces around.
pub(crate) fn flaw(platform: &impl Platform, password: &str, Names(names): &Names) -> Option<Flaw> {
    if password.chars().count() < MIN_PASSWORD {
        return Some(Flaw::TooShort);
    }
    if password.len() > MAX_PASSWORD {
        return Some(Flaw::TooLong);
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let folded = if password.is_ascii() { password.to_owned() } else { platform.nfkc(password) };
    let plain = folded.trim();
    let is_short = plain.chars().count() < MIN_PASSWORD;
    (is_short || is_weak(password, &names) || is_weak(plain, &names)).then_some(Flaw::Weak)
}
