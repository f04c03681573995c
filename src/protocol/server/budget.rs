//! How often an isolate may ask the Control object because of what a request says. The number is bounded, and shared so that
//! nobody can use up what others need. `cache` holds one budget for each kind of question; `lookup` and `liveness` take from
//! them.
//!
//! A sender (a network) and a subject (a client, an algorithm) have a few questions each of their own, which come back one by
//! one. Beyond these there is a pool for everybody. A question is refused only if its sender, its subject and the pool are all
//! used up. So strangers who ask in vain about one client leave every other client and every other sender its questions.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use core::net::IpAddr;

use crate::protocol::model::time::Timestamp;

/// The most senders, and the most subjects, that have a bucket of their own at the same time. Buckets that are full again are
/// dropped.
const MAX_OWNERS: usize = 256;
/// The pool holds 16 questions; one comes back every second.
const POOL: Rate = Rate { burst: 16, every: 1 };
/// A sender or a subject has 4 questions of its own; one comes back every five seconds.
const OWN: Rate = Rate { burst: 4, every: 5 };

/// A budget of questions of one kind.
pub(crate) struct Budget {
    pool: Cell<Bucket>,
    senders: Owners,
    subjects: Owners,
}

/// Who asks the Control object a question, and about what.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Question<'a> {
    /// The address that the request came from.
    pub(crate) sender: Option<IpAddr>,
    /// The client or algorithm that the question is about. It has to be known to exist: made-up names would each bring new
    /// questions.
    pub(crate) subject: Option<&'a str>,
}

impl Budget {
    /// Takes one question out of the budget. False if none is left for this sender and subject.
    pub(crate) fn take(&self, question: Question<'_>, now: Timestamp) -> bool {
        let Question { sender, subject } = question;
        sender.is_some_and(|sender| self.senders.take(network(sender), now))
            || subject.is_some_and(|subject| self.subjects.take(subject.to_owned(), now))
            || take(&self.pool, &POOL, now)
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            pool: Cell::new(Bucket { left: POOL.burst, refilled_at: Timestamp(0) }),
            senders: Owners::default(),
            subjects: Owners::default(),
        }
    }
}

struct Rate {
    burst: u64,
    every: u64,
}

#[derive(Clone, Copy)]
struct Bucket {
    left: u64,
    refilled_at: Timestamp,
}

impl Bucket {
    fn refilled(self, rate: &Rate, now: Timestamp) -> Self {
        let gained = now.since(self.refilled_at) / rate.every;
        let refilled_at = self.refilled_at.plus(gained.saturating_mul(rate.every));
        Self { left: self.left.saturating_add(gained).min(rate.burst), refilled_at }
    }
}

fn take(bucket: &Cell<Bucket>, rate: &Rate, now: Timestamp) -> bool {
    let known = bucket.get().refilled(rate, now);
    let left = known.left.checked_sub(1);
    bucket.set(Bucket { left: left.unwrap_or_default(), ..known });
    left.is_some()
}

/// The buckets of senders or of subjects, by name.
#[derive(Default)]
struct Owners(RefCell<BTreeMap<String, Cell<Bucket>>>);

impl Owners {
    fn take(&self, owner: String, now: Timestamp) -> bool {
        let mut owners = self.0.borrow_mut();
        if owners.len() >= MAX_OWNERS && !owners.contains_key(&owner) {
            owners.retain(|_, bucket| bucket.get().refilled(&OWN, now).left < OWN.burst);
            // All of them are asking, so a newcomer has only the pool. A bucket dropped now would come back full.
            if owners.len() >= MAX_OWNERS {
                return false;
            }
        }
        let bucket =
            owners.entry(owner).or_insert_with(|| Cell::new(Bucket { left: OWN.burst, refilled_at: now }));
        take(bucket, &OWN, now)
    }
}

/// The network of an address: the address itself for IPv4, the /56 that one customer has for IPv6.
fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{:x}", d & 0xff00)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks(budget: &Budget, sender: &str, subject: &str, now: u64) -> bool {
        let question = Question {
            sender: sender.parse().ok(),
            subject: Some(subject).filter(|subject| !subject.is_empty()),
        };
        budget.take(question, Timestamp(now))
    }

    /// Four senders ask about one client a hundred times a second each.
    fn attack(budget: &Budget, now: u64) -> usize {
        let asked =
            (0..400).filter(|number| asks(budget, &format!("192.0.2.{}", number % 4), "attacked", now));
        asked.count()
    }

    #[test]
    fn others_have_their_questions_while_four_senders_ask_all_the_time() {
        let budget = Budget::default();
        for now in 100..400 {
            assert!(attack(&budget, now) <= 36, "{now}");
            if now % 5 == 0 {
                assert!(asks(&budget, "198.51.100.7", "attacked", now), "another sender, {now}");
                assert!(asks(&budget, "", "another", now), "another client, {now}");
            }
        }
        assert!(!asks(&budget, "", "attacked", 399) && !asks(&budget, "", "", 399));
        assert!(!asks(&budget, "192.0.2.1", "attacked", 399));
    }

    #[test]
    fn whoever_has_many_addresses_can_use_up_senders_and_pool_but_no_other_client() {
        let budget = Budget::default();
        let asked = (0..100_000_u32)
            .filter(|number| asks(&budget, &core::net::Ipv4Addr::from(*number).to_string(), "attacked", 100));
        assert_eq!(asked.count(), 256 + 4 + 16);
        assert!(asks(&budget, "198.51.100.7", "another", 100));
        assert!(!asks(&budget, "198.51.100.7", "", 100), "there is no room for one more sender");
        assert!(asks(&budget, "198.51.100.7", "", 110), "until those that ask no more have made some");
    }

    #[test]
    fn the_memory_it_takes_is_bounded() {
        let budget = Budget::default();
        for number in 0..10_000_u32 {
            let now = 100 + u64::from(number / 100);
            asks(&budget, &core::net::Ipv4Addr::from(number).to_string(), &number.to_string(), now);
        }
        assert!(budget.senders.0.borrow().len() <= MAX_OWNERS);
        assert!(budget.subjects.0.borrow().len() <= MAX_OWNERS);
    }

    #[test]
    fn an_ipv6_customer_is_one_sender() {
        let network = |text: &str| network(text.parse().expect("an address"));
        assert_eq!(network("2001:db8:1:2ff:3:4:5:6"), network("2001:db8:1:200::1"));
        assert_ne!(network("2001:db8:1:200::1"), network("2001:db8:1:300::1"));
        assert_eq!(network("::ffff:192.0.2.1"), network("192.0.2.1"));
    }
}
