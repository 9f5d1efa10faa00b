//! Segment: a small hash table of buckets that holds one range of the hash, in the order of the hash.
//!
//! ```text
//!  positions   prefix.000                                        prefix.fff
//!              |---------|---------|---------|-- ... --|---------|
//!  buckets     |    0    |    1    |    2    |         |  n - 1  |      home = rest * n / 2^32
//!                   \__ full? the next one, cyclically, and `ov` of each bucket passed goes up
//!  blocks      |  8 buckets   |  8 buckets   | ... up to 7 blocks
//! ```
//!
//! Why ranges instead of a modulus: any multiple of 8 works, not only powers of two, so a segment is as large
//! as its keys need; and a scan can leave and resume at any position whatever n was or becomes.
//!
//! Invariants: an entry lives in its home bucket, or in a later one such that every bucket in between counts
//! it in `ov`; `len` is the number of entries. Cost: at the fill limit about one entry in eight is not at home.
//! Rebuilding moves 8-byte words only: the hash bits are beside the pointers.

mod blocks;

use super::bucket::{Bucket, Item, SLOTS};
use super::hash::{POSITION_BITS, Position};
use super::memory::NoMemory;
use blocks::Blocks;
pub use blocks::{BLOCK_BUCKETS, Block, Shape};
pub use blocks::{FIRST_BLOCKS, Spares};
use std::mem::size_of;

/// A segment grows above this share of its slots, in 256ths.
const FILL_MAX: usize = 224;
/// A segment shrinks below this share, in 256ths, to a size that is filled up to `FILL_SHRUNK`.
const FILL_MIN: usize = 96;
const FILL_SHRUNK: usize = 176;
/// Prefix bits a segment can have: enough bits remain to spread its keys over its buckets.
pub const DEPTH_MAX: u8 = (POSITION_BITS - 9) as u8;

/// See the module's comment.
#[derive(Debug)]
#[repr(C)]
pub struct Segment<E> {
    blocks: Blocks<E>,
    len: u32,
    /// A position with the segment's prefix; its upper half.
    start: u32,
}

/// A slot of a segment.
pub type Place = (usize, usize);

impl<E: Item> Segment<E> {
    /// The segment of all positions, empty.
    pub fn new(spares: &mut Spares<E>) -> Result<Self, NoMemory> {
        const { assert!(size_of::<Self>() == 24) };
        let mut blocks = Blocks::with_capacity(1, spares)?;
        blocks.resize(1, spares)?;
        Ok(Self { blocks, len: 0, start: 0 })
    }

    #[inline]
    pub fn len(&self) -> usize {
        self.len as usize
    }

    #[inline]
    pub fn depth(&self) -> u32 {
        self.blocks.depth()
    }

    /// A cursor inside the segment.
    pub fn start(&self) -> u64 {
        u64::from(self.start) << 32
    }

    /// Size in buckets.
    #[inline(always)]
    pub fn width(&self) -> usize {
        self.blocks.width()
    }

    /// What others may look at.
    #[inline(always)]
    pub fn shape(&self) -> &Shape<E> {
        self.blocks.shape()
    }

    /// Gives up what is left of an empty segment.
    pub fn retire(self, spares: &mut Spares<E>) {
        self.blocks.retire(spares);
    }

    /// The segment splits rather than grows.
    pub fn is_largest(&self) -> bool {
        self.blocks.len() >= FIRST_BLOCKS
    }

    /// Bytes on the heap.
    pub fn memory(&self) -> usize {
        size_of::<Bucket<E>>() * self.width()
    }

    #[inline(always)]
    pub fn bucket(&self, bucket: usize) -> Option<&Bucket<E>> {
        self.blocks.bucket(bucket)
    }

    #[inline(always)]
    pub fn bucket_mut(&mut self, bucket: usize) -> Option<&mut Bucket<E>> {
        self.blocks.bucket_mut(bucket)
    }

    #[inline(always)]
    fn home(&self, position: Position) -> usize {
        position.scale(self.depth(), self.width())
    }

    #[inline(always)]
    fn next(&self, bucket: usize) -> usize {
        if bucket + 1 == self.width() { 0 } else { bucket + 1 }
    }

    #[inline(always)]
    pub fn find(&self, position: Position, key: &[u8]) -> Option<(Place, &E)> {
        let home = (self.home(position), self.width());
        probe(home, position, |bucket| self.bucket(bucket), |item| item.has_key(key))
    }

    /// The place of the item with these hash bits for which `is_it` holds, without reading what any item owns.
    pub fn find_tagged(&self, tag: u32, is_it: impl Fn(&E) -> bool) -> Option<Place> {
        let mut at = self.home(Position::from_parts(tag, 1));
        for _ in 0..self.width() {
            let bucket = self.bucket(at)?;
            if let Some(slot) = (0..SLOTS).find(|&slot| bucket.entry(slot).is_some_and(&is_it)) {
                return Some((at, slot));
            }
            at = self.next(at);
        }
        None
    }

    /// Adds an entry; a slot is free.
    #[inline(always)]
    pub fn place(&mut self, position: Position, entry: E) -> Place {
        let (mut at, width) = self.shape().home(position);
        loop {
            let bucket = self.bucket_mut(at).expect("home and what is behind it are below width");
            if let Some(slot) = bucket.vacancy() {
                bucket.put(slot, position, entry);
                self.len += 1;
                return (at, slot);
            }
            bucket.raise_overflow();
            at = if at + 1 == width { 0 } else { at + 1 };
        }
    }

    /// Removes an entry.
    pub fn remove(&mut self, (bucket, slot): Place) -> Option<E> {
        let position = self.bucket(bucket)?.position(slot)?;
        let mut passed = self.home(position);
        while passed != bucket {
            self.bucket_mut(passed)?.lower_overflow();
            passed = self.next(passed);
        }
        self.len -= 1;
        self.bucket_mut(bucket)?.take(slot)
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
        self.len() < fill(self.width(), FILL_MIN) || self.blocks.len() == 1
    }

    /// The number of blocks to grow to: one more, or a quarter more if there are many.
    pub fn grown(&self) -> usize {
        self.blocks.len() + (self.blocks.len() / FIRST_BLOCKS * 2).max(1)
    }

    /// The number of blocks to shrink to.
    pub fn shrunk(&self) -> usize {
        fitting(self.len(), FILL_SHRUNK).min(self.blocks.len())
    }

    /// Spreads the entries over another number of blocks that can hold them.
    pub fn rebuild(&mut self, blocks: usize, spares: &mut Spares<E>) -> Result<(), NoMemory> {
        let mut entries = Taken::with_capacity(self.len())?;
        self.drain(&mut entries);
        let resized = self.blocks.resize(blocks, spares);
        // Also after a failure, when there are at least as many blocks as before.
        entries.put_into(self);
        resized
    }

    /// Entries in the lower and in the upper half of the range.
    pub fn halves(&self) -> (usize, usize) {
        let positions = self.blocks.iter().flat_map(|bucket| (0..SLOTS).filter_map(|slot| bucket.position(slot)));
        let upper = positions.filter(|position| position.bit(self.depth()) == 1).count();
        (self.len() - upper, upper)
    }

    /// Divides range and blocks in two; self keeps the lower half.
    pub fn split(&mut self, spares: &mut Spares<E>) -> Result<Self, NoMemory> {
        let (lower_len, upper_len) = self.halves();
        let (lower_blocks, upper_blocks) = (fitting(lower_len, FILL_MAX), fitting(upper_len, FILL_MAX));
        let blocks = Blocks::with_capacity(upper_blocks, spares)?;
        let mut entries = Taken::with_capacity(self.len())?;
        self.drain(&mut entries);
        if let Err(error) = self.blocks.resize(self.blocks.len().max(lower_blocks + upper_blocks), spares) {
            entries.put_into(self);
            return Err(error);
        }
        let start = self.start | 1 << (31 - self.depth());
        self.blocks.set_depth(self.depth() + 1);
        let mut upper = Self { blocks, len: 0, start };
        upper.blocks.set_depth(self.depth());
        (0..upper_blocks).filter_map(|_| self.blocks.pop()).for_each(|block| upper.blocks.push(block));
        self.blocks.truncate(lower_blocks, spares);
        for (position, entry) in entries.0 {
            let half = if position.bit(self.depth() - 1) == 0 { &mut *self } else { &mut upper };
            half.place(position, entry);
        }
        Ok(upper)
    }

    /// Takes in range, blocks and entries of the buddy, which is useless afterwards.
    pub fn merge(&mut self, buddy: &mut Self, spares: &mut Spares<E>) -> Result<(), NoMemory> {
        let len = self.len() + buddy.len();
        let mut entries = Taken::with_capacity(len)?;
        self.drain(&mut entries);
        buddy.drain(&mut entries);
        self.start = self.start.min(buddy.start);
        self.blocks.set_depth(self.depth() - 1);
        let blocks = fitting(len, FILL_SHRUNK);
        while self.blocks.len() < blocks.min(FIRST_BLOCKS)
            && let Some(block) = buddy.blocks.pop()
        {
            self.blocks.push(block);
        }
        // Without memory for the right size, the blocks there are hold all entries as they did before.
        let _ = self.blocks.resize(blocks, spares);
        entries.put_into(self);
        Ok(())
    }

    /// Takes all entries out and clears the overflow counts.
    fn drain(&mut self, taken: &mut Taken<E>) {
        for bucket in 0..self.width() {
            let Some(bucket) = self.bucket_mut(bucket) else { break };
            for slot in 0..SLOTS {
                if let Some(position) = bucket.position(slot)
                    && let Some(entry) = bucket.take(slot)
                {
                    taken.0.push((position, entry));
                }
            }
            bucket.clear_overflow();
        }
        self.len = 0;
    }

    /// Visits all entries from a position on that are at home in its bucket; returns the cursor after them.
    pub fn scan(&self, position: Position, mut f: impl FnMut(Place)) -> Option<u64> {
        let home = self.home(position);
        let mut at = home;
        loop {
            let bucket = self.bucket(at)?;
            for slot in 0..SLOTS {
                if bucket.position(slot).is_some_and(|at| at >= position && self.home(at) == home) {
                    f((at, slot));
                }
            }
            at = self.next(at);
            if bucket.overflow() == 0 || at == home {
                return position.after_bucket(self.depth(), self.width(), home);
            }
        }
    }

    /// The place of the first entry at or behind a place.
    #[inline]
    pub fn next_place(&self, (mut at, mut slot): Place) -> Option<Place> {
        loop {
            let bucket = self.bucket(at)?;
            if let Some(slot) = (slot..SLOTS).find(|slot| bucket.entry(*slot).is_some()) {
                return Some((at, slot));
            }
            (at, slot) = (at + 1, 0);
        }
    }
}

impl<E: Item> Shape<E> {
    /// Looks under the lock at the place where an item is nearly always: the first candidate in its home bucket.
    #[inline(always)]
    pub fn find_first(&self, position: Position, key: &[u8]) -> First<'_, E> {
        let (home, width) = self.home(position);
        if width > FIRST_BLOCKS * BLOCK_BUCKETS {
            return First::Elsewhere;
        }
        let Some(bucket) = self.bucket(home) else { return First::Elsewhere };
        let Some(slot) = bucket.candidates(position.fingerprint()).next() else {
            return if bucket.overflow() == 0 { First::Nowhere } else { First::Elsewhere };
        };
        match bucket.entry(slot) {
            Some(item) if item.tag() == position.tag() && item.has_key(key) => First::Here((home, slot), item),
            _ => First::Elsewhere,
        }
    }

    /// Finds an item under the lock; the error says that only [`Segment::find`] can tell.
    pub fn find(&self, position: Position, key: &[u8]) -> Result<Option<(Place, &E)>, Beyond> {
        let home = self.home(position);
        if home.1 > FIRST_BLOCKS * BLOCK_BUCKETS {
            return Err(Beyond);
        }
        Ok(probe(home, position, |bucket| self.bucket(bucket), |item| item.has_key(key)))
    }
}

/// A segment has more blocks than its shape shows.
pub struct Beyond;

/// What [`Shape::find_first`] finds.
pub enum First<'s, E> {
    Here(Place, &'s E),
    Nowhere,
    /// Perhaps somewhere else.
    Elsewhere,
}

/// The first place in the probe sequence of a position, which starts at `home` of so many buckets, for which `is_it` holds.
#[inline(always)]
fn probe<'b, E: Item + 'b>(
    (home, width): (usize, usize),
    position: Position,
    bucket_at: impl Fn(usize) -> Option<&'b Bucket<E>>,
    is_it: impl Fn(&E) -> bool,
) -> Option<(Place, &'b E)> {
    let mut at = home;
    loop {
        let bucket = bucket_at(at)?;
        for slot in bucket.candidates(position.fingerprint()) {
            if let Some(item) = bucket.entry(slot)
                && item.tag() == position.tag()
                && is_it(item)
            {
                return Some(((at, slot), item));
            }
        }
        if bucket.overflow() == 0 {
            return None;
        }
        at = if at + 1 == width { 0 } else { at + 1 };
        if at == home {
            return None;
        }
    }
}

/// A share, in 256ths, of the slots of `width` buckets.
#[inline]
fn fill(width: usize, share: usize) -> usize {
    width * SLOTS * share / 256
}

/// Entries on their way between blocks.
struct Taken<E>(Vec<(Position, E)>);

impl<E: Item> Taken<E> {
    fn with_capacity(len: usize) -> Result<Self, NoMemory> {
        let mut entries = Vec::new();
        entries.try_reserve_exact(len)?;
        Ok(Self(entries))
    }

    fn put_into(self, segment: &mut Segment<E>) {
        for (position, entry) in self.0 {
            segment.place(position, entry);
        }
    }
}

/// The least number of blocks whose filled share is at most `share`.
fn fitting(len: usize, share: usize) -> usize {
    (len * 256).div_ceil(BLOCK_BUCKETS * SLOTS * share).max(1)
}
