//! What survives a crash. Runs twice against the same storage: the first time it leaves a client and a token, then the
//! runtime is killed without warning and started again, and the second time everything has to be there.
//!
//! `MINTEDGE_TEST_MEMORY` names the file that tells the two apart.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod suite;

use serde_json::{Value, json};
use suite::harness::{Fixture, TestClient};
use suite::http::{target, variable};
use suite::jws;

#[test]
fn keys_clients_and_configuration_survive_a_crash() {
    let target = target();
    let memory = variable("MINTEDGE_TEST_MEMORY");
    if let Ok(memory) = std::fs::read_to_string(&memory) {
        return after(&Fixture::resume(&target), &serde_json::from_str(&memory).expect("JSON"));
    }
    std::fs::write(memory, before(&Fixture::new(&target)).to_string()).expect("written");
}

/// The answers are not waited for to settle: the crash comes right after them.
fn before(f: &Fixture<'_>) -> Value {
    let client = f.client(&json!({ "scopes": ["orders:read", "billing:read"] }));
    let (eddsa, es256) =
        (f.token(&client, "&scope=orders%3Aread"), f.token(&client, "&scope=billing%3Aread"));
    json!({ "id": client.id, "secret": client.secret, "tokens": [eddsa, es256], "version": f.version() })
}

fn after(f: &Fixture<'_>, memory: &Value) {
    let text = |name: &str| memory[name].as_str().expect("text").to_owned();
    assert_eq!(f.version(), memory["version"].as_u64().expect("a version"));
    let key_set = f.key_set();
    for token in memory["tokens"].as_array().expect("tokens") {
        assert!(jws::verifies(token.as_str().expect("a token"), &key_set));
    }
    let client = TestClient { id: text("id"), secret: text("secret") };
    let token = f.token(&client, "&scope=orders%3Aread");
    assert_eq!(
        jws::header(&token)["kid"],
        jws::header(memory["tokens"][0].as_str().expect("a token"))["kid"]
    );
    // Nobody else needs this server any more.
    suite::incarnations::everything_of_all_clients_ends_at_once(f);
}
