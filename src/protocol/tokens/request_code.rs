//! The code that a person sets for requests (`user_code`, `CIBA` §7.1): what it may look like, and the hash that is kept of it. The
//! account page sets it, and the backchannel authentication endpoint takes it.
//!
//! Such a code is short, so a plain hash of it could be reversed by trying. This one is keyed with a secret that doesn't lie beside
//! it, and never changes: who sets a code has it until they set another one.

use crate::protocol::codec::encoding::secret_base64url;
use crate::protocol::keys::derived::{Derived, mac};
use crate::protocol::model::secret::{Secret, SecretHash};
use crate::protocol::model::user_id::UserId;

/// The shortest and the longest code, in characters.
const LENGTH: std::ops::RangeInclusive<usize> = 6..=64;

/// Whether `code` may be a person's: 6 to 64 characters that can be typed, without spaces around.
pub fn is_request_code(code: &str) -> bool {
    LENGTH.contains(&code.chars().count()) && code.trim() == code && !code.chars().any(char::is_control)
}

/// The hash of the code of the user `owner`.
pub fn request_code_hash(derived: &Derived, owner: UserId, code: &str) -> SecretHash {
    let keyed = mac(&derived.routing, &[b"request code", owner.bytes(), code.as_bytes()]);
    Secret::received(secret_base64url(&keyed)).hash()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::model::secret::SecretBytes;

    #[test]
    fn a_code_is_short_and_can_be_typed() {
        for good in ["123456", "blue horse", &"ü".repeat(64)] {
            assert!(is_request_code(good), "{good}");
        }
        for bad in ["", "12345", " 123456", "123456 ", "12345\n6", &"a".repeat(65)] {
            assert!(!is_request_code(bad), "{bad}");
        }
    }

    #[test]
    fn the_same_code_has_another_hash_for_another_person_and_another_server() {
        let (one, two) = ([1, 2]).map(|byte| Derived::from_root(&SecretBytes::new(vec![byte; 32]))).into();
        let (ada, bob) = ([1, 2]).map(|byte| UserId::from_bytes([byte; 16])).into();
        let hash = request_code_hash(&one, ada, "123456");
        assert_eq!(hash, request_code_hash(&one, ada, "123456"));
        assert_ne!(hash, request_code_hash(&one, bob, "123456"));
        assert_ne!(hash, request_code_hash(&two, ada, "123456"));
        assert_ne!(hash, request_code_hash(&one, ada, "123457"));
    }
}
