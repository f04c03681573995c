//! The configuration document: what `mintedge.toml` says, in the shape the admin API takes and gives as JSON.
//!
//! Unknown keys are refused everywhere. [`crate::protocol::validate`] checks what types can't; [`snapshot`] is the compiled form
//! the edges read.

pub mod administrator;
mod ciba;
pub mod claims;
mod client;
mod client_assertion;
pub mod client_document;
mod device;
mod exchange;
mod experimental;
pub mod federation;
mod log;
mod login;
pub mod protected_resource;
pub mod redirect_uri;
pub mod registered_client;
mod registration;
pub mod resource_metadata;
pub mod snapshot;
pub mod theme;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::protocol::model::token_type::AccessTokenTyp;
use serde_json::{Map, Value};

use self::resource_metadata::ResourceMetadataConfig;
use self::theme::Theme;
use crate::protocol::model::jwk::Alg;
use crate::protocol::model::scope::ScopeSet;

pub use administrator::AdministratorConfig;
pub use ciba::{CibaConfig, DeliveryMode};
pub use client::ClientConfig;
pub use client_assertion::{ASSERTION_LIFETIME, AssertionAudience, ClientAssertionConfig};
pub use client_document::ClientDocumentConfig;
pub use device::{DeviceConfig, MAX_DEVICE_LIFETIME};
pub use exchange::{ExchangeConfig, ExtraTokenType};
pub use experimental::{ExperimentalConfig, TransactionTokensConfig};
pub use federation::{RuleConfig, TrustedIssuerConfig};
pub use log::{LogConfig, LoggedPeople, LoggedRequests};
pub use login::{
    CODE_LIFETIME, IdTokenClaims, LoginConfig, RecoveryConfig, RefreshConfig, RefreshMode, SessionsConfig,
    SignUp, SubjectType, UnknownScopes,
};
pub use registration::{InitialAccessTokenConfig, RegistrationConfig, RegistrationMode};

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
    /// Defaults for issued tokens.
    pub tokens: TokensConfig,
    /// How the pages look.
    pub branding: Theme,
    /// How people log in.
    pub login: LoginConfig,
    /// How long people stay logged in.
    pub sessions: SessionsConfig,
    /// Which clients may register themselves.
    #[serde(skip_serializing_if = "RegistrationConfig::is_default")]
    pub registration: RegistrationConfig,
    /// What the log says of people.
    pub log: LogConfig,
    /// Accounts that may have scopes of the server's own admin API.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub administrator: Vec<AdministratorConfig>,
    /// What follows a draft, and may change with it in any release.
    #[serde(skip_serializing_if = "ExperimentalConfig::is_default")]
    pub experimental: ExperimentalConfig,
    /// Protected resources: the APIs that tokens are for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resource: Vec<ResourceConfig>,
    /// Clients: the programs that ask for tokens.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub client: Vec<ClientConfig>,
    /// Clients that may come with a metadata document instead of a registration, and what they may have. None, unless a rule fits.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub client_document: Vec<ClientDocumentConfig>,
    /// Issuers outside whose tokens count here, for what rules say.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub trusted_issuer: Vec<TrustedIssuerConfig>,
    /// What tokens of trusted issuers are good for. Nothing, unless exactly one rule fits.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rule: Vec<RuleConfig>,
}

/// `[keys]`: rotation of signing keys.
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

/// `[tokens]`: defaults for issued tokens.
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
    /// The resource's name on pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The scopes it understands. A scope belongs to one resource.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// What a scope permits, in words for the people who are asked; by scope.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub scope_descriptions: BTreeMap<String, String>,
    /// The scopes that a request gets which names none. Unset: all that the client may have.
    #[serde(default, skip_serializing_if = "ScopeSet::is_empty")]
    pub default_scopes: ScopeSet,
    /// Scopes that a scope includes; by scope. Whoever may have the one may have those, and tokens with the one name them too.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub scope_includes: BTreeMap<String, ScopeSet>,
    /// What it says of itself to clients that look for its authorization server (RFC 9728). Unset: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<ResourceMetadataConfig>,
    /// The algorithm that signs its access tokens.
    #[serde(default)]
    pub signing_alg: Alg,
    /// The `typ` of its access tokens.
    #[serde(default, skip_serializing_if = "AccessTokenTyp::is_default")]
    pub access_token_typ: AccessTokenTyp,
    /// Lifetime of its access tokens in seconds; 30 to 86400.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 30, max = 86_400)))]
    pub access_token_ttl: Option<u32>,
    /// Claims that each access token for it carries.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub claims: Map<String, Value>,
}
