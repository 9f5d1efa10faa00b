//! Log: the entries of a stream and what is known of those that are gone.
//!
//! Entries live in [`Block`]s, blocks in an [`Index`]. New entries go to the last block; entries anywhere are deleted by
//! marking them, and a block without entries is dropped.
//!
//! The counters are Redis's, because clients see them: how many entries were ever added, the first id that is there, the
//! greatest that was deleted by name. From them the lag of a consumer group can be told without counting, as long as no
//! hole lies ahead of it ([`Log::distance`]).
//!
//! Invariants: `len` is the sum of the blocks' live entries; no entry's id is above `last_id`; `top` is the greatest live
//! id. Cost: append O(entry); finding an id O(log blocks) and one block.

use super::block::{Block, Limits};
use super::entry::Entry;
use super::id::Id;
use super::index::{Index, Place};
use super::range::{Range, RangeRev};
use crate::storage::{GARBAGE_MIN, Garbage, NoMemory, Nothing};

/// Room that a new block gets beyond what the one before it needed.
const BLOCK_SLACK: usize = 64;

/// See the module's comment.
#[derive(Debug, Default)]
pub struct Log {
    index: Index,
    len: u64,
    first_id: Id,
    last_id: Id,
    top: Id,
    max_deleted_id: Id,
    entries_added: u64,
    /// Blocks without entries that take long to free.
    emptied: Vec<Block>,
}

/// Why an entry was not added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppendError {
    /// Its id is not above the last one.
    NotAbove,
    NoMemory,
}

impl From<NoMemory> for AppendError {
    fn from(_: NoMemory) -> Self {
        Self::NoMemory
    }
}

/// The numbers of a log, as RDB files have them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    pub first_id: Id,
    pub last_id: Id,
    pub max_deleted_id: Id,
    pub entries_added: u64,
}

impl Log {
    /// Entries.
    #[inline]
    pub fn len(&self) -> u64 {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The greatest id that was ever added or set.
    #[inline]
    pub fn last_id(&self) -> Id {
        self.last_id
    }

    /// The id of the first entry, 0-0 without any.
    pub fn first_id(&self) -> Id {
        self.first_id
    }

    /// The id of the last entry, if there is one.
    #[inline]
    pub fn top(&self) -> Option<Id> {
        (self.len > 0).then_some(self.top)
    }

    pub fn counters(&self) -> Counters {
        Counters {
            first_id: self.first_id,
            last_id: self.last_id,
            max_deleted_id: self.max_deleted_id,
            entries_added: self.entries_added,
        }
    }

    /// Sets all counters, as a loaded stream has them.
    pub fn set_counters(&mut self, counters: Counters) {
        self.first_id = counters.first_id;
        self.last_id = counters.last_id;
        self.max_deleted_id = counters.max_deleted_id;
        self.entries_added = counters.entries_added;
    }

    /// XSETID.
    pub fn set_last_id(&mut self, last_id: Id, entries_added: Option<u64>, max_deleted_id: Id) {
        self.last_id = last_id;
        self.entries_added = entries_added.unwrap_or(self.entries_added);
        if !max_deleted_id.is_zero() {
            self.max_deleted_id = max_deleted_id;
        }
    }

    /// Bytes on the heap, as the allocator rounds them.
    pub fn memory(&self) -> usize {
        self.index.memory()
    }

    /// The blocks, oldest first.
    pub fn blocks(&self) -> impl Iterator<Item = &Block> {
        self.index.iter()
    }

    /// How many blocks there are: the keys of Redis's radix tree.
    pub fn block_count(&self) -> usize {
        self.index.len()
    }

    /// The nodes of Redis's radix tree.
    pub fn radix_nodes(&self) -> usize {
        self.index.radix_nodes()
    }

    pub(super) fn index(&self) -> &Index {
        &self.index
    }

    /// Appends an entry; `pairs` are fields and values in turn.
    ///
    /// # Errors
    /// If the id is not above [`Log::last_id`], or memory is short; then nothing has changed.
    pub fn append(&mut self, id: Id, pairs: &[&[u8]], limits: Limits) -> Result<(), AppendError> {
        if id <= self.last_id {
            return Err(AppendError::NotAbove);
        }
        let payload = pairs.iter().fold(0, |sum: usize, text| sum.saturating_add(text.len()));
        let mut capacity = 0;
        let mut full = None;
        let mut appended = None;
        self.drop_emptied_from(id);
        if let Some(last) = self.index.last()
            && let Some(block) = self.index.get(last)
        {
            if block.has_room(payload, limits) {
                appended = self.index.change(last, |block| block.append(id, pairs));
            } else {
                // Blocks of a stream are much alike.
                capacity = block.used().saturating_add(BLOCK_SLACK);
                full = Some(last);
            }
        }
        match appended {
            Some(result) => result?,
            None => {
                let mut block = Block::new(id, pairs.iter().step_by(2).copied(), capacity)?;
                block.append(id, pairs)?;
                self.index.push(block)?;
                if let Some(full) = full {
                    self.index.change(full, Block::seal);
                }
            }
        }
        self.len += 1;
        self.entries_added = self.entries_added.wrapping_add(1);
        self.last_id = id;
        self.top = id;
        if self.len == 1 {
            self.first_id = id;
        }
        Ok(())
    }

    /// Drops blocks at the end that begin at `id` or above. They have no live entries: trimming has left them for
    /// deleted ones that it was not to pass, and XSETID has set the last id back before them.
    fn drop_emptied_from(&mut self, id: Id) {
        while let Some(last) = self.index.last()
            && self.index.get(last).is_some_and(|block| block.first() >= id && block.live() == 0)
        {
            self.index.remove(last);
        }
    }

    /// Appends a whole block, as RESTORE has it, whose entries are all above those there are. The counters are set
    /// afterwards, by [`Log::set_counters`].
    ///
    /// # Errors
    /// If the entries are not in order, or memory is short.
    pub fn push_block(&mut self, block: Block) -> Result<(), AppendError> {
        let last = self.index.last().and_then(|last| self.index.get(last));
        let mut top = self.top();
        let mut live = block.entries().filter(|entry| !entry.is_deleted).map(|entry| entry.id);
        let ascends = live.all(|id| top.replace(id).is_none_or(|before| before < id) && id >= block.first());
        if !ascends || last.is_some_and(|last| last.first() >= block.first() || last.last() >= block.last()) {
            return Err(AppendError::NotAbove);
        }
        let live = block.live();
        self.index.push(block)?;
        self.len += live;
        self.top = top.unwrap_or(self.top);
        Ok(())
    }

    /// The entry of this id.
    pub fn get(&self, id: Id) -> Option<Entry<'_>> {
        self.index.get(self.index.find(id)?)?.find(id)
    }

    /// Entries from `start` to `end`, both included, oldest first.
    pub fn range(&self, start: Id, end: Id) -> Range<'_> {
        Range::new(self, start, end)
    }

    /// Entries from `end` down to `start`, both included, newest first.
    pub fn range_rev(&self, start: Id, end: Id) -> RangeRev<'_> {
        RangeRev::new(self, start, end)
    }

    /// Deletes the entry of this id (XDEL); whether it was there.
    pub fn delete(&mut self, id: Id) -> bool {
        let Some(place) = self.index.find(id) else { return false };
        let Some(at) = self.index.get(place).and_then(|block| block.find(id)).map(|entry| entry.at()) else {
            return false;
        };
        let was_last = self.index.get(place).is_some_and(|block| block.live() == 1);
        if was_last {
            let emptied = self.index.remove(place).filter(|block| block.memory() >= GARBAGE_MIN);
            if self.emptied.try_reserve(1).is_ok() {
                self.emptied.extend(emptied);
            }
        } else {
            self.index.change(place, |block| block.delete(at));
        }
        self.len -= 1;
        self.max_deleted_id = self.max_deleted_id.max(id);
        if id == self.first_id || self.len == 0 {
            self.find_first();
        }
        if id == self.top {
            self.top = self.range_rev(Id::MIN, Id::MAX).next().map_or(Id::MIN, |entry| entry.id);
        }
        true
    }

    /// Whether there are large blocks that are no more.
    #[inline]
    pub fn has_garbage(&self) -> bool {
        !self.emptied.is_empty()
    }

    /// Large blocks that are no more, to be dropped where nobody waits; here, if there is no memory for their list.
    pub fn take_garbage(&mut self) -> Vec<Garbage<Nothing>> {
        let emptied = std::mem::take(&mut self.emptied);
        let mut garbage = Vec::new();
        if garbage.try_reserve_exact(emptied.len()).is_ok() {
            garbage.extend(emptied.into_iter().map(|block| Garbage::Bytes(block.into_bytes())));
        }
        garbage
    }

    /// Notes the first id that is there.
    fn find_first(&mut self) {
        self.first_id = self.range(Id::MIN, Id::MAX).next().map_or(Id::MIN, |entry| entry.id);
    }

    /// Removes the oldest entries that `trim` names; how many there were, and a log of the blocks that held them, to be
    /// dropped where nobody waits.
    pub fn trim(&mut self, trim: Trim) -> (u64, Self) {
        let mut removed = Self::default();
        let mut deleted = 0;
        loop {
            let (mut blocks, mut entries) = (0, 0);
            for block in self.index.first_leaf() {
                if !self.goes_whole(block, trim, deleted, entries) {
                    break;
                }
                blocks += 1;
                entries += block.live();
            }
            if blocks == 0 {
                break;
            }
            self.index.move_front(blocks, &mut removed.index);
            self.len -= entries;
            deleted += entries;
        }
        if !trim.whole_blocks
            && let Some(place) = self.index.first()
        {
            deleted += self.trim_inside(place, trim.to);
        }
        if self.len == 0 {
            self.first_id = Id::MIN;
        } else if deleted > 0 {
            self.find_first();
        }
        removed.len = deleted;
        (deleted, removed)
    }

    /// Whether all of a block, the next one, is to go, after `deleted` entries of earlier leaves and `entries` of its own
    /// that go but are still counted.
    fn goes_whole(&self, block: &Block, trim: Trim, deleted: u64, entries: u64) -> bool {
        if trim.limit != 0 && deleted + entries + block.live() > trim.limit {
            return false;
        }
        match trim.to {
            TrimTo::Len(len) => {
                let left = self.len - entries;
                left > len && left - block.live() >= len
            }
            TrimTo::Id(id) => block.last() < id,
        }
    }

    /// Deletes the oldest entries of one block.
    fn trim_inside(&mut self, place: Place, to: TrimTo) -> u64 {
        let len = self.len;
        let deleted = self.index.change(place, |block| match to {
            TrimTo::Len(kept) => block.delete_first(len.saturating_sub(kept)),
            TrimTo::Id(id) => block.delete_below(id),
        });
        let deleted = deleted.unwrap_or(0);
        self.len -= deleted;
        deleted
    }

    /// Whether an entry deleted by name lies at `from` or above: then numbers told from counters are wrong from there on.
    pub fn has_hole_from(&self, from: Id) -> bool {
        self.len > 0
            && !self.max_deleted_id.is_zero()
            && self.first_id <= self.max_deleted_id
            && from <= self.max_deleted_id
    }

    /// How many entries were ever added up to `id`, if the counters tell.
    pub fn distance(&self, id: Id) -> Option<i64> {
        let added = self.entries_added as i64;
        if self.entries_added == 0 {
            return Some(0);
        }
        if id == self.last_id || (self.len == 0 && id < self.last_id) {
            return Some(added);
        }
        if id > self.last_id {
            return None;
        }
        if self.max_deleted_id.is_zero() || self.max_deleted_id < self.first_id {
            // No hole ahead.
            if id < self.first_id {
                return Some(added.wrapping_sub(self.len as i64));
            }
            if id == self.first_id {
                return Some(added.wrapping_sub(self.len as i64).wrapping_add(1));
            }
        }
        None
    }

    /// A copy that shares nothing.
    ///
    /// # Errors
    /// If memory is short.
    pub fn duplicate(&self) -> Result<Self, NoMemory> {
        Ok(Self { index: self.index.duplicate()?, emptied: Vec::new(), ..*self })
    }
}

/// What XTRIM and the options of XADD ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trim {
    pub to: TrimTo,
    /// `~`: only blocks of which nothing is to be kept.
    pub whole_blocks: bool,
    /// The most entries to remove; 0 is no limit.
    pub limit: u64,
}

/// Which entries stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrimTo {
    /// The newest so many.
    Len(u64),
    /// Those from this id on.
    Id(Id),
}
