//! An issuer of somebody else's: its keys, its key set, its tokens.

use base64ct::{Base64UrlUnpadded, Encoding as _};
use ed25519_dalek::Signer as _;
use rsa::signature::RandomizedSigner as _;
use rsa::traits::PublicKeyParts as _;
use rsa::{Pkcs1v15Sign, Pss};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256, Sha384, Sha512};

/// A private key and what it signs with.
pub enum Key {
    Ed(Box<ed25519_dalek::SigningKey>),
    Ec(Box<p256::ecdsa::SigningKey>),
    Ec384(Box<p384::ecdsa::SigningKey>),
    Ec521(Box<p521::ecdsa::SigningKey>),
    Rsa(Box<rsa::RsaPrivateKey>, String),
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

    pub fn ec384(seed: u8) -> Self {
        Self::Ec384(Box::new(p384::ecdsa::SigningKey::from_slice(&[seed; 48]).expect("a key")))
    }

    pub fn ec521(seed: u8) -> Self {
        let mut scalar = [seed; 66];
        scalar[0] = 0;
        Self::Ec521(Box::new(p521::ecdsa::SigningKey::from_slice(&scalar).expect("a key")))
    }

    pub fn rsa(bits: usize, alg: &str) -> Self {
        let key = rsa::RsaPrivateKey::new(&mut rsa::rand_core::OsRng, bits);
        Self::Rsa(Box::new(key.expect("a key")), alg.to_owned())
    }

    /// The same RSA key for another algorithm.
    pub fn with_alg(&self, alg: &str) -> Self {
        let Self::Rsa(key, _) = self else { panic!("only RSA keys have several") };
        Self::Rsa(key.clone(), alg.to_owned())
    }

    pub fn alg(&self) -> &str {
        match self {
            Self::Ed(_) => "EdDSA",
            Self::Ec(_) => "ES256",
            Self::Ec384(_) => "ES384",
            Self::Ec521(_) => "ES512",
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
            Self::Ec384(key) => {
                let point = key.verifying_key().to_encoded_point(false);
                let (x, y) = (point.x().expect("x"), point.y().expect("y"));
                json!({ "kty": "EC", "crv": "P-384", "kid": kid, "x": encode(x), "y": encode(y) })
            }
            Self::Ec521(key) => {
                let point = p521::ecdsa::VerifyingKey::from(&**key).to_encoded_point(false);
                let (x, y) = (point.x().expect("x"), point.y().expect("y"));
                json!({ "kty": "EC", "crv": "P-521", "kid": kid, "x": encode(x), "y": encode(y) })
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
            Self::Ec384(key) => {
                let signature: p384::ecdsa::Signature = key.sign(message);
                signature.to_bytes().to_vec()
            }
            Self::Ec521(key) => {
                let signature: p521::ecdsa::Signature =
                    key.sign_with_rng(&mut rsa::rand_core::OsRng, message);
                signature.to_bytes().to_vec()
            }
            Self::Rsa(key, alg) => sign_rsa(key, alg, message),
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

/// RFC 7518 §3.3 and §3.5: a salt is as long as the hash.
fn sign_rsa(key: &rsa::RsaPrivateKey, alg: &str, message: &[u8]) -> Vec<u8> {
    let mut random = rsa::rand_core::OsRng;
    let (sha256, sha384, sha512) =
        (Sha256::digest(message), Sha384::digest(message), Sha512::digest(message));
    let signature = match alg {
        "RS256" => key.sign(Pkcs1v15Sign::new::<Sha256>(), &sha256),
        "RS384" => key.sign(Pkcs1v15Sign::new::<Sha384>(), &sha384),
        "RS512" => key.sign(Pkcs1v15Sign::new::<Sha512>(), &sha512),
        "PS256" => key.sign_with_rng(&mut random, Pss::new_with_salt::<Sha256>(32), &sha256),
        "PS384" => key.sign_with_rng(&mut random, Pss::new_with_salt::<Sha384>(48), &sha384),
        "PS512" => key.sign_with_rng(&mut random, Pss::new_with_salt::<Sha512>(64), &sha512),
        other => panic!("no algorithm {other}"),
    };
    signature.expect("a signature")
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
