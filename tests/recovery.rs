//! What a panic leaves behind, against a Worker that was built with the feature `panic-probe`: one failed answer, nobody
//! left waiting, and a server that goes on.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod suite;

use suite::harness::{Fixture, Req, Resp, Target as _};
use suite::http::target;

/// Once for each place where a panic arrives another way; all in one test, because each of them disturbs the others.
#[test]
fn a_panic_fails_what_is_under_way_and_nothing_after_it() {
    let target = target();
    let fixture = Fixture::new(&target);
    let client = fixture.client(&serde_json::json!({}));
    for place in ["call", "poll", "await", "resume", "object"] {
        println!("a panic: {place}");
        // Longer than a request may take here: it ends early, or the test fails.
        let waiting = std::thread::spawn(|| probe("wait"));
        // Answered as soon as it waits.
        probe("waiting");
        assert!(!waiting.is_finished(), "{place}: it waits");
        expect_server_error(&probe(place), place);
        expect_server_error(&waiting.join().expect("an answer"), place);
        let visit = Req::new("GET", &format!("/panic-probe/{place}")).header("accept", "text/html");
        expect_page(&suite::http::target().send(&visit), place);
        fixture.request_token(&client, "").expect(200);
        fixture.admin("GET", "keys", None).expect(200);
    }
    what_is_resumed_after_a_panic_fails();
    fixture.request_token(&client, "").expect(200);
}

/// A request for which the entry point waits is resumed in an instance that doesn't know it.
fn what_is_resumed_after_a_panic_fails() {
    let waiting = std::thread::spawn(|| probe("wait"));
    let outside = std::thread::spawn(|| probe("wait-outside"));
    probe("both-waiting");
    for failed in [probe("poll"), waiting.join().expect("an answer"), outside.join().expect("an answer")] {
        expect_server_error(&failed, "resumed");
    }
}

fn probe(place: &str) -> Resp {
    suite::http::target().send(&Req::new("GET", &format!("/panic-probe/{place}")))
}

/// What a browser gets instead.
fn expect_page(response: &Resp, place: &str) {
    assert_eq!((response.status, response.header("cache-control")), (500, Some("no-store")), "{place}");
    assert!(
        response.body.contains("<h1>") && !response.body.contains("asked to panic"),
        "{place}: {response:?}"
    );
}

fn expect_server_error(response: &Resp, place: &str) {
    assert_eq!(response.error(), (500, "server_error".to_owned()), "{place}: {response:?}");
    assert!(response.json()["request_id"].as_str().is_some_and(|id| !id.is_empty()), "{place}: {response:?}");
    assert_eq!(response.header("cache-control"), Some("no-store"), "{place}");
    assert!(!response.body.contains("asked to panic"), "{place}: {response:?}");
}
