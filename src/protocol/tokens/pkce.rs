//! Proof Key for Code Exchange (RFC 7636), S256 only: `plain` protects nothing that TLS doesn't. The authorization endpoint
//! checks the challenge, and the `authorization_code` grant the verifier.

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::protocol::codec::encoding::base64url;
use crate::protocol::http::error::{Cause, Code, OAuthError};

/// Whether `text` can be a challenge: the SHA-256 of something, as base64url (RFC 7636 §4.2).
pub fn is_challenge(text: &str) -> bool {
    text.len() == 43 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

/// Compares a verifier with the code's challenge (RFC 7636 §4.6).
///
/// # Errors
/// `invalid_grant` if the verifier doesn't fit, is missing or malformed, or was sent for a code that has no challenge (RFC 9700
/// §2.1.1: a downgrade).
pub fn verify(challenge: Option<&str>, verifier: Option<&str>) -> Result<(), OAuthError> {
    let (cause, description) = match (challenge, verifier) {
        (None, None) => return Ok(()),
        (Some(_), None) => (Cause::VerifierMissing, "code_verifier is missing"),
        (None, Some(_)) => (Cause::VerifierUnexpected, "the code was requested without a code_challenge"),
        (Some(challenge), Some(verifier)) => {
            if !is_verifier(verifier) {
                (Cause::VerifierMalformed, "code_verifier is malformed")
            } else if fits(challenge, verifier) {
                return Ok(());
            } else {
                (Cause::VerifierWrong, "code_verifier doesn't fit the code_challenge")
            }
        }
    };
    Err(OAuthError::new(Code::InvalidGrant, cause, description))
}

/// Whether `text` can be a verifier: 43 to 128 unreserved characters (RFC 7636 §4.1).
fn is_verifier(text: &str) -> bool {
    (43..=128).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
}

fn fits(challenge: &str, verifier: &str) -> bool {
    base64url(&Sha256::digest(verifier.as_bytes())).as_bytes().ct_eq(challenge.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7636 appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn the_example_of_rfc_7636_verifies() {
        assert!(is_challenge(CHALLENGE));
        assert_eq!(verify(Some(CHALLENGE), Some(VERIFIER)), Ok(()));
    }

    #[test]
    fn everything_else_is_refused_with_its_cause() {
        let long = "a".repeat(129);
        let other = "a".repeat(43);
        let cases = [
            (Some(CHALLENGE), None, Cause::VerifierMissing),
            (None, Some(VERIFIER), Cause::VerifierUnexpected),
            (Some(CHALLENGE), Some("short"), Cause::VerifierMalformed),
            (Some(CHALLENGE), Some(&long), Cause::VerifierMalformed),
            (Some(CHALLENGE), Some(&other), Cause::VerifierWrong),
            // `plain`: the challenge itself.
            (Some(CHALLENGE), Some(CHALLENGE), Cause::VerifierWrong),
        ];
        for (challenge, verifier, cause) in cases {
            assert_eq!(verify(challenge, verifier).map_err(|error| error.cause), Err(cause));
        }
        assert_eq!(verify(None, None), Ok(()));
    }
}
