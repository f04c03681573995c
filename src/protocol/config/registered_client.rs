//! A registered client as the Control object stores it and edges read it: its declaration, secrets (hashed) and incarnation.
//!
//! It is changed by `state::client` alone; client authentication compares presented secrets with it.

use serde::{Deserialize, Serialize};

use super::ClientConfig;
use crate::protocol::model::client::AuthMethod;
use crate::protocol::model::grant_type::GrantType;
use crate::protocol::model::incarnation::Epoch;
use crate::protocol::model::secret::{Secret, SecretHash};
use crate::protocol::model::time::Timestamp;

/// Who declared a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum ManagedBy {
    /// The configuration file; `apply` changes and deletes it.
    Config,
    /// The admin API; `apply` leaves such a client alone.
    Api,
    /// Nobody: it has registered itself (RFC 7591), and its `client_id` carries what it registered with.
    Itself,
    /// Its own metadata document. Only what administrators decided about it is stored.
    Document,
}

/// One live or expired secret of a client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredSecret {
    /// The secret's name in the admin API.
    pub id: String,
    /// The SHA-256 of the secret, which itself is not stored.
    pub sha256: SecretHash,
    /// When the secret was made.
    pub created_at: Timestamp,
    /// When the secret stops working; absent if never.
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
    /// The client's declaration. Its `client_id` is also its `sub` in tokens of its own (RFC 9068 §2.2).
    pub config: ClientConfig,
    /// Who declared the client.
    pub managed_by: ManagedBy,
    /// The client's secrets, newest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<StoredSecret>,
    /// When the client was registered.
    pub created_at: Timestamp,
    /// When the client was last changed.
    pub updated_at: Timestamp,
    /// The configuration's version when it was last declared: whoever issues to it needs that one or a later one.
    #[serde(default)]
    pub config_version: u64,
    /// Which one of the clients that had its id it is; unset for one that is there since before epochs were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<Epoch>,
    /// When an administrator last admitted it, if it has a document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub admitted_at: Option<Timestamp>,
    /// Whether it was a client with a document that an administrator had refused, before somebody registered it. When that ends it is
    /// refused again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub was_refused: bool,
    /// Whether what is known of its document has ended, and no newer one could be had: what it has goes on for a while, and nothing
    /// new begins.
    #[serde(skip)]
    pub is_outdated: bool,
}

impl std::ops::Deref for Client {
    type Target = ClientConfig;

    fn deref(&self) -> &ClientConfig {
        &self.config
    }
}

/// What comparing a presented secret with the client's secrets yields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum SecretCheck {
    /// The secret is one of the live ones.
    Live,
    /// The secret was the client's, and has expired.
    Expired,
    /// The secret is none of the client's.
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

    /// Whether the client is described by a document of its own.
    pub fn has_document(&self) -> bool {
        self.managed_by == ManagedBy::Document
    }

    /// Whether more is known of the client than what was decided about it: it is registered, or its document was read.
    pub fn is_described(&self) -> bool {
        !self.has_document() || !self.redirect_uris.is_empty()
    }

    /// Whether it authenticates with the keys that its document names.
    pub fn has_documented_keys(&self) -> bool {
        self.has_document() && self.accepts(AuthMethod::PrivateKeyJwt)
    }

    /// Whether the client is registered for the grant type `grant`.
    pub fn may_use(&self, grant: GrantType) -> bool {
        self.grant_types.contains(&grant)
    }

    /// Whether anybody can send requests as this client: it doesn't authenticate, or got its secret by asking for one. What such
    /// a request costs is counted by its sender.
    pub fn is_anybodys(&self) -> bool {
        self.is_public() || self.managed_by == ManagedBy::Itself
    }

    /// Whether the client may authenticate and get tokens.
    pub fn is_enabled(&self) -> bool {
        !self.config.disabled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A row as releases wrote it that always named the method.
    #[test]
    fn a_client_stored_with_basic_stays_pinned_to_it() {
        let row = r#"{"config":{"client_id":"old","grant_types":["client_credentials"],"scopes":["a"],"token_endpoint_auth_method":"client_secret_basic"},"managed_by":"config","created_at":1,"updated_at":1}"#;
        let stored: Client = crate::protocol::codec::json::from_str(row).expect("a client");
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
}
