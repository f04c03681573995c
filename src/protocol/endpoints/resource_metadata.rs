//! The metadata of protected resources (RFC 9728 §3), where their own addresses are routed to this server, and what this server's
//! metadata says of other parties: resources, and servers that its assertions go to or come from.
//!
//! A document is found by the whole address that was asked for, compared with what is configured. That address decides about
//! nothing else: issuer and endpoints never follow from it.

use serde::Serialize;

use crate::protocol::config::federation::AssertionKind;
use crate::protocol::config::resource_metadata::{WELL_KNOWN, metadata_url};
use crate::protocol::config::snapshot::{Resource, Snapshot};
use crate::protocol::http::Response;
use crate::protocol::http::error::Failure;
use crate::protocol::http::json::to_json;
use crate::protocol::server::Server;
use crate::protocol::server::answer::public_document;
use crate::protocol::server::ports::Platform;
use crate::protocol::server::request::RequestContext;

use super::metadata;

/// Whether `path` is that of a resource's metadata.
pub(crate) fn is_it(path: &str) -> bool {
    path.strip_prefix(WELL_KNOWN).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

pub(crate) async fn serve<P: Platform>(server: &Server<P>, context: &RequestContext<'_>) -> Response {
    context.endpoint.set("resource_metadata");
    match document(server, context).await {
        Ok(Some(body)) => public_document(server, context, "application/json", body),
        Ok(None) => metadata::missing(server, context),
        Err(failure) => context.fail(server.issuer.as_str(), failure),
    }
}

async fn document<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
) -> Result<Option<String>, Failure> {
    let request = context.request;
    let origin = request.origin.as_deref().unwrap_or(server.issuer.origin());
    let query = request.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
    let asked = format!("{origin}{}{query}", request.path);
    let snapshot = server.snapshot(context.now).await?;
    let resource = snapshot.resources.iter().find(|resource| is_at(resource, &asked));
    let document = resource.map(|resource| to_json(&resource.metadata_at(server.issuer.as_str())));
    Ok(document.transpose()?)
}

/// Whether the resource publishes its metadata, and does so at `asked`.
fn is_at(resource: &Resource, asked: &str) -> bool {
    resource.metadata.is_some() && metadata_url(&resource.identifier).as_deref() == Some(asked)
}

/// Members of the server's metadata that speak of other parties.
#[derive(Serialize)]
pub(crate) struct Relations<'a> {
    /// RFC 9728 §4.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    protected_resources: Vec<&'a str>,
    /// draft-ietf-oauth-identity-assertion-authz-grant: which profiles of the JWT bearer grant some rule is about.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    authorization_grant_profiles_supported: Vec<&'static str>,
    /// draft-ietf-oauth-identity-chaining: what token exchange makes for other servers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    identity_chaining_requested_token_types_supported: Vec<&'static str>,
}

impl<'a> Relations<'a> {
    pub(crate) fn of(snapshot: &'a Snapshot) -> Self {
        let is_listed =
            |resource: &&Resource| resource.metadata.as_ref().is_some_and(|metadata| metadata.listed);
        let listed = snapshot.resources.iter().filter(is_listed);
        let takes_id_jag = snapshot.rules.iter().any(|rule| rule.assertion == AssertionKind::IdJag);
        let profile = takes_id_jag.then_some("urn:ietf:params:oauth:grant-profile:id-jag");
        Self {
            protected_resources: listed.map(|resource| resource.identifier.as_str()).collect(),
            authorization_grant_profiles_supported: profile.into_iter().collect(),
            identity_chaining_requested_token_types_supported: Vec::new(),
        }
    }
}
