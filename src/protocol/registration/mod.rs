//! Clients that nobody here has declared: what they say of themselves, and what of it counts.
//!
//! [`metadata`] reads the members of RFC 7591 §2. It is pure and knows neither where they came from nor what policy says of them:
//! registration requests and client id metadata documents are read by it alike, with other [`metadata::Terms`]. [`policy`] makes the
//! terms of `[registration]`. [`carried`] writes what was registered into the client's id, so that nothing is stored.

pub mod carried;
pub mod members;
pub mod metadata;
mod openid;
pub mod policy;
mod words;
