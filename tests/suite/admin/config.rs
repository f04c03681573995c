//! The admin API: applying a configuration.

use serde_json::{Value, json};

use crate::suite::harness::{Fixture, TestClient, base_config};

fn with_clients(clients: &Value) -> Value {
    let mut config = base_config();
    config["client"] = clients.clone();
    config
}

pub fn applying_is_idempotent_and_shows_secrets_once(f: &Fixture<'_>) {
    let _guard = f.target.configuration_lock();
    let id = f.unique("declared");
    let config = with_clients(
        &json!([{ "client_id": id, "grant_types": ["client_credentials"], "scopes": ["orders:read"] }]),
    );
    let applied = f.apply(&config).expect(200).json();
    assert_eq!(applied["changes"], json!([{ "client_id": id, "change": "create" }]));
    let secret = applied["secrets"][0]["client_secret"].as_str().expect("a secret").to_owned();
    f.request_token(&TestClient { id: id.clone(), secret: secret.clone() }, "").expect(200);
    let again = f.apply(&config).expect(200).json();
    assert_eq!(
        (&again["version"], &again["changes"], &again["secrets"]),
        (&applied["version"], &json!([]), &json!([]))
    );
    let shown = f.admin("GET", "config", None).expect(200);
    assert_eq!(shown.json()["config"]["client"][0]["client_id"], id);
    assert!(!shown.body.contains(&secret));
    f.apply(&base_config()).expect(200);
}

pub fn a_concurrent_apply_loses(f: &Fixture<'_>) {
    let _guard = f.target.configuration_lock();
    let version = f.version();
    let mut config = base_config();
    config["tokens"] = json!({ "access_token_ttl": 301 });
    f.apply_at(version, &config).expect(200);
    let loser = f.apply_at(version, &base_config());
    loser.expect_error(412, "version_conflict");
    assert_eq!(f.admin("GET", "config", None).json()["config"]["tokens"]["access_token_ttl"], 301);
    f.apply(&base_config()).expect(200);
}

pub fn apply_without_a_version_is_428(f: &Fixture<'_>) {
    f.admin("PUT", "config", Some(&base_config())).expect_error(428, "precondition_required");
}

pub fn an_invalid_configuration_is_refused_whole(f: &Fixture<'_>) {
    let _guard = f.target.configuration_lock();
    let version = f.version();
    let client = |members: Value| with_clients(&json!([members]));
    let id = f.unique("bad");
    let cases = [
        (client(json!({ "client_id": id, "scopes": ["nope"] })), "client[0].scopes[0]"),
        (client(json!({ "client_id": "usr_1" })), "client[0].client_id"),
        (client(json!({ "client_id": "mec_1" })), "client[0].client_id"),
        (client(json!({ "client_id": id, "access_token_ttl": 5 })), "client[0].access_token_ttl"),
        (client(json!({ "client_id": id, "allowed_origins": ["*"] })), "client[0].allowed_origins[0]"),
        (with_clients(&json!([{ "client_id": id }, { "client_id": id }])), "client[1].client_id"),
        (
            json!({ "resource": [{ "identifier": "https://a.example", "scopes": ["openid"] }] }),
            "resource[0].scopes[0]",
        ),
        (
            json!({ "resource": [{ "identifier": "a", "scopes": ["x"] }, { "identifier": "b", "scopes": ["x"] }] }),
            "resource[1].scopes[0]",
        ),
        (
            json!({ "resource": [{ "identifier": format!("{}/admin", f.target.issuer()) }] }),
            "resource[0].identifier",
        ),
        (json!({ "issuer": "https://another.example" }), "issuer"),
        (json!({ "keys": { "rotate_every_days": 1 } }), "keys.rotate_every_days"),
    ];
    for (config, path) in cases {
        let refused = f.apply_at(version, &config);
        refused.expect_error(422, "invalid_config");
        assert_eq!(refused.json()["problems"][0]["path"], path, "{}", refused.body);
    }
    assert_eq!(f.version(), version);
    assert_eq!(f.admin("GET", &format!("clients/{id}"), None).status, 404);
}

pub fn unknown_members_are_refused(f: &Fixture<'_>) {
    let version = f.version();
    for config in [
        json!({ "clients": [] }),
        json!({ "resource": [{ "identifier": "a", "scope": [] }] }),
        json!({ "tokens": { "ttl": 1 } }),
    ] {
        f.apply_at(version, &config).expect_error(400, "invalid_request");
    }
    f.admin("POST", "clients", Some(&json!({ "client_secret": "x" }))).expect_error(400, "invalid_request");
    f.admin("POST", "clients", Some(&json!({ "grant_types": ["implicit"] })))
        .expect_error(400, "invalid_request");
    f.admin("POST", "clients", Some(&json!([]))).expect_error(400, "invalid_request");
}

pub fn applied_clients_are_changed_and_removed_by_apply_only(f: &Fixture<'_>) {
    let _guard = f.target.configuration_lock();
    let id = f.unique("owned");
    let declared = |scopes: Value| {
        with_clients(&json!([{ "client_id": id, "grant_types": ["client_credentials"], "scopes": scopes }]))
    };
    let created = f.apply(&declared(json!(["orders:read"]))).expect(200).json();
    let secret = created["secrets"][0]["client_secret"].as_str().expect("a secret").to_owned();
    let change = json!({ "scopes": ["orders:write"] });
    f.admin("PUT", &format!("clients/{id}"), Some(&change)).expect_error(409, "managed_by_config");
    let updated = f.apply(&declared(json!(["orders:write"]))).expect(200).json();
    assert_eq!((&updated["changes"][0]["change"], &updated["secrets"]), (&json!("update"), &json!([])));
    f.target.settle();
    let client = TestClient { id: id.clone(), secret };
    assert_eq!(f.request_token(&client, "").expect(200).json()["scope"], "orders:write");
    let removed = f.apply(&base_config()).expect(200).json();
    assert_eq!(removed["changes"], json!([{ "client_id": id, "change": "delete" }]));
    f.target.settle();
    f.request_token(&client, "").expect_error(401, "invalid_client");
}

pub fn an_api_client_named_by_a_configuration_is_adopted(f: &Fixture<'_>) {
    let _guard = f.target.configuration_lock();
    let client = f.client(&json!({}));
    let declared =
        json!([{ "client_id": client.id, "grant_types": ["client_credentials"], "scopes": ["orders:read"] }]);
    let applied = f.apply(&with_clients(&declared)).expect(200).json();
    assert_eq!((&applied["changes"][0]["change"], &applied["secrets"]), (&json!("adopt"), &json!([])));
    f.target.settle();
    assert_eq!(f.request_token(&client, "").expect(200).json()["scope"], "orders:read");
    f.apply(&base_config()).expect(200);
}

/// More than one alarm publishes.
pub fn a_hundred_clients_stopped_at_once_stop_everywhere(f: &Fixture<'_>) {
    let _guard = f.target.configuration_lock();
    let stem = f.unique("many");
    let declared = |number: usize, disabled: bool| {
        json!({ "client_id": format!("{stem}-{number}"), "grant_types": ["client_credentials"],
            "scopes": ["orders:read"], "disabled": disabled })
    };
    let all: Vec<Value> = (0..100).map(|number| declared(number, false)).collect();
    let applied = f.apply(&with_clients(&json!(all))).expect(200).json();
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let secrets = applied["secrets"].as_array().expect("secrets").iter();
    let clients: Vec<TestClient> = secrets
        .map(|secret| TestClient { id: text(&secret["client_id"]), secret: text(&secret["client_secret"]) })
        .collect();
    assert_eq!(clients.len(), 100);
    f.target.settle();
    for client in &clients {
        f.request_token(client, "").expect(200);
    }
    let disabled: Vec<Value> = (0..50).map(|number| declared(number, true)).collect();
    f.apply(&with_clients(&json!(disabled))).expect(200);
    f.target.settle();
    for client in &clients {
        f.request_token(client, "").expect_error(401, "invalid_client");
    }
    f.apply(&base_config()).expect(200);
}
