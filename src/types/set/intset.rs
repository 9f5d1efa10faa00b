//! Intset: a small set of numbers as one flat block, sorted, every number as wide as the widest needs.
//!
//! ```text
//!  | tag: 2, 4 or 8 | number | number | ... ascending, little endian |
//! ```
//!
//! Why: 2 bytes a number for most sets, no pointers, and a search is a handful of comparisons in one or two cache lines.
//! The width only grows, as in Redis. Cost: O(log n) to find, a move of the bytes behind to add and remove.

use crate::storage::{Bytes, NoMemory};

/// The tag is also the width.
const NARROW: u8 = 2;
const MEDIUM: u8 = 4;
const WIDE: u8 = 8;

/// The flat encoding of no numbers.
pub const EMPTY: &[u8] = &[NARROW];

/// Whether this is the tag of an intset.
#[inline]
pub fn is_tag(tag: u8) -> bool {
    matches!(tag, NARROW | MEDIUM | WIDE)
}

/// The numbers of a flat encoding, borrowed.
#[derive(Clone, Copy, Debug)]
pub enum Intset<'a> {
    Narrow(&'a [[u8; 2]]),
    Medium(&'a [[u8; 4]]),
    Wide(&'a [[u8; 8]]),
}

impl<'a> Intset<'a> {
    /// Reads a flat encoding; `None` if it is not one of numbers.
    #[inline]
    pub fn read(flat: &'a [u8]) -> Option<Self> {
        let (tag, numbers) = flat.split_first()?;
        match *tag {
            NARROW => Some(Self::Narrow(numbers.as_chunks().0)),
            MEDIUM => Some(Self::Medium(numbers.as_chunks().0)),
            WIDE => Some(Self::Wide(numbers.as_chunks().0)),
            _ => None,
        }
    }

    #[inline]
    pub fn len(self) -> usize {
        match self {
            Self::Narrow(numbers) => numbers.len(),
            Self::Medium(numbers) => numbers.len(),
            Self::Wide(numbers) => numbers.len(),
        }
    }

    /// The `index`-th number from the smallest on.
    #[inline]
    pub fn get(self, index: usize) -> Option<i64> {
        match self {
            Self::Narrow(numbers) => numbers.get(index).map(|bytes| narrow(*bytes)),
            Self::Medium(numbers) => numbers.get(index).map(|bytes| medium(*bytes)),
            Self::Wide(numbers) => numbers.get(index).map(|bytes| i64::from_le_bytes(*bytes)),
        }
    }

    /// Where a number is among those from `start` on, or where it belongs.
    #[inline]
    pub fn find_from(self, start: usize, int: i64) -> Result<usize, usize> {
        fn search<const N: usize>(
            numbers: &[[u8; N]],
            start: usize,
            int: i64,
            decode: impl Fn([u8; N]) -> i64,
        ) -> Result<usize, usize> {
            let rest = numbers.get(start..).unwrap_or_default();
            // The next one or the last one, as sequential callers ask for.
            match rest.first() {
                Some(first) if decode(*first) < int => {}
                Some(first) if decode(*first) == int => return Ok(start),
                _ => return Err(start),
            }
            if rest.last().is_some_and(|last| decode(*last) < int) {
                return Err(numbers.len());
            }
            let found = rest.binary_search_by(|bytes| decode(*bytes).cmp(&int));
            found.map(|at| at + start).map_err(|at| at + start)
        }
        match self {
            Self::Narrow(numbers) => search(numbers, start, int, narrow),
            Self::Medium(numbers) => search(numbers, start, int, medium),
            Self::Wide(numbers) => search(numbers, start, int, i64::from_le_bytes),
        }
    }

    #[inline]
    pub fn contains(self, int: i64) -> bool {
        self.find_from(0, int).is_ok()
    }

    /// All numbers, ascending.
    pub fn iter(self) -> impl ExactSizeIterator<Item = i64> + Clone + 'a {
        (0..self.len()).map(move |index| self.get(index).unwrap_or_default())
    }
}

#[inline]
fn narrow(bytes: [u8; 2]) -> i64 {
    i16::from_le_bytes(bytes).into()
}

#[inline]
fn medium(bytes: [u8; 4]) -> i64 {
    i32::from_le_bytes(bytes).into()
}

/// The least width that holds a number.
#[inline]
fn width_of(int: i64) -> u8 {
    if i16::try_from(int).is_ok() {
        NARROW
    } else if i32::try_from(int).is_ok() {
        MEDIUM
    } else {
        WIDE
    }
}

/// Writes a number in `to.len()` bytes, which suffice.
#[inline]
fn write(to: &mut [u8], int: i64) {
    let bytes = int.to_le_bytes();
    to.copy_from_slice(&bytes[..to.len()]);
}

/// The tag, which is the width; a flat encoding is never without.
#[inline]
fn width(flat: &impl Bytes) -> u8 {
    flat.bytes().first().copied().unwrap_or(NARROW)
}

/// Adds a number; whether it is new.
///
/// # Errors
/// If memory is short; then nothing has changed.
#[inline]
pub fn insert(flat: &mut impl Bytes, int: i64) -> Result<bool, NoMemory> {
    let needed = width_of(int);
    if needed > width(flat) {
        widen(flat, needed)?;
    }
    let Some(Err(index)) = Intset::read(flat.bytes()).map(|numbers| numbers.find_from(0, int)) else {
        return Ok(false);
    };
    let width = usize::from(width(flat));
    let at = 1 + index * width;
    write(flat.splice(at..at, width)?, int);
    Ok(true)
}

/// Removes a number; whether it was there.
///
/// # Errors
/// If memory is short; then nothing has changed.
#[inline]
pub fn remove(flat: &mut impl Bytes, int: i64) -> Result<bool, NoMemory> {
    let Some(Ok(index)) = Intset::read(flat.bytes()).map(|numbers| numbers.find_from(0, int)) else {
        return Ok(false);
    };
    remove_at(flat, index)?;
    Ok(true)
}

/// Removes the `index`-th number, which exists.
///
/// # Errors
/// If memory is short; then nothing has changed.
pub fn remove_at(flat: &mut impl Bytes, index: usize) -> Result<(), NoMemory> {
    let width = usize::from(width(flat));
    let at = 1 + index * width;
    flat.splice(at..at + width, 0).map(|_| ())
}

/// Gives every number more bytes, the last one first, so that none is overwritten before it is read.
#[cold]
fn widen(flat: &mut impl Bytes, to: u8) -> Result<(), NoMemory> {
    let old_width = usize::from(width(flat));
    let new_width = usize::from(to);
    let len = (flat.bytes().len() - 1) / old_width;
    flat.set_len(1 + len * new_width)?;
    let (tag, numbers) = flat.bytes_mut().split_first_mut().ok_or(NoMemory)?;
    *tag = to;
    for index in (0..len).rev() {
        let old = &numbers[index * old_width..(index + 1) * old_width];
        let sign = if old[old_width - 1] >= 0x80 { 0xFF } else { 0 };
        let mut bytes = [sign; 8];
        bytes[..old_width].copy_from_slice(old);
        numbers[index * new_width..(index + 1) * new_width].copy_from_slice(&bytes[..new_width]);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn is_a_set_at_every_width() {
        let edges = [0, 1, -1, 32767, 32768, -32768, -32769, i64::from(i32::MAX), i64::from(i32::MAX) + 1]
            .into_iter()
            .chain([i64::from(i32::MIN), i64::from(i32::MIN) - 1, i64::MAX, i64::MIN, 42, -42]);
        let edges: Vec<i64> = edges.collect();
        for start in 0..edges.len() {
            let (mut flat, mut model) = (EMPTY.to_vec(), BTreeSet::new());
            for step in 0..edges.len() * 3 {
                let int = edges[(start + step * 7) % edges.len()];
                if step % 3 == 2 {
                    assert_eq!(remove(&mut flat, int), Ok(model.remove(&int)));
                } else {
                    assert_eq!(insert(&mut flat, int), Ok(model.insert(int)));
                }
                let set = Intset::read(&flat).unwrap();
                assert!(set.iter().eq(model.iter().copied()), "{flat:?}");
                assert!(edges.iter().all(|int| set.contains(*int) == model.contains(int)));
                let width = usize::from(flat[0]);
                assert_eq!((flat.len() - 1, set.len()), (width * model.len(), model.len()));
            }
        }
    }

    #[test]
    fn finds_from_any_start() {
        let mut flat = EMPTY.to_vec();
        (0..50).for_each(|int| assert_eq!(insert(&mut flat, int * 3), Ok(true)));
        let set = Intset::read(&flat).unwrap();
        for start in 0..=50 {
            for int in -1..152 {
                let expected = if int < 0 {
                    Err(0)
                } else if int % 3 == 0 && int < 150 {
                    Ok(int as usize / 3)
                } else {
                    Err((int as usize / 3 + 1).min(50))
                };
                let expected = match expected {
                    Ok(at) if at < start => Err(start),
                    Err(at) if at < start => Err(start),
                    other => other,
                };
                assert_eq!(set.find_from(start, int), expected);
            }
        }
    }
}
