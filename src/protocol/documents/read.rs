//! What a client id metadata document says (draft-ietf-oauth-client-id-metadata-document §4; the members are those of RFC 7591 §2).
//!
//! What isn't known is left out, as RFC 7591 §2 asks, and so are grants and redirect URIs that can't be had here as long as one is
//! left. A secret has no place in a document that everybody can read, and a way to authenticate that needs one has none either.

use serde::Deserialize;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::url::MAX_URL;
use crate::protocol::codec::encoding::base64url;
use crate::protocol::codec::json;
use crate::protocol::codec::uri::{Uri, is_origin};
use crate::protocol::config::{ClientConfig, UnknownScopes, redirect_uri};
use crate::protocol::model::client::AuthMethod;
use crate::protocol::model::grant_type::GrantType;
use crate::protocol::model::jwk_set::{KeySet, pinned_problem, unusable};
use crate::protocol::model::outbound::objection;
use crate::protocol::model::signature_alg::SignatureAlg;

/// The largest document that is read, in bytes. Real ones have less than one thousand.
pub const MAX_BYTES: usize = 10 * 1024;
/// The most redirect URIs of one client.
const MAX_REDIRECT_URIS: usize = 30;
/// The longest address of keys, in bytes.
const MAX_JWKS_URI: usize = 1024;
/// The longest name that is shown, in characters.
const MAX_NAME: usize = 64;
/// The grants that a client with a document can have.
const GRANTS: [GrantType; 2] = [GrantType::AuthorizationCode, GrantType::RefreshToken];
/// Ways to authenticate that a client with a document can have; the first is preferred.
const METHODS: [AuthMethod; 2] = [AuthMethod::PrivateKeyJwt, AuthMethod::None];

#[derive(Deserialize)]
struct Document {
    client_id: String,
    client_name: Option<String>,
    redirect_uris: Option<Vec<Value>>,
    grant_types: Option<Vec<Value>>,
    token_endpoint_auth_method: Option<String>,
    /// OpenID Connect RP Metadata Choices 1.0.
    token_endpoint_auth_methods_supported: Option<Vec<Value>>,
    jwks: Option<Map<String, Value>>,
    jwks_uri: Option<String>,
    token_endpoint_auth_signing_alg: Option<String>,
    client_secret: Option<Value>,
    client_secret_expires_at: Option<Value>,
}

/// Whether `media_type` is one that a document comes with: `application/json` or `application/…+json`.
pub fn is_media_type(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let Some(subtype) = essence.strip_prefix("application/") else { return false };
    subtype == "json" || subtype.strip_suffix("+json").is_some_and(|first| !first.is_empty())
}

/// Reads the document at `url`. `schemes` are those that policy lets apps have in redirect URIs; `local` is set at a server that is
/// itself on a loopback address. The client has no scopes yet.
///
/// # Errors
/// What is wrong with it, in words for whoever wrote it.
pub fn read(
    url: &str,
    document: &[u8],
    (schemes, local): (&[String], bool),
) -> Result<ClientConfig, &'static str> {
    if document.len() > MAX_BYTES {
        return Err("the document has more than 10 KiB");
    }
    let text = std::str::from_utf8(document).map_err(|_| "the document is no JSON")?;
    let document: Document = json::from_str(text)
        .map_err(|_| "the document is no JSON object with the members of client metadata (RFC 7591 §2)")?;
    if document.client_id != url || url.len() > MAX_URL {
        return Err("client_id in the document is not its URL, character for character");
    }
    if document.client_secret.is_some() || document.client_secret_expires_at.is_some() {
        return Err("a document has no client_secret");
    }
    if document.jwks.as_ref().is_some_and(has_private_keys) {
        return Err("a key in jwks is private");
    }
    let redirect_uris = redirect_uris(&document, schemes)?;
    let client = ClientConfig {
        client_id: document.client_id.clone(),
        client_name: Some(name(&document)?),
        allowed_origins: origins(&redirect_uris),
        redirect_uris,
        grant_types: grants(&document),
        unknown_scopes: UnknownScopes::Drop,
        ..ClientConfig::default()
    };
    authenticating(client, &document, local)
}

/// `client`, with how it authenticates, and with its keys if it has use for them.
fn authenticating(
    client: ClientConfig,
    document: &Document,
    local: bool,
) -> Result<ClientConfig, &'static str> {
    let keys = keys(document, local);
    let method = method(document, keys.is_ok())?;
    let client = ClientConfig { token_endpoint_auth_method: Some(method), ..client };
    match keys {
        Ok((jwks, jwks_uri, token_endpoint_auth_signing_alg)) if method == AuthMethod::PrivateKeyJwt => {
            Ok(ClientConfig { token_endpoint_auth_signing_alg, jwks, jwks_uri, ..client })
        }
        _ => Ok(client),
    }
}

/// The keys that a document names, or where they are, and the one algorithm that they are used with, if it names one.
type Keys = (Option<Map<String, Value>>, Option<String>, Option<SignatureAlg>);

/// What `private_key_jwt` needs.
///
/// # Errors
/// Why the document can't have it.
fn keys(document: &Document, local: bool) -> Result<Keys, &'static str> {
    let alg = document.token_endpoint_auth_signing_alg.as_deref();
    let alg =
        alg.map(|name| SignatureAlg::named(name).ok_or("token_endpoint_auth_signing_alg isn't known here"));
    let alg = alg.transpose()?;
    match (&document.jwks, document.jwks_uri.as_deref()) {
        (Some(_), Some(_)) => Err("the document has both jwks and jwks_uri (RFC 7591 §2)"),
        (Some(jwks), None) => {
            let accepted = |one: SignatureAlg| alg.is_none_or(|only| only.is_same(one));
            match pinned_problem(jwks, accepted).or_else(|| unusable(jwks)) {
                Some(_) => Err("jwks has no keys, or some that can't be used here"),
                None => Ok((Some(jwks.clone()), None, alg)),
            }
        }
        (None, Some(url)) if url.len() > MAX_JWKS_URI => Err("jwks_uri has more than 1024 characters"),
        (None, Some(url)) => match objection(url, local) {
            Some(_) => Err("this server can't call jwks_uri"),
            None => Ok((None, Some(url.to_owned()), alg)),
        },
        (None, None) => Err("private_key_jwt needs jwks or jwks_uri"),
    }
}

/// The name that it gives itself: one line, and no longer than fits on a page.
fn name(document: &Document) -> Result<String, &'static str> {
    let given = document.client_name.as_deref().unwrap_or_default();
    let shown: String = given.trim().chars().filter(|letter| !letter.is_control()).take(MAX_NAME).collect();
    if shown.is_empty() { Err("client_name is missing or empty") } else { Ok(shown) }
}

fn redirect_uris(document: &Document, schemes: &[String]) -> Result<Vec<String>, &'static str> {
    let given = document.redirect_uris.as_deref().unwrap_or_default();
    if given.len() > MAX_REDIRECT_URIS {
        return Err("the document has more than 30 redirect_uris");
    }
    let sound =
        given.iter().filter_map(Value::as_str).filter(|uri| redirect_uri::problem(uri, schemes).is_none());
    let sound: Vec<String> = sound.map(str::to_owned).collect();
    if sound.is_empty() {
        Err("the document has no redirect_uris that could be used here")
    } else {
        Ok(sound)
    }
}

/// Grants that aren't known here, or not for such clients, are left out (RFC 7591 §2): documents list what others serve.
fn grants(document: &Document) -> Vec<GrantType> {
    let Some(given) = &document.grant_types else { return vec![GrantType::AuthorizationCode] };
    let listed = |grant: &GrantType| given.iter().any(|name| name.as_str() == Some(grant.name()));
    GRANTS.into_iter().filter(listed).collect()
}

/// The first of ours among those that it can do (RP Metadata Choices). What it prefers is one of them; keys that can be used are needed
/// for `private_key_jwt`. RFC 7591's default needs a secret, so a document that says nothing means `none`.
fn method(document: &Document, has_keys: bool) -> Result<AuthMethod, &'static str> {
    let choices = document.token_endpoint_auth_methods_supported.as_deref().unwrap_or_default();
    let preferred = document.token_endpoint_auth_method.as_deref();
    if preferred.is_some_and(needs_secret) {
        return Err("token_endpoint_auth_method needs a secret, and a document has none");
    }
    let is_named = |method: &AuthMethod| {
        preferred == Some(method.name()) || choices.iter().any(|name| name.as_str() == Some(method.name()))
    };
    let is_usable = |method: &AuthMethod| *method != AuthMethod::PrivateKeyJwt || has_keys;
    let none_said = || (preferred.is_none() && choices.is_empty()).then_some(AuthMethod::None);
    let found = METHODS.into_iter().filter(is_usable).find(is_named).or_else(none_said);
    found.ok_or("none of the ways to authenticate that the document names can be used here, with the keys that it has")
}

fn needs_secret(name: &str) -> bool {
    name.starts_with("client_secret_")
}

/// Members of a JWK that only its owner may know (RFC 7518 §6).
fn has_private_keys(set: &Map<String, Value>) -> bool {
    let private = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
    let keys = set.get("keys").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    keys.iter().any(|key| private.iter().any(|name| key.get(name).is_some_and(|value| !value.is_null())))
}

/// The web origins of its https redirect URIs: its scripts run there.
fn origins(redirect_uris: &[String]) -> Vec<String> {
    let origin = |uri: &String| {
        let Uri { scheme: "https", authority: Some(authority), .. } = Uri::split(uri)? else { return None };
        Some(format!("https://{authority}")).filter(|origin| is_origin(origin))
    };
    let mut origins: Vec<String> = redirect_uris.iter().filter_map(origin).collect();
    origins.sort();
    origins.dedup();
    origins
}

/// A digest of what matters of a client to somebody who permits it something: where answers go, which grants it has, how it proves that
/// it is the client, and where its keys come from. Behind an address they may be replaced; keys in the document count themselves.
pub fn digest(client: &ClientConfig) -> String {
    let mut redirect_uris: Vec<&str> = client.redirect_uris.iter().map(String::as_str).collect();
    redirect_uris.sort_unstable();
    redirect_uris.dedup();
    let method = client.token_endpoint_auth_method.map_or("", AuthMethod::name);
    let mut grants: Vec<&str> = client.grant_types.iter().map(|grant| grant.name()).collect();
    grants.sort_unstable();
    let keys = client.jwks.as_ref().and_then(KeySet::of).map(|keys| keys.thumbprints());
    let facts = serde_json::json!([redirect_uris, method, grants, client.jwks_uri, keys]);
    base64url(Sha256::digest(facts.to_string().as_bytes()).get(..16).unwrap_or_default())
}
