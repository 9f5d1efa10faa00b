//! One bit string out of several, bit by bit.
//!
//! The caller goes through the strings in blocks: for each block it shows the sources one after the other, and the
//! result forms in a buffer that stays in the first-level cache. So every source is read once and the result written
//! once, however many sources there are, and the caller need not hold all of them at the same time.

/// Bytes combined at a time: enough that it does not matter what a block costs beside its bytes, and so few that two
/// buffers, a piece of a source and one of the destination fit into the smallest first-level cache.
pub const BLOCK_BYTES: usize = 4 * 1024;

/// How the bits at the same place in all sources make one bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Combination {
    /// Set in all.
    And,
    /// Set in any.
    Or,
    /// Set in an odd number of them.
    Xor,
    /// Clear in the only source.
    Not,
    /// Set in the first and in no other.
    Diff,
    /// Set in another, but not in the first.
    Diff1,
    /// Set in the first and in another.
    AndOr,
    /// Set in exactly one.
    One,
}

/// The result of one block after the other.
pub struct Combiner {
    how: Combination,
    len: usize,
    result: [u8; BLOCK_BYTES],
    /// The first source, where it comes in last; or the bits that more than one source had.
    aside: [u8; BLOCK_BYTES],
}

impl Combiner {
    pub fn new(how: Combination) -> Self {
        Self { how, len: 0, result: [0; BLOCK_BYTES], aside: [0; BLOCK_BYTES] }
    }

    /// Begins a block of `len` bytes, [`BLOCK_BYTES`] at most, with the bytes of the first source in it. A source may
    /// have fewer bytes: the rest is zero.
    pub fn begin(&mut self, len: usize, first: &[u8]) {
        self.len = len.min(BLOCK_BYTES);
        let (result, aside) = (&mut self.result[..self.len], &mut self.aside[..self.len]);
        match self.how {
            Combination::Diff1 | Combination::AndOr => {
                result.fill(0);
                load(aside, first);
            }
            Combination::One => {
                load(result, first);
                aside.fill(0);
            }
            Combination::And | Combination::Or | Combination::Xor | Combination::Not | Combination::Diff => {
                load(result, first);
            }
        }
    }

    /// Adds the bytes of a further source.
    pub fn add(&mut self, source: &[u8]) {
        let (result, aside) = (&mut self.result[..self.len], &mut self.aside[..self.len]);
        match self.how {
            Combination::And => and(result, source),
            Combination::Or | Combination::Diff1 | Combination::AndOr => or(result, source),
            Combination::Xor => xor(result, source),
            Combination::Diff => and_not(result, source),
            Combination::One => one(result, aside, source),
            // It has no further source.
            Combination::Not => {}
        }
    }

    /// The result of this block.
    pub fn finish(&mut self) -> &[u8] {
        let (result, aside) = (&mut self.result[..self.len], &self.aside[..self.len]);
        match self.how {
            Combination::Not => result.iter_mut().for_each(|byte| *byte = !*byte),
            Combination::Diff1 | Combination::One => and_not(result, aside),
            Combination::AndOr => and(result, aside),
            Combination::And | Combination::Or | Combination::Xor | Combination::Diff => {}
        }
        result
    }
}

/// Copies a source and fills the rest with zeros.
fn load(result: &mut [u8], source: &[u8]) {
    let (head, tail) = result.split_at_mut(source.len().min(result.len()));
    head.copy_from_slice(&source[..head.len()]);
    tail.fill(0);
}

fn and(result: &mut [u8], source: &[u8]) {
    let (head, tail) = result.split_at_mut(source.len().min(result.len()));
    head.iter_mut().zip(source).for_each(|(byte, other)| *byte &= other);
    tail.fill(0);
}

fn or(result: &mut [u8], source: &[u8]) {
    result.iter_mut().zip(source).for_each(|(byte, other)| *byte |= other);
}

fn xor(result: &mut [u8], source: &[u8]) {
    result.iter_mut().zip(source).for_each(|(byte, other)| *byte ^= other);
}

fn and_not(result: &mut [u8], source: &[u8]) {
    result.iter_mut().zip(source).for_each(|(byte, other)| *byte &= !other);
}

/// `result` holds the bits seen an odd number of times, `more` those seen more than once.
fn one(result: &mut [u8], more: &mut [u8], source: &[u8]) {
    for ((byte, more), other) in result.iter_mut().zip(more).zip(source) {
        *more |= *byte & other;
        *byte ^= other;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn naive(how: Combination, bits: &[bool]) -> bool {
        let set = bits.iter().filter(|bit| **bit).count();
        let others = bits[1..].iter().any(|bit| *bit);
        match how {
            Combination::And => set == bits.len(),
            Combination::Or => set > 0,
            Combination::Xor => set % 2 == 1,
            Combination::Not => !bits[0],
            Combination::Diff => bits[0] && !others,
            Combination::Diff1 => !bits[0] && others,
            Combination::AndOr => bits[0] && others,
            Combination::One => set == 1,
        }
    }

    #[test]
    fn agrees_with_single_bits() {
        use Combination::*;
        let seed = 0x9E37_79B9_7F4A_7C15_u64;
        let mut state = seed;
        let mut random = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state >> 33
        };
        for round in 0..400 {
            let sources: Vec<Vec<u8>> = (0..1 + random() % 5)
                .map(|_| {
                    let len = random() % 70;
                    (0..len).map(|_| random() as u8).collect()
                })
                .collect();
            let len = sources.iter().map(Vec::len).max().unwrap_or(0);
            for how in [And, Or, Xor, Not, Diff, Diff1, AndOr, One] {
                let used = if how == Not { &sources[..1] } else { &sources[..] };
                let mut combiner = Combiner::new(how);
                combiner.begin(len, &used[0]);
                used[1..].iter().for_each(|source| combiner.add(source));
                let result = combiner.finish();
                for bit in 0..len as u64 * 8 {
                    let bits: Vec<bool> = used.iter().map(|source| super::super::get(source, bit)).collect();
                    let found = super::super::get(result, bit);
                    assert_eq!(found, naive(how, &bits), "seed {seed:x}, round {round}, {how:?}, bit {bit}");
                }
            }
        }
    }
}
