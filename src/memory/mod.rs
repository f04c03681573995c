//! The server on native hardware, for tests, fuzzing and the command's own checks: everything in memory, a clock that stands
//! still until it is moved, seeded randomness, counters, and a store that can fail.

mod crypto;
mod entropy;
mod objects;
mod requests;
mod rest;
mod world;

pub use crypto::generate_key;
pub use entropy::FakeEntropy;
pub use objects::{Object, Written};
pub use requests::token_request;
pub use world::{Counts, FailAt, Memory, World};
