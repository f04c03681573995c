//! Keeps the number of a user's grants bounded, the live and the dead ones. `grants` calls it before it makes a grant.

use super::GRANT;
use super::grant_rows;
use super::records::{Grant, Why};
use super::sessions;
use crate::protocol::http::error::ServerError;
use crate::protocol::model::incarnation::Standing;
use crate::protocol::model::time::{HOUR, Timestamp};
use crate::protocol::objects::rows::{Rows, Transaction};

/// The most dead grants of a user that are kept to recognize their tokens; those that are dead for longest are dropped first.
/// Their tokens are refused all the same.
const MAX_DEAD: usize = 200;
/// How long a dead grant is kept in any case, in seconds: much longer than its code could come a second time.
const KEPT: u64 = HOUR;

/// Makes room for `new`, because a user has at most `max` live grants for a client. Those are ended first that nobody can use any
/// longer, then what the same session got before, then what other sessions have replaced themselves, then the one that was used
/// longest ago. So a browser that logs in silently again and again ends its own grants and not another device's.
pub(super) fn make<R: Rows>(
    rows: &mut Transaction<'_, R>,
    now: Timestamp,
    new: &Grant,
    (max, idle): (u32, Option<u64>),
) -> Result<(), ServerError> {
    let all = rows.all::<Grant>(GRANT)?;
    forget(rows, now, &all);
    let is_rival = |grant: &Grant| grant.client_id == new.client_id && grant.is_live(now);
    let live: Vec<_> = all.into_iter().filter(|(_, grant)| is_rival(grant)).collect();
    let room = usize::try_from(max).unwrap_or(usize::MAX);
    if live.len() < room {
        return Ok(());
    }
    let mut ranked = Vec::new();
    for (id, grant) in &live {
        let is_of_earlier = grant.incarnation.standing(new.incarnation) == Standing::Ended;
        let rank = if is_of_earlier || is_useless(rows, now, grant, idle)? {
            Rank::Useless
        } else if grant.sid.is_some() && grant.sid == new.sid {
            Rank::SameSession
        } else if is_replaced((id, grant), &live) {
            Rank::Replaced
        } else {
            Rank::InUse
        };
        ranked.push((rank, used_at(grant), id, grant));
    }
    ranked.sort_unstable_by_key(|(rank, used_at, id, _)| (*rank, *used_at, *id));
    for (_, _, id, grant) in ranked.into_iter().take((live.len() + 1).saturating_sub(room)) {
        grant_rows::revoke_row(rows, now, id, &mut grant.clone(), Why::Evicted)?;
    }
    Ok(())
}

/// The order in which grants are ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Useless,
    SameSession,
    Replaced,
    InUse,
}

fn used_at(grant: &Grant) -> Timestamp {
    grant.family.as_ref().map_or(grant.created_at, |family| family.used_at)
}

/// Whether nobody can use the grant any longer, though no sweep has noticed it yet.
fn is_useless<R: Rows>(
    rows: &Transaction<'_, R>,
    now: Timestamp,
    grant: &Grant,
    idle: Option<u64>,
) -> Result<bool, ServerError> {
    if grant.family.is_some() && idle.is_some_and(|idle| now.since(used_at(grant)) >= idle) {
        return Ok(true);
    }
    if !grant_rows::lives_with_its_parents(rows, now, grant)? {
        return Ok(true);
    }
    match grant.sid.filter(|_| grant.bound_to_session) {
        Some(sid) => Ok(sessions::live(rows, now, sid)?.is_none()),
        None => Ok(false),
    }
}

/// Whether the grant's session got another one later.
fn is_replaced((id, grant): (&String, &Grant), live: &[(String, Grant)]) -> bool {
    let is_later = |(other, later): &(String, Grant)| (later.created_at, other) > (grant.created_at, id);
    grant.sid.is_some() && live.iter().any(|other| other.1.sid == grant.sid && is_later(other))
}

/// Forgets dead grants where there are too many. Without it the rows of somebody who logs in often would never stop growing.
fn forget<R: Rows>(rows: &mut Transaction<'_, R>, now: Timestamp, grants: &[(String, Grant)]) {
    let dead = grants.iter().filter_map(|(id, grant)| Some((grant.revoked?.at, id)));
    let mut dead: Vec<_> = dead.filter(|(at, _)| now.since(*at) > KEPT).collect();
    dead.sort_unstable();
    for (_, id) in dead.iter().take(dead.len().saturating_sub(MAX_DEAD)) {
        rows.delete(format!("{GRANT}{id}"));
    }
}
