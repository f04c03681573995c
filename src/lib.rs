//! Mintedge: an OAuth 2.0 / `OpenID Connect` authorization server that is one edge function.
//!
//! * [`protocol`] is the server: pure, without a clock, randomness or I/O of its own.
//! * `memory` runs it natively, for tests; a feature, so that nothing that is installed compiles it.
//! * `edge` runs it on Cloudflare Workers; it exists only on `wasm32`.
//!
//! `docs/architecture.md` explains how the parts fit.

#[cfg(target_arch = "wasm32")]
mod edge;
#[cfg(feature = "memory")]
pub mod memory;
pub mod protocol;
