//! Verifies tokens that this server made and that come back: access tokens (RFC 9068 §4), and ID tokens as hints. Whether they
//! still count is looked up in `tokens::liveness`. Endpoints, token exchange and the admin API call it.

use std::ops::Deref;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::protocol::codec::encoding::{from_base64url, from_json};
use crate::protocol::codec::jws::{self, Compact};
use crate::protocol::http::error::{Cause, Code, Failure, OAuthError, ServerError};
use crate::protocol::keys::schedule::KeyState;
use crate::protocol::keys::schedule::PublicKey;
use crate::protocol::keys::token_header::{ACCESS_TOKEN_TYPE, ID_TOKEN_TYPE, TOKEN_USE};
use crate::protocol::model::time::Timestamp;
use crate::protocol::server::Server;
use crate::protocol::server::ports::Platform;

/// Claims that a valid signature of this server stands over. Only this file makes one, after it has verified the signature.
#[derive(Debug)]
pub struct Verified<T>(T);

impl<T> Deref for Verified<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// A verified access token of this server; only [`verify_access_token`] makes one.
pub type VerifiedAccessToken = Verified<AccessTokenClaims>;

/// The claims of an access token (RFC 9068 §2.2).
#[derive(Debug, Deserialize)]
pub struct AccessTokenClaims {
    iss: String,
    /// The resources that the token is for.
    pub aud: Audience,
    /// The subject that the token speaks of.
    pub sub: String,
    /// The client that the token was issued to.
    pub client_id: String,
    /// The scopes that the token allows, separated by spaces.
    #[serde(default)]
    pub scope: String,
    /// When the token was issued.
    pub iat: Timestamp,
    /// When the token expires.
    pub exp: Timestamp,
    /// The token's unique id.
    pub jti: String,
    /// The sealed reference to the token's grant, if a user stands behind it.
    #[serde(default)]
    pub grant: Option<String>,
    /// All other claims.
    #[serde(flatten)]
    pub others: serde_json::Map<String, serde_json::Value>,
}

/// The `iss` that a JWT claims. Nothing is verified yet; it only tells which keys to try.
pub fn unverified_issuer(token: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Claims {
        iss: String,
    }
    let [_, claims, _] = jws::parts(token)?;
    from_json::<Claims>(&from_base64url(claims)?).map(|claims| claims.iss)
}

/// One audience or several (RFC 7519 §4.1.3).
#[derive(Debug, Clone, Deserialize, serde::Serialize)]
#[serde(untagged)]
pub enum Audience {
    /// A single audience, written as a text.
    One(String),
    /// A list of audiences.
    Several(Vec<String>),
}

impl Audience {
    /// Whether `audience` is one of these.
    pub fn contains(&self, audience: &str) -> bool {
        match self {
            Self::One(own) => own == audience,
            Self::Several(all) => all.iter().any(|own| own == audience),
        }
    }
}

/// Whether the header of a token says that the token is of the type `typ`.
fn is(token: &Compact<'_>, typ: &str) -> bool {
    let own = token.typ().unwrap_or_default();
    let own = match token.member("token_use").map(Value::as_str) {
        None => own,
        Some(Some(TOKEN_USE)) if own.eq_ignore_ascii_case(ID_TOKEN_TYPE) => ACCESS_TOKEN_TYPE,
        Some(_) => return false,
    };
    own.eq_ignore_ascii_case(typ)
}

/// Verifies that this server signed a token as one of the type `typ`, and returns its claims as they came. Which claims and which
/// times are right is left to the caller.
///
/// Only `keys` count: the `kid` has to name one that is published, and `alg` has to be the algorithm of that key. An upcoming key
/// counts, because where the clock is ahead it may be in use. `jwk`, `jku` and `x5u` in the header are never looked at.
///
/// # Errors
/// `invalid_token`; the cause says which check failed.
pub async fn verify<P: Platform>(
    server: &Server<P>,
    token: &str,
    typ: &str,
    keys: &[PublicKey],
    now: Timestamp,
) -> Result<Verified<Vec<u8>>, Failure> {
    let token = jws::read(token).ok_or_else(|| refused(Cause::BearerMalformed))?;
    if !is(&token, typ) {
        return Err(refused(Cause::BearerType).into());
    }
    let kid = token.kid().unwrap_or_default();
    let key = keys.iter().find(|key| key.kid == kid && is_usable(key, now));
    let key = key.ok_or_else(|| refused(Cause::BearerKeyUnknown))?;
    if token.alg() != key.alg.name() {
        return Err(refused(Cause::BearerAlgorithm).into());
    }
    let signed = token.signed().as_bytes();
    let by = (key.alg.into(), &key.jwk);
    if !server.signatures.is_valid(&server.platform, by, signed, token.signature()).await? {
        return Err(refused(Cause::BearerSignature).into());
    }
    Ok(Verified(token.into_claims_bytes()))
}

impl Verified<Vec<u8>> {
    /// Reads verified claims as a `T`; `None` if they aren't the JSON of one.
    pub(super) fn read<T: DeserializeOwned>(&self) -> Option<Verified<T>> {
        from_json(&self.0).map(Verified)
    }
}

/// Verifies an access token of this server. It has to be meant for `audience`, unless that is unset (RFC 9068 §4).
///
/// # Errors
/// `invalid_token`; the cause says which check failed.
pub async fn verify_access_token<P: Platform>(
    server: &Server<P>,
    token: &str,
    keys: &[PublicKey],
    issuer: &str,
    audience: Option<&str>,
    now: Timestamp,
) -> Result<VerifiedAccessToken, Failure> {
    let claims = verify(server, token, ACCESS_TOKEN_TYPE, keys, now).await?;
    let claims: VerifiedAccessToken = claims.read().ok_or_else(|| refused(Cause::BearerClaims))?;
    if claims.exp <= now {
        return Err(refused(Cause::BearerExpired).into());
    }
    if claims.iss != issuer {
        return Err(refused(Cause::BearerClaims).into());
    }
    if audience.is_some_and(|audience| !claims.aud.contains(audience)) {
        return Err(refused(Cause::BearerAudience).into());
    }
    Ok(claims)
}

/// The claims of an ID token that came back; see [`verify_hint`].
#[derive(Debug, Deserialize)]
pub struct Hint {
    iss: String,
    /// The client that the ID token was issued to.
    pub aud: Audience,
    /// The `sub` of the user that the ID token is about.
    pub sub: String,
    /// When the user had authenticated. Every ID token of this server has `auth_time`, and no other token of its type does.
    pub auth_time: Timestamp,
    /// The authentication context class.
    #[serde(default)]
    pub acr: String,
    /// The authentication methods.
    #[serde(default)]
    pub amr: Vec<String>,
    /// The session that the ID token came from.
    #[serde(default)]
    pub sid: Option<String>,
    /// The device secret that the ID token is bound to, hashed (`Native SSO` §3.4.1).
    #[serde(default)]
    pub ds_hash: Option<String>,
}

/// Verifies an ID token that comes back as a hint or for another app of the vendor; it may have expired (`RP-Initiated Logout` §2,
/// `Native SSO` §4.3). `None` if it isn't one of this
/// server.
///
/// # Errors
/// Ours only.
pub async fn verify_hint<P: Platform>(
    server: &Server<P>,
    token: &str,
    keys: &[PublicKey],
    issuer: &str,
    now: Timestamp,
) -> Result<Option<Verified<Hint>>, ServerError> {
    match verify(server, token, ID_TOKEN_TYPE, keys, now).await {
        Ok(claims) => {
            let hint = claims.read::<Hint>();
            Ok(hint.filter(|hint| hint.iss == issuer))
        }
        Err(Failure::OAuth(_)) => Ok(None),
        Err(Failure::Server(error)) => Err(error),
    }
}

fn is_usable(key: &PublicKey, now: Timestamp) -> bool {
    key.schedule.state(now) != KeyState::Gone
}

pub(super) fn refused(cause: Cause) -> OAuthError {
    OAuthError::new(Code::InvalidToken, cause, "the access token is not valid here")
}
