//! `urn:openid:params:grant-type:ciba` (`CIBA` §10.1): a client asks whether the person has decided about what it asked through the
//! backchannel, in poll mode again and again, in ping mode when it was notified. The dispatch in `grants` calls it;
//! [`polled`](super::polled) does it.
//!
//! The ID token has no `urn:openid:params:jwt:claim:auth_req_id`: that claim binds a token that is pushed (§10.3.1), and nothing is.

use super::polled::{Kind, decide_polled};
use super::{Decision, GrantRequest};
use crate::protocol::http::error::{Cause, Failure};
use crate::protocol::server::ports::Platform;
use crate::protocol::tokens::auth_req_id::AUTH_REQ_PREFIX;

const AUTH_REQ_ID: Kind = Kind {
    parameter: "auth_req_id",
    prefix: AUTH_REQ_PREFIX,
    missing: "auth_req_id is missing",
    forged: (Cause::AuthReqIdForged, "the auth_req_id is not one of this server's"),
    of_other: "the auth_req_id was issued to another client",
    expired: (Cause::AuthReqIdExpired, "the auth_req_id has expired; ask anew"),
};

/// Decides what an `auth_req_id` comes to. The parameters are `auth_req_id`, and `resource` (RFC 8707 §2.2) to choose among the
/// granted ones.
///
/// # Errors
/// Those of [`decide_polled`].
pub(super) async fn decide<P: Platform>(request: GrantRequest<'_, P>) -> Result<Decision, Failure> {
    decide_polled(request, AUTH_REQ_ID).await
}
