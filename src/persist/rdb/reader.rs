//! Reader: a checked cursor over a payload, and the primitives that all bodies are made of.
//!
//! ```text
//!  length   00LLLLLL                    6 bits
//!           01LLLLLL LLLLLLLL           14 bits, big-endian
//!           10000000 + 4                32 bits, big-endian
//!           10000001 + 8                64 bits, big-endian
//!  string   length + bytes
//!           11000000 + 1, 11000001 + 2, 11000010 + 4     the text of this integer, little-endian
//!           11000011 + length + length + bytes           LZF: compressed length, length, compressed bytes
//! ```
//!
//! A length is believed as far as the payload goes: an element takes a byte at least, so there cannot be more of them
//! than bytes left. Cost: strings are borrowed; only compressed ones are decompressed into memory of their own.

use super::{Corrupt, Element, LoadError};
use crate::resp::number::parse_f64;
use crate::storage::lzf;

pub(super) const LENGTH_14: u8 = 0b0100_0000;
pub(super) const LENGTH_32: u8 = 0b1000_0000;
pub(super) const LENGTH_64: u8 = 0b1000_0001;
pub(super) const INT_8: u8 = 0b1100_0000;
pub(super) const INT_16: u8 = 0b1100_0001;
pub(super) const INT_32: u8 = 0b1100_0010;
pub(super) const LZF: u8 = 0b1100_0011;

/// What stands for a double as text whose length byte is one of these.
const NAN: u8 = 253;
const INFINITY: u8 = 254;
const NEGATIVE_INFINITY: u8 = 255;

/// See the module's comment.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
    flat_count: u64,
}

/// A string of a payload.
#[derive(Clone, Debug)]
pub enum Text<'a> {
    Int(i64),
    Bytes(&'a [u8]),
    /// It was compressed.
    Unpacked(Vec<u8>),
}

impl Text<'_> {
    /// The string as an element.
    pub fn element(&self) -> Element<'_> {
        match self {
            Self::Int(int) => Element::Int(*int),
            Self::Bytes(bytes) => Element::Bytes(bytes),
            Self::Unpacked(bytes) => Element::Bytes(bytes),
        }
    }

    /// The string as the bytes of a flat encoding; an integer is not one.
    pub(super) fn blob(&self) -> Result<&[u8], Corrupt> {
        match self {
            Self::Int(_) => Err(Corrupt),
            Self::Bytes(bytes) => Ok(bytes),
            Self::Unpacked(bytes) => Ok(bytes),
        }
    }
}

impl<'a> Reader<'a> {
    /// A cursor at the start of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, flat_count: 0 }
    }

    /// What is not read yet.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next `len` bytes.
    #[inline]
    pub fn bytes(&mut self, len: usize) -> Result<&'a [u8], Corrupt> {
        let (bytes, rest) = self.rest.split_at_checked(len).ok_or(Corrupt)?;
        self.rest = rest;
        Ok(bytes)
    }

    /// The next `N` bytes.
    #[inline]
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Corrupt> {
        let (bytes, rest) = self.rest.split_first_chunk::<N>().ok_or(Corrupt)?;
        self.rest = rest;
        Ok(*bytes)
    }

    /// The next byte.
    #[inline]
    pub fn byte(&mut self) -> Result<u8, Corrupt> {
        self.array().map(|[byte]| byte)
    }

    /// A length, which may also be a number that is no length of anything.
    pub fn length(&mut self) -> Result<u64, Corrupt> {
        let first = self.byte()?;
        self.length_after(first)
    }

    fn length_after(&mut self, first: u8) -> Result<u64, Corrupt> {
        let low = u64::from(first & 0b0011_1111);
        match first {
            0..LENGTH_14 => Ok(low),
            LENGTH_14..LENGTH_32 => Ok(low << 8 | u64::from(self.byte()?)),
            LENGTH_32 => self.array().map(|bytes| u64::from(u32::from_be_bytes(bytes))),
            LENGTH_64 => self.array().map(u64::from_be_bytes),
            _ => Err(Corrupt),
        }
    }

    /// How many elements of at least `bytes_min` bytes each follow.
    pub fn count(&mut self, bytes_min: usize) -> Result<usize, Corrupt> {
        let count = usize::try_from(self.length()?).map_err(|_| Corrupt)?;
        if count > self.rest.len() / bytes_min { Err(Corrupt) } else { Ok(count) }
    }

    /// A string.
    ///
    /// # Errors
    /// If it is corrupt, or compressed and too long for the memory there is.
    pub fn text(&mut self) -> Result<Text<'a>, LoadError> {
        Ok(match self.byte()? {
            INT_8 => Text::Int(self.array().map(i8::from_le_bytes)?.into()),
            INT_16 => Text::Int(self.array().map(i16::from_le_bytes)?.into()),
            INT_32 => Text::Int(self.array().map(i32::from_le_bytes)?.into()),
            LZF => {
                let packed_len = self.count(1)?;
                let len = usize::try_from(self.length()?).map_err(|_| Corrupt)?;
                let mut text = Vec::new();
                lzf::decompress(self.bytes(packed_len)?, len, &mut text)?;
                Text::Unpacked(text)
            }
            first => {
                let len = usize::try_from(self.length_after(first)?).map_err(|_| Corrupt)?;
                Text::Bytes(self.bytes(len)?)
            }
        })
    }

    /// A string that is a listpack or an intset.
    ///
    /// # Errors
    /// As [`Reader::text`].
    pub fn flat(&mut self) -> Result<Text<'a>, LoadError> {
        self.flat_count += 1;
        self.text()
    }

    /// How many listpacks and intsets have been read: what Redis counts as sanitizations.
    pub fn flat_count(&self) -> u64 {
        self.flat_count
    }

    /// A double in binary.
    pub fn double(&mut self) -> Result<f64, Corrupt> {
        self.array().map(f64::from_le_bytes)
    }

    /// A double as text, as RDB versions before 8 have them.
    pub fn double_text(&mut self) -> Result<f64, Corrupt> {
        match self.byte()? {
            NAN => Ok(f64::NAN),
            INFINITY => Ok(f64::INFINITY),
            NEGATIVE_INFINITY => Ok(f64::NEG_INFINITY),
            len => parse_f64(self.bytes(len.into())?).ok_or(Corrupt),
        }
    }

    /// A time in milliseconds.
    pub fn time_ms(&mut self) -> Result<i64, Corrupt> {
        self.array().map(i64::from_le_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn length(bytes: &[u8]) -> Option<u64> {
        Reader::new(bytes).length().ok()
    }

    #[test]
    fn reads_lengths_of_all_sizes() {
        assert_eq!(length(b"\x00"), Some(0));
        assert_eq!(length(b"\x3f"), Some(63));
        assert_eq!(length(b"\x40\x40"), Some(64));
        assert_eq!(length(b"\x7f\xff"), Some(16383));
        assert_eq!(length(b"\x80\x00\x01\x00\x00"), Some(65536));
        assert_eq!(length(b"\x81\xff\xff\xff\xff\xff\xff\xff\xff"), Some(u64::MAX));
        for corrupt in
            [&b""[..], b"\x40", b"\x80\x00\x00\x00", b"\x81\x00\x00\x00\x00\x00\x00\x00", b"\x82", b"\xc0\x01"]
        {
            assert_eq!(length(corrupt), None, "{corrupt:?}");
        }
    }

    #[test]
    fn believes_no_count_that_the_payload_cannot_hold() {
        assert_eq!(Reader::new(b"\x03abc").count(1), Ok(3));
        assert_eq!(Reader::new(b"\x04abc").count(1), Err(Corrupt));
        assert_eq!(Reader::new(b"\x02abc").count(2), Err(Corrupt));
        assert_eq!(Reader::new(b"\x81\xff\xff\xff\xff\xff\xff\xff\xffabc").count(1), Err(Corrupt));
    }

    #[test]
    fn reads_strings() {
        let texts: [(&[u8], &str); 6] = [
            (b"\x00", ""),
            (b"\x05hello", "hello"),
            (b"\xc0\x85", "-123"),
            (b"\xc1\x39\x30", "12345"),
            (b"\xc2\x00\x00\x00\x80", "-2147483648"),
            (b"\xc3\x09\x18\x01aa\xe0\x0b\x00\x01aa", "aaaaaaaaaaaaaaaaaaaaaaaa"),
        ];
        for (bytes, expected) in texts {
            let text = Reader::new(bytes).text().unwrap();
            let mut digits = crate::resp::number::IntegerText::new();
            assert_eq!(text.element().text(&mut digits), expected.as_bytes());
            for len in 0..bytes.len() {
                assert_eq!(Reader::new(&bytes[..len]).text().err(), Some(LoadError::Corrupt));
            }
        }
        for corrupt in [&b"\xc4\x00\x00\x00\x00"[..], b"\xff", b"\x06hello", b"\x81\xff\xff\xff\xff\xff\xff\xff\xff"] {
            assert_eq!(Reader::new(corrupt).text().err(), Some(LoadError::Corrupt));
        }
    }

    #[test]
    fn reads_doubles() {
        assert_eq!(Reader::new(b"\x03-.5").double_text(), Ok(-0.5));
        assert_eq!(Reader::new(b"\xfe").double_text(), Ok(f64::INFINITY));
        assert_eq!(Reader::new(b"\xff").double_text(), Ok(f64::NEG_INFINITY));
        assert!(Reader::new(b"\xfd").double_text().unwrap().is_nan());
        assert_eq!(Reader::new(b"\x03abc").double_text(), Err(Corrupt));
        assert_eq!(Reader::new(b"\x04-.5").double_text(), Err(Corrupt));
        assert_eq!(Reader::new(&1.5f64.to_le_bytes()).double(), Ok(1.5));
    }
}
