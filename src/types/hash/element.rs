//! Element: a field, a value or a deadline inside a flat hash.
//!
//! ```text
//!  first byte                 then
//!  0x00..=0x7F  string        as many bytes as it says
//!  0x80..=0xBF  integer 0..63 nothing
//!  0xC0..=0xDF  string        low byte of a 13-bit length, whose high bits are here, and that many bytes
//!  0xE0         string        length in 4 bytes, and that many bytes
//!  0xF1..=0xF8  integer       1, 2, 3, 4, 6 or 8 bytes, little endian, as the low digit says
//! ```
//!
//! What is the canonical text of an integer is packed as one. Who packs must always do so: then equal elements have equal
//! bytes, and a search compares bytes without decoding any ([`Coded::is_at`]).

use crate::storage::{StringRef, same_bytes};

const STRING_MAX: usize = 0x7F;
const SMALL: u8 = 0x80;
const SMALL_MAX: i64 = 63;
const MEDIUM: u8 = 0xC0;
const MEDIUM_MAX: usize = 0x1FFF;
const LONG: u8 = 0xE0;
const LONG_HEAD: usize = 5;
const INTEGER: u8 = 0xF0;
/// The longest head: that of an integer of 8 bytes.
const HEAD_MAX: usize = 9;

/// An element ready to be written or searched for.
#[derive(Clone, Copy, Debug)]
pub struct Coded<'a> {
    head: [u8; HEAD_MAX],
    head_len: u8,
    /// What follows the head: the bytes of a string.
    tail: &'a [u8],
}

impl<'a> Coded<'a> {
    /// The code of a string, or of an integer that stands for its text.
    #[inline]
    pub fn new(element: StringRef<'a>) -> Self {
        match element {
            StringRef::Str(text) => Self::string(text),
            StringRef::Int(int) => Self::integer(int),
        }
    }

    #[inline]
    fn string(text: &'a [u8]) -> Self {
        let mut head = [0; HEAD_MAX];
        let len = text.len();
        let head_len = if len <= STRING_MAX {
            head[0] = len as u8;
            1
        } else if len <= MEDIUM_MAX {
            head[0] = MEDIUM | (len >> 8) as u8;
            head[1] = len as u8;
            2
        } else {
            head[0] = LONG;
            head[1..LONG_HEAD].copy_from_slice(&(len as u32).to_le_bytes());
            LONG_HEAD as u8
        };
        Self { head, head_len, tail: text }
    }

    /// The code of an integer.
    #[inline]
    pub fn integer(int: i64) -> Self {
        let mut head = [0; HEAD_MAX];
        if (0..=SMALL_MAX).contains(&int) {
            head[0] = SMALL | int as u8;
            return Self { head, head_len: 1, tail: &[] };
        }
        let bits = i64::BITS + 1 - if int < 0 { int.leading_ones() } else { int.leading_zeros() };
        let width = match bits.div_ceil(8) {
            5 => 6,
            7.. => 8,
            width => width as u8,
        };
        head[0] = INTEGER | width;
        head[1..].copy_from_slice(&int.to_le_bytes());
        Self { head, head_len: 1 + width, tail: &[] }
    }

    /// Bytes that it takes.
    #[inline]
    pub fn len(&self) -> usize {
        usize::from(self.head_len) + self.tail.len()
    }

    /// Writes it to `out`, which has exactly its length.
    #[inline]
    pub fn write(&self, out: &mut [u8]) {
        let (head, tail) = out.split_at_mut(usize::from(self.head_len));
        head.copy_from_slice(&self.head[..usize::from(self.head_len)]);
        tail.copy_from_slice(self.tail);
    }

    /// Whether these bytes, one whole element, are this one.
    #[inline]
    pub fn is_at(&self, bytes: &[u8]) -> bool {
        if bytes.first() != Some(&self.head[0]) {
            return false;
        }
        match bytes.split_at_checked(usize::from(self.head_len)) {
            Some((head, tail)) => same_bytes(tail, self.tail) && *head == self.head[..head.len()],
            None => false,
        }
    }
}

/// The length of the element that begins these bytes; `None` if they end before it does.
#[inline]
pub fn size(bytes: &[u8]) -> Option<usize> {
    let first = *bytes.first()?;
    let size = match first {
        ..SMALL => 1 + usize::from(first),
        SMALL..MEDIUM => 1,
        MEDIUM..LONG => 2 + (usize::from(first & 0x1F) << 8 | usize::from(*bytes.get(1)?)),
        LONG..INTEGER => LONG_HEAD + u32::from_le_bytes(*bytes.get(1..)?.first_chunk()?) as usize,
        INTEGER.. => 1 + usize::from(first & 0x0F),
    };
    (size <= bytes.len()).then_some(size)
}

/// Decodes one whole element.
#[inline]
pub fn decode(bytes: &[u8]) -> StringRef<'_> {
    let Some((&first, rest)) = bytes.split_first() else { return StringRef::Str(&[]) };
    match first {
        ..SMALL => StringRef::Str(rest),
        SMALL..MEDIUM => StringRef::Int(i64::from(first & 0x3F)),
        MEDIUM..LONG => StringRef::Str(rest.get(1..).unwrap_or_default()),
        LONG..INTEGER => StringRef::Str(rest.get(LONG_HEAD - 1..).unwrap_or_default()),
        INTEGER.. => StringRef::Int(decode_integer(rest)),
    }
}

/// Sign-extends up to 8 bytes.
fn decode_integer(bytes: &[u8]) -> i64 {
    let mut word = [0; 8];
    let width = bytes.len().min(8);
    word[..width].copy_from_slice(&bytes[..width]);
    let unused = i64::BITS - 8 * width as u32;
    i64::from_le_bytes(word).unbounded_shl(unused).unbounded_shr(unused)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(element: StringRef<'_>) -> Vec<u8> {
        let coded = Coded::new(element);
        let mut bytes = vec![0; coded.len()];
        coded.write(&mut bytes);
        assert_eq!((size(&bytes), decode(&bytes)), (Some(bytes.len()), element));
        assert!(coded.is_at(&bytes));
        for end in 0..bytes.len() {
            assert_eq!(size(&bytes[..end]), None);
        }
        bytes
    }

    #[test]
    fn strings_of_every_length_come_back() {
        for len in (0..300).chain(8000..8400).chain([70_000]) {
            let text = vec![b'x'; len];
            let head = if len < 128 {
                1
            } else if len < 8192 {
                2
            } else {
                5
            };
            assert_eq!(round_trip(StringRef::Str(&text)).len(), head + len);
        }
    }

    #[test]
    fn integers_of_every_width_come_back() {
        assert_eq!(round_trip(StringRef::Int(63)).len(), 1);
        for shift in 0..64 {
            for delta in -2..=2 {
                for int in [(1i64 << shift).wrapping_add(delta), (1i64 << shift).wrapping_add(delta).wrapping_neg()] {
                    assert!(round_trip(StringRef::Int(int)).len() <= int.to_string().len() + 1);
                }
            }
        }
        assert_eq!(round_trip(StringRef::Int(i64::MAX)).len(), 9);
        assert_eq!(round_trip(StringRef::Int(1_700_000_000_000)).len(), 7);
    }

    #[test]
    fn different_elements_are_told_apart() {
        let texts = [&b""[..], b"a", b"b", b"ab", b"12345678", b"123456789abcdefgh", &[b'x'; 200], &[b'x'; 201]];
        let elements = texts.map(StringRef::Str).into_iter().chain([0, 1, -1, 64, 300, 1 << 40].map(StringRef::Int));
        let elements: Vec<StringRef> = elements.collect();
        for (i, a) in elements.iter().enumerate() {
            let bytes = round_trip(*a);
            for (j, b) in elements.iter().enumerate() {
                assert_eq!(Coded::new(*b).is_at(&bytes), i == j);
            }
        }
    }
}
