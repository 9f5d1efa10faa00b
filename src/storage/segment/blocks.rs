//! Blocks: the buckets of one segment, in pieces of one size.
//!
//! Why pieces: all tables of a store grow in step, as their keys are spread evenly. Were each an array, every
//! step would leave the allocator's pages of the former size half empty: 6 bytes per key, measured. And a
//! segment that grows or splits keeps its blocks: nothing is freed while a store grows.
//!
//! The pointers of the first eight are in the list itself, so that finding a bucket reads one cache line of the
//! segment and then the bucket. More than eight are needed only where hashes collide by the hundreds.

use super::super::bucket::Bucket;
use super::super::memory::NoMemory;
use std::mem::size_of;

/// Buckets of a block. 512 bytes: every allocator has that class and aligns it without waste.
pub const BLOCK_BUCKETS: usize = 8;
/// Blocks in the list itself.
pub const FIRST_BLOCKS: usize = 8;

pub type Block<E> = [Bucket<E>; BLOCK_BUCKETS];

/// See the module's comment.
#[derive(Debug)]
#[repr(C)]
pub struct Blocks<E> {
    first: [Option<Box<Block<E>>>; FIRST_BLOCKS],
    #[expect(clippy::box_collection, reason = "8 bytes instead of 24 in every segment that has none")]
    more: Option<Box<Vec<Box<Block<E>>>>>,
    len: u32,
}

impl<E> Default for Blocks<E> {
    fn default() -> Self {
        const { assert!(size_of::<Block<E>>() == 512 && size_of::<Self>() == 80) };
        Self { first: [const { None }; FIRST_BLOCKS], more: None, len: 0 }
    }
}

/// Blocks that no segment uses any more, given out again before new ones are made.
///
/// Whoever prefetches may still look into them, so they stay what they are: a block is freed only with its table, or
/// as surplus, which the table's owner frees when nobody looks any more.
#[derive(Debug)]
pub struct Spares<E> {
    blocks: Vec<Box<Block<E>>>,
    keeps: bool,
}

impl<E> Spares<E> {
    /// Keeps what it gets, until it is taken.
    pub const fn keeping() -> Self {
        Self { blocks: Vec::new(), keeps: true }
    }

    /// Frees what it gets.
    pub const fn freeing() -> Self {
        Self { blocks: Vec::new(), keeps: false }
    }

    fn give(&mut self, block: Box<Block<E>>) {
        if self.keeps {
            self.blocks.push(block);
        }
    }

    fn get(&mut self) -> Result<Box<Block<E>>, NoMemory> {
        if let Some(block) = self.blocks.pop() {
            return Ok(block);
        }
        let mut buckets = Vec::new();
        buckets.try_reserve_exact(BLOCK_BUCKETS)?;
        buckets.resize_with(BLOCK_BUCKETS, Bucket::default);
        buckets.into_boxed_slice().try_into().map_err(|_| NoMemory)
    }

    /// Bytes of all blocks.
    #[inline]
    pub fn block_bytes(&self) -> usize {
        self.blocks.len() * size_of::<Block<E>>()
    }

    /// All blocks.
    pub fn take(&mut self) -> Vec<Box<Block<E>>> {
        std::mem::take(&mut self.blocks)
    }

    /// Bytes on the heap.
    pub fn memory(&self) -> usize {
        self.block_bytes() + self.blocks.capacity() * size_of::<usize>()
    }
}

impl<E> Blocks<E> {
    /// An empty list to which `blocks` can be pushed.
    pub fn with_capacity(blocks: usize) -> Result<Self, NoMemory> {
        let mut list = Self::default();
        list.reserve(blocks.saturating_sub(FIRST_BLOCKS))?;
        Ok(list)
    }

    /// Makes room for so many blocks after the first ones.
    fn reserve(&mut self, more: usize) -> Result<(), NoMemory> {
        if more > 0 {
            let list = self.more.get_or_insert_default();
            list.try_reserve_exact(more.saturating_sub(list.len()))?;
        }
        Ok(())
    }

    /// Number of blocks.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.len as usize
    }

    /// Number of buckets.
    #[inline(always)]
    pub fn width(&self) -> usize {
        self.len() * BLOCK_BUCKETS
    }

    #[inline(always)]
    pub fn bucket(&self, bucket: usize) -> Option<&Bucket<E>> {
        let (block, bucket) = (bucket / BLOCK_BUCKETS, bucket % BLOCK_BUCKETS);
        match self.first.get(block) {
            Some(first) => first.as_ref().map(|block| &block[bucket]),
            None => Some(&self.more.as_ref()?.get(block - FIRST_BLOCKS)?[bucket]),
        }
    }

    #[inline]
    pub fn bucket_mut(&mut self, bucket: usize) -> Option<&mut Bucket<E>> {
        let (block, bucket) = (bucket / BLOCK_BUCKETS, bucket % BLOCK_BUCKETS);
        match self.first.get_mut(block) {
            Some(first) => first.as_mut().map(|block| &mut block[bucket]),
            None => Some(&mut self.more.as_mut()?.get_mut(block - FIRST_BLOCKS)?[bucket]),
        }
    }

    /// All buckets in order.
    pub fn iter(&self) -> impl Iterator<Item = &Bucket<E>> {
        let more = self.more.iter().flat_map(|more| more.iter());
        self.first.iter().flatten().chain(more).flat_map(|block| block.iter())
    }

    /// All buckets in order.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Bucket<E>> {
        let more = self.more.iter_mut().flat_map(|more| more.iter_mut());
        self.first.iter_mut().flatten().chain(more).flat_map(|block| block.iter_mut())
    }

    /// Adds a block, for which there is room.
    pub fn push(&mut self, block: Box<Block<E>>) {
        match self.first.get_mut(self.len as usize) {
            Some(place) => *place = Some(block),
            None => self.more.get_or_insert_default().push(block),
        }
        self.len += 1;
    }

    pub fn pop(&mut self) -> Option<Box<Block<E>>> {
        let last = self.len().checked_sub(1)?;
        let block = match self.first.get_mut(last) {
            Some(place) => place.take(),
            None => self.more.as_mut().and_then(|more| more.pop()),
        };
        if last <= FIRST_BLOCKS {
            self.more = None;
        }
        self.len -= 1;
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
            self.push(spares.get()?);
        }
        Ok(())
    }

    /// The first blocks, for those who look without the lock.
    pub fn first(&self) -> &[Option<Box<Block<E>>>; FIRST_BLOCKS] {
        &self.first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bucket_is_found_at_every_length() {
        let mut blocks = Blocks::<std::num::NonZeroU64>::default();
        for len in [1, 8, 9, 20, 8, 3, 12, 0] {
            blocks.resize(len, &mut Spares::freeing()).unwrap();
            assert_eq!((blocks.len(), blocks.iter().count()), (len, blocks.width()));
            let in_order = blocks.iter().enumerate();
            assert!(
                in_order.into_iter().all(|(at, bucket)| blocks.bucket(at).is_some_and(|b| std::ptr::eq(b, bucket)))
            );
            assert!(blocks.bucket(blocks.width()).is_none());
        }
    }
}
