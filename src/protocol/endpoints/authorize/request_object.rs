//! Unsigned request objects (`OpenID Connect Core` §6.1, `alg: none`). They are not supported, and nothing in them is obeyed;
//! but the refusal goes the way that the object asks for, where the request itself says nothing of it. That it goes to a
//! registered redirect URI, and nowhere else, is not theirs to say.

use serde::Deserialize;

use crate::protocol::codec::jws;

/// Where a refusal goes, by an unsigned request object's own account.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Routing {
    #[serde(default)]
    pub(super) response_mode: Option<String>,
    #[serde(default)]
    pub(super) state: Option<String>,
}

impl Routing {
    /// Reads the `request` parameter. The result is empty for anything that is not an unsigned request object.
    pub(super) fn of(request: Option<&str>) -> Self {
        request.and_then(Self::read).unwrap_or_default()
    }

    fn read(request: &str) -> Option<Self> {
        let object = jws::read(request)?;
        if object.alg() != "none" || !object.signature().is_empty() {
            return None;
        }
        object.claims()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::codec::encoding::base64url;

    fn object(header: &str, claims: &str, signature: &str) -> Routing {
        let text = format!("{}.{}.{signature}", base64url(header.as_bytes()), base64url(claims.as_bytes()));
        Routing::of(Some(&text))
    }

    #[test]
    fn only_unsigned_objects_say_where_a_refusal_goes() {
        let claims =
            r#"{"response_mode":"form_post","state":"x","redirect_uri":"https://evil.example","aud":["a"]}"#;
        let read = object(r#"{"alg":"none"}"#, claims, "");
        assert_eq!((read.response_mode.as_deref(), read.state.as_deref()), (Some("form_post"), Some("x")));
        for (header, claims, signature) in [
            (r#"{"alg":"RS256"}"#, claims, ""),
            (r#"{"alg":"none"}"#, claims, "AAAA"),
            (r#"{"alg":"none"}"#, r#"{"response_mode":["form_post"]}"#, ""),
            ("{}", claims, ""),
            (r#"{"alg":"none"}"#, "[]", ""),
        ] {
            assert!(object(header, claims, signature).response_mode.is_none(), "{header} {claims}");
        }
        for text in ["", ".", "..", "a.b", "a.b.c.d"] {
            assert!(Routing::of(Some(text)).response_mode.is_none(), "{text}");
        }
    }
}
