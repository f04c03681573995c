//! Addresses that people reach by themselves: the root, bookmarks of forms, and where password managers look
//! (`/.well-known/change-password`). All lead to the account page.

use crate::protocol::endpoints::paths::ACCOUNT;
use crate::protocol::http::Response;
use crate::protocol::model::issuer::Issuer;
use crate::protocol::server::Server;
use crate::protocol::server::ports::Platform;

/// Where password managers send people to change a password (W3C, A Well-Known URL for Changing Passwords).
const CHANGE_PASSWORD: &str = "/.well-known/change-password";

/// Whether `path` is that address, at the root of the host or below the issuer.
pub(crate) fn is_change_password(issuer: &Issuer, path: &str) -> bool {
    path == CHANGE_PASSWORD || path.strip_prefix(issuer.path()) == Some(CHANGE_PASSWORD)
}

/// Whether `below`, the path below the issuer, is its front door.
pub(crate) fn is_root(below: Option<&str>) -> bool {
    matches!(below, Some("" | "/"))
}

/// Sends the browser to the account page, where a password is changed, too.
pub(crate) fn to_account<P: Platform>(server: &Server<P>) -> Response {
    Response::see_other(server.issuer.endpoint(ACCOUNT))
}
