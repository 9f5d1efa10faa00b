//! Index: the blocks of a stream in the order of their ids: a B-tree of two levels.
//!
//! Blocks sit in leaves of at most [`LEAF_MAX`]; the leaves, each with the id it begins with, in one ring. Ids only
//! grow, so leaves are filled to the brim, and trimming drops whole leaves from the front. Two levels suffice: the ring
//! of a stream of 100 million entries is shorter than a megabyte, and growing it copies no block.
//!
//! Invariants: no leaf is empty; a leaf's `first` is not above its first block's; blocks ascend. Cost: finding is two
//! binary searches; appending and dropping at the front O(1); removing in the middle moves at most half a leaf
//! and, if the leaf becomes empty, half the ring.

use super::block::Block;
use super::id::Id;
use crate::storage::pace::Step;
use crate::storage::{NoMemory, shrink, shrink_ring, size_class};
use smallvec::SmallVec;
use std::collections::VecDeque;

/// Blocks of a leaf.
const LEAF_MAX: usize = 64;

#[derive(Debug)]
struct Leaf {
    first: Id,
    blocks: Vec<Block>,
    _step: Step,
}

/// Where a block is. Good until the next change of the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    leaf: usize,
    block: usize,
}

/// See the module's comment.
#[derive(Debug, Default)]
pub struct Index {
    leaves: VecDeque<Leaf>,
    blocks: usize,
    /// Bytes of leaves and blocks, without the ring.
    leaf_bytes: usize,
}

fn leaf_memory(leaf: &Leaf) -> usize {
    size_class(leaf.blocks.capacity() * size_of::<Block>())
}

impl Index {
    /// How many blocks there are.
    pub fn len(&self) -> usize {
        self.blocks
    }

    pub fn is_empty(&self) -> bool {
        self.blocks == 0
    }

    /// Bytes on the heap, as the allocator rounds them.
    pub fn memory(&self) -> usize {
        self.leaf_bytes + size_class(self.leaves.capacity() * size_of::<Leaf>())
    }

    /// [`Index::memory`], counted.
    #[cfg(test)]
    pub fn recounted(&self) -> usize {
        let leaves = self.leaves.iter().map(leaf_memory).sum::<usize>();
        let blocks = self.iter().map(Block::memory).sum::<usize>();
        leaves + blocks + size_class(self.leaves.capacity() * size_of::<Leaf>())
    }

    pub fn get(&self, place: Place) -> Option<&Block> {
        self.leaves.get(place.leaf)?.blocks.get(place.block)
    }

    /// Changes a block; what it takes is counted anew.
    pub fn change<T>(&mut self, place: Place, change: impl FnOnce(&mut Block) -> T) -> Option<T> {
        let block = self.leaves.get_mut(place.leaf)?.blocks.get_mut(place.block)?;
        let before = block.memory();
        let result = change(block);
        self.leaf_bytes = self.leaf_bytes - before + block.memory();
        Some(result)
    }

    pub fn first(&self) -> Option<Place> {
        (!self.is_empty()).then_some(Place { leaf: 0, block: 0 })
    }

    pub fn last(&self) -> Option<Place> {
        let leaf = self.leaves.len().checked_sub(1)?;
        Some(Place { leaf, block: self.leaves.get(leaf)?.blocks.len().checked_sub(1)? })
    }

    pub fn next(&self, place: Place) -> Option<Place> {
        if place.block + 1 < self.leaves.get(place.leaf)?.blocks.len() {
            return Some(Place { block: place.block + 1, ..place });
        }
        let leaf = place.leaf + 1;
        (leaf < self.leaves.len()).then_some(Place { leaf, block: 0 })
    }

    pub fn previous(&self, place: Place) -> Option<Place> {
        if let Some(block) = place.block.checked_sub(1) {
            return Some(Place { block, ..place });
        }
        let leaf = place.leaf.checked_sub(1)?;
        Some(Place { leaf, block: self.leaves.get(leaf)?.blocks.len().checked_sub(1)? })
    }

    /// The last block that does not begin after `id`: the only one that may hold it.
    pub fn find(&self, id: Id) -> Option<Place> {
        let leaf = self.leaves.partition_point(|leaf| leaf.first <= id).checked_sub(1)?;
        match self.leaves.get(leaf)?.blocks.partition_point(|block| block.first() <= id).checked_sub(1) {
            Some(block) => Some(Place { leaf, block }),
            // The leaf's first blocks have been removed since.
            None => self.previous(Place { leaf, block: 0 }),
        }
    }

    /// Appends a block that begins after all others.
    ///
    /// # Errors
    /// If memory is short; then nothing has changed.
    pub fn push(&mut self, block: Block) -> Result<(), NoMemory> {
        let memory = block.memory();
        if let Some(leaf) = self.leaves.back_mut()
            && leaf.blocks.len() < LEAF_MAX
        {
            let before = leaf_memory(leaf);
            if leaf.blocks.len() == leaf.blocks.capacity() {
                // 1, 2, 4, ... up to a full leaf.
                let more = leaf.blocks.len().clamp(1, LEAF_MAX - leaf.blocks.len());
                leaf.blocks.try_reserve_exact(more)?;
            }
            leaf.blocks.push(block);
            self.leaf_bytes = self.leaf_bytes - before + leaf_memory(leaf) + memory;
        } else {
            if self.leaves.is_empty() {
                self.leaves.try_reserve_exact(1)?;
            } else {
                self.leaves.try_reserve(1)?;
            }
            let mut leaf = Leaf { first: block.first(), blocks: Vec::new(), _step: Step };
            leaf.blocks.try_reserve_exact(if self.leaves.is_empty() { 1 } else { LEAF_MAX })?;
            leaf.blocks.push(block);
            self.leaf_bytes += leaf_memory(&leaf) + memory;
            self.leaves.push_back(leaf);
        }
        self.blocks += 1;
        Ok(())
    }

    /// Removes a block.
    pub fn remove(&mut self, place: Place) -> Option<Block> {
        let leaf = self.leaves.get_mut(place.leaf)?;
        if place.block >= leaf.blocks.len() {
            return None;
        }
        let before = leaf_memory(leaf);
        let block = leaf.blocks.remove(place.block);
        if leaf.blocks.len() <= leaf.blocks.capacity() / 4 {
            shrink(&mut leaf.blocks, 0);
        }
        self.leaf_bytes = self.leaf_bytes - before + leaf_memory(leaf) - block.memory();
        if leaf.blocks.is_empty() {
            self.leaves.remove(place.leaf);
        }
        self.blocks -= 1;
        self.shrink_ring();
        Some(block)
    }

    fn shrink_ring(&mut self) {
        if self.leaves.len() <= self.leaves.capacity() / 4 {
            shrink_ring(&mut self.leaves, 0);
        }
    }

    /// The blocks of the first leaf.
    pub fn first_leaf(&self) -> &[Block] {
        self.leaves.front().map_or(&[], |leaf| &leaf.blocks)
    }

    /// Moves the first `count` blocks, all of the first leaf, to the end of `other`, whose blocks are older. A whole leaf
    /// moves without its blocks being touched. Blocks that `other` has no memory for are dropped here.
    pub fn move_front(&mut self, count: usize, other: &mut Self) {
        let Some(leaf) = self.leaves.front_mut() else { return };
        let count = count.min(leaf.blocks.len());
        let before = leaf_memory(leaf);
        let bytes = leaf.blocks.iter().take(count).map(Block::memory).sum::<usize>();
        let moved = if count == leaf.blocks.len() {
            self.leaf_bytes -= before;
            self.leaves.pop_front()
        } else {
            let mut blocks = Vec::new();
            let has_room = blocks.try_reserve_exact(count).is_ok();
            blocks.extend(leaf.blocks.drain(..count).filter(|_| has_room));
            self.leaf_bytes = self.leaf_bytes - before + leaf_memory(leaf);
            blocks.first().map(Block::first).map(|first| Leaf { first, blocks, _step: Step })
        };
        self.leaf_bytes -= bytes;
        self.blocks -= count;
        self.shrink_ring();
        if let Some(leaf) = moved
            && other.leaves.try_reserve(1).is_ok()
        {
            other.leaf_bytes += bytes + leaf_memory(&leaf);
            other.blocks += count;
            other.leaves.push_back(leaf);
        }
    }

    /// All blocks, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Block> {
        self.leaves.iter().flat_map(|leaf| &leaf.blocks)
    }

    /// A copy that shares nothing.
    ///
    /// # Errors
    /// If memory is short.
    pub fn duplicate(&self) -> Result<Self, NoMemory> {
        let mut copy = Self::default();
        for block in self.iter() {
            copy.push(block.duplicate()?)?;
        }
        Ok(copy)
    }

    /// How many nodes Redis's radix tree of the same blocks has
    /// (<https://github.com/antirez/rax>): one for every block, one for every byte position where ids part, and one for
    /// every run of bytes in between that they share.
    pub fn radix_nodes(&self) -> usize {
        const KEY_BYTES: usize = 16;
        // The depths at which the way to the present block parts from others. It parts from its right neighbour at the
        // first byte in which they differ. Each is deeper than the one before, so the array suffices.
        let mut partings: SmallVec<[usize; KEY_BYTES]> = SmallVec::new();
        let mut nodes = 1;
        let mut keys = self.iter().map(|block| block.first().to_bytes());
        let Some(mut key) = keys.next() else { return nodes };
        nodes = 0;
        // A run of shared bytes is a node of its own unless it is empty.
        let run = |from: usize, to: usize| usize::from(to > from);
        loop {
            let next = keys.next();
            let parting = next.and_then(|next| (0..KEY_BYTES).find(|&at| key.get(at) != next.get(at)));
            // The leaf of this block, and what lies between it and where it parts from others.
            let mut below = KEY_BYTES;
            nodes += 1;
            while let Some(&depth) = partings.last()
                && parting.is_none_or(|parting| depth > parting)
            {
                // All ids that part at this depth have been seen.
                partings.pop();
                nodes += run(depth + 1, below) + 1;
                below = depth;
            }
            match parting {
                Some(parting) => {
                    nodes += run(parting + 1, below);
                    if partings.last() != Some(&parting) {
                        partings.push(parting);
                    }
                }
                None => return nodes + run(0, below),
            }
            key = next.unwrap_or(key);
        }
    }
}
