//! Signing keys as verifiers see them. These cases rotate the keys of the whole server.

use serde_json::{Value, json};

use super::harness::Fixture;
use super::jws;

fn keys(f: &Fixture<'_>, alg: &str, state: &str) -> Vec<Value> {
    let keys = f.admin("GET", "keys", None).expect(200).json();
    let keys = keys["keys"].as_array().expect("keys").clone();
    keys.into_iter().filter(|key| key["alg"] == alg && key["state"] == state).collect()
}

fn published(f: &Fixture<'_>, kid: &Value) -> bool {
    f.key_set()["keys"].as_array().expect("keys").iter().any(|key| key["kid"] == *kid)
}

pub fn rotation_announces_a_key_before_it_signs(f: &Fixture<'_>) {
    let _guard = f.target.configuration_lock();
    f.admin("POST", "keys/rotate", Some(&json!({ "alg": "ES256" }))).expect(200);
    f.target.settle();
    let next = keys(f, "ES256", "next");
    assert_eq!(next.len(), 1, "{next:?}");
    assert!(published(f, &next[0]["kid"]));
    let client = f.client(&json!({ "scopes": ["orders:read"] }));
    let signed_with = jws::header(&f.token(&client, ""))["kid"].clone();
    assert_ne!(signed_with, next[0]["kid"]);
    let announced =
        next[0]["active_from"].as_u64().expect("a time") - next[0]["created_at"].as_u64().expect("a time");
    assert!(announced >= 3600, "{announced}");
}

pub fn immediate_rotation_signs_with_the_new_key_and_keeps_the_old_one_published(f: &Fixture<'_>) {
    let _guard = f.target.configuration_lock();
    let client = f.client(&json!({ "scopes": ["orders:read"] }));
    let before = f.token(&client, "");
    f.admin("POST", "keys/rotate", Some(&json!({ "alg": "ES256", "immediately": true }))).expect(200);
    f.target.settle();
    let after = f.token(&client, "");
    assert_ne!(jws::header(&before)["kid"], jws::header(&after)["kid"]);
    let set = f.key_set();
    assert!(jws::verifies(&before, &set) && jws::verifies(&after, &set));
}

pub fn an_emergency_retirement_takes_the_key_out_at_once(f: &Fixture<'_>) {
    let _guard = f.target.configuration_lock();
    let client = f.client(&json!({ "scopes": ["billing:read"] }));
    let before = f.token(&client, "");
    let kid = jws::header(&before)["kid"].clone();
    f.admin("POST", &format!("keys/{}/retire", kid.as_str().expect("a kid")), None).expect(200);
    f.target.settle();
    assert!(!published(f, &kid));
    let after = f.token(&client, "");
    assert_ne!(jws::header(&after)["kid"], kid);
    assert!(jws::verifies(&after, &f.key_set()));
    f.admin("POST", "keys/unknown/retire", None).expect_error(404, "not_found");
}
