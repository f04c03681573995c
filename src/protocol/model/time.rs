//! Points in time and lifetimes, both in whole seconds. There is no `now` here: a request reads the clock once, at its beginning.

use serde::{Deserialize, Serialize};

/// Seconds since the Unix epoch (`NumericDate` of RFC 7519 §2, without fractions).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// The moment `seconds` after this one; the latest there is where that would overflow.
    #[must_use]
    pub const fn plus(self, seconds: u64) -> Self {
        Self(self.0.saturating_add(seconds))
    }

    /// Seconds from `earlier` to this moment; 0 if `earlier` is later.
    pub const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// The length of a minute, in seconds.
pub const MINUTE: u64 = 60;
/// The length of an hour, in seconds.
pub const HOUR: u64 = 60 * MINUTE;
/// The length of a day, in seconds.
pub const DAY: u64 = 24 * HOUR;
