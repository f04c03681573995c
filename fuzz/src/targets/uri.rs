//! A URI: an independent parser reads the same.

use mintedge::protocol::codec::uri::{Uri, web_problem};

/// Runs one input.
pub fn run(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let Ok(uri) = Uri::parse(text) else { return };
    assert_eq!(uri.scheme, uri.scheme.to_ascii_lowercase());
    let authority = uri.authority.map(|authority| format!("//{authority}")).unwrap_or_default();
    assert_eq!(format!("{}:{authority}{}", uri.scheme, uri.path), text);
    // Whether a host name in Punycode decodes is left to the DNS.
    if !uri.is_web() || text.to_ascii_lowercase().contains("xn--") {
        return;
    }
    let url = url::Url::parse(text).expect("a URL");
    assert!(url.username().is_empty() && url.password().is_none() && url.fragment().is_none(), "{text}");
    let authority = authority.to_ascii_lowercase();
    let standard = if uri.scheme == "https" { ":443" } else { ":80" };
    let authority = authority.strip_suffix(standard).unwrap_or(&authority);
    let slash = if uri.path.starts_with('/') { "" } else { "/" };
    assert_eq!(url.as_str(), format!("{}:{authority}{slash}{}", uri.scheme, uri.path));
    let loopback = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    assert_eq!(web_problem(text).is_none(), uri.scheme == "https" || loopback, "{text}");
}
