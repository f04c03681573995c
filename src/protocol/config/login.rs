//! `[login]`, `[sessions]` and `[client.refresh]`: how people log in, how long they stay logged in, and how long clients keep
//! what they were granted.
//!
//! Declarations and their defaults only: `validate::login` checks them; the authorization endpoint, `login` and
//! `state::refresh` act by them.

use serde::{Deserialize, Serialize};

use crate::protocol::model::time::{DAY, HOUR, MINUTE};

/// Who may make an account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum SignUp {
    /// Only administrators may.
    #[default]
    Closed,
    /// Those whom an administrator invited may.
    Invitation,
    /// Everybody may.
    Open,
}

impl SignUp {
    /// Whether everybody may make an account.
    pub fn is_open(self) -> bool {
        self == Self::Open
    }
}

/// `[login]`: how people log in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LoginConfig {
    /// Whether people log in with passwords.
    pub password: bool,
    /// Who may make an account.
    pub sign_up: SignUp,
    /// Whether every client has to push its authorization requests (RFC 9126 §5).
    pub require_pushed_authorization_requests: bool,
    /// Attempts to sign in or up from one address (IPv6: one /64; twice as many from one /56, four times from one /48) in a quarter
    /// of an hour, on browsers that are new; 10 to 100000. Raise it where many people share an address.
    #[cfg_attr(feature = "schema", schemars(range(min = 10, max = 100_000)))]
    pub attempts_per_address: u32,
    /// Schemes that clients' redirect URIs may have besides `https` and reversed domain names, such as `cursor`. Whoever
    /// installs another app with the same one gets its codes, which is why they have to be named.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub private_use_schemes: Vec<String>,
    /// Whether administrators may sign in to the `mintedge` command with a browser on another device (`mintedge login --device`).
    pub administrators_by_device: bool,
}

impl Default for LoginConfig {
    fn default() -> Self {
        Self {
            password: true,
            sign_up: SignUp::Closed,
            require_pushed_authorization_requests: false,
            attempts_per_address: 100,
            private_use_schemes: Vec::new(),
            administrators_by_device: true,
        }
    }
}

/// `[sessions]`: how long people stay logged in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SessionsConfig {
    /// Seconds without use after which a session ends; 300 to 31536000.
    #[cfg_attr(feature = "schema", schemars(range(min = 300, max = 31_536_000)))]
    pub idle: u64,
    /// Seconds after which it ends however much it is used; 300 to 31536000.
    #[cfg_attr(feature = "schema", schemars(range(min = 300, max = 31_536_000)))]
    pub absolute: u64,
}

impl Default for SessionsConfig {
    fn default() -> Self {
        Self { idle: 3 * DAY, absolute: 30 * DAY }
    }
}

/// Whether clients see people under the same name (`OpenID Connect Core` §8).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum SubjectType {
    /// The same `sub` at every client.
    #[default]
    Public,
    /// Another `sub` in every sector.
    Pairwise,
}

impl SubjectType {
    /// Whether the type is [`SubjectType::Public`], the default.
    pub fn is_public(&self) -> bool {
        *self == Self::Public
    }
}

/// Which claims about a person an ID token has; `/userinfo` has all of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum IdTokenClaims {
    /// Those that its scopes ask for, as most clients expect.
    #[default]
    Scopes,
    /// Those that are asked for by name, with `claims` (`OpenID Connect Core` §5.4 and §5.5).
    Minimal,
}

impl IdTokenClaims {
    /// Whether the value is the default, which need not be stored.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// What a request for a scope that nobody knows comes to, where a person logs in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum UnknownScopes {
    /// `invalid_scope`: a misspelt scope is found at once.
    #[default]
    Refuse,
    /// The scope is left out, and `scope` in the answer shows it (RFC 6749 §3.3).
    Drop,
}

impl UnknownScopes {
    /// Whether the value is the default, which need not be stored.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// When a refresh token gives way to its successor.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum RefreshMode {
    /// At every use.
    #[default]
    Rotate,
    /// Never; for clients that authenticate.
    Reuse,
    /// Once 70 % of its idle lifetime are over; for clients that authenticate.
    RotateLate,
}

/// Whether a lost answer can be asked for again after the retry window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum RecoveryConfig {
    /// On for clients that authenticate.
    #[default]
    Auto,
    /// On for this client.
    On,
    /// Off for this client.
    Off,
}

/// `[client.refresh]`: all times in seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RefreshConfig {
    /// When a token gives way to its successor.
    pub mode: RefreshMode,
    /// How long after its first use a token still yields the same successor; 0 to 300.
    #[cfg_attr(feature = "schema", schemars(range(max = 300)))]
    pub retry_window: u64,
    /// Whether a token yields the same successor even later, as long as that was never used.
    pub recovery: RecoveryConfig,
    /// How long after its first use at most; 0 to 604800.
    #[cfg_attr(feature = "schema", schemars(range(max = 604_800)))]
    pub recovery_max: u64,
    /// Seconds without use after which the grant ends; 60 to 31536000.
    #[cfg_attr(feature = "schema", schemars(range(min = 60, max = 31_536_000)))]
    pub idle: u64,
    /// Seconds after which it ends however much it is used; 60 to 63072000.
    #[cfg_attr(feature = "schema", schemars(range(min = 60, max = 63_072_000)))]
    pub absolute: u64,
    /// Most live grants one person may have for the client; the oldest gives way; 1 to 100.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 100)))]
    pub max_grants: u32,
}

impl RefreshConfig {
    /// Whether every member has its default, so that the table need not be stored.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl Default for RefreshConfig {
    fn default() -> Self {
        Self {
            mode: RefreshMode::Rotate,
            retry_window: 30,
            recovery: RecoveryConfig::Auto,
            recovery_max: HOUR,
            idle: 30 * DAY,
            absolute: 365 * DAY,
            max_grants: 20,
        }
    }
}

/// How long an authorization code lives, in seconds: the certification profiles allow 60 at most.
pub const CODE_LIFETIME: u64 = MINUTE;
