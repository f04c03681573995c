//! Argon2i and Argon2id in version 19 (RFC 9106). A step fills some blocks of the memory.

use blake2::digest::{Update as _, VariableOutput as _};
use blake2::{Blake2b512, Blake2bVar, Digest as _};
use zeroize::Zeroizing;

use crate::block::{Block, ZERO, add, compress, xor};
use crate::{Variant, size};

/// The version that RFC 9106 describes.
const VERSION: u32 = 0x13;
/// Parts of a pass; lanes meet between two of them.
const SLICES: u32 = 4;
/// Addresses that one block holds.
const ADDRESSES: u32 = 128;

/// What it costs.
#[derive(Clone, Copy)]
pub(crate) struct Cost {
    pub(crate) variant: Variant,
    /// KiB.
    pub(crate) memory: u32,
    pub(crate) passes: u32,
    pub(crate) lanes: u32,
}

impl Cost {
    /// Whether Argon2 has such parameters.
    pub(crate) fn is_possible(self) -> bool {
        let least = self.lanes.checked_mul(2 * SLICES);
        self.lanes > 0 && self.passes > 0 && least.is_some_and(|least| self.memory >= least)
    }
}

/// A run and how far it is.
pub(crate) struct Argon2 {
    cost: Cost,
    /// Blocks of a lane in one slice.
    segment: u32,
    /// What everything begins with.
    seed: Zeroizing<[u8; 64]>,
    /// The memory, which grows during the first pass.
    lanes: Vec<Vec<Block>>,
    at: Position,
    /// Where the next blocks look, if that doesn't depend on the password.
    addresses: Block,
    /// Bytes of the result.
    length: usize,
}

/// The block that is filled next.
#[derive(Clone, Copy)]
struct Position {
    pass: u32,
    slice: u32,
    lane: u32,
    index: u32,
}

impl Argon2 {
    pub(crate) fn start(cost: Cost, password: &[u8], salt: &[u8], length: usize) -> Option<Self> {
        let Cost { memory, lanes, .. } = cost;
        let segment = memory / (lanes * SLICES);
        let column = size(segment * SLICES);
        let mut memory = Vec::new();
        for _ in 0..lanes {
            let mut lane = Vec::new();
            lane.try_reserve_exact(column).ok()?;
            memory.push(lane);
        }
        Some(Self {
            seed: seed(cost, password, salt, u32::try_from(length).ok()?),
            cost,
            segment,
            lanes: memory,
            at: Position { pass: 0, slice: 0, lane: 0, index: 0 },
            addresses: ZERO,
            length,
        })
    }

    /// A block costs about a unit and a half.
    pub(crate) fn step(&mut self, budget: u32) -> Option<Vec<u8>> {
        for _ in 0..(budget / 3).max(1) {
            self.fill();
            if self.at.pass == self.cost.passes {
                return Some(self.finish());
            }
            self.fill();
            if self.at.pass == self.cost.passes {
                return Some(self.finish());
            }
        }
        None
    }

    /// Fills the next block (RFC 9106 §3.2, steps 3 to 6).
    fn fill(&mut self) {
        if self.at.pass == 0 && self.at.slice == 0 && self.at.index < 2 {
            let start = self.first_block();
            self.store(&start);
        } else {
            let random = self.pseudorandom();
            let (previous, reference) = (self.block(self.at.lane, self.previous()), self.reference(random));
            let mut block = compress(previous, reference);
            if self.at.pass > 0 {
                add(&mut block, self.block(self.at.lane, self.column()));
            }
            self.store(&block);
        }
        self.advance();
    }

    /// Where in its lane the next block is.
    fn column(&self) -> u32 {
        self.at.slice * self.segment + self.at.index
    }

    /// Where the block before it is.
    fn previous(&self) -> u32 {
        self.column().checked_sub(1).unwrap_or(SLICES * self.segment - 1)
    }

    fn block(&self, lane: u32, column: u32) -> &Block {
        self.lanes.get(size(lane)).and_then(|lane| lane.get(size(column))).unwrap_or(&ZERO)
    }

    fn store(&mut self, block: &Block) {
        let column = size(self.column());
        let Some(lane) = self.lanes.get_mut(size(self.at.lane)) else { return };
        match lane.get_mut(column) {
            Some(old) => *old = *block,
            None => lane.push(*block),
        }
    }

    fn advance(&mut self) {
        let at = &mut self.at;
        at.index += 1;
        if at.index == self.segment {
            (at.index, at.lane) = (0, at.lane + 1);
        }
        if at.lane == self.cost.lanes {
            (at.lane, at.slice) = (0, at.slice + 1);
        }
        if at.slice == SLICES {
            (at.slice, at.pass) = (0, at.pass + 1);
        }
    }

    /// The block that the next one is made with (RFC 9106 §3.4).
    fn reference(&self, random: u64) -> &Block {
        let (first, second) = (random & 0xffff_ffff, random >> 32);
        let Position { pass, slice, lane, index } = self.at;
        let lane_of =
            if pass == 0 && slice == 0 { lane } else { number(second % u64::from(self.cost.lanes)) };
        // How many blocks may be looked at: what is done of this lane, or whole segments of another.
        let done = if pass == 0 { slice } else { SLICES - 1 } * self.segment;
        let area = if lane_of == lane { done + index - 1 } else { done - u32::from(index == 0) };
        let square = (first * first) >> 32;
        let back = (u64::from(area) * square) >> 32;
        let position = u64::from(area) - 1 - back;
        let start = if pass == 0 { 0 } else { (slice + 1) % SLICES * self.segment };
        let column = (u64::from(start) + position) % u64::from(SLICES * self.segment);
        self.block(lane_of, number(column))
    }

    /// The number that says where to look (RFC 9106 §3.4.1).
    fn pseudorandom(&mut self) -> u64 {
        let Position { pass, slice, index, lane } = self.at;
        let fixed = match self.cost.variant {
            Variant::I => true,
            Variant::Id => pass == 0 && slice < SLICES / 2,
        };
        if !fixed {
            return self.block(lane, self.previous())[0][0];
        }
        let first = if pass == 0 && slice == 0 { 2 } else { 0 };
        if index == first || index.is_multiple_of(ADDRESSES) {
            self.addresses = self.next_addresses();
        }
        let place = size(index % ADDRESSES);
        let pair = self.addresses.get(place / 2).copied().unwrap_or_default();
        if place.is_multiple_of(2) { pair[0] } else { pair[1] }
    }

    fn next_addresses(&self) -> Block {
        let Position { pass, slice, lane, index } = self.at;
        let Cost { variant, passes, lanes, .. } = self.cost;
        let kind = if variant == Variant::I { 1 } else { 2 };
        let mut input = ZERO;
        input[0] = [pass, lane].map(u64::from);
        input[1] = [slice, self.segment * SLICES * lanes].map(u64::from);
        input[2] = [passes, kind].map(u64::from);
        input[3] = [u64::from(index / ADDRESSES) + 1, 0];
        compress(&ZERO, &compress(&ZERO, &input))
    }

    /// One of the first two blocks of a lane.
    fn first_block(&self) -> Block {
        let number = [self.at.index.to_le_bytes(), self.at.lane.to_le_bytes()];
        let mut bytes = [0; 1024];
        long_hash(&[&*self.seed, number.as_flattened()], &mut bytes);
        let mut block = ZERO;
        for (word, bytes) in block.as_flattened_mut().iter_mut().zip(bytes.as_chunks::<8>().0) {
            *word = u64::from_le_bytes(*bytes);
        }
        block
    }

    fn finish(&self) -> Vec<u8> {
        let last = self.lanes.iter().filter_map(|lane| lane.last());
        let sum = last.fold(ZERO, |sum, block| xor(&sum, block));
        let mut bytes = [0; 1024];
        for (bytes, word) in bytes.as_chunks_mut::<8>().0.iter_mut().zip(sum.as_flattened()) {
            *bytes = word.to_le_bytes();
        }
        let mut result = vec![0; self.length];
        long_hash(&[&bytes], &mut result);
        result
    }
}

/// A number that is known to fit.
fn number(number: u64) -> u32 {
    u32::try_from(number).unwrap_or_default()
}

/// `H_0` (RFC 9106 §3.2, step 1), without a secret value and associated data.
fn seed(cost: Cost, password: &[u8], salt: &[u8], length: u32) -> Zeroizing<[u8; 64]> {
    let kind = if cost.variant == Variant::I { 1 } else { 2 };
    let mut hash = Blake2b512::new();
    for number in [cost.lanes, length, cost.memory, cost.passes, VERSION, kind] {
        blake2::Digest::update(&mut hash, number.to_le_bytes());
    }
    for bytes in [password, salt, &[], &[]] {
        blake2::Digest::update(&mut hash, u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes());
        blake2::Digest::update(&mut hash, bytes);
    }
    Zeroizing::new(hash.finalize().into())
}

/// The hash of variable length `H'` (RFC 9106 §3.3).
fn long_hash(parts: &[&[u8]], output: &mut [u8]) {
    let length = u32::try_from(output.len()).unwrap_or(u32::MAX).to_le_bytes();
    let all = [&[length.as_slice()], parts].concat();
    if output.len() <= 64 {
        return hash(&all, output);
    }
    let mut link = [0; 64];
    hash(&all, &mut link);
    let mut rest = output;
    while rest.len() > 64 {
        let (head, tail) = rest.split_at_mut(32);
        head.copy_from_slice(link.as_chunks::<32>().0.first().unwrap_or(&[0; 32]));
        rest = tail;
        let next = link;
        if rest.len() > 64 {
            hash(&[&next], &mut link);
        } else {
            hash(&[&next], rest);
        }
    }
}

/// `BLAKE2b` with as many bytes as `output` has, 64 at most.
fn hash(parts: &[&[u8]], output: &mut [u8]) {
    let Ok(mut hash) = Blake2bVar::new(output.len()) else { return };
    for part in parts {
        hash.update(part);
    }
    // It has that length.
    let _ = hash.finalize_variable(output);
}
