//! Zipmap: small hashes before Redis 2.6.
//!
//! ```text
//!  | pairs, 1 (0xfe: unknown) | length | field | length | free bytes, 1 | value | free bytes | ... | 0xff |
//!
//!  length   1 byte below 0xfe, or 0xfe + 4 LE
//! ```

use super::promise::Promise;
use super::{Corrupt, Reader};

const LONG: u8 = 0xfe;
const END: u8 = 0xff;

/// The fields and values of a zipmap.
#[derive(Clone, Debug)]
pub struct Pairs<'a> {
    rest: Reader<'a>,
    promise: Promise,
}

impl<'a> Pairs<'a> {
    /// The pairs of the zipmap that is all of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Result<Self, Corrupt> {
        let mut reader = Reader::new(bytes);
        let count = reader.byte()?;
        if count > LONG {
            return Err(Corrupt);
        }
        let Some((&END, pairs)) = reader.rest().split_last() else { return Err(Corrupt) };
        Ok(Self { rest: Reader::new(pairs), promise: Promise::new((count < LONG).then_some(count.into())) })
    }

    fn length(&mut self) -> Result<usize, Corrupt> {
        match self.rest.byte()? {
            END => Err(Corrupt),
            LONG => self.rest.array().map(|bytes| u32::from_le_bytes(bytes) as usize),
            len => Ok(len.into()),
        }
    }

    fn pair(&mut self) -> Result<(&'a [u8], &'a [u8]), Corrupt> {
        let len = self.length()?;
        let field = self.rest.bytes(len)?;
        let len = self.length()?;
        let free = self.rest.byte()?;
        let value = self.rest.bytes(len)?;
        self.rest.bytes(free.into())?;
        Ok((field, value))
    }
}

impl<'a> Iterator for Pairs<'a> {
    type Item = Result<(&'a [u8], &'a [u8]), Corrupt>;

    fn next(&mut self) -> Option<Self::Item> {
        let is_end = self.rest.rest().is_empty();
        let next = self.promise.take(is_end)?.and_then(|()| self.pair());
        if next.is_err() {
            (self.rest, self.promise) = (Reader::new(&[]), Promise::nothing());
        }
        Some(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Owned = Vec<(Vec<u8>, Vec<u8>)>;

    fn read(bytes: &[u8]) -> Result<Owned, Corrupt> {
        Pairs::new(bytes)?.map(|pair| pair.map(|(field, value)| (field.to_vec(), value.to_vec()))).collect()
    }

    #[test]
    fn reads_pairs_with_free_bytes_and_long_lengths() {
        let long = [b'x'; 300];
        let mut bytes = b"\x03\x03foo\x03\x02barzz\x00\x00\x00\x04long\xfe\x2c\x01\x00\x00\x00".to_vec();
        bytes.extend_from_slice(&long);
        bytes.push(END);
        let pairs = [(&b"foo"[..], &b"bar"[..]), (b"", b""), (b"long", &long)];
        let pairs: Owned = pairs.iter().map(|(field, value)| (field.to_vec(), value.to_vec())).collect();
        assert_eq!(read(&bytes), Ok(pairs.clone()));
        bytes[0] = LONG;
        assert_eq!(read(&bytes), Ok(pairs));
    }

    #[test]
    fn every_damage_to_the_structure_is_seen() {
        let sound = b"\x02\x01a\x01\x00b\x01c\x01\x01d.\xff";
        assert!(read(sound).is_ok());
        for len in 0..sound.len() {
            assert_eq!(read(&sound[..len]), Err(Corrupt), "cut to {len} bytes");
        }
        for count in [0, 1, 3, 0xfd, 0xff] {
            let mut damaged = sound.to_vec();
            damaged[0] = count;
            assert_eq!(read(&damaged), Err(Corrupt), "count {count}");
        }
        for corrupt in [&b"\x01\xff\x01\x00b\xff"[..], b"\x01\x01a\xff\x00b\xff", b"\x01\x01a\x01\x02b\xff"] {
            assert_eq!(read(corrupt), Err(Corrupt), "{corrupt:?}");
        }
    }
}
