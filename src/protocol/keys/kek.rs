//! Private keys at rest: wrapped by the deployment's key encryption key (`KEK`), and wrapped again when that is replaced. The
//! Control object stores them like this.
//!
//! Each wrapped key says which `KEK` it lies under. So a deployment that has the new `KEK` and the one before opens everything,
//! whichever of the two it was wrapped by.

use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::derived::mac;
use crate::protocol::codec::encoding::{from_secret_base64url, secret_base64url};
use crate::protocol::http::error::ServerError;
use crate::protocol::model::entropy::Entropy;
use crate::protocol::model::secret::SecretBytes;

/// A private key as it is stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StoredPrivate {
    /// The key itself, because the deployment has no `KEK`.
    Clear(SecretBytes),
    /// The key encrypted with XChaCha20-Poly1305 under a `KEK`, bound to the issuer and to the key's name.
    Wrapped {
        /// The `KEK` it is wrapped by, named by a digest.
        kek: String,
        /// The nonce: 24 bytes, base64url.
        nonce: String,
        /// The ciphertext and its tag, base64url.
        ciphertext: String,
    },
}

impl StoredPrivate {
    /// The `KEK` that the key is wrapped by; `None` if it is not wrapped.
    pub fn kek(&self) -> Option<&str> {
        match self {
            Self::Clear(_) => None,
            Self::Wrapped { kek, .. } => Some(kek),
        }
    }
}

/// A key encryption key: 32 bytes. The deployment's secret holds them as base64url.
#[derive(Debug, Clone)]
pub struct Kek(SecretBytes);

impl Kek {
    /// Reads the text of a deployment's secret.
    ///
    /// # Errors
    /// If it isn't 32 bytes in base64url: better no service than keys at rest in the clear by accident.
    pub fn parse(text: &str) -> Result<Self, ServerError> {
        match from_secret_base64url(text.trim()) {
            Some(bytes) if bytes.len() == 32 => Ok(Self(SecretBytes::new(bytes))),
            _ => Err(ServerError::misconfigured(
                "KEK has to be 32 bytes in base64url without padding, and KEK_PREVIOUS such values with spaces between",
            )),
        }
    }

    /// A digest that names this `KEK` without giving it away.
    pub fn id(&self) -> String {
        let digest =
            Sha256::new().chain_update(b"mintedge kek id\0").chain_update(self.0.expose()).finalize();
        secret_base64url(digest.get(..9).unwrap_or_default())
    }

    fn derived(&self, parts: &[&[u8]]) -> SecretBytes {
        SecretBytes::new(mac(&self.0, parts).to_vec())
    }

    fn wrap(
        &self,
        private: &SecretBytes,
        aad: &[u8],
        entropy: &impl Entropy,
    ) -> Result<StoredPrivate, ServerError> {
        let mut nonce = [0_u8; 24];
        entropy.fill(&mut nonce);
        let payload = Payload { msg: private.expose(), aad };
        let sealed = self.cipher()?.encrypt(&XNonce::from(nonce), payload);
        let ciphertext = sealed.map_err(|_| ServerError::internal("wrapping a private key failed"))?;
        Ok(StoredPrivate::Wrapped {
            kek: self.id(),
            nonce: secret_base64url(&nonce),
            ciphertext: secret_base64url(&ciphertext),
        })
    }

    fn unwrap_private(&self, nonce: &str, ciphertext: &str, aad: &[u8]) -> Option<SecretBytes> {
        let nonce: [u8; 24] = from_secret_base64url(nonce)?.try_into().ok()?;
        let ciphertext = from_secret_base64url(ciphertext)?;
        let payload = Payload { msg: &ciphertext, aad };
        self.cipher().ok()?.decrypt(&XNonce::from(nonce), payload).ok().map(SecretBytes::new)
    }

    fn cipher(&self) -> Result<XChaCha20Poly1305, ServerError> {
        XChaCha20Poly1305::new_from_slice(self.0.expose())
            .map_err(|_| ServerError::internal("KEK has the wrong length"))
    }
}

fn wrapping_context(issuer: &str, name: &str) -> Vec<u8> {
    format!("mintedge private key v1\n{issuer}\n{name}").into_bytes()
}

/// The key encryption keys of a deployment: the one that wraps (`KEK`), and those it replaces (`KEK_PREVIOUS`).
#[derive(Debug, Clone, Default)]
pub struct Keks {
    current: Option<Kek>,
    previous: Vec<Kek>,
}

impl Keks {
    /// Reads the deployment's secrets; `previous` may hold several of them, separated by spaces.
    ///
    /// # Errors
    /// If one isn't a key, or there is a previous one without a current one: taking the `KEK` away by mistake must not lay
    /// keys open.
    pub fn parse(current: Option<&str>, previous: Option<&str>) -> Result<Self, ServerError> {
        let current = current.map(Kek::parse).transpose()?;
        let previous = previous.unwrap_or_default().split_whitespace().map(Kek::parse);
        let previous = previous.collect::<Result<Vec<_>, _>>()?;
        if current.is_none() && !previous.is_empty() {
            return Err(ServerError::misconfigured("KEK_PREVIOUS is set and KEK is not: set KEK too"));
        }
        Ok(Self { current, previous })
    }

    /// Whether the deployment has no `KEK` at all.
    pub fn is_empty(&self) -> bool {
        self.current.is_none()
    }

    /// The name of the `KEK` that wraps, if there is one.
    pub fn id(&self) -> Option<String> {
        self.current.as_ref().map(Kek::id)
    }

    /// Wraps `private` for `issuer` and `name`. Without a `KEK` it stays as it is.
    ///
    /// # Errors
    /// Never for inputs of this size.
    pub fn wrap(
        &self,
        private: SecretBytes,
        issuer: &str,
        name: &str,
        entropy: &impl Entropy,
    ) -> Result<StoredPrivate, ServerError> {
        match &self.current {
            Some(kek) => kek.wrap(&private, &wrapping_context(issuer, name), entropy),
            None => Ok(StoredPrivate::Clear(private)),
        }
    }

    /// Opens a stored key.
    ///
    /// # Errors
    /// If it is wrapped by a `KEK` that is not among these.
    pub fn open(&self, stored: &StoredPrivate, issuer: &str, name: &str) -> Result<SecretBytes, ServerError> {
        match stored {
            StoredPrivate::Clear(private) => Ok(private.clone()),
            StoredPrivate::Wrapped { kek: id, nonce, ciphertext } => {
                let kek = self.named(id).ok_or_else(|| self.missing(id))?;
                kek.unwrap_private(nonce, ciphertext, &wrapping_context(issuer, name))
                    .ok_or(ServerError::internal("a wrapped key is damaged"))
            }
        }
    }

    /// Wraps a stored key by the current `KEK`. `None` if it already is, or if there is no `KEK`.
    ///
    /// # Errors
    /// As [`Keks::open`].
    pub fn rewrap(
        &self,
        stored: &StoredPrivate,
        issuer: &str,
        name: &str,
        entropy: &impl Entropy,
    ) -> Result<Option<StoredPrivate>, ServerError> {
        let Some(current) = self.id() else { return Ok(None) };
        if stored.kek() == Some(&current) {
            return Ok(None);
        }
        let private = self.open(stored, issuer, name)?;
        self.wrap(private, issuer, name, entropy).map(Some)
    }

    /// Checks that `stored` can be opened.
    ///
    /// # Errors
    /// If not: with what to do.
    pub fn check(&self, stored: &StoredPrivate) -> Result<(), ServerError> {
        match stored.kek() {
            Some(id) if self.named(id).is_none() => Err(self.missing(id)),
            _ => Ok(()),
        }
    }

    /// A key for another purpose than wrapping, derived from the current `KEK`, with the name of that `KEK`.
    pub(super) fn current_derived(&self, parts: &[&[u8]]) -> Option<(String, SecretBytes)> {
        self.current.as_ref().map(|kek| (kek.id(), kek.derived(parts)))
    }

    /// The key of [`Keks::current_derived`], but from the `KEK` named `id`, if that is the current one or one of those it
    /// replaces.
    pub(super) fn derived(&self, id: &str, parts: &[&[u8]]) -> Option<SecretBytes> {
        self.named(id).map(|kek| kek.derived(parts))
    }

    fn named(&self, id: &str) -> Option<&Kek> {
        self.current.iter().chain(&self.previous).find(|kek| kek.id() == id)
    }

    fn missing(&self, id: &str) -> ServerError {
        let set = self.id().map_or_else(|| "is not set".to_owned(), |set| format!("is {set}"));
        ServerError::misconfigured(format!(
            "the server's keys are wrapped by the KEK {id}, and the KEK secret {set}: set KEK back to it, or set \
             KEK_PREVIOUS to it and the keys are wrapped anew"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::FakeEntropy;

    fn text(byte: u8) -> String {
        secret_base64url(&[byte; 32])
    }

    fn keks(current: u8, previous: &[u8]) -> Keks {
        let previous: Vec<String> = previous.iter().map(|byte| text(*byte)).collect();
        Keks::parse(Some(&text(current)), Some(&previous.join(" "))).expect("keys")
    }

    #[test]
    fn a_key_opens_with_its_kek_wherever_that_stands_and_with_no_other() {
        let private = SecretBytes::new(vec![9; 32]);
        let stored =
            keks(1, &[]).wrap(private.clone(), "issuer", "name", &FakeEntropy::seeded(0)).expect("wrapped");
        for fitting in [keks(1, &[]), keks(2, &[1]), keks(2, &[3, 1]), keks(1, &[1])] {
            assert_eq!(fitting.open(&stored, "issuer", "name"), Ok(private.clone()));
        }
        for other in [keks(2, &[]), keks(2, &[3]), Keks::default()] {
            let Err(ServerError::Misconfigured(detail)) = other.open(&stored, "issuer", "name") else {
                panic!("opened with {other:?}")
            };
            assert!(detail.contains(&keks(1, &[]).id().expect("an id")), "{detail}");
            assert!(detail.contains("KEK_PREVIOUS") && !detail.contains(&text(2)), "{detail}");
            assert!(other.check(&stored).is_err());
        }
        for (issuer, name) in [("other", "name"), ("issuer", "other")] {
            assert!(matches!(keks(1, &[]).open(&stored, issuer, name), Err(ServerError::Internal(_))));
        }
    }

    #[test]
    fn rewrapping_moves_to_the_current_kek_and_stops_there() {
        let private = SecretBytes::new(vec![9; 32]);
        let clear = StoredPrivate::Clear(private.clone());
        assert!(
            Keks::default()
                .rewrap(&clear, "i", "n", &FakeEntropy::seeded(0))
                .expect("nothing to do")
                .is_none()
        );
        let old =
            keks(1, &[]).rewrap(&clear, "i", "n", &FakeEntropy::seeded(0)).expect("opened").expect("wrapped");
        let new =
            keks(2, &[1]).rewrap(&old, "i", "n", &FakeEntropy::seeded(0)).expect("opened").expect("wrapped");
        assert_eq!(new.kek().map(str::to_owned), keks(2, &[]).id());
        assert!(keks(2, &[1]).rewrap(&new, "i", "n", &FakeEntropy::seeded(0)).expect("opened").is_none());
        assert_eq!(keks(2, &[]).open(&new, "i", "n"), Ok(private));
        assert!(keks(3, &[]).rewrap(&new, "i", "n", &FakeEntropy::seeded(0)).is_err());
    }

    #[test]
    fn what_is_no_kek_is_refused() {
        for (current, previous) in [(Some("short"), None), (None, Some("short"))] {
            assert!(Keks::parse(current, previous).is_err());
        }
        assert!(Keks::parse(None, Some(&text(1))).is_err(), "a previous one alone");
        assert!(Keks::parse(None, Some(" ")).expect("none").id().is_none());
    }
}
