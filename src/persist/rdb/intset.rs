//! Intset: a set of integers as a sorted array of the narrowest width that holds them all.
//!
//! ```text
//!  | bytes each: 2, 4 or 8; 4 LE | count, 4 LE | integers LE, ascending |
//! ```

use super::{Corrupt, Reader};
use crate::storage::NoMemory;

const HEADER_BYTES: usize = 8;

/// The integers of an intset.
#[derive(Clone, Debug)]
pub struct Integers<'a> {
    rest: Reader<'a>,
    width: usize,
    before: Option<i64>,
}

impl<'a> Integers<'a> {
    /// The integers of the intset that is all of `bytes`; there is at least one.
    pub fn new(bytes: &'a [u8]) -> Result<Self, Corrupt> {
        let mut rest = Reader::new(bytes);
        let width = u32::from_le_bytes(rest.array()?) as usize;
        let count = u32::from_le_bytes(rest.array()?) as usize;
        let is_sound = matches!(width, 2 | 4 | 8) && count > 0 && count.checked_mul(width) == Some(rest.rest().len());
        if is_sound { Ok(Self { rest, width, before: None }) } else { Err(Corrupt) }
    }

    fn integer(&mut self) -> Result<i64, Corrupt> {
        let int = match self.width {
            2 => i16::from_le_bytes(self.rest.array()?).into(),
            4 => i32::from_le_bytes(self.rest.array()?).into(),
            _ => i64::from_le_bytes(self.rest.array()?),
        };
        if self.before.is_some_and(|before| before >= int) {
            return Err(Corrupt);
        }
        self.before = Some(int);
        Ok(int)
    }
}

impl Iterator for Integers<'_> {
    type Item = Result<i64, Corrupt>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.rest().is_empty() {
            return None;
        }
        let next = self.integer();
        if next.is_err() {
            self.rest = Reader::new(&[]);
        }
        Some(next)
    }
}

/// Writes integers that ascend, `count` of them each time that they are asked for, into `bytes`, replacing what is there.
///
/// # Errors
/// If memory is short.
pub fn build<I: Iterator<Item = i64>>(
    count: usize,
    integers: impl Fn() -> I,
    bytes: &mut Vec<u8>,
) -> Result<(), NoMemory> {
    let all = |fits: fn(i64) -> bool| integers().all(fits);
    let width = match () {
        () if all(|int| i16::try_from(int).is_ok()) => 2,
        () if all(|int| i32::try_from(int).is_ok()) => 4,
        () => 8,
    };
    let count_field = u32::try_from(count).map_err(|_| NoMemory)?;
    bytes.clear();
    bytes.try_reserve(HEADER_BYTES + count * width).map_err(|_| NoMemory)?;
    bytes.extend_from_slice(&(width as u32).to_le_bytes());
    bytes.extend_from_slice(&count_field.to_le_bytes());
    for int in integers().take(count) {
        bytes.extend_from_slice(&int.to_le_bytes()[..width]);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<Vec<i64>, Corrupt> {
        Integers::new(bytes)?.collect()
    }

    fn built(integers: &[i64]) -> Vec<u8> {
        let mut bytes = vec![7];
        build(integers.len(), || integers.iter().copied(), &mut bytes).unwrap();
        bytes
    }

    #[test]
    fn what_is_built_is_read_in_the_narrowest_width() {
        let sets: [(&[i64], u8); 6] = [
            (&[0], 2),
            (&[-32768, 5, 32767], 2),
            (&[-32769, 0], 4),
            (&[0, 32768], 4),
            (&[i64::from(i32::MIN), i64::from(i32::MAX)], 4),
            (&[i64::MIN, 0, i64::MAX], 8),
        ];
        for (set, width) in sets {
            let bytes = built(set);
            assert_eq!(bytes[0], width);
            assert_eq!(read(&bytes).as_deref(), Ok(set));
        }
    }

    #[test]
    fn refuses_disorder_and_wrong_sizes() {
        for corrupt in [&[2i64, 1][..], &[1, 1], &[1, 3, 2]] {
            assert_eq!(read(&built(corrupt)), Err(Corrupt), "{corrupt:?}");
        }
        let sound = built(&[1, 2, 3]);
        for len in 0..sound.len() {
            assert_eq!(read(&sound[..len]), Err(Corrupt), "{len} bytes");
        }
        assert_eq!(read(&[2, 0, 0, 0, 0, 0, 0, 0]), Err(Corrupt), "empty");
        assert_eq!(read(&[3, 0, 0, 0, 1, 0, 0, 0, 1, 2, 3]), Err(Corrupt), "width");
        assert_eq!(read(&[8, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]), Err(Corrupt), "count");
    }
}
