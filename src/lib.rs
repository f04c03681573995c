//! Mintedge: an OAuth 2.0 / `OpenID Connect` authorization server that is one edge function.
//!
//! * [`protocol`] is the server: pure, without a clock, randomness or I/O of its own.
//! * [`memory`] runs it natively, for tests and for the command's dry runs.
//! * `edge` runs it on Cloudflare Workers; it exists only on `wasm32`.
//!
//! `docs/architecture.md` explains how the parts fit.

#[cfg(target_arch = "wasm32")]
mod edge;
#[cfg(not(target_arch = "wasm32"))]
pub mod memory;
pub mod protocol;
