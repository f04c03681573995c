//! The black-box suite against the memory adapter.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod suite;

use suite::in_memory::target;

black_box_suite!(crate::target);

#[test]
fn everything_of_all_clients_ends_at_once() {
    let target = target();
    suite::incarnations::everything_of_all_clients_ends_at_once(&suite::harness::Fixture::new(&target));
    let log = target.world.log();
    let line =
        log.iter().find(|line| line.contains("admin.revoke_all_clients") && line.contains("\"status\":200"));
    assert!(line.is_some_and(|line| line.contains("\"target\":\"all\"")), "{log:?}");
}

#[test]
fn the_log_names_the_client_that_lost_everything() {
    let target = target();
    let f = suite::harness::Fixture::new(&target);
    let client = f.client(&serde_json::json!({}));
    f.admin("POST", &format!("clients/{}/revoke", client.id), None).expect(200);
    let line = target.world.log().pop().expect("a line");
    assert!(line.contains("admin.revoke_client_everywhere") && line.contains(&client.id), "{line}");
}
