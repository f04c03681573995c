//! The life of the root secret's generations: next → active → retiring → gone.
//!
//! The Control object says which one values are made with, and edges hear of it with the next configuration they read. A
//! generation is known to every edge for [`ANNOUNCE`] before that, unless it is wanted at once, and is kept for [`KEEP`]
//! afterward: longer than anything made with it may live. So nobody notices a rotation.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::keys::Rotation;
use crate::protocol::keys::derived::Purpose;
use crate::protocol::keys::kek::StoredPrivate;
use crate::protocol::keys::schedule::{KeyState, Schedule};
use crate::protocol::model::time::{DAY, HOUR, Timestamp};

/// How long a generation is known before it is used, in seconds: edges look every minute.
pub const ANNOUNCE: u64 = HOUR;
/// The longest life that any value may be given, in seconds: that of a refresh token.
pub const LONGEST_LIFE: u64 = 730 * DAY;
/// How long a generation is kept after the last use, in seconds.
pub const KEEP: u64 = LONGEST_LIFE + DAY;
/// How long a generation is used, in seconds.
pub const ROTATE: u64 = 365 * DAY;
/// How long before its predecessor's end a generation is made, in seconds.
const PREPARE: u64 = ANNOUNCE + DAY;
/// Most generations there are at a time. Each costs an isolate's start a few bytes.
pub const MOST: usize = 16;

/// A generation as the Control object stores it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StoredRoot {
    /// The number that values made with the generation carry; numbers go round.
    pub id: u8,
    /// The times at which the generation's states begin.
    #[serde(flatten)]
    pub schedule: Schedule,
    /// The secret. None for that of a release before there were generations: it is the one that names come from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<StoredPrivate>,
    /// What it was taken out for before its time.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub retired_for: BTreeSet<Purpose>,
}

/// The generations of the root secret, oldest first.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Generations {
    /// The generations that are not gone.
    #[serde(default)]
    pub all: Vec<StoredRoot>,
    /// The id of the next one to be made; one that was taken out is not given again soon.
    #[serde(default)]
    pub next_id: u8,
    /// The `id` of the generation that new values are made with.
    #[serde(default)]
    pub writing: u8,
}

impl Generations {
    /// Adds a generation that is used from `starts` on.
    pub fn add(&mut self, secret: Option<StoredPrivate>, starts: Timestamp, now: Timestamp) {
        let schedule = Schedule { created_at: now, active_from: starts, retire_from: None, gone_at: None };
        self.all.push(StoredRoot { id: self.next_id, schedule, secret, retired_for: BTreeSet::new() });
        self.next_id = self.next_id.wrapping_add(1);
    }

    /// From when on a new generation is to be used, if one has to be made now.
    pub fn wanted(&self, now: Timestamp) -> Option<Timestamp> {
        let Some(youngest) = self.all.last() else { return Some(now) };
        let end = youngest.schedule.active_from.plus(ROTATE);
        let due = end.0.saturating_sub(PREPARE) <= now.0 && self.all.len() < MOST;
        due.then(|| Timestamp(end.0.max(now.plus(ANNOUNCE).0)))
    }

    /// Brings the next rotation forward: at once, or as early as the announcement allows.
    pub fn rotate(&mut self, immediately: bool, now: Timestamp) -> Rotation {
        let next = self.all.iter_mut().find(|root| root.schedule.state(now) == KeyState::Next);
        let Some(StoredRoot { schedule, .. }) = next else {
            return Rotation::NeedsKey(if immediately { now } else { now.plus(ANNOUNCE) });
        };
        let announced = schedule.created_at.plus(ANNOUNCE).max(now);
        schedule.active_from = if immediately { now } else { announced.min(schedule.active_from) };
        Rotation::Advanced(schedule.active_from)
    }

    /// Goes over to the youngest generation that may be used; the one before retires. Says whether anything changed.
    ///
    /// What is kept is counted from here, not from the schedule: an alarm that came late must not shorten it.
    pub fn switch(&mut self, now: Timestamp) -> bool {
        let usable = self.all.iter().filter(|root| root.schedule.active_from <= now);
        let Some(id) = usable.max_by_key(|root| root.schedule.active_from).map(|root| root.id) else {
            return false;
        };
        let changed = id != self.writing;
        self.writing = id;
        for root in self.all.iter_mut().filter(|root| root.id != id && root.schedule.active_from <= now) {
            if root.schedule.retire_from.is_none() {
                root.schedule.retire_from = Some(now);
                root.schedule.gone_at = Some(now.plus(KEEP));
            }
        }
        changed
    }

    /// Takes a generation out for some purposes, or for everything if none is named. It must not be the one that values are made
    /// with. Says whether there is such a one.
    pub fn retire(&mut self, id: u8, purposes: &BTreeSet<Purpose>) -> bool {
        let Some(root) = self.all.iter_mut().find(|root| root.id == id && root.id != self.writing) else {
            return false;
        };
        root.retired_for.extend(purposes);
        let is_good_for_nothing = purposes.is_empty() || root.retired_for.len() == Purpose::ALL.len();
        self.all.retain(|root| root.id != id || !is_good_for_nothing);
        true
    }

    /// Drops what is gone; says whether there was any.
    pub fn sweep(&mut self, now: Timestamp) -> bool {
        let before = self.all.len();
        self.all.retain(|root| root.schedule.state(now) != KeyState::Gone);
        self.all.len() != before
    }

    /// When the Control object has to look after the generations next: to end one, switch, or make one.
    pub fn next_alarm(&self, now: Timestamp) -> Option<Timestamp> {
        let switch =
            |root: &StoredRoot| (root.schedule.active_from > now).then_some(root.schedule.active_from);
        let times = self.all.iter().filter_map(|root| root.schedule.gone_at.or_else(|| switch(root)));
        let prepare = self
            .all
            .last()
            .map(|youngest| Timestamp(youngest.schedule.active_from.plus(ROTATE).0.saturating_sub(PREPARE)));
        times.chain(prepare).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn states(roots: &Generations, now: Timestamp) -> Vec<(u8, KeyState)> {
        roots.all.iter().map(|root| (root.id, root.schedule.state(now))).collect()
    }

    fn tend(roots: &mut Generations, now: Timestamp) {
        if let Some(starts) = roots.wanted(now) {
            roots.add(None, starts, now);
        }
        roots.switch(now);
        roots.sweep(now);
    }

    #[test]
    fn over_ten_years_each_is_announced_and_outlives_what_was_made_with_it() {
        let mut roots = Generations::default();
        let start = Timestamp(1_800_000_000);
        let mut now = start;
        let mut made: Vec<(u8, Timestamp)> = Vec::new();
        while now < start.plus(3650 * DAY) {
            let before = roots.writing;
            tend(&mut roots, now);
            let writing = roots.all.iter().find(|root| root.id == roots.writing).expect("one writes");
            let announced = now.since(writing.schedule.created_at);
            assert!(roots.writing == before || announced >= ANNOUNCE, "{writing:?}");
            made.push((roots.writing, now));
            made.retain(|(_, at)| now.since(*at) <= LONGEST_LIFE);
            assert!(made.iter().all(|(id, _)| roots.all.iter().any(|root| root.id == *id)));
            let alarm = roots.next_alarm(now).expect("an alarm");
            assert!(alarm > now, "{alarm:?}");
            // The platform may ring late.
            now = Timestamp(alarm.0.min(now.plus(30 * DAY).0)).plus(7 * HOUR);
        }
        assert!(roots.all.len() <= 4 && roots.next_id >= 9, "{roots:?}");
    }

    #[test]
    fn a_rotation_is_announced_unless_it_is_wanted_at_once() {
        let (mut roots, now) = (Generations::default(), Timestamp(1_800_000_000));
        tend(&mut roots, now);
        assert_eq!(roots.rotate(false, now), Rotation::NeedsKey(now.plus(ANNOUNCE)));
        roots.add(None, now.plus(ANNOUNCE), now);
        assert!(!roots.switch(now));
        assert_eq!(states(&roots, now), [(0, KeyState::Active), (1, KeyState::Next)]);
        assert_eq!(roots.rotate(false, now.plus(60)), Rotation::Advanced(now.plus(ANNOUNCE)), "no other one");
        assert_eq!(roots.rotate(true, now.plus(60)), Rotation::Advanced(now.plus(60)));
        assert!(roots.switch(now.plus(60)) && roots.writing == 1);
        assert_eq!(states(&roots, now.plus(60)), [(0, KeyState::Retiring), (1, KeyState::Active)]);
        assert!(!roots.sweep(now.plus(60 + KEEP - 1)) && roots.sweep(now.plus(60 + KEEP)));
    }

    #[test]
    fn what_values_are_made_with_can_not_be_taken_out_and_an_id_is_not_given_twice() {
        let (mut roots, now) = (Generations::default(), Timestamp(1_800_000_000));
        tend(&mut roots, now);
        let all = BTreeSet::new();
        assert!(!roots.retire(0, &all) && !roots.retire(7, &all));
        roots.add(None, now.plus(ANNOUNCE), now);
        assert!(roots.retire(1, &all), "an announced one may be taken back");
        roots.add(None, now, now);
        assert_eq!(states(&roots, now), [(0, KeyState::Active), (2, KeyState::Active)]);
        roots.switch(now);
        assert!(roots.retire(0, &[Purpose::Code].into()));
        assert_eq!(states(&roots, now), [(0, KeyState::Retiring), (2, KeyState::Active)]);
        assert!(roots.retire(0, &Purpose::ALL.into()));
        assert_eq!(states(&roots, now), [(2, KeyState::Active)]);
    }

    #[test]
    fn ids_go_round() {
        let (mut roots, now) =
            (Generations { next_id: 255, ..Generations::default() }, Timestamp(1_800_000_000));
        tend(&mut roots, now);
        roots.add(None, now.plus(1), now);
        roots.switch(now.plus(1));
        assert_eq!((roots.writing, roots.all.len()), (0, 2));
    }
}
