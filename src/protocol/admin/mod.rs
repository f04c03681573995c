//! The admin API: an OAuth-protected resource of the server itself.
//!
//! Its audience is `{issuer}/admin`; which scope an operation takes says `access`. The first token comes from the built-in client
//! that the deployment's `ADMIN_SECRET` authenticates; after that people get theirs by logging in, as far as the configuration's
//! `[[administrator]]` permits. `openapi.json` beside this file, which is made from the types here, describes every operation and is
//! served, without a token, at `/admin/v1/openapi.json`.
//!
//! HEAD is served like GET, without the body (RFC 9110 §9.3.2); a method that a path doesn't have is 405.

mod access;
mod bearer;
mod body;
mod client_documents;
mod clients;
mod configuration;
mod failure;
mod keys;
#[cfg(feature = "schema")]
mod openapi;
mod resources;
mod users;
mod view;
mod whoami;

use crate::protocol::codec::encoding::form_decode;
use crate::protocol::http::error::ServerError;
use crate::protocol::http::{Method, Response};
use crate::protocol::objects::control::{ControlCommand, ControlReply, MAX_PAGE};
use crate::protocol::server::Server;
use crate::protocol::server::answer::method_not_allowed;
use crate::protocol::server::ports::Platform;
use crate::protocol::server::request::RequestContext;

pub use client_documents::WaitingView;
pub(crate) use failure::AdminFailure;
pub use keys::{KekView, KeysView, RootView};
#[cfg(feature = "schema")]
pub use openapi::text as openapi;
pub use resources::{ResourceView, ResourcesView};
pub use users::{GrantView, OverviewView, PersonView, SessionView, UserView, UserWithLink};
pub use view::{AppliedView, ClientView, ConfigView, ErrorView, KeyView, NewSecretView, SecretView};
pub use whoami::WhoView;

/// The path of the API below the issuer.
pub const PREFIX: &str = "/admin/v1/";

/// The `OpenAPI` description that is served at `/admin/v1/openapi.json`.
const OPENAPI: &str = include_str!("openapi.json");

/// A call of the API that may be made: who serves it, what was asked, who asks.
pub(crate) struct Call<'a, P> {
    pub(crate) server: &'a Server<P>,
    pub(crate) context: &'a RequestContext<'a>,
    authority: bearer::Authority,
}

impl<P: Platform> Call<'_, P> {
    /// Has the Control object carry out `command`; a refusal becomes a failure.
    async fn control(&self, command: ControlCommand) -> Result<ControlReply, AdminFailure> {
        match self.server.platform.control(command).await? {
            ControlReply::Refused(refusal) => Err(refusal.into()),
            reply => Ok(reply),
        }
    }

    /// The first query parameter called `name`, decoded.
    fn query(&self, name: &str) -> Option<String> {
        let query = self.context.request.query.as_deref().unwrap_or_default();
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(key, _)| *key == name).and_then(|(_, value)| form_decode(value))
    }

    /// How many entries a page is to have.
    fn limit(&self) -> Result<u32, AdminFailure> {
        let limit = self.query("limit").map_or(Some(MAX_PAGE), |limit| limit.parse().ok());
        let limit = limit.filter(|limit| (1..=MAX_PAGE).contains(limit));
        limit.ok_or_else(|| {
            AdminFailure::refused(400, "invalid_request", "limit has to be a number from 1 to 100")
        })
    }
}

fn unexpected() -> AdminFailure {
    ServerError::internal("the Control object gave another answer than asked for").into()
}

/// Serves the operation at `path`, which is relative to [`PREFIX`].
pub(crate) async fn serve<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    path: &str,
) -> Response {
    context.endpoint.set("admin");
    let mut response = match operate(server, context, path).await {
        Ok(response) => response,
        Err(failure) => failure.respond(server.issuer.as_str(), context),
    };
    if context.request.method == Method::Head {
        response.body.clear();
    }
    response
}

async fn operate<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    path: &str,
) -> Result<Response, AdminFailure> {
    let segments: Option<Vec<String>> =
        path.split('/').map(|segment| form_decode(&segment.replace('+', "%2B"))).collect();
    let segments = segments.unwrap_or_default();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let method = match context.request.method {
        Method::Head => Method::Get,
        other => other,
    };
    // Before the token is looked at: the description, which is public, says the same.
    if let Some(allow) = allowed(&segments)
        && !allow.split(", ").any(|name| Method::parse(name) == method)
    {
        return Ok(method_not_allowed(server, context, allow));
    }
    if segments == ["openapi.json"] {
        let document = OPENAPI.replace("{issuer}", server.issuer.as_str());
        return Ok(Response::json_no_store(200, document));
    }
    // Before it is known who asks: a call that is refused is logged by what it wanted.
    context.endpoint.set(operation(method, &segments));
    let authority = bearer::authorize(server, context, access::sufficient(method, &segments)).await?;
    if let ["clients", target, ..] | ["keys", target, "retire"] = segments.as_slice() {
        context.note_target(target);
    }
    let call = Call { server, context, authority };
    access::check_target(&call, method, &segments).await?;
    dispatch(&call, method, &segments).await
}

async fn dispatch<P: Platform>(
    call: &Call<'_, P>,
    method: Method,
    segments: &[&str],
) -> Result<Response, AdminFailure> {
    match (method, segments) {
        (Method::Get, ["whoami"]) => whoami::show(call),
        (Method::Get, ["config"]) => configuration::read(call).await,
        (Method::Put, ["config"]) => configuration::apply(call).await,
        (Method::Get, ["resources"]) => resources::list(call).await,
        (Method::Get, ["client-documents"]) => client_documents::list(call).await,
        (Method::Post, ["client-documents"]) => client_documents::decide(call).await,
        (Method::Get, ["clients"]) => clients::list(call).await,
        (Method::Post, ["clients"]) => clients::create(call).await,
        (Method::Get, ["clients", id]) => clients::show(call, id).await,
        (Method::Put, ["clients", id]) => clients::update(call, id).await,
        (Method::Delete, ["clients", id]) => clients::delete(call, id).await,
        (Method::Post, ["clients", id, "enable"]) => clients::set_enabled(call, id, true).await,
        (Method::Post, ["clients", id, "disable"]) => clients::set_enabled(call, id, false).await,
        (Method::Post, ["clients", id, "revoke"]) => clients::revoke(call, id).await,
        (Method::Post, ["revoke-clients"]) => clients::revoke_all(call).await,
        (Method::Post, ["clients", id, "secrets"]) => clients::add_secret(call, id).await,
        (Method::Delete, ["clients", id, "secrets", secret]) => {
            clients::remove_secret(call, id, secret).await
        }
        (Method::Get, ["keys"]) => keys::list(call).await,
        (Method::Post, ["keys", "rotate"]) => keys::rotate(call).await,
        (Method::Post, ["keys", kid, "retire"]) => keys::retire(call, kid).await,
        (_, ["users", rest @ ..]) => users::operate(call, method, rest).await,
        _ => Err(no_such_operation()),
    }
}

/// The methods that a path has, as `Allow` names them (RFC 9110 §10.2.1); `None` where nothing is served.
fn allowed(segments: &[&str]) -> Option<&'static str> {
    match segments {
        ["openapi.json" | "keys" | "resources" | "whoami"] => Some("GET, HEAD"),
        ["config"] => Some("GET, HEAD, PUT"),
        ["clients" | "client-documents"] => Some("GET, HEAD, POST"),
        ["clients", _] => Some("GET, HEAD, PUT, DELETE"),
        ["revoke-clients"]
        | ["clients", _, "enable" | "disable" | "revoke" | "secrets"]
        | ["keys", "rotate"]
        | ["keys", _, "retire"] => Some("POST"),
        ["clients", _, "secrets", _] => Some("DELETE"),
        ["users", rest @ ..] => users::allowed(rest),
        _ => None,
    }
}

fn no_such_operation() -> AdminFailure {
    AdminFailure::not_found("no such operation; /admin/v1/openapi.json lists them all")
}

/// What an operation is called in the log: who changed what has to be found there.
fn operation(method: Method, segments: &[&str]) -> &'static str {
    match (method, segments) {
        (Method::Put, ["config"]) => "admin.apply_config",
        (Method::Post, ["client-documents"]) => "admin.decide_client_document",
        (Method::Post, ["clients"]) => "admin.create_client",
        (Method::Put, ["clients", _]) => "admin.update_client",
        (Method::Delete, ["clients", _]) => "admin.delete_client",
        (Method::Post, ["clients", _, "enable"]) => "admin.enable_client",
        (Method::Post, ["clients", _, "disable"]) => "admin.disable_client",
        (Method::Post, ["clients", _, "revoke"]) => "admin.revoke_client_everywhere",
        (Method::Post, ["revoke-clients"]) => "admin.revoke_all_clients",
        (Method::Post, ["clients", _, "secrets"]) => "admin.add_secret",
        (Method::Delete, ["clients", _, "secrets", _]) => "admin.remove_secret",
        (Method::Post, ["keys", "rotate"]) => "admin.rotate_keys",
        (Method::Post, ["keys", _, "retire"]) => "admin.retire_key",
        (Method::Get, _) => "admin.read",
        (_, ["users", rest @ ..]) => users::operation(method, rest),
        _ => "admin",
    }
}
