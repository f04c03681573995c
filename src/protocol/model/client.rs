//! The names of clients (RFC 6749 §2.2), which prefixes are reserved, and the ways in which clients authenticate (RFC 6749
//! §2.3). `config` stores both, `client_auth` goes by them.

use serde::{Deserialize, Serialize};

/// The built-in client that the deployment's `ADMIN_SECRET` authenticates.
pub const ADMIN_CLIENT_ID: &str = "mintedge-admin";
/// The built-in public client with which administrators sign in on a command line.
pub const CLI_CLIENT_ID: &str = "mintedge-cli";
/// Client ids may not start like this: built-in clients do.
pub const RESERVED_CLIENT_PREFIX: &str = "mintedge-";
/// Every user's `sub` starts like this and no client id may, so a client's `sub` is never a user's.
pub const USER_SUBJECT_PREFIX: &str = "usr_";
/// Every guest's `sub` starts like this, and no client id may.
pub const GUEST_SUBJECT_PREFIX: &str = "gst_";
/// Every `sub` that comes from a trusted issuer's token starts like this and no client id may.
pub const EXTERNAL_SUBJECT_PREFIX: &str = "ext:";
/// The longest client id, in bytes.
pub const MAX_CLIENT_ID: usize = 128;

/// A way to authenticate at the token endpoint (RFC 7591 §2). A request uses one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum AuthMethod {
    /// HTTP Basic (RFC 6749 §2.3.1).
    ClientSecretBasic,
    /// Secret in the body (RFC 6749 §2.3.1).
    ClientSecretPost,
    /// A token of a trusted issuer instead of a secret (RFC 7523 §2.2), for which a rule names the client.
    FederatedJwt,
    /// A JWT that the client signs with a key of its own (RFC 7523 §2.2, `OpenID Connect Core` §9).
    PrivateKeyJwt,
    /// A public client: it has no secret.
    None,
}

impl AuthMethod {
    /// All methods, in the order in which the metadata lists them.
    pub const ALL: [Self; 5] = [
        Self::ClientSecretBasic,
        Self::ClientSecretPost,
        Self::PrivateKeyJwt,
        Self::FederatedJwt,
        Self::None,
    ];

    /// The method's registered name (RFC 8414 §2).
    pub const fn name(self) -> &'static str {
        match self {
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretPost => "client_secret_post",
            Self::FederatedJwt => "federated_jwt",
            Self::PrivateKeyJwt => "private_key_jwt",
            Self::None => "none",
        }
    }

    /// Whether clients with this method have secrets.
    pub const fn has_secret(self) -> bool {
        match self {
            Self::ClientSecretBasic | Self::ClientSecretPost => true,
            Self::FederatedJwt | Self::PrivateKeyJwt | Self::None => false,
        }
    }
}

/// Why `client_id` can't be registered, or `None` if it can.
pub fn client_id_problem(client_id: &str) -> Option<&'static str> {
    if client_id.is_empty() || client_id.len() > MAX_CLIENT_ID {
        Some("a client_id has 1 to 128 characters")
    } else if !client_id.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\') {
        Some("a client_id is printable ASCII without spaces, quotes and backslashes")
    } else if client_id == "." || client_id == ".." {
        Some("a client_id must not be `.` or `..`: no URL could name it")
    } else if client_id.starts_with(USER_SUBJECT_PREFIX) {
        Some("a client_id must not start with `usr_`: users' subjects do")
    } else if client_id.starts_with(GUEST_SUBJECT_PREFIX) {
        Some("a client_id must not start with `gst_`: guests' subjects do")
    } else if client_id.starts_with(EXTERNAL_SUBJECT_PREFIX) {
        Some("a client_id must not start with `ext:`: subjects from trusted issuers do")
    } else if client_id.starts_with(RESERVED_CLIENT_PREFIX) {
        Some("a client_id must not start with `mintedge-`: built-in clients do")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_id_is_never_anybody_elses_subject() {
        for good in ["a", "svc-1", "ext", "external:x", "urn:example:client", "https://app.example.com/"] {
            assert_eq!(client_id_problem(good), None, "{good}");
        }
        for bad in
            ["", ".", "..", "a b", "a\"b", "a\\b", "é", "usr_a", "mintedge-admin", "ext:ci:job", "ext:"]
        {
            assert!(client_id_problem(bad).is_some(), "{bad}");
        }
    }
}
