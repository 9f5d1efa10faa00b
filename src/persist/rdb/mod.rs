//! RDB: Redis's serialisation of values, read for every version from 6 on, written as Redis 7.0 reads it.
//!
//! ```text
//!  payload of DUMP   | type | body of the value | version, 2 LE | CRC-64, 8 LE |
//!  body              strings, lengths and doubles in a row, or one string that is a flat encoding:
//!                    listpack, ziplist, intset, zipmap
//! ```
//!
//! Everything that is read comes from outside and may be corrupt. The readers here work on slices through a checked
//! cursor, trust no length, allocate no more than the bytes at hand can justify, and know one answer to whatever is
//! wrong: [`LoadError::Corrupt`]. They check deeply, what Redis does with `sanitize-dump-payload yes`: every entry
//! is visited anyway on its way into structures of our own.
//!
//! Decoding does not build values: it hands over what is in the payload, one element at a time and borrowed from it.
//! What only the finished value shows, a second field of the same name, is for its builder to refuse. Encoding is the
//! mirror image: whoever walks a value calls the methods of a [`Writer`].
//!
//! | file | holds |
//! |---|---|
//! | `reader`, `writer` | lengths, strings (as integers, as LZF), doubles |
//! | `element` | one element: an integer or bytes |
//! | `listpack`, `ziplist`, `intset`, `zipmap` | the flat encodings |
//! | `decode`, `stream_decode` | the bodies of all types, into elements |
//! | `encode`, `stream_encode` | elements into the bodies of all types |
//! | `value` | stored values into payloads and back |
//! | `promise` | how many items a packed list promises, checked while it is read |
//! | `footer` | version and checksum around a DUMP payload |

pub mod decode;
mod element;
pub mod encode;
mod footer;
mod intset;
pub mod listpack;
mod promise;
mod reader;
pub mod stream_decode;
pub mod stream_encode;
pub mod value;
mod writer;
mod ziplist;
mod zipmap;

#[cfg(test)]
mod tests;

pub use element::Element;
pub use footer::{open, seal};
pub use lzf::Compressor;
pub use reader::{Reader, Text};
pub use writer::Writer;

use crate::storage::{NoMemory, lzf};

/// The version that payloads are written with: that of Redis 7.0.
pub const VERSION: u16 = 10;
/// The newest version that is read, and the one of what 7.0 has no type for: hashes whose fields expire (Redis 7.4).
pub const VERSION_MAX: u16 = 12;

/// The types of values, as the byte before a body names them. 6 and 7 are those of modules.
pub mod type_id {
    pub const STRING: u8 = 0;
    pub const LIST: u8 = 1;
    pub const SET: u8 = 2;
    /// Scores as text.
    pub const ZSET: u8 = 3;
    pub const HASH: u8 = 4;
    /// Scores in binary.
    pub const ZSET_2: u8 = 5;
    pub const HASH_ZIPMAP: u8 = 9;
    pub const LIST_ZIPLIST: u8 = 10;
    pub const SET_INTSET: u8 = 11;
    pub const ZSET_ZIPLIST: u8 = 12;
    pub const HASH_ZIPLIST: u8 = 13;
    /// A row of ziplists.
    pub const LIST_QUICKLIST: u8 = 14;
    pub const STREAM_LISTPACKS: u8 = 15;
    pub const HASH_LISTPACK: u8 = 16;
    pub const ZSET_LISTPACK: u8 = 17;
    /// A row of listpacks and of single large elements.
    pub const LIST_QUICKLIST_2: u8 = 18;
    /// Redis 7.0: knows the first entry, the largest deleted id, and how many entries there ever were.
    pub const STREAM_LISTPACKS_2: u8 = 19;
    /// Redis 7.2.
    pub const SET_LISTPACK: u8 = 20;
    /// Redis 7.2: knows when a consumer was last successful.
    pub const STREAM_LISTPACKS_3: u8 = 21;
    /// Hashes with deadlines of fields, as release candidates of Redis 7.4 wrote them: without the earliest deadline.
    pub const HASH_METADATA_PRE_GA: u8 = 22;
    pub const HASH_LISTPACK_EX_PRE_GA: u8 = 23;
    /// Redis 7.4.
    pub const HASH_METADATA: u8 = 24;
    pub const HASH_LISTPACK_EX: u8 = 25;
}

/// The bytes are not what they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Corrupt;

/// Why a value could not be loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoadError {
    /// The payload contradicts itself or its type.
    Corrupt,
    /// It may be fine, but there is no room for what is in it.
    NoMemory,
}

impl From<Corrupt> for LoadError {
    fn from(_: Corrupt) -> Self {
        Self::Corrupt
    }
}

impl From<lzf::Failure> for LoadError {
    fn from(failure: lzf::Failure) -> Self {
        match failure {
            lzf::Failure::Corrupt => Self::Corrupt,
            lzf::Failure::NoMemory => Self::NoMemory,
        }
    }
}

impl From<NoMemory> for LoadError {
    fn from(_: NoMemory) -> Self {
        Self::NoMemory
    }
}
