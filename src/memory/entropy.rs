//! Randomness that is the same in every run, so that a test that fails fails again.

use std::cell::Cell;

use sha2::{Digest as _, Sha256};

use crate::protocol::model::entropy::Entropy;

/// Bytes that stand in for random ones. The only such stand-in: tests take this one instead of writing their own.
#[derive(Debug)]
pub enum FakeEntropy {
    /// A stream of different bytes; where it starts is its seed, and two streams with one seed are equal.
    Seeded(Cell<u64>),
    /// One byte over and over, for values that were computed elsewhere with just this one.
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
