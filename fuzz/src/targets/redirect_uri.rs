//! A redirect URI: what may be registered is what an independent parser takes for a plain absolute URL too.

use mintedge::protocol::config::redirect_uri::problem;

/// Runs one input.
pub fn run(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    if problem(text, &[]).is_some() {
        return;
    }
    // Whether a host name in Punycode decodes is left to the DNS.
    if text.to_ascii_lowercase().contains("xn--") {
        return;
    }
    let url = url::Url::parse(text).expect("a URL");
    assert!(url.username().is_empty() && url.password().is_none(), "{text}");
    assert_eq!(url.fragment(), None, "{text}");
    assert!(!url.cannot_be_a_base(), "{text}");
    match url.scheme() {
        "https" => assert!(url.host_str().is_some(), "{text}"),
        "http" => {
            let host = url.host_str().expect("a host");
            assert!(["127.0.0.1", "[::1]", "localhost"].contains(&host), "{text}");
        }
        scheme => {
            assert!(scheme.split('.').all(|label| !label.is_empty()) && scheme.contains('.'), "{text}");
            assert_eq!(url.as_str(), text);
        }
    }
}
