//! Passwords: what is stored of them, and the computations about them.
//!
//! A password is hashed with Argon2id (RFC 9106) with the parameters that OWASP recommends: 19 MiB, two passes, one lane. A hash
//! that another server made, of any form in `formats`, is checked as that server did, and replaced by ours when it fits.
//!
//! That takes tens of milliseconds of CPU and more, so an object doesn't do it while it decides. It answers a command with an
//! [`Order`]; its adapter computes that in a [`Task`], in small steps, and gives the object the same command again with what
//! was [`Computed`].

mod formats;

use std::fmt;

use mintedge_passwords::{Function, Running, Variant};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize as _, Zeroizing};

use crate::protocol::codec::encoding::secret_base64_unpadded;
use crate::protocol::model::entropy::Entropy;
use formats::Stored;

/// The cost of a hash with Argon2id: memory in KiB, passes, lanes.
const COST: (u32, u32, u32) = (19_456, 2, 1);
/// Bytes of a salt and of a hash.
const LENGTHS: (usize, usize) = (16, 32);

/// A password in the clear, on its way from the edge to where it is hashed.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Password(String);

impl Password {
    /// Wraps a password as somebody typed it.
    pub fn new(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl Drop for Password {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[password]")
    }
}

/// A password hash, as text that names its scheme: `Debug` doesn't show it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PasswordHash(pub String);

impl PasswordHash {
    /// A hash made elsewhere, if it can be verified here.
    ///
    /// # Errors
    /// Why it can't, in a sentence for whoever brought it.
    pub fn import(text: &str) -> Result<Self, &'static str> {
        Stored::parse(text).map(|_| Self(text.to_owned()))
    }

    /// The scheme that made the hash: `argon2id`, `bcrypt` and so on.
    pub fn scheme(&self) -> &'static str {
        Stored::parse(&self.0).map_or("unknown", |stored| stored.scheme)
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[hash]")
    }
}

/// What an object wants computed before it decides.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Hash a new password.
    Hash {
        /// The password to hash.
        password: Password,
        /// The random salt of the hash.
        salt: [u8; LENGTHS.0],
    },
    /// Check a password, and hash it anew if the stored hash is not as ours are.
    Check {
        /// The password to check.
        password: Password,
        /// The stored hash; without one it takes as long and doesn't fit.
        stored: Option<PasswordHash>,
        /// The random salt of a new hash, should one be made.
        salt: [u8; LENGTHS.0],
    },
}

impl Order {
    /// Makes the order to hash a new password.
    pub fn hash(password: Password, entropy: &impl Entropy) -> Self {
        Self::Hash { password, salt: salt(entropy) }
    }

    /// Makes the order to check a password against the hash that is `stored`.
    pub fn check(password: Password, stored: Option<PasswordHash>, entropy: &impl Entropy) -> Self {
        Self::Check { password, stored, salt: salt(entropy) }
    }
}

fn salt(entropy: &impl Entropy) -> [u8; LENGTHS.0] {
    let mut salt = [0; LENGTHS.0];
    entropy.fill(&mut salt);
    salt
}

/// The result of an order.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Computed {
    /// The hash that an [`Order::Hash`] asked for.
    Hash(PasswordHash),
    /// The verdict that an [`Order::Check`] asked for.
    Checked {
        /// The stored hash that the password was compared with.
        stored: Option<PasswordHash>,
        /// Whether the hash is that of the password.
        fits: bool,
        /// A new hash that is to be stored instead of the old one.
        renewed: Option<PasswordHash>,
    },
    /// No result: too much is being computed, or there is no memory.
    Busy,
}

/// An order being carried out. It holds as much memory as its function asks for, 64 MiB at most.
pub struct Task {
    running: Running,
    password: Zeroizing<Vec<u8>>,
    salt: [u8; LENGTHS.0],
    purpose: Purpose,
}

enum Purpose {
    /// Compare with a stored hash; `None` if there is none to compare with.
    Check { stored: Option<PasswordHash>, parsed: Option<Stored> },
    /// Make a new hash, because the one that is stored fits but is not as ours are.
    Renew { stored: Option<PasswordHash> },
    /// Make the hash of a new password.
    Hash,
}

impl Task {
    /// Begins. `None` if there is no memory for it.
    pub fn begin(order: Order) -> Option<Self> {
        let (password, salt, purpose) = match order {
            Order::Hash { password, salt } => (password, salt, Purpose::Hash),
            Order::Check { password, stored, salt } => {
                let parsed = stored.as_ref().and_then(|stored| Stored::parse(&stored.0).ok());
                (password, salt, Purpose::Check { stored, parsed })
            }
        };
        let password = Zeroizing::new(password.0.as_bytes().to_vec());
        let running = match &purpose {
            Purpose::Check { parsed: Some(parsed), .. } => parsed.start(&password)?,
            Purpose::Check { parsed: None, .. } | Purpose::Renew { .. } | Purpose::Hash => {
                ours(&password, salt)?
            }
        };
        Some(Self { running, password, salt, purpose })
    }

    /// Works for about `budget` microseconds. Returns the result once there is one.
    pub fn step(&mut self, budget: u32) -> Option<Computed> {
        let result = self.running.step(budget)?;
        let (stored, parsed) = match core::mem::replace(&mut self.purpose, Purpose::Hash) {
            Purpose::Hash => return Some(Computed::Hash(self.encode(&result))),
            Purpose::Renew { stored } => {
                return Some(Computed::Checked { stored, fits: true, renewed: Some(self.encode(&result)) });
            }
            Purpose::Check { stored, parsed } => (stored, parsed),
        };
        let fits = parsed.as_ref().is_some_and(|parsed| parsed.is_result(&self.password, &result));
        if !fits || parsed.is_some_and(|parsed| parsed.is_ours()) {
            return Some(Computed::Checked { stored, fits, renewed: None });
        }
        match ours(&self.password, self.salt) {
            Some(running) => {
                self.running = running;
                self.purpose = Purpose::Renew { stored };
                None
            }
            // It stays as it is until the next login.
            None => Some(Computed::Checked { stored, fits, renewed: None }),
        }
    }

    fn encode(&self, output: &[u8]) -> PasswordHash {
        let (memory, passes, lanes) = COST;
        let (salt, output) = (secret_base64_unpadded(&self.salt), secret_base64_unpadded(output));
        PasswordHash(format!("$argon2id$v=19$m={memory},t={passes},p={lanes}${salt}${output}"))
    }
}

/// Carries out an order at once, where nothing else waits for the thread.
pub fn compute(order: Order) -> Computed {
    let Some(mut task) = Task::begin(order) else { return Computed::Busy };
    loop {
        if let Some(computed) = task.step(u32::MAX) {
            return computed;
        }
    }
}

fn ours(password: &[u8], salt: [u8; LENGTHS.0]) -> Option<Running> {
    let (memory, passes, lanes) = COST;
    Function::Argon2 { variant: Variant::Id, memory, passes, lanes, salt: salt.to_vec() }
        .start(password, LENGTHS.1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::FakeEntropy;

    const SEVENS: FakeEntropy = FakeEntropy::Constant(7);

    /// As OpenSSL computes it for "correct horse".
    const OURS: &str =
        "$argon2id$v=19$m=19456,t=2,p=1$BwcHBwcHBwcHBwcHBwcHBw$cTLmpgKLeruU6za+t2cUZ3fNfHVCYhGoJ8inpcUNcwc";

    fn check(stored: Option<&str>, password: &str) -> (bool, Option<PasswordHash>) {
        let stored = stored.map(|text| PasswordHash(text.to_owned()));
        match compute(Order::check(Password::new(password), stored.clone(), &SEVENS)) {
            Computed::Checked { stored: checked, fits, renewed } => {
                assert_eq!(checked, stored);
                (fits, renewed)
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_hash_verifies_its_own_password_only() {
        let hashed = compute(Order::hash(Password::new("correct horse"), &SEVENS));
        let Computed::Hash(hash) = hashed else { panic!("{hashed:?}") };
        assert_eq!(hash.0, OURS);
        assert_eq!(check(Some(OURS), "correct horse"), (true, None));
        assert_eq!(check(Some(OURS), "correct horsf"), (false, None));
        assert_eq!(check(None, "correct horse"), (false, None));
        assert_eq!(check(Some("nonsense"), "nonsense"), (false, None));
    }

    #[test]
    fn a_hash_that_is_not_as_ours_are_is_renewed_if_it_fits() {
        let others = [
            "$argon2id$v=19$m=4096,t=3,p=2$c2FsdHNhbHRzYWx0c2FsdA$+esSnnCYQcGSAI26hEyI8IFctpfgkZmPu9k+AAsn2Z4",
            "$argon2i$v=19$m=1024,t=3,p=2$AAECAwQFBgcICQoLDA0ODw$QSqWJ00gK1SLReloIBDTX3Fcf/OGohut1fkQou3YP5U",
        ];
        for other in others {
            let (fits, renewed) = check(Some(other), "a password from elsewhere");
            assert!(
                fits && renewed
                    .as_ref()
                    .is_some_and(|hash| hash.0.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"))
            );
            assert_eq!(
                check(renewed.as_ref().map(|hash| hash.0.as_str()), "a password from elsewhere"),
                (true, None)
            );
            assert_eq!(check(Some(other), "another password"), (false, None), "and not otherwise");
        }
    }

    /// What comes after a zero doesn't count for bcrypt, and what comes after 72 bytes: the first would be another password.
    #[test]
    fn a_zero_does_not_end_a_password_early() {
        let hash = "$2b$04$gLQL3W9j01hoZN.3sKURier1R0H/OEO0Y6QqJEIzJB2hCEmOlRMoe";
        assert!(check(Some(hash), "a password from elsewhere").0);
        assert!(!check(Some(hash), "a password from elsewhere\0and more").0);
    }

    #[test]
    fn a_hash_that_asks_for_too_much_is_not_computed() {
        let hash = "$argon2id$v=19$m=1048576,t=2,p=1$BwcHBwcHBwcHBwcHBwcHBw$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        assert_eq!(check(Some(hash), "x"), (false, None));
    }

    #[test]
    fn neither_password_nor_hash_is_shown() {
        let stored = Some(PasswordHash(OURS.to_owned()));
        let order = Order::check(Password::new("correct horse"), stored, &SEVENS);
        let shown = format!("{order:?} {:?}", compute(order.clone()));
        assert!(!shown.contains("horse") && !shown.contains("argon2"), "{shown}");
    }
}
