//! Lists: a short one is a [`flat`] encoding inside its entry, a longer one a [`List`] of nodes.
//!
//! | file | holds |
//! |---|---|
//! | `element` | one element as bytes |
//! | `layout` | what stands between elements; nothing where they are alike |
//! | `run` | elements one after the other: what flat encodings and nodes have in common |
//! | `flat` | the flat encoding |
//! | `node` | a run with room at both ends |
//! | `chain` | the nodes of a long list between its two ends |
//! | `large` | the list of nodes |
//! | `fill` | how much a node may hold |
//! | `view` | reading either form |
//! | `builder` | making either form |
//!
//! An element is a text or the integer whose canonical text it is; who stores bytes decides which
//! ([`StringRef`](crate::storage::StringRef)), always in the same way, so that equal elements have one encoding.

mod builder;
mod chain;
mod element;
mod fill;
pub mod flat;
mod large;
mod layout;
mod node;
mod run;
#[cfg(test)]
mod tests;
mod view;

pub use builder::{Builder, Built};
pub use element::{TEXT_MAX, encoded_len};
pub use fill::Fill;
pub use large::List;
pub use view::ListRef;

use layout::Layout;
use node::Node;

/// An end of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Left,
    Right,
}

impl Side {
    /// The opposite end.
    #[inline]
    pub fn other(self) -> Self {
        match self {
            Self::Left => Self::Right,
            Self::Right => Self::Left,
        }
    }
}
