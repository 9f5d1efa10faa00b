//! Ints: any number of 64-bit numbers in ascending order: a tree of three levels.
//!
//! ```text
//!  root   [ Node ][ Node ][ Node ] ...                         by least number
//!  node   lower [ i64, i64, ... up to 256 ]   blocks [ Block, Block, ... ]
//!  block  base + [ u16, u16, ... up to 512 ]                   see block.rs
//! ```
//!
//! Why: a hash table needs 20 bytes and more for a number that is 2 bytes away from its neighbour, and forgets the
//! order by which sets of numbers are merged, sampled and scanned. Two levels of fixed fan-out above the numbers make the
//! root one item per 64,000 numbers, so it is an array even for a billion.
//!
//! Invariants: node `n` holds the numbers from its `lower[0]` up to that of the next, and so do blocks with theirs;
//! the very first lower bound is `i64::MIN`. No block or node is empty. All but the first and the last of the whole
//! tree are at least a quarter full (which is what makes [`Ints::random`] quick). `heap` is what the allocator gave.
//!
//! Cost: three binary searches in arrays that mostly are in the cache, and a move of at most 1 to 4 KiB to add and remove;
//! once in hundreds of insertions a block is split, once in ten thousands a node. 2.1 to 2.9 bytes a number if they lie
//! close, about 4.6 if they are random 32-bit numbers, about 9.5 if they are anything.

mod block;
mod cursor;
mod node;
#[cfg(test)]
mod tests;

pub use cursor::Cursor;

use crate::storage::{NoMemory, shrink, size_class};
use block::{BLOCK_MAX, Block};
use node::{NODE_MAX, Node};
use std::slice;

/// A block or a node with less takes from or merges with a neighbour.
const BLOCK_MIN: usize = BLOCK_MAX / 4;
const NODE_MIN: usize = NODE_MAX / 4;
/// Neighbours with no more than this together become one.
const BLOCK_MERGED: usize = BLOCK_MAX / 4 * 3;
const NODE_MERGED: usize = NODE_MAX / 4 * 3;

const _: () = assert!(BLOCK_MAX.is_power_of_two() && NODE_MAX.is_power_of_two());

/// See the module's comment.
#[derive(Debug, Default)]
pub struct Ints {
    nodes: Vec<Node>,
    len: usize,
    heap: usize,
}

/// Where a number is or belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    node: usize,
    block: usize,
}

/// The last whose lower bound is not above `int`; the first one has none below it.
#[inline]
fn owner<T>(items: &[T], lower: impl Fn(&T) -> i64, int: i64) -> usize {
    items.partition_point(|item| lower(item) <= int).saturating_sub(1)
}

/// Numbers in ascending order.
#[derive(Clone, Debug)]
pub struct Iter<'a> {
    nodes: slice::Iter<'a, Node>,
    blocks: slice::Iter<'a, Block>,
    block: Option<&'a Block>,
    /// Of the next number in the block.
    index: usize,
}

impl Iterator for Iter<'_> {
    type Item = i64;

    #[inline]
    fn next(&mut self) -> Option<i64> {
        loop {
            if let Some(int) = self.block.and_then(|block| block.get(self.index)) {
                self.index += 1;
                return Some(int);
            }
            (self.block, self.index) = (self.blocks.next(), 0);
            if self.block.is_none() {
                self.blocks = self.nodes.next()?.blocks.iter();
            }
        }
    }
}

impl Ints {
    /// No numbers.
    pub const fn new() -> Self {
        Self { nodes: Vec::new(), len: 0, heap: 0 }
    }

    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Bytes on the heap, as the allocator rounds them.
    #[inline]
    pub fn memory(&self) -> usize {
        self.heap
    }

    /// Where a number is or belongs; `None` if there are no numbers.
    #[inline]
    fn place(&self, int: i64) -> Option<Place> {
        let node = owner(&self.nodes, Node::lower, int);
        let block = owner(&self.nodes.get(node)?.lower, |lower| *lower, int);
        Some(Place { node, block })
    }

    #[inline]
    fn block(&self, place: Place) -> Option<&Block> {
        self.nodes.get(place.node)?.blocks.get(place.block)
    }

    #[inline]
    pub fn contains(&self, int: i64) -> bool {
        self.place(int).and_then(|place| self.block(place)).is_some_and(|block| block.find(int).is_ok())
    }

    /// Does something to a node and counts what memory it takes afterwards.
    #[inline]
    fn recount<R>(&mut self, node: usize, change: impl FnOnce(&mut Node) -> R) -> R {
        let before = self.nodes[node].memory();
        let result = change(&mut self.nodes[node]);
        self.heap = self.heap - before + self.nodes[node].memory();
        result
    }

    /// Adds a number; whether it is new.
    ///
    /// # Errors
    /// If memory is short; then nothing has changed.
    pub fn insert(&mut self, int: i64) -> Result<bool, NoMemory> {
        let Some(mut place) = self.place(int) else {
            self.begin(int)?;
            return Ok(true);
        };
        let mut block = &mut self.nodes[place.node].blocks[place.block];
        let Err(mut index) = block.find(int) else { return Ok(false) };
        if block.len() == BLOCK_MAX {
            let is_last = index == BLOCK_MAX && self.is_last(place);
            if is_last || index == 0 && place == (Place { node: 0, block: 0 }) {
                self.add_block(place, is_last, int)?;
                self.len += 1;
                return Ok(true);
            }
            self.split_block(place)?;
            place = self.place(int).ok_or(NoMemory)?;
            block = &mut self.nodes[place.node].blocks[place.block];
            index = block.find(int).unwrap_or_else(|index| index);
        }
        let before = block.memory();
        block.insert(index, int)?;
        self.heap = self.heap - before + block.memory();
        self.len += 1;
        Ok(true)
    }

    /// The first number.
    fn begin(&mut self, int: i64) -> Result<(), NoMemory> {
        let node = Node::new(i64::MIN, Block::of(&[int])?)?;
        self.reserve_node()?;
        self.heap += node.memory() + node.blocks[0].memory();
        self.nodes.push(node);
        self.len = 1;
        Ok(())
    }

    fn is_last(&self, place: Place) -> bool {
        place.node + 1 == self.nodes.len() && place.block + 1 == self.nodes[place.node].len()
    }

    /// Makes room for one more node.
    fn reserve_node(&mut self) -> Result<(), NoMemory> {
        if self.nodes.len() == self.nodes.capacity() {
            let before = self.root_memory();
            self.nodes.try_reserve_exact((self.nodes.len() / 4).max(1))?;
            self.heap = self.heap - before + self.root_memory();
        }
        Ok(())
    }

    fn root_memory(&self) -> usize {
        size_class(self.nodes.capacity() * size_of::<Node>())
    }

    /// Sets of numbers mostly grow at one end: there a full block stays full, and the number gets a block of its own.
    fn add_block(&mut self, place: Place, is_last: bool, int: i64) -> Result<(), NoMemory> {
        let block = Block::of(&[int])?;
        let place = self.make_room(place)?;
        self.heap += block.memory();
        self.recount(place.node, |node| {
            if is_last {
                node.put(place.block + 1, int, block);
            } else {
                // What was the first block starts where its numbers do, the new one where all numbers do.
                node.lower[0] = node.blocks[0].first().unwrap_or(int);
                node.put(0, i64::MIN, block);
            }
        });
        Ok(())
    }

    /// Halves a full block.
    #[cold]
    fn split_block(&mut self, place: Place) -> Result<(), NoMemory> {
        let place = self.make_room(place)?;
        let block = self.block(place).ok_or(NoMemory)?;
        let numbers: Vec<i64> = collect(block.len(), block.iter())?;
        let (lower, upper) = numbers.split_at(numbers.len() / 2);
        let (bound, lower, upper) = (upper[0], Block::of(lower)?, Block::of(upper)?);
        self.heap = self.heap - block.memory() + lower.memory() + upper.memory();
        self.recount(place.node, |node| {
            node.blocks[place.block] = lower;
            node.put(place.block + 1, bound, upper);
        });
        Ok(())
    }

    /// Makes room for one more block in a node, by a split if it is full; where the block is then.
    fn make_room(&mut self, place: Place) -> Result<Place, NoMemory> {
        if self.nodes[place.node].len() < NODE_MAX {
            self.recount(place.node, Node::reserve)?;
            return Ok(place);
        }
        self.reserve_node()?;
        // Growing at the end leaves full nodes behind, as it does blocks.
        let at = if self.is_last(place) { NODE_MAX - 1 } else { NODE_MAX / 2 };
        let upper = self.recount(place.node, |node| node.split_off(at))?;
        self.heap += upper.memory();
        self.nodes.insert(place.node + 1, upper);
        let place = match place.block.checked_sub(at) {
            Some(block) => Place { node: place.node + 1, block },
            None => place,
        };
        self.recount(place.node, Node::reserve)?;
        Ok(place)
    }

    /// Removes a number; whether it was there.
    pub fn remove(&mut self, int: i64) -> bool {
        let Some(place) = self.place(int) else { return false };
        let block = &mut self.nodes[place.node].blocks[place.block];
        let Ok(index) = block.find(int) else { return false };
        let before = block.memory();
        block.remove(index);
        self.heap = self.heap - before + block.memory();
        self.len -= 1;
        if block.len() < BLOCK_MIN {
            self.fill_block(place);
        }
        true
    }

    /// Merges a small block with a neighbour in its node, or takes from it. Without memory it stays small, which costs
    /// time only.
    #[cold]
    fn fill_block(&mut self, place: Place) {
        let node = &self.nodes[place.node];
        if node.len() == 1 {
            if node.blocks[0].len() == 0 {
                self.drop_node(place.node);
            }
            return;
        }
        let left = place.block.min(node.len() - 2);
        let pair = &node.blocks[left..left + 2];
        let len = pair[0].len() + pair[1].len();
        let Ok(numbers) = collect(len, pair[0].iter().chain(pair[1].iter())) else { return };
        let before = pair[0].memory() + pair[1].memory();
        if len <= BLOCK_MERGED {
            let Ok(merged) = Block::of(&numbers) else { return };
            self.heap = self.heap - before + merged.memory();
            let node = &mut self.nodes[place.node];
            node.blocks[left] = merged;
            node.blocks.remove(left + 1);
            node.lower.remove(left + 1);
            if node.len() < NODE_MIN {
                self.fill_node(place.node);
            }
        } else {
            let (lower, upper) = numbers.split_at(len / 2);
            let (Ok(first), Ok(second)) = (Block::of(lower), Block::of(upper)) else { return };
            self.heap = self.heap - before + first.memory() + second.memory();
            let node = &mut self.nodes[place.node];
            node.lower[left + 1] = upper[0];
            (node.blocks[left], node.blocks[left + 1]) = (first, second);
        }
    }

    /// Merges a small node with a neighbour, or takes from it.
    fn fill_node(&mut self, node: usize) {
        if self.nodes.len() == 1 {
            return;
        }
        let left = node.min(self.nodes.len() - 2);
        let [first, second] = &mut self.nodes[left..left + 2] else { return };
        let before = first.memory() + second.memory();
        let len = first.len() + second.len();
        if len <= NODE_MERGED {
            if first.append(second).is_ok() {
                self.heap = self.heap - before + first.memory();
                self.remove_node(left + 1);
            }
            return;
        }
        // A failure leaves them as they are.
        let _ = Node::balance(first, second);
        self.heap = self.heap - before + first.memory() + second.memory();
    }

    /// Removes a node whose only block is empty.
    fn drop_node(&mut self, node: usize) {
        let empty = &self.nodes[node];
        self.heap -= empty.memory() + empty.blocks[0].memory();
        self.remove_node(node);
        if let Some(lower) = self.nodes.first_mut().and_then(|node| node.lower.first_mut()) {
            *lower = i64::MIN;
        }
    }

    /// Takes a node, whose memory is not counted any more, off the root.
    fn remove_node(&mut self, node: usize) {
        let before = self.root_memory();
        self.nodes.remove(node);
        if self.nodes.len() < self.nodes.capacity() / 4 || self.nodes.is_empty() {
            let twice = self.nodes.len() * 2;
            shrink(&mut self.nodes, twice);
        }
        self.heap = self.heap - before + self.root_memory();
    }

    /// A random number, all equally likely; `None` if there are none.
    ///
    /// A node, one of the blocks it could have, one of the numbers that could have; if that does not exist, again. At
    /// least one try in sixteen succeeds.
    pub fn random(&self, mut random: impl FnMut() -> u64) -> Option<i64> {
        if self.is_empty() {
            return None;
        }
        let below = |bits: u64, count: usize| ((bits >> 32) as usize * count) >> 32;
        loop {
            let bits = random();
            let (block_bits, number_bits) = (bits as usize % NODE_MAX, (bits >> 8) as usize % BLOCK_MAX);
            let (place, index) = match self.nodes.as_slice() {
                [only] if only.len() == 1 => (Place { node: 0, block: 0 }, below(bits, only.blocks[0].len())),
                [only] => (Place { node: 0, block: below(bits, only.len()) }, number_bits),
                nodes => (Place { node: below(bits, nodes.len()), block: block_bits }, number_bits),
            };
            if let Some(int) = self.block(place).and_then(|block| block.get(index)) {
                return Some(int);
            }
        }
    }

    /// All numbers, ascending.
    pub fn iter(&self) -> Iter<'_> {
        Iter { nodes: self.nodes.iter(), blocks: [].iter(), block: None, index: 0 }
    }

    /// The numbers from `start` on, ascending.
    pub fn iter_from(&self, start: i64) -> impl Iterator<Item = i64> + '_ {
        let place = self.place(start).unwrap_or(Place { node: 0, block: 0 });
        let nodes = self.nodes.get(place.node..).unwrap_or_default();
        let blocks = nodes.iter().flat_map(|node| &node.blocks).skip(place.block);
        blocks.flat_map(Block::iter).skip_while(move |int| *int < start)
    }

    /// A copy that shares nothing.
    ///
    /// # Errors
    /// If memory is short.
    pub fn duplicate(&self) -> Result<Self, NoMemory> {
        let mut copy = Self::default();
        copy.nodes.try_reserve_exact(self.nodes.len())?;
        for node in &self.nodes {
            let mut blocks = Vec::new();
            blocks.try_reserve_exact(node.len())?;
            for block in &node.blocks {
                let block = block.duplicate()?;
                copy.heap += block.memory();
                blocks.push(block);
            }
            let node = Node { lower: collect(node.len(), node.lower.iter().copied())?, blocks };
            copy.heap += node.memory();
            copy.nodes.push(node);
        }
        copy.heap += copy.root_memory();
        copy.len = self.len;
        Ok(copy)
    }
}

/// A vector of exactly so many items.
fn collect<T>(len: usize, items: impl Iterator<Item = T>) -> Result<Vec<T>, NoMemory> {
    let mut all = Vec::new();
    all.try_reserve_exact(len)?;
    all.extend(items);
    Ok(all)
}
