//! An issuer: what is accepted means the same to a URL parser that others wrote.

use mintedge::protocol::model::issuer::Issuer;

/// Runs one input.
pub fn run(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let Ok(issuer) = Issuer::parse(text) else { return };
    assert_eq!(issuer.as_str(), text);
    assert!(issuer.path().is_empty() || (issuer.path().starts_with('/') && !issuer.path().ends_with('/')));
    let endpoint = issuer.endpoint("/token");
    assert_eq!(endpoint, format!("{text}/token"));
    // Clients compare issuers as strings and fetch them as URLs: both have to be the same. (Whether a host name in
    // Punycode decodes is left to the DNS.)
    if text.contains("xn--") {
        return;
    }
    let Ok(url) = url::Url::parse(&endpoint) else { panic!("no URL: {endpoint}") };
    assert_eq!(url.as_str(), endpoint);
    assert!(url.username().is_empty() && url.password().is_none(), "{endpoint}");
    assert!(url.query().is_none() && url.fragment().is_none(), "{endpoint}");
    let loopback = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    assert!(url.scheme() == "https" || (url.scheme() == "http" && loopback), "{endpoint}");
}
