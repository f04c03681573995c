//! The response that takes a browser from this server to an application: a redirect, or a page that leads on.
//!
//! `authorize` and `logout` use it, always with a registered URI.

use crate::protocol::endpoints::paths::AUTHORIZE;
use crate::protocol::http::{Method, Response};
use crate::protocol::pages::LeavingPage;
use crate::protocol::server::Server;
use crate::protocol::server::ports::Platform;
use crate::protocol::server::request::RequestContext;

/// Sends the browser on to `uri`, which a client has registered: a redirect, or after one of this server's own forms a page
/// that leads on, because the form's policy would hold for every redirect after it.
pub(crate) fn leave<P: Platform>(server: &Server<P>, context: &RequestContext<'_>, uri: String) -> Response {
    let request = context.request;
    // A client's page may have posted the authorization request; that form is the client's.
    let is_own_form =
        request.method == Method::Post && request.path.strip_prefix(server.issuer.path()) != Some(AUTHORIZE);
    if is_own_form && LeavingPage::is_needed(&uri) {
        return LeavingPage { base: server.issuer.path(), uri: &uri }.render();
    }
    Response::see_other(uri)
}
