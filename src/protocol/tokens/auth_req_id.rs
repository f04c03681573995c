//! What lies behind an `auth_req_id` (`CIBA` §7.3): what a client asks a person for through the backchannel. The backchannel
//! authentication endpoint makes one, the account page shows it, and the `ciba` grant reads it.
//!
//! The `auth_req_id` itself is a [`PollingCode`](super::polling_code::PollingCode) tagged `meb_`. The person's object knows the request
//! by its id, from which the name of the transaction's object is computed.

use serde::{Deserialize, Serialize};

use super::polling_code::ObjectName;
use crate::protocol::codec::encoding::base64url;
use crate::protocol::keys::derived::{Derived, mac};
use crate::protocol::model::id::Id;
use crate::protocol::model::incarnation::Incarnation;
use crate::protocol::model::scope::ScopeSet;

/// The prefix of an `auth_req_id`.
pub const AUTH_REQ_PREFIX: &str = "meb_";
/// The prefix of what a client is notified with, sealed.
pub const PING_PREFIX: &str = "meh_";

/// What a client asks a person for, as both objects keep it. The token endpoint reads of it what is also in
/// [`AskedFor`](super::polling_code::AskedFor).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CibaRequest {
    /// The id that the grant will have: what was approved can be redeemed once.
    pub id: Id,
    /// The client that asked.
    pub client_id: String,
    /// The incarnation of the client when it asked.
    #[serde(default, skip_serializing_if = "Incarnation::is_first")]
    pub incarnation: Incarnation,
    /// The scopes that it asked for.
    pub scopes: ScopeSet,
    /// The resources that it asked them for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<String>,
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
