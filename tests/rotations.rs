//! A thousand rotations of one family while the runtime is killed again and again: nothing is lost, nothing doubled.
//!
//! Runs once for every life of the runtime, until the connection breaks or the thousand is full. `MINTEDGE_TEST_MEMORY`
//! names the file that carries the family from one life to the next, written after every answer.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod suite;

use std::collections::BTreeSet;

use serde_json::{Value, json};
use suite::harness::{Fixture, Req, Target, TestClient};
use suite::http::{target, variable};
use suite::login::{Login, text};

const ROTATIONS: usize = 1000;

#[test]
fn a_family_survives_being_killed_over_and_over() {
    let target = target();
    let path = variable("MINTEDGE_TEST_MEMORY");
    let mut memory: Value = if let Ok(memory) = std::fs::read_to_string(&path) {
        serde_json::from_str(&memory).expect("JSON")
    } else {
        let f = Fixture::new(&target);
        let login = Login::new(&f, &json!({}));
        let tokens = login.tokens(&[]);
        json!({ "id": login.client.id, "secret": login.client.secret, "tokens": [tokens["refresh_token"]] })
    };
    let client =
        TestClient { id: text(&memory, "id").to_owned(), secret: text(&memory, "secret").to_owned() };
    loop {
        let tokens = memory["tokens"].as_array_mut().expect("tokens");
        let distinct: BTreeSet<_> = tokens.iter().map(|token| token.as_str()).collect();
        assert_eq!(distinct.len(), tokens.len(), "a token was handed out twice");
        if tokens.len() > ROTATIONS {
            break;
        }
        let newest = tokens.last().and_then(Value::as_str).expect("a token");
        let body = format!("grant_type=refresh_token&refresh_token={newest}");
        let request = Req::token(&body).basic(&client.id, &client.secret);
        // The answer to this very request may be the one that gets lost; the next life asks again.
        let Some(answer) = target.try_send(&request) else { break };
        if answer.status >= 500 {
            break;
        }
        let next = answer.expect(200).json()["refresh_token"].clone();
        tokens.push(next);
        let partial = format!("{path}.partial");
        std::fs::write(&partial, memory.to_string()).expect("written");
        std::fs::rename(&partial, &path).expect("renamed");
    }
    let _ = target.issuer();
}
