//! The black-box suite against the memory adapter.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod suite;

use suite::in_memory::target;

black_box_suite!(super::target);
