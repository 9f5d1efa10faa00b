//! Hash: fields with values, and with deadlines of their own.
//!
//! | file | what |
//! |---|---|
//! | `element` | how a field, a value or a deadline is written in a flat hash |
//! | `flat` | a small hash: one run of bytes |
//! | `large` | a large hash: a dictionary of its fields |
//! | `editor` | changes to a hash wherever it is kept, and the way from flat to large |
//!
//! [`HashRef`] reads either, [`Editor`] changes either. A hash is flat until it has more fields than [`Limits`] allow, or a
//! longer field or value and is not small; it never becomes flat again. Where Redis would have made it a hash table it is called
//! one.
//!
//! # Deadlines of fields
//!
//! A flat hash has them in its tuples, a large one in its dictionary. The keyspace knows each hash that has any by its
//! earliest (`Dict::set_inner_deadline`), so that the drivers of background expiry wake up for it, and so that a lookup
//! of its key removes what is due before anyone sees the hash (`ShardData::settle_fields` in `keyspace::fields`). A flat
//! hash is rid of all that is due in one pass. A large one loses a bounded number of fields each time. What is due but
//! not removed yet is hidden from readers, who say up to which time fields are gone (`due_ms`). Where nothing has a
//! deadline nobody pays for this: `due_ms` is then [`NOTHING_DUE`].

mod editor;
mod element;
pub mod flat;
mod large;
#[cfg(test)]
mod tests;

pub use editor::{Editor, Holder, Opened, Owned};
pub use flat::{Deadline, ENTRIES_MAX, Flat, Item};
pub use large::Hash;

use super::{Object, Variant};
use crate::storage::{HashSeed, Kind, StringRef, ValueRef, format_int};
use element::Coded;

/// Nothing is due at this time.
pub const NOTHING_DUE: i64 = i64::MIN;

/// When a hash stops being flat.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Most fields.
    pub entries: usize,
    /// Longest field or value, in bytes.
    pub value_bytes: usize,
}

/// A field or a value as it comes in: its bytes, and the integer that they are the canonical text of, if so.
#[derive(Clone, Copy, Debug)]
pub struct Text<'a> {
    pub bytes: &'a [u8],
    pub int: Option<i64>,
}

impl<'a> Text<'a> {
    #[inline]
    fn packed(self) -> StringRef<'a> {
        self.int.map_or(StringRef::Str(self.bytes), StringRef::Int)
    }

    #[inline]
    fn coded(self) -> Coded<'a> {
        Coded::new(self.packed())
    }
}

/// A hash to read.
#[derive(Clone, Copy, Debug)]
pub enum HashRef<'a> {
    Flat(Flat<'a>),
    Large(&'a Hash),
}

impl<'a> HashRef<'a> {
    /// The hash that a value is; `None` if it is something else.
    #[inline]
    pub fn of(value: ValueRef<'a, Object>) -> Option<Self> {
        match value {
            ValueRef::Flat(Kind::Hash, bytes) => Some(Self::Flat(Flat::new(bytes))),
            ValueRef::Object(_, object) => Hash::from_object(object).map(Self::Large),
            ValueRef::Flat(..) | ValueRef::String(_) => None,
        }
    }

    /// Whether OBJECT ENCODING calls it a hash table.
    pub fn is_hashtable(self) -> bool {
        match self {
            Self::Flat(flat) => flat.is_hashtable(),
            Self::Large(_) => true,
        }
    }

    /// Fields that are not gone.
    pub fn len(self, due_ms: i64) -> usize {
        match self {
            Self::Flat(flat) if flat.has_deadlines() => self.iter(due_ms).count(),
            Self::Flat(flat) => flat.len(),
            Self::Large(hash) => hash.len(due_ms),
        }
    }

    /// A field and what belongs to it.
    #[inline]
    pub fn get(self, field: Text, seed: &HashSeed, due_ms: i64) -> Option<Item<'a>> {
        match self {
            Self::Flat(flat) => flat.get(&field.coded()).filter(|item| !item.is_due(due_ms)),
            Self::Large(hash) => hash.get(seed.hash(field.bytes), field.bytes, due_ms),
        }
    }

    /// Starts loading these fields, a [`WINDOW`](crate::types::WINDOW) of them: they are about to be looked up.
    #[inline]
    pub fn fetch<'f>(self, fields: impl IntoIterator<Item = &'f [u8]>, seed: &HashSeed) {
        if let Self::Large(hash) = self {
            hash.fetch(fields, seed);
        }
    }

    /// All fields that are not gone: in the order in which they were added if the hash is flat, else in none.
    pub fn iter(self, due_ms: i64) -> impl Iterator<Item = Item<'a>> {
        let (flat, large) = match self {
            Self::Flat(flat) => (Some(flat), None),
            Self::Large(hash) => (None, Some(hash)),
        };
        let large = large.into_iter().flat_map(move |hash| hash.iter(due_ms));
        let flat = flat.into_iter().flat_map(Flat::iter).filter(move |item| !item.is_due(due_ms));
        flat.chain(large)
    }

    /// The earliest deadline of a field, `i64::MAX` if none has one.
    pub fn next_deadline_ms(self) -> i64 {
        match self {
            Self::Flat(flat) => flat.next_deadline_ms(),
            Self::Large(hash) => hash.next_deadline_ms(),
        }
    }

    /// Whether no field is left at `now_ms` that is not due.
    pub fn is_spent(self, now_ms: i64) -> bool {
        match self {
            Self::Flat(flat) => flat.iter().all(|item| item.is_due(now_ms)),
            Self::Large(hash) => hash.is_spent(now_ms),
        }
    }
}

/// What OBJECT ENCODING says of a flat hash; the name of one with deadlines is that of Redis 7.4.
pub fn flat_encoding(bytes: &[u8]) -> &'static str {
    match Flat::new(bytes) {
        flat if flat.is_hashtable() => "hashtable",
        flat if flat.has_deadlines() => "listpackex",
        _ => "listpack",
    }
}

/// The text of a field or a value; `digits` holds it if it is an integer.
#[inline]
pub fn text_of<'a>(element: StringRef<'a>, digits: &'a mut [u8; 20]) -> &'a [u8] {
    match element {
        StringRef::Str(text) => text,
        StringRef::Int(int) => format_int(int, digits),
    }
}
