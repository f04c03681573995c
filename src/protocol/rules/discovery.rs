//! An issuer's metadata (`OpenID Connect Discovery` §4): where it is, and what of it matters here, which is `jwks_uri`.
//!
//! The document is fetched by `server`; this only reads it.

use serde::Deserialize;

use crate::protocol::codec::encoding::from_json;
use crate::protocol::model::outbound;

/// The members that matter. What else there is, is skipped.
#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    jwks_uri: String,
}

/// Where the metadata of `issuer` is: a slash at the end is no part of the address (§4), but it is of the name.
pub fn address(issuer: &str) -> String {
    let base = issuer.strip_suffix('/').unwrap_or(issuer);
    format!("{base}/.well-known/openid-configuration")
}

/// Where the metadata of `issuer` says that its keys are. `local` as for [`outbound::objection`].
///
/// # Errors
/// Says what is wrong with the document.
pub fn keys_address(document: &[u8], issuer: &str, local: bool) -> Result<String, &'static str> {
    let metadata: Metadata = from_json(document).ok_or("the document is no provider metadata")?;
    // §4.3: otherwise one issuer could name the keys of another.
    if metadata.issuer != issuer {
        return Err("the metadata is another issuer's");
    }
    if outbound::objection(&metadata.jwks_uri, local).is_some() {
        return Err("the metadata points to keys at an address that can't be called");
    }
    Ok(metadata.jwks_uri)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_below_the_issuer_with_or_without_a_slash() {
        for (issuer, expected) in [
            ("https://a.example", "https://a.example/.well-known/openid-configuration"),
            ("https://a.example/", "https://a.example/.well-known/openid-configuration"),
            ("https://a.example/t/v2.0", "https://a.example/t/v2.0/.well-known/openid-configuration"),
            ("https://a.example/t/id/", "https://a.example/t/id/.well-known/openid-configuration"),
        ] {
            assert_eq!(address(issuer), expected);
        }
    }

    #[test]
    fn only_the_issuers_own_metadata_says_where_its_keys_are() {
        let read = |document: &str| keys_address(document.as_bytes(), "https://a.example/", false);
        let good =
            r#"{"issuer":"https://a.example/","jwks_uri":"https://keys.example/k","scopes_supported":null}"#;
        assert_eq!(read(good).as_deref(), Ok("https://keys.example/k"));
        for bad in [
            r#"{"issuer":"https://a.example","jwks_uri":"https://keys.example/k"}"#,
            r#"{"issuer":"https://a.example/","jwks_uri":null}"#,
            r#"{"issuer":"https://a.example/","jwks_uri":["https://keys.example/k"]}"#,
            r#"{"issuer":"https://a.example/","issuer":"https://a.example/","jwks_uri":"https://keys.example/k"}"#,
            r#"{"issuer":"https://a.example/","jwks_uri":"https://10.0.0.1/k"}"#,
            r#"{"issuer":"https://a.example/","jwks_uri":"http://127.0.0.1/k"}"#,
            "<html>",
            "",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
