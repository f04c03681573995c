//! `/token` with the `client_credentials` grant.

use serde_json::{Value, json};

use crate::suite::harness::{Fixture, Req, base_config, encode};
use crate::suite::jws;

pub fn the_token_has_the_claims_of_rfc_9068(f: &Fixture<'_>) {
    let client = f.client(&json!({}));
    let response = f.request_token(&client, "&scope=orders%3Aread").expect(200).json();
    assert_eq!(response["token_type"], "Bearer");
    assert_eq!(response["expires_in"], 300);
    assert_eq!(response["scope"], "orders:read");
    let token = response["access_token"].as_str().expect("a token");
    assert!(jws::verifies(token, &f.key_set()));
    let header = jws::header(token);
    assert_eq!((&header["typ"], &header["alg"]), (&json!("at+jwt"), &json!("ES256")));
    let claims = jws::claims(token);
    assert_eq!(claims["iss"], f.target.issuer());
    assert_eq!(claims["sub"], client.id);
    assert_eq!(claims["client_id"], client.id);
    assert_eq!(claims["aud"], "https://orders.example");
    assert_eq!(claims["scope"], "orders:read");
    let (iat, exp) = (claims["iat"].as_u64().expect("iat"), claims["exp"].as_u64().expect("exp"));
    assert_eq!(exp - iat, 300);
    let other = jws::claims(&f.token(&client, ""));
    assert_ne!(claims["jti"], other["jti"]);
    assert!(claims["jti"].as_str().is_some_and(|jti| jti.len() == 22));
}

pub fn there_is_never_a_refresh_or_id_token(f: &Fixture<'_>) {
    let client = f.client(&json!({}));
    for scope in ["openid", "offline_access", "profile", "orders%3Aread+openid"] {
        f.request_token(&client, &format!("&scope={scope}")).expect_error(400, "invalid_scope");
    }
    let response = f.request_token(&client, "").expect(200).json();
    let members: Vec<&String> = response.as_object().expect("an object").keys().collect();
    assert_eq!(members.len(), 4, "{members:?}");
}

pub fn without_scope_everything_of_the_one_resource_is_granted(f: &Fixture<'_>) {
    let client = f.client(&json!({}));
    assert_eq!(f.request_token(&client, "").expect(200).json()["scope"], "orders:read orders:write");
    let broad = f.client(&json!({ "scopes": ["orders:read", "ledger:read"] }));
    f.request_token(&broad, "").expect_error(400, "invalid_scope");
    let bare = f.client(&json!({ "scopes": [] }));
    f.request_token(&bare, "").expect_error(400, "invalid_scope");
}

pub fn a_scope_beyond_the_ceiling_is_invalid_scope(f: &Fixture<'_>) {
    let client = f.client(&json!({ "scopes": ["orders:read"] }));
    for scope in
        ["orders%3Awrite", "orders%3Aread+orders%3Awrite", "unknown", "mintedge%3Awrite", "a%22b", "%C3%BC"]
    {
        f.request_token(&client, &format!("&scope={scope}")).expect_error(400, "invalid_scope");
    }
}

pub fn a_resource_chooses_the_audience(f: &Fixture<'_>) {
    let client = f.client(&json!({ "scopes": ["orders:read", "ledger:read", "stock:read"] }));
    let token = f.token(&client, "&resource=https%3A%2F%2Fledger.example");
    let claims = jws::claims(&token);
    assert_eq!((&claims["aud"], &claims["scope"]), (&json!("https://ledger.example"), &json!("ledger:read")));
    let by_scope = jws::claims(&f.token(&client, "&scope=stock%3Aread"));
    assert_eq!(by_scope["aud"], "stock");
    let mismatch = "&scope=orders%3Aread&resource=https%3A%2F%2Fledger.example";
    f.request_token(&client, mismatch).expect_error(400, "invalid_scope");
}

pub fn an_audience_parameter_changes_nothing(f: &Fixture<'_>) {
    let client = f.client(&json!({ "scopes": ["orders:read"] }));
    for audience in ["https%3A%2F%2Fledger.example", "no%20URI", "a&audience=b"] {
        let token = f.token(&client, &format!("&audience={audience}"));
        assert_eq!(jws::claims(&token)["aud"], "https://orders.example", "{audience}");
    }
}

pub fn a_resource_that_is_not_the_clients_is_invalid_target(f: &Fixture<'_>) {
    let client = f.client(&json!({ "scopes": ["orders:read"] }));
    let refused = [
        "https://ledger.example",
        "https://unknown.example",
        "https://orders.example//",
        "https://orders.example#x",
        "orders.example",
        "stock",
    ];
    for resource in refused {
        f.request_token(&client, &format!("&resource={}", encode(resource)))
            .expect_error(400, "invalid_target");
    }
    let nine = "&resource=https%3A%2F%2Forders.example".repeat(9);
    f.request_token(&client, &nine).expect(200);
}

pub fn several_resources_are_several_audiences(f: &Fixture<'_>) {
    let client = f.client(&json!({ "scopes": ["orders:read", "ledger:read"] }));
    let both = "&resource=https%3A%2F%2Forders.example&resource=https%3A%2F%2Fledger.example";
    let claims = jws::claims(&f.token(&client, both));
    assert_eq!(claims["aud"], json!(["https://orders.example", "https://ledger.example"]));
    assert_eq!(claims["scope"], "orders:read ledger:read");
    let without_scope_there = format!("{both}&scope=orders%3Aread");
    f.request_token(&client, &without_scope_there).expect_error(400, "invalid_scope");
}

pub fn the_admin_api_is_never_one_of_several_audiences(f: &Fixture<'_>) {
    let client = f.client(&json!({ "scopes": ["orders:read", "mintedge:read"] }));
    let admin = encode(&format!("{}/admin", f.target.issuer()));
    f.request_token(&client, &format!("&resource={admin}")).expect(200);
    let both = format!("&resource=https%3A%2F%2Forders.example&resource={admin}");
    f.request_token(&client, &both).expect_error(400, "invalid_target");
}

pub fn resources_of_different_algorithms_are_refused_together(f: &Fixture<'_>) {
    let client = f.client(&json!({ "scopes": ["orders:read", "billing:read"] }));
    let both = "&resource=https%3A%2F%2Forders.example&resource=https%3A%2F%2Fbilling.example";
    f.request_token(&client, both).expect_error(400, "invalid_target");
}

pub fn custom_claims_of_client_and_resource_are_merged(f: &Fixture<'_>) {
    let claims = json!({ "tier": "gold", "plan": { "seats": 3 } });
    let client = f.client(&json!({ "claims": claims }));
    let issued = jws::claims(&f.token(&client, ""));
    assert_eq!((&issued["tier"], &issued["region"]), (&json!("gold"), &json!("eu")));
    assert_eq!(issued["plan"], json!({ "seats": 3 }));
    for reserved in ["sub", "aud", "scope", "act", "cnf", "exp"] {
        let body = json!({ "client_id": f.unique("reserved"), "claims": { reserved: "x" } });
        let refused = f.admin("POST", "clients", Some(&body));
        refused.expect_error(422, "invalid_config");
        assert_eq!(refused.json()["problems"][0]["path"], format!("client.claims.{reserved}"));
    }
}

pub fn the_shortest_lifetime_counts(f: &Fixture<'_>) {
    let lifetime = |members: &Value| {
        let client = f.client(members);
        f.request_token(&client, "").expect(200).json()["expires_in"].as_u64()
    };
    assert_eq!(lifetime(&json!({ "scopes": ["stock:read"] })), Some(120));
    assert_eq!(lifetime(&json!({ "scopes": ["stock:read"], "access_token_ttl": 60 })), Some(60));
    assert_eq!(lifetime(&json!({ "scopes": ["stock:read"], "access_token_ttl": 3600 })), Some(120));
}

pub fn a_public_client_is_unauthorized(f: &Fixture<'_>) {
    let declared = json!({ "client_id": f.unique("public"), "token_endpoint_auth_method": "none", "grant_types": ["client_credentials"] });
    f.admin("POST", "clients", Some(&declared)).expect_error(422, "invalid_config");
    let client = f.client(&json!({ "token_endpoint_auth_method": "none", "grant_types": [] }));
    let request = Req::token(&format!("grant_type=client_credentials&client_id={}", client.id));
    f.send(&request).expect_error(400, "unauthorized_client");
}

pub fn every_algorithm_signs_verifiable_tokens(f: &Fixture<'_>) {
    let _guard = f.target.configuration_lock();
    let mut config = base_config();
    let resources = config["resource"].as_array_mut().expect("resources");
    for (name, alg) in [("rs", "RS256"), ("ps", "PS256")] {
        resources.push(json!({ "identifier": format!("https://{name}.example"), "scopes": [format!("{name}:read")], "signing_alg": alg }));
    }
    f.apply(&config).expect(200);
    f.target.settle();
    let client = f.client(&json!({ "scopes": ["orders:read", "billing:read", "rs:read", "ps:read"] }));
    for (scope, alg) in [("orders", "ES256"), ("billing", "EdDSA"), ("rs", "RS256"), ("ps", "PS256")] {
        let token = f.token(&client, &format!("&scope={scope}%3Aread"));
        assert_eq!(jws::header(&token)["alg"], alg);
        assert!(jws::verifies(&token, &f.key_set()), "{alg}");
        let tampered = token.replacen('.', ".e", 1);
        assert!(!jws::verifies(&tampered, &f.key_set()), "{alg}");
    }
    f.apply(&base_config()).expect(200);
}
