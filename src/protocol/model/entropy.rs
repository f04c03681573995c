//! Where randomness comes from: a port, so that nothing draws any by itself and tests repeat.

/// A source of randomness fit for keys.
pub trait Entropy {
    /// Fills `bytes`.
    fn fill(&self, bytes: &mut [u8]);
}
