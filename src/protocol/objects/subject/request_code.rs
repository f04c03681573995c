//! The code that the user has set for requests (`user_code`, `CIBA` §7.1), and damping of guesses at it. `asked` compares it, and the
//! account page sets it.
//!
//! What is kept is a hash of a keyed hash, whose key the object doesn't have: whoever reads the rows can't try codes. Guesses are
//! counted whether or not there is a user who has set one, so that what a client is answered tells it nothing of that.

use super::records::{CodeGuesses, RequestCode, User};
use super::{GUESSES, REQUEST_CODE, SubjectReply, user};
use crate::protocol::http::error::ServerError;
use crate::protocol::model::secret::SecretHash;
use crate::protocol::model::time::{MINUTE, Timestamp};
use crate::protocol::objects::SWEEP_EVERY;
use crate::protocol::objects::rows::{Rows, Transaction};

/// The most wrong codes of one client within [`WINDOW`].
const PER_CLIENT: u32 = 5;
/// The most wrong codes of all clients within [`WINDOW`], which also bounds the rows.
const OF_ALL: u32 = 20;
/// How long wrong codes are counted from the first on, in seconds.
const WINDOW: u64 = 15 * MINUTE;

/// Why `client_id` may not ask with `code`, if it may not. A wrong code is counted; after too many, a right one is refused too.
pub(super) fn refusal<R: Rows>(
    rows: &mut Transaction<'_, R>,
    now: Timestamp,
    client_id: &str,
    code: &SecretHash,
) -> Result<Option<SubjectReply>, ServerError> {
    let known = forget(rows, now)?;
    let own = known.iter().find(|(id, _)| id == client_id).map(|(_, guesses)| guesses.clone());
    let own = own.unwrap_or(CodeGuesses { count: 0, ends_at: now.plus(WINDOW) });
    let all: u32 = known.iter().map(|(_, guesses)| guesses.count).sum();
    if own.count >= PER_CLIENT || all >= OF_ALL {
        return Ok(Some(SubjectReply::Full));
    }
    let is_user = user(rows)?.is_some_and(|user: User| user.enabled);
    let set = rows.read::<RequestCode>(REQUEST_CODE)?.filter(|_| is_user);
    let expected = set.as_ref().map_or_else(SecretHash::of_nothing, |set| set.sha256.clone());
    if (expected == *code) & set.is_some() {
        return Ok(None);
    }
    rows.write(format!("{GUESSES}{client_id}"), &CodeGuesses { count: own.count + 1, ..own })?;
    rows.wake(now.plus(SWEEP_EVERY));
    Ok(Some(SubjectReply::WrongCode))
}

/// Sets the code, or removes it.
pub(super) fn set<R: Rows>(
    rows: &mut Transaction<'_, R>,
    now: Timestamp,
    code: Option<SecretHash>,
) -> Result<SubjectReply, ServerError> {
    if user(rows)?.is_none() {
        return Ok(SubjectReply::None);
    }
    match code {
        Some(sha256) => rows.write(REQUEST_CODE, &RequestCode { sha256, set_at: now })?,
        None => rows.delete(REQUEST_CODE),
    }
    Ok(SubjectReply::Done)
}

/// Whether the user has set one.
pub(super) fn is_set<R: Rows>(rows: &Transaction<'_, R>) -> Result<bool, ServerError> {
    Ok(rows.read::<RequestCode>(REQUEST_CODE)?.is_some())
}

/// Drops guesses that count no longer. Returns whether any are left.
pub(super) fn tend<R: Rows>(rows: &mut Transaction<'_, R>, now: Timestamp) -> Result<bool, ServerError> {
    Ok(!forget(rows, now)?.is_empty())
}

fn forget<R: Rows>(
    rows: &mut Transaction<'_, R>,
    now: Timestamp,
) -> Result<Vec<(String, CodeGuesses)>, ServerError> {
    let mut left = Vec::new();
    for (client_id, guesses) in rows.all::<CodeGuesses>(GUESSES)? {
        if now < guesses.ends_at {
            left.push((client_id, guesses));
        } else {
            rows.delete(format!("{GUESSES}{client_id}"));
        }
    }
    Ok(left)
}
