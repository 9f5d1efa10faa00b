//! Flat: a small hash as one run of bytes.
//!
//! ```text
//!  | count, 14 bits; is called hashtable; has deadlines | field, value | field, value | ...
//!                                                       | field, value, deadline | ...     if it has deadlines
//! ```
//!
//! Fields, values and deadlines are [elements](super::element). The order is that of insertion. Once a field has been given
//! a deadline, every field has one, 0 for none, at the cost of a byte; as in Redis that stays so.
//!
//! What OBJECT ENCODING says and how a hash is stored are two things. Redis makes a hash table of a small hash because one value is
//! long; here it is only called one.
//!
//! Searching is one pass that compares lengths and bytes and decodes nothing. Everything is O(n), and n is small. Editing
//! works on whatever owns the bytes; a value that is replaced by one of the same size is overwritten where it is.
//!
//! Invariants: there is a header, and `count` tuples follow it. What follows them is not looked at: giving memory back may fail.

use super::element::{Coded, decode, size};
use crate::storage::{Bytes, NoMemory, StringRef};

const HEADER: usize = 2;
const HAS_DEADLINES: u16 = 0x8000;
const IS_HASHTABLE: u16 = 0x4000;
/// The most fields that can be counted.
pub const ENTRIES_MAX: usize = 0x3FFF;
/// A hash without fields.
pub const EMPTY: [u8; HEADER] = [0; HEADER];

/// A field and what belongs to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item<'a> {
    pub field: StringRef<'a>,
    pub value: StringRef<'a>,
    pub deadline_ms: Option<i64>,
}

impl Item<'_> {
    #[inline]
    pub fn is_due(&self, now_ms: i64) -> bool {
        self.deadline_ms.is_some_and(|deadline_ms| deadline_ms <= now_ms)
    }
}

/// What becomes of the deadline of a field whose value is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deadline {
    Drop,
    Keep,
}

/// A flat hash to read.
#[derive(Clone, Copy, Debug)]
pub struct Flat<'a> {
    bytes: &'a [u8],
}

/// Where a tuple is.
#[derive(Clone, Copy, Debug)]
struct Span {
    field: usize,
    value: usize,
    deadline: usize,
    end: usize,
}

impl<'a> Flat<'a> {
    #[inline]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    #[inline]
    fn header(self) -> u16 {
        self.bytes.first_chunk().map_or(0, |header| u16::from_le_bytes(*header))
    }

    #[inline]
    pub fn len(self) -> usize {
        usize::from(self.header()) & ENTRIES_MAX
    }

    #[inline]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Whether it is called a hash table, once and for all.
    #[inline]
    pub fn is_hashtable(self) -> bool {
        self.header() & IS_HASHTABLE != 0
    }

    /// Whether fields have room for deadlines.
    #[inline]
    pub fn has_deadlines(self) -> bool {
        self.header() & HAS_DEADLINES != 0
    }

    /// The tuple that begins at `at`.
    #[inline(always)]
    fn span(self, at: usize, has_deadlines: bool) -> Option<Span> {
        let value = at + size(self.bytes.get(at..)?)?;
        let deadline = value + size(self.bytes.get(value..)?)?;
        let end = if has_deadlines { deadline + size(self.bytes.get(deadline..)?)? } else { deadline };
        Some(Span { field: at, value, deadline, end })
    }

    /// Where a field is, or else where the tuples end.
    #[inline]
    fn find(self, field: &Coded) -> Result<Span, usize> {
        let has_deadlines = self.has_deadlines();
        let mut at = HEADER;
        for _ in 0..self.len() {
            let Some(span) = self.span(at, has_deadlines) else { break };
            if span.value - span.field == field.len() && field.is_at(&self.bytes[span.field..span.value]) {
                return Ok(span);
            }
            at = span.end;
        }
        Err(at)
    }

    #[inline]
    fn item(self, span: Span) -> Item<'a> {
        Item {
            field: decode(&self.bytes[span.field..span.value]),
            value: decode(&self.bytes[span.value..span.deadline]),
            deadline_ms: deadline(&self.bytes[span.deadline..span.end]),
        }
    }

    /// A field and what belongs to it.
    #[inline]
    pub fn get(self, field: &Coded) -> Option<Item<'a>> {
        Some(self.item(self.find(field).ok()?))
    }

    /// Bytes of the hash when this field has been set, deadlines aside.
    pub fn bytes_with(self, field: &Coded, value: &Coded) -> usize {
        match self.find(field) {
            Ok(span) => self.bytes.len() - (span.deadline - span.value) + value.len(),
            Err(_) => self.bytes.len() + field.len() + value.len(),
        }
    }

    /// All fields in the order in which they were added.
    pub fn iter(self) -> impl Iterator<Item = Item<'a>> {
        let has_deadlines = self.has_deadlines();
        let mut at = HEADER;
        (0..self.len()).map_while(move |_| {
            let span = self.span(at, has_deadlines)?;
            at = span.end;
            Some(self.item(span))
        })
    }

    /// The earliest deadline, `i64::MAX` if there is none.
    pub fn next_deadline_ms(self) -> i64 {
        if !self.has_deadlines() {
            return i64::MAX;
        }
        self.iter().filter_map(|item| item.deadline_ms).min().unwrap_or(i64::MAX)
    }
}

/// Decodes a deadline.
#[inline]
fn deadline(bytes: &[u8]) -> Option<i64> {
    match decode(bytes) {
        StringRef::Int(deadline_ms) if deadline_ms != 0 => Some(deadline_ms),
        _ => None,
    }
}

/// The code of a deadline.
fn coded(deadline_ms: Option<i64>) -> Coded<'static> {
    Coded::integer(deadline_ms.unwrap_or(0))
}

fn set_header(bytes: &mut impl Bytes, len: usize, has_deadlines: bool) {
    let name = Flat::new(bytes.bytes()).header() & IS_HASHTABLE;
    let header = len as u16 | name | if has_deadlines { HAS_DEADLINES } else { 0 };
    if let Some(place) = bytes.bytes_mut().first_chunk_mut() {
        *place = header.to_le_bytes();
    }
}

/// Has it called a hash table from now on.
pub fn name_hashtable(bytes: &mut impl Bytes) {
    if let Some([_, high]) = bytes.bytes_mut().first_chunk_mut() {
        *high |= (IS_HASHTABLE >> 8) as u8;
    }
}

/// Replaces the element at `range`.
#[inline]
fn replace(bytes: &mut impl Bytes, range: std::ops::Range<usize>, element: &Coded) -> Result<(), NoMemory> {
    if range.len() == element.len() {
        element.write(&mut bytes.bytes_mut()[range]);
    } else {
        element.write(bytes.splice(range, element.len())?);
    }
    Ok(())
}

/// Sets a field; whether it is new.
///
/// # Errors
/// If memory is short, or if there are [`ENTRIES_MAX`] fields; then nothing has changed.
#[inline]
pub fn set(bytes: &mut impl Bytes, field: &Coded, value: &Coded, keep: Deadline) -> Result<bool, NoMemory> {
    let flat = Flat::new(bytes.bytes());
    let (len, has_deadlines) = (flat.len(), flat.has_deadlines());
    match flat.find(field) {
        Ok(span) => {
            if has_deadlines && keep == Deadline::Drop {
                let none = coded(None);
                let pair = bytes.splice(span.value..span.end, value.len() + none.len())?;
                let (first, second) = pair.split_at_mut(value.len());
                value.write(first);
                none.write(second);
            } else {
                replace(bytes, span.value..span.deadline, value)?;
            }
            Ok(false)
        }
        Err(end) => {
            if len >= ENTRIES_MAX {
                return Err(NoMemory);
            }
            let none = if has_deadlines { coded(None).len() } else { 0 };
            let old = bytes.bytes().len();
            let new = bytes.splice(end..old, field.len() + value.len() + none)?;
            let (first, rest) = new.split_at_mut(field.len());
            let (second, third) = rest.split_at_mut(value.len());
            field.write(first);
            value.write(second);
            if has_deadlines {
                coded(None).write(third);
            }
            set_header(bytes, len + 1, has_deadlines);
            Ok(true)
        }
    }
}

/// Removes a field; whether it was there.
pub fn remove(bytes: &mut impl Bytes, field: &Coded) -> bool {
    let flat = Flat::new(bytes.bytes());
    let (len, has_deadlines, old) = (flat.len(), flat.has_deadlines(), bytes.bytes().len());
    let Ok(span) = flat.find(field) else { return false };
    bytes.bytes_mut().copy_within(span.end.., span.field);
    set_header(bytes, len - 1, has_deadlines);
    shrink(bytes, old - (span.end - span.field));
    true
}

/// Gives memory back; if that fails it is kept, and nothing looks at it.
fn shrink(bytes: &mut impl Bytes, len: usize) {
    let _ = bytes.set_len(len);
}

/// Gives a field that is there a deadline, or takes it away.
///
/// # Errors
/// If memory is short; then nothing visible has changed.
pub fn set_deadline(bytes: &mut impl Bytes, field: &Coded, deadline_ms: Option<i64>) -> Result<(), NoMemory> {
    if !Flat::new(bytes.bytes()).has_deadlines() {
        if deadline_ms.is_none() {
            return Ok(());
        }
        make_room_for_deadlines(bytes)?;
    }
    match Flat::new(bytes.bytes()).find(field) {
        Ok(span) => replace(bytes, span.deadline..span.end, &coded(deadline_ms)),
        Err(_) => Ok(()),
    }
}

/// Gives every field an empty deadline.
fn make_room_for_deadlines(bytes: &mut impl Bytes) -> Result<(), NoMemory> {
    let none = coded(None);
    let (len, old) = (Flat::new(bytes.bytes()).len(), bytes.bytes().len());
    let added = len * none.len();
    bytes.set_len(old + added)?;
    // The tuples move to the end, and from there one by one to their places, which they reach exactly at the last.
    let all = bytes.bytes_mut();
    all.copy_within(HEADER..old, HEADER + added);
    let (mut from, mut to) = (HEADER + added, HEADER);
    for _ in 0..len {
        let Some(span) = Flat::new(all).span(from, false) else { break };
        let tuple = span.end - span.field;
        all.copy_within(span.field..span.end, to);
        none.write(&mut all[to + tuple..to + tuple + none.len()]);
        (from, to) = (span.end, to + tuple + none.len());
    }
    set_header(bytes, len, true);
    Ok(())
}

/// Removes the fields that are due at `now_ms`; how many.
pub fn expire(bytes: &mut impl Bytes, now_ms: i64) -> usize {
    let flat = Flat::new(bytes.bytes());
    let len = flat.len();
    if !flat.has_deadlines() {
        return 0;
    }
    let all = bytes.bytes_mut();
    let (mut from, mut to, mut left) = (HEADER, HEADER, 0);
    for _ in 0..len {
        let Some(span) = Flat::new(all).span(from, true) else { break };
        from = span.end;
        if deadline(&all[span.deadline..span.end]).is_none_or(|deadline_ms| deadline_ms > now_ms) {
            all.copy_within(span.field..span.end, to);
            to += span.end - span.field;
            left += 1;
        }
    }
    set_header(bytes, left, true);
    shrink(bytes, to);
    len - left
}
