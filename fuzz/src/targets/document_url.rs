//! The URL of a client's metadata document: what is accepted an independent parser leaves as it is, and it leads to a public host.

use mintedge::protocol::documents::url::problem;

/// Runs one input.
pub fn run(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    if problem(text, false).is_some() || text.contains("xn--") {
        return;
    }
    let url = url::Url::parse(text).expect("a URL");
    assert_eq!(url.as_str(), text);
    assert_eq!(url.scheme(), "https");
    assert!(url.username().is_empty() && url.password().is_none() && url.fragment().is_none(), "{text}");
    assert!(url.domain().is_some_and(|domain| domain.contains('.')), "{text}");
    assert!(url.path().len() > 1, "{text}");
}
