//! Signatures, their verification, and new keys, for `platform` and `objects`. Ed25519 is signed in wasm, where it costs as much
//! as in WebCrypto and needs no promise. RSA and P-256 go to WebCrypto, which is fifteen to twenty times faster than wasm there.

use std::cell::RefCell;
use std::collections::BTreeMap;

use js_sys::{Array, ArrayBuffer, Object, Reflect, Uint8Array};
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{Crypto, CryptoKey, SubtleCrypto};

use super::js::{self, failed};
use super::waits::settled;
use crate::protocol::http::error::ServerError;
use crate::protocol::keys::keyring::{KeyMaterial, SigningKey};
use crate::protocol::model::jwk::{Alg, PublicJwk};
use crate::protocol::model::secret::SecretBytes;
use crate::protocol::model::signature_alg::SignatureAlg;

/// The most imported keys that an isolate keeps.
const MAX_IMPORTED: usize = 32;

thread_local! {
    /// The imported private keys by `kid`: importing one costs more than signing.
    static IMPORTED: Imported = const { RefCell::new(BTreeMap::new()) };
    /// The imported public keys by algorithm and thumbprint, for the same reason.
    static VERIFYING: Imported = const { RefCell::new(BTreeMap::new()) };
}

type Imported = RefCell<BTreeMap<String, CryptoKey>>;

fn keep(name: String, key: &CryptoKey, keys: &mut BTreeMap<String, CryptoKey>) {
    if keys.len() >= MAX_IMPORTED {
        keys.clear();
    }
    keys.insert(name, key.clone());
}

/// Signs `message` with `key`, in the form that RFC 7518 §3 has for its algorithm.
pub(super) async fn sign(key: &SigningKey, message: &[u8]) -> Result<Vec<u8>, ServerError> {
    if let Some(ed25519) = key.ed25519() {
        return Ok(crate::protocol::keys::ed25519::sign(ed25519, message));
    }
    let imported = match imported(key) {
        Some(known) => known,
        None => import(key).await?,
    };
    let promise = js::sign(key.public.alg.name(), &imported, message).map_err(failed)?;
    let signature = settled(promise).await.map_err(failed)?;
    Ok(Uint8Array::new(&signature).to_vec())
}

fn imported(key: &SigningKey) -> Option<CryptoKey> {
    IMPORTED.with_borrow(|keys| keys.get(&key.public.kid).cloned())
}

async fn import(key: &SigningKey) -> Result<CryptoKey, ServerError> {
    let kid = &key.public.kid;
    let der = Uint8Array::from(key.private().expose());
    let usages = Array::of1(&"sign".into());
    let algorithm = key_algorithm(key.public.alg)?;
    let promise =
        subtle()?.import_key_with_object("pkcs8", &der, &algorithm, false, &usages).map_err(failed)?;
    let imported: CryptoKey = settled(promise).await.map_err(failed)?.unchecked_into();
    IMPORTED.with_borrow_mut(|keys| keep(kid.clone(), &imported, keys));
    Ok(imported)
}

/// Whether `signature` was made over `message` by the private side of `key`. Ed25519 doesn't come here: the protocol verifies it
/// in wasm.
pub(super) async fn verify(
    alg: SignatureAlg,
    key: &PublicJwk,
    message: &[u8],
    signature: &[u8],
) -> Result<bool, ServerError> {
    // If WebCrypto refuses a key, such as a point that isn't on its curve, the key has made no signature.
    let Some(imported) = import_public(alg, key).await? else { return Ok(false) };
    let (data, signature) = (Uint8Array::from(message), Uint8Array::from(signature));
    let promise = subtle()?
        .verify_with_object_and_js_u8_array_and_js_u8_array(&verification(alg)?, &imported, &signature, &data)
        .map_err(failed)?;
    Ok(settled(promise).await.map_err(failed)?.is_truthy())
}

async fn import_public(alg: SignatureAlg, key: &PublicJwk) -> Result<Option<CryptoKey>, ServerError> {
    let name = format!("{} {}", alg.name(), key.thumbprint());
    if let Some(known) = VERIFYING.with_borrow(|keys| keys.get(&name).cloned()) {
        return Ok(Some(known));
    }
    let jwk = match key {
        PublicJwk::Okp { .. } => return Ok(None),
        PublicJwk::Ec { crv, x, y } => {
            vec![("kty", "EC".into()), ("crv", crv.into()), ("x", x.into()), ("y", y.into())]
        }
        PublicJwk::Rsa { e, n } => vec![("kty", "RSA".into()), ("e", e.into()), ("n", n.into())],
    };
    let usages = Array::of1(&"verify".into());
    let (jwk, algorithm) = (dictionary(&jwk)?, public_key_algorithm(alg)?);
    let promise =
        subtle()?.import_key_with_object("jwk", &jwk, &algorithm, false, &usages).map_err(failed)?;
    let Ok(imported) = settled(promise).await else { return Ok(None) };
    let imported: CryptoKey = imported.unchecked_into();
    VERIFYING.with_borrow_mut(|keys| keep(name, &imported, keys));
    Ok(Some(imported))
}

/// What `verify` of WebCrypto is told. PSS has a salt as long as the hash (RFC 7518 §3.5).
fn verification(alg: SignatureAlg) -> Result<Object, ServerError> {
    use SignatureAlg::{Ed25519, EdDsa, Es256, Es384, Es512, Ps256, Ps384, Ps512, Rs256, Rs384, Rs512};
    match alg {
        Ps256 | Ps384 | Ps512 => {
            let salt = match alg {
                Ps384 => 48,
                Ps512 => 64,
                _ => 32,
            };
            dictionary(&[("name", "RSA-PSS".into()), ("saltLength", salt.into())])
        }
        Rs256 | Rs384 | Rs512 => dictionary(&[("name", "RSASSA-PKCS1-v1_5".into())]),
        Es256 | Es384 | Es512 => dictionary(&[("name", "ECDSA".into()), ("hash", hash(alg).into())]),
        EdDsa | Ed25519 => Err(ServerError::internal("Ed25519 is verified in wasm")),
    }
}

/// What `importKey` of WebCrypto is told of a public key.
fn public_key_algorithm(alg: SignatureAlg) -> Result<Object, ServerError> {
    use SignatureAlg::{Ed25519, EdDsa, Es256, Es384, Es512, Ps256, Ps384, Ps512, Rs256, Rs384, Rs512};
    let (name, parameter) = match alg {
        Ps256 | Ps384 | Ps512 => ("RSA-PSS", ("hash", hash(alg))),
        Rs256 | Rs384 | Rs512 => ("RSASSA-PKCS1-v1_5", ("hash", hash(alg))),
        Es256 => ("ECDSA", ("namedCurve", "P-256")),
        Es384 => ("ECDSA", ("namedCurve", "P-384")),
        Es512 => ("ECDSA", ("namedCurve", "P-521")),
        EdDsa | Ed25519 => return Err(ServerError::internal("Ed25519 is verified in wasm")),
    };
    dictionary(&[("name", name.into()), (parameter.0, parameter.1.into())])
}

fn hash(alg: SignatureAlg) -> &'static str {
    use SignatureAlg::{Es384, Es512, Ps384, Ps512, Rs384, Rs512};
    match alg {
        Es384 | Rs384 | Ps384 => "SHA-384",
        Es512 | Rs512 | Ps512 => "SHA-512",
        _ => "SHA-256",
    }
}

/// Makes a key pair for `alg` with WebCrypto.
pub(super) async fn generate(alg: Alg) -> Result<KeyMaterial, ServerError> {
    let usages = Array::of2(&"sign".into(), &"verify".into());
    let promise = subtle()?.generate_key_with_object(&key_algorithm(alg)?, true, &usages).map_err(failed)?;
    let pair = settled(promise).await.map_err(failed)?;
    let member = |name: &str| Reflect::get(&pair, &name.into()).map_err(failed);
    let private: CryptoKey = member("privateKey")?.unchecked_into();
    let public: CryptoKey = member("publicKey")?.unchecked_into();
    let promise = subtle()?.export_key("pkcs8", &private).map_err(failed)?;
    let der: ArrayBuffer = settled(promise).await.map_err(failed)?.unchecked_into();
    let promise = subtle()?.export_key("jwk", &public).map_err(failed)?;
    let jwk = settled(promise).await.map_err(failed)?;
    let private = SecretBytes::new(Uint8Array::new(&der).to_vec());
    Ok(KeyMaterial { alg, public: public_jwk(alg, &jwk)?, private })
}

fn public_jwk(alg: Alg, jwk: &JsValue) -> Result<PublicJwk, ServerError> {
    let member = |name: &str| {
        let value = Reflect::get(jwk, &name.into()).ok().and_then(|value| value.as_string());
        value.ok_or_else(|| ServerError::internal(format!("WebCrypto exported a key without `{name}`")))
    };
    Ok(match alg {
        Alg::Es256 => PublicJwk::Ec { crv: member("crv")?, x: member("x")?, y: member("y")? },
        Alg::Rs256 | Alg::Ps256 => PublicJwk::Rsa { e: member("e")?, n: member("n")? },
        Alg::EdDsa => PublicJwk::Okp { crv: member("crv")?, x: member("x")? },
    })
}

fn key_algorithm(alg: Alg) -> Result<Object, ServerError> {
    let rsa = |name: &str| {
        let exponent = Uint8Array::from([1, 0, 1].as_slice());
        dictionary(&[
            ("name", name.into()),
            ("hash", "SHA-256".into()),
            ("modulusLength", 2048.into()),
            ("publicExponent", exponent.into()),
        ])
    };
    match alg {
        Alg::Rs256 => rsa("RSASSA-PKCS1-v1_5"),
        Alg::Ps256 => rsa("RSA-PSS"),
        Alg::Es256 => dictionary(&[("name", "ECDSA".into()), ("namedCurve", "P-256".into())]),
        Alg::EdDsa => dictionary(&[("name", "Ed25519".into())]),
    }
}

fn dictionary(members: &[(&str, JsValue)]) -> Result<Object, ServerError> {
    let object = Object::new();
    for (name, value) in members {
        Reflect::set(&object, &(*name).into(), value).map_err(failed)?;
    }
    Ok(object)
}

fn subtle() -> Result<SubtleCrypto, ServerError> {
    let crypto = Reflect::get(&js_sys::global(), &"crypto".into()).map_err(failed)?;
    Ok(crypto.unchecked_into::<Crypto>().subtle())
}
