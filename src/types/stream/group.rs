//! Consumer groups: who has been given which entries and has not acknowledged them yet.
//!
//! A group has one list of pending entries in the order of their ids; each consumer knows the ids of those that are
//! his. Both are B-trees of the standard library: pending entries come and go at both ends and in the middle, and ranges
//! of them are asked for. Their nodes, which have fixed sizes, are the one thing in a value that is not asked for fallibly: the
//! library has no way to. What they take is told from their sizes ([`PENDING_BYTES`]), since a B-tree does not tell it.
//!
//! Invariants: a pending entry's consumer exists and has its id; a consumer has no other ids. Cost: O(log pending).

use super::id::Id;
use crate::storage::{NoMemory, size_class, try_copy};
use slab::Slab;
use std::collections::{BTreeMap, BTreeSet, btree_map};
use std::ops::{Deref, DerefMut};

/// What one pending entry takes in the two trees: 40 bytes and 16, in nodes that are two thirds full.
const PENDING_BYTES: usize = (40 + 16) * 3 / 2;
/// What a name takes beside its bytes in the tree it is found in, and its group or consumer.
const GROUP_BYTES: usize = (size_of::<Group>() + size_of::<Box<[u8]>>()) * 3 / 2;
const CONSUMER_BYTES: usize = (size_of::<Consumer>() + size_of::<Box<[u8]>>() + size_of::<ConsumerId>()) * 3 / 2;

/// The consumer groups of a stream, by name.
#[derive(Clone, Debug, Default)]
pub struct Groups {
    by_name: BTreeMap<Box<[u8]>, Group>,
    bytes: usize,
}

/// A consumer group.
#[derive(Clone, Debug, Default)]
pub struct Group {
    /// The last entry that was given to any consumer.
    pub last_id: Id,
    entries_read: i64,
    pending: BTreeMap<Id, Pending>,
    consumers: Slab<Consumer>,
    by_name: BTreeMap<Box<[u8]>, ConsumerId>,
    name_bytes: usize,
}

/// A consumer of a group; good until it is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConsumerId(u32);

/// A client of a group, known by its name.
#[derive(Clone, Debug)]
pub struct Consumer {
    pub name: Box<[u8]>,
    /// When it last asked for entries.
    pub seen_ms: i64,
    pending: BTreeSet<Id>,
}

/// An entry that was given to a consumer and is not acknowledged yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pending {
    pub consumer: ConsumerId,
    /// When it was given last.
    pub delivered_ms: i64,
    /// How often it was given.
    pub deliveries: u64,
}

/// `entries_read` of a group whose number of read entries is not known.
const UNKNOWN: i64 = -1;

impl Group {
    /// A group without consumers that has read everything up to `last_id`: so many entries, if that is known.
    pub fn new(last_id: Id, entries_read: Option<i64>) -> Self {
        Self { last_id, entries_read: entries_read.unwrap_or(UNKNOWN), ..Self::default() }
    }

    /// How many entries were read, if it is known.
    pub fn entries_read(&self) -> Option<i64> {
        (self.entries_read != UNKNOWN).then_some(self.entries_read)
    }

    pub fn set_entries_read(&mut self, entries_read: Option<i64>) {
        self.entries_read = entries_read.unwrap_or(UNKNOWN);
    }

    /// Bytes on the heap, estimated.
    fn memory(&self) -> usize {
        self.pending.len() * PENDING_BYTES + self.consumers.len() * CONSUMER_BYTES + self.name_bytes
    }

    /// The pending entries in the order of their ids.
    pub fn pending(&self) -> &BTreeMap<Id, Pending> {
        &self.pending
    }

    /// The consumers in the order of their names.
    pub fn consumers(&self) -> impl ExactSizeIterator<Item = &Consumer> {
        self.by_name.values().map(|id| self.consumer(*id))
    }

    /// A consumer of this group.
    ///
    /// # Panics
    /// If it is not.
    pub fn consumer(&self, id: ConsumerId) -> &Consumer {
        &self.consumers[id.0 as usize]
    }

    /// The consumer of this name.
    pub fn find_consumer(&self, name: &[u8]) -> Option<ConsumerId> {
        self.by_name.get(name).copied()
    }

    /// The consumer of this name, which has just been seen, and whether it is new.
    ///
    /// # Errors
    /// If there is no memory for the name of a new one.
    pub fn see_consumer(&mut self, name: &[u8], now_ms: i64) -> Result<(ConsumerId, bool), NoMemory> {
        match self.find_consumer(name) {
            Some(id) => {
                self.consumers[id.0 as usize].seen_ms = now_ms;
                Ok((id, false))
            }
            None => Ok((self.add_consumer(name, now_ms)?, true)),
        }
    }

    /// Adds a consumer whose name is known to be new.
    fn add_consumer(&mut self, name: &[u8], seen_ms: i64) -> Result<ConsumerId, NoMemory> {
        let names = [try_copy(name)?.into_boxed_slice(), try_copy(name)?.into_boxed_slice()];
        self.name_bytes += 2 * size_class(name.len());
        let [own, key] = names;
        let id = ConsumerId(self.consumers.insert(Consumer { name: own, seen_ms, pending: BTreeSet::new() }) as u32);
        self.by_name.insert(key, id);
        Ok(id)
    }

    /// Adds a consumer; whether its name was new.
    ///
    /// # Errors
    /// If there is no memory for the name.
    pub fn create_consumer(&mut self, name: &[u8], now_ms: i64) -> Result<bool, NoMemory> {
        let is_new = self.find_consumer(name).is_none();
        if is_new {
            self.add_consumer(name, now_ms)?;
        }
        Ok(is_new)
    }

    /// Removes a consumer and what was pending for it; how much that was, and what is best dropped where nobody waits. Takes
    /// time in proportion to what goes or what stays, whichever is less.
    pub fn delete_consumer(&mut self, name: &[u8]) -> Option<(usize, Self)> {
        let id = self.by_name.remove(name)?;
        let consumer = self.consumers.remove(id.0 as usize);
        self.name_bytes -= 2 * size_class(name.len());
        let (mut removed, count) = (Self::default(), consumer.pending.len());
        if count > self.pending.len() - count {
            let pending = std::mem::take(&mut self.pending);
            let others = self.consumers.iter().flat_map(|(_, other)| &other.pending);
            self.pending = others.filter_map(|id| Some((*id, *pending.get(id)?))).collect();
            removed.pending = pending;
            removed.consumers.insert(consumer);
        } else {
            for entry in &consumer.pending {
                self.pending.remove(entry);
            }
        }
        Some((count, removed))
    }

    /// Makes an entry pending for a consumer, or gives it to him if it is another's.
    pub fn assign(&mut self, id: Id, pending: Pending) {
        if let Some(before) = self.pending.insert(id, pending) {
            if before.consumer == pending.consumer {
                return;
            }
            self.consumers[before.consumer.0 as usize].pending.remove(&id);
        }
        self.consumers[pending.consumer.0 as usize].pending.insert(id);
    }

    /// Notes that a pending entry was given once more to its consumer.
    pub fn deliver_again(&mut self, id: Id, now_ms: i64) {
        if let Some(pending) = self.pending.get_mut(&id) {
            pending.delivered_ms = now_ms;
            pending.deliveries = pending.deliveries.wrapping_add(1);
        }
    }

    /// Ends the waiting for an entry; whether it was pending.
    pub fn acknowledge(&mut self, id: Id) -> bool {
        let Some(pending) = self.pending.remove(&id) else { return false };
        self.consumers[pending.consumer.0 as usize].pending.remove(&id);
        true
    }
}

impl Consumer {
    /// The ids of what is pending for it, in order.
    pub fn pending(&self) -> &BTreeSet<Id> {
        &self.pending
    }
}

impl Groups {
    pub fn len(&self) -> usize {
        self.by_name.len()
    }

    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    /// Bytes on the heap, estimated.
    pub fn memory(&self) -> usize {
        self.bytes
    }

    pub fn get(&self, name: &[u8]) -> Option<&Group> {
        self.by_name.get(name)
    }

    /// A group to change; what it takes is counted anew when the guard is dropped.
    pub fn get_mut(&mut self, name: &[u8]) -> Option<GroupMut<'_>> {
        let group = self.by_name.get_mut(name)?;
        Some(GroupMut { before: group.memory(), group, bytes: &mut self.bytes })
    }

    /// All groups in the order of their names.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&[u8], &Group)> {
        self.by_name.iter().map(|(name, group)| (&**name, group))
    }

    /// Adds a group, unless there is one of this name already.
    ///
    /// # Errors
    /// If there is no memory for the name.
    pub fn add(&mut self, name: &[u8], group: Group) -> Result<bool, NoMemory> {
        match self.by_name.entry(try_copy(name)?.into_boxed_slice()) {
            btree_map::Entry::Occupied(_) => Ok(false),
            btree_map::Entry::Vacant(vacant) => {
                self.bytes += GROUP_BYTES + size_class(name.len()) + group.memory();
                vacant.insert(group);
                Ok(true)
            }
        }
    }

    /// Removes a group.
    pub fn remove(&mut self, name: &[u8]) -> Option<Group> {
        let group = self.by_name.remove(name)?;
        self.bytes -= GROUP_BYTES + size_class(name.len()) + group.memory();
        Some(group)
    }
}

/// A group to change in place.
#[derive(Debug)]
pub struct GroupMut<'a> {
    group: &'a mut Group,
    before: usize,
    bytes: &'a mut usize,
}

impl Deref for GroupMut<'_> {
    type Target = Group;

    fn deref(&self) -> &Group {
        self.group
    }
}

impl DerefMut for GroupMut<'_> {
    fn deref_mut(&mut self) -> &mut Group {
        self.group
    }
}

impl Drop for GroupMut<'_> {
    fn drop(&mut self) {
        *self.bytes = *self.bytes - self.before + self.group.memory();
    }
}
