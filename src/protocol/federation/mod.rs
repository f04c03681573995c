//! Tokens of issuers outside: whose they are, whether they hold, and what they are good for.
//!
//! A token is read ([`header`]), its `iss` picks a trusted issuer, its claims are checked, then its signature with a key of
//! that issuer (`signature`, `server/foreign_keys`, [`crate::protocol::rules::discovery`], [`crate::protocol::model::jwk_set`]), which is all `assertion` does. What it is good for is said by exactly one rule
//! ([`crate::protocol::rules`]). Last of all it is used up, where a token counts once (`one_time`); a request that is refused burns nothing.
//!
//! Who comes here: the JWT bearer grant and token exchange (`grants::external`), and client authentication
//! (`client_auth::federated`).

mod assertion;
pub mod header;
mod one_time;
mod signature;

pub use assertion::check_claims;
pub(crate) use assertion::{Rejected, SKEW, VerifiedAssertion, date, is_short, refusal, verify_assertion};
pub(crate) use one_time::{note, note_token, settle, use_up};
pub(crate) use signature::check_signature;
