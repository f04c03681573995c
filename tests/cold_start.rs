//! The very first requests of a fresh deployment, against a running Worker that nobody has asked anything yet.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod suite;

use std::collections::BTreeSet;

use suite::harness::{Req, Target};
use suite::http::target;

/// All of them have to get tokens of the same one key, and it has to be the one that is published.
#[test]
fn fifty_parallel_first_requests_lead_to_one_key() {
    let kids: BTreeSet<String> = std::thread::scope(|scope| {
        let requests: Vec<_> = (0..50).map(|_| scope.spawn(first_kid)).collect();
        requests.into_iter().map(|request| request.join().expect("a token")).collect()
    });
    let published = target().send(&Req::new("GET", "/jwks")).expect(200).json();
    let published: Vec<&str> =
        published["keys"].as_array().expect("keys").iter().filter_map(|key| key["kid"].as_str()).collect();
    assert_eq!(kids.iter().map(String::as_str).collect::<Vec<_>>(), published);
}

fn first_kid() -> String {
    let target = target();
    let request = Req::token("grant_type=client_credentials").basic("mintedge-admin", &target.admin_secret());
    let token =
        target.send(&request).expect(200).json()["access_token"].as_str().expect("a token").to_owned();
    suite::jws::header(&token)["kid"].as_str().expect("a kid").to_owned()
}
