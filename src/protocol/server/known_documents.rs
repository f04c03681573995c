//! What an isolate remembers of clients' metadata documents: those that were sound, for how long they count, and which ones could not
//! be had a moment ago. `client_documents` fills it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::budget::Budget;
use crate::protocol::config::ClientConfig;
use crate::protocol::http::error::Cause;
use crate::protocol::model::time::{DAY, Timestamp};

/// How long after its end a document still counts for what its client has, while no newer one can be had; in seconds.
pub(super) const STALE: u64 = DAY;
/// The most documents that an isolate remembers, and the most attempts to get one.
const MAX_DOCUMENTS: usize = 256;
/// How long nobody tries again to get a document that couldn't be had, in seconds; and while something else takes its place.
const FAILED: (u64, u64) = (5, 30);
/// How long a request goes on with an old document because another request is getting a newer one, in seconds.
const UNDER_WAY: u64 = 10;
/// How old a document has to be for a client that it doesn't fit to make this isolate get it again, in seconds.
const RENEW: u64 = 30;

/// What an isolate knows of clients' documents.
#[derive(Default)]
pub(crate) struct Documents {
    known: RefCell<BTreeMap<String, Known>>,
    tries: RefCell<BTreeMap<String, Try>>,
    /// Pays for fetching documents. Anybody can make a URL up.
    pub(super) fetches: Budget,
}

/// A document that was sound.
#[derive(Clone)]
pub(super) struct Known {
    pub(super) client: Rc<ClientConfig>,
    pub(super) fetched_at: Timestamp,
    pub(super) lifetime: u64,
    pub(super) used_at: Timestamp,
}

/// Why a document couldn't be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) cause: Cause,
    /// Whether its host may just not have let this server have it, so that the copy of a well-known one may stand in.
    pub(super) is_barred: bool,
}

/// The last attempt to get a document.
#[derive(Clone, Copy)]
struct Try {
    at: Timestamp,
    failed: Option<(Timestamp, Failure)>,
}

/// What to do to get a newer document.
pub(super) enum Step {
    Fetch,
    /// Another request is at it.
    Wait,
    GiveUp(Failure),
}

impl Known {
    pub(super) fn is_fresh(&self, now: Timestamp) -> bool {
        now.since(self.fetched_at) < self.lifetime
    }

    /// Whether it can't be the reason why its client is refused.
    pub(super) fn is_new(&self, now: Timestamp) -> bool {
        now.since(self.fetched_at) < RENEW
    }

    pub(super) fn counts(&self, now: Timestamp) -> bool {
        now.since(self.fetched_at) < self.lifetime.saturating_add(STALE)
    }
}

impl Documents {
    pub(super) fn known(&self, url: &str, now: Timestamp) -> Option<Known> {
        let mut all = self.known.borrow_mut();
        let known = all.get_mut(url)?;
        known.used_at = now;
        Some(known.clone())
    }

    /// Remembers a document. Where there are too many, the one makes way that nobody has used for longest.
    pub(super) fn keep(&self, url: &str, known: Known, now: Timestamp) {
        let mut all = self.known.borrow_mut();
        if all.len() >= MAX_DOCUMENTS && !all.contains_key(url) {
            all.retain(|_, known| known.counts(now));
        }
        if all.len() >= MAX_DOCUMENTS && !all.contains_key(url) {
            let oldest = all.iter().min_by_key(|(_, known)| known.used_at).map(|(url, _)| url.clone());
            oldest.map(|oldest| all.remove(&oldest));
        }
        all.insert(url.to_owned(), known);
    }

    /// What to do to get a newer document. `has_other`: something else can be used meanwhile.
    pub(super) fn step(&self, url: &str, has_other: bool, now: Timestamp) -> Step {
        let tries = self.tries.borrow();
        let Some(last) = tries.get(url) else { return Step::Fetch };
        let patience = if has_other { FAILED.1 } else { FAILED.0 };
        match last.failed {
            Some((at, failure)) if now.since(at) < patience => Step::GiveUp(failure),
            None if has_other && now.since(last.at) < UNDER_WAY => Step::Wait,
            _ => Step::Fetch,
        }
    }

    /// Notes that somebody sets out to get the document at `url`.
    pub(super) fn begin(&self, url: &str, now: Timestamp) {
        let mut tries = self.tries.borrow_mut();
        if tries.len() >= MAX_DOCUMENTS && !tries.contains_key(url) {
            let oldest = tries.iter().min_by_key(|(_, last)| last.at).map(|(url, _)| url.clone());
            oldest.map(|oldest| tries.remove(&oldest));
        }
        tries.insert(url.to_owned(), Try { at: now, failed: None });
    }

    /// Notes what came of it.
    pub(super) fn end(&self, url: &str, failed: Option<Failure>, now: Timestamp) {
        let mut tries = self.tries.borrow_mut();
        match (failed, tries.get_mut(url)) {
            (Some(failure), Some(last)) => last.failed = Some((now, failure)),
            (None, _) => drop(tries.remove(url)),
            (Some(_), None) => {}
        }
    }

    /// Whether a web origin is one of a client whose document is known here.
    pub(crate) fn has_origin(&self, origin: &str) -> bool {
        self.known.borrow().values().any(|known| known.client.allowed_origins.iter().any(|own| own == origin))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(at: u64) -> Known {
        let at = Timestamp(at);
        Known { client: Rc::default(), fetched_at: at, lifetime: 600, used_at: at }
    }

    #[test]
    fn a_fetch_that_is_under_way_is_no_failure() {
        let documents = Documents::default();
        let (url, now) = ("https://a.example/c", Timestamp(1000));
        assert!(matches!(documents.step(url, true, now), Step::Fetch));
        documents.begin(url, now);
        assert!(matches!(documents.step(url, true, Timestamp(1009)), Step::Wait));
        assert!(matches!(documents.step(url, false, Timestamp(1009)), Step::Fetch), "there is nothing else");
        assert!(matches!(documents.step(url, true, Timestamp(1010)), Step::Fetch), "it may have got lost");
        let failure = Failure { cause: Cause::DocumentUnreachable, is_barred: true };
        documents.end(url, Some(failure), Timestamp(1003));
        for (has_other, until) in [(true, 1033), (false, 1008)] {
            let step = |at: u64| documents.step(url, has_other, Timestamp(at));
            assert!(matches!(step(until - 1), Step::GiveUp(known) if known == failure), "{has_other}");
            assert!(matches!(step(until), Step::Fetch), "{has_other}");
        }
        documents.end(url, None, Timestamp(1004));
        assert!(matches!(documents.step(url, true, Timestamp(1004)), Step::Fetch));
    }

    #[test]
    fn what_is_in_use_is_not_pushed_out_and_memory_is_bounded() {
        let documents = Documents::default();
        documents.keep("https://honest.example/c", known(10), Timestamp(10));
        for number in 0..1000_u64 {
            let now = Timestamp(100 + number);
            documents.keep(&format!("https://h{number}.example/c"), known(now.0), now);
            documents.begin(&format!("https://h{number}.example/c"), now);
            if number % 100 == 0 {
                assert!(documents.known("https://honest.example/c", now).is_some(), "{number}");
            }
        }
        assert!(
            documents.known.borrow().len() <= MAX_DOCUMENTS
                && documents.tries.borrow().len() <= MAX_DOCUMENTS
        );
    }
}
