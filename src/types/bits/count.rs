//! How many bits are set.
//!
//! Long strings are counted with carry-save adders (Harley and Seal): an adder takes three words and gives the low
//! and the high bit of their sum in each position, five operations that work on all bits at once. A tree of them
//! leaves one word in sixteen to be counted. With words of two registers that is about half a cycle per 8 bytes,
//! as fast as the processor's own population count and without asking whether it has one.

use super::Split;
use std::ops::Range;

/// The unit of the adders: two vector registers of 16 bytes.
type Word = [u64; 4];

const WORD_BYTES: usize = size_of::<Word>();
/// Words per round of the tree.
const ROUND_WORDS: usize = 16;
const ROUND_BYTES: usize = ROUND_WORDS * WORD_BYTES;

/// Set bits in `bytes`.
pub fn count_ones(bytes: &[u8]) -> u64 {
    let (rounds, rest) = bytes.split_at(bytes.len() - bytes.len() % ROUND_BYTES);
    let (words, rest) = rest.as_chunks::<8>();
    let of_words: u64 = words.iter().map(|word| u64::from(u64::from_ne_bytes(*word).count_ones())).sum();
    let of_rest: u64 = rest.iter().map(|byte| u64::from(byte.count_ones())).sum();
    count_rounds(rounds) + of_words + of_rest
}

/// Set bits among the bits of a range; what lies beyond the end is not set.
pub fn count_ones_in(bytes: &[u8], bits: Range<u64>) -> u64 {
    let Split { head, body, tail } = Split::new(bytes.len(), bits);
    let edges = [head, tail].into_iter().flatten();
    let of_edges: u64 = edges.map(|(at, mask)| u64::from((bytes[at] & mask).count_ones())).sum();
    of_edges + count_ones(&bytes[body])
}

/// Low and high bits of the sums of three words.
#[inline(always)]
fn add(a: Word, b: Word, c: Word) -> (Word, Word) {
    let (mut low, mut high) = ([0; 4], [0; 4]);
    for lane in 0..4 {
        let ab = a[lane] ^ b[lane];
        low[lane] = ab ^ c[lane];
        high[lane] = (a[lane] & b[lane]) | (ab & c[lane]);
    }
    (low, high)
}

fn ones(word: Word) -> u64 {
    word.iter().map(|lane| u64::from(lane.count_ones())).sum()
}

/// Set bits in a multiple of [`ROUND_BYTES`].
fn count_rounds(bytes: &[u8]) -> u64 {
    let (mut units, mut twos, mut fours, mut eights) = ([0; 4], [0; 4], [0; 4], [0; 4]);
    let mut sixteens = 0;
    for round in bytes.as_chunks::<ROUND_BYTES>().0 {
        let word = |index: usize| -> Word {
            let lanes = round[index * WORD_BYTES..(index + 1) * WORD_BYTES].as_chunks::<8>().0;
            std::array::from_fn(|lane| u64::from_ne_bytes(lanes[lane]))
        };
        // Each level of the tree carries two words of the level below.
        let mut pair = |index: usize| {
            let (low, high) = add(units, word(index), word(index + 1));
            units = low;
            high
        };
        let mut quad = |index: usize| {
            let (first, second) = (pair(index), pair(index + 2));
            let (low, high) = add(twos, first, second);
            twos = low;
            high
        };
        let mut octet = |index: usize| {
            let (first, second) = (quad(index), quad(index + 4));
            let (low, high) = add(fours, first, second);
            fours = low;
            high
        };
        let (first, second) = (octet(0), octet(8));
        let (low, high) = add(eights, first, second);
        eights = low;
        sixteens += ones(high);
    }
    16 * sixteens + 8 * ones(eights) + 4 * ones(fours) + 2 * ones(twos) + ones(units)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_every_length_like_single_bytes() {
        let mut state = 0x2545_F491_4F6C_DD1D_u64;
        let bytes: Vec<u8> = std::iter::repeat_with(|| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 56) as u8
        })
        .take(4 * ROUND_BYTES)
        .collect();
        let mut expected = 0;
        for len in 0..bytes.len() {
            assert_eq!(count_ones(&bytes[..len]), expected, "{len}");
            expected += u64::from(bytes[len].count_ones());
        }
        assert_eq!(count_ones(&[0xFF; 8 * ROUND_BYTES + 77]), 8 * (8 * ROUND_BYTES as u64 + 77));
    }

    #[test]
    fn counts_ranges_of_bits() {
        let bytes = [0b1010_1100, 0xFF, 0, 0b0001_1111];
        for start in 0..40 {
            for end in 0..40 {
                let expected = (start..end).filter(|&bit| super::super::get(&bytes, bit)).count() as u64;
                assert_eq!(count_ones_in(&bytes, start..end), expected, "{start}..{end}");
            }
        }
        assert_eq!(count_ones_in(&bytes, 0..u64::MAX), 17);
        assert_eq!(count_ones_in(&[], 0..u64::MAX), 0);
    }
}
