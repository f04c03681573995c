//! The life of a signing key: when it is published, signs, only verifies, and is gone. Its state is a function of its schedule
//! and the time, so nothing has to be switched. `state::keys` makes schedules; the Control object, `/jwks` and the keyring read
//! them.

use serde::{Deserialize, Serialize};

use super::kek::StoredPrivate;
use crate::protocol::model::jwk::{Alg, PublicJwk};
use crate::protocol::model::time::{DAY, HOUR, Timestamp};

/// How long a key is published before it signs, in seconds: a day.
pub const ANNOUNCE: u64 = DAY;
/// How long a key stays published after it has stopped signing, in seconds: as long as the longest access token, and an hour.
pub const KEEP: u64 = MAX_TOKEN_LIFETIME + HOUR;
/// The longest lifetime of an access token, in seconds.
pub const MAX_TOKEN_LIFETIME: u64 = DAY;

/// When a key is made, used and gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Schedule {
    /// Published from here on.
    pub created_at: Timestamp,
    /// Signs from here on.
    pub active_from: Timestamp,
    /// Signs no longer from here on; unset while there is no successor.
    pub retire_from: Option<Timestamp>,
    /// Published no longer from here on.
    pub gone_at: Option<Timestamp>,
}

/// Where in its life a key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum KeyState {
    /// Published, not yet used.
    Next,
    /// Signs.
    Active,
    /// Verifies only.
    Retiring,
    /// Unknown to verifiers.
    Gone,
}

impl Schedule {
    /// The state at `now`.
    pub fn state(&self, now: Timestamp) -> KeyState {
        if self.gone_at.is_some_and(|at| at <= now) {
            KeyState::Gone
        } else if self.retire_from.is_some_and(|at| at <= now) {
            KeyState::Retiring
        } else if self.active_from <= now {
            KeyState::Active
        } else {
            KeyState::Next
        }
    }

    pub(crate) fn retire(&mut self, at: Timestamp) {
        self.retire_from = Some(at);
        self.gone_at = Some(at.plus(KEEP));
    }
}

/// The public side of a key and its schedule: what `/jwks` and the snapshot show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicKey {
    /// The key's id: its RFC 7638 thumbprint.
    pub kid: String,
    /// The algorithm that the key signs with.
    pub alg: Alg,
    /// The public key as a JWK.
    pub jwk: PublicJwk,
    /// When the key is published, signs and is gone.
    #[serde(flatten)]
    pub schedule: Schedule,
}

/// A key as the Control object stores it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StoredKey {
    /// The public side and the schedule.
    #[serde(flatten)]
    pub public: PublicKey,
    /// The private side, wrapped if the deployment has a key encryption key.
    pub private: StoredPrivate,
}

/// The key that signs with `alg` at `now`: the youngest if several are active.
pub fn active<'a>(
    keys: impl IntoIterator<Item = &'a PublicKey>,
    alg: Alg,
    now: Timestamp,
) -> Option<&'a PublicKey> {
    keys.into_iter()
        .filter(|key| key.alg == alg && key.schedule.state(now) == KeyState::Active)
        .max_by_key(|key| key.schedule.active_from)
}

/// The key that an edge signs with: the active one, or else the one that starts next. The Control object's clock may be ahead of
/// the edge's, so that a new key has not started here yet; if it is the only one, there is no reason to wait.
pub fn signer<'a>(
    keys: impl IntoIterator<Item = &'a PublicKey> + Clone,
    alg: Alg,
    now: Timestamp,
) -> Option<&'a PublicKey> {
    let upcoming =
        keys.clone().into_iter().filter(|key| key.alg == alg && key.schedule.state(now) == KeyState::Next);
    active(keys, alg, now).or_else(|| upcoming.min_by_key(|key| key.schedule.active_from))
}
