//! Bucket: seven slots in one cache line, matched by fingerprint eight bytes at a time.
//!
//! ```text
//!  byte 0    1    2    3    4    5    6    7    8       16      24          64
//!  | f0 | f1 | f2 | f3 | f4 | f5 | f6 | ov | slot 0 | slot 1 | ... slot 6 |
//! ```
//!
//! `f` is the fingerprint of the slot's entry, 0 if the slot is empty; `ov` counts the entries whose home is
//! this bucket or an earlier one and that live in a later one. A search that finds `ov` 0 is over. At
//! [`OVERFLOW_MAX`] the count sticks until the segment is rebuilt: searches stay right, only longer.
//!
//! Invariant: fingerprint and slot are both empty or both filled.

use super::hash::Position;
use std::mem::size_of;

/// Slots of a bucket.
pub const SLOTS: usize = 7;
/// Where the overflow count sticks.
pub const OVERFLOW_MAX: u8 = u8::MAX;

const LOW_BITS: u64 = 0x0101_0101_0101_0101;
/// The top bit of each of the seven fingerprint bytes.
const HIGH_BITS: u64 = 0x0080_8080_8080_8080;
const OVERFLOW_SHIFT: u32 = 56;

/// What a table holds: an owner of something with a name, 8 bytes (also as an `Option`), which carries the hash bits of
/// that name, so that moving it reads nothing else.
pub trait Item {
    /// The hash bits that came with the name.
    fn tag(&self) -> u32;
    /// Whether this is its name.
    fn has_key(&self, key: &[u8]) -> bool;
    /// Starts loading what `has_key` reads.
    fn prefetch(&self);
}

/// See the module's comment.
#[derive(Debug)]
#[repr(C, align(64))]
pub struct Bucket<E> {
    marks: u64,
    slots: [Option<E>; SLOTS],
}

impl<E> Default for Bucket<E> {
    fn default() -> Self {
        const { assert!(size_of::<Self>() == 64 && align_of::<Self>() == 64) };
        Self { marks: 0, slots: [const { None }; SLOTS] }
    }
}

impl<E: Item> Bucket<E> {
    /// The slots that may hold an entry with this fingerprint: all that do, rarely one more.
    #[inline(always)]
    pub fn candidates(&self, fingerprint: u8) -> Slots {
        let differences = self.marks ^ (LOW_BITS * u64::from(fingerprint));
        Slots(zero_bytes(differences))
    }

    /// The first empty slot.
    #[inline]
    pub fn vacancy(&self) -> Option<usize> {
        // Only the lowest hit is exact, and it is the one asked for.
        Slots(zero_bytes(self.marks)).next()
    }

    /// The number of filled slots.
    #[cfg(test)]
    pub fn filled(&self) -> usize {
        self.slots.iter().flatten().count()
    }

    #[inline]
    pub fn overflow(&self) -> u8 {
        (self.marks >> OVERFLOW_SHIFT) as u8
    }

    /// One more entry passes over this bucket.
    #[inline]
    pub fn raise_overflow(&mut self) {
        if self.overflow() != OVERFLOW_MAX {
            self.marks += 1 << OVERFLOW_SHIFT;
        }
    }

    /// One entry less passes over this bucket.
    #[inline]
    pub fn lower_overflow(&mut self) {
        debug_assert!(self.overflow() > 0);
        if self.overflow() != OVERFLOW_MAX {
            self.marks -= 1 << OVERFLOW_SHIFT;
        }
    }

    /// Forgets the overflow count: the segment is being rebuilt.
    pub fn clear_overflow(&mut self) {
        self.marks &= !(0xFF << OVERFLOW_SHIFT);
    }

    #[inline(always)]
    pub fn entry(&self, slot: usize) -> Option<&E> {
        self.slots.get(slot)?.as_ref()
    }

    #[inline]
    pub fn entry_mut(&mut self, slot: usize) -> Option<&mut E> {
        self.slots.get_mut(slot)?.as_mut()
    }

    /// The position of the entry in a slot, from what the bucket holds.
    #[inline]
    pub fn position(&self, slot: usize) -> Option<Position> {
        let entry = self.entry(slot)?;
        Some(Position::from_parts(entry.tag(), (self.marks >> (8 * slot)) as u8))
    }

    /// Fills an empty slot.
    #[inline]
    pub fn put(&mut self, slot: usize, position: Position, entry: E) {
        debug_assert!(self.slots[slot].is_none() && entry.tag() == position.tag());
        self.slots[slot] = Some(entry);
        self.marks |= u64::from(position.fingerprint()) << (8 * slot);
    }

    /// Empties a slot.
    #[inline]
    pub fn take(&mut self, slot: usize) -> Option<E> {
        let entry = self.slots.get_mut(slot)?.take()?;
        self.marks &= !(0xFF << (8 * slot));
        Some(entry)
    }
}

/// A set of slot numbers, one bit at the top of each slot's byte.
#[derive(Clone, Copy)]
pub struct Slots(u64);

impl Iterator for Slots {
    type Item = usize;

    #[inline(always)]
    fn next(&mut self) -> Option<usize> {
        if self.0 == 0 {
            return None;
        }
        let slot = (self.0.trailing_zeros() / 8) as usize;
        self.0 &= self.0 - 1;
        Some(slot)
    }
}

/// Marks the zero bytes among the low seven: exact up to the first, then perhaps a 1 above a 0.
#[inline(always)]
fn zero_bytes(word: u64) -> u64 {
    word.wrapping_sub(LOW_BITS) & !word & HIGH_BITS
}

#[cfg(test)]
mod tests {
    use super::super::entry::{Entry, Nothing};
    use super::super::value::NewValue;
    use super::*;

    #[test]
    fn finds_every_fingerprint_and_the_first_vacancy() {
        for empty in 0..SLOTS {
            let mut bucket = Bucket::<Entry<Nothing>>::default();
            bucket.raise_overflow();
            for slot in (0..SLOTS).filter(|&slot| slot != empty) {
                let position = Position::from_parts(slot as u32, 1 + slot as u8 / 2);
                bucket.put(slot, position, Entry::new(slot as u32, b"k", NewValue::Int(1)).unwrap());
            }
            assert_eq!(bucket.vacancy(), Some(empty));
            assert_eq!((bucket.filled(), bucket.overflow()), (6, 1));
            for slot in (0..SLOTS).filter(|&slot| slot != empty) {
                let fingerprint = bucket.position(slot).unwrap().fingerprint();
                assert!(bucket.candidates(fingerprint).any(|found| found == slot));
            }
            assert!(bucket.candidates(200).next().is_none());
            let taken = bucket.take((empty + 1) % SLOTS).unwrap();
            assert_eq!(taken.tag() as usize, (empty + 1) % SLOTS);
            assert_eq!(bucket.filled(), 5);
        }
    }

    #[test]
    fn overflow_sticks_at_its_maximum() {
        let mut bucket = Bucket::<Entry<Nothing>>::default();
        (0..300).for_each(|_| bucket.raise_overflow());
        assert_eq!(bucket.overflow(), OVERFLOW_MAX);
        bucket.lower_overflow();
        assert_eq!(bucket.overflow(), OVERFLOW_MAX);
    }
}
