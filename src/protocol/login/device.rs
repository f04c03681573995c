//! Browsers that somebody has logged in with before: known by a cookie, so that strangers' attempts don't count against
//! the owner there. Nothing is stored of them: the cookie carries a random mark and a MAC over the mark and whom it is for.

use subtle::ConstantTimeEq as _;

use super::Identifier;
use crate::protocol::derived::{Derived, mac};
use crate::protocol::encoding::base64url;
use crate::protocol::ports::Entropy;
use crate::protocol::refresh_token::{tagged, untagged};

/// Prefix of the cookie's value.
const PREFIX: &str = "med_";
/// Bytes of a mark.
const MARK: usize = 16;

/// A browser that a person logged in with. No two have the same mark, whoever uses them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Device([u8; MARK]);

impl Device {
    /// A browser that wasn't known so far.
    pub(super) fn generate(entropy: &impl Entropy) -> Self {
        let mut mark = [0; MARK];
        entropy.fill(&mut mark);
        Self(mark)
    }

    /// Reads the cookie; `None` unless it was made for this identifier.
    pub(super) fn of(identifier: &Identifier, derived: &Derived, cookie: &str) -> Option<Self> {
        let body = untagged(PREFIX, &derived.session, cookie)?;
        let (mark, proof) = body.split_at_checked(MARK)?;
        let device = Self(mark.try_into().ok()?);
        bool::from(device.proof(identifier, derived).ct_eq(proof)).then_some(device)
    }

    /// The cookie's value.
    pub(super) fn to_wire(self, identifier: &Identifier, derived: &Derived) -> String {
        let proof = self.proof(identifier, derived);
        tagged(PREFIX, &derived.session, [self.0.as_slice(), &proof].concat())
    }

    /// Names it among the devices of one person.
    pub(super) fn name(self) -> String {
        base64url(&self.0)
    }

    fn proof(self, identifier: &Identifier, derived: &Derived) -> [u8; 32] {
        mac(&derived.session, &[b"device", &self.0, identifier.as_str().as_bytes()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::secret::SecretBytes;

    struct Count(std::cell::Cell<u8>);
    impl Entropy for Count {
        fn fill(&self, bytes: &mut [u8]) {
            self.0.set(self.0.get() + 1);
            bytes.fill(self.0.get());
        }
    }

    #[test]
    fn devices_of_one_person_differ_and_are_nobody_elses() {
        let derived = Derived::from_root(&SecretBytes::new(vec![1; 32]));
        let entropy = Count(std::cell::Cell::new(0));
        let ada = Identifier::parse("ada@example.com").expect("one");
        let bob = Identifier::parse("bob@example.com").expect("one");
        let phone = Device::generate(&entropy);
        let laptop = Device::generate(&entropy);
        let cookie = phone.to_wire(&ada, &derived);
        assert_ne!(cookie, laptop.to_wire(&ada, &derived));
        assert_eq!(Device::of(&ada, &derived, &cookie), Some(phone));
        assert_eq!(Device::of(&bob, &derived, &cookie), None);
        // Cut out of another cookie, or of another server.
        let mixed = [laptop.0.as_slice(), &phone.proof(&ada, &derived)].concat();
        assert_eq!(Device::of(&ada, &derived, &tagged(PREFIX, &derived.session, mixed)), None);
        let other = Derived::from_root(&SecretBytes::new(vec![2; 32]));
        assert_eq!(Device::of(&ada, &derived, &phone.to_wire(&ada, &other)), None);
        for short in ["", "med_", &tagged(PREFIX, &derived.session, vec![1; 8])] {
            assert_eq!(Device::of(&ada, &derived, short), None);
        }
    }
}
