//! `POST users` and `PATCH users/ID`: makes and changes the accounts of users, with a password, a hash or an invitation.
//!
//! `login::accounts` does the work; the rules for passwords and identifiers are in `login` as well.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::view;
use super::{UserWithLink, find, no_such_user, note_person};
use crate::protocol::admin::body;
use crate::protocol::admin::{AdminFailure, Call};
use crate::protocol::codec::json;
use crate::protocol::http::Response;
use crate::protocol::login;
use crate::protocol::login::accounts::{Made, NewAccount};
use crate::protocol::login::{Flaw, Identifier, Names};
use crate::protocol::model::time::DAY;
use crate::protocol::model::user_id::UserId;
use crate::protocol::objects::subject::{Change, User};
use crate::protocol::passwords::PasswordHash;
use crate::protocol::server::ports::Platform;
use crate::protocol::tokens::user_claims;
use crate::protocol::validate::Problem;

/// How long an invitation works, in seconds.
const INVITATION_LIFETIME: u64 = 7 * DAY;

/// Body of `POST users`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(extend("required" = ["login"])))]
pub(in crate::protocol::admin) struct NewUser {
    /// An email address or a name.
    login: String,
    /// The user's standard claims.
    claims: Map<String, Value>,
    /// A password of 8 characters to 256 bytes.
    password: Option<String>,
    /// Instead of a password: its hash, of a form that the documentation of users lists.
    password_hash: Option<String>,
    /// Makes a link that lets the person choose a password.
    invite: bool,
}

/// Body of `PATCH users/ID`; what is absent stays.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(in crate::protocol::admin) struct ChangedUser {
    /// Claims to set, or to remove where null.
    claims: Map<String, Value>,
    enabled: Option<bool>,
    login: Option<String>,
    password: Option<String>,
    /// A hash of a form in `docs/users.md`.
    password_hash: Option<String>,
}

/// A new password, or the hash of one that is known elsewhere.
struct Credential {
    password: Option<String>,
    password_hash: Option<String>,
}

impl Credential {
    fn is_given(&self) -> bool {
        self.password.is_some() || self.password_hash.is_some()
    }

    fn problem(&self, platform: &impl Platform, names: &Names) -> Option<Problem> {
        let (path, message) = match (&self.password, &self.password_hash) {
            (Some(_), Some(_)) => ("password_hash", Some("give a password or a hash, not both")),
            (Some(password), None) => ("password", login::flaw(platform, password, names).map(words)),
            (None, Some(hash)) => ("password_hash", PasswordHash::import(hash).err()),
            (None, None) => return None,
        };
        message.map(|message| problem(path, message))
    }

    /// The hash to store; that of a password is made by `owner`'s object.
    async fn hash<P: Platform>(
        &self,
        call: &Call<'_, P>,
        owner: Option<UserId>,
    ) -> Result<Option<PasswordHash>, AdminFailure> {
        match &self.password {
            Some(password) => {
                Ok(Some(login::hash_password(call.server, owner, password, call.context.now).await?))
            }
            None => Ok(self.password_hash.as_deref().and_then(|hash| PasswordHash::import(hash).ok())),
        }
    }
}

/// What is wrong with a password, in words.
const fn words(flaw: Flaw) -> &'static str {
    match flaw {
        Flaw::TooShort => "a password has at least 8 characters",
        Flaw::TooLong => "a password has at most 256 bytes",
        Flaw::Weak => {
            "this password is easy to guess: many people have it, or it is a name of the user or of this service"
        }
    }
}

/// `POST users`: 201 with the account, and with the link where one was asked for.
pub(super) async fn create<P: Platform>(call: &Call<'_, P>) -> Result<Response, AdminFailure> {
    let NewUser { login, mut claims, password, password_hash, invite } =
        body::read_required(call.context.request)?;
    let credential = Credential { password, password_hash };
    let mut problems = claim_problems(&claims);
    let full_name = claims.get("name").and_then(Value::as_str);
    let names = Names::of(call.server, call.context, &login, full_name).await?;
    problems.extend(credential.problem(&call.server.platform, &names));
    if invite && credential.is_given() {
        problems.push(problem("invite", "who is invited chooses the password"));
    }
    refuse(problems)?;
    let identifier = Identifier::for_account(&call.server.platform, &login);
    if let Some(identifier) = identifier.filter(Identifier::is_email) {
        claims.entry("email").or_insert_with(|| identifier.as_str().into());
    }
    let now = call.context.now;
    let password = credential.hash(call, None).await?;
    let user = made(call.server.make_account(NewAccount { login, claims, password }, now).await?)?;
    note_person(call, &user.login).await?;
    if !invite {
        return body::write(201, &UserWithLink { user: view(call, &user).await?, link: None });
    }
    let linked = call
        .server
        .make_link(user.id, (INVITATION_LIFETIME, call.authority.may_change_everything()), now)
        .await?;
    let (user, link) = linked.ok_or_else(no_such_user)?;
    body::write(201, &UserWithLink { user: view(call, &user).await?, link: Some(link) })
}

/// `PATCH users/ID`. A new password ends all sessions and grants, and so does switching off.
pub(super) async fn change<P: Platform>(call: &Call<'_, P>, name: &str) -> Result<Response, AdminFailure> {
    let ChangedUser { claims, enabled, login, password, password_hash } = body::read(call.context.request)?;
    let credential = Credential { password, password_hash };
    let given = claims.iter().filter(|(_, value)| !value.is_null());
    let mut problems =
        claim_problems(&json::object(given.map(|(name, value)| (name.clone(), value.clone()))));
    let user = find(call, name).await?;
    problems.extend(
        credential.problem(&call.server.platform, &Names::of_user(call.server, call.context, &user).await?),
    );
    refuse(problems)?;
    let password = credential.hash(call, Some(user.id)).await?;
    let change = Change { claims, enabled, password, login, ..Change::default() };
    let changed = call.server.change_account(&user, change, call.context.now).await?;
    let user = made(changed.ok_or_else(no_such_user)?)?;
    body::write(200, &view(call, &user).await?)
}

fn made(made: Made) -> Result<User, AdminFailure> {
    match made {
        Made::User(user) => Ok(*user),
        Made::Taken => {
            Err(AdminFailure::refused(409, "already_exists", "another user has this login identifier"))
        }
        Made::Malformed => {
            let message = "a login identifier has 1 to 254 bytes, no characters that can't be seen, and no letters of one alphabet that pass for another's; it doesn't begin with `usr_`";
            Err(invalid(vec![problem("login", message)]))
        }
    }
}

fn problem(path: &str, message: &str) -> Problem {
    Problem { path: path.to_owned(), message: message.to_owned() }
}

fn claim_problems(claims: &Map<String, Value>) -> Vec<Problem> {
    let problems = claims.iter().filter_map(|(name, value)| {
        user_claims::problem(name, value).map(|message| problem(&format!("claims.{name}"), message))
    });
    problems.collect()
}

fn refuse(problems: Vec<Problem>) -> Result<(), AdminFailure> {
    if problems.is_empty() {
        return Ok(());
    }
    Err(invalid(problems))
}

fn invalid(problems: Vec<Problem>) -> AdminFailure {
    AdminFailure::Refused {
        status: 422,
        error: "invalid_user",
        description: "the user is not valid; `problems` says where and why".to_owned(),
        problems,
    }
}
