//! Table: extendible hashing of small segments, in the order of the hash.
//!
//! ```text
//!  position ──first `depth` bits──► directory ──► segments ──► bucket (one cache miss)
//!                                   [0][0][0][0][2][2][1][3]     └─► entry (the other)
//!                                    └── one segment may own 2^k neighbours of the directory
//! ```
//!
//! Why: no operation moves more than one segment of at most 448 slots, so no insert pays for a rehash of the
//! whole; and because directory, segments and buckets all follow the order of the hash, a position is a SCAN
//! cursor that survives growing, shrinking, splitting and merging.
//!
//! Invariants: the directory ([`View`]) has 2^`depth` places; a segment of depth d owns the 2^(`depth` - d) neighbouring
//! places that share its d-bit prefix; `deepest` segments have the directory's depth; an empty table owns no
//! memory, unless others look at it without the lock ([`View`]): it then keeps its last segment. Cost: 11.5 to 12.2 bytes of table per key from a few hundred keys on. A segment whose keys cannot be
//! told apart by their hash grows instead of splitting, so that colliding hashes cost time, not memory.

pub use super::bucket::Item;
use super::bucket::{Bucket, Moving, SLOTS};
use super::hash::Position;
use super::memory::{NoMemory, shrink, try_box};
use super::segment::{BLOCK_BUCKETS, Beyond, DEPTH_MAX, First, Place, Segment, Shape, Spares};
use super::view::{Retired, View};
use std::mem::size_of;

/// Two segments of together at most this many entries become one; a split leaves about 384.
const MERGE_MAX: usize = 160;
/// A split that would leave less than one part in this many on one side is not worth it.
const SPLIT_BALANCE: usize = 8;
/// Unused blocks that a shared table keeps: one byte in this many of its own, and some more.
const SPARES_SHARE: usize = 16;
const SPARE_BYTES_MIN: usize = 2048;
/// Tries of [`Table::random`] before it takes any entry: far more than a table without colliding hashes needs.
const RANDOM_TRIES: usize = 4096;

/// The place of an entry; good until the next insertion into or removal from the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Loc {
    segment: u32,
    bucket: u32,
    slot: u8,
}

impl Loc {
    fn new(segment: usize, (bucket, slot): Place) -> Self {
        Self { segment: segment as u32, bucket: bucket as u32, slot: slot as u8 }
    }

    fn place(self) -> Place {
        (self.bucket as usize, usize::from(self.slot))
    }
}

/// See the module's comment.
#[derive(Debug)]
#[repr(C)]
pub struct Table<E> {
    /// The directory; `None` if there are no segments.
    view: Option<Box<View<E>>>,
    segments: Vec<Segment<E>>,
    len: usize,
    /// Bytes of all buckets.
    bucket_bytes: usize,
    /// Segments of depth `depth`.
    deepest: u32,
    /// No segment has had more buckets than 2 to the power of this since the table was empty.
    widest_log2: u8,
    /// Others look at the table without the lock.
    is_shared: bool,
    /// The structure is another since [`Table::clear_changed`].
    is_changed: bool,
    former: Option<Box<Former<E>>>,
}

const _: () = assert!(size_of::<Table<u64>>() == 64, "a table takes no more than one cache line");

/// What was part of a shared table, and others may still look at.
#[derive(Debug)]
struct Former<E> {
    spares: Spares<E>,
    views: Vec<Retired<E>>,
}

impl<E> Default for Former<E> {
    fn default() -> Self {
        Self { spares: Spares::keeping(), views: Vec::new() }
    }
}

impl<E> Default for Table<E> {
    fn default() -> Self {
        Self {
            view: None,
            segments: Vec::new(),
            len: 0,
            bucket_bytes: 0,
            deepest: 0,
            widest_log2: 0,
            is_shared: false,
            is_changed: false,
            former: None,
        }
    }
}

impl<E: Item> Table<E> {
    /// An empty table that shows a [`View`].
    pub fn shared() -> Self {
        Self { is_shared: true, ..Self::default() }
    }

    pub fn is_shared(&self) -> bool {
        self.is_shared
    }

    /// What a shared table keeps of what it does not use any more; what another gives to `none` is freed. A shared table
    /// that has segments has a place for both ([`Table::begin`]).
    fn spares<'s>(&'s mut self, none: &'s mut Spares<E>) -> (&'s mut [Segment<E>], &'s mut Spares<E>) {
        let spares = self.former.as_mut().map_or(none, |former| &mut former.spares);
        (&mut self.segments, spares)
    }

    /// What can be read without the lock.
    #[inline]
    pub fn view(&self) -> Option<&View<E>> {
        self.view.as_deref()
    }

    #[inline]
    pub fn is_changed(&self) -> bool {
        self.is_changed
    }

    pub fn clear_changed(&mut self) {
        self.is_changed = false;
    }

    /// Something waits to be dropped when nobody looks at it any more.
    #[inline]
    pub fn has_retired(&self) -> bool {
        self.former.as_ref().is_some_and(|former| !former.views.is_empty() || self.is_surplus(&former.spares))
    }

    #[inline]
    fn is_surplus(&self, spares: &Spares<E>) -> bool {
        spares.block_bytes() > SPARE_BYTES_MIN + self.bucket_bytes / SPARES_SHARE
    }

    /// What waits to be dropped when nobody looks at it any more.
    pub fn take_retired(&mut self) -> Vec<Retired<E>> {
        let Some(mut former) = self.former.take() else { return Vec::new() };
        let mut retired = std::mem::take(&mut former.views);
        if self.is_surplus(&former.spares) && retired.try_reserve(1).is_ok() {
            retired.push(Retired::Blocks(former.spares.take_blocks()));
        }
        self.former = Some(former);
        retired
    }

    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Bytes on the heap, without the entries.
    pub fn memory(&self) -> usize {
        self.bucket_bytes
            + self.view.as_ref().map_or(0, |view| view.memory())
            + self.segments.capacity() * size_of::<Segment<E>>()
            + self.segments.len() * size_of::<Shape<E>>()
            + self.former.as_ref().map_or(0, |former| size_of_val(&**former) + former.spares.memory())
    }

    #[inline(always)]
    fn shape(&self, position: Position) -> Option<&Shape<E>> {
        // SAFETY: the view is borrowed from its table.
        unsafe { self.view.as_ref()?.shape(position) }
    }

    /// The number of the segment that owns a position.
    fn owner(&self, position: Position) -> Option<usize> {
        self.shape(position).map(Shape::number)
    }

    fn depth(&self) -> u32 {
        self.view.as_ref().map_or(0, |view| view.depth())
    }

    #[inline(always)]
    pub fn find(&self, position: Position, key: &[u8]) -> Option<(Loc, &E)> {
        let shape = self.shape(position)?;
        match shape.find_first(position, key) {
            First::Here(place, entry) => Some((Loc::new(shape.number(), place), entry)),
            First::Nowhere => None,
            First::Elsewhere => {
                let (loc, entry) = self.find_elsewhere(shape, position, key)?;
                Some((loc, entry))
            }
        }
    }

    #[inline(never)]
    fn find_elsewhere<'s>(&'s self, shape: &'s Shape<E>, position: Position, key: &[u8]) -> Option<(Loc, &'s E)> {
        let found = match shape.find(position, key) {
            Ok(found) => found,
            Err(Beyond) => self.segments[shape.number()].find(position, key),
        };
        found.map(|(place, entry)| (Loc::new(shape.number(), place), entry))
    }

    /// The place of the item with these hash bits for which `is_it` holds, without reading what any item owns.
    pub fn find_tagged(&self, tag: u32, is_it: impl Fn(&E) -> bool) -> Option<Loc> {
        let number = self.owner(Position::from_parts(tag, 1))?;
        Some(Loc::new(number, self.segments[number].find_tagged(tag, is_it)?))
    }

    #[inline(always)]
    pub fn prefetch_bucket(&self, position: Position) {
        if let Some(view) = &self.view {
            // SAFETY: the view is borrowed from its table.
            let _ = unsafe { view.sight(position) };
        }
    }

    #[inline(always)]
    pub fn prefetch_entry(&self, position: Position) {
        if let Some(item) = self.shape(position).and_then(|shape| shape.glimpse(position)) {
            item.prefetch();
        }
    }

    #[inline]
    fn bucket(&self, loc: Loc) -> Option<&Bucket<E>> {
        self.segments.get(loc.segment as usize)?.bucket(loc.bucket as usize)
    }

    /// # Panics
    /// If the place is empty: a `Loc` was kept too long.
    #[inline]
    pub fn entry(&self, loc: Loc) -> &E {
        self.bucket(loc).and_then(|bucket| bucket.entry(usize::from(loc.slot))).expect("stale Loc")
    }

    /// The position of an entry.
    ///
    /// # Panics
    /// As [`Table::entry`].
    pub fn position(&self, loc: Loc) -> Position {
        self.bucket(loc).and_then(|bucket| bucket.position(usize::from(loc.slot))).expect("stale Loc")
    }

    /// An entry to change what it owns, but not the word it is.
    ///
    /// # Panics
    /// As [`Table::entry`].
    #[inline]
    pub fn entry_mut(&mut self, loc: Loc) -> &mut E {
        let segment = self.segments.get_mut(loc.segment as usize);
        let bucket = segment.and_then(|segment| segment.bucket_mut(loc.bucket as usize));
        bucket.and_then(|bucket| bucket.entry_mut(usize::from(loc.slot))).expect("stale Loc")
    }

    /// An entry to change in any way: the change may turn it into another word.
    ///
    /// # Panics
    /// As [`Table::entry`].
    #[inline]
    pub fn entry_moving(&mut self, loc: Loc) -> Moving<'_, E> {
        let segment = self.segments.get_mut(loc.segment as usize);
        let bucket = segment.and_then(|segment| segment.bucket_mut(loc.bucket as usize));
        bucket.and_then(|bucket| bucket.entry_moving(usize::from(loc.slot))).expect("stale Loc")
    }

    /// Makes room for one entry at a position; until then the table is as it was.
    pub fn reserve(&mut self, position: Position) -> Result<(), NoMemory> {
        if self.segments.is_empty() {
            self.begin()?;
        }
        loop {
            let Some(number) = self.owner(position) else { return Err(NoMemory) };
            if !self.segments[number].is_full() {
                return Ok(());
            }
            if let Err(error) = self.extend(number) {
                return if self.segments[number].has_vacancy() { Ok(()) } else { Err(error) };
            }
        }
    }

    /// Adds an entry whose key is absent and for whose position room is reserved.
    ///
    /// # Panics
    /// If no room is reserved.
    pub fn insert(&mut self, position: Position, entry: E) -> Loc {
        let number = self.owner(position).expect("room reserved");
        let segment = &mut self.segments[number];
        assert!(segment.has_vacancy(), "room reserved");
        self.len += 1;
        Loc::new(number, segment.place(position, entry))
    }

    /// Takes an entry out and leaves its room reserved.
    ///
    /// # Panics
    /// As [`Table::entry`].
    pub fn detach(&mut self, loc: Loc) -> E {
        let segment = &mut self.segments[loc.segment as usize];
        let entry = segment.remove(loc.place()).expect("stale Loc");
        self.len -= 1;
        entry
    }

    /// Takes an entry out.
    pub fn remove(&mut self, loc: Loc) -> E {
        let start = self.segments[loc.segment as usize].start();
        let entry = self.detach(loc);
        self.tidy(Position::from_cursor(start));
        entry
    }

    /// The first segment of an empty table.
    fn begin(&mut self) -> Result<(), NoMemory> {
        self.segments.try_reserve_exact(1)?;
        if self.is_shared && self.former.is_none() {
            self.former = Some(try_box(Former::default())?);
        }
        let mut none = Spares::freeing();
        let first = Segment::new(self.spares(&mut none).1)?;
        self.view = Some(View::new(0, |_| first.shape())?);
        self.bucket_bytes = first.memory();
        self.segments.push(first);
        self.deepest = 1;
        self.register(0);
        Ok(())
    }

    /// Gives a full segment more room: a larger array, or a split in two.
    #[cold]
    fn extend(&mut self, number: usize) -> Result<(), NoMemory> {
        let segment = &self.segments[number];
        if segment.is_largest() && segment.depth() < u32::from(DEPTH_MAX) {
            let (lower, upper) = segment.halves();
            if lower.min(upper) * SPLIT_BALANCE >= segment.len() {
                return self.split(number);
            }
        }
        let blocks = segment.grown();
        self.rebuild(number, blocks)
    }

    fn rebuild(&mut self, number: usize, blocks: usize) -> Result<(), NoMemory> {
        let mut none = Spares::freeing();
        let (segments, spares) = self.spares(&mut none);
        let segment = &mut segments[number];
        let before = segment.memory();
        let rebuilt = segment.rebuild(blocks, spares);
        self.bucket_bytes = self.bucket_bytes - before + self.segments[number].memory();
        self.register(number);
        rebuilt
    }

    fn split(&mut self, number: usize) -> Result<(), NoMemory> {
        let depth = self.segments[number].depth();
        if depth == self.depth() {
            self.double()?;
        }
        if self.segments.len() == self.segments.capacity() {
            self.segments.try_reserve_exact(1 + self.segments.len() / 4)?;
        }
        let mut none = Spares::freeing();
        let (segments, spares) = self.spares(&mut none);
        let before = segments[number].memory();
        let upper = segments[number].split(spares);
        let upper_bytes = upper.as_ref().map_or(0, Segment::memory);
        self.bucket_bytes = self.bucket_bytes - before + self.segments[number].memory() + upper_bytes;
        // Also after a failure, which may have left more blocks.
        self.register(number);
        let upper = upper?;
        if depth + 1 == self.depth() {
            self.deepest += 2;
        }
        self.segments.push(upper);
        self.register(self.segments.len() - 1);
        Ok(())
    }

    /// Brings the directory up to date with a segment.
    fn register(&mut self, number: usize) {
        self.is_changed = true;
        let segment = &self.segments[number];
        let width_log2 = segment.width().next_power_of_two().trailing_zeros() as u8;
        self.widest_log2 = self.widest_log2.max(width_log2);
        segment.shape().set_number(number);
        if let Some(view) = &self.view {
            let first = Position::from_cursor(segment.start()).prefix(view.depth());
            view.set(first..first + (1 << (view.depth() - segment.depth())), segment.shape());
        }
    }

    /// Doubles the directory.
    fn double(&mut self) -> Result<(), NoMemory> {
        self.set_depth(self.depth() + 1, |place| place / 2)?;
        self.deepest = 0;
        Ok(())
    }

    /// Replaces the directory by one of another depth; `old` tells which place of the old one a new one is.
    fn set_depth(&mut self, depth: u32, old: impl Fn(usize) -> usize) -> Result<(), NoMemory> {
        let Some(view) = &self.view else { return Err(NoMemory) };
        // SAFETY: the view is borrowed from its table.
        let new = View::new(depth, |place| unsafe { view.at(old(place)) }.expect("a place of the old view"))?;
        if let Some(former) = &mut self.former {
            former.views.try_reserve(1)?;
            former.views.extend(self.view.replace(new).map(Retired::View));
        } else {
            self.view = Some(new);
        }
        Ok(())
    }

    /// After a removal: shrinks what has become too large. Lack of memory only means that it stays large.
    pub fn tidy(&mut self, position: Position) {
        if self.is_empty() && !self.is_shared() {
            *self = Self::default();
            return;
        }
        while let Some(number) = self.owner(position) {
            let segment = &self.segments[number];
            if !segment.is_sparse() || self.merge(number).is_none() {
                break;
            }
        }
        if let Some(number) = self.owner(position) {
            let segment = &self.segments[number];
            let blocks = segment.shrunk();
            if segment.is_sparse() && blocks * BLOCK_BUCKETS < segment.width() {
                let _ = self.rebuild(number, blocks);
            }
        }
    }

    /// Merges a segment with its buddy if both together are small.
    fn merge(&mut self, number: usize) -> Option<()> {
        let segment = &self.segments[number];
        let depth = segment.depth();
        let below = depth.checked_sub(1)?;
        let other = segment.start() ^ (1 << (63 - below));
        let buddy = self.owner(Position::from_cursor(other))?;
        if self.segments[buddy].depth() != depth || segment.len() + self.segments[buddy].len() > MERGE_MAX {
            return None;
        }
        let mut none = Spares::freeing();
        let (segments, spares) = self.spares(&mut none);
        let [a, b] = segments.get_disjoint_mut([number, buddy]).ok()?;
        let before = a.memory() + b.memory();
        a.merge(b, spares).ok()?;
        let merged = a.memory();
        self.bucket_bytes = self.bucket_bytes - before + merged;
        self.register(number);
        let empty = self.segments.swap_remove(buddy);
        empty.retire(self.spares(&mut none).1);
        if buddy < self.segments.len() {
            self.register(buddy);
        }
        if depth == self.depth() {
            self.deepest -= 2;
        }
        while self.deepest == 0 && self.depth() > 0 && self.halve().is_ok() {}
        if self.segments.len() < self.segments.capacity() / 4 {
            let twice = self.segments.len() * 2;
            shrink(&mut self.segments, twice);
        }
        Some(())
    }

    /// Halves the directory: no segment needs its last bit.
    fn halve(&mut self) -> Result<(), NoMemory> {
        let depth = self.depth() - 1;
        self.set_depth(depth, |place| 2 * place)?;
        self.deepest = self.segments.iter().filter(|segment| segment.depth() == depth).count() as u32;
        Ok(())
    }

    /// Visits the entries of one home bucket from the cursor (0 at first) on, and returns the cursor to continue
    /// with, `None` at the end. Every entry that is there from the first call to the last is visited exactly once,
    /// whatever is inserted and removed between the calls.
    pub fn scan(&self, cursor: u64, mut f: impl FnMut(Loc)) -> Option<u64> {
        let position = Position::from_cursor(cursor);
        let number = self.owner(position)?;
        self.segments[number].scan(position, |place| f(Loc::new(number, place)))
    }

    /// A random entry, all equally likely (unless hashes collide by the hundreds).
    pub fn random(&self, mut random: impl FnMut() -> u64) -> Option<Loc> {
        // A segment, then a slot out of as many as the widest segment has: an empty or missing slot is a miss.
        let widest = match self.segments.as_slice() {
            [] => return None,
            [only] => only.width(),
            _ => 1 << self.widest_log2,
        };
        for _ in 0..RANDOM_TRIES {
            let bits = random();
            let number = below(bits as u32, self.segments.len());
            let slot = below((bits >> 32) as u32, widest * SLOTS);
            let place = (slot / SLOTS, slot % SLOTS);
            let bucket = self.segments[number].bucket(place.0);
            if bucket.is_some_and(|bucket| bucket.entry(place.1).is_some()) {
                return Some(Loc::new(number, place));
            }
        }
        self.iter().next()
    }

    /// The places of all entries.
    pub fn iter(&self) -> Locs<'_, E> {
        Locs { segments: &self.segments, number: 0, place: (0, 0) }
    }
}

/// Places of entries, segment by segment.
#[derive(Debug)]
pub struct Locs<'t, E> {
    segments: &'t [Segment<E>],
    /// The segment, and the place in it where to look next.
    number: usize,
    place: Place,
}

impl<E: Item> Iterator for Locs<'_, E> {
    type Item = Loc;

    #[inline]
    fn next(&mut self) -> Option<Loc> {
        loop {
            let segment = self.segments.get(self.number)?;
            if let Some(place) = segment.next_place(self.place) {
                self.place = (place.0, place.1 + 1);
                return Some(Loc::new(self.number, place));
            }
            (self.number, self.place) = (self.number + 1, (0, 0));
        }
    }
}

/// Maps a random number to `0..count`.
fn below(random: u32, count: usize) -> usize {
    ((u64::from(random) * count as u64) >> 32) as usize
}
