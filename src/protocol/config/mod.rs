//! The configuration document: what `mintedge.toml` says, in the shape the admin API takes and gives as JSON.
//!
//! Unknown keys are refused everywhere. [`validate`] checks what types can't; [`snapshot`] is the compiled form
//! the edges read.

pub mod claims;
pub mod snapshot;
pub mod validate;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::client::AuthMethod;
use super::grants::GrantType;
use super::jwk::Alg;

/// The whole document. All of it is optional; an empty one is a server without resources and clients.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Config {
    /// The issuer this file is meant for; `apply` refuses to change another one. The server's own issuer is
    /// its `ISSUER` variable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// How signing keys rotate.
    pub keys: KeysConfig,
    /// Defaults for tokens.
    pub tokens: TokensConfig,
    /// Protected resources: the APIs that tokens are for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resource: Vec<ResourceConfig>,
    /// Clients: the programs that ask for tokens.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub client: Vec<ClientConfig>,
}

/// `[keys]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct KeysConfig {
    /// Days a signing key is used before its successor takes over; 7 to 3650.
    #[cfg_attr(feature = "schema", schemars(range(min = 7, max = 3650)))]
    pub rotate_every_days: u32,
}

impl Default for KeysConfig {
    fn default() -> Self {
        Self { rotate_every_days: 90 }
    }
}

/// `[tokens]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TokensConfig {
    /// Lifetime of access tokens in seconds, where a resource sets no other; 30 to 86400.
    #[cfg_attr(feature = "schema", schemars(range(min = 30, max = 86_400)))]
    pub access_token_ttl: u32,
}

impl Default for TokensConfig {
    fn default() -> Self {
        Self { access_token_ttl: 300 }
    }
}

/// `[[resource]]`: one API (RFC 8707 calls it a protected resource).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ResourceConfig {
    /// Its identifier, the `aud` of its tokens. An absolute URI, if clients are to name it with `resource`.
    pub identifier: String,
    /// A name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The scopes it understands. A scope belongs to one resource.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// What its tokens are signed with.
    #[serde(default)]
    pub signing_alg: Alg,
    /// Lifetime of its access tokens in seconds; 30 to 86400.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 30, max = 86_400)))]
    pub access_token_ttl: Option<u32>,
    /// Claims that each access token for it carries.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub claims: Map<String, Value>,
}

/// `[[client]]`: the members carry the names of RFC 7591 §2 where it has one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ClientConfig {
    /// Its identifier, of your choice.
    pub client_id: String,
    /// A name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_name: Option<String>,
    /// The grants it may use.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub grant_types: Vec<GrantType>,
    /// The most it can ever ask for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// How it authenticates; exactly this way.
    #[serde(default)]
    pub token_endpoint_auth_method: AuthMethod,
    /// Lifetime of its access tokens in seconds; the shorter of this and the resource's counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 30, max = 86_400)))]
    pub access_token_ttl: Option<u32>,
    /// Claims that each of its access tokens carries; they win over a resource's of the same name.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub claims: Map<String, Value>,
    /// Web origins whose scripts may read the token endpoint's answers, such as `https://app.example.com`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed_origins: Vec<String>,
    /// Whether it is switched off.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub disabled: bool,
}
