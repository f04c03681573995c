//! scrypt (RFC 7914). A step goes through some of the `BlockMix`es.

use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::size;

/// The words of one Salsa20 block.
type Words = [u32; 16];
/// How many Salsa20 blocks a unit pays for.
const PER_UNIT: u32 = 6;

/// What it costs.
#[derive(Clone, Copy)]
pub(crate) struct Cost {
    pub(crate) log_n: u32,
    pub(crate) r: u32,
    pub(crate) p: u32,
}

/// A run and how far it is. `B`, `V`, `X` and `N` are the specification's.
pub(crate) struct Scrypt {
    password: Zeroizing<Vec<u8>>,
    n: u32,
    r: u32,
    /// All blocks, one after the other.
    b: Vec<Words>,
    /// The block in work, and how often it was mixed.
    block: usize,
    mixed: u32,
    v: Vec<Words>,
    x: Vec<Words>,
    y: Vec<Words>,
    length: usize,
}

impl Scrypt {
    pub(crate) fn start(cost: Cost, password: &[u8], salt: &[u8], length: usize) -> Option<Self> {
        let n = 1_u32.checked_shl(cost.log_n)?;
        let row = size(cost.r.checked_mul(2)?);
        let mut memory = Vec::new();
        memory.try_reserve_exact(row.checked_mul(size(n))?).ok()?;
        let mut bytes = vec![0; row.checked_mul(size(cost.p))?.checked_mul(64)?];
        derive(password, salt, &mut bytes);
        let blocks: Vec<Words> = bytes.as_chunks::<64>().0.iter().map(words).collect();
        let first = blocks.get(..row)?.to_vec();
        Some(Self {
            password: Zeroizing::new(password.to_vec()),
            n,
            r: cost.r,
            y: first.clone(),
            x: first,
            b: blocks,
            block: 0,
            mixed: 0,
            v: memory,
            length,
        })
    }

    pub(crate) fn step(&mut self, budget: u32) -> Option<Vec<u8>> {
        let mixes = budget.saturating_mul(PER_UNIT) / self.r.saturating_mul(2);
        for _ in 0..mixes.max(1) {
            self.mix();
            if self.mixed / 2 == self.n && self.store() {
                return Some(self.finish());
            }
        }
        None
    }

    /// One round of either loop of `ROMix` (RFC 7914 §5).
    fn mix(&mut self) {
        let row = self.x.len();
        if self.mixed < self.n {
            self.v.extend_from_slice(&self.x);
        } else {
            let last = self.x.last().map(|words| words[0]).unwrap_or_default();
            let start = size(last & (self.n - 1)) * row;
            for (words, other) in self.x.iter_mut().zip(self.v.iter().skip(start)) {
                add(words, other);
            }
        }
        block_mix(&self.x, &mut self.y);
        core::mem::swap(&mut self.x, &mut self.y);
        self.mixed += 1;
    }

    /// Puts a block that is done in its place and takes the next one; true if there is none.
    fn store(&mut self) -> bool {
        let row = self.x.len();
        let start = self.block * row;
        if let Some(place) = self.b.get_mut(start..start + row) {
            place.copy_from_slice(&self.x);
        }
        self.block += 1;
        self.mixed = 0;
        self.v.clear();
        match self.b.get(start + row..start + 2 * row) {
            Some(next) => self.x.copy_from_slice(next),
            None => return true,
        }
        false
    }

    fn finish(&self) -> Vec<u8> {
        let bytes: Vec<u8> = self.b.as_flattened().iter().flat_map(|word| word.to_le_bytes()).collect();
        let mut result = vec![0; self.length];
        derive(&self.password, &bytes, &mut result);
        result
    }
}

/// PBKDF2 with HMAC-SHA-256 and a single iteration.
fn derive(password: &[u8], salt: &[u8], output: &mut [u8]) {
    let Ok(mac) = Hmac::<Sha256>::new_from_slice(password) else { return };
    for (number, chunk) in (1_u32..).zip(output.chunks_mut(32)) {
        let block = mac.clone().chain_update(salt).chain_update(number.to_be_bytes()).finalize();
        for (byte, derived) in chunk.iter_mut().zip(block.into_bytes()) {
            *byte = derived;
        }
    }
}

fn words(bytes: &[u8; 64]) -> Words {
    let mut words = [0; 16];
    for (word, bytes) in words.iter_mut().zip(bytes.as_chunks::<4>().0) {
        *word = u32::from_le_bytes(*bytes);
    }
    words
}

fn add(sum: &mut Words, other: &Words) {
    for (word, other) in sum.iter_mut().zip(other) {
        *word ^= other;
    }
}

/// `BlockMix` (RFC 7914 §4).
fn block_mix(from: &[Words], to: &mut [Words]) {
    let mut x = from.last().copied().unwrap_or_default();
    let (even, odd) = to.split_at_mut(from.len() / 2);
    for ((pair, even), odd) in from.as_chunks::<2>().0.iter().zip(even).zip(odd) {
        add(&mut x, &pair[0]);
        salsa(&mut x);
        *even = x;
        add(&mut x, &pair[1]);
        salsa(&mut x);
        *odd = x;
    }
}

/// Salsa20/8 (RFC 7914 §3).
fn salsa(block: &mut Words) {
    let mut x = *block;
    for _ in 0..4 {
        [x[0], x[4], x[8], x[12]] = quarter([x[0], x[4], x[8], x[12]]);
        [x[5], x[9], x[13], x[1]] = quarter([x[5], x[9], x[13], x[1]]);
        [x[10], x[14], x[2], x[6]] = quarter([x[10], x[14], x[2], x[6]]);
        [x[15], x[3], x[7], x[11]] = quarter([x[15], x[3], x[7], x[11]]);
        [x[0], x[1], x[2], x[3]] = quarter([x[0], x[1], x[2], x[3]]);
        [x[5], x[6], x[7], x[4]] = quarter([x[5], x[6], x[7], x[4]]);
        [x[10], x[11], x[8], x[9]] = quarter([x[10], x[11], x[8], x[9]]);
        [x[15], x[12], x[13], x[14]] = quarter([x[15], x[12], x[13], x[14]]);
    }
    for (word, mixed) in block.iter_mut().zip(x) {
        *word = word.wrapping_add(mixed);
    }
}

#[inline]
fn quarter([mut a, mut b, mut c, mut d]: [u32; 4]) -> [u32; 4] {
    b ^= a.wrapping_add(d).rotate_left(7);
    c ^= b.wrapping_add(a).rotate_left(9);
    d ^= c.wrapping_add(b).rotate_left(13);
    a ^= d.wrapping_add(c).rotate_left(18);
    [a, b, c, d]
}
