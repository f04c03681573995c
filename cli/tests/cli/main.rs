//! The real command against a real server in memory.

#![expect(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod addresses;
mod clients;
mod configuration;
mod deploying;
mod doctor;
mod documentation;
mod documented_configurations;
mod failures;
mod federation;
mod import;
mod init;
mod keys;
mod sign_in;
mod support;
mod token;
mod users;
