//! Logging in where things go wrong: lost answers, failing stores, floods of guesses, clients that don't answer; and what a
//! request may cost.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

#[path = "login_edges/asked.rs"]
mod asked;
#[path = "login_edges/at_rest.rs"]
mod at_rest;
#[path = "login_edges/attempts.rs"]
mod attempts;
#[path = "login_edges/backchannel.rs"]
mod backchannel;
#[path = "login_edges/code_guesses.rs"]
mod code_guesses;
#[path = "login_edges/costs.rs"]
mod costs;
#[path = "login_edges/devices.rs"]
mod devices;
#[path = "login_edges/discovery.rs"]
mod discovery;
#[path = "login_edges/failures.rs"]
mod failures;
#[path = "login_edges/guesses.rs"]
mod guesses;
#[path = "login_edges/incarnations.rs"]
mod incarnations;
#[path = "login_edges/log_lines.rs"]
mod log_lines;
#[path = "login_edges/native_sso.rs"]
mod native_sso;
#[path = "login_edges/redirects.rs"]
mod redirects;
#[path = "login_edges/registration.rs"]
mod registration;
#[path = "login_edges/sessions.rs"]
mod sessions;
#[path = "login_edges/sign_outs.rs"]
mod sign_outs;
#[path = "login_edges/strangers.rs"]
mod strangers;
mod suite;
#[path = "login_edges/transaction_tokens.rs"]
mod transaction_tokens;
