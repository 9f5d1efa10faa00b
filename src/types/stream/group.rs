//! Consumer groups: who has been given which entries and has not acknowledged them yet.
//!
//! A group has one list of pending entries in the order of their ids; each consumer knows the ids of those that are
//! his: pending entries come and go at both ends and in the middle, and ranges of them are asked for.
//!
//! Invariants: a pending entry's consumer exists and has its id; a consumer has no other ids. All memory is asked for
//! fallibly, and what is refused changes nothing. Cost: O(log pending).

use super::id::Id;
use crate::storage::{NoMemory, Slots, Sorted, Spot, size_class, try_copy};
use std::ops::{Deref, DerefMut};

/// The consumer groups of a stream, by name.
#[derive(Debug, Default)]
pub struct Groups {
    by_name: Sorted<(Box<[u8]>, Group)>,
    /// What names and groups take.
    bytes: usize,
}

/// A consumer group.
#[derive(Debug, Default)]
pub struct Group {
    /// The last entry that was given to any consumer.
    pub last_id: Id,
    entries_read: i64,
    pending: Sorted<(Id, Pending)>,
    consumers: Slots<Consumer>,
    by_name: Sorted<ConsumerId>,
    /// What the names and lists of the consumers take.
    consumer_bytes: usize,
}

/// A consumer of a group; good until it is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConsumerId(u32);

/// A client of a group, known by its name.
#[derive(Debug)]
pub struct Consumer {
    pub name: Box<[u8]>,
    /// When it last asked for entries.
    pub seen_ms: i64,
    pending: Sorted<Id>,
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

    /// Bytes on the heap, as the allocator rounds them; takes constant time.
    fn memory(&self) -> usize {
        self.pending.memory() + self.consumers.memory() + self.by_name.memory() + self.consumer_bytes
    }

    /// A copy that shares nothing.
    ///
    /// # Errors
    /// If memory is short.
    fn duplicate(&self) -> Result<Self, NoMemory> {
        let consumers = self.consumers.try_map(Consumer::duplicate)?;
        let mut copy = Self { last_id: self.last_id, entries_read: self.entries_read, consumers, ..Self::default() };
        copy.pending = self.pending.try_map(|pending| Ok(*pending))?;
        copy.by_name = self.by_name.try_map(|id| Ok(*id))?;
        copy.consumer_bytes = copy.consumers.iter().map(Consumer::memory).sum();
        Ok(copy)
    }

    /// The pending entries in the order of their ids.
    pub fn pending(&self) -> &Sorted<(Id, Pending)> {
        &self.pending
    }

    /// The pending entries from an id on.
    pub fn pending_from(&self, start: Id) -> impl Iterator<Item = &(Id, Pending)> {
        self.pending.iter_from(self.find(start))
    }

    /// What is known of a pending entry.
    pub fn find_pending(&self, id: Id) -> Option<Pending> {
        self.pending.get(self.find(id).ok()?).map(|(_, pending)| *pending)
    }

    fn find(&self, id: Id) -> Result<Spot, Spot> {
        self.pending.find(|(other, _)| other.cmp(&id))
    }

    /// How many consumers there are.
    pub fn consumer_count(&self) -> usize {
        self.by_name.len()
    }

    /// The consumers in the order of their names.
    pub fn consumers(&self) -> impl Iterator<Item = &Consumer> {
        self.by_name.iter().filter_map(|id| self.consumer(*id))
    }

    /// A consumer of this group; `None` if it is not.
    pub fn consumer(&self, id: ConsumerId) -> Option<&Consumer> {
        self.consumers.get(id.0)
    }

    /// What a pending entry's consumer is called.
    pub fn name_of(&self, pending: &Pending) -> &[u8] {
        self.consumer(pending.consumer).map_or(b"", |consumer| &consumer.name)
    }

    /// The consumer of this name.
    pub fn find_consumer(&self, name: &[u8]) -> Option<ConsumerId> {
        self.by_name.get(self.find_name(name).ok()?).copied()
    }

    fn find_name(&self, name: &[u8]) -> Result<Spot, Spot> {
        self.by_name.find(|id| self.consumer(*id).map_or(&b""[..], |consumer| &consumer.name).cmp(name))
    }

    /// The consumer of this name, which has just been seen, and whether it is new.
    ///
    /// # Errors
    /// If there is no memory for a new one; then nothing has changed.
    pub fn see_consumer(&mut self, name: &[u8], now_ms: i64) -> Result<(ConsumerId, bool), NoMemory> {
        match self.find_name(name) {
            Ok(spot) => {
                let id = *self.by_name.get(spot).ok_or(NoMemory)?;
                if let Some(consumer) = self.consumers.get_mut(id.0) {
                    consumer.seen_ms = now_ms;
                }
                Ok((id, false))
            }
            Err(spot) => Ok((self.add_consumer(spot, name, now_ms)?, true)),
        }
    }

    /// Adds a consumer whose name is known to be new.
    fn add_consumer(&mut self, spot: Spot, name: &[u8], seen_ms: i64) -> Result<ConsumerId, NoMemory> {
        let name = try_copy(name)?.into_boxed_slice();
        let consumer = Consumer { name, seen_ms, pending: Sorted::default() };
        let memory = consumer.memory();
        let id = ConsumerId(self.consumers.insert(consumer)?);
        if let Err(error) = self.by_name.insert(spot, id) {
            self.consumers.remove(id.0);
            return Err(error);
        }
        self.consumer_bytes += memory;
        Ok(id)
    }

    /// Adds a consumer; whether its name was new.
    ///
    /// # Errors
    /// If there is no memory for it; then nothing has changed.
    pub fn create_consumer(&mut self, name: &[u8], now_ms: i64) -> Result<bool, NoMemory> {
        match self.find_name(name) {
            Ok(_) => Ok(false),
            Err(spot) => self.add_consumer(spot, name, now_ms).map(|_| true),
        }
    }

    /// Removes a consumer, if nothing is pending for it; whether it did.
    pub fn delete_if_idle(&mut self, name: &[u8]) -> bool {
        let found = self.find_consumer(name).and_then(|id| self.consumer(id));
        found.is_some_and(|consumer| consumer.pending.is_empty()) && self.delete_consumer(name).is_some()
    }

    /// Removes a consumer and what was pending for it; how much that was, and what is best dropped where nobody waits. Takes
    /// time in proportion to what goes or what stays, whichever is less.
    pub fn delete_consumer(&mut self, name: &[u8]) -> Option<(usize, Self)> {
        let id = self.by_name.remove(self.find_name(name).ok()?)?;
        let consumer = self.consumers.remove(id.0)?;
        self.consumer_bytes -= consumer.memory();
        let (mut removed, count) = (Self::default(), consumer.pending.len());
        let most_goes = count > self.pending.len() - count;
        match most_goes.then(|| self.pending_of_all()).flatten() {
            Some(kept) => {
                removed.pending = std::mem::replace(&mut self.pending, kept);
                removed.consumer_bytes = consumer.memory();
                // Without memory for that it is dropped here.
                let _ = removed.consumers.insert(consumer);
            }
            None => consumer.pending.iter().for_each(|entry| {
                self.forget(*entry);
            }),
        }
        Some((count, removed))
    }

    /// What is pending for the consumers there are, put together anew; `None` without memory for it.
    fn pending_of_all(&self) -> Option<Sorted<(Id, Pending)>> {
        let mut all = Sorted::default();
        for id in self.consumers.iter().flat_map(|consumer| consumer.pending.iter()) {
            if let Err(spot) = all.find(|(other, _): &(Id, Pending)| other.cmp(id)) {
                all.insert(spot, (*id, self.find_pending(*id)?)).ok()?;
            }
        }
        Some(all)
    }

    /// Takes an entry from the list of all that is pending.
    fn forget(&mut self, id: Id) -> Option<Pending> {
        self.pending.remove(self.find(id).ok()?).map(|(_, pending)| pending)
    }

    /// Makes an entry pending for a consumer of this group, or gives it to him if it is another's.
    ///
    /// # Errors
    /// If memory is short; then nothing has changed.
    pub fn assign(&mut self, id: Id, pending: Pending) -> Result<(), NoMemory> {
        let found = self.find(id);
        let before = found.ok().and_then(|spot| self.pending.get(spot)).map(|(_, before)| before.consumer);
        if before != Some(pending.consumer) {
            self.add_own(pending.consumer, id)?;
        }
        match found {
            Ok(spot) => {
                if let Some(slot) = self.pending.get_mut(spot) {
                    slot.1 = pending;
                }
                if let Some(before) = before.filter(|before| *before != pending.consumer) {
                    self.remove_own(before, id);
                }
            }
            Err(spot) => {
                if let Err(error) = self.pending.insert(spot, (id, pending)) {
                    self.remove_own(pending.consumer, id);
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// Adds an id to the list of a consumer.
    fn add_own(&mut self, consumer: ConsumerId, id: Id) -> Result<(), NoMemory> {
        let consumer = self.consumers.get_mut(consumer.0).ok_or(NoMemory)?;
        let before = consumer.pending.memory();
        let added = consumer.find(id).map_or_else(|spot| consumer.pending.insert(spot, id), |_| Ok(()));
        self.consumer_bytes = self.consumer_bytes - before + consumer.pending.memory();
        added
    }

    /// Removes an id from the list of a consumer.
    fn remove_own(&mut self, consumer: ConsumerId, id: Id) {
        if let Some(consumer) = self.consumers.get_mut(consumer.0)
            && let Ok(spot) = consumer.find(id)
        {
            let before = consumer.pending.memory();
            consumer.pending.remove(spot);
            self.consumer_bytes = self.consumer_bytes - before + consumer.pending.memory();
        }
    }

    /// Notes that a pending entry was given once more to its consumer.
    pub fn deliver_again(&mut self, id: Id, now_ms: i64) {
        if let Ok(spot) = self.find(id)
            && let Some((_, pending)) = self.pending.get_mut(spot)
        {
            pending.delivered_ms = now_ms;
            pending.deliveries = pending.deliveries.wrapping_add(1);
        }
    }

    /// Ends the waiting for an entry; whether it was pending.
    pub fn acknowledge(&mut self, id: Id) -> bool {
        let Some(pending) = self.forget(id) else { return false };
        self.remove_own(pending.consumer, id);
        true
    }
}

impl Consumer {
    /// The ids of what is pending for it, in order.
    pub fn pending(&self) -> &Sorted<Id> {
        &self.pending
    }

    /// The ids of what is pending for it, from one on.
    pub fn pending_from(&self, start: Id) -> impl Iterator<Item = Id> {
        self.pending.iter_from(self.find(start)).copied()
    }

    fn find(&self, id: Id) -> Result<Spot, Spot> {
        self.pending.find(|other| other.cmp(&id))
    }

    /// Bytes on the heap, without `Self`.
    fn memory(&self) -> usize {
        size_class(self.name.len()) + self.pending.memory()
    }

    fn duplicate(&self) -> Result<Self, NoMemory> {
        let name = try_copy(&self.name)?.into_boxed_slice();
        Ok(Self { name, seen_ms: self.seen_ms, pending: self.pending.try_map(|id| Ok(*id))? })
    }
}

impl Groups {
    pub fn len(&self) -> usize {
        self.by_name.len()
    }

    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    /// Bytes on the heap, as the allocator rounds them; takes constant time.
    pub fn memory(&self) -> usize {
        self.by_name.memory() + self.bytes
    }

    /// A copy that shares nothing.
    ///
    /// # Errors
    /// If memory is short.
    pub fn duplicate(&self) -> Result<Self, NoMemory> {
        let copy_one =
            |(name, group): &(Box<[u8]>, Group)| Ok((try_copy(name)?.into_boxed_slice(), group.duplicate()?));
        let by_name = self.by_name.try_map(copy_one)?;
        let bytes = by_name.iter().map(|(name, group)| size_class(name.len()) + group.memory()).sum();
        Ok(Self { by_name, bytes })
    }

    fn find(&self, name: &[u8]) -> Result<Spot, Spot> {
        self.by_name.find(|(other, _)| (**other).cmp(name))
    }

    pub fn get(&self, name: &[u8]) -> Option<&Group> {
        self.by_name.get(self.find(name).ok()?).map(|(_, group)| group)
    }

    /// A group to change; what it takes is counted anew when the guard is dropped.
    pub fn get_mut(&mut self, name: &[u8]) -> Option<GroupMut<'_>> {
        let spot = self.find(name).ok()?;
        let (_, group) = self.by_name.get_mut(spot)?;
        Some(GroupMut { before: group.memory(), group, bytes: &mut self.bytes })
    }

    /// All groups in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &Group)> {
        self.by_name.iter().map(|(name, group)| (&**name, group))
    }

    /// Adds a group, unless there is one of this name already.
    ///
    /// # Errors
    /// If there is no memory for it; then nothing has changed.
    pub fn add(&mut self, name: &[u8], group: Group) -> Result<bool, NoMemory> {
        let Err(spot) = self.find(name) else { return Ok(false) };
        let bytes = size_class(name.len()) + group.memory();
        self.by_name.insert(spot, (try_copy(name)?.into_boxed_slice(), group))?;
        self.bytes += bytes;
        Ok(true)
    }

    /// Removes a group.
    pub fn remove(&mut self, name: &[u8]) -> Option<Group> {
        let (name, group) = self.by_name.remove(self.find(name).ok()?)?;
        self.bytes -= size_class(name.len()) + group.memory();
        if self.by_name.is_empty() {
            self.by_name = Sorted::default();
        }
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
