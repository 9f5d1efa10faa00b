//! Entry: reading the entries of a block ([`block`](super::block) has the layout), one after the other.

use super::id::Id;
use super::packed::{Reader, Value};

pub const DELETED: u8 = 1;
pub const SAME_FIELDS: u8 = 2;
pub const NEXT_SEQ: u8 = 4;
pub const MS_SHIFT: u32 = 3;
/// Differences from here on are written as a varint.
pub const MS_LARGE: u8 = 31;

/// The sequence number that usually comes after `previous`, `ms` later.
#[inline]
pub fn usual_seq(previous: Id, ms: u64) -> u64 {
    if ms == 0 { previous.seq.wrapping_add(1) } else { 0 }
}

/// The entries of a block, oldest first.
#[derive(Clone, Debug)]
pub struct Entries<'a> {
    /// Where the block's bytes end.
    pub(super) end: usize,
    /// The fields that entries usually have.
    pub(super) usual_count: u64,
    pub(super) usual: Reader<'a>,
    /// From the next entry on.
    pub(super) rest: Reader<'a>,
    /// The id of the entry before.
    pub(super) previous: Id,
}

impl<'a> Entries<'a> {
    /// Where in the block's bytes the next entry is.
    pub(super) fn offset(&self) -> u32 {
        (self.end - self.rest.left()) as u32
    }

    #[inline]
    fn read(&mut self) -> Option<Entry<'a>> {
        let at = self.offset();
        let head = self.rest.byte()?;
        let ms = match head >> MS_SHIFT {
            MS_LARGE => self.rest.varint()?,
            ms => u64::from(ms),
        };
        let usual_seq = usual_seq(self.previous, ms);
        let seq = if head & NEXT_SEQ == 0 { usual_seq.wrapping_add(self.rest.varint()?) } else { usual_seq };
        let id = Id { ms: self.previous.ms.wrapping_add(ms), seq };
        let (fields, pairs, values) = if head & SAME_FIELDS == 0 {
            let count = self.rest.varint()?;
            (None, count, count.checked_mul(2)?)
        } else {
            (Some(self.usual), self.usual_count, self.usual_count)
        };
        let entry = Entry { id, at, is_deleted: head & DELETED != 0, pairs, fields, values: self.rest };
        self.rest.skip_values(values)?;
        self.previous = id;
        Some(entry)
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Entry<'a>;

    #[inline]
    fn next(&mut self) -> Option<Entry<'a>> {
        self.read()
    }
}

/// An entry, borrowed from its block.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    pub id: Id,
    pub is_deleted: bool,
    /// Where it is in its block.
    at: u32,
    pairs: u64,
    /// The usual fields of the block, if it has them.
    fields: Option<Reader<'a>>,
    values: Reader<'a>,
}

impl<'a> Entry<'a> {
    /// Where it is in its block, for `Block::delete` and `Block::entry_at`.
    pub fn at(&self) -> u32 {
        self.at
    }

    /// How many fields it has.
    #[inline]
    pub fn pair_count(&self) -> usize {
        self.pairs as usize
    }

    /// Whether it has the fields of the first entry of its block.
    pub fn has_usual_fields(&self) -> bool {
        self.fields.is_some()
    }

    /// Its fields and values in the order in which they were given.
    #[inline]
    pub fn pairs(&self) -> Pairs<'a> {
        Pairs { left: self.pairs, fields: self.fields, values: self.values }
    }
}

/// The fields and values of an entry.
#[derive(Clone, Debug)]
pub struct Pairs<'a> {
    left: u64,
    fields: Option<Reader<'a>>,
    values: Reader<'a>,
}

impl<'a> Iterator for Pairs<'a> {
    type Item = (Value<'a>, Value<'a>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let field = match &mut self.fields {
            Some(fields) => fields.value()?,
            None => self.values.value()?,
        };
        Some((field, self.values.value()?))
    }
}
