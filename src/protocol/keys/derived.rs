//! The symmetric keys of an issuer, one for each purpose, derived from secrets that the Control object keeps. `keyring` makes
//! them once per isolate; whatever seals, tags or names values takes them from there.
//!
//! There are two kinds. *Names* never change: under another key every user's object, every pairwise subject and every generated
//! client id would be another one. They protect nothing by themselves (`docs/decisions/key-replacement.md`). *Guards* make the
//! values that others carry around. They come from a root secret that has several generations at a time: one that new values are
//! made with, and those of older values. Every value names its generation (`NAMED`).

use std::collections::BTreeSet;
use std::rc::Rc;

use hmac::{Hmac, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::protocol::codec::encoding::from_base64url;
use crate::protocol::model::secret::SecretBytes;
use crate::protocol::model::time::Timestamp;

/// The first byte of a value that names its generation; the second byte is the generation.
pub(crate) const NAMED: u8 = 2;

/// What a guard's key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Purpose {
    /// Seals authorization codes.
    Code,
    /// Binds forms to browser, session and request.
    Csrf,
    /// Seals an authorization request while its page is open.
    Flow,
    /// Seals the reference to a grant inside access tokens.
    Grant,
    /// Tags links that are sent to people: invitations and resets.
    Link,
    /// Tags refresh tokens and device secrets, so that a forged one costs no object call.
    Refresh,
    /// Tags the client ids that carry their registration, and makes their secrets.
    Registration,
    /// Tags references of pushed requests, and device codes.
    RequestUri,
    /// Tags session cookies, and the marks of browsers that somebody has logged in with.
    Session,
}

impl Purpose {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Code,
        Self::Csrf,
        Self::Flow,
        Self::Grant,
        Self::Link,
        Self::Refresh,
        Self::Registration,
        Self::RequestUri,
        Self::Session,
    ];

    /// The name in the API, and what the key is derived with.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Csrf => "csrf",
            Self::Flow => "flow",
            Self::Grant => "grant",
            Self::Link => "link",
            Self::Refresh => "refresh",
            Self::Registration => "registration",
            Self::RequestUri => "request_uri",
            Self::Session => "session",
        }
    }
}

/// A generation of the root secret, as it travels to the edges.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Root {
    /// What values call it.
    pub id: u8,
    /// What the guards' keys are derived from.
    pub secret: SecretBytes,
    /// What it is not good for any more.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub retired_for: BTreeSet<Purpose>,
    /// Set on the generation of a release whose values name none: how long that release may still have made codes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unnamed_until: Option<Timestamp>,
}

/// The derived keys, made once per isolate and again whenever the root secret changes.
#[derive(Debug)]
pub struct Derived {
    /// The key of the MAC in generated client ids.
    pub client_id: SecretBytes,
    /// The key behind the names of objects that belong to users: nobody outside can tell which object holds whom.
    pub routing: SecretBytes,
    /// The key that makes pairwise subjects.
    pub pairwise: SecretBytes,
    /// Seals authorization codes.
    pub code: Guard,
    /// Binds forms to browser, session and request.
    pub csrf: Guard,
    /// Seals an authorization request while its page is open.
    pub flow: Guard,
    /// Seals the reference to a grant inside access tokens.
    pub grant: Guard,
    /// Tags links that are sent to people: invitations and resets.
    pub link: Guard,
    /// Tags refresh tokens and device secrets, so that a forged one costs no object call.
    pub refresh: Guard,
    /// Tags the client ids that carry their registration, and makes their secrets.
    pub registration: Guard,
    /// Tags references of pushed requests, and device codes.
    pub request_uri: Guard,
    /// Tags session cookies, and the marks of browsers that somebody has logged in with.
    pub session: Guard,
}

impl Derived {
    /// Derives the names' keys from `names` and the guards' keys from `roots`; new values are made with the generation `writing`.
    pub fn new(names: &SecretBytes, roots: Vec<Root>, writing: u8) -> Self {
        let roots: Rc<[Root]> = roots.into();
        let guard = |purpose| Guard::new(purpose, &roots, writing);
        Self {
            client_id: derive(names, "client_id"),
            routing: derive(names, "routing"),
            pairwise: derive(names, "pairwise"),
            code: guard(Purpose::Code),
            csrf: guard(Purpose::Csrf),
            flow: guard(Purpose::Flow),
            grant: guard(Purpose::Grant),
            link: guard(Purpose::Link),
            refresh: guard(Purpose::Refresh),
            registration: guard(Purpose::Registration),
            request_uri: guard(Purpose::RequestUri),
            session: guard(Purpose::Session),
        }
    }

    /// Derives all keys from one secret, as releases did that knew no generations.
    pub fn from_root(root: &SecretBytes) -> Self {
        let unnamed_until = Some(Timestamp(u64::MAX));
        let only = Root { id: 0, secret: root.clone(), retired_for: BTreeSet::new(), unnamed_until };
        Self::new(root, vec![only], 0)
    }

    /// Whether `text` claims to be made with a generation that is younger than all of these.
    pub(crate) fn is_outdated_for(&self, text: &str) -> bool {
        let known = |id: u8| self.code.roots.iter().any(|root| root.id == id);
        // Generations are numbered modulo 256, so half of all numbers count as younger.
        let ahead = |id: u8| (1..=i8::MAX.unsigned_abs()).contains(&id.wrapping_sub(self.code.current.0));
        generation(text).is_some_and(|id| !known(id) && ahead(id))
    }
}

/// The generation that a value of this server claims to be made with. Nothing of the value is verified.
fn generation(text: &str) -> Option<u8> {
    let body = match text.as_bytes() {
        [_, _, _, b'_', ..] => text.get(4..)?,
        _ => text,
    };
    match from_base64url(body.get(..4)?)?.as_slice() {
        [NAMED, id, _] => Some(*id),
        _ => None,
    }
}

fn derive(root: &SecretBytes, purpose: &str) -> SecretBytes {
    SecretBytes::new(mac(root, &[b"mintedge key v1", purpose.as_bytes()]).to_vec())
}

/// The keys of one purpose, one for each generation of the root secret that is still good for it.
#[derive(Clone)]
pub struct Guard {
    purpose: Purpose,
    current: (u8, SecretBytes),
    roots: Rc<[Root]>,
}

impl std::fmt::Debug for Guard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Guard({} {})", self.purpose.name(), self.current.0)
    }
}

impl Guard {
    fn new(purpose: Purpose, roots: &Rc<[Root]>, writing: u8) -> Self {
        let root = roots.iter().find(|root| root.id == writing).or(roots.first());
        let secret = root.map_or_else(|| SecretBytes::new(Vec::new()), |root| root.secret.clone());
        let current = (root.map_or(writing, |root| root.id), derive(&secret, purpose.name()));
        Self { purpose, current, roots: Rc::clone(roots) }
    }

    /// The generation that new values are made with, and its key.
    pub(crate) fn current(&self) -> (u8, &SecretBytes) {
        (self.current.0, &self.current.1)
    }

    /// The key of the generation `id`. Older ones are derived only when they are needed, to keep the start of an isolate short.
    pub(crate) fn named(&self, id: u8) -> Option<SecretBytes> {
        let root = self.roots.iter().find(|root| root.id == id).filter(|root| self.is_good(root))?;
        Some(if id == self.current.0 {
            self.current.1.clone()
        } else {
            derive(&root.secret, self.purpose.name())
        })
    }

    /// The key of values that name no generation, which an earlier release made.
    pub(crate) fn unnamed(&self) -> Option<SecretBytes> {
        let root = self.roots.iter().find(|root| root.unnamed_until.is_some() && self.is_good(root))?;
        Some(derive(&root.secret, self.purpose.name()))
    }

    /// The time until which an earlier release may have made values that name no generation and are checked by their seal only.
    pub(crate) fn unnamed_until(&self) -> Option<Timestamp> {
        self.roots.iter().find_map(|root| root.unnamed_until)
    }

    fn is_good(&self, root: &Root) -> bool {
        !root.retired_for.contains(&self.purpose)
    }
}

/// Computes HMAC-SHA256 over `parts`, each preceded by its length, so that no two lists of parts collide.
pub fn mac(key: &SecretBytes, parts: &[&[u8]]) -> [u8; 32] {
    // HMAC takes a key of any length, so this can't fail; the error belongs to the trait.
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

    fn root(id: u8, retired_for: &[Purpose]) -> Root {
        let retired_for = retired_for.iter().copied().collect();
        Root { id, secret: SecretBytes::new(vec![id; 32]), retired_for, unnamed_until: None }
    }

    #[test]
    fn keys_differ_by_purpose_and_root() {
        let one = Derived::from_root(&SecretBytes::new(vec![1; 32]));
        let other = Derived::from_root(&SecretBytes::new(vec![2; 32]));
        assert_ne!(one.code.current().1, one.flow.current().1);
        assert_ne!(one.code.current().1, other.code.current().1);
        let mut names: Vec<&str> = Purpose::ALL.map(Purpose::name).to_vec();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Purpose::ALL.len());
    }

    #[test]
    fn names_stay_and_guards_follow_their_generation() {
        let names = SecretBytes::new(vec![9; 32]);
        let before = Derived::new(&names, vec![root(0, &[])], 0);
        let after = Derived::new(&names, vec![root(0, &[]), root(1, &[])], 1);
        assert_eq!((&before.routing, &before.pairwise), (&after.routing, &after.pairwise));
        assert_eq!(before.client_id, after.client_id);
        assert_eq!((before.code.current().0, after.code.current().0), (0, 1));
        assert_eq!(after.code.named(0).as_ref(), Some(before.code.current().1));
        assert_eq!(after.code.named(1).as_ref(), Some(after.code.current().1));
        assert_eq!((after.code.named(2), after.code.unnamed()), (None, None));
    }

    #[test]
    fn a_generation_may_be_retired_for_one_purpose() {
        let derived =
            Derived::new(&SecretBytes::new(vec![9; 32]), vec![root(0, &[Purpose::Code]), root(1, &[])], 1);
        assert!(derived.code.named(0).is_none() && derived.refresh.named(0).is_some());
    }

    #[test]
    fn only_a_younger_generation_is_news() {
        let derived = Derived::new(&SecretBytes::new(vec![9; 32]), vec![root(254, &[]), root(255, &[])], 255);
        let named =
            |id: u8| format!("mer_{}", crate::protocol::codec::encoding::base64url(&[NAMED, id, 7, 7]));
        for (id, news) in [(0, true), (5, true), (255, false), (254, false), (253, false), (200, false)] {
            assert_eq!(derived.is_outdated_for(&named(id)), news, "{id}");
            assert_eq!(derived.is_outdated_for(named(id).strip_prefix("mer_").expect("one")), news, "{id}");
        }
        for other in ["", "mer_", "mer_A", "mer_äöü", "mer_AQAA", "nonsense"] {
            assert!(!derived.is_outdated_for(other), "{other}");
        }
    }

    #[test]
    fn parts_are_kept_apart() {
        let key = SecretBytes::new(vec![1; 32]);
        assert_ne!(mac(&key, &[b"ab", b"c"]), mac(&key, &[b"a", b"bc"]));
    }
}
