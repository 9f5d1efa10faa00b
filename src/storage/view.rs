//! View: what of a table can be read without its lock: enough to fetch a bucket, and from it an entry, into the cache.
//!
//! ```text
//!  root ──► View: depth, shapes[2^depth] ──► Shape of a segment ──► block ──► bucket: marks and words
//! ```
//!
//! Why: a window of requests is prefetched in two passes before it runs. With a lock round trip for each request in each
//! pass, the locked instructions keep the cache misses of the window from overlapping: a quarter of the CPU time at deep
//! pipelines.
//!
//! What makes it right: the owner of the table changes all of it under the lock, by atomic stores. A reader may see the
//! old state, the new one or a mixture; then it fetches something useless, or nothing. It never sees freed memory: what
//! the table gives up is freed only after every reader that may have seen it has finished ([`Retired`], and
//! `keyspace::readers`, which waits for that). Blocks and shapes that are used again stay blocks and shapes.

use super::bucket::{Bucket, Item};
use super::hash::Position;
use super::memory::{NoMemory, prefetch};
use super::segment::{BLOCK_BUCKETS, Block, FIRST_BLOCKS, Segment};
use std::mem::ManuallyDrop;
use std::ops::Range;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicPtr, AtomicU32};

/// How positions map to the buckets of one segment.
#[derive(Debug)]
pub struct Shape<E> {
    /// Number of blocks, depth in the low byte: in one word, so that they fit each other.
    size: AtomicU32,
    /// Null where there is no block. A segment with more blocks than these, which only colliding hashes make, is not
    /// prefetched beyond them.
    blocks: [AtomicPtr<Block<E>>; FIRST_BLOCKS],
}

impl<E> Default for Shape<E> {
    fn default() -> Self {
        Self { size: AtomicU32::new(0), blocks: [const { AtomicPtr::new(std::ptr::null_mut()) }; FIRST_BLOCKS] }
    }
}

impl<E: Item> Shape<E> {
    /// Shows the present state of a segment.
    fn show(&self, segment: &Segment<E>) {
        let (blocks, count, depth) = segment.shape();
        for (shown, block) in self.blocks.iter().zip(blocks) {
            let pointer = block.as_deref().map_or(std::ptr::null(), std::ptr::from_ref);
            shown.store(pointer.cast_mut(), Release);
        }
        self.size.store((count as u32) << 8 | depth, Release);
    }

    #[inline(always)]
    fn home(&self, position: Position) -> (usize, usize) {
        let size = self.size.load(Relaxed);
        let width = (size >> 8) as usize * BLOCK_BUCKETS;
        (position.scale(size & 0xFF, width), width)
    }

    #[inline(always)]
    fn bucket(&self, bucket: usize) -> Option<*const Bucket<E>> {
        let block = self.blocks.get(bucket / BLOCK_BUCKETS)?.load(Acquire);
        // Only the address: nothing is read here.
        (!block.is_null()).then(|| block.cast::<Bucket<E>>().wrapping_add(bucket % BLOCK_BUCKETS).cast_const())
    }
}

/// See the module's comment.
#[derive(Debug)]
pub struct View<E> {
    depth: u32,
    /// Never null; they live as long as the view or are [`Retired`].
    shapes: Vec<AtomicPtr<Shape<E>>>,
}

impl<E: Item> View<E> {
    /// Starts loading the bucket of a position.
    ///
    /// # Safety
    /// The view is borrowed from its table, or the caller is a reader as the module's comment says.
    #[inline(always)]
    pub unsafe fn prefetch_bucket(&self, position: Position) {
        let Some(shape) = self.shape(position) else { return };
        // SAFETY: by this function's contract the shape is not freed meanwhile.
        let shape = unsafe { &*shape };
        if let Some(bucket) = shape.bucket(shape.home(position).0) {
            prefetch(bucket.cast());
        }
    }

    /// A copy of the item that a search for this position would compare first, to call [`Item::prefetch`] on; `None` if it
    /// is far from home.
    ///
    /// # Safety
    /// As [`View::prefetch_bucket`].
    #[inline(always)]
    pub unsafe fn glimpse(&self, position: Position) -> Option<ManuallyDrop<E>> {
        // SAFETY: by this function's contract the shape is not freed meanwhile.
        let shape = unsafe { &*self.shape(position)? };
        let (home, width) = shape.home(position);
        // SAFETY: by this function's contract the block is not freed meanwhile, and all of it is atomic.
        let bucket = unsafe { &*shape.bucket(home)? };
        if let Some(item) = bucket.glimpse(position) {
            return Some(item);
        }
        if bucket.overflow() == 0 {
            return None;
        }
        // SAFETY: as above.
        unsafe { &*shape.bucket(if home + 1 >= width { 0 } else { home + 1 })? }.glimpse(position)
    }

    #[inline(always)]
    fn shape(&self, position: Position) -> Option<*const Shape<E>> {
        Some(self.shapes.get(position.prefix(self.depth))?.load(Acquire).cast_const())
    }
}

/// What a table no longer uses but a reader may still look at; to be dropped when none can any more.
#[derive(Debug)]
pub enum Retired<E> {
    View(Box<View<E>>),
    Blocks(Vec<Box<Block<E>>>),
}

/// The view of a table and all that belongs to it, kept up to date by the table.
#[derive(Debug)]
pub struct Shared<E> {
    /// `None` when there was no memory for it: then nothing is prefetched.
    view: Option<Box<View<E>>>,
    /// By segment number.
    shapes: Vec<Box<Shape<E>>>,
    spare_shapes: Vec<Box<Shape<E>>>,
    retired: Vec<Retired<E>>,
}

impl<E> Default for Shared<E> {
    fn default() -> Self {
        Self { view: None, shapes: Vec::new(), spare_shapes: Vec::new(), retired: Vec::new() }
    }
}

impl<E: Item> Shared<E> {
    /// The view to publish.
    #[inline]
    pub fn view(&self) -> Option<&View<E>> {
        self.view.as_deref()
    }

    /// Makes room for the shape of one more segment; to be called before there is one.
    pub fn reserve(&mut self) -> Result<(), NoMemory> {
        self.shapes.try_reserve(1)?;
        if self.spare_shapes.is_empty() {
            self.spare_shapes.try_reserve(1)?;
            self.spare_shapes.push(Box::default());
        }
        Ok(())
    }

    /// Shows segment `number`, which may be the next new one, at its places of the directory.
    pub fn register(&mut self, number: usize, segment: &Segment<E>, owned: Range<usize>) {
        if number == self.shapes.len() {
            self.shapes.push(self.spare_shapes.pop().unwrap_or_default());
        }
        let shape = &*self.shapes[number];
        shape.show(segment);
        if let Some(view) = &self.view {
            for place in &view.shapes[owned] {
                place.store(std::ptr::from_ref(shape).cast_mut(), Release);
            }
        }
    }

    /// Segment `number` goes, and the last one takes its number.
    pub fn swap_remove(&mut self, number: usize) {
        let shape = self.shapes.swap_remove(number);
        self.spare_shapes.push(shape);
    }

    /// Replaces the view by one of another depth; `owner` tells the segment of each place.
    pub fn set_depth(&mut self, depth: u32, owner: impl Fn(usize) -> usize) {
        let mut shapes = Vec::new();
        let view = shapes.try_reserve_exact(1 << depth).is_ok().then(|| {
            shapes.extend((0..1 << depth).map(|place| {
                let shape =
                    self.shapes.get(owner(place)).map_or(std::ptr::null(), |shape| std::ptr::from_ref(&**shape));
                AtomicPtr::new(shape.cast_mut())
            }));
            Box::new(View { depth, shapes })
        });
        if let Some(old) = std::mem::replace(&mut self.view, view) {
            self.retired.push(Retired::View(old));
        }
    }

    /// Something waits to be dropped.
    #[inline]
    pub fn has_retired(&self) -> bool {
        !self.retired.is_empty()
    }

    /// What waits to be dropped.
    pub fn take_retired(&mut self) -> Vec<Retired<E>> {
        std::mem::take(&mut self.retired)
    }

    /// Bytes on the heap.
    pub fn memory(&self) -> usize {
        let shapes = (self.shapes.len() + self.spare_shapes.len()) * size_of::<Shape<E>>();
        let pointers = self.shapes.capacity() + self.spare_shapes.capacity();
        let view =
            self.view.as_ref().map_or(0, |view| size_of::<View<E>>() + view.shapes.capacity() * size_of::<usize>());
        size_of::<Self>() + shapes + pointers * size_of::<usize>() + view
    }
}

#[cfg(test)]
mod tests {
    use super::super::table::Table;
    use super::super::testing::Rng;
    use super::super::{Entry, NewValue, Nothing};
    use super::*;

    /// What the view shows of the items in the table.
    fn shown(table: &Table<Entry<Nothing>>, positions: &[Position]) -> usize {
        let view = table.view().expect("there is memory for it");
        // SAFETY: the view is borrowed from its table.
        let glimpses = positions.iter().map(|&position| (position, unsafe { view.glimpse(position) }));
        glimpses.filter(|(position, item)| item.as_ref().is_some_and(|item| item.tag() == position.tag())).count()
    }

    #[test]
    fn shows_the_table_while_it_grows_and_shrinks() {
        let mut rng = Rng::from_env();
        let mut table = Table::<Entry<Nothing>>::shared();
        assert!(table.view().is_none());
        let mut positions = Vec::new();
        let mut retired = Vec::new();
        for target in [1, 50, 4000, 100, 9000, 0, 300] {
            while positions.len() < target {
                let position = Position::from_cursor(rng.next());
                table.reserve(position).unwrap();
                table.insert(position, Entry::new(position.tag(), b"key", NewValue::Int(1)).unwrap());
                positions.push(position);
            }
            while positions.len() > target {
                let position = positions.swap_remove(rng.below(positions.len() as u64) as usize);
                let loc = table.find_tagged(position.tag(), |entry| entry.tag() == position.tag()).unwrap();
                table.remove(loc);
            }
            // What is retired stays readable until it is dropped.
            retired.extend(table.take_retired());
            assert!(!table.has_retired());
            let shown = shown(&table, &positions);
            assert!(shown * 100 >= target * 95, "{shown} of {target} items");
        }
        assert!(retired.iter().any(|retired| matches!(retired, Retired::View(_))));
        assert!(retired.iter().any(|retired| matches!(retired, Retired::Blocks(_))));
        let absent: Vec<Position> = (0..1000).map(|_| Position::from_cursor(rng.next())).collect();
        assert!(shown(&table, &absent) < 5);
    }
}
