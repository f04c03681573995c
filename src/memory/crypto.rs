//! Signatures and keys of the kinds that the edge leaves to `WebCrypto`, made with native libraries. `world` and `objects` call
//! it.

use p256::ecdsa::signature::{RandomizedSigner as _, SignatureEncoding as _, Signer as _};
use p256::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _};
use rsa::traits::PublicKeyParts as _;
use rsa::{pkcs1v15, pss};
use sha2::{Digest as _, Sha256, Sha384, Sha512};

use crate::protocol::codec::encoding::{base64url, from_base64url};
use crate::protocol::http::error::ServerError;
use crate::protocol::keys::keyring::{KeyMaterial, SigningKey};
use crate::protocol::model::entropy::Entropy;
use crate::protocol::model::jwk::{Alg, PublicJwk};
use crate::protocol::model::secret::SecretBytes;
use crate::protocol::model::signature_alg::SignatureAlg;

/// Randomness in the form that the libraries take. ECDSA would do without (RFC 6979), but RSA keys and PSS salts need it.
struct Random<'a, E>(&'a E);

impl<E: Entropy> rsa::rand_core::RngCore for Random<'_, E> {
    fn next_u32(&mut self) -> u32 {
        let mut bytes = [0; 4];
        self.0.fill(&mut bytes);
        u32::from_le_bytes(bytes)
    }

    fn next_u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    fn fill_bytes(&mut self, dest: &mut [u8]) {
        self.0.fill(dest);
    }

    fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), rsa::rand_core::Error> {
        self.0.fill(dest);
        Ok(())
    }
}

impl<E: Entropy> rsa::rand_core::CryptoRng for Random<'_, E> {}

/// Makes a key pair for `alg`.
///
/// # Errors
/// If the libraries fail to make or encode one.
pub fn generate_key(alg: Alg, entropy: &impl Entropy) -> Result<KeyMaterial, ServerError> {
    let mut random = Random(entropy);
    match alg {
        Alg::EdDsa => Ok(KeyMaterial::ed25519(entropy)),
        Alg::Es256 => {
            let key = p256::ecdsa::SigningKey::random(&mut random);
            let point = key.verifying_key().to_encoded_point(false);
            let coordinate =
                |bytes: Option<&p256::FieldBytes>| bytes.map(|bytes| base64url(bytes)).unwrap_or_default();
            let public =
                PublicJwk::Ec { crv: "P-256".to_owned(), x: coordinate(point.x()), y: coordinate(point.y()) };
            let private = p256::SecretKey::from(key.as_nonzero_scalar()).to_pkcs8_der().map_err(failed)?;
            Ok(KeyMaterial { alg, public, private: SecretBytes::new(private.as_bytes().to_vec()) })
        }
        Alg::Rs256 | Alg::Ps256 => {
            let key = rsa::RsaPrivateKey::new(&mut random, 2048).map_err(failed)?;
            let public =
                PublicJwk::Rsa { e: base64url(&key.e().to_bytes_be()), n: base64url(&key.n().to_bytes_be()) };
            let private = key.to_pkcs8_der().map_err(failed)?;
            Ok(KeyMaterial { alg, public, private: SecretBytes::new(private.as_bytes().to_vec()) })
        }
    }
}

/// Signs `message` with `key`, in the form that RFC 7518 §3 has for its algorithm.
pub(super) fn sign(key: &SigningKey, message: &[u8], entropy: &impl Entropy) -> Result<Vec<u8>, ServerError> {
    let der = key.private().expose();
    let mut random = Random(entropy);
    match key.public.alg {
        Alg::EdDsa => {
            let key = key.ed25519().ok_or(ServerError::internal("an Ed25519 key without a seed"))?;
            Ok(crate::protocol::keys::ed25519::sign(key, message))
        }
        Alg::Es256 => {
            let key = p256::ecdsa::SigningKey::from_pkcs8_der(der).map_err(failed)?;
            let signature: p256::ecdsa::Signature = key.sign(message);
            Ok(signature.to_bytes().to_vec())
        }
        Alg::Rs256 => {
            let key = rsa::RsaPrivateKey::from_pkcs8_der(der).map_err(failed)?;
            Ok(pkcs1v15::SigningKey::<Sha256>::new(key).sign(message).to_vec())
        }
        Alg::Ps256 => {
            let key = rsa::RsaPrivateKey::from_pkcs8_der(der).map_err(failed)?;
            Ok(pss::SigningKey::<Sha256>::new(key).sign_with_rng(&mut random, message).to_vec())
        }
    }
}

/// Whether `signature` was made over `message` by the private side of `key`. Ed25519 doesn't come here: the protocol verifies it.
pub(super) fn verify(alg: SignatureAlg, key: &PublicJwk, message: &[u8], signature: &[u8]) -> bool {
    let bytes = |text: &str| from_base64url(text).unwrap_or_default();
    match key {
        PublicJwk::Okp { .. } => false,
        PublicJwk::Ec { x, y, .. } => {
            verify_ecdsa(alg, &[vec![4], bytes(x), bytes(y)].concat(), message, signature)
        }
        PublicJwk::Rsa { e, n } => {
            let number = |text: &str| rsa::BigUint::from_bytes_be(&bytes(text));
            let public = rsa::RsaPublicKey::new(number(n), number(e));
            public.is_ok_and(|public| verify_rsa(alg, &public, message, signature))
        }
    }
}

fn verify_ecdsa(alg: SignatureAlg, point: &[u8], message: &[u8], signature: &[u8]) -> bool {
    use p256::ecdsa::signature::Verifier as _;
    match alg {
        SignatureAlg::Es256 => {
            let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(point).ok();
            let signature = p256::ecdsa::Signature::from_slice(signature).ok();
            key.zip(signature).is_some_and(|(key, signature)| key.verify(message, &signature).is_ok())
        }
        SignatureAlg::Es384 => {
            let key = p384::ecdsa::VerifyingKey::from_sec1_bytes(point).ok();
            let signature = p384::ecdsa::Signature::from_slice(signature).ok();
            key.zip(signature).is_some_and(|(key, signature)| key.verify(message, &signature).is_ok())
        }
        SignatureAlg::Es512 => {
            let key = p521::ecdsa::VerifyingKey::from_sec1_bytes(point).ok();
            let signature = p521::ecdsa::Signature::from_slice(signature).ok();
            key.zip(signature).is_some_and(|(key, signature)| key.verify(message, &signature).is_ok())
        }
        _ => false,
    }
}

fn verify_rsa(alg: SignatureAlg, key: &rsa::RsaPublicKey, message: &[u8], signature: &[u8]) -> bool {
    let (sha256, sha384, sha512) =
        (Sha256::digest(message), Sha384::digest(message), Sha512::digest(message));
    let is_valid = match alg {
        SignatureAlg::Rs256 => key.verify(rsa::Pkcs1v15Sign::new::<Sha256>(), &sha256, signature),
        SignatureAlg::Rs384 => key.verify(rsa::Pkcs1v15Sign::new::<Sha384>(), &sha384, signature),
        SignatureAlg::Rs512 => key.verify(rsa::Pkcs1v15Sign::new::<Sha512>(), &sha512, signature),
        // RFC 7518 §3.5: the salt is as long as the hash.
        SignatureAlg::Ps256 => key.verify(rsa::Pss::new_with_salt::<Sha256>(32), &sha256, signature),
        SignatureAlg::Ps384 => key.verify(rsa::Pss::new_with_salt::<Sha384>(48), &sha384, signature),
        SignatureAlg::Ps512 => key.verify(rsa::Pss::new_with_salt::<Sha512>(64), &sha512, signature),
        _ => return false,
    };
    is_valid.is_ok()
}

fn failed(error: impl std::fmt::Display) -> ServerError {
    ServerError::internal(error.to_string())
}
