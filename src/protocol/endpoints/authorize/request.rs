//! Checks of an authorization request, in their order: client and redirect URI first, because only then an error may be
//! sent anywhere; everything else after that (RFC 6749 §4.1.2.1).

use futures_util::future::FutureExt as _;
use serde_json::Value;

use super::answer::{ResponseMode, ReturnTo};
use super::flow::{Flow, Prompt};
use super::par;
use super::request_object::Routing;
use crate::protocol::codec::json;
use crate::protocol::config::redirect_uri::RegisteredRedirectUri;
use crate::protocol::config::registered_client::Client;
use crate::protocol::config::snapshot::Snapshot;
use crate::protocol::documents::read::digest;
use crate::protocol::documents::url::is_url;
use crate::protocol::http::error::{Cause, Code, Failure, OAuthError, ServerError};
use crate::protocol::http::form::Form;
use crate::protocol::model::grant_type::GrantType;
use crate::protocol::server::Server;
use crate::protocol::server::client_documents::NO_DOCUMENT;
use crate::protocol::server::lookup::Found;
use crate::protocol::server::ports::Platform;
use crate::protocol::server::request::RequestContext;
use crate::protocol::tokens::pkce;
use crate::protocol::tokens::target::requested_with_roles;
use crate::protocol::tokens::user_claims;
use crate::protocol::tokens::verify as jwt;

/// The longest `state` and `nonce`, in bytes.
const MAX_ECHO: usize = 2048;
/// The largest `claims` parameter, in bytes.
const MAX_CLAIMS: usize = 4096;

/// Why there is no flow, and who learns of it.
#[derive(Debug)]
pub(super) enum RequestRefusal {
    /// The person at the browser learns of it: there is no redirect URI that could be trusted.
    Page(Failure),
    /// The client learns of it, at its registered redirect URI.
    Redirect(ReturnTo, Failure),
}

impl From<ServerError> for RequestRefusal {
    fn from(error: ServerError) -> Self {
        Self::Page(error.into())
    }
}

fn page(code: Code, cause: Cause, description: &'static str) -> RequestRefusal {
    RequestRefusal::Page(OAuthError::new(code, cause, description).into())
}

/// Checks the authorization request that a browser brings.
pub(super) async fn check<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    form: &Form,
) -> Result<Flow, RequestRefusal> {
    let description = "client_id is missing";
    let client_id =
        form.value("client_id").ok_or(page(Code::InvalidRequest, Cause::ParameterMissing, description))?;
    let found = server.client_named(client_id, context).await;
    if found.as_ref().is_err_and(|error| error.detail() == NO_DOCUMENT) {
        return Err(RequestRefusal::Page(super::unadmitted::unreachable().into()));
    }
    let client = match found? {
        Found::Client(client) if client.is_enabled() => client,
        Found::Client(_) => return Err(unknown_client(Cause::ClientDisabled)),
        Found::None(cause) if is_url(client_id) => {
            let failure = super::unadmitted::refuse(server, context, client_id, cause).boxed_local().await;
            return Err(RequestRefusal::Page(failure));
        }
        Found::None(cause) => return Err(unknown_client(cause)),
    };
    context.note_client(&client.client_id);
    let Some(request_uri) = form.value("request_uri") else {
        let snapshot = server.snapshot_for(&client, context.now).await?;
        return check_parameters(server, context, (&snapshot, &client), form, Origin::Browser).await;
    };
    let pushed = par::load(server, context, &client, request_uri).await?;
    let snapshot = server.snapshot_for(&client, context.now).await?;
    let mut flow = check_parameters(server, context, (&snapshot, &client), &pushed, Origin::Pushed).await?;
    flow.pushed = Some(request_uri.to_owned());
    Ok(flow)
}

fn unknown_client(cause: Cause) -> RequestRefusal {
    page(Code::InvalidRequest, cause, "the application that sent you here is not registered")
}

/// The way by which an authorization request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// The browser brought it in a query or a form.
    Browser,
    /// The client pushed it (RFC 9126).
    Pushed,
}

/// Checks the parameters of a request of `client`.
pub(super) async fn check_parameters<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    (snapshot, client): (&Snapshot, &Client),
    form: &Form,
    origin: Origin,
) -> Result<Flow, RequestRefusal> {
    if client.is_outdated {
        return Err(RequestRefusal::Page(super::unadmitted::outdated().into()));
    }
    let requested_uri = form.value("redirect_uri");
    let redirect_uri = RegisteredRedirectUri::of(client, requested_uri).ok_or_else(|| {
        let (cause, description) = if let Some(refused) = requested_uri {
            context.note_refused_uri(refused);
            (
                Cause::RedirectUriUnregistered,
                "the application that sent you here named an address that is not registered for it",
            )
        } else {
            (Cause::RedirectUriMissing, "redirect_uri is missing")
        };
        page(Code::InvalidRequest, cause, description)
    })?;
    let unsigned = Routing::of(form.value("request"));
    let state = form.value("state").or(unsigned.state.as_deref().filter(|state| state.len() <= MAX_ECHO));
    let mode = form.value("response_mode").or(unsigned.response_mode.as_deref()).map(ResponseMode::parse);
    let target = ReturnTo::new((client, &redirect_uri), mode.flatten().unwrap_or_default(), state);
    let required =
        client.require_pushed_authorization_requests || snapshot.login.require_pushed_authorization_requests;
    let checked = if mode == Some(None) {
        Err(refuse(Code::InvalidRequest, Cause::ResponseModeUnsupported, "response_mode is not supported")
            .into())
    } else if required && origin == Origin::Browser {
        let description = "this client has to push its authorization requests";
        Err(refuse(Code::InvalidRequest, Cause::PushedRequestRequired, description).into())
    } else {
        check_rest(server, context, (snapshot, client), form, &target).await
    };
    match checked {
        Ok(mut flow) => {
            flow.redirect_uri_sent = requested_uri.is_some();
            Ok(flow)
        }
        Err(failure) => Err(RequestRefusal::Redirect(target, failure)),
    }
}

async fn check_rest<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    (snapshot, client): (&Snapshot, &Client),
    form: &Form,
    target: &ReturnTo,
) -> Result<Flow, Failure> {
    check_response_type(client, form)?;
    for (name, limit) in
        [("state", MAX_ECHO), ("nonce", MAX_ECHO), ("claims", MAX_CLAIMS), ("login_hint", 320)]
    {
        if form.value(name).is_some_and(|value| value.len() > limit) {
            return Err(malformed("a parameter is too long").into());
        }
    }
    let code_challenge = check_pkce(client, form)?;
    let prompt = Prompt::parse(form.value("prompt").unwrap_or_default());
    // Making an account is a prompt only where anybody may make one.
    let prompt = prompt.filter(|prompt| !prompt.create || snapshot.login.sign_up.is_open());
    let prompt = prompt.ok_or_else(|| {
        let description = "prompt has an unknown value, or `none` beside others";
        refuse(Code::InvalidRequest, Cause::PromptContradictory, description)
    })?;
    let max_age = form
        .value("max_age")
        .map(|text| text.parse().map_err(|_| malformed("max_age is a number of seconds")));
    let claims = form.value("claims").map(parse_claims).transpose()?;
    let resources: Vec<&str> = form.values("resource").collect();
    let (scopes, resources) = requested_with_roles(snapshot, client, form.value("scope"), &resources)?;
    let hinted = match form.value("id_token_hint") {
        Some(hint) => Some(hinted_subject(server, context, snapshot, client, hint).await?),
        None => None,
    };
    Ok(Flow {
        client_id: client.client_id.clone(),
        incarnation: server.incarnation(client, context.now).await?,
        redirect_uri: target.redirect_uri.clone(),
        redirect_uri_sent: false,
        response_mode: target.response_mode,
        state: target.state.clone(),
        scopes,
        resources,
        nonce: form.value("nonce").map(str::to_owned),
        code_challenge,
        prompt,
        max_age: max_age.transpose()?,
        login_hint: form.value("login_hint").map(str::to_owned),
        expected_sub: hinted.or_else(|| claimed_subject(claims.as_ref())),
        claims: claims.and_then(|claims| user_claims::restrict(&claims, &client.scopes)),
        pushed: None,
        started_at: context.now,
        login: None,
        selected: false,
        shown: None,
        document: client.has_document().then(|| digest(client)),
    })
}

fn check_response_type(client: &Client, form: &Form) -> Result<(), OAuthError> {
    if form.value("request").is_some() {
        return Err(refuse(
            Code::RequestNotSupported,
            Cause::RequestObject,
            "request objects are not supported",
        ));
    }
    match form.value("response_type") {
        Some("code") if client.may_use(GrantType::AuthorizationCode) => Ok(()),
        Some("code") => {
            let description = "the client is not registered for this grant";
            Err(refuse(Code::UnauthorizedClient, Cause::GrantNotAllowed, description))
        }
        Some(_) => {
            let description = "response_type has to be `code`";
            Err(refuse(Code::UnsupportedResponseType, Cause::ResponseTypeUnsupported, description))
        }
        None => Err(refuse(Code::InvalidRequest, Cause::ParameterMissing, "response_type is missing")),
    }
}

/// S256 or nothing; nothing only for a confidential `OpenID Connect` client that was registered without it.
fn check_pkce(client: &Client, form: &Form) -> Result<Option<String>, OAuthError> {
    let method = form.value("code_challenge_method");
    let Some(challenge) = form.value("code_challenge") else {
        if method.is_some() {
            let description = "code_challenge_method comes with a code_challenge";
            return Err(refuse(Code::InvalidRequest, Cause::PkceMethod, description));
        }
        if client.pkce_optional && !client.is_public() {
            return Ok(None);
        }
        return Err(refuse(
            Code::InvalidRequest,
            Cause::PkceRequired,
            "code_challenge is missing (PKCE, S256)",
        ));
    };
    if method != Some("S256") {
        return Err(refuse(Code::InvalidRequest, Cause::PkceMethod, "code_challenge_method has to be S256"));
    }
    if !pkce::is_challenge(challenge) {
        return Err(malformed("code_challenge is not a SHA-256 in base64url"));
    }
    Ok(Some(challenge.to_owned()))
}

fn parse_claims(text: &str) -> Result<Value, OAuthError> {
    let claims: Option<Value> = json::from_str(text).ok();
    let is_request = |claims: &Value| {
        claims
            .as_object()
            .is_some_and(|places| places.values().all(|place| place.is_object() || place.is_null()))
    };
    claims.filter(is_request).ok_or(malformed("claims is not as OpenID Connect Core, section 5.5, wants it"))
}

/// The one `sub` for which an answer is acceptable, if `claims` names it (`OpenID Connect Core` §5.5.1).
fn claimed_subject(claims: Option<&Value>) -> Option<String> {
    claims?.get("id_token")?.get("sub")?.get("value")?.as_str().map(str::to_owned)
}

/// The `sub` of an ID token of ours for this client; it may have expired (`OpenID Connect Core` §3.1.2.1).
pub(crate) async fn hinted_subject<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    snapshot: &Snapshot,
    client: &Client,
    hint: &str,
) -> Result<String, Failure> {
    let claims = jwt::verify_hint(server, hint, &snapshot.keys, server.issuer.as_str(), context.now).await?;
    match claims {
        Some(claims) if claims.aud.contains(&client.client_id) => Ok(claims.sub.clone()),
        _ => Err(refuse(
            Code::InvalidRequest,
            Cause::IdTokenHint,
            "id_token_hint is not an ID token for this client",
        )
        .into()),
    }
}

fn refuse(code: Code, cause: Cause, description: &'static str) -> OAuthError {
    OAuthError::new(code, cause, description)
}

fn malformed(description: &'static str) -> OAuthError {
    refuse(Code::InvalidRequest, Cause::ParameterMalformed, description)
}
