//! `/par`: requests that a client pushes before it sends a browser (RFC 9126).

use serde_json::json;

use crate::suite::browser::{Browser, form, parameters};
use crate::suite::harness::{Fixture, Req, TestClient};
use crate::suite::login::{Login, plain_request, text, web_client};

pub fn a_pushed_request_works_once_and_for_its_client_only(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({ "require_pushed_authorization_requests": false }));
    let push = |client: &TestClient, fields: &[(&str, &str)]| {
        let body = form(fields);
        let request =
            Req::new("POST", "/par").header("content-type", "application/x-www-form-urlencoded").body(body);
        f.send(&request.basic(&client.id, &client.secret))
    };
    let pushed = push(&login.client, &login.request(&[])).expect(201).json();
    assert!(pushed["expires_in"].as_u64().is_some_and(|seconds| (5..=90).contains(&seconds)));
    let uri = text(&pushed, "request_uri").to_owned();
    let bring = |client: &str| login.browser.authorize(&[("client_id", client), ("request_uri", &uri)]);
    let other = web_client(f, &json!({}));
    assert_eq!(bring(&other.id).expect(400).header("location"), None);
    let answer = bring(&login.client.id).expect(303);
    login.redeem(&parameters(&answer)["code"]).expect(200);
    assert_eq!(bring(&login.client.id).expect(400).header("location"), None);
    let forged =
        login.browser.authorize(&[("client_id", &login.client.id), ("request_uri", &uri.replace('a', "b"))]);
    forged.expect(400);
    push(&login.client, &login.request(&[("request_uri", "urn:x")])).expect_error(400, "invalid_request");
    push(&login.client, &login.request(&[("redirect_uri", "https://evil.example")]))
        .expect_error(400, "invalid_request");
    push(&login.client, &login.request(&[("code_challenge_method", "plain")]))
        .expect_error(400, "invalid_request");
}

pub fn a_client_that_has_to_push_can_do_nothing_else(f: &Fixture<'_>) {
    let client = web_client(f, &json!({ "require_pushed_authorization_requests": true }));
    let browser = Browser::new(f);
    assert_eq!(
        parameters(&browser.authorize(&plain_request(&client)).expect(303))["error"],
        "invalid_request"
    );
}
