//! `/userinfo` (`OpenID Connect Core` §5.3): what the token's scopes and its `claims` request say of the user.
//!
//! The token's grant is looked up in the user's object, so a revoked one is refused at once. The answer is JSON, or a JWT for a
//! client registered for that.

use crate::protocol::server::answer::method_not_allowed;
use serde_json::{Map, Value};

use super::cors;
use crate::protocol::http::error::{Cause, Code, Failure, OAuthError};
use crate::protocol::http::form::Form;
use crate::protocol::http::json::to_json;
use crate::protocol::http::{Method, Response};
use crate::protocol::issue::signed_answer;
use crate::protocol::keys::sealed::{GRANT_PREFIX, open};
use crate::protocol::keys::token_header::ID_TOKEN_TYPE;
use crate::protocol::model::scope::ScopeSet;
use crate::protocol::server::Server;
use crate::protocol::server::ports::Platform;
use crate::protocol::server::request::RequestContext;
use crate::protocol::tokens::grant_ref::GrantRef;
use crate::protocol::tokens::user_claims;
use crate::protocol::tokens::verify::{VerifiedAccessToken, verify_access_token};

pub(crate) async fn serve<P: Platform>(server: &Server<P>, context: &RequestContext<'_>) -> Response {
    context.endpoint.set("userinfo");
    match context.request.method {
        Method::Get | Method::Post => {}
        Method::Options => return cors::preflight(server, context).await,
        Method::Head | Method::Put | Method::Patch | Method::Delete | Method::Other => {
            return method_not_allowed(server, context, "GET, POST, OPTIONS");
        }
    }
    let response = match answer(server, context).await {
        Ok(response) => response,
        Err(failure) => context.fail(server.issuer.as_str(), failure),
    };
    cors::for_error(response, server, context).await
}

fn refused(cause: Cause) -> Failure {
    OAuthError::new(Code::InvalidToken, cause, "the access token is not valid here").into()
}

/// The bearer token: in the header, or in the body of a form (RFC 6750 §2.1, §2.2), never in the URL.
fn bearer(context: &RequestContext<'_>) -> Result<String, Failure> {
    let missing = OAuthError::new(Code::TokenMissing, Cause::BearerMissing, "this needs an access token");
    if let Some(header) = context.request.headers.authorization.as_ref() {
        let (scheme, token) = header.expose().split_once(' ').ok_or(missing)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(missing.into());
        }
        return Ok(token.trim().to_owned());
    }
    if context.request.method == Method::Post && context.request.headers.content_type.is_some() {
        let form = Form::of(context.request)?;
        return Ok(form.value("access_token").ok_or(missing)?.to_owned());
    }
    Err(missing.into())
}

async fn answer<P: Platform>(server: &Server<P>, context: &RequestContext<'_>) -> Result<Response, Failure> {
    let token = bearer(context)?;
    let snapshot = server.snapshot(context.now).await?;
    let issuer = server.issuer.as_str();
    let token =
        verify_access_token(server, &token, &snapshot.keys, issuer, Some(issuer), context.now).await?;
    context.note_client(&token.client_id);
    let scopes = ScopeSet::parse(&token.scope).unwrap_or_default();
    if !scopes.contains("openid") {
        let description = "the access token lacks the scope `openid`";
        return Err(OAuthError::new(Code::InsufficientScope, Cause::BearerScope, description).into());
    }
    let (claims, alg) = claims(server, context, &token, &scopes).await?;
    if let Some(alg) = alg {
        let jwt = signed_answer(server, context.now, alg, ID_TOKEN_TYPE, &token.client_id, claims).await?;
        let mut response = Response::json_no_store(200, jwt);
        if let Some(header) = response.headers.iter_mut().find(|(name, _)| *name == "content-type") {
            header.1 = "application/jwt".into();
        }
        return Ok(response);
    }
    let body = to_json(&claims)?;
    Ok(Response::json_no_store(200, body))
}

async fn claims<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    token: &VerifiedAccessToken,
    scopes: &ScopeSet,
) -> Result<(Map<String, Value>, Option<crate::protocol::model::jwk::Alg>), Failure> {
    let keyring = server.keyring_for(token.grant.as_deref().unwrap_or_default(), context.now).await?;
    let grant =
        token.grant.as_deref().and_then(|text| open::<GrantRef>(&keyring.derived.grant, GRANT_PREFIX, text));
    let grant = grant.ok_or_else(|| refused(Cause::TokenInactive))?;
    let client = server.issued_to(token, context.now).await?.map_err(refused)?;
    let state = server.live_grant(&grant, context.now).await?;
    let state = state.filter(|state| state.grant.client_id == token.client_id);
    let state = state.ok_or_else(|| refused(Cause::TokenInactive))?;
    let mut claims = user_claims::for_userinfo(&state.user, scopes, state.grant.claims.as_ref());
    claims.insert("sub".to_owned(), token.sub.clone().into());
    Ok((claims, client.userinfo_signed_response_alg))
}
