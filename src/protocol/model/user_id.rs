//! The identifiers of users, and how clients see them: public or pairwise (`OpenID Connect Core` §8).

use std::fmt;

use serde::{Deserialize, Serialize};

use super::client::USER_SUBJECT_PREFIX;
use super::entropy::Entropy;
use super::id::Id;

/// The identifier of a user: an [`Id`]; as text `usr_` and that.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct UserId(Id);

impl UserId {
    /// Draws a new user id.
    pub fn generate(entropy: &impl Entropy) -> Self {
        Self(Id::generate(entropy))
    }

    /// Makes a user id of bytes that were one before.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Id::from_bytes(bytes))
    }

    /// The sixteen bytes of the user id.
    pub const fn bytes(&self) -> &[u8; 16] {
        self.0.bytes()
    }

    /// Reads a user id from its text form, as it stands in `sub`.
    pub fn parse(text: &str) -> Option<Self> {
        Id::parse(text.strip_prefix(USER_SUBJECT_PREFIX)?).map(Self)
    }
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
