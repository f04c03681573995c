//! A whole call of the admin API. The input's lines: method and target, the token (`ADMIN` for a genuine one), If-Match,
//! then the body.

use crate::fixture::{CANARY, Fixture, bounded, lines, wants_rsa};
use mintedge::protocol::http::{ADMIN_BODY_LIMIT, Headers, SensitiveHeader};

const STATUSES: [u16; 14] = [200, 201, 204, 304, 400, 401, 403, 404, 405, 409, 412, 413, 422, 428];

/// Runs one input.
pub fn run(input: &[u8]) {
    if wants_rsa(input) {
        return;
    }
    let ([start, token, if_match], body) = lines(input);
    let (method, target) = start.split_once(' ').unwrap_or(("GET", &start));
    let fixture = Fixture::new();
    if target.starts_with("users/") {
        fixture.add_person();
    }
    let genuine = token == "ADMIN";
    let token = if genuine { fixture.admin_token().to_owned() } else { token };
    let headers = Headers {
        authorization: Some(SensitiveHeader::new(format!("Bearer {token}"))),
        content_type: Some("application/json".to_owned()),
        if_match: Some(if_match).filter(|text| !text.is_empty()),
        ..Headers::default()
    };
    let before = fixture.world.at_rest();
    let response =
        fixture.send(method, &format!("/admin/v1/{target}"), headers, bounded(body, ADMIN_BODY_LIMIT));
    assert!(STATUSES.contains(&response.status), "{response:?}");
    // An administrator is told what was wrong with the input, in words that may repeat it; nobody else is.
    if !genuine || !String::from_utf8_lossy(input).contains(CANARY) {
        fixture.check(method, &response);
    }
    if response.status >= 400 {
        assert_eq!(fixture.world.at_rest(), before, "a refused call changed something");
    }
    assert!(
        genuine || [401, 404, 405].contains(&response.status) || target == "openapi.json",
        "{response:?}"
    );
}
