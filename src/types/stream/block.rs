//! Block: some dozens of neighbouring entries in one allocation.
//!
//! ```text
//!  n field...                       the field names of the first entry, n is a varint
//!  entry...                         oldest first
//!
//!  entry = head [ms] [seq] value...                     the fields of the first entry
//!        | head [ms] [seq] n (field value)...           its own fields
//!  head  = dddddnsx    x deleted, s same fields, n next in sequence, d ms after the entry before; 31: a varint has it
//! ```
//!
//! Ids are stored as the difference to the entry before (the first one's to the id just below [`Block::first`]); an entry
//! that comes `n`ext has the following sequence number in the same millisecond, or 0 in a new one. So an entry with the
//! usual fields costs one byte and its values. Deleting sets a bit; the bytes go when the block goes.
//!
//! Beside the bytes a block knows how large Redis's node would be, see [`listpack_size`].
//!
//! Invariants: the ids of live entries ascend strictly (deleted ones in between may be greater, because XSETID can set the
//! last id back); `live + deleted` entries are in `bytes`; `last` and `last_at` are of the last of them, deleted or not,
//! and no live id is above `last`. Cost: appending is O(entry), finding an id O(entries of a block).

use super::entry::{DELETED, Entries, Entry, MS_LARGE, MS_SHIFT, NEXT_SEQ, SAME_FIELDS, usual_seq};
use super::id::Id;
use super::listpack_size;
use super::packed::{HEAD_BYTES_MAX, Reader, Value, write_value, write_varint};
use crate::storage::{NoMemory, shrink, size_class};

/// Redis's flags of an entry with and without the fields of the first one; both take the same room.
const LISTPACK_FLAGS: i64 = 2;
/// Flags, two parts of the id; then the count of elements.
const LISTPACK_FIXED: i64 = 3;

/// When a block is full, as `stream-node-max-bytes` and `stream-node-max-entries` have it; 0 is no limit.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub bytes: usize,
    pub entries: u64,
}

/// Redis's own limit of a node, whatever the settings say.
const NODE_BYTES_MAX: usize = 1 << 30;

/// See the module's comment.
#[derive(Debug)]
pub struct Block {
    first: Id,
    last: Id,
    bytes: Vec<u8>,
    last_at: u32,
    live: u32,
    deleted: u32,
    /// Bytes of Redis's listpack but for its frame and its two counters.
    listpack_body: u32,
}

const _: () = assert!(size_of::<Block>() == 72);

impl Block {
    /// An empty block for entries from `first` on which usually have these fields. `capacity` is how long it is expected
    /// to become.
    ///
    /// # Errors
    /// If memory is short.
    pub fn new<'f>(
        first: Id,
        fields: impl ExactSizeIterator<Item = &'f [u8]> + Clone,
        capacity: usize,
    ) -> Result<Self, NoMemory> {
        let mut bytes = Vec::new();
        let needed = fields.clone().fold(HEAD_BYTES_MAX, |sum, field| sum.saturating_add(field.len() + HEAD_BYTES_MAX));
        bytes.try_reserve_exact(capacity.max(needed))?;
        let count = fields.len();
        write_varint(&mut bytes, count as u64);
        // The count of fields, and the 0 that ends them.
        let mut listpack_body = listpack_size::of_int(count as i64) + listpack_size::of_int(0);
        for field in fields {
            let field = Value::of(field);
            write_value(&mut bytes, field)?;
            listpack_body = listpack_body.saturating_add(listpack_size::of(field));
        }
        Ok(Self { first, last: before(first), bytes, last_at: 0, live: 0, deleted: 0, listpack_body })
    }

    /// The id under which the block is found; no entry in it is smaller.
    #[inline]
    pub fn first(&self) -> Id {
        self.first
    }

    /// The id of the last entry, deleted or not.
    #[inline]
    pub fn last(&self) -> Id {
        self.last
    }

    /// Entries that are not deleted.
    #[inline]
    pub fn live(&self) -> u64 {
        u64::from(self.live)
    }

    /// Entries that are deleted.
    #[inline]
    pub fn deleted(&self) -> u64 {
        u64::from(self.deleted)
    }

    /// Bytes in use.
    #[inline]
    pub fn used(&self) -> usize {
        self.bytes.len()
    }

    /// Bytes on the heap, as the allocator rounds them.
    #[inline]
    pub fn memory(&self) -> usize {
        size_class(self.bytes.capacity())
    }

    /// All of it, to be freed elsewhere.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Bytes of Redis's listpack for the same entries.
    fn listpack_bytes(&self) -> usize {
        let counters = listpack_size::of_int(i64::from(self.live)) + listpack_size::of_int(i64::from(self.deleted));
        (listpack_size::FRAME + counters).saturating_add(self.listpack_body) as usize
    }

    /// Whether an entry whose texts are `payload` bytes long still belongs into this block.
    pub fn has_room(&self, payload: usize, limits: Limits) -> bool {
        let bytes_max = if limits.bytes == 0 { NODE_BYTES_MAX } else { limits.bytes.min(NODE_BYTES_MAX) };
        self.listpack_bytes().saturating_add(payload) < bytes_max
            && (limits.entries == 0 || self.live() + self.deleted() < limits.entries)
    }

    /// Appends an entry with an id above all live ones.
    ///
    /// # Errors
    /// If memory is short; then nothing has changed.
    pub fn append(&mut self, id: Id, pairs: &[&[u8]]) -> Result<(), NoMemory> {
        let old_len = self.bytes.len();
        let last_at = u32::try_from(old_len).map_err(|_| NoMemory)?;
        let payload = pairs.iter().map(|text| text.len().saturating_add(HEAD_BYTES_MAX)).sum::<usize>();
        let needed = payload.saturating_add(3 * HEAD_BYTES_MAX);
        self.bytes.try_reserve(needed).or_else(|_| self.bytes.try_reserve_exact(needed))?;

        let same = self.has_fields(pairs);
        self.write_head(id, same);
        let mut size = listpack_size::of_int(LISTPACK_FLAGS)
            + listpack_size::of_int(id.ms.wrapping_sub(self.first.ms) as i64)
            + listpack_size::of_int(id.seq.wrapping_sub(self.first.seq) as i64);
        let count = (pairs.len() / 2) as i64;
        let mut elements = count + LISTPACK_FIXED;
        if !same {
            write_varint(&mut self.bytes, count as u64);
            size += listpack_size::of_int(count);
            elements += count + 1;
        }
        for (index, text) in pairs.iter().enumerate() {
            if same && index % 2 == 0 {
                continue;
            }
            let value = Value::of(text);
            if let Err(error) = write_value(&mut self.bytes, value) {
                self.bytes.truncate(old_len);
                return Err(error);
            }
            size = size.saturating_add(listpack_size::of(value));
        }
        size = size.saturating_add(listpack_size::of_int(elements));
        self.listpack_body = self.listpack_body.saturating_add(size);
        self.live += 1;
        self.last = id;
        self.last_at = last_at;
        Ok(())
    }

    /// Whether the fields of `pairs` are the usual ones of this block.
    fn has_fields(&self, pairs: &[&[u8]]) -> bool {
        let mut usual = Reader::new(&self.bytes);
        usual.varint() == Some((pairs.len() / 2) as u64)
            && pairs.iter().step_by(2).all(|field| usual.value() == Some(Value::of(field)))
    }

    fn write_head(&mut self, id: Id, same: bool) {
        let ms = id.ms.wrapping_sub(self.last.ms);
        let usual_seq = usual_seq(self.last, ms);
        let mut head = if same { SAME_FIELDS } else { 0 };
        if id.seq == usual_seq {
            head |= NEXT_SEQ;
        }
        match u8::try_from(ms) {
            Ok(ms) if ms < MS_LARGE => self.bytes.push(head | ms << MS_SHIFT),
            _ => {
                self.bytes.push(head | MS_LARGE << MS_SHIFT);
                write_varint(&mut self.bytes, ms);
            }
        }
        if id.seq != usual_seq {
            write_varint(&mut self.bytes, id.seq.wrapping_sub(usual_seq));
        }
    }

    /// Gives back room for growth: no more entries will come.
    pub fn seal(&mut self) {
        shrink(&mut self.bytes, 0);
    }

    /// All entries, deleted ones too, oldest first.
    #[inline]
    pub fn entries(&self) -> Entries<'_> {
        let mut reader = Reader::new(&self.bytes);
        let usual_count = reader.varint().unwrap_or(0);
        let usual = reader;
        // The bytes are this module's own; were they short, there would be no entries.
        let _ = reader.skip_values(usual_count);
        Entries { end: self.bytes.len(), usual_count, usual, rest: reader, previous: before(self.first) }
    }

    /// The entries from byte `at` on; `previous` is the id of the one before.
    fn entries_from(&self, at: u32, previous: Id) -> Entries<'_> {
        let mut usual = Reader::new(&self.bytes);
        let usual_count = usual.varint().unwrap_or(0);
        let rest = Reader::new(self.bytes.get(at as usize..).unwrap_or_default());
        Entries { end: self.bytes.len(), usual_count, usual, rest, previous }
    }

    /// Entry `at`, as [`Entry::at`] told, whose id is `id`.
    pub fn entry_at(&self, at: u32, id: Id) -> Option<Entry<'_>> {
        // Its own id cannot be told without the one before, but is known.
        let mut entry = self.entries_from(at, id).next()?;
        entry.id = id;
        Some(entry)
    }

    /// The last entry, found without reading the others.
    pub fn last_entry(&self) -> Option<Entry<'_>> {
        // No entry is at the very beginning.
        if self.last_at == 0 { None } else { self.entry_at(self.last_at, self.last) }
    }

    /// The usual fields.
    pub fn fields(&self) -> impl Iterator<Item = Value<'_>> {
        let mut reader = Reader::new(&self.bytes);
        let count = reader.varint().unwrap_or(0);
        (0..count).map_while(move |_| reader.value())
    }

    /// The entry of this id, unless it is deleted.
    pub fn find(&self, id: Id) -> Option<Entry<'_>> {
        if id == self.last {
            return self.last_entry().filter(|entry| !entry.is_deleted);
        }
        let entry = self.entries().filter(|entry| !entry.is_deleted).find(|entry| entry.id >= id)?;
        (entry.id == id).then_some(entry)
    }

    /// Deletes the last entry, for one that is loaded as deleted.
    pub fn delete_last(&mut self) {
        if self.last_at != 0 {
            self.delete(self.last_at);
        }
    }

    /// Deletes entry `at`, as [`Entry::at`] told; whether it was there.
    pub fn delete(&mut self, at: u32) -> bool {
        match self.bytes.get_mut(at as usize) {
            Some(head) if *head & DELETED == 0 => {
                *head |= DELETED;
                self.live -= 1;
                self.deleted += 1;
                true
            }
            _ => false,
        }
    }

    /// Deletes the oldest `count` entries; how many there were.
    pub fn delete_first(&mut self, count: u64) -> u64 {
        let mut left = count;
        self.delete_while(|_, is_deleted| {
            let goes = left > 0;
            left -= u64::from(goes && !is_deleted);
            goes
        })
    }

    /// Deletes the entries below `id`; how many there were.
    pub fn delete_below(&mut self, id: Id) -> u64 {
        self.delete_while(|entry, _| entry < id)
    }

    /// Deletes entries from the oldest on while `goes` says so.
    fn delete_while(&mut self, mut goes: impl FnMut(Id, bool) -> bool) -> u64 {
        let mut deleted = 0;
        let mut place = (self.entries().offset(), before(self.first));
        loop {
            let mut entries = self.entries_from(place.0, place.1);
            let Some(entry) = entries.next().filter(|entry| goes(entry.id, entry.is_deleted)) else { return deleted };
            let at = entry.at();
            place = (entries.offset(), entry.id);
            deleted += u64::from(self.delete(at));
        }
    }

    /// A copy that shares nothing.
    ///
    /// # Errors
    /// If memory is short.
    pub fn duplicate(&self) -> Result<Self, NoMemory> {
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(self.bytes.len())?;
        bytes.extend_from_slice(&self.bytes);
        Ok(Self { bytes, ..*self })
    }
}

/// The id that the first entry of a block is told from.
fn before(first: Id) -> Id {
    Id { seq: first.seq.wrapping_sub(1), ..first }
}
