//! The endpoints, one file each, and the way from a path to one of them.

mod account;
mod arrival;
mod assets;
mod authorize;
mod cors;
mod error_page;
mod introspect;
mod jwks;
mod leave;
mod logout;
mod metadata;
mod revoke;
mod sign_in;
mod sign_up;
mod token;
mod userinfo;
mod visit;

use futures_util::future::FutureExt as _;

use super::admin;
use super::error::{Cause, Code, OAuthError};
use super::federation::settle;
use super::http::{Header, Method, Response};
use super::log::Exchange;
use super::ports::Platform;
use super::server::Server;
use arrival::Misplaced;

pub use arrival::not_configured;

/// Path of the token endpoint below the issuer.
pub const TOKEN: &str = "/token";
/// Path of the key set below the issuer.
pub const JWKS: &str = "/jwks";

/// Sends a request to its endpoint. All but the token endpoint are boxed: they would make the state machine of every
/// token request twenty times as large, and a cold isolate compiles it before it answers.
pub(crate) async fn route<P: Platform>(server: &Server<P>, exchange: &Exchange<'_>) -> Response {
    if let Some(misplaced) = Misplaced::of(&server.issuer, exchange.request.arrival) {
        return arrival::refuse(server, exchange, misplaced);
    }
    let response = match exchange.request.path.strip_prefix(server.issuer.path()) {
        Some(TOKEN) if !exchange.request.wants_page() => token::serve(server, exchange).await,
        below => elsewhere(server, exchange, below).boxed_local().await,
    };
    if exchange.one_time.borrow().is_empty() {
        return response;
    }
    settle(server, exchange, response).boxed_local().await
}

/// Any endpoint but the token endpoint; `below` is the path below the issuer, if it is there. Browsers get pages.
async fn elsewhere<P: Platform>(
    server: &Server<P>,
    exchange: &Exchange<'_>,
    below: Option<&str>,
) -> Response {
    let response = serve(server, exchange, below).boxed_local().await;
    arrival::with_hsts(server, error_page::instead(server, exchange, response).await)
}

async fn serve<P: Platform>(server: &Server<P>, exchange: &Exchange<'_>, below: Option<&str>) -> Response {
    if let Some(document) = metadata::Document::at(&server.issuer, &exchange.request.path) {
        return metadata::serve(server, exchange, document).await;
    }
    let is_front_door = visit::is_root(below) && exchange.request.wants_page();
    if is_front_door || visit::is_change_password(&server.issuer, &exchange.request.path) {
        return visit::to_account(server);
    }
    match below {
        Some(TOKEN) => method_not_allowed(server, exchange, "POST, OPTIONS"),
        Some(JWKS) => jwks::serve(server, exchange).await,
        Some(authorize::AUTHORIZE) => authorize::serve(server, exchange).boxed_local().await,
        Some(authorize::par::PAR) => authorize::par::serve(server, exchange).boxed_local().await,
        Some(form @ (authorize::forms::LOGIN | authorize::forms::SELECT | authorize::forms::CONSENT)) => {
            authorize::forms::serve(server, exchange, form).boxed_local().await
        }
        Some(authorize::sign_up::SIGN_UP) => sign_up::serve(server, exchange).boxed_local().await,
        Some(sign_up::PASSWORD) => sign_up::serve_link(server, exchange).boxed_local().await,
        Some(account::ACCOUNT) => account::serve(server, exchange).boxed_local().await,
        Some(userinfo::USERINFO) => userinfo::serve(server, exchange).boxed_local().await,
        Some(introspect::INTROSPECT) => introspect::serve(server, exchange).boxed_local().await,
        Some(revoke::REVOKE) => revoke::serve(server, exchange).boxed_local().await,
        Some(logout::LOGOUT) => logout::serve(server, exchange).boxed_local().await,
        Some(assets::STYLE) => assets::style(server, exchange).await,
        Some(assets::SCRIPT) => assets::script(server, exchange),
        _ if exchange.request.path == assets::FAVICON || below == Some(assets::FAVICON) => {
            assets::favicon(server, exchange)
        }
        Some(rest) if rest.starts_with(admin::PREFIX) => {
            let path = rest.get(admin::PREFIX.len()..).unwrap_or_default();
            admin::serve(server, exchange, path).boxed_local().await
        }
        _ => {
            let error = OAuthError::new(Code::NotFound, Cause::PathUnknown, "nothing is served at this path");
            exchange.fail(server.issuer.as_str(), error.into())
        }
    }
}

/// A refusal of the method, naming the ones there are (RFC 9110 §15.5.6).
pub(super) fn method_not_allowed<P: Platform>(
    server: &Server<P>,
    exchange: &Exchange<'_>,
    allow: &'static str,
) -> Response {
    let error = OAuthError::new(Code::MethodNotAllowed, Cause::MethodWrong, "this method is not served here");
    exchange.fail(server.issuer.as_str(), error.into()).with("allow", allow)
}

/// Serves a public document with caching headers and an `ETag`, readable for scripts of any origin.
fn public_document<P: Platform>(
    server: &Server<P>,
    exchange: &Exchange<'_>,
    content_type: &'static str,
    body: String,
) -> Response {
    use sha2::{Digest as _, Sha256};
    let request = exchange.request;
    let digest = Sha256::digest(body.as_bytes());
    let tag = format!("\"{}\"", super::encoding::base64url(digest.get(..12).unwrap_or_default()));
    let current = request.headers.if_none_match.as_deref().is_some_and(|known| {
        known.split(',').map(str::trim).any(|one| one == "*" || one.trim_start_matches("W/") == tag)
    });
    let headers: Vec<Header> = vec![
        ("content-type", content_type.into()),
        ("cache-control", "public, max-age=300".into()),
        ("access-control-allow-origin", "*".into()),
        ("etag", tag.into()),
    ];
    match request.method {
        Method::Get if current => Response { status: 304, headers, body: String::new() },
        Method::Get => Response { status: 200, headers, body },
        Method::Head
        | Method::Post
        | Method::Put
        | Method::Patch
        | Method::Delete
        | Method::Options
        | Method::Other => method_not_allowed(server, exchange, "GET, HEAD"),
    }
}
