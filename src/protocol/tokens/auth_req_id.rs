//! What lies behind an `auth_req_id` (`CIBA` §7.3): what a client asks a person for through the backchannel. The backchannel
//! authentication endpoint makes one, the account page shows it, and the `ciba` grant reads it.
//!
//! The `auth_req_id` itself is a [`PollingCode`](super::polling_code::PollingCode) tagged `meb_`. The person's object knows the request
//! by its id, from which the name of the transaction's object is computed.

use serde::{Deserialize, Serialize};

use super::polling_code::{AskedFor, ObjectName};
use crate::protocol::codec::encoding::base64url;
use crate::protocol::keys::derived::{Derived, mac};
use crate::protocol::model::id::Id;

/// The prefix of an `auth_req_id`.
pub const AUTH_REQ_PREFIX: &str = "meb_";
/// The prefix of what a client is notified with, sealed.
pub const PING_PREFIX: &str = "meh_";

/// What a client asks a person for, as both objects keep it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CibaRequest {
    /// What every such question has.
    pub asked: AskedFor,
    /// What client and person are to see alike (`binding_message`, §7.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binding_message: Option<String>,
}

/// What a client is notified with (§10.2). It is sealed wherever it is stored, because both are secrets.
#[derive(Serialize, Deserialize)]
pub struct Ping {
    /// The `auth_req_id` that the notification is about.
    pub auth_req_id: String,
    /// The `client_notification_token`, with which this server shows who it is.
    pub token: String,
}

impl std::fmt::Debug for Ping {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ping([redacted])")
    }
}

/// The name of the object that holds the transaction of the request `id`, as bytes.
pub fn object_of(derived: &Derived, id: Id) -> ObjectName {
    mac(&derived.routing, &[b"ciba", id.bytes()])
}

/// The name of the object that holds the transaction of the request `id`.
pub fn object_name(derived: &Derived, id: Id) -> String {
    base64url(&object_of(derived, id))
}
