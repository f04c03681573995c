//! Server metadata (RFC 8414, `OpenID Connect Discovery` §3), made from the registries and the configuration, so that
//! nothing is advertised that isn't there.
//!
//! `response_types_supported` is REQUIRED by both and empty as long as there is no authorization endpoint;
//! so are the members about ID tokens in the `OpenID Connect` document.

use serde::Serialize;

use super::super::client::AuthMethod;
use super::super::error::ServerError;
use super::super::grants::GrantType;
use super::super::http::Response;
use super::super::issuer::Issuer;
use super::super::log::Exchange;
use super::super::ports::Platform;
use super::super::scope::ADMIN_SCOPE_PREFIX;
use super::super::server::Server;
use super::{JWKS, TOKEN, public_document};

/// Which of the two documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Document {
    /// RFC 8414: the well-known part comes before the issuer's path.
    OAuth,
    /// `OpenID Connect Discovery`: it comes after.
    OpenId,
}

impl Document {
    /// The document at `path`, if there is one.
    pub(super) fn at(issuer: &Issuer, path: &str) -> Option<Self> {
        let rest = path.strip_prefix("/.well-known/oauth-authorization-server");
        if rest == Some(issuer.path()) {
            return Some(Self::OAuth);
        }
        let rest = path.strip_prefix(issuer.path());
        (rest == Some("/.well-known/openid-configuration")).then_some(Self::OpenId)
    }
}

#[derive(Serialize)]
struct Metadata<'a> {
    issuer: &'a str,
    token_endpoint: String,
    jwks_uri: String,
    response_types_supported: [&'static str; 0],
    grant_types_supported: Vec<&'static str>,
    token_endpoint_auth_methods_supported: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    scopes_supported: Vec<&'a str>,
    #[serde(flatten)]
    openid: Option<OpenIdMembers>,
}

#[derive(Serialize)]
struct OpenIdMembers {
    subject_types_supported: [&'static str; 0],
    id_token_signing_alg_values_supported: [&'static str; 0],
}

pub(super) async fn serve<P: Platform>(
    server: &Server<P>,
    exchange: &Exchange<'_>,
    document: Document,
) -> Response {
    exchange.endpoint.set("metadata");
    match metadata(server, exchange, document).await {
        Ok(body) => public_document(server, exchange, "application/json", body),
        Err(error) => exchange.fail(server.issuer.as_str(), error.into()),
    }
}

async fn metadata<P: Platform>(
    server: &Server<P>,
    exchange: &Exchange<'_>,
    document: Document,
) -> Result<String, ServerError> {
    let snapshot = server.snapshot(exchange.now).await?;
    let scopes = snapshot.resources.iter().flat_map(|resource| resource.scopes.iter());
    let openid = OpenIdMembers { subject_types_supported: [], id_token_signing_alg_values_supported: [] };
    let metadata = Metadata {
        issuer: server.issuer.as_str(),
        token_endpoint: server.issuer.endpoint(TOKEN),
        jwks_uri: server.issuer.endpoint(JWKS),
        response_types_supported: [],
        grant_types_supported: GrantType::ALL.iter().map(|grant| grant.name()).collect(),
        token_endpoint_auth_methods_supported: AuthMethod::ALL.iter().map(|method| method.name()).collect(),
        scopes_supported: scopes.filter(|scope| !scope.starts_with(ADMIN_SCOPE_PREFIX)).collect(),
        openid: (document == Document::OpenId).then_some(openid),
    };
    serde_json::to_string(&metadata).map_err(|error| ServerError::internal(error.to_string()))
}
