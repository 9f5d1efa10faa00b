//! List.

use crate::storage::NoMemory;

/// A large list.
#[derive(Debug)]
pub struct List {}

impl List {
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
