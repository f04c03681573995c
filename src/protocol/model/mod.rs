//! The values that everything is about: identifiers, secrets, scopes, times, algorithms, the names of grants and of ways to
//! authenticate. Whoever holds one holds a valid one.

pub mod actor;
pub mod client;
pub mod entropy;
pub mod grant_type;
pub mod id;
pub mod incarnation;
pub mod issuer;
pub mod jwk;
pub mod jwk_set;
pub mod outbound;
pub mod scope;
pub mod secret;
pub mod signature_alg;
pub mod time;
pub mod token_type;
pub mod user_code;
pub mod user_id;
