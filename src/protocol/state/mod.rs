//! State transitions: synchronous, pure functions over records. A store only makes them atomic.
//!
//! The objects call them between reading and writing, with the time passed in; tests call them with any. Nothing here awaits.

pub mod client;
pub mod config;
pub mod keys;
pub mod polling;
pub mod refresh;
pub mod roots;
