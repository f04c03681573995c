//! Swapping one token for another (RFC 8693): the engine behind the grant types `token-exchange` and `delegation`. Nothing here
//! reads a request or an object.
//!
//! `grants/subject_token` finds out what a token is worth now, [`policy`] and [`transaction`] decide purely, [`crate::protocol::model::actor`]
//! builds `act`. The grants put the outcome on the wire.

pub mod policy;
pub mod transaction;
