//! Verifies tokens independently of the code under test.

use base64ct::{Base64UrlUnpadded, Encoding as _};
use ed25519_dalek::Verifier as _;
use rsa::{BigUint, RsaPublicKey, pkcs1v15, pss};
use serde_json::Value;
use sha2::Sha256;

fn decode(text: &str) -> Vec<u8> {
    Base64UrlUnpadded::decode_vec(text).expect("base64url")
}

fn part(token: &str, index: usize) -> Value {
    let part = token.split('.').nth(index).expect("three parts");
    serde_json::from_slice(&decode(part)).expect("JSON")
}

pub fn header(token: &str) -> Value {
    part(token, 0)
}

pub fn claims(token: &str) -> Value {
    part(token, 1)
}

/// Whether `token` verifies with the key of `key_set` that its `kid` names.
pub fn verifies(token: &str, key_set: &Value) -> bool {
    let header = header(token);
    let keys = key_set["keys"].as_array().expect("keys");
    let Some(key) = keys.iter().find(|key| key["kid"] == header["kid"]) else { return false };
    assert_eq!(key["alg"], header["alg"]);
    let (message, signature) = token.rsplit_once('.').expect("three parts");
    let (message, signature) = (message.as_bytes(), decode(signature));
    let member = |name: &str| decode(key[name].as_str().expect("a member"));
    match header["alg"].as_str() {
        Some("EdDSA") => {
            let bytes: [u8; 32] = member("x").try_into().expect("32 bytes");
            let key = ed25519_dalek::VerifyingKey::from_bytes(&bytes).expect("a key");
            ed25519_dalek::Signature::from_slice(&signature)
                .is_ok_and(|signature| key.verify(message, &signature).is_ok())
        }
        Some("ES256") => {
            let point = [vec![4], member("x"), member("y")].concat();
            let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(&point).expect("a key");
            p256::ecdsa::Signature::from_slice(&signature)
                .is_ok_and(|signature| key.verify(message, &signature).is_ok())
        }
        Some(rsa @ ("RS256" | "PS256")) => {
            let (n, e) = (BigUint::from_bytes_be(&member("n")), BigUint::from_bytes_be(&member("e")));
            let key = RsaPublicKey::new(n, e).expect("a key");
            if rsa == "RS256" {
                let signature = pkcs1v15::Signature::try_from(signature.as_slice()).expect("a signature");
                pkcs1v15::VerifyingKey::<Sha256>::new(key).verify(message, &signature).is_ok()
            } else {
                let signature = pss::Signature::try_from(signature.as_slice()).expect("a signature");
                pss::VerifyingKey::<Sha256>::new(key).verify(message, &signature).is_ok()
            }
        }
        other => panic!("unexpected algorithm {other:?}"),
    }
}
