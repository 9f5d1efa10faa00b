//! From an element to its register and to the run of zeros that the register may have to remember.
//!
//! The hash is MurmurHash64A with Redis's seed: all stores must agree on it, or they could not merge.

use super::REGISTERS;

/// Bits of the hash that choose the register.
pub const INDEX_BITS: u32 = 14;
/// Bits of the hash that are left for the run.
pub const RUN_BITS: u32 = 64 - INDEX_BITS;

const SEED: u64 = 0xadc8_3b19;
const MULTIPLIER: u64 = 0xc6a4_a793_5bd1_e995;
const SHIFT: u32 = 47;

/// A register and a run: zeros plus one, so that 0 is left to mean that nothing was added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub index: usize,
    pub run: u8,
}

/// Where an element belongs.
pub fn place(element: &[u8]) -> Place {
    let hash = murmur64a(element);
    let index = (hash % REGISTERS as u64) as usize;
    // The bit beyond the last ends the run, if no other does.
    let run = (hash >> INDEX_BITS | 1 << RUN_BITS).trailing_zeros() + 1;
    Place { index, run: run as u8 }
}

fn murmur64a(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    let mut hash = SEED ^ (bytes.len() as u64).wrapping_mul(MULTIPLIER);
    for word in words {
        let word = u64::from_le_bytes(*word).wrapping_mul(MULTIPLIER);
        hash = (hash ^ (word ^ word >> SHIFT).wrapping_mul(MULTIPLIER)).wrapping_mul(MULTIPLIER);
    }
    if !rest.is_empty() {
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        hash = (hash ^ u64::from_le_bytes(last)).wrapping_mul(MULTIPLIER);
    }
    hash = (hash ^ hash >> SHIFT).wrapping_mul(MULTIPLIER);
    hash ^ hash >> SHIFT
}
