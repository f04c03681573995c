//! What lies behind a device code (RFC 8628 §3.2): what a device asks for. The device authorization endpoint makes one, and the
//! `device_code` grant reads it.
//!
//! The code itself is a [`PollingCode`](super::polling_code::PollingCode) tagged `mev_`. The user code leads to the same object: its
//! name is a MAC of it, which nobody outside can compute.

use serde::{Deserialize, Serialize};

use super::polling_code::{AskedFor, ObjectName};
use crate::protocol::codec::encoding::base64url;
use crate::protocol::keys::derived::{Derived, mac};
use crate::protocol::model::time::Timestamp;
use crate::protocol::model::user_code::UserCode;

/// The prefix of a device code.
pub const DEVICE_PREFIX: &str = "mev_";

/// The name of the object that holds the transaction of `user_code`.
pub fn object_name(derived: &Derived, user_code: &UserCode) -> String {
    base64url(&object_of(derived, user_code))
}

/// The name of that object, as bytes.
pub fn object_of(derived: &Derived, user_code: &UserCode) -> ObjectName {
    mac(&derived.routing, &[b"device", user_code.as_str().as_bytes()])
}

/// What a device asks for, as its object keeps it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DeviceRequest {
    /// What every such question has.
    pub asked: AskedFor,
    /// When it asked.
    pub started_at: Timestamp,
    /// The country that the platform took the device's address to be in: two capital letters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// A keyed hash of the device's network, to be compared with that of the person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<String>,
}
