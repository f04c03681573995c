//! The backchannel authentication endpoint (`CIBA` §7): a client asks for the consent of a person who isn't at it.
//!
//! Only clients that authenticate may. What one asks is noted in the person's object, where the account page shows it, and in an
//! object of the transaction, where the client asks what became of it (`grants::ciba`). How often somebody may be asked is counted in
//! the person's object.

mod hint;
mod hint_token;
mod parameters;

use serde::Serialize;

use crate::protocol::client_auth::{AuthenticatedClient, authenticate};
use crate::protocol::federation::use_up;
use crate::protocol::http::error::{Cause, Code, Failure, OAuthError, ServerError};
use crate::protocol::http::form::Form;
use crate::protocol::http::json::to_json;
use crate::protocol::http::{Method, Response};
use crate::protocol::keys::derived::Derived;
use crate::protocol::keys::sealed::seal;
use crate::protocol::login::may_ask;
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
use crate::protocol::tokens::request_code::request_code_hash;
use crate::protocol::tokens::target::requested_for_user;
use hint::Person;
use parameters::{Terms, check_scopes};

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
    let terms = Terms::of(&form, &client)?;
    let snapshot = server.snapshot_for(&client, context.now).await?;
    let named: Vec<&str> = form.values("resource").collect();
    let scope = form.require("scope", "scope is missing")?;
    let (scopes, resources) = requested_for_user(&snapshot, &client, Some(scope), &named)?;
    check_scopes(scopes.contains("openid"), scopes.contains(DEVICE_SSO))?;
    // What was used already doesn't count as asking; what is refused below is given back.
    use_up(server, context).await?;
    if !may_ask(server, context, (&client.client_id, client.ciba.hourly_limit)).await? {
        return Err(too_often("the client asks too often; try again later"));
    }
    let person = Person::of(server, context, (&client, &snapshot), &form).await?;
    let asked = AskedFor {
        id: Id::generate(&server.platform),
        client_id: client.client_id.clone(),
        incarnation: server.incarnation(&client, context.now).await?,
        scopes,
        resources,
    };
    let expires_in = terms.lifetime;
    let auth_req_id = keep(server, context, (&client, person), asked, terms).await?;
    let body = to_json(&Acknowledgement { auth_req_id, expires_in, interval: INTERVAL })?;
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

/// Keeps the request where the person finds it, and where the client asks for it. Returns the `auth_req_id`.
async fn keep<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    (client, person): (&AuthenticatedClient, Person),
    asked: AskedFor,
    terms: Terms<'_>,
) -> Result<String, Failure> {
    let keyring = server.any_keyring(context.now).await?;
    let derived = &keyring.derived;
    let request = CibaRequest { asked, binding_message: terms.binding_message };
    let (id, expires_at) = (request.asked.id, context.now.plus(terms.lifetime));
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
        denied_at: None,
        ping: sealed(server, derived, &auth_req_id, terms.notification_token)?,
    };
    // A person is asked once for each one-time token that the client shows; a refusal gives it back.
    use_up(server, context).await?;
    let user_code = terms.user_code.map(|code| request_code_hash(derived, person.owner, code));
    let ask = SubjectCommand::Ask { id, asked: Box::new(asked), code: user_code };
    let start = PollingCommand::Start { sha256: code.sha256(), request: kept, expires_at };
    let begun = begin_both(server, context, (client, person), ask, (&code.object_name(), start)).await;
    if matches!(begun, Err(Failure::Server(_))) {
        // It may have been noted, and nobody could answer it. If this fails as well, it is over as soon as somebody tries.
        drop(server.subject(person.owner, &SubjectCommand::Unask { id }, context.now).await);
    }
    begun.map(|()| auth_req_id)
}

/// Tells the person's object, and if that takes the request, the transaction's.
async fn begin_both<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    (client, person): (&AuthenticatedClient, Person),
    ask: SubjectCommand,
    (object, start): (&str, PollingCommand),
) -> Result<(), Failure> {
    match server.subject(person.owner, &ask, context.now).await? {
        SubjectReply::Full => return Err(too_often("the person was asked too often; try again later")),
        SubjectReply::WrongCode => {
            let description = "user_code is not the code that the person has set";
            return Err(OAuthError::new(Code::InvalidUserCode, Cause::UserCodeWrong, description).into());
        }
        SubjectReply::None if person.is_proven || client.ciba.reveal_unknown_users => {
            return Err(hint::unknown().into());
        }
        _ => {}
    }
    match server.polling(object, start).await? {
        PollingReply::Done => Ok(()),
        _ => Err(ServerError::internal("two requests have the same id").into()),
    }
}

fn too_often(description: &'static str) -> Failure {
    OAuthError::new(Code::TooManyRequests, Cause::TooManyRequests, description).into()
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
