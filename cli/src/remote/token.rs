//! The token endpoint.

use mintedge::protocol::model::client::AuthMethod;
use mintedge::protocol::model::issuer::Issuer;
use mintedge::protocol::model::secret::Secret;
use serde::{Deserialize, Serialize};
use ureq::http::Method;

use super::Server;
use super::http::{Call, Reply};
use super::session::failure;
use crate::encoding::{basic, form};
use crate::failure::{Exit, Failure};

/// What to ask for, and as whom.
pub(crate) struct TokenRequest<'a> {
    pub(crate) client_id: &'a str,
    pub(crate) secret: &'a Secret,
    pub(crate) method: AuthMethod,
    pub(crate) scopes: &'a [String],
    pub(crate) resources: &'a [String],
}

/// RFC 6749 §5.1.
#[derive(Serialize, Deserialize)]
pub(crate) struct TokenResponse {
    pub(crate) access_token: String,
    token_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_in: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
}

/// Asks `server` for a token with `client_credentials` (RFC 6749 §4.4).
///
/// # Errors
/// If the server refuses or can't be reached.
pub(crate) fn request_token(server: &Server, request: &TokenRequest<'_>) -> Result<TokenResponse, Failure> {
    let scope = request.scopes.join(" ");
    let mut fields = vec![("grant_type", "client_credentials")];
    if !scope.is_empty() {
        fields.push(("scope", &scope));
    }
    fields.extend(request.resources.iter().map(|resource| ("resource", resource.as_str())));
    let header = match request.method {
        AuthMethod::ClientSecretBasic => Some(basic(request.client_id, request.secret)),
        AuthMethod::ClientSecretPost => {
            fields.extend([("client_id", request.client_id), ("client_secret", request.secret.expose())]);
            None
        }
        AuthMethod::FederatedJwt | AuthMethod::None => {
            fields.push(("client_id", request.client_id));
            None
        }
    };
    let reply = server.http.send(Call {
        method: Method::POST,
        changes: false,
        path: "/token".to_owned(),
        authorization: header.as_ref(),
        if_match: None,
        body: Some(("application/x-www-form-urlencoded", form(&fields))),
    })?;
    read(&server.issuer, &reply)
}

fn read(issuer: &Issuer, reply: &Reply) -> Result<TokenResponse, Failure> {
    if reply.status != 200 {
        return Err(failure(issuer, reply));
    }
    // The error would quote the body.
    serde_json::from_str(&reply.body).map_err(|_| {
        let description = format!("{} answered with something else than a token", issuer.endpoint("/token"));
        Failure::new(Exit::Unreachable, "unexpected_answer", description)
    })
}
