//! Codes that a client asks with again and again whether a person has decided: the `device_code` (RFC 8628 §3.2) and the
//! `auth_req_id` (`CIBA` §7.3). The endpoints that hand them out make them, and `grants::polled` reads them.
//!
//! Such a code is tagged: the object that holds the transaction, a digest of the client, when nobody can decide any more, and a
//! secret. So an edge refuses a forged one, another client's and an old one without asking anybody.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::protocol::codec::encoding::{base64url, secret_base64url};
use crate::protocol::keys::derived::Guard;
use crate::protocol::keys::tagged::{tagged, untagged};
use crate::protocol::model::entropy::Entropy;
use crate::protocol::model::id::Id;
use crate::protocol::model::incarnation::Incarnation;
use crate::protocol::model::scope::ScopeSet;
use crate::protocol::model::secret::{Secret, SecretBytes, SecretHash};
use crate::protocol::model::time::Timestamp;
use crate::protocol::model::user_id::UserId;
use crate::protocol::objects::subject::{Authentication, SessionState};

/// The name of the object that holds a transaction, as bytes: a MAC, so that nobody outside can compute it.
pub type ObjectName = [u8; 32];
/// The first half of the SHA-256 of a client id.
type ClientDigest = [u8; 16];

/// A code whose tag is right, so this server made it.
#[derive(Clone, PartialEq, Eq)]
pub struct PollingCode {
    object: ObjectName,
    client: ClientDigest,
    /// When nobody can decide any more.
    pub expires_at: Timestamp,
    secret: SecretBytes,
}

impl std::fmt::Debug for PollingCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PollingCode([redacted])")
    }
}

impl PollingCode {
    /// Makes a code for what the object `object` will hold.
    pub fn new(object: ObjectName, client_id: &str, expires_at: Timestamp, entropy: &impl Entropy) -> Self {
        Self { object, client: digest(client_id), expires_at, secret: SecretBytes::generate(entropy) }
    }

    /// Writes the code as it goes on the wire; `prefix` says of which kind it is.
    pub fn to_wire(&self, prefix: &str, guard: &Guard) -> String {
        let body =
            [&self.object, self.client.as_slice(), &self.expires_at.0.to_be_bytes(), self.secret.expose()];
        tagged(prefix, guard, &body.concat())
    }

    /// Reads a code of the kind `prefix`. `None` unless this server made it.
    pub fn parse(guard: &Guard, prefix: &str, text: &str) -> Option<Self> {
        let (_, body) = untagged(prefix, guard, text)?;
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

fn digest(client_id: &str) -> ClientDigest {
    let digest: [u8; 32] = Sha256::digest(client_id.as_bytes()).into();
    digest.first_chunk().copied().unwrap_or_default()
}

/// What was asked for, by a device or through the backchannel: what the token endpoint has to know of it. The questions of both
/// have this and more.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AskedFor {
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
}

/// What a person has approved with: who it is, and the session that they approved it in.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Approval {
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

impl Approval {
    /// The approval of everything that was asked for, in the session `sid` as it is now, by somebody who authenticated as `auth` says.
    pub(crate) fn in_session(state: &SessionState, sid: Id, auth: Authentication) -> Self {
        Self {
            owner: state.user.id,
            sid,
            auth,
            removed_at: state.removed_at,
            password_epoch: state.user.password_epoch,
            scopes: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::FakeEntropy;
    use crate::protocol::keys::derived::Derived;

    #[test]
    fn a_code_with_any_character_changed_is_none_of_ours() {
        let derived = Derived::from_root(&SecretBytes::new(vec![1; 32]));
        let code = PollingCode::new([9; 32], "tv", Timestamp(7), &FakeEntropy::seeded(0));
        let text = code.to_wire("mev_", &derived.request_uri);
        assert_eq!(PollingCode::parse(&derived.request_uri, "mev_", &text).as_ref(), Some(&code));
        assert!(text.starts_with("mev_"));
        assert!(PollingCode::parse(&derived.request_uri, "meb_", &text).is_none(), "another kind");
        assert!(code.is_of("tv") && !code.is_of("tv2"));
        assert_eq!(code.object_name(), base64url(&[9; 32]));
        assert_eq!(format!("{code:?}"), "PollingCode([redacted])");
        assert!(PollingCode::parse(&derived.session, "mev_", &text).is_none());
        for index in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[index] ^= 1;
            let changed = String::from_utf8(changed).expect("ascii");
            assert!(PollingCode::parse(&derived.request_uri, "mev_", &changed).is_none(), "{index}");
        }
    }
}
