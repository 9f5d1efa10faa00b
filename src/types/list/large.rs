//! List: a list of any length, as nodes: one open at each end, the others in a [`Chain`] between them.
//!
//! ```text
//!  head ──► | node   node   node   ...   node | ◄── tail
//!           '------------- inner -------------'
//! ```
//!
//! Why the ends are apart: they are where lists are worked on. Pushing and popping touches this struct and one buffer, and
//! only every few hundred elements the chain. Nodes give back their room when they become inner ones, so a long list is dense.
//!
//! Invariants: the head is empty only if the list is; the tail is empty if and only if there are less than two nodes; inner
//! nodes are not empty, and there are none without a tail. Cost: constant at the ends, amortised; an index is found
//! by the counts of chunks and nodes and a walk in its node; an edit touches a node and its neighbours.

use super::chain::{Chain, Place};
use super::element::encoded_len;
use super::run::{Elements, offset};
use super::{Fill, Node, Side, element};
use crate::storage::{NoMemory, StringRef};
use std::mem::take;

/// See the module's comment.
#[derive(Debug, Default)]
pub struct List {
    head: Node,
    inner: Chain,
    tail: Node,
}

/// Where a node is; good until a node is added or removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum At {
    Head,
    Inner(Place),
    Tail,
}

impl List {
    /// A list of the `count` elements of a run.
    ///
    /// # Errors
    /// If memory is short.
    pub fn of_run(run: &[u8], count: usize) -> Result<Self, NoMemory> {
        Ok(Self { head: Node::of_run(run, count)?, ..Self::default() })
    }

    /// Number of elements.
    #[inline]
    pub fn len(&self) -> usize {
        self.head.count() + self.inner.elements() + self.tail.count()
    }

    #[inline]
    pub fn is_empty(&self) -> bool {
        self.head.is_empty()
    }

    /// Bytes on the heap, as the allocator rounds them, without `Self`; takes constant time.
    pub fn memory(&self) -> usize {
        self.head.memory() + self.inner.memory() + self.tail.memory()
    }

    /// A copy that shares nothing.
    ///
    /// # Errors
    /// If memory is short.
    pub fn duplicate(&self) -> Result<Self, NoMemory> {
        Ok(Self { head: self.head.duplicate()?, inner: self.inner.duplicate()?, tail: self.tail.duplicate()? })
    }

    // ---- nodes ----

    #[inline]
    pub(super) fn node(&self, at: At) -> &Node {
        match at {
            At::Head => &self.head,
            At::Inner(place) => self.inner.node(place),
            At::Tail => &self.tail,
        }
    }

    /// The first or the last node.
    #[inline]
    pub(super) fn end(&self, side: Side) -> At {
        if side == Side::Left || self.tail.is_empty() { At::Head } else { At::Tail }
    }

    /// The neighbour of a node, away from `side`.
    #[inline]
    pub(super) fn next_from(&self, side: Side, at: At) -> Option<At> {
        let next = match at {
            At::Inner(place) => self.inner.next_from(side, place),
            _ if at == self.end(side.other()) => return None,
            _ => self.inner.end(side),
        };
        Some(next.map_or_else(|| self.end(side.other()), At::Inner))
    }

    /// The node that holds element `index`, and the element's index in it.
    #[inline]
    pub(super) fn locate(&self, index: usize) -> Option<(At, usize)> {
        let Some(behind_head) = index.checked_sub(self.head.count()) else { return Some((At::Head, index)) };
        match behind_head.checked_sub(self.inner.elements()) {
            None => self.inner.locate(behind_head).map(|(place, index)| (At::Inner(place), index)),
            Some(in_tail) => (in_tail < self.tail.count()).then_some((At::Tail, in_tail)),
        }
    }

    fn edit<R>(&mut self, at: At, change: impl FnOnce(&mut Node) -> R) -> R {
        match at {
            At::Head => change(&mut self.head),
            At::Inner(place) => self.inner.edit(place, change),
            At::Tail => change(&mut self.tail),
        }
    }

    /// Adds a node behind another; where it is. On failure nothing has changed.
    fn add_node(&mut self, at: At, node: Node) -> Result<At, NoMemory> {
        match at {
            At::Inner(place) => return Ok(At::Inner(self.inner.insert_after(place, node)?)),
            At::Head if !self.tail.is_empty() => {
                self.inner.push(Side::Left, node).map_err(|(error, _)| error)?;
                return Ok(self.inner.end(Side::Left).map_or(At::Head, At::Inner));
            }
            At::Head => {}
            At::Tail => self.close(Side::Right)?,
        }
        self.tail = node;
        Ok(At::Tail)
    }

    /// Moves the node at an end to the inner ones; a new one is to follow.
    fn close(&mut self, side: Side) -> Result<(), NoMemory> {
        let end = match side {
            Side::Left => &mut self.head,
            Side::Right => &mut self.tail,
        };
        end.seal();
        self.inner.push(side, take(end)).map_err(|(error, node)| {
            *end = node;
            error
        })
    }

    /// Takes a node out.
    fn remove_node(&mut self, at: At) {
        match at {
            At::Inner(place) => drop(self.inner.remove(place)),
            At::Head => self.head = self.inner.pop(Side::Left).unwrap_or_else(|| take(&mut self.tail)),
            At::Tail => self.tail = self.inner.pop(Side::Right).unwrap_or_default(),
        }
    }

    // ---- ends ----

    /// The element at an end.
    #[inline]
    pub fn peek(&self, side: Side) -> Option<StringRef<'_>> {
        Elements::new(self.node(self.end(side)).run()).next_from(side)
    }

    /// Adds an element at an end.
    ///
    /// # Errors
    /// If memory is short; then nothing has changed.
    #[inline]
    pub fn push(&mut self, side: Side, element: StringRef<'_>, fill: Fill) -> Result<(), NoMemory> {
        let end = match side {
            Side::Right if !self.tail.is_empty() => &mut self.tail,
            _ => &mut self.head,
        };
        if end.has_room(fill, encoded_len(element)) {
            return end.push(side, element);
        }
        self.push_node(side, element)
    }

    /// Adds a node with an element at an end, as the one there is full.
    #[cold]
    fn push_node(&mut self, side: Side, element: StringRef<'_>) -> Result<(), NoMemory> {
        let mut node = Node::default();
        node.push(side, element)?;
        match side {
            Side::Right => self.add_node(self.end(Side::Right), node).map(|_| ()),
            Side::Left => {
                if self.tail.is_empty() {
                    self.tail = take(&mut self.head);
                } else {
                    self.close(Side::Left)?;
                }
                self.head = node;
                Ok(())
            }
        }
    }

    /// Drops the element at an end.
    #[inline]
    pub fn drop_end(&mut self, side: Side) {
        let at = self.end(side);
        let end = if at == At::Tail { &mut self.tail } else { &mut self.head };
        if end.is_empty() {
            return;
        }
        end.cut(side, 1);
        if end.is_empty() {
            self.remove_node(at);
        }
    }

    // ---- by index ----

    /// Where element `index` begins: its node and the offset there; the end of the last node for `index == len`.
    fn find(&self, index: usize) -> Option<(At, usize)> {
        match self.locate(index) {
            Some((at, index)) => {
                let node = self.node(at);
                Some((at, offset(node.run(), node.count(), index)))
            }
            None if index == self.len() => {
                let at = self.end(Side::Right);
                Some((at, self.node(at).bytes()))
            }
            None => None,
        }
    }

    /// Element `index`.
    pub fn get(&self, index: usize) -> Option<StringRef<'_>> {
        let (at, offset) = self.find(index)?;
        Elements::new(&self.node(at).run()[offset..]).next()
    }

    /// Replaces element `index`; false if there is none.
    ///
    /// # Errors
    /// If memory is short; then nothing has changed.
    pub fn set(&mut self, index: usize, element: StringRef<'_>, fill: Fill) -> Result<bool, NoMemory> {
        if index >= self.len() {
            return Ok(false);
        }
        let Some((at, offset)) = self.find(index) else { return Ok(false) };
        let node = self.node(at);
        let place = offset..offset + element::len_at(&node.run()[offset..]);
        if fill.allows(node.bytes() - place.len() + encoded_len(element), node.count()) {
            self.edit(at, |node| node.replace(place, element))?;
        } else {
            self.insert(index, element, fill)?;
            self.remove(index + 1, fill);
        }
        Ok(true)
    }

    /// Adds an element before element `index`, or at the end for `index == len`.
    ///
    /// # Errors
    /// If memory is short; then nothing has changed but the division into nodes.
    pub fn insert(&mut self, index: usize, element: StringRef<'_>, fill: Fill) -> Result<(), NoMemory> {
        if index == 0 || index >= self.len() {
            return self.push(if index == 0 { Side::Left } else { Side::Right }, element, fill);
        }
        let bytes = encoded_len(element);
        if let Some((at, offset)) = self.find(index)
            && self.node(at).has_room(fill, bytes)
        {
            return self.edit(at, |node| node.insert(offset, element));
        }
        // Half-full nodes have room for what comes next, wherever it comes.
        if let Some((at, _)) = self.locate(index)
            && self.node(at).count() > 1
        {
            self.split(at, self.node(at).count() / 2)?;
        }
        let Some((at, offset)) = self.find(index) else { return Err(NoMemory) };
        if self.node(at).has_room(fill, bytes) {
            return self.edit(at, |node| node.insert(offset, element));
        }
        // Too long for any node: it gets one of its own.
        let mut node = Node::default();
        node.push(Side::Right, element)?;
        if let Some((at, inside @ 1..)) = self.locate(index) {
            self.split(at, inside)?;
        }
        match index.checked_sub(1).and_then(|before| self.locate(before)) {
            Some((before, _)) => self.add_node(before, node).map(|_| ()),
            None => Err(NoMemory),
        }
    }

    /// Moves all but the first `count` elements of a node to a new one behind it.
    fn split(&mut self, at: At, count: usize) -> Result<(), NoMemory> {
        let node = self.node(at);
        let moved = node.count() - count;
        let behind = Node::of_run(&node.run()[offset(node.run(), node.count(), count)..], moved)?;
        let behind = self.add_node(at, behind)?;
        if let Some(at) = self.next_from(Side::Right, behind) {
            self.edit(at, |node| node.cut(Side::Right, moved));
        }
        Ok(())
    }

    /// Drops element `index`.
    fn remove(&mut self, index: usize, fill: Fill) {
        let Some((at, inside)) = self.locate(index) else { return };
        let node = self.node(at);
        let start = offset(node.run(), node.count(), inside);
        let len = element::len_at(&node.run()[start..]);
        self.edit(at, |node| node.remove(start..start + len));
        self.settle(at, fill);
    }

    // ---- many ----

    /// Drops elements equal to `wanted`, at most `most` as seen from `side`. Returns how many.
    pub fn remove_equal(&mut self, side: Side, wanted: StringRef<'_>, most: usize, fill: Fill) -> usize {
        let mut removed = 0;
        // Elements that are searched and stay, counted from `side`.
        let mut seen = 0;
        while removed < most && seen < self.len() {
            let index = if side == Side::Left { seen } else { self.len() - 1 - seen };
            let Some((mut at, inside)) = self.locate(index) else { break };
            let mut among = if side == Side::Left { self.node(at).count() - inside } else { inside + 1 };
            loop {
                let gone = self.edit(at, |node| node.remove_equal(side, among, wanted, most - removed));
                seen += among - gone;
                if gone > 0 {
                    removed += gone;
                    self.settle(at, fill);
                    break;
                }
                let Some(next) = self.next_from(side, at) else { break };
                at = next;
                among = self.node(at).count();
            }
        }
        removed
    }

    /// Drops `count` elements at an end, and returns what is best dropped where nobody waits: the nodes that lost all.
    ///
    /// # Errors
    /// If memory is short; then nothing has changed.
    pub fn cut(&mut self, side: Side, count: usize) -> Result<Self, NoMemory> {
        if count >= self.len() {
            return Ok(take(self));
        }
        let mut removed = Self::default();
        let mut left = count;
        let end = self.end(side);
        if let Some(beyond) = left.checked_sub(self.node(end).count()) {
            removed.inner = self.inner.cut(side, beyond)?;
            removed.tail = removed.inner.pop(Side::Right).unwrap_or_default();
            removed.head = take(if end == At::Tail { &mut self.tail } else { &mut self.head });
            left = beyond - removed.inner.elements() - removed.tail.count();
            self.remove_node(end);
        }
        if left > 0 {
            self.edit(self.end(side), |node| node.cut(side, left));
        }
        Ok(removed)
    }

    /// After a node has lost elements: removes it if it is empty, joins it with a neighbour if both fill no more than half a
    /// node.
    fn settle(&mut self, at: At, fill: Fill) {
        if self.node(at).is_empty() {
            return self.remove_node(at);
        }
        let before = self.next_from(Side::Right, at).map(|before| (before, at));
        let behind = self.next_from(Side::Left, at).map(|behind| (at, behind));
        for (left, right) in [before, behind].into_iter().flatten() {
            let (left_node, right_node) = (self.node(left), self.node(right));
            let (bytes, count) = (left_node.bytes() + right_node.bytes(), left_node.count() + right_node.count());
            // Without memory for it they stay two.
            if fill.allows(2 * bytes, 2 * count)
                && let Ok(copy) = right_node.duplicate()
                && self.edit(left, |node| node.append(&copy)).is_ok()
            {
                return self.remove_node(right);
            }
        }
    }
}
