//! `urn:ietf:params:oauth:grant-type:device_code` (RFC 8628 §3.4): a device asks again and again whether somebody has approved it. The
//! dispatch in `grants` calls it; [`polled`](super::polled) does it.

use super::polled::{Kind, decide_polled};
use super::{Decision, GrantRequest};
use crate::protocol::http::error::{Cause, Failure};
use crate::protocol::server::ports::Platform;
use crate::protocol::tokens::device_code::DEVICE_PREFIX;

const DEVICE_CODE: Kind = Kind {
    parameter: "device_code",
    prefix: DEVICE_PREFIX,
    missing: "device_code is missing",
    forged: (Cause::DeviceCodeForged, "the device code is not one of this server's"),
    of_other: "the device code was issued to another client",
    expired: (Cause::DeviceCodeExpired, "the device code has expired; begin anew"),
};

/// Decides what a device code comes to. The parameters are `device_code`, and `resource` (RFC 8707 §2.2) to choose among the
/// granted ones.
///
/// # Errors
/// Those of [`decide_polled`].
pub(super) async fn decide<P: Platform>(request: GrantRequest<'_, P>) -> Result<Decision, Failure> {
    decide_polled(request, DEVICE_CODE).await
}
