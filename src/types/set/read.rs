//! SetRef: one view of a stored set, whatever it is stored as.

use super::ints::Cursor;
use super::intset::Intset;
use super::packed::{self, Packed};
use super::{Encoding, Member, Set, flat, large};
use crate::storage::{Kind, ValueRef};
use crate::types::{Object, Variant};

/// See the module's comment.
#[derive(Clone, Copy, Debug)]
pub struct SetRef<'a>(Form<'a>);

#[derive(Clone, Copy, Debug)]
enum Form<'a> {
    Intset(Intset<'a>),
    Packed(Packed<'a>, Encoding),
    Large(&'a Set),
}

impl<'a> SetRef<'a> {
    /// The set that is stored as `value`, if it is one.
    #[inline]
    pub fn of(value: ValueRef<'a, Object>) -> Option<Self> {
        match value {
            ValueRef::Flat(Kind::Set, flat) => Self::of_flat(flat),
            ValueRef::Object(Kind::Set, object) => Set::from_object(object).map(Self::of_large),
            _ => None,
        }
    }

    #[inline]
    pub(super) fn of_flat(flat: &'a [u8]) -> Option<Self> {
        let intset = Intset::read(flat).map(Form::Intset);
        intset.or_else(|| Some(Form::Packed(Packed::read(flat)?, flat::encoding(flat)))).map(Self)
    }

    #[inline]
    pub(super) fn of_large(set: &'a Set) -> Self {
        Self(Form::Large(set))
    }

    #[inline]
    pub fn len(self) -> usize {
        match self.0 {
            Form::Intset(set) => set.len(),
            Form::Packed(set, _) => set.len(),
            Form::Large(set) => set.len(),
        }
    }

    #[inline]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// What OBJECT ENCODING says.
    pub fn encoding(self) -> Encoding {
        match self.0 {
            Form::Intset(_) => Encoding::Intset,
            Form::Packed(_, encoding) => encoding,
            Form::Large(set) => set.encoding(),
        }
    }

    #[inline]
    pub fn contains(self, member: Member) -> bool {
        match (self.0, member) {
            (Form::Intset(set), Member::Int(int)) => set.contains(int),
            (Form::Intset(_), Member::Text(_)) => false,
            (Form::Packed(set, _), _) => set.contains(member),
            (Form::Large(set), _) => set.contains(member),
        }
    }

    /// Starts loading these members, a [`WINDOW`](crate::types::WINDOW) of them: they are about to be looked up.
    #[inline]
    pub fn fetch(self, members: &[Member]) {
        if let Form::Large(set) = self.0 {
            set.fetch(members);
        }
    }

    /// All members; numbers ascend unless the set is small and of mixed members.
    pub fn iter(self) -> Members<'a> {
        match self.0 {
            Form::Intset(set) => Members::Intset { set, next: 0 },
            Form::Packed(set, _) => Members::Packed(set.iter()),
            Form::Large(set) => Members::Large(set.iter()),
        }
    }

    /// A random member, all equally likely; `None` if there are none.
    pub fn random(self, mut random: impl FnMut() -> u64) -> Option<Member<'a>> {
        match self.0 {
            Form::Large(set) => set.random(random),
            _ => self.get(((u128::from(random()) * self.len() as u128) >> 64) as usize),
        }
    }

    /// The `index`-th member of a small set.
    pub(super) fn get(self, index: usize) -> Option<Member<'a>> {
        match self.0 {
            Form::Intset(set) => set.get(index).map(Member::Int),
            Form::Packed(set, _) => set.get(index),
            Form::Large(_) => None,
        }
    }

    /// One step of SSCAN: visits about `count` members, all at once if the set is small, and returns the next cursor,
    /// 0 at the end.
    pub fn scan(self, cursor: u64, count: usize, visit: impl FnMut(Member)) -> u64 {
        match self.0 {
            Form::Large(set) => set.scan(cursor, count, visit),
            Form::Intset(_) | Form::Packed(..) => {
                self.iter().for_each(visit);
                0
            }
        }
    }

    /// Whether [`SetRef::iter`] gives numbers in ascending order.
    pub(super) fn is_sorted(self) -> bool {
        !matches!(self.0, Form::Packed(..))
    }

    /// For asking whether members are there in the order in which `asked_by` gives them.
    pub(super) fn probe(self, asked_by: SetRef) -> Probe<'a> {
        match self.0 {
            Form::Intset(set) if asked_by.is_sorted() => Probe::Intset { set, start: 0 },
            Form::Large(set) if asked_by.is_sorted() => Probe::Large { set, cursor: set.int_cursor() },
            _ => Probe::Any(self),
        }
    }
}

/// The members of a set.
#[expect(clippy::large_enum_variant, reason = "a walk is on the stack: a box could be refused")]
pub enum Members<'a> {
    #[doc(hidden)]
    Intset { set: Intset<'a>, next: usize },
    #[doc(hidden)]
    Packed(packed::Iter<'a>),
    #[doc(hidden)]
    Large(large::Iter<'a>),
}

impl<'a> Iterator for Members<'a> {
    type Item = Member<'a>;

    #[inline]
    fn next(&mut self) -> Option<Member<'a>> {
        match self {
            Self::Intset { set, next } => {
                let int = set.get(*next)?;
                *next += 1;
                Some(Member::Int(int))
            }
            Self::Packed(members) => members.next(),
            Self::Large(members) => members.next(),
        }
    }

    /// Which form it is is asked once, not for every member.
    #[inline]
    fn fold<B, F: FnMut(B, Member<'a>) -> B>(self, init: B, mut f: F) -> B {
        match self {
            Self::Intset { set, next } => {
                (next..).map_while(|at| set.get(at)).fold(init, |b, int| f(b, Member::Int(int)))
            }
            Self::Packed(members) => members.fold(init, f),
            Self::Large(members) => members.fold(init, f),
        }
    }
}

/// Remembers where the last number was, because the next one is not far.
pub(super) enum Probe<'a> {
    Intset { set: Intset<'a>, start: usize },
    Large { set: &'a Set, cursor: Cursor<'a> },
    Any(SetRef<'a>),
}

impl Probe<'_> {
    /// Starts loading members that are about to be asked for.
    #[inline]
    pub(super) fn fetch(&self, members: &[Member]) {
        match self {
            Self::Large { set, .. } => set.fetch(members),
            Self::Any(set) => set.fetch(members),
            Self::Intset { .. } => {}
        }
    }

    #[inline]
    pub(super) fn contains(&mut self, member: Member) -> bool {
        match (self, member) {
            (Self::Intset { set, start }, Member::Int(int)) => {
                let found = set.find_from(*start, int);
                *start = found.unwrap_or_else(|at| at);
                found.is_ok()
            }
            (Self::Intset { .. }, Member::Text(_)) => false,
            (Self::Large { cursor, .. }, Member::Int(int)) => cursor.contains(int),
            (Self::Large { set, .. }, Member::Text(_)) => set.contains(member),
            (Self::Any(set), _) => set.contains(member),
        }
    }
}
