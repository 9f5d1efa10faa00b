//! Streams: a [`Log`] of entries and the consumer [`Groups`] that read it.
//!
//! | file | what |
//! |---|---|
//! | `id` | ids of entries |
//! | `log` | entries in order: append, delete, trim, counters |
//! | `index` | finds the block of an id |
//! | `block` | dozens of entries in one allocation |
//! | `entry` | reading them |
//! | `packed` | the numbers and texts that blocks are made of |
//! | `listpack_size` | where Redis would begin a new node |
//! | `range` | entries of a range, forwards and backwards |
//! | `group` | groups, consumers, pending entries |
//!
//! A stream has no flat encoding and is not removed when it is empty: its ids go on from where they were.

mod block;
mod entry;
mod group;
mod id;
mod index;
mod listpack_size;
mod log;
mod packed;
mod range;

#[cfg(test)]
mod tests;

pub use block::{Block, Limits};
pub use entry::{Entries, Entry, Pairs};
pub use group::{Consumer, ConsumerId, Group, GroupMut, Groups, Pending};
pub use id::Id;
pub use log::{AppendError, Counters, Log, Trim, TrimTo};
pub use packed::Value;
pub use range::{Range, RangeRev};

use super::{Object, Variant};
use crate::storage::{NoMemory, ValueRef};

/// See the module's comment.
#[derive(Debug, Default)]
pub struct Stream {
    pub log: Log,
    pub groups: Groups,
}

impl Stream {
    /// The stream that a value is; `None` if it is something else.
    pub fn of(value: ValueRef<'_, Object>) -> Option<&Self> {
        match value {
            ValueRef::Object(_, object) => Self::from_object(object),
            ValueRef::Flat(..) | ValueRef::String(_) => None,
        }
    }

    /// Bytes on the heap, as the allocator rounds them, without `Self`; takes constant time.
    pub fn memory(&self) -> usize {
        self.log.memory() + self.groups.memory()
    }

    /// A copy that shares nothing.
    ///
    /// # Errors
    /// If memory is short.
    pub fn duplicate(&self) -> Result<Self, NoMemory> {
        Ok(Self { log: self.log.duplicate()?, groups: self.groups.duplicate()? })
    }

    /// How many entries a group has not read yet, if the counters tell.
    pub fn lag(&self, group: &Group) -> Option<i64> {
        let added = self.log.counters().entries_added;
        if added == 0 {
            return Some(0);
        }
        let read = match group.entries_read() {
            Some(read) if !self.log.has_hole_from(group.last_id) => read,
            _ => self.log.distance(group.last_id)?,
        };
        Some((added as i64).wrapping_sub(read))
    }

    /// Notes that a group has been given entry `id`, which is above all that it was given before.
    pub fn advance(log: &Log, group: &mut Group, id: Id) {
        match group.entries_read() {
            Some(read) if !log.has_hole_from(id) => group.set_entries_read(Some(read.wrapping_add(1))),
            _ if log.counters().entries_added != 0 => group.set_entries_read(log.distance(id)),
            _ => {}
        }
        group.last_id = id;
    }
}
