//! The operation on `resources`: what each of them says of itself (RFC 9728), for whoever serves it elsewhere.

use serde::{Deserialize, Serialize};

use super::body;
use super::{AdminFailure, Call};
use crate::protocol::config::protected_resource::ResourceMetadata;
use crate::protocol::config::resource_metadata::metadata_url;
use crate::protocol::config::snapshot::Resource;
use crate::protocol::http::Response;
use crate::protocol::server::ports::Platform;

/// All resources, the admin API included.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ResourcesView {
    /// The resources.
    pub resources: Vec<ResourceView>,
}

/// A resource, and how clients find it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ResourceView {
    /// The resource's identifier.
    pub identifier: String,
    /// Whether this server serves the document where it is asked for it under the resource's name.
    pub published: bool,
    /// Where the document belongs; absent if the identifier is no URL on the web.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata_url: Option<String>,
    /// The document (RFC 9728 §2).
    pub metadata: ResourceMetadata,
    /// The `WWW-Authenticate` header that the resource answers 401 with; absent if the identifier is no URL on the web.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub www_authenticate: Option<String>,
}

/// `GET resources`: every resource as edges know it.
pub(super) async fn list<P: Platform>(call: &Call<'_, P>) -> Result<Response, AdminFailure> {
    let snapshot = call.server.snapshot(call.context.now).await?;
    let issuer = call.server.issuer.as_str();
    let resources = snapshot.resources.iter().map(|resource| view(resource, issuer)).collect();
    body::write(200, &ResourcesView { resources })
}

fn view(resource: &Resource, issuer: &str) -> ResourceView {
    ResourceView {
        identifier: resource.identifier.clone(),
        published: resource.metadata.is_some(),
        metadata_url: metadata_url(&resource.identifier),
        metadata: resource.metadata_at(issuer),
        www_authenticate: resource.challenge(),
    }
}
