//! The endpoints, one file each, and the way from a path to one of them.

mod cors;
mod jwks;
mod metadata;
mod token;

use futures_util::future::FutureExt as _;

use super::admin;
use super::error::{Cause, Code, OAuthError};
use super::http::{Header, Method, Response};
use super::log::Exchange;
use super::ports::Platform;
use super::server::Server;

/// Path of the token endpoint below the issuer.
pub const TOKEN: &str = "/token";
/// Path of the key set below the issuer.
pub const JWKS: &str = "/jwks";

/// Sends a request to its endpoint. All but the token endpoint are boxed: they would make the state machine of every
/// token request twenty times as large, and a cold isolate compiles it before it answers.
pub(crate) async fn route<P: Platform>(server: &Server<P>, exchange: &Exchange<'_>) -> Response {
    let path = exchange.request.path.as_str();
    if let Some(document) = metadata::Document::at(&server.issuer, path) {
        return metadata::serve(server, exchange, document).boxed_local().await;
    }
    match path.strip_prefix(server.issuer.path()) {
        Some(TOKEN) => token::serve(server, exchange).await,
        Some(JWKS) => jwks::serve(server, exchange).boxed_local().await,
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
        Method::Get | Method::Head if current => Response { status: 304, headers, body: String::new() },
        Method::Get => Response { status: 200, headers, body },
        Method::Head => Response { status: 200, headers, body: String::new() },
        Method::Post | Method::Put | Method::Delete | Method::Options | Method::Other => {
            method_not_allowed(server, exchange, "GET, HEAD")
        }
    }
}
