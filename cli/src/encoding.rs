//! Writing what the server reads: percent-encoding, forms, HTTP Basic.

use std::fmt::Write as _;

use base64ct::{Base64, Encoding as _};
use mintedge::protocol::secret::Secret;

/// Percent-encodes everything but RFC 3986's unreserved characters; fit for paths, queries and forms.
pub(crate) fn percent_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// An `application/x-www-form-urlencoded` body.
pub(crate) fn form(fields: &[(&str, &str)]) -> String {
    let pairs =
        fields.iter().map(|(name, value)| format!("{}={}", percent_encode(name), percent_encode(value)));
    pairs.collect::<Vec<_>>().join("&")
}

/// The Authorization header of HTTP Basic, its parts form-encoded first (RFC 6749 §2.3.1).
pub(crate) fn basic(client_id: &str, secret: &Secret) -> Secret {
    let pair = format!("{}:{}", percent_encode(client_id), percent_encode(secret.expose()));
    Secret::received(format!("Basic {}", Base64::encode_string(pair.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use mintedge::protocol::client_auth::parse_basic;

    #[test]
    fn the_server_reads_back_what_basic_wrote() {
        let header = basic("a:b c+%", &Secret::received("s:ü&=+ /"));
        let (id, secret) = parse_basic(header.expose()).expect("well formed");
        assert_eq!((id.as_str(), secret.expose()), ("a:b c+%", "s:ü&=+ /"));
    }

    #[test]
    fn form_fields_are_encoded() {
        assert_eq!(
            form(&[("scope", "a b"), ("resource", "https://x/?y=1&z")]),
            "scope=a%20b&resource=https%3A%2F%2Fx%2F%3Fy%3D1%26z"
        );
    }
}
