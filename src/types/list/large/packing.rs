//! Which nodes of a list are compressed: all but `plain_ends` at each end, if that is not 0.
//!
//! An operation opens the nodes that it changes, and packs again what is left of them at its end. Where it moves the ends,
//! [`List::tend`] brings those up to date that have crossed the border. Cost: nothing for a list that is not compressed;
//! else a node is decompressed and compressed per edit inside, and one per node that an end moves by.

use super::super::chain::Place;
use super::super::{Node, Side};
use super::{At, List};
use crate::storage::NoMemory;
use smallvec::SmallVec;

/// An element that is too long for any node and comes into the middle of a full one makes four nodes of one.
const NODES_CHANGED_MAX: usize = 3;

impl List {
    /// Makes a node plain if it is packed, because it is about to change.
    ///
    /// # Errors
    /// If memory is short; then nothing has changed.
    #[inline]
    pub(super) fn open(&mut self, at: At) -> Result<(), NoMemory> {
        match at {
            At::Inner(place) if self.plain_ends() != 0 => self.inner.edit(place, Node::unpack),
            _ => Ok(()),
        }
    }

    /// Makes the node that follows one at an end plain, because it may become the one at the end.
    pub(super) fn open_next(&mut self, at: At) -> Result<(), NoMemory> {
        let side = match at {
            At::Head => Side::Left,
            At::Tail => Side::Right,
            At::Inner(_) => return Ok(()),
        };
        self.inner.end(side).map_or(Ok(()), |place| self.open(At::Inner(place)))
    }

    /// Inner nodes that stay plain at each end.
    fn plain_inner(&self) -> usize {
        self.plain_ends().saturating_sub(1)
    }

    /// The first and the last inner node that should be packed, if there are any.
    fn packed_range(&self) -> Option<(Place, Place)> {
        let nth = |side| self.inner.nth(side, self.plain_inner());
        nth(Side::Left).zip(nth(Side::Right)).filter(|(first, last)| first <= last)
    }

    /// Packs a node, if it should be.
    pub(super) fn pack(&mut self, at: At) {
        if self.plain_ends() != 0
            && let At::Inner(place) = at
            && self.packed_range().is_some_and(|(first, last)| (first..=last).contains(&place))
        {
            self.inner.edit(place, Node::pack);
        }
    }

    /// Packs the node of an element that was changed and its neighbours, which may be new or gone.
    pub(super) fn pack_around(&mut self, index: usize) {
        if self.plain_ends() == 0 {
            return;
        }
        if let Some((at, _)) = self.locate(index.min(self.len().saturating_sub(1))) {
            self.pack(at);
            for side in [Side::Left, Side::Right] {
                let near = std::iter::successors(Some(at), |at| self.next_from(side, *at));
                let near: SmallVec<[At; NODES_CHANGED_MAX]> = near.skip(1).take(NODES_CHANGED_MAX - 1).collect();
                near.into_iter().for_each(|at| self.pack(at));
            }
        }
        self.tend(NODES_CHANGED_MAX, NODES_CHANGED_MAX);
    }

    /// Brings nodes up to date whose distance from an end has changed: up to `nearer` have come so near that they should be
    /// plain, up to `farther` are so far away now that they should be packed. Without memory they stay what they are, which
    /// costs time or memory but is not wrong.
    #[inline]
    pub(super) fn tend(&mut self, nearer: usize, farther: usize) {
        if self.plain_ends() != 0 {
            self.tend_now(nearer, farther);
        }
    }

    #[cold]
    fn tend_now(&mut self, nearer: usize, farther: usize) {
        let border = self.plain_inner();
        for side in [Side::Left, Side::Right] {
            for index in border.saturating_sub(nearer)..border {
                let Some(place) = self.inner.nth(side, index) else { break };
                if self.inner.node(place).is_packed() {
                    let _ = self.inner.edit(place, Node::unpack);
                }
            }
            for index in border..border.saturating_add(farther) {
                let Some(place) = self.inner.nth(side, index) else { break };
                self.pack(At::Inner(place));
            }
        }
    }
}
