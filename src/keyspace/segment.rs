//! Segment: a small hash table of buckets that holds one range of the hash, in the order of the hash.
//!
//! ```text
//!  positions   prefix.000                                        prefix.fff
//!              |---------|---------|---------|-- ... --|---------|
//!  buckets     |    0    |    1    |    2    |         |  n - 1  |      home = rest * n / 2^32
//!                   \__ full? the next one, cyclically, and `ov` of each bucket passed goes up
//! ```
//!
//! Why ranges instead of a modulus: any n works, not only powers of two, so a segment can be as large as its
//! keys need; and a scan can leave and resume at any position whatever n was or becomes.
//!
//! Invariants: an entry lives in its home bucket, or in a later one such that every bucket in between counts
//! it in `ov`; `len` is the number of entries. Cost: at the fill limit about one entry in eight is not at home.
//! Rebuilding moves 8-byte words only: the hash bits are beside the pointers.

use super::bucket::{Bucket, SLOTS};
use super::entry::{Entry, Handle};
use super::hash::{POSITION_BITS, Position};
use super::memory::{NoMemory, prefetch};
use std::mem::size_of;

/// Sizes a segment takes, in buckets. Powers of two are allocated as they are; mimalloc gives any other size
/// 63 bytes more to align it, which is why the others are one bucket short of its classes (640 bytes, 768 ...).
const LADDER: [u32; 15] = [1, 2, 4, 8, 9, 11, 13, 16, 19, 23, 27, 32, 39, 47, 55];
/// Size above which a segment splits rather than grows.
pub const BUCKETS_MAX: u32 = 64;
/// A segment grows above this share of its slots, in 256ths.
const FILL_MAX: usize = 224;
/// A segment shrinks below this share, in 256ths, to a size that is filled up to `FILL_SHRUNK`.
const FILL_MIN: usize = 96;
const FILL_SHRUNK: usize = 176;
/// Prefix bits a segment can have: enough bits remain to spread its keys over its buckets.
pub const DEPTH_MAX: u8 = (POSITION_BITS - 9) as u8;

const _: () = assert!(size_of::<Segment>() == 32);

/// See the module's comment.
#[derive(Debug)]
pub struct Segment {
    buckets: Box<[Bucket]>,
    len: u32,
    /// A position with the segment's prefix; its upper half.
    start: u32,
    depth: u8,
}

/// A slot of a segment.
pub type Place = (usize, usize);

impl Segment {
    pub fn new(start: u32, depth: u8, buckets: u32) -> Result<Self, NoMemory> {
        let mut empty = Vec::new();
        empty.try_reserve_exact(buckets as usize)?;
        empty.resize_with(buckets as usize, Bucket::default);
        Ok(Self { buckets: empty.into_boxed_slice(), len: 0, start, depth })
    }

    #[inline]
    pub fn len(&self) -> usize {
        self.len as usize
    }

    #[inline]
    pub fn depth(&self) -> u32 {
        u32::from(self.depth)
    }

    /// A cursor inside the segment.
    pub fn start(&self) -> u64 {
        u64::from(self.start) << 32
    }

    /// Size in buckets.
    pub fn width(&self) -> usize {
        self.buckets.len()
    }

    /// Bytes on the heap.
    pub fn memory(&self) -> usize {
        size_of::<Bucket>() * self.buckets.len()
    }

    pub fn bucket(&self, bucket: usize) -> Option<&Bucket> {
        self.buckets.get(bucket)
    }

    pub fn bucket_mut(&mut self, bucket: usize) -> Option<&mut Bucket> {
        self.buckets.get_mut(bucket)
    }

    #[inline(always)]
    fn home(&self, position: Position) -> usize {
        position.scale(u32::from(self.depth), self.buckets.len())
    }

    #[inline(always)]
    fn next(&self, bucket: usize) -> usize {
        if bucket + 1 == self.buckets.len() { 0 } else { bucket + 1 }
    }

    /// The first place in the probe sequence of a position for which `is_it` holds.
    #[inline(always)]
    fn probe(&self, position: Position, is_it: impl Fn(&Entry) -> bool) -> Option<Place> {
        let home = self.home(position);
        let mut at = home;
        loop {
            let bucket = self.buckets.get(at)?;
            for slot in bucket.candidates(position.fingerprint()) {
                if let Some(entry) = bucket.entry(slot)
                    && entry.tag() == position.tag()
                    && is_it(entry)
                {
                    return Some((at, slot));
                }
            }
            at = self.next(at);
            if bucket.overflow() == 0 || at == home {
                return None;
            }
        }
    }

    #[inline(always)]
    pub fn find(&self, position: Position, key: &[u8]) -> Option<Place> {
        self.probe(position, |entry| entry.has_key(key))
    }

    /// The place of a handle's entry, without reading any entry.
    pub fn find_handle(&self, handle: &Handle) -> Option<Place> {
        let mut at = self.home(Position::from_parts(handle.tag(), 1));
        for _ in 0..self.buckets.len() {
            let bucket = &self.buckets[at];
            if let Some(slot) = (0..SLOTS).find(|&slot| bucket.entry(slot).is_some_and(|entry| entry.is(handle))) {
                return Some((at, slot));
            }
            at = self.next(at);
        }
        None
    }

    #[inline(always)]
    pub fn prefetch_bucket(&self, position: Position) {
        prefetch(std::ptr::from_ref(&self.buckets[self.home(position)]).cast());
    }

    /// Starts loading the entry that a search for this position would compare first.
    #[inline(always)]
    pub fn prefetch_entry(&self, position: Position) {
        self.probe(position, |entry| {
            entry.prefetch();
            true
        });
    }

    /// Adds an entry; a slot is free.
    pub fn place(&mut self, position: Position, entry: Entry) -> Place {
        let mut at = self.home(position);
        loop {
            if let Some(slot) = self.buckets[at].vacancy() {
                self.buckets[at].put(slot, position, entry);
                self.len += 1;
                return (at, slot);
            }
            self.buckets[at].raise_overflow();
            at = self.next(at);
        }
    }

    /// Removes an entry.
    pub fn remove(&mut self, (bucket, slot): Place) -> Option<Entry> {
        let position = self.buckets.get(bucket)?.position(slot)?;
        let mut passed = self.home(position);
        while passed != bucket {
            self.buckets[passed].lower_overflow();
            passed = self.next(passed);
        }
        self.len -= 1;
        self.buckets[bucket].take(slot)
    }

    /// A slot is free.
    pub fn has_vacancy(&self) -> bool {
        self.len() < SLOTS * self.width()
    }

    /// One more entry would go beyond the fill limit.
    #[inline]
    pub fn is_full(&self) -> bool {
        self.len() >= fill(self.width(), FILL_MAX)
    }

    /// Few enough entries for a smaller size, or already in the smallest.
    #[inline]
    pub fn is_sparse(&self) -> bool {
        self.len() < fill(self.width(), FILL_MIN) || self.width() == 1
    }

    /// The size to grow to; beyond the ladder, a quarter more.
    pub fn grown_width(&self) -> u32 {
        let width = self.width() as u32;
        if width >= BUCKETS_MAX {
            return width.saturating_add(width / 4);
        }
        LADDER.into_iter().find(|&size| size > width).unwrap_or(BUCKETS_MAX)
    }

    /// Moves all entries to an array of another size that can hold them.
    pub fn rebuild(&mut self, width: u32) -> Result<(), NoMemory> {
        let mut rebuilt = Self::new(self.start, self.depth, width)?;
        self.drain(|position, entry| {
            rebuilt.place(position, entry);
        });
        *self = rebuilt;
        Ok(())
    }

    /// Entries in the lower and in the upper half of the range.
    pub fn halves(&self) -> (usize, usize) {
        let upper = self.positions().filter(|position| position.bit(self.depth()) == 1).count();
        (self.len() - upper, upper)
    }

    /// Divides the range in two; self keeps the lower half.
    pub fn split(&mut self) -> Result<Self, NoMemory> {
        let (lower_len, upper_len) = self.halves();
        let depth = self.depth + 1;
        let upper_start = self.start | 1 << (31 - self.depth);
        let mut lower = Self::new(self.start, depth, split_width(lower_len))?;
        let mut upper = Self::new(upper_start, depth, split_width(upper_len))?;
        self.drain(|position, entry| {
            let half = if position.bit(u32::from(depth) - 1) == 0 { &mut lower } else { &mut upper };
            half.place(position, entry);
        });
        *self = lower;
        Ok(upper)
    }

    /// The segment of this one's and its buddy's entries; both are empty afterwards.
    pub fn merge(&mut self, buddy: &mut Self) -> Result<Self, NoMemory> {
        let depth = self.depth - 1;
        let mut merged = Self::new(self.start.min(buddy.start), depth, shrunk_width(self.len() + buddy.len()))?;
        for half in [self, buddy] {
            half.drain(|position, entry| {
                merged.place(position, entry);
            });
        }
        Ok(merged)
    }

    fn positions(&self) -> impl Iterator<Item = Position> {
        self.buckets.iter().flat_map(|bucket| (0..SLOTS).filter_map(|slot| bucket.position(slot)))
    }

    /// Takes all entries out.
    fn drain(&mut self, mut f: impl FnMut(Position, Entry)) {
        for bucket in &mut self.buckets {
            for slot in 0..SLOTS {
                if let Some(position) = bucket.position(slot)
                    && let Some(entry) = bucket.take(slot)
                {
                    f(position, entry);
                }
            }
        }
        self.len = 0;
    }

    /// Visits all entries at home in the bucket of a position; returns the cursor after them.
    pub fn scan(&self, position: Position, mut f: impl FnMut(Place)) -> Option<u64> {
        let home = self.home(position);
        let mut at = home;
        loop {
            let bucket = &self.buckets[at];
            for slot in 0..SLOTS {
                if bucket.position(slot).is_some_and(|position| self.home(position) == home) {
                    f((at, slot));
                }
            }
            at = self.next(at);
            if bucket.overflow() == 0 || at == home {
                return position.after_bucket(self.depth(), self.width(), home);
            }
        }
    }

    /// The places of all entries.
    pub fn places(&self) -> impl Iterator<Item = Place> {
        let all = self.buckets.iter().enumerate();
        all.flat_map(|(at, bucket)| (0..SLOTS).filter(|&slot| bucket.entry(slot).is_some()).map(move |slot| (at, slot)))
    }
}

/// A share, in 256ths, of the slots of `width` buckets.
#[inline]
fn fill(width: usize, share: usize) -> usize {
    width * SLOTS * share / 256
}

/// The size for entries that are getting fewer.
pub fn shrunk_width(len: usize) -> u32 {
    fitting_width(len, FILL_SHRUNK)
}

/// The size for one half of a segment that is growing.
fn split_width(len: usize) -> u32 {
    fitting_width(len, FILL_MAX)
}

fn fitting_width(len: usize, share: usize) -> u32 {
    let fits = |width: &u32| len <= fill(*width as usize, share);
    let exact = || (len * 256).div_ceil(SLOTS * share) as u32 + 1;
    LADDER.into_iter().find(fits).unwrap_or_else(|| exact().max(BUCKETS_MAX))
}
