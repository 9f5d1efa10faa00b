//! Sorted sets: members in the order of their scores.
//!
//! | file | holds |
//! |---|---|
//! | `flat` | the flat encoding of a small one |
//! | `edit` | changing either encoding, and the way from one to the other |
//! | `view` | either encoding, to read |
//! | `range` | ranges of scores and of names |
//! | `algebra` | union, intersection, difference |
//!
//! A large one is a [`Ranking`](crate::storage::Ranking): a hash table and a B+-tree with counts over the same members.
//! Both encodings answer every kind of range with a range of ranks, and are then walked by rank in either direction.

pub mod algebra;
mod edit;
pub mod flat;
mod range;
#[cfg(test)]
mod tests;
mod view;

// For benches/ordered, which measures the tree by itself.
#[doc(hidden)]
pub use crate::storage::rank_tree;
pub use crate::storage::{Ranking as ZSet, Side};
pub use edit::{Change, FlatChange, OwnedZSet, Rules, large, update_flat, update_large};
pub use range::{LexBound, LexRange, ScoreRange};
pub use view::{Iter, View};
