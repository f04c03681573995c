//! Identity assertion authorization grants: for one client, for this server, once.

use super::*;

impl Setup {
    fn id_jag(&self, changes: &Value) -> String {
        let claims = changed(
            &self.claims(&json!({ "client_id": "app", "scope": "orders:read ledger:read" })),
            changes,
        );
        self.key.token_with(&json!({ "alg": "EdDSA", "typ": "oauth-id-jag+jwt", "kid": "k1" }), &claims)
    }
}

#[test]
fn its_scope_and_resource_bound_what_is_granted() {
    let setup = Setup::new();
    let read = json!({ "scope": "orders:read orders:write" });
    assert_eq!(granted(&setup.present(&setup.id_jag(&read), &[]))["scope"], "orders:read");
    let response = setup.present(&setup.id_jag(&read), &[("scope", "ledger:read")]);
    setup.assert_refused(&response, "invalid_scope", "scope_beyond_rule");
    let ledger = json!({ "resource": LEDGER });
    assert_eq!(granted(&setup.present(&setup.id_jag(&ledger), &[]))["aud"], LEDGER);
    assert_eq!(granted(&setup.present(&setup.id_jag(&json!({ "resource": [ORDERS] })), &[]))["aud"], ORDERS);
    let response = setup.present(&setup.id_jag(&ledger), &[("resource", ORDERS)]);
    setup.assert_refused(&response, "invalid_target", "resource_beyond_rule");
    let both = setup.present(&setup.id_jag(&json!({})), &[("resource", LEDGER)]);
    assert_eq!(granted(&both)["scope"], "ledger:read");
    assert!(json(&both).get("refresh_token").is_none());
}

#[test]
fn its_own_scope_comes_before_the_default_ones() {
    let mut configuration = configuration();
    configuration["resource"][0]["default_scopes"] = json!(["orders:write"]);
    let setup = Setup::with(&configuration);
    let read = setup.id_jag(&json!({ "scope": "orders:read" }));
    assert_eq!(granted(&setup.present(&read, &[]))["scope"], "orders:read");
    let both = setup.id_jag(&json!({}));
    assert_eq!(granted(&setup.present(&both, &[("resource", LEDGER)]))["scope"], "ledger:read");
}

#[test]
fn one_for_somebody_else_or_damaged_is_refused() {
    let setup = Setup::new();
    let cases = [
        ("for another client", json!({ "client_id": "stranger" }), "assertion_of_other_client"),
        ("for no client", json!({ "client_id": null }), "assertion_of_other_client"),
        ("for another server", json!({ "aud": "https://other.example" }), "assertion_audience"),
        ("for several servers", json!({ "aud": [OWN, "https://other.example"] }), "assertion_audience"),
        ("for our token endpoint", json!({ "aud": format!("{OWN}/token") }), "assertion_audience"),
        ("without a name", json!({ "jti": null }), "assertion_id_missing"),
        ("without a subject", json!({ "sub": null }), "assertion_claims"),
        ("with a scope that is no text", json!({ "scope": ["orders:read"] }), "assertion_claims"),
        ("with a resource that is no text", json!({ "resource": [1] }), "assertion_claims"),
        (
            "with details that bound it",
            json!({ "authorization_details": [{ "type": "payment" }] }),
            "assertion_claims",
        ),
        ("bound to a key", json!({ "cnf": { "jkt": "x" } }), "assertion_bound"),
        ("about somebody the rule doesn't know", json!({ "sub": "other" }), "rule_none"),
    ];
    for (name, changes, cause) in cases {
        let response = setup.present(&setup.id_jag(&changes), &[]);
        assert_eq!((response.status, setup.cause().as_str()), (400, cause), "{name}");
    }
    let token = setup.id_jag(&json!({ "scope": "orders:read" }));
    granted(&setup.present(&token, &[]));
    setup.assert_refused(&setup.present(&token, &[]), "invalid_grant", "assertion_used");
}

#[test]
fn a_public_client_can_not_use_one() {
    let setup = Setup::new();
    let response = setup.present_as("tool", &setup.id_jag(&json!({ "client_id": "tool" })), &[]);
    setup.assert_refused(&response, "invalid_grant", "client_public");
}

#[test]
fn an_id_token_is_none_and_it_is_no_id_token() {
    let setup = Setup::new();
    let claims = setup.claims(&json!({ "client_id": "app", "repository": null }));
    let response = setup.present(&setup.key.token("k1", &claims), &[]);
    setup.assert_refused(&response, "invalid_grant", "rule_none");
    let response = setup.present(&setup.id_jag(&json!({ "sub": "other", "repository": "shop" })), &[]);
    setup.assert_refused(&response, "invalid_grant", "rule_none");
}
