//! `/introspect` (RFC 7662) with signed answers (RFC 9701).
//!
//! A token is shown to whoever it is for: a client that serves one of its resources (`serves`), the client it was issued to, and
//! clients that may read the admin API in their own name. Everybody else gets `{"active":false}`, as for a token that is none.

use crate::protocol::server::answer::method_not_allowed;
use serde_json::{Map, Value, json};

use crate::protocol::client_auth::{AuthenticatedClient, authenticate};
use crate::protocol::http::error::{Cause, Code, Failure, OAuthError};
use crate::protocol::http::form::Form;
use crate::protocol::http::json::to_json;
use crate::protocol::http::{Method, Response};
use crate::protocol::issue::signed_answer;
use crate::protocol::keys::sealed::{GRANT_PREFIX, open};
use crate::protocol::model::grant_type::GrantType;
use crate::protocol::model::scope::ADMIN_READ;
use crate::protocol::server::Server;
use crate::protocol::server::ports::Platform;
use crate::protocol::server::request::RequestContext;
use crate::protocol::tokens::grant_ref::GrantRef;
use crate::protocol::tokens::refresh_token::{REFRESH_PREFIX, RefreshToken};
use crate::protocol::tokens::verify::verify_access_token;

/// Media type of a signed answer (RFC 9701 §4).
const SIGNED: &str = "application/token-introspection+jwt";

pub(crate) async fn serve<P: Platform>(server: &Server<P>, context: &RequestContext<'_>) -> Response {
    context.endpoint.set("introspect");
    if context.request.method != Method::Post {
        return method_not_allowed(server, context, "POST");
    }
    match answer(server, context).await {
        Ok(response) => response,
        Err(failure) => context.fail(server.issuer.as_str(), failure),
    }
}

async fn answer<P: Platform>(server: &Server<P>, context: &RequestContext<'_>) -> Result<Response, Failure> {
    let form = Form::of(context.request)?;
    let client = authenticate(server, context, &form).await?;
    if client.is_public() {
        let description = "introspection needs a client that authenticates";
        return Err(OAuthError::new(Code::InvalidClient, Cause::ClientPublic, description).into());
    }
    let token = form.require("token", "token is missing")?;
    let found = if token.starts_with(REFRESH_PREFIX) {
        refresh_token(server, context, &client, token).await?
    } else {
        access_token(server, context, &client, token).await?
    };
    let members = found.unwrap_or_else(|| {
        let mut inactive = Map::new();
        inactive.insert("active".to_owned(), false.into());
        inactive
    });
    let accepts = context.request.headers.accept.as_deref().is_some_and(|accept| accept.contains(SIGNED));
    let alg = match client.introspection_signed_response_alg {
        None if accepts => Some(server.snapshot(context.now).await?.own_alg()),
        registered => registered,
    };
    let Some(alg) = alg else {
        let body = to_json(&members)?;
        return Ok(Response::json_no_store(200, body));
    };
    let mut claims = Map::new();
    claims.insert("token_introspection".to_owned(), Value::Object(members));
    let typ = "token-introspection+jwt";
    let jwt = signed_answer(server, context.now, alg, typ, &client.client_id, claims).await?;
    let mut response = Response::json_no_store(200, jwt);
    if let Some(header) = response.headers.iter_mut().find(|(name, _)| *name == "content-type") {
        header.1 = SIGNED.into();
    }
    Ok(response)
}

async fn access_token<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    client: &AuthenticatedClient,
    token: &str,
) -> Result<Option<Map<String, Value>>, Failure> {
    let snapshot = server.snapshot(context.now).await?;
    let issuer = server.issuer.as_str();
    let checked = verify_access_token(server, token, &snapshot.keys, issuer, None, context.now).await;
    let token = match checked {
        Ok(token) => token,
        Err(Failure::OAuth(_)) => return Ok(None),
        Err(failure) => return Err(failure),
    };
    let is_served = client.serves.iter().any(|resource| token.aud.contains(resource));
    let is_own = token.client_id == client.client_id;
    // A client that administrators only log in with reads nothing in its own name.
    let reads_all = client.may_use(GrantType::ClientCredentials) && client.scopes.contains(ADMIN_READ);
    if !is_served && !is_own && !reads_all {
        return Ok(None);
    }
    if server.issued_to(&token, context.now).await?.is_err() {
        return Ok(None);
    }
    if let Some(sealed) = &token.grant {
        let keyring = server.keyring_for(sealed, context.now).await?;
        let Some(grant) = open::<GrantRef>(&keyring.derived.grant, GRANT_PREFIX, sealed) else {
            return Ok(None);
        };
        if server.live_grant(&grant, context.now).await?.is_none() {
            return Ok(None);
        }
    }
    let mut members = token.others.clone();
    let own = json!({
        "active": true,
        "iss": issuer,
        "sub": token.sub,
        "aud": token.aud,
        "client_id": token.client_id,
        "scope": token.scope,
        "iat": token.iat,
        "exp": token.exp,
        "jti": token.jti,
        "token_type": "Bearer",
    });
    members.extend(own.as_object().cloned().unwrap_or_default());
    Ok(Some(members))
}

async fn refresh_token<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    client: &AuthenticatedClient,
    token: &str,
) -> Result<Option<Map<String, Value>>, Failure> {
    let keyring = server.keyring_for(token, context.now).await?;
    let Some(token) = RefreshToken::parse(&keyring.derived.refresh, token) else { return Ok(None) };
    let grant = GrantRef { owner: token.owner, grant: token.grant };
    let Some(state) = server.live_grant(&grant, context.now).await? else { return Ok(None) };
    let idle = client.refresh.idle;
    let current =
        state.grant.family.as_ref().is_some_and(|family| {
            family.head == token.generation && context.now.since(family.used_at) < idle
        });
    if state.grant.client_id != client.client_id || !current {
        return Ok(None);
    }
    // An exchanged token calls the user what its access tokens do.
    let sub = state.grant.derived.as_ref().map(|derived| derived.sub.clone());
    let members = json!({
        "active": true,
        "iss": server.issuer.as_str(),
        "sub": sub.unwrap_or_else(|| state.user.id.at(client, &keyring.derived)),
        "client_id": client.client_id,
        "scope": state.grant.scopes.to_wire(),
        "iat": state.grant.created_at,
        "exp": state.grant.expires_at,
    });
    Ok(members.as_object().cloned())
}
