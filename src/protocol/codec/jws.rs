//! JSON Web Signatures in compact form (RFC 7515 §7.1), read and written before anything is known of who signs them.
//!
//! [`read`] is the only reader: it takes a token apart and believes nothing of it. Splitting, base64url and the header's known
//! members are `jwt-compact`'s ([`UntrustedToken`]); what that crate lets pass and this server refuses is checked around it: tokens
//! that are too long, members that come twice at whatever depth (RFC 7515 §4), members that are `null`, and `crit`, since no extension is
//! understood (§4.1.11). Keys that a header brings along (`jwk`, `jku`, `x5c`, `x5u`) are not looked at: a key comes from the issuer,
//! never from the token (RFC 8725 §3.10). Which `alg`, `kid` and `typ` are right is the caller's to judge.
//!
//! [`header`], [`signing_input`] and [`complete`] are the only writer. Whoever signs does so between the latter two.

use jwt_compact::{Header, UntrustedToken};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::encoding::{base64url, from_base64url, from_json, push_base64url};

/// The longest token that is read, in bytes.
pub const MAX_TOKEN: usize = 8 * 1024;
/// The header members that have to be texts if they are there.
const TEXTS: [&str; 3] = ["alg", "kid", "typ"];

/// A token taken apart into header, claims and signature. Nothing in it is verified.
#[derive(Debug)]
pub struct Compact<'a> {
    token: UntrustedToken<'a>,
    header: Map<String, Value>,
    claims: Vec<u8>,
    signed: &'a str,
}

/// Takes a token apart. `None` if it is too long, isn't in compact form, or has a header that this server refuses.
pub fn read(token: &str) -> Option<Compact<'_>> {
    let [header, claims, _] = parts(token)?;
    let untrusted = UntrustedToken::new(token).ok()?;
    let header = from_json::<Map<String, Value>>(&from_base64url(header)?)?;
    let is_text = |name: &&str| header.get(*name).is_none_or(Value::is_string);
    if header.contains_key("crit") || !TEXTS.iter().all(is_text) {
        return None;
    }
    let (signed, _) = token.rsplit_once('.')?;
    Some(Compact { token: untrusted, claims: from_base64url(claims)?, header, signed })
}

/// The three parts of a token as they came: header, claims, signature. `None` if it is too long or has another number of parts.
pub fn parts(token: &str) -> Option<[&str; 3]> {
    let (signed, signature) = token.rsplit_once('.').filter(|_| token.len() <= MAX_TOKEN)?;
    let (header, claims) = signed.split_once('.')?;
    (!claims.contains('.')).then_some([header, claims, signature])
}

impl<'a> Compact<'a> {
    /// The algorithm by which the token says that it is signed.
    pub fn alg(&self) -> &str {
        self.token.algorithm()
    }

    /// The id of the key that the token names.
    pub fn kid(&self) -> Option<&str> {
        self.token.header().key_id.as_deref()
    }

    /// The type that the token says it has.
    pub fn typ(&self) -> Option<&str> {
        self.token.header().token_type.as_deref()
    }

    /// Any other member of the token's header.
    pub fn member(&self, name: &str) -> Option<&Value> {
        self.header.get(name)
    }

    /// The text that is signed: the first two parts as they came, with the dot between.
    pub fn signed(&self) -> &'a str {
        self.signed
    }

    /// The signature, decoded.
    pub fn signature(&self) -> &[u8] {
        self.token.signature_bytes()
    }

    /// The decoded claims as they came. That they are JSON isn't checked.
    pub fn into_claims_bytes(self) -> Vec<u8> {
        self.claims
    }

    /// Reads the claims as a `T`. `None` if they aren't the JSON of one, or if a member comes twice (RFC 7519 §4).
    pub fn claims<T: DeserializeOwned>(&self) -> Option<T> {
        from_json(&self.claims)
    }
}

/// Writes a protected header as base64url: `{"alg":"ES256","kid":"…","typ":"at+jwt"}`, then further members.
pub fn header(alg: &str, header: &Header<impl Serialize>) -> String {
    #[derive(Serialize)]
    struct Protected<'a, H> {
        alg: &'a str,
        #[serde(flatten)]
        header: &'a H,
    }
    // Texts under names that are texts are always valid JSON. If this failed, a token with an empty header would verify nowhere.
    let json = serde_json::to_vec(&Protected { alg, header }).unwrap_or_default();
    base64url(&json)
}

/// The text to be signed: a header that [`header`] wrote, a dot, and `claims` (JSON) as base64url. It has room for the signature.
pub fn signing_input(header: &str, claims: &str) -> String {
    let mut token = String::with_capacity(header.len() + claims.len() * 4 / 3 + 400);
    token.push_str(header);
    token.push('.');
    push_base64url(&mut token, claims.as_bytes());
    token
}

/// Completes a token: the text that was signed, a dot, and the signature as base64url.
pub fn complete(mut signing_input: String, signature: &[u8]) -> String {
    signing_input.push('.');
    push_base64url(&mut signing_input, signature);
    signing_input
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(header: &str, claims: &str) -> String {
        complete(signing_input(&base64url(header.as_bytes()), claims), b"signature")
    }

    #[test]
    fn what_is_written_is_read_back() {
        #[derive(Serialize)]
        struct Own {
            token_use: &'static str,
        }
        let mut own = Header::new(Own { token_use: "access" });
        own.key_id = Some("a\"b".to_owned());
        own.token_type = Some("JWT".to_owned());
        let written = complete(signing_input(&header("ES256", &own), r#"{"sub":"x"}"#), &[1, 2, 3]);
        let read = read(&written).expect("a token");
        assert_eq!((read.alg(), read.kid(), read.typ()), ("ES256", Some("a\"b"), Some("JWT")));
        assert_eq!(read.member("token_use"), Some(&Value::from("access")));
        assert_eq!(read.signature(), [1, 2, 3]);
        assert_eq!(read.signed(), written.rsplit_once('.').expect("three parts").0);
        let claims: Map<String, Value> = read.claims().expect("claims");
        assert_eq!(claims.get("sub"), Some(&Value::from("x")));
        assert_eq!(read.into_claims_bytes(), br#"{"sub":"x"}"#);
    }

    #[test]
    fn a_header_is_an_object_without_doubles_nulls_and_extensions() {
        for good in [
            r#"{"alg":"EdDSA"}"#,
            r#"{"alg":"none","typ":"","kid":""}"#,
            r#"{"alg":"RS256","jwk":{},"jku":"https://evil.example","x5c":[1],"b64":null}"#,
        ] {
            assert!(read(&token(good, "{}")).is_some(), "{good}");
        }
        for bad in [
            "",
            "null",
            "[]",
            "{}",
            r#"{"alg":null}"#,
            r#"{"alg":1}"#,
            r#"{"alg":"EdDSA","crit":["exp"]}"#,
            r#"{"alg":"EdDSA","crit":null}"#,
            r#"{"alg":"EdDSA","kid":1}"#,
            r#"{"alg":"EdDSA","kid":null}"#,
            r#"{"alg":"EdDSA","typ":null}"#,
            r#"{"alg":"EdDSA","alg":"EdDSA"}"#,
            r#"{"alg":"EdDSA","\u0061lg":"EdDSA"}"#,
            r#"{"alg":"EdDSA","x":1,"x":1}"#,
            r#"{"alg":"EdDSA","x":{"y":[{"z":1,"z":1}]}}"#,
            // Registered members that are not of their type (RFC 7515 §4.1.5, §4.1.7), and claims that are no JSON (§4.1.10).
            r#"{"alg":"EdDSA","x5u":1}"#,
            r#"{"alg":"EdDSA","x5t":"short"}"#,
            r#"{"alg":"EdDSA","cty":"JWT"}"#,
        ] {
            assert!(read(&token(bad, "{}")).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_token_has_three_parts_in_canonical_base64url() {
        let good = token(r#"{"alg":"EdDSA"}"#, "{}");
        let long = format!("{good}{}", "A".repeat(MAX_TOKEN));
        let (signed, _) = good.rsplit_once('.').expect("three parts");
        for bad in [
            "",
            ".",
            "..",
            "a.b",
            "....",
            signed,
            &format!("{good}="),
            &format!("{good}."),
            &format!(".{good}"),
            &format!("{good}.{good}"),
            &format!(" {good}"),
            &format!("{good}\n"),
            &format!("{signed}.-_9"),
            &long,
        ] {
            assert!(read(bad).is_none(), "{bad}");
        }
        assert!(read(&format!("{signed}.")).is_some(), "an unsigned token is one, too");
    }

    /// RFC 7515 appendix A.3.1, and its header as this writer has it.
    #[test]
    fn headers_encode_as_in_rfc_7515() {
        assert_eq!(header("ES256", &Header::empty()), "eyJhbGciOiJFUzI1NiJ9");
    }
}
