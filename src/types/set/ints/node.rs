//! Node: up to [`NODE_MAX`] neighbouring blocks, and from where on numbers belong to each.

use super::block::Block;
use crate::storage::{NoMemory, size_class};

/// Most blocks of a node.
pub const NODE_MAX: usize = 256;

/// Neighbouring blocks.
#[derive(Debug)]
pub struct Node {
    /// The least number that belongs to each block.
    pub lower: Vec<i64>,
    pub blocks: Vec<Block>,
}

impl Node {
    /// A node of one block.
    pub fn new(lower: i64, block: Block) -> Result<Self, NoMemory> {
        let mut node = Self { lower: Vec::new(), blocks: Vec::new() };
        node.reserve()?;
        node.lower.push(lower);
        node.blocks.push(block);
        Ok(node)
    }

    #[inline]
    pub fn lower(&self) -> i64 {
        self.lower.first().copied().unwrap_or(i64::MIN)
    }

    pub fn len(&self) -> usize {
        self.blocks.len()
    }

    /// Bytes of the two arrays, as the allocator rounds them.
    pub fn memory(&self) -> usize {
        size_class(self.lower.capacity() * size_of::<i64>()) + size_class(self.blocks.capacity() * size_of::<Block>())
    }

    /// Makes room for one more block.
    pub fn reserve(&mut self) -> Result<(), NoMemory> {
        if self.blocks.len() == self.blocks.capacity() {
            self.blocks.try_reserve_exact((self.blocks.len() / 4).clamp(4, NODE_MAX))?;
        }
        if self.lower.len() == self.lower.capacity() {
            self.lower.try_reserve_exact((self.lower.len() / 4).clamp(4, NODE_MAX))?;
        }
        Ok(())
    }

    /// Adds a block for which there is room.
    pub fn put(&mut self, index: usize, lower: i64, block: Block) {
        self.lower.insert(index, lower);
        self.blocks.insert(index, block);
    }

    /// Takes the blocks from `index` on.
    pub fn split_off(&mut self, index: usize) -> Result<Self, NoMemory> {
        let count = self.len() - index;
        let mut upper = Self { lower: Vec::new(), blocks: Vec::new() };
        upper.lower.try_reserve_exact(count + 1)?;
        upper.blocks.try_reserve_exact(count + 1)?;
        upper.lower.extend(self.lower.drain(index..));
        upper.blocks.extend(self.blocks.drain(index..));
        Ok(upper)
    }

    /// Takes all blocks of the next node; on failure none.
    pub fn append(&mut self, next: &mut Self) -> Result<(), NoMemory> {
        self.lower.try_reserve_exact(next.len())?;
        self.blocks.try_reserve_exact(next.len())?;
        self.lower.append(&mut next.lower);
        self.blocks.append(&mut next.blocks);
        Ok(())
    }

    /// Gives two neighbours the same number of blocks; on failure they stay as they are.
    pub fn balance(first: &mut Self, second: &mut Self) -> Result<(), NoMemory> {
        let target = (first.len() + second.len()) / 2;
        if first.len() > target {
            let mut moved = first.split_off(target)?;
            return match moved.append(second) {
                Ok(()) => {
                    *second = moved;
                    Ok(())
                }
                // What was taken off has left its room behind.
                Err(_) => first.append(&mut moved),
            };
        }
        let rest = second.split_off(target - first.len())?;
        let mut moved = std::mem::replace(second, rest);
        first.append(&mut moved).or_else(|_| {
            moved.append(second)?;
            *second = std::mem::replace(&mut moved, Self { lower: Vec::new(), blocks: Vec::new() });
            Ok(())
        })
    }
}
