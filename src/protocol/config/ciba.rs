//! `[client.ciba]`: how a client may ask people who aren't at it (`OpenID Connect CIBA Core`), and how careful they have to be with it.

use serde::{Deserialize, Serialize};

use crate::protocol::model::time::{HOUR, MINUTE};

/// How a client learns that somebody has decided (`CIBA` §5). There is no push mode.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum DeliveryMode {
    /// It asks at the token endpoint, again and again.
    #[default]
    Poll,
    /// It is told by a POST, and then asks at the token endpoint.
    Ping,
}

impl DeliveryMode {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Poll, Self::Ping];

    /// Its registered name, as in metadata.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Poll => "poll",
            Self::Ping => "ping",
        }
    }

    /// Whether it is the one of clients that name none.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// `[client.ciba]`: how a client may ask people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CibaConfig {
    /// How long a person has for an answer, in seconds; 60 to 1800. `requested_expiry` makes it shorter, not longer.
    #[cfg_attr(feature = "schema", schemars(range(min = 60, max = 1800)))]
    pub lifetime: u64,
    /// How old the login of somebody who approves may be, in seconds; 0 to 2592000. Who has an older one types the password again.
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = 2_592_000)))]
    pub max_age: u64,
    /// Whether it is told that nobody has an identifier. Without, it gets the same answer as for somebody who doesn't react.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub reveal_unknown_users: bool,
    /// Most requests of it within an hour, over all people; 1 to 1000000.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 1_000_000)))]
    pub hourly_limit: u32,
}

impl Default for CibaConfig {
    fn default() -> Self {
        Self { lifetime: 10 * MINUTE, max_age: HOUR, reveal_unknown_users: false, hourly_limit: 1000 }
    }
}

impl CibaConfig {
    /// Whether every member has its default, so that the table need not be stored.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}
