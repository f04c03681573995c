//! `mintedge users`: people's accounts.

mod declare;
mod password;
mod view;

use clap::{Args, Subcommand};
use mintedge::protocol::admin::{OverviewView, PersonView, UserView, UserWithLink};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::args::Globals;
use crate::ask::confirm;
use crate::failure::Failure;
use crate::remote::{Access, Session, server_without_file, user_path};
use mintedge::protocol::codec::encoding::form_encode;

/// What to do with users.
#[derive(Debug, Subcommand)]
pub(crate) enum UsersCommand {
    /// List all users.
    List(ListArgs),
    /// Show one user: account, sessions, and who has access.
    Show(One),
    /// Make an account with a password.
    Create(declare::CreateArgs),
    /// Make an account and a link with which its owner chooses a password, within seven days.
    Invite(declare::InviteArgs),
    /// Change an account; what isn't named stays.
    Set(declare::SetArgs),
    /// Make a link that sets a new password, within a day.
    Reset(One),
    /// Let a user log in again.
    Enable(One),
    /// Keep a user from logging in; all sessions and grants end.
    Disable(One),
    /// Sign a user out everywhere; all grants end.
    SignOut(One),
    /// Print everything that is stored of a user, as JSON.
    Export(One),
    /// Delete an account and everything with it.
    Delete(DeleteArgs),
}

/// One user.
#[derive(Debug, Args)]
pub(crate) struct One {
    /// What the user logs in with, or their `sub`.
    #[arg(value_name = "USER")]
    pub(super) user: String,
}

/// Which user goes.
#[derive(Debug, Args)]
pub(crate) struct DeleteArgs {
    #[command(flatten)]
    user: One,
    /// Don't ask.
    #[arg(long, short)]
    yes: bool,
}

/// Which users.
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Only those whose login begins like this.
    #[arg(long, value_name = "PREFIX")]
    search: Option<String>,
}

/// A user with everything around.
#[derive(Serialize)]
struct Whole {
    #[serde(flatten)]
    user: UserView,
    #[serde(flatten)]
    overview: OverviewView,
}

pub(super) fn run(globals: &Globals, command: &UsersCommand) -> Result<Answer, Failure> {
    let open = |access| Session::open(server_without_file(globals)?, access);
    match command {
        UsersCommand::List(args) => {
            let users = all_users(&open(Access::Read)?, args.search.as_deref())?;
            Ok(Answer::new(view::table(&users), &json!({ "users": users })))
        }
        UsersCommand::Show(One { user }) => show(&open(Access::Read)?, user),
        UsersCommand::Create(args) => declare::create(|| open(Access::Write), args),
        UsersCommand::Invite(args) => declare::invite(&open(Access::Write)?, args),
        UsersCommand::Set(args) => declare::set(|| open(Access::Write), args),
        UsersCommand::Reset(One { user }) => {
            let made: UserWithLink = open(Access::Write)?.post(&user_path(user, "/reset"), &json!({}))?;
            Ok(Answer::new(view::link(&format!("User {user} can choose a new password."), &made), &made))
        }
        UsersCommand::Enable(One { user }) => switch(&open(Access::Write)?, user, "enable"),
        UsersCommand::Disable(One { user }) => switch(&open(Access::Write)?, user, "disable"),
        UsersCommand::SignOut(One { user }) => {
            open(Access::Write)?.delete(&user_path(user, "/sessions"))?;
            let text = format!("User {user} is signed out everywhere. {ACCESS_TOKENS}");
            Ok(Answer::new(text, &json!({ "signed_out": user })))
        }
        UsersCommand::Export(One { user }) => {
            let rows: Value = open(Access::Read)?.get(&user_path(user, "/export"))?;
            Ok(Answer::new(serde_json::to_string_pretty(&rows).unwrap_or_default(), &rows))
        }
        UsersCommand::Delete(args) => delete(&open(Access::Write)?, args),
    }
}

/// What ending a grant doesn't do.
pub(super) const ACCESS_TOKENS: &str = "Access tokens that were issued before live until they expire.";

fn show(session: &Session, user: &str) -> Result<Answer, Failure> {
    let whole = Whole {
        user: session.get(&user_path(user, ""))?,
        overview: session.get(&user_path(user, "/sessions"))?,
    };
    Ok(Answer::new(view::one(&whole.user, &whole.overview), &whole))
}

fn switch(session: &Session, user: &str, operation: &str) -> Result<Answer, Failure> {
    let view: UserView = session.post(&user_path(user, &format!("/{operation}")), &json!({}))?;
    let text = if view.enabled {
        format!("User {user} is enabled.")
    } else {
        format!("User {user} is disabled, and signed out everywhere. {ACCESS_TOKENS}")
    };
    Ok(Answer::new(text, &view))
}

fn delete(session: &Session, args: &DeleteArgs) -> Result<Answer, Failure> {
    let user = &args.user.user;
    // An identifier may be all that an interrupted deletion left: the server knows what to do about it.
    let found: Option<UserView> = session.find(&user_path(user, ""))?;
    let name = found.map_or_else(|| user.clone(), |found| format!("{} ({})", found.login, found.sub));
    confirm(&format!("Delete user {name} and everything stored of them? There is no way back."), args.yes)?;
    session.delete(&user_path(user, ""))?;
    Ok(Answer::new(format!("Deleted user {user}."), &json!({ "deleted": user })))
}

/// Every user whose login begins with `search`, ordered by login.
fn all_users(session: &Session, search: Option<&str>) -> Result<Vec<PersonView>, Failure> {
    let prefix = search.unwrap_or_default().trim().to_lowercase();
    let ordered = format!("order=login&search={}", form_encode(&prefix));
    let mut users = match pages(session, &ordered) {
        // A Worker on the free plan may not ask all of the directory for one request.
        Err(failure) if failure.error() == "temporarily_unavailable" => pages(session, "")?,
        users => users?,
    };
    // An older server knows no order.
    users.retain(|user| user.login.starts_with(&prefix));
    users.sort_unstable_by(|one, other| one.login.cmp(&other.login));
    Ok(users)
}

fn pages(session: &Session, query: &str) -> Result<Vec<PersonView>, Failure> {
    #[derive(Deserialize)]
    struct Page {
        users: Vec<PersonView>,
        next: Option<String>,
    }
    let mut page: Page = session.get(&format!("users?{query}"))?;
    let mut users = page.users;
    while let Some(after) = page.next {
        page = session.get(&format!("users?{query}&after={}", form_encode(&after)))?;
        users.append(&mut page.users);
    }
    Ok(users)
}
