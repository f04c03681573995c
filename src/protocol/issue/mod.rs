//! The one place that mints tokens: access tokens in the profile of RFC 9068, ID tokens (`OpenID Connect Core` §2), logout
//! tokens (`Back-Channel Logout` §2.4) and signed answers.

pub mod sign;

use crate::protocol::keys::token_header;
use crate::protocol::tokens::grant_ref::GrantRef;
use futures_util::future::FutureExt as _;
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256, Sha512};

use crate::protocol::codec::encoding::base64url;
use crate::protocol::config::registered_client::Client;
use crate::protocol::config::snapshot::Snapshot;
use crate::protocol::grants::{Decision, Granted, IdTokenRequest, UserTokens};
use crate::protocol::http::error::{Failure, ServerError};
use crate::protocol::keys::keyring::{Keyring, SigningKey};
use crate::protocol::keys::sealed::{GRANT_PREFIX, seal};
use crate::protocol::model::incarnation::Incarnation;
use crate::protocol::model::jwk::Alg;
use crate::protocol::model::time::Timestamp;
use crate::protocol::model::token_type::TokenType;
use crate::protocol::server::Server;
use crate::protocol::server::ports::Platform;
use crate::protocol::server::request::RequestContext;

/// How long a logout token is valid, in seconds (`Back-Channel Logout` §2.4 recommends two minutes).
const LOGOUT_TOKEN_LIFETIME: u64 = 120;

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
}

/// Mints what was granted to `client`.
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
    let access_token = sign::sign(&server.platform, key, &header, &claims).await?;
    let id_token = match user.and_then(|user| user.id_token.as_ref().map(|id_token| (user, id_token))) {
        Some((user, request)) => {
            Some(id_token(server, context, keyring, (&granted, user, request), Some(&access_token)).await?)
        }
        None => None,
    };
    let (expires_in, issued_token_type) = (granted.target.lifetime(), granted.issued.map(TokenType::uri));
    let refresh_token = granted.into_refresh_token();
    Ok(TokenResponse {
        access_token,
        issued_token_type,
        token_type: "Bearer",
        expires_in: Some(expires_in),
        scope,
        refresh_token,
        id_token,
    })
}

/// RFC 8693 §2.2.1: what is issued is called `access_token` whatever it is, and `N_A` says that it isn't used as one.
fn exchanged(token: String, kind: TokenType, expires_in: Option<u64>, scope: String) -> TokenResponse {
    TokenResponse {
        access_token: token,
        issued_token_type: Some(kind.uri()),
        token_type: "N_A",
        expires_in,
        scope,
        refresh_token: None,
        id_token: None,
    }
}

async fn exchanged_id_token<P: Platform>(
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

fn exchanged_refresh_token(granted: Granted) -> Result<TokenResponse, Failure> {
    let scope = granted.target.scopes().to_wire();
    let token = granted.into_refresh_token();
    let token = token.ok_or(ServerError::internal("a refresh token was granted without one"))?;
    Ok(exchanged(token, TokenType::RefreshToken, None, scope))
}

fn to_json(claims: &impl Serialize) -> Result<String, ServerError> {
    serde_json::to_string(claims).map_err(|error| ServerError::internal(error.to_string()))
}

fn signing_key(keyring: &Keyring, alg: Alg, now: Timestamp) -> Result<&SigningKey, ServerError> {
    keyring.key(alg, now).ok_or(ServerError::internal("there is no active key for the algorithm"))
}

async fn id_token<P: Platform>(
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
    let key = signing_key(keyring, request.alg, context.now)?;
    sign_claims(server, key, token_header::ID_TOKEN_TYPE, &claims).await
}

/// `OpenID Connect Core` §3.1.3.6: the left half of the hash that belongs to the algorithm.
fn at_hash(alg: Alg, access_token: &str) -> String {
    match alg {
        Alg::EdDsa => base64url(Sha512::digest(access_token.as_bytes()).get(..32).unwrap_or_default()),
        Alg::Es256 | Alg::Rs256 | Alg::Ps256 => {
            base64url(Sha256::digest(access_token.as_bytes()).get(..16).unwrap_or_default())
        }
    }
}

async fn sign_claims<P: Platform>(
    server: &Server<P>,
    key: &SigningKey,
    typ: &str,
    claims: &Map<String, Value>,
) -> Result<String, ServerError> {
    let header = token_header::header(key.public.alg, typ, &key.public.kid);
    sign::sign(&server.platform, key, &header, &to_json(claims)?).await
}

/// A signed answer of `/userinfo` (`OpenID Connect Core` §5.3.2) or `/introspect` (RFC 9701 §5): `claims` with `iss`, `aud`
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

/// A logout token (`Back-Channel Logout` §2.4): never a `nonce`, so that it can't pass for an ID token.
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

/// The claims of RFC 9068 §2.2, then the custom ones.
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

/// Reserved names are refused where claims are declared; here they are left out whatever a store says.
fn custom(claims: &Map<String, Value>) -> impl Iterator<Item = (&String, &Value)> {
    claims.iter().filter(|(name, _)| !crate::protocol::config::claims::RESERVED.contains(&name.as_str()))
}
