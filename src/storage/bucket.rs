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
//!
//! All words are atomic, though only the holder of the table's lock writes them and needs no ordering: prefetching reads
//! them without the lock ([`Bucket::glimpse`]), and what it reads may be out of date but must not be a data race.

use super::hash::Position;
use std::marker::PhantomData;
use std::mem::{ManuallyDrop, size_of, transmute_copy};
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Slots of a bucket.
pub const SLOTS: usize = 7;
/// Where the overflow count sticks.
pub const OVERFLOW_MAX: u8 = u8::MAX;

const LOW_BITS: u64 = 0x0101_0101_0101_0101;
/// The top bit of each of the seven fingerprint bytes.
const HIGH_BITS: u64 = 0x0080_8080_8080_8080;
const OVERFLOW_SHIFT: u32 = 56;

/// What a table holds: an owner of something with a name, one word, which carries the hash bits of that name, so that
/// moving it reads nothing else.
///
/// # Safety
/// The type is a `repr(transparent)` wrapper of a `NonZeroU64`. `tag` and `prefetch` read the word and nothing else:
/// they are also called on copies of words whose owner may be gone.
pub unsafe trait Item {
    /// The hash bits that came with the name.
    fn tag(&self) -> u32;
    /// Whether this is its name.
    fn has_key(&self, key: &[u8]) -> bool;
    /// Starts loading what `has_key` reads.
    fn prefetch(&self);
}

/// A place for one item.
#[derive(Debug)]
#[repr(transparent)]
struct Slot<E> {
    /// The item's word, 0 if there is none.
    word: AtomicU64,
    owned: PhantomData<E>,
}

impl<E> Slot<E> {
    const fn empty() -> Self {
        Self { word: AtomicU64::new(0), owned: PhantomData }
    }

    #[inline(always)]
    fn get(&self) -> Option<&E> {
        const { assert!(size_of::<E>() == 8 && size_of::<Option<E>>() == 8) };
        // SAFETY: an E is a word that is not 0 (contract of Item), which this checks by being an Option. Nobody
        // writes the word while self is borrowed: writers have &mut self.
        unsafe { (*(&raw const self.word).cast::<Option<E>>()).as_ref() }
    }

    #[inline(always)]
    fn get_mut(&mut self) -> Option<&mut E> {
        // SAFETY: as in `get`, and &mut self is exclusive among those who hold the lock. Prefetching reads at the same
        // time, and what is written through this reference is not the word (see `Bucket::entry_mut`).
        unsafe { (*(&raw mut self.word).cast::<Option<E>>()).as_mut() }
    }

    #[inline]
    fn put(&mut self, item: E) {
        // SAFETY: an E is one word (contract of Item), now owned by the slot.
        self.word.store(unsafe { transmute_copy(&ManuallyDrop::new(item)) }, Relaxed);
    }

    #[inline]
    fn take(&mut self) -> Option<E> {
        let word = self.word.load(Relaxed);
        self.word.store(0, Relaxed);
        // SAFETY: the word is 0 or an E that the slot has just given up.
        unsafe { transmute_copy(&word) }
    }
}

impl<E> Drop for Slot<E> {
    fn drop(&mut self) {
        drop(self.take());
    }
}

/// An item that may become another word while it is changed.
#[derive(Debug)]
pub struct Moving<'b, E: Item> {
    slot: &'b mut Slot<E>,
    item: ManuallyDrop<E>,
}

impl<E: Item> Deref for Moving<'_, E> {
    type Target = E;

    fn deref(&self) -> &E {
        &self.item
    }
}

impl<E: Item> DerefMut for Moving<'_, E> {
    fn deref_mut(&mut self) -> &mut E {
        &mut self.item
    }
}

impl<E: Item> Drop for Moving<'_, E> {
    fn drop(&mut self) {
        // SAFETY: the item goes back to where it was copied from, and is not used here any more.
        self.slot.put(unsafe { ManuallyDrop::take(&mut self.item) });
    }
}

/// See the module's comment.
#[derive(Debug)]
#[repr(C, align(64))]
pub struct Bucket<E> {
    marks: AtomicU64,
    slots: [Slot<E>; SLOTS],
}

impl<E> Default for Bucket<E> {
    fn default() -> Self {
        const { assert!(size_of::<Self>() == 64 && align_of::<Self>() == 64) };
        Self { marks: AtomicU64::new(0), slots: [const { Slot::empty() }; SLOTS] }
    }
}

impl<E: Item> Bucket<E> {
    /// The slots that may hold an entry with this fingerprint: all that do, rarely one more.
    #[inline(always)]
    pub fn candidates(&self, fingerprint: u8) -> Slots {
        let differences = self.marks.load(Relaxed) ^ (LOW_BITS * u64::from(fingerprint));
        Slots(zero_bytes(differences))
    }

    /// The first empty slot.
    #[inline(always)]
    pub fn vacancy(&self) -> Option<usize> {
        // Only the lowest hit is exact, and it is the one asked for.
        Slots(zero_bytes(self.marks.load(Relaxed))).next()
    }

    /// The number of filled slots.
    #[cfg(test)]
    pub fn filled(&self) -> usize {
        self.slots.iter().filter_map(Slot::get).count()
    }

    #[inline]
    pub fn overflow(&self) -> u8 {
        (self.marks.load(Relaxed) >> OVERFLOW_SHIFT) as u8
    }

    /// One more entry passes over this bucket.
    #[inline]
    pub fn raise_overflow(&mut self) {
        if self.overflow() != OVERFLOW_MAX {
            self.change_marks(|marks| marks + (1 << OVERFLOW_SHIFT));
        }
    }

    /// One entry less passes over this bucket.
    #[inline]
    pub fn lower_overflow(&mut self) {
        debug_assert!(self.overflow() > 0);
        if self.overflow() != OVERFLOW_MAX {
            self.change_marks(|marks| marks - (1 << OVERFLOW_SHIFT));
        }
    }

    /// Forgets the overflow count: the segment is being rebuilt.
    pub fn clear_overflow(&mut self) {
        self.change_marks(|marks| marks & !(0xFF << OVERFLOW_SHIFT));
    }

    #[inline(always)]
    pub fn entry(&self, slot: usize) -> Option<&E> {
        self.slots.get(slot)?.get()
    }

    /// An entry, to change what it owns; it must not be replaced or moved by another word, which is what
    /// [`Bucket::entry_moving`] is for.
    #[inline]
    pub fn entry_mut(&mut self, slot: usize) -> Option<&mut E> {
        self.slots.get_mut(slot)?.get_mut()
    }

    /// An entry, to change in any way.
    #[inline]
    pub fn entry_moving(&mut self, slot: usize) -> Option<Moving<'_, E>> {
        let slot = self.slots.get_mut(slot)?;
        let word = slot.word.load(Relaxed);
        // SAFETY: the word is 0 or an E. Until the guard puts it back, nothing else can see the slot, which is
        // borrowed; should the guard be forgotten, the slot still owns the item as it was or the word is stale, and
        // no caller forgets it.
        let item: Option<E> = unsafe { transmute_copy(&word) };
        Some(Moving { slot, item: ManuallyDrop::new(item?) })
    }

    /// A copy of the first item with this fingerprint and tag, to call [`Item::prefetch`] on; also without the lock.
    #[inline(always)]
    pub fn glimpse(&self, position: Position) -> Option<ManuallyDrop<E>> {
        for slot in self.candidates(position.fingerprint()) {
            let word = self.slots[slot].word.load(Relaxed);
            // SAFETY: the word is 0 or that of an E, which may be gone by now: it is not dropped here, and only
            // methods are called that read nothing but the word (contract of Item).
            let item: Option<ManuallyDrop<E>> = unsafe { transmute_copy(&word) };
            if item.as_ref().is_some_and(|item| item.tag() == position.tag()) {
                return item;
            }
        }
        None
    }

    #[inline(always)]
    fn change_marks(&mut self, change: impl FnOnce(u64) -> u64) {
        self.marks.store(change(self.marks.load(Relaxed)), Relaxed);
    }

    /// The position of the entry in a slot, from what the bucket holds.
    #[inline]
    pub fn position(&self, slot: usize) -> Option<Position> {
        let entry = self.entry(slot)?;
        Some(Position::from_parts(entry.tag(), (self.marks.load(Relaxed) >> (8 * slot)) as u8))
    }

    /// Fills an empty slot.
    #[inline(always)]
    pub fn put(&mut self, slot: usize, position: Position, entry: E) {
        debug_assert!(self.slots[slot].get().is_none() && entry.tag() == position.tag());
        self.slots[slot].put(entry);
        self.change_marks(|marks| marks | u64::from(position.fingerprint()) << (8 * slot));
    }

    /// Empties a slot.
    #[inline]
    pub fn take(&mut self, slot: usize) -> Option<E> {
        let entry = self.slots.get_mut(slot)?.take()?;
        self.change_marks(|marks| marks & !(0xFF << (8 * slot)));
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
