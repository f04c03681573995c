//! The account itself.

use serde_json::{Map, Value};

use super::super::SWEEP_EVERY;
use super::super::rows::{Rows, Transaction};
use super::records::{Grant, Notice, PasswordHash, Session, User};
use super::{CONSENT, Change, GRANT, MANY, NOTICE, Reply, SESSION, USER, sessions, user};
use crate::protocol::error::ServerError;
use crate::protocol::secret::SecretHash;
use crate::protocol::time::Timestamp;

pub(super) fn create<R: Rows>(
    rows: &mut Transaction<'_, R>,
    now: Timestamp,
    account: User,
) -> Result<Reply, ServerError> {
    if user(rows)?.is_some() {
        return Ok(Reply::Exists);
    }
    let account = User { created_at: now, updated_at: now, ..account };
    rows.write(USER, &account)?;
    Ok(Reply::User(Box::new(account)))
}

pub(super) fn change<R: Rows>(
    rows: &mut Transaction<'_, R>,
    now: Timestamp,
    change: Change,
) -> Result<Reply, ServerError> {
    let Some(mut account) = user(rows)? else { return Ok(Reply::None) };
    for (name, value) in change.claims {
        if value.is_null() {
            account.claims.remove(&name);
        } else {
            account.claims.insert(name, value);
        }
    }
    if let Some(login) = change.login {
        account.login = login;
    }
    if let Some(link) = change.link {
        account.link = Some(link);
    }
    if let Some(enabled) = change.enabled {
        account.enabled = enabled;
    }
    if let Some(password) = change.password {
        set_password(rows, now, &mut account, password, change.keep)?;
    }
    if !account.enabled {
        sessions::end_all(rows, now, None)?;
    }
    account.updated_at = now;
    rows.write(USER, &account)?;
    Ok(Reply::User(Box::new(account)))
}

/// A new password ends every session but `keep`: whoever knew the old one is out.
fn set_password<R: Rows>(
    rows: &mut Transaction<'_, R>,
    now: Timestamp,
    account: &mut User,
    password: PasswordHash,
    keep: Option<crate::protocol::id::Id>,
) -> Result<(), ServerError> {
    account.password = Some(password);
    account.link = None;
    sessions::end_all(rows, now, keep).map(drop)
}

pub(super) fn use_link<R: Rows>(
    rows: &mut Transaction<'_, R>,
    now: Timestamp,
    sha256: &SecretHash,
    password: Option<PasswordHash>,
) -> Result<Reply, ServerError> {
    let Some(mut account) = user(rows)?.filter(|account| account.enabled) else { return Ok(Reply::None) };
    let works = account.link.as_ref().is_some_and(|link| link.sha256 == *sha256 && now < link.expires_at);
    if !works {
        return Ok(Reply::None);
    }
    if let Some(password) = password {
        set_password(rows, now, &mut account, password, None)?;
        // Whoever got the link reads that address.
        if account.claims.contains_key("email") {
            account.claims.insert("email_verified".to_owned(), Value::Bool(true));
        }
        account.updated_at = now;
        rows.write(USER, &account)?;
    }
    Ok(Reply::User(Box::new(account)))
}

pub(super) fn delete<R: Rows>(rows: &mut Transaction<'_, R>, now: Timestamp) -> Result<Reply, ServerError> {
    let notices = sessions::end_all(rows, now, None)?;
    for prefix in [SESSION, GRANT, CONSENT] {
        for (key, _) in rows.list::<Value>(prefix, None, MANY)? {
            rows.delete(format!("{prefix}{key}"));
        }
    }
    if user(rows)?.is_some() {
        rows.delete(USER);
    }
    Ok(Reply::Ended(notices))
}

/// Everything stored, but no hash and no seed: they are the server's, not the person's.
pub(super) fn export<R: Rows>(rows: &Transaction<'_, R>) -> Result<Reply, ServerError> {
    let Some(account) = user(rows)? else { return Ok(Reply::None) };
    let mut export = Map::new();
    for prefix in ["", SESSION, GRANT, CONSENT] {
        let listed = if prefix.is_empty() {
            vec![("user".to_owned(), serde_json::to_value(&account).unwrap_or_default())]
        } else {
            rows.list::<Value>(prefix, None, MANY)?
        };
        for (key, mut value) in listed {
            if let Some(object) = value.as_object_mut() {
                for secret in ["sha256", "password", "link", "family"] {
                    object.remove(secret);
                }
            }
            export.insert(format!("{prefix}{key}"), value);
        }
    }
    Ok(Reply::Export(export))
}

/// Drops what has expired, and looks again a day later if anything is left that will.
pub(super) fn tend<R: Rows>(rows: &mut Transaction<'_, R>, now: Timestamp) -> Result<Reply, ServerError> {
    let mut left = false;
    for (key, session) in rows.list::<Session>(SESSION, None, MANY)? {
        if session.is_live(now) {
            left = true;
        } else {
            rows.delete(format!("{SESSION}{key}"));
        }
    }
    for (key, grant) in rows.list::<Grant>(GRANT, None, MANY)? {
        if now < grant.expires_at {
            left = true;
        } else {
            rows.delete(format!("{GRANT}{key}"));
        }
    }
    let due = rows.list::<Notice>(NOTICE, None, MANY)?.into_iter().map(|(_, notice)| notice.due).min();
    if let Some(due) = due {
        rows.wake(Timestamp(due.0.max(now.0)));
    }
    if left {
        rows.wake(now.plus(SWEEP_EVERY));
    }
    // A consent is a person's word: it stays until they take it back.
    Ok(Reply::Done)
}
