//! Sealed values: only this server can make and read them, though others carry them. They are authorization codes, requests in
//! open pages, and references to grants in access tokens.
//!
//! `prefix ‖ base64url(NAMED ‖ generation ‖ nonce ‖ ciphertext) ‖ checksum`: XChaCha20-Poly1305 over JSON. What stands before the
//! nonce is the additional data, so a value of one kind never opens as another. Values of releases before there were generations
//! lack the two bytes and open for as long as that generation of the root secret is good.

use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::derived::{Guard, NAMED};
use crate::protocol::http::error::ServerError;
use crate::protocol::http::json::to_json;
use crate::protocol::model::entropy::Entropy;
use crate::protocol::{
    codec::encoding::from_json, codec::encoding::from_secret_base64url, codec::encoding::secret_base64url,
};
use crate::protocol::{
    model::secret::SecretBytes, model::secret::split_checksum, model::secret::with_checksum,
};

const NONCE: usize = 24;

/// The prefix of an authorization code.
pub const CODE_PREFIX: &str = "meo_";
/// The prefix of an authorization request that waits in an open page.
pub const FLOW_PREFIX: &str = "mef_";
/// The prefix of the reference to a grant in an access token.
pub const GRANT_PREFIX: &str = "meg_";

/// Seals `value` with the current key, as text that begins with `prefix`.
///
/// # Errors
/// Ours only: `value` is no JSON, or the cipher refuses.
pub fn seal<T: Serialize>(
    guard: &Guard,
    prefix: &str,
    value: &T,
    entropy: &impl Entropy,
) -> Result<String, ServerError> {
    let plain = to_json(value)?;
    let (id, key) = guard.current();
    let aad = [prefix.as_bytes(), &[NAMED, id]].concat();
    let bytes = [[NAMED, id].to_vec(), encrypted(key, &aad, plain.as_bytes(), entropy)?].concat();
    Ok(with_checksum(format!("{prefix}{}", secret_base64url(&bytes))))
}

/// Encrypts `plain`, bound to `aad`. Returns the nonce (24 bytes), ciphertext and tag.
pub(super) fn encrypted(
    key: &SecretBytes,
    aad: &[u8],
    plain: &[u8],
    entropy: &impl Entropy,
) -> Result<Vec<u8>, ServerError> {
    let mut nonce = [0_u8; NONCE];
    entropy.fill(&mut nonce);
    let payload = Payload { msg: plain, aad };
    let cipher = XChaCha20Poly1305::new_from_slice(key.expose());
    let sealed = cipher.ok().and_then(|cipher| cipher.encrypt(&XNonce::from(nonce), payload).ok());
    Ok([nonce.to_vec(), sealed.ok_or(ServerError::internal("sealing failed"))?].concat())
}

/// Opens a sealed value. `None` for anything that this server did not seal with one of these keys and this prefix.
pub fn open<T: DeserializeOwned>(guard: &Guard, prefix: &str, text: &str) -> Option<T> {
    from_json(&unsealed(guard, prefix, text)?)
}

fn unsealed(guard: &Guard, prefix: &str, text: &str) -> Option<Vec<u8>> {
    let bytes = from_secret_base64url(split_checksum(text)?.strip_prefix(prefix)?)?;
    if let Some((head @ [NAMED, id], rest)) = bytes.split_first_chunk::<2>()
        && let Some(key) = guard.named(*id)
        && let Some(plain) = decrypted(&key, &[prefix.as_bytes(), head].concat(), rest)
    {
        return Some(plain);
    }
    decrypted(&guard.unnamed()?, prefix.as_bytes(), &bytes)
}

/// Decrypts what [`encrypted`] returned. `None` if the key or `aad` is another one, or a bit was changed.
pub(super) fn decrypted(key: &SecretBytes, aad: &[u8], bytes: &[u8]) -> Option<Vec<u8>> {
    let (nonce, ciphertext) = bytes.split_first_chunk::<NONCE>()?;
    let payload = Payload { msg: ciphertext, aad };
    let cipher = XChaCha20Poly1305::new_from_slice(key.expose()).ok()?;
    cipher.decrypt(&XNonce::from(*nonce), payload).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::FakeEntropy;
    use crate::protocol::keys::derived::{Derived, Root};

    fn derived(generations: &[(u8, bool)], writing: u8) -> Derived {
        let root = |(id, unnamed): &(u8, bool)| Root {
            id: *id,
            secret: SecretBytes::new(vec![*id; 32]),
            retired_for: std::collections::BTreeSet::new(),
            unnamed_until: unnamed.then_some(crate::protocol::model::time::Timestamp(1)),
        };
        Derived::new(&SecretBytes::new(vec![7; 32]), generations.iter().map(root).collect(), writing)
    }

    #[test]
    fn a_value_opens_with_its_key_and_prefix_only_and_with_no_character_changed() {
        let keys = derived(&[(0, false), (1, false)], 1);
        let sealed = seal(&keys.code, CODE_PREFIX, &"value", &FakeEntropy::seeded(0)).expect("sealed");
        let reads = |guard: &Guard, prefix, text: &str| open::<String>(guard, prefix, text).is_some();
        assert_eq!(open::<String>(&keys.code, CODE_PREFIX, &sealed).as_deref(), Some("value"));
        assert!(reads(&derived(&[(1, false), (2, false)], 2).code, CODE_PREFIX, &sealed), "rotated since");
        assert!(!reads(&keys.code, FLOW_PREFIX, &sealed));
        assert!(!reads(&keys.flow, CODE_PREFIX, &sealed));
        assert!(!reads(&derived(&[(0, true), (2, false)], 2).code, CODE_PREFIX, &sealed), "retired since");
        for index in 0..sealed.len() {
            let mut bytes = sealed.clone().into_bytes();
            bytes[index] ^= 1;
            let changed = String::from_utf8(bytes).expect("ascii");
            assert!(!reads(&keys.code, CODE_PREFIX, &changed), "{index}");
        }
        for short in ["", "meo_", "meo_000000"] {
            assert!(!reads(&keys.code, CODE_PREFIX, short), "{short}");
        }
    }

    #[test]
    fn a_value_of_an_earlier_release_opens_while_that_ones_generation_is_there() {
        let first = derived(&[(0, true)], 0);
        let key = XChaCha20Poly1305::new_from_slice(first.code.current().1.expose()).expect("a key");
        // A nonce that looks as if it named a generation, too.
        for nonce in [[3; NONCE], [NAMED; NONCE], [0; NONCE]] {
            let payload = Payload { msg: b"\"value\"", aad: CODE_PREFIX.as_bytes() };
            let sealed = key.encrypt(&XNonce::from(nonce), payload).expect("sealed");
            let body = secret_base64url(&[nonce.as_slice(), &sealed].concat());
            let text = with_checksum(format!("{CODE_PREFIX}{body}"));
            for (generations, opens) in [
                (&[(0, true), (NAMED, false)], true),
                (&[(0, false), (1, false)], false),
                (&[(1, false), (2, false)], false),
            ] {
                let keys = derived(generations, generations[1].0);
                assert_eq!(open::<String>(&keys.code, CODE_PREFIX, &text).is_some(), opens);
            }
        }
    }
}
