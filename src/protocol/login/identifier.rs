//! What people log in with: an email address or a name, compared without regard to case.

use crate::protocol::client::USER_SUBJECT_PREFIX;
use crate::protocol::derived::{Derived, mac};
use crate::protocol::encoding::base64url;
use crate::protocol::subject::UserId;

/// Longest identifier, in bytes.
const MAX_LENGTH: usize = 254;

/// A login identifier in its normal form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identifier(String);

impl Identifier {
    /// Normalizes what somebody typed; `None` if it can't be anybody's.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let normal = text.trim().to_lowercase();
        let fits = !normal.is_empty() && normal.len() <= MAX_LENGTH && !normal.chars().any(char::is_control);
        fits.then_some(Self(normal))
    }

    /// Normalizes the identifier of an account to make; `None` if nobody may have it: it has to be told from a `sub`, and URLs
    /// can't name `.` and `..`.
    pub(crate) fn for_account(text: &str) -> Option<Self> {
        let identifier = Self::parse(text)?;
        let reserved =
            identifier.0.starts_with(USER_SUBJECT_PREFIX) || matches!(identifier.as_str(), "." | "..");
        (!reserved).then_some(identifier)
    }

    /// Whether it looks like an email address.
    pub(crate) fn is_email(&self) -> bool {
        let parts = self.0.split_once('@');
        parts.is_some_and(|(local, host)| {
            !local.is_empty()
                && host.contains('.')
                && !host.contains('@')
                && !self.0.contains(char::is_whitespace)
        })
    }

    /// The normal form.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Its key in the directory.
    pub(crate) fn key(&self, derived: &Derived) -> String {
        base64url(&mac(&derived.routing, &[b"login", self.0.as_bytes()]))
    }

    /// The directory shard that holds it.
    pub(crate) fn shard(&self, derived: &Derived) -> String {
        shard_of(derived, &mac(&derived.routing, &[b"login", self.0.as_bytes()]))
    }

    /// A person that doesn't exist, the same for the same identifier: asking for them costs what asking for one who does.
    pub(super) fn decoy(&self, derived: &Derived) -> UserId {
        let bytes = mac(&derived.routing, &[b"decoy", self.0.as_bytes()]);
        let half = bytes.get(..16).and_then(|half| half.try_into().ok());
        UserId::from_bytes(half.unwrap_or_default())
    }
}

/// The name of the directory shard for a hash.
pub(super) fn shard_of(derived: &Derived, hash: &[u8]) -> String {
    shard_name(derived, hash.first().copied().unwrap_or_default())
}

/// The name of the directory shard with this number.
pub(crate) fn shard_name(derived: &Derived, number: u8) -> String {
    base64url(&mac(&derived.routing, &[b"directory", &[number]]))
}
