//! What the pages load: the style sheet, which carries the accent color, and the one script, which submits a form.
//!
//! Both are made by `pages`; here they get their caching headers.

use crate::protocol::http::{Method, Response};
use crate::protocol::pages::{SUBMIT_SCRIPT, stylesheet};
use crate::protocol::server::Server;
use crate::protocol::server::answer::method_not_allowed;
use crate::protocol::server::answer::public_document;
use crate::protocol::server::ports::Platform;
use crate::protocol::server::request::RequestContext;

pub(crate) async fn style<P: Platform>(server: &Server<P>, context: &RequestContext<'_>) -> Response {
    context.endpoint.set("assets");
    match server.snapshot(context.now).await {
        Ok(snapshot) => {
            public_document(server, context, "text/css; charset=utf-8", stylesheet(&snapshot.branding))
        }
        Err(error) => context.fail(server.issuer.as_str(), error.into()),
    }
}

pub(crate) fn script<P: Platform>(server: &Server<P>, context: &RequestContext<'_>) -> Response {
    context.endpoint.set("assets");
    public_document(server, context, "text/javascript; charset=utf-8", SUBMIT_SCRIPT.to_owned())
}

/// There is no icon; a browser that knows doesn't ask with every page.
pub(crate) fn favicon<P: Platform>(server: &Server<P>, context: &RequestContext<'_>) -> Response {
    context.endpoint.set("assets");
    if !matches!(context.request.method, Method::Get | Method::Head) {
        return method_not_allowed(server, context, "GET, HEAD");
    }
    let headers = vec![("cache-control", "public, max-age=86400".into())];
    Response { status: 204, headers, body: String::new() }
}
