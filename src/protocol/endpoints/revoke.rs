//! `/revoke` (RFC 7009): a refresh token, or an access token that stands for a person, takes its whole grant along. Somebody
//! else's token, and one that is none, is answered with 200 and nothing happens (§2.2).

use super::super::client_auth::authenticate;
use super::super::error::{Cause, Code, Failure, OAuthError};
use super::super::federation::use_up;
use super::super::form::Form;
use super::super::http::{Method, Response};
use super::super::issue::GrantRef;
use super::super::jwt::verify_access_token;
use super::super::log::Exchange;
use super::super::objects::subject::{Command, Why};
use super::super::ports::Platform;
use super::super::refresh_token::{REFRESH_PREFIX, RefreshToken};
use super::super::sealed::{GRANT_PREFIX, open};
use super::super::server::Server;
use super::{cors, method_not_allowed};

/// Path of the endpoint below the issuer.
pub(super) const REVOKE: &str = "/revoke";

pub(super) async fn serve<P: Platform>(server: &Server<P>, exchange: &Exchange<'_>) -> Response {
    exchange.endpoint.set("revoke");
    match exchange.request.method {
        Method::Post => {}
        Method::Options => return cors::preflight(server, exchange).await,
        _ => return method_not_allowed(server, exchange, "POST, OPTIONS"),
    }
    let response = match revoke(server, exchange).await {
        // RFC 7009 §2.2 says nothing of a body; clients that read one want JSON.
        Ok(()) => Response::json_no_store(200, "{}".to_owned()),
        Err(failure) => exchange.fail(server.issuer.as_str(), failure),
    };
    cors::for_error(response, server, exchange).await
}

async fn revoke<P: Platform>(server: &Server<P>, exchange: &Exchange<'_>) -> Result<(), Failure> {
    let form = Form::of(exchange.request)?;
    let client = authenticate(server, exchange, &form).await?;
    let token = form.require("token", "token is missing")?;
    // What it is shows in the token itself, so a wrong `token_type_hint` misleads nobody.
    let grant = if token.starts_with(REFRESH_PREFIX) {
        let keyring = server.keyring_for(token, exchange.now).await?;
        let token = RefreshToken::parse(&keyring.derived.refresh, token);
        token.map(|token| GrantRef { owner: token.owner, grant: token.grant })
    } else {
        let snapshot = server.snapshot(exchange.now).await?;
        let issuer = server.issuer.as_str();
        match verify_access_token(&server.platform, token, &snapshot.keys, issuer, None, exchange.now).await {
            Ok(token) if token.client_id != client.client_id => None,
            Ok(token) => {
                let description = "an access token of the client's own can't be revoked; it ends by itself";
                let own =
                    OAuthError::new(Code::UnsupportedTokenType, Cause::TokenTypeUnsupported, description);
                let sealed = token.grant.ok_or(own)?;
                let keyring = server.keyring_for(&sealed, exchange.now).await?;
                open(&keyring.derived.grant, GRANT_PREFIX, &sealed)
            }
            Err(Failure::OAuth(_)) => None,
            Err(failure) => return Err(failure),
        }
    };
    if let Some(grant) = grant {
        use_up(server, exchange).await?;
        let client_id = Some(client.client_id.clone());
        let command = Command::RevokeGrant { id: grant.grant, client_id, why: Why::ByClient };
        server.subject(grant.owner, &command, exchange.now).await?;
    }
    Ok(())
}
