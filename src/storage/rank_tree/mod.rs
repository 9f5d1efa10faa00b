//! Rank tree: slots in the order of their keys, with ranks: a B+-tree that counts.
//!
//! ```text
//!  branch   first slots | counts | pages ──► branch ... ──► leaf: up to 72 slots
//! ```
//!
//! What: the slot that comes after n others, how many come before a key, both in O(log n); insertion, removal, also of
//! a range of ranks as a whole; iteration from any rank in both directions.
//!
//! Why a B+-tree: a skiplist or a binary tree follows a pointer, which is a cache miss, for each of its log2(n) steps, and
//! needs 24 to 60 bytes per element for pointers; here it is one page per factor of 55, and 12 bytes. Why slots that are
//! only addresses do not spoil that: see [`run`].
//!
//! What a slot stands for is not known here. A caller says how a key it looks for compares with a slot ([`Probe`]) and
//! what the first bytes of a slot's key are (`heads`); the tree calls both only with slots that are in it, or
//! were given with the call. Keys are byte strings in the order of `memcmp`, no two the same.
//!
//! Invariants: all leaves are at the same depth; no page is empty; a branch knows the exact first slot and the exact
//! number of slots below each of its pages. Cost: 12 to 13 bytes per slot of six bytes; no operation
//! touches more than a few pages per level, none moves more than a few pages' worth of slots.

mod iter;
mod page;
mod run;
#[cfg(test)]
mod tests;

pub use iter::{Backward, Forward};

use super::memory::NoMemory;
use page::{Below, Branch, Census, Family, Leaf, Owned, Page, Pages};
use std::cmp::Ordering;
use std::ops::Range;

/// Bytes of a key that the tree may look at by itself.
pub const HEAD_BYTES: usize = 48;
/// The first bytes of a key, filled up with zeros.
pub type Head = [u8; HEAD_BYTES];

/// Slots of a leaf: with six bytes each, a leaf is a block of 768.
const LEAF_SLOTS: usize = 72;
/// Pages below a branch.
const FANOUT: usize = 64;
/// Counts have 32 bits.
const LEN_MAX: usize = u32::MAX as usize;

/// A key to look for.
pub trait Probe<S> {
    /// Its first bytes.
    fn head(&self) -> &Head;
    /// How the key of a slot compares with it: `Less` if the slot comes first.
    fn order(&self, slot: S) -> Ordering;
}

/// See the module's comment.
#[derive(Debug)]
pub struct RankTree<S> {
    root: Option<Root<S>>,
    len: usize,
    census: Census,
}

#[derive(Debug)]
enum Root<S> {
    Leaf(Owned<Leaf<S>>),
    Branch(Owned<Branch<S>>),
}

impl<S> Default for RankTree<S> {
    fn default() -> Self {
        Self { root: None, len: 0, census: Census::default() }
    }
}

/// How to find a slot that is to be removed.
#[derive(Clone, Copy)]
enum Route<'p, P> {
    Key(&'p P),
    Rank(usize),
}

/// The probe of a route by rank.
enum NoProbe {}

impl<S> Probe<S> for NoProbe {
    fn head(&self) -> &Head {
        match *self {}
    }

    fn order(&self, _: S) -> Ordering {
        match *self {}
    }
}

impl<S: Copy + Default> RankTree<S> {
    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Bytes on the heap.
    pub fn memory(&self) -> usize {
        self.census.memory::<S>()
    }

    /// How many slots come before a key.
    pub fn rank(&self, probe: &impl Probe<S>) -> usize {
        let mut before = 0;
        let mut branch = match &self.root {
            None => return 0,
            Some(Root::Leaf(leaf)) => return leaf.run.lower_bound(probe),
            Some(Root::Branch(branch)) => branch,
        };
        loop {
            let at = branch.page_of(probe);
            before += branch.count_before(at);
            branch = match &branch.below {
                Below::Leaves(leaves) => return before + leaves[at].run.lower_bound(probe),
                Below::Branches(branches) => &branches[at],
            }
        }
    }

    /// The slot that comes after `rank` others.
    pub fn select(&self, rank: usize) -> Option<S> {
        let mut rank = rank;
        let mut branch = match &self.root {
            None => return None,
            Some(Root::Leaf(leaf)) => return leaf.run.slots().get(rank).copied(),
            Some(Root::Branch(branch)) => branch,
        };
        loop {
            let (at, rest) = branch.page_at(rank);
            rank = rest;
            branch = match &branch.below {
                Below::Leaves(leaves) => return leaves[at].run.slots().get(rank).copied(),
                Below::Branches(branches) => &branches[at],
            }
        }
    }

    /// The slots from `rank` on, in order.
    pub fn forward(&self, rank: usize) -> Forward<'_, S> {
        Forward::new(self, rank)
    }

    /// The first `count` slots, last one first.
    pub fn backward(&self, count: usize) -> Backward<'_, S> {
        Backward::new(self, count)
    }

    /// Adds a slot whose key is not there yet: `probe`'s.
    ///
    /// # Errors
    /// If memory is short; then nothing has changed.
    pub fn insert(&mut self, slot: S, probe: &impl Probe<S>, heads: &impl Fn(S) -> Head) -> Result<(), NoMemory> {
        if self.len == LEN_MAX {
            return Err(NoMemory);
        }
        self.make_room_in_root(heads)?;
        match &mut self.root {
            None => {
                let mut leaf = Leaf::default();
                leaf.run.insert(0, slot, probe.head());
                self.root = Some(Root::Leaf(Owned::new(leaf)?));
                self.census.leaves += 1;
            }
            Some(Root::Leaf(leaf)) => {
                let at = leaf.run.lower_bound(probe);
                leaf.run.insert(at, slot, probe.head());
            }
            Some(Root::Branch(branch)) => {
                branch.insert(slot, probe, heads, &mut self.census)?;
            }
        }
        self.len += 1;
        Ok(())
    }

    /// If the root is full, puts a branch above it and divides it.
    fn make_room_in_root(&mut self, heads: &impl Fn(S) -> Head) -> Result<(), NoMemory> {
        let (slot, count, is_leaf) = match &self.root {
            Some(Root::Leaf(leaf)) if leaf.is_full() => (leaf.first(), leaf.count(), true),
            Some(Root::Branch(branch)) if branch.is_full() => (branch.first(), branch.count(), false),
            _ => return Ok(()),
        };
        let none = if is_leaf { Below::Leaves(Pages::new()) } else { Below::Branches(Pages::new()) };
        let mut above = Owned::new(Branch::over(none))?;
        above.run.insert(0, slot, &heads(slot));
        above.counts[0] = count;
        match (self.root.take(), &mut above.below) {
            (Some(Root::Leaf(leaf)), Below::Leaves(pages)) => pages.push(leaf),
            (Some(Root::Branch(branch)), Below::Branches(pages)) => pages.push(branch),
            _ => unreachable!("the branch was made for this root"),
        }
        self.census.branches += 1;
        self.root = Some(Root::Branch(above));
        Ok(())
    }

    /// Removes the slot of a key.
    pub fn remove(&mut self, probe: &impl Probe<S>, heads: &impl Fn(S) -> Head) -> Option<S> {
        self.remove_on(Route::Key(probe), heads)
    }

    /// Removes the slot that comes after `rank` others.
    pub fn remove_at(&mut self, rank: usize, heads: &impl Fn(S) -> Head) -> Option<S> {
        self.remove_on(Route::<NoProbe>::Rank(rank), heads)
    }

    fn remove_on(&mut self, route: Route<'_, impl Probe<S>>, heads: &impl Fn(S) -> Head) -> Option<S> {
        let (slot, _) = match &mut self.root {
            None => None,
            Some(Root::Leaf(leaf)) => leaf.remove(route),
            Some(Root::Branch(branch)) => branch.remove(route, heads, &mut self.census),
        }?;
        self.len -= 1;
        self.lower_root();
        Some(slot)
    }

    /// Removes the slots of these ranks; each goes to `sink`, in no particular order.
    pub fn remove_range(&mut self, range: Range<usize>, heads: &impl Fn(S) -> Head, mut sink: impl FnMut(S)) {
        let range = range.start..range.end.min(self.len);
        if range.is_empty() {
            return;
        }
        let is_all = range.len() == self.len;
        self.len -= range.len();
        if is_all {
            let mut census = std::mem::take(&mut self.census);
            match self.root.take() {
                None => {}
                Some(Root::Leaf(leaf)) => leaf.into_inner().drain(&mut census, &mut sink),
                Some(Root::Branch(branch)) => branch.into_inner().drain(&mut census, &mut sink),
            }
            return;
        }
        match &mut self.root {
            None => {}
            Some(Root::Leaf(leaf)) => leaf.cut(range, heads, &mut self.census, &mut sink),
            Some(Root::Branch(branch)) => branch.cut(range, heads, &mut self.census, &mut sink),
        }
        self.lower_root();
    }

    /// Takes away branches at the top with one page below, and an empty leaf.
    fn lower_root(&mut self) {
        loop {
            self.root = match self.root.take() {
                Some(Root::Leaf(leaf)) if leaf.fill() == 0 => {
                    self.census.leaves -= 1;
                    None
                }
                Some(Root::Branch(mut branch)) if branch.fill() <= 1 => {
                    self.census.branches -= 1;
                    match &mut branch.below {
                        Below::Leaves(pages) => pages.pop().map(Root::Leaf),
                        Below::Branches(pages) => pages.pop().map(Root::Branch),
                    }
                }
                root => {
                    self.root = root;
                    return;
                }
            }
        }
    }

    /// Tells the tree that the key of a slot becomes another, if the slot can stay where it is: between the same two
    /// neighbours in the middle of a leaf. Otherwise nothing happens.
    pub fn rename(&mut self, old: &impl Probe<S>, new: &impl Probe<S>) -> bool {
        let mut branch = match &mut self.root {
            None => return false,
            Some(Root::Leaf(leaf)) => return leaf.rename(old, new),
            Some(Root::Branch(branch)) => branch,
        };
        loop {
            let at = branch.page_of(old);
            branch = match &mut branch.below {
                Below::Leaves(leaves) => return leaves[at].rename(old, new),
                Below::Branches(branches) => &mut branches[at],
            }
        }
    }
}

impl<S: Copy + Default> Leaf<S> {
    /// Removes a slot; also tells whether it was the first.
    fn remove<P: Probe<S>>(&mut self, route: Route<'_, P>) -> Option<(S, bool)> {
        let at = match route {
            Route::Rank(rank) => rank,
            Route::Key(probe) => {
                let at = self.run.lower_bound(probe);
                let slot = *self.run.slots().get(at)?;
                if probe.order(slot) != Ordering::Equal {
                    return None;
                }
                at
            }
        };
        (at < self.run.len()).then(|| (self.run.remove(at), at == 0))
    }

    fn rename(&mut self, old: &impl Probe<S>, new: &impl Probe<S>) -> bool {
        let at = self.run.lower_bound(old);
        let is_inside = at > 0 && at + 1 < self.run.len();
        let stays = is_inside
            && self.run.order(at - 1, new) == Ordering::Less
            && self.run.order(at + 1, new) == Ordering::Greater;
        if stays {
            self.run.set(at, self.run.slots()[at], new.head());
        }
        stays
    }
}

impl<S: Copy + Default> Branch<S> {
    /// Adds a slot below; there is room for a page. Returns whether it has become the first.
    fn insert(
        &mut self,
        slot: S,
        probe: &impl Probe<S>,
        heads: &impl Fn(S) -> Head,
        census: &mut Census,
    ) -> Result<bool, NoMemory> {
        let mut at = self.page_of(probe);
        let Self { run, counts, below, .. } = self;
        let is_first = match below {
            Below::Leaves(pages) => {
                let mut place = pages[at].run.lower_bound(probe);
                if pages[at].is_full() {
                    let mut family = Family { run, counts, pages };
                    if place == 0 || place == LEAF_SLOTS {
                        // At the border of two pages: the one behind it, if it has room, or one between them. So
                        // ascending insertions leave full pages behind.
                        at += usize::from(place != 0);
                        if place == 0 || !family.has_room(at) {
                            return family.open(at, slot, probe.head(), census).map(|()| at == 0);
                        }
                        place = 0;
                    } else {
                        family.make_room(at, heads, census)?;
                        at = family.run.upper_bound(probe).saturating_sub(1);
                        place = pages[at].run.lower_bound(probe);
                    }
                }
                pages[at].run.insert(place, slot, probe.head());
                place == 0
            }
            Below::Branches(pages) => {
                if pages[at].is_full() {
                    Family { run, counts, pages }.make_room(at, heads, census)?;
                    at = run.upper_bound(probe).saturating_sub(1);
                }
                pages[at].insert(slot, probe, heads, census)?
            }
        };
        counts[at] += 1;
        if is_first {
            run.set(at, slot, probe.head());
        }
        Ok(is_first && at == 0)
    }

    /// Removes a slot below; also tells whether it was the first.
    fn remove<P: Probe<S>>(
        &mut self,
        route: Route<'_, P>,
        heads: &impl Fn(S) -> Head,
        census: &mut Census,
    ) -> Option<(S, bool)> {
        let (at, route) = match route {
            Route::Key(probe) => (self.page_of(probe), route),
            Route::Rank(rank) => {
                let (at, rank) = self.page_at(rank);
                (at, Route::Rank(rank))
            }
        };
        let Self { run, counts, below, .. } = self;
        let (slot, is_first) = match below {
            Below::Leaves(pages) => {
                let removed = pages.get_mut(at)?.remove(route)?;
                Family { run, counts, pages }.lose_one(at, removed.1, heads, census);
                removed
            }
            Below::Branches(pages) => {
                let removed = pages.get_mut(at)?.remove(route, heads, census)?;
                Family { run, counts, pages }.lose_one(at, removed.1, heads, census);
                removed
            }
        };
        Some((slot, is_first && at == 0))
    }
}
