//! Ed25519 (RFC 8032, RFC 8037), signed and verified by `jwt-compact` over `ed25519-dalek`. It is the one algorithm that this
//! server computes itself; the platform computes the others. The signers of `edge` and `memory` and `tokens::verify` call it.

use ed25519_dalek::{Signature, SigningKey, VerifyingKey};
use jwt_compact::Algorithm as _;
use jwt_compact::alg::Ed25519;

use crate::protocol::codec::encoding::from_base64url;
use crate::protocol::model::jwk::PublicJwk;

/// Signs `message`; the signature has 64 bytes.
pub fn sign(key: &SigningKey, message: &[u8]) -> Vec<u8> {
    Ed25519.sign(key, message).to_bytes().to_vec()
}

/// Whether `signature` was made over `message` with the private side of `key`.
///
/// `jwt-compact` accepts keys and signatures in the group of eight points that anybody's signature can be made to fit. No honest
/// key lies there, so they are refused here, as `ed25519-dalek`'s strict verification does.
pub fn verify(key: &PublicJwk, message: &[u8], signature: &[u8]) -> bool {
    let key = verifying_key(key);
    let signature = signature.try_into().ok().map(|bytes| Signature::from_bytes(&bytes));
    match (key, signature) {
        (Some(key), Some(signature)) => {
            let commitment = VerifyingKey::from_bytes(signature.r_bytes());
            let is_sound = !key.is_weak() && commitment.is_ok_and(|commitment| !commitment.is_weak());
            is_sound && Ed25519.verify_signature(&signature, &key, message)
        }
        _ => false,
    }
}

fn verifying_key(key: &PublicJwk) -> Option<VerifyingKey> {
    match key {
        PublicJwk::Okp { x, .. } => {
            let bytes: [u8; 32] = from_base64url(x)?.try_into().ok()?;
            VerifyingKey::from_bytes(&bytes).ok()
        }
        PublicJwk::Ec { .. } | PublicJwk::Rsa { .. } => None,
    }
}
