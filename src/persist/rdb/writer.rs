//! Writer: appends what [`super::Reader`] reads, in the shortest form that Redis 7.0 chooses.
//!
//! A string that is the canonical text of an integer of up to 32 bits becomes that integer; one of more than 20 bytes
//! is compressed if that saves four bytes or more and `rdbcompression` is on. Invariant: after an error the bytes are
//! still a prefix of something valid only to the caller's eyes; give the writer up. Cost: one copy, one pass of
//! compression.

use super::Element;
use super::reader::{INT_8, INT_16, INT_32, LENGTH_14, LENGTH_32, LENGTH_64, LZF};
use crate::resp::number::{IntegerText, parse_i64};
use crate::storage::NoMemory;
use crate::storage::lzf::Compressor;

/// The longest text of an integer of 32 bits.
const INT_TEXT_MAX: usize = 11;
/// Up to this length even a string of one letter does not get shorter.
const NEVER_COMPRESSED_MAX: usize = 20;
/// What compression must save at least.
const SAVED_MIN: usize = 4;

/// See the module's comment.
#[derive(Debug)]
pub struct Writer {
    bytes: Vec<u8>,
    packed: Vec<u8>,
    compresses: bool,
    compressor: Option<Compressor>,
}

impl Writer {
    /// An empty writer that compresses strings if `compresses` says so.
    pub fn new(compresses: bool) -> Self {
        Self { bytes: Vec::new(), packed: Vec::new(), compresses, compressor: None }
    }

    /// [`Writer::new`] with the table of an earlier writer, which takes time to make.
    pub fn reusing(compresses: bool, compressor: Option<Compressor>) -> Self {
        Self { compressor, ..Self::new(compresses) }
    }

    /// The table for [`Writer::reusing`], if there is one.
    pub fn into_compressor(self) -> Option<Compressor> {
        self.compressor
    }

    /// What has been written since the start or the last [`Writer::clear`].
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Starts over, with the memory it has.
    pub fn clear(&mut self) {
        self.bytes.clear();
    }

    /// Appends bytes as they are.
    pub fn put(&mut self, bytes: &[u8]) -> Result<(), NoMemory> {
        self.bytes.try_reserve(bytes.len()).map_err(|_| NoMemory)?;
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    /// Appends one byte.
    pub fn byte(&mut self, byte: u8) -> Result<(), NoMemory> {
        self.put(&[byte])
    }

    /// Appends a length, or any number as a length.
    pub fn length(&mut self, length: u64) -> Result<(), NoMemory> {
        match length {
            0..=0x3f => self.byte(length as u8),
            0x40..=0x3fff => self.put(&(length as u16 | u16::from(LENGTH_14) << 8).to_be_bytes()),
            0x4000..=0xffff_ffff => {
                self.byte(LENGTH_32)?;
                self.put(&(length as u32).to_be_bytes())
            }
            _ => {
                self.byte(LENGTH_64)?;
                self.put(&length.to_be_bytes())
            }
        }
    }

    /// Appends a string.
    pub fn text(&mut self, bytes: &[u8]) -> Result<(), NoMemory> {
        if bytes.len() <= INT_TEXT_MAX
            && let Some(int) = parse_i64(bytes)
            && self.small_int(int)?
        {
            return Ok(());
        }
        if self.compresses && bytes.len() > NEVER_COMPRESSED_MAX && self.compressed(bytes)? {
            return Ok(());
        }
        self.length(bytes.len() as u64)?;
        self.put(bytes)
    }

    /// Appends an integer as a string.
    pub fn int(&mut self, int: i64) -> Result<(), NoMemory> {
        if self.small_int(int)? {
            return Ok(());
        }
        let mut digits = IntegerText::new();
        let text = digits.format(int);
        self.length(text.len() as u64)?;
        self.put(text)
    }

    /// Appends an element as a string.
    pub fn element(&mut self, element: Element<'_>) -> Result<(), NoMemory> {
        match element {
            Element::Int(int) => self.int(int),
            Element::Bytes(bytes) => self.text(bytes),
        }
    }

    /// Appends an integer in binary if it has at most 32 bits.
    fn small_int(&mut self, int: i64) -> Result<bool, NoMemory> {
        if let Ok(int) = i8::try_from(int) {
            self.byte(INT_8)?;
            self.put(&int.to_le_bytes())?;
        } else if let Ok(int) = i16::try_from(int) {
            self.byte(INT_16)?;
            self.put(&int.to_le_bytes())?;
        } else if let Ok(int) = i32::try_from(int) {
            self.byte(INT_32)?;
            self.put(&int.to_le_bytes())?;
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    /// Appends a string compressed if that is worth it.
    fn compressed(&mut self, bytes: &[u8]) -> Result<bool, NoMemory> {
        let mut packed = std::mem::take(&mut self.packed);
        packed.clear();
        let compressor = match &mut self.compressor {
            Some(compressor) => compressor,
            none => none.insert(Compressor::new()?),
        };
        let is_worth_it = compressor.compress(bytes, bytes.len() - SAVED_MIN, &mut packed)?;
        if is_worth_it {
            self.byte(LZF)?;
            self.length(packed.len() as u64)?;
            self.length(bytes.len() as u64)?;
            self.put(&packed)?;
        }
        self.packed = packed;
        Ok(is_worth_it)
    }

    /// Appends a double in binary.
    pub fn double(&mut self, double: f64) -> Result<(), NoMemory> {
        self.put(&double.to_le_bytes())
    }

    /// Appends a time in milliseconds.
    pub fn time_ms(&mut self, time_ms: i64) -> Result<(), NoMemory> {
        self.put(&time_ms.to_le_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::persist::rdb::Reader;

    fn written(write: impl FnOnce(&mut Writer) -> Result<(), NoMemory>) -> Vec<u8> {
        let mut writer = Writer::new(true);
        writer.put(b"dropped").unwrap();
        writer.clear();
        write(&mut writer).unwrap();
        writer.bytes().to_vec()
    }

    #[test]
    fn lengths_take_the_fewest_bytes() {
        for (length, len) in [
            (0, 1),
            (63, 1),
            (64, 2),
            (16383, 2),
            (16384, 5),
            (u64::from(u32::MAX), 5),
            (u64::from(u32::MAX) + 1, 9),
            (u64::MAX, 9),
        ] {
            let bytes = written(|writer| writer.length(length));
            assert_eq!((bytes.len(), Reader::new(&bytes).length()), (len, Ok(length)));
        }
    }

    #[test]
    fn strings_become_what_they_are_in_redis() {
        // From DUMP by redis-server 7.0.15.
        for (text, bytes) in [
            ("", &b"\x00"[..]),
            ("-128", b"\xc0\x80"),
            ("128", b"\xc1\x80\x00"),
            ("-32769", b"\xc2\xff\x7f\xff\xff"),
            ("2147483647", b"\xc2\xff\xff\xff\x7f"),
            ("2147483648", b"\x0a2147483648"),
            ("007", b"\x03007"),
            ("aaaaaaaaaaaaaaaaaaaa", b"\x14aaaaaaaaaaaaaaaaaaaa"),
            ("aaaaaaaaaaaaaaaaaaaaaaaa", b"\xc3\x09\x18\x01aa\xe0\x0b\x00\x01aa"),
        ] {
            assert_eq!(written(|writer| writer.text(text.as_bytes())), bytes, "{text}");
            if let Ok(int) = text.parse::<i64>()
                && int.to_string() == text
            {
                assert_eq!(written(|writer| writer.element(Element::Int(int))), bytes, "{text}");
            }
        }
    }

    #[test]
    fn nothing_is_compressed_unless_asked() {
        let mut writer = Writer::new(false);
        writer.element(Element::Bytes(&[b'a'; 100])).unwrap();
        assert_eq!(writer.bytes().len(), 102);
    }

    #[test]
    fn doubles_and_times_are_little_endian() {
        assert_eq!(written(|writer| writer.double(1.0)), b"\x00\x00\x00\x00\x00\x00\xf0\x3f");
        assert_eq!(written(|writer| writer.time_ms(-2)), b"\xfe\xff\xff\xff\xff\xff\xff\xff");
    }
}
