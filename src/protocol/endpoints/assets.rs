//! What the pages load: the stylesheet, which carries the accent color, and the one script, which submits a form.

use super::super::http::Response;
use super::super::log::Exchange;
use super::super::pages::{SUBMIT_SCRIPT, stylesheet};
use super::super::ports::Platform;
use super::super::server::Server;
use super::public_document;

/// Path of the stylesheet below the issuer.
pub(super) const STYLE: &str = "/assets/style.css";
/// Path of the script below the issuer.
pub(super) const SCRIPT: &str = "/assets/submit.js";

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
