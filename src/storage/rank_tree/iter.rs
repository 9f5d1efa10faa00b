//! Walks over the slots of a tree in both directions: a path of branches and a place in a leaf.

use super::page::{Below, Branch};
use super::{RankTree, Root};
use smallvec::SmallVec;

/// Branches above each other in a tree of 2^32 slots, and some more.
const DEPTH: usize = 8;

/// The branches above the present leaf, each with the number of its page on the path.
type Path<'t, S> = SmallVec<[(&'t Branch<S>, usize); DEPTH]>;

/// Slots in order. See [`RankTree::forward`].
#[derive(Clone, Debug)]
pub struct Forward<'t, S> {
    path: Path<'t, S>,
    leaf: &'t [S],
    /// The next slot's place in the leaf.
    at: usize,
}

/// Slots in descending order. See [`RankTree::backward`].
#[derive(Clone, Debug)]
pub struct Backward<'t, S> {
    path: Path<'t, S>,
    leaf: &'t [S],
    /// Slots of the leaf that are still to come.
    left: usize,
}

/// The leaf of a rank, the way to it, and the rank in it.
fn descend<S: Copy + Default>(tree: &RankTree<S>, mut rank: usize) -> (Path<'_, S>, &[S], usize) {
    let mut path = Path::new();
    let mut branch = match &tree.root {
        None => return (path, &[], 0),
        Some(Root::Leaf(leaf)) => return (path, leaf.run.slots(), rank),
        Some(Root::Branch(branch)) => &**branch,
    };
    loop {
        let (at, rest) = branch.page_at(rank);
        path.push((branch, at));
        rank = rest;
        branch = match &branch.below {
            Below::Leaves(leaves) => return (path, leaves[at].run.slots(), rank),
            Below::Branches(branches) => &branches[at],
        }
    }
}

impl<'t, S: Copy + Default> Forward<'t, S> {
    pub(super) fn new(tree: &'t RankTree<S>, rank: usize) -> Self {
        let (path, leaf, at) = descend(tree, rank);
        Self { path, leaf, at }
    }

    /// The slot `count` places behind the next one, if it is in the same leaf.
    #[inline]
    pub fn ahead(&self, count: usize) -> Option<S> {
        self.leaf.get(self.at + count).copied()
    }

    #[cold]
    fn next_leaf(&mut self) -> Option<()> {
        loop {
            let (branch, at) = self.path.last_mut()?;
            *at += 1;
            if *at < branch.run.len() {
                break;
            }
            self.path.pop();
        }
        while let Some(&(branch, at)) = self.path.last() {
            match &branch.below {
                Below::Leaves(leaves) => {
                    (self.leaf, self.at) = (leaves[at].run.slots(), 0);
                    break;
                }
                Below::Branches(branches) => self.path.push((&branches[at], 0)),
            }
        }
        Some(())
    }
}

impl<S: Copy + Default> Iterator for Forward<'_, S> {
    type Item = S;

    #[inline]
    fn next(&mut self) -> Option<S> {
        if self.at >= self.leaf.len() {
            self.next_leaf()?;
        }
        let slot = *self.leaf.get(self.at)?;
        self.at += 1;
        Some(slot)
    }
}

impl<'t, S: Copy + Default> Backward<'t, S> {
    pub(super) fn new(tree: &'t RankTree<S>, count: usize) -> Self {
        match count.min(tree.len()).checked_sub(1) {
            None => Self { path: Path::new(), leaf: &[], left: 0 },
            Some(last) => {
                let (path, leaf, at) = descend(tree, last);
                Self { path, leaf, left: at + 1 }
            }
        }
    }

    /// The slot `count` places behind the next one, if it is in the same leaf.
    #[inline]
    pub fn ahead(&self, count: usize) -> Option<S> {
        self.leaf.get(self.left.checked_sub(count + 1)?).copied()
    }

    #[cold]
    fn next_leaf(&mut self) -> Option<()> {
        loop {
            let (_, at) = self.path.last_mut()?;
            if *at > 0 {
                *at -= 1;
                break;
            }
            self.path.pop();
        }
        while let Some(&(branch, at)) = self.path.last() {
            match &branch.below {
                Below::Leaves(leaves) => {
                    self.leaf = leaves[at].run.slots();
                    self.left = self.leaf.len();
                    break;
                }
                Below::Branches(branches) => {
                    let below = &branches[at];
                    self.path.push((below, below.run.len() - 1));
                }
            }
        }
        Some(())
    }
}

impl<S: Copy + Default> Iterator for Backward<'_, S> {
    type Item = S;

    #[inline]
    fn next(&mut self) -> Option<S> {
        if self.left == 0 {
            self.next_leaf()?;
        }
        self.left -= 1;
        self.leaf.get(self.left).copied()
    }
}
