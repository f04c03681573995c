//! The form of device secrets (`OpenID Connect Native SSO` §3.2), and how an ID token is bound to one. The grants call it; the
//! user's object knows which are good.
//!
//! A device secret is `men_ ‖ base64url(version ‖ key ‖ masked owner ‖ session ‖ 32 random bytes ‖ tag) ‖ checksum`, made and masked
//! like a refresh token: an edge checks the tag before it asks an object, and only the hash of the whole is stored.

use subtle::ConstantTimeEq as _;

use super::refresh_token::{masked, tagged, take, untagged};
use crate::protocol::codec::encoding::base64url;
use crate::protocol::keys::derived::{Guard, NAMED};
use crate::protocol::model::entropy::Entropy;
use crate::protocol::model::id::Id;
use crate::protocol::model::secret::{Secret, SecretBytes, SecretHash};
use crate::protocol::model::user_id::UserId;

/// The prefix of a device secret.
pub const DEVICE_SECRET_PREFIX: &str = "men_";

/// Whose device secret it is, as a tag of this server vouches for. Only the user's object knows whether it is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeviceSecret {
    /// The user who is logged in on the device.
    pub owner: UserId,
    /// The session that they logged in with.
    pub sid: Id,
}

impl DeviceSecret {
    /// Makes a new secret of this session.
    pub fn generate(self, guard: &Guard, entropy: &impl Entropy) -> Secret {
        let (id, key) = guard.current();
        let secret = SecretBytes::generate(entropy);
        let rest = [self.sid.bytes().as_slice(), secret.expose()].concat();
        let owner = masked(key, *self.owner.bytes(), &rest);
        Secret::received(tagged(DEVICE_SECRET_PREFIX, key, &[[NAMED, id].as_slice(), &owner, &rest].concat()))
    }

    /// Reads a secret. `None` unless this server made it.
    pub fn parse(guard: &Guard, text: &str) -> Option<Self> {
        let (key, body) = untagged(DEVICE_SECRET_PREFIX, guard, text)?;
        let mut rest = body.get(2..)?;
        let owner = take(&mut rest)?;
        let owner = UserId::from_bytes(masked(&key, owner, rest));
        let sid = Id::from_bytes(take(&mut rest)?);
        (rest.len() == 32).then_some(Self { owner, sid })
    }
}

/// The `ds_hash` of an ID token (§3.4.1): the SHA-256 of the device secret, which is left to the server to choose.
pub(crate) fn ds_hash(sha256: &SecretHash) -> String {
    base64url(sha256.to_key().expose())
}

/// Whether an ID token with this `ds_hash` is bound to the secret.
pub(crate) fn is_bound(hash: &str, secret: &Secret) -> bool {
    ds_hash(&secret.hash()).as_bytes().ct_eq(hash.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::FakeEntropy;
    use crate::protocol::keys::derived::Derived;
    use crate::protocol::tokens::refresh_token::RefreshToken;

    #[test]
    fn a_secret_is_read_back_and_no_changed_character_survives() {
        let keys = Derived::from_root(&SecretBytes::new(vec![3; 32]));
        let entropy = FakeEntropy::seeded(1);
        let device = DeviceSecret { owner: UserId::from_bytes([1; 16]), sid: Id::from_bytes([2; 16]) };
        let secret = device.generate(&keys.refresh, &entropy);
        let wire = secret.expose();
        assert_eq!(DeviceSecret::parse(&keys.refresh, wire), Some(device));
        assert_ne!(device.generate(&keys.refresh, &entropy).expose(), wire, "each is another one");
        assert!(secret.is_well_formed() && wire.starts_with(DEVICE_SECRET_PREFIX));
        assert_eq!(DeviceSecret::parse(&keys.session, wire), None, "another purpose");
        assert_eq!(RefreshToken::parse(&keys.refresh, wire), None, "another kind");
        for index in 0..wire.len() {
            let mut bytes = wire.to_owned().into_bytes();
            bytes[index] ^= 1;
            let changed = String::from_utf8(bytes).expect("ascii");
            assert_eq!(DeviceSecret::parse(&keys.refresh, &changed), None, "{index}");
        }
        let (_, body) = untagged(DEVICE_SECRET_PREFIX, &keys.refresh, wire).expect("tagged");
        assert!(!body.windows(16).any(|bytes| bytes == [1; 16]), "the owner shows");
        for short in ["", "men_", "men_000000", "men_AAAA000000"] {
            assert_eq!(DeviceSecret::parse(&keys.refresh, short), None, "{short}");
        }
    }

    #[test]
    fn an_id_token_is_bound_to_one_secret() {
        let (one, other) = (Secret::received("one"), Secret::received("other"));
        assert!(is_bound(&ds_hash(&one.hash()), &one));
        for wrong in [ds_hash(&other.hash()), String::new(), ds_hash(&one.hash())[1..].to_owned()] {
            assert!(!is_bound(&wrong, &one), "{wrong}");
        }
    }
}
