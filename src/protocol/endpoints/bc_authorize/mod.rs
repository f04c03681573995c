//! The backchannel authentication endpoint (`CIBA` §7): a client asks for the consent of a person who isn't at it.
//!
//! Only clients that authenticate may. What one asks is noted in the person's object, where the account page shows it, and in an
//! object of the transaction, where the client asks what became of it (`grants::ciba`). How often somebody may be asked is counted in
//! the person's object.

mod hint;

use serde::Serialize;

use crate::protocol::client_auth::{AuthenticatedClient, authenticate};
use crate::protocol::config::DeliveryMode;
use crate::protocol::federation::use_up;
use crate::protocol::http::error::{Cause, Code, Failure, OAuthError, ServerError};
use crate::protocol::http::form::Form;
use crate::protocol::http::json::to_json;
use crate::protocol::http::{Method, Response};
use crate::protocol::keys::derived::Derived;
use crate::protocol::keys::sealed::seal;
use crate::protocol::login::is_hidden;
use crate::protocol::model::grant_type::GrantType;
use crate::protocol::model::id::Id;
use crate::protocol::model::scope::DEVICE_SSO;
use crate::protocol::objects::polling::{PollingCommand, PollingReply};
use crate::protocol::objects::subject::{Asked, SubjectCommand, SubjectReply};
use crate::protocol::server::Server;
use crate::protocol::server::answer::method_not_allowed;
use crate::protocol::server::ports::Platform;
use crate::protocol::server::request::RequestContext;
use crate::protocol::state::polling::INTERVAL;
use crate::protocol::tokens::auth_req_id::{AUTH_REQ_PREFIX, CibaRequest, PING_PREFIX, Ping, object_of};
use crate::protocol::tokens::polling_code::{AskedFor, PollingCode};
use crate::protocol::tokens::target::requested_for_user;
use hint::Person;

/// The longest binding message, in characters: one that fits a small screen.
const MAX_MESSAGE: usize = 100;
/// The longest `client_notification_token`, in bytes (§7.1).
const MAX_TOKEN: usize = 1024;
/// The shortest time that a person has for an answer, in seconds.
const SHORTEST: u64 = 30;

/// The JSON of the response (§7.3).
#[derive(Serialize)]
struct Acknowledgement {
    auth_req_id: String,
    expires_in: u64,
    interval: u64,
}

pub(crate) async fn serve<P: Platform>(server: &Server<P>, context: &RequestContext<'_>) -> Response {
    context.endpoint.set("bc_authorize");
    if context.request.method != Method::Post {
        return method_not_allowed(server, context, "POST");
    }
    match begin(server, context).await {
        Ok(response) => response,
        Err(failure) => context.fail(server.issuer.as_str(), failure),
    }
}

async fn begin<P: Platform>(server: &Server<P>, context: &RequestContext<'_>) -> Result<Response, Failure> {
    let form = Form::of(context.request)?;
    let client = authenticate(server, context, &form).await?;
    check_client(&client)?;
    check_unsupported(&form)?;
    let binding_message = binding_message(&form)?;
    let lifetime = lifetime(&form, client.ciba.lifetime)?;
    let token = notification_token(&form, client.backchannel_token_delivery_mode)?;
    let snapshot = server.snapshot_for(&client, context.now).await?;
    let named: Vec<&str> = form.values("resource").collect();
    let scope = form.require("scope", "scope is missing")?;
    let (scopes, resources) = requested_for_user(&snapshot, &client, Some(scope), &named)?;
    check_scopes(scopes.contains("openid"), scopes.contains(DEVICE_SSO))?;
    let person = Person::of(server, context, (&client, &snapshot), &form).await?;
    let asked = AskedFor {
        id: Id::generate(&server.platform),
        client_id: client.client_id.clone(),
        incarnation: server.incarnation(&client, context.now).await?,
        scopes,
        resources,
    };
    let request = CibaRequest { asked, binding_message };
    let auth_req_id = keep(server, context, (&client, person), request, (lifetime, token)).await?;
    let body = to_json(&Acknowledgement { auth_req_id, expires_in: lifetime, interval: INTERVAL })?;
    Ok(Response::json_no_store(200, body))
}

fn check_client(client: &AuthenticatedClient) -> Result<(), OAuthError> {
    let refuse = |cause, description| Err(OAuthError::new(Code::UnauthorizedClient, cause, description));
    if client.is_public() {
        return refuse(Cause::ClientPublic, "a public client may not use this grant");
    }
    if !client.may_use(GrantType::Ciba) {
        return refuse(Cause::GrantNotAllowed, "the client is not registered for this grant");
    }
    Ok(())
}

/// Refuses what this server would have to obey and can't, so that nobody relies on it.
fn check_unsupported(form: &Form) -> Result<(), OAuthError> {
    for (name, cause, description) in [
        ("request", Cause::RequestObject, "signed authentication requests are not supported"),
        ("user_code", Cause::ParameterMalformed, "user_code is not supported"),
    ] {
        if form.value(name).is_some() {
            return Err(OAuthError::new(Code::InvalidRequest, cause, description));
        }
    }
    Ok(())
}

fn check_scopes(has_openid: bool, has_device_sso: bool) -> Result<(), OAuthError> {
    let refuse = |cause, description| Err(OAuthError::new(Code::InvalidScope, cause, description));
    if !has_openid {
        return refuse(Cause::ScopeNeedsOpenid, "scope has to contain openid");
    }
    if has_device_sso {
        return refuse(Cause::ScopeNeedsUser, "device_sso needs a session, and this grant has none");
    }
    Ok(())
}

/// The binding message (§7.1): short, and with nothing in it that can't be seen or turns the text around it.
fn binding_message(form: &Form) -> Result<Option<String>, OAuthError> {
    let Some(message) = form.value("binding_message").map(str::trim).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    if message.chars().count() > MAX_MESSAGE || message.chars().any(is_hidden) {
        let description = "binding_message has at most 100 characters, all of which can be seen";
        return Err(OAuthError::new(Code::InvalidBindingMessage, Cause::BindingMessage, description));
    }
    Ok(Some(message.to_owned()))
}

/// How long the person has, in seconds: what the client asks for, within its bounds (§7.1).
fn lifetime(form: &Form, most: u64) -> Result<u64, OAuthError> {
    let Some(text) = form.value("requested_expiry") else { return Ok(most) };
    let is_number = text.len() <= 9 && text.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = text.parse::<u64>().ok().filter(|seconds| is_number && *seconds > 0);
    let seconds = seconds.ok_or_else(|| {
        let description = "requested_expiry has to be a positive number of seconds";
        OAuthError::new(Code::InvalidRequest, Cause::ParameterMalformed, description)
    })?;
    Ok(seconds.clamp(SHORTEST.min(most), most))
}

/// The token that this server shows when it notifies the client (§7.1): a bearer token (RFC 6750 §2.1), in ping mode only.
fn notification_token(form: &Form, mode: DeliveryMode) -> Result<Option<String>, OAuthError> {
    if mode == DeliveryMode::Poll {
        return Ok(None);
    }
    let token = form.require("client_notification_token", "client_notification_token is missing")?;
    let body = token.trim_end_matches('=');
    let is_fit = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
    if body.is_empty() || token.len() > MAX_TOKEN || !body.bytes().all(is_fit) {
        let description = "client_notification_token has to be a bearer token of at most 1024 characters";
        return Err(OAuthError::new(Code::InvalidRequest, Cause::NotificationToken, description));
    }
    Ok(Some(token.to_owned()))
}

/// Keeps the request where the person finds it, and where the client asks for it. Returns the `auth_req_id`.
async fn keep<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    (client, person): (&AuthenticatedClient, Person),
    request: CibaRequest,
    (lifetime, token): (u64, Option<String>),
) -> Result<String, Failure> {
    let keyring = server.any_keyring(context.now).await?;
    let derived = &keyring.derived;
    let (id, expires_at) = (request.asked.id, context.now.plus(lifetime));
    let code = PollingCode::new(object_of(derived, id), &client.client_id, expires_at, &server.platform);
    let auth_req_id = code.to_wire(AUTH_REQ_PREFIX, &derived.request_uri);
    let kept = to_json(&request)?;
    let asked = Asked {
        client_id: request.asked.client_id,
        incarnation: request.asked.incarnation,
        sha256: code.sha256(),
        request: kept.clone(),
        started_at: context.now,
        expires_at,
        is_answered: false,
        ping: sealed(server, derived, &auth_req_id, token)?,
    };
    // A person is asked once for each one-time token that the client shows; a refusal gives it back.
    use_up(server, context).await?;
    let ask = SubjectCommand::Ask { id, asked: Box::new(asked) };
    match server.subject(person.owner, &ask, context.now).await? {
        SubjectReply::Full => {
            let description = "the person was asked too often; try again later";
            return Err(OAuthError::new(Code::TooManyRequests, Cause::TooManyRequests, description).into());
        }
        SubjectReply::None if person.is_proven || client.ciba.reveal_unknown_users => {
            return Err(hint::unknown().into());
        }
        _ => {}
    }
    let start = PollingCommand::Start { sha256: code.sha256(), request: kept, expires_at };
    match server.polling(&code.object_name(), start).await? {
        PollingReply::Done => Ok(auth_req_id),
        _ => Err(ServerError::internal("two requests have the same id").into()),
    }
}

fn sealed<P: Platform>(
    server: &Server<P>,
    derived: &Derived,
    auth_req_id: &str,
    token: Option<String>,
) -> Result<Option<String>, ServerError> {
    let ping = token.map(|token| Ping { auth_req_id: auth_req_id.to_owned(), token });
    ping.map(|ping| seal(&derived.flow, PING_PREFIX, &ping, &server.platform)).transpose()
}
