//! The object of one person: profile, credentials, sessions, consents and grants, so that "list and end everything of
//! this person" is one atomic call, and a code, a refresh token and a sign-out never race each other.

mod grant_rows;
mod grants;
mod password;
mod people;
mod records;
mod removals;
mod room;
mod sessions;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::rows::{Rows, Transaction};
use crate::protocol::http::error::ServerError;
use crate::protocol::model::entropy::Entropy;
use crate::protocol::model::id::Id;
use crate::protocol::model::incarnation::Incarnation;
use crate::protocol::model::scope::ScopeSet;
use crate::protocol::model::secret::{SecretBytes, SecretHash};
use crate::protocol::model::time::Timestamp;
use crate::protocol::passwords::{Computed, Order, Password, PasswordHash};
use crate::protocol::state::refresh::Policy;

pub use records::{
    Authentication, CodeProof, Consent, Derivation, Grant, Link, Notice, Revocation, Session, User, Why,
};

/// What the object is asked to do.
///
/// It travels between Worker versions during a deployment: members are added with a default, never renamed.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubjectCommand {
    /// Makes the account, unless there is one.
    Create(Box<User>),
    /// The account.
    User,
    /// The account, if `password` is its password and it may log in. The hash is replaced by one as new ones are, if it isn't.
    /// Needs [`Order::Check`].
    LogIn {
        /// What was typed.
        password: Password,
    },
    /// The hash of a new password, which is stored nowhere yet. Needs [`Order::Hash`].
    Hash {
        /// The new password.
        password: Password,
    },
    /// Changes the account.
    Change(Box<Change>),
    /// Deletes the account and everything with it; sessions end as by a sign-out. Nobody gets the `sub` again.
    Delete,
    /// Sees to it that an account that isn't there never will be: its `sub` may be known to somebody.
    Bury,
    /// Everything that is stored of the person.
    Export,
    /// Sets a password with a link, once.
    UseLink {
        /// SHA-256 of the link's secret.
        sha256: SecretHash,
        /// The new password's hash; unset to see whether the link works.
        password: Option<PasswordHash>,
    },
    /// Begins a session.
    StartSession(Box<NewSession>),
    /// Looks at a session, and at what its person has permitted `client_id`.
    Session {
        /// Which one.
        sid: Id,
        /// SHA-256 of the cookie's secret.
        sha256: SecretHash,
        /// The client that asks.
        client_id: Option<String>,
    },
    /// All sessions and grants, for the person's own overview.
    Overview,
    /// Ends one session, or all of them with all grants: "sign out everywhere".
    EndSessions {
        /// Which one; all if unset.
        sid: Option<Id>,
    },
    /// Remembers what the person permitted a client.
    Consent {
        /// Which client.
        client_id: String,
        /// Everything that was asked for.
        scopes: ScopeSet,
        /// Which incarnation of the client.
        #[serde(default, skip_serializing_if = "Incarnation::is_first")]
        incarnation: Incarnation,
    },
    /// Redeems an authorization code, or makes a grant in another way.
    Redeem(Box<Redemption>),
    /// Presents a refresh token.
    Refresh(Box<Presentation>),
    /// Looks at a grant.
    Grant {
        /// Which one.
        id: Id,
    },
    /// Ends a grant.
    RevokeGrant {
        /// Which one.
        id: Id,
        /// Only if it is this client's.
        client_id: Option<String>,
        /// Why.
        why: Why,
    },
    /// Ends everything a client has of the person, consent included.
    RevokeClient {
        /// Which client.
        client_id: String,
        /// Why.
        why: Why,
    },
    /// The sign-outs that have to be told now.
    DueNotices,
    /// What became of telling.
    Told {
        /// The notice's key.
        key: String,
        /// Whether the client has taken it.
        delivered: bool,
    },
    /// The alarm: drops everything that has expired.
    Tend,
}

/// A change of an account; what is unset stays.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Change {
    /// Claims to set, or to remove where null.
    pub claims: Map<String, Value>,
    /// Whether they may log in. Switching off ends all sessions and grants.
    pub enabled: Option<bool>,
    /// A new password; ends all other sessions and all grants.
    pub password: Option<PasswordHash>,
    /// The session that stays when the password changes.
    pub keep: Option<Id>,
    /// A link to set a password with.
    pub link: Option<Link>,
    /// The new login identifier.
    pub login: Option<String>,
}

/// A session to begin.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NewSession {
    /// Which one.
    pub sid: Id,
    /// SHA-256 of the cookie's secret.
    pub sha256: SecretHash,
    /// How they logged in.
    pub auth: Authentication,
    /// Seconds without use after which it ends.
    pub idle: u64,
    /// Seconds after which it ends in any case.
    pub absolute: u64,
    /// What kind of browser it is.
    pub label: String,
    /// The client the person logs in for; the reply says what they have permitted it.
    #[serde(default)]
    pub client_id: Option<String>,
}

/// A code to redeem.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Redemption {
    /// The code's id, which becomes the grant's.
    pub id: Id,
    /// What it grants. The family is made here.
    pub grant: Grant,
    /// Whether to make refresh tokens.
    pub refresh: bool,
    /// Most live grants of this person for the client.
    pub max_grants: u32,
    /// Seconds without use after which the client's refresh tokens end.
    #[serde(default)]
    pub idle: Option<u64>,
    /// The client's last removal ([`SessionState::removed_at`]) when the code was issued; a later one refuses it.
    #[serde(default)]
    pub removed_at: Option<Timestamp>,
    /// Under which of the person's passwords it was granted ([`User::password_epoch`]); a later one refuses it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_epoch: Option<Id>,
    /// Proves that the session stands behind the code. Codes of earlier releases have none.
    #[serde(default)]
    pub proof: Option<CodeProof>,
}

/// A refresh token on its way to be exchanged. Everything an edge can check is checked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Presentation {
    /// Whose it claims to be.
    pub grant: Id,
    /// Which generation.
    pub generation: u32,
    /// Proves it.
    pub secret: SecretBytes,
    /// Who presents it, authenticated.
    pub client_id: String,
    /// Which incarnation of it, as far as the edge knows; unset if the edge doesn't say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incarnation: Option<Incarnation>,
    /// The key shown with it, if any.
    pub binding: Option<String>,
    /// The scopes asked for, if any.
    pub scopes: Option<ScopeSet>,
    /// The resources asked for.
    pub resources: Vec<String>,
    /// What a token can be for at the moment; unset where an edge doesn't say.
    #[serde(default)]
    pub offers: Option<Vec<Offer>>,
    /// The client's rules.
    pub policy: Policy,
}

/// Scopes that the client may have now, and where they are good.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Offer {
    /// The resource; unset for the server itself.
    pub resource: Option<String>,
    /// Its scopes that the client may have.
    pub scopes: ScopeSet,
}

impl Presentation {
    /// Whether there would be a token: with a scope at each resource that is asked for, or with any.
    pub(super) fn leaves_a_token(&self, grant: &Grant) -> bool {
        let Some(offers) = &self.offers else { return true };
        let is_wanted = |scope: &str| {
            grant.scopes.contains(scope) && self.scopes.as_ref().is_none_or(|asked| asked.contains(scope))
        };
        let is_there = |resource: &Option<String>| {
            offers.iter().any(|offer| offer.resource == *resource && offer.scopes.iter().any(is_wanted))
        };
        match self.resources.as_slice() {
            [] => is_there(&None) || grant.resources.iter().any(|granted| is_there(&Some(granted.clone()))),
            named => named.iter().all(|name| is_there(&Some(name.clone()))),
        }
    }
}

/// What the object answers.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubjectReply {
    /// It is done; there is nothing to say.
    Done,
    /// There is no such account, session, grant or link; to `LogIn`, also: the password is not the account's.
    None,
    /// To `LogIn` and `Hash`: too many passwords are being hashed. Nothing was done.
    Busy,
    /// To `Hash`.
    Hash(PasswordHash),
    /// The account.
    User(Box<User>),
    /// To `Create`: there is or was an account. To `Bury`: there is one.
    Exists,
    /// To `Session`.
    Session(Box<SessionState>),
    /// To `Overview`.
    Overview(Box<Overview>),
    /// To `Export`: rows by key.
    Export(Map<String, Value>),
    /// To `EndSessions` and `Delete`: the clients that were used in the ended sessions.
    Ended(Vec<Notice>),
    /// To `Redeem` and `Refresh`.
    Granted(Box<GrantedState>),
    /// To `Redeem` and `Refresh`: refused.
    Refused(GrantRefusal),
    /// To `Grant`.
    Grant(Box<GrantState>),
    /// To `DueNotices`: by key.
    Notices(Vec<(String, Notice)>),
}

/// A live session and what goes with it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SessionState {
    /// Whose.
    pub user: User,
    /// The session.
    pub session: Session,
    /// What the person has permitted the asking client.
    pub consented: ScopeSet,
    /// Which incarnation of it.
    #[serde(default, skip_serializing_if = "Incarnation::is_first")]
    pub consented_to: Incarnation,
    /// When everything was taken away from the asking client last, if that was a moment ago.
    #[serde(default)]
    pub removed_at: Option<Timestamp>,
}

/// Everything a person sees of themselves.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Overview {
    /// The account.
    pub user: User,
    /// Live sessions by id.
    pub sessions: Vec<(Id, Session)>,
    /// Live grants by id.
    pub grants: Vec<(Id, Grant)>,
    /// Consents by client.
    pub consents: Vec<(String, Consent)>,
}

/// A grant in use.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GrantedState {
    /// The grant.
    pub grant: Grant,
    /// Whose.
    pub user: User,
    /// Generation and secret of the refresh token to hand out.
    pub refresh: Option<(u32, SecretBytes)>,
}

/// A grant and whose it is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GrantState {
    /// The grant, dead or alive.
    pub grant: Grant,
    /// Whose.
    pub user: User,
    /// Whether tokens of it count now: it is neither revoked nor expired, its person is enabled.
    pub live: bool,
}

/// Why a code or a refresh token was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantRefusal {
    /// No such person, or one who may not log in.
    UserGone,
    /// The person took everything away from the client after the code was issued.
    ClientRemoved,
    /// The session ended before the code was redeemed.
    SessionEnded,
    /// The code is sealed as one of ours, and its session has not made it.
    CodeForged,
    /// The code was redeemed a moment ago: a double submit. Nothing happens.
    CodeUsedJustNow,
    /// The code was redeemed before: its grant is revoked now.
    CodeReplayed,
    /// There is no such grant.
    GrantUnknown,
    /// The grant was revoked.
    GrantRevoked,
    /// The grant has expired, or was idle for too long.
    GrantExpired,
    /// The refresh token is not of this grant: a guess. Nothing happens.
    SecretWrong,
    /// The grant is another client's. Nothing happens.
    OtherClient,
    /// The grant is that of an earlier incarnation of the client. Nothing happens.
    ClientReplaced,
    /// The grant is that of a later incarnation of the client than the edge knows. Nothing happens.
    ClientOutdated,
    /// The grant is bound to another key. Nothing happens.
    OtherKey,
    /// A scope was asked for that the grant has not.
    ScopeBeyondGrant,
    /// A resource was asked for that the grant has not.
    ResourceBeyondGrant,
    /// Nothing that was granted and is asked for can be had any more. Nothing happens.
    NothingLeft,
    /// A retry asks for something else than the first time. Nothing happens.
    OtherRequest,
    /// An old refresh token: the grant is revoked now.
    RefreshReused {
        /// How many generations old.
        distance: u32,
    },
}

/// Row keys.
const USER: &str = "user";
const GONE: &str = "gone";
const SESSION: &str = "session/";
const GRANT: &str = "grant/";
const CONSENT: &str = "consent/";
const NOTICE: &str = "notice/";
const REMOVED: &str = "removed/";

/// What has to be computed before `command` can be carried out, if anything; `computed` is what has been.
pub(super) fn order<R: Rows, E: Entropy>(
    rows: &Transaction<'_, R>,
    entropy: &E,
    command: &SubjectCommand,
    computed: Option<&Computed>,
) -> Result<Option<Order>, ServerError> {
    match command {
        SubjectCommand::LogIn { password } => password::to_check(rows, entropy, password, computed),
        SubjectCommand::Hash { password } if computed.is_none() => {
            Ok(Some(Order::hash(password.clone(), entropy)))
        }
        _ => Ok(None),
    }
}

/// Carries out `command`, for which all is computed that it needs.
pub(super) fn handle<R: Rows, E: Entropy>(
    rows: &mut Transaction<'_, R>,
    now: Timestamp,
    entropy: &E,
    command: SubjectCommand,
    computed: Option<Computed>,
) -> Result<SubjectReply, ServerError> {
    match command {
        SubjectCommand::LogIn { .. } => password::log_in(rows, computed),
        SubjectCommand::Hash { .. } => Ok(password::hashed(computed)),
        SubjectCommand::Create(user) => people::create(rows, now, *user),
        SubjectCommand::User => {
            Ok(user(rows)?.map_or(SubjectReply::None, |user| SubjectReply::User(Box::new(user))))
        }
        SubjectCommand::Change(change) => people::change(rows, now, entropy, *change),
        SubjectCommand::Delete => people::delete(rows, now),
        SubjectCommand::Bury => people::bury(rows, now),
        SubjectCommand::Export => people::export(rows),
        SubjectCommand::UseLink { sha256, password } => {
            people::use_link(rows, now, entropy, &sha256, password)
        }
        SubjectCommand::StartSession(session) => sessions::start(rows, now, *session),
        SubjectCommand::Session { sid, sha256, client_id } => {
            sessions::look(rows, now, sid, &sha256, client_id.as_deref())
        }
        SubjectCommand::Overview => sessions::overview(rows, now),
        SubjectCommand::EndSessions { sid } => sessions::end(rows, now, sid),
        SubjectCommand::Consent { client_id, scopes, incarnation } => {
            sessions::consent(rows, &client_id, Consent { scopes, given_at: now, incarnation })
        }
        SubjectCommand::Redeem(redemption) => grants::redeem(rows, now, entropy, *redemption),
        SubjectCommand::Refresh(presentation) => grants::refresh(rows, now, &presentation),
        SubjectCommand::Grant { id } => grants::look(rows, now, id),
        SubjectCommand::RevokeGrant { id, client_id, why } => {
            grants::revoke(rows, now, id, client_id.as_deref(), why)
        }
        SubjectCommand::RevokeClient { client_id, why } => grants::revoke_client(rows, now, &client_id, why),
        SubjectCommand::DueNotices => sessions::due_notices(rows, now),
        SubjectCommand::Told { key, delivered } => sessions::told(rows, now, &key, delivered),
        SubjectCommand::Tend => people::tend(rows, now),
    }
}

fn user<R: Rows>(rows: &Transaction<'_, R>) -> Result<Option<User>, ServerError> {
    rows.read(USER)
}
