//! The outbox: names of snapshots that changed and are not published yet.
//!
//! A name is put in with the change itself, in one commit, so no change is ever lost; the object's alarm publishes it afterward, so no
//! other request waits for that. A row's key begins with how urgent the change is. The rows lie in the order of their keys, so what
//! takes something away is published before what only gives, however many changes wait.

use serde::{Deserialize, Serialize};

use super::ControlReply;
use crate::protocol::http::error::ServerError;
use crate::protocol::model::time::Timestamp;
use crate::protocol::objects::rows::{Rows, Transaction};

/// How urgent it is to publish a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Urgency {
    /// It may take something away, which goes on working until edges know.
    TakesAway,
    /// It only gives: whoever misses it asks the object.
    Gives,
}

/// The keys of the outbox's rows: this, a digit for the urgency, a slash, the name. `edge/rows.mjs` writes such rows, too, when it
/// moves the tables of an earlier release.
const OUTBOX: &str = "outbox/";
const TAKES_AWAY: &str = "outbox/0/";
const GIVES: &str = "outbox/1/";
/// How long after a failed publication the next try comes, in seconds. KV takes one write a second per name.
const RETRY: u64 = 5;

/// A snapshot to publish.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DueSnapshot {
    /// Its place in the outbox.
    pub place: String,
    /// Which of the name's changes this is.
    pub change: u64,
    /// Its name in the snapshot store.
    pub name: String,
    /// What to write there; deleted if unset.
    pub value: Option<String>,
    /// Why the value can't be made, if it can't: nothing is written then, and the mark stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// A snapshot that is published.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PublishedSnapshot {
    /// Its place in the outbox.
    pub place: String,
    /// Which of the name's changes was published.
    pub change: u64,
}

/// Marks the snapshot `name` for publication. A mark that is there already never gets less urgent.
pub(super) fn enqueue<R: Rows>(
    rows: &mut Transaction<'_, R>,
    name: &str,
    urgency: Urgency,
    now: Timestamp,
) -> Result<(), ServerError> {
    let (urgent, other) = (format!("{TAKES_AWAY}{name}"), format!("{GIVES}{name}"));
    let (known, waiting) = (rows.read::<u64>(&urgent)?, rows.read::<u64>(&other)?);
    let change = known.max(waiting).unwrap_or_default().saturating_add(1);
    if known.is_some() || urgency == Urgency::TakesAway {
        if waiting.is_some() {
            rows.delete(other);
        }
        rows.write(urgent, &change)?;
    } else {
        rows.write(other, &change)?;
    }
    rows.wake(now);
    Ok(())
}

/// A mark: its place, and which change of its name it is.
pub(super) type Mark = (String, u64);

/// The mark of `name`, if something of it is to be published that may take something away.
pub(super) fn mark<R: Rows>(rows: &Transaction<'_, R>, name: &str) -> Result<Option<Mark>, ServerError> {
    let key = format!("{TAKES_AWAY}{name}");
    let change = rows.read::<u64>(&key)?;
    Ok(change.map(|change| (key.strip_prefix(OUTBOX).unwrap_or_default().to_owned(), change)))
}

/// Up to `limit` marks, those first that may take something away.
pub(super) fn marks<R: Rows>(rows: &Transaction<'_, R>, limit: u32) -> Result<Vec<Mark>, ServerError> {
    rows.list::<u64>(OUTBOX, None, limit)
}

/// The name that the mark at `place` is for.
pub(super) fn name(place: &str) -> &str {
    place.split_once('/').map_or(place, |(_, name)| name)
}

/// Takes published snapshots out, unless they changed again meanwhile, and sees to the rest.
pub(super) fn published<R: Rows>(
    rows: &mut Transaction<'_, R>,
    published: Vec<PublishedSnapshot>,
    all: bool,
    now: Timestamp,
) -> Result<ControlReply, ServerError> {
    for PublishedSnapshot { place, change } in published {
        let key = format!("{OUTBOX}{place}");
        if rows.read::<u64>(&key)? == Some(change) {
            rows.delete(key);
        }
    }
    remind(rows, if all { now } else { now.plus(RETRY) })?;
    Ok(ControlReply::Tended)
}

/// Sees to it that the alarm rings at `at` or earlier, if there is anything to publish.
pub(super) fn remind<R: Rows>(rows: &mut Transaction<'_, R>, at: Timestamp) -> Result<(), ServerError> {
    if !rows.list::<u64>(OUTBOX, None, 1)?.is_empty() {
        rows.wake(at);
    }
    Ok(())
}
