//! A key set of another party: whatever is taken from it is a sound public key, and no key is used for what it isn't.

use base64ct::{Base64UrlUnpadded, Encoding as _};
use mintedge::protocol::model::jwk::PublicJwk;
use mintedge::protocol::model::jwk_set::{KeySet, MAX_KEYS};
use mintedge::protocol::model::signature_alg::SignatureAlg;

/// Runs one input.
pub fn run(document: &[u8]) {
    let Some(keys) = KeySet::parse(document) else { return };
    assert!(keys.len() <= MAX_KEYS);
    let length = |text: &str| Base64UrlUnpadded::decode_vec(text).expect("canonical").len();
    let kids: Vec<String> = kids(document);
    for kid in kids.iter().map(|kid| Some(kid.as_str())).chain([None]) {
        for alg in SignatureAlg::ALL {
            match (keys.key(kid, alg), alg) {
                (None, _) => {}
                (Some(PublicJwk::Okp { crv, x }), SignatureAlg::EdDsa | SignatureAlg::Ed25519) => {
                    assert!(crv == "Ed25519" && length(x) == 32);
                }
                (Some(PublicJwk::Ec { crv, x, y }), SignatureAlg::Es256) => {
                    assert!(crv == "P-256" && length(x) == 32 && length(y) == 32);
                }
                (Some(PublicJwk::Ec { crv, x, y }), SignatureAlg::Es384) => {
                    assert!(crv == "P-384" && length(x) == 48 && length(y) == 48);
                }
                (Some(PublicJwk::Ec { crv, x, y }), SignatureAlg::Es512) => {
                    assert!(crv == "P-521" && length(x) == 66 && length(y) == 66);
                }
                (Some(PublicJwk::Rsa { n, e }), alg) if alg.name().get(1..2) == Some("S") => {
                    assert!(alg.name().starts_with(['R', 'P']), "{alg:?}");
                    assert!((256..=512).contains(&length(n)) && (1..=4).contains(&length(e)));
                }
                (Some(other), alg) => panic!("{other:?} for {alg:?}"),
            }
        }
    }
}

fn kids(document: &[u8]) -> Vec<String> {
    let set: serde_json::Value = serde_json::from_slice(document).unwrap_or_default();
    let keys = set["keys"].as_array().cloned().unwrap_or_default();
    keys.iter().filter_map(|key| key["kid"].as_str().map(str::to_owned)).collect()
}
