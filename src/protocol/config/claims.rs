//! Custom claims of clients and resources: which names they may not have, and how large a set may be.
//!
//! `validate` calls [`problems`] before a set is stored; putting claims into a token is `issue`'s part.

use serde_json::{Map, Value};

/// Claims that only the server sets (RFC 7519 §4.1, RFC 9068 §2.2, RFC 8693 §4, RFC 7800, `OpenID Connect` Core §2).
pub const RESERVED: [&str; 29] = [
    "iss",
    "sub",
    "aud",
    "exp",
    "nbf",
    "iat",
    "jti",
    "client_id",
    "scope",
    "act",
    "may_act",
    "cnf",
    "typ",
    "auth_time",
    "acr",
    "amr",
    "nonce",
    "azp",
    "sid",
    "at_hash",
    "c_hash",
    "s_hash",
    "events",
    "sub_id",
    "authorization_details",
    "token_introspection",
    "txn",
    "toe",
    "grant",
];
/// The most custom claims that one set may hold.
pub const MAX_CLAIMS: usize = 32;
/// Largest set of custom claims, in bytes of JSON.
pub const MAX_CLAIMS_SIZE: usize = 2048;

/// What is wrong with a set of custom claims: the claim's name (empty: the whole set) and why.
pub fn problems(claims: &Map<String, Value>) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for name in claims.keys() {
        if RESERVED.contains(&name.as_str()) {
            found.push((name.clone(), format!("`{name}` is a reserved claim: only the server sets it")));
        } else if name.is_empty() || name.len() > 128 {
            found.push((name.clone(), "a claim's name has 1 to 128 characters".to_owned()));
        }
    }
    let size = serde_json::to_string(claims).map_or(usize::MAX, |json| json.len());
    if claims.len() > MAX_CLAIMS || size > MAX_CLAIMS_SIZE {
        found.push((
            String::new(),
            format!("at most {MAX_CLAIMS} claims and {MAX_CLAIMS_SIZE} bytes of JSON"),
        ));
    }
    found
}
