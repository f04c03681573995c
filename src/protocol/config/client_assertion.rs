//! `[client.client_assertion]`: how exact the JWTs have to be with which a client authenticates by its own key (`private_key_jwt`,
//! RFC 7523 §3). `client_auth` judges by it.

use serde::{Deserialize, Serialize};

use crate::protocol::model::time::HOUR;

/// The bounds of [`ClientAssertionConfig::max_lifetime`], in seconds. What is remembered of used assertions is bounded by it.
pub const ASSERTION_LIFETIME: std::ops::RangeInclusive<u64> = 30..=HOUR;

/// Which `aud` an assertion may have. Each form means this server alone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum AssertionAudience {
    /// The issuer, as text or as the only member of a list.
    #[default]
    Issuer,
    /// The issuer as text and in no list, as FAPI 2.0 has it (§5.3.2.1).
    IssuerString,
    /// The token endpoint's URL too, and both of them in a list: for libraries from before RFC 7523 was revised.
    TokenEndpoint,
}

/// `[client.client_assertion]`: which assertions of the client are accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ClientAssertionConfig {
    /// What their `aud` may be.
    pub audience: AssertionAudience,
    /// Whether each counts once, by its `jti`. Without, nothing is stored, and one that leaks is good until it ends.
    pub one_time: bool,
    /// How far ahead their `exp` may be, and how long after `iat`, in seconds; 30 to 3600.
    #[cfg_attr(feature = "schema", schemars(range(min = 30, max = 3600)))]
    pub max_lifetime: u64,
}

impl Default for ClientAssertionConfig {
    fn default() -> Self {
        Self { audience: AssertionAudience::default(), one_time: true, max_lifetime: HOUR }
    }
}

impl ClientAssertionConfig {
    /// Whether every member has its default, so that the table need not be stored.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}
