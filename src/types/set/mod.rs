//! Set.

use crate::storage::NoMemory;

/// A large set.
#[derive(Debug)]
pub struct Set {}

impl Set {
    /// Bytes on the heap, as the allocator rounds them, without `Self`; takes constant time.
    pub fn memory(&self) -> usize {
        0
    }

    /// A copy that shares nothing.
    ///
    /// # Errors
    /// If memory is short.
    pub fn duplicate(&self) -> Result<Self, NoMemory> {
        Ok(Self {})
    }
}

/// What OBJECT ENCODING says of a small set.
pub fn flat_encoding(_: &[u8]) -> &'static str {
    "listpack"
}
