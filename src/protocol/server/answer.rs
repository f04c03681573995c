//! Answers that several endpoints give: 405 for a method that there isn't (RFC 9110 §15.5.6), and public documents with caching
//! headers. The endpoints, the admin API and `app` call it.

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
        Method::Head
        | Method::Post
        | Method::Put
        | Method::Patch
        | Method::Delete
        | Method::Options
        | Method::Other => method_not_allowed(server, context, "GET, HEAD"),
    }
}
