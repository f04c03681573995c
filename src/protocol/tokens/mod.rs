//! What the server hands out and takes back: access and ID tokens, authorization codes, refresh tokens, device secrets,
//! references to grants, and which scopes and resources a token is for. Making access and ID tokens is left to `issue`. Grants, `issue` and the endpoints
//! call it.

pub mod auth_req_id;
pub mod authorization_code;
pub mod device_code;
pub mod device_secret;
pub mod grant_ref;
mod liveness;
pub mod pkce;
pub mod polling_code;
pub mod refresh_token;
pub mod request_code;
pub(crate) mod roles;
pub(crate) mod subject_name;
pub mod target;
pub mod transaction_token;
pub mod user_claims;
pub mod verify;
