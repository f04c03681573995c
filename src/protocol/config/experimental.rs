//! `[experimental]`: what follows a draft and may change, or go, with it. All of it is off unless it is declared.

use serde::{Deserialize, Serialize};

/// `[experimental]`: what follows a draft, and may change with it in any release.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ExperimentalConfig {
    /// Transaction tokens for the services of one trust domain (draft-ietf-oauth-transaction-tokens). Unset: there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transaction_tokens: Option<TransactionTokensConfig>,
}

impl ExperimentalConfig {
    /// Whether nothing is switched on, so that the table need not be stored.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// `[experimental.transaction_tokens]`: this server is the transaction token service of one trust domain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TransactionTokensConfig {
    /// The trust domain: the `aud` of all transaction tokens, such as `internal.example.com`.
    pub trust_domain: String,
    /// Lifetime of transaction tokens in seconds; 5 to 300. They never outlive the token they come from.
    #[serde(default = "default_lifetime")]
    #[cfg_attr(feature = "schema", schemars(range(min = 5, max = 300)))]
    pub lifetime: u32,
}

/// A minute: about as long as a call of several services may take.
const fn default_lifetime() -> u32 {
    60
}
