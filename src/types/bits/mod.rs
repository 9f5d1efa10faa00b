//! Byte strings as arrays of bits: counting, searching, combining, and integers of any width inside them.
//!
//! Bits are numbered as Redis numbers them: bit 0 is the most significant bit of byte 0. What lies beyond the end of
//! a string is zero.
//!
//! | file | what | cost |
//! |---|---|---|
//! | `count` | how many bits are set | half a cycle per 8 bytes |
//! | `position` | the first set or clear bit | 16 bytes per cycle |
//! | `combine` | AND, OR, XOR, NOT and the set-like operations over several strings | bound by memory |
//! | `field` | integers of 1 to 64 bits at any bit offset, with overflow rules | O(1) |
//!
//! Everything is written so that the compiler turns its inner loops into vector instructions that every x86-64 and
//! every AArch64 has: a library cannot choose the processor of its host.

mod combine;
mod count;
mod field;
mod position;

pub use combine::{BLOCK_BYTES, Combination, Combiner};
pub use count::{count_ones, count_ones_in};
pub use field::{FieldType, Outcome, Overflow};
pub use position::first;

use std::ops::Range;

/// Bits in a byte.
pub const BYTE_BITS: u64 = 8;

/// The bit at `offset`.
#[inline]
pub fn get(bytes: &[u8], offset: u64) -> bool {
    byte_of(offset).and_then(|at| bytes.get(at)).is_some_and(|byte| byte & mask_of(offset) != 0)
}

/// Changes the bit at `offset`, which lies within the string, and returns what it was.
#[inline]
pub fn set(bytes: &mut [u8], offset: u64, on: bool) -> bool {
    let Some(byte) = byte_of(offset).and_then(|at| bytes.get_mut(at)) else { return false };
    let mask = mask_of(offset);
    let was = *byte & mask != 0;
    *byte = if on { *byte | mask } else { *byte & !mask };
    was
}

/// The byte that holds the bit at `offset`, if it can be addressed.
#[inline]
fn byte_of(offset: u64) -> Option<usize> {
    usize::try_from(offset / BYTE_BITS).ok()
}

#[inline]
fn mask_of(offset: u64) -> u8 {
    0x80 >> (offset % BYTE_BITS)
}

/// A range of bits, cut down to the string and split at byte borders.
struct Split {
    /// The partial byte at the beginning and the bits of it that belong to the range.
    head: Option<(usize, u8)>,
    /// Whole bytes.
    body: Range<usize>,
    /// The partial byte at the end and its bits.
    tail: Option<(usize, u8)>,
}

impl Split {
    fn new(len: usize, bits: Range<u64>) -> Self {
        let end = bits.end.min(len as u64 * BYTE_BITS);
        let start = bits.start.min(end);
        // Both fit: they are at most `len`.
        let (mut first, last) = ((start / BYTE_BITS) as usize, (end / BYTE_BITS) as usize);
        let from_start = 0xFF >> (start % BYTE_BITS);
        let until_end = !(0xFF_u8 >> (end % BYTE_BITS));
        let mut head = None;
        if from_start != 0xFF {
            if first == last {
                return Self { head: Some((first, from_start & until_end)), body: 0..0, tail: None };
            }
            head = Some((first, from_start));
            first += 1;
        }
        Self { head, body: first..last, tail: (until_end != 0).then_some((last, until_end)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bit_zero_is_the_most_significant() {
        let mut bytes = [0b1000_0001, 0];
        assert!(get(&bytes, 0) && !get(&bytes, 1) && get(&bytes, 7) && !get(&bytes, 8));
        assert!(!set(&mut bytes, 15, true));
        assert!(set(&mut bytes, 0, false));
        assert_eq!(bytes, [1, 1]);
        for beyond in [16, 1 << 40, u64::MAX] {
            assert!(!get(&bytes, beyond));
            assert!(!set(&mut bytes, beyond, true));
        }
        assert_eq!(bytes, [1, 1]);
    }
}
