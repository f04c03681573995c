//! Verifies signatures, and remembers which ones were valid: an API that introspects a token, or exchanges it for each of its own
//! requests, shows the same token again and again, and verifying it costs more than everything else that such a request does.
//!
//! A signature is remembered as a hash of everything that makes it valid: algorithm, key, message and signature. Whether the key
//! still counts, when the token expires and whether it was revoked is no part of that, and is looked up each time. Only valid
//! signatures are remembered, so made-up tokens push nothing out.

use std::cell::RefCell;
use std::collections::BTreeSet;

use sha2::{Digest as _, Sha256};

use super::ports::Platform;
use crate::protocol::http::error::ServerError;
use crate::protocol::keys::ed25519;
use crate::protocol::model::jwk::PublicJwk;
use crate::protocol::model::signature_alg::SignatureAlg;

/// How many signatures a generation has; an isolate remembers two generations.
const GENERATION: usize = 512;

type Hash = [u8; 32];

/// The valid signatures that an isolate remembers. The older generation goes when the younger one is full.
#[derive(Default)]
pub(crate) struct KnownSignatures(RefCell<Generations>);

#[derive(Default)]
struct Generations {
    younger: BTreeSet<Hash>,
    older: BTreeSet<Hash>,
}

impl KnownSignatures {
    fn contains(&self, hash: &Hash) -> bool {
        let known = self.0.borrow();
        known.younger.contains(hash) || known.older.contains(hash)
    }

    fn insert(&self, hash: Hash) {
        let mut known = self.0.borrow_mut();
        if known.younger.len() >= GENERATION {
            known.older = std::mem::take(&mut known.younger);
        }
        known.younger.insert(hash);
    }
}

impl KnownSignatures {
    /// Whether `signature` was made over `message` by the private side of `key`, with `alg`. Ed25519 is verified here, the others
    /// by the platform.
    ///
    /// # Errors
    /// If the platform's crypto is out of reach.
    pub(crate) async fn is_valid<P: Platform>(
        &self,
        platform: &P,
        (alg, key): (SignatureAlg, &PublicJwk),
        message: &[u8],
        signature: &[u8],
    ) -> Result<bool, ServerError> {
        let hash = hash(alg, key, message, signature);
        if self.contains(&hash) {
            return Ok(true);
        }
        let is_valid = self.verify(platform, (alg, key), message, signature).await?;
        if is_valid {
            self.insert(hash);
        }
        Ok(is_valid)
    }

    /// The same without looking it up or remembering it: for what is shown only once.
    ///
    /// # Errors
    /// If the platform's crypto is out of reach.
    pub(crate) async fn verify<P: Platform>(
        &self,
        platform: &P,
        (alg, key): (SignatureAlg, &PublicJwk),
        message: &[u8],
        signature: &[u8],
    ) -> Result<bool, ServerError> {
        match alg {
            SignatureAlg::EdDsa | SignatureAlg::Ed25519 => Ok(ed25519::verify(key, message, signature)),
            _ => platform.verify(alg, key, message, signature).await,
        }
    }
}

/// The hash of all that a signature's validity depends on. Each part has its length before it, so that no two sets of parts read
/// alike.
fn hash(alg: SignatureAlg, key: &PublicJwk, message: &[u8], signature: &[u8]) -> Hash {
    let key = match key {
        PublicJwk::Okp { crv, x } => ["OKP", crv, x, ""],
        PublicJwk::Ec { crv, x, y } => ["EC", crv, x, y],
        PublicJwk::Rsa { e, n } => ["RSA", e, n, ""],
    };
    let mut hasher = Sha256::new();
    let parts = [alg.name()].into_iter().chain(key).map(str::as_bytes).chain([message, signature]);
    for part in parts {
        hasher.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
        hasher.update(part);
    }
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn okp(x: &str) -> PublicJwk {
        PublicJwk::Okp { crv: "Ed25519".to_owned(), x: x.to_owned() }
    }

    #[test]
    fn every_part_of_a_signature_counts() {
        let rsa = |e: &str, n: &str| PublicJwk::Rsa { e: e.to_owned(), n: n.to_owned() };
        let hashes = BTreeSet::from([
            hash(SignatureAlg::EdDsa, &okp("x"), b"message", b"signature"),
            hash(SignatureAlg::EdDsa, &okp("y"), b"message", b"signature"),
            hash(SignatureAlg::EdDsa, &okp("x"), b"messages", b"ignature"),
            hash(SignatureAlg::EdDsa, &okp("x"), b"message", b"Signature"),
            hash(SignatureAlg::EdDsa, &okp("x"), b"Message", b"signature"),
            hash(SignatureAlg::Rs256, &rsa("AQAB", "n"), b"message", b"signature"),
            hash(SignatureAlg::Ps256, &rsa("AQAB", "n"), b"message", b"signature"),
            hash(SignatureAlg::Rs256, &rsa("AQ", "ABn"), b"message", b"signature"),
        ]);
        assert_eq!(hashes.len(), 8);
    }

    #[test]
    fn two_generations_are_remembered_and_no_more() {
        let known = KnownSignatures::default();
        let nth = |n: usize| hash(SignatureAlg::EdDsa, &okp("x"), &n.to_le_bytes(), b"");
        for n in 0..3 * GENERATION {
            known.insert(nth(n));
        }
        assert!(!known.contains(&nth(0)) && !known.contains(&nth(GENERATION - 1)));
        assert!(known.contains(&nth(GENERATION)) && known.contains(&nth(3 * GENERATION - 1)));
        let generations = known.0.borrow();
        assert_eq!((generations.younger.len(), generations.older.len()), (GENERATION, GENERATION));
    }
}
