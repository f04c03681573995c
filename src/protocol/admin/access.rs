//! Which scopes an operation takes. `mintedge:read` is for everything that is looked at, `mintedge:write` for everything that is
//! changed, and the others for both in one part of the API.
//!
//! `admin::operate` asks before it does anything, and the description says the same of each operation. Whoever has one part only can't
//! get at the rest by it: what makes or is an administrator takes `mintedge:write`.

use super::bearer::Authority;
use super::{AdminFailure, Call, unexpected};
use crate::protocol::config::ClientConfig;
use crate::protocol::http::Method;
use crate::protocol::model::scope::{
    ADMIN_CLIENTS, ADMIN_KEYS, ADMIN_READ, ADMIN_SCOPES, ADMIN_USERS, ADMIN_WRITE, is_of_admin,
};
use crate::protocol::objects::control::{ControlCommand, ControlReply};
use crate::protocol::server::ports::Platform;

/// The scopes any one of which is enough for `method` at the path of `segments`.
pub(super) fn sufficient(method: Method, segments: &[&str]) -> &'static [&'static str] {
    match (method == Method::Get, segments) {
        (true, ["whoami"]) => &ADMIN_SCOPES,
        (true, ["clients", ..] | ["client-documents"]) => &[ADMIN_READ, ADMIN_CLIENTS],
        (false, ["clients", ..] | ["client-documents"]) => &[ADMIN_WRITE, ADMIN_CLIENTS],
        (true, ["users", ..]) => &[ADMIN_READ, ADMIN_USERS],
        (false, ["users", ..]) => &[ADMIN_WRITE, ADMIN_USERS],
        (true, ["keys", ..]) => &[ADMIN_READ, ADMIN_KEYS],
        (false, ["keys", ..]) => &[ADMIN_WRITE, ADMIN_KEYS],
        (true, _) => &[ADMIN_READ],
        (false, _) => &[ADMIN_WRITE],
    }
}

/// Checks that the operation changes nobody who administers, unless the caller may change everything: whoever could set an
/// administrator's password, or a secret of a client that administers, would be one.
///
/// # Errors
/// `insufficient_scope`.
pub(super) async fn check_target<P: Platform>(
    call: &Call<'_, P>,
    method: Method,
    segments: &[&str],
) -> Result<(), AdminFailure> {
    if method == Method::Get || call.authority.may_change_everything() {
        return Ok(());
    }
    let administers = match segments {
        ["clients", id, ..] => client_administers(call, id).await?,
        ["users", name, ..] => user_administers(call, name).await?,
        _ => false,
    };
    if administers { Err(AdminFailure::scope_missing(ADMIN_WRITE)) } else { Ok(()) }
}

/// Checks that `authority` may give a client what `declared` has: scopes of the admin API take `mintedge:write`.
///
/// # Errors
/// `insufficient_scope`.
pub(super) fn check_declared(authority: &Authority, declared: &ClientConfig) -> Result<(), AdminFailure> {
    if declared.scopes.iter().any(is_of_admin) && !authority.may_change_everything() {
        return Err(AdminFailure::scope_missing(ADMIN_WRITE));
    }
    Ok(())
}

async fn client_administers<P: Platform>(call: &Call<'_, P>, id: &str) -> Result<bool, AdminFailure> {
    match call.control(ControlCommand::Client { client_id: id.to_owned() }).await? {
        ControlReply::Client(client) => {
            Ok(client.is_some_and(|client| client.scopes.iter().any(is_of_admin)))
        }
        _ => Err(unexpected()),
    }
}

async fn user_administers<P: Platform>(call: &Call<'_, P>, name: &str) -> Result<bool, AdminFailure> {
    let Some(user) = call.server.find_account(name, call.context.now).await? else { return Ok(false) };
    Ok(call.server.is_administrator(user.id).await?)
}
