//! Password hashing functions that can be computed in steps: Argon2 (RFC 9106), scrypt (RFC 7914), PBKDF2 (RFC 8018 §5.2) and
//! bcrypt.
//!
//! Each takes tens to hundreds of milliseconds, and whoever has one thread for everything can't be away for so long. So a
//! [`Running`] function does a bounded amount of work for each call of [`Running::step`], and can wait between two calls for as
//! long as it takes. Nothing here waits, allocates more than the function needs, or knows a text format: that is the caller's.

mod argon2;
mod bcrypt;
mod block;
mod firebase;
mod pbkdf2;
mod scrypt;

pub use firebase::encrypt_signer_key;

/// Which Argon2 it is. The third, Argon2d, isn't for passwords.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variant {
    /// Argon2i.
    I,
    /// Argon2id.
    Id,
}

/// The hash below PBKDF2's HMAC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Digest {
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

impl Digest {
    /// Bytes of its result.
    #[must_use]
    pub const fn length(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }
}

/// A function with everything but the password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Function {
    /// Argon2 in version 19.
    Argon2 {
        /// Which one.
        variant: Variant,
        /// KiB; at least eight for each lane.
        memory: u32,
        /// How often the memory is gone over.
        passes: u32,
        /// Degree of parallelism, which is a parameter like others here.
        lanes: u32,
        /// 8 bytes and more.
        salt: Vec<u8>,
    },
    /// bcrypt, as versions 2a, 2b and 2y compute it. The result has 23 bytes.
    Bcrypt {
        /// The logarithm of the number of rounds: 4 to 31.
        cost: u32,
        /// The salt.
        salt: [u8; 16],
    },
    /// PBKDF2 with HMAC.
    Pbkdf2 {
        /// The hash.
        digest: Digest,
        /// Iterations.
        iterations: u32,
        /// The salt.
        salt: Vec<u8>,
    },
    /// scrypt.
    Scrypt {
        /// The logarithm of the cost: 1 to 31.
        log_n: u32,
        /// Block size.
        r: u32,
        /// Parallelization.
        p: u32,
        /// The salt.
        salt: Vec<u8>,
    },
}

impl Function {
    /// Whether the function has such parameters, and can compute `length` bytes.
    #[must_use]
    pub fn is_possible(&self, length: usize) -> bool {
        match self {
            Self::Argon2 { variant, memory, passes, lanes, salt } => {
                let cost =
                    argon2::Cost { variant: *variant, memory: *memory, passes: *passes, lanes: *lanes };
                cost.is_possible() && salt.len() >= 8 && length >= 4
            }
            Self::Bcrypt { cost, .. } => (4..=31).contains(cost) && length == bcrypt::LENGTH,
            Self::Pbkdf2 { iterations, .. } => *iterations > 0 && length > 0,
            Self::Scrypt { log_n, r, p, .. } => (1..=31).contains(log_n) && *r > 0 && *p > 0 && length > 0,
        }
    }

    /// Begins to compute `length` bytes. `None` if the function has no such parameters, or there is no memory for it.
    #[must_use]
    pub fn start(&self, password: &[u8], length: usize) -> Option<Running> {
        if !self.is_possible(length) {
            return None;
        }
        Some(Running(match self {
            Self::Argon2 { variant, memory, passes, lanes, salt } => {
                let cost =
                    argon2::Cost { variant: *variant, memory: *memory, passes: *passes, lanes: *lanes };
                State::Argon2(Box::new(argon2::Argon2::start(cost, password, salt, length)?))
            }
            Self::Bcrypt { cost, salt } => {
                State::Bcrypt(Box::new(bcrypt::Bcrypt::start(*cost, salt, password)))
            }
            Self::Pbkdf2 { digest, iterations, salt } => {
                State::Pbkdf2(pbkdf2::Pbkdf2::start(*digest, *iterations, salt, password, length)?)
            }
            Self::Scrypt { log_n, r, p, salt } => {
                let cost = scrypt::Cost { log_n: *log_n, r: *r, p: *p };
                State::Scrypt(scrypt::Scrypt::start(cost, password, salt, length)?)
            }
        }))
    }
}

/// A function that is being computed.
pub struct Running(State);

enum State {
    Argon2(Box<argon2::Argon2>),
    Bcrypt(Box<bcrypt::Bcrypt>),
    Pbkdf2(pbkdf2::Pbkdf2),
    Scrypt(scrypt::Scrypt),
}

impl Running {
    /// Works for about `budget` units, of which each takes a microsecond or so in wasm; returns the result when it is there.
    /// What it returns after that means nothing.
    pub fn step(&mut self, budget: u32) -> Option<Vec<u8>> {
        match &mut self.0 {
            State::Argon2(state) => state.step(budget),
            State::Bcrypt(state) => state.step(budget),
            State::Pbkdf2(state) => state.step(budget),
            State::Scrypt(state) => state.step(budget),
        }
    }
}

/// A number that fits, as everything does that memory has room for.
fn size(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
