//! `application/x-www-form-urlencoded` request bodies (RFC 6749 §3.2 and appendix B).
//!
//! Bounded in size, count and length; UTF-8 only; a parameter that comes twice is refused unless its
//! specification allows several; an empty value counts as absent (RFC 6749 §3.2). Nothing is ever read
//! from the query.

use super::error::{Cause, Code, OAuthError};
use super::{Body, Request};
use crate::protocol::codec::encoding::{form_decode, form_encode};

/// The most parameters that one body may have.
pub const MAX_PARAMETERS: usize = 64;
/// The longest parameter name, in bytes after decoding.
pub const MAX_NAME: usize = 64;
/// Longest parameter value, in bytes after decoding (a token to exchange is the longest honest one).
pub const MAX_VALUE: usize = 16 * 1024;

/// Parameters that may come several times: RFC 8707 §2 and RFC 8693 §2.1.
const REPEATABLE: [&str; 2] = ["resource", "audience"];

/// The parameters of one request. Values may be secrets: `Debug` shows names only.
pub struct Form {
    parameters: Vec<(String, String)>,
}

impl std::fmt::Debug for Form {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.parameters.iter().map(|(name, _)| name)).finish()
    }
}

impl Form {
    /// Takes the form out of a POST request.
    ///
    /// # Errors
    /// `invalid_request` (413 if too large) for anything that is not one well-formed, bounded form.
    pub fn of(request: &Request) -> Result<Self, OAuthError> {
        if request.query.as_deref().is_some_and(|query| !query.is_empty()) {
            return refuse(Cause::QueryNotAllowed, "parameters belong in the body, not in the URL");
        }
        require_form_content_type(request.headers.content_type.as_deref())?;
        match &request.body {
            Body::TooLarge => {
                Err(OAuthError::new(Code::TooLarge, Cause::BodyTooLarge, "the request body is too large"))
            }
            Body::Bytes(bytes) => Self::parse(bytes),
        }
    }

    /// Parses a body.
    ///
    /// # Errors
    /// `invalid_request`; the cause says which bound or rule was broken.
    pub fn parse(body: &[u8]) -> Result<Self, OAuthError> {
        let Ok(text) = std::str::from_utf8(body) else {
            return refuse(Cause::BodyNotUtf8, "the request body is not UTF-8");
        };
        let mut parameters: Vec<(String, String)> = Vec::new();
        for (count, pair) in text.split('&').filter(|pair| !pair.is_empty()).enumerate() {
            if count >= MAX_PARAMETERS {
                return refuse(Cause::FormTooManyParameters, "the request has too many parameters");
            }
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (Some(name), Some(value)) = (form_decode(name), form_decode(value)) else {
                return refuse(Cause::FormMalformed, "the request body is not a well-formed form");
            };
            if name.len() > MAX_NAME || value.len() > MAX_VALUE {
                return refuse(Cause::FormParameterTooLong, "a parameter is too long");
            }
            if !REPEATABLE.contains(&name.as_str()) && parameters.iter().any(|(seen, _)| *seen == name) {
                return refuse(Cause::ParameterRepeated, "a parameter is repeated");
            }
            parameters.push((name, value));
        }
        parameters.retain(|(_, value)| !value.is_empty());
        Ok(Self { parameters })
    }

    /// The parameters as the query of a URL, encoded.
    pub fn to_query(&self) -> String {
        let pairs = self
            .parameters
            .iter()
            .map(|(name, value)| format!("{}={}", form_encode(name), form_encode(value)));
        pairs.collect::<Vec<_>>().join("&")
    }

    /// The parameters without those that authenticate the client.
    #[must_use]
    pub fn without_credentials(&self) -> Self {
        let is_credential =
            |name: &str| matches!(name, "client_secret" | "client_assertion" | "client_assertion_type");
        let parameters = self.parameters.iter().filter(|(name, _)| !is_credential(name));
        Self { parameters: parameters.cloned().collect() }
    }

    /// The value of `name`, if it was sent and is not empty.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// All values of the parameter `name`, in order.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.parameters.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The value of `name`.
    ///
    /// # Errors
    /// `invalid_request` with `description` if it is absent.
    pub fn require(&self, name: &str, description: &'static str) -> Result<&str, OAuthError> {
        self.value(name).ok_or(OAuthError::new(Code::InvalidRequest, Cause::ParameterMissing, description))
    }
}

fn require_form_content_type(content_type: Option<&str>) -> Result<(), OAuthError> {
    let mut parts = content_type.unwrap_or_default().split(';').map(str::trim);
    let is_form =
        parts.next().is_some_and(|essence| essence.eq_ignore_ascii_case("application/x-www-form-urlencoded"));
    let charset_is_utf8 = parts.all(|parameter| {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        !name.trim().eq_ignore_ascii_case("charset")
            || value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
    });
    if is_form && charset_is_utf8 {
        return Ok(());
    }
    refuse(Cause::ContentType, "the content type has to be application/x-www-form-urlencoded in UTF-8")
}

fn refuse<T>(cause: Cause, description: &'static str) -> Result<T, OAuthError> {
    Err(OAuthError::new(Code::InvalidRequest, cause, description))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cause(body: &[u8]) -> Cause {
        Form::parse(body).expect_err("should be refused").cause
    }

    #[test]
    fn broken_bodies_are_refused_with_their_cause() {
        let many = (0..=MAX_PARAMETERS).map(|n| format!("p{n}=1")).collect::<Vec<_>>().join("&");
        let long_name = format!("{}=1", "n".repeat(MAX_NAME + 1));
        let long_value = format!("n={}", "v".repeat(MAX_VALUE + 1));
        let cases: [(&[u8], Cause); 8] = [
            (b"a=1&a=2", Cause::ParameterRepeated),
            (b"a=&a=2", Cause::ParameterRepeated),
            (b"%61=1&a=2", Cause::ParameterRepeated),
            (b"a=%f", Cause::FormMalformed),
            (b"a=\xff", Cause::BodyNotUtf8),
            (many.as_bytes(), Cause::FormTooManyParameters),
            (long_name.as_bytes(), Cause::FormParameterTooLong),
            (long_value.as_bytes(), Cause::FormParameterTooLong),
        ];
        for (body, expected) in cases {
            assert_eq!(cause(body), expected, "{}", String::from_utf8_lossy(body));
        }
    }

    #[test]
    fn resource_and_audience_may_repeat_and_empty_values_are_absent() {
        let form = Form::parse(b"resource=a&resource=b&scope=&audience=x").expect("valid");
        assert_eq!(form.values("resource").collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(form.value("scope"), None);
        assert_eq!(form.value("audience"), Some("x"));
    }

    #[test]
    fn debug_never_shows_values() {
        let form = Form::parse(b"client_secret=hunter2").expect("valid");
        assert_eq!(format!("{form:?}"), "[\"client_secret\"]");
    }

    #[test]
    fn content_types_other_than_a_utf8_form_are_refused() {
        for accepted in
            ["application/x-www-form-urlencoded", "Application/X-WWW-Form-Urlencoded; charset=UTF-8"]
        {
            assert!(require_form_content_type(Some(accepted)).is_ok(), "{accepted}");
        }
        let refused = [
            "application/json",
            "multipart/form-data; boundary=x",
            "",
            "text/plain",
            "application/x-www-form-urlencoded; charset=latin1",
        ];
        for value in refused {
            assert!(require_form_content_type(Some(value)).is_err(), "{value}");
        }
        assert!(require_form_content_type(None).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_parsed_or_refused(body in proptest::collection::vec(any::<u8>(), 0..2048)) {
            let _ = Form::parse(&body);
        }

        #[test]
        fn what_was_encoded_is_read_back(value in "\\PC{1,40}") {
            let encoded = crate::protocol::codec::encoding::percent_encode(&value);
            let form = Form::parse(format!("k={encoded}").as_bytes()).expect("valid");
            prop_assert_eq!(form.value("k"), Some(value.as_str()));
        }
    }
}
