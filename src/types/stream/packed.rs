//! Packed: the numbers and texts that a block is made of, and how to read them back.
//!
//! A text that is the canonical decimal form of an integer is stored as that integer; everything else with its length in
//! front. One byte of head tells which, and holds what is small:
//!
//! ```text
//!  0xxxxxxx                  text of x bytes, 0 to 127
//!  10xxxxxx                  the integer x, 0 to 63
//!  1100xxxx x                text of 12 bits of length
//!  1101nnnn n bytes          integer of n bytes, 1 to 8, little-endian, signed
//!  11100000 4 bytes          text of 32 bits of length
//! ```
//!
//! A count or a difference (`u64`) is a LEB128 varint. No value takes more than Redis's listpack needs for it.
//! Readers never panic: past the end they answer `None`.

use crate::numeric::parse_i64;
use crate::storage::{NoMemory, format_int};

const SMALL_INT: u8 = 0x80;
const MEDIUM_TEXT: u8 = 0xc0;
const INT: u8 = 0xd0;
const LARGE_TEXT: u8 = 0xe0;
const SHORT_MAX: usize = 0x7f;
const SMALL_INT_MAX: i64 = 0x3f;
const MEDIUM_MAX: usize = 0xfff;
/// Room for a varint or for the head of a value.
pub const HEAD_BYTES_MAX: usize = 10;

/// A field name or a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    Int(i64),
    Text(&'a [u8]),
}

impl<'a> Value<'a> {
    /// How a client's bytes are stored.
    #[inline]
    pub fn of(bytes: &'a [u8]) -> Self {
        match parse_i64(bytes) {
            Some(int) => Self::Int(int),
            None => Self::Text(bytes),
        }
    }

    /// What a client calls it; `digits` holds that for a number.
    pub fn text<'t>(self, digits: &'t mut [u8; 20]) -> &'t [u8]
    where
        'a: 't,
    {
        match self {
            Self::Int(int) => format_int(int, digits),
            Self::Text(text) => text,
        }
    }
}

/// Appends a varint; the caller has reserved [`HEAD_BYTES_MAX`].
#[inline]
pub fn write_varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Appends a value; the caller has reserved its bytes and [`HEAD_BYTES_MAX`].
///
/// # Errors
/// If a text is longer than 32 bits can say.
#[inline]
pub fn write_value(out: &mut Vec<u8>, value: Value<'_>) -> Result<(), NoMemory> {
    match value {
        Value::Int(int @ 0..=SMALL_INT_MAX) => out.push(SMALL_INT | int as u8),
        Value::Int(int) => {
            let sign_bits = if int < 0 { int.leading_ones() } else { int.leading_zeros() };
            // One sign bit must stay.
            let len = (65 - sign_bits as usize).div_ceil(8);
            out.push(INT | len as u8);
            out.extend_from_slice(int.to_le_bytes().get(..len).unwrap_or_default());
        }
        Value::Text(text) => {
            let len = text.len();
            if len <= SHORT_MAX {
                out.push(len as u8);
            } else if len <= MEDIUM_MAX {
                out.extend_from_slice(&[MEDIUM_TEXT | (len >> 8) as u8, len as u8]);
            } else {
                out.push(LARGE_TEXT);
                out.extend_from_slice(&u32::try_from(len).map_err(|_| NoMemory)?.to_le_bytes());
            }
            out.extend_from_slice(text);
        }
    }
    Ok(())
}

/// Reads packed bytes from the front.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    #[inline]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Bytes that are left.
    #[inline]
    pub fn left(&self) -> usize {
        self.0.len()
    }

    #[inline]
    pub fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    #[inline]
    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    #[inline]
    pub fn varint(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    #[inline]
    pub fn value(&mut self) -> Option<Value<'a>> {
        let head = self.byte()?;
        if head < SMALL_INT {
            return self.take(usize::from(head)).map(Value::Text);
        }
        if head < MEDIUM_TEXT {
            return Some(Value::Int(i64::from(head & 0x3f)));
        }
        match head & 0xf0 {
            MEDIUM_TEXT => {
                let len = usize::from(head & 0xf) << 8 | usize::from(self.byte()?);
                self.take(len).map(Value::Text)
            }
            INT => {
                let stored = self.take(usize::from(head & 0xf))?;
                let mut bytes = [if stored.last()? & 0x80 == 0 { 0 } else { 0xff }; 8];
                bytes.get_mut(..stored.len())?.copy_from_slice(stored);
                Some(Value::Int(i64::from_le_bytes(bytes)))
            }
            _ => {
                let len = u32::from_le_bytes(self.take(4)?.try_into().ok()?);
                self.take(usize::try_from(len).ok()?).map(Value::Text)
            }
        }
    }

    /// Passes over `count` values.
    #[inline]
    pub fn skip_values(&mut self, count: u64) -> Option<()> {
        for _ in 0..count {
            self.value()?;
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::listpack_size;
    use super::*;

    fn packed(value: Value<'_>) -> Vec<u8> {
        let mut out = Vec::new();
        write_value(&mut out, value).unwrap();
        out
    }

    #[test]
    fn values_survive_and_are_never_longer_than_in_a_listpack() {
        let mut texts: Vec<Vec<u8>> = [0, 1, 63, 64, 127, 128, 4095, 4096, 70_000].map(|len| vec![b'x'; len]).into();
        let powers = (0..63).flat_map(|bit| [1 << bit, (1 << bit) - 1, -(1 << bit), -(1 << bit) - 1]);
        texts.extend(powers.chain([i64::MIN, i64::MAX]).map(|int: i64| int.to_string().into_bytes()));
        texts.extend(["-0", "01", "+1", "1.0", "9223372036854775808", "-"].map(|text| text.as_bytes().to_vec()));
        for text in &texts {
            let value = Value::of(text);
            let bytes = packed(value);
            let mut reader = Reader::new(&bytes);
            assert_eq!((reader.value(), reader.left()), (Some(value), 0));
            assert_eq!(value.text(&mut [0; 20]), text);
            assert!(bytes.len() <= listpack_size::of_text(text), "{text:?}");
        }
    }

    #[test]
    fn varints_survive() {
        for number in (0..64).flat_map(|bit| [1 << bit, (1 << bit) - 1]).chain([u64::MAX]) {
            let mut out = Vec::new();
            write_varint(&mut out, number);
            assert!(out.len() <= HEAD_BYTES_MAX);
            let mut reader = Reader::new(&out);
            assert_eq!((reader.varint(), reader.left()), (Some(number), 0));
        }
    }

    #[test]
    fn readers_stop_at_the_end() {
        for bytes in [&[][..], &[5, 1], &[0xc1], &[0xc0, 3, 1], &[0xd4, 1], &[0xd0], &[0xdf, 1], &[0xe0, 9, 0], &[0xff]]
        {
            assert_eq!(Reader::new(bytes).value(), None, "{bytes:?}");
        }
        assert_eq!(Reader::new(&[0x80; 20]).varint(), None);
    }
}
