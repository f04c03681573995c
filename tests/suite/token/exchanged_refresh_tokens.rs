//! `/token`: refresh tokens that came from an exchange, and what they end with.

use serde_json::{Value, json};

use crate::suite::browser::form;
use crate::suite::harness::{Fixture, Req, Resp, TestClient};
use crate::suite::jws::claims;
use crate::suite::login::{Login, text};
use crate::suite::token::token_exchange::{
    ACCESS_TOKEN, EXCHANGE, LEDGER, ORDERS, REFRESH_TOKEN, api, exchange, send, subject,
};

pub fn an_exchanged_refresh_token_keeps_its_actors_and_ends_with_its_origin(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let tokens = login.tokens(&[]);
    let token = text(&tokens, "access_token").to_owned();
    let batch = api(
        f,
        &json!({
            "grant_types": [EXCHANGE, "refresh_token"],
            "exchange": { "audiences": [ORDERS], "token_types": ["refresh_token"] },
        }),
    );
    let answer = exchange(f, &batch, &token, &[("requested_token_type", REFRESH_TOKEN)]).expect(200).json();
    assert_eq!(answer["issued_token_type"], REFRESH_TOKEN);
    assert_eq!(answer["token_type"], "N_A");
    let refresh = |token: &str| send(f, &batch, &[("grant_type", "refresh_token"), ("refresh_token", token)]);
    let next = refresh(text(&answer, "access_token")).expect(200).json();
    let fresh = claims(text(&next, "access_token"));
    assert_eq!(fresh["sub"], claims(&token)["sub"]);
    assert_eq!(fresh["act"]["sub"], batch.id);
    assert_eq!((fresh["aud"].as_str(), fresh["scope"].as_str()), (Some(ORDERS), Some("orders:read")));
    let revocation = Req::new("POST", "/revoke")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form(&[("token", text(&tokens, "refresh_token"))]))
        .basic(&login.client.id, &login.client.secret);
    f.send(&revocation).expect(200);
    refresh(text(&next, "refresh_token")).expect_error(400, "invalid_grant");
}

/// A client that may have refresh tokens of its own in exchange.
fn batch(f: &Fixture<'_>) -> TestClient {
    api(f, &batch_members())
}

fn batch_members() -> Value {
    json!({
        "grant_types": [EXCHANGE, "refresh_token"],
        "exchange": {
            "audiences": [ORDERS, LEDGER],
            "additional_scopes": ["ledger:read"],
            "token_types": ["refresh_token"],
        },
    })
}

fn exchanged_refresh_token(f: &Fixture<'_>, batch: &TestClient, token: &str) -> String {
    let both = [("resource", ORDERS), ("resource", LEDGER), ("requested_token_type", REFRESH_TOKEN)];
    text(&exchange(f, batch, token, &both).expect(200).json(), "access_token").to_owned()
}

fn refresh(f: &Fixture<'_>, client: &TestClient, token: &str) -> Resp {
    send(f, client, &[("grant_type", "refresh_token"), ("refresh_token", token)])
}

fn introspected(f: &Fixture<'_>, client: &TestClient, token: &str) -> Value {
    let request = Req::new("POST", "/introspect")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form(&[("token", token)]))
        .basic(&client.id, &client.secret);
    f.send(&request).expect(200).json()
}

pub fn an_exchanged_refresh_token_ends_with_the_client_it_came_from(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let (one, two) = (batch(f), batch(f));
    let token = subject(&login);
    let first = exchanged_refresh_token(f, &one, &token);
    let next = refresh(f, &one, &first).expect(200).json();
    let second = exchanged_refresh_token(f, &two, text(&next, "access_token"));
    let exchanged = refresh(f, &two, &second).expect(200).json();
    assert_eq!(introspected(f, &two, text(&exchanged, "access_token"))["active"], true);
    f.admin("POST", &format!("clients/{}/disable", login.client.id), None).expect(200);
    f.target.settle();
    refresh(f, &one, text(&next, "refresh_token")).expect_error(400, "invalid_grant");
    refresh(f, &two, text(&exchanged, "refresh_token")).expect_error(400, "invalid_grant");
    for gone in [text(&exchanged, "access_token"), text(&exchanged, "refresh_token")] {
        assert_eq!(introspected(f, &two, gone), json!({ "active": false }));
    }
    exchange(f, &two, text(&exchanged, "access_token"), &[("resource", LEDGER)])
        .expect_error(400, "invalid_request");
    f.admin("POST", &format!("clients/{}/enable", login.client.id), None).expect(200);
    f.target.settle();
    refresh(f, &one, text(&next, "refresh_token")).expect(200);
}

pub fn an_exchanged_refresh_token_has_what_its_client_may_still_exchange(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let batch = batch(f);
    let token = exchanged_refresh_token(f, &batch, &subject(&login));
    let change = |exchange: Value| {
        let mut body = batch_members();
        body["client_id"] = batch.id.as_str().into();
        body["scopes"] = json!(["orders:read", "ledger:read"]);
        body["exchange"] = exchange;
        f.admin("PUT", &format!("clients/{}", batch.id), Some(&body)).expect(200);
        f.target.settle();
    };
    let next = refresh(f, &batch, &token).expect(200).json();
    assert_eq!(claims(text(&next, "access_token"))["aud"], json!([ORDERS, LEDGER]));
    change(json!({ "audiences": [ORDERS, LEDGER], "token_types": ["refresh_token"] }));
    let next = refresh(f, &batch, text(&next, "refresh_token")).expect(200).json();
    assert_eq!(next["scope"], "orders:read", "`additional_scopes` is gone");
    change(
        json!({ "audiences": [LEDGER], "additional_scopes": ["ledger:read"], "token_types": ["refresh_token"] }),
    );
    let next = refresh(f, &batch, text(&next, "refresh_token")).expect(200).json();
    assert_eq!(claims(text(&next, "access_token"))["aud"], LEDGER);
    change(json!({ "audiences": [LEDGER], "additional_scopes": ["ledger:read"] }));
    refresh(f, &batch, text(&next, "refresh_token")).expect_error(400, "invalid_grant");
}

pub fn an_actor_that_was_shown_once_does_not_act_forever(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let (batch, assistant) = (batch(f), Login::new(f, &json!({})));
    let actor = text(&assistant.tokens(&[]), "access_token").to_owned();
    let with = [
        ("resource", ORDERS),
        ("actor_token", actor.as_str()),
        ("actor_token_type", ACCESS_TOKEN),
        ("requested_token_type", REFRESH_TOKEN),
    ];
    exchange(f, &batch, &subject(&login), &with).expect_error(400, "invalid_request");
}

pub fn an_exchanged_refresh_token_does_not_tell_who_somebody_is_elsewhere(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({ "subject_type": "pairwise" }));
    let batch = batch(f);
    let token = subject(&login);
    let exchanged = exchanged_refresh_token(f, &batch, &token);
    let seen = introspected(f, &batch, &exchanged);
    assert_eq!(seen["sub"], claims(&token)["sub"]);
}
