//! `/revoke` (RFC 7009): a refresh token, or an access token with a user behind it, takes its whole grant along. A token of
//! another client, and a text that is no token, is answered with 200 and nothing happens (§2.2).

use super::cors;
use crate::protocol::client_auth::authenticate;
use crate::protocol::federation::use_up;
use crate::protocol::http::error::{Cause, Code, Failure, OAuthError};
use crate::protocol::http::form::Form;
use crate::protocol::http::{Method, Response};
use crate::protocol::keys::sealed::{GRANT_PREFIX, open};
use crate::protocol::objects::subject::{SubjectCommand, Why};
use crate::protocol::server::Server;
use crate::protocol::server::answer::method_not_allowed;
use crate::protocol::server::ports::Platform;
use crate::protocol::server::request::RequestContext;
use crate::protocol::tokens::grant_ref::GrantRef;
use crate::protocol::tokens::refresh_token::{REFRESH_PREFIX, RefreshToken};
use crate::protocol::tokens::verify::verify_access_token;

pub(crate) async fn serve<P: Platform>(server: &Server<P>, context: &RequestContext<'_>) -> Response {
    context.endpoint.set("revoke");
    match context.request.method {
        Method::Post => {}
        Method::Options => return cors::preflight(server, context).await,
        _ => return method_not_allowed(server, context, "POST, OPTIONS"),
    }
    let response = match revoke(server, context).await {
        // RFC 7009 §2.2 says nothing of a body; clients that read one want JSON.
        Ok(()) => Response::json_no_store(200, "{}".to_owned()),
        Err(failure) => context.fail(server.issuer.as_str(), failure),
    };
    cors::for_error(response, server, context).await
}

async fn revoke<P: Platform>(server: &Server<P>, context: &RequestContext<'_>) -> Result<(), Failure> {
    let form = Form::of(context.request)?;
    let client = authenticate(server, context, &form).await?;
    let token = form.require("token", "token is missing")?;
    // What it is shows in the token itself, so a wrong `token_type_hint` misleads nobody.
    let grant = if token.starts_with(REFRESH_PREFIX) {
        let keyring = server.keyring_for(token, context.now).await?;
        let token = RefreshToken::parse(&keyring.derived.refresh, token);
        token.map(|token| GrantRef { owner: token.owner, grant: token.grant })
    } else {
        let snapshot = server.snapshot(context.now).await?;
        let issuer = server.issuer.as_str();
        match verify_access_token(server, token, &snapshot.keys, issuer, None, context.now).await {
            Ok(token) if token.client_id != client.client_id => None,
            Ok(token) => {
                let description = "an access token of the client's own can't be revoked; it ends by itself";
                let own =
                    OAuthError::new(Code::UnsupportedTokenType, Cause::TokenTypeUnsupported, description);
                let sealed = token.grant.clone().ok_or(own)?;
                let keyring = server.keyring_for(&sealed, context.now).await?;
                open(&keyring.derived.grant, GRANT_PREFIX, &sealed)
            }
            Err(Failure::OAuth(_)) => None,
            Err(failure) => return Err(failure),
        }
    };
    if let Some(grant) = grant {
        use_up(server, context).await?;
        let client_id = Some(client.client_id.clone());
        let command = SubjectCommand::RevokeGrant { id: grant.grant, client_id, why: Why::ByClient };
        server.subject(grant.owner, &command, context.now).await?;
    }
    Ok(())
}
