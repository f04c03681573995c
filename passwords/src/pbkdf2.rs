//! PBKDF2 (RFC 8018 §5.2) over the HMAC of the `hmac` crate. A step goes through some of the iterations.

use hmac::digest::{KeyInit, Output};
use hmac::{Hmac, Mac};
use sha1::Sha1;
use sha2::{Sha256, Sha512};

use crate::Digest;

/// A run and how far it is.
pub(crate) enum Pbkdf2 {
    Sha1(Box<Run<Hmac<Sha1>>>),
    Sha256(Box<Run<Hmac<Sha256>>>),
    Sha512(Box<Run<Hmac<Sha512>>>),
}

impl Pbkdf2 {
    pub(crate) fn start(
        digest: Digest,
        iterations: u32,
        salt: &[u8],
        password: &[u8],
        length: usize,
    ) -> Option<Self> {
        Some(match digest {
            Digest::Sha1 => Self::Sha1(Box::new(Run::start(iterations, salt, password, length)?)),
            Digest::Sha256 => Self::Sha256(Box::new(Run::start(iterations, salt, password, length)?)),
            Digest::Sha512 => Self::Sha512(Box::new(Run::start(iterations, salt, password, length)?)),
        })
    }

    pub(crate) fn step(&mut self, budget: u32) -> Option<Vec<u8>> {
        match self {
            Self::Sha1(run) => run.step(budget),
            Self::Sha256(run) => run.step(budget),
            Self::Sha512(run) => run.step(budget),
        }
    }
}

/// A run with one hash. `T` and `U` are the specification's, as are its steps.
pub(crate) struct Run<M: Mac> {
    mac: M,
    salt: Vec<u8>,
    iterations: u32,
    /// Number of the block in work, from one.
    block: u32,
    u: Output<M>,
    t: Output<M>,
    /// Iterations that the block still needs.
    left: u32,
    result: Vec<u8>,
    length: usize,
}

impl<M: Mac + KeyInit + Clone> Run<M> {
    fn start(iterations: u32, salt: &[u8], password: &[u8], length: usize) -> Option<Self> {
        let mut run = Self {
            mac: <M as KeyInit>::new_from_slice(password).ok()?,
            salt: salt.to_vec(),
            iterations,
            block: 0,
            u: Output::<M>::default(),
            t: Output::<M>::default(),
            left: 0,
            result: Vec::new(),
            length,
        };
        run.next_block();
        Some(run)
    }

    /// An iteration costs about a unit.
    fn step(&mut self, budget: u32) -> Option<Vec<u8>> {
        let mut budget = budget.max(1);
        while budget > 0 {
            let now = budget.min(self.left);
            for _ in 0..now {
                let mut mac = self.mac.clone();
                mac.update(&self.u);
                self.u = mac.finalize().into_bytes();
                for (sum, byte) in self.t.iter_mut().zip(&self.u) {
                    *sum ^= byte;
                }
            }
            self.left -= now;
            budget -= now;
            if self.left == 0 {
                self.result.extend_from_slice(&self.t);
                if self.result.len() >= self.length {
                    self.result.truncate(self.length);
                    return Some(core::mem::take(&mut self.result));
                }
                self.next_block();
                budget = budget.saturating_sub(1);
            }
        }
        None
    }

    fn next_block(&mut self) {
        self.block = self.block.saturating_add(1);
        let mut mac = self.mac.clone();
        mac.update(&self.salt);
        mac.update(&self.block.to_be_bytes());
        self.u = mac.finalize().into_bytes();
        self.t = self.u.clone();
        self.left = self.iterations - 1;
    }
}
