//! The token endpoint.

use mintedge::protocol::model::client::{AuthMethod, CLI_CLIENT_ID};
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
    pub(crate) expires_in: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) scope: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) refresh_token: Option<String>,
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
        AuthMethod::FederatedJwt | AuthMethod::PrivateKeyJwt | AuthMethod::None => {
            fields.push(("client_id", request.client_id));
            None
        }
    };
    read(&server.issuer, &post(server, "/token", header.as_ref(), &fields)?)
}

/// Redeems the code that an administrator's browser brought (RFC 6749 §4.1.3, RFC 7636 §4.5).
///
/// # Errors
/// If the server refuses or can't be reached; so with all of these.
pub(crate) fn redeem_code(
    server: &Server,
    code: &Secret,
    redirect_uri: &str,
    verifier: &Secret,
) -> Result<TokenResponse, Failure> {
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", CLI_CLIENT_ID),
        ("code", code.expose()),
        ("redirect_uri", redirect_uri),
        ("code_verifier", verifier.expose()),
    ];
    read(&server.issuer, &post(server, "/token", None, &fields)?)
}

/// Renews an administrator's login (RFC 6749 §6).
pub(crate) fn refresh(server: &Server, refresh_token: &str) -> Result<TokenResponse, Failure> {
    let fields =
        [("grant_type", "refresh_token"), ("client_id", CLI_CLIENT_ID), ("refresh_token", refresh_token)];
    read(&server.issuer, &post(server, "/token", None, &fields)?)
}

/// Ends an administrator's login (RFC 7009).
pub(crate) fn revoke(server: &Server, refresh_token: &str) -> Result<(), Failure> {
    let fields = [("client_id", CLI_CLIENT_ID), ("token", refresh_token)];
    let reply = post(server, "/revoke", None, &fields)?;
    if reply.status == 200 { Ok(()) } else { Err(failure(&server.issuer, &reply)) }
}

pub(super) fn post(
    server: &Server,
    path: &str,
    authorization: Option<&Secret>,
    fields: &[(&str, &str)],
) -> Result<Reply, Failure> {
    server.http.send(Call {
        method: Method::POST,
        changes: false,
        path: path.to_owned(),
        authorization,
        if_match: None,
        body: Some(("application/x-www-form-urlencoded", form(fields))),
    })
}

pub(super) fn read(issuer: &Issuer, reply: &Reply) -> Result<TokenResponse, Failure> {
    if reply.status != 200 {
        return Err(failure(issuer, reply));
    }
    // The error would quote the body.
    serde_json::from_str(&reply.body).map_err(|_| {
        let description = format!("{} answered with something else than a token", issuer.endpoint("/token"));
        Failure::new(Exit::Unreachable, "unexpected_answer", description)
    })
}
