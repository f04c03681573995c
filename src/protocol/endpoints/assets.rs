//! What the pages load: the stylesheet, which carries the accent color, and the one script, which submits a form.

use super::super::http::{Method, Response};
use super::super::log::Exchange;
use super::super::pages::{SUBMIT_SCRIPT, stylesheet};
use super::super::ports::Platform;
use super::super::server::Server;
use super::{method_not_allowed, public_document};

/// Path of the stylesheet below the issuer.
pub(super) const STYLE: &str = "/assets/style.css";
/// Path of the script below the issuer.
pub(super) const SCRIPT: &str = "/assets/submit.js";

/// What browsers ask for by themselves, at the root of the host.
pub(super) const FAVICON: &str = "/favicon.ico";

pub(super) async fn style<P: Platform>(server: &Server<P>, exchange: &Exchange<'_>) -> Response {
    exchange.endpoint.set("assets");
    match server.snapshot(exchange.now).await {
        Ok(snapshot) => {
            public_document(server, exchange, "text/css; charset=utf-8", stylesheet(&snapshot.branding))
        }
        Err(error) => exchange.fail(server.issuer.as_str(), error.into()),
    }
}

pub(super) fn script<P: Platform>(server: &Server<P>, exchange: &Exchange<'_>) -> Response {
    exchange.endpoint.set("assets");
    public_document(server, exchange, "text/javascript; charset=utf-8", SUBMIT_SCRIPT.to_owned())
}

/// There is no icon; a browser that knows doesn't ask with every page.
pub(super) fn favicon<P: Platform>(server: &Server<P>, exchange: &Exchange<'_>) -> Response {
    exchange.endpoint.set("assets");
    if !matches!(exchange.request.method, Method::Get | Method::Head) {
        return method_not_allowed(server, exchange, "GET, HEAD");
    }
    let headers = vec![("cache-control", "public, max-age=86400".into())];
    Response { status: 204, headers, body: String::new() }
}
