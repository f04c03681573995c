//! Scope tokens and sets of them (RFC 6749 §3.3), with the scopes that this server itself gives a meaning.
//!
//! Which resource a scope belongs to is the configuration's to say.

use serde::{Deserialize, Serialize};

/// The longest scope token, in bytes.
pub const MAX_SCOPE_LENGTH: usize = 128;
/// Most scope tokens in one request or one client.
pub const MAX_SCOPES: usize = 200;

/// Scopes that speak of a user; without one they mean nothing (`OpenID Connect Core` §5.4, §11, `Native SSO` §3.1).
pub const USER_SCOPES: [&str; 7] =
    ["openid", "profile", "email", "address", "phone", "offline_access", DEVICE_SSO];

/// Asks for a device secret, by which other apps of the vendor sign on (`OpenID Connect Native SSO` §3.1).
pub const DEVICE_SSO: &str = "device_sso";

/// Scopes of the server's own admin API start like this; resources can't define such.
pub const ADMIN_SCOPE_PREFIX: &str = "mintedge:";
/// Lets somebody read everything that the admin API shows.
pub const ADMIN_READ: &str = "mintedge:read";
/// Lets somebody change everything that the admin API changes.
pub const ADMIN_WRITE: &str = "mintedge:write";
/// Lets somebody read and change clients.
pub const ADMIN_CLIENTS: &str = "mintedge:clients";
/// Lets somebody read and change users.
pub const ADMIN_USERS: &str = "mintedge:users";
/// Lets somebody read, rotate and retire keys.
pub const ADMIN_KEYS: &str = "mintedge:keys";
/// Every scope of the admin API.
pub const ADMIN_SCOPES: [&str; 5] = [ADMIN_READ, ADMIN_WRITE, ADMIN_CLIENTS, ADMIN_USERS, ADMIN_KEYS];

/// Whether `text` is one scope token: `1*( %x21 / %x23-5B / %x5D-7E )`, bounded.
pub fn is_scope(text: &str) -> bool {
    (1..=MAX_SCOPE_LENGTH).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\')
}

/// Whether `scope` is one of the server's own admin API.
pub fn is_of_admin(scope: &str) -> bool {
    scope.starts_with(ADMIN_SCOPE_PREFIX)
}

/// An ordered set of scope tokens. As JSON an array, on the wire separated by spaces.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ScopeSet(Vec<String>);

impl ScopeSet {
    /// Parses the wire form; `None` if a token is malformed or there are too many. Repetitions count once.
    pub fn parse(text: &str) -> Option<Self> {
        let mut set = Self::default();
        for token in text.split(' ').filter(|token| !token.is_empty()) {
            if !is_scope(token) || set.0.len() >= MAX_SCOPES {
                return None;
            }
            set.insert(token);
        }
        Some(set)
    }

    /// Adds `scope` unless the set has it already.
    pub fn insert(&mut self, scope: &str) {
        if !self.contains(scope) {
            self.0.push(scope.to_owned());
        }
    }

    /// Whether `scope` is in the set.
    pub fn contains(&self, scope: &str) -> bool {
        self.0.iter().any(|own| own == scope)
    }

    /// The scope tokens in the order in which they are kept.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// How many scope tokens the set holds.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The scope tokens of this set that `other` holds too.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        self.iter().filter(|scope| other.contains(scope)).collect()
    }

    /// Whether `other` holds every scope token of this set.
    pub fn is_subset(&self, other: &Self) -> bool {
        self.iter().all(|scope| other.contains(scope))
    }

    /// Whether the set is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The set as on the wire: tokens with one space between (RFC 6749 §3.3).
    pub fn to_wire(&self) -> String {
        self.0.join(" ")
    }
}

impl<S: Into<String>> FromIterator<S> for ScopeSet {
    fn from_iter<I: IntoIterator<Item = S>>(scopes: I) -> Self {
        let mut set = Self::default();
        for scope in scopes {
            set.insert(&scope.into());
        }
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn malformed_or_repeated_tokens_are_handled() {
        assert_eq!(ScopeSet::parse("a b a").map(|set| set.to_wire()), Some("a b".to_owned()));
        for bad in ["a\"b", "a\\b", "ü", "a\tb"] {
            assert_eq!(ScopeSet::parse(bad), None, "{bad}");
        }
        assert_eq!(ScopeSet::parse(" "), Some(ScopeSet::default()));
    }
}
