//! Dropping many elements of a list at once: those equal to one (LREM), those at an end (LTRIM, LPOP with a count).
//!
//! Cost: a search reads every node up to the last element that it removes; a cut touches one node and gives the others away.

use super::super::run::Elements;
use super::super::{Fill, Side};
use super::{At, List};
use crate::storage::{NoMemory, StringRef};
use std::mem::take;

impl List {
    /// Drops elements equal to `wanted`, at most `most` as seen from `side`. Returns how many.
    ///
    /// # Errors
    /// If memory is short to look into a compressed node; then those before it are dropped.
    pub fn remove_equal(
        &mut self,
        side: Side,
        wanted: StringRef<'_>,
        most: usize,
        fill: Fill,
    ) -> Result<usize, NoMemory> {
        let mut removed = 0;
        // Elements that are searched and stay, counted from `side`.
        let mut seen = 0;
        let mut scratch = Vec::new();
        while removed < most && seen < self.len() {
            let index = if side == Side::Left { seen } else { self.len() - 1 - seen };
            let Some((mut at, inside)) = self.locate(index) else { break };
            let mut among = if side == Side::Left { self.node(at).count() - inside } else { inside + 1 };
            loop {
                let gone = self.remove_equal_at(at, (side, among), wanted, most - removed, &mut scratch)?;
                seen += among - gone;
                if gone > 0 {
                    removed += gone;
                    self.settle(at, fill);
                    self.pack_around(if side == Side::Left { seen } else { self.len().saturating_sub(seen + 1) });
                    break;
                }
                let Some(next) = self.next_from(side, at) else { break };
                at = next;
                among = self.node(at).count();
            }
        }
        Ok(removed)
    }

    /// [`List::remove_equal`] in one node, among the elements that are the last ones as seen from a side.
    fn remove_equal_at(
        &mut self,
        at: At,
        (side, among): (Side, usize),
        wanted: StringRef<'_>,
        most: usize,
        scratch: &mut Vec<u8>,
    ) -> Result<usize, NoMemory> {
        if self.plain_ends() != 0 {
            if !Elements::new(self.node(at).read(scratch)?).any(|element| element == wanted) {
                return Ok(0);
            }
            self.open(at)?;
            self.open_next(at)?;
        }
        Ok(self.edit(at, |node| node.remove_equal(side, among, wanted, most)))
    }

    /// Drops `count` elements at an end, and returns what is best dropped where nobody waits: the nodes that lost all.
    ///
    /// # Errors
    /// If memory is short; then nothing has changed.
    pub fn cut(&mut self, side: Side, count: usize) -> Result<Self, NoMemory> {
        if count >= self.len() {
            let empty = Self::with_plain_ends(self.plain_ends())?;
            return Ok(std::mem::replace(self, empty));
        }
        let first_kept = if side == Side::Left { count } else { self.len() - count - 1 };
        if let Some((at, _)) = self.locate(first_kept) {
            self.open(at)?;
        }
        let mut removed = Self::default();
        let mut left = count;
        let end = self.end(side);
        if let Some(beyond) = left.checked_sub(self.node(end).count()) {
            removed.inner = self.inner.cut(side, beyond)?;
            // What is given away is only dropped: there it does not matter that nodes at the ends may be packed.
            removed.tail = removed.inner.pop(Side::Right).unwrap_or_default();
            removed.head = take(if end == At::Tail { &mut self.tail } else { &mut self.head });
            left = beyond - removed.inner.elements() - removed.tail.count();
            self.remove_node(end);
        }
        if left > 0 {
            self.edit(self.end(side), |node| node.cut(side, left));
        }
        self.tend(usize::MAX, 0);
        Ok(removed)
    }
}
