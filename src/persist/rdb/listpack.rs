//! Listpack: a list of strings and integers in one block of bytes, Redis's encoding of everything that is small.
//!
//! ```text
//!  | total bytes, 4 LE | entries, 2 LE (0xffff: unknown) | entry | entry | ... | 0xff |
//!
//!  entry    | head | data | length of head and data, 1 to 5 bytes, to be read backwards |
//!  head     0IIIIIII                     7-bit unsigned integer
//!           10LLLLLL                     string of up to 63 bytes
//!           110IIIII IIIIIIII            13-bit integer
//!           1110LLLL LLLLLLLL            string of up to 4095 bytes
//!           11110000 + 4 LE              string of that length
//!           11110001 .. 11110100         16-, 24-, 32-, 64-bit integer LE follows
//! ```
//!
//! The reader is a checked iterator: an entry is handed out after its head, its length and the length behind it are
//! found right, the end after the count is. The builder appends only; nothing here edits.

use super::promise::Promise;
use super::{Corrupt, Element, Reader};
use crate::resp::number::parse_i64;
use crate::storage::NoMemory;

const HEADER_BYTES: usize = 6;
/// Bytes of a listpack without entries.
pub const EMPTY_BYTES: usize = HEADER_BYTES + 1;
const END: u8 = 0xff;
/// The count of a listpack of this many entries or more: they have to be counted.
const COUNT_UNKNOWN: u16 = u16::MAX;

const STRING_6: u8 = 0b1000_0000;
const INT_13: u8 = 0b1100_0000;
const STRING_12: u8 = 0b1110_0000;
const STRING_32: u8 = 0b1111_0000;
const INT_16: u8 = 0b1111_0001;
const INT_24: u8 = 0b1111_0010;
const INT_32: u8 = 0b1111_0011;
const INT_64: u8 = 0b1111_0100;

/// What fits in the signed integers of 13 and of 24 bits.
const INT_13_RANGE: std::ops::RangeInclusive<i64> = -(1 << 12)..=(1 << 12) - 1;
const INT_24_RANGE: std::ops::RangeInclusive<i64> = -(1 << 23)..=(1 << 23) - 1;

/// The entries of a listpack from outside. After an error it has no more.
#[derive(Clone, Debug)]
pub struct Entries<'a> {
    rest: Reader<'a>,
    promise: Promise,
}

impl<'a> Entries<'a> {
    /// The entries of the listpack that is all of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Result<Self, Corrupt> {
        let mut reader = Reader::new(bytes);
        let total = u32::from_le_bytes(reader.array()?);
        let count = u16::from_le_bytes(reader.array()?);
        let Some((&END, entries)) = reader.rest().split_last() else { return Err(Corrupt) };
        if usize::try_from(total) != Ok(bytes.len()) {
            return Err(Corrupt);
        }
        Ok(Self { rest: Reader::new(entries), promise: Promise::new((count != COUNT_UNKNOWN).then_some(count)) })
    }

    /// How many entries there can be at most: what the header says or, if it does not, what fits.
    pub fn len_max(&self) -> usize {
        self.promise.left().map_or(self.rest.rest().len() / 2, usize::from)
    }

    /// The next entry, which must exist.
    pub fn expect(&mut self) -> Result<Element<'a>, Corrupt> {
        self.next().ok_or(Corrupt)?
    }

    /// The next entry, which must be an integer, kept as one.
    pub fn expect_int(&mut self) -> Result<i64, Corrupt> {
        match self.expect()? {
            Element::Int(int) => Ok(int),
            // Redis takes text that is an integer as well.
            text => text.int().ok_or(Corrupt),
        }
    }

    fn entry(&mut self) -> Result<Element<'a>, Corrupt> {
        let before = self.rest.rest().len();
        let element = self.element()?;
        let len = before - self.rest.rest().len();
        let back = BackLength::new(len);
        if self.rest.bytes(back.as_bytes().len())? != back.as_bytes() {
            return Err(Corrupt);
        }
        Ok(element)
    }

    fn element(&mut self) -> Result<Element<'a>, Corrupt> {
        let head = self.rest.byte()?;
        let len = match head {
            0..STRING_6 => return Ok(Element::Int(head.into())),
            STRING_6..INT_13 => usize::from(head & 0b0011_1111),
            INT_13..STRING_12 => {
                let bits = i16::from_be_bytes([head, self.rest.byte()?]);
                // The sign is the highest of 13 bits.
                return Ok(Element::Int((bits << 3 >> 3).into()));
            }
            STRING_12..STRING_32 => usize::from(head & 0b0000_1111) << 8 | usize::from(self.rest.byte()?),
            STRING_32 => u32::from_le_bytes(self.rest.array()?) as usize,
            INT_16 => return Ok(Element::Int(i16::from_le_bytes(self.rest.array()?).into())),
            INT_24 => {
                let [a, b, c] = self.rest.array()?;
                return Ok(Element::Int((i32::from_le_bytes([0, a, b, c]) >> 8).into()));
            }
            INT_32 => return Ok(Element::Int(i32::from_le_bytes(self.rest.array()?).into())),
            INT_64 => return Ok(Element::Int(i64::from_le_bytes(self.rest.array()?))),
            _ => return Err(Corrupt),
        };
        self.rest.bytes(len).map(Element::Bytes)
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Result<Element<'a>, Corrupt>;

    fn next(&mut self) -> Option<Self::Item> {
        let is_end = self.rest.rest().is_empty();
        let next = self.promise.take(is_end)?.and_then(|()| self.entry());
        if next.is_err() {
            *self = Self { rest: Reader::new(&[]), promise: Promise::nothing() };
        }
        Some(next)
    }
}

/// The length of an entry as it stands behind it: groups of seven bits, the highest first, all but the first marked.
struct BackLength {
    bytes: [u8; 5],
    len: usize,
}

impl BackLength {
    fn new(len: usize) -> Self {
        // At the borders of two bytes and more Redis is one too early, and readers compare.
        let groups = match len {
            0..=0x7f => 1,
            0x80..0x3fff => 2,
            0x3fff..0x1f_ffff => 3,
            0x1f_ffff..0xfff_ffff => 4,
            _ => 5,
        };
        let mut bytes = [0; 5];
        for (index, byte) in bytes.iter_mut().take(groups).enumerate() {
            let group = (len >> (7 * (groups - 1 - index)) & 0x7f) as u8;
            *byte = if index == 0 { group } else { group | 0x80 };
        }
        Self { bytes, len: groups }
    }

    fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// Bytes that an element takes in a listpack.
pub fn entry_len(element: Element<'_>) -> usize {
    let len = Form::new(element).len();
    len + BackLength::new(len).len
}

/// An element as it is written: its head, which may be all of it, and the text after it.
struct Form<'a> {
    head: [u8; 9],
    head_len: usize,
    text: &'a [u8],
}

impl<'a> Form<'a> {
    fn new(element: Element<'a>) -> Self {
        match element {
            Element::Int(int) => Self::int(int),
            Element::Bytes(text) => parse_i64(text).map_or_else(|| Self::text(text), Self::int),
        }
    }

    fn with_head(start: &[u8], rest: &[u8], text: &'a [u8]) -> Self {
        let mut head = [0; 9];
        let bytes = start.iter().chain(rest);
        let head_len = head.iter_mut().zip(bytes).map(|(to, from)| *to = *from).count();
        Self { head, head_len, text }
    }

    fn int(int: i64) -> Self {
        let bytes = int.to_le_bytes();
        let [low, high, ..] = bytes;
        let (head, data_len) = match int {
            0..=0x7f => return Self::with_head(&[low], &[], &[]),
            _ if INT_13_RANGE.contains(&int) => {
                return Self::with_head(&[INT_13 | high & 0b0001_1111, low], &[], &[]);
            }
            _ if i16::try_from(int).is_ok() => (INT_16, 2),
            _ if INT_24_RANGE.contains(&int) => (INT_24, 3),
            _ if i32::try_from(int).is_ok() => (INT_32, 4),
            _ => (INT_64, 8),
        };
        Self::with_head(&[head], &bytes[..data_len], &[])
    }

    fn text(text: &'a [u8]) -> Self {
        match text.len() {
            len @ ..0x40 => Self::with_head(&[STRING_6 | len as u8], &[], text),
            len @ ..0x1000 => Self::with_head(&[STRING_12 | (len >> 8) as u8, len as u8], &[], text),
            // A text of 4 GB does not get further than here: the whole may not be that large.
            len => Self::with_head(&[STRING_32], &(len as u32).to_le_bytes(), text),
        }
    }

    fn head(&self) -> &[u8] {
        &self.head[..self.head_len]
    }

    fn len(&self) -> usize {
        self.head_len + self.text.len()
    }
}

/// A listpack that grows at its end. Its bytes are empty or header, entries and end, the header to be filled in.
#[derive(Debug)]
pub struct Builder {
    bytes: Vec<u8>,
    count: usize,
}

impl Default for Builder {
    fn default() -> Self {
        Self::new()
    }
}

impl Builder {
    /// An empty listpack.
    pub fn new() -> Self {
        Self { bytes: Vec::new(), count: 0 }
    }

    /// Starts over, with the memory it has.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.count = 0;
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Bytes of the finished listpack.
    pub fn byte_len(&self) -> usize {
        self.bytes.len().max(EMPTY_BYTES)
    }

    /// Appends a string, which becomes an integer if it is the text of one.
    ///
    /// # Errors
    /// If memory is short or the listpack would exceed 4 GB.
    pub fn push(&mut self, text: &[u8]) -> Result<(), NoMemory> {
        self.push_element(Element::Bytes(text))
    }

    /// Appends an integer.
    ///
    /// # Errors
    /// As [`Builder::push`].
    pub fn push_int(&mut self, int: i64) -> Result<(), NoMemory> {
        self.push_element(Element::Int(int))
    }

    /// Appends an element.
    ///
    /// # Errors
    /// As [`Builder::push`].
    pub fn push_element(&mut self, element: Element<'_>) -> Result<(), NoMemory> {
        let form = Form::new(element);
        let back = BackLength::new(form.len());
        let room = EMPTY_BYTES + form.len() + back.len;
        if self.bytes.len().checked_add(room).is_none_or(|len| u32::try_from(len).is_err()) {
            return Err(NoMemory);
        }
        self.bytes.try_reserve(room).map_err(|_| NoMemory)?;
        match self.bytes.pop() {
            Some(_end) => {}
            None => self.bytes.extend_from_slice(&[0; HEADER_BYTES]),
        }
        self.bytes.extend_from_slice(form.head());
        self.bytes.extend_from_slice(form.text);
        self.bytes.extend_from_slice(back.as_bytes());
        self.bytes.push(END);
        self.count += 1;
        Ok(())
    }

    /// The listpack as it is now.
    pub fn finish(&mut self) -> &[u8] {
        if self.bytes.is_empty() {
            self.bytes.extend_from_slice(&[0; HEADER_BYTES]);
            self.bytes.push(END);
        }
        let total = (self.bytes.len() as u32).to_le_bytes();
        let count = u16::try_from(self.count).unwrap_or(COUNT_UNKNOWN).to_le_bytes();
        if let Some(header) = self.bytes.first_chunk_mut::<HEADER_BYTES>() {
            *header = [total[0], total[1], total[2], total[3], count[0], count[1]];
        }
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resp::number::IntegerText;

    fn built(texts: &[&[u8]]) -> Vec<u8> {
        let mut builder = Builder::new();
        for text in texts {
            builder.push(text).unwrap();
        }
        assert_eq!(builder.len(), texts.len());
        let len = builder.byte_len();
        let bytes = builder.finish().to_vec();
        assert_eq!(bytes.len(), len);
        bytes
    }

    fn read(bytes: &[u8]) -> Result<Vec<Vec<u8>>, Corrupt> {
        let text = |element: Result<Element, Corrupt>| Ok(element?.text(&mut IntegerText::new()).to_vec());
        Entries::new(bytes)?.map(text).collect()
    }

    /// Elements at the borders of every head and every length of the length behind.
    fn border_texts() -> Vec<Vec<u8>> {
        let mut texts: Vec<Vec<u8>> = Vec::new();
        for bits in [0u32, 6, 7, 8, 12, 13, 15, 16, 23, 24, 31, 32, 62] {
            for near in -2..=2 {
                for sign in [-1, 1] {
                    texts.push((sign * ((1i64 << bits) + near)).to_string().into());
                }
            }
        }
        texts.extend([i64::MAX.to_string().into(), i64::MIN.to_string().into()]);
        for len in [0, 1, 62, 63, 64, 65, 120, 124, 125, 126, 127, 128, 4094, 4095, 4096, 16376, 16377, 16378, 16379] {
            texts.push(vec![b'x'; len]);
        }
        texts.extend([2_097_140, 2_097_146, 2_097_147].map(|len| vec![b'y'; len]));
        texts.extend(["-0", "007", "9223372036854775808", "1.5", "\0"].map(|text| text.into()));
        texts
    }

    #[test]
    fn what_is_built_is_read() {
        let texts = border_texts();
        let all: Vec<&[u8]> = texts.iter().map(Vec::as_slice).collect();
        assert_eq!(read(&built(&all)), Ok(texts.clone()));
        for text in &texts {
            let bytes = built(&[text]);
            assert_eq!(bytes.len(), EMPTY_BYTES + entry_len(Element::Bytes(text)));
            assert_eq!(read(&bytes), Ok(vec![text.clone()]));
        }
        assert_eq!(read(&built(&[])), Ok(Vec::new()));
    }

    #[test]
    fn is_what_redis_builds() {
        // From DUMP of a hash by redis-server 7.0.15.
        let expected =
            b"\x90\0\0\0\x12\0\x81a\x02\x01\x01\x81b\x02\xdf\xff\x02\x81c\x02\xc0\xc8\x02\x81d\x02\xf1x\xec\x03\
            \x81e\x02\xf2p\x11\x01\x04\x81f\x02\xf4\0^\xd0\xb2\0\0\0\0\t\x81g\x02\xf3\xff\xff\x7f\xff\x05\
            \x81h\x02\xf4\xff\xff\xff\xff\xff\xff\xff\x7f\t\x81i\x02\xe0@xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\
            xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxB\xff";
        let texts = "a 1 b -1 c 200 d -5000 e 70000 f 3000000000 g -8388609 h 9223372036854775807 i";
        let mut texts: Vec<&[u8]> = texts.split(' ').map(str::as_bytes).collect();
        texts.push(&[b'x'; 64]);
        assert_eq!(built(&texts), expected);
    }

    #[test]
    fn goes_on_after_it_was_finished() {
        let mut builder = Builder::default();
        assert!(builder.is_empty());
        builder.push(b"one").unwrap();
        assert_eq!(read(builder.finish()).unwrap().len(), 1);
        builder.push_element(Element::Int(2)).unwrap();
        builder.push_element(Element::Bytes(b"2")).unwrap();
        assert_eq!(read(builder.finish()), Ok(vec![b"one".to_vec(), b"2".to_vec(), b"2".to_vec()]));
        builder.clear();
        assert_eq!(read(builder.finish()), Ok(Vec::new()));
    }

    #[test]
    fn counts_beyond_what_the_header_can() {
        for count in [65534, 65535, 65536, 70000] {
            let mut builder = Builder::new();
            for int in 0..count {
                builder.push_int(int).unwrap();
            }
            let entries = Entries::new(builder.finish()).unwrap();
            assert!(entries.len_max() >= count as usize);
            assert_eq!(entries.map(Result::unwrap).count(), count as usize);
        }
    }

    #[test]
    fn every_damage_to_the_structure_is_seen() {
        let sound = built(&[b"a", b"1234567890", &[b'x'; 200], b"-5000", b"70000"]);
        for len in 0..sound.len() {
            assert!(read(&sound[..len]).is_err(), "cut to {len} bytes");
        }
        // Another end, count, total or length behind an entry.
        for index in (0..HEADER_BYTES).chain([sound.len() - 1, sound.len() - 2, 8]) {
            for bit in 0..8 {
                let mut damaged = sound.clone();
                damaged[index] ^= 1 << bit;
                assert!(read(&damaged).is_err(), "byte {index}, bit {bit}");
            }
        }
    }
}
