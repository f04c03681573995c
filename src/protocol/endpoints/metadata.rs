//! Server metadata (RFC 8414, `OpenID Connect Discovery` §3), made from the registries and the configuration, so that
//! nothing is advertised that isn't there.

use crate::protocol::endpoints::paths::{
    AUTHORIZE, BC_AUTHORIZE, DEVICE_AUTHORIZATION, INTROSPECT, JWKS, LOGOUT, PAR, REGISTER, REVOKE, TOKEN,
    USERINFO,
};
use serde::Serialize;

use crate::protocol::config::{DeliveryMode, SignUp};
use crate::protocol::documents::admission::any;
use crate::protocol::endpoints::authorize::answer::ResponseMode;
use crate::protocol::endpoints::resource_metadata::Relations;
use crate::protocol::http::error::{Cause, Code, OAuthError, ServerError};
use crate::protocol::http::json::to_json;
use crate::protocol::http::{Method, Response};
use crate::protocol::login::ACR_PASSWORD;
use crate::protocol::model::client::AuthMethod;
use crate::protocol::model::grant_type::GrantType;
use crate::protocol::model::issuer::Issuer;
use crate::protocol::model::jwk::Alg;
use crate::protocol::model::scope::{ADMIN_SCOPE_PREFIX, DEVICE_SSO, USER_SCOPES};
use crate::protocol::model::signature_alg::SignatureAlg;
use crate::protocol::server::Server;
use crate::protocol::server::answer::{public_document, public_preflight};
use crate::protocol::server::ports::Platform;
use crate::protocol::server::request::RequestContext;
use crate::protocol::tokens::user_claims;

/// One of the two metadata documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Document {
    /// RFC 8414: the well-known part comes before the issuer's path.
    OAuth,
    /// `OpenID Connect Discovery` §4: the well-known part comes after the issuer's path. It is served before the path as well,
    /// where RFC 8414 §5 has clients look that treat both documents alike.
    OpenId,
}

impl Document {
    /// The document at `path`, if there is one.
    pub(crate) fn at(issuer: &Issuer, path: &str) -> Option<Self> {
        let rest = path.strip_prefix("/.well-known/oauth-authorization-server");
        if rest == Some(issuer.path()) {
            return Some(Self::OAuth);
        }
        let before = path.strip_prefix("/.well-known/openid-configuration");
        let after = path.strip_prefix(issuer.path());
        (before == Some(issuer.path()) || after == Some("/.well-known/openid-configuration"))
            .then_some(Self::OpenId)
    }
}

/// Whether `path` is one where clients look for a document by which they find their way (RFC 8615), whether there is one or not.
pub(crate) fn is_well_known(issuer: &Issuer, path: &str) -> bool {
    let is_it = |path: &str| path.starts_with("/.well-known/");
    is_it(path) || path.strip_prefix(issuer.path()).is_some_and(is_it)
}

/// Answers where there is no document: scripts may read that, too, and look elsewhere.
pub(crate) fn missing<P: Platform>(server: &Server<P>, context: &RequestContext<'_>) -> Response {
    if context.request.method == Method::Options {
        return public_preflight();
    }
    let error = OAuthError::new(Code::NotFound, Cause::PathUnknown, "there is no such document");
    context.fail(server.issuer.as_str(), error.into()).with("access-control-allow-origin", "*")
}

#[derive(Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "the specifications' members")]
struct Metadata<'a> {
    issuer: &'a str,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    pushed_authorization_request_endpoint: String,
    /// RFC 8628 §4; absent if no client has the grant.
    #[serde(skip_serializing_if = "Option::is_none")]
    device_authorization_endpoint: Option<String>,
    /// `CIBA` §4; absent if no client has the grant.
    #[serde(flatten)]
    backchannel: Option<BackchannelMembers>,
    /// RFC 7591; absent unless clients may register themselves.
    #[serde(skip_serializing_if = "Option::is_none")]
    registration_endpoint: Option<String>,
    introspection_endpoint: String,
    revocation_endpoint: String,
    response_types_supported: [&'static str; 1],
    response_modes_supported: Vec<&'static str>,
    grant_types_supported: Vec<&'static str>,
    token_endpoint_auth_methods_supported: Vec<&'static str>,
    token_endpoint_auth_signing_alg_values_supported: Vec<&'static str>,
    introspection_endpoint_auth_methods_supported: Vec<&'static str>,
    introspection_endpoint_auth_signing_alg_values_supported: Vec<&'static str>,
    revocation_endpoint_auth_methods_supported: Vec<&'static str>,
    revocation_endpoint_auth_signing_alg_values_supported: Vec<&'static str>,
    code_challenge_methods_supported: [&'static str; 1],
    introspection_signing_alg_values_supported: Vec<&'static str>,
    authorization_response_iss_parameter_supported: bool,
    /// Draft-ietf-oauth-client-id-metadata-document §5; absent if no rule lets anybody in.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    client_id_metadata_document_supported: bool,
    require_pushed_authorization_requests: bool,
    scopes_supported: Vec<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    native_sso_supported: bool,
    #[serde(flatten)]
    relations: Relations<'a>,
    #[serde(flatten)]
    openid: Option<OpenIdMembers>,
}

/// The members that `CIBA` §4 defines.
#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "the specification's members")]
struct BackchannelMembers {
    backchannel_authentication_endpoint: String,
    backchannel_token_delivery_modes_supported: [&'static str; 2],
    backchannel_user_code_parameter_supported: bool,
}

impl BackchannelMembers {
    fn of(issuer: &Issuer) -> Self {
        Self {
            backchannel_authentication_endpoint: issuer.endpoint(BC_AUTHORIZE),
            backchannel_token_delivery_modes_supported: DeliveryMode::ALL.map(DeliveryMode::name),
            backchannel_user_code_parameter_supported: true,
        }
    }
}

/// The members that only `OpenID Connect` defines, those about logout included.
#[derive(Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "the specification's members")]
struct OpenIdMembers {
    userinfo_endpoint: String,
    end_session_endpoint: String,
    subject_types_supported: [&'static str; 2],
    id_token_signing_alg_values_supported: Vec<&'static str>,
    userinfo_signing_alg_values_supported: Vec<&'static str>,
    claim_types_supported: [&'static str; 1],
    claims_supported: Vec<&'static str>,
    claims_parameter_supported: bool,
    request_parameter_supported: bool,
    request_uri_parameter_supported: bool,
    require_request_uri_registration: bool,
    prompt_values_supported: Vec<&'static str>,
    acr_values_supported: [&'static str; 1],
    ui_locales_supported: [&'static str; 1],
    backchannel_logout_supported: bool,
    backchannel_logout_session_supported: bool,
    frontchannel_logout_supported: bool,
    frontchannel_logout_session_supported: bool,
}

impl OpenIdMembers {
    fn of(issuer: &Issuer, sign_up: SignUp, native_sso: bool) -> Self {
        let create = sign_up.is_open().then_some("create");
        let algs: Vec<_> = Alg::ALL.iter().map(|alg| alg.name()).collect();
        let own = ["sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid", "at_hash"];
        Self {
            userinfo_endpoint: issuer.endpoint(USERINFO),
            end_session_endpoint: issuer.endpoint(LOGOUT),
            subject_types_supported: ["public", "pairwise"],
            id_token_signing_alg_values_supported: algs.clone(),
            userinfo_signing_alg_values_supported: algs,
            claim_types_supported: ["normal"],
            claims_supported: own
                .into_iter()
                .chain(native_sso.then_some("ds_hash"))
                .chain(user_claims::supported())
                .collect(),
            claims_parameter_supported: true,
            request_parameter_supported: false,
            request_uri_parameter_supported: false,
            require_request_uri_registration: false,
            prompt_values_supported: ["none", "login", "consent", "select_account"]
                .into_iter()
                .chain(create)
                .collect(),
            acr_values_supported: [ACR_PASSWORD],
            ui_locales_supported: ["en"],
            backchannel_logout_supported: true,
            backchannel_logout_session_supported: true,
            frontchannel_logout_supported: true,
            frontchannel_logout_session_supported: true,
        }
    }
}

pub(crate) async fn serve<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    document: Document,
) -> Response {
    context.endpoint.set("metadata");
    match metadata(server, context, document).await {
        Ok(body) => public_document(server, context, "application/json", body),
        Err(error) => context.fail(server.issuer.as_str(), error.into()),
    }
}

async fn metadata<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    document: Document,
) -> Result<String, ServerError> {
    let snapshot = server.snapshot(context.now).await?;
    let resources = snapshot.resources.iter().flat_map(|resource| resource.scopes.iter());
    let resources = resources.filter(|scope| !scope.starts_with(ADMIN_SCOPE_PREFIX));
    let of_people = USER_SCOPES.into_iter().filter(|scope| *scope != DEVICE_SSO || snapshot.native_sso);
    let issuer = &server.issuer;
    let methods: Vec<_> = AuthMethod::ALL.iter().map(|method| method.name()).collect();
    let algs: Vec<_> = Alg::ALL.iter().map(|alg| alg.name()).collect();
    let confidential = AuthMethod::ALL.iter().filter(|method| **method != AuthMethod::None);
    let assertions: Vec<_> = SignatureAlg::ALL.iter().map(|alg| alg.name()).collect();
    let has = |wanted| snapshot.grants().any(|grant| grant == wanted);
    let metadata = Metadata {
        issuer: issuer.as_str(),
        authorization_endpoint: issuer.endpoint(AUTHORIZE),
        token_endpoint: issuer.endpoint(TOKEN),
        jwks_uri: issuer.endpoint(JWKS),
        pushed_authorization_request_endpoint: issuer.endpoint(PAR),
        device_authorization_endpoint: has(GrantType::DeviceCode)
            .then(|| issuer.endpoint(DEVICE_AUTHORIZATION)),
        backchannel: has(GrantType::Ciba).then(|| BackchannelMembers::of(issuer)),
        introspection_endpoint: issuer.endpoint(INTROSPECT),
        revocation_endpoint: issuer.endpoint(REVOKE),
        registration_endpoint: snapshot.registration.is_on().then(|| issuer.endpoint(REGISTER)),
        response_types_supported: ["code"],
        response_modes_supported: ResponseMode::ALL.iter().map(|mode| mode.name()).collect(),
        grant_types_supported: snapshot.grants().map(GrantType::name).collect(),
        token_endpoint_auth_methods_supported: methods.clone(),
        token_endpoint_auth_signing_alg_values_supported: assertions.clone(),
        introspection_endpoint_auth_methods_supported: confidential.map(|method| method.name()).collect(),
        introspection_endpoint_auth_signing_alg_values_supported: assertions.clone(),
        revocation_endpoint_auth_methods_supported: methods,
        revocation_endpoint_auth_signing_alg_values_supported: assertions,
        code_challenge_methods_supported: ["S256"],
        introspection_signing_alg_values_supported: algs,
        authorization_response_iss_parameter_supported: true,
        client_id_metadata_document_supported: any(&snapshot.client_documents),
        require_pushed_authorization_requests: snapshot.login.require_pushed_authorization_requests,
        scopes_supported: of_people.chain(resources).collect(),
        native_sso_supported: snapshot.native_sso,
        relations: Relations::of(&snapshot),
        openid: (document == Document::OpenId)
            .then(|| OpenIdMembers::of(issuer, snapshot.login.sign_up, snapshot.native_sso)),
    };
    to_json(&metadata)
}
