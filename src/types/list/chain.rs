//! Chain: the nodes of a list between its two ends, in order, found by the index of an element.
//!
//! ```text
//!  chunks   [ elements: 58_240 | node node ... node ]  [ elements: 31_900 | node node ... ]  ...
//!                                up to 128 nodes
//! ```
//!
//! Why two levels: a chunk knows how many elements it holds, so an index skips 128 nodes in one step. A list of a million short elements
//! has 18 chunks; one of a million elements that fill a node each has 8000, 400 KB to run through. Inserting or removing a
//! node moves the descriptors of one chunk, and the longest pause from growth is that of an array of chunks.
//!
//! Invariants: no chunk is empty; `elements` and `memory` are the sums over the nodes, to the byte.

use super::{Node, Side};
use crate::storage::pace::Step;
use crate::storage::{NoMemory, size_class};
use std::collections::VecDeque;

/// Nodes of one chunk. Large enough that chunks are few, small enough that shifting its descriptors (4 KB) is nothing.
const CHUNK_NODES: usize = 128;

#[derive(Debug, Default)]
struct Chunk {
    nodes: VecDeque<Node>,
    elements: usize,
    /// What the buffers of the nodes take.
    buffers: usize,
    _step: Step,
}

/// Where a node is; good until a node is inserted or removed. In the order of the nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    chunk: usize,
    node: usize,
}

/// See the module's comment.
#[derive(Debug, Default)]
pub struct Chain {
    chunks: VecDeque<Chunk>,
    elements: usize,
    /// Of buffers and chunks.
    memory: usize,
}

impl Chunk {
    /// Bytes on the heap.
    fn memory(&self) -> usize {
        self.buffers + array_memory::<Node>(self.nodes.capacity())
    }

    /// Counts a node that is about to be added.
    fn count(&mut self, node: &Node) {
        self.elements += node.count();
        self.buffers += node.memory();
    }

    /// Stops counting a node that was removed.
    fn forget(&mut self, node: &Node) {
        self.elements -= node.count();
        self.buffers -= node.memory();
    }
}

fn array_memory<T>(capacity: usize) -> usize {
    if capacity == 0 { 0 } else { size_class(capacity * size_of::<T>()) }
}

impl Chain {
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    /// Number of elements in all nodes.
    #[inline]
    pub fn elements(&self) -> usize {
        self.elements
    }

    /// Bytes on the heap.
    #[inline]
    pub fn memory(&self) -> usize {
        self.memory + array_memory::<Chunk>(self.chunks.capacity())
    }

    /// The node at `place`.
    #[inline]
    pub fn node(&self, place: Place) -> &Node {
        &self.chunks[place.chunk].nodes[place.node]
    }

    /// The place of the first or the last node.
    #[inline]
    pub fn end(&self, side: Side) -> Option<Place> {
        match side {
            Side::Left if self.is_empty() => None,
            Side::Left => Some(Place { chunk: 0, node: 0 }),
            Side::Right => {
                let chunk = self.chunks.len().checked_sub(1)?;
                Some(Place { chunk, node: self.chunks[chunk].nodes.len() - 1 })
            }
        }
    }

    /// The place of the node `index` steps from an end.
    pub fn nth(&self, side: Side, mut index: usize) -> Option<Place> {
        for from_end in 0..self.chunks.len() {
            let chunk = if side == Side::Left { from_end } else { self.chunks.len() - 1 - from_end };
            let nodes = self.chunks[chunk].nodes.len();
            if index < nodes {
                return Some(Place { chunk, node: if side == Side::Left { index } else { nodes - 1 - index } });
            }
            index -= nodes;
        }
        None
    }

    /// All nodes in order.
    pub fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.chunks.iter().flat_map(|chunk| &chunk.nodes)
    }

    /// The neighbour of a node, away from `side`.
    #[inline]
    pub fn next_from(&self, side: Side, place: Place) -> Option<Place> {
        let Place { chunk, node } = place;
        match side {
            Side::Left if node + 1 < self.chunks[chunk].nodes.len() => Some(Place { chunk, node: node + 1 }),
            Side::Left => (chunk + 1 < self.chunks.len()).then_some(Place { chunk: chunk + 1, node: 0 }),
            Side::Right if node > 0 => Some(Place { chunk, node: node - 1 }),
            Side::Right => {
                let chunk = chunk.checked_sub(1)?;
                Some(Place { chunk, node: self.chunks[chunk].nodes.len() - 1 })
            }
        }
    }

    /// The node that holds element `index`, and the element's index in it.
    pub fn locate(&self, mut index: usize) -> Option<(Place, usize)> {
        if index >= self.elements {
            return None;
        }
        // From the nearer end: lists are worked on at their ends.
        let from_left = index < self.elements / 2;
        let mut before = if from_left { 0 } else { self.elements };
        let holds = |(_, chunk): &(usize, &Chunk)| {
            if from_left {
                before += chunk.elements;
                index < before
            } else {
                before -= chunk.elements;
                index >= before
            }
        };
        let mut chunks = self.chunks.iter().enumerate();
        let (chunk_index, chunk) = if from_left { chunks.find(holds)? } else { chunks.rev().find(holds)? };
        index -= if from_left { before - chunk.elements } else { before };
        for (node_index, node) in chunk.nodes.iter().enumerate() {
            if index < node.count() {
                return Some((Place { chunk: chunk_index, node: node_index }, index));
            }
            index -= node.count();
        }
        None
    }

    /// Changes a node.
    #[inline]
    pub fn edit<R>(&mut self, place: Place, change: impl FnOnce(&mut Node) -> R) -> R {
        let chunk = &mut self.chunks[place.chunk];
        let node = &mut chunk.nodes[place.node];
        let (elements, buffer) = (node.count(), node.memory());
        let result = change(node);
        chunk.elements = chunk.elements - elements + node.count();
        chunk.buffers = chunk.buffers - buffer + node.memory();
        self.elements = self.elements - elements + node.count();
        self.memory = self.memory - buffer + node.memory();
        result
    }

    /// Adds a node at an end.
    ///
    /// # Errors
    /// If memory is short; then the node comes back.
    pub fn push(&mut self, side: Side, node: Node) -> Result<(), (NoMemory, Node)> {
        let has_room = self.end(side).is_some_and(|end| self.chunks[end.chunk].nodes.len() < CHUNK_NODES);
        let reserved = if has_room { Ok(()) } else { self.add_chunk(side) };
        let chunk = match side {
            Side::Left => self.chunks.front_mut(),
            Side::Right => self.chunks.back_mut(),
        };
        let (Ok(()), Some(chunk)) = (reserved, chunk) else { return Err((NoMemory, node)) };
        let before = chunk.memory();
        if chunk.nodes.try_reserve(1).is_err() {
            return Err((NoMemory, node));
        }
        chunk.count(&node);
        self.elements += node.count();
        self.memory = self.memory - before + chunk.memory();
        match side {
            Side::Left => chunk.nodes.push_front(node),
            Side::Right => chunk.nodes.push_back(node),
        }
        Ok(())
    }

    /// Adds an empty chunk that has room for a node.
    fn add_chunk(&mut self, side: Side) -> Result<(), NoMemory> {
        let mut chunk = Chunk::default();
        chunk.nodes.try_reserve(1)?;
        self.chunks.try_reserve(1)?;
        self.memory += chunk.memory();
        match side {
            Side::Left => self.chunks.push_front(chunk),
            Side::Right => self.chunks.push_back(chunk),
        }
        Ok(())
    }

    /// Adds a node behind the one at `place`; where it is.
    ///
    /// # Errors
    /// If memory is short; then nothing has changed but the division into chunks.
    pub fn insert_after(&mut self, place: Place, node: Node) -> Result<Place, NoMemory> {
        let mut place = Place { node: place.node + 1, ..place };
        if self.chunks[place.chunk].nodes.len() >= CHUNK_NODES {
            self.split_chunk(place.chunk)?;
            let first_half = self.chunks[place.chunk].nodes.len();
            if place.node > first_half {
                place = Place { chunk: place.chunk + 1, node: place.node - first_half };
            }
        }
        let chunk = &mut self.chunks[place.chunk];
        let before = chunk.memory();
        chunk.nodes.try_reserve(1)?;
        chunk.count(&node);
        self.elements += node.count();
        self.memory = self.memory - before + chunk.memory();
        chunk.nodes.insert(place.node, node);
        Ok(place)
    }

    fn split_chunk(&mut self, chunk: usize) -> Result<(), NoMemory> {
        let mut behind = Chunk::default();
        behind.nodes.try_reserve(CHUNK_NODES / 2)?;
        self.chunks.try_reserve(1)?;
        let split = &mut self.chunks[chunk];
        behind.nodes.extend(split.nodes.drain(CHUNK_NODES / 2..));
        self.memory += array_memory::<Node>(behind.nodes.capacity());
        for node in &behind.nodes {
            split.forget(node);
        }
        behind.elements = behind.nodes.iter().map(Node::count).sum();
        behind.buffers = behind.nodes.iter().map(Node::memory).sum();
        self.chunks.insert(chunk + 1, behind);
        Ok(())
    }

    /// Takes the first or the last node out.
    pub fn pop(&mut self, side: Side) -> Option<Node> {
        self.end(side).and_then(|end| self.remove(end))
    }

    /// Takes a node out.
    pub fn remove(&mut self, place: Place) -> Option<Node> {
        let chunk = self.chunks.get_mut(place.chunk)?;
        let node = chunk.nodes.remove(place.node)?;
        chunk.forget(&node);
        self.elements -= node.count();
        self.memory -= node.memory();
        if chunk.nodes.is_empty() {
            self.remove_chunk(place.chunk);
        } else if chunk.nodes.len() < CHUNK_NODES / 4 {
            self.merge_chunks(place.chunk);
        }
        Some(node)
    }

    fn remove_chunk(&mut self, chunk: usize) -> Option<Chunk> {
        let removed = self.chunks.remove(chunk)?;
        self.forget(&removed);
        if self.chunks.is_empty() {
            *self = Self::default();
        }
        Some(removed)
    }

    /// Joins a chunk with the one behind or before it, if that fills no more than half of one.
    fn merge_chunks(&mut self, chunk: usize) {
        let fits = |left: usize| {
            let len = |chunk: usize| self.chunks.get(chunk).map_or(CHUNK_NODES, |chunk| chunk.nodes.len());
            len(left) + len(left + 1) <= CHUNK_NODES / 2
        };
        let Some(left) = [Some(chunk), chunk.checked_sub(1)].into_iter().flatten().find(|left| fits(*left)) else {
            return;
        };
        let more = self.chunks[left + 1].nodes.len();
        let before = self.chunks[left].memory();
        if self.chunks[left].nodes.try_reserve(more).is_ok() {
            self.memory = self.memory - before + self.chunks[left].memory();
            if let Some(mut right) = self.remove_chunk(left + 1) {
                let left = &mut self.chunks[left];
                left.nodes.append(&mut right.nodes);
                left.elements += right.elements;
                left.buffers += right.buffers;
                self.elements += right.elements;
                self.memory += right.buffers;
            }
        }
    }

    /// Cuts off whole nodes at an end, as many as together hold no more than `elements`. Whole chunks move as such, so that takes
    /// a step for each chunk, not for each node.
    ///
    /// # Errors
    /// If memory is short; then nothing has changed.
    pub fn cut(&mut self, side: Side, elements: usize) -> Result<Self, NoMemory> {
        let (chunks, left) = count_within(&self.chunks, side, elements, |chunk| chunk.elements);
        let next = nearest(&self.chunks, side, chunks);
        let nodes = next.map_or(0, |chunk| count_within(&chunk.nodes, side, left, Node::count).0);
        let mut removed = Self::default();
        let mut part = Chunk::default();
        removed.chunks.try_reserve_exact(chunks + 1)?;
        part.nodes.try_reserve_exact(nodes)?;
        for _ in 0..chunks {
            let Some(chunk) = take(&mut self.chunks, side) else { break };
            self.forget(&chunk);
            removed.adopt(side, chunk);
        }
        for _ in 0..nodes {
            let Some(node) = self.pop(side) else { break };
            part.count(&node);
            put(&mut part.nodes, side.other(), node);
        }
        if nodes > 0 {
            removed.adopt(side, part);
        }
        if self.chunks.is_empty() {
            *self = Self::default();
        }
        Ok(removed)
    }

    /// Takes over a chunk that was next to `side`; there is room for it.
    fn adopt(&mut self, side: Side, chunk: Chunk) {
        self.elements += chunk.elements;
        self.memory += chunk.memory();
        put(&mut self.chunks, side.other(), chunk);
    }

    /// A chunk was taken out.
    fn forget(&mut self, chunk: &Chunk) {
        self.elements -= chunk.elements;
        self.memory -= chunk.memory();
    }

    /// A copy that shares nothing.
    ///
    /// # Errors
    /// If memory is short.
    pub fn duplicate(&self) -> Result<Self, NoMemory> {
        let mut copy = Self::default();
        for node in self.nodes() {
            copy.push(Side::Right, node.duplicate()?).map_err(|(error, _)| error)?;
        }
        Ok(copy)
    }
}

/// The item `index` steps from `side`.
fn nearest<T>(items: &VecDeque<T>, side: Side, index: usize) -> Option<&T> {
    match side {
        Side::Left => items.get(index),
        Side::Right => items.get(items.len().checked_sub(index + 1)?),
    }
}

/// How many items from `side` on together hold no more than `elements`, and how many more elements would be allowed.
fn count_within<T>(items: &VecDeque<T>, side: Side, elements: usize, count: impl Fn(&T) -> usize) -> (usize, usize) {
    let (mut within, mut left) = (0, elements);
    while let Some(rest) = nearest(items, side, within).and_then(|item| left.checked_sub(count(item))) {
        (within, left) = (within + 1, rest);
    }
    (within, left)
}

fn take<T>(items: &mut VecDeque<T>, side: Side) -> Option<T> {
    match side {
        Side::Left => items.pop_front(),
        Side::Right => items.pop_back(),
    }
}

fn put<T>(items: &mut VecDeque<T>, side: Side, item: T) {
    match side {
        Side::Left => items.push_front(item),
        Side::Right => items.push_back(item),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::StringRef;

    /// A node with this many elements that carry its number.
    fn node(number: i64, count: usize) -> Node {
        let mut node = Node::default();
        for _ in 0..count {
            node.push(Side::Right, StringRef::Int(number)).unwrap();
        }
        node.seal();
        node
    }

    fn number(node: &Node) -> i64 {
        match super::super::run::Elements::new(node.run()).next() {
            Some(StringRef::Int(number)) => number,
            other => panic!("{other:?}"),
        }
    }

    fn check(chain: &Chain, model: &VecDeque<(i64, usize)>) {
        let elements: usize = model.iter().map(|(_, count)| count).sum();
        assert_eq!(chain.elements(), elements);
        let sums = |of: fn(&Node) -> usize| chain.chunks.iter().flat_map(|chunk| &chunk.nodes).map(of).sum::<usize>();
        assert_eq!(sums(Node::count), elements);
        let arrays: usize = chain.chunks.iter().map(|chunk| array_memory::<Node>(chunk.nodes.capacity())).sum();
        assert_eq!(chain.memory, sums(Node::memory) + arrays);
        assert!(chain.chunks.iter().all(|chunk| (1..=CHUNK_NODES).contains(&chunk.nodes.len())));
        for (side, mut numbers) in [
            (Side::Left, model.iter().map(|(number, _)| *number).collect::<Vec<_>>()),
            (Side::Right, model.iter().rev().map(|(number, _)| *number).collect()),
        ] {
            let mut place = chain.end(side);
            while let Some(at) = place {
                assert_eq!(number(chain.node(at)), numbers.remove(0));
                place = chain.next_from(side, at);
            }
            assert!(numbers.is_empty());
        }
    }

    #[test]
    fn behaves_like_a_deque_of_nodes() {
        for seed in 1..=6u64 {
            let mut random = seed;
            let mut below = move |limit: usize| {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (random >> 33) as usize % limit
            };
            let mut chain = Chain::default();
            let mut model = VecDeque::new();
            for step in 0..6000 {
                let side = if below(2) == 0 { Side::Left } else { Side::Right };
                let (label, count) = (step, 1 + below(5));
                let target = (!model.is_empty()).then(|| below(model.len()));
                let start = target.map_or(0, |at| model.range(..at).map(|(_, count)| count).sum());
                match (below(if step % 3000 < 1500 { 9 } else { 16 }), target) {
                    (0..=2, _) => {
                        chain.push(side, node(label, count)).unwrap();
                        put(&mut model, side, (label, count));
                    }
                    (3..=6, Some(at)) => {
                        let place = chain.locate(start).unwrap().0;
                        let place = chain.insert_after(place, node(label, count)).unwrap();
                        assert_eq!(number(chain.node(place)), label);
                        model.insert(at + 1, (label, count));
                    }
                    (7, Some(at)) => {
                        let place = chain.locate(start).unwrap().0;
                        let element = StringRef::Int(model[at].0);
                        chain.edit(place, |node| node.push(Side::Right, element)).unwrap();
                        model[at].1 += 1;
                    }
                    (9, Some(_)) => {
                        assert_eq!(chain.pop(side).map(|node| number(&node)), take(&mut model, side).map(|(n, _)| n));
                    }
                    (10..=14, Some(at)) => {
                        let last = start + model[at].1 - 1;
                        let (place, index) = chain.locate(last).unwrap();
                        assert_eq!(index, model[at].1 - 1);
                        assert_eq!(chain.remove(place).map(|node| number(&node)), Some(model[at].0));
                        model.remove(at);
                    }
                    (15, Some(_)) if below(20) == 0 => {
                        let most = below(chain.elements() + 1);
                        let removed = chain.cut(side, most).unwrap();
                        let mut expected = VecDeque::new();
                        let mut left = most;
                        while let Some(&(label, count)) = nearest(&model, side, 0)
                            && count <= left
                        {
                            left -= count;
                            take(&mut model, side);
                            put(&mut expected, side.other(), (label, count));
                        }
                        check(&removed, &expected);
                    }
                    _ => {}
                }
                assert_eq!(chain.elements(), model.iter().map(|(_, count)| count).sum::<usize>());
                if step % 50 == 0 {
                    check(&chain, &model);
                    check(&chain.duplicate().unwrap(), &model);
                }
            }
            assert!(chain.locate(chain.elements()).is_none());
        }
    }
}
