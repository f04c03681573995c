//! How browsers are sent on.

use serde_json::json;

use crate::suite::browser::{PASSWORD, parameters};
use crate::suite::harness::Fixture;
use crate::suite::in_memory::target;
use crate::suite::login::Login;

#[test]
fn a_redirect_after_a_form_is_a_303_and_carries_nothing_but_the_code() {
    let target = target();
    let f = Fixture::new(&target);
    let login = Login::new(&f, &json!({}));
    let page = login.authorize(&[("prompt", "login")]).expect(200);
    let answer = login.browser.log_in(&page, &login.email, PASSWORD).expect(303);
    let names: Vec<_> = parameters(&answer).into_keys().collect();
    assert_eq!(names, ["code", "iss", "state"]);
    assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
    let cookies: Vec<_> = answer.headers.iter().filter(|(name, _)| name == "set-cookie").collect();
    for (_, cookie) in cookies {
        for attribute in ["__Host-", "HttpOnly", "Secure", "SameSite=Lax", "Path=/"] {
            assert!(cookie.contains(attribute), "{cookie}");
        }
        assert!(!cookie.contains("Domain"), "{cookie}");
    }
}

#[test]
fn an_icon_is_looked_for_at_the_root_of_the_host() {
    use mintedge::protocol::http::{Body, Headers, Method, Request};
    let target = target();
    let request = |path| Request::new(Method::Get, path, Headers::default(), Body::Bytes(Vec::new()));
    for (path, status) in [("/favicon.ico", 204), ("/tenant/favicon.ico", 204), ("/other/favicon.ico", 404)] {
        let answer = pollster::block_on(target.server.handle(&request(path)));
        assert_eq!(answer.status, status, "{path}");
    }
}
