//! The operating system's randomness.

use mintedge::protocol::model::entropy::Entropy;

/// Randomness fit for keys.
pub(crate) struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        if getrandom::fill(bytes).is_err() {
            // The port has no way to fail, and a predictable secret is worse than no command.
            eprintln!("error: the operating system has no randomness to give");
            std::process::abort();
        }
    }
}
