//! The bodies of streams, as Redis 7.0 writes them ([`super::type_id::STREAM_LISTPACKS_2`]).
//!
//! In this order: how many nodes, each [`node`]; [`numbers`]; how many groups, and for each its [`group`], how many
//! entries are pending, each [`pending`], how many consumers, and for each its [`consumer`], how many entries it has
//! pending, each [`pending_id`]. The layout is described where it is read, in `stream_decode`.

use super::listpack::Builder;
use super::stream_decode::{FLAG_DELETED, FLAG_SAME_FIELDS, StreamId, StreamInfo};
use super::{Element, Writer};
use crate::storage::NoMemory;

impl StreamId {
    fn to_bytes(self) -> [u8; 16] {
        (u128::from(self.ms) << 64 | u128::from(self.seq)).to_be_bytes()
    }
}

fn write_id(writer: &mut Writer, id: StreamId) -> Result<(), NoMemory> {
    writer.length(id.ms)?;
    writer.length(id.seq)
}

/// An entry of a node, to be written.
#[derive(Clone)]
pub struct NodeEntry<F> {
    pub id: StreamId,
    pub is_deleted: bool,
    /// Its fields have the names of the node, in the same order.
    pub has_usual_names: bool,
    pub fields: F,
}

/// Writes a node of entries that often have fields with these names; no entry has a smaller id than the node.
/// `listpack` is where it is built.
///
/// # Errors
/// If memory is short.
pub fn node<'e, F>(
    writer: &mut Writer,
    listpack: &mut Builder,
    id: StreamId,
    names: &[Element<'e>],
    entries: impl Iterator<Item = NodeEntry<F>> + Clone,
) -> Result<(), NoMemory>
where
    F: Iterator<Item = (Element<'e>, Element<'e>)> + Clone,
{
    let deleted = entries.clone().filter(|entry| entry.is_deleted).count();
    let live = entries.clone().count() - deleted;
    listpack.clear();
    for number in [live, deleted, names.len()] {
        listpack.push_int(number as i64)?;
    }
    for name in names {
        listpack.push_element(*name)?;
    }
    listpack.push_int(0)?;
    for entry in entries {
        let before = listpack.len();
        let same_fields = if entry.has_usual_names { FLAG_SAME_FIELDS } else { 0 };
        listpack.push_int(same_fields | if entry.is_deleted { FLAG_DELETED } else { 0 })?;
        listpack.push_int(entry.id.ms.wrapping_sub(id.ms) as i64)?;
        listpack.push_int(entry.id.seq.wrapping_sub(id.seq) as i64)?;
        if !entry.has_usual_names {
            listpack.push_int(entry.fields.clone().count() as i64)?;
        }
        for (name, value) in entry.fields {
            if !entry.has_usual_names {
                listpack.push_element(name)?;
            }
            listpack.push_element(value)?;
        }
        listpack.push_int((listpack.len() - before) as i64)?;
    }
    writer.text(&id.to_bytes())?;
    writer.text(listpack.finish())
}

/// Writes what is known of the stream as a whole.
///
/// # Errors
/// If memory is short.
pub fn numbers(writer: &mut Writer, length: u64, info: &StreamInfo) -> Result<(), NoMemory> {
    writer.length(length)?;
    write_id(writer, info.last_id)?;
    write_id(writer, info.first_id)?;
    write_id(writer, info.max_deleted_id)?;
    writer.length(info.entries_added)
}

/// Writes the beginning of a group. `entries_read` is `None` if it is not known.
///
/// # Errors
/// If memory is short.
pub fn group(writer: &mut Writer, name: &[u8], last_id: StreamId, entries_read: Option<u64>) -> Result<(), NoMemory> {
    writer.text(name)?;
    write_id(writer, last_id)?;
    writer.length(entries_read.unwrap_or(u64::MAX))
}

/// Writes an entry that a group waits for.
///
/// # Errors
/// If memory is short.
pub fn pending(writer: &mut Writer, id: StreamId, delivered_ms: i64, deliveries: u64) -> Result<(), NoMemory> {
    pending_id(writer, id)?;
    writer.time_ms(delivered_ms)?;
    writer.length(deliveries)
}

/// Writes the beginning of a consumer.
///
/// # Errors
/// If memory is short.
pub fn consumer(writer: &mut Writer, name: &[u8], seen_ms: i64) -> Result<(), NoMemory> {
    writer.text(name)?;
    writer.time_ms(seen_ms)
}

/// Writes the id of an entry that a consumer has pending.
///
/// # Errors
/// If memory is short.
pub fn pending_id(writer: &mut Writer, id: StreamId) -> Result<(), NoMemory> {
    writer.put(&id.to_bytes())
}
