//! Storage: the building blocks of the keyspace and of large values: entries, the table that holds them, their
//! deadlines, and the raw memory under all of it.
//!
//! What: an [`Entry`] is a name with a value in one allocation: a key of the keyspace, a field of a hash, a
//! member of a set. A [`Table`] finds entries by the hash of their names, in the order of that hash, and never rehashes
//! as a whole. A [`TtlHeap`] knows whose deadline comes first. A [`Ranking`] keeps members in the order of their scores, in a
//! `RankTree`.
//!
//! Nothing here knows what a value means, the time, or a lock. `unsafe` is confined to the files marked below.

#[allow(unsafe_code)]
mod bucket;
#[allow(unsafe_code)]
mod buffer;
mod bytes;
#[cfg(test)]
#[allow(unsafe_code)]
pub mod counting;
#[cfg(feature = "mimalloc")]
#[allow(unsafe_code)]
mod data_heap;
#[allow(unsafe_code)]
mod dict;
#[allow(unsafe_code)]
mod entry;
mod gather;
mod hash;
mod header;
pub mod lzf;
#[allow(unsafe_code)]
mod member;
#[allow(unsafe_code)]
mod memory;
pub mod pace;
#[allow(unsafe_code)]
pub mod pages;
pub mod rank_tree;
#[allow(unsafe_code)]
mod ranking;
#[allow(unsafe_code)]
mod segment;
#[allow(unsafe_code)]
mod shared;
mod slots;
mod sorted;
#[allow(unsafe_code)]
mod table;
#[cfg(test)]
pub mod testing;
mod text;
mod ttl_heap;
mod value;
#[allow(unsafe_code)]
mod view;

pub use bytes::Bytes;
pub use dict::{Detached, Dict, FlatMut, GARBAGE_MIN, Garbage, ObjectMut};
pub use entry::{Entry, Nothing, Object};
pub use gather::gather;
pub use hash::{HashSeed, KeyHash, POSITION_BITS};
pub use memory::{
    NoMemory, prefetch, prefetch_to_write, shrink, shrink_ring, size_class, try_box, try_copy, try_zeroed,
};
pub use ranking::{Forward, Ranking, Side};
pub use shared::{Shared, Weak};
pub use slots::Slots;
pub use sorted::{Sorted, Spot};
pub use table::{Loc, Locs};
pub use text::{Text, lossy, try_collect, try_push};
pub use value::{Kind, NewValue, StringEncoding, StringRef, ValueRef, format_int, same_bytes};
pub use view::{Sight, View};
