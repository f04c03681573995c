//! Authorization of admin calls with the server's own access tokens (RFC 6750 §2.1, RFC 9068 §4).
//!
//! A client's own token counts as far as its registration goes, a person's as far as their role does, and both only while they are
//! alive. `admin::serve` calls it before anything else; a token in the query or the body (RFC 6750 §2.2, §2.3) is not accepted.

use super::AdminFailure;
use crate::protocol::http::error::{Cause, Code, OAuthError};
use crate::protocol::keys::sealed::{GRANT_PREFIX, open};
use crate::protocol::model::scope::{ADMIN_WRITE, ScopeSet, is_of_admin};
use crate::protocol::model::time::Timestamp;
use crate::protocol::server::Server;
use crate::protocol::server::ports::Platform;
use crate::protocol::server::request::RequestContext;
use crate::protocol::tokens::grant_ref::GrantRef;
use crate::protocol::tokens::verify::{VerifiedAccessToken, verify_access_token};

const NEEDS_TOKEN: &str = "this needs an access token for the admin API";

/// Who calls, and what they may do now.
pub(super) struct Authority {
    /// The token's `sub`: a user's, or a client's id.
    pub(super) sub: String,
    /// What the user logs in with; unset for a client.
    pub(super) login: Option<String>,
    /// The client that shows the token.
    pub(super) client_id: String,
    /// The token's scopes of this API, as far as client and user may still have them.
    pub(super) scopes: ScopeSet,
    /// When the token expires.
    pub(super) expires_at: Timestamp,
}

impl Authority {
    /// Whether no change is out of reach.
    pub(super) fn may_change_everything(&self) -> bool {
        self.scopes.contains(ADMIN_WRITE)
    }
}

/// Lets the call through if its token is ours, for the admin API, alive, and has one of the `sufficient` scopes.
pub(super) async fn authorize<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    sufficient: &[&'static str],
) -> Result<Authority, AdminFailure> {
    let token = verified(server, context).await?;
    let client = server.issued_to(&token, context.now).await?.map_err(refused)?;
    context.note_client(&client.client_id);
    // The token's scope and what the client may still have: a ceiling lowered since counts at once.
    let scopes = ScopeSet::parse(&token.scope).unwrap_or_default().intersection(&client.scopes);
    let scopes = scopes.iter().filter(|scope| is_of_admin(scope)).collect();
    let (sub, client_id) = (token.sub.clone(), token.client_id.clone());
    let mut authority = Authority { sub, login: None, client_id, scopes, expires_at: token.exp };
    match &token.grant {
        Some(sealed) => of_user(server, context, &token, sealed, &mut authority).await?,
        // Neither guests nor workloads of trusted issuers, whatever a rule may give them.
        None if token.sub != token.client_id => return Err(refused(Cause::BearerScope).into()),
        None => {}
    }
    if sufficient.iter().any(|scope| authority.scopes.contains(scope)) {
        return Ok(authority);
    }
    Err(AdminFailure::scope_missing(sufficient.first().copied().unwrap_or(ADMIN_WRITE)))
}

async fn verified<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
) -> Result<VerifiedAccessToken, AdminFailure> {
    let header = context.request.headers.authorization.as_ref();
    let header =
        header.ok_or(OAuthError::new(Code::TokenMissing, Cause::BearerMissing, NEEDS_TOKEN))?.expose();
    let (scheme, token) = header.split_once(' ').ok_or(refused(Cause::BearerMalformed))?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(refused(Cause::BearerMalformed).into());
    }
    let keys = &server.snapshot(context.now).await?.keys;
    let (issuer, audience) = (server.issuer.as_str(), server.issuer.admin_resource());
    let audience = Some(audience.as_str());
    Ok(verify_access_token(server, token.trim(), keys, issuer, audience, context.now).await?)
}

/// A user's token counts while its grant does, and only where the user gave it themselves: nobody administers as somebody's
/// delegate, or with what a token was exchanged for. The role is the present one.
async fn of_user<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    token: &VerifiedAccessToken,
    sealed: &str,
    authority: &mut Authority,
) -> Result<(), AdminFailure> {
    let keyring = server.keyring_for(sealed, context.now).await?;
    let reference = open::<GrantRef>(&keyring.derived.grant, GRANT_PREFIX, sealed);
    let reference = reference.ok_or(refused(Cause::TokenInactive))?;
    let state = server.live_grant(&reference, context.now).await?.ok_or(refused(Cause::TokenInactive))?;
    let is_own = state.grant.client_id == token.client_id && state.grant.derived.is_none();
    if !is_own || token.others.contains_key("act") {
        return Err(refused(Cause::BearerScope).into());
    }
    context.note_sub(&state.user.id.to_string());
    authority.scopes = server.within_role(state.user.id, &authority.scopes, context.now).await?;
    authority.login = Some(state.user.login.clone());
    Ok(())
}

fn refused(cause: Cause) -> OAuthError {
    OAuthError::new(Code::InvalidToken, cause, NEEDS_TOKEN)
}
