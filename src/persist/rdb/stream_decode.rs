//! The bodies of streams: entries, consumer groups, what their consumers have pending.
//!
//! ```text
//!  nodes, each  | id of the node as a string of 16 bytes BE | listpack |
//!  numbers      | entries | last id | first id, largest deleted id, entries ever (since 7.0) |
//!  groups, each | name | last id | entries read (since 7.0) | pending | consumers |
//!  pending      | count | (id, 16 BE; delivered at, 8 LE; deliveries)... |
//!  consumer     | name | seen at, 8 LE | active at, 8 LE (since 7.2) | count | (id, 16 BE)... |
//!
//!  listpack     count, deleted, fields, names..., 0; then per entry
//!               flags, ms - node's, seq - node's, values..., how many before this         with the names of the node
//!               flags, ms - node's, seq - node's, fields, (name, value)..., how many      with names of its own
//! ```
//!
//! Checked on the way: ids ascend through all nodes and do not exceed the last id; counts are right; every pending entry
//! has exactly one consumer. Cost: one pass over entries, each visited twice; pending entries are sorted by id, which
//! they already are when Redis wrote them.

use super::listpack::Entries;
use super::{Corrupt, Element, LoadError, Reader, Text, type_id};
use crate::storage::NoMemory;

pub(super) const FLAG_DELETED: i64 = 1;
pub(super) const FLAG_SAME_FIELDS: i64 = 2;

const ID_BYTES: usize = 16;
/// An id, a time, a number of deliveries.
const PENDING_BYTES_MIN: usize = ID_BYTES + 8 + 1;
/// A name, a time, a number of pending entries.
const CONSUMER_BYTES_MIN: usize = 1 + 8 + 1;
/// A name, a last id, how much is pending, how many consumers.
const GROUP_BYTES_MIN: usize = 1 + 2 + 1 + 1;

/// The id of an entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct StreamId {
    pub ms: u64,
    pub seq: u64,
}

impl StreamId {
    fn from_bytes(bytes: [u8; ID_BYTES]) -> Self {
        let both = u128::from_be_bytes(bytes);
        Self { ms: (both >> 64) as u64, seq: both as u64 }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, Corrupt> {
        Ok(Self { ms: reader.length()?, seq: reader.length()? })
    }
}

/// What is known of a stream as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamInfo {
    /// Of the first entry, 0-0 without any.
    pub first_id: StreamId,
    pub last_id: StreamId,
    pub max_deleted_id: StreamId,
    pub entries_added: u64,
}

/// A consumer group.
#[derive(Debug)]
pub struct Group<'a> {
    pub name: Text<'a>,
    pub last_id: StreamId,
    /// `None` if it cannot be known.
    pub entries_read: Option<u64>,
    pub consumers: Vec<Consumer<'a>>,
    /// By id.
    pub pending: Vec<Pending>,
}

/// A consumer of a group.
#[derive(Debug)]
pub struct Consumer<'a> {
    pub name: Text<'a>,
    /// When it last tried something.
    pub seen_ms: i64,
    /// When it last got something, if it ever did and the payload says so.
    pub active_ms: Option<i64>,
}

/// An entry that was delivered and not acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pending {
    pub id: StreamId,
    /// Index of its consumer.
    pub consumer: usize,
    pub delivered_ms: i64,
    pub deliveries: u64,
}

/// A node: entries next to each other that often have the same fields.
#[derive(Debug)]
pub struct Node<'a> {
    /// No entry in it has a smaller one.
    pub id: StreamId,
    /// The names of the fields that its entries often have.
    pub names: Names<'a>,
    /// How large its listpack is.
    pub bytes: usize,
}

/// The names of the fields that entries of a node share.
#[derive(Clone, Debug)]
pub struct Names<'a> {
    entries: Entries<'a>,
    left: u64,
}

impl<'a> Iterator for Names<'a> {
    type Item = Element<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        // The names were walked before, so there is no error and no end here.
        self.entries.expect().ok()
    }
}

/// An entry of a node.
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    pub id: StreamId,
    /// It only takes up room.
    pub is_deleted: bool,
    pub fields: Fields<'a>,
}

/// The fields of one entry: names and values.
#[derive(Clone, Debug)]
pub struct Fields<'a> {
    /// Names that the node shares; otherwise names stand before their values.
    names: Option<Entries<'a>>,
    values: Entries<'a>,
    left: u64,
}

impl Fields<'_> {
    /// How many are left.
    pub fn count_left(&self) -> u64 {
        self.left
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = (Element<'a>, Element<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let name = self.names.as_mut().unwrap_or(&mut self.values).expect().ok()?;
        Some((name, self.values.expect().ok()?))
    }
}

/// What a stream is built from, in this order: the nodes, each with its entries; the numbers; the groups.
pub trait StreamSink {
    /// A node, with a larger id than the one before.
    fn node(&mut self, node: Node<'_>) -> Result<(), LoadError>;
    /// An entry of the node that came last. Those that are not deleted have larger ids than those before.
    fn entry(&mut self, entry: Entry<'_>) -> Result<(), LoadError>;
    /// The numbers.
    fn info(&mut self, info: StreamInfo) -> Result<(), LoadError>;
    /// A group; that no two of them, and no two of its consumers, have the same name is for the sink to see to.
    fn group(&mut self, group: Group<'_>) -> Result<(), LoadError>;
}

pub(super) fn is_stream(type_id: u8) -> bool {
    matches!(type_id, type_id::STREAM_LISTPACKS | type_id::STREAM_LISTPACKS_2 | type_id::STREAM_LISTPACKS_3)
}

/// Reads a stream.
///
/// # Errors
/// If it is corrupt, memory is short, or `sink` fails.
pub fn stream(type_id: u8, reader: &mut Reader<'_>, sink: &mut impl StreamSink) -> Result<(), LoadError> {
    if !is_stream(type_id) {
        return Err(LoadError::Corrupt);
    }
    let mut found = Found::default();
    for _ in 0..reader.count(2)? {
        let id = reader.text()?;
        let id = StreamId::from_bytes(id.blob()?.try_into().map_err(|_| Corrupt)?);
        let blob = reader.flat()?;
        node(id, blob.blob()?, &mut found, sink)?;
    }
    let length = reader.length()?;
    let last_id = StreamId::read(reader)?;
    let knows_history = type_id != type_id::STREAM_LISTPACKS;
    let (max_deleted_id, entries_added) = if knows_history {
        // The first id is what the entries show.
        StreamId::read(reader)?;
        (StreamId::read(reader)?, reader.length()?)
    } else {
        (StreamId::default(), length)
    };
    let info = StreamInfo { first_id: found.first.unwrap_or_default(), last_id, max_deleted_id, entries_added };
    let is_sound = length == found.count
        && found.last.is_none_or(|id| id <= last_id)
        && info.max_deleted_id <= last_id
        && info.entries_added >= length;
    if !is_sound {
        return Err(LoadError::Corrupt);
    }
    sink.info(info)?;
    for _ in 0..reader.count(GROUP_BYTES_MIN)? {
        let (name, last_id) = (reader.text()?, StreamId::read(reader)?);
        let entries_read = if knows_history {
            // -1 is written for what is not known.
            Some(reader.length()?).filter(|count| i64::try_from(*count).is_ok())
        } else {
            found.read_until(last_id, &info)
        };
        let mut group = Group { name, last_id, entries_read, consumers: Vec::new(), pending: Vec::new() };
        members(type_id, reader, &mut group)?;
        sink.group(group)?;
    }
    Ok(())
}

/// What the nodes held so far, but for entries that are deleted.
#[derive(Default)]
struct Found {
    node: Option<StreamId>,
    count: u64,
    first: Option<StreamId>,
    last: Option<StreamId>,
}

impl Found {
    /// Checks the id of the next entry, deleted or not: when it was added, it was larger than what was there. (It can be
    /// smaller than that of a deleted one, since XSETID sets the last id back.)
    fn check(&self, id: StreamId) -> Result<(), Corrupt> {
        let is_in_node = self.node.is_none_or(|node| node <= id);
        if is_in_node && self.last.is_none_or(|last| last < id) { Ok(()) } else { Err(Corrupt) }
    }

    /// Notes an entry that is not deleted.
    fn add(&mut self, id: StreamId) {
        self.first.get_or_insert(id);
        self.last = Some(id);
        self.count += 1;
    }

    /// How many entries a group has read that is at `id`, in a stream that does not know what was deleted, as Redis
    /// estimates it.
    fn read_until(&self, id: StreamId, info: &StreamInfo) -> Option<u64> {
        match self.first {
            _ if info.entries_added == 0 => Some(0),
            _ if id == info.last_id => Some(info.entries_added),
            _ if id > info.last_id => None,
            None => Some(info.entries_added),
            Some(first) if id < first => Some(0),
            Some(first) if id == first => Some(1),
            Some(_) => None,
        }
    }
}

/// Reads one node.
fn node(id: StreamId, blob: &[u8], found: &mut Found, sink: &mut impl StreamSink) -> Result<(), LoadError> {
    if found.node.replace(id).is_some_and(|before| before >= id) {
        return Err(LoadError::Corrupt);
    }
    let mut entries = Entries::new(blob)?;
    let (live, deleted, names_count) = (entries.expect_int()?, entries.expect_int()?, entries.expect_int()?);
    let names = entries.clone();
    skip(&mut entries, names_count)?;
    if entries.expect_int()? != 0 {
        return Err(LoadError::Corrupt);
    }
    let left = u64::try_from(names_count).map_err(|_| Corrupt)?;
    sink.node(Node { id, names: Names { entries: names.clone(), left }, bytes: blob.len() })?;
    let (mut seen_live, mut seen_deleted) = (0, 0);
    while let Some(flags) = entries.next() {
        let flags = flags?.int().ok_or(Corrupt)?;
        let (ms, seq) = (entries.expect_int()?, entries.expect_int()?);
        let id = StreamId { ms: id.ms.wrapping_add_signed(ms), seq: id.seq.wrapping_add_signed(seq) };
        let shares_names = flags & FLAG_SAME_FIELDS != 0;
        let is_deleted = flags & FLAG_DELETED != 0;
        let count = if shares_names { names_count } else { entries.expect_int()? };
        let fields = Fields {
            names: shares_names.then(|| names.clone()),
            values: entries.clone(),
            left: u64::try_from(count).map_err(|_| Corrupt)?,
        };
        let elements = if shares_names { Some(count) } else { count.checked_mul(2) }.ok_or(Corrupt)?;
        skip(&mut entries, elements)?;
        // Flags and id, and the number of fields if it is there.
        let before = elements.checked_add(if shares_names { 3 } else { 4 }).ok_or(Corrupt)?;
        if entries.expect_int()? != before {
            return Err(LoadError::Corrupt);
        }
        found.check(id)?;
        if is_deleted {
            seen_deleted += 1;
        } else {
            seen_live += 1;
            found.add(id);
        }
        sink.entry(Entry { id, is_deleted, fields })?;
    }
    if (live, deleted) == (seen_live, seen_deleted) { Ok(()) } else { Err(LoadError::Corrupt) }
}

/// Steps over as many entries.
fn skip(entries: &mut Entries<'_>, count: i64) -> Result<(), Corrupt> {
    for _ in 0..u64::try_from(count).map_err(|_| Corrupt)? {
        entries.expect()?;
    }
    Ok(())
}

/// Reads what a group has pending, and its consumers.
fn members<'a>(type_id: u8, reader: &mut Reader<'a>, group: &mut Group<'a>) -> Result<(), LoadError> {
    const NOBODY: usize = usize::MAX;
    let count = reader.count(PENDING_BYTES_MIN)?;
    let pending = &mut group.pending;
    pending.try_reserve_exact(count).map_err(|_| NoMemory)?;
    for _ in 0..count {
        let id = StreamId::from_bytes(reader.array()?);
        pending.push(Pending { id, consumer: NOBODY, delivered_ms: reader.time_ms()?, deliveries: reader.length()? });
    }
    pending.sort_unstable_by_key(|pending| pending.id);
    if pending.windows(2).any(|pair| pair[0].id == pair[1].id) {
        return Err(LoadError::Corrupt);
    }
    let count = reader.count(CONSUMER_BYTES_MIN)?;
    group.consumers.try_reserve_exact(count).map_err(|_| NoMemory)?;
    for consumer in 0..count {
        let (name, seen_ms) = (reader.text()?, reader.time_ms()?);
        let active_ms = if type_id == type_id::STREAM_LISTPACKS_3 { Some(reader.time_ms()?) } else { None };
        // -1: never.
        let active_ms = active_ms.filter(|ms| *ms >= 0);
        group.consumers.push(Consumer { name, seen_ms, active_ms });
        for _ in 0..reader.count(ID_BYTES)? {
            let id = StreamId::from_bytes(reader.array()?);
            let at = pending.binary_search_by_key(&id, |pending| pending.id).map_err(|_| Corrupt)?;
            let owner = pending.get_mut(at).map(|pending| &mut pending.consumer).ok_or(Corrupt)?;
            if std::mem::replace(owner, consumer) != NOBODY {
                return Err(LoadError::Corrupt);
            }
        }
    }
    if pending.iter().any(|pending| pending.consumer == NOBODY) { Err(LoadError::Corrupt) } else { Ok(()) }
}
