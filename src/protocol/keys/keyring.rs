//! Key pairs as they are made, as they travel from the Control object to an edge, and as an edge holds them ready to sign.
//! `lookup` keeps a [`Keyring`] per isolate, and `issue` signs with it.

use super::schedule::PublicKey;
use super::token_header;
use std::borrow::Cow;

use ed25519_dalek::SigningKey as Ed25519SigningKey;
use serde::{Deserialize, Serialize};

use super::derived::{Derived, Root};
use super::schedule::signer;
use crate::protocol::codec::encoding::base64url;
use crate::protocol::model::entropy::Entropy;
use crate::protocol::model::jwk::{Alg, PublicJwk};
use crate::protocol::model::secret::SecretBytes;
use crate::protocol::model::time::Timestamp;
use crate::protocol::model::token_type::AccessTokenTyp;

/// A key pair that was just made. The private side is a 32-byte seed for Ed25519 and PKCS#8 DER for the others.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct KeyMaterial {
    /// The algorithm that the key signs with.
    pub alg: Alg,
    /// The public side, as a JWK.
    pub public: PublicJwk,
    /// The private side.
    pub private: SecretBytes,
}

impl KeyMaterial {
    /// Makes an Ed25519 key pair. The platform's crypto makes the other kinds.
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

/// What travels from the Control object to an edge: the root secret and every key that may still sign.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct KeyringParcel {
    /// Rises with every change of the keys.
    pub version: u64,
    /// The secret behind the keys that never change, which name users and clients. In a release that knows no generations all
    /// symmetric keys come from it.
    pub root: SecretBytes,
    /// The generations of the root secret behind all other symmetric keys. Empty if the object is of a release without
    /// generations.
    #[serde(default)]
    pub roots: Vec<Root>,
    /// The generation that new values are made with.
    #[serde(default)]
    pub writing: u8,
    /// The signing keys: public side and private side.
    pub keys: Vec<(PublicKey, SecretBytes)>,
}

/// The keys in the form that an edge signs with, made once per isolate and again when the keys change.
#[derive(Debug)]
pub struct Keyring {
    /// The version of the parcel that this keyring was made from.
    pub version: u64,
    /// The symmetric keys.
    pub derived: Derived,
    /// The signing keys.
    pub keys: Vec<SigningKey>,
}

/// One signing key, ready to use.
pub struct SigningKey {
    /// The public side and the schedule.
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
        let access_token_header =
            token_header::access_token_header(public.alg, AccessTokenTyp::AtJwt, &public.kid);
        Self { public, private, ed25519, access_token_header }
    }

    /// The protected header of an access token that is signed with this key, as base64url. The usual one is made only once.
    pub fn access_token_header(&self, typ: AccessTokenTyp) -> Cow<'_, str> {
        match typ {
            AccessTokenTyp::AtJwt => Cow::Borrowed(&self.access_token_header),
            AccessTokenTyp::Jwt => {
                Cow::Owned(token_header::access_token_header(self.public.alg, typ, &self.public.kid))
            }
        }
    }

    /// The private side for the platform's crypto: PKCS#8 DER, or the seed of an Ed25519 key.
    pub fn private(&self) -> &SecretBytes {
        &self.private
    }

    /// The parsed private key, if this is an Ed25519 key.
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
        let derived = if parcel.roots.is_empty() {
            Derived::from_root(&parcel.root)
        } else {
            Derived::new(&parcel.root, parcel.roots, parcel.writing)
        };
        Self { version: parcel.version, derived, keys }
    }
}
