//! What people log in with: an email address or a name, compared without regard to case and to how it was typed.
//!
//! The normal form is NFKC in lower case, as in `UsernameCaseMapped` of RFC 8265 §3.3; which characters new identifiers may have
//! says [`characters`]. Accounts of version 0.1.0 may have another form: they keep it, and it is looked up first.

use super::characters;
use crate::protocol::codec::encoding::base64url;
use crate::protocol::keys::derived::{Derived, mac};
use crate::protocol::model::client::USER_SUBJECT_PREFIX;
use crate::protocol::model::user_id::UserId;
use crate::protocol::server::ports::Platform;

/// The longest login identifier, in bytes.
const MAX_LENGTH: usize = 254;
/// Longest text that is looked at, in bytes: the normal form may be shorter.
const MAX_TYPED: usize = 4 * MAX_LENGTH;

/// A login identifier, in its normal form or as an old account has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identifier(String);

impl Identifier {
    /// As an account has it: in lower case, without spaces around; `None` if it can't be anybody's.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::bounded(text.trim().to_lowercase())
    }

    /// Brings what somebody typed into the normal form; `None` if it can't be anybody's.
    pub(crate) fn normal(platform: &impl Platform, text: &str) -> Option<Self> {
        if text.is_ascii() || text.len() > MAX_TYPED {
            return Self::parse(text);
        }
        let folded = platform.nfkc(text).to_lowercase();
        Self::bounded(platform.nfkc(&folded).trim().to_owned())
    }

    fn bounded(normal: String) -> Option<Self> {
        let fits = !normal.is_empty() && normal.len() <= MAX_LENGTH && !normal.chars().any(char::is_control);
        fits.then_some(Self(normal))
    }

    /// The normal form of the identifier of an account to make; `None` if nobody may have it: it must not pass for another one, it
    /// has to be told from a `sub`, and URLs can't name `.` and `..`.
    pub(crate) fn for_account(platform: &impl Platform, text: &str) -> Option<Self> {
        let identifier = Self::normal(platform, text)?;
        let name = identifier.as_str();
        let is_reserved = name.starts_with(USER_SUBJECT_PREFIX) || matches!(name, "." | "..");
        // `ada@example.com.` is the mailbox of `ada@example.com`.
        let is_another = name.contains('@') && name.ends_with('.');
        (!is_reserved && !is_another && characters::are_plain(name)).then_some(identifier)
    }

    /// Whether the identifier looks like an email address.
    pub(crate) fn is_email(&self) -> bool {
        let parts = self.0.split_once('@');
        parts.is_some_and(|(local, host)| {
            !local.is_empty()
                && host.contains('.')
                && host.split('.').all(|label| !label.is_empty())
                && !host.contains('@')
                && !self.0.contains(char::is_whitespace)
        })
    }

    /// The identifier's normal form.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The name under which the directory keeps the identifier.
    pub(crate) fn key(&self, derived: &Derived) -> String {
        base64url(&mac(&derived.routing, &[b"login", self.0.as_bytes()]))
    }

    /// The shard of the directory that keeps the identifier.
    pub(crate) fn shard(&self, derived: &Derived) -> String {
        shard_of(derived, &mac(&derived.routing, &[b"login", self.0.as_bytes()]))
    }

    /// The id of a user that doesn't exist, the same for the same identifier: asking for it costs as much as asking for one that
    /// does.
    pub(crate) fn decoy(&self, derived: &Derived) -> UserId {
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
