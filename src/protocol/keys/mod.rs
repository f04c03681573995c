//! The server's own keys: their schedule, how they are stored, the symmetric keys derived from the root secret, and the values
//! that are sealed or tagged with those. How keys are replaced is decided in `state` and `objects::control`; everything that
//! signs, seals or reads a value of this server calls this folder.

pub mod derived;
pub mod ed25519;
pub mod kek;
pub mod keyring;
pub mod published;
pub mod schedule;
pub mod sealed;
pub(crate) mod tagged;
pub(crate) mod token_header;
