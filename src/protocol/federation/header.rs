//! A token of another party before anything of it is believed: what it says of itself, and whether that is taken here.

use serde_json::{Map, Value};

use crate::protocol::codec::jws::{self, Compact};
use crate::protocol::config::federation::AssertionKind;
use crate::protocol::http::error::Cause;
use crate::protocol::model::jwk_set::MAX_KID;
use crate::protocol::model::signature_alg::SignatureAlg;

/// A token whose header and claims can be read, and nothing more: nothing in it is verified.
#[derive(Debug)]
pub struct Unverified<'a> {
    /// The asymmetric algorithm that the token says it is signed with.
    pub alg: SignatureAlg,
    /// The claims, which nothing has confirmed yet.
    pub claims: Map<String, Value>,
    /// The whole of it.
    pub token: Compact<'a>,
}

impl Unverified<'_> {
    /// The kind of JWT that the token says it is. A `typ` with a meaning of its own is none (RFC 8725 §3.11).
    pub fn kind(&self) -> Option<AssertionKind> {
        match media_type(self.token.typ()).as_deref() {
            None | Some("jwt" | "jose") => Some(AssertionKind::Jwt),
            Some("oauth-id-jag+jwt") => Some(AssertionKind::IdJag),
            Some("at+jwt") => Some(AssertionKind::AccessToken),
            Some(_) => None,
        }
    }

    /// Whether the token says no more than that it is signed, as a JWT-SVID may (SPIFFE JWT-SVID §2.3).
    pub fn is_jose(&self) -> bool {
        media_type(self.token.typ()).as_deref() == Some("jose")
    }

    /// Whether the token may be one with which a client authenticates: libraries write `JWT`, or nothing, or the type that is
    /// registered for it (draft-ietf-oauth-rfc7523bis §4).
    pub fn may_authenticate_client(&self) -> bool {
        matches!(media_type(self.token.typ()).as_deref(), None | Some("jwt" | "client-authentication+jwt"))
    }
}

/// `application/` may be left out (RFC 7515 §4.1.9), and media types know no case.
fn media_type(typ: Option<&str>) -> Option<String> {
    let typ = typ?.to_ascii_lowercase();
    Some(typ.strip_prefix("application/").map_or(typ.clone(), str::to_owned))
}

/// Takes a token apart.
///
/// Claims that name a member twice, at whatever depth, are refused (RFC 7519 §4): who signed it may have meant the other one.
///
/// # Errors
/// What is wrong with it.
pub fn take_apart(token: &str) -> Result<Unverified<'_>, Cause> {
    let malformed = Cause::AssertionMalformed;
    let token = jws::read(token).ok_or(malformed)?;
    let alg = SignatureAlg::named(token.alg()).ok_or(Cause::AssertionAlgorithm)?;
    if token.kid().is_some_and(|kid| kid.len() > MAX_KID) {
        return Err(malformed);
    }
    let claims: Map<String, Value> = token.claims().ok_or(malformed)?;
    // A logout token or another security event (RFC 8417 §2.2); many have no `typ` of their own.
    if claims.contains_key("events") {
        return Err(Cause::AssertionType);
    }
    Ok(Unverified { alg, claims, token })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::codec::encoding::base64url;
    use crate::protocol::codec::jws::MAX_TOKEN;

    fn token(header: &str) -> String {
        format!("{}.{}.{}", base64url(header.as_bytes()), base64url(b"{}"), base64url(b"signature"))
    }

    #[test]
    fn only_plain_headers_with_an_asymmetric_algorithm_are_taken() {
        let cases = [
            (r#"{"alg":"EdDSA"}"#, Ok(AssertionKind::Jwt)),
            (r#"{"alg":"RS256","typ":"JWT","kid":"1"}"#, Ok(AssertionKind::Jwt)),
            (r#"{"alg":"RS256","typ":"application/at+JWT"}"#, Ok(AssertionKind::AccessToken)),
            (r#"{"alg":"RS256","typ":"oauth-id-jag+jwt"}"#, Ok(AssertionKind::IdJag)),
            (
                r#"{"alg":"RS256","jwk":{},"jku":"https://evil.example","x5u":"https://evil.example"}"#,
                Ok(AssertionKind::Jwt),
            ),
            // RFC 7515 §4.1.5: it is an address.
            (r#"{"alg":"RS256","x5u":1}"#, Err(Cause::AssertionMalformed)),
            (r#"{"alg":"ES512","typ":"JOSE"}"#, Ok(AssertionKind::Jwt)),
            (r#"{"alg":"Ed25519"}"#, Ok(AssertionKind::Jwt)),
            (r#"{"alg":"none"}"#, Err(Cause::AssertionAlgorithm)),
            (r#"{"alg":"HS256"}"#, Err(Cause::AssertionAlgorithm)),
            (r#"{"alg":"rs256"}"#, Err(Cause::AssertionAlgorithm)),
            (r#"{"alg":"ES256K"}"#, Err(Cause::AssertionAlgorithm)),
            (r#"{"alg":null}"#, Err(Cause::AssertionMalformed)),
            ("{}", Err(Cause::AssertionMalformed)),
            ("null", Err(Cause::AssertionMalformed)),
            (r#"{"alg":"EdDSA","crit":["exp"]}"#, Err(Cause::AssertionMalformed)),
            (r#"{"alg":"EdDSA","crit":null}"#, Err(Cause::AssertionMalformed)),
            (r#"{"alg":"EdDSA","kid":1}"#, Err(Cause::AssertionMalformed)),
            (r#"{"alg":"EdDSA","typ":null}"#, Err(Cause::AssertionMalformed)),
            (r#"{"alg":"EdDSA","typ":"logout+jwt"}"#, Err(Cause::AssertionType)),
            (r#"{"alg":"EdDSA","typ":"dpop+jwt"}"#, Err(Cause::AssertionType)),
            (r#"{"alg":"EdDSA","typ":""}"#, Err(Cause::AssertionType)),
        ];
        for (header, expected) in cases {
            let kind = |token: Unverified<'_>| token.kind().ok_or(Cause::AssertionType);
            assert_eq!(take_apart(&token(header)).and_then(kind), expected, "{header}");
        }
    }

    #[test]
    fn a_client_authenticates_with_three_types_and_no_other() {
        for (typ, may) in [
            ("JWT", true),
            ("client-authentication+jwt", true),
            ("application/Client-Authentication+JWT", true),
            ("JOSE", false),
            ("at+jwt", false),
            ("dpop+jwt", false),
            ("oauth-authz-req+jwt", false),
            ("oauth-id-jag+jwt", false),
            ("application/application/jwt", false),
            ("", false),
        ] {
            let text = token(&format!(r#"{{"alg":"EdDSA","typ":"{typ}"}}"#));
            let read = take_apart(&text).expect("a token");
            assert_eq!((read.may_authenticate_client(), read.is_jose()), (may, typ == "JOSE"), "{typ}");
        }
    }

    #[test]
    fn a_logout_token_or_another_event_passes_for_nothing_else() {
        let header = base64url(br#"{"alg":"RS256","typ":"JWT"}"#);
        for claims in [
            r#"{"sub":"a","events":{"http://schemas.openid.net/event/backchannel-logout":{}}}"#,
            r#"{"sub":"a","events":null}"#,
        ] {
            let token = format!("{header}.{}.{}", base64url(claims.as_bytes()), base64url(b"signature"));
            assert_eq!(take_apart(&token).map(|_| ()), Err(Cause::AssertionType), "{claims}");
        }
    }

    #[test]
    fn a_member_that_comes_twice_is_refused_wherever_it_is() {
        let part = |json: &str| base64url(json.as_bytes());
        let plain = r#"{"alg":"RS256","typ":"JWT"}"#;
        for (header, claims) in [
            (r#"{"alg":"RS256","alg":"RS256"}"#, "{}"),
            (r#"{"alg":"RS256","kid":"a","kid":"b"}"#, "{}"),
            (r#"{"alg":"RS256","jwk":{"kty":"RSA","kty":"EC"}}"#, "{}"),
            (plain, r#"{"sub":"a","sub":"b"}"#),
            (plain, r#"{"sub":"a","\u0073ub":"b"}"#),
            (plain, r#"{"sub":"a","kubernetes.io":{"namespace":"a","namespace":"b"}}"#),
            (plain, r#"{"sub":"a","list":[{"a":1,"a":1}]}"#),
        ] {
            let token = format!("{}.{}.{}", part(header), part(claims), part("signature"));
            assert_eq!(take_apart(&token).map(|_| ()), Err(Cause::AssertionMalformed), "{header} {claims}");
        }
    }

    #[test]
    fn what_is_no_token_is_refused() {
        let good = token(r#"{"alg":"EdDSA"}"#);
        let long = format!("{good}{}", "A".repeat(MAX_TOKEN));
        for bad in ["", ".", "..", "a.b", "....", &format!("{good}="), &format!("{good}.{good}"), &long] {
            assert_eq!(take_apart(bad).map(|_| ()), Err(Cause::AssertionMalformed));
        }
    }
}
