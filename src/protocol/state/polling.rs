//! A question that waits for a person (RFC 8628, `CIBA`) and what becomes of it: waiting, then approved or denied, and asked about
//! by a device or a client again and again.
//!
//! What is asked for and what a person approves are texts here. `objects::polling` keeps the record, and the pace of the polls
//! in memory only: a poll writes nothing.

use serde::{Deserialize, Serialize};

use crate::protocol::model::secret::SecretHash;
use crate::protocol::model::time::{MINUTE, Timestamp};

/// How long to wait between two polls at first, in seconds (`interval`, RFC 8628 §3.2, `CIBA` §7.3).
pub const INTERVAL: u64 = 5;
/// How much longer it has to wait after each poll that came too early, in seconds (RFC 8628 §3.5).
const SLOWER_BY: u64 = 5;
/// The longest that it is made to wait, in seconds.
const SLOWEST: u64 = MINUTE;
/// How much too early a poll may come, in seconds: clocks here count whole ones.
const TOLERANCE: u64 = 1;
/// How much longer one can poll than a person can decide, in seconds: so that somebody who says yes at the last moment has not
/// said it in vain.
pub const GRACE: u64 = MINUTE;

/// A question, until it has expired.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PollingRecord {
    /// The SHA-256 of the secret of the code that is polled with.
    pub sha256: SecretHash,
    /// What is asked for.
    pub request: String,
    /// When nobody can decide any more.
    pub expires_at: Timestamp,
    /// What a person has decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<PersonsDecision>,
}

/// What a person has decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PersonsDecision {
    /// Whoever asked gets nothing.
    Denied,
    /// Whoever asked gets what this text says.
    Approved(String),
}

/// How fast somebody polls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pace {
    /// How long to wait between two polls, in seconds.
    pub interval: u64,
    /// When it polled last.
    pub polled_at: Timestamp,
}

/// What a poll yields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[must_use]
pub enum PollOutcome {
    /// Nobody has decided yet.
    Pending,
    /// Nobody has decided yet, and the polls come too often.
    TooEarly,
    /// A person said no.
    Denied,
    /// A person said yes; this is what was approved.
    Approved(String),
    /// Nobody has decided in time.
    Expired,
    /// The code is another one's.
    Unknown,
}

impl PollingRecord {
    /// When the record is of no use to anybody any more.
    pub fn ends_at(&self) -> Timestamp {
        self.expires_at.plus(GRACE)
    }

    /// Whether a person can still decide.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.decision.is_none() && now < self.expires_at
    }

    /// The record with a person's decision. `None` if it is too late or decided otherwise, or if `sha256` is another one's: then
    /// somebody saw what another one had asked for. To decide once more as before changes nothing: who sends a form twice has
    /// not failed.
    pub fn decided(self, sha256: &SecretHash, decision: PersonsDecision, now: Timestamp) -> Option<Self> {
        let is_repeated = self.decision.as_ref() == Some(&decision) && now < self.ends_at();
        let decides = (self.is_open(now) || is_repeated) && self.sha256 == *sha256;
        decides.then_some(Self { decision: Some(decision), ..self })
    }

    /// The record of which a person's yes has become a no. `None` if there is no yes that could still be fetched.
    pub fn withdrawn(self, sha256: &SecretHash, now: Timestamp) -> Option<Self> {
        let is_approved = matches!(self.decision, Some(PersonsDecision::Approved(_)));
        let counts = is_approved && now < self.ends_at() && self.sha256 == *sha256;
        counts.then_some(Self { decision: Some(PersonsDecision::Denied), ..self })
    }

    /// Answers a poll with the secret that has the hash `sha256`. Returns the new pace where that matters: a decision is handed
    /// out however early somebody asks for it.
    pub fn poll(
        &self,
        sha256: &SecretHash,
        pace: Option<Pace>,
        now: Timestamp,
    ) -> (PollOutcome, Option<Pace>) {
        if self.sha256 != *sha256 {
            return (PollOutcome::Unknown, None);
        }
        match &self.decision {
            _ if now >= self.ends_at() => (PollOutcome::Expired, None),
            Some(PersonsDecision::Denied) => (PollOutcome::Denied, None),
            Some(PersonsDecision::Approved(approval)) => (PollOutcome::Approved(approval.clone()), None),
            None if now >= self.expires_at => (PollOutcome::Expired, None),
            None => waiting(pace, now),
        }
    }
}

fn waiting(pace: Option<Pace>, now: Timestamp) -> (PollOutcome, Option<Pace>) {
    let interval = pace.map_or(INTERVAL, |pace| pace.interval);
    let is_early = pace.is_some_and(|pace| now.since(pace.polled_at) + TOLERANCE < pace.interval);
    let (outcome, interval) = if is_early {
        (PollOutcome::TooEarly, interval.saturating_add(SLOWER_BY).min(SLOWEST))
    } else {
        (PollOutcome::Pending, interval)
    };
    (outcome, Some(Pace { interval, polled_at: now }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::model::secret::Secret;

    const START: Timestamp = Timestamp(1000);

    fn hash(text: &str) -> SecretHash {
        Secret::received(text).hash()
    }

    fn record() -> PollingRecord {
        PollingRecord {
            sha256: hash("a"),
            request: "r".to_owned(),
            expires_at: START.plus(600),
            decision: None,
        }
    }

    #[test]
    fn a_device_that_polls_too_early_has_to_wait_longer_from_then_on() {
        let mut pace = None;
        let mut poll = |after: u64| {
            let (outcome, next) = record().poll(&hash("a"), pace, START.plus(after));
            pace = next;
            (outcome, pace.expect("a pace").interval)
        };
        assert_eq!(poll(0), (PollOutcome::Pending, 5));
        assert_eq!(poll(5), (PollOutcome::Pending, 5));
        assert_eq!(poll(9), (PollOutcome::Pending, 5), "whole seconds may be one apart");
        assert_eq!(poll(12), (PollOutcome::TooEarly, 10));
        assert_eq!(poll(20), (PollOutcome::TooEarly, 15), "five seconds are too early now");
        assert_eq!(poll(35), (PollOutcome::Pending, 15));
        assert_eq!(poll(48), (PollOutcome::TooEarly, 20));
        for _ in 0..100 {
            let (_, interval) = poll(48);
            assert!(interval <= 60);
        }
        assert_eq!(poll(108), (PollOutcome::Pending, 60));
    }

    #[test]
    fn a_decision_is_made_once_in_time_and_for_what_was_seen() {
        let yes = || PersonsDecision::Approved("yes".to_owned());
        let approved = record().decided(&hash("a"), yes(), START.plus(599)).expect("decided");
        assert_eq!(approved.clone().decided(&hash("a"), PersonsDecision::Denied, START.plus(599)), None);
        assert_eq!(approved.clone().decided(&hash("a"), yes(), START.plus(659)), Some(approved.clone()));
        assert_eq!(record().decided(&hash("a"), yes(), START.plus(600)), None, "too late");
        assert_eq!(record().decided(&hash("b"), yes(), START), None, "another device's");
        let poll =
            |record: &PollingRecord, secret, after| record.poll(&hash(secret), None, START.plus(after)).0;
        assert_eq!(poll(&approved, "a", 600), PollOutcome::Approved("yes".to_owned()), "just in time");
        assert_eq!(poll(&approved, "a", 660), PollOutcome::Expired);
        assert_eq!(poll(&approved, "b", 600), PollOutcome::Unknown);
        assert_eq!(poll(&record(), "a", 599), PollOutcome::Pending);
        assert_eq!(poll(&record(), "a", 600), PollOutcome::Expired);
        let denied = record().decided(&hash("a"), PersonsDecision::Denied, START).expect("decided");
        assert_eq!(poll(&denied, "a", 1), PollOutcome::Denied);
    }

    #[test]
    fn a_yes_can_become_a_no_and_nothing_else_can() {
        let yes = PersonsDecision::Approved("yes".to_owned());
        let approved = record().decided(&hash("a"), yes, START).expect("decided");
        let withdrawn = approved.clone().withdrawn(&hash("a"), START.plus(659)).expect("in time");
        assert_eq!(withdrawn.decision, Some(PersonsDecision::Denied));
        assert_eq!(approved.clone().withdrawn(&hash("a"), START.plus(660)), None, "nobody can fetch it");
        assert_eq!(approved.withdrawn(&hash("b"), START), None, "another one's");
        assert_eq!(record().withdrawn(&hash("a"), START), None, "nobody has decided");
        assert_eq!(withdrawn.withdrawn(&hash("a"), START), None);
    }

    #[test]
    fn a_decision_is_handed_out_however_early_it_is_asked_for() {
        let approved = record().decided(&hash("a"), PersonsDecision::Denied, START).expect("decided");
        let pace = Some(Pace { interval: 60, polled_at: START });
        assert_eq!(approved.poll(&hash("a"), pace, START), (PollOutcome::Denied, None));
    }
}
