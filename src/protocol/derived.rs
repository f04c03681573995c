//! The symmetric keys of an issuer: one per purpose, all derived from the root secret that the Control object keeps.

use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use super::secret::SecretBytes;

/// The derived keys; made once per isolate.
#[derive(Debug)]
pub struct Derived {
    /// MAC of generated client ids.
    pub client_id: SecretBytes,
    /// Names of the objects that belong to people: nobody outside can tell which object holds whom.
    pub routing: SecretBytes,
    /// Seals authorization codes.
    pub code: SecretBytes,
    /// Seals an authorization request while its page is open.
    pub flow: SecretBytes,
    /// Tags refresh tokens, so that a forged one costs no object call.
    pub refresh: SecretBytes,
    /// Tags session cookies, likewise.
    pub session: SecretBytes,
    /// Binds forms to browser, session and request.
    pub csrf: SecretBytes,
    /// Seals the reference to a grant inside access tokens.
    pub grant: SecretBytes,
    /// Makes pairwise subjects.
    pub pairwise: SecretBytes,
    /// Tags references of pushed requests.
    pub request_uri: SecretBytes,
    /// Tags links that are sent to people: invitations and resets.
    pub link: SecretBytes,
}

impl Derived {
    /// Derives all of them.
    pub fn from_root(root: &SecretBytes) -> Self {
        let key =
            |purpose: &str| SecretBytes::new(mac(root, &[b"mintedge key v1", purpose.as_bytes()]).to_vec());
        Self {
            client_id: key("client_id"),
            routing: key("routing"),
            code: key("code"),
            flow: key("flow"),
            refresh: key("refresh"),
            session: key("session"),
            csrf: key("csrf"),
            grant: key("grant"),
            pairwise: key("pairwise"),
            request_uri: key("request_uri"),
            link: key("link"),
        }
    }
}

/// HMAC-SHA256 over `parts`, each preceded by its length, so that no two lists of parts collide.
pub fn mac(key: &SecretBytes, parts: &[&[u8]]) -> [u8; 32] {
    // A MAC takes a key of any length; the error exists for the trait's sake.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.expose()) else {
        return [0; 32];
    };
    for part in parts {
        mac.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_differ_by_purpose_and_root() {
        let one = Derived::from_root(&SecretBytes::new(vec![1; 32]));
        let other = Derived::from_root(&SecretBytes::new(vec![2; 32]));
        assert_ne!(one.code.expose(), one.flow.expose());
        assert_ne!(one.code.expose(), other.code.expose());
    }

    #[test]
    fn parts_are_kept_apart() {
        let key = SecretBytes::new(vec![1; 32]);
        assert_ne!(mac(&key, &[b"ab", b"c"]), mac(&key, &[b"a", b"bc"]));
    }
}
