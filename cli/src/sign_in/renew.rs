//! Using a login: its access token, renewed when it has expired.

use mintedge::protocol::model::scope::{ScopeSet, is_of_admin};
use mintedge::protocol::model::secret::Secret;

use super::place::{Login, Place, Tokens};
use crate::failure::{Exit, Failure};
use crate::remote::{Server, refresh};
use crate::time::now;

/// How long before its end an access token isn't used any more, in seconds: a request takes a while.
const MARGIN: u64 = 30;

/// The access token of the login at `server`; `None` if there is no login.
///
/// # Errors
/// If the login has ended, or can't be read or renewed.
pub(crate) fn access_token(server: &Server) -> Result<Option<Secret>, Failure> {
    let Some(place) = Place::of(server) else { return Ok(None) };
    let Some(login) = place.read()? else { return Ok(None) };
    let tokens = login.tokens()?;
    if now().plus(MARGIN) < tokens.expires_at {
        return Ok(Some(Secret::received(tokens.access_token.clone())));
    }
    let stale = Secret::received(tokens.access_token.clone());
    renewed(server, &stale).map(Some)
}

/// Another access token in place of `stale`, which has expired or was refused. One command at a time renews; the others take what
/// that one got.
///
/// # Errors
/// If the login has ended, or can't be read or renewed.
pub(crate) fn renewed(server: &Server, stale: &Secret) -> Result<Secret, Failure> {
    let place = Place::required(server)?;
    let _lock = place.lock()?;
    let login = place.read()?.ok_or_else(|| ended(server, "it was signed out meanwhile"))?;
    let tokens = login.tokens()?;
    if tokens.access_token != stale.expose() && now().plus(MARGIN) < tokens.expires_at {
        return Ok(Secret::received(tokens.access_token.clone()));
    }
    let issued = refresh(server, &tokens.refresh_token).map_err(|failure| match failure.error() {
        "invalid_grant" | "invalid_scope" | "invalid_client" => ended(server, failure.description()),
        _ => failure,
    })?;
    let scopes = ScopeSet::parse(issued.scope.as_deref().unwrap_or_default()).unwrap_or_default();
    let tokens = Tokens {
        expires_at: now().plus(issued.expires_in.unwrap_or_default()),
        refresh_token: issued.refresh_token.unwrap_or_else(|| tokens.refresh_token.clone()),
        access_token: issued.access_token,
    };
    let token = Secret::received(tokens.access_token.clone());
    let login = login.with(scopes, tokens);
    // Kept even if it is good for nothing now: the refresh token before has been used.
    place.write(&login)?;
    check_role(&login)?;
    Ok(token)
}

/// Checks that the login is of an administrator.
///
/// # Errors
/// If nothing of the admin API was granted.
pub(super) fn check_role(login: &Login) -> Result<(), Failure> {
    if login.scopes.iter().any(is_of_admin) {
        return Ok(());
    }
    let description = format!("{} is no administrator of {}", login.account, login.issuer);
    Err(Failure::new(Exit::Refused, "access_denied", description))
}

fn ended(server: &Server, why: &str) -> Failure {
    let issuer = server.issuer().as_str();
    let description = format!("the login at {issuer} has ended ({why}); run `mintedge login`");
    Failure::new(Exit::Refused, "login_ended", description)
}
