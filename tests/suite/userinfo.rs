//! `/userinfo`: which tokens it takes, and how it answers.

use serde_json::json;

use crate::suite::browser::form;
use crate::suite::harness::{Fixture, Req};
use crate::suite::login::{Login, claims, text};

pub fn userinfo_takes_access_tokens_only(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let tokens = login.tokens(&[]);
    login.userinfo(text(&tokens, "id_token")).expect_error(401, "invalid_token");
    login.userinfo("nonsense").expect_error(401, "invalid_token");
    f.send(&Req::new("GET", "/userinfo")).expect_error(401, "invalid_token");
    let access = text(&tokens, "access_token");
    let posted = Req::new("POST", "/userinfo").bearer(access);
    f.send(&posted).expect(200);
    let body = Req::new("POST", "/userinfo")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form(&[("access_token", access)]));
    f.send(&body).expect(200);
    let url = Req::new("GET", &format!("/userinfo?access_token={access}"));
    f.send(&url).expect_error(401, "invalid_token");
    let bare = login.tokens(&[("scope", "orders:read")]);
    login.userinfo(text(&bare, "access_token")).expect_error(401, "invalid_token");
    assert!(bare.get("id_token").is_none());
}

pub fn userinfo_is_signed_for_clients_that_want_it(f: &Fixture<'_>) {
    let login = Login::new(
        f,
        &json!({ "userinfo_signed_response_alg": "RS256", "id_token_signed_response_alg": "EdDSA" }),
    );
    let tokens = login.tokens(&[]);
    let answer = login.userinfo(text(&tokens, "access_token")).expect(200);
    assert_eq!(answer.header("content-type"), Some("application/jwt"));
    let signed = claims(&answer.body);
    assert_eq!(
        (signed["iss"].as_str(), signed["aud"].as_str()),
        (Some(f.target.issuer().as_str()), Some(login.client.id.as_str()))
    );
    assert_eq!(signed["email"], login.email);
}
