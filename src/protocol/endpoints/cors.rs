//! Cross-origin access to the token endpoint: for registered origins only, never with browser credentials.
//!
//! A preflight and an error name no client that could be trusted, so any client's registered origin may read them; a
//! token may be read by an origin of the very client it was issued to. `null` can't be registered.

use crate::protocol::client_auth::AuthenticatedClient;
use crate::protocol::codec::uri::is_origin;
use crate::protocol::documents::admission::any;
use crate::protocol::http::Response;
use crate::protocol::server::Server;
use crate::protocol::server::ports::Platform;
use crate::protocol::server::request::RequestContext;

/// Answers a preflight request (Fetch standard, CORS preflight).
pub(crate) async fn preflight<P: Platform>(server: &Server<P>, context: &RequestContext<'_>) -> Response {
    let response = Response::empty(204).with("allow", "POST, OPTIONS");
    let origin = match registered_origin(server, context).await {
        None => origin_of_some_document(server, context).await,
        registered => registered,
    };
    match origin {
        Some(origin) => allow(response, origin)
            .with("access-control-allow-methods", "POST")
            .with("access-control-allow-headers", "authorization, content-type")
            .with("access-control-max-age", "600"),
        None => response,
    }
}

/// Lets the request's origin read a token, if it is one of `client`'s.
pub(crate) fn for_client(
    response: Response,
    context: &RequestContext<'_>,
    client: &AuthenticatedClient,
) -> Response {
    match context.request.headers.origin.as_ref() {
        Some(origin) if client.allowed_origins.contains(origin) => allow(response, origin.clone()),
        _ => response,
    }
}

/// Lets the request's origin read an error, if it is any client's.
pub(crate) async fn for_error<P: Platform>(
    response: Response,
    server: &Server<P>,
    context: &RequestContext<'_>,
) -> Response {
    match registered_origin(server, context).await {
        Some(origin) => allow(response, origin),
        None => response,
    }
}

async fn registered_origin<P: Platform>(server: &Server<P>, context: &RequestContext<'_>) -> Option<String> {
    let origin = context.request.headers.origin.as_ref()?;
    let snapshot = server.snapshot(context.now).await.ok()?;
    // Where clients register themselves, any origin may be one's. `null` is none: it stands for many.
    let may_register = snapshot.registration.is_on() && origin != "null";
    let is_known = snapshot.origins.contains(origin) || server.documents.has_origin(origin);
    (may_register || is_known).then(|| origin.clone())
}

/// Where clients with a metadata document may come, any web origin may be one of theirs, and a preflight doesn't say whose. It learns
/// nothing by this: the answer itself is for the client's own origins.
async fn origin_of_some_document<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
) -> Option<String> {
    let origin = context.request.headers.origin.as_ref()?;
    let snapshot = server.snapshot(context.now).await.ok()?;
    let may_be = any(&snapshot.client_documents) && origin.starts_with("https://") && is_origin(origin);
    may_be.then(|| origin.clone())
}

fn allow(response: Response, origin: String) -> Response {
    response.with("access-control-allow-origin", origin).with("vary", "origin")
}
