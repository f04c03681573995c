//! The metadata document of a protected resource (RFC 9728 §2), and the header by which a client learns of it.
//!
//! The document is served under the resource's own name where that is routed here, shown by the admin API, and printed by the
//! command for resources that serve it themselves.

use serde::{Deserialize, Serialize};

use super::resource_metadata::{BearerMethod, metadata_url};
use super::snapshot::Resource;
use crate::protocol::model::jwk::Alg;
use crate::protocol::model::scope::ScopeSet;

/// The document (RFC 9728 §2), such as `{"resource":"https://api.example.com","authorization_servers":["https://id.example.com"]}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ResourceMetadata {
    /// The resource's identifier.
    pub resource: String,
    /// The issuers whose tokens it takes: this server's.
    pub authorization_servers: Vec<String>,
    /// The scopes that clients may ask for.
    #[serde(default, skip_serializing_if = "ScopeSet::is_empty")]
    pub scopes_supported: ScopeSet,
    /// How it takes access tokens.
    pub bearer_methods_supported: Vec<BearerMethod>,
    /// Its name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_name: Option<String>,
    /// URL of a page for developers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_documentation: Option<String>,
    /// URL of a page that says how its data may be used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_policy_uri: Option<String>,
    /// URL of its terms of service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_tos_uri: Option<String>,
    /// URL of the keys that it signs with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<String>,
    /// The algorithms that it signs its answers with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resource_signing_alg_values_supported: Vec<Alg>,
}

impl Resource {
    /// The document of the resource at the server `issuer`. A resource without the table has one, too; it isn't served.
    pub fn metadata_at(&self, issuer: &str) -> ResourceMetadata {
        let declared = self.metadata.clone().unwrap_or_default();
        let methods = declared.bearer_methods_supported;
        let scopes = declared.scopes_supported;
        ResourceMetadata {
            resource: self.identifier.clone(),
            authorization_servers: vec![issuer.to_owned()],
            scopes_supported: if scopes.is_empty() { self.scopes.clone() } else { scopes },
            bearer_methods_supported: if methods.is_empty() { vec![BearerMethod::Header] } else { methods },
            resource_name: self.name.clone(),
            resource_documentation: declared.resource_documentation,
            resource_policy_uri: declared.resource_policy_uri,
            resource_tos_uri: declared.resource_tos_uri,
            jwks_uri: declared.jwks_uri,
            resource_signing_alg_values_supported: declared.resource_signing_alg_values_supported,
        }
    }

    /// The `WWW-Authenticate` header that the resource answers 401 with: where its metadata is (RFC 9728 §5.1), and which scopes to
    /// ask for (RFC 6750 §3). `None` if its identifier is no URL on the web.
    pub fn challenge(&self) -> Option<String> {
        let metadata = metadata_url(&self.identifier)?;
        let declared = self.metadata.as_ref().map(|metadata| &metadata.scopes_supported);
        let told = [&self.default_scopes].into_iter().chain(declared).find(|scopes| !scopes.is_empty());
        let scope = told.unwrap_or(&self.scopes).to_wire();
        let scope = if scope.is_empty() { scope } else { format!(", scope=\"{scope}\"") };
        Some(format!("Bearer resource_metadata=\"{metadata}\"{scope}"))
    }
}
