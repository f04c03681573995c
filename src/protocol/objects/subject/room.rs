//! Keeps the number of a person's grants bounded: alive, and dead.

use super::super::rows::{Rows, Transaction};
use super::records::{Grant, Why};
use super::{GRANT, grants};
use crate::protocol::error::ServerError;
use crate::protocol::time::{HOUR, Timestamp};

/// Most dead grants of a person that are kept to recognize their tokens; the ones dead for longest give way. Their tokens are
/// refused all the same.
const MAX_DEAD: usize = 200;
/// How long a dead grant is kept in any case, in seconds: far longer than its code could come a second time.
const KEPT: u64 = HOUR;

/// Makes room: a person has at most `max` live grants for a client, the one used longest ago gives way.
pub(super) fn make<R: Rows>(
    rows: &mut Transaction<'_, R>,
    now: Timestamp,
    client_id: &str,
    max: u32,
) -> Result<(), ServerError> {
    let mut live = rows.all::<Grant>(GRANT)?;
    forget(rows, now, &live);
    live.retain(|(_, grant)| grant.client_id == client_id && grant.is_live(now));
    if live.len() < usize::try_from(max).unwrap_or(usize::MAX) {
        return Ok(());
    }
    let used_at = |grant: &Grant| grant.family.as_ref().map_or(grant.created_at, |family| family.used_at);
    if let Some((id, mut grant)) = live.into_iter().min_by_key(|(_, grant)| used_at(grant)) {
        grants::revoke_row(rows, now, &id, &mut grant, Why::Evicted)?;
    }
    Ok(())
}

/// Forgets dead grants where there are too many: without it the rows of somebody who logs in often would never stop growing.
fn forget<R: Rows>(rows: &mut Transaction<'_, R>, now: Timestamp, grants: &[(String, Grant)]) {
    let dead = grants.iter().filter_map(|(id, grant)| Some((grant.revoked?.at, id)));
    let mut dead: Vec<_> = dead.filter(|(at, _)| now.since(*at) > KEPT).collect();
    dead.sort_unstable();
    for (_, id) in dead.iter().take(dead.len().saturating_sub(MAX_DEAD)) {
        rows.delete(format!("{GRANT}{id}"));
    }
}
