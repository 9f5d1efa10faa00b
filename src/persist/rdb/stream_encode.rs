//! The bodies of streams, as Redis 7.0 writes them ([`super::type_id::STREAM_LISTPACKS_2`]).
//!
//! In this order: how many nodes, each [`node`]; [`numbers`]; how many groups, and for each its [`group`], how many
//! entries are pending, each [`pending`], how many consumers, and for each its [`consumer`], how many entries it has
//! pending, each [`pending_id`]. The layout is described where it is read, in `stream_decode`.

use super::listpack::Builder;
use super::stream_decode::{FLAG_SAME_FIELDS, StreamId, StreamInfo};
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

/// Writes a node of these entries, of which there is at least one; `listpack` is where it is built.
///
/// # Errors
/// If memory is short.
pub fn node<'e, F>(
    writer: &mut Writer,
    listpack: &mut Builder,
    entries: impl Iterator<Item = (StreamId, F)> + Clone,
) -> Result<(), NoMemory>
where
    F: Iterator<Item = (Element<'e>, Element<'e>)> + Clone,
{
    let Some((first_id, first)) = entries.clone().next() else { return Ok(()) };
    let names = first.map(|(name, _)| name);
    let names_count = names.clone().count() as i64;
    listpack.clear();
    for number in [entries.clone().count() as i64, 0, names_count] {
        listpack.push_int(number)?;
    }
    for name in names.clone() {
        listpack.push_element(name)?;
    }
    listpack.push_int(0)?;
    for (id, fields) in entries {
        let same = fields.clone().count() as i64 == names_count
            && fields.clone().zip(names.clone()).all(|((name, _), shared)| name.is(shared));
        listpack.push_int(if same { FLAG_SAME_FIELDS } else { 0 })?;
        listpack.push_int(id.ms.wrapping_sub(first_id.ms) as i64)?;
        listpack.push_int(id.seq.wrapping_sub(first_id.seq) as i64)?;
        let mut before = 3;
        if !same {
            listpack.push_int(fields.clone().count() as i64)?;
            before += 1;
        }
        for (name, value) in fields {
            if !same {
                listpack.push_element(name)?;
                before += 1;
            }
            listpack.push_element(value)?;
            before += 1;
        }
        listpack.push_int(before)?;
    }
    writer.text(&first_id.to_bytes())?;
    writer.text(listpack.finish())
}

/// Writes what is known of the stream as a whole. `first_id` is that of the first entry, or 0-0.
///
/// # Errors
/// If memory is short.
pub fn numbers(writer: &mut Writer, length: u64, first_id: StreamId, info: &StreamInfo) -> Result<(), NoMemory> {
    writer.length(length)?;
    write_id(writer, info.last_id)?;
    write_id(writer, first_id)?;
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
