//! `[[client]]`: the declaration of a client (RFC 6749 §2), with the members of RFC 7591 §2 where there are some.
//!
//! The configuration document and the admin API share it. What the server adds to it (secrets, times, its incarnation) is in
//! `registered_client`; what types can't say of it is checked by `validate`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::ciba::{CibaConfig, DeliveryMode};
use super::client_assertion::ClientAssertionConfig;
use super::device::DeviceConfig;
use super::exchange::{ExchangeConfig, ExtraTokenType};
use super::login::{IdTokenClaims, RefreshConfig, SubjectType, UnknownScopes};
use crate::protocol::model::client::AuthMethod;
use crate::protocol::model::grant_type::GrantType;
use crate::protocol::model::jwk::Alg;
use crate::protocol::model::scope::ScopeSet;
use crate::protocol::model::signature_alg::SignatureAlg;

/// `[[client]]`: the members carry the names of RFC 7591 §2 where it has one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[expect(clippy::struct_excessive_bools, reason = "one per key of the file")]
pub struct ClientConfig {
    /// Its identifier, of your choice.
    pub client_id: String,
    /// Its name on pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_name: Option<String>,
    /// The grant types it may use.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub grant_types: Vec<GrantType>,
    /// Every scope it may request.
    #[serde(default, skip_serializing_if = "ScopeSet::is_empty")]
    pub scopes: ScopeSet,
    /// The scopes that its requests get which name none. Unset: what the resources say.
    #[serde(default, skip_serializing_if = "ScopeSet::is_empty")]
    pub default_scopes: ScopeSet,
    /// How it authenticates; exactly this way. Unset: with its secret, as HTTP Basic or in the body, one of them a request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_endpoint_auth_method: Option<AuthMethod>,
    /// The one algorithm that it signs its assertions with (`private_key_jwt`); any that fits its keys if unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_endpoint_auth_signing_alg: Option<SignatureAlg>,
    /// Its public keys (RFC 7517 §5), for `private_key_jwt`. In the file, `jwks_file` names a file that has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks: Option<Map<String, Value>>,
    /// Where its public keys are, instead of `jwks`: fetched, and again when a key isn't known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<String>,
    /// Which assertions it authenticates with (`private_key_jwt`).
    #[serde(default, skip_serializing_if = "ClientAssertionConfig::is_default")]
    pub client_assertion: ClientAssertionConfig,
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
    /// Where it may have people sent back to; compared exactly. On a loopback address the port may differ
    /// (RFC 8252 §7.3), and on `localhost`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub redirect_uris: Vec<String>,
    /// Where people may be sent after they signed out (`RP-Initiated Logout` §3.1).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub post_logout_redirect_uris: Vec<String>,
    /// Whether it may leave PKCE out: for confidential `OpenID Connect` clients that can't do it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pkce_optional: bool,
    /// Whether it has to push its authorization requests (RFC 9126 §6).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub require_pushed_authorization_requests: bool,
    /// Whether it is the operator's own: people are not asked for consent, except by a public client whose redirect URI isn't
    /// https (RFC 8252 §8.6).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub first_party: bool,
    /// What its ID tokens are signed with; RS256 if unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_token_signed_response_alg: Option<Alg>,
    /// What asking for a scope that nobody knows comes to, where a person logs in.
    #[serde(default, skip_serializing_if = "UnknownScopes::is_default")]
    pub unknown_scopes: UnknownScopes,
    /// Which claims about the person its ID tokens have.
    #[serde(default, skip_serializing_if = "IdTokenClaims::is_default")]
    pub id_token_claims: IdTokenClaims,
    /// Has `/userinfo` answer it with a JWT signed like this, instead of JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub userinfo_signed_response_alg: Option<Alg>,
    /// Has `/introspect` answer it with a JWT signed like this (RFC 9701), whatever it accepts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub introspection_signed_response_alg: Option<Alg>,
    /// Whether it sees people under names of its own.
    #[serde(default, skip_serializing_if = "SubjectType::is_public")]
    pub subject_type: SubjectType,
    /// Host that stands for it and others of the same operator, which see people under the same pairwise names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sector_identifier: Option<String>,
    /// The apps of one vendor that it shares a login with on one device (`OpenID Connect Native SSO`): those of the same name. Unset:
    /// with none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub native_sso: Option<String>,
    /// How its refresh tokens live and rotate.
    #[serde(default, skip_serializing_if = "RefreshConfig::is_default")]
    pub refresh: RefreshConfig,
    /// Is told of every sign-out by a POST (`Back-Channel Logout` §2.2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backchannel_logout_uri: Option<String>,
    /// Is told of a sign-out through the browser (`Front-Channel Logout` §2). On the scheme, host and port of a redirect URI.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frontchannel_logout_uri: Option<String>,
    /// The resources it serves: it may introspect tokens for these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub serves: Vec<String>,
    /// How its devices are connected to an account (RFC 8628).
    #[serde(default, skip_serializing_if = "DeviceConfig::is_default")]
    pub device: DeviceConfig,
    /// How it learns that somebody has decided what it asked through the backchannel (`CIBA` §4).
    #[serde(default, skip_serializing_if = "DeliveryMode::is_default")]
    pub backchannel_token_delivery_mode: DeliveryMode,
    /// Is told by a POST that somebody has decided, in ping mode (`CIBA` §4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backchannel_client_notification_endpoint: Option<String>,
    /// Whether it has to send the code that a person has set for requests (`user_code`, `CIBA` §4). Whoever has set none can't be
    /// asked by it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub backchannel_user_code_parameter: bool,
    /// How it may ask people through the backchannel (`CIBA`).
    #[serde(default, skip_serializing_if = "CibaConfig::is_default")]
    pub ciba: CibaConfig,
    /// What it may make of other parties' tokens (RFC 8693).
    #[serde(default, skip_serializing_if = "ExchangeConfig::is_default")]
    pub exchange: ExchangeConfig,
    /// The one client that may act with its access tokens (`may_act`, RFC 8693 §4.4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub may_act: Option<String>,
    /// URI of its logo, for pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logo_uri: Option<String>,
    /// URI of its home page, for pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_uri: Option<String>,
    /// URI of its privacy policy, for pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_uri: Option<String>,
    /// URI of its terms of service, for pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tos_uri: Option<String>,
}

impl ClientConfig {
    /// Whether the client may authenticate with `method`.
    pub fn accepts(&self, method: AuthMethod) -> bool {
        self.token_endpoint_auth_method.map_or(method.has_secret(), |only| only == method)
    }

    /// Whether it authenticates with a secret of its own.
    pub fn has_secret(&self) -> bool {
        self.token_endpoint_auth_method.is_none_or(AuthMethod::has_secret)
    }

    /// Whether the client is public (RFC 6749 §2.1), that is, doesn't authenticate.
    pub fn is_public(&self) -> bool {
        self.token_endpoint_auth_method == Some(AuthMethod::None)
    }

    /// Whether the client may sign people on with the device secret of another app (`Native SSO` §4).
    pub fn signs_on_natively(&self) -> bool {
        self.native_sso.is_some() && self.grant_types.contains(&GrantType::TokenExchange)
    }

    /// The algorithm that the client's ID tokens are signed with.
    pub fn id_token_alg(&self) -> Alg {
        self.id_token_signed_response_alg.unwrap_or(Alg::Rs256)
    }

    /// The algorithms it needs keys for, besides those of resources.
    pub fn algs(&self) -> impl Iterator<Item = Alg> {
        let exchanges = self.exchange.token_types.contains(&ExtraTokenType::IdToken);
        let grants =
            [GrantType::AuthorizationCode, GrantType::Ciba, GrantType::DeviceCode, GrantType::Password];
        let logs_in = grants.iter().any(|grant| self.grant_types.contains(grant)) || self.signs_on_natively();
        let is_told = self.scopes.contains("openid") || self.backchannel_logout_uri.is_some();
        let id_token = (logs_in && is_told || exchanges).then(|| self.id_token_alg());
        id_token
            .into_iter()
            .chain(self.userinfo_signed_response_alg)
            .chain(self.introspection_signed_response_alg)
    }
}
