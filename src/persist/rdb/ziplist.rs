//! Ziplist: what listpacks replaced in Redis 7.0, still in payloads of older versions.
//!
//! ```text
//!  | total bytes, 4 LE | offset of the last entry, 4 LE | entries, 2 LE (0xffff: unknown) | entry | ... | 0xff |
//!
//!  entry    | length of the entry before, 1, or 0xfe + 4 LE | head | data |
//!  head     00LLLLLL                         string of up to 63 bytes
//!           01LLLLLL LLLLLLLL                string of up to 16383 bytes
//!           10000000 + 4 BE                  string of that length
//!           11000000, 11010000, 11100000     16-, 32-, 64-bit integer LE follows
//!           11110000, 11111110               24-, 8-bit integer follows
//!           1111IIII                         IIII - 1, from 0 to 12
//! ```
//!
//! Read only, as a checked iterator.

use super::promise::Promise;
use super::{Corrupt, Element, Reader};

const HEADER_BYTES: usize = 10;
const END: u8 = 0xff;
const COUNT_UNKNOWN: u16 = u16::MAX;

const LONG_BEFORE: u8 = 0xfe;
const STRING_14: u8 = 0b0100_0000;
const STRING_32: u8 = 0b1000_0000;
const INT_16: u8 = 0b1100_0000;
const INT_32: u8 = 0b1101_0000;
const INT_64: u8 = 0b1110_0000;
const INT_24: u8 = 0b1111_0000;
const INT_8: u8 = 0b1111_1110;
const INT_4_FIRST: u8 = 0b1111_0001;
const INT_4_LAST: u8 = 0b1111_1101;

/// The entries of a ziplist. After an error it has no more.
#[derive(Clone, Debug)]
pub struct Entries<'a> {
    rest: Reader<'a>,
    promise: Promise,
    /// Bytes of the entry before.
    before: usize,
    /// Where the next entry and the last one start, from the start of the ziplist.
    at: usize,
    last: usize,
}

impl<'a> Entries<'a> {
    /// The entries of the ziplist that is all of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Result<Self, Corrupt> {
        let mut reader = Reader::new(bytes);
        let total = u32::from_le_bytes(reader.array()?);
        let last = u32::from_le_bytes(reader.array()?) as usize;
        let count = u16::from_le_bytes(reader.array()?);
        let Some((&END, entries)) = reader.rest().split_last() else { return Err(Corrupt) };
        if usize::try_from(total) != Ok(bytes.len()) || last >= bytes.len() {
            return Err(Corrupt);
        }
        let promise = Promise::new((count != COUNT_UNKNOWN).then_some(count));
        Ok(Self { rest: Reader::new(entries), promise, before: 0, at: HEADER_BYTES, last })
    }

    fn entry(&mut self) -> Result<Element<'a>, Corrupt> {
        let start = self.rest.rest().len();
        let before = match self.rest.byte()? {
            LONG_BEFORE => u32::from_le_bytes(self.rest.array()?) as usize,
            before => before.into(),
        };
        let element = self.element()?;
        let len = start - self.rest.rest().len();
        let is_last = self.rest.rest().is_empty();
        if before != self.before || is_last != (self.at == self.last) {
            return Err(Corrupt);
        }
        self.before = len;
        self.at += len;
        Ok(element)
    }

    fn element(&mut self) -> Result<Element<'a>, Corrupt> {
        let head = self.rest.byte()?;
        let low = usize::from(head & 0b0011_1111);
        let len = match head {
            0..STRING_14 => low,
            STRING_14..STRING_32 => low << 8 | usize::from(self.rest.byte()?),
            STRING_32 => u32::from_be_bytes(self.rest.array()?) as usize,
            INT_16 => return Ok(Element::Int(i16::from_le_bytes(self.rest.array()?).into())),
            INT_32 => return Ok(Element::Int(i32::from_le_bytes(self.rest.array()?).into())),
            INT_64 => return Ok(Element::Int(i64::from_le_bytes(self.rest.array()?))),
            INT_24 => {
                let [a, b, c] = self.rest.array()?;
                return Ok(Element::Int((i32::from_le_bytes([0, a, b, c]) >> 8).into()));
            }
            INT_8 => return Ok(Element::Int(i8::from_le_bytes(self.rest.array()?).into())),
            INT_4_FIRST..=INT_4_LAST => return Ok(Element::Int((head - INT_4_FIRST).into())),
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
            (self.rest, self.promise) = (Reader::new(&[]), Promise::nothing());
        }
        Some(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resp::number::IntegerText;

    fn read(bytes: &[u8]) -> Result<Vec<Vec<u8>>, Corrupt> {
        let text = |element: Result<Element, Corrupt>| Ok(element?.text(&mut IntegerText::new()).to_vec());
        Entries::new(bytes)?.map(text).collect()
    }

    /// A ziplist of entries without their first field.
    fn ziplist(entries: &[&[u8]]) -> Vec<u8> {
        let mut bytes = vec![0; HEADER_BYTES];
        let (mut before, mut last) = (0, HEADER_BYTES);
        for entry in entries {
            last = bytes.len();
            match u8::try_from(before) {
                Ok(before) if before < LONG_BEFORE => bytes.push(before),
                _ => {
                    bytes.push(LONG_BEFORE);
                    bytes.extend_from_slice(&(before as u32).to_le_bytes());
                }
            }
            bytes.extend_from_slice(entry);
            before = bytes.len() - last;
        }
        bytes.push(END);
        let total = (bytes.len() as u32).to_le_bytes();
        bytes[..4].copy_from_slice(&total);
        bytes[4..8].copy_from_slice(&(last as u32).to_le_bytes());
        bytes[8..10].copy_from_slice(&(entries.len() as u16).to_le_bytes());
        bytes
    }

    fn entries() -> [(Vec<u8>, Vec<u8>); 12] {
        let string = |head: &[u8], len: usize| ([head, &vec![b'x'; len]].concat(), vec![b'x'; len]);
        let int = |head: &[u8], int: i64| (head.to_vec(), int.to_string().into_bytes());
        [
            string(b"\x00", 0),
            string(b"\x3f", 63),
            string(b"\x41\x00", 256),
            string(b"\x80\x00\x00\x40\x00", 16384),
            int(b"\xf1", 0),
            int(b"\xfd", 12),
            int(b"\xfe\x80", -128),
            int(b"\xc0\x00\x80", -32768),
            int(b"\xf0\x00\x00\x80", -8_388_608),
            int(b"\xd0\xff\xff\xff\x7f", 2_147_483_647),
            int(b"\xe0\x00\x00\x00\x00\x00\x00\x00\x80", i64::MIN),
            string(b"\x03", 3),
        ]
    }

    #[test]
    fn reads_every_kind_of_entry() {
        let entries = entries();
        let heads: Vec<&[u8]> = entries.iter().map(|(entry, _)| entry.as_slice()).collect();
        let texts: Vec<Vec<u8>> = entries.iter().map(|(_, text)| text.clone()).collect();
        assert_eq!(read(&ziplist(&heads)), Ok(texts.clone()));
        let mut uncounted = ziplist(&heads);
        uncounted[8..10].fill(0xff);
        assert_eq!(read(&uncounted), Ok(texts));
        assert_eq!(read(&ziplist(&[])), Ok(Vec::new()));
    }

    #[test]
    fn every_damage_to_the_structure_is_seen() {
        let sound = ziplist(&[b"\x01a", b"\xc0\x00\x80", b"\x02bc"]);
        assert!(read(&sound).is_ok());
        for len in 0..sound.len() {
            assert_eq!(read(&sound[..len]), Err(Corrupt), "cut to {len} bytes");
        }
        // Header, end, the lengths of the entries before, and heads.
        for index in (0..HEADER_BYTES).chain([sound.len() - 1, 10, 13, 17]) {
            for bit in 0..8 {
                let mut damaged = sound.clone();
                damaged[index] ^= 1 << bit;
                assert_eq!(read(&damaged), Err(Corrupt), "byte {index}, bit {bit}");
            }
        }
        for head in [0x81, 0xbf, 0xc1, 0xef, 0xff] {
            assert_eq!(read(&ziplist(&[&[head, 0, 0, 0, 0, 0, 0, 0, 0]])), Err(Corrupt), "head {head:x}");
        }
    }
}
