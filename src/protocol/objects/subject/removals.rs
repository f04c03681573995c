//! Removals: clients from which the user or an administrator took everything away a moment ago. The object's dispatch and
//! `grants` call it.
//!
//! A code is stored nowhere until it is redeemed, and neither is what somebody approved for a device, so what was issued before the
//! removal can't be ended. It carries the removal that its session knew of; a later one refuses it. Rows are kept for longer than
//! either of them lives.

use super::{REMOVED, user};
use crate::protocol::config::{CODE_LIFETIME, MAX_DEVICE_LIFETIME};
use crate::protocol::http::error::ServerError;
use crate::protocol::model::time::Timestamp;
use crate::protocol::objects::SWEEP_EVERY;
use crate::protocol::objects::rows::{Rows, Transaction};
use crate::protocol::state::polling::GRACE;

/// How long a removal is remembered, in seconds.
const KEPT: u64 = CODE_LIFETIME + MAX_DEVICE_LIFETIME + GRACE;
/// The most removals that are remembered; the oldest are dropped first.
const MAX_REMOVALS: usize = 100;

/// When `client_id` was last removed, if that was a moment ago.
pub(super) fn last<R: Rows>(
    rows: &Transaction<'_, R>,
    client_id: &str,
) -> Result<Option<Timestamp>, ServerError> {
    rows.read(&format!("{REMOVED}{client_id}"))
}

/// Notes a removal. Two within one second are told apart, because a code that the second is to end may know of the first.
pub(super) fn note<R: Rows>(
    rows: &mut Transaction<'_, R>,
    now: Timestamp,
    client_id: &str,
) -> Result<(), ServerError> {
    if user(rows)?.is_none() {
        return Ok(());
    }
    let mut known = forget(rows, now)?;
    known.sort_unstable();
    for (_, client_id) in known.iter().take((known.len() + 1).saturating_sub(MAX_REMOVALS)) {
        rows.delete(format!("{REMOVED}{client_id}"));
    }
    let before = last(rows, client_id)?;
    let at = before.map_or(now, |before| now.max(before.plus(1)));
    rows.write(format!("{REMOVED}{client_id}"), &at)?;
    rows.wake(now.plus(SWEEP_EVERY));
    Ok(())
}

/// Drops the removals that are older than any code can be, and returns the others.
pub(super) fn forget<R: Rows>(
    rows: &mut Transaction<'_, R>,
    now: Timestamp,
) -> Result<Vec<(Timestamp, String)>, ServerError> {
    let mut left = Vec::new();
    for (client_id, at) in rows.all::<Timestamp>(REMOVED)? {
        if now.since(at) > KEPT {
            rows.delete(format!("{REMOVED}{client_id}"));
        } else {
            left.push((at, client_id));
        }
    }
    Ok(left)
}
