//! Transaction tokens that come back, to be replaced (draft-ietf-oauth-transaction-tokens §7). Token exchange calls it; no other
//! endpoint takes them, because their `typ` is another than that of access tokens.

use serde::Deserialize;
use serde_json::Value;

use super::verify::{Audience, Verified, refused, verify};
use crate::protocol::http::error::{Cause, Failure};
use crate::protocol::keys::schedule::PublicKey;
use crate::protocol::keys::token_header::TXN_TOKEN_TYPE;
use crate::protocol::model::time::Timestamp;
use crate::protocol::server::Server;
use crate::protocol::server::ports::Platform;

/// The claims of a transaction token.
#[derive(Debug, Deserialize)]
pub struct TransactionClaims {
    iss: String,
    aud: Audience,
    /// Whom the call is for.
    pub sub: String,
    /// The id of the call.
    pub txn: String,
    /// What the call may do, separated by spaces.
    pub scope: String,
    /// The client that asked for the token.
    pub req_wl: String,
    /// When the token was issued.
    pub iat: Timestamp,
    /// When the token expires.
    pub exp: Timestamp,
    /// The token's unique id.
    pub jti: String,
    /// What the call is about.
    #[serde(default)]
    pub tctx: Option<Value>,
    /// Where the call comes from.
    #[serde(default)]
    pub rctx: Option<Value>,
    /// The services that the call came by.
    #[serde(default)]
    pub act: Option<Value>,
    /// Who may act.
    #[serde(default)]
    pub may_act: Option<Value>,
    /// The sealed reference to the grant of a user, if one stands behind the call.
    #[serde(default)]
    pub grant: Option<String>,
}

/// Verifies a transaction token of this server for `trust_domain`.
///
/// # Errors
/// `invalid_token`; the cause says which check failed.
pub async fn verify_transaction_token<P: Platform>(
    server: &Server<P>,
    token: &str,
    keys: &[PublicKey],
    (issuer, trust_domain): (&str, &str),
    now: Timestamp,
) -> Result<Verified<TransactionClaims>, Failure> {
    let claims = verify(server, token, TXN_TOKEN_TYPE, keys, now).await?;
    let claims = claims.read::<TransactionClaims>().ok_or_else(|| refused(Cause::BearerClaims))?;
    if claims.exp <= now {
        return Err(refused(Cause::BearerExpired).into());
    }
    if claims.iss != issuer || !claims.aud.contains(trust_domain) {
        return Err(refused(Cause::BearerAudience).into());
    }
    Ok(claims)
}
