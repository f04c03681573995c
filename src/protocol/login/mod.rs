//! Ways in which people prove who they are. Each yields a `Login`; what comes after (session, consent, code) is the same for all.
//!
//! There is one so far: passwords. Passkeys, upstream providers and second factors join here. The pages and the `password` grant
//! call it.

pub(crate) mod accounts;
mod characters;
pub(crate) mod codes;
mod device;
mod identifier;
pub(crate) mod link;
mod network;
mod new_password;
mod password;
mod throttle;
mod weak;

use crate::protocol::config::LoggedPeople;
use crate::protocol::http::error::ServerError;
use crate::protocol::model::time::{DAY, Timestamp};
use crate::protocol::model::user_id::UserId;
use crate::protocol::objects::subject::{Authentication, SubjectCommand, SubjectReply, User};
use crate::protocol::passwords::Password;
use crate::protocol::server::Server;
use crate::protocol::server::ports::Platform;
use crate::protocol::server::request as log;
use crate::protocol::server::request::RequestContext;

pub(crate) use characters::is_hidden;
pub(crate) use identifier::{Identifier, shard_name};
pub(crate) use new_password::{Flaw, Names, flaw};
use password::MAX_PASSWORD;
pub(crate) use password::{busy, hash_password};
pub(crate) use throttle::{Door, may_ask, may_push};

/// How long a browser is remembered as one that somebody logged in with, in seconds.
pub(crate) const DEVICE_LIFETIME: u64 = 180 * DAY;

/// The authentication context class of a password login, in `acr`.
pub const ACR_PASSWORD: &str = "urn:mintedge:acr:password";

/// A user who has just proved who they are.
#[derive(Debug)]
pub(crate) struct Login {
    pub(crate) user: User,
    pub(crate) auth: Authentication,
    /// The value of the cookie that marks the browser, so that strangers' attempts don't count against this user here.
    pub(crate) device: String,
}

/// Why a login failed. The first is all that anybody learns of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Problem {
    /// Unknown identifier, wrong password, disabled account, or one without password.
    Wrong,
    /// There were too many attempts.
    TooMany,
    /// Too many passwords are being hashed; this one was not looked at.
    Busy,
}

/// Logs in with a password. Unknown identifier and wrong password take the same steps and the same time.
pub(crate) async fn with_password<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    door: Door<'_>,
    name: &str,
    password: &str,
) -> Result<Result<Login, Problem>, ServerError> {
    let Some(identifier) = server.identifier(name, context.now).await? else {
        return Ok(Err(Problem::Wrong));
    };
    let tried = try_password(server, context, door, &identifier, password).await?;
    if tried.is_err() {
        note_failure(server, context, door, &identifier).await?;
    }
    Ok(tried)
}

/// What can be nobody's password isn't counted: no guess is spent on it.
async fn try_password<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    door: Door<'_>,
    identifier: &Identifier,
    password: &str,
) -> Result<Result<Login, Problem>, ServerError> {
    if password.len() > MAX_PASSWORD {
        return Ok(Err(Problem::Wrong));
    }
    let Some(counted) = count(server, context, door, identifier.clone()).await? else {
        return Ok(Err(Problem::TooMany));
    };
    let owner = counted.allowed.owner;
    log_in(server, context, &counted, owner, password).await
}

/// An attempt that has been counted and whose password has not been looked at.
pub(crate) struct Counted {
    identifier: Identifier,
    attempt: throttle::Attempt,
    allowed: throttle::Allowed,
}

/// Counts an attempt; `None` if there were too many.
async fn count<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    door: Door<'_>,
    identifier: Identifier,
) -> Result<Option<Counted>, ServerError> {
    let attempt = throttle::Attempt::new(server, context, door, &identifier).await?;
    let allowed = attempt.count(server).await?;
    Ok(allowed.map(|allowed| Counted { identifier, attempt, allowed }))
}

/// Checks the password of `owner`; without an owner, that of a user who doesn't exist, which takes as long.
async fn log_in<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    Counted { identifier, attempt, allowed }: &Counted,
    owner: Option<UserId>,
    password: &str,
) -> Result<Result<Login, Problem>, ServerError> {
    let keyring = server.any_keyring(context.now).await?;
    let command = SubjectCommand::LogIn { password: Password::new(password) };
    let asked = owner.unwrap_or_else(|| identifier.decoy(&keyring.derived));
    let user = match server.subject(asked, &command, context.now).await? {
        SubjectReply::User(user) if owner.is_some() => *user,
        SubjectReply::Busy => return Ok(Err(Problem::Busy)),
        _ => return Ok(Err(Problem::Wrong)),
    };
    attempt.forgive(server, allowed).await?;
    let device = device::remember(server, context, &keyring.derived, &user);
    Ok(Ok(Login { user, auth: by_password(context.now), device }))
}

/// Notes for the log who is said to have tried, and from where, as far as the log may say so.
async fn note_failure<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    door: Door<'_>,
    identifier: &Identifier,
) -> Result<(), ServerError> {
    if server.snapshot(context.now).await?.log.people == LoggedPeople::Hash {
        let derived = &server.any_keyring(context.now).await?.derived;
        let address = match door {
            Door::Client { address: Some(address), .. } => Some(address),
            Door::Page | Door::Client { .. } => context.address(),
        };
        let networks = network::networks(address);
        context.note_attempt(
            log::keyed_hash(derived, log::LOGIN, identifier.as_str()),
            log::keyed_hash(derived, log::ADDRESS, network::narrowest(&networks)),
        );
    }
    Ok(())
}

/// The value of the cookie that makes this browser one that `user` has logged in with.
pub(crate) async fn device_cookie<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    user: &User,
) -> Result<String, ServerError> {
    let keyring = server.any_keyring(context.now).await?;
    Ok(device::remember(server, context, &keyring.derived, user))
}

/// Counts an attempt on a page that goes on with [`after_sign_up`]; `None` if there were too many.
pub(crate) async fn before_sign_up<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    name: &str,
) -> Result<Option<Counted>, ServerError> {
    let Some(identifier) = server.identifier(name, context.now).await? else { return Ok(None) };
    let counted = count(server, context, Door::Page, identifier.clone()).await?;
    if counted.is_none() {
        note_failure(server, context, Door::Page, &identifier).await?;
    }
    Ok(counted)
}

/// Logs in `owner`, who has the identifier now, with the password that was typed; without counting it again.
pub(crate) async fn after_sign_up<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    counted: &Counted,
    owner: Option<UserId>,
    password: &str,
) -> Result<Result<Login, Problem>, ServerError> {
    let tried = log_in(server, context, counted, owner, password).await?;
    if tried.is_err() {
        note_failure(server, context, Door::Page, &counted.identifier).await?;
    }
    Ok(tried)
}

/// When and how a user authenticated who used a password at `now`.
pub(crate) fn by_password(now: Timestamp) -> Authentication {
    Authentication { auth_time: now, acr: ACR_PASSWORD.to_owned(), amr: vec!["pwd".to_owned()] }
}
