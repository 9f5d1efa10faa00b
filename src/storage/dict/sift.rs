//! Sift: looking at every entry once and taking some of them out on the way.
//!
//! Why: half of a million entries, drawn and removed one by one, are some cache misses each, one after the other. Here they
//! come in the order of their places, a few at a time, so that the misses overlap, and what goes is at hand when it goes.

use super::super::hash::Position;
use super::super::table::Loc;
use super::{Dict, Garbage, Object};
use smallvec::SmallVec;

/// Entries that are looked at together, at least.
const AHEAD: usize = 32;

impl<O: Object> Dict<O> {
    /// Shows `goes` the names of some entries from the cursor (0 at first) on, and removes those of which it says so.
    /// Returns the cursor to continue with, `None` at the end. Every entry that is there from the first call to the last is
    /// shown exactly once, unless it goes.
    pub fn sift(&mut self, cursor: u64, mut goes: impl FnMut(&[u8]) -> bool) -> Option<u64> {
        let mut locs: SmallVec<[Loc; 2 * AHEAD]> = SmallVec::new();
        let mut next = Some(cursor);
        while let Some(cursor) = next
            && locs.len() < AHEAD
        {
            next = self.table.scan(cursor, |loc| locs.push(loc));
        }
        locs.iter().for_each(|loc| self.prefetch(*loc));
        // The others stay where they are until the table is tidied.
        let mut left: SmallVec<[Position; 2 * AHEAD]> = SmallVec::new();
        for loc in locs {
            if goes(self.key(loc)) {
                left.push(self.table.position(loc));
                self.unseat(loc);
                self.unseat_inner(loc);
                let entry = self.table.detach(loc);
                let bytes = entry.memory();
                self.entry_bytes -= bytes;
                self.discard(bytes, Garbage::Entry(entry));
            }
        }
        self.tidy_deadlines();
        left.into_iter().for_each(|position| self.table.tidy(position));
        next
    }
}
