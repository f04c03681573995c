//! State transitions: synchronous, pure functions over records. A store only makes them atomic.

pub mod client;
pub mod config;
pub mod keys;
pub mod refresh;
pub mod roots;
