//! The flat encoding of a sorted set.
//!
//! ```text
//!  | count, 4 bytes | item | item | ...        item: | score, 1 to 9 bytes | length, 1 to 5 | name |
//!
//!  score  00..BF            0 to 191
//!         C0..DF, 1 byte    192 to 8,383
//!         E0..EF, 2 bytes   8,384 to 1,056,959
//!         F0, 4 bytes       integer, little-endian like all that follow
//!         F1, 6 bytes       integer
//!         FF, 8 bytes       any score, as its bits
//!  length 7 bits a byte, the lowest first; the top bit says that more follow
//! ```
//!
//! Items are in the order of the set, by score and then by name, and no name occurs twice. Every operation is a walk from
//! the beginning; small sets are a few cache lines. A reader that meets what is not an item takes it for the end.

use crate::storage::{Bytes, NoMemory};
use smallvec::SmallVec;
use std::cmp::Ordering;

const COUNT_BYTES: usize = 4;
/// The longest score and length.
const ITEM_HEADER_MAX: usize = 9 + 5;

const TWO_BYTES: u8 = 0xC0;
const THREE_BYTES: u8 = 0xE0;
const INT32: u8 = 0xF0;
const INT48: u8 = 0xF1;
const DOUBLE: u8 = 0xFF;

/// The least score of two bytes, of three, and the least that is too large for that.
const FROM_TWO: u64 = TWO_BYTES as u64;
const FROM_THREE: u64 = FROM_TWO + (1 << 13);
const FROM_FIVE: u64 = FROM_THREE + (1 << 20);

/// A member where it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Item<'a> {
    pub score: f64,
    pub name: &'a [u8],
    start: usize,
    end: usize,
}

/// What comes before an item is encoded: score and length.
type Header = SmallVec<[u8; ITEM_HEADER_MAX]>;

fn push_score(out: &mut Header, score: f64) {
    let int = score as i64;
    if int as f64 != score || (int == 0 && score.is_sign_negative()) {
        out.push(DOUBLE);
        out.extend_from_slice(&score.to_le_bytes());
        return;
    }
    match u64::try_from(int) {
        Ok(small @ 0..FROM_TWO) => out.push(small as u8),
        Ok(small @ FROM_TWO..FROM_THREE) => {
            let [.., high, low] = (small - FROM_TWO).to_be_bytes();
            out.extend_from_slice(&[TWO_BYTES | high, low]);
        }
        Ok(small @ FROM_THREE..FROM_FIVE) => {
            let [.., high, middle, low] = (small - FROM_THREE).to_be_bytes();
            out.extend_from_slice(&[THREE_BYTES | high, middle, low]);
        }
        _ => {
            let bytes = int.to_le_bytes();
            if i32::try_from(int).is_ok() {
                out.push(INT32);
                out.extend_from_slice(&bytes[..4]);
            } else if (-(1 << 47)..1 << 47).contains(&int) {
                out.push(INT48);
                out.extend_from_slice(&bytes[..6]);
            } else {
                out.push(DOUBLE);
                out.extend_from_slice(&score.to_le_bytes());
            }
        }
    }
}

/// A score and what follows it.
#[inline]
fn take_score(bytes: &[u8]) -> Option<(f64, &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let number = |high: u64, bytes: &[u8]| bytes.iter().fold(high, |number, byte| number << 8 | u64::from(*byte));
    match tag {
        0..TWO_BYTES => Some((f64::from(tag), rest)),
        TWO_BYTES..THREE_BYTES => {
            let (low, rest) = rest.split_at_checked(1)?;
            Some(((number(u64::from(tag & 0x1F), low) + FROM_TWO) as f64, rest))
        }
        THREE_BYTES..INT32 => {
            let (low, rest) = rest.split_at_checked(2)?;
            Some(((number(u64::from(tag & 0x0F), low) + FROM_THREE) as f64, rest))
        }
        INT32 => {
            let (bytes, rest) = rest.split_first_chunk()?;
            Some((f64::from(i32::from_le_bytes(*bytes)), rest))
        }
        INT48 => {
            let (bytes, rest) = rest.split_first_chunk::<6>()?;
            let mut wide = [0; 8];
            wide[2..].copy_from_slice(bytes);
            Some(((i64::from_le_bytes(wide) >> 16) as f64, rest))
        }
        DOUBLE => {
            let (bytes, rest) = rest.split_first_chunk()?;
            Some((f64::from_le_bytes(*bytes), rest))
        }
        _ => None,
    }
}

fn push_len(out: &mut Header, mut len: usize) {
    while len >= 0x80 {
        out.push(len as u8 | 0x80);
        len >>= 7;
    }
    out.push(len as u8);
}

#[inline]
fn take_len(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (mut len, mut rest) = (0, bytes);
    for shift in (0..35).step_by(7) {
        let (&byte, behind) = rest.split_first()?;
        len |= usize::from(byte & 0x7F) << shift;
        rest = behind;
        if byte & 0x80 == 0 {
            return Some((len, rest));
        }
    }
    None
}

fn header(score: f64, name: &[u8]) -> Header {
    let mut header = Header::new();
    push_score(&mut header, score);
    push_len(&mut header, name.len());
    header
}

/// The order of a sorted set. Scores are not NaN.
#[inline]
pub fn order(score: f64, name: &[u8], other_score: f64, other_name: &[u8]) -> Ordering {
    score.partial_cmp(&other_score).unwrap_or(Ordering::Equal).then_with(|| name.cmp(other_name))
}

/// How many members there are.
#[inline]
pub fn len(bytes: &[u8]) -> usize {
    bytes.first_chunk().map_or(0, |count| u32::from_le_bytes(*count) as usize)
}

fn set_len(bytes: &mut [u8], len: usize) {
    if let Some(count) = bytes.first_chunk_mut() {
        *count = (len as u32).to_le_bytes();
    }
}

/// All members, in order.
#[inline]
pub fn items(bytes: &[u8]) -> Items<'_> {
    Items { bytes, at: COUNT_BYTES }
}

/// See [`items`].
#[derive(Clone, Debug)]
pub struct Items<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Iterator for Items<'a> {
    type Item = Item<'a>;

    #[inline]
    fn next(&mut self) -> Option<Item<'a>> {
        let start = self.at;
        let (score, rest) = take_score(self.bytes.get(start..)?)?;
        let (len, rest) = take_len(rest)?;
        let name = rest.get(..len)?;
        self.at = self.bytes.len() - rest.len() + len;
        Some(Item { score, name, start, end: self.at })
    }
}

/// A member by its name, and how many come before it.
pub fn find<'a>(bytes: &'a [u8], name: &[u8]) -> Option<(usize, Item<'a>)> {
    items(bytes).enumerate().find(|(_, item)| item.name == name)
}

/// The member of a rank.
pub fn get(bytes: &[u8], rank: usize) -> Option<Item<'_>> {
    items(bytes).nth(rank)
}

/// A new encoding of members that are in order.
///
/// # Errors
/// If memory is short.
pub fn build<'n>(members: impl IntoIterator<Item = (&'n [u8], f64)>, bytes: &mut impl Bytes) -> Result<(), NoMemory> {
    bytes.set_len(COUNT_BYTES)?;
    let mut count = 0;
    for (name, score) in members {
        let end = bytes.bytes().len();
        put(bytes, end, score, name)?;
        count += 1;
    }
    set_len(bytes.bytes_mut(), count);
    Ok(())
}

/// Writes an item at an offset.
fn put(bytes: &mut impl Bytes, at: usize, score: f64, name: &[u8]) -> Result<usize, NoMemory> {
    let header = header(score, name);
    let len = header.len() + name.len();
    let (front, back) = bytes.splice(at..at, len)?.split_at_mut(header.len());
    front.copy_from_slice(&header);
    back.copy_from_slice(name);
    Ok(len)
}

/// The offset at which a member belongs.
fn place(bytes: &[u8], score: f64, name: &[u8]) -> usize {
    let mut items = items(bytes);
    let behind = items.find(|item| order(item.score, item.name, score, name) == Ordering::Greater);
    behind.map_or(items.at, |item| item.start)
}

/// Adds a member known to be absent.
///
/// # Errors
/// If memory is short; then nothing has changed.
pub fn insert(bytes: &mut impl Bytes, name: &[u8], score: f64) -> Result<(), NoMemory> {
    let at = place(bytes.bytes(), score, name);
    put(bytes, at, score, name)?;
    let count = len(bytes.bytes()) + 1;
    set_len(bytes.bytes_mut(), count);
    Ok(())
}

/// Changes the score of a member, which is there.
///
/// # Errors
/// If memory is short; then nothing has changed.
pub fn set_score(bytes: &mut impl Bytes, name: &[u8], score: f64) -> Result<(), NoMemory> {
    let Some((_, Item { start, end, .. })) = find(bytes.bytes(), name) else { return Ok(()) };
    let at = place(bytes.bytes(), score, name);
    let len = put(bytes, at, score, name)?;
    let moved = if at <= start { len } else { 0 };
    // To make a byte string shorter takes no memory.
    let _ = bytes.splice(start + moved..end + moved, 0);
    Ok(())
}

/// Removes a member; whether it was there.
pub fn remove(bytes: &mut impl Bytes, name: &[u8]) -> bool {
    match find(bytes.bytes(), name) {
        Some((rank, _)) => remove_ranks(bytes, rank..rank + 1) == 1,
        None => false,
    }
}

/// Removes the members of these ranks; how many there were.
pub fn remove_ranks(bytes: &mut impl Bytes, ranks: std::ops::Range<usize>) -> usize {
    let mut removed = items(bytes.bytes()).skip(ranks.start).take(ranks.len());
    let Some(first) = removed.next() else { return 0 };
    let (more, end) = removed.fold((0, first.end), |(more, _), item| (more + 1, item.end));
    let start = first.start;
    let left = len(bytes.bytes()).saturating_sub(1 + more);
    if bytes.splice(start..end, 0).is_err() {
        return 0;
    }
    set_len(bytes.bytes_mut(), left);
    1 + more
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_take_as_few_bytes_as_promised() {
        let int = |n: i64| n as f64;
        for (score, len) in [
            (0.0, 1),
            (191.0, 1),
            (192.0, 2),
            (8383.0, 2),
            (8384.0, 3),
            (1_056_959.0, 3),
            (1_056_960.0, 5),
            (-1.0, 5),
            (int(i32::MAX.into()), 5),
            (int(i32::MIN.into()), 5),
            (int(1 << 31), 7),
            (int((1 << 47) - 1), 7),
            (int(-(1 << 47)), 7),
            (int(1 << 47), 9),
            (int(-(1 << 47) - 1), 9),
            (-0.0, 9),
            (0.5, 9),
            (1e300, 9),
            (f64::INFINITY, 9),
            (f64::NEG_INFINITY, 9),
            (9_223_372_036_854_775_808.0, 9),
        ] {
            let mut encoded = Header::new();
            push_score(&mut encoded, score);
            assert_eq!(encoded.len(), len, "{score}");
            let (decoded, rest) = take_score(&encoded).unwrap();
            assert_eq!((decoded.to_bits(), rest.len()), (score.to_bits(), 0), "{score}");
            for cut in 0..len {
                assert_eq!(take_score(&encoded[..cut]), None, "{score} {cut}");
            }
        }
    }

    #[test]
    fn lengths_of_all_sizes() {
        for len in [0, 1, 127, 128, 16_383, 16_384, 1 << 21, (1 << 28) - 1, 1 << 28, u32::MAX as usize] {
            let mut encoded = Header::new();
            push_len(&mut encoded, len);
            assert_eq!(take_len(&encoded), Some((len, &[][..])));
        }
        assert_eq!(take_len(&[0x80; 6]), None);
    }

    #[test]
    fn any_bytes_can_be_read() {
        let mut state = 1u64;
        for len in 0..2000 {
            let bytes: Vec<u8> = (0..len % 40)
                .map(|_| {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    (state >> 56) as u8
                })
                .collect();
            let mut edited = bytes.clone();
            assert!(items(&bytes).count() <= bytes.len());
            let _ = (find(&bytes, b"x"), get(&bytes, 3), remove(&mut edited, b"x"));
            remove_ranks(&mut edited, 0..3);
        }
    }
}
