//! `/revoke` (RFC 7009).

use serde_json::json;

use crate::suite::browser::form;
use crate::suite::harness::{Fixture, Req, TestClient};
use crate::suite::login::{Login, text, web_client};
use crate::suite::token::resources::post;

pub fn revoke(login: &Login<'_>, client: &TestClient, token: &str, hint: &str) -> u16 {
    let body = form(&[("token", token), ("token_type_hint", hint)]);
    let request =
        Req::new("POST", "/revoke").header("content-type", "application/x-www-form-urlencoded").body(body);
    login.f.send(&request.basic(&client.id, &client.secret)).status
}

pub fn revocation_takes_the_whole_grant_along(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let other = web_client(f, &json!({}));
    for (revoked, hint) in [("refresh_token", "access_token"), ("access_token", "refresh_token")] {
        let tokens = login.tokens(&[]);
        let access = text(&tokens, "access_token");
        let refresh = text(&tokens, "refresh_token");
        assert_eq!(revoke(&login, &other, text(&tokens, revoked), hint), 200, "says nothing to others");
        login.userinfo(access).expect(200);
        assert_eq!(revoke(&login, &login.client, text(&tokens, revoked), hint), 200);
        assert_eq!(revoke(&login, &login.client, "nonsense", hint), 200);
        login.userinfo(access).expect_error(401, "invalid_token");
        login.refresh(refresh, "").expect_error(400, "invalid_grant");
    }
}

pub fn revocation_answers_with_json(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let token = text(&login.tokens(&[]), "refresh_token").to_owned();
    for token in [token.as_str(), "nonsense"] {
        let answer = post(f, "/revoke", &login.client, &[("token", token)]).expect(200);
        assert_eq!((answer.header("content-type"), answer.json()), (Some("application/json"), json!({})));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
}
