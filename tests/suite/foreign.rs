//! An issuer of somebody else's: its keys, its key set, its tokens.

use base64ct::{Base64UrlUnpadded, Encoding as _};
use ed25519_dalek::Signer as _;
use rsa::signature::{RandomizedSigner as _, SignatureEncoding as _};
use rsa::traits::PublicKeyParts as _;
use rsa::{pkcs1v15, pss};
use serde_json::{Value, json};
use sha2::Sha256;

/// A private key and what it signs with.
pub enum Key {
    Ed(Box<ed25519_dalek::SigningKey>),
    Ec(Box<p256::ecdsa::SigningKey>),
    Rsa(Box<rsa::RsaPrivateKey>, &'static str),
}

pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    Base64UrlUnpadded::encode_string(bytes.as_ref())
}

impl Key {
    pub fn ed(seed: u8) -> Self {
        Self::Ed(Box::new(ed25519_dalek::SigningKey::from_bytes(&[seed; 32])))
    }

    pub fn ec(seed: u8) -> Self {
        Self::Ec(Box::new(p256::ecdsa::SigningKey::from_slice(&[seed; 32]).expect("a key")))
    }

    pub fn rsa(bits: usize, alg: &'static str) -> Self {
        let key = rsa::RsaPrivateKey::new(&mut rsa::rand_core::OsRng, bits);
        Self::Rsa(Box::new(key.expect("a key")), alg)
    }

    pub fn alg(&self) -> &'static str {
        match self {
            Self::Ed(_) => "EdDSA",
            Self::Ec(_) => "ES256",
            Self::Rsa(_, alg) => alg,
        }
    }

    /// The public key, called `kid`.
    pub fn jwk(&self, kid: &str) -> Value {
        match self {
            Self::Ed(key) => {
                json!({ "kty": "OKP", "crv": "Ed25519", "kid": kid, "x": encode(key.verifying_key().as_bytes()) })
            }
            Self::Ec(key) => {
                let point = key.verifying_key().to_encoded_point(false);
                let (x, y) = (point.x().expect("x"), point.y().expect("y"));
                json!({ "kty": "EC", "crv": "P-256", "kid": kid, "use": "sig", "x": encode(x), "y": encode(y) })
            }
            Self::Rsa(key, _) => {
                let (n, e) = (encode(key.n().to_bytes_be()), encode(key.e().to_bytes_be()));
                json!({ "kty": "RSA", "kid": kid, "key_ops": ["verify"], "n": n, "e": e })
            }
        }
    }

    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Ed(key) => key.sign(message).to_bytes().to_vec(),
            Self::Ec(key) => {
                let signature: p256::ecdsa::Signature = key.sign(message);
                signature.to_bytes().to_vec()
            }
            Self::Rsa(key, "PS256") => {
                let key = pss::SigningKey::<Sha256>::new((**key).clone());
                key.sign_with_rng(&mut rsa::rand_core::OsRng, message).to_vec()
            }
            Self::Rsa(key, _) => pkcs1v15::SigningKey::<Sha256>::new((**key).clone()).sign(message).to_vec(),
        }
    }

    /// A token with exactly this header and these claims.
    pub fn token_with(&self, header: &Value, claims: &Value) -> String {
        let signed = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
        let signature = encode(self.sign(signed.as_bytes()));
        format!("{signed}.{signature}")
    }

    /// A token with a plain header that names `kid`.
    pub fn token(&self, kid: &str, claims: &Value) -> String {
        self.token_with(&json!({ "alg": self.alg(), "typ": "JWT", "kid": kid }), claims)
    }
}

/// A key set document.
pub fn key_set(keys: &[Value]) -> Vec<u8> {
    json!({ "keys": keys }).to_string().into_bytes()
}

/// `base` with `changes`; `null` takes a member out.
pub fn changed(base: &Value, changes: &Value) -> Value {
    let mut value = base.clone();
    for (name, change) in changes.as_object().expect("an object") {
        if change.is_null() {
            value.as_object_mut().expect("an object").remove(name);
        } else {
            value[name] = change.clone();
        }
    }
    value
}
