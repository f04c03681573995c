//! The user: made, changed, deleted, exported, and the sweep of what has expired. The object's dispatch calls it.

use serde_json::{Map, Value};

use super::asked;
use super::records::{Grant, Notice, Session, User};
use super::removals;
use super::request_code;
use super::sessions;
use super::{
    ASKED, CONSENT, Change, GONE, GRANT, GUESSES, NOTICE, PING, REMOVED, REQUEST_CODE, SESSION, SubjectReply,
    USER, user,
};
use crate::protocol::http::error::ServerError;
use crate::protocol::model::entropy::Entropy;
use crate::protocol::model::id::Id;
use crate::protocol::model::secret::SecretHash;
use crate::protocol::model::time::{HOUR, Timestamp};
use crate::protocol::objects::SWEEP_EVERY;
use crate::protocol::objects::rows::{Rows, Transaction};
use crate::protocol::passwords::PasswordHash;

pub(super) fn create<R: Rows>(
    rows: &mut Transaction<'_, R>,
    now: Timestamp,
    account: User,
) -> Result<SubjectReply, ServerError> {
    if user(rows)?.is_some() || is_gone(rows)? {
        return Ok(SubjectReply::Exists);
    }
    let account = User { created_at: now, updated_at: now, ..account };
    rows.write(USER, &account)?;
    Ok(SubjectReply::User(Box::new(account)))
}

/// Whether there was a user here. One row stays of a deleted one, the time of its end, because a `sub` must never come to mean
/// somebody else (`OpenID Connect Core` §2).
fn is_gone<R: Rows>(rows: &Transaction<'_, R>) -> Result<bool, ServerError> {
    Ok(rows.read::<Timestamp>(GONE)?.is_some())
}

pub(super) fn bury<R: Rows>(
    rows: &mut Transaction<'_, R>,
    now: Timestamp,
) -> Result<SubjectReply, ServerError> {
    if user(rows)?.is_some() {
        return Ok(SubjectReply::Exists);
    }
    if !is_gone(rows)? {
        rows.write(GONE, &now)?;
    }
    Ok(SubjectReply::Done)
}

pub(super) fn change<R: Rows, E: Entropy>(
    rows: &mut Transaction<'_, R>,
    now: Timestamp,
    entropy: &E,
    change: Change,
) -> Result<SubjectReply, ServerError> {
    let Some(mut account) = user(rows)? else { return Ok(SubjectReply::None) };
    set_addresses(&mut account, change.claims, change.login);
    if let Some(link) = change.link {
        account.link = Some(link);
    }
    if let Some(enabled) = change.enabled {
        account.enabled = enabled;
    }
    if let Some(password) = change.password {
        set_password(&mut account, password, entropy);
        sessions::end_all(rows, now, change.keep)?;
    }
    if !account.enabled {
        sessions::end_all(rows, now, None)?;
    }
    account.updated_at = now;
    rows.write(USER, &account)?;
    Ok(SubjectReply::User(Box::new(account)))
}

/// Sets claims and login. A link was sent to the address of before, which was also what was verified: neither the link nor the
/// verification outlives it.
fn set_addresses(account: &mut User, claims: Map<String, Value>, login: Option<String>) {
    let email = account.claims.get("email").cloned();
    let is_verified = claims.contains_key("email_verified");
    for (name, value) in claims {
        if value.is_null() {
            account.claims.remove(&name);
        } else {
            account.claims.insert(name, value);
        }
    }
    let moved = account.claims.get("email") != email.as_ref();
    if moved && !is_verified {
        account.claims.remove("email_verified");
    }
    if moved || login.as_ref().is_some_and(|login| *login != account.login) {
        account.link = None;
    }
    if let Some(login) = login {
        account.login = login;
    }
}

/// Sets the password. Whoever knew the old one is out: the caller ends sessions and grants, and no browser is known any longer.
fn set_password(account: &mut User, password: PasswordHash, entropy: &impl Entropy) {
    account.password = Some(password);
    account.password_epoch = Some(Id::generate(entropy));
    account.link = None;
}

pub(super) fn use_link<R: Rows, E: Entropy>(
    rows: &mut Transaction<'_, R>,
    now: Timestamp,
    entropy: &E,
    sha256: &SecretHash,
    password: Option<PasswordHash>,
) -> Result<SubjectReply, ServerError> {
    let Some(mut account) = user(rows)?.filter(|account| account.enabled) else {
        return Ok(SubjectReply::None);
    };
    let works = account.link.as_ref().is_some_and(|link| link.sha256 == *sha256 && now < link.expires_at);
    if !works {
        return Ok(SubjectReply::None);
    }
    if let Some(password) = password {
        set_password(&mut account, password, entropy);
        sessions::end_all(rows, now, None)?;
        // Whoever got the link reads the mail of that address.
        if account.claims.contains_key("email") {
            account.claims.insert("email_verified".to_owned(), Value::Bool(true));
        }
        account.updated_at = now;
        rows.write(USER, &account)?;
    }
    Ok(SubjectReply::User(Box::new(account)))
}

pub(super) fn delete<R: Rows>(
    rows: &mut Transaction<'_, R>,
    now: Timestamp,
) -> Result<SubjectReply, ServerError> {
    let notices = sessions::end_all(rows, now, None)?;
    for prefix in [SESSION, GRANT, CONSENT, REMOVED, ASKED, PING, REQUEST_CODE, GUESSES] {
        for (key, _) in rows.all::<Value>(prefix)? {
            rows.delete(format!("{prefix}{key}"));
        }
    }
    if user(rows)?.is_some() {
        rows.delete(USER);
    }
    if !is_gone(rows)? {
        rows.write(GONE, &now)?;
    }
    Ok(SubjectReply::Ended(notices))
}

/// Everything that is stored, except hashes and seeds: they are the server's, not the user's.
pub(super) fn export<R: Rows>(rows: &Transaction<'_, R>) -> Result<SubjectReply, ServerError> {
    let Some(account) = user(rows)? else { return Ok(SubjectReply::None) };
    let mut export = Map::new();
    for prefix in ["", SESSION, GRANT, CONSENT, REMOVED, ASKED, REQUEST_CODE] {
        let listed = if prefix.is_empty() {
            vec![("user".to_owned(), serde_json::to_value(&account).unwrap_or_default())]
        } else {
            rows.all::<Value>(prefix)?
        };
        for (key, mut value) in listed {
            if let Some(object) = value.as_object_mut() {
                for secret in ["sha256", "password", "link", "family", "device", "code_key", "ping"] {
                    object.remove(secret);
                }
            }
            export.insert(format!("{prefix}{key}"), value);
        }
    }
    Ok(SubjectReply::Export(export))
}

/// Drops what has expired. If anything is left that will expire, it looks again a day later.
pub(super) fn tend<R: Rows>(
    rows: &mut Transaction<'_, R>,
    now: Timestamp,
) -> Result<SubjectReply, ServerError> {
    let mut left = false;
    for (key, session) in rows.all::<Session>(SESSION)? {
        if session.is_live(now) {
            left = true;
        } else if let Some(sid) = Id::parse(&key) {
            // The session ends as by a sign-out: what is bound to it ends, and clients are told.
            sessions::end_one(rows, now, sid)?;
        }
    }
    for (key, grant) in rows.all::<Grant>(GRANT)? {
        // A grant is what its code was redeemed by, so it outlives every code.
        if now < grant.expires_at.max(grant.created_at.plus(HOUR)) {
            left = true;
        } else {
            rows.delete(format!("{GRANT}{key}"));
        }
    }
    left |= !removals::forget(rows, now)?.is_empty();
    let due = rows.all::<Notice>(NOTICE)?.into_iter().map(|(_, notice)| notice.due).min();
    let (asked_left, ping_due) = asked::tend(rows, now)?;
    left |= asked_left | request_code::tend(rows, now)?;
    if let Some(due) = due.into_iter().chain(ping_due).min() {
        rows.wake(Timestamp(due.0.max(now.plus(1).0)));
    }
    if left {
        rows.wake(now.plus(SWEEP_EVERY));
    }
    // A consent stays until the user takes it back.
    Ok(SubjectReply::Done)
}
