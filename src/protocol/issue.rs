//! The one place that mints tokens: access tokens in the profile of RFC 9068.

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::encoding::base64url;
use super::error::{Failure, ServerError};
use super::grants::Granted;
use super::jwt;
use super::keyring::Keyring;
use super::log::Exchange;
use super::ports::Platform;
use super::server::Server;
use super::state::keys::signer;
use super::time::Timestamp;

/// A successful answer of the token endpoint (RFC 6749 §5.1), such as
/// `{"access_token":"eyJ…","token_type":"Bearer","expires_in":300,"scope":"orders:read"}`.
#[derive(Serialize)]
pub(crate) struct TokenResponse {
    access_token: String,
    token_type: &'static str,
    expires_in: u64,
    scope: String,
}

/// Mints what was granted.
///
/// # Errors
/// Ours only: no key for the algorithm, or the signer fails.
pub(crate) async fn issue<P: Platform>(
    server: &Server<P>,
    exchange: &Exchange<'_>,
    granted: Granted,
) -> Result<TokenResponse, Failure> {
    let snapshot = server.snapshot(exchange.now).await?;
    let keyring = server.keyring(&snapshot, exchange.now).await?;
    let key = signing_key(&keyring, &granted, exchange.now)
        .ok_or(ServerError::internal("there is no active key for the resource's algorithm"))?;
    let mut jti = [0_u8; 16];
    server.platform.fill(&mut jti);
    let scope = granted.scopes.to_wire();
    let claims = AccessToken {
        issuer: server.issuer.as_str(),
        granted: &granted,
        scope: &scope,
        now: exchange.now,
        jti: &base64url(&jti),
    };
    let claims = serde_json::to_string(&claims).map_err(|error| ServerError::internal(error.to_string()))?;
    let access_token = jwt::sign(&server.platform, key, &key.access_token_header, &claims).await?;
    Ok(TokenResponse { access_token, token_type: "Bearer", expires_in: granted.lifetime, scope })
}

fn signing_key<'a>(
    keyring: &'a Keyring,
    granted: &Granted,
    now: Timestamp,
) -> Option<&'a super::keyring::SigningKey> {
    let chosen = signer(keyring.keys.iter().map(|key| &key.public), granted.signing_alg, now)?;
    keyring.keys.iter().find(|key| key.public.kid == chosen.kid)
}

/// The claims of RFC 9068 §2.2, then the custom ones.
struct AccessToken<'a> {
    issuer: &'a str,
    granted: &'a Granted,
    scope: &'a str,
    now: Timestamp,
    jti: &'a str,
}

impl Serialize for AccessToken<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Granted { subject, client_id, audience, lifetime, claims, .. } = self.granted;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("iss", self.issuer)?;
        map.serialize_entry("sub", subject)?;
        match audience.as_slice() {
            [one] => map.serialize_entry("aud", one)?,
            several => map.serialize_entry("aud", several)?,
        }
        map.serialize_entry("client_id", client_id)?;
        map.serialize_entry("scope", self.scope)?;
        map.serialize_entry("iat", &self.now)?;
        map.serialize_entry("exp", &self.now.plus(*lifetime))?;
        map.serialize_entry("jti", self.jti)?;
        for (name, value) in custom(claims) {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// Reserved names are refused where claims are declared; here they are left out whatever a store says.
fn custom(claims: &Map<String, Value>) -> impl Iterator<Item = (&String, &Value)> {
    claims.iter().filter(|(name, _)| !super::config::claims::RESERVED.contains(&name.as_str()))
}
