//! The object of one user: profile, password, sessions, consents and grants. With all of it in one place, "list and end
//! everything of this user" is one atomic call, and a code, a refresh token and a sign-out never race each other. Grants, pages,
//! `login` and the admin API call it through `server::calls`.

mod asked;
mod devices;
mod grant_rows;
mod grants;
mod password;
mod people;
mod records;
mod removals;
mod request_code;
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
    Asked, Authentication, CodeGuesses, CodeProof, Consent, Derivation, Device, Grant, Link, Notice, Ping,
    RequestCode, Revocation, Session, User, Why,
};

/// The commands that the object carries out.
///
/// They travel between Worker versions during a deployment: members are added with a default, never renamed.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubjectCommand {
    /// Makes the user, unless there is or was one.
    Create(Box<User>),
    /// Returns the user.
    User,
    /// Returns the user if `password` is the right one and the user may log in. An outdated hash is replaced by one as new ones
    /// are made. Needs [`Order::Check`].
    LogIn {
        /// The password that was typed.
        password: Password,
    },
    /// Returns the hash of a new password, which is not stored yet. Needs [`Order::Hash`].
    Hash {
        /// The new password.
        password: Password,
    },
    /// Changes the user.
    Change(Box<Change>),
    /// Deletes the user and everything with it; sessions end as by a sign-out. The `sub` is never given to anybody again.
    Delete,
    /// Makes sure that a user who doesn't exist never will, because somebody may know the `sub`.
    Bury,
    /// Returns everything that is stored of the user.
    Export,
    /// Sets a password with a link, which works once.
    UseLink {
        /// The SHA-256 of the link's secret.
        sha256: SecretHash,
        /// The hash of the new password; unset to see whether the link works.
        password: Option<PasswordHash>,
    },
    /// Begins a session.
    StartSession(Box<NewSession>),
    /// Returns a session, and what its user has permitted `client_id`.
    Session {
        /// The id of the session.
        sid: Id,
        /// The SHA-256 of the cookie's secret.
        sha256: SecretHash,
        /// The client that the session is looked up for, if there is one.
        client_id: Option<String>,
        /// Whether looking it up is no use of it: a page that looks by itself must not keep a session alive.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        quiet: bool,
    },
    /// Returns all sessions, grants and consents, for the user's own overview.
    Overview,
    /// Ends one session, or all of them with all grants ("sign out everywhere").
    EndSessions {
        /// The id of the session; unset for all.
        sid: Option<Id>,
    },
    /// Remembers what the user has permitted a client.
    Consent {
        /// The client that was permitted.
        client_id: String,
        /// All scopes that the client had asked for.
        scopes: ScopeSet,
        /// The incarnation of the client.
        #[serde(default, skip_serializing_if = "Incarnation::is_first")]
        incarnation: Incarnation,
        /// A digest of the client's metadata document, if it has one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        document: Option<String>,
    },
    /// Redeems an authorization code, or makes a grant by another grant type.
    Redeem(Box<Redemption>),
    /// Makes a grant for an app whose vendor's other app has a login on the same device (`Native SSO` §4.3).
    SignOn(Box<SignOn>),
    /// Presents a refresh token, to continue its grant.
    Refresh(Box<Presentation>),
    /// Returns a grant.
    Grant {
        /// The id of the grant.
        id: Id,
    },
    /// Ends a grant.
    RevokeGrant {
        /// The id of the grant.
        id: Id,
        /// The client whose grant it has to be; unset for any client.
        client_id: Option<String>,
        /// The reason.
        why: Why,
    },
    /// Ends everything that a client has of the user, consent included.
    RevokeClient {
        /// The client that loses it.
        client_id: String,
        /// The reason.
        why: Why,
    },
    /// Returns the sign-outs of which clients have to be told now.
    DueNotices,
    /// Says what became of telling a client.
    Told {
        /// The key of the notice.
        key: String,
        /// Whether the client has accepted it.
        delivered: bool,
    },
    /// Notes what a client asks the user through the backchannel (`CIBA` §7).
    Ask {
        /// The id of the request.
        id: Id,
        /// What the client asks.
        asked: Box<Asked>,
        /// The hash of the code that the client has sent for the user, if it has to send one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<SecretHash>,
    },
    /// Takes back what a client has asked, because its transaction could not be begun.
    Unask {
        /// The id of the request.
        id: Id,
    },
    /// Sets the code that clients have to send with a request, or removes it.
    SetRequestCode {
        /// The hash of the code; unset to remove it.
        code: Option<SecretHash>,
    },
    /// Returns what a client asks, if the user can still decide.
    Asked {
        /// The id of the request.
        id: Id,
    },
    /// Notes that the user has decided.
    Answered {
        /// The id of the request.
        id: Id,
        /// Whether the user said no.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        denied: bool,
    },
    /// Turns a yes into a no, unless what was allowed has been redeemed. Returns the request.
    Withdraw {
        /// The id of the request.
        id: Id,
    },
    /// Returns the decisions of which clients have to be notified now.
    DuePings,
    /// Says what became of notifying a client.
    Pinged {
        /// The key of the notification.
        key: String,
        /// Whether the client has taken it.
        delivered: bool,
    },
    /// Drops everything that has expired; the object's alarm sends it.
    Tend,
}

/// A change of a user. What is unset stays as it is.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Change {
    /// The claims to set; a claim whose value is null is removed.
    pub claims: Map<String, Value>,
    /// Whether the user may log in. Switching that off ends all sessions and grants.
    pub enabled: Option<bool>,
    /// The hash of a new password, which ends all other sessions and all grants.
    pub password: Option<PasswordHash>,
    /// The session that goes on when the password changes.
    pub keep: Option<Id>,
    /// A link by which the user can set a password.
    pub link: Option<Link>,
    /// The new login identifier.
    pub login: Option<String>,
}

/// A session that is to begin.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NewSession {
    /// The id of the session.
    pub sid: Id,
    /// The SHA-256 of the cookie's secret.
    pub sha256: SecretHash,
    /// How and when the user logged in.
    pub auth: Authentication,
    /// How long the session may be unused before it ends, in seconds.
    pub idle: u64,
    /// How long the session may last at all, in seconds.
    pub absolute: u64,
    /// The kind of browser, in a few words.
    pub label: String,
    /// The client that the user logs in for. The reply says what the user has permitted it.
    #[serde(default)]
    pub client_id: Option<String>,
}

/// A code that is to be redeemed, or a grant that is to be made in another way.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Redemption {
    /// The id of the code, which becomes that of the grant.
    pub id: Id,
    /// The grant to make; this object adds its refresh family.
    pub grant: Grant,
    /// Whether the client gets refresh tokens.
    pub refresh: bool,
    /// The most live grants that the user may have for the client.
    pub max_grants: u32,
    /// How long the client's refresh tokens may be unused before they end, in seconds; unset for no limit.
    #[serde(default)]
    pub idle: Option<u64>,
    /// The client's last removal ([`SessionState::removed_at`]) that was known when the code was issued. A later one refuses the
    /// code.
    #[serde(default)]
    pub removed_at: Option<Timestamp>,
    /// The epoch of the user's password ([`User::password_epoch`]) when the code was issued. A later one refuses the code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_epoch: Option<Id>,
    /// The proof that the session stands behind the code. Codes of earlier releases have none.
    #[serde(default)]
    pub proof: Option<CodeProof>,
    /// The device secrets that the grant may get, if it gets one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceOffer>,
    /// A session that has to be alive although the grant doesn't belong to it: the one in which somebody approved a device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_in: Option<Id>,
    /// Whether it is usual that what is redeemed comes again, so that nothing is revoked for it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub repeats: bool,
}

/// The device secrets that a grant may get: the one that was shown, if it is one of the session, or else a new one.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DeviceOffer {
    /// The name that the apps have in common which may use the secret.
    pub group: String,
    /// The SHA-256 of the secret that was shown, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown: Option<SecretHash>,
    /// The SHA-256 of a new secret.
    pub new: SecretHash,
}

/// A grant that an app asks for with a device secret and another app's ID token. Everything that an edge can check has been
/// checked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SignOn {
    /// The grant to make; its session and its device are those that the secret and the ID token name.
    pub redemption: Redemption,
    /// The client that the ID token was issued to.
    pub from: String,
    /// The incarnation of that client as far as the edge knows.
    #[serde(default)]
    pub incarnation: Incarnation,
    /// Whether the user has to have permitted the scopes to the client that asks.
    pub needs_consent: bool,
}

/// A refresh token that a client presents. Everything that an edge can check has been checked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Presentation {
    /// The id of the grant that the token names.
    pub grant: Id,
    /// The generation of the token.
    pub generation: u32,
    /// The secret that proves the token.
    pub secret: SecretBytes,
    /// The client that presents the token, authenticated.
    pub client_id: String,
    /// The client's incarnation as far as the edge knows; unset if the edge doesn't say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incarnation: Option<Incarnation>,
    /// The key that was shown with the token, if there was one.
    pub binding: Option<String>,
    /// The scopes that the client asks for; unset for all.
    pub scopes: Option<ScopeSet>,
    /// The resources that the client asks for; empty for all.
    pub resources: Vec<String>,
    /// What a token of the client can be for at the moment; unset if the edge doesn't say.
    #[serde(default)]
    pub offers: Option<Vec<Offer>>,
    /// The client's rules for refresh tokens.
    pub policy: Policy,
}

/// Scopes that the client may have now, at one resource.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Offer {
    /// The resource; unset for the server itself, which has the scopes about users.
    pub resource: Option<String>,
    /// The scopes of the resource that the client may have.
    pub scopes: ScopeSet,
}

impl Presentation {
    /// Whether a token would be left: with a scope at each resource that is asked for or, if none is, with any scope.
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

/// The replies to the commands.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubjectReply {
    /// It is done; there is nothing to say.
    Done,
    /// There is no such user, session, grant or link. To `LogIn` also: the password is not the user's.
    None,
    /// To `Ask`: the client asks too often, or all clients do.
    Full,
    /// To `Ask`: the code is not the user's, or there is no user who has set one.
    WrongCode,
    /// To `LogIn` and `Hash`: too many passwords are being hashed, so nothing was done.
    Busy,
    /// To `Hash`: the hash of the password.
    Hash(PasswordHash),
    /// The user.
    User(Box<User>),
    /// To `Create`: there is or was a user. To `Bury`: there is one.
    Exists,
    /// To `Session` and `StartSession`: the session.
    Session(Box<SessionState>),
    /// To `Overview`: the overview.
    Overview(Box<Overview>),
    /// To `Export`: the rows by key.
    Export(Map<String, Value>),
    /// To `EndSessions` and `Delete`: a notice for each client that was used in the ended sessions.
    Ended(Vec<Notice>),
    /// To `Redeem`, `SignOn` and `Refresh`: the grant.
    Granted(Box<GrantedState>),
    /// To `Redeem`, `SignOn` and `Refresh`: the reason for the refusal.
    Refused(GrantRefusal),
    /// To `Grant`: the grant and its user.
    Grant(Box<GrantState>),
    /// To `DueNotices`: the notices by key.
    Notices(Vec<(String, Notice)>),
    /// To `Asked` and `Withdraw`: what the client asks.
    Asked(Box<Asked>),
    /// To `DuePings`: the notifications by key.
    Pings(Vec<(String, Ping)>),
}

/// A live session, its user and what goes with them.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SessionState {
    /// The user whose session it is.
    pub user: User,
    /// The session.
    pub session: Session,
    /// The scopes that the user has permitted the client that was asked for.
    pub consented: ScopeSet,
    /// The incarnation of the client that the user has permitted them.
    #[serde(default, skip_serializing_if = "Incarnation::is_first")]
    pub consented_to: Incarnation,
    /// The digest of the metadata document of the client that the user has permitted them, if it had one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consented_document: Option<String>,
    /// When the user last took everything away from that client, if it was a moment ago.
    #[serde(default)]
    pub removed_at: Option<Timestamp>,
}

/// Everything that a user sees of themselves.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Overview {
    /// The user.
    pub user: User,
    /// The live sessions with their ids.
    pub sessions: Vec<(Id, Session)>,
    /// The live grants with their ids.
    pub grants: Vec<(Id, Grant)>,
    /// The consents, each with its client.
    pub consents: Vec<(String, Consent)>,
    /// What clients ask through the backchannel, the oldest first: a new one moves nothing that is on the page already.
    #[serde(default)]
    pub asked: Vec<(Id, Asked)>,
    /// What the user has allowed and the client has not fetched yet.
    #[serde(default)]
    pub allowed: Vec<(Id, Asked)>,
    /// Whether the user has set a code for requests.
    #[serde(default)]
    pub has_request_code: bool,
}

/// A grant that was just made or continued.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GrantedState {
    /// The grant.
    pub grant: Grant,
    /// The user whose grant it is.
    pub user: User,
    /// The generation and the secret of the refresh token to hand out, if there is one.
    pub refresh: Option<(u32, SecretBytes)>,
}

/// A grant and its user.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GrantState {
    /// The grant, dead or alive.
    pub grant: Grant,
    /// The user whose grant it is.
    pub user: User,
    /// Whether tokens of the grant count now: it is neither revoked nor expired, and its user is enabled.
    pub live: bool,
}

/// The reason for which a code, a device secret or a refresh token was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantRefusal {
    /// There is no such user, or the user may not log in.
    UserGone,
    /// The user took everything away from the client after the code was issued.
    ClientRemoved,
    /// The session ended before the code was redeemed.
    SessionEnded,
    /// The code is sealed as one of this server, but its session has not made it.
    CodeForged,
    /// The code was redeemed a moment ago, so this is a double submit. Nothing happens.
    CodeUsedJustNow,
    /// The code was redeemed before. Its grant is revoked now.
    CodeReplayed,
    /// There is no such grant.
    GrantUnknown,
    /// The grant was revoked.
    GrantRevoked,
    /// The grant has expired, or was idle for too long.
    GrantExpired,
    /// The refresh token doesn't belong to this grant, so it is a guess. Nothing happens.
    SecretWrong,
    /// The grant belongs to another client. Nothing happens.
    OtherClient,
    /// The grant belongs to an earlier incarnation of the client. Nothing happens.
    ClientReplaced,
    /// The grant belongs to a later incarnation of the client than the edge knows. Nothing happens.
    ClientOutdated,
    /// The grant is bound to another key. Nothing happens.
    OtherKey,
    /// No app has a login with this device secret in the session. Nothing happens.
    DeviceUnknown,
    /// The user hasn't permitted the client a scope, and there is no page to ask on. Nothing happens.
    ConsentMissing,
    /// A scope was asked for that the grant doesn't have.
    ScopeBeyondGrant,
    /// A resource was asked for that the grant doesn't have.
    ResourceBeyondGrant,
    /// Nothing that was granted and is asked for can be had any longer. Nothing happens.
    NothingLeft,
    /// A retry asks for something else than the first request did. Nothing happens.
    OtherRequest,
    /// An old refresh token came back. The grant is revoked now.
    RefreshReused {
        /// How many generations old the token is.
        distance: u32,
    },
}

/// The keys and key prefixes of the rows.
const USER: &str = "user";
const GONE: &str = "gone";
const SESSION: &str = "session/";
const GRANT: &str = "grant/";
const CONSENT: &str = "consent/";
const NOTICE: &str = "notice/";
const REMOVED: &str = "removed/";
const ASKED: &str = "asked/";
const PING: &str = "ping/";
const REQUEST_CODE: &str = "request_code";
const GUESSES: &str = "guesses/";

/// What has to be computed before `command` can be carried out, if anything. `computed` is what has been computed already.
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

/// Carries out `command`. Everything that it needs has been computed.
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
        SubjectCommand::Session { sid, sha256, client_id, quiet } => {
            sessions::look(rows, now, (sid, &sha256), client_id.as_deref(), quiet)
        }
        SubjectCommand::Overview => sessions::overview(rows, now),
        SubjectCommand::EndSessions { sid } => sessions::end(rows, now, sid),
        SubjectCommand::Consent { client_id, scopes, incarnation, document } => {
            sessions::consent(rows, &client_id, Consent { scopes, given_at: now, incarnation, document })
        }
        SubjectCommand::Redeem(redemption) => grants::redeem(rows, now, entropy, *redemption),
        SubjectCommand::SignOn(sign_on) => devices::sign_on(rows, now, entropy, *sign_on),
        SubjectCommand::Refresh(presentation) => grants::refresh(rows, now, &presentation),
        SubjectCommand::Grant { id } => grants::look(rows, now, id),
        SubjectCommand::RevokeGrant { id, client_id, why } => {
            grants::revoke(rows, now, id, client_id.as_deref(), why)
        }
        SubjectCommand::RevokeClient { client_id, why } => grants::revoke_client(rows, now, &client_id, why),
        SubjectCommand::DueNotices => sessions::due_notices(rows, now),
        SubjectCommand::Told { key, delivered } => sessions::told(rows, now, &key, delivered),
        SubjectCommand::Ask { id, asked, code } => asked::ask(rows, now, (id, &asked), code.as_ref()),
        SubjectCommand::Unask { id } => asked::unask(rows, id),
        SubjectCommand::SetRequestCode { code } => request_code::set(rows, now, code),
        SubjectCommand::Asked { id } => asked::look(rows, now, id),
        SubjectCommand::Answered { id, denied } => asked::answered(rows, now, id, denied),
        SubjectCommand::Withdraw { id } => asked::withdraw(rows, now, id),
        SubjectCommand::DuePings => asked::due_pings(rows, now),
        SubjectCommand::Pinged { key, delivered } => asked::pinged(rows, now, &key, delivered),
        SubjectCommand::Tend => people::tend(rows, now),
    }
}

fn user<R: Rows>(rows: &Transaction<'_, R>) -> Result<Option<User>, ServerError> {
    rows.read(USER)
}
