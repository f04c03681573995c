//! Every reader of a format beside a well-kept one of somebody else's, on thousands of generated inputs: equal verdicts and equal
//! values, or a difference that is listed here with its reason. Readers of URIs have theirs beside them as well (`codec/uri.rs`,
//! `config/redirect_uri.rs`).

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod forms;
mod json;
mod tokens;
mod uris;
