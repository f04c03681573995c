//! Writing what the server reads: forms and HTTP Basic.

use mintedge::protocol::codec::encoding::{form_encode, secret_base64};
use mintedge::protocol::model::secret::Secret;

/// An `application/x-www-form-urlencoded` body.
pub(crate) fn form(fields: &[(&str, &str)]) -> String {
    let pairs = fields.iter().map(|(name, value)| format!("{}={}", form_encode(name), form_encode(value)));
    pairs.collect::<Vec<_>>().join("&")
}

/// The Authorization header of HTTP Basic, its parts form-encoded first (RFC 6749 §2.3.1).
pub(crate) fn basic(client_id: &str, secret: &Secret) -> Secret {
    let pair = format!("{}:{}", form_encode(client_id), form_encode(secret.expose()));
    Secret::received(format!("Basic {}", secret_base64(pair.as_bytes())))
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
