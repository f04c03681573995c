//! The JSON that the admin API answers with about users. Hashes and seeds have no place in these types.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::protocol::model::id::Id;
use crate::protocol::model::scope::ScopeSet;
use crate::protocol::model::time::Timestamp;
use crate::protocol::model::user_id::UserId;
use crate::protocol::objects::subject::{Consent, Grant, Overview, Session, User};

/// An entry of the list of users.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PersonView {
    /// The user's `sub`.
    pub sub: UserId,
    /// The user's login identifier.
    pub login: String,
}

/// A user's account.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UserView {
    /// The user's `sub`.
    pub sub: UserId,
    /// The user's login identifier.
    pub login: String,
    /// Standard claims (`OpenID Connect Core` §5.1).
    pub claims: Map<String, Value>,
    /// Whether they may log in and be issued to.
    pub enabled: bool,
    /// Whether the user has a password.
    pub has_password: bool,
    /// What made its hash: `argon2id`, or for one from elsewhere until they first log in `bcrypt` and so on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_scheme: Option<String>,
    /// Until when the last link to set a password works, if one is out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link_expires_at: Option<Timestamp>,
    /// What the log calls them: a keyed hash of the login identifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_name: Option<String>,
    /// When the account was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl From<&User> for UserView {
    fn from(user: &User) -> Self {
        Self {
            sub: user.id,
            login: user.login.clone(),
            claims: user.claims.clone(),
            enabled: user.enabled,
            has_password: user.password.is_some(),
            password_scheme: user.password.as_ref().map(|hash| hash.scheme().to_owned()),
            link_expires_at: user.link.as_ref().map(|link| link.expires_at),
            log_name: None,
            created_at: user.created_at,
            updated_at: user.updated_at,
        }
    }
}

/// An account and a link that was just made for it.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UserWithLink {
    /// The user's account.
    pub user: UserView,
    /// The URL of a page where whoever has it sets the password, once. Never shown again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

/// A session: one login in one browser.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SessionView {
    /// The session's name in this API.
    pub sid: Id,
    /// The kind of browser.
    pub label: String,
    /// How the user authenticated (RFC 8176).
    pub amr: Vec<String>,
    /// When the session began.
    pub created_at: Timestamp,
    /// When it was last used, roughly.
    pub seen_at: Timestamp,
    /// When the session ends at the latest.
    pub expires_at: Timestamp,
}

impl From<&(Id, Session)> for SessionView {
    fn from((sid, session): &(Id, Session)) -> Self {
        Self {
            sid: *sid,
            label: session.label.clone(),
            amr: session.auth.amr.clone(),
            created_at: session.created_at,
            seen_at: session.seen_at,
            expires_at: session.expires_at,
        }
    }
}

/// A grant: what a user has given a client.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GrantView {
    /// The grant's name in this API.
    pub grant_id: Id,
    /// The client that has the grant.
    pub client_id: String,
    /// The session that the grant was made in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<Id>,
    /// Whether the grant outlives that session.
    pub offline: bool,
    /// The scopes that were granted.
    pub scopes: ScopeSet,
    /// The resources that they are for.
    pub resources: Vec<String>,
    /// When the grant was made.
    pub created_at: Timestamp,
    /// When its refresh token was last used, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used_at: Option<Timestamp>,
    /// When the grant ends at the latest.
    pub expires_at: Timestamp,
}

impl From<&(Id, Grant)> for GrantView {
    fn from((id, grant): &(Id, Grant)) -> Self {
        Self {
            grant_id: *id,
            client_id: grant.client_id.clone(),
            sid: grant.sid,
            offline: !grant.bound_to_session,
            scopes: grant.scopes.clone(),
            resources: grant.resources.clone(),
            created_at: grant.created_at,
            used_at: grant.family.as_ref().map(|family| family.used_at),
            expires_at: grant.expires_at,
        }
    }
}

/// The consent that a user gave a client.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ConsentView {
    /// The client that may use these scopes.
    pub client_id: String,
    /// Every scope that the user permitted.
    pub scopes: ScopeSet,
    /// When the user last permitted one.
    pub given_at: Timestamp,
}

impl From<&(String, Consent)> for ConsentView {
    fn from((client_id, consent): &(String, Consent)) -> Self {
        Self { client_id: client_id.clone(), scopes: consent.scopes.clone(), given_at: consent.given_at }
    }
}

/// Where a person is logged in, and who has access for them.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OverviewView {
    /// The live sessions.
    pub sessions: Vec<SessionView>,
    /// The live grants.
    pub grants: Vec<GrantView>,
    /// The consents.
    pub consents: Vec<ConsentView>,
}

impl From<&Overview> for OverviewView {
    fn from(overview: &Overview) -> Self {
        Self {
            sessions: overview.sessions.iter().map(SessionView::from).collect(),
            grants: overview.grants.iter().map(GrantView::from).collect(),
            consents: overview.consents.iter().map(ConsentView::from).collect(),
        }
    }
}
