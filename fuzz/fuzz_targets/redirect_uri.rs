//! A redirect URI: what may be registered is what an independent parser takes for a plain absolute URL too.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mintedge::protocol::redirect_uri::problem;

fuzz_target!(|text: &str| {
    if problem(text, &[]).is_some() {
        return;
    }
    let url = url::Url::parse(text).expect("a URL");
    assert!(url.username().is_empty() && url.password().is_none(), "{text}");
    assert_eq!(url.fragment(), None, "{text}");
    match url.scheme() {
        "https" => assert!(url.host_str().is_some(), "{text}"),
        "http" => {
            let host = url.host_str().expect("a host");
            assert!(["127.0.0.1", "[::1]", "localhost"].contains(&host), "{text}");
        }
        scheme => assert!(scheme.contains('.'), "{text}"),
    }
});
