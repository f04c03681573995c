//! The way out of the server: on to an application.

use super::super::http::{Method, Response};
use super::super::log::Exchange;
use super::super::pages::LeavingPage;
use super::super::ports::Platform;
use super::super::server::Server;
use super::authorize::AUTHORIZE;

/// Sends the browser on to `uri`, which a client has registered: a redirect, or after one of this server's own forms a page
/// that leads on, because the form's policy would hold for every redirect after it.
pub(super) fn leave<P: Platform>(server: &Server<P>, exchange: &Exchange<'_>, uri: String) -> Response {
    let request = exchange.request;
    // A client's page may have posted the authorization request; that form is the client's.
    let is_own_form =
        request.method == Method::Post && request.path.strip_prefix(server.issuer.path()) != Some(AUTHORIZE);
    if is_own_form && LeavingPage::is_needed(&uri) {
        return LeavingPage { base: server.issuer.path(), uri: &uri }.render();
    }
    Response::see_other(uri)
}
