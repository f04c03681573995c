//! JSON Web Signatures in compact form (RFC 7515 §7.1): making ours, and verifying the access tokens that come
//! back to the admin API.

use jwt_compact::alg::Ed25519;
use jwt_compact::{AlgorithmExt as _, UntrustedToken};
use serde::Deserialize;

use super::encoding::{base64url, from_base64url};
use super::error::{Cause, Code, OAuthError, ServerError};
use super::jwk::{Alg, PublicJwk};
use super::keyring::{PublicKey, SigningKey};
use super::ports::Platform;
use super::state::keys::KeyState;
use super::time::Timestamp;

/// `typ` of an access token (RFC 9068 §2.1).
pub const ACCESS_TOKEN_TYPE: &str = "at+jwt";
/// Longest token that is looked at, in bytes.
pub const MAX_TOKEN: usize = 8 * 1024;

/// The protected header as base64url.
pub fn header(alg: Alg, typ: &str, kid: &str) -> String {
    base64url(format!(r#"{{"alg":"{}","typ":"{typ}","kid":"{kid}"}}"#, alg.name()).as_bytes())
}

/// Signs `claims` (JSON) and returns the compact serialization.
///
/// # Errors
/// If the platform's crypto fails.
pub async fn sign<P: Platform>(
    platform: &P,
    key: &SigningKey,
    header: &str,
    claims: &str,
) -> Result<String, ServerError> {
    let mut token = String::with_capacity(header.len() + claims.len() * 4 / 3 + 400);
    token.push_str(header);
    token.push('.');
    token.push_str(&base64url(claims.as_bytes()));
    let signature = platform.sign(key, token.as_bytes()).await?;
    token.push('.');
    token.push_str(&base64url(&signature));
    Ok(token)
}

/// The claims of one of our own access tokens, verified. Only [`verify_access_token`] makes one.
#[derive(Debug, Deserialize)]
pub struct VerifiedAccessToken {
    iss: String,
    aud: Audience,
    /// Whose authority the token carries.
    pub sub: String,
    /// Which client it was issued to.
    pub client_id: String,
    /// Granted scope, separated by spaces.
    #[serde(default)]
    pub scope: String,
    /// Unique id.
    pub jti: String,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Audience {
    fn contains(&self, audience: &str) -> bool {
        match self {
            Self::One(own) => own == audience,
            Self::Several(all) => all.iter().any(|own| own == audience),
        }
    }
}

/// Verifies an access token of ours that is meant for `audience` (RFC 9068 §4).
///
/// Only keys in `keys` count, only `EdDSA` (what the server's own resource is signed with), and the `kid` has to
/// name one that is published (an upcoming one may be in use where the clock is ahead); `jwk`, `jku` and `x5u` in the header are never looked at.
///
/// # Errors
/// `invalid_token`; the cause says which check failed.
pub fn verify_access_token(
    token: &str,
    keys: &[PublicKey],
    issuer: &str,
    audience: &str,
    now: Timestamp,
) -> Result<VerifiedAccessToken, OAuthError> {
    if token.len() > MAX_TOKEN {
        return Err(refused(Cause::BearerMalformed));
    }
    let untrusted = UntrustedToken::new(token).map_err(|_| refused(Cause::BearerMalformed))?;
    let header = untrusted.header();
    if header.token_type.as_deref() != Some(ACCESS_TOKEN_TYPE) {
        return Err(refused(Cause::BearerType));
    }
    if untrusted.algorithm() != Alg::EdDsa.name() {
        return Err(refused(Cause::BearerAlgorithm));
    }
    let kid = header.key_id.as_deref().unwrap_or_default();
    let key = keys.iter().find(|key| key.kid == kid && is_usable(key, now));
    let key = key.and_then(ed25519_verifying_key).ok_or(refused(Cause::BearerKeyUnknown))?;
    let verified = Ed25519.validator::<VerifiedAccessToken>(&key).validate(&untrusted);
    let token = verified.map_err(|error| refused(cause_of(&error)))?;
    let expired = token.claims().expiration.is_none_or(|exp| !is_after(exp.timestamp(), now));
    let claims = token.into_parts().1.custom;
    if expired {
        return Err(refused(Cause::BearerExpired));
    }
    if claims.iss != issuer {
        return Err(refused(Cause::BearerClaims));
    }
    if !claims.aud.contains(audience) {
        return Err(refused(Cause::BearerAudience));
    }
    Ok(claims)
}

fn is_usable(key: &PublicKey, now: Timestamp) -> bool {
    key.schedule.state(now) != KeyState::Gone
}

fn is_after(exp: i64, now: Timestamp) -> bool {
    u64::try_from(exp).is_ok_and(|exp| exp > now.0)
}

fn cause_of(error: &jwt_compact::ValidationError) -> Cause {
    match error {
        jwt_compact::ValidationError::InvalidSignature
        | jwt_compact::ValidationError::InvalidSignatureLen { .. }
        | jwt_compact::ValidationError::MalformedSignature(_) => Cause::BearerSignature,
        _ => Cause::BearerClaims,
    }
}

fn ed25519_verifying_key(key: &PublicKey) -> Option<ed25519_dalek::VerifyingKey> {
    match &key.jwk {
        PublicJwk::Okp { x, .. } => {
            let bytes: [u8; 32] = from_base64url(x)?.try_into().ok()?;
            ed25519_dalek::VerifyingKey::from_bytes(&bytes).ok()
        }
        PublicJwk::Ec { .. } | PublicJwk::Rsa { .. } => None,
    }
}

fn refused(cause: Cause) -> OAuthError {
    OAuthError::new(Code::InvalidToken, cause, "the access token is not valid here")
}
