//! The form of refresh tokens and session cookies: what an edge can check of them before it asks anybody.
//!
//! A refresh token is `mer_ ‖ base64url(version ‖ key ‖ masked owner ‖ grant ‖ generation ‖ secret ‖ tag) ‖ checksum`. The
//! secret can be made only with the grant's seed, which is in its object; the tag only with the edges' key. Neither a leak of
//! the database nor one of the key forges a token. The owner is masked with a MAC over the rest, so that clients that
//! know a person under pairwise names can't tell from their tokens that it is one person.

use subtle::ConstantTimeEq as _;

use super::derived::mac;
use super::encoding::{base64url, from_base64url};
use super::id::Id;
use super::secret::{SecretBytes, split_checksum, with_checksum};
use super::subject::UserId;

/// Prefix of a refresh token.
pub const REFRESH_PREFIX: &str = "mer_";
/// Prefix of a session cookie's value.
pub const SESSION_PREFIX: &str = "meu_";
/// The layouts below.
const VERSION: u8 = 2;
/// Which of the keys made the tag; there is one.
const KEY: u8 = 0;
const TAG: usize = 16;

/// A refresh token that this server made: its tag is right. Whether it is alive only its object knows.
#[derive(Clone, PartialEq, Eq)]
pub struct RefreshToken {
    /// Whose grant it is.
    pub owner: UserId,
    /// Which one.
    pub grant: Id,
    /// Which of the grant's tokens, counted from 0.
    pub generation: u32,
    /// Proves it to the object.
    pub secret: SecretBytes,
}

impl std::fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RefreshToken(generation {})", self.generation)
    }
}

impl RefreshToken {
    /// The token on the wire.
    pub fn to_wire(&self, key: &SecretBytes) -> String {
        let rest =
            [self.grant.bytes().as_slice(), &self.generation.to_be_bytes(), self.secret.expose()].concat();
        let owner = masked(key, *self.owner.bytes(), &rest);
        tagged(REFRESH_PREFIX, key, [[VERSION, KEY].as_slice(), &owner, &rest].concat())
    }

    /// Reads a token; `None` unless this server made it.
    pub fn parse(key: &SecretBytes, text: &str) -> Option<Self> {
        let body = untagged(REFRESH_PREFIX, key, text)?;
        let mut rest = body.as_slice();
        if take::<2>(&mut rest)? != [VERSION, KEY] {
            return None;
        }
        let owner = take(&mut rest)?;
        let owner = UserId::from_bytes(masked(key, owner, rest));
        let grant = Id::from_bytes(take(&mut rest)?);
        let generation = u32::from_be_bytes(take(&mut rest)?);
        let secret = SecretBytes::new(take::<32>(&mut rest)?.to_vec());
        rest.is_empty().then_some(Self { owner, grant, generation, secret })
    }
}

/// Masks the owner, or takes the mask off.
fn masked(key: &SecretBytes, mut owner: [u8; 16], rest: &[u8]) -> [u8; 16] {
    for (byte, mask) in owner.iter_mut().zip(mac(key, &[b"owner", rest])) {
        *byte ^= mask;
    }
    owner
}

/// What a browser shows of its session: the cookie's value, tag checked.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionCookie {
    /// Who is logged in.
    pub owner: UserId,
    /// Which session.
    pub sid: Id,
    /// Proves it to the object.
    pub secret: SecretBytes,
}

impl std::fmt::Debug for SessionCookie {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionCookie([redacted])")
    }
}

impl SessionCookie {
    /// The cookie's value.
    pub fn to_wire(&self, key: &SecretBytes) -> String {
        let body = [&[VERSION, KEY], self.owner.bytes().as_slice(), self.sid.bytes(), self.secret.expose()];
        tagged(SESSION_PREFIX, key, body.concat())
    }

    /// Reads a cookie's value; `None` unless this server made it.
    pub fn parse(key: &SecretBytes, text: &str) -> Option<Self> {
        let body = untagged(SESSION_PREFIX, key, text)?;
        let mut rest = body.as_slice();
        if take::<2>(&mut rest)? != [VERSION, KEY] {
            return None;
        }
        let owner = UserId::from_bytes(take(&mut rest)?);
        let sid = Id::from_bytes(take(&mut rest)?);
        let secret = SecretBytes::new(take::<32>(&mut rest)?.to_vec());
        rest.is_empty().then_some(Self { owner, sid, secret })
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (head, tail) = rest.split_at_checked(N)?;
    *rest = tail;
    head.try_into().ok()
}

pub(crate) fn tagged(prefix: &str, key: &SecretBytes, mut body: Vec<u8>) -> String {
    let tag = mac(key, &[prefix.as_bytes(), &body]);
    body.extend(tag.get(..TAG).unwrap_or_default());
    with_checksum(format!("{prefix}{}", base64url(&body)))
}

pub(crate) fn untagged(prefix: &str, key: &SecretBytes, text: &str) -> Option<Vec<u8>> {
    let mut body = from_base64url(split_checksum(text)?.strip_prefix(prefix)?)?;
    let split = body.len().checked_sub(TAG)?;
    let tag = body.split_off(split);
    let expected = mac(key, &[prefix.as_bytes(), &body]);
    bool::from(expected.get(..TAG).unwrap_or_default().ct_eq(&tag)).then_some(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_back_and_no_changed_character_survives() {
        let key = SecretBytes::new(vec![3; 32]);
        let token = RefreshToken {
            owner: UserId::from_bytes([1; 16]),
            grant: Id::from_bytes([2; 16]),
            generation: 7,
            secret: SecretBytes::new(vec![4; 32]),
        };
        let wire = token.to_wire(&key);
        assert_eq!(RefreshToken::parse(&key, &wire), Some(token));
        assert_eq!(RefreshToken::parse(&SecretBytes::new(vec![9; 32]), &wire), None);
        assert_eq!(SessionCookie::parse(&key, &wire), None);
        for index in 0..wire.len() {
            let mut bytes = wire.clone().into_bytes();
            bytes[index] ^= 1;
            let changed = String::from_utf8(bytes).expect("ascii");
            assert_eq!(RefreshToken::parse(&key, &changed), None, "{index}");
        }
        let body = untagged(REFRESH_PREFIX, &key, &wire).expect("tagged");
        assert!(!body.windows(16).any(|bytes| bytes == [1; 16]), "the owner shows");
        for short in ["", "mer_", "mer_000000", "mer_AAAA000000"] {
            assert_eq!(RefreshToken::parse(&key, short), None, "{short}");
        }
    }
}
