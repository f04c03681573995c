//! The admin API: signing keys as verifiers see them, and the root secret. These cases rotate the keys of the whole server.

use serde_json::{Value, json};

use crate::suite::harness::Fixture;
use crate::suite::jws;
use crate::suite::login::{Login, text};

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

pub fn the_root_secret_rotates_and_what_was_made_before_stays_good(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let (tokens, code) = (login.tokens(&[]), login.code(&[]));
    let roots = |shown: &Value, state: &str| -> Vec<String> {
        let roots = shown["roots"].as_array().expect("roots").iter().filter(|root| root["state"] == state);
        roots.map(|root| text(root, "id").to_owned()).collect()
    };
    let guard = f.target.configuration_lock();
    let before = roots(&f.admin("GET", "keys", None).expect(200).json(), "active");
    let at_once = json!({ "kind": "root", "immediately": true });
    let shown = f.admin("POST", "keys/rotate", Some(&at_once)).expect(200).json();
    let after = roots(&shown, "active");
    assert!(before.len() == 1 && after.len() == 1 && before != after, "{shown}");
    assert!(roots(&shown, "retiring").contains(&before[0]), "{shown}");
    let shown = f.admin("POST", "keys/rotate", Some(&json!({ "kind": "root" }))).expect(200).json();
    let next = roots(&shown, "next");
    assert_eq!(next.len(), 1, "{shown}");
    let shown = f.admin("POST", &format!("keys/{}/retire", next[0]), None).expect(200).json();
    assert!(roots(&shown, "next").is_empty() && roots(&shown, "active") == after, "{shown}");
    drop(guard);
    login.redeem(&code).expect(200);
    login.userinfo(text(&tokens, "access_token")).expect(200);
    let refreshed = login.refresh(text(&tokens, "refresh_token"), "").expect(200).json();
    login.refresh(text(&refreshed, "refresh_token"), "").expect(200);
    login.redeem(&login.code(&[("prompt", "none")])).expect(200);
}

pub fn what_makes_no_sense_of_a_key_is_refused(f: &Fixture<'_>) {
    let kid = keys(f, "ES256", "active").first().map(|key| text(key, "kid").to_owned()).expect("a key");
    for (path, body, status, error) in [
        ("keys/rotate", json!({ "kind": "root", "alg": "ES256" }), 400, "invalid_request"),
        ("keys/rotate", json!({ "kind": "kek" }), 400, "invalid_request"),
        ("keys/root-251/retire", json!({}), 404, "not_found"),
        ("keys/root-999/retire", json!({}), 404, "not_found"),
        ("keys/root-/retire", json!({}), 404, "not_found"),
        ("keys/root-251/retire", json!({ "purposes": ["everything"] }), 400, "invalid_request"),
        (&format!("keys/{kid}/retire"), json!({ "purposes": ["code"] }), 400, "invalid_request"),
    ] {
        f.admin("POST", path, Some(&body)).expect_error(status, error);
    }
    assert!(keys(f, "ES256", "active").iter().any(|key| key["kid"] == kid.as_str()));
}
