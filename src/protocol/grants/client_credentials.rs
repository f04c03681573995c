//! `client_credentials` (RFC 6749 §4.4): a program asks for a token of its own.
//!
//! The result never has a refresh token (§4.4.3) or an ID token, because there is no user. The token's `sub` is the client's id,
//! which no user's `sub` can be. The dispatch in `grants` calls it.

use super::{Decision, GrantRequest};
use crate::protocol::http::error::Failure;
use crate::protocol::model::actor::may_act;
use crate::protocol::server::ports::Platform;
use crate::protocol::tokens::target::{Wanted, choose};

/// Decides what the client gets: `scope` (optional, RFC 6749 §3.3) within the scopes it is registered for, for `resource`
/// (optional, repeatable, RFC 8707 §2).
///
/// # Errors
/// `invalid_scope`, `invalid_target`.
pub(super) fn decide<P: Platform>(request: GrantRequest<'_, P>) -> Result<Decision, Failure> {
    let GrantRequest { server, client, form, snapshot, .. } = request;
    let requested: Vec<&str> = form.values("resource").collect();
    let issuer = server.issuer.as_str();
    let wanted = Wanted { scope: form.value("scope"), resources: &requested };
    let target = choose(&snapshot, issuer, &client, &client.scopes, wanted)?;
    let mut granted = Decision::plain(client.client_id.clone(), &client.client_id, target);
    if let Some(name) = &client.may_act {
        granted.vouched.insert("may_act".to_owned(), may_act(name));
    }
    Ok(granted)
}
