//! `[[client_document]]`: which clients may come with a metadata document instead of a registration
//! (draft-ietf-oauth-client-id-metadata-document), and what they may have. Without a rule nobody may.
//!
//! These are the declarations only: `validate` checks them, `documents` decides by them.

use serde::{Deserialize, Serialize};

use crate::protocol::model::scope::ScopeSet;

/// `[[client_document]]`: clients whose `client_id` is a URL like this may have that. Of several rules that fit, the most exact one
/// counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ClientDocumentConfig {
    /// The URLs that it is about: one whole (`https://app.example.com/client.json`), all below a path (`https://app.example.com/*`),
    /// the same at every host below a name (`https://*.example.com/*`), or all (`*`).
    #[serde(rename = "match")]
    pub matches: String,
    /// Whether such clients may come.
    pub allow: Allow,
    /// When people are asked for consent.
    #[serde(default, skip_serializing_if = "AskConsent::is_default")]
    pub consent: AskConsent,
    /// Every scope that such a client may request.
    #[serde(default, skip_serializing_if = "ScopeSet::is_empty")]
    pub scopes: ScopeSet,
    /// What the copies are for that this server brings along of some well-known clients' documents.
    #[serde(default, skip_serializing_if = "BuiltInCopy::is_default")]
    pub built_in_copy: BuiltInCopy,
}

/// Whether clients may come with a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Allow {
    /// They may.
    Open,
    /// Each one has to be admitted by an administrator first.
    Ask,
    /// They may not.
    Off,
}

/// When people are asked for consent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum AskConsent {
    /// When they haven't permitted it yet, or the document has changed in what matters since. A client that comes back to a program on
    /// the person's computer asks each time.
    #[default]
    Once,
    /// Each time.
    Always,
}

impl AskConsent {
    /// Whether it is the default.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// What a copy of a document is for that this server brings along. There is one of a few well-known clients only.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum BuiltInCopy {
    /// It counts while the document itself can't be fetched.
    #[default]
    Fallback,
    /// It counts, and nothing is fetched.
    Pinned,
    /// It never counts.
    Off,
}

impl BuiltInCopy {
    /// Whether it is the default.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}
