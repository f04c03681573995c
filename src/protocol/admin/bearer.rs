//! Authorization of admin calls with the server's own access tokens (RFC 6750 §2.1, RFC 9068 §4).
//!
//! `admin::serve` calls it before anything else; a token in the query or the body (RFC 6750 §2.2, §2.3) is not accepted.

use super::{AdminFailure, Call};
use crate::protocol::http::error::{Cause, Code, OAuthError};
use crate::protocol::model::scope::ScopeSet;
use crate::protocol::server::ports::Platform;
use crate::protocol::tokens::verify::verify_access_token;

const NEEDS_TOKEN: &str = "this needs an access token for the admin API";

/// Lets the call through if its token is ours, for the admin API, alive, of a client that still may, and has `scope`.
pub(super) async fn authorize<P: Platform>(call: &Call<'_, P>, scope: &str) -> Result<(), AdminFailure> {
    let Call { server, context } = call;
    let header = context.request.headers.authorization.as_ref();
    let header =
        header.ok_or(OAuthError::new(Code::TokenMissing, Cause::BearerMissing, NEEDS_TOKEN))?.expose();
    let (scheme, token) = header.split_once(' ').ok_or(refused(Cause::BearerMalformed))?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(refused(Cause::BearerMalformed).into());
    }
    let snapshot = server.snapshot(context.now).await?;
    let audience = server.issuer.admin_resource();
    let issuer = server.issuer.as_str();
    let keys = &snapshot.keys;
    let token =
        verify_access_token(&server.platform, token.trim(), keys, issuer, Some(&audience), context.now)
            .await?;
    // Administration is for clients in their own name: neither people nor guests, and nobody's delegate.
    if token.grant.is_some() || token.sub != token.client_id {
        return Err(refused(Cause::BearerScope).into());
    }
    let client = server.issued_to(&token, context.now).await?.map_err(refused)?;
    context.note_client(&client.client_id);
    // The token's scope and what the client may still have: a ceiling lowered since counts at once.
    let in_token = ScopeSet::parse(&token.scope).is_some_and(|scopes| scopes.contains(scope));
    if in_token && client.scopes.contains(scope) {
        return Ok(());
    }
    let description = "the access token lacks the scope for this operation";
    Err(OAuthError::new(Code::InsufficientScope, Cause::BearerScope, description).into())
}

fn refused(cause: Cause) -> OAuthError {
    OAuthError::new(Code::InvalidToken, cause, NEEDS_TOKEN)
}
