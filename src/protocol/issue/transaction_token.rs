//! Makes transaction tokens (draft-ietf-oauth-transaction-tokens-09 §5). Only `issue` calls it.

use serde_json::json;

use super::signed_answer::sign_claims;
use super::{TokenResponse, exchanged, signing_key};
use crate::protocol::codec::encoding::base64url;
use crate::protocol::grants::Granted;
use crate::protocol::http::error::Failure;
use crate::protocol::keys::keyring::Keyring;
use crate::protocol::keys::token_header::TXN_TOKEN_TYPE;
use crate::protocol::model::incarnation::Incarnation;
use crate::protocol::model::token_type::TokenType;
use crate::protocol::server::Server;
use crate::protocol::server::ports::Platform;
use crate::protocol::server::request::RequestContext;

/// Makes a transaction token. It has the `txn` of the call that it belongs to, or begins a call.
pub(super) async fn transaction_token<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    (keyring, incarnation): (&Keyring, Incarnation),
    granted: &Granted,
) -> Result<TokenResponse, Failure> {
    let mut jti = [0_u8; 16];
    server.platform.fill(&mut jti);
    let begun = base64url(&jti);
    server.platform.fill(&mut jti);
    incarnation.mark(&mut jti);
    let (scope, lifetime) = (granted.target.scopes().to_wire(), granted.target.lifetime());
    let own = json!({
        "iss": server.issuer.as_str(),
        "aud": granted.target.audience().first(),
        "sub": granted.subject,
        "iat": context.now,
        "exp": context.now.plus(lifetime),
        "jti": base64url(&jti),
        "scope": scope,
        "req_wl": granted.client_id,
    });
    let mut claims = granted.vouched.clone();
    claims.entry("txn").or_insert_with(|| begun.into());
    claims.extend(own.as_object().cloned().unwrap_or_default());
    let key = signing_key(keyring, granted.target.format().alg, context.now)?;
    let token = sign_claims(server, key, TXN_TOKEN_TYPE, &claims).await?;
    Ok(exchanged(token, TokenType::TxnToken, Some(lifetime), scope))
}
