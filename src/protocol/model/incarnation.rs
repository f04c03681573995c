//! Incarnations of clients: what a client was given belongs to one, and ends with it.
//!
//! A client has an epoch. It gets a new one when it is registered (under an id that was there before, too), when it stops
//! authenticating, and by command; all clients together have one more, for ending everything at once. Codes, grants,
//! consents, pushed requests and open pages carry both as they were when they were made. Whoever takes one of them
//! compares, so that "end everything of this client" is one write, whatever the client was given.
//!
//! What a deployment made before there were epochs carries none, and goes on until its client gets the first.

use serde::{Deserialize, Serialize};

use super::entropy::Entropy;
use super::time::Timestamp;
use crate::protocol::codec::encoding::from_base64url;

/// How many bytes of a `jti` tell the incarnation.
const TAG: usize = 4;

/// When an incarnation began, with random bits that tell it from another one of the same second.
///
/// Later ones are greater: an edge can tell what has ended from what it hasn't heard of yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Epoch(u64);

impl Epoch {
    /// Draws a new epoch, which begins at `now`.
    pub fn new(now: Timestamp, entropy: &impl Entropy) -> Self {
        let mut random = [0; TAG];
        entropy.fill(&mut random);
        Self::of(now, random)
    }

    /// The epoch that begins at `now`, with these random bytes.
    pub fn of(now: Timestamp, random: [u8; TAG]) -> Self {
        Self(now.0 << 32 | u64::from(u32::from_be_bytes(random)))
    }

    /// This one, moved to the second after `earlier` unless it is later than that anyway.
    #[must_use]
    pub const fn later_than(self, earlier: Option<Self>) -> Self {
        match earlier {
            Some(earlier) if self.since().0 <= earlier.since().0 => {
                Self((earlier.since().0 + 1) << 32 | self.0 & 0xffff_ffff)
            }
            _ => self,
        }
    }

    const fn since(self) -> Timestamp {
        Timestamp(self.0 >> 32)
    }
}

/// One life of a client: its own epoch, and that of all clients.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incarnation {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client: Option<Epoch>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    all: Option<Epoch>,
    /// Whether the client proves who it is by keys that a document of its own names. Nothing in its row says so, and what only the
    /// holder of its keys could use must not become anybody's.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    keys: bool,
}

/// How what carries an incarnation stands to the client as it is known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Standing {
    /// The value belongs to the client's present incarnation.
    Current,
    /// The value's incarnation has ended.
    Ended,
    /// The value belongs to a later incarnation: what is known of the client here is out of date.
    Ahead,
}

impl Incarnation {
    /// The incarnation of a client with the epoch `client`, while `all` is the epoch of all clients.
    pub const fn new(client: Option<Epoch>, all: Option<Epoch>) -> Self {
        Self { client, all, keys: false }
    }

    /// The same, of a client that authenticates with the keys that its document names if `keys` is set.
    #[must_use]
    pub const fn with_keys(self, keys: bool) -> Self {
        Self { keys, ..self }
    }

    /// The same, for when it isn't known how the client authenticates: as whoever carries `carried` has to.
    #[must_use]
    pub const fn with_keys_of(self, carried: Self) -> Self {
        self.with_keys(carried.keys)
    }

    /// Whether the client is from before there were epochs, and has no keys that its document names.
    pub const fn is_first(&self) -> bool {
        self.has_no_epoch() && !self.keys
    }

    const fn has_no_epoch(&self) -> bool {
        self.client.is_none() && self.all.is_none()
    }

    /// How what carries this one stands to a client that is known as `known`.
    pub fn standing(self, known: Self) -> Standing {
        // Two clocks may be behind each other: within one second it is the object that knows.
        let has_ended = |carried: Option<Epoch>, known: Option<Epoch>| {
            carried.map(Epoch::since) < known.map(Epoch::since)
        };
        if has_ended(self.client, known.client) || has_ended(self.all, known.all) || self.keys && !known.keys
        {
            Standing::Ended
        } else if (self.client, self.all) == (known.client, known.all) {
            Standing::Current
        } else {
            Standing::Ahead
        }
    }

    /// Marks the `jti` of an access token, 16 random bytes so far, as one of this incarnation.
    pub fn mark(self, jti: &mut [u8; 16]) {
        if let (Some(tag), Some(end)) = (self.tag(), jti.last_chunk_mut()) {
            *end = tag;
        }
    }

    /// How an access token with this `jti` that was issued at `iat` stands to a client that is known as `self`.
    pub fn standing_of_token(self, jti: &str, iat: Timestamp) -> Standing {
        let Some(tag) = self.tag() else { return Standing::Current };
        let jti = from_base64url(jti);
        if jti.as_ref().and_then(|jti| jti.last_chunk()) == Some(&tag) {
            Standing::Current
        } else if self.client.max(self.all).is_some_and(|last| iat < last.since()) {
            Standing::Ended
        } else {
            Standing::Ahead
        }
    }

    fn tag(self) -> Option<[u8; TAG]> {
        let random = |epoch: Option<Epoch>| epoch.map_or(0, |epoch| epoch.0 & 0xffff_ffff);
        let [.., a, b, c, d] = (random(self.client) ^ random(self.all)).to_be_bytes();
        (!self.has_no_epoch()).then_some([a, b, c, d])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::FakeEntropy;
    use crate::protocol::codec::encoding::base64url;

    fn epoch(at: u64, random: u8) -> Epoch {
        Epoch::new(Timestamp(at), &FakeEntropy::Constant(random))
    }

    #[test]
    fn what_is_older_has_ended_and_what_is_newer_is_looked_up() {
        use Standing::{Ahead, Current, Ended};
        let (one, two) = (Some(epoch(100, 1)), Some(epoch(200, 2)));
        let cases = [
            ("before there were epochs", (None, None), (None, None), Current),
            ("the first change", (None, None), (one, None), Ended),
            ("the first change of all", (None, None), (None, one), Ended),
            ("the same", (one, two), (one, two), Current),
            ("an older client", (one, None), (two, None), Ended),
            ("an older time of all", (one, one), (one, two), Ended),
            ("a newer client", (two, None), (one, None), Ahead),
            ("a newer time of all", (one, two), (one, None), Ahead),
            ("older and newer", (two, None), (one, one), Ended),
            ("another one of the same second", (Some(epoch(100, 9)), None), (one, None), Ahead),
        ];
        for (name, carried, known, expected) in cases {
            let (carried, known) =
                (Incarnation::new(carried.0, carried.1), Incarnation::new(known.0, known.1));
            assert_eq!(carried.standing(known), expected, "{name}");
        }
    }

    #[test]
    fn a_new_epoch_is_later_than_the_last_one_within_a_second_too() {
        let first = epoch(100, 9);
        let second = Epoch::new(Timestamp(100), &FakeEntropy::Constant(1)).later_than(Some(first));
        assert!(second > first);
        let behind = Epoch::new(Timestamp(50), &FakeEntropy::Constant(1)).later_than(Some(second));
        assert!(behind > second);
    }

    #[test]
    fn a_token_is_told_by_its_jti() {
        let (first, one) = (Incarnation::default(), Incarnation::new(Some(epoch(100, 1)), None));
        let both = Incarnation::new(Some(epoch(100, 1)), Some(epoch(150, 2)));
        let jti = |incarnation: Incarnation| {
            let mut jti = [7; 16];
            incarnation.mark(&mut jti);
            base64url(&jti)
        };
        let cases = [
            (jti(first), 90, first, Standing::Current),
            (jti(first), 90, one, Standing::Ended),
            (jti(first), 100, one, Standing::Ahead),
            (jti(one), 100, one, Standing::Current),
            (jti(one), 120, both, Standing::Ended),
            (jti(both), 160, both, Standing::Current),
            (jti(both), 160, one, Standing::Ahead),
            ("no base64 !".to_owned(), 90, one, Standing::Ended),
        ];
        for (jti, iat, known, expected) in cases {
            assert_eq!(known.standing_of_token(&jti, Timestamp(iat)), expected, "{jti} {known:?}");
        }
        assert_eq!(jti(one).len(), jti(first).len());
    }

    #[test]
    fn what_came_with_keys_is_of_no_use_without() {
        let (with, without) = (Incarnation::default().with_keys(true), Incarnation::default());
        assert_eq!(with.standing(without), Standing::Ended);
        assert_eq!(with.standing(with), Standing::Current);
        assert_eq!(without.standing(with), Standing::Current);
        assert_eq!(with.standing(without.with_keys_of(with)), Standing::Current);
        // Access tokens don't say how their client authenticates.
        assert_eq!((with.tag(), with.is_first(), without.is_first()), (None, false, true));
    }

    #[test]
    fn it_is_left_out_where_there_is_none() {
        let json = serde_json::to_string(&Incarnation::default()).expect("JSON");
        assert_eq!(json, "{}");
        let known = Incarnation::new(Some(epoch(100, 1)), Some(epoch(200, 2)));
        let json = serde_json::to_string(&known).expect("JSON");
        assert_eq!(crate::protocol::codec::json::from_str::<Incarnation>(&json).expect("read"), known);
    }
}
