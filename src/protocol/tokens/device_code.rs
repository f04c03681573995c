//! The device code (RFC 8628 §3.2), and what lies behind it: what a device asks for and what a person has approved. The device
//! authorization endpoint makes one, and the `device_code` grant reads it.
//!
//! The code is tagged `mev_`: the object that holds the transaction, a digest of the client, when the user code expires, and a
//! secret. So an edge refuses a forged one, another client's and an old one without asking anybody. The user code leads to the same
//! object: its name is a MAC of it, which nobody outside can compute.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::protocol::codec::encoding::{base64url, secret_base64url};
use crate::protocol::keys::derived::{Derived, Guard, mac};
use crate::protocol::keys::tagged::{tagged, untagged};
use crate::protocol::model::entropy::Entropy;
use crate::protocol::model::id::Id;
use crate::protocol::model::incarnation::Incarnation;
use crate::protocol::model::scope::ScopeSet;
use crate::protocol::model::secret::{Secret, SecretBytes, SecretHash};
use crate::protocol::model::time::Timestamp;
use crate::protocol::model::user_code::UserCode;
use crate::protocol::model::user_id::UserId;
use crate::protocol::objects::subject::Authentication;

/// The prefix of a device code.
pub const DEVICE_PREFIX: &str = "mev_";

/// The name of the object that a user code leads to, as bytes.
type ObjectName = [u8; 32];
/// The first half of the SHA-256 of a client id.
type ClientDigest = [u8; 16];

/// A device code whose tag is right, so this server made it.
#[derive(Clone, PartialEq, Eq)]
pub struct DeviceCode {
    object: ObjectName,
    client: ClientDigest,
    /// When the user code expires.
    pub expires_at: Timestamp,
    secret: SecretBytes,
}

impl std::fmt::Debug for DeviceCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DeviceCode([redacted])")
    }
}

impl DeviceCode {
    /// Makes the device code that goes with `user_code`.
    pub fn new(
        derived: &Derived,
        user_code: &UserCode,
        client_id: &str,
        expires_at: Timestamp,
        entropy: &impl Entropy,
    ) -> Self {
        let object = object_of(derived, user_code);
        Self { object, client: digest(client_id), expires_at, secret: SecretBytes::generate(entropy) }
    }

    /// Writes the code as it goes on the wire.
    pub fn to_wire(&self, guard: &Guard) -> String {
        let body =
            [&self.object, self.client.as_slice(), &self.expires_at.0.to_be_bytes(), self.secret.expose()];
        tagged(DEVICE_PREFIX, guard, &body.concat())
    }

    /// Reads a code. `None` unless this server made it.
    pub fn parse(guard: &Guard, text: &str) -> Option<Self> {
        let (_, body) = untagged(DEVICE_PREFIX, guard, text)?;
        let (object, rest) = body.split_first_chunk()?;
        let (client, rest) = rest.split_first_chunk()?;
        let (expires_at, secret) = rest.split_first_chunk()?;
        let secret: &[u8; 32] = secret.try_into().ok()?;
        Some(Self {
            object: *object,
            client: *client,
            expires_at: Timestamp(u64::from_be_bytes(*expires_at)),
            secret: SecretBytes::new(secret.to_vec()),
        })
    }

    /// Whether the code was issued to the client `client_id`.
    pub fn is_of(&self, client_id: &str) -> bool {
        self.client == digest(client_id)
    }

    /// The name of the object that holds the transaction.
    pub fn object_name(&self) -> String {
        base64url(&self.object)
    }

    /// The SHA-256 of the code's secret, as the object keeps it.
    pub fn sha256(&self) -> SecretHash {
        Secret::received(secret_base64url(self.secret.expose())).hash()
    }
}

/// The name of the object that holds the transaction of `user_code`.
pub fn object_name(derived: &Derived, user_code: &UserCode) -> String {
    base64url(&object_of(derived, user_code))
}

fn object_of(derived: &Derived, user_code: &UserCode) -> ObjectName {
    mac(&derived.routing, &[b"device", user_code.as_str().as_bytes()])
}

fn digest(client_id: &str) -> ClientDigest {
    let digest: [u8; 32] = Sha256::digest(client_id.as_bytes()).into();
    digest.first_chunk().copied().unwrap_or_default()
}

/// What a device asks for, as its object keeps it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DeviceRequest {
    /// The id that its grant will have: what was approved can be redeemed once.
    pub id: Id,
    /// The client that the device runs.
    pub client_id: String,
    /// The incarnation of the client when it asked.
    #[serde(default, skip_serializing_if = "Incarnation::is_first")]
    pub incarnation: Incarnation,
    /// The scopes that it asks for.
    pub scopes: ScopeSet,
    /// The resources that it asks them for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<String>,
    /// When it asked.
    pub started_at: Timestamp,
    /// The country that the platform took the device's address to be in: two capital letters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// A keyed hash of the device's network, to be compared with that of the person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<String>,
}

/// What a person has approved with: who it is, and the session that they approved it in.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DeviceApproval {
    /// The user who approved.
    pub owner: UserId,
    /// The session in which it was approved.
    pub sid: Id,
    /// How and when the user had authenticated.
    pub auth: Authentication,
    /// When the session last knew the client to have been removed. A later removal ends the approval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed_at: Option<Timestamp>,
    /// The epoch of the user's password. A new password ends the approval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_epoch: Option<Id>,
    /// The scopes that were approved; absent if they are all that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<ScopeSet>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::FakeEntropy;

    #[test]
    fn a_device_code_with_any_character_changed_is_none_of_ours() {
        let derived = Derived::from_root(&SecretBytes::new(vec![1; 32]));
        let user_code = UserCode::parse("BCDF-GHJK").expect("a code");
        let code = DeviceCode::new(&derived, &user_code, "tv", Timestamp(7), &FakeEntropy::seeded(0));
        let text = code.to_wire(&derived.request_uri);
        assert_eq!(DeviceCode::parse(&derived.request_uri, &text).as_ref(), Some(&code));
        assert!(text.starts_with("mev_") && !text.contains("BCDF"));
        assert!(code.is_of("tv") && !code.is_of("tv2"));
        assert_eq!(code.object_name(), object_name(&derived, &user_code));
        assert_eq!(format!("{code:?}"), "DeviceCode([redacted])");
        assert!(DeviceCode::parse(&derived.session, &text).is_none());
        for index in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[index] ^= 1;
            let changed = String::from_utf8(changed).expect("ascii");
            assert!(DeviceCode::parse(&derived.request_uri, &changed).is_none(), "{index}");
        }
    }
}
