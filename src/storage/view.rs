//! View: the directory of a table, which is also what can be read of it without its lock: enough to fetch a bucket, and
//! from it an entry, into the cache.
//!
//! ```text
//!  View: depth, shapes[2^depth] ──► Shape of a segment ──► block ──► bucket: marks and words
//! ```
//!
//! Why without the lock: a window of requests is prefetched in two passes before it runs. With a lock round trip for each
//! request in each pass, the locked instructions keep the cache misses of the window from overlapping: a quarter of the
//! CPU time at deep pipelines.
//!
//! What makes it right: the owner of the table changes all of it under the lock, by atomic stores. A reader may see the
//! old state, the new one or a mixture; then it fetches something useless, or nothing. It never sees freed memory: what
//! the table gives up is freed only after every reader that may have seen it has finished ([`Retired`], and
//! `keyspace::readers`, which waits for that). Blocks and shapes that are used again stay blocks and shapes.

use super::bucket::{Bucket, Item};
use super::hash::Position;
use super::memory::{NoMemory, prefetch, try_box};
use super::segment::{Block, Shape};
use std::ops::Range;
use std::sync::atomic::AtomicPtr;
use std::sync::atomic::Ordering::{Acquire, Release};

/// See the module's comment.
#[derive(Debug)]
pub struct View<E> {
    depth: u32,
    /// By the first `depth` bits of a position. Never null; the shapes are owned by the segments.
    shapes: Vec<AtomicPtr<Shape<E>>>,
}

impl<E: Item> View<E> {
    /// A directory of 2^`depth` places; `shape` tells what is in each.
    ///
    /// # Errors
    /// If memory is short.
    pub fn new<'s>(depth: u32, mut shape: impl FnMut(usize) -> &'s Shape<E>) -> Result<Box<Self>, NoMemory>
    where
        E: 's,
    {
        let mut shapes = Vec::new();
        shapes.try_reserve_exact(1 << depth)?;
        shapes.extend((0..1 << depth).map(|place| AtomicPtr::new(std::ptr::from_ref(shape(place)).cast_mut())));
        try_box(Self { depth, shapes })
    }

    #[inline(always)]
    pub fn depth(&self) -> u32 {
        self.depth
    }

    /// Puts a shape into some places.
    pub fn set(&self, places: Range<usize>, shape: &Shape<E>) {
        for place in &self.shapes[places] {
            place.store(std::ptr::from_ref(shape).cast_mut(), Release);
        }
    }

    /// The shape in a place.
    ///
    /// # Safety
    /// The view is borrowed from its table, or the caller is a reader as the module's comment says.
    #[inline(always)]
    pub unsafe fn at(&self, place: usize) -> Option<&Shape<E>> {
        let shape = self.shapes.get(place)?.load(Acquire);
        // SAFETY: never null, and by this function's contract not freed meanwhile.
        Some(unsafe { &*shape })
    }

    /// The shape of the segment that owns a position.
    ///
    /// # Safety
    /// As [`View::at`].
    #[inline(always)]
    pub unsafe fn shape(&self, position: Position) -> Option<&Shape<E>> {
        // SAFETY: by this function's contract.
        unsafe { self.at(position.prefix(self.depth)) }
    }

    /// Starts loading the bucket of a position.
    ///
    /// # Safety
    /// As [`View::at`], as long as what this returns lives.
    #[inline(always)]
    pub unsafe fn sight(&self, position: Position) -> Option<Sight<'_, E>> {
        // SAFETY: by this function's contract.
        let shape = unsafe { self.shape(position)? };
        let bucket = shape.bucket(shape.home(position).0)?;
        prefetch(std::ptr::from_ref(bucket).cast());
        Some(Sight { shape, bucket, position })
    }

    /// Bytes on the heap.
    pub fn memory(&self) -> usize {
        size_of::<Self>() + self.shapes.capacity() * size_of::<usize>()
    }
}

/// The home bucket of a position.
#[derive(Debug)]
pub struct Sight<'v, E> {
    shape: &'v Shape<E>,
    bucket: &'v Bucket<E>,
    position: Position,
}

impl<E: Item> Sight<'_, E> {
    /// Starts loading the item that a search for this position would compare first, if it is in its home bucket. If it may be
    /// in the buckets behind, starts loading those and returns false: then comes [`Sight::prefetch_beyond`].
    #[inline(always)]
    pub fn prefetch_item(&self) -> bool {
        match self.bucket.glimpse(self.position) {
            Some(item) => item.prefetch(),
            None if self.bucket.overflow() == 0 => {}
            None => {
                for bucket in self.shape.behind_home(self.position) {
                    prefetch(std::ptr::from_ref(bucket).cast());
                }
                return false;
            }
        }
        true
    }

    /// Starts loading the item, if it is in a bucket near behind its home.
    pub fn prefetch_beyond(&self) {
        if let Some(item) = self.shape.glimpse_behind(self.position) {
            item.prefetch();
        }
    }
}

/// What a table no longer uses but a reader may still look at; to be dropped when none can any more.
#[derive(Debug)]
pub enum Retired<E> {
    View(Box<View<E>>),
    #[expect(clippy::vec_box, reason = "a block keeps its address until it is dropped")]
    Blocks(Vec<Box<Block<E>>>),
}

#[cfg(test)]
mod tests {
    use super::super::table::Table;
    use super::super::testing::Rng;
    use super::super::{Entry, NewValue, Nothing};
    use super::*;

    /// What the view shows of the items in the table.
    fn shown(table: &Table<Entry<Nothing>>, positions: &[Position]) -> usize {
        let view = table.view().expect("the table is not empty");
        // SAFETY: the view is borrowed from its table.
        let sights = positions.iter().filter_map(|&position| unsafe { view.sight(position) });
        let is_shown = |sight: &Sight<Entry<Nothing>>| {
            let beyond = || sight.shape.glimpse_behind(sight.position);
            sight.bucket.glimpse(sight.position).or_else(beyond).is_some_and(|item| item.tag() == sight.position.tag())
        };
        sights.filter(is_shown).count()
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
            assert!(shown * 100 >= target * 97, "{shown} of {target} items");
        }
        assert!(retired.iter().any(|retired| matches!(retired, Retired::View(_))));
        assert!(retired.iter().any(|retired| matches!(retired, Retired::Blocks(_))));
        let absent: Vec<Position> = (0..1000).map(|_| Position::from_cursor(rng.next())).collect();
        assert!(shown(&table, &absent) < 5);
    }
}
