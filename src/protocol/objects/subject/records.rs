//! The rows of a user's object, as JSON: the user, sessions, consents, grants and notices. Members are added with a default,
//! because rows of earlier releases are read. Everything that deals with users reads these types.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::protocol::codec::encoding::base64url;
use crate::protocol::keys::derived::mac;
use crate::protocol::model::id::Id;
use crate::protocol::model::incarnation::Incarnation;
use crate::protocol::model::scope::ScopeSet;
use crate::protocol::model::secret::SecretHash;
use crate::protocol::model::time::Timestamp;
use crate::protocol::model::user_id::UserId;
use crate::protocol::passwords::PasswordHash;
use crate::protocol::state::refresh::Family;

/// A user: the stored record of somebody who logs in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// The id of the user, from which every `sub` is made.
    pub id: UserId,
    /// The login identifier in its normal form: an email address or a name.
    pub login: String,
    /// The standard claims (`OpenID Connect Core` §5.1): `name`, `email`, `email_verified` and so on.
    #[serde(default)]
    pub claims: Map<String, Value>,
    /// The hash of the password; unset for users who can't log in with one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<PasswordHash>,
    /// Drawn anew with every new password, so that what browsers remember under the old one is worth nothing. Users of version
    /// 0.1.0 have none until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_epoch: Option<Id>,
    /// A link by which the user can set a password, if one was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<Link>,
    /// Whether the user may log in and tokens may be issued.
    pub enabled: bool,
    /// When the user was made.
    pub created_at: Timestamp,
    /// When the user was last changed.
    pub updated_at: Timestamp,
}

/// A link that was sent to a user, to set a password with. It works once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// The SHA-256 of the link's secret.
    pub sha256: SecretHash,
    /// When the link expires.
    pub expires_at: Timestamp,
    /// Whether whoever made it might change administrators, so that it works for one.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub for_administrators: bool,
}

/// How and when a user proved who they are (`OpenID Connect Core` §2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authentication {
    /// When the user authenticated (`auth_time`).
    pub auth_time: Timestamp,
    /// The authentication context class (`acr`).
    pub acr: String,
    /// The authentication methods (`amr`, RFC 8176).
    pub amr: Vec<String>,
}

/// A session: one login in one browser.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// The SHA-256 of the cookie's secret.
    pub sha256: SecretHash,
    /// How and when the user logged in.
    pub auth: Authentication,
    /// When the session began.
    pub created_at: Timestamp,
    /// When the session was last used, exact to a tenth of its idle lifetime.
    pub seen_at: Timestamp,
    /// How long the session may be unused before it ends, in seconds.
    pub idle: u64,
    /// When the session ends in any case.
    pub expires_at: Timestamp,
    /// The kind of browser, in a few words, for the user's own overview.
    #[serde(default)]
    pub label: String,
    /// The key that proves codes: the session's first `sha256`, if it has another one now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_key: Option<SecretHash>,
}

impl Session {
    /// The proof that this session stands behind a value with this digest. The edge that serves the browser makes it, and the
    /// user's object compares it; nobody else knows the key. It stays the same for the session's life, however often somebody
    /// logs in.
    pub fn prove(&self, digest: &str) -> String {
        let key = self.code_key.as_ref().unwrap_or(&self.sha256).to_key();
        base64url(&mac(&key, &[b"code", digest.as_bytes()]))
    }

    /// Whether the session still counts at `now`.
    pub fn is_live(&self, now: Timestamp) -> bool {
        now < self.expires_at && now.since(self.seen_at) < self.idle
    }
}

/// What a user has permitted a client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// All scopes that the user has permitted.
    pub scopes: ScopeSet,
    /// When the user last gave the consent.
    pub given_at: Timestamp,
    /// The incarnation of the client that the user gave it to.
    #[serde(default, skip_serializing_if = "Incarnation::is_first")]
    pub incarnation: Incarnation,
    /// A digest of the client's metadata document as it was then, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
}

/// What a user has given a client: the result of one login, and with a refresh family its continuation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// The client that it was granted to.
    pub client_id: String,
    /// The incarnation of the client.
    #[serde(default, skip_serializing_if = "Incarnation::is_first")]
    pub incarnation: Incarnation,
    /// The session that the grant came from, if it came from one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<Id>,
    /// Whether the grant ends with that session. One for offline access does not.
    pub bound_to_session: bool,
    /// The scopes that were granted.
    pub scopes: ScopeSet,
    /// The resources that they were granted for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<String>,
    /// How and when the user had authenticated.
    pub auth: Authentication,
    /// The `claims` parameter that was asked with (`OpenID Connect Core` §5.5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claims: Option<Value>,
    /// The key that the grant is bound to, if any (RFC 9449 §5). Nothing sets it yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binding: Option<String>,
    /// When the grant was made.
    pub created_at: Timestamp,
    /// When the grant ends in any case.
    pub expires_at: Timestamp,
    /// The refresh tokens of the grant, if it has any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<Family>,
    /// When and why the grant was revoked. Its row stays until it would have expired, so that its old tokens are recognized.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<Revocation>,
    /// The grant that this one was exchanged from, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub derived: Option<Derivation>,
    /// The device on which the client shares the login with other apps, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<Device>,
}

/// A device on which apps of one vendor share a login (`OpenID Connect Native SSO` §3.2). It is known as long as a grant from the
/// session has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// The SHA-256 of the device secret.
    pub sha256: SecretHash,
    /// The name that these apps have in common (`native_sso`).
    pub group: String,
}

/// Where an exchanged grant comes from (RFC 8693).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Derivation {
    /// The grant that this one ends with.
    pub parent: Id,
    /// The `sub` that tokens of this grant have.
    pub sub: String,
    /// The `act` that tokens of this grant have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<Value>,
    /// The other clients through which the grant came. It is good for nothing while one of them is disabled.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clients: Vec<String>,
    /// The incarnations of these clients; a client that is missing here had its first.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub incarnations: BTreeMap<String, Incarnation>,
    /// The scopes that the subject's token lacked and the client's registration added.
    #[serde(default, skip_serializing_if = "ScopeSet::is_empty")]
    pub added: ScopeSet,
}

impl Derivation {
    /// The other clients through which the grant came, in the incarnations that they had.
    pub fn came_by(&self) -> impl Iterator<Item = (&String, Incarnation)> {
        let incarnation = |client_id| self.incarnations.get(client_id).copied().unwrap_or_default();
        self.clients.iter().map(move |client_id| (client_id, incarnation(client_id)))
    }
}

impl Grant {
    /// A grant to a client that begins at `now` and ends after `lifetime` seconds in any case. It belongs to no session and comes
    /// from no other grant, unless [`Grant::in_session`] and [`Grant::exchanged`] say so. The user's object adds its refresh
    /// tokens.
    pub fn new(
        (client_id, incarnation): (String, Incarnation),
        (scopes, resources): (ScopeSet, Vec<String>),
        auth: Authentication,
        now: Timestamp,
        lifetime: u64,
    ) -> Self {
        Self {
            client_id,
            incarnation,
            sid: None,
            bound_to_session: false,
            scopes,
            resources,
            auth,
            claims: None,
            binding: None,
            created_at: now,
            expires_at: now.plus(lifetime),
            family: None,
            revoked: None,
            derived: None,
            device: None,
        }
    }

    /// The same grant, from a session. If it is `bound` it ends with the session.
    #[must_use]
    pub fn in_session(self, sid: Option<Id>, bound: bool) -> Self {
        Self { sid, bound_to_session: bound, ..self }
    }

    /// The same grant with the `claims` parameter that was asked with (`OpenID Connect Core` §5.5).
    #[must_use]
    pub fn with_claims(self, claims: Option<Value>) -> Self {
        Self { claims, ..self }
    }

    /// The same grant, to an app that shares the login on `device`.
    #[must_use]
    pub fn on_device(self, device: Device) -> Self {
        Self { device: Some(device), ..self }
    }

    /// The same grant, exchanged from one that ends at `ends`: this one ends no later.
    #[must_use]
    pub fn exchanged(self, derived: Derivation, ends: Timestamp) -> Self {
        Self { derived: Some(derived), expires_at: self.expires_at.min(ends), ..self }
    }

    /// Whether tokens of the grant still count at `now`.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked.is_none() && now < self.expires_at
    }
}

/// Why a grant ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// Its code was redeemed twice.
    CodeReplayed,
    /// An old refresh token of it came back.
    RefreshReused,
    /// The client asked for its end (RFC 7009).
    ByClient,
    /// The user asked for its end.
    ByUser,
    /// An administrator asked for its end.
    ByAdmin,
    /// The session it belonged to ended.
    Logout,
    /// The user had too many grants for this client.
    Evicted,
}

/// When and why a grant ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revocation {
    /// When the grant ended.
    pub at: Timestamp,
    /// Why the grant ended.
    pub why: Why,
}

/// A client that has to be told of a sign-out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// The user who signed out.
    pub owner: UserId,
    /// The client to tell.
    pub client_id: String,
    /// The incarnation of the client. Another one has nothing to do with the session.
    #[serde(default, skip_serializing_if = "Incarnation::is_first")]
    pub incarnation: Incarnation,
    /// The session that ended.
    pub sid: Id,
    /// How often telling the client was tried.
    pub attempts: u32,
    /// When to try next.
    pub due: Timestamp,
}

/// What a client asks the user through the backchannel (`CIBA` §7).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The client that asks.
    pub client_id: String,
    /// The incarnation of the client when it asked.
    #[serde(default, skip_serializing_if = "Incarnation::is_first")]
    pub incarnation: Incarnation,
    /// The SHA-256 of the `auth_req_id`'s secret, with which the transaction's object takes the decision.
    pub sha256: SecretHash,
    /// What the client asks for, as the transaction's object has it.
    pub request: String,
    /// When the client asked.
    pub started_at: Timestamp,
    /// When nobody can decide any more.
    pub expires_at: Timestamp,
    /// Whether the user has decided.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_answered: bool,
    /// When the user said no, at once or after a yes. The client has to wait then, and what was allowed can't be redeemed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub denied_at: Option<Timestamp>,
    /// What the client is to be notified with, sealed, until the user has decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ping: Option<String>,
}

impl Asked {
    /// Whether the user can still decide.
    pub fn is_open(&self, now: Timestamp) -> bool {
        !self.is_answered && now < self.expires_at
    }
}

/// The code that a user has set for requests (`user_code`, `CIBA` §7.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestCode {
    /// The hash of the code's keyed hash (`tokens::request_code`).
    pub sha256: SecretHash,
    /// When the user set it.
    pub set_at: Timestamp,
}

/// How often a client has sent wrong codes lately.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeGuesses {
    /// How often.
    pub count: u32,
    /// Until when that counts.
    pub ends_at: Timestamp,
}

/// A client that has to be notified of a decision (`CIBA` §10.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ping {
    /// The client to notify.
    pub client_id: String,
    /// The incarnation of the client. Another one has asked for nothing.
    #[serde(default, skip_serializing_if = "Incarnation::is_first")]
    pub incarnation: Incarnation,
    /// What to notify the client with, sealed.
    pub sealed: String,
    /// How often notifying the client was tried.
    pub attempts: u32,
    /// When to try next.
    pub due: Timestamp,
    /// When there is nothing more to fetch for the client.
    pub ends_at: Timestamp,
}

/// The proof of a code, on its way to the session's object.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CodeProof {
    /// The SHA-256 of the code's contents, base64url.
    pub digest: String,
    /// The proof that the code carries.
    pub proof: String,
}
