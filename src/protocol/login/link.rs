//! Links that are sent to people: each sets a user's password once. The admin API makes them, and `endpoints::sign_up` takes
//! them.
//!
//! `mel_ ‖ base64url(owner ‖ secret ‖ tag) ‖ checksum`; the user's object knows the secret's hash.

use crate::protocol::keys::derived::Derived;
use crate::protocol::keys::tagged::{tagged, untagged};
use crate::protocol::model::entropy::Entropy;
use crate::protocol::model::secret::{Secret, SecretHash};
use crate::protocol::model::user_id::UserId;

const PREFIX: &str = "mel_";
/// Path below the issuer of the page that a link leads to, with the token as `token`.
pub(crate) const PAGE: &str = "/password";

/// The token in a link, whose tag has been checked.
pub(crate) struct LinkToken {
    /// The user to whom the link was sent.
    pub(crate) owner: UserId,
    /// The SHA-256 of the link's secret, which the user's object compares.
    pub(crate) sha256: SecretHash,
}

impl LinkToken {
    /// Makes a token for `owner`: the text and what to store.
    pub(crate) fn make(derived: &Derived, owner: UserId, entropy: &impl Entropy) -> (String, Self) {
        let mut secret = [0_u8; 24];
        entropy.fill(&mut secret);
        let text = tagged(PREFIX, &derived.link, &[owner.bytes().as_slice(), &secret].concat());
        let sha256 = Secret::received(text.clone()).hash();
        (text, Self { owner, sha256 })
    }

    /// Reads a token; `None` unless this server made it.
    pub(crate) fn parse(derived: &Derived, text: &str) -> Option<Self> {
        let (_, body) = untagged(PREFIX, &derived.link, text)?;
        let owner = body.get(..16)?.try_into().ok().map(UserId::from_bytes)?;
        Some(Self { owner, sha256: Secret::received(text).hash() })
    }
}
