//! Secrets that Mintedge hands out: how they look, how they are stored, how they are compared.
//!
//! `prefix ‖ 43 base62 digits (256 random bits) ‖ 6 base62 digits (CRC-32 of what stands before)`. The prefix
//! and the checksum let secret scanners find a leaked one; the checksum also lets the server tell a typing
//! error from a guess before it does any I/O. Only the SHA-256 of a secret is stored: with 256 random bits a
//! slow hash would add cost and no safety.

use std::fmt;

use hmac::{Hmac, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::entropy::Entropy;
use crate::protocol::codec::encoding::{base62, from_secret_base64url, secret_base64url};

/// The prefix of client secrets.
pub const CLIENT_SECRET_PREFIX: &str = "mes_";
/// The prefix of admin secrets, one of which a deployment has as `ADMIN_SECRET`.
pub const ADMIN_SECRET_PREFIX: &str = "mea_";
/// Prefix of a client id that carries what the client registered with; see [`crate::protocol::registration::carried`].
pub const CARRIED_ID_PREFIX: &str = "mei_";
/// Prefix of a generated client id; see [`client_id_is_ours`].
pub const CLIENT_ID_PREFIX: &str = "mec_";

const RANDOM_DIGITS: usize = 43;
const CHECKSUM_DIGITS: usize = 6;
const ID_DIGITS: usize = 17;
const ID_TAG_DIGITS: usize = 11;

/// A secret in the clear: shown once to whoever it belongs to, or received from them.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Wraps a secret that a request brought, whatever its form.
    pub fn received(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// Makes a new secret that starts with `prefix`.
    pub fn generate(prefix: &str, entropy: &impl Entropy) -> Self {
        let mut random = Zeroizing::new([0_u8; 32]);
        entropy.fill(&mut *random);
        Self::of_bytes(prefix, &random)
    }

    /// Makes the secret that starts with `prefix` and consists of these bytes, which nobody else can know.
    pub fn of_bytes(prefix: &str, random: &[u8; 32]) -> Self {
        let body = format!("{prefix}{}", base62(random, RANDOM_DIGITS));
        let sum = checksum(&body);
        Self(Zeroizing::new(body + &sum))
    }

    /// The secret's text, for comparing or sending it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The SHA-256 of the secret, which is all that is stored of it.
    pub fn hash(&self) -> SecretHash {
        SecretHash(Sha256::digest(self.0.as_bytes()).into())
    }

    /// Whether the checksum fits: true of every secret made by [`Secret::generate`].
    pub fn is_well_formed(&self) -> bool {
        split_checksum(&self.0).is_some()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Appends the checksum that every secret of ours ends with.
pub(crate) fn with_checksum(body: String) -> String {
    let sum = checksum(&body);
    body + &sum
}

/// Takes the checksum off; `None` if it is wrong.
pub(crate) fn split_checksum(text: &str) -> Option<&str> {
    let split = text.len().checked_sub(CHECKSUM_DIGITS)?;
    let (body, sum) = (text.get(..split)?, text.get(split..)?);
    (checksum(body) == sum).then_some(body)
}

fn checksum(body: &str) -> String {
    base62(&crc32(body.as_bytes()).to_be_bytes(), CHECKSUM_DIGITS)
}

/// CRC-32 as in Ethernet and gzip. Bit by bit: the tables of a faster one would be 16 KB of the upload, and what is summed
/// here is short.
fn crc32(bytes: &[u8]) -> u32 {
    let sum = bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| (sum >> 1) ^ ((sum & 1) * 0xedb8_8320))
    });
    !sum
}

/// The SHA-256 of a secret. Compared in constant time; as JSON base64url.
#[derive(Clone)]
pub struct SecretHash([u8; 32]);

impl SecretHash {
    /// Reads a hash from its 32 bytes, for secrets that another server hashed.
    pub fn from_sha256(digest: [u8; 32]) -> Self {
        Self(digest)
    }

    /// The hash as a key: known only to who has seen the secret, and to the store.
    pub(crate) fn to_key(&self) -> SecretBytes {
        SecretBytes::new(self.0.to_vec())
    }

    /// A hash that no secret has been found for; compared with when there is none, so that the cost is equal.
    pub fn of_nothing() -> Self {
        Self([0; 32])
    }
}

impl PartialEq for SecretHash {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for SecretHash {}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[hash]")
    }
}

impl Serialize for SecretHash {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&secret_base64url(&self.0))
    }
}

impl<'de> Deserialize<'de> for SecretHash {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        let bytes = from_secret_base64url(&text).and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or_else(|| serde::de::Error::custom("not a SHA-256 in base64url"))
    }
}

/// Secret bytes that travel between the Control object and the edge, or lie in a store: private keys and MAC
/// keys. `Debug` is redacted, memory is wiped; as JSON base64url.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretBytes(Zeroizing<Vec<u8>>);

impl SecretBytes {
    /// Wraps bytes that must not be printed.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Draws 32 random bytes.
    pub fn generate(entropy: &impl Entropy) -> Self {
        let mut bytes = vec![0_u8; 32];
        entropy.fill(&mut bytes);
        Self::new(bytes)
    }

    /// The bytes, for computing with them.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl Serialize for SecretBytes {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&secret_base64url(&self.0))
    }
}

impl<'de> Deserialize<'de> for SecretBytes {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        from_secret_base64url(&text).map(Self::new).ok_or_else(|| serde::de::Error::custom("not base64url"))
    }
}

/// Makes a client id that carries a MAC, so that an edge can tell a made-up one without any look-up.
pub fn generate_client_id(mac_key: &SecretBytes, entropy: &impl Entropy) -> String {
    let mut random = [0_u8; 12];
    entropy.fill(&mut random);
    let body = format!("{CLIENT_ID_PREFIX}{}", base62(&random, ID_DIGITS));
    let tag = client_id_tag(mac_key, &body);
    body + &tag
}

/// Whether `client_id` has the form of a generated one.
pub fn is_generated_client_id(client_id: &str) -> bool {
    client_id.starts_with(CLIENT_ID_PREFIX)
}

/// Whether `client_id` has the form of one that carries its registration.
pub fn is_carried_client_id(client_id: &str) -> bool {
    client_id.starts_with(CARRIED_ID_PREFIX)
}

/// Whether a generated `client_id` was made with `mac_key`.
pub fn client_id_is_ours(mac_key: &SecretBytes, client_id: &str) -> bool {
    let split = CLIENT_ID_PREFIX.len() + ID_DIGITS;
    match (client_id.get(..split), client_id.get(split..)) {
        (Some(body), Some(tag)) => client_id_tag(mac_key, body).as_bytes().ct_eq(tag.as_bytes()).into(),
        _ => false,
    }
}

fn client_id_tag(mac_key: &SecretBytes, body: &str) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(mac_key.expose()) else {
        return String::new();
    };
    mac.update(b"client_id\0");
    mac.update(body.as_bytes());
    let tag = mac.finalize().into_bytes();
    base62(tag.get(..8).unwrap_or_default(), ID_TAG_DIGITS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::FakeEntropy;

    #[test]
    fn the_checksum_is_crc_32() {
        // The check values of CRC-32/ISO-HDLC in the catalogue of parametrised CRC algorithms, and of nothing.
        assert_eq!((crc32(b"123456789"), crc32(b"")), (0xcbf4_3926, 0));
    }

    fn entropy() -> FakeEntropy {
        FakeEntropy::seeded(7)
    }

    #[test]
    fn a_generated_secret_has_prefix_length_and_checksum() {
        let secret = Secret::generate(CLIENT_SECRET_PREFIX, &entropy());
        assert!(secret.expose().starts_with("mes_"));
        assert_eq!(secret.expose().len(), 4 + 43 + 6);
        assert!(secret.is_well_formed());
        let flipped = format!("{}x", secret.expose().get(..52).unwrap_or_default());
        assert!(!Secret::received(flipped).is_well_formed());
        assert!(!Secret::received("ü").is_well_formed());
        assert!(!Secret::received("").is_well_formed());
    }

    #[test]
    fn debug_is_redacted_everywhere() {
        let secret = Secret::received("top secret");
        let bytes = SecretBytes::new(b"top secret".to_vec());
        let shown = format!("{secret:?} {bytes:?} {:?}", secret.hash());
        assert_eq!(shown, "[redacted] [redacted] [hash]");
    }

    #[test]
    fn hashes_compare_by_value() {
        assert_eq!(Secret::received("a").hash(), Secret::received("a").hash());
        assert_ne!(Secret::received("a").hash(), Secret::received("b").hash());
    }

    #[test]
    fn a_client_id_of_another_key_or_with_any_changed_character_is_not_ours() {
        let key = SecretBytes::generate(&entropy());
        let id = generate_client_id(&key, &entropy());
        assert!(is_generated_client_id(&id) && client_id_is_ours(&key, &id));
        assert!(!client_id_is_ours(&SecretBytes::new(vec![1; 32]), &id));
        for index in CLIENT_ID_PREFIX.len()..id.len() {
            let mut bytes = id.clone().into_bytes();
            bytes[index] = if bytes[index] == b'A' { b'B' } else { b'A' };
            assert!(!client_id_is_ours(&key, &String::from_utf8(bytes).expect("ascii")), "{index}");
        }
        for short in ["mec_", "mec_ü", ""] {
            assert!(!client_id_is_ours(&key, short));
        }
    }
}
