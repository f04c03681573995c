//! Bytes and values: one reader and one writer of each format. Nothing here knows what a token or a client is.
//!
//! This is the lowest layer: it imports nothing of this crate.

pub mod encoding;
pub mod json;
pub mod jws;
mod punycode;
pub mod uri;
