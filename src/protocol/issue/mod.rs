//! The one place that mints tokens. Access tokens, in the profile of RFC 9068, are made here; ID tokens, transaction tokens,
//! logout tokens and signed answers have files of their own. It decides nothing: the token endpoint gives it a `Granted`, other endpoints and the notices
//! give it claims.

mod id_token;
mod signed_answer;
mod transaction_token;

use id_token::{exchanged_id_token, id_token};
pub(crate) use signed_answer::{logout_token, signed_answer};
use transaction_token::transaction_token;

use crate::protocol::tokens::grant_ref::GrantRef;
use futures_util::future::FutureExt as _;
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::protocol::codec::encoding::base64url;
use crate::protocol::codec::jws;
use crate::protocol::config::registered_client::Client;
use crate::protocol::config::snapshot::Snapshot;
use crate::protocol::grants::{Decision, Granted};
use crate::protocol::http::error::{Failure, ServerError};
use crate::protocol::http::json::to_json;
use crate::protocol::keys::keyring::{Keyring, SigningKey};
use crate::protocol::keys::sealed::{GRANT_PREFIX, seal};
use crate::protocol::model::incarnation::Incarnation;
use crate::protocol::model::jwk::Alg;
use crate::protocol::model::time::Timestamp;
use crate::protocol::model::token_type::TokenType;
use crate::protocol::server::Server;
use crate::protocol::server::ports::Platform;
use crate::protocol::server::request::RequestContext;

/// A successful answer of the token endpoint (RFC 6749 §5.1), such as
/// `{"access_token":"eyJ…","token_type":"Bearer","expires_in":300,"scope":"orders:read"}`.
#[derive(Serialize)]
pub(crate) struct TokenResponse {
    access_token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    issued_token_type: Option<&'static str>,
    token_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_in: Option<u64>,
    scope: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device_secret: Option<String>,
}

/// Mints what was granted to the client.
///
/// # Errors
/// Ours only: no key for the algorithm, or the signer fails.
pub(crate) async fn issue<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    client: &Client,
    snapshot: &Snapshot,
    granted: Granted,
) -> Result<TokenResponse, Failure> {
    let incarnation = Incarnation::new(client.epoch, snapshot.clients_epoch);
    let id_token = granted.user.as_ref().and_then(|user| user.id_token.as_ref());
    let alg = granted.target.format().alg;
    let algs = [alg, id_token.map_or(alg, |id_token| id_token.alg)];
    let keyring = server.keyring(snapshot, &algs, context.now).await?;
    match granted.issued {
        Some(TokenType::IdToken) => {
            exchanged_id_token(server, context, &keyring, &granted).boxed_local().await
        }
        Some(TokenType::RefreshToken) => exchanged_refresh_token(granted),
        Some(TokenType::TxnToken) => {
            let keys = (&*keyring, incarnation);
            transaction_token(server, context, keys, &granted).boxed_local().await
        }
        None | Some(TokenType::AccessToken | TokenType::Jwt) => {
            access_token(server, context, (&keyring, incarnation), granted).await
        }
    }
}

async fn access_token<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    (keyring, incarnation): (&Keyring, Incarnation),
    granted: Granted,
) -> Result<TokenResponse, Failure> {
    let format = granted.target.format();
    let key = signing_key(keyring, format.alg, context.now)?;
    let mut jti = [0_u8; 16];
    server.platform.fill(&mut jti);
    incarnation.mark(&mut jti);
    let scope = granted.target.scopes().to_wire();
    let user = granted.user.as_ref();
    let grant = user.map(|user| {
        let grant = GrantRef { owner: user.owner, grant: user.grant };
        seal(&keyring.derived.grant, GRANT_PREFIX, &grant, &server.platform)
    });
    let claims = AccessToken {
        issuer: server.issuer.as_str(),
        granted: &granted,
        scope: &scope,
        now: context.now,
        jti: &base64url(&jti),
        grant: grant.transpose()?,
    };
    let claims = to_json(&claims)?;
    let header = key.access_token_header(format.typ);
    let access_token = sign(&server.platform, key, &header, &claims).await?;
    let id_token = match user.and_then(|user| user.id_token.as_ref().map(|id_token| (user, id_token))) {
        Some((user, request)) => {
            Some(id_token(server, context, keyring, (&granted, user, request), Some(&access_token)).await?)
        }
        None => None,
    };
    let (expires_in, issued_token_type) = (granted.target.lifetime(), granted.issued.map(TokenType::uri));
    let (refresh_token, device_secret) = granted.into_secrets();
    Ok(TokenResponse {
        access_token,
        issued_token_type,
        token_type: "Bearer",
        expires_in: Some(expires_in),
        scope,
        refresh_token,
        id_token,
        device_secret,
    })
}

/// The answer of a token exchange that issues no access token (RFC 8693 §2.2.1). What is issued is called `access_token` whatever
/// it is, and the type `N_A` says that it isn't used as one.
fn exchanged(token: String, kind: TokenType, expires_in: Option<u64>, scope: String) -> TokenResponse {
    TokenResponse {
        access_token: token,
        issued_token_type: Some(kind.uri()),
        token_type: "N_A",
        expires_in,
        scope,
        refresh_token: None,
        id_token: None,
        device_secret: None,
    }
}

fn exchanged_refresh_token(granted: Granted) -> Result<TokenResponse, Failure> {
    let scope = granted.target.scopes().to_wire();
    let (token, _) = granted.into_secrets();
    let token = token.ok_or(ServerError::internal("a refresh token was granted without one"))?;
    Ok(exchanged(token, TokenType::RefreshToken, None, scope))
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
    let token = jws::signing_input(header, claims);
    let signature = platform.sign(key, token.as_bytes()).await?;
    Ok(jws::complete(token, &signature))
}

fn signing_key(keyring: &Keyring, alg: Alg, now: Timestamp) -> Result<&SigningKey, ServerError> {
    keyring.key(alg, now).ok_or(ServerError::internal("there is no active key for the algorithm"))
}

/// The claims of an access token: those of RFC 9068 §2.2, then the custom ones.
struct AccessToken<'a> {
    issuer: &'a str,
    granted: &'a Granted,
    scope: &'a str,
    now: Timestamp,
    jti: &'a str,
    grant: Option<String>,
}

impl Serialize for AccessToken<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Decision { subject, client_id, target, vouched, user, .. } = &**self.granted;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("iss", self.issuer)?;
        map.serialize_entry("sub", subject)?;
        match target.audience() {
            [one] => map.serialize_entry("aud", one)?,
            several => map.serialize_entry("aud", several)?,
        }
        map.serialize_entry("client_id", client_id)?;
        map.serialize_entry("scope", self.scope)?;
        map.serialize_entry("iat", &self.now)?;
        map.serialize_entry("exp", &self.now.plus(target.lifetime()))?;
        map.serialize_entry("jti", self.jti)?;
        if let Some(user) = user {
            map.serialize_entry("auth_time", &user.auth.auth_time)?;
            map.serialize_entry("acr", &user.auth.acr)?;
            map.serialize_entry("amr", &user.auth.amr)?;
            map.serialize_entry("grant", &self.grant)?;
        }
        for (name, value) in vouched {
            map.serialize_entry(name, value)?;
        }
        for (name, value) in custom(target.claims()) {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// The custom claims. Reserved names are refused where claims are declared; here they are left out, whatever a store says.
fn custom(claims: &Map<String, Value>) -> impl Iterator<Item = (&String, &Value)> {
    claims.iter().filter(|(name, _)| !crate::protocol::config::claims::RESERVED.contains(&name.as_str()))
}
