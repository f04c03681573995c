//! Answers that several endpoints give: 405 for a method that there isn't (RFC 9110 §15.5.6), and public documents with caching
//! headers, which scripts of any origin may read. The endpoints, the admin API and `app` call it.

use super::Server;
use super::ports::Platform;
use super::request::RequestContext;
use crate::protocol::http::error::{Cause, Code, OAuthError};
use crate::protocol::http::{Header, Method, Response};

/// Answers 405 and names the methods that there are, `allow` (RFC 9110 §15.5.6).
pub(crate) fn method_not_allowed<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    allow: &'static str,
) -> Response {
    let error = OAuthError::new(Code::MethodNotAllowed, Cause::MethodWrong, "this method is not served here");
    context.fail(server.issuer.as_str(), error.into()).with("allow", allow)
}

/// Answers with a public document, its caching headers and an `ETag`. Scripts of any origin may read it.
pub(crate) fn public_document<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    content_type: &'static str,
    body: String,
) -> Response {
    use sha2::{Digest as _, Sha256};
    let request = context.request;
    let digest = Sha256::digest(body.as_bytes());
    let tag =
        format!("\"{}\"", crate::protocol::codec::encoding::base64url(digest.get(..12).unwrap_or_default()));
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
        Method::Options => public_preflight(),
        Method::Head | Method::Post | Method::Put | Method::Patch | Method::Delete | Method::Other => {
            method_not_allowed(server, context, "GET, HEAD, OPTIONS")
        }
    }
}

/// Answers a preflight request for a public document (Fetch standard, CORS preflight). Any header may be sent; clients of the Model
/// Context Protocol send `MCP-Protocol-Version` with each look for metadata.
pub(crate) fn public_preflight() -> Response {
    Response { headers: vec![("cache-control", "public, max-age=600".into())], ..Response::empty(204) }
        .with("allow", "GET, HEAD, OPTIONS")
        .with("access-control-allow-origin", "*")
        .with("access-control-allow-methods", "GET, HEAD")
        .with("access-control-allow-headers", "*, MCP-Protocol-Version")
        .with("access-control-max-age", "600")
}
