//! The server on native hardware: everything in memory, a clock that stands still until it is moved, seeded
//! randomness, counters, and a store that can fail. For tests.

mod crypto;
mod entropy;
mod objects;
mod rest;
mod world;

pub use crypto::generate_key;
pub use entropy::FakeEntropy;
pub use objects::{Object, Written};
pub use world::{Counts, FailAt, Memory, World};
