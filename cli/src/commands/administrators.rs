//! Whose accounts the administrators of a file are. A login identifier can change hands; the `sub` that the server is told can't.

use mintedge::protocol::admin::{ConfigView, UserView};
use mintedge::protocol::validate::{Problem, has_full_administrator};
use serde_json::Value;

use crate::failure::Failure;
use crate::file::ConfigFile;
use crate::remote::{Session, user_path};

/// Looks up the `sub` of each administrator that the file names by login identifier.
///
/// # Errors
/// If there is no such account, or anybody may have made it.
pub(super) fn look_up(session: &Session, current: &ConfigView, file: &mut ConfigFile) -> Result<(), Failure> {
    let mut problems = Vec::new();
    let is_open = file.config.login.sign_up.is_open() || current.config.login.sign_up.is_open();
    for (index, administrator) in file.config.administrator.iter_mut().enumerate() {
        if administrator.account().is_some() {
            continue;
        }
        let name = &administrator.user;
        let message = match session.find::<UserView>(&user_path(name, ""))? {
            None => {
                format!("there is no user `{name}`; make the account first: `mintedge users create {name}`")
            }
            Some(user) if may_be_a_squatter(&user, is_open) => {
                format!(
                    "anybody may have signed up as `{name}`, and nobody has verified that it is who made this account: find out, and \
                     name its `sub` instead, {}",
                    user.sub
                )
            }
            Some(user) => {
                administrator.sub = Some(user.sub.to_string());
                continue;
            }
        };
        problems.push(Problem { path: format!("administrator[{index}].user"), message });
    }
    if problems.is_empty() { Ok(()) } else { Err(file.refused(&problems)) }
}

/// Whether the account may be of somebody who signed up with another's address. Who signs up has an address that isn't verified,
/// also when sign-up has been closed since; and what is verified is the address in `email`, which the login need not be.
fn may_be_a_squatter(user: &UserView, is_open: bool) -> bool {
    let has_verified = match user.claims.get("email_verified") {
        Some(verified) => *verified == Value::Bool(true),
        None => !is_open,
    };
    let email = user.claims.get("email").and_then(Value::as_str).unwrap_or_default();
    let is_address = user.login.contains('@');
    !has_verified || is_address && email.to_lowercase() != user.login.to_lowercase()
}

/// Warns if the file takes the last administrator away who may change everything.
pub(super) fn warn_of_loss(current: &ConfigView, file: &mut ConfigFile) {
    let is_loss = has_full_administrator(&current.config) && file.config.administrator.is_empty();
    if is_loss {
        let message = "this takes the last administrator with `mintedge:write` away: from then on changes need the deployment's \
                       ADMIN_SECRET, which `wrangler secret put ADMIN_SECRET` sets, or a client with that scope";
        file.warn(&Problem { path: "administrator".to_owned(), message: message.to_owned() });
    }
}
