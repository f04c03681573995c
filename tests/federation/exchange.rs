//! Tokens of trusted issuers as subjects of a token exchange (RFC 8693), and rules that were applied a moment ago.

use super::*;

const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const TYPES: &str = "urn:ietf:params:oauth:token-type:";

/// Like the usual one, with the grant for all clients.
fn exchanging() -> Value {
    let mut configuration = configuration();
    for client in configuration["client"].as_array_mut().expect("clients") {
        client["grant_types"] = json!([EXCHANGE, JWT_BEARER]);
    }
    configuration
}

fn exchange(setup: &Setup, token: &str, kind: &str, more: &[(&str, &str)]) -> Response {
    let kind = format!("{TYPES}{kind}");
    let usual = [("grant_type", EXCHANGE), ("subject_token", token), ("subject_token_type", kind.as_str())];
    setup.post("app", &[&usual, more].concat())
}

#[test]
fn a_workload_exchanges_its_token_by_a_rule() {
    let setup = Setup::with(&exchanging());
    for kind in ["jwt", "id_token"] {
        let response = exchange(&setup, &setup.token(&json!({})), kind, &[("scope", "orders:read")]);
        let answer: Value = serde_json::from_str(&response.body).expect("JSON");
        assert_eq!(response.status, 200, "{answer}");
        assert_eq!(answer["issued_token_type"], format!("{TYPES}access_token"));
        let claims = granted(&response);
        assert_eq!((&claims["aud"], &claims["scope"]), (&json!(ORDERS), &json!("orders:read")));
        assert!(claims["sub"].as_str().is_some_and(|sub| sub.starts_with("ext:ci:")), "{claims}");
        assert!(claims["act"].is_null(), "{claims}");
    }
}

#[test]
fn what_a_foreign_token_says_of_actors_counts_for_nothing() {
    let setup = Setup::with(&exchanging());
    let token =
        setup.token(&json!({ "act": { "sub": "admin" }, "may_act": { "sub": "x" }, "scope": "ledger:read" }));
    let claims = granted(&exchange(&setup, &token, "jwt", &[]));
    assert!(claims["act"].is_null() && claims["may_act"].is_null(), "{claims}");
    assert_eq!(claims["scope"], "orders:read orders:write");
}

#[test]
fn a_foreign_token_is_exchanged_for_an_access_token_only() {
    let setup = Setup::with(&exchanging());
    for kind in ["refresh_token", "id_token"] {
        let wanted = format!("{TYPES}{kind}");
        let response =
            exchange(&setup, &setup.token(&json!({})), "jwt", &[("requested_token_type", &wanted)]);
        setup.assert_refused(&response, "invalid_request", "token_type_not_allowed");
    }
    let response = exchange(&setup, &setup.token(&json!({})), "access_token", &[]);
    setup.assert_refused(&response, "invalid_request", "assertion_type");
    let actor = [("actor_token", "x"), ("actor_token_type", "urn:ietf:params:oauth:token-type:access_token")];
    let response = exchange(&setup, &setup.token(&json!({})), "jwt", &actor);
    setup.assert_refused(&response, "invalid_request", "actor_token_unusable");
    let used = setup.token(&json!({}));
    granted(&exchange(&setup, &used, "jwt", &[]));
    let response = exchange(&setup, &used, "jwt", &[]);
    setup.assert_refused(&response, "invalid_request", "assertion_used");
}

#[test]
fn a_rule_applied_a_moment_ago_works_at_once_and_a_flood_without_rules_asks_little() {
    let setup = Setup::new();
    let token = || setup.token(&json!({ "repository": "later" }));
    setup.assert_refused(&setup.present(&token(), &[]), "invalid_grant", "rule_none");
    let mut configuration = configuration();
    let mut rule = configuration["rule"][0].clone();
    rule["id"] = json!("later");
    rule["match"] = json!({ "repository": "later" });
    configuration["rule"].as_array_mut().expect("rules").push(rule);
    apply(&setup.world, &configuration);
    // KV and the isolate still have the old rules.
    granted(&setup.present(&token(), &[]));
    let flood = setup.spent(|| {
        for _ in 0..100 {
            let response = setup.present(&setup.token(&json!({ "repository": "nowhere" })), &[]);
            setup.assert_refused(&response, "invalid_grant", "rule_none");
        }
    });
    assert!(flood.control_calls <= 20, "{flood:?}");
    assert_eq!(flood.object_rows_written, 0);
}
