//! Blocks: the buckets of one segment, in pieces of one size.
//!
//! Why pieces: all tables of a store grow in step, as their keys are spread evenly. Were each an array, every
//! step would leave the allocator's pages of the former size half empty: 6 bytes per key, measured. And a
//! segment that grows or splits keeps its blocks: nothing is freed while a store grows.
//!
//! The pointers of the first seven are in the [`Shape`], one cache line from which a lookup, and whoever prefetches
//! without the lock, gets to the bucket. More than seven are needed only where hashes collide by the hundreds.

use super::super::bucket::{Bucket, Item};
use super::super::hash::Position;
use super::super::memory::{NoMemory, try_box, try_box_beside_entries};
use super::super::pace;
use std::mem::{ManuallyDrop, size_of};
use std::ptr::{self, NonNull};
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicPtr, AtomicU32};

/// Buckets of a block. 512 bytes: every allocator has that class and aligns it without waste.
pub const BLOCK_BUCKETS: usize = 8;
/// Blocks whose pointers are in the shape.
pub const FIRST_BLOCKS: usize = 7;
/// Buckets behind its home in which an item is looked for before it is needed. Of the one in eight that is not at home in a
/// full segment, half are in the next bucket, one in eight beyond the fourth.
const NEAR: usize = 4;

pub type Block<E> = [Bucket<E>; BLOCK_BUCKETS];

/// How positions map to the buckets of one segment, in one cache line. All of it is atomic, as with
/// [`Bucket`]: the holder of the lock changes it, others read it.
#[derive(Debug)]
#[repr(C, align(64))]
pub struct Shape<E> {
    /// Number of blocks, depth in the low byte: in one word, so that they fit each other.
    size: AtomicU32,
    /// The segment it belongs to.
    number: AtomicU32,
    /// Owned; null where there is none.
    first: [AtomicPtr<Block<E>>; FIRST_BLOCKS],
}

impl<E> Default for Shape<E> {
    fn default() -> Self {
        const { assert!(size_of::<Self>() == 64 && size_of::<Block<E>>() == 512) };
        let first = [const { AtomicPtr::new(ptr::null_mut()) }; FIRST_BLOCKS];
        Self { size: AtomicU32::new(0), number: AtomicU32::new(0), first }
    }
}

impl<E> Shape<E> {
    #[inline(always)]
    fn size(&self) -> (usize, u32) {
        let size = self.size.load(Relaxed);
        ((size >> 8) as usize, size & 0xFF)
    }

    fn set_size(&self, blocks: usize, depth: u32) {
        self.size.store((blocks as u32) << 8 | depth, Release);
    }

    /// The number of the segment.
    #[inline(always)]
    pub fn number(&self) -> usize {
        self.number.load(Relaxed) as usize
    }

    pub fn set_number(&self, number: usize) {
        self.number.store(number as u32, Relaxed);
    }

    /// The home bucket of a position, and the number of buckets.
    #[inline(always)]
    pub fn home(&self, position: Position) -> (usize, usize) {
        let (blocks, depth) = self.size();
        let width = blocks * BLOCK_BUCKETS;
        (position.scale(depth, width), width)
    }

    /// A bucket of one of the first blocks.
    #[inline(always)]
    pub fn bucket(&self, bucket: usize) -> Option<&Bucket<E>> {
        let block = self.first.get(bucket / BLOCK_BUCKETS)?.load(Acquire);
        // SAFETY: the shape owns the block. Without the lock, a block that was given up meanwhile is still a block:
        // see `Spares`. All of a bucket that changes is atomic.
        unsafe { block.as_ref() }.map(|block| &block[bucket % BLOCK_BUCKETS])
    }

    /// A bucket of one of the first blocks.
    #[inline(always)]
    fn bucket_mut(&mut self, bucket: usize) -> Option<&mut Bucket<E>> {
        let block = *self.first.get_mut(bucket / BLOCK_BUCKETS)?.get_mut();
        // SAFETY: the shape owns the block, and &mut self is exclusive among those who hold the lock.
        unsafe { block.as_mut() }.map(|block| &mut block[bucket % BLOCK_BUCKETS])
    }

    /// Exchanges one of the first blocks.
    fn replace(&self, place: usize, block: Option<Box<Block<E>>>) -> Option<Box<Block<E>>> {
        let new = block.map_or(ptr::null_mut(), Box::into_raw);
        let old = NonNull::new(self.first[place].swap(new, Release))?;
        // SAFETY: the pointer came from into_raw here, and the shape owned it until just now.
        Some(unsafe { Box::from_raw(old.as_ptr()) })
    }
}

impl<E: Item> Shape<E> {
    /// A copy of the item that a search for this position would compare first, to call [`Item::prefetch`] on; `None` if it
    /// is far from home. Also without the lock.
    #[inline(always)]
    pub fn glimpse(&self, position: Position) -> Option<ManuallyDrop<E>> {
        let home = self.bucket(self.home(position).0)?;
        home.glimpse(position).or_else(|| (home.overflow() > 0).then(|| self.glimpse_behind(position))?)
    }

    /// [`Shape::glimpse`] of what is not in its home bucket.
    pub fn glimpse_behind(&self, position: Position) -> Option<ManuallyDrop<E>> {
        for bucket in self.behind_home(position) {
            let item = bucket.glimpse(position);
            if item.is_some() || bucket.overflow() == 0 {
                return item;
            }
        }
        None
    }

    /// Where nearly all items are that found no place in their home bucket.
    pub fn behind_home(&self, position: Position) -> impl Iterator<Item = &Bucket<E>> {
        let (home, width) = self.home(position);
        (home + 1..=home + NEAR).map_while(move |at| self.bucket(if at < width { at } else { at - width }))
    }
}

impl<E> Drop for Shape<E> {
    fn drop(&mut self) {
        pace::step();
        (0..FIRST_BLOCKS).for_each(|place| drop(self.replace(place, None)));
    }
}

/// See the module's comment.
#[derive(Debug)]
pub struct Blocks<E> {
    shape: Box<Shape<E>>,
    #[expect(clippy::box_collection, reason = "8 bytes instead of 24 in every segment that has none")]
    more: Option<Box<Vec<Box<Block<E>>>>>,
}

/// Blocks and shapes that no segment uses any more, given out again before new ones are made.
///
/// Whoever prefetches may still look into them, so they stay what they are: they are freed only with their table, or
/// as surplus, which the table's owner frees when nobody looks any more.
#[derive(Debug)]
pub struct Spares<E> {
    #[expect(clippy::vec_box, reason = "a block keeps its address: prefetching may still look at it")]
    blocks: Vec<Box<Block<E>>>,
    #[expect(clippy::vec_box, reason = "as for blocks")]
    shapes: Vec<Box<Shape<E>>>,
    keeps: bool,
}

impl<E> Spares<E> {
    /// Keeps what it gets, until it is taken.
    pub const fn keeping() -> Self {
        Self { blocks: Vec::new(), shapes: Vec::new(), keeps: true }
    }

    /// Frees what it gets.
    pub const fn freeing() -> Self {
        Self { blocks: Vec::new(), shapes: Vec::new(), keeps: false }
    }

    fn give(&mut self, block: Box<Block<E>>) {
        if !self.keeps {
            return;
        }
        if self.blocks.try_reserve(1).is_err() {
            // Nobody may free it now, and there is no place to keep it: a leak, but only where memory has run out.
            Box::leak(block);
            return;
        }
        self.blocks.push(block);
    }

    fn block(&mut self) -> Result<Box<Block<E>>, NoMemory> {
        if let Some(block) = self.blocks.pop() {
            return Ok(block);
        }
        try_box_beside_entries(std::array::from_fn(|_| Bucket::default()))
    }

    fn shape(&mut self) -> Result<Box<Shape<E>>, NoMemory> {
        self.shapes.pop().map_or_else(|| try_box(Shape::default()), Ok)
    }

    /// Bytes of all blocks.
    #[inline]
    pub fn block_bytes(&self) -> usize {
        self.blocks.len() * size_of::<Block<E>>()
    }

    /// All blocks.
    #[expect(clippy::vec_box, reason = "as for the field")]
    pub fn take_blocks(&mut self) -> Vec<Box<Block<E>>> {
        std::mem::take(&mut self.blocks)
    }

    /// Bytes on the heap.
    pub fn memory(&self) -> usize {
        let pointers = self.blocks.capacity() + self.shapes.capacity();
        self.block_bytes() + self.shapes.len() * size_of::<Shape<E>>() + pointers * size_of::<usize>()
    }
}

impl<E> Blocks<E> {
    /// An empty list to which `blocks` can be pushed.
    pub fn with_capacity(blocks: usize, spares: &mut Spares<E>) -> Result<Self, NoMemory> {
        let mut list = Self { shape: spares.shape()?, more: None };
        list.shape.set_size(0, 0);
        list.reserve(blocks.saturating_sub(FIRST_BLOCKS))?;
        Ok(list)
    }

    /// Makes room for so many blocks after the first ones.
    fn reserve(&mut self, more: usize) -> Result<(), NoMemory> {
        if more > 0 {
            let list = match &mut self.more {
                Some(list) => list,
                none => none.insert(try_box(Vec::new())?),
            };
            list.try_reserve_exact(more.saturating_sub(list.len()))?;
        }
        Ok(())
    }

    /// What others may look at.
    #[inline(always)]
    pub fn shape(&self) -> &Shape<E> {
        &self.shape
    }

    /// Number of blocks.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.shape.size().0
    }

    /// Hash bits that all positions here share.
    #[inline(always)]
    pub fn depth(&self) -> u32 {
        self.shape.size().1
    }

    pub fn set_depth(&mut self, depth: u32) {
        self.shape.set_size(self.len(), depth);
    }

    /// Number of buckets.
    #[inline(always)]
    pub fn width(&self) -> usize {
        self.len() * BLOCK_BUCKETS
    }

    #[inline(always)]
    pub fn bucket(&self, bucket: usize) -> Option<&Bucket<E>> {
        if bucket < FIRST_BLOCKS * BLOCK_BUCKETS {
            return self.shape.bucket(bucket);
        }
        let (block, bucket) = (bucket / BLOCK_BUCKETS, bucket % BLOCK_BUCKETS);
        Some(&self.more.as_ref()?.get(block - FIRST_BLOCKS)?[bucket])
    }

    #[inline(always)]
    pub fn bucket_mut(&mut self, bucket: usize) -> Option<&mut Bucket<E>> {
        if bucket < FIRST_BLOCKS * BLOCK_BUCKETS {
            return self.shape.bucket_mut(bucket);
        }
        let (block, bucket) = (bucket / BLOCK_BUCKETS, bucket % BLOCK_BUCKETS);
        Some(&mut self.more.as_mut()?.get_mut(block - FIRST_BLOCKS)?[bucket])
    }

    /// All buckets in order.
    pub fn iter(&self) -> impl Iterator<Item = &Bucket<E>> {
        (0..self.width()).filter_map(|bucket| self.bucket(bucket))
    }

    /// Adds a block, for which there is room.
    pub fn push(&mut self, block: Box<Block<E>>) {
        let (len, depth) = self.shape.size();
        if len < FIRST_BLOCKS {
            self.shape.replace(len, Some(block));
        } else {
            self.more.get_or_insert_default().push(block);
        }
        self.shape.set_size(len + 1, depth);
    }

    pub fn pop(&mut self) -> Option<Box<Block<E>>> {
        let (len, depth) = self.shape.size();
        let last = len.checked_sub(1)?;
        self.shape.set_size(last, depth);
        let block = if last < FIRST_BLOCKS {
            self.shape.replace(last, None)
        } else {
            self.more.as_mut().and_then(|more| more.pop())
        };
        if last <= FIRST_BLOCKS {
            self.more = None;
        }
        block
    }

    /// Gives up the blocks after the first `blocks`, which are empty.
    pub fn truncate(&mut self, blocks: usize, spares: &mut Spares<E>) {
        while self.len() > blocks
            && let Some(block) = self.pop()
        {
            spares.give(block);
        }
    }

    /// Gives up empty blocks or adds some; after a failure there are as many as before or some more.
    pub fn resize(&mut self, blocks: usize, spares: &mut Spares<E>) -> Result<(), NoMemory> {
        self.truncate(blocks, spares);
        self.reserve(blocks.saturating_sub(FIRST_BLOCKS))?;
        while self.len() < blocks {
            self.push(spares.block()?);
        }
        Ok(())
    }

    /// Gives up all, which is empty.
    pub fn retire(mut self, spares: &mut Spares<E>) {
        self.truncate(0, spares);
        if !spares.keeps {
            return;
        }
        if spares.shapes.try_reserve(1).is_err() {
            // As in `give`.
            Box::leak(self.shape);
            return;
        }
        spares.shapes.push(self.shape);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bucket_is_found_at_every_length() {
        let mut spares = Spares::freeing();
        let mut blocks = Blocks::<NonZeroWord>::with_capacity(1, &mut spares).unwrap();
        for len in [1, 7, 8, 9, 20, 8, 3, 12, 0] {
            blocks.resize(len, &mut spares).unwrap();
            assert_eq!((blocks.len(), blocks.iter().count()), (len, blocks.width()));
            let mut in_order = blocks.iter().enumerate();
            assert!(in_order.all(|(at, bucket)| blocks.bucket(at).is_some_and(|b| ptr::eq(b, bucket))));
            assert!(blocks.bucket(blocks.width()).is_none());
        }
    }

    type NonZeroWord = std::num::NonZeroU64;
}
