//! Client registration (RFC 7591 §3, `OpenID Connect Dynamic Client Registration` §3): a client says what it is and gets an id.
//!
//! Nothing is stored: the id carries the registration ([`carried`]). So a flood costs no row and no call of an object; what it costs
//! is bounded by a budget of the isolate, per sender and in all. There is no endpoint unless `[registration]` is on.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::protocol::codec::json;
use crate::protocol::config::RegistrationConfig;
use crate::protocol::config::registered_client::Client;
use crate::protocol::http::error::{Cause, Code, Failure, OAuthError, ServerError};
use crate::protocol::http::json::to_json;
use crate::protocol::http::{Body, Method, Response};
use crate::protocol::model::outbound;
use crate::protocol::model::secret::Secret;
use crate::protocol::model::time::Timestamp;
use crate::protocol::registration::carried;
use crate::protocol::registration::metadata::{Metadata, read};
use crate::protocol::registration::policy;
use crate::protocol::server::Server;
use crate::protocol::server::answer::method_not_allowed;
use crate::protocol::server::budget::Question;
use crate::protocol::server::ports::Platform;
use crate::protocol::server::request::RequestContext;

/// The longest request, in bytes.
const MAX_BODY: usize = 16 * 1024;
/// The shortest initial access token that counts, in bytes: shorter ones could be guessed.
const MIN_TOKEN: usize = 32;

pub(crate) async fn serve<P: Platform>(server: &Server<P>, context: &RequestContext<'_>) -> Response {
    context.endpoint.set("register");
    let response = match server.snapshot(context.now).await {
        Ok(snapshot) if snapshot.registration.is_on() => {
            answer(server, context, &snapshot.registration).await
        }
        Ok(_) => {
            let description = "clients can't register themselves here; ask the operator for a client";
            let error = OAuthError::new(Code::NotFound, Cause::PathUnknown, description);
            context.fail(server.issuer.as_str(), error.into())
        }
        Err(error) => context.fail(server.issuer.as_str(), error.into()),
    };
    // Whoever may read the answer may register, and nothing here depends on cookies.
    response.with("access-control-allow-origin", "*")
}

async fn answer<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    policy: &RegistrationConfig,
) -> Response {
    match context.request.method {
        Method::Post => {}
        Method::Options => {
            return Response::empty(204)
                .with("allow", "POST, OPTIONS")
                .with("access-control-allow-methods", "POST")
                .with("access-control-allow-headers", "authorization, content-type, mcp-protocol-version")
                .with("access-control-max-age", "600");
        }
        _ => return method_not_allowed(server, context, "POST, OPTIONS"),
    }
    match register(server, context, policy).await {
        Ok(response) => response,
        Err(failure) => context.fail(server.issuer.as_str(), failure),
    }
}

async fn register<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    policy: &RegistrationConfig,
) -> Result<Response, Failure> {
    let question = Question { sender: context.address(), subject: None };
    if !server.cache.registrations.take(question, context.now) {
        let description = "too many registrations at the moment; try again in a minute";
        return Err(OAuthError::new(Code::TooManyRequests, Cause::TooManyRegistrations, description).into());
    }
    if !policy.admits(initial_access_token(context).as_ref(), context.now) {
        let description =
            "registering takes an initial access token of this server's operator, as a bearer token";
        return Err(OAuthError::new(Code::InvalidToken, Cause::InitialAccessToken, description).into());
    }
    let object = body(context)?;
    let local = outbound::is_local(server.issuer.as_str());
    let metadata = policy::with_terms(policy, local, |terms| read(&object, terms)).map_err(|refusal| {
        let code =
            if refusal.of_redirect_uri { Code::InvalidRedirectUri } else { Code::InvalidClientMetadata };
        OAuthError::new(code, Cause::MetadataRefused, refusal.description)
    })?;
    if let Some(uri) = &metadata.sector_identifier_uri {
        check_sector(server, uri, &metadata.config.redirect_uris).await?;
    }
    let keyring = server.any_keyring(context.now).await?;
    let guard = &keyring.derived.registration;
    let config = policy::to_carry(metadata.config.clone(), metadata.named_scopes, policy);
    let Some(client_id) = carried::issue(guard, &config, context.now, &server.platform) else {
        let description =
            "the registration is too long: fewer or shorter redirect URIs and addresses, please";
        return Err(
            OAuthError::new(Code::InvalidClientMetadata, Cause::RegistrationTooLong, description).into()
        );
    };
    let carried = carried::open(guard, &client_id);
    let carried = carried.ok_or(ServerError::internal("an id that was just made can't be read"))?;
    let secret = carried.secret().map(|secret| secret.expose().to_owned());
    let secret_until = carried.issued_at.plus(policy.lifetime);
    if !policy.is_live(carried.issued_at, context.now) {
        let description = "registrations begin later: the operator's registered_since is in the future";
        return Err(
            OAuthError::new(Code::TemporarilyUnavailable, Cause::RegistrationEnded, description).into()
        );
    }
    let client = carried.into_client(policy);
    let client = client.ok_or(ServerError::internal("what was just registered isn't permitted"))?;
    context.note_client(&client.client_id);
    let body =
        to_json(&Registered::of(&client, &metadata, secret.as_deref().map(|secret| (secret, secret_until))))?;
    Ok(Response::json_no_store(201, body))
}

/// RFC 7591 §3: a bearer token that lets its holder register clients. Its form is the operator's affair.
fn initial_access_token(context: &RequestContext<'_>) -> Option<Secret> {
    let header = context.request.headers.authorization.as_ref()?.expose();
    let (scheme, token) = header.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer") && token.len() >= MIN_TOKEN)
        .then(|| Secret::received(token.trim()))
}

/// RFC 7591 §3.1: an object as `application/json`.
fn body(context: &RequestContext<'_>) -> Result<Map<String, Value>, OAuthError> {
    let malformed = |cause, description| OAuthError::new(Code::InvalidClientMetadata, cause, description);
    let content_type = context.request.headers.content_type.as_deref().unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        return Err(malformed(
            Cause::ContentType,
            "a registration is a JSON object sent as application/json",
        ));
    }
    let bytes = match &context.request.body {
        Body::Bytes(bytes) if bytes.len() <= MAX_BODY => bytes,
        _ => {
            let description = "a registration has at most 16384 bytes";
            return Err(OAuthError::new(Code::TooLarge, Cause::BodyTooLarge, description));
        }
    };
    let text = core::str::from_utf8(bytes).map_err(|_| malformed(Cause::BodyNotUtf8, "not UTF-8"))?;
    json::from_str(text).map_err(|_| {
        malformed(Cause::MetadataMalformed, "not a JSON object, or one that names a member twice")
    })
}

/// `OpenID Connect Core` §8.1: the document is a JSON array that has all redirect URIs.
async fn check_sector<P: Platform>(
    server: &Server<P>,
    uri: &str,
    redirect_uris: &[String],
) -> Result<(), OAuthError> {
    let refused =
        |description| OAuthError::new(Code::InvalidClientMetadata, Cause::SectorIdentifier, description);
    let document = server.platform.get_document(uri, true).await;
    let document =
        document.map_err(|_| refused("sector_identifier_uri: there is no document at this address"))?;
    let list =
        core::str::from_utf8(&document.bytes).ok().and_then(|text| json::from_str::<Vec<String>>(text).ok());
    let list = list.ok_or(refused("sector_identifier_uri: the document is no JSON array of texts"))?;
    let all = redirect_uris.iter().all(|uri| list.contains(uri));
    if all { Ok(()) } else { Err(refused("sector_identifier_uri: the document lacks a redirect URI")) }
}

/// The JSON of the response (RFC 7591 §3.2.1): the client as it is registered, whatever it asked for.
#[derive(Serialize)]
struct Registered<'a> {
    client_id: &'a str,
    client_id_issued_at: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<&'a str>,
    /// Comes with a secret, which ends with the registration and not before.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret_expires_at: Option<u64>,
    redirect_uris: &'a [String],
    grant_types: Vec<&'static str>,
    response_types: [&'static str; 1],
    token_endpoint_auth_method: &'static str,
    scope: String,
    subject_type: &'static str,
    #[serde(flatten)]
    optional: Map<String, Value>,
}

impl<'a> Registered<'a> {
    fn of(client: &'a Client, metadata: &Metadata, secret: Option<(&'a str, Timestamp)>) -> Self {
        let method = client.token_endpoint_auth_method;
        Self {
            client_id: &client.client_id,
            client_id_issued_at: client.created_at.0,
            client_secret: secret.map(|(secret, _)| secret),
            client_secret_expires_at: secret.map(|(_, end)| end.0),
            redirect_uris: &client.redirect_uris,
            grant_types: client.grant_types.iter().map(|grant| grant.name()).collect(),
            response_types: ["code"],
            token_endpoint_auth_method: method.map_or("client_secret_basic", |method| method.name()),
            scope: client.scopes.to_wire(),
            subject_type: if client.subject_type.is_public() { "public" } else { "pairwise" },
            optional: optional(client, metadata),
        }
    }
}

/// What is echoed only if the client said it.
fn optional(client: &Client, metadata: &Metadata) -> Map<String, Value> {
    let texts = [
        ("client_name", &client.client_name),
        ("client_uri", &client.client_uri),
        ("logo_uri", &client.logo_uri),
        ("policy_uri", &client.policy_uri),
        ("tos_uri", &client.tos_uri),
        ("backchannel_logout_uri", &client.backchannel_logout_uri),
        ("frontchannel_logout_uri", &client.frontchannel_logout_uri),
        ("application_type", &metadata.application_type),
        ("initiate_login_uri", &metadata.initiate_login_uri),
        ("sector_identifier_uri", &metadata.sector_identifier_uri),
    ];
    let texts = texts.into_iter().filter_map(|(name, text)| Some((name, Value::from(text.as_deref()?))));
    let algs = [
        ("id_token_signed_response_alg", client.id_token_signed_response_alg),
        ("userinfo_signed_response_alg", client.userinfo_signed_response_alg),
    ];
    let algs = algs.into_iter().filter_map(|(name, alg)| Some((name, Value::from(alg?.name()))));
    let after = &client.post_logout_redirect_uris;
    let after = (!after.is_empty()).then(|| ("post_logout_redirect_uris", Value::from(after.clone())));
    let pushes = client.require_pushed_authorization_requests;
    let pushes = pushes.then_some(("require_pushed_authorization_requests", Value::Bool(true)));
    let members = texts.chain(algs).chain(after).chain(pushes);
    json::object(members.map(|(name, value)| (name.to_owned(), value)))
}
