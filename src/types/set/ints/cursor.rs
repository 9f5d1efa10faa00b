//! Cursor: asks an [`Ints`] for ascending numbers, as merging does: most are in the block of the one before.

use super::{Ints, Place};

/// See the module's comment.
#[derive(Debug)]
pub struct Cursor<'a> {
    ints: &'a Ints,
    place: Place,
    /// Where in the block the search goes on.
    index: usize,
    /// The last number of the block; everything up to it is decided there.
    last: Option<i64>,
}

impl<'a> Cursor<'a> {
    /// A cursor before all numbers.
    pub fn new(ints: &'a Ints) -> Self {
        Self { ints, place: Place { node: 0, block: 0 }, index: 0, last: None }
    }

    /// Whether a number is there. Each call asks for a larger number than the one before.
    pub fn contains(&mut self, int: i64) -> bool {
        if self.last.is_none_or(|last| last < int) {
            let Some(place) = self.ints.place(int) else { return false };
            (self.place, self.index) = (place, 0);
            self.last = self.ints.block(place).and_then(|block| block.last());
        }
        let Some(block) = self.ints.block(self.place) else { return false };
        let found = block.find_from(self.index, int);
        self.index = found.unwrap_or_else(|index| index);
        found.is_ok()
    }
}
