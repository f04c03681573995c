//! The identifiers of token types (RFC 8693 §3), and the `typ` header of access tokens (RFC 9068 §2.1).
//!
//! Token exchange reads the first, issuing the second.

use serde::{Deserialize, Serialize};

/// A kind of token, as parameters and answers name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenType {
    /// An access token of this server, or of an issuer that a rule names.
    AccessToken,
    /// A JWT of any kind.
    Jwt,
    /// An ID token (`OpenID Connect Core` §2).
    IdToken,
    /// A refresh token that this server issued.
    RefreshToken,
    /// A transaction token (draft-ietf-oauth-transaction-tokens).
    TxnToken,
}

impl TokenType {
    const ALL: [Self; 5] = [Self::AccessToken, Self::Jwt, Self::IdToken, Self::RefreshToken, Self::TxnToken];

    /// The type's identifier, a URN (RFC 8693 §3).
    pub const fn uri(self) -> &'static str {
        match self {
            Self::AccessToken => "urn:ietf:params:oauth:token-type:access_token",
            Self::Jwt => "urn:ietf:params:oauth:token-type:jwt",
            Self::IdToken => "urn:ietf:params:oauth:token-type:id_token",
            Self::RefreshToken => "urn:ietf:params:oauth:token-type:refresh_token",
            Self::TxnToken => "urn:ietf:params:oauth:token-type:txn_token",
        }
    }

    /// The type that the identifier `uri` names.
    pub fn parse(uri: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.uri() == uri)
    }
}

/// The `typ` of an access token's header.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum AccessTokenTyp {
    /// RFC 9068 §2.1: nobody takes it for another kind of token.
    #[default]
    #[serde(rename = "at+jwt")]
    AtJwt,
    /// `JWT`, for verifiers that refuse `at+jwt`.
    #[serde(rename = "JWT")]
    Jwt,
}

impl AccessTokenTyp {
    /// Whether the value is the default, which need not be stored.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}
