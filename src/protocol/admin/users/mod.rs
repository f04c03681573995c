//! The operations under `users`. A user is named by `sub` or by login identifier.
//!
//! `admin::operate` passes them on by path. The work is done by `login::accounts` and by the object of the user.

mod declare;
mod list;
mod overview;
mod view;

use super::body;
use super::{AdminFailure, Call, no_such_operation};
use crate::protocol::config::LoggedPeople;
use crate::protocol::http::{Method, Response};
use crate::protocol::login::Identifier;
use crate::protocol::model::id::Id;
use crate::protocol::model::time::DAY;
use crate::protocol::objects::subject::{Change, SubjectCommand, SubjectReply, User, Why};
use crate::protocol::server::ports::Platform;
use crate::protocol::server::request as log;

#[cfg(feature = "schema")]
pub(super) use declare::{ChangedUser, NewUser};
#[cfg(feature = "schema")]
pub(super) use list::Page as UserPage;
pub use view::{GrantView, OverviewView, PersonView, SessionView, UserView, UserWithLink};

/// How long the link of `POST users/ID/reset` works, in seconds.
const RESET_LIFETIME: u64 = DAY;

/// Carries out the operation at `path`, which is what comes after `users`.
pub(super) async fn operate<P: Platform>(
    call: &Call<'_, P>,
    method: Method,
    path: &[&str],
) -> Result<Response, AdminFailure> {
    if let [name, ..] = path {
        note_person(call, name).await?;
    }
    match (method, path) {
        (Method::Get, []) => list::list(call).await,
        (Method::Post, []) => declare::create(call).await,
        (Method::Get, [name]) => body::write(200, &view(call, &find(call, name).await?).await?),
        (Method::Patch, [name]) => declare::change(call, name).await,
        (Method::Delete, [name]) => delete(call, name).await,
        (Method::Post, [name, "enable"]) => set_enabled(call, name, true).await,
        (Method::Post, [name, "disable"]) => set_enabled(call, name, false).await,
        (Method::Post, [name, "reset"]) => reset(call, name).await,
        (Method::Get, [name, "export"]) => overview::export(call, name).await,
        (Method::Get, [name, "sessions"]) => overview::show(call, name).await,
        (Method::Delete, [name, "sessions"]) => overview::end_sessions(call, name).await,
        (Method::Delete, [name, "sessions", sid]) => overview::end_session(call, name, sid).await,
        (Method::Delete, [name, "grants", grant]) => revoke_grant(call, name, grant).await,
        (Method::Delete, [name, "clients", client]) => {
            let client_id = (*client).to_owned();
            order(call, name, &SubjectCommand::RevokeClient { client_id, why: Why::ByAdmin }).await?;
            Ok(Response::empty(204))
        }
        _ => Err(no_such_operation()),
    }
}

/// The methods that a path has, as `Allow` names them.
pub(super) fn allowed(path: &[&str]) -> Option<&'static str> {
    match path {
        [] => Some("GET, HEAD, POST"),
        [_] => Some("GET, HEAD, PATCH, DELETE"),
        [_, "enable" | "disable" | "reset"] => Some("POST"),
        [_, "export"] => Some("GET, HEAD"),
        [_, "sessions"] => Some("GET, HEAD, DELETE"),
        [_, "sessions" | "grants" | "clients", _] => Some("DELETE"),
        _ => None,
    }
}

/// What an operation that changes something is called in the log.
pub(super) fn operation(method: Method, path: &[&str]) -> &'static str {
    match (method, path) {
        (Method::Post, []) => "admin.create_user",
        (Method::Patch, [_]) => "admin.change_user",
        (Method::Delete, [_]) => "admin.delete_user",
        (Method::Post, [_, "enable"]) => "admin.enable_user",
        (Method::Post, [_, "disable"]) => "admin.disable_user",
        (Method::Post, [_, "reset"]) => "admin.reset_user",
        (Method::Delete, [_, "sessions"]) => "admin.end_sessions",
        (Method::Delete, [_, "sessions", _]) => "admin.end_session",
        (Method::Delete, [_, "grants", _]) => "admin.revoke_grant",
        (Method::Delete, [_, "clients", _]) => "admin.revoke_client",
        _ => "admin",
    }
}

/// The user whose `sub` or login identifier is `name`.
async fn find<P: Platform>(call: &Call<'_, P>, name: &str) -> Result<User, AdminFailure> {
    let user = call.server.find_account(name, call.context.now).await?.ok_or_else(no_such_user)?;
    note_person(call, &user.login).await?;
    Ok(user)
}

/// Notes for the log whom an operation is about, as far as the log may say so.
async fn note_person<P: Platform>(call: &Call<'_, P>, name: &str) -> Result<(), AdminFailure> {
    if call.server.snapshot(call.context.now).await?.log.people == LoggedPeople::Hash {
        let name = log_name(call, name).await?;
        call.context.note_target(&name);
    }
    Ok(())
}

/// What a person is called in the log.
async fn log_name<P: Platform>(call: &Call<'_, P>, name: &str) -> Result<String, AdminFailure> {
    let keyring = call.server.any_keyring(call.context.now).await?;
    let identifier = Identifier::parse(name);
    let name = identifier.as_ref().map_or(name, Identifier::as_str);
    Ok(log::keyed_hash(&keyring.derived, log::LOGIN, name))
}

async fn view<P: Platform>(call: &Call<'_, P>, user: &User) -> Result<UserView, AdminFailure> {
    Ok(UserView { log_name: Some(log_name(call, &user.login).await?), ..UserView::from(user) })
}

fn no_such_user() -> AdminFailure {
    AdminFailure::not_found("there is no such user")
}

/// Has the object of the person called `name` carry out `command`.
async fn order<P: Platform>(
    call: &Call<'_, P>,
    name: &str,
    command: &SubjectCommand,
) -> Result<SubjectReply, AdminFailure> {
    let user = find(call, name).await?;
    Ok(call.server.subject(user.id, command, call.context.now).await?)
}

async fn delete<P: Platform>(call: &Call<'_, P>, name: &str) -> Result<Response, AdminFailure> {
    let deleted = call.server.delete_account(name, call.context.now).await?;
    let identifier = deleted.ok_or_else(no_such_user)?;
    note_person(call, identifier.as_str()).await?;
    Ok(Response::empty(204))
}

/// Switches a user on or off. Switching off ends all of their sessions and grants.
async fn set_enabled<P: Platform>(
    call: &Call<'_, P>,
    name: &str,
    enabled: bool,
) -> Result<Response, AdminFailure> {
    let change = Change { enabled: Some(enabled), ..Change::default() };
    match order(call, name, &SubjectCommand::Change(Box::new(change))).await? {
        SubjectReply::User(user) => body::write(200, &view(call, &user).await?),
        _ => Err(no_such_user()),
    }
}

/// A link to set a password with. The password there is works until then.
async fn reset<P: Platform>(call: &Call<'_, P>, name: &str) -> Result<Response, AdminFailure> {
    let user = find(call, name).await?;
    if !user.enabled {
        let description = "the user is disabled, so the link would not work; enable them first";
        return Err(AdminFailure::refused(409, "disabled", description));
    }
    let made = call
        .server
        .make_link(user.id, (RESET_LIFETIME, call.authority.may_change_everything()), call.context.now)
        .await?;
    let (user, link) = made.ok_or_else(no_such_user)?;
    body::write(200, &UserWithLink { user: view(call, &user).await?, link: Some(link) })
}

async fn revoke_grant<P: Platform>(
    call: &Call<'_, P>,
    name: &str,
    grant: &str,
) -> Result<Response, AdminFailure> {
    let no_such_grant = || AdminFailure::not_found("the user has no such grant");
    let id = Id::parse(grant).ok_or_else(no_such_grant)?;
    let command = SubjectCommand::RevokeGrant { id, client_id: None, why: Why::ByAdmin };
    match order(call, name, &command).await? {
        SubjectReply::Done => Ok(Response::empty(204)),
        _ => Err(no_such_grant()),
    }
}
