//! `/token` with the `password` grant.

use serde_json::json;

use crate::suite::browser::{PASSWORD, form};
use crate::suite::harness::{Fixture, Req, TestClient};
use crate::suite::login::{Login, text, web_client};

pub fn the_password_grant_is_for_clients_registered_for_it(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let grants = json!({ "grant_types": ["password", "refresh_token"], "redirect_uris": [] });
    let legacy = web_client(f, &grants);
    let ask = |client: &TestClient, password: &str, scope: &str| {
        let fields = [
            ("grant_type", "password"),
            ("username", login.email.as_str()),
            ("password", password),
            ("scope", scope),
        ];
        login.token(client, &form(&fields))
    };
    ask(&login.client, PASSWORD, "openid").expect_error(400, "unauthorized_client");
    ask(&legacy, "a wrong password", "openid").expect_error(400, "invalid_grant");
    ask(&legacy, PASSWORD, "openid stock:read").expect_error(400, "invalid_scope");
    let tokens = ask(&legacy, PASSWORD, "openid email orders:read").expect(200).json();
    assert_eq!(login.userinfo(text(&tokens, "access_token")).expect(200).json()["email"], login.email);
    let refresh = format!("grant_type=refresh_token&refresh_token={}", text(&tokens, "refresh_token"));
    login.token(&legacy, &refresh).expect(200);
    // Where consent is due, a password is not enough.
    let third =
        web_client(f, &json!({ "grant_types": ["password"], "redirect_uris": [], "first_party": false }));
    ask(&third, PASSWORD, "openid").expect_error(400, "invalid_grant");
    let public = json!({
        "client_id": f.unique("public"),
        "token_endpoint_auth_method": "none",
        "grant_types": ["password"],
        "scopes": ["openid"],
    });
    f.admin("POST", "clients", Some(&public)).expect_error(422, "invalid_config");
    f.target.settle();
    let metadata = f.send(&Req::new("GET", "/.well-known/openid-configuration")).expect(200).json();
    assert!(metadata["grant_types_supported"].as_array().expect("grants").contains(&json!("password")));
}
