//! The device authorization endpoint (RFC 8628 §3.1): a device without a browser or a keyboard asks for a code that somebody types,
//! or scans, elsewhere.
//!
//! The client authenticates as at the token endpoint. What it asks for is kept in an object that both codes lead to; `device` shows
//! it to a person, and the `device_code` grant tells the device what became of it. What public clients begin is counted by address.

use serde::Serialize;

use super::cors;
use super::paths::DEVICE;
use crate::protocol::client_auth::{AuthenticatedClient, authenticate};
use crate::protocol::codec::qr::Qr;
use crate::protocol::config::registered_client::Client;
use crate::protocol::federation::use_up;
use crate::protocol::http::error::{Cause, Code, Failure, OAuthError, ServerError};
use crate::protocol::http::form::Form;
use crate::protocol::http::json::to_json;
use crate::protocol::http::{Method, Response};
use crate::protocol::login::codes;
use crate::protocol::model::client::CLI_CLIENT_ID;
use crate::protocol::model::grant_type::GrantType;
use crate::protocol::model::id::Id;
use crate::protocol::model::scope::DEVICE_SSO;
use crate::protocol::model::user_code::UserCode;
use crate::protocol::objects::polling::{PollingCommand, PollingReply};
use crate::protocol::server::Server;
use crate::protocol::server::answer::method_not_allowed;
use crate::protocol::server::ports::Platform;
use crate::protocol::server::request::RequestContext;
use crate::protocol::state::polling::INTERVAL;
use crate::protocol::tokens::device_code::{DEVICE_PREFIX, DeviceRequest, object_of};
use crate::protocol::tokens::polling_code::{AskedFor, PollingCode};
use crate::protocol::tokens::target::requested_with_roles;

/// How often another user code is drawn because one is in use.
const DRAWS: u32 = 5;

/// The JSON of the response (RFC 8628 §3.2). `qr_code` is this server's own.
#[derive(Serialize)]
struct DeviceAuthorization {
    device_code: String,
    user_code: String,
    verification_uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    verification_uri_complete: Option<String>,
    expires_in: u64,
    interval: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    qr_code: Option<String>,
}

/// How a device wants the QR code of its link: the parameter `qr_code`.
#[derive(Debug, Clone, Copy)]
enum Drawing {
    Svg,
    Text,
}

pub(crate) async fn serve<P: Platform>(server: &Server<P>, context: &RequestContext<'_>) -> Response {
    context.endpoint.set("device_authorization");
    match context.request.method {
        Method::Post => {}
        Method::Options => return cors::preflight(server, context).await,
        _ => return method_not_allowed(server, context, "POST, OPTIONS"),
    }
    match begin(server, context).await {
        Ok((client, response)) => cors::for_client(response, context, &client),
        Err(failure) => {
            let response = context.fail(server.issuer.as_str(), failure);
            cors::for_error(response, server, context).await
        }
    }
}

async fn begin<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
) -> Result<(AuthenticatedClient, Response), Failure> {
    let form = Form::of(context.request)?;
    let client = authenticate(server, context, &form).await?;
    let snapshot = server.snapshot_for(&client, context.now).await?;
    // The command's own client is for administrators. Where there are none, devices that nobody uses shouldn't cost anything.
    let is_for_nobody = client.client_id == CLI_CLIENT_ID && !snapshot.has_command_devices();
    if is_for_nobody || !client.may_use(GrantType::DeviceCode) {
        let description = "the client is not registered for this grant";
        return Err(OAuthError::new(Code::UnauthorizedClient, Cause::GrantNotAllowed, description).into());
    }
    let drawing = drawing(&form)?;
    let named: Vec<&str> = form.values("resource").collect();
    let (scopes, resources) = requested_with_roles(&snapshot, &client, form.value("scope"), &named)?;
    if scopes.contains(DEVICE_SSO) {
        let description = "device_sso needs a session, and this grant has none";
        return Err(OAuthError::new(Code::InvalidScope, Cause::ScopeNeedsUser, description).into());
    }
    if client.is_anybodys() && !codes::may_begin(server, context).await? {
        let description = "too many devices from this address; try again later";
        return Err(OAuthError::new(Code::TooManyRequests, Cause::TooManyRequests, description).into());
    }
    let keyring = server.any_keyring(context.now).await?;
    let asked = AskedFor {
        id: Id::generate(&server.platform),
        client_id: client.client_id.clone(),
        incarnation: server.incarnation(&client, context.now).await?,
        scopes,
        resources,
    };
    let request = DeviceRequest {
        asked,
        started_at: context.now,
        country: country(context),
        network: codes::network_mark(&keyring.derived, context),
    };
    use_up(server, context).await?;
    let (device_code, user_code) = keep(server, context, &client, &request).await?;
    let body = to_json(&answer(server, &client, (device_code, &user_code), drawing))?;
    Ok((client, Response::json_no_store(200, body)))
}

fn drawing(form: &Form) -> Result<Option<Drawing>, OAuthError> {
    match form.value("qr_code") {
        None => Ok(None),
        Some("svg") => Ok(Some(Drawing::Svg)),
        Some("text") => Ok(Some(Drawing::Text)),
        Some(_) => {
            let description = "qr_code has to be svg or text";
            Err(OAuthError::new(Code::InvalidRequest, Cause::ParameterMalformed, description))
        }
    }
}

/// The country that the platform names, if it names one: not `XX` (unknown) nor `T1` (Tor).
pub(super) fn country(context: &RequestContext<'_>) -> Option<String> {
    let country = context.request.headers.country.as_deref()?;
    let is_country = country.len() == 2 && country.bytes().all(|byte| byte.is_ascii_uppercase());
    (is_country && country != "XX").then(|| country.to_owned())
}

/// Keeps the request under a user code that no other device has. Returns both codes.
async fn keep<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    client: &Client,
    request: &DeviceRequest,
) -> Result<(String, UserCode), Failure> {
    let keyring = server.any_keyring(context.now).await?;
    let derived = &keyring.derived;
    let expires_at = context.now.plus(client.device.lifetime);
    let kept = to_json(request)?;
    for _ in 0..DRAWS {
        let user_code = UserCode::generate(&server.platform);
        let code =
            PollingCode::new(object_of(derived, &user_code), &client.client_id, expires_at, &server.platform);
        let start = PollingCommand::Start { sha256: code.sha256(), request: kept.clone(), expires_at };
        if server.polling(&code.object_name(), start).await? == PollingReply::Done {
            return Ok((code.to_wire(DEVICE_PREFIX, &derived.request_uri), user_code));
        }
    }
    Err(ServerError::unavailable("every user code that was drawn is in use").into())
}

fn answer<P: Platform>(
    server: &Server<P>,
    client: &Client,
    (device_code, user_code): (String, &UserCode),
    drawing: Option<Drawing>,
) -> DeviceAuthorization {
    let verification_uri = server.issuer.endpoint(DEVICE);
    let complete = client.device.link.then(|| format!("{verification_uri}?user_code={user_code}"));
    let qr = drawing.zip(complete.as_deref().and_then(Qr::of));
    DeviceAuthorization {
        device_code,
        user_code: user_code.to_string(),
        verification_uri,
        verification_uri_complete: complete,
        expires_in: client.device.lifetime,
        interval: INTERVAL,
        qr_code: qr.map(|(drawing, qr)| match drawing {
            Drawing::Svg => qr.to_svg(),
            Drawing::Text => qr.to_text(),
        }),
    }
}
