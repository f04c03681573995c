//! Key sets of other parties (RFC 7517 §5): what of them can verify a signature here, and which key a token needs.
//!
//! A set may hold keys of kinds that don't matter here; they are skipped, as §5 asks. A key that is too weak, damaged or
//! meant for something else is skipped too: a token that needs it is refused. A member that is `null` is not there, and a key
//! that is there twice is one key.

use serde_json::{Map, Value};

use super::jwk::PublicJwk;
use super::signature_alg::SignatureAlg;
use crate::protocol::codec::encoding::{base64url, from_base64url, from_json};

/// Most keys in a set that are looked at.
pub const MAX_KEYS: usize = 64;
/// The longest `kid` of another party's key, in bytes.
pub const MAX_KID: usize = 256;
/// Shortest RSA modulus (RFC 7518 §3.3) and the longest that is worth its time, in bits.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=4096;
/// Most keys in a set that a configuration holds.
const MAX_PINNED: usize = 20;
/// Members of a JWK that only its owner may know (RFC 7518 §6).
const PRIVATE_MEMBERS: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// Those keys of another party's set that can verify a signature here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySet(Vec<ForeignKey>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct ForeignKey {
    kid: Option<String>,
    alg: Option<String>,
    jwk: PublicJwk,
}

impl KeySet {
    /// Reads a document; `None` if it is no key set or has too many keys.
    pub fn parse(document: &[u8]) -> Option<Self> {
        Self::of(&from_json::<Map<String, Value>>(document)?)
    }

    /// Reads a key set; `None` if it is none or has too many keys.
    pub fn of(set: &Map<String, Value>) -> Option<Self> {
        let keys = set.get("keys")?.as_array()?;
        (keys.len() <= MAX_KEYS).then(|| Self(keys.iter().filter_map(ForeignKey::of).collect()))
    }

    /// The thumbprints of its keys (RFC 7638), each once and sorted.
    pub fn thumbprints(&self) -> Vec<String> {
        let mut all: Vec<String> = self.0.iter().map(|key| key.jwk.thumbprint()).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The one key that can have made a signature with `alg` under the name `kid`. A name is not always unique (§4.5), and
    /// a token need not have one: what counts is that exactly one key fits.
    pub fn key(&self, kid: Option<&str>, alg: SignatureAlg) -> Option<&PublicJwk> {
        let named = |key: &&ForeignKey| kid.is_none() || key.kid.as_deref() == kid;
        let mut fitting = self.0.iter().filter(named).filter(|key| key.fits(alg));
        let key = &fitting.next()?.jwk;
        fitting.all(|other| other.jwk == *key).then_some(key)
    }

    /// A name that different keys share, so that no token can say which of them it means.
    pub fn ambiguous(&self) -> Option<&str> {
        let mut names = self.0.iter().filter_map(|key| key.kid.as_deref());
        names.find(|kid| {
            let fits = |alg| self.0.iter().any(|key| key.kid.as_deref() == Some(kid) && key.fits(alg));
            SignatureAlg::ALL.into_iter().any(|alg| fits(alg) && self.key(Some(kid), alg).is_none())
        })
    }

    /// Whether there is a key for an algorithm that is `accepted`.
    pub fn serves(&self, accepted: impl Fn(SignatureAlg) -> bool) -> bool {
        self.0.iter().any(|key| SignatureAlg::ALL.into_iter().any(|alg| key.fits(alg) && accepted(alg)))
    }

    /// How many usable keys the set holds.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether the set holds no usable key.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl ForeignKey {
    fn of(entry: &Value) -> Option<Self> {
        let entry = entry.as_object()?;
        if !is_for_signatures(entry) {
            return None;
        }
        if member(entry, "key_ops").is_some_and(|operations| !lists(operations, "verify")) {
            return None;
        }
        let text = |name: &str| {
            member(entry, name).map(|value| value.as_str().map(str::to_owned).ok_or(())).transpose()
        };
        let (kid, alg) = (text("kid").ok()?, text("alg").ok()?);
        if kid.as_ref().is_some_and(|kid| kid.len() > MAX_KID) {
            return None;
        }
        Some(Self { kid, alg, jwk: public_key(entry)? })
    }

    fn fits(&self, alg: SignatureAlg) -> bool {
        let is_its_own = |own: &str| SignatureAlg::named(own).is_some_and(|own| own.is_same(alg));
        alg.fits(&self.jwk) && self.alg.as_deref().is_none_or(is_its_own)
    }
}

/// What is wrong with the keys that a configuration holds of an issuer or a client whose tokens are signed with what is
/// `accepted`.
pub fn pinned_problem(set: &Map<String, Value>, accepted: impl Fn(SignatureAlg) -> bool) -> Option<String> {
    let Some(keys) = set.get("keys").and_then(Value::as_array) else {
        return Some("a JWK Set has a list `keys` (RFC 7517 §5)".to_owned());
    };
    if keys.len() > MAX_PINNED {
        return Some(format!("at most {MAX_PINNED} keys"));
    }
    let is_private =
        |key: &Map<String, Value>| PRIVATE_MEMBERS.iter().any(|name| member(key, name).is_some());
    if keys.iter().filter_map(Value::as_object).any(is_private) {
        return Some("it holds a private or secret key; only public keys belong here".to_owned());
    }
    let usable = KeySet::of(set).is_some_and(|set| set.serves(accepted));
    (!usable).then(|| {
        "it holds no key that can be used: Ed25519, P-256, P-384, P-521, or RSA of 2048 bits and more, for an algorithm that is accepted".to_owned()
    })
}

/// A member that is there: `null` says that it isn't.
fn member<'a>(entry: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    entry.get(name).filter(|value| !value.is_null())
}

fn lists(list: &Value, wanted: &str) -> bool {
    list.as_array().is_some_and(|list| list.iter().any(|entry| entry == wanted))
}

/// The first key that is of a kind known here and can't be used all the same: too short, or damaged. Keys for encryption and keys
/// of other kinds are none of this server's business.
pub fn unusable(set: &Map<String, Value>) -> Option<String> {
    let keys = set.get("keys").and_then(Value::as_array)?;
    let mut numbered = keys.iter().enumerate().filter_map(|(number, key)| Some((number, key.as_object()?)));
    let (number, key) = numbered.find(|(_, key)| is_known_kind(key) && public_key(key).is_none())?;
    let name = key.get("kid").and_then(Value::as_str).filter(|kid| kid.len() <= MAX_KID);
    let name = name.map_or_else(|| format!("key {number}"), |kid| format!("the key `{kid}`"));
    Some(format!(
        "{name} can't be used: it is shorter or longer than its kind is, or RSA below 2048 or above 4096 bits"
    ))
}

fn is_known_kind(entry: &Map<String, Value>) -> bool {
    let crv = member(entry, "crv").and_then(Value::as_str).unwrap_or_default();
    let is_known = match entry.get("kty").and_then(Value::as_str) {
        Some("RSA") => true,
        Some("EC") => size(crv).is_some(),
        Some("OKP") => crv == "Ed25519",
        _ => false,
    };
    is_known && is_for_signatures(entry)
}

/// `sig` (RFC 7517 §4.2), or what bundles of SPIFFE call it (SPIFFE Trust Domain and Bundle §4.2.2).
fn is_for_signatures(entry: &Map<String, Value>) -> bool {
    member(entry, "use").is_none_or(|usage| usage == "sig" || usage == "jwt-svid")
}

/// The key itself, in its one canonical form: RSA of 2048 to 4096 bits, P-256, P-384, P-521 and Ed25519.
fn public_key(entry: &Map<String, Value>) -> Option<PublicJwk> {
    let bytes = |name: &str| entry.get(name)?.as_str().and_then(from_base64url);
    let coordinate = |name: &str, size: usize| {
        bytes(name).filter(|bytes| bytes.len() == size).map(|bytes| base64url(&bytes))
    };
    match (entry.get("kty")?.as_str()?, member(entry, "crv").and_then(Value::as_str)) {
        ("OKP", Some("Ed25519")) => {
            Some(PublicJwk::Okp { crv: "Ed25519".to_owned(), x: coordinate("x", 32)? })
        }
        ("EC", Some(crv)) => {
            let size = size(crv)?;
            Some(PublicJwk::Ec { crv: crv.to_owned(), x: coordinate("x", size)?, y: coordinate("y", size)? })
        }
        ("RSA", None) => {
            let (modulus, exponent) = (bytes("n")?, bytes("e")?);
            let (modulus, exponent) = (trimmed(&modulus), trimmed(&exponent));
            let sound = RSA_BITS.contains(&bits(modulus))
                && (1..=4).contains(&exponent.len())
                && exponent != [1]
                && exponent.last().is_some_and(|last| last % 2 == 1);
            sound.then(|| PublicJwk::Rsa { e: base64url(exponent), n: base64url(modulus) })
        }
        _ => None,
    }
}

/// How many bytes a coordinate has on a curve of RFC 7518 §6.2.1.1.
fn size(crv: &str) -> Option<usize> {
    match crv {
        "P-256" => Some(32),
        "P-384" => Some(48),
        "P-521" => Some(66),
        _ => None,
    }
}

/// A number without the leading zeros that some issuers write.
fn trimmed(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}

fn bits(number: &[u8]) -> usize {
    let unused = number.first().map_or(0, |first| first.leading_zeros());
    (number.len() * 8).saturating_sub(usize::try_from(unused).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn set(keys: &Value) -> KeySet {
        KeySet::parse(json!({ "keys": keys }).to_string().as_bytes()).expect("a key set")
    }

    fn rsa(bits: usize) -> Value {
        let mut modulus = vec![0xff; bits.div_ceil(8)];
        if !bits.is_multiple_of(8) {
            modulus[0] = 0x7f;
        }
        json!({ "kty": "RSA", "kid": "r", "n": base64url(&modulus), "e": "AQAB" })
    }

    fn ec(crv: &str, length: usize) -> Value {
        let coordinate = base64url(&vec![7; length]);
        json!({ "kty": "EC", "kid": "e", "crv": crv, "x": coordinate, "y": coordinate })
    }

    fn okp(members: &Value) -> Value {
        let mut key = json!({ "kty": "OKP", "kid": "o", "crv": "Ed25519", "x": base64url(&[7; 32]) });
        for (name, value) in members.as_object().expect("members") {
            key[name] = value.clone();
        }
        key
    }

    #[test]
    fn weak_damaged_and_foreign_keys_are_skipped() {
        let cases = [
            ("RSA of 2048 bits", rsa(2048), true),
            ("RSA of 2047 bits", rsa(2047), false),
            ("RSA of 1024 bits", rsa(1024), false),
            ("RSA of 4096 bits", rsa(4096), true),
            ("RSA that costs too much", rsa(8192), false),
            ("P-256", ec("P-256", 32), true),
            ("P-256 with short coordinates", ec("P-256", 31), false),
            ("P-384", ec("P-384", 48), true),
            ("P-521", ec("P-521", 66), true),
            ("P-384's name with P-256's size", ec("P-384", 32), false),
            ("P-521's name with a byte less", ec("P-521", 65), false),
            ("secp256k1", ec("secp256k1", 32), false),
            ("Ed25519", okp(&json!({})), true),
            ("Ed448", okp(&json!({ "crv": "Ed448" })), false),
            ("X25519", okp(&json!({ "crv": "X25519" })), false),
            ("a symmetric key", json!({ "kty": "oct", "k": "AAAA" }), false),
            ("a kind nobody knows", json!({ "kty": "AKP", "pub": "AAAA" }), false),
            ("for signatures", okp(&json!({ "use": "sig" })), true),
            ("for JWT-SVIDs", okp(&json!({ "use": "jwt-svid" })), true),
            ("for X.509-SVIDs", okp(&json!({ "use": "x509-svid" })), false),
            ("for encryption", okp(&json!({ "use": "enc" })), false),
            ("for verifying", okp(&json!({ "key_ops": ["verify"] })), true),
            ("for signing only", okp(&json!({ "key_ops": ["sign"] })), false),
            ("key_ops that is no list", okp(&json!({ "key_ops": "verify" })), false),
            ("a kid that is no text", okp(&json!({ "kid": 1 })), false),
            ("a kid without end", okp(&json!({ "kid": "k".repeat(MAX_KID + 1) })), false),
            ("no object", json!("key"), false),
        ];
        for (name, key, usable) in cases {
            assert_eq!(set(&json!([key])).len(), usize::from(usable), "{name}");
        }
    }

    #[test]
    fn exponents_are_odd_and_small() {
        for (exponent, usable) in [
            ("Aw", true),
            ("AQAB", true),
            ("AAEAAQ", true),
            ("AQ", false),
            ("AQAA", false),
            ("", false),
            ("AQAAAAE", false),
        ] {
            let mut key = rsa(2048);
            key["e"] = exponent.into();
            assert_eq!(set(&json!([key])).len(), usize::from(usable), "{exponent}");
        }
    }

    #[test]
    fn the_one_key_that_fits_is_picked() {
        let keys = set(&json!([rsa(2048), ec("P-256", 32), okp(&json!({}))]));
        for (kid, alg, found) in [
            (Some("r"), SignatureAlg::Rs256, true),
            (Some("r"), SignatureAlg::Ps256, true),
            (Some("r"), SignatureAlg::Es256, false),
            (Some("e"), SignatureAlg::Es256, true),
            (Some("e"), SignatureAlg::EdDsa, false),
            (Some("x"), SignatureAlg::EdDsa, false),
            (None, SignatureAlg::EdDsa, true),
            (None, SignatureAlg::Rs256, true),
        ] {
            assert_eq!(keys.key(kid, alg).is_some(), found, "{kid:?} {alg:?}");
        }
        let two = set(&json!([okp(&json!({})), okp(&json!({ "kid": "p", "x": base64url(&[8; 32]) }))]));
        assert!(two.key(None, SignatureAlg::EdDsa).is_none(), "two keys fit");
        assert!(two.key(Some("p"), SignatureAlg::EdDsa).is_some());
        let same = set(&json!([okp(&json!({})), okp(&json!({ "x": base64url(&[8; 32]) }))]));
        assert!(same.key(Some("o"), SignatureAlg::EdDsa).is_none(), "two keys of that name fit");
        assert_eq!((keys.ambiguous(), two.ambiguous(), same.ambiguous()), (None, None, Some("o")));
        let bound =
            set(&json!([{ "alg": "RS256", "kty": "RSA", "kid": "r", "n": rsa(2048)["n"], "e": "AQAB" }]));
        assert!(
            bound.key(Some("r"), SignatureAlg::Rs256).is_some()
                && bound.key(Some("r"), SignatureAlg::Ps256).is_none()
        );
    }

    #[test]
    fn a_key_that_is_there_twice_is_one() {
        let named = |kid: &str, members: &Value| {
            let mut key = okp(members);
            key["kid"] = kid.into();
            key
        };
        let mut padded = rsa(2048);
        padded["n"] = base64url(&[&[0][..], &[0xff; 256]].concat()).into();
        for (name, keys, kid, alg) in [
            ("the same twice", json!([okp(&json!({})), okp(&json!({}))]), Some("o"), SignatureAlg::EdDsa),
            ("without a name", json!([okp(&json!({})), okp(&json!({}))]), None, SignatureAlg::EdDsa),
            (
                "once with an algorithm",
                json!([okp(&json!({})), okp(&json!({ "alg": "EdDSA" }))]),
                Some("o"),
                SignatureAlg::EdDsa,
            ),
            ("under two names", json!([okp(&json!({})), named("p", &json!({}))]), None, SignatureAlg::EdDsa),
            ("with a leading zero", json!([rsa(2048), padded]), Some("r"), SignatureAlg::Rs256),
        ] {
            let keys = set(&keys);
            assert!(keys.key(kid, alg).is_some() && keys.ambiguous().is_none(), "{name}");
        }
    }

    #[test]
    fn null_is_absence() {
        let nulls = json!({ "use": null, "key_ops": null, "kid": null, "alg": null, "d": null, "k": null });
        let keys = json!({ "keys": [okp(&nulls)] });
        let found = KeySet::of(keys.as_object().expect("an object")).expect("a set");
        assert!(
            found.key(None, SignatureAlg::EdDsa).is_some()
                && found.key(Some("o"), SignatureAlg::EdDsa).is_none()
        );
        assert_eq!(pinned_problem(keys.as_object().expect("an object"), |_| true), None);
        let mut rsa = rsa(2048);
        rsa["crv"] = Value::Null;
        assert_eq!(set(&json!([rsa])).len(), 1);
        for required in ["kty", "crv", "x"] {
            assert!(set(&json!([okp(&json!({ required: null }))])).is_empty(), "{required}");
        }
    }

    /// The shapes of what providers publish; names and numbers are made up. Whatever `validate` takes can be used.
    #[test]
    fn sets_of_the_big_providers_are_read() {
        let providers = include_str!("../../../tests/fixtures/key_sets.json");
        let providers: Map<String, Value> = serde_json::from_str(providers).expect("JSON");
        assert_eq!(providers.len(), 12);
        for (provider, set) in &providers {
            let found = KeySet::parse(set.to_string().as_bytes()).expect("a key set");
            let alg =
                SignatureAlg::ALL.into_iter().find(|alg| set["alg"] == alg.name()).expect("an algorithm");
            assert!(found.key(set["kid"].as_str(), alg).is_some(), "{provider}");
            assert_eq!(found.ambiguous(), None, "{provider}");
            let pinned = pinned_problem(set.as_object().expect("an object"), |own| own == alg);
            assert_eq!(pinned, None, "{provider}");
        }
    }

    #[test]
    fn a_document_that_is_no_bounded_key_set_is_refused() {
        let many = json!({ "keys": vec![okp(&json!({})); MAX_KEYS + 1] }).to_string();
        for bad in ["", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":"x"}"#, &many] {
            assert_eq!(KeySet::parse(bad.as_bytes()), None);
        }
        assert!(KeySet::parse(br#"{"keys":[]}"#).is_some_and(|set| set.is_empty()));
    }
}
