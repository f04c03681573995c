//! Reading client credentials from the Authorization header and the form (RFC 6749 §2.3.1, RFC 7617, RFC 7521 §4.2).
//!
//! More than one method in a request is refused here; whether the credentials are right is `client_auth`'s to say.

use crate::protocol::codec::encoding::{form_decode, from_secret_base64};
use crate::protocol::http::SensitiveHeader;
use crate::protocol::http::error::{Cause, Code, OAuthError};
use crate::protocol::http::form::Form;
use crate::protocol::model::client::AuthMethod;
use crate::protocol::model::secret::Secret;

/// Longest Authorization header that is looked at, in bytes.
const MAX_HEADER: usize = 4096;

/// The one `client_assertion_type` that is accepted (RFC 7523 §2.2).
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The credentials that a request presents for its client: one method, checked for form only.
#[derive(Debug)]
pub struct Credentials {
    /// The id of the client that the request claims to come from.
    pub client_id: String,
    /// The method by which the client authenticates.
    pub method: AuthMethod,
    /// The client's secret; absent if the method is `none`.
    pub secret: Option<Secret>,
}

/// The kind of credentials in a request: the client's own, or a token of another issuer.
#[derive(Debug)]
pub enum PresentedMethod<'a> {
    /// A client id, with or without a secret.
    Credentials(Credentials),
    /// An assertion in `client_assertion` (RFC 7521 §4.2).
    Assertion {
        /// The assertion itself, a JWT.
        token: Secret,
        /// The id of the client that the request claims to come from, if it names one.
        client_id: Option<&'a str>,
    },
}

impl<'a> PresentedMethod<'a> {
    /// Takes what a request presents out of it.
    ///
    /// # Errors
    /// `invalid_request` for several methods or two different client ids, `invalid_client` for a header that is no
    /// Basic one, an assertion of an unknown kind or a request without any client id.
    pub fn of(authorization: Option<&SensitiveHeader>, form: &'a Form) -> Result<Self, OAuthError> {
        let client_id = form.value("client_id");
        let body_secret = form.value("client_secret");
        let assertion = form.value("client_assertion").or(form.value("client_assertion_type"));
        let methods = usize::from(authorization.is_some())
            + usize::from(body_secret.is_some())
            + usize::from(assertion.is_some());
        if methods > 1 {
            let description = "the request authenticates its client in more than one way";
            return Err(OAuthError::new(Code::InvalidRequest, Cause::SeveralAuthMethods, description));
        }
        if assertion.is_some() {
            let token = assertion_of(form)?;
            return Ok(Self::Assertion { token, client_id });
        }
        Credentials::of(authorization, client_id, body_secret).map(Self::Credentials)
    }
}

/// RFC 7523 §2.2: both parameters, and the type is the only one there is.
fn assertion_of(form: &Form) -> Result<Secret, OAuthError> {
    if form.value("client_assertion_type") != Some(JWT_BEARER) {
        return Err(refused(Cause::AuthMethodNotRegistered));
    }
    form.value("client_assertion").map(Secret::received).ok_or(refused(Cause::SecretMissing))
}

impl Credentials {
    fn of(
        authorization: Option<&SensitiveHeader>,
        body_id: Option<&str>,
        body_secret: Option<&str>,
    ) -> Result<Self, OAuthError> {
        if let Some(header) = authorization {
            let (client_id, secret) = parse_basic(header.expose())?;
            if body_id.is_some_and(|id| id != client_id) {
                let description = "client_id differs between the Authorization header and the body";
                return Err(OAuthError::new(Code::InvalidRequest, Cause::ClientIdMismatch, description));
            }
            return Ok(Self { client_id, method: AuthMethod::ClientSecretBasic, secret: Some(secret) });
        }
        let client_id = body_id.ok_or(refused(Cause::ClientIdMissing))?.to_owned();
        let secret = body_secret.map(Secret::received);
        let method = if secret.is_some() { AuthMethod::ClientSecretPost } else { AuthMethod::None };
        Ok(Self { client_id, method, secret })
    }
}

/// Reads a Basic header: base64 of `id:secret`, both percent-encoded as in a form (RFC 6749 §2.3.1). An empty
/// secret is a secret that no client has.
///
/// # Errors
/// `invalid_client`.
pub fn parse_basic(header: &str) -> Result<(String, Secret), OAuthError> {
    if header.len() > MAX_HEADER {
        return Err(refused(Cause::AuthorizationHeaderMalformed));
    }
    let (scheme, encoded) = header.split_once(' ').unwrap_or((header, ""));
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(refused(Cause::AuthorizationSchemeUnknown));
    }
    let malformed = refused(Cause::AuthorizationHeaderMalformed);
    let decoded = from_secret_base64(encoded.trim()).ok_or(malformed)?;
    let decoded = zeroize::Zeroizing::new(String::from_utf8(decoded).map_err(|_| malformed)?);
    let (client_id, secret) = decoded.split_once(':').ok_or(malformed)?;
    let client_id = form_decode(client_id).filter(|id| !id.is_empty()).ok_or(malformed)?;
    let secret = form_decode(secret).ok_or(malformed)?;
    Ok((client_id, Secret::received(secret)))
}

fn refused(cause: Cause) -> OAuthError {
    OAuthError::new(Code::InvalidClient, cause, "client authentication failed")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn basic(text: &str) -> String {
        use crate::protocol::codec::encoding::secret_base64;
        format!("Basic {}", secret_base64(text.as_bytes()))
    }

    #[test]
    fn credentials_are_percent_decoded() {
        let (id, secret) = parse_basic(&basic("a%3Ab+c:p%40s%25s:x")).expect("valid");
        assert_eq!((id.as_str(), secret.expose()), ("a:b c", "p@s%s:x"));
    }

    #[test]
    fn malformed_headers_are_refused_with_their_cause() {
        let long = format!("Basic {}", "A".repeat(MAX_HEADER));
        let cases = [
            ("Basic", Cause::AuthorizationHeaderMalformed),
            ("Basic !!!", Cause::AuthorizationHeaderMalformed),
            (&basic("no-colon"), Cause::AuthorizationHeaderMalformed),
            (&basic(":secret"), Cause::AuthorizationHeaderMalformed),
            (&basic("id:%zz"), Cause::AuthorizationHeaderMalformed),
            ("Basic /////w==", Cause::AuthorizationHeaderMalformed),
            ("Bearer abc", Cause::AuthorizationSchemeUnknown),
            ("", Cause::AuthorizationSchemeUnknown),
            (&long, Cause::AuthorizationHeaderMalformed),
        ];
        for (header, expected) in cases {
            assert_eq!(parse_basic(header).expect_err("refused").cause, expected, "{header}");
        }
    }

    #[test]
    fn the_scheme_is_case_insensitive() {
        assert!(parse_basic(&basic("a:b").replace("Basic", "bAsIc")).is_ok());
    }

    proptest! {
        #[test]
        fn any_header_is_parsed_or_refused(header in "\\PC{0,80}") {
            let _ = parse_basic(&header);
            let _ = parse_basic(&basic(&header));
        }

        #[test]
        fn encoded_credentials_are_read_back(id in "[!-~]{1,20}", secret in "\\PC{0,20}") {
            let encode = crate::protocol::codec::encoding::percent_encode;
            let header = basic(&format!("{}:{}", encode(&id), encode(&secret)));
            let (read_id, read_secret) = parse_basic(&header).expect("valid");
            prop_assert_eq!(read_id, id);
            prop_assert_eq!(read_secret.expose(), secret);
        }
    }
}
