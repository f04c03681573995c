//! Where randomness comes from: a port, so that nothing draws any by itself and tests repeat.
//!
//! The edge implements it with the platform's generator, the memory adapter with a seed.

/// A source of random bytes that are fit for keys.
pub trait Entropy {
    /// Overwrites all of `bytes` with random ones.
    fn fill(&self, bytes: &mut [u8]);
}
