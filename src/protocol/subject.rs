//! People: their identifiers, and how clients see them (`OpenID Connect Core` §8).

use std::fmt;

use serde::{Deserialize, Serialize};

use super::client::USER_SUBJECT_PREFIX;
use super::config::{ClientConfig, SubjectType};
use super::derived::{Derived, mac};
use super::encoding::base64url;
use super::id::Id;
use super::ports::Entropy;

/// What names a person: an [`Id`]; as text `usr_` and that.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct UserId(Id);

impl UserId {
    /// A new one.
    pub fn generate(entropy: &impl Entropy) -> Self {
        Self(Id::generate(entropy))
    }

    /// From its bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Id::from_bytes(bytes))
    }

    /// Its bytes.
    pub const fn bytes(&self) -> &[u8; 16] {
        self.0.bytes()
    }

    /// Reads the text form.
    pub fn parse(text: &str) -> Option<Self> {
        Id::parse(text.strip_prefix(USER_SUBJECT_PREFIX)?).map(Self)
    }

    /// Name of the object that holds everything of this person.
    pub fn object_name(&self, derived: &Derived) -> String {
        base64url(&mac(&derived.routing, &[b"subject", self.bytes()]))
    }

    /// The `sub` that `client` knows this person under.
    pub fn at(&self, client: &ClientConfig, derived: &Derived) -> String {
        match client.subject_type {
            SubjectType::Public => self.to_string(),
            SubjectType::Pairwise => {
                let sector = sector(client);
                let name = mac(&derived.pairwise, &[sector.as_bytes(), self.bytes()]);
                format!("{USER_SUBJECT_PREFIX}{}", base64url(name.get(..16).unwrap_or_default()))
            }
        }
    }
}

/// The `sid` that `client` knows a session under. Where a person has pairwise names their sessions do too: else two sectors
/// could tell by it that they have the same person.
pub(crate) fn session_name(sid: Id, client: &ClientConfig, derived: &Derived) -> String {
    match client.subject_type {
        SubjectType::Public => sid.to_string(),
        SubjectType::Pairwise => {
            let name = mac(&derived.pairwise, &[b"sid", sector(client).as_bytes(), sid.bytes()]);
            base64url(name.get(..16).unwrap_or_default())
        }
    }
}

/// The host that pairwise names are made for: the registered one, or that of the redirect URIs, which is a single one
/// then (configuration sees to it).
fn sector(client: &ClientConfig) -> &str {
    let own = client.redirect_uris.first().and_then(|uri| host_of(uri));
    client.sector_identifier.as_deref().or(own).unwrap_or(&client.client_id)
}

/// The host of a URI, without port.
pub(crate) fn host_of(uri: &str) -> Option<&str> {
    let authority = uri.split_once("://")?.1.split(['/', '?', '#']).next()?;
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    (!host.is_empty()).then_some(host)
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{USER_SUBJECT_PREFIX}{}", self.0)
    }
}

impl fmt::Debug for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for UserId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for UserId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not a user's subject"))
    }
}
