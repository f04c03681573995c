//! Rotation of a refresh family: which generation of its token yields what.
//!
//! A token of generation *n* is made from the family's seed and *n* alone. So every generation has exactly one
//! successor, retries and races all get that one, and every old token is recognized for ever at no storage.

use serde::{Deserialize, Serialize};

use crate::protocol::config::{RefreshConfig, RefreshMode};
use crate::protocol::model::secret::SecretBytes;
use crate::protocol::model::time::Timestamp;

/// The stored state of a refresh family, besides its grant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Family {
    /// The seed that every generation's secret is derived from.
    pub seed: SecretBytes,
    /// The newest generation that was handed out. Its predecessor was presented, it itself was not yet.
    pub head: u32,
    /// When the newest generation was handed out first, which is when its predecessor was presented first.
    pub head_since: Timestamp,
    /// What the predecessor was presented with, so that a retry can be told from another request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// Whether the head itself was presented: in the modes that keep a token that doesn't move the family on.
    #[serde(default)]
    pub head_used: bool,
    /// When the family was last used; the idle lifetime counts from here.
    pub used_at: Timestamp,
}

/// The client's rules for refresh tokens as they are now.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Policy {
    /// The client's `[client.refresh]` configuration.
    pub refresh: RefreshConfig,
    /// Whether its tokens are bound to it by more than possession: it authenticates.
    pub bound: bool,
}

impl Policy {
    fn mode(&self) -> RefreshMode {
        if self.bound { self.refresh.mode } else { RefreshMode::Rotate }
    }

    fn recovers(&self) -> bool {
        use crate::protocol::config::{RecoveryConfig::Auto, RecoveryConfig::Off, RecoveryConfig::On};
        match self.refresh.recovery {
            On => true,
            Auto => self.bound,
            Off => false,
        }
    }
}

/// What presenting a refresh token yields.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum RotationOutcome {
    /// The family moved on: store it, and hand out this generation.
    Rotated(Family),
    /// The family has moved on already: this generation is handed out again, and nothing is stored.
    Repeated(u32),
    /// The presented token stays: hand it out again. Store the family if it changed.
    Kept(Option<Family>),
    /// A retry that asks for something else: refused, nothing happens.
    OtherRequest,
    /// The token was replaced long ago: somebody has an old copy. `distance` generations lie in between.
    Reused {
        /// How many generations the token is behind the newest one.
        distance: u32,
    },
    /// The family was not used for longer than its idle lifetime.
    Idle,
    /// The token names a generation that was never handed out.
    Unknown,
}

/// Presents generation `presented` of `family`, its secret already checked, with what fingerprints the `request`.
pub fn rotate(
    family: &Family,
    presented: u32,
    request: &str,
    policy: &Policy,
    now: Timestamp,
) -> RotationOutcome {
    if presented > family.head {
        return RotationOutcome::Unknown;
    }
    let distance = family.head - presented;
    if distance > 1 {
        return RotationOutcome::Reused { distance };
    }
    if now.since(family.used_at) >= policy.refresh.idle {
        return RotationOutcome::Idle;
    }
    if distance == 0 {
        present_head(family, request, policy, now)
    } else {
        retry(family, request, policy, now)
    }
}

fn present_head(family: &Family, request: &str, policy: &Policy, now: Timestamp) -> RotationOutcome {
    let age = now.since(family.head_since);
    let keeps = match policy.mode() {
        RefreshMode::Rotate => false,
        RefreshMode::Reuse => true,
        RefreshMode::RotateLate => age * 10 < policy.refresh.idle * 7,
    };
    let Some(next) = family.head.checked_add(1).filter(|_| !keeps) else {
        // The idle lifetime has to slide, but not at the price of a write for every use.
        let due = now.since(family.used_at) * 10 >= policy.refresh.idle;
        let changed = due || !family.head_used;
        return RotationOutcome::Kept(changed.then(|| Family {
            used_at: now,
            head_used: true,
            ..family.clone()
        }));
    };
    RotationOutcome::Rotated(Family {
        seed: family.seed.clone(),
        head: next,
        head_since: now,
        request: Some(request.to_owned()),
        head_used: false,
        used_at: now,
    })
}

/// The predecessor of the head comes again: a tab beside, or an answer that was lost on its way.
fn retry(family: &Family, request: &str, policy: &Policy, now: Timestamp) -> RotationOutcome {
    let age = now.since(family.head_since);
    let in_window = age <= policy.refresh.retry_window && policy.refresh.retry_window > 0;
    let recovers = policy.recovers() && !family.head_used && age <= policy.refresh.recovery_max;
    if !in_window && !recovers {
        return RotationOutcome::Reused { distance: 1 };
    }
    if family.request.as_deref() != Some(request) {
        return RotationOutcome::OtherRequest;
    }
    RotationOutcome::Repeated(family.head)
}
