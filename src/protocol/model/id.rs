//! Sixteen random bytes that name a grant, a session or a code; as text, 22 characters of base64url.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::entropy::Entropy;
use crate::protocol::codec::encoding::{from_secret_base64url, secret_base64url};

/// The name of something that nobody can guess.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Id([u8; 16]);

impl Id {
    /// Draws a new id.
    pub fn generate(entropy: &impl Entropy) -> Self {
        let mut bytes = [0; 16];
        entropy.fill(&mut bytes);
        Self(bytes)
    }

    /// Makes an id of sixteen bytes that were one before.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The sixteen bytes of the id.
    pub const fn bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Reads an id from its text form, 22 characters of base64url.
    pub fn parse(text: &str) -> Option<Self> {
        from_secret_base64url(text)?.try_into().ok().map(Self)
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&secret_base64url(&self.0))
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Id {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not 16 bytes in base64url"))
    }
}
