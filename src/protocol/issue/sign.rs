//! Signing claims: header, claims and signature as one compact token (RFC 7515 §7.1).

use crate::protocol::codec::encoding::base64url;
use crate::protocol::http::error::ServerError;
use crate::protocol::keys::keyring::SigningKey;
use crate::protocol::server::ports::Platform;

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
