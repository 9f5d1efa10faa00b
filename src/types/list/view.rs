//! A list to read, however it is stored.

use super::large::{At, List};
use super::run::Elements;
use super::{Side, flat, run};
use crate::storage::{Kind, StringRef, ValueRef};
use crate::types::{Object, Variant};

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

    /// The element at an end.
    #[inline]
    pub fn peek(self, side: Side) -> Option<StringRef<'a>> {
        self.iter(side).next()
    }

    /// Element `index`, if there is one.
    pub fn get(self, index: usize) -> Option<StringRef<'a>> {
        self.iter_from(Side::Left, index).next()
    }

    /// All elements, as seen from `side`.
    #[inline]
    pub fn iter(self, side: Side) -> Iter<'a> {
        match self {
            Self::Flat(bytes) => Iter { elements: Elements::new(flat::run(bytes)), rest: None, side },
            Self::Large(list) => {
                let at = list.end(side);
                Iter { elements: Elements::new(list.node(at).run()), rest: Some((list, at)), side }
            }
        }
    }

    /// The elements as seen from `side`, without the first `skipped`.
    pub fn iter_from(self, side: Side, skipped: usize) -> Iter<'a> {
        let Some(left) = self.len().checked_sub(skipped + 1) else {
            return Iter { elements: Elements::default(), rest: None, side };
        };
        let (run, count, inside, rest) = match self {
            Self::Flat(bytes) => (flat::run(bytes), flat::count(bytes), skipped, None),
            Self::Large(list) => {
                let index = if side == Side::Left { skipped } else { left };
                let Some((at, inside)) = list.locate(index) else { return self.iter(side) };
                let node = list.node(at);
                let inside = if side == Side::Left { inside } else { node.count() - 1 - inside };
                (node.run(), node.count(), inside, Some((list, at)))
            }
        };
        let elements = match side {
            Side::Left => &run[run::offset(run, count, inside)..],
            Side::Right => &run[..run::offset(run, count, count - inside)],
        };
        Iter { elements: Elements::new(elements), rest, side }
    }
}

/// Elements of a list in one direction.
#[derive(Clone, Debug)]
pub struct Iter<'a> {
    elements: Elements<'a>,
    /// The list and the node of `elements`, if there may be more nodes.
    rest: Option<(&'a List, At)>,
    side: Side,
}

impl<'a> Iterator for Iter<'a> {
    type Item = StringRef<'a>;

    #[inline]
    fn next(&mut self) -> Option<StringRef<'a>> {
        let next = self.elements.next_from(self.side);
        if next.is_some() { next } else { self.next_node() }
    }
}

impl<'a> Iter<'a> {
    #[cold]
    fn next_node(&mut self) -> Option<StringRef<'a>> {
        let (list, at) = self.rest?;
        let Some(at) = list.next_from(self.side, at) else {
            self.rest = None;
            return None;
        };
        self.rest = Some((list, at));
        self.elements = Elements::new(list.node(at).run());
        self.elements.next_from(self.side)
    }
}
