//! A token of another party taken apart: as it is, or made of the input's lines as header and claims.

use base64ct::{Base64UrlUnpadded, Encoding as _};
use mintedge::protocol::federation::header::take_apart;

/// Runs one input.
pub fn run(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let _ = take_apart(text);
    let (header, claims) = text.split_once('\n').unwrap_or((text, "{}"));
    let encode = |part: &str| Base64UrlUnpadded::encode_string(part.as_bytes());
    let signed = format!("{}.{}", encode(header), encode(claims));
    let token = format!("{signed}.{}", encode("signature"));
    let Ok(apart) = take_apart(&token) else { return };
    assert_eq!((apart.token.signed(), apart.token.signature()), (signed.as_str(), b"signature".as_slice()));
    let header: serde_json::Value = serde_json::from_str(header).expect("JSON");
    assert_eq!(header["alg"], apart.alg.name());
    assert_eq!(header["kid"].as_str(), apart.token.kid());
    assert!(header.get("crit").is_none());
}
