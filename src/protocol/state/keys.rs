//! The life of signing keys: next → active → retiring → gone.
//!
//! A key's state is a function of its schedule and the time, so an edge that holds the schedule switches keys on
//! its own, and a missed alarm delays housekeeping but never a switch. A key is published for [`ANNOUNCE`] before
//! it signs (longer than every cache of `/jwks`) and stays for [`crate::protocol::keys::schedule::KEEP`] after it stopped (longer than every token).

use crate::protocol::keys::schedule::{ANNOUNCE, KeyState, Schedule, active};

use crate::protocol::keys::schedule::{PublicKey, StoredKey};
use crate::protocol::model::jwk::Alg;
use crate::protocol::model::time::{DAY, HOUR, MINUTE, Timestamp};

/// How long before its predecessor's end a successor is made, in seconds: the announcement and a day for a late alarm.
const PREPARE: u64 = ANNOUNCE + DAY;

/// Keys that have to be made now: which algorithm, and from when on the key is to sign.
pub fn wanted(keys: &[StoredKey], algs: &[Alg], rotate_every: u64, now: Timestamp) -> Vec<(Alg, Timestamp)> {
    algs.iter()
        .filter_map(|alg| {
            let Some(current) = active(publics(keys), *alg, now) else {
                return Some((*alg, now));
            };
            let end = current.schedule.active_from.plus(rotate_every);
            let due = end.plus(0).0.saturating_sub(PREPARE) <= now.0;
            let starts = Timestamp(end.0.max(now.plus(ANNOUNCE).0));
            (due && current.schedule.retire_from.is_none()).then_some((*alg, starts))
        })
        .collect()
}

/// How long a key that nothing uses any more goes on signing, in seconds: longer than an edge may not know of it.
const LAST_USE: u64 = 5 * MINUTE;

/// Ends the keys of algorithms that nothing uses, so that verifiers meet no kind of key they need not know; one that is used
/// again before its end goes on. Says whether anything changed.
pub fn keep_used(keys: &mut [StoredKey], algs: &[Alg], now: Timestamp) -> bool {
    let end = now.plus(LAST_USE);
    let mut changed = false;
    for key in keys.iter_mut().filter(|key| !algs.contains(&key.public.alg)) {
        if key.public.schedule.retire_from.is_none_or(|at| at > end) {
            key.public.schedule.retire(end);
            changed = true;
        }
    }
    for alg in algs {
        let of_alg = keys.iter_mut().map(|key| &mut key.public).filter(|key| key.alg == *alg);
        let schedules: Vec<&mut Schedule> = of_alg.map(|key| &mut key.schedule).collect();
        if schedules.iter().all(|schedule| schedule.retire_from.is_some()) {
            let active = schedules.into_iter().filter(|schedule| schedule.state(now) == KeyState::Active);
            if let Some(last) = active.max_by_key(|schedule| schedule.active_from) {
                (last.retire_from, last.gone_at) = (None, None);
                changed = true;
            }
        }
    }
    changed
}

/// Adds a key that signs from its `active_from` on; the current one of its algorithm ends there.
pub fn add(keys: &mut Vec<StoredKey>, new: StoredKey) {
    let starts = new.public.schedule.active_from;
    let alg = new.public.alg;
    let mut unfinished = keys.iter_mut().filter(|key| key.public.alg == alg);
    for key in unfinished.by_ref() {
        if key.public.schedule.retire_from.is_none_or(|at| at > starts) {
            key.public.schedule.retire(starts);
        }
    }
    keys.push(new);
}

/// What becomes of a request to rotate a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotation {
    /// A key was prepared already; it now starts at this time.
    Advanced(Timestamp),
    /// A new key is needed that starts at this time.
    NeedsKey(Timestamp),
}

/// Brings the next rotation of `alg` forward: at once, or as early as the announcement allows.
pub fn rotate(keys: &mut [StoredKey], alg: Alg, immediately: bool, now: Timestamp) -> Rotation {
    let next =
        keys.iter().position(|key| key.public.alg == alg && key.public.schedule.state(now) == KeyState::Next);
    let Some(next) = next.and_then(|index| keys.get(index)).map(|key| key.public.clone()) else {
        return Rotation::NeedsKey(if immediately { now } else { now.plus(ANNOUNCE) });
    };
    let announced = next.schedule.created_at.plus(ANNOUNCE);
    let starts = if immediately { now } else { announced.max(now).min(next.schedule.active_from) };
    for key in keys.iter_mut().filter(|key| key.public.alg == alg) {
        if key.public.kid == next.kid {
            key.public.schedule.active_from = starts;
        } else if key.public.schedule.state(now) == KeyState::Active {
            key.public.schedule.retire(starts);
        }
    }
    Rotation::Advanced(starts)
}

/// Takes a key out at once, for an emergency: it is neither published nor used any more. If no other key of its
/// algorithm is active, the prepared one starts now. Returns the algorithm, `None` for an unknown `kid`.
pub fn retire(keys: &mut Vec<StoredKey>, kid: &str, now: Timestamp) -> Option<Alg> {
    let alg = keys.iter().find(|key| key.public.kid == kid)?.public.alg;
    keys.retain(|key| key.public.kid != kid);
    if active(publics(keys), alg, now).is_none() {
        let next = keys.iter_mut().filter(|key| key.public.alg == alg);
        let next = next.filter(|key| key.public.schedule.state(now) == KeyState::Next);
        if let Some(key) = next.min_by_key(|key| key.public.schedule.active_from) {
            key.public.schedule.active_from = now;
        }
    } else {
        reopen(keys, alg, now);
    }
    Some(alg)
}

/// An active key whose successor was taken out goes on until there is another one.
fn reopen(keys: &mut [StoredKey], alg: Alg, now: Timestamp) {
    let successor =
        keys.iter().any(|key| key.public.alg == alg && key.public.schedule.state(now) == KeyState::Next);
    for key in keys.iter_mut().filter(|key| key.public.alg == alg) {
        if !successor && key.public.schedule.state(now) == KeyState::Active {
            key.public.schedule.retire_from = None;
            key.public.schedule.gone_at = None;
        }
    }
}

/// Drops keys that are gone; says whether there were any.
pub fn sweep(keys: &mut Vec<StoredKey>, now: Timestamp) -> bool {
    let before = keys.len();
    keys.retain(|key| key.public.schedule.state(now) != KeyState::Gone);
    keys.len() != before
}

/// When the alarm has to look again: at the next preparation or disappearance.
pub fn next_alarm(keys: &[StoredKey], rotate_every: u64, now: Timestamp) -> Timestamp {
    let times = keys.iter().map(|key| {
        let schedule = key.public.schedule;
        let prepare = Timestamp(schedule.active_from.plus(rotate_every).0.saturating_sub(PREPARE));
        schedule.gone_at.unwrap_or(prepare)
    });
    let soonest = times.min().unwrap_or(now.plus(DAY));
    Timestamp(soonest.0.clamp(now.plus(HOUR).0, now.plus(30 * DAY).0))
}

/// The public parts of `keys`.
pub fn publics(keys: &[StoredKey]) -> impl Iterator<Item = &PublicKey> {
    keys.iter().map(|key| &key.public)
}
