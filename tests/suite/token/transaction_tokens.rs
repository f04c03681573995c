//! `/token` for transaction tokens (draft-ietf-oauth-transaction-tokens-09): one token for all services behind a call.

use serde_json::{Value, json};

use super::token_exchange::{
    ACCESS_TOKEN, ID_TOKEN, LEDGER, ORDERS, REFRESH_TOKEN, api, delegate, exchange, send, subject,
};
use crate::suite::browser::form;
use crate::suite::harness::{Fixture, Req, Resp, TestClient, encode};
use crate::suite::jws::{claims, header, verifies};
use crate::suite::login::{Login, text};

pub const TXN_TOKEN: &str = "urn:ietf:params:oauth:token-type:txn_token";
pub const TRUST_DOMAIN: &str = "internal.example";

/// A service that may have transaction tokens.
pub fn service(f: &Fixture<'_>, members: &Value) -> TestClient {
    let mut all = json!({
        "scopes": ["orders:read", "orders:write", "ledger:read"],
        "exchange": { "token_types": ["txn_token"], "audiences": [LEDGER], "additional_scopes": ["ledger:read"] },
    });
    for (name, value) in members.as_object().expect("an object") {
        all[name] = value.clone();
    }
    api(f, &all)
}

/// Asks for a transaction token for an access token; a value of "" in `more` takes a parameter out.
pub fn begin(f: &Fixture<'_>, service: &TestClient, token: &str, more: &[(&str, &str)]) -> Resp {
    let usual = [("requested_token_type", TXN_TOKEN), ("audience", TRUST_DOMAIN), ("scope", "orders:read")];
    let kept = usual.into_iter().filter(|(name, _)| !more.iter().any(|(other, _)| other == name));
    exchange(f, service, token, &kept.chain(more.iter().copied()).collect::<Vec<_>>())
}

/// Asks for another transaction token in the place of one.
pub fn replace(f: &Fixture<'_>, service: &TestClient, token: &str, more: &[(&str, &str)]) -> Resp {
    begin(f, service, token, &[&[("subject_token_type", TXN_TOKEN)], more].concat())
}

/// The transaction token in an answer.
#[track_caller]
pub fn issued(answer: Resp) -> String {
    text(&answer.expect(200).json(), "access_token").to_owned()
}

pub fn one_token_says_to_all_services_what_a_call_is_about(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let (token, gateway) = (subject(&login), service(f, &json!({})));
    let said = [
        ("request_context", r#"{"req_ip":"69.151.72.123","authn":"face"}"#),
        ("request_details", r#"{"action":"BUY","quantity":100,"for":{"level":"VIP"}}"#),
    ];
    let answer = begin(f, &gateway, &token, &said).expect(200);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let answer = answer.json();
    assert_eq!((&answer["issued_token_type"], &answer["token_type"]), (&json!(TXN_TOKEN), &json!("N_A")));
    assert!(answer["refresh_token"].is_null() && answer["id_token"].is_null(), "{answer}");
    assert!(answer["expires_in"].as_u64().is_some_and(|seconds| (1..=60).contains(&seconds)), "{answer}");
    let jwt = text(&answer, "access_token");
    assert!(
        verifies(jwt, &f.key_set()) && header(jwt)["typ"] == "txntoken+jwt" && header(jwt)["kid"].is_string()
    );
    let (before, after) = (claims(&token), claims(jwt));
    assert_eq!((&after["iss"], &after["sub"]), (&before["iss"], &before["sub"]));
    assert_eq!((&after["aud"], &after["scope"]), (&json!(TRUST_DOMAIN), &json!("orders:read")));
    assert_eq!(after["req_wl"], gateway.id);
    assert_eq!(after["act"], json!({ "sub": gateway.id, "client_id": gateway.id }));
    assert_eq!(after["rctx"], json!({ "req_ip": "69.151.72.123", "authn": "face" }));
    assert_eq!(after["tctx"], json!({ "action": "BUY", "quantity": 100, "for": { "level": "VIP" } }));
    assert!(after["txn"].as_str().is_some_and(|txn| txn.len() == 22), "{after}");
    assert!(after["exp"].as_u64() <= before["exp"].as_u64());
    // Nothing of it opens anything: neither the token that it came from, nor what a resource or client adds to access tokens.
    assert!(!jwt.contains(&token) && after["client_id"].is_null() && after["region"].is_null(), "{after}");
    let another = claims(&issued(begin(f, &gateway, &token, &[])));
    assert_ne!(another["txn"], after["txn"]);
    assert!(another["tctx"].is_null() && another["rctx"].is_null(), "{another}");
}

pub fn a_programs_own_call_names_no_actor(f: &Fixture<'_>) {
    let batch = service(f, &json!({}));
    let own = f.token(&batch, "&scope=orders:read");
    let call = claims(&issued(begin(f, &batch, &own, &[])));
    assert_eq!((&call["sub"], &call["req_wl"]), (&json!(batch.id), &json!(batch.id)));
    assert!(call["act"].is_null() && call["grant"].is_null(), "{call}");
}

pub fn a_transaction_token_is_no_wider_than_its_subject_and_its_service(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let (token, gateway) = (subject(&login), service(f, &json!({})));
    for (more, error) in [
        (("scope", ""), "invalid_request"),
        // What it may have in exchange otherwise is not what the person's token has.
        (("scope", "ledger:read"), "invalid_scope"),
        (("scope", "orders:write"), "invalid_scope"),
        (("scope", "orders:read orders:write"), "invalid_scope"),
        (("scope", "openid"), "invalid_scope"),
        (("scope", "mintedge:read"), "invalid_scope"),
        (("scope", "unheard:of"), "invalid_scope"),
        (("scope", " "), "invalid_scope"),
        (("audience", ""), "invalid_target"),
        (("audience", LEDGER), "invalid_target"),
        (("audience", "another.example"), "invalid_target"),
        (("audience", &f.target.issuer()), "invalid_target"),
        (("resource", ORDERS), "invalid_target"),
    ] {
        let answer = begin(f, &gateway, &token, &[more]);
        assert_eq!(answer.error(), (400, error.to_owned()), "{more:?}");
    }
    let two = [("audience", TRUST_DOMAIN), ("audience", LEDGER)];
    begin(f, &gateway, &token, &two).expect_error(400, "invalid_target");
    let narrow = service(f, &json!({ "scopes": ["ledger:read"] }));
    begin(f, &narrow, &token, &[]).expect_error(400, "invalid_scope");
}

pub fn a_replacement_narrows_and_is_of_the_same_call(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let token =
        text(&login.tokens(&[("scope", "openid orders:read orders:write")]), "access_token").to_owned();
    let services: Vec<_> = (0..5).map(|_| service(f, &json!({}))).collect();
    let both = ("scope", "orders:read orders:write");
    let said = [both, ("request_details", r#"{"a":1}"#), ("request_context", r#"{"b":2}"#)];
    let first = issued(begin(f, &services[0], &token, &said));
    let second = issued(replace(f, &services[1], &first, &[]));
    let (before, after) = (claims(&first), claims(&second));
    for name in ["iss", "aud", "sub", "txn", "tctx", "rctx"] {
        assert!(after[name] == before[name] && !after[name].is_null(), "{name}: {after}");
    }
    assert_eq!((&after["scope"], &after["req_wl"]), (&json!("orders:read"), &json!(services[1].id)));
    assert_eq!(
        (&after["act"]["sub"], &after["act"]["act"]["sub"]),
        (&json!(services[1].id), &json!(services[0].id))
    );
    assert!(after["exp"].as_u64() <= before["exp"].as_u64() && after["jti"] != before["jti"]);
    // What was given up is gone, and what the call is about is said once.
    replace(f, &services[2], &second, &[both]).expect_error(400, "invalid_scope");
    replace(f, &services[2], &first, &[both]).expect(200);
    for said in ["request_details", "request_context"] {
        for value in ["{}", r#"{"a":1}"#, r#"{"a":2}"#] {
            replace(f, &services[2], &first, &[(said, value)]).expect_error(400, "invalid_request");
        }
    }
    replace(f, &services[2], &first, &[("audience", "another.example")]).expect_error(400, "invalid_target");
    // Four services are the most that a call can have come by; one that narrows its own adds none.
    let fourth = issued(replace(f, &services[3], &issued(replace(f, &services[2], &second, &[])), &[]));
    replace(f, &services[4], &fourth, &[]).expect_error(400, "invalid_request");
    let own = claims(&issued(replace(f, &services[3], &fourth, &[])));
    assert_eq!((&own["act"], &own["txn"]), (&claims(&fourth)["act"], &before["txn"]));
}

pub fn a_transaction_token_is_no_access_token(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let token =
        text(&login.tokens(&[("scope", "openid orders:read ledger:read")]), "access_token").to_owned();
    let gateway = service(
        f,
        &json!({ "exchange": {
        "token_types": ["txn_token", "id_token"], "audiences": [ORDERS, LEDGER],
    } }),
    );
    let call = issued(begin(f, &gateway, &token, &[]));
    login.userinfo(&call).expect_error(401, "invalid_token");
    f.send(&Req::new("GET", "/admin/v1/config").bearer(&call)).expect_error(401, "invalid_token");
    let asked = |path: &'static str| {
        let request = Req::new("POST", path).header("content-type", "application/x-www-form-urlencoded");
        f.send(&request.body(form(&[("token", &call)])).basic(&gateway.id, &gateway.secret))
            .expect(200)
            .json()
    };
    assert_eq!(asked("/introspect"), json!({ "active": false }));
    asked("/revoke");
    replace(f, &gateway, &call, &[]).expect(200);
    for kind in [ACCESS_TOKEN, "urn:ietf:params:oauth:token-type:jwt", ID_TOKEN] {
        for wanted in ["", ACCESS_TOKEN, ID_TOKEN, TXN_TOKEN] {
            let more = [("subject_token_type", kind), ("requested_token_type", wanted)];
            let answer = begin(f, &gateway, &call, &more);
            assert_eq!(answer.error(), (400, "invalid_request".to_owned()), "{more:?}");
        }
    }
    for wanted in ["", ACCESS_TOKEN, "urn:ietf:params:oauth:token-type:jwt", ID_TOKEN] {
        let more = [("requested_token_type", wanted), ("audience", ORDERS)];
        replace(f, &gateway, &call, &more).expect_error(400, "invalid_request");
    }
    delegate(f, &gateway, &call, &[("scope", "orders:read")]).expect_error(400, "invalid_grant");
    for kind in [TXN_TOKEN, ACCESS_TOKEN] {
        let more = [("resource", ORDERS), ("actor_token", call.as_str()), ("actor_token_type", kind)];
        exchange(f, &gateway, &token, &more).expect_error(400, "invalid_request");
    }
    // Whoever serves an API takes tokens by their type, and this is another one.
    let assertion =
        [("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", call.as_str())];
    assert_eq!(send(f, &gateway, &assertion).status, 400);
}

pub fn access_tokens_alone_begin_a_call(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let (tokens, gateway) = (login.tokens(&[]), service(f, &json!({})));
    let token = text(&tokens, "access_token").to_owned();
    for (other, kind) in [
        (text(&tokens, "id_token"), ID_TOKEN),
        (text(&tokens, "id_token"), ACCESS_TOKEN),
        (text(&tokens, "refresh_token"), REFRESH_TOKEN),
        (text(&tokens, "refresh_token"), ACCESS_TOKEN),
        (r#"{"sub":"usr_somebody"}"#, "urn:ietf:params:oauth:token-type:unsigned_json"),
        (&token, "urn:ietf:params:oauth:token-type:self_signed"),
        // An access token is no transaction token either.
        (&token, TXN_TOKEN),
        ("nonsense", ACCESS_TOKEN),
        ("nonsense", TXN_TOKEN),
    ] {
        let answer = begin(f, &gateway, other, &[("subject_token_type", kind)]);
        assert_eq!(answer.error(), (400, "invalid_request".to_owned()), "{other} as {kind}");
    }
    let (signed, _) = issued(begin(f, &gateway, &token, &[]))
        .rsplit_once('.')
        .map(|(start, end)| (start.to_owned(), end.len()))
        .expect("a signature");
    replace(f, &gateway, &format!("{signed}.AAAA"), &[]).expect_error(400, "invalid_request");
    for (name, value) in [
        ("request_context", "[]"),
        ("request_context", "\"a\""),
        ("request_context", "{"),
        ("request_details", r#"{"a":1,"a":2}"#),
        ("request_details", "1"),
    ] {
        begin(f, &gateway, &token, &[(name, value)]).expect_error(400, "invalid_request");
    }
    let long = |bytes: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(bytes - 8));
    for (name, most) in [("request_context", 2048), ("request_details", 4096)] {
        begin(f, &gateway, &token, &[(name, &long(most))]).expect(200);
        begin(f, &gateway, &token, &[(name, &long(most + 1))]).expect_error(400, "invalid_request");
        let deep = format!("{}1{}", "{\"a\":".repeat(7), "}".repeat(7));
        begin(f, &gateway, &token, &[(name, &deep)]).expect_error(400, "invalid_request");
    }
}

pub fn only_services_that_may_have_transaction_tokens_get_them(f: &Fixture<'_>) {
    let agent = service(f, &json!({}));
    let login = Login::new(f, &json!({}));
    let token = subject(&login);
    let call = issued(begin(f, &agent, &token, &[]));
    let without = service(f, &json!({ "exchange": { "audiences": [ORDERS] } }));
    begin(f, &without, &token, &[]).expect_error(400, "invalid_request");
    replace(f, &without, &call, &[]).expect_error(400, "invalid_request");
    let unregistered = f.client(&json!({ "serves": [ORDERS] }));
    begin(f, &unregistered, &token, &[]).expect_error(400, "unauthorized_client");
    // It is in the trust domain, so it may replace a transaction token, but the person's token is not meant for it.
    let inside = service(f, &json!({ "serves": [LEDGER] }));
    begin(f, &inside, &token, &[]).expect_error(400, "invalid_request");
    replace(f, &inside, &call, &[]).expect(200);
    let actor = text(&Login::new(f, &json!({})).tokens(&[]), "access_token").to_owned();
    let acting = [("actor_token", actor.as_str()), ("actor_token_type", ACCESS_TOKEN)];
    begin(f, &agent, &token, &acting).expect_error(400, "invalid_request");
    begin(f, &agent, &token, &acting[..1]).expect_error(400, "invalid_request");
    begin(f, &agent, &token, &acting[1..]).expect_error(400, "invalid_request");
    // Who may act is who it says, and who comes by is never left out.
    let strict =
        service(f, &json!({ "exchange": { "token_types": ["txn_token"], "require_may_act": true } }));
    begin(f, &strict, &token, &[]).expect_error(400, "invalid_request");
    replace(f, &strict, &call, &[]).expect_error(400, "invalid_request");
    let named = Login::new(f, &json!({ "may_act": agent.id }));
    begin(f, &agent, &subject(&named), &[]).expect(200);
    begin(f, &inside, &subject(&named), &[]).expect_error(400, "invalid_request");
    let silent = service(f, &json!({ "exchange": { "token_types": ["txn_token"], "impersonation": true } }));
    assert_eq!(claims(&issued(begin(f, &silent, &token, &[])))["act"]["sub"], silent.id);
}

pub fn a_call_of_a_login_that_ended_goes_no_further(f: &Fixture<'_>) {
    let (login, other) = (Login::new(f, &json!({})), Login::new(f, &json!({})));
    let (gateway, next) = (service(f, &json!({})), service(f, &json!({})));
    let tokens = login.tokens(&[]);
    let token = text(&tokens, "access_token");
    let call = issued(begin(f, &gateway, token, &[]));
    let fields = [("token", text(&tokens, "refresh_token"))];
    let request = Req::new("POST", "/revoke").header("content-type", "application/x-www-form-urlencoded");
    f.send(&request.body(form(&fields)).basic(&login.client.id, &login.client.secret)).expect(200);
    begin(f, &gateway, token, &[]).expect_error(400, "invalid_request");
    replace(f, &next, &call, &[]).expect_error(400, "invalid_request");
    // The same of a service that is switched off, and of one that is given an end.
    for (end, back) in [("disable", Some("enable")), ("revoke", None)] {
        let call = issued(begin(f, &gateway, &subject(&other), &[]));
        replace(f, &next, &call, &[]).expect(200);
        f.admin("POST", &format!("clients/{}/{end}", encode(&gateway.id)), None).expect(200);
        f.target.settle();
        assert!(still_valid(&call, f), "it is not its age");
        replace(f, &next, &call, &[]).expect_error(400, "invalid_request");
        if let Some(back) = back {
            f.admin("POST", &format!("clients/{}/{back}", encode(&gateway.id)), None).expect(200);
            f.target.settle();
        }
    }
}

/// Whether a token has not expired: by the clock of the server, which dates its tokens.
fn still_valid(token: &str, f: &Fixture<'_>) -> bool {
    let clock = service(f, &json!({}));
    claims(token)["exp"].as_u64() > claims(&f.token(&clock, "&scope=orders:read"))["iat"].as_u64()
}
