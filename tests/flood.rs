//! A flood against a running Worker. It uses up budgets that other tests need, so it runs when they are done.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod suite;

use suite::harness::{Fixture, Req, Target};
use suite::http::target;

/// Two hundred made-up client ids must not take the server down, and it has to serve others meanwhile.
#[test]
fn a_flood_of_made_up_clients_leaves_the_server_serving() {
    let target = target();
    for number in 0..200 {
        let request = Req::token("grant_type=client_credentials").basic(&format!("made-up-{number}"), "x");
        target.send(&request).expect_error(401, "invalid_client");
    }
    let fixture = Fixture::new(&target);
    fixture.fetch_admin_token("mintedge:read");
}
