//! Randomness that is the same in every run, so that a test that fails fails again. Tests, fuzzing and `world` use it.

use std::cell::Cell;

use sha2::{Digest as _, Sha256};

use crate::protocol::model::entropy::Entropy;

/// Bytes that stand in for random ones. This is the only stand-in: tests take it instead of writing their own.
#[derive(Debug)]
pub enum FakeEntropy {
    /// A stream of changing bytes. Its seed says where it starts, and two streams with the same seed are equal.
    Seeded(Cell<u64>),
    /// One byte over and over, for expected values that were computed elsewhere with just this byte.
    Constant(u8),
}

impl FakeEntropy {
    /// The stream that starts at `seed`.
    pub const fn seeded(seed: u64) -> Self {
        Self::Seeded(Cell::new(seed))
    }

    /// The seed of a stream that goes on where this one is now.
    pub fn seed(&self) -> u64 {
        match self {
            Self::Seeded(next) => next.get(),
            Self::Constant(_) => 0,
        }
    }
}

impl Entropy for FakeEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        let next = match self {
            Self::Constant(byte) => return bytes.fill(*byte),
            Self::Seeded(next) => next,
        };
        for chunk in bytes.chunks_mut(32) {
            let block = Sha256::digest(next.get().to_le_bytes());
            next.set(next.get() + 1);
            for (byte, random) in chunk.iter_mut().zip(block) {
                *byte = random;
            }
        }
    }
}
