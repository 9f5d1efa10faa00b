//! The first set or clear bit.

use super::{BYTE_BITS, Split};
use std::ops::Range;

/// Bytes looked at in one step while nothing is found.
const STEP_BYTES: usize = 64;

/// The first bit of a range that is `on`, if it lies within the string.
pub fn first(bytes: &[u8], bits: Range<u64>, on: bool) -> Option<u64> {
    let Split { head, body, tail } = Split::new(bytes.len(), bits);
    // A byte of these bits alone is of no interest.
    let dull = if on { 0x00 } else { 0xFF };
    let within = |(at, mask): (usize, u8)| {
        let hits = (bytes[at] ^ dull) & mask;
        (hits != 0).then(|| at as u64 * BYTE_BITS + u64::from(hits.leading_zeros()))
    };
    head.and_then(within)
        .or_else(|| {
            let at = body.start + first_other(&bytes[body], dull)?;
            within((at, 0xFF))
        })
        .or_else(|| tail.and_then(within))
}

/// Where the first byte is that is not `dull`.
fn first_other(bytes: &[u8], dull: u8) -> Option<usize> {
    let (steps, _) = bytes.as_chunks::<STEP_BYTES>();
    // The differences of a whole step are gathered without a branch, which the compiler does in vector registers.
    let is_dull = |step: &&[u8; STEP_BYTES]| step.iter().fold(0, |other, byte| other | (byte ^ dull)) == 0;
    let skipped = steps.iter().take_while(is_dull).count() * STEP_BYTES;
    bytes[skipped..].iter().position(|&byte| byte != dull).map(|at| skipped + at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn naive(bytes: &[u8], bits: Range<u64>, on: bool) -> Option<u64> {
        let end = bits.end.min(bytes.len() as u64 * 8);
        (bits.start..end).find(|&bit| super::super::get(bytes, bit) == on)
    }

    #[test]
    fn finds_what_a_walk_over_the_bits_finds() {
        for len in [0_usize, 1, 2, 3, 64, 65, 130, 200] {
            for (fill, other) in [(0x00, 0x10), (0xFF, 0xF7), (0x00, 0x01), (0xFF, 0x7F)] {
                for odd in (0..len).step_by(13).chain([len.saturating_sub(1)]) {
                    let mut bytes = vec![fill; len];
                    if let Some(byte) = bytes.get_mut(odd) {
                        *byte = other;
                    }
                    for start in [0, 1, 7, 8, 9, 500, odd as u64 * 8, odd as u64 * 8 + 5] {
                        for end in [0, 3, 8, 16, 21, 700, odd as u64 * 8 + 3, odd as u64 * 8 + 7, u64::MAX] {
                            for on in [false, true] {
                                assert_eq!(
                                    first(&bytes, start..end, on),
                                    naive(&bytes, start..end, on),
                                    "{len} bytes of {fill:02x}, {other:02x} at {odd}, {start}..{end}, {on}"
                                );
                            }
                        }
                    }
                }
            }
        }
    }
}
