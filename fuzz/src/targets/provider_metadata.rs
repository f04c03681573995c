//! Metadata of another party: it speaks for its own issuer only, and leads nowhere but to public addresses.

use mintedge::protocol::model::outbound::objection;
use mintedge::protocol::rules::discovery::keys_address;
use serde_json::Value;

const ISSUER: &str = "https://a.example/";

/// Runs one input.
pub fn run(document: &[u8]) {
    for local in [false, true] {
        let Ok(url) = keys_address(document, ISSUER, local) else { continue };
        let metadata: Value = serde_json::from_slice(document).expect("JSON");
        assert_eq!((&metadata["issuer"], &metadata["jwks_uri"]), (&ISSUER.into(), &url.as_str().into()));
        assert_eq!(objection(&url, local), None, "{url}");
    }
}
