//! Signing keys: as the Control object stores them, as the edge holds them, and how they are wrapped.

use std::borrow::Cow;

use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use ed25519_dalek::SigningKey as Ed25519SigningKey;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::config::AccessTokenTyp;
use super::derived::Derived;
use super::encoding::{base64url, from_base64url};
use super::error::ServerError;
use super::jwk::{Alg, PublicJwk};
use super::jwt;
use super::ports::Entropy;
use super::secret::SecretBytes;
use super::state::keys::{Schedule, signer};
use super::time::Timestamp;

/// A key pair just made. The private part is a 32-byte seed for Ed25519, PKCS#8 DER for the others.
#[derive(Debug, Clone)]
pub struct KeyMaterial {
    /// What it signs with.
    pub alg: Alg,
    /// Public part.
    pub public: PublicJwk,
    /// Private part.
    pub private: SecretBytes,
}

impl KeyMaterial {
    /// Makes an Ed25519 key; the other kinds come from the platform's crypto.
    pub fn ed25519(entropy: &impl Entropy) -> Self {
        let private = SecretBytes::generate(entropy);
        let public = ed25519_key(&private).map(|key| key.verifying_key().to_bytes());
        let x = base64url(&public.unwrap_or_default());
        Self { alg: Alg::EdDsa, public: PublicJwk::Okp { crv: "Ed25519".to_owned(), x }, private }
    }
}

fn ed25519_key(private: &SecretBytes) -> Option<Ed25519SigningKey> {
    private.expose().try_into().ok().map(Ed25519SigningKey::from_bytes)
}

/// The public side of a key and its schedule: what `/jwks` and the snapshot show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicKey {
    /// RFC 7638 thumbprint.
    pub kid: String,
    /// What it signs with.
    pub alg: Alg,
    /// The key itself.
    pub jwk: PublicJwk,
    /// When it is published, used and gone.
    #[serde(flatten)]
    pub schedule: Schedule,
}

/// A key as the Control object stores it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StoredKey {
    /// Public side.
    #[serde(flatten)]
    pub public: PublicKey,
    /// Private side, wrapped if there is a key encryption key.
    pub private: StoredPrivate,
}

/// A private key at rest.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StoredPrivate {
    /// As it is: the deployment has no `KEK`.
    Clear(SecretBytes),
    /// XChaCha20-Poly1305 under the `KEK`, bound to issuer and `kid`.
    Wrapped {
        /// Which `KEK`: a digest of it.
        kek: String,
        /// 24 bytes, base64url.
        nonce: String,
        /// Ciphertext and tag, base64url.
        ciphertext: String,
    },
}

/// The key encryption key: 32 bytes from the `KEK` secret, base64url there.
#[derive(Debug, Clone)]
pub struct Kek(SecretBytes);

impl Kek {
    /// Reads the secret's text.
    ///
    /// # Errors
    /// If it isn't 32 bytes in base64url: better no service than keys at rest in the clear by accident.
    pub fn parse(text: &str) -> Result<Self, ServerError> {
        match from_base64url(text.trim()) {
            Some(bytes) if bytes.len() == 32 => Ok(Self(SecretBytes::new(bytes))),
            _ => Err(ServerError::internal("KEK has to be 32 bytes in base64url without padding")),
        }
    }

    /// A digest that names this key without giving it away.
    fn id(&self) -> String {
        let digest =
            Sha256::new().chain_update(b"mintedge kek id\0").chain_update(self.0.expose()).finalize();
        base64url(digest.get(..9).unwrap_or_default())
    }

    /// Wraps `private` for `issuer` and `kid`.
    ///
    /// # Errors
    /// Never for inputs of this size.
    pub fn wrap(
        &self,
        private: &SecretBytes,
        issuer: &str,
        kid: &str,
        entropy: &impl Entropy,
    ) -> Result<StoredPrivate, ServerError> {
        let mut nonce = [0_u8; 24];
        entropy.fill(&mut nonce);
        let aad = wrapping_context(issuer, kid);
        let payload = Payload { msg: private.expose(), aad: &aad };
        let sealed = self.cipher()?.encrypt(&XNonce::from(nonce), payload);
        let ciphertext = sealed.map_err(|_| ServerError::internal("wrapping a private key failed"))?;
        Ok(StoredPrivate::Wrapped {
            kek: self.id(),
            nonce: base64url(&nonce),
            ciphertext: base64url(&ciphertext),
        })
    }

    fn unwrap_private(&self, nonce: &str, ciphertext: &str, aad: &[u8]) -> Option<SecretBytes> {
        let nonce: [u8; 24] = from_base64url(nonce)?.try_into().ok()?;
        let ciphertext = from_base64url(ciphertext)?;
        let payload = Payload { msg: &ciphertext, aad };
        self.cipher().ok()?.decrypt(&XNonce::from(nonce), payload).ok().map(SecretBytes::new)
    }

    fn cipher(&self) -> Result<XChaCha20Poly1305, ServerError> {
        XChaCha20Poly1305::new_from_slice(self.0.expose())
            .map_err(|_| ServerError::internal("KEK has the wrong length"))
    }
}

fn wrapping_context(issuer: &str, kid: &str) -> Vec<u8> {
    format!("mintedge private key v1\n{issuer}\n{kid}").into_bytes()
}

impl StoredPrivate {
    /// The private key in the clear.
    ///
    /// # Errors
    /// If it is wrapped and the `KEK` is missing or another one.
    pub fn open(&self, kek: Option<&Kek>, issuer: &str, kid: &str) -> Result<SecretBytes, ServerError> {
        match (self, kek) {
            (Self::Clear(private), _) => Ok(private.clone()),
            (Self::Wrapped { .. }, None) => {
                Err(ServerError::internal("the signing keys are wrapped, and the KEK secret is not set"))
            }
            (Self::Wrapped { kek: id, nonce, ciphertext }, Some(kek)) => {
                if *id != kek.id() {
                    return Err(ServerError::internal("the signing keys are wrapped by another KEK"));
                }
                kek.unwrap_private(nonce, ciphertext, &wrapping_context(issuer, kid))
                    .ok_or(ServerError::internal("a wrapped signing key is damaged"))
            }
        }
    }
}

/// What travels from the Control object to an edge: every key that may still sign.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct KeyringParcel {
    /// Rises with every change of the keys.
    pub version: u64,
    /// What every MAC and sealing key is derived from.
    pub root: SecretBytes,
    /// The keys and their private sides.
    pub keys: Vec<(PublicKey, SecretBytes)>,
}

/// The keys in the form an edge signs with; made once per isolate and key change.
#[derive(Debug)]
pub struct Keyring {
    /// The version of the parcel it was made from.
    pub version: u64,
    /// The symmetric keys.
    pub derived: Derived,
    /// Ready to sign.
    pub keys: Vec<SigningKey>,
}

/// One key, ready to sign.
pub struct SigningKey {
    /// Public side and schedule.
    pub public: PublicKey,
    private: SecretBytes,
    ed25519: Option<Ed25519SigningKey>,
    access_token_header: String,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SigningKey({} {})", self.public.alg.name(), self.public.kid)
    }
}

impl SigningKey {
    /// Prepares a key for signing.
    pub fn new(public: PublicKey, private: SecretBytes) -> Self {
        let ed25519 = if public.alg == Alg::EdDsa { ed25519_key(&private) } else { None };
        let access_token_header = jwt::access_token_header(public.alg, AccessTokenTyp::AtJwt, &public.kid);
        Self { public, private, ed25519, access_token_header }
    }

    /// Header of an access token that is signed with this key, as base64url. The usual one is made once.
    pub fn access_token_header(&self, typ: AccessTokenTyp) -> Cow<'_, str> {
        match typ {
            AccessTokenTyp::AtJwt => Cow::Borrowed(&self.access_token_header),
            AccessTokenTyp::Jwt => {
                Cow::Owned(jwt::access_token_header(self.public.alg, typ, &self.public.kid))
            }
        }
    }

    /// PKCS#8 DER, for the platform's crypto; the seed if this is an Ed25519 key.
    pub fn private(&self) -> &SecretBytes {
        &self.private
    }

    /// The parsed key if this is an Ed25519 key.
    pub fn ed25519(&self) -> Option<&Ed25519SigningKey> {
        self.ed25519.as_ref()
    }
}

impl Keyring {
    /// The key that signs with `alg` at `now`.
    pub fn key(&self, alg: Alg, now: Timestamp) -> Option<&SigningKey> {
        let chosen = signer(self.keys.iter().map(|key| &key.public), alg, now)?;
        self.keys.iter().find(|key| key.public.kid == chosen.kid)
    }
}

impl From<KeyringParcel> for Keyring {
    fn from(parcel: KeyringParcel) -> Self {
        let keys =
            parcel.keys.into_iter().map(|(public, private)| SigningKey::new(public, private)).collect();
        Self { version: parcel.version, derived: Derived::from_root(&parcel.root), keys }
    }
}
