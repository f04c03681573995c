//! A whole authorization request. The input's lines: the path below the issuer, the Cookie header, then the query (GET). Nobody
//! is ever redirected anywhere but to the server itself, and nothing of the input comes back unescaped.

use crate::fixture::{Fixture, ISSUER, lines};
use mintedge::protocol::http::{Body, Headers, Method, Request, SensitiveHeader};

const PATHS: [&str; 6] = ["/authorize", "/logout", "/account", "/password", "/sign-up", "/userinfo"];

/// Runs one input.
pub fn run(input: &[u8]) {
    let ([path, cookie], query) = lines(input);
    let path = PATHS.iter().find(|known| **known == path).copied().unwrap_or("/authorize");
    let Ok(query) = std::str::from_utf8(query) else { return };
    let headers = Headers { cookie: Some(SensitiveHeader::new(cookie)), ..Headers::default() };
    let request = Request::new(Method::Get, &format!("{path}?{query}"), headers, Body::Bytes(Vec::new()));
    Fixture::share(|fixture| {
        let response = pollster::block_on(fixture.server.handle(&request));
        assert!(matches!(response.status, 200 | 303 | 400 | 401 | 403 | 404), "{}", response.status);
        // The fixture's clients have no redirect URIs.
        let location = response.header("location");
        let is_own = |to: &str| {
            let path = to.strip_prefix(ISSUER).unwrap_or(to);
            path.starts_with('/') && !path.starts_with("//") && !path.contains('\\')
        };
        assert!(location.is_none_or(is_own), "{location:?}");
        for (_, value) in &response.headers {
            assert!(!value.contains(['\r', '\n']), "{value}");
        }
        assert!(!response.body.contains("<script>"), "{}", response.body);
    });
}
