//! bcrypt (Provos and Mazières, 1999) over the Blowfish of the `blowfish` crate. A step goes through some of the rounds.

use blowfish::Blowfish;
use zeroize::Zeroizing;

/// Bytes of a password that count, its end included.
const KEY: usize = 72;
/// Bytes of a result.
pub(crate) const LENGTH: usize = 23;
/// What a round costs, in units.
const ROUND: u32 = 120;
/// `OrpheanBeholderScryDoubt`.
const TEXT: [[u32; 2]; 3] =
    [[0x4f72_7068, 0x6561_6e42], [0x6568_6f6c, 0x6465_7253], [0x6372_7944, 0x6f75_6274]];

/// A run and how far it is.
pub(crate) struct Bcrypt {
    state: Blowfish,
    key: Zeroizing<Vec<u8>>,
    salt: [u8; 16],
    /// Rounds that are left.
    left: u32,
}

impl Bcrypt {
    pub(crate) fn start(cost: u32, salt: &[u8; 16], password: &[u8]) -> Self {
        let mut key = Zeroizing::new(password.iter().copied().chain([0]).take(KEY).collect::<Vec<u8>>());
        key.shrink_to_fit();
        let mut state = Blowfish::bc_init_state();
        state.salted_expand_key(salt, &key);
        Self { state, key, salt: *salt, left: 1 << cost }
    }

    pub(crate) fn step(&mut self, budget: u32) -> Option<Vec<u8>> {
        let rounds = (budget / ROUND).max(1).min(self.left);
        for _ in 0..rounds {
            self.state.bc_expand_key(&self.key);
            self.state.bc_expand_key(&self.salt);
        }
        self.left -= rounds;
        (self.left == 0).then(|| self.finish())
    }

    /// The last byte is left out, as in every implementation.
    fn finish(&self) -> Vec<u8> {
        let encrypt = |pair: [u32; 2]| (0..64).fold(pair, |pair, _| self.state.bc_encrypt(pair));
        let words = TEXT.map(encrypt);
        words.as_flattened().iter().flat_map(|word| word.to_be_bytes()).take(LENGTH).collect()
    }
}
