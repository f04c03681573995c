//! Bytes and values: one reader and one writer of each format (JSON, base64, forms, URIs, compact JWS, QR codes). Nothing here
//! knows what a token or a client is.
//!
//! This is the lowest layer: it imports nothing of this crate, and every layer above may call it.

pub mod encoding;
pub mod json;
pub mod jws;
mod punycode;
pub mod qr;
pub mod uri;
