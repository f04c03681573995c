//! `[resource.metadata]`: what a protected resource says of itself (RFC 9728), and where that is found. `protected_resource` makes the
//! document of it.

use serde::{Deserialize, Serialize};

use crate::protocol::codec::uri::Uri;
use crate::protocol::model::jwk::Alg;
use crate::protocol::model::scope::ScopeSet;

/// The well-known part of the document's address (RFC 9728 §3).
pub const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

/// How an access token is sent to a resource (RFC 6750 §2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum BearerMethod {
    /// In the `Authorization` header.
    Header,
    /// In the form of the body.
    Body,
    /// In the query, which ends up in logs.
    Query,
}

/// `[resource.metadata]`: publishes the resource's metadata. Members that are left out are left out of it, but for those that follow
/// from the rest of the configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ResourceMetadataConfig {
    /// The scopes that it names; clients that are told of no scope ask for all of them. Unset: those of the resource.
    #[serde(skip_serializing_if = "ScopeSet::is_empty")]
    pub scopes_supported: ScopeSet,
    /// How it takes access tokens; in the header if unset.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub bearer_methods_supported: Vec<BearerMethod>,
    /// URL of a page for developers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_documentation: Option<String>,
    /// URL of a page that says how its data may be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_policy_uri: Option<String>,
    /// URL of its terms of service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_tos_uri: Option<String>,
    /// URL of the keys that it signs with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<String>,
    /// The algorithms that it signs its answers with.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resource_signing_alg_values_supported: Vec<Alg>,
    /// Whether this server's own metadata names it (`protected_resources`, RFC 9728 §4).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub listed: bool,
}

/// Where the metadata of the resource called `identifier` is (RFC 9728 §3.1): the well-known part comes between host and path, and a
/// lone slash is left out. `None` if the identifier is no URL on the web.
pub fn metadata_url(identifier: &str) -> Option<String> {
    let uri = Uri::split(identifier).filter(Uri::is_web)?;
    let authority = uri.authority.filter(|authority| !authority.is_empty())?;
    let path = match uri.path.strip_prefix('/') {
        Some(rest) if rest.is_empty() || rest.starts_with('?') => rest,
        _ => uri.path,
    };
    Some(format!("{}://{authority}{WELL_KNOWN}{path}", uri.scheme))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_well_known_part_comes_between_host_and_path() {
        let cases = [
            ("https://api.example", Some("https://api.example/.well-known/oauth-protected-resource")),
            ("https://api.example/", Some("https://api.example/.well-known/oauth-protected-resource")),
            (
                "https://api.example:8443/mcp",
                Some("https://api.example:8443/.well-known/oauth-protected-resource/mcp"),
            ),
            (
                "https://api.example/mcp/",
                Some("https://api.example/.well-known/oauth-protected-resource/mcp/"),
            ),
            (
                "https://api.example/?a=b",
                Some("https://api.example/.well-known/oauth-protected-resource?a=b"),
            ),
            (
                "https://api.example/x?a=b",
                Some("https://api.example/.well-known/oauth-protected-resource/x?a=b"),
            ),
            ("urn:example:api", None),
            ("stock", None),
            ("https:///x", None),
        ];
        for (identifier, expected) in cases {
            assert_eq!(metadata_url(identifier).as_deref(), expected, "{identifier}");
        }
    }
}
