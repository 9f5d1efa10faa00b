//! Sets: every member once, in no order that clients may rely on (but numbers come out ascending, as from Redis's
//! intsets).
//!
//! | file | what |
//! |---|---|
//! | `member` | a member: a number or a text |
//! | `intset` | up to [`INTSET_MAX`] numbers as one flat block |
//! | `packed` | up to 128 members of any kind as one flat block |
//! | `ints` | any number of numbers: a tree of blocks, 2 to 10 bytes each |
//! | `large` | any number of any members: `ints` and a dictionary of texts side by side |
//! | `flat` | adding to and removing from either flat block, and the way from one to the other |
//! | `read` | one view of all of them |
//! | `owned` | a set that is being built |
//! | `algebra` | intersection, union, difference of views |
//! | `rules` | what OBJECT ENCODING says |
//!
//! How a set is stored and what OBJECT ENCODING says of it are two things. Redis stores a set that is called
//! "hashtable" in a hash table even if it has three members; here it is a flat block until it is large, and a large set of
//! numbers is never turned into a table of texts. The names follow Redis's thresholds exactly, the storage its own.

pub mod algebra;
mod cursor;
pub mod flat;
mod ints;
mod intset;
mod large;
mod member;
mod owned;
mod packed;
mod read;
mod rules;
#[cfg(test)]
mod tests;

pub use large::Set;
pub use member::Member;
pub use owned::{OwnedSet, outgrown};
pub use read::{Members, SetRef};
pub use rules::{Encoding, Rules};

/// Most numbers of an intset, however many `set-max-intset-entries` allows it to be called one.
const INTSET_MAX: usize = 512;

/// What OBJECT ENCODING says of a small set.
pub fn flat_encoding(flat: &[u8]) -> &'static str {
    flat::encoding(flat).name()
}
