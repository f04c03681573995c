//! The black-box suite against a running Worker; see `suite/http.rs` for what it needs.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod suite;

use suite::http::target;

black_box_suite!(crate::target);
