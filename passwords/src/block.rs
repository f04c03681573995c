//! The compression function of Argon2 (RFC 9106 §3.5 and §3.6): two blocks to one, through rounds of `BLAKE2b` with multiplication.
//!
//! Words are worked on in pairs, for that is how SIMD registers hold them.

use core::array;

/// Two words.
type Pair = [u64; 2];

/// 1 KiB: 64 pairs of words, eight in a row of the matrix.
pub(crate) type Block = [Pair; 64];

/// A block of zeros.
pub(crate) const ZERO: Block = [[0; 2]; 64];

/// `one` and `other`, added.
pub(crate) fn xor(one: &Block, other: &Block) -> Block {
    let mut sum = *one;
    add(&mut sum, other);
    sum
}

/// Adds `other` to `sum`.
pub(crate) fn add(sum: &mut Block, other: &Block) {
    for (pair, [first, second]) in sum.iter_mut().zip(other) {
        pair[0] ^= first;
        pair[1] ^= second;
    }
}

/// The function G.
pub(crate) fn compress(one: &Block, other: &Block) -> Block {
    let start = xor(one, other);
    let mut block = start;
    for row in block.as_chunks_mut::<8>().0 {
        permute(row);
    }
    let (rows, _) = block.as_chunks_mut::<8>();
    for column in 0..8 {
        let mut words: [Pair; 8] = array::from_fn(|row| pair(rows, row, column));
        permute(&mut words);
        for (row, word) in rows.iter_mut().zip(words) {
            if let Some(pair) = row.get_mut(column) {
                *pair = word;
            }
        }
    }
    add(&mut block, &start);
    block
}

fn pair(rows: &[[Pair; 8]], row: usize, column: usize) -> Pair {
    rows.get(row).and_then(|row| row.get(column)).copied().unwrap_or_default()
}

/// The permutation P of sixteen words.
#[inline]
fn permute(words: &mut [Pair; 8]) {
    let [mut a0, mut a1, mut b0, mut b1, mut c0, mut c1, mut d0, mut d1] = *words;
    mix(&mut a0, &mut b0, &mut c0, &mut d0);
    mix(&mut a1, &mut b1, &mut c1, &mut d1);
    // Diagonals become columns.
    ([b0, b1], [d0, d1]) = ([[b0[1], b1[0]], [b1[1], b0[0]]], [[d1[1], d0[0]], [d0[1], d1[0]]]);
    mix(&mut a0, &mut b0, &mut c1, &mut d0);
    mix(&mut a1, &mut b1, &mut c0, &mut d1);
    ([b0, b1], [d0, d1]) = ([[b1[1], b0[0]], [b0[1], b1[0]]], [[d0[1], d1[0]], [d1[1], d0[0]]]);
    *words = [a0, a1, b0, b1, c0, c1, d0, d1];
}

/// The function GB, on two quadruples of words at a time.
#[inline]
fn mix(a: &mut Pair, b: &mut Pair, c: &mut Pair, d: &mut Pair) {
    *a = multiply_add(*a, *b);
    *d = rotate::<32>(*d, *a);
    *c = multiply_add(*c, *d);
    *b = rotate::<24>(*b, *c);
    *a = multiply_add(*a, *b);
    *d = rotate::<16>(*d, *a);
    *c = multiply_add(*c, *d);
    *b = rotate::<63>(*b, *c);
}

#[inline]
fn multiply_add(one: Pair, other: Pair) -> Pair {
    let sum = |one: u64, other: u64| {
        let product = (one & 0xffff_ffff).wrapping_mul(other & 0xffff_ffff);
        one.wrapping_add(other).wrapping_add(product << 1)
    };
    [sum(one[0], other[0]), sum(one[1], other[1])]
}

#[inline]
fn rotate<const BITS: u32>(one: Pair, other: Pair) -> Pair {
    [(one[0] ^ other[0]).rotate_right(BITS), (one[1] ^ other[1]).rotate_right(BITS)]
}
