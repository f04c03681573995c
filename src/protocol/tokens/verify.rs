//! Verifying tokens that this server made and that come back: access tokens, and ID tokens as hints.

use std::ops::Deref;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::protocol::codec::encoding::{from_base64url, from_json};
use crate::protocol::codec::jws::{self, Compact};
use crate::protocol::http::error::{Cause, Code, Failure, OAuthError, ServerError};
use crate::protocol::keys::ed25519;
use crate::protocol::keys::schedule::KeyState;
use crate::protocol::keys::schedule::PublicKey;
use crate::protocol::keys::token_header::{ACCESS_TOKEN_TYPE, ID_TOKEN_TYPE, TOKEN_USE};
use crate::protocol::model::jwk::{Alg, PublicJwk};
use crate::protocol::model::time::Timestamp;
use crate::protocol::server::ports::Platform;

/// What a signature of this server was verified over. Only this file makes one, and only after it verified the signature.
#[derive(Debug)]
pub struct Verified<T>(T);

impl<T> Deref for Verified<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// One of our own access tokens, verified; only [`verify_access_token`] makes one.
pub type VerifiedAccessToken = Verified<AccessTokenClaims>;

/// The claims of an access token (RFC 9068 §2.2).
#[derive(Debug, Deserialize)]
pub struct AccessTokenClaims {
    iss: String,
    /// Whom it is for.
    pub aud: Audience,
    /// Whose authority the token carries.
    pub sub: String,
    /// Which client it was issued to.
    pub client_id: String,
    /// Granted scope, separated by spaces.
    #[serde(default)]
    pub scope: String,
    /// When it was issued.
    pub iat: Timestamp,
    /// When it ends.
    pub exp: Timestamp,
    /// Unique id.
    pub jti: String,
    /// The sealed reference to its grant, if a person stands behind it.
    #[serde(default)]
    pub grant: Option<String>,
    /// Everything else.
    #[serde(flatten)]
    pub others: serde_json::Map<String, serde_json::Value>,
}

/// The `iss` that a JWT claims, before anything is verified: tells only which keys to try.
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
    /// One.
    One(String),
    /// Several.
    Several(Vec<String>),
}

impl Audience {
    /// Whether `audience` is among them.
    pub fn contains(&self, audience: &str) -> bool {
        match self {
            Self::One(own) => own == audience,
            Self::Several(all) => all.iter().any(|own| own == audience),
        }
    }
}

/// Whether a token says that it is one of the kind `typ`.
fn is(token: &Compact<'_>, typ: &str) -> bool {
    let own = token.typ().unwrap_or_default();
    let own = match token.member("token_use").map(Value::as_str) {
        None => own,
        Some(Some(TOKEN_USE)) if own.eq_ignore_ascii_case(ID_TOKEN_TYPE) => ACCESS_TOKEN_TYPE,
        Some(_) => return false,
    };
    own.eq_ignore_ascii_case(typ)
}

/// Verifies the signature of a token that this server made as one of the kind `typ`, and returns its claims as they came. Which
/// claims and which times are right is the caller's to check.
///
/// Only `keys` count: the `kid` has to name one that is published (an upcoming one may be in use where the clock is
/// ahead) and `alg` has to be that key's; `jwk`, `jku` and `x5u` in the header are never looked at.
///
/// # Errors
/// `invalid_token`; the cause says which check failed.
pub async fn verify<P: Platform>(
    platform: &P,
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
    if !signature_is_valid(platform, key.alg, &key.jwk, signed, token.signature()).await? {
        return Err(refused(Cause::BearerSignature).into());
    }
    Ok(Verified(token.into_claims_bytes()))
}

impl Verified<Vec<u8>> {
    /// Reads verified claims.
    fn read<T: DeserializeOwned>(&self) -> Option<Verified<T>> {
        from_json(&self.0).map(Verified)
    }
}

/// Verifies an access token of ours that is meant for `audience`, or for anybody if that is unset (RFC 9068 §4).
///
/// # Errors
/// `invalid_token`; the cause says which check failed.
pub async fn verify_access_token<P: Platform>(
    platform: &P,
    token: &str,
    keys: &[PublicKey],
    issuer: &str,
    audience: Option<&str>,
    now: Timestamp,
) -> Result<VerifiedAccessToken, Failure> {
    let claims = verify(platform, token, ACCESS_TOKEN_TYPE, keys, now).await?;
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

/// What an ID token of ours says of whom it is about; see [`verify_hint`].
#[derive(Debug, Deserialize)]
pub struct Hint {
    iss: String,
    /// Whom it was issued to.
    pub aud: Audience,
    /// Whom it is about.
    pub sub: String,
    /// An ID token of ours has it, and nothing else of this type does.
    #[serde(rename = "auth_time")]
    _auth_time: Timestamp,
    /// The session it came from.
    #[serde(default)]
    pub sid: Option<String>,
}

/// Verifies an ID token of ours that comes back as a hint: it may have expired (`RP-Initiated Logout` §2). `None` if it is
/// none of ours.
///
/// # Errors
/// Ours only.
pub async fn verify_hint<P: Platform>(
    platform: &P,
    token: &str,
    keys: &[PublicKey],
    issuer: &str,
    now: Timestamp,
) -> Result<Option<Verified<Hint>>, ServerError> {
    match verify(platform, token, ID_TOKEN_TYPE, keys, now).await {
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

/// Whether `signature` is `key`'s over `message`, made with `alg`. Ed25519 is verified here, the others by the platform.
///
/// # Errors
/// If the platform's crypto is out of reach.
pub(crate) async fn signature_is_valid<P: Platform>(
    platform: &P,
    alg: Alg,
    key: &PublicJwk,
    message: &[u8],
    signature: &[u8],
) -> Result<bool, ServerError> {
    match alg {
        Alg::EdDsa => Ok(ed25519::verify(key, message, signature)),
        Alg::Es256 | Alg::Rs256 | Alg::Ps256 => platform.verify(alg, key, message, signature).await,
    }
}

fn refused(cause: Cause) -> OAuthError {
    OAuthError::new(Code::InvalidToken, cause, "the access token is not valid here")
}
