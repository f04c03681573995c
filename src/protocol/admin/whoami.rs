//! The operation `whoami`: who calls, and what they may do. Every scope of the API is enough for it.

use serde::{Deserialize, Serialize};

use super::body;
use super::{AdminFailure, Call};
use crate::protocol::http::Response;
use crate::protocol::model::scope::ScopeSet;
use crate::protocol::model::time::Timestamp;

/// Who calls the API.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WhoView {
    /// The token's `sub`: a user's, or a client's id.
    pub sub: String,
    /// What the user logs in with; absent for a client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login: Option<String>,
    /// The client that shows the token.
    pub client_id: String,
    /// What the token is good for here at this moment.
    pub scopes: ScopeSet,
    /// When the token expires.
    pub expires_at: Timestamp,
}

/// `GET whoami`: who the token is for.
pub(super) fn show<P>(call: &Call<'_, P>) -> Result<Response, AdminFailure> {
    let authority = &call.authority;
    let who = WhoView {
        sub: authority.sub.clone(),
        login: authority.login.clone(),
        client_id: authority.client_id.clone(),
        scopes: authority.scopes.clone(),
        expires_at: authority.expires_at,
    };
    body::write(200, &who)
}
