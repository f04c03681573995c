//! The compiled configuration that edges read: one document per issuer, published to KV by the Control object.
//!
//! Defaults are filled in and built-in resources added, so that no request has to. A snapshot may be 60 s old; clients are
//! stored beside it, one by one. `server` reads it, and every endpoint decides by it.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::administrator::{Administrator, administrators};
use super::resource_metadata::ResourceMetadataConfig;
use super::theme::Theme;
use super::{
    ClientDocumentConfig, Config, LogConfig, LoginConfig, RegistrationConfig, RuleConfig, SessionsConfig,
    TransactionTokensConfig, TrustedIssuerConfig,
};
use crate::protocol::codec::uri::Uri;
use crate::protocol::keys::schedule::PublicKey;
use crate::protocol::model::grant_type::GrantType;
use crate::protocol::model::incarnation::Epoch;
use crate::protocol::model::issuer::Issuer;
use crate::protocol::model::jwk::Alg;
use crate::protocol::model::scope::{ADMIN_READ, ADMIN_SCOPES, ScopeSet, is_of_admin};
use crate::protocol::model::token_type::AccessTokenTyp;
use crate::protocol::model::user_id::UserId;

/// Layout version; an edge that reads another one asks the Control object instead.
pub const LAYOUT: u32 = 2;

/// A protected resource (RFC 8707) with every default filled in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resource {
    /// The resource's identifier, the `aud` of its tokens.
    pub identifier: String,
    /// The resource's name on pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The scopes that the resource understands.
    pub scopes: ScopeSet,
    /// What a scope permits, in words for people; by scope.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub scope_descriptions: BTreeMap<String, String>,
    /// The scopes that a request gets which names none; empty if that is all that the client may have.
    #[serde(default, skip_serializing_if = "ScopeSet::is_empty")]
    pub default_scopes: ScopeSet,
    /// Scopes that a scope includes, as they are declared; by scope.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub scope_includes: BTreeMap<String, ScopeSet>,
    /// What it publishes of itself (RFC 9728); unset if nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<ResourceMetadataConfig>,
    /// The algorithm that signs its access tokens.
    pub signing_alg: Alg,
    /// Lifetime of its access tokens, in seconds.
    pub access_token_ttl: u32,
    /// The `typ` of its access tokens.
    #[serde(default, skip_serializing_if = "AccessTokenTyp::is_default")]
    pub access_token_typ: AccessTokenTyp,
    /// Custom claims that each of its access tokens carries.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub claims: Map<String, Value>,
}

impl Resource {
    /// The algorithm and `typ` of its access tokens.
    pub fn format(&self) -> TokenFormat {
        TokenFormat { alg: self.signing_alg, typ: self.access_token_typ }
    }
}

/// How an access token is signed and called: resources that differ in it can't share one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenFormat {
    /// The algorithm that signs the token.
    pub alg: Alg,
    /// The `typ` in the token's header.
    pub typ: AccessTokenTyp,
}

/// Everything an edge needs besides clients and private keys. May be up to 60 s old when it is used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The version of this layout: [`LAYOUT`] in what this release writes.
    pub layout: u32,
    /// The number of the configuration, which rises each time one is applied.
    pub config_version: u64,
    /// Rises with every change of the keys; an edge with another keyring fetches the new one.
    pub keys_version: u64,
    /// The resources, the server's own admin API included.
    pub resources: Vec<Resource>,
    /// Lifetime of access tokens that are for no resource but the server itself, in seconds.
    pub access_token_ttl: u32,
    /// How the pages look.
    #[serde(default)]
    pub branding: Theme,
    /// How people log in.
    #[serde(default)]
    pub login: LoginConfig,
    /// How long people stay logged in.
    #[serde(default)]
    pub sessions: SessionsConfig,
    /// Which clients may register themselves.
    #[serde(default, skip_serializing_if = "RegistrationConfig::is_default")]
    pub registration: RegistrationConfig,
    /// What the log says of people.
    #[serde(default)]
    pub log: LogConfig,
    /// Grants that are advertised only because a client is registered for them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub special_grants: Vec<GrantType>,
    /// What transaction tokens are like, if there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transaction_tokens: Option<TransactionTokensConfig>,
    /// Whether some client shares a login with others (`OpenID Connect Native SSO`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub native_sso: bool,
    /// Every client's allowed origins, for preflight requests, which name no client.
    pub origins: BTreeSet<String>,
    /// The issuers outside whose tokens count here (RFC 7523, RFC 8693).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trusted_issuers: Vec<TrustedIssuerConfig>,
    /// The rules that say what tokens of trusted issuers are good for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<RuleConfig>,
    /// The rules that say which clients may come with a metadata document.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub client_documents: Vec<ClientDocumentConfig>,
    /// The accounts that may have scopes of the admin API.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub administrators: Vec<Administrator>,
    /// The epoch of all clients: when everything that any of them was given ended last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clients_epoch: Option<Epoch>,
    /// The public signing keys with the times at which their states change.
    pub keys: Vec<PublicKey>,
}

impl Snapshot {
    /// The snapshot of `config` for a server that has no keys yet.
    pub fn of(config: &Config, issuer: &Issuer) -> Self {
        Self {
            layout: LAYOUT,
            config_version: 0,
            keys_version: 0,
            resources: resources(config, issuer),
            access_token_ttl: config.tokens.access_token_ttl,
            branding: config.branding.clone(),
            login: config.login.clone(),
            sessions: config.sessions.clone(),
            registration: config.registration.clone(),
            log: config.log.clone(),
            special_grants: Vec::new(),
            transaction_tokens: config.experimental.transaction_tokens.clone(),
            native_sso: false,
            origins: BTreeSet::new(),
            trusted_issuers: config.trusted_issuer.clone(),
            rules: config.rule.clone(),
            client_documents: config.client_document.clone(),
            administrators: administrators(&config.administrator),
            clients_epoch: None,
            keys: Vec::new(),
        }
    }

    /// Whether the built-in client of administrators may use the device grant: where there are some, and it isn't switched off.
    pub fn has_command_devices(&self) -> bool {
        !self.administrators.is_empty() && self.login.administrators_by_device
    }

    /// The grant types that the server metadata lists.
    pub fn grants(&self) -> impl Iterator<Item = GrantType> {
        let of_command = |grant: &GrantType| *grant == GrantType::DeviceCode && self.has_command_devices();
        let named = move |grant: &GrantType| {
            !grant.info().on_request_only || self.special_grants.contains(grant) || of_command(grant)
        };
        GrantType::ALL.iter().copied().filter(named)
    }

    /// What tokens and answers are signed with that are the server's own and have no other setting: there is always a key.
    pub fn own_alg(&self) -> Alg {
        self.resource_of_scope(ADMIN_READ).map(|admin| admin.signing_alg).unwrap_or_default()
    }

    /// The form of tokens for the server itself.
    pub fn own_format(&self) -> TokenFormat {
        TokenFormat { alg: self.own_alg(), typ: AccessTokenTyp::default() }
    }

    /// The resource called `identifier`, with or without the slash after a bare origin: URL libraries add it (RFC 3986 §6.2.3). Scheme
    /// and host may be in upper case (§6.2.2.1); all else is compared character by character.
    pub fn resource(&self, identifier: &str) -> Option<&Resource> {
        let exactly = self.resources.iter().find(|resource| resource.identifier == identifier);
        exactly.or_else(|| {
            let named = canonical(identifier);
            self.resources.iter().find(|resource| canonical(&resource.identifier) == named)
        })
    }

    /// `scopes` and all that they include, in the order of `scopes` with what each includes after it.
    pub fn with_included<'a>(&self, scopes: &'a ScopeSet) -> Cow<'a, ScopeSet> {
        if self.resources.iter().all(|resource| resource.scope_includes.is_empty()) {
            return Cow::Borrowed(scopes);
        }
        let mut all = ScopeSet::default();
        for scope in scopes.iter() {
            let mut open = vec![scope];
            while let Some(scope) = open.pop() {
                if all.contains(scope) {
                    continue;
                }
                all.insert(scope);
                let owner = self.resource_of_scope(scope);
                let included = owner.and_then(|owner| owner.scope_includes.get(scope));
                open.extend(included.into_iter().flat_map(ScopeSet::iter));
            }
        }
        Cow::Owned(all)
    }

    /// The form in which the resource called `identifier` is registered; as it is if there is none.
    pub fn registered<'a>(&'a self, identifier: &'a str) -> &'a str {
        self.resource(identifier).map_or(identifier, |resource| &resource.identifier)
    }

    /// Whether `account` is an administrator, whatever it may do.
    pub fn is_administrator(&self, account: UserId) -> bool {
        self.administrators.iter().any(|known| known.sub == account && !known.scopes.is_empty())
    }

    /// `scopes` without those of the admin API that `account` may not have.
    pub fn within_role<'a>(&self, account: UserId, scopes: &'a ScopeSet) -> Cow<'a, ScopeSet> {
        if !scopes.iter().any(is_of_admin) {
            return Cow::Borrowed(scopes);
        }
        let role = |scope: &str| {
            self.administrators.iter().any(|known| known.sub == account && known.scopes.contains(scope))
        };
        Cow::Owned(scopes.iter().filter(|scope| !is_of_admin(scope) || role(scope)).collect())
    }

    /// The one resource that `scope` belongs to, if any.
    pub fn resource_of_scope(&self, scope: &str) -> Option<&Resource> {
        self.resources.iter().find(|resource| resource.scopes.contains(scope))
    }
}

/// The form of `identifier` by which resources are told apart: without the one slash after a bare origin, with scheme and host in
/// lower case. Nothing else is changed.
pub(crate) fn canonical(identifier: &str) -> Cow<'_, str> {
    let Some(Uri { scheme, authority: Some(authority), path }) = Uri::split(identifier) else {
        return Cow::Borrowed(identifier);
    };
    if authority.is_empty() || authority.contains('@') {
        return Cow::Borrowed(identifier);
    }
    let path = if path == "/" { "" } else { path };
    Cow::Owned(format!("{}://{}{path}", scheme.to_ascii_lowercase(), authority.to_ascii_lowercase()))
}

/// Compiles the resources of `config`, with the server's own admin API last.
pub fn resources(config: &Config, issuer: &Issuer) -> Vec<Resource> {
    let declared = config.resource.iter().map(|resource| Resource {
        identifier: resource.identifier.clone(),
        name: resource.name.clone(),
        scopes: resource.scopes.iter().cloned().collect(),
        scope_descriptions: resource.scope_descriptions.clone(),
        default_scopes: resource.default_scopes.clone(),
        scope_includes: resource.scope_includes.clone(),
        metadata: resource.metadata.clone(),
        signing_alg: resource.signing_alg,
        access_token_typ: resource.access_token_typ,
        access_token_ttl: resource.access_token_ttl.unwrap_or(config.tokens.access_token_ttl),
        claims: resource.claims.clone(),
    });
    let admin = Resource {
        identifier: issuer.admin_resource(),
        name: Some("Mintedge's admin API".to_owned()),
        scopes: ADMIN_SCOPES.into_iter().collect(),
        scope_descriptions: BTreeMap::new(),
        default_scopes: ScopeSet::default(),
        scope_includes: BTreeMap::new(),
        metadata: None,
        signing_alg: Alg::default(),
        access_token_typ: AccessTokenTyp::default(),
        access_token_ttl: 300,
        claims: Map::new(),
    };
    let not_admin = declared.filter(|resource| resource.identifier != admin.identifier);
    let mut all: Vec<Resource> = not_admin.collect();
    all.push(admin);
    all
}

/// The algorithms that `resources` and clients need keys for.
pub fn algs(resources: &[Resource], of_clients: &BTreeSet<Alg>) -> Vec<Alg> {
    let used =
        |alg: &Alg| of_clients.contains(alg) || resources.iter().any(|resource| resource.signing_alg == *alg);
    Alg::ALL.into_iter().filter(used).collect()
}
