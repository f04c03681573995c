//! Signed JWTs that are no tokens for an API: answers of `/userinfo` and `/introspect`, and logout tokens. Those two endpoints
//! and the notices call it.

use serde_json::{Map, Value, json};

use super::{sign, signing_key, to_json};
use crate::protocol::codec::encoding::base64url;
use crate::protocol::http::error::ServerError;
use crate::protocol::keys::keyring::SigningKey;
use crate::protocol::keys::token_header;
use crate::protocol::model::jwk::Alg;
use crate::protocol::model::time::Timestamp;
use crate::protocol::server::Server;
use crate::protocol::server::ports::Platform;

/// How long a logout token is valid, in seconds (`Back-Channel Logout` §2.4 recommends two minutes).
const LOGOUT_TOKEN_LIFETIME: u64 = 120;

/// Makes a signed answer of `/userinfo` (`OpenID Connect Core` §5.3.2) or `/introspect` (RFC 9701 §5): `claims` with `iss`, `aud`
/// and `iat`.
pub(crate) async fn signed_answer<P: Platform>(
    server: &Server<P>,
    now: Timestamp,
    alg: Alg,
    typ: &str,
    audience: &str,
    mut claims: Map<String, Value>,
) -> Result<String, ServerError> {
    let snapshot = server.snapshot(now).await?;
    let keyring = server.keyring(&snapshot, &[alg], now).await?;
    claims.insert("iss".to_owned(), server.issuer.as_str().into());
    claims.insert("aud".to_owned(), audience.into());
    claims.insert("iat".to_owned(), now.0.into());
    sign_claims(server, signing_key(&keyring, alg, now)?, typ, &claims).await
}

/// Makes a logout token (`Back-Channel Logout` §2.4). It never has a `nonce`, so that it can't pass for an ID token.
pub(crate) async fn logout_token<P: Platform>(
    server: &Server<P>,
    now: Timestamp,
    alg: Alg,
    (audience, subject, sid): (&str, &str, &str),
) -> Result<String, ServerError> {
    let mut jti = [0_u8; 16];
    server.platform.fill(&mut jti);
    let claims = json!({
        "sub": subject,
        "sid": sid,
        "exp": now.plus(LOGOUT_TOKEN_LIFETIME),
        "jti": base64url(&jti),
        "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
    });
    let claims = claims.as_object().cloned().unwrap_or_default();
    signed_answer(server, now, alg, "logout+jwt", audience, claims).await
}

pub(super) async fn sign_claims<P: Platform>(
    server: &Server<P>,
    key: &SigningKey,
    typ: &str,
    claims: &Map<String, Value>,
) -> Result<String, ServerError> {
    let header = token_header::header(key.public.alg, typ, &key.public.kid);
    sign(&server.platform, key, &header, &to_json(claims)?).await
}
