//! The black-box suite against the memory adapter.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod suite;

use suite::in_memory::target;

black_box_suite!(super::target);

#[test]
fn everything_of_all_clients_ends_at_once() {
    let target = target();
    suite::incarnations::everything_of_all_clients_ends_at_once(&suite::harness::Fixture::new(&target));
}
