//! Whether who a token names has signed it: the one place that finds a key of somebody else's and verifies with it. Issuers' tokens
//! and clients' own assertions both come here.

use super::assertion::Rejected;
use super::header::Unverified;
use crate::protocol::http::error::Cause;
use crate::protocol::server::Server;
use crate::protocol::server::foreign_keys::{Holder, key};
use crate::protocol::server::ports::Platform;
use crate::protocol::server::request::RequestContext;

/// Checks that `holder` has signed `token`, with the key of its own that the header names. With `once` the isolate doesn't remember
/// the signature, because no token with it is accepted again.
///
/// # Errors
/// If there is no such key, or it has made another signature.
pub(crate) async fn check_signature<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    holder: &Holder<'_>,
    token: &Unverified<'_>,
    once: bool,
) -> Result<(), Rejected> {
    let key = key(server, context, holder, (token.token.kid(), token.alg)).await?;
    let by = (token.alg, &key);
    let (signed, signature) = (token.token.signed().as_bytes(), token.token.signature());
    let valid = if once {
        server.signatures.verify(&server.platform, by, signed, signature).await
    } else {
        server.signatures.is_valid(&server.platform, by, signed, signature).await
    };
    if valid.map_err(Rejected::Failed)? { Ok(()) } else { Err(Cause::AssertionSignature.into()) }
}
