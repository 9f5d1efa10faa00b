//! The hash behind command lookup: two overlapping 8-byte loads, folded to lower case, two
//! multiplications.
//!
//! Compiled twice: into the crate, and into the build script, which searches a seed that gives each
//! command name its own slot. The fold (`| 0x20`) also merges some bytes that are not letters; that
//! only matters for where a wrong name lands, because lookup compares the whole name afterwards.

const FOLD: u64 = 0x2020_2020_2020_2020;
const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

/// The slot of `name` in a table of `1 << slot_bits` slots. `name` may be anything, also empty or
/// huge: at most 16 of its bytes and its length are looked at.
#[inline]
pub fn slot(name: &[u8], seed: u64, slot_bits: u32) -> usize {
    let (head, tail) = ends(name);
    let mixed = (head ^ seed).wrapping_mul(MULTIPLIER);
    let mixed = (mixed ^ (mixed >> 32) ^ tail ^ name.len() as u64).wrapping_mul(seed | 1);
    (mixed >> (64 - slot_bits)) as usize
}

/// The first and the last (up to) eight bytes, in lower case; they overlap in names shorter than
/// 16.
#[inline]
fn ends(name: &[u8]) -> (u64, u64) {
    let (head, tail) = match (name.first_chunk::<8>(), name.last_chunk::<8>()) {
        (Some(head), Some(tail)) => (u64::from_le_bytes(*head), u64::from_le_bytes(*tail)),
        _ => short_ends(name),
    };
    (head | FOLD, tail | FOLD)
}

/// `ends` of fewer than eight bytes: two overlapping halves, or the first, middle and last byte.
#[inline]
fn short_ends(name: &[u8]) -> (u64, u64) {
    match (name.first_chunk::<4>(), name.last_chunk::<4>(), name) {
        (Some(head), Some(tail), _) => (u32::from_le_bytes(*head).into(), u32::from_le_bytes(*tail).into()),
        (_, _, [first, .., last]) => (u64::from(*first) | u64::from(name[name.len() / 2]) << 8, u64::from(*last)),
        (_, _, [only]) => (u64::from(*only), 0),
        _ => (0, 0),
    }
}
