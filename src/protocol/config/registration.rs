//! `[registration]`: which clients may register themselves (RFC 7591). Off unless it is switched on.

use serde::{Deserialize, Serialize};

use crate::protocol::codec::encoding::from_base64url;
use crate::protocol::codec::uri::Uri;
use crate::protocol::model::client::AuthMethod;
use crate::protocol::model::grant_type::GrantType;
use crate::protocol::model::jwk::Alg;
use crate::protocol::model::scope::ScopeSet;
use crate::protocol::model::secret::{Secret, SecretHash};
use crate::protocol::model::time::{DAY, Timestamp};

/// Who may register a client.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum RegistrationMode {
    /// Nobody: there is no registration endpoint, and no client that registered itself works.
    #[default]
    Off,
    /// Whoever has one of the initial access tokens (RFC 7591 §3). Otherwise as if everybody might.
    InitialAccessToken,
    /// Everybody. Nothing is stored: the client's id carries what it registered with.
    Open,
}

/// `[[registration.initial_access_token]]`: what lets its holder register clients.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct InitialAccessTokenConfig {
    /// Whose it is, for you.
    pub name: String,
    /// The SHA-256 of the token in base64url, without padding.
    pub sha256: String,
    /// When it stops working, in seconds since 1970. Unset: when it is taken out of the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<u64>,
}

/// `[registration]`: clients that register themselves, and what they may have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RegistrationConfig {
    /// Who may register a client.
    pub mode: RegistrationMode,
    /// The tokens of those who may register clients, where not everybody may.
    #[serde(rename = "initial_access_token", skip_serializing_if = "Vec::is_empty")]
    pub initial_access_tokens: Vec<InitialAccessTokenConfig>,
    /// The grant types that registered clients may have: `authorization_code`, with or without `refresh_token`.
    pub grant_types: Vec<GrantType>,
    /// The scopes that registered clients may have; one that names none gets all of them.
    pub scopes: ScopeSet,
    /// How registered clients may authenticate, the preferred way first.
    pub token_endpoint_auth_methods: Vec<AuthMethod>,
    /// The hosts that `https` redirect URIs may have: a name, or `*.` and a name for all below it. Empty: any. With it apps may
    /// have the schemes of `private_use_schemes` only.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub redirect_hosts: Vec<String>,
    /// Whether redirect URIs may lead to a program on the person's own computer (`http` on a loopback address, RFC 8252 §7.3).
    pub loopback: bool,
    /// Schemes that redirect URIs may have besides `https` and, unless `redirect_hosts` is set, reversed domain names.
    pub private_use_schemes: Vec<String>,
    /// Whether one redirect URI that can't be had refuses the registration, instead of being left out of it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub strict_redirect_uris: bool,
    /// Whether registered clients that authenticate may leave PKCE out, as `OpenID Connect` permits.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub pkce_optional: bool,
    /// How long a registration works, in seconds; 3600 to 31536000. Clients then register anew.
    #[cfg_attr(feature = "schema", schemars(range(min = 3_600, max = 31_536_000)))]
    pub lifetime: u64,
    /// Seconds since 1970: whoever registered before doesn't work any more. Never set it back, and not into the future.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registered_since: Option<u64>,
    /// Ids of registered clients that don't work.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub denied: Vec<String>,
}

impl Default for RegistrationConfig {
    fn default() -> Self {
        Self {
            mode: RegistrationMode::Off,
            initial_access_tokens: Vec::new(),
            grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
            scopes: ScopeSet::default(),
            token_endpoint_auth_methods: vec![
                AuthMethod::None,
                AuthMethod::ClientSecretBasic,
                AuthMethod::ClientSecretPost,
            ],
            redirect_hosts: Vec::new(),
            loopback: true,
            private_use_schemes: ["cursor", "vscode", "vscode-insiders"].map(str::to_owned).to_vec(),
            strict_redirect_uris: false,
            pkce_optional: false,
            lifetime: 180 * DAY,
            registered_since: None,
            denied: Vec::new(),
        }
    }
}

impl RegistrationConfig {
    /// Whether nothing is set, so that the table need not be stored.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Whether somebody may register a client.
    pub fn is_on(&self) -> bool {
        self.mode != RegistrationMode::Off
    }

    /// Whether whoever shows `token` may register a client at `now`. All tokens are compared, in constant time each.
    pub fn admits(&self, token: Option<&Secret>, now: Timestamp) -> bool {
        let hash = token.map_or_else(SecretHash::of_nothing, Secret::hash);
        let known = self.initial_access_tokens.iter().fold(false, |known, one| {
            let live = one.expires_at.is_none_or(|end| now.0 < end);
            known | (one.hash().is_some_and(|own| own == hash) && live)
        });
        self.mode == RegistrationMode::Open || self.is_on() && token.is_some() && known
    }

    /// Whether a registration of `issued_at` works at `now`.
    pub fn is_live(&self, issued_at: Timestamp, now: Timestamp) -> bool {
        let young = now < issued_at.plus(self.lifetime);
        self.is_on() && young && self.registered_since.is_none_or(|since| since <= issued_at.0)
    }

    /// Whether the client `client_id` was shut out.
    pub fn denies(&self, client_id: &str) -> bool {
        self.denied.iter().any(|denied| denied == client_id)
    }

    /// The algorithms that there have to be keys for: a client that logs people in may choose any.
    pub fn algs(&self) -> &'static [Alg] {
        if self.is_on() && self.scopes.contains("openid") { &Alg::ALL } else { &[] }
    }

    /// What policy has against a redirect URI that is sound otherwise.
    pub fn redirect_objection(&self, uri: &str) -> Option<&'static str> {
        let uri = Uri::split(uri)?;
        match uri.scheme {
            "http" if !self.loopback => {
                Some("not to be had here: it leads to a program on the person's computer")
            }
            "https" if !self.redirect_hosts.is_empty() => {
                let host = uri.host_and_port().map(|(host, _)| host.to_ascii_lowercase()).unwrap_or_default();
                let known = self.redirect_hosts.iter().any(|pattern| is_host(pattern, &host));
                (!known).then_some("not to be had here: this server's operator permits other hosts only")
            }
            // An operator who names hosts names apps, too: anybody can have a reversed domain name as a scheme.
            "https" | "http" => None,
            scheme if !self.redirect_hosts.is_empty() => {
                let known = self.private_use_schemes.iter().any(|known| known == scheme);
                (!known).then_some("not to be had here: this server's operator permits other apps only")
            }
            _ => None,
        }
    }
}

impl InitialAccessTokenConfig {
    /// The hash that a token is compared with; `None` if it is none.
    pub fn hash(&self) -> Option<SecretHash> {
        from_base64url(&self.sha256)?.try_into().ok().map(SecretHash::from_sha256)
    }
}

/// Whether `host` is the one of `pattern`: a name, or `*.` and a name that something stands before.
fn is_host(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix('*') {
        Some(below) => host.strip_suffix(below).is_some_and(|label| !label.is_empty()),
        None => pattern == host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_uri_leads_to_hosts_of_policy() {
        let policy = RegistrationConfig {
            redirect_hosts: vec!["claude.ai".to_owned(), "*.example.com".to_owned()],
            ..RegistrationConfig::default()
        };
        for good in [
            "https://claude.ai/cb",
            "https://Claude.AI:8443/cb",
            "https://a.example.com/",
            "https://a.b.example.com/",
            "http://localhost:1/cb",
            "cursor://x/cb",
        ] {
            assert_eq!(policy.redirect_objection(good), None, "{good}");
        }
        for bad in [
            "https://example.com/",
            "https://evilexample.com/",
            "https://claude.ai.evil.example/",
            "https://evil.example/?claude.ai",
            "https://x.claude.ai/",
            "com.evil.app:/cb",
            "com.evil.app://claude.ai/cb",
        ] {
            assert!(policy.redirect_objection(bad).is_some(), "{bad}");
        }
        let web = RegistrationConfig { loopback: false, ..RegistrationConfig::default() };
        assert!(web.redirect_objection("http://127.0.0.1/cb").is_some());
        assert_eq!(web.redirect_objection("https://anything.example/"), None);
        assert_eq!(web.redirect_objection("com.example.app:/cb"), None);
    }
}
