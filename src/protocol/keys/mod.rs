//! The server's own keys: their schedule, how they are wrapped at rest, what is derived from the root secret, and the values
//! that are sealed or tagged with it.

pub mod derived;
pub mod ed25519;
pub mod kek;
pub mod keyring;
pub mod published;
pub mod schedule;
pub mod sealed;
pub(crate) mod tagged;
pub(crate) mod token_header;
