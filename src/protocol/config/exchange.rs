//! `[client.exchange]`: what a client may do in token exchange (RFC 8693) and delegation, with tokens of others.
//!
//! A client without the table may do nothing beyond its own scopes. `exchange::policy` decides by it.

use serde::{Deserialize, Serialize};

use crate::protocol::model::scope::ScopeSet;

/// A kind of token that a client may be allowed to ask for besides access tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum ExtraTokenType {
    /// A refresh token of its own for the person.
    RefreshToken,
    /// An ID token about the person, for itself.
    IdToken,
    /// A transaction token for the services behind a call, where `[experimental.transaction_tokens]` is declared.
    TxnToken,
}

/// `[client.exchange]`: nothing is allowed unless it is written here.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ExchangeConfig {
    /// The resources it may get tokens for in exchange.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub audiences: Vec<String>,
    /// Scopes it may get although the subject's token lacks them; all of them its own too. Another resource's scopes
    /// always are such.
    #[serde(skip_serializing_if = "ScopeSet::is_empty")]
    pub additional_scopes: ScopeSet,
    /// Clients whose tokens it may exchange although it is in none of their audiences.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub subject_clients: Vec<String>,
    /// Whether only tokens that name it in `may_act` (RFC 8693 §4.4) are accepted.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub require_may_act: bool,
    /// Whether the new token is silent about who acts: no `act` (RFC 8693 §1.1 calls it impersonation).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub impersonation: bool,
    /// What it may ask for besides access tokens.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub token_types: Vec<ExtraTokenType>,
}

impl ExchangeConfig {
    /// Whether every member has its default, so that the table need not be stored.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}
