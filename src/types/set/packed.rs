//! Packed: a small set of any members as one flat block, in the order in which they came.
//!
//! ```text
//!  | tag | count | record | record | ...      record  | head | payload |
//!  head  0..=0xEF: so many bytes of text follow    0xF0: two bytes of length, then text
//!        0xF1, 0xF2, 0xF4, 0xF8: a number of so many bytes, as few as hold it, little endian
//! ```
//!
//! Why: one or two bytes of overhead a member instead of an entry and a slot of a table each. A search reads one head
//! after the other and compares only records with the same head, so a hundred members cost about as much as a cache miss.
//! A number is stored as one, which makes it short and keeps the promise of [`Member`] without parsing.
//!
//! Invariants: `count` records fill the block exactly; the tag tells what OBJECT ENCODING says.

use super::member::Member;
use crate::storage::{Bytes, NoMemory};
use std::ops::Range;

/// The tag of a set that OBJECT ENCODING calls "hashtable", as Redis 7.0 would store it.
pub const HASHTABLE: u8 = 0x10;
/// The tag of a set that it calls "listpack", as Redis 7.2 would.
pub const LISTPACK: u8 = 0x11;

/// Most members of a packed set: what Redis 7.2 packs, too.
pub const COUNT_MAX: usize = 128;
/// Most bytes of a packed set: moving them costs less than a microsecond.
pub const BYTES_MAX: usize = 8 * 1024;

const LONG_TEXT: u8 = 0xF0;
const INT_1: u8 = 0xF1;
const INT_2: u8 = 0xF2;
const INT_4: u8 = 0xF4;
const INT_8: u8 = 0xF8;

/// Bytes before the first record.
const START: usize = 2;
/// Most bytes before the text of a record.
const HEAD_MAX: usize = 3;

/// Whether this is the tag of a packed set.
#[inline]
pub fn is_tag(tag: u8) -> bool {
    matches!(tag, HASHTABLE | LISTPACK)
}

/// The flat encoding of no members.
pub const fn empty(tag: u8) -> [u8; START] {
    [tag, 0]
}

/// The members of a flat encoding, borrowed.
#[derive(Clone, Copy, Debug)]
pub struct Packed<'a> {
    len: usize,
    records: &'a [u8],
}

impl<'a> Packed<'a> {
    /// Reads a flat encoding; `None` if it is not a packed one.
    #[inline]
    pub fn read(flat: &'a [u8]) -> Option<Self> {
        match flat {
            [tag, len, records @ ..] if is_tag(*tag) => Some(Self { len: usize::from(*len), records }),
            _ => None,
        }
    }

    #[inline]
    pub fn len(self) -> usize {
        self.len
    }

    #[inline]
    pub fn contains(self, member: Member) -> bool {
        Record::of(member).is_some_and(|record| record.find_in(self.records).is_some())
    }

    /// The `index`-th member.
    pub fn get(self, index: usize) -> Option<Member<'a>> {
        self.iter().nth(index)
    }

    /// All members.
    pub fn iter(self) -> Iter<'a> {
        Iter { rest: self.records }
    }
}

/// The members of a packed set.
#[derive(Clone, Debug)]
pub struct Iter<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Iter<'a> {
    type Item = Member<'a>;

    #[inline]
    fn next(&mut self) -> Option<Member<'a>> {
        let (payload, end) = payload(self.rest)?;
        let head = *self.rest.first()?;
        self.rest = self.rest.get(end..)?;
        Some(match (head, payload) {
            (INT_1, [byte]) => Member::Int(i8::from_le_bytes([*byte]).into()),
            (INT_2, &[a, b]) => Member::Int(i16::from_le_bytes([a, b]).into()),
            (INT_4, &[a, b, c, d]) => Member::Int(i32::from_le_bytes([a, b, c, d]).into()),
            (INT_8, &[a, b, c, d, e, f, g, h]) => Member::Int(i64::from_le_bytes([a, b, c, d, e, f, g, h])),
            (_, text) => Member::Text(text),
        })
    }
}

/// The payload of the first of these records, and where the record ends.
#[inline]
fn payload(records: &[u8]) -> Option<(&[u8], usize)> {
    let (start, len) = match *records {
        [] => return None,
        [LONG_TEXT, low, high, ..] => (3, usize::from(u16::from_le_bytes([low, high]))),
        [head @ ..LONG_TEXT, ..] => (1, usize::from(head)),
        [head, ..] => (1, usize::from(head & 0xF)),
    };
    Some((records.get(start..start + len)?, start + len))
}

/// A record to be looked for or written.
struct Record<'a> {
    head: [u8; HEAD_MAX],
    head_len: usize,
    payload: Payload<'a>,
}

enum Payload<'a> {
    Int([u8; 8], usize),
    Text(&'a [u8]),
}

impl<'a> Record<'a> {
    /// The record of a member; `None` if it is too long for one.
    #[inline]
    fn of(member: Member<'a>) -> Option<Self> {
        let (head, head_len, payload) = match member {
            Member::Int(int) => {
                let (head, len) = match int {
                    -0x80..=0x7F => (INT_1, 1),
                    -0x8000..=0x7FFF => (INT_2, 2),
                    -0x8000_0000..=0x7FFF_FFFF => (INT_4, 4),
                    _ => (INT_8, 8),
                };
                ([head, 0, 0], 1, Payload::Int(int.to_le_bytes(), len))
            }
            Member::Text(text) => match u8::try_from(text.len()) {
                Ok(head @ ..LONG_TEXT) => ([head, 0, 0], 1, Payload::Text(text)),
                _ => {
                    let [low, high] = u16::try_from(text.len()).ok()?.to_le_bytes();
                    ([LONG_TEXT, low, high], 3, Payload::Text(text))
                }
            },
        };
        Some(Self { head, head_len, payload })
    }

    #[inline]
    fn head(&self) -> &[u8] {
        &self.head[..self.head_len]
    }

    #[inline]
    fn payload(&self) -> &[u8] {
        match &self.payload {
            Payload::Int(bytes, len) => &bytes[..*len],
            Payload::Text(text) => text,
        }
    }

    fn len(&self) -> usize {
        self.head_len + self.payload().len()
    }

    /// The bytes of `records` that are this record.
    #[inline]
    fn find_in(&self, records: &[u8]) -> Option<Range<usize>> {
        let mut at = 0;
        while let Some(rest) = records.get(at..)
            && let Some((payload, end)) = payload(rest)
        {
            if rest[0] == self.head[0] && payload == self.payload() {
                return Some(at..at + end);
            }
            at += end;
        }
        None
    }
}

/// What became of an insertion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inserted {
    New,
    Known,
    /// It is new, and there is no room: nothing has changed.
    Full,
}

/// Adds a member.
///
/// # Errors
/// If memory is short; then nothing has changed.
pub fn insert(flat: &mut impl Bytes, member: Member) -> Result<Inserted, NoMemory> {
    let bytes = flat.bytes();
    let (Some(set), Some(record)) = (Packed::read(bytes), Record::of(member)) else { return Ok(Inserted::Full) };
    if record.find_in(set.records).is_some() {
        return Ok(Inserted::Known);
    }
    let (count, end) = (set.len(), bytes.len());
    if count >= COUNT_MAX || end + record.len() > BYTES_MAX {
        return Ok(Inserted::Full);
    }
    let room = flat.splice(end..end, record.len())?;
    let (head, payload) = room.split_at_mut(record.head_len);
    head.copy_from_slice(record.head());
    payload.copy_from_slice(record.payload());
    set_count(flat, count + 1);
    Ok(Inserted::New)
}

/// Removes a member; whether it was there.
///
/// # Errors
/// If memory is short; then nothing has changed.
pub fn remove(flat: &mut impl Bytes, member: Member) -> Result<bool, NoMemory> {
    let (Some(set), Some(record)) = (Packed::read(flat.bytes()), Record::of(member)) else { return Ok(false) };
    let Some(found) = record.find_in(set.records) else { return Ok(false) };
    cut(flat, found)?;
    Ok(true)
}

/// Removes the `index`-th member, if there is one.
///
/// # Errors
/// If memory is short; then nothing has changed.
pub fn remove_at(flat: &mut impl Bytes, index: usize) -> Result<(), NoMemory> {
    let Some(set) = Packed::read(flat.bytes()) else { return Ok(()) };
    let mut start = 0;
    for _ in 0..index {
        let Some((_, len)) = set.records.get(start..).and_then(payload) else { return Ok(()) };
        start += len;
    }
    let Some((_, len)) = set.records.get(start..).and_then(payload) else { return Ok(()) };
    cut(flat, start..start + len)
}

/// Removes the record at these places among the records.
fn cut(flat: &mut impl Bytes, record: Range<usize>) -> Result<(), NoMemory> {
    let count = usize::from(flat.bytes()[1]);
    flat.splice(START + record.start..START + record.end, 0)?;
    set_count(flat, count.saturating_sub(1));
    Ok(())
}

fn set_count(flat: &mut impl Bytes, count: usize) {
    flat.bytes_mut()[1] = count as u8;
}

/// Changes what OBJECT ENCODING says.
pub fn set_tag(flat: &mut impl Bytes, tag: u8) {
    debug_assert!(is_tag(tag) && is_tag(flat.bytes()[0]));
    flat.bytes_mut()[0] = tag;
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn check(flat: &[u8], model: &BTreeSet<Member>) {
        let set = Packed::read(flat).unwrap();
        let members: Vec<Member> = set.iter().collect();
        assert_eq!((members.len(), set.len()), (model.len(), model.len()));
        assert_eq!(members.iter().copied().collect::<BTreeSet<_>>(), *model);
        assert!(members.iter().enumerate().all(|(index, member)| set.get(index) == Some(*member)));
        assert!(model.iter().all(|member| set.contains(*member)));
    }

    #[test]
    fn holds_members_of_every_form() {
        let long: Vec<String> = [238, 239, 240, 241, 255, 256, 700].map(|len| "x".repeat(len)).into();
        let ints = [0, 127, 128, -128, -129, 32767, 32768, -32768, -32769, i64::MAX, i64::MIN, 1 << 31, -(1 << 31)];
        let texts = ["", "a", "-0", "+1", "01", "1\0", "\u{f1}", "abc"].map(str::as_bytes);
        let mut members: Vec<Member> = ints.into_iter().map(Member::Int).collect();
        members.extend(texts.into_iter().chain(long.iter().map(|text| text.as_bytes())).map(Member::Text));
        let (mut flat, mut model) = (empty(HASHTABLE).to_vec(), BTreeSet::new());
        for member in &members {
            assert_eq!(remove(&mut flat, *member), Ok(false));
            assert_eq!(insert(&mut flat, *member), Ok(Inserted::New));
            assert_eq!(insert(&mut flat, *member), Ok(Inserted::Known));
            model.insert(*member);
            check(&flat, &model);
        }
        for member in members.iter().step_by(2).chain(members.iter().rev()) {
            assert_eq!(remove(&mut flat, *member), Ok(model.remove(member)));
            check(&flat, &model);
        }
        assert_eq!(flat, empty(HASHTABLE));
    }

    #[test]
    fn is_full_at_its_limits() {
        let mut flat = empty(LISTPACK).to_vec();
        for int in 0..COUNT_MAX as i64 {
            assert_eq!(insert(&mut flat, Member::Int(int)), Ok(Inserted::New));
        }
        let before = flat.clone();
        assert_eq!(insert(&mut flat, Member::Int(-1)), Ok(Inserted::Full));
        assert_eq!(insert(&mut flat, Member::Int(1)), Ok(Inserted::Known));
        assert_eq!(flat, before);
        let (mut flat, text) = (empty(LISTPACK).to_vec(), vec![b'x'; BYTES_MAX]);
        assert_eq!(insert(&mut flat, Member::Text(&text[START + 3..])), Ok(Inserted::New));
        assert_eq!(flat.len(), BYTES_MAX);
        assert_eq!(insert(&mut flat, Member::Text(b"")), Ok(Inserted::Full));
        let mut flat = empty(LISTPACK).to_vec();
        assert_eq!(insert(&mut flat, Member::Text(&text[START + 2..])), Ok(Inserted::Full));
        assert_eq!(insert(&mut flat, Member::Text(&[0; 70_000])), Ok(Inserted::Full));
        assert_eq!(flat, empty(LISTPACK));
    }

    /// The bytes come from this program only, but a reader that cannot panic needs no trust.
    #[test]
    fn reading_arbitrary_bytes_ends() {
        let mut state = 1u64;
        for _ in 0..20_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let len = (state >> 60) as usize;
            let mut flat: Vec<u8> = state.to_le_bytes().into_iter().cycle().take(len).collect();
            if let Some(first) = flat.first_mut() {
                *first = HASHTABLE;
            }
            if let Some(set) = Packed::read(&flat) {
                assert!(set.iter().count() <= len);
                set.contains(Member::Int(5));
            }
        }
    }
}
