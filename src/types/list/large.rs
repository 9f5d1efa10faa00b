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
//! Inner nodes may be compressed, all but some at each end (`list-compress-depth`). Who wants to change one has it unpacked
//! first ([`List::open`]) and packed again at the end of the operation; who reads one does so from a copy.
//!
//! Invariants: the head is empty only if the list is; the tail is empty if and only if there are less than two nodes; inner
//! nodes are not empty, and there are none without a tail; head and tail are not packed. Cost: constant at the ends,
//! amortised; an index is found by the counts of chunks and nodes and a walk in its node; an edit touches a node and its
//! neighbours.

mod many;
mod packing;

use super::chain::{Chain, Place};
use super::run::{Elements, Run};
use super::{Fill, Node, Side};
use crate::storage::{GARBAGE_MIN, Garbage, NoMemory, Nothing, StringRef, size_class, try_box, try_push};
use std::mem::{replace, take};

/// See the module's comment.
#[derive(Debug, Default)]
pub struct List {
    head: Node,
    inner: Chain,
    tail: Node,
    extras: Option<Box<Extras>>,
}

/// What few lists have.
#[derive(Debug, Default)]
struct Extras {
    /// Nodes at each end that stay plain, 0 if all do. As in Redis a list keeps what it was made with.
    plain_ends: usize,
    /// Buffers of nodes that are in the list no more and take long to free: of one long element each.
    left: Vec<Garbage<Nothing>>,
}

/// Where a node is; good until a node is added or removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum At {
    Head,
    Inner(Place),
    Tail,
}

impl List {
    /// A list without elements.
    ///
    /// # Errors
    /// If memory is short.
    pub fn new(fill: Fill) -> Result<Self, NoMemory> {
        Self::with_plain_ends(fill.plain_ends)
    }

    fn with_plain_ends(plain_ends: usize) -> Result<Self, NoMemory> {
        let extras = if plain_ends == 0 { None } else { Some(try_box(Extras { plain_ends, left: Vec::new() })?) };
        Ok(Self { extras, ..Self::default() })
    }

    /// Nodes at each end that stay plain, 0 if all do.
    #[inline]
    fn plain_ends(&self) -> usize {
        self.extras.as_ref().map_or(0, |extras| extras.plain_ends)
    }

    /// A list of the `count` elements of a tagged run.
    ///
    /// # Errors
    /// If memory is short.
    pub fn of_run(run: &[u8], count: usize, fill: Fill) -> Result<Self, NoMemory> {
        Ok(Self { head: Node::of_run(Run::tagged(run), count)?, ..Self::new(fill)? })
    }

    /// Whether inner nodes are compressed.
    pub fn compresses(&self) -> bool {
        self.plain_ends() != 0
    }

    /// All nodes in order.
    pub(super) fn nodes(&self) -> impl Iterator<Item = &Node> {
        let tail = (!self.tail.is_empty()).then_some(&self.tail);
        std::iter::once(&self.head).chain(self.inner.nodes()).chain(tail)
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
        let extras = if self.extras.is_some() { size_class(size_of::<Extras>()) } else { 0 };
        extras + self.head.memory() + self.inner.memory() + self.tail.memory()
    }

    /// A copy that shares nothing.
    ///
    /// # Errors
    /// If memory is short.
    pub fn duplicate(&self) -> Result<Self, NoMemory> {
        let (head, inner, tail) = (self.head.duplicate()?, self.inner.duplicate()?, self.tail.duplicate()?);
        Ok(Self { head, inner, tail, ..Self::with_plain_ends(self.plain_ends())? })
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

    /// Takes a node out. If it is the one at an end, its neighbour is not packed.
    fn remove_node(&mut self, at: At) {
        let removed = match at {
            At::Inner(place) => self.inner.remove(place).unwrap_or_default(),
            At::Head => {
                let next = self.inner.pop(Side::Left).unwrap_or_else(|| take(&mut self.tail));
                replace(&mut self.head, next)
            }
            At::Tail => replace(&mut self.tail, self.inner.pop(Side::Right).unwrap_or_default()),
        };
        self.discard(removed);
    }

    /// Drops a node that is in the list no more, now if that is quick, or if there is no memory for a note of it.
    #[inline]
    fn discard(&mut self, node: Node) {
        if node.memory() >= GARBAGE_MIN {
            let _ = self.keep(node);
        }
    }

    #[cold]
    fn keep(&mut self, node: Node) -> Result<(), NoMemory> {
        let extras = match &mut self.extras {
            Some(extras) => extras,
            none => none.insert(try_box(Extras::default())?),
        };
        try_push(&mut extras.left, Garbage::Bytes(node.into_bytes()))
    }

    /// Whether there are large nodes that are in the list no more.
    #[inline]
    pub fn has_garbage(&self) -> bool {
        self.extras.as_ref().is_some_and(|extras| !extras.left.is_empty())
    }

    /// Large nodes that are in the list no more, to be dropped where nobody waits.
    pub fn take_garbage(&mut self) -> Vec<Garbage<Nothing>> {
        let left = self.extras.as_mut().map_or_else(Vec::new, |extras| take(&mut extras.left));
        if self.plain_ends() == 0 {
            self.extras = None;
        }
        left
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
        if self.place_at_end(side, element, fill)? {
            self.tend(0, 1);
        }
        Ok(())
    }

    /// [`List::push`] that packs nothing; whether there is one more node.
    #[inline]
    fn place_at_end(&mut self, side: Side, element: StringRef<'_>, fill: Fill) -> Result<bool, NoMemory> {
        let end = match side {
            Side::Right if !self.tail.is_empty() => &mut self.tail,
            _ => &mut self.head,
        };
        if end.has_room(fill, element) {
            return end.push(side, element).map(|()| false);
        }
        self.push_node(side, element).map(|()| true)
    }

    /// Adds elements at an end, one after the other.
    ///
    /// # Errors
    /// If memory is short; then nothing has changed.
    pub fn extend<'e>(
        &mut self,
        side: Side,
        elements: impl Iterator<Item = StringRef<'e>>,
        fill: Fill,
    ) -> Result<(), NoMemory> {
        let mut nodes = 0;
        for (pushed, element) in elements.enumerate() {
            match self.place_at_end(side, element, fill) {
                Ok(is_node) => nodes += usize::from(is_node),
                // Nothing was packed yet, so this takes no memory.
                Err(error) => return (0..pushed).try_for_each(|_| self.drop_end(side)).and(Err(error)),
            }
        }
        self.tend(0, nodes);
        Ok(())
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
    ///
    /// # Errors
    /// If memory is short to decompress the next node; then nothing has changed.
    #[inline]
    pub fn drop_end(&mut self, side: Side) -> Result<(), NoMemory> {
        let at = self.end(side);
        let end = if at == At::Tail { &mut self.tail } else { &mut self.head };
        match end.count() {
            0 => {}
            1 => self.drop_last(at)?,
            _ => end.cut(side, 1),
        }
        Ok(())
    }

    /// Drops the last element of the node at an end, and so the node.
    #[cold]
    fn drop_last(&mut self, at: At) -> Result<(), NoMemory> {
        self.open_next(at)?;
        self.remove_node(at);
        self.tend(1, 0);
        Ok(())
    }

    // ---- by index ----

    /// The node of element `index`, which is made plain, and the index there.
    fn find(&mut self, index: usize) -> Result<Option<(At, usize)>, NoMemory> {
        let Some((at, inside)) = self.locate(index) else { return Ok(None) };
        self.open(at)?;
        Ok(Some((at, inside)))
    }

    /// Replaces element `index`; false if there is none.
    ///
    /// # Errors
    /// If memory is short; then nothing has changed but the division into nodes.
    pub fn set(&mut self, index: usize, element: StringRef<'_>, fill: Fill) -> Result<bool, NoMemory> {
        let Some((at, inside)) = self.find(index)? else { return Ok(false) };
        if self.node(at).has_room_instead(fill, inside, element) {
            if self.node(at).count() == 1 && self.node(at).memory() >= GARBAGE_MIN {
                return self.set_alone(at, element).map(|()| true);
            }
            let replaced = self.edit(at, |node| node.replace(inside, element));
            self.pack(at);
            return replaced.map(|()| true);
        }
        // The element stays in a plain node, or in one at an end beside a plain one, so removing it cannot fail.
        self.open_next(at)?;
        let placed = self.place(index, element, fill);
        if placed.is_ok() {
            self.remove(index + 1, fill)?;
        }
        self.pack_around(index);
        placed.map(|()| true)
    }

    /// Replaces the only element of a node.
    fn set_alone(&mut self, at: At, element: StringRef<'_>) -> Result<(), NoMemory> {
        let mut node = Node::default();
        node.push(Side::Right, element)?;
        let old = self.edit(at, |place| replace(place, node));
        self.discard(old);
        self.pack(at);
        Ok(())
    }

    /// Adds an element before element `index`, or at the end for `index == len`.
    ///
    /// # Errors
    /// If memory is short; then nothing has changed but the division into nodes.
    pub fn insert(&mut self, index: usize, element: StringRef<'_>, fill: Fill) -> Result<(), NoMemory> {
        let placed = self.place(index, element, fill);
        self.pack_around(index);
        placed
    }

    /// [`List::insert`] that packs nothing.
    fn place(&mut self, index: usize, element: StringRef<'_>, fill: Fill) -> Result<(), NoMemory> {
        if index == 0 || index >= self.len() {
            let side = if index == 0 { Side::Left } else { Side::Right };
            return self.place_at_end(side, element, fill).map(|_| ());
        }
        let Some((at, inside)) = self.find(index)? else { return Err(NoMemory) };
        if self.node(at).has_room(fill, element) {
            return self.edit(at, |node| node.insert(inside, element));
        }
        // Half-full nodes have room for what comes next, wherever it comes.
        if self.node(at).count() > 1 {
            self.split(at, self.node(at).count() / 2)?;
        }
        let Some((at, inside)) = self.find(index)? else { return Err(NoMemory) };
        if self.node(at).has_room(fill, element) {
            return self.edit(at, |node| node.insert(inside, element));
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
        let behind = self.node(at).copy_from(count)?;
        let moved = behind.count();
        let behind = self.add_node(at, behind)?;
        if let Some(at) = self.next_from(Side::Right, behind) {
            self.edit(at, |node| node.cut(Side::Right, moved));
        }
        Ok(())
    }

    /// Drops element `index`.
    ///
    /// # Errors
    /// If memory is short; then nothing has changed.
    fn remove(&mut self, index: usize, fill: Fill) -> Result<(), NoMemory> {
        let Some((at, inside)) = self.find(index)? else { return Ok(()) };
        self.open_next(at)?;
        self.edit(at, |node| node.remove(inside));
        self.settle(at, fill);
        Ok(())
    }

    /// After a node has lost elements: removes it if it is empty, joins it with a neighbour if both fill no more than half a
    /// node. If it is at an end, its neighbour is not packed.
    fn settle(&mut self, at: At, fill: Fill) {
        if self.node(at).is_empty() {
            return self.remove_node(at);
        }
        let before = self.next_from(Side::Right, at).map(|before| (before, at));
        let behind = self.next_from(Side::Left, at).map(|behind| (at, behind));
        for (left, right) in [before, behind].into_iter().flatten() {
            let (left_node, right_node) = (self.node(left), self.node(right));
            let (bytes, count) = (left_node.bytes_with(right_node), left_node.count() + right_node.count());
            // Without memory for it they stay two.
            if fill.allows(2 * bytes, 2 * count) && self.join(left, right).is_ok() {
                return;
            }
        }
    }

    /// Moves the elements of a node to the one before it.
    fn join(&mut self, left: At, right: At) -> Result<(), NoMemory> {
        self.open(left)?;
        self.open(right)?;
        self.open_next(right)?;
        let copy = self.node(right).duplicate()?;
        self.edit(left, |node| node.append(&copy))?;
        self.remove_node(right);
        Ok(())
    }
}
