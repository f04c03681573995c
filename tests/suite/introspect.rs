//! `/introspect` (RFC 7662).

use serde_json::json;

use crate::suite::browser::form;
use crate::suite::harness::{Fixture, Req, TestClient};
use crate::suite::login::{Login, claims, text, web_client};
use crate::suite::revoke::revoke;
use crate::suite::token::resources::post;

fn introspect(f: &Fixture<'_>, client: &TestClient, token: &str) -> serde_json::Value {
    let request = Req::new("POST", "/introspect")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form(&[("token", token)]));
    f.send(&request.basic(&client.id, &client.secret)).expect(200).json()
}

pub fn introspection_tells_the_audience_and_nobody_else(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let orders = f.client(&json!({ "serves": ["https://orders.example"] }));
    let ledger = f.client(&json!({ "serves": ["https://ledger.example"] }));
    let tokens = login.tokens(&[]);
    let access = text(&tokens, "access_token");
    let seen = introspect(f, &orders, access);
    assert_eq!(seen["active"], true);
    assert_eq!(seen["sub"], claims(access)["sub"]);
    assert_eq!(seen["client_id"], login.client.id);
    for (client, token) in [
        (&ledger, access),
        (&orders, text(&tokens, "refresh_token")),
        (&orders, text(&tokens, "id_token")),
        (&orders, "nonsense"),
    ] {
        assert_eq!(introspect(f, client, token), json!({ "active": false }));
    }
    assert_eq!(introspect(f, &login.client, text(&tokens, "refresh_token"))["active"], true);
    // A signed answer says so in its media type, and whom it is for.
    let request = Req::new("POST", "/introspect")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("accept", "application/token-introspection+jwt")
        .body(form(&[("token", access)]));
    let signed = f.send(&request.clone().basic(&orders.id, &orders.secret)).expect(200);
    assert_eq!(signed.header("content-type"), Some("application/token-introspection+jwt"));
    let answer = claims(&signed.body);
    assert_eq!(
        (answer["aud"].as_str(), answer["token_introspection"]["active"].as_bool()),
        (Some(orders.id.as_str()), Some(true))
    );
    f.send(&request).expect_error(401, "invalid_client");
    // What is revoked is inactive at once.
    assert_eq!(revoke(&login, &login.client, access, ""), 200);
    assert_eq!(introspect(f, &orders, access), json!({ "active": false }));
}

pub fn a_client_may_introspect_what_was_issued_to_it(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let access = text(&login.tokens(&[]), "access_token").to_owned();
    let own = f.token(&f.client(&json!({})), "");
    let seen = post(f, "/introspect", &login.client, &[("token", &access)]).expect(200).json();
    assert_eq!((&seen["active"], &seen["client_id"]), (&json!(true), &json!(login.client.id)));
    for (client, token) in [(&login.client, &own), (&web_client(f, &json!({})), &access)] {
        let seen = post(f, "/introspect", client, &[("token", token)]).expect(200).json();
        assert_eq!(seen, json!({ "active": false }), "another's");
    }
    // What administrators log in with reads nothing in its own name, and what reads the admin API does.
    let console = web_client(f, &json!({ "scopes": ["openid", "mintedge:read"] }));
    let auditor = f.client(&json!({ "scopes": ["mintedge:read"] }));
    for (client, active) in [(&console, false), (&auditor, true)] {
        let seen = post(f, "/introspect", client, &[("token", &access)]).expect(200).json();
        assert_eq!(seen["active"], active);
    }
}
