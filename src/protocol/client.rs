//! A registered client as it is stored and published.

use serde::{Deserialize, Serialize};

use super::config::ClientConfig;
use super::grants::GrantType;
use super::incarnation::Epoch;
use super::secret::{Secret, SecretHash};
use super::time::Timestamp;

/// The built-in client that the deployment's `ADMIN_SECRET` authenticates.
pub const ADMIN_CLIENT_ID: &str = "mintedge-admin";
/// Client ids may not start like this: built-in clients do.
pub const RESERVED_CLIENT_PREFIX: &str = "mintedge-";
/// Every user's `sub` starts like this and no client id may, so a client's `sub` is never a user's.
pub const USER_SUBJECT_PREFIX: &str = "usr_";
/// Every guest's `sub` starts like this, and no client id may.
pub const GUEST_SUBJECT_PREFIX: &str = "gst_";
/// Every `sub` that comes from a trusted issuer's token starts like this and no client id may.
pub const EXTERNAL_SUBJECT_PREFIX: &str = "ext:";
/// Longest client id, in bytes.
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
    /// A public client: it has no secret.
    None,
}

impl AuthMethod {
    /// All of them; the metadata lists these.
    pub const ALL: [Self; 4] =
        [Self::ClientSecretBasic, Self::ClientSecretPost, Self::FederatedJwt, Self::None];

    /// The registered name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretPost => "client_secret_post",
            Self::FederatedJwt => "federated_jwt",
            Self::None => "none",
        }
    }

    /// Whether its clients have secrets.
    pub const fn has_secret(self) -> bool {
        match self {
            Self::ClientSecretBasic | Self::ClientSecretPost => true,
            Self::FederatedJwt | Self::None => false,
        }
    }
}

/// Who declared a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum ManagedBy {
    /// The configuration file; `apply` changes and deletes it.
    Config,
    /// The admin API; `apply` leaves it alone.
    Api,
}

/// One live or expired secret of a client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredSecret {
    /// Names the secret in the admin API.
    pub id: String,
    /// SHA-256 of the secret.
    pub sha256: SecretHash,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops working; unset for never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

impl StoredSecret {
    /// Whether the secret still works at `now`.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|at| now < at)
    }
}

/// A client: its declaration, and what the server keeps about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Client {
    /// What it was declared as. Its `client_id` is its `sub` in tokens of its own (RFC 9068 §2.2).
    pub config: ClientConfig,
    /// Who declared it.
    pub managed_by: ManagedBy,
    /// Its secrets, newest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<StoredSecret>,
    /// When it was registered.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// The configuration's version when it was last declared: whoever issues to it needs that one or a later one.
    #[serde(default)]
    pub config_version: u64,
    /// Which one of the clients that had its id it is; unset for one that is there since before epochs were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<Epoch>,
}

impl std::ops::Deref for Client {
    type Target = ClientConfig;

    fn deref(&self) -> &ClientConfig {
        &self.config
    }
}

/// How a presented secret fared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum SecretCheck {
    /// It is one of the live ones.
    Live,
    /// It is one that has expired.
    Expired,
    /// It is none of them.
    Wrong,
}

impl Client {
    /// Compares `presented` with every secret of the client, in time that depends on their number only.
    pub fn check_secret(&self, presented: &Secret, now: Timestamp) -> SecretCheck {
        let hash = presented.hash();
        let mut outcome = SecretCheck::Wrong;
        for stored in &self.secrets {
            if stored.sha256 == hash && outcome != SecretCheck::Live {
                outcome = if stored.is_live(now) { SecretCheck::Live } else { SecretCheck::Expired };
            }
        }
        outcome
    }

    /// Whether the client may use `grant`.
    pub fn may_use(&self, grant: GrantType) -> bool {
        self.grant_types.contains(&grant)
    }

    /// Whether it may authenticate and be issued to.
    pub fn is_enabled(&self) -> bool {
        !self.config.disabled
    }
}

/// What is wrong with `client_id`, if anything.
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

    /// A row as releases wrote it that always named the method.
    #[test]
    fn a_client_stored_with_basic_stays_pinned_to_it() {
        let row = r#"{"config":{"client_id":"old","grant_types":["client_credentials"],"scopes":["a"],"token_endpoint_auth_method":"client_secret_basic"},"managed_by":"config","created_at":1,"updated_at":1}"#;
        let stored: Client = crate::protocol::json::from_str(row).expect("a client");
        assert!(
            stored.accepts(AuthMethod::ClientSecretBasic) && !stored.accepts(AuthMethod::ClientSecretPost)
        );
        let unpinned = ClientConfig::default();
        for method in AuthMethod::ALL {
            assert_eq!(unpinned.accepts(method), method.has_secret(), "{method:?}");
        }
        // Nothing is written for an unset one, which earlier releases read as Basic.
        assert!(!serde_json::to_string(&unpinned).expect("JSON").contains("auth_method"));
    }

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
