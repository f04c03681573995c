//! The form of refresh tokens and session cookies, and what an edge can check of them before it asks an object. Rotation is
//! decided in `state` and `objects::subject`. The grants, introspection, revocation and everything with a session call this.
//!
//! A refresh token is `mer_ ‖ base64url(version ‖ key ‖ masked owner ‖ grant ‖ generation ‖ secret ‖ tag) ‖ checksum`. The secret
//! can be made only with the grant's seed, which is in its object; the tag only with the edges' key of that generation. So
//! neither a leak of the database nor one of the key forges a token. The owner is masked with a MAC over the rest: clients that
//! know a user under pairwise names can't tell from their tokens that it is one user.

use crate::protocol::keys::derived::{Guard, NAMED, mac};
use crate::protocol::keys::tagged::{fits, from_wire, to_wire};
use crate::protocol::model::id::Id;
use crate::protocol::model::secret::SecretBytes;
use crate::protocol::model::user_id::UserId;

/// The prefix of a refresh token.
pub const REFRESH_PREFIX: &str = "mer_";
/// The prefix of a session cookie's value.
pub const SESSION_PREFIX: &str = "meu_";

/// A refresh token whose tag is right, so this server made it. Only its object knows whether it is alive.
#[derive(Clone, PartialEq, Eq)]
pub struct RefreshToken {
    /// The user whose grant it belongs to.
    pub owner: UserId,
    /// The id of the grant.
    pub grant: Id,
    /// The generation of the token in its family, counted from 0.
    pub generation: u32,
    /// The secret that proves the token to the object.
    pub secret: SecretBytes,
}

impl std::fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RefreshToken(generation {})", self.generation)
    }
}

impl RefreshToken {
    /// Writes the token as it goes on the wire.
    pub fn to_wire(&self, guard: &Guard) -> String {
        let (id, key) = guard.current();
        let rest =
            [self.grant.bytes().as_slice(), &self.generation.to_be_bytes(), self.secret.expose()].concat();
        let owner = masked(key, *self.owner.bytes(), &rest);
        tagged(REFRESH_PREFIX, key, &[[NAMED, id].as_slice(), &owner, &rest].concat())
    }

    /// Reads a token. `None` unless this server made it.
    pub fn parse(guard: &Guard, text: &str) -> Option<Self> {
        let (key, body) = untagged(REFRESH_PREFIX, guard, text)?;
        let mut rest = body.get(2..)?;
        let owner = take(&mut rest)?;
        let owner = UserId::from_bytes(masked(&key, owner, rest));
        let grant = Id::from_bytes(take(&mut rest)?);
        let generation = u32::from_be_bytes(take(&mut rest)?);
        let secret = SecretBytes::new(take::<32>(&mut rest)?.to_vec());
        rest.is_empty().then_some(Self { owner, grant, generation, secret })
    }
}

/// Masks the owner with a MAC over the rest; applied once more, it takes the mask off.
pub(super) fn masked(key: &SecretBytes, mut owner: [u8; 16], rest: &[u8]) -> [u8; 16] {
    for (byte, mask) in owner.iter_mut().zip(mac(key, &[b"owner", rest])) {
        *byte ^= mask;
    }
    owner
}

/// A session cookie whose tag is right, so this server made it. Only its object knows whether the session is alive.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionCookie {
    /// The user who is logged in.
    pub owner: UserId,
    /// The id of the session.
    pub sid: Id,
    /// The secret that proves the cookie to the object.
    pub secret: SecretBytes,
}

impl std::fmt::Debug for SessionCookie {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionCookie([redacted])")
    }
}

impl SessionCookie {
    /// Writes the cookie's value.
    pub fn to_wire(&self, guard: &Guard) -> String {
        let (id, key) = guard.current();
        let body = [&[NAMED, id], self.owner.bytes().as_slice(), self.sid.bytes(), self.secret.expose()];
        tagged(SESSION_PREFIX, key, &body.concat())
    }

    /// Reads a cookie's value. `None` unless this server made it.
    pub fn parse(guard: &Guard, text: &str) -> Option<Self> {
        let (_, body) = untagged(SESSION_PREFIX, guard, text)?;
        let mut rest = body.get(2..)?;
        let owner = UserId::from_bytes(take(&mut rest)?);
        let sid = Id::from_bytes(take(&mut rest)?);
        let secret = SecretBytes::new(take::<32>(&mut rest)?.to_vec());
        rest.is_empty().then_some(Self { owner, sid, secret })
    }
}

pub(super) fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (head, tail) = rest.split_at_checked(N)?;
    *rest = tail;
    head.try_into().ok()
}

/// Writes a value of a layout that has always named its generation, so that the tag covers everything.
pub(super) fn tagged(prefix: &str, key: &SecretBytes, body: &[u8]) -> String {
    to_wire(prefix, &[body], &mac(key, &[prefix.as_bytes(), body]))
}

pub(super) fn untagged(prefix: &str, guard: &Guard, text: &str) -> Option<(SecretBytes, Vec<u8>)> {
    let (body, tag) = from_wire(prefix, text)?;
    let key = match body.as_slice() {
        [NAMED, id, ..] => guard.named(*id)?,
        _ => return None,
    };
    fits(&mac(&key, &[prefix.as_bytes(), &body]), &tag).then_some((key, body))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::keys::derived::{Derived, Root};

    fn derived(generations: &[u8]) -> Derived {
        let root = |id: &u8| Root {
            id: *id,
            secret: SecretBytes::new(vec![*id; 32]),
            retired_for: std::collections::BTreeSet::new(),
            unnamed_until: None,
        };
        let writing = generations.last().copied().unwrap_or_default();
        Derived::new(&SecretBytes::new(vec![7; 32]), generations.iter().map(root).collect(), writing)
    }

    fn token() -> RefreshToken {
        RefreshToken {
            owner: UserId::from_bytes([1; 16]),
            grant: Id::from_bytes([2; 16]),
            generation: 7,
            secret: SecretBytes::new(vec![4; 32]),
        }
    }

    #[test]
    fn a_token_is_read_back_and_no_changed_character_survives() {
        let keys = derived(&[3]);
        let wire = token().to_wire(&keys.refresh);
        assert_eq!(RefreshToken::parse(&keys.refresh, &wire), Some(token()));
        assert_eq!(RefreshToken::parse(&keys.session, &wire), None);
        assert_eq!(SessionCookie::parse(&keys.refresh, &wire), None);
        for index in 0..wire.len() {
            let mut bytes = wire.clone().into_bytes();
            bytes[index] ^= 1;
            let changed = String::from_utf8(bytes).expect("ascii");
            assert_eq!(RefreshToken::parse(&keys.refresh, &changed), None, "{index}");
        }
        let (_, body) = untagged(REFRESH_PREFIX, &keys.refresh, &wire).expect("tagged");
        assert!(!body.windows(16).any(|bytes| bytes == [1; 16]), "the owner shows");
        for short in ["", "mer_", "mer_000000", "mer_AAAA000000"] {
            assert_eq!(RefreshToken::parse(&keys.refresh, short), None, "{short}");
        }
    }

    #[test]
    fn tokens_and_cookies_are_good_while_their_generation_is() {
        let wire = token().to_wire(&derived(&[0]).refresh);
        let cookie = SessionCookie { owner: token().owner, sid: token().grant, secret: token().secret };
        let value = cookie.to_wire(&derived(&[0]).session);
        let both = derived(&[0, 1]);
        assert_eq!(RefreshToken::parse(&both.refresh, &wire), Some(token()));
        assert_eq!(SessionCookie::parse(&both.session, &value), Some(cookie));
        assert_ne!(token().to_wire(&both.refresh), wire, "new ones are made with the new key");
        let left = derived(&[1]);
        assert_eq!(RefreshToken::parse(&left.refresh, &wire), None);
        assert_eq!(SessionCookie::parse(&left.session, &value), None);
    }
}
