//! An Authorization header, raw and as the credentials inside a Basic one.

use crate::fixture::basic;
use mintedge::protocol::client_auth::parse_basic;

/// Runs one input.
pub fn run(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let _ = parse_basic(&text);
    if let Ok((client_id, secret)) = parse_basic(basic(&text).expose()) {
        assert!(!client_id.is_empty());
        let encode =
            |text: &str| text.bytes().fold(String::new(), |encoded, byte| format!("{encoded}%{byte:02x}"));
        let again = basic(&format!("{}:{}", encode(&client_id), encode(secret.expose())));
        if again.expose().len() <= 4096 {
            let (same_id, same_secret) = parse_basic(again.expose()).expect("still valid");
            assert_eq!((same_id.as_str(), same_secret.expose()), (client_id.as_str(), secret.expose()));
        }
        assert_eq!(format!("{secret:?}"), "[redacted]");
    }
}
