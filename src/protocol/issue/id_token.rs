//! Makes ID tokens (`OpenID Connect Core` §2): beside an access token, or alone as the answer of a token exchange. Only `issue`
//! calls it.

use serde_json::json;
use sha2::{Digest as _, Sha256, Sha512};

use super::signed_answer::sign_claims;
use super::{TokenResponse, exchanged, signing_key};
use crate::protocol::codec::encoding::base64url;
use crate::protocol::grants::{Granted, IdTokenRequest, UserTokens};
use crate::protocol::http::error::{Failure, ServerError};
use crate::protocol::keys::keyring::Keyring;
use crate::protocol::keys::token_header;
use crate::protocol::model::jwk::Alg;
use crate::protocol::model::token_type::TokenType;
use crate::protocol::server::Server;
use crate::protocol::server::ports::Platform;
use crate::protocol::server::request::RequestContext;

pub(super) async fn exchanged_id_token<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    keyring: &Keyring,
    granted: &Granted,
) -> Result<TokenResponse, Failure> {
    let user = granted.user.as_ref();
    let parts = user.and_then(|user| Some((granted, user, user.id_token.as_ref()?)));
    let parts = parts.ok_or(ServerError::internal("an ID token was granted without a person"))?;
    let token = id_token(server, context, keyring, parts, None).await?;
    Ok(exchanged(
        token,
        TokenType::IdToken,
        Some(granted.target.lifetime()),
        granted.target.scopes().to_wire(),
    ))
}

pub(super) async fn id_token<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    keyring: &Keyring,
    parts: (&Granted, &UserTokens, &IdTokenRequest),
    access_token: Option<&str>,
) -> Result<String, ServerError> {
    let (granted, user, request) = parts;
    let mut claims = request.claims.clone();
    let own = json!({
        "iss": server.issuer.as_str(),
        "sub": granted.subject,
        "aud": granted.client_id,
        "iat": context.now,
        "exp": context.now.plus(granted.target.lifetime()),
        "auth_time": user.auth.auth_time,
        "acr": user.auth.acr,
        "amr": user.auth.amr,
    });
    claims.extend(own.as_object().cloned().unwrap_or_default());
    if let Some(access_token) = access_token {
        claims.insert("at_hash".to_owned(), at_hash(request.alg, access_token).into());
    }
    if let Some(act) = granted.vouched.get("act") {
        claims.insert("act".to_owned(), act.clone());
    }
    if let Some(nonce) = &request.nonce {
        claims.insert("nonce".to_owned(), nonce.as_str().into());
    }
    if let Some(sid) = &user.sid {
        claims.insert("sid".to_owned(), sid.as_str().into());
    }
    if let Some(ds_hash) = &user.ds_hash {
        claims.insert("ds_hash".to_owned(), ds_hash.as_str().into());
    }
    let key = signing_key(keyring, request.alg, context.now)?;
    sign_claims(server, key, token_header::ID_TOKEN_TYPE, &claims).await
}

/// The `at_hash`: the left half of the access token's hash, with the hash that belongs to the algorithm (`OpenID Connect Core`
/// §3.1.3.6).
fn at_hash(alg: Alg, access_token: &str) -> String {
    match alg {
        Alg::EdDsa => base64url(Sha512::digest(access_token.as_bytes()).get(..32).unwrap_or_default()),
        Alg::Es256 | Alg::Rs256 | Alg::Ps256 => {
            base64url(Sha256::digest(access_token.as_bytes()).get(..16).unwrap_or_default())
        }
    }
}
