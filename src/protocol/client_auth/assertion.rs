//! `client_assertion` (RFC 7521 §4.2): which of the two ways to authenticate with one it is.
//!
//! A client that signs with a key of its own is the issuer and the subject of its assertion (RFC 7523 §3); a trusted issuer names
//! itself and a workload. No client's assertion passes for an issuer's: an issuer's has to verify with keys of that issuer.

use serde_json::{Map, Value};

use super::{AuthenticatedClient, failed, federated, private_key_jwt};
use crate::protocol::federation::header::take_apart;
use crate::protocol::http::error::Failure;
use crate::protocol::model::secret::Secret;
use crate::protocol::server::Server;
use crate::protocol::server::ports::Platform;
use crate::protocol::server::request::RequestContext;

/// Authenticates the client that `token` is of; `client_id` has to be the same, if the request has one.
///
/// # Errors
/// `invalid_client`, in the same words whatever it was.
pub(super) async fn authenticate<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    token: &Secret,
    client_id: Option<&str>,
) -> Result<AuthenticatedClient, Failure> {
    let read = take_apart(token.expose()).map_err(failed)?;
    let snapshot = server.snapshot(context.now).await?;
    match own_name(&read.claims) {
        Some(name) if !snapshot.trusted_issuers.iter().any(|issuer| issuer.issuer() == name) => {
            private_key_jwt::authenticate(server, context, &read, (name, client_id)).await
        }
        _ => federated::authenticate(server, context, token, client_id).await,
    }
}

/// The client id that an assertion has which its client made itself.
fn own_name(claims: &Map<String, Value>) -> Option<&str> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    text("iss").filter(|iss| text("sub") == Some(iss))
}
