//! The identifiers of token types (RFC 8693 §3).

use serde::{Deserialize, Serialize};

/// A kind of token, as parameters and answers name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenType {
    /// An access token of this server, or of an issuer that a rule names.
    AccessToken,
    /// A JWT, whatever else it is.
    Jwt,
    /// An ID token.
    IdToken,
    /// A refresh token of this server.
    RefreshToken,
}

impl TokenType {
    const ALL: [Self; 4] = [Self::AccessToken, Self::Jwt, Self::IdToken, Self::RefreshToken];

    /// The identifier.
    pub const fn uri(self) -> &'static str {
        match self {
            Self::AccessToken => "urn:ietf:params:oauth:token-type:access_token",
            Self::Jwt => "urn:ietf:params:oauth:token-type:jwt",
            Self::IdToken => "urn:ietf:params:oauth:token-type:id_token",
            Self::RefreshToken => "urn:ietf:params:oauth:token-type:refresh_token",
        }
    }

    /// The kind that `uri` identifies.
    pub fn parse(uri: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.uri() == uri)
    }
}

/// What an access token calls itself in its header.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum AccessTokenTyp {
    /// RFC 9068 §2.1: nobody takes it for another kind of token.
    #[default]
    #[serde(rename = "at+jwt")]
    AtJwt,
    /// For verifiers that refuse the other.
    #[serde(rename = "JWT")]
    Jwt,
}

impl AccessTokenTyp {
    /// Whether it is the default.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}
