//! Longest common subsequence of two byte strings, 64 cells of the classic table at a time.
//!
//! In the table `L[i][j]`, the length for the first `i` bytes of `a` and the first `j` bytes of `b`, a row grows by
//! 0 or 1 from one column to the next. A row here is only these steps, one bit per byte of `b`, and one addition
//! with carry computes 64 bits of the next row from the last (Hyyrö, "Bit-parallel LCS-length computation
//! revisited", 2004). The steps suffice to walk back, too: where the bytes differ, `L[i][j]` is the larger of its
//! upper and left neighbour, and the upper one is the larger of the two exactly if the row has a step at `j`. So the
//! walk, and with it every reply, is the one that Redis takes through a table 32 times as big.
//!
//! Cost: `a.len() * b.len() / 64` additions; as many words to walk back afterwards, one row for the length alone.

use crate::keyspace::NoMemory;

const WORD_BITS: usize = u64::BITS as usize;

/// A row: a bit of 0 says that the length grows at this byte of `b`. Bits beyond the end are 1.
type Row = [u64];

/// For each byte that occurs in `a`: where it occurs in `b`, as bits.
struct Occurrences {
    /// Where the bits of a byte start, in words; only of bytes in `a`.
    start: [usize; 256],
    bits: Vec<u64>,
    row_words: usize,
}

impl Occurrences {
    fn new(a: &[u8], b: &[u8]) -> Result<Self, NoMemory> {
        const ABSENT: usize = usize::MAX;
        let row_words = b.len().div_ceil(WORD_BITS);
        let mut start = [ABSENT; 256];
        let mut words = 0usize;
        for &byte in a {
            if start[usize::from(byte)] == ABSENT {
                start[usize::from(byte)] = words;
                words += row_words;
            }
        }
        let mut bits = Vec::new();
        bits.try_reserve_exact(words)?;
        bits.resize(words, 0);
        for (at, &byte) in b.iter().enumerate() {
            let start = start[usize::from(byte)];
            if start != ABSENT {
                bits[start + at / WORD_BITS] |= 1 << (at % WORD_BITS);
            }
        }
        Ok(Self { start, bits, row_words })
    }

    fn of(&self, byte: u8) -> &[u64] {
        let start = self.start[usize::from(byte)];
        &self.bits[start..start + self.row_words]
    }
}

/// Turns a row into the next one, for a byte of `a` that occurs at `occurrences` in `b`.
fn advance(row: &mut Row, occurrences: &[u64]) {
    let mut carry = false;
    for (word, &here) in row.iter_mut().zip(occurrences) {
        let (sum, over) = word.overflowing_add(*word & here);
        let (sum, over_again) = sum.overflowing_add(u64::from(carry));
        carry = over | over_again;
        *word = sum | (*word & !here);
    }
}

fn length_at(row: &Row) -> usize {
    row.iter().map(|word| word.count_zeros() as usize).sum()
}

/// The length of the longest common subsequence.
///
/// # Errors
/// If memory is short.
pub fn length(a: &[u8], b: &[u8]) -> Result<usize, NoMemory> {
    // It is the same both ways; few long rows are faster than many short ones.
    let (a, b) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    let occurrences = Occurrences::new(a, b)?;
    let mut row = Vec::new();
    row.try_reserve_exact(occurrences.row_words)?;
    row.resize(occurrences.row_words, u64::MAX);
    for &byte in a {
        advance(&mut row, occurrences.of(byte));
    }
    Ok(length_at(&row))
}

/// All rows, to find where the two strings match.
pub struct Alignment<'s> {
    a: &'s [u8],
    b: &'s [u8],
    rows: Vec<u64>,
    row_words: usize,
}

impl<'s> Alignment<'s> {
    /// Computes the rows for two strings.
    ///
    /// # Errors
    /// If memory is short.
    pub fn new(a: &'s [u8], b: &'s [u8]) -> Result<Self, NoMemory> {
        let occurrences = Occurrences::new(a, b)?;
        let row_words = occurrences.row_words;
        let mut rows: Vec<u64> = Vec::new();
        rows.try_reserve_exact((a.len() + 1).checked_mul(row_words).ok_or(NoMemory)?)?;
        rows.resize(row_words, u64::MAX);
        for (above, &byte) in a.iter().enumerate() {
            let start = (above + 1) * row_words;
            rows.extend_from_within(start - row_words..start);
            advance(&mut rows[start..], occurrences.of(byte));
        }
        Ok(Self { a, b, rows, row_words })
    }

    /// The row after the first `i` bytes of `a`.
    fn row(&self, i: usize) -> &Row {
        &self.rows[i * self.row_words..(i + 1) * self.row_words]
    }

    /// The length of the longest common subsequence.
    pub fn length(&self) -> usize {
        length_at(self.row(self.a.len()))
    }

    /// The pairs of positions that make up the subsequence, the last one first.
    pub fn matches(&self) -> impl Iterator<Item = (usize, usize)> {
        let (mut i, mut j) = (self.a.len(), self.b.len());
        std::iter::from_fn(move || {
            while i > 0 && j > 0 {
                if self.a[i - 1] == self.b[j - 1] {
                    (i, j) = (i - 1, j - 1);
                    return Some((i, j));
                }
                let grows = self.row(i)[(j - 1) / WORD_BITS] >> ((j - 1) % WORD_BITS) & 1 == 0;
                if grows {
                    i -= 1;
                } else {
                    j -= 1;
                }
            }
            None
        })
    }

    /// The matches joined to runs of neighbours, the last one first.
    pub fn runs(&self) -> impl Iterator<Item = Run> {
        let mut matches = self.matches().peekable();
        std::iter::from_fn(move || {
            let (a, b) = matches.next()?;
            let mut run = Run { a, b, len: 1 };
            while matches.next_if(|&(a, b)| a + 1 == run.a && b + 1 == run.b).is_some() {
                run = Run { a: run.a - 1, b: run.b - 1, len: run.len + 1 };
            }
            Some(run)
        })
    }
}

/// `len` bytes that are equal in both strings, from these positions on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    pub a: usize,
    pub b: usize,
    pub len: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The classic table and Redis's way back through it.
    fn naive(a: &[u8], b: &[u8]) -> (usize, Vec<(usize, usize)>) {
        let mut table = vec![vec![0usize; b.len() + 1]; a.len() + 1];
        for i in 1..=a.len() {
            for j in 1..=b.len() {
                table[i][j] =
                    if a[i - 1] == b[j - 1] { table[i - 1][j - 1] + 1 } else { table[i - 1][j].max(table[i][j - 1]) };
            }
        }
        let mut matches = Vec::new();
        let (mut i, mut j) = (a.len(), b.len());
        while i > 0 && j > 0 {
            if a[i - 1] == b[j - 1] {
                (i, j) = (i - 1, j - 1);
                matches.push((i, j));
            } else if table[i - 1][j] > table[i][j - 1] {
                i -= 1;
            } else {
                j -= 1;
            }
        }
        (table[a.len()][b.len()], matches)
    }

    #[test]
    fn agrees_with_the_table() {
        let seed = 0x9E37_79B9_7F4A_7C15u64;
        let mut state = seed;
        let mut random = move |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        for round in 0..600 {
            let letters = 1 + random(5);
            let mut text = |len_max: u64| -> Vec<u8> {
                let len = random(len_max);
                (0..len).map(|_| b'a' + random(letters) as u8).collect()
            };
            let (a, b) = (text(200), text(200));
            let (expected, matches) = naive(&a, &b);
            let context = format!("seed {seed:x}, round {round}");
            assert_eq!(length(&a, &b), Ok(expected), "{context}");
            let alignment = Alignment::new(&a, &b).unwrap();
            assert_eq!(alignment.length(), expected, "{context}");
            assert_eq!(alignment.matches().collect::<Vec<_>>(), matches, "{context}");
            let of_runs = alignment.runs().flat_map(|run| (0..run.len).rev().map(move |at| (run.a + at, run.b + at)));
            assert_eq!(of_runs.collect::<Vec<_>>(), matches, "{context}");
        }
    }

    #[test]
    fn empty_strings_have_nothing_in_common() {
        for (a, b) in [(&b""[..], &b""[..]), (b"", b"abc"), (b"abc", b"")] {
            assert_eq!(length(a, b), Ok(0));
            let alignment = Alignment::new(a, b).unwrap();
            assert_eq!((alignment.length(), alignment.matches().count()), (0, 0));
        }
    }
}
