//! Header: the first 8 bytes of an entry, which say how the rest is laid out.
//!
//! ```text
//!  bit 0    4    8     16      24        48          64
//!  | type | form | flags | key len | access | value len |
//!     4      4      8        8        24        16
//! ```
//!
//! - `type`: what TYPE says, see [`Kind`].
//! - `form`: how the value is stored, see [`Form`].
//! - `key len`: 255 or less; longer keys have [`Flag::WideKey`] and their length in 4 bytes of its own.
//! - `access`: what LRU or LFU eviction remembers; this file does not interpret it.
//! - `value len`: of an embedded value, else 0.
//!
//! Why one word: a lookup reads it once, together with the key in the same cache line, and every offset in the
//! entry follows from it by a few shifts, without a branch.

use super::value::Kind;
use std::mem::size_of;

/// Bits of the access field.
pub const ACCESS_BITS: u32 = 24;
/// Longest key whose length fits the header.
pub const NARROW_KEY_MAX: usize = u8::MAX as usize;
/// Longest value embedded in its entry. The entry then still is in the allocator's small classes (mimalloc:
/// up to 1 KiB with a typical key), where allocation is cheapest and an overwrite moves at most this much;
/// above it, 24 bytes for a buffer of its own are below 3 %.
pub const EMBEDDED_MAX: usize = 960;

const FORM_SHIFT: u32 = 4;
const FLAGS_SHIFT: u32 = 8;
const KEY_LEN_SHIFT: u32 = 16;
const ACCESS_SHIFT: u32 = 24;
const VALUE_LEN_SHIFT: u32 = 48;
const ACCESS_MASK: u64 = (1 << ACCESS_BITS) - 1;

/// Flags of what is between header and key.
const BETWEEN: u64 = (Flag::WideKey as u64 | Flag::Link as u64 | Flag::InnerLink as u64) << FLAGS_SHIFT;

const _: () = assert!(size_of::<Header>() == 8);
const _: () = assert!(EMBEDDED_MAX <= u16::MAX as usize);

/// How a value is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Form {
    /// A string that is an integer: 8 bytes.
    Int = 0,
    /// A string, or the flat encoding of another type, inside the entry.
    Embedded = 1,
    /// The same in a [`Buffer`](super::buffer::Buffer): the entry holds its pointer, 8 bytes.
    Boxed = 2,
    /// A structure of its own: the entry holds its pointer, 8 bytes.
    Object = 3,
}

/// A property of an entry. All but `Raw` are placed so that [`Header::key_offset`] needs no branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Flag {
    /// The string was changed in place (APPEND, SETRANGE): OBJECT ENCODING says raw. Or the integer was made by COPY,
    /// and Redis would not share it: OBJECT REFCOUNT says 1.
    Raw = 1,
    /// The entry has a second link word, behind the first: its seat in the heap of the deadlines inside values. Implies
    /// `Link`.
    InnerLink = 2,
    /// The entry has a link word: its seat in the TTL heap.
    Link = 4,
    /// The key is longer than [`NARROW_KEY_MAX`].
    WideKey = 8,
}

/// See the module's comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub struct Header(u64);

impl Header {
    /// The header of an entry without link word and with access 0.
    #[inline]
    pub fn new(key_len: usize, kind: Kind, form: Form, value_len: usize) -> Self {
        let (flags, key_len) = if key_len > NARROW_KEY_MAX { (Flag::WideKey as u64, 0) } else { (0, key_len as u64) };
        Self(flags << FLAGS_SHIFT | key_len << KEY_LEN_SHIFT).with_value(kind, form, value_len)
    }

    #[inline]
    pub fn form(self) -> Form {
        match (self.0 >> FORM_SHIFT) & 15 {
            0 => Form::Int,
            1 => Form::Embedded,
            2 => Form::Boxed,
            _ => Form::Object,
        }
    }

    #[inline]
    pub fn kind(self) -> Kind {
        Kind::from_bits(self.0 as u8 & 15)
    }

    #[inline]
    pub fn has(self, flag: Flag) -> bool {
        self.0 & (flag as u64) << FLAGS_SHIFT != 0
    }

    #[inline]
    pub fn with(self, flag: Flag, on: bool) -> Self {
        let bit = (flag as u64) << FLAGS_SHIFT;
        Self(if on { self.0 | bit } else { self.0 & !bit })
    }

    /// The same entry with another value, which is not raw.
    #[inline]
    pub fn with_value(self, kind: Kind, form: Form, value_len: usize) -> Self {
        debug_assert!(value_len <= EMBEDDED_MAX);
        let kept = self.0 & !0xFF & !(0xFFFF << VALUE_LEN_SHIFT);
        let value = kind as u64 | (form as u64) << FORM_SHIFT | (value_len as u64) << VALUE_LEN_SHIFT;
        Self(kept | value).with(Flag::Raw, false)
    }

    /// Where the key starts: after the header, the link words and the wide key length, as far as present.
    #[inline]
    pub fn key_offset(self) -> usize {
        self.wide_offset() + (self.0 >> (FLAGS_SHIFT + 1) & 4) as usize
    }

    /// Where a wide key's length is.
    #[inline]
    pub fn wide_offset(self) -> usize {
        let flags = self.0 >> FLAGS_SHIFT;
        (8 + (flags & 4) + ((flags & 2) << 1)) as usize
    }

    /// The length of a narrow key; 0 for a wide one.
    #[inline]
    pub fn narrow_key_len(self) -> usize {
        (self.0 >> KEY_LEN_SHIFT) as usize & NARROW_KEY_MAX
    }

    /// Where the value starts, if the key follows at once.
    #[inline(always)]
    pub fn narrow_value_offset(self) -> Option<usize> {
        (self.0 & BETWEEN == 0).then(|| size_of::<Self>() + self.narrow_key_len())
    }

    /// Whether the key follows at once and has so many bytes, which is not said of a wide one.
    #[inline(always)]
    pub fn is_followed_by_key_of(self, len: usize) -> bool {
        const MASK: u64 = (NARROW_KEY_MAX as u64) << KEY_LEN_SHIFT | BETWEEN;
        self.0 & MASK == (len as u64) << KEY_LEN_SHIFT
    }

    /// The length of an embedded value.
    #[inline]
    pub fn embedded_len(self) -> usize {
        (self.0 >> VALUE_LEN_SHIFT) as usize
    }

    /// Bytes of the value inside the entry.
    #[inline]
    pub fn value_size(self) -> usize {
        match self.form() {
            Form::Embedded => self.embedded_len(),
            Form::Int | Form::Boxed | Form::Object => 8,
        }
    }

    #[inline]
    pub fn access(self) -> u32 {
        (self.0 >> ACCESS_SHIFT & ACCESS_MASK) as u32
    }

    #[inline]
    pub fn with_access(self, access: u32) -> Self {
        debug_assert!(access >> ACCESS_BITS == 0);
        let access = u64::from(access) & ACCESS_MASK;
        Self(self.0 & !(ACCESS_MASK << ACCESS_SHIFT) | access << ACCESS_SHIFT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_do_not_disturb_each_other() {
        let header = Header::new(200, Kind::Hash, Form::Embedded, 960).with_access(0xABCDEF).with(Flag::Link, true);
        assert_eq!(header.narrow_key_len(), 200);
        assert_eq!(header.embedded_len(), 960);
        assert_eq!(header.access(), 0xABCDEF);
        assert_eq!((header.key_offset(), header.kind()), (12, Kind::Hash));
        let header = header.with(Flag::Raw, true).with_value(Kind::String, Form::Int, 0).with_access(1);
        assert!(!header.has(Flag::Raw) && header.has(Flag::Link));
        assert_eq!((header.kind(), header.form(), header.access()), (Kind::String, Form::Int, 1));
        assert_eq!(header.narrow_key_len(), 200);
    }

    #[test]
    fn offsets_count_the_optional_words() {
        let narrow = Header::new(10, Kind::String, Form::Int, 0);
        let wide = Header::new(256, Kind::String, Form::Boxed, 0);
        assert_eq!((narrow.key_offset(), wide.key_offset()), (8, 12));
        assert!(narrow.is_followed_by_key_of(10) && narrow.narrow_value_offset() == Some(18));
        assert!([0, 11, 10 + 256].iter().all(|&len| !narrow.is_followed_by_key_of(len)));
        for other in [wide, narrow.with(Flag::Link, true), narrow.with(Flag::InnerLink, true)] {
            assert!([0, 10, 255, 256].iter().all(|&len| !other.is_followed_by_key_of(len)));
            assert!(other.narrow_value_offset().is_none());
        }
        assert_eq!((wide.wide_offset(), wide.with(Flag::Link, true).wide_offset()), (8, 12));
        assert_eq!(wide.with(Flag::Link, true).key_offset(), 16);
        let linked_twice = wide.with(Flag::Link, true).with(Flag::InnerLink, true);
        assert_eq!((linked_twice.wide_offset(), linked_twice.key_offset()), (16, 20));
        assert_eq!(narrow.with(Flag::Link, true).with(Flag::InnerLink, true).key_offset(), 16);
    }
}
