//! The rows of a person's object.

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

/// A person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Who.
    pub id: UserId,
    /// What they log in with, in its normal form: an email address or a name.
    pub login: String,
    /// Standard claims (`OpenID Connect Core` §5.1): `name`, `email`, `email_verified` and so on.
    #[serde(default)]
    pub claims: Map<String, Value>,
    /// The hash of their password; unset for people who can't log in with one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<PasswordHash>,
    /// Drawn anew with every new password: what browsers were remembered under an old one is worth nothing. Accounts of
    /// version 0.1.0 have none until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_epoch: Option<Id>,
    /// A link that lets them set a password once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<Link>,
    /// Whether they may log in and be issued to.
    pub enabled: bool,
    /// When the account was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// A link that was sent to a person. Works once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// SHA-256 of its secret.
    pub sha256: SecretHash,
    /// Until when it works.
    pub expires_at: Timestamp,
}

/// How and when somebody proved who they are (`OpenID Connect Core` §2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authentication {
    /// When.
    pub auth_time: Timestamp,
    /// Authentication context class.
    pub acr: String,
    /// Methods (RFC 8176).
    pub amr: Vec<String>,
}

/// A browser that is logged in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// SHA-256 of the cookie's secret.
    pub sha256: SecretHash,
    /// How they logged in.
    pub auth: Authentication,
    /// When the session began.
    pub created_at: Timestamp,
    /// When it was last used, to within a tenth of its idle lifetime.
    pub seen_at: Timestamp,
    /// Seconds without use after which it ends.
    pub idle: u64,
    /// When it ends however much it is used.
    pub expires_at: Timestamp,
    /// What kind of browser it is, for people's own overview.
    #[serde(default)]
    pub label: String,
    /// Proves codes: the first `sha256` that the session had, if that is another one now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_key: Option<SecretHash>,
}

impl Session {
    /// The proof that this session stands behind something. It is made at the edge that serves the browser, and compared in
    /// the person's object; nobody else knows the key. It is the same for the session's life, however often somebody logs in.
    pub fn prove(&self, digest: &str) -> String {
        let key = self.code_key.as_ref().unwrap_or(&self.sha256).to_key();
        base64url(&mac(&key, &[b"code", digest.as_bytes()]))
    }

    /// Whether it still counts at `now`.
    pub fn is_live(&self, now: Timestamp) -> bool {
        now < self.expires_at && now.since(self.seen_at) < self.idle
    }
}

/// What somebody has permitted a client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// Every scope they said yes to.
    pub scopes: ScopeSet,
    /// When they last said yes.
    pub given_at: Timestamp,
    /// Which incarnation of the client they said it to.
    #[serde(default, skip_serializing_if = "Incarnation::is_first")]
    pub incarnation: Incarnation,
}

/// What a client got for a person: the result of one login, and with a family of refresh tokens its continuation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Whom it was granted to.
    pub client_id: String,
    /// Which incarnation of it.
    #[serde(default, skip_serializing_if = "Incarnation::is_first")]
    pub incarnation: Incarnation,
    /// The session it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<Id>,
    /// Whether it ends with that session. Offline access does not.
    pub bound_to_session: bool,
    /// What was granted.
    pub scopes: ScopeSet,
    /// For which resources.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<String>,
    /// How the person had authenticated.
    pub auth: Authentication,
    /// The `claims` parameter, as it was asked with (`OpenID Connect Core` §5.5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claims: Option<Value>,
    /// The key it is bound to, if it is (RFC 9449 §5): a later capability's seam.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binding: Option<String>,
    /// When it was granted.
    pub created_at: Timestamp,
    /// When it ends however much it is used.
    pub expires_at: Timestamp,
    /// Its refresh tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<Family>,
    /// Since when it is dead, and why. It stays until it would have expired, so that old tokens are recognized.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<Revocation>,
    /// The grant it was exchanged from, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub derived: Option<Derivation>,
}

/// Where an exchanged grant comes from (RFC 8693).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Derivation {
    /// The grant it ends with.
    pub parent: Id,
    /// What the person is called in it.
    pub sub: String,
    /// Who acts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<Value>,
    /// The other clients through whose hands it came. It is good for nothing while one of them is switched off.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clients: Vec<String>,
    /// Which incarnations of these clients; the first where there is none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub incarnations: BTreeMap<String, Incarnation>,
    /// The scopes that the subject's token lacked.
    #[serde(default, skip_serializing_if = "ScopeSet::is_empty")]
    pub added: ScopeSet,
}

impl Derivation {
    /// The other clients through whose hands it came, in the incarnations that they had.
    pub fn came_by(&self) -> impl Iterator<Item = (&String, Incarnation)> {
        let incarnation = |client_id| self.incarnations.get(client_id).copied().unwrap_or_default();
        self.clients.iter().map(move |client_id| (client_id, incarnation(client_id)))
    }
}

impl Grant {
    /// A grant to a client that begins `now` and ends after `lifetime` seconds, whatever is done with it. It belongs to no session
    /// and comes from no other grant, unless [`Grant::in_session`] and [`Grant::exchanged`] say so; the person's object adds
    /// its refresh tokens.
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
        }
    }

    /// The same, from a session. If it is `bound` it ends with that.
    #[must_use]
    pub fn in_session(self, sid: Option<Id>, bound: bool) -> Self {
        Self { sid, bound_to_session: bound, ..self }
    }

    /// The same with the `claims` that were asked for (`OpenID Connect Core` §5.5).
    #[must_use]
    pub fn with_claims(self, claims: Option<Value>) -> Self {
        Self { claims, ..self }
    }

    /// The same, exchanged from a grant that ends at `ends`: this one ends no later.
    #[must_use]
    pub fn exchanged(self, derived: Derivation, ends: Timestamp) -> Self {
        Self { derived: Some(derived), expires_at: self.expires_at.min(ends), ..self }
    }

    /// Whether tokens of it still count at `now`.
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
    /// An old refresh token came back.
    RefreshReused,
    /// The client asked for it (RFC 7009).
    ByClient,
    /// The person asked for it.
    ByUser,
    /// An administrator did.
    ByAdmin,
    /// The session it belonged to ended.
    Logout,
    /// The person had too many of this client's.
    Evicted,
}

/// When and why a grant ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revocation {
    /// When.
    pub at: Timestamp,
    /// Why.
    pub why: Why,
}

/// A client that has to be told of a sign-out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Who signed out.
    pub owner: UserId,
    /// Whom to tell.
    pub client_id: String,
    /// Which incarnation of it: another one has nothing to do with the session.
    #[serde(default, skip_serializing_if = "Incarnation::is_first")]
    pub incarnation: Incarnation,
    /// Which session ended.
    pub sid: Id,
    /// How often it was tried.
    pub attempts: u32,
    /// When to try next.
    pub due: Timestamp,
}

/// A code's proof on its way to the session's object.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CodeProof {
    /// SHA-256 of what the code says, base64url.
    pub digest: String,
    /// What the code brought along.
    pub proof: String,
}
