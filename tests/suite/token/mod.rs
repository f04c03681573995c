//! `/token`, a file for each grant, and what they have in common.

pub mod authorization_code;
pub mod client_authentication;
pub mod client_credentials;
pub mod delegation;
pub mod exchanged_refresh_tokens;
pub mod form;
pub mod guest;
pub mod id_tokens;
pub mod native_sso;
pub mod password;
pub mod private_key_jwt;
pub mod refresh_token;
pub mod resources;
pub mod scopes;
pub mod token_exchange;
pub mod transaction_tokens;
