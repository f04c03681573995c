//! What clients ask the user through the backchannel (`CIBA` §7), and telling them that the user has decided (§10.2). The object's
//! dispatch calls it; `endpoints::bc_authorize` and the account page send the commands.
//!
//! A request is kept for as long as it counts: open until the user decides or it expires, and for the count of what its client has
//! asked lately. It is counted here whether or not there is a user, so that what a client is answered tells it nothing of that.

use super::grant_rows;
use super::records::{Asked, Grant, Ping, User};
use super::request_code;
use super::{ASKED, PING, SubjectReply, user};
use crate::protocol::http::error::ServerError;
use crate::protocol::model::id::Id;
use crate::protocol::model::secret::SecretHash;
use crate::protocol::model::time::{MINUTE, Timestamp};
use crate::protocol::objects::SWEEP_EVERY;
use crate::protocol::objects::rows::{Rows, Transaction};
use crate::protocol::state::polling::GRACE;

/// The most open requests of one client.
const OPEN_PER_CLIENT: usize = 3;
/// The most open requests of all clients.
const OPEN: usize = 20;
/// The most requests of one client within [`WINDOW`], answered or not.
const PER_CLIENT: usize = 5;
/// The most requests of all clients within [`WINDOW`], answered or not.
const OF_ALL: usize = 50;
/// How long a request is counted, in seconds.
const WINDOW: u64 = 15 * MINUTE;
/// How long a client has to wait after a no, in seconds. After a second one within [`WINDOW`] it waits until that is over.
const COOLDOWN: u64 = MINUTE;
/// The most notifications that one alarm sends, beside those of sign-outs.
const PINGS_AT_ONCE: usize = 5;
/// How long to wait before notifying a client again, after each failed attempt, in seconds.
const RETRIES: [u64; 3] = [5, 15, MINUTE];

/// Notes what a client asks. `None` if there is nobody who could be asked, which the caller need not pass on; `Full` if the client or
/// all of them ask too often, or the user has just said no to it; `WrongCode` if `code` isn't the user's.
pub(super) fn ask<R: Rows>(
    rows: &mut Transaction<'_, R>,
    now: Timestamp,
    (id, new): (Id, &Asked),
    code: Option<&SecretHash>,
) -> Result<SubjectReply, ServerError> {
    let known = forget(rows, now)?;
    if is_full(&known, now, new) {
        return Ok(SubjectReply::Full);
    }
    if let Some(code) = code
        && let Some(refusal) = request_code::refusal(rows, now, &new.client_id, code)?
    {
        return Ok(refusal);
    }
    rows.write(format!("{ASKED}{id}"), new)?;
    rows.wake(now.plus(SWEEP_EVERY));
    let is_there = user(rows)?.is_some_and(|user: User| user.enabled);
    Ok(if is_there { SubjectReply::Done } else { SubjectReply::None })
}

/// Whether `new` is one too many beside those that are `known`.
fn is_full(known: &[Asked], now: Timestamp, new: &Asked) -> bool {
    let count = |counts: &dyn Fn(&Asked) -> bool| known.iter().filter(|asked| counts(asked)).count();
    let is_own = |asked: &Asked| asked.client_id == new.client_id;
    let is_no = |asked: &Asked| is_own(asked) && asked.denied_at.is_some();
    let is_fresh_no =
        |asked: &Asked| is_own(asked) && asked.denied_at.is_some_and(|at| now.since(at) < COOLDOWN);
    count(&|asked| is_own(asked) && asked.is_open(now)) >= OPEN_PER_CLIENT
        || count(&is_own) >= PER_CLIENT
        || count(&is_fresh_no) > 0
        || count(&is_no) > 1
        || count(&|asked| asked.is_open(now)) >= OPEN
        || known.len() >= OF_ALL
}

/// Takes back what nobody can answer, because its transaction could not be begun.
pub(super) fn unask<R: Rows>(rows: &mut Transaction<'_, R>, id: Id) -> Result<SubjectReply, ServerError> {
    let row = format!("{ASKED}{id}");
    if rows.read::<Asked>(&row)?.is_some_and(|asked| !asked.is_answered) {
        rows.delete(row);
    }
    Ok(SubjectReply::Done)
}

/// The open requests, the oldest first.
pub(super) fn open<R: Rows>(
    rows: &Transaction<'_, R>,
    now: Timestamp,
) -> Result<Vec<(Id, Asked)>, ServerError> {
    let mut all = rows.all::<Asked>(ASKED)?;
    all.retain(|(_, asked)| asked.is_open(now));
    all.sort_by(|(id, one), (other_id, other)| (one.started_at, id).cmp(&(other.started_at, other_id)));
    Ok(all.into_iter().filter_map(|(key, asked)| Some((Id::parse(&key)?, asked))).collect())
}

/// What the user has allowed and its client could still fetch.
pub(super) fn allowed<R: Rows>(
    rows: &Transaction<'_, R>,
    now: Timestamp,
) -> Result<Vec<(Id, Asked)>, ServerError> {
    let mut allowed = Vec::new();
    for (key, asked) in rows.all::<Asked>(ASKED)? {
        if let Some(id) = Id::parse(&key)
            && is_to_be_fetched(rows, now, id, &asked)?
        {
            allowed.push((id, asked));
        }
    }
    Ok(allowed)
}

/// Whether the user has allowed it and its client has not fetched it, but could.
fn is_to_be_fetched<R: Rows>(
    rows: &Transaction<'_, R>,
    now: Timestamp,
    id: Id,
    asked: &Asked,
) -> Result<bool, ServerError> {
    let is_allowed = asked.is_answered && asked.denied_at.is_none() && now < asked.expires_at.plus(GRACE);
    Ok(is_allowed && rows.read::<Grant>(&grant_rows::key(id))?.is_none())
}

/// Turns a yes into a no. It is decided here, where what was allowed is redeemed: either that has happened, or it never will.
pub(super) fn withdraw<R: Rows>(
    rows: &mut Transaction<'_, R>,
    now: Timestamp,
    id: Id,
) -> Result<SubjectReply, ServerError> {
    let row = format!("{ASKED}{id}");
    let Some(mut asked) = rows.read::<Asked>(&row)? else { return Ok(SubjectReply::None) };
    if !is_to_be_fetched(rows, now, id, &asked)? {
        return Ok(SubjectReply::None);
    }
    asked.denied_at = Some(now);
    rows.write(row, &asked)?;
    Ok(SubjectReply::Asked(Box::new(asked)))
}

/// Whether the user has said no to what is to be redeemed.
pub(super) fn is_withdrawn<R: Rows>(rows: &Transaction<'_, R>, id: Id) -> Result<bool, ServerError> {
    let asked = rows.read::<Asked>(&format!("{ASKED}{id}"))?;
    Ok(asked.is_some_and(|asked| asked.denied_at.is_some()))
}

/// Returns one open request.
pub(super) fn look<R: Rows>(
    rows: &Transaction<'_, R>,
    now: Timestamp,
    id: Id,
) -> Result<SubjectReply, ServerError> {
    let asked = rows.read::<Asked>(&format!("{ASKED}{id}"))?.filter(|asked| asked.is_open(now));
    Ok(asked.map_or(SubjectReply::None, |asked| SubjectReply::Asked(Box::new(asked))))
}

/// Notes that the user has decided. A client that wants to be notified is notified by the object's alarm.
pub(super) fn answered<R: Rows>(
    rows: &mut Transaction<'_, R>,
    now: Timestamp,
    id: Id,
    denied: bool,
) -> Result<SubjectReply, ServerError> {
    let row = format!("{ASKED}{id}");
    let Some(mut asked) = rows.read::<Asked>(&row)?.filter(|asked| asked.is_open(now)) else {
        return Ok(SubjectReply::None);
    };
    asked.is_answered = true;
    asked.denied_at = denied.then_some(now);
    if let Some(sealed) = asked.ping.take() {
        let ends_at = asked.expires_at.plus(GRACE);
        let (client_id, incarnation) = (asked.client_id.clone(), asked.incarnation);
        rows.write(
            format!("{PING}{id}"),
            &Ping { client_id, incarnation, sealed, attempts: 0, due: now, ends_at },
        )?;
        rows.wake(now);
    }
    rows.write(row, &asked)?;
    Ok(SubjectReply::Done)
}

pub(super) fn due_pings<R: Rows>(
    rows: &Transaction<'_, R>,
    now: Timestamp,
) -> Result<SubjectReply, ServerError> {
    let mut pings = rows.all::<Ping>(PING)?;
    pings.retain(|(_, ping)| ping.due <= now);
    pings.truncate(PINGS_AT_ONCE);
    Ok(SubjectReply::Pings(pings))
}

/// Notes what became of notifying a client. After the last attempt, or when there is nothing more to fetch, it is given up.
pub(super) fn pinged<R: Rows>(
    rows: &mut Transaction<'_, R>,
    now: Timestamp,
    key: &str,
    delivered: bool,
) -> Result<SubjectReply, ServerError> {
    let row = format!("{PING}{key}");
    let Some(mut ping) = rows.read::<Ping>(&row)? else { return Ok(SubjectReply::None) };
    let wait = usize::try_from(ping.attempts).ok().and_then(|attempt| RETRIES.get(attempt));
    match wait.map(|wait| now.plus(*wait)).filter(|due| !delivered && *due < ping.ends_at) {
        Some(due) => {
            ping.attempts += 1;
            ping.due = due;
            rows.wake(due);
            rows.write(row, &ping)?;
        }
        None => rows.delete(row),
    }
    Ok(SubjectReply::Done)
}

/// Drops the requests that count no longer, and returns the others.
fn forget<R: Rows>(rows: &mut Transaction<'_, R>, now: Timestamp) -> Result<Vec<Asked>, ServerError> {
    let mut left = Vec::new();
    for (key, asked) in rows.all::<Asked>(ASKED)? {
        if now < asked.started_at.plus(WINDOW) || now < asked.expires_at.plus(GRACE) {
            left.push(asked);
        } else {
            rows.delete(format!("{ASKED}{key}"));
        }
    }
    Ok(left)
}

/// Drops what counts no longer. Returns whether anything is left that has to be dropped later, and when a client is to be notified.
pub(super) fn tend<R: Rows>(
    rows: &mut Transaction<'_, R>,
    now: Timestamp,
) -> Result<(bool, Option<Timestamp>), ServerError> {
    let left = !forget(rows, now)?.is_empty();
    let due = rows.all::<Ping>(PING)?.into_iter().map(|(_, ping)| ping.due).min();
    Ok((left, due))
}
