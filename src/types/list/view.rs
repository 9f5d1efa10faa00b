//! A list to read, however it is stored.

use super::large::List;
use super::run::{Elements, Run};
use super::{Node, Side, flat};
use crate::storage::{Kind, NoMemory, StringRef, ValueRef};
use crate::types::{Object, Variant};
use std::convert::Infallible;
use std::ops::ControlFlow;

/// A list to read.
#[derive(Clone, Copy, Debug)]
pub enum ListRef<'a> {
    Flat(&'a [u8]),
    Large(&'a List),
}

impl<'a> ListRef<'a> {
    /// The list that a value is, if it is one.
    #[inline]
    pub fn of(value: ValueRef<'a, Object>) -> Option<Self> {
        match value {
            ValueRef::Flat(Kind::List, bytes) => Some(Self::Flat(bytes)),
            ValueRef::Object(_, object) => List::from_object(object).map(Self::Large),
            _ => None,
        }
    }

    /// Number of elements.
    #[inline]
    pub fn len(self) -> usize {
        match self {
            Self::Flat(bytes) => flat::count(bytes),
            Self::Large(list) => list.len(),
        }
    }

    #[inline]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Number of nodes; a flat encoding is one.
    pub fn nodes(self) -> usize {
        match self {
            Self::Flat(_) => 1,
            Self::Large(list) => list.nodes().count(),
        }
    }

    /// Bytes of all elements in a listpack, not compressed.
    pub fn run_bytes(self) -> usize {
        match self {
            Self::Flat(bytes) => flat::run(bytes).len(),
            Self::Large(list) => list.nodes().map(Node::tagged_bytes).sum(),
        }
    }

    /// The element at an end.
    #[inline]
    pub fn peek(self, side: Side) -> Option<StringRef<'a>> {
        match self {
            Self::Flat(bytes) => Elements::new(Run::tagged(flat::run(bytes))).next_from(side),
            Self::Large(list) => list.peek(side),
        }
    }

    /// Shows `visit` the elements as seen from `side`, without the first `skipped`, until it breaks. One by one and no iterator,
    /// because an element of a compressed node lives no longer than the visit.
    ///
    /// # Errors
    /// If memory is short to look into a compressed node.
    #[inline]
    pub fn walk<B>(
        self,
        side: Side,
        skipped: usize,
        mut visit: impl FnMut(StringRef<'_>) -> ControlFlow<B>,
    ) -> Result<ControlFlow<B>, NoMemory> {
        match self {
            Self::Flat(bytes) if skipped < flat::count(bytes) => {
                Ok(walk_run(Run::tagged(flat::run(bytes)), flat::count(bytes), side, skipped, &mut visit))
            }
            Self::Large(list) if skipped < list.len() => {
                let index = if side == Side::Left { skipped } else { list.len() - 1 - skipped };
                let Some((mut at, inside)) = list.locate(index) else { return Ok(ControlFlow::Continue(())) };
                let count = list.node(at).count();
                let mut skipped = if side == Side::Left { inside } else { count - 1 - inside };
                let mut scratch = Vec::new();
                loop {
                    let node = list.node(at);
                    let walked = walk_run(node.read(&mut scratch)?, node.count(), side, skipped, &mut visit);
                    if walked.is_break() {
                        return Ok(walked);
                    }
                    skipped = 0;
                    match list.next_from(side, at) {
                        Some(next) => at = next,
                        None => return Ok(walked),
                    }
                }
            }
            _ => Ok(ControlFlow::Continue(())),
        }
    }

    /// Shows `visit` all elements as seen from `side`.
    ///
    /// # Errors
    /// As [`ListRef::walk`].
    pub fn for_each(self, side: Side, mut visit: impl FnMut(StringRef<'_>)) -> Result<(), NoMemory> {
        let walked = self.walk(side, 0, |element| {
            visit(element);
            ControlFlow::<Infallible>::Continue(())
        });
        walked.map(|_| ())
    }

    /// Shows `visit` `count` elements as seen from `side`, without the first `skipped`, or as many as there are.
    ///
    /// # Errors
    /// As [`ListRef::walk`].
    #[inline]
    pub fn for_some(
        self,
        side: Side,
        skipped: usize,
        count: usize,
        mut visit: impl FnMut(StringRef<'_>),
    ) -> Result<(), NoMemory> {
        if count == 0 {
            return Ok(());
        }
        let mut left = count;
        let walked = self.walk(side, skipped, |element| {
            visit(element);
            left -= 1;
            if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        walked.map(|_| ())
    }
}

/// Shows `visit` the elements of a run as seen from `side`, without the first `skipped`.
#[inline]
fn walk_run<B>(
    run: Run<'_>,
    count: usize,
    side: Side,
    skipped: usize,
    visit: &mut impl FnMut(StringRef<'_>) -> ControlFlow<B>,
) -> ControlFlow<B> {
    let left = match side {
        Side::Left => run.offset(count, skipped)..run.bytes.len(),
        Side::Right => 0..run.offset(count, count - skipped),
    };
    let mut elements = Elements::new(run.part(left));
    while let Some(element) = elements.next_from(side) {
        visit(element)?;
    }
    ControlFlow::Continue(())
}
