//! A whole token request. The input's lines: the Authorization header (`basic ` in lower case has the rest encoded),
//! the content type (empty for a form), then the body.

use crate::fixture::{Fixture, ISSUER, basic, bounded, lines};
use mintedge::protocol::http::{BODY_LIMIT, Headers, Response, SensitiveHeader};
use mintedge::protocol::objects::control::{ControlCommand, ControlReply};
use mintedge::protocol::tokens::verify::verify_access_token;
use serde_json::Value;

/// Runs one input.
pub fn run(input: &[u8]) {
    let ([authorization, content_type], body) = lines(input);
    let content_type =
        if content_type.is_empty() { "application/x-www-form-urlencoded".into() } else { content_type };
    let authorization = match authorization.strip_prefix("basic ") {
        Some(credentials) => Some(basic(credentials)),
        None => Some(authorization).filter(|text| !text.is_empty()).map(SensitiveHeader::new),
    };
    let headers = Headers { authorization, content_type: Some(content_type), ..Headers::default() };
    Fixture::share(|fixture| {
        let response = fixture.send("POST", "/token", headers, bounded(body, BODY_LIMIT));
        fixture.check("POST", &response);
        assert_eq!(response.header("cache-control"), Some("no-store"));
        match response.status {
            200 => check_token(fixture, &response),
            400 | 401 | 413 => {}
            other => panic!("{other}"),
        }
    });
}

/// Nobody gets more than the fixture grants.
fn check_token(fixture: &Fixture, response: &Response) {
    let answer: Value = serde_json::from_str(&response.body).expect("JSON");
    let scope = answer["scope"].as_str().expect("a scope");
    let allowed = |scope: &str| ["a:read", "b:read", "mintedge:read", "mintedge:write"].contains(&scope);
    assert!(!scope.is_empty() && scope.split(' ').all(allowed), "{scope}");
    let token = answer["access_token"].as_str().expect("a token");
    let ControlReply::Keys(keys) = fixture.world.control(&ControlCommand::Keys).expect("keys") else {
        panic!("not keys")
    };
    let resources = ["https://a.example", "https://b.example", "https://id.example/admin"];
    let (server, now) = (&fixture.server, fixture.world.now());
    let audience =
        |resource| pollster::block_on(verify_access_token(server, token, &keys, ISSUER, Some(resource), now));
    let verified = resources.into_iter().find_map(|resource| audience(resource).ok());
    let client = verified.as_ref().map(|token| token.client_id.as_str());
    assert!(matches!(client, Some("basic" | "post" | "mintedge-admin")), "{client:?}");
}
