//! Values that only this server can make and read, carried by others: authorization codes, requests in open pages,
//! references to grants.
//!
//! `prefix ‖ base64url(nonce ‖ ciphertext) ‖ checksum`: XChaCha20-Poly1305 over JSON. The prefix is the additional data,
//! so a value of one kind never opens as another.

use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::encoding::{base64url, from_base64url, from_json};
use super::error::ServerError;
use super::ports::Entropy;
use super::secret::{SecretBytes, split_checksum, with_checksum};

const NONCE: usize = 24;

/// Prefix of an authorization code.
pub const CODE_PREFIX: &str = "meo_";
/// Prefix of a request that waits in an open page.
pub const FLOW_PREFIX: &str = "mef_";
/// Prefix of a reference to a grant in an access token.
pub const GRANT_PREFIX: &str = "meg_";

/// Seals `value`.
///
/// # Errors
/// Ours only: `value` is no JSON, or the cipher refuses.
pub fn seal<T: Serialize>(
    key: &SecretBytes,
    prefix: &str,
    value: &T,
    entropy: &impl Entropy,
) -> Result<String, ServerError> {
    let plain = serde_json::to_vec(value).map_err(|error| ServerError::internal(error.to_string()))?;
    let mut nonce = [0_u8; NONCE];
    entropy.fill(&mut nonce);
    let payload = Payload { msg: &plain, aad: prefix.as_bytes() };
    let cipher = XChaCha20Poly1305::new_from_slice(key.expose());
    let sealed = cipher.ok().and_then(|cipher| cipher.encrypt(&XNonce::from(nonce), payload).ok());
    let mut bytes = nonce.to_vec();
    bytes.extend(sealed.ok_or(ServerError::internal("sealing failed"))?);
    Ok(with_checksum(format!("{prefix}{}", base64url(&bytes))))
}

/// Opens a sealed value; `None` for anything that this server did not seal with this key and prefix.
pub fn open<T: DeserializeOwned>(key: &SecretBytes, prefix: &str, text: &str) -> Option<T> {
    let bytes = from_base64url(split_checksum(text)?.strip_prefix(prefix)?)?;
    let (nonce, ciphertext) = bytes.split_at_checked(NONCE)?;
    let nonce: [u8; NONCE] = nonce.try_into().ok()?;
    let payload = Payload { msg: ciphertext, aad: prefix.as_bytes() };
    let cipher = XChaCha20Poly1305::new_from_slice(key.expose()).ok()?;
    let plain = cipher.decrypt(&XNonce::from(nonce), payload).ok()?;
    from_json(&plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Zeros;
    impl Entropy for Zeros {
        fn fill(&self, _: &mut [u8]) {}
    }

    #[test]
    fn a_value_opens_with_its_key_and_prefix_only_and_with_no_character_changed() {
        let key = SecretBytes::new(vec![7; 32]);
        let sealed = seal(&key, CODE_PREFIX, &"value", &Zeros).expect("sealed");
        assert_eq!(open::<String>(&key, CODE_PREFIX, &sealed).as_deref(), Some("value"));
        assert_eq!(open::<String>(&key, FLOW_PREFIX, &sealed), None);
        assert_eq!(open::<String>(&SecretBytes::new(vec![8; 32]), CODE_PREFIX, &sealed), None);
        for index in 0..sealed.len() {
            let mut bytes = sealed.clone().into_bytes();
            bytes[index] ^= 1;
            let changed = String::from_utf8(bytes).expect("ascii");
            assert_eq!(open::<String>(&key, CODE_PREFIX, &changed), None, "{index}");
        }
        for short in ["", "meo_", "meo_000000"] {
            assert_eq!(open::<String>(&key, CODE_PREFIX, short), None, "{short}");
        }
    }
}
