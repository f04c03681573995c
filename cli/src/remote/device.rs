//! The device authorization endpoint (RFC 8628 §3.1), which the server's metadata names.

use mintedge::protocol::model::client::CLI_CLIENT_ID;
use mintedge::protocol::model::grant_type::GrantType;
use mintedge::protocol::model::secret::Secret;
use serde::Deserialize;

use super::session::failure;
use super::token::{TokenResponse, post, read};
use super::{Server, metadata};
use crate::failure::{Exit, Failure};

/// What a device gets (RFC 8628 §3.2).
#[derive(Deserialize)]
pub(crate) struct DeviceCodes {
    pub(crate) device_code: String,
    pub(crate) user_code: String,
    pub(crate) verification_uri: String,
    pub(crate) expires_in: u64,
    #[serde(default = "usual_interval")]
    pub(crate) interval: u64,
}

/// RFC 8628 §3.2: five seconds if the server says nothing.
fn usual_interval() -> u64 {
    5
}

/// Asks for codes with which somebody signs in elsewhere.
///
/// # Errors
/// If the server has no such endpoint, refuses, or can't be reached.
pub(crate) fn ask_as_device(server: &Server, scope: &str) -> Result<DeviceCodes, Failure> {
    let resource = server.issuer.admin_resource();
    let fields = [("client_id", CLI_CLIENT_ID), ("scope", scope), ("resource", &resource)];
    let reply = post(server, &endpoint(server)?, None, &fields)?;
    if reply.status != 200 {
        return Err(failure(&server.issuer, &reply));
    }
    // The error would quote the body.
    serde_json::from_str(&reply.body).map_err(|_| unexpected(server))
}

/// Asks whether somebody has approved (RFC 8628 §3.4).
///
/// # Errors
/// As long as nobody has, and if the server refuses or can't be reached.
pub(crate) fn poll_as_device(server: &Server, device_code: &Secret) -> Result<TokenResponse, Failure> {
    let fields = [
        ("grant_type", GrantType::DeviceCode.name()),
        ("client_id", CLI_CLIENT_ID),
        ("device_code", device_code.expose()),
    ];
    read(&server.issuer, &post(server, "/token", None, &fields)?)
}

/// The path of the endpoint below the issuer. Nothing is sent to an address that isn't the server's.
fn endpoint(server: &Server) -> Result<String, Failure> {
    #[derive(Deserialize)]
    struct Metadata {
        issuer: String,
        device_authorization_endpoint: Option<String>,
    }
    let issuer = server.issuer.as_str();
    let metadata = metadata::<Metadata>(&server.http)?.filter(|metadata| metadata.issuer == issuer);
    let metadata = metadata.ok_or_else(|| unexpected(server))?;
    let path = metadata.device_authorization_endpoint.as_deref().and_then(|url| url.strip_prefix(issuer));
    path.filter(|path| path.starts_with('/')).map(str::to_owned).ok_or_else(|| {
        let description = format!(
            "{issuer} lets no device sign in: it has no administrator yet, or is older than this command; leave out --device"
        );
        Failure::new(Exit::Refused, "unsupported", description)
    })
}

fn unexpected(server: &Server) -> Failure {
    let description =
        format!("the answer of {} is not as expected; is a Mintedge there?", server.issuer.as_str());
    Failure::new(Exit::Unreachable, "unexpected_answer", description)
}
