//! Streams: blocks are Redis's nodes, down to the entries that are deleted, so they are read and written one for one.

use crate::keyspace::NoMemory;
use crate::persist::rdb::listpack::Builder;
use crate::persist::rdb::stream_decode::{self, Entry, Group, Node, StreamId, StreamInfo, StreamSink};
use crate::persist::rdb::stream_encode::{self, NodeEntry};
use crate::persist::rdb::{Corrupt, Element, LoadError, Reader, Writer};
use crate::resp::number::IntegerText;
use crate::types::stream::{self, AppendError, Block, Counters, Id, Stream, Value};

impl From<StreamId> for Id {
    fn from(id: StreamId) -> Self {
        Self { ms: id.ms, seq: id.seq }
    }
}

impl From<Id> for StreamId {
    fn from(id: Id) -> Self {
        Self { ms: id.ms, seq: id.seq }
    }
}

impl From<AppendError> for LoadError {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::NotAbove => Self::Corrupt,
            AppendError::NoMemory => Self::NoMemory,
        }
    }
}

/// Reads a stream: how that went, and what there is then, also if it failed.
pub(super) fn load(type_id: u8, reader: &mut Reader<'_>) -> (Result<(), LoadError>, Stream) {
    let mut loading = Loading { stream: Stream::default(), block: None, texts: Texts::default() };
    let read = stream_decode::stream(type_id, reader, &mut loading);
    (read, loading.stream)
}

struct Loading {
    stream: Stream,
    /// The node that is being read.
    block: Option<Block>,
    texts: Texts,
}

impl Loading {
    /// Puts the node that has been read at the end of the stream. One without entries does not exist.
    fn finish_block(&mut self) -> Result<(), LoadError> {
        if let Some(mut block) = self.block.take().filter(|block| block.live() > 0) {
            block.seal();
            self.stream.log.push_block(block)?;
        }
        Ok(())
    }
}

impl StreamSink for Loading {
    fn node(&mut self, node: Node<'_>) -> Result<(), LoadError> {
        self.finish_block()?;
        self.texts.fill(node.names)?;
        let names = self.texts.slices()?;
        self.block = Some(Block::new(node.id.into(), names.iter().copied(), node.bytes)?);
        Ok(())
    }

    fn entry(&mut self, entry: Entry<'_>) -> Result<(), LoadError> {
        self.texts.fill(entry.fields.flat_map(|(name, value)| [name, value]))?;
        let block = self.block.as_mut().ok_or(Corrupt)?;
        block.append(entry.id.into(), &self.texts.slices()?)?;
        if entry.is_deleted {
            block.delete_last();
        }
        Ok(())
    }

    fn info(&mut self, info: StreamInfo) -> Result<(), LoadError> {
        self.finish_block()?;
        self.stream.log.set_counters(Counters {
            first_id: info.first_id.into(),
            last_id: info.last_id.into(),
            max_deleted_id: info.max_deleted_id.into(),
            entries_added: info.entries_added,
        });
        Ok(())
    }

    fn group(&mut self, group: Group<'_>) -> Result<(), LoadError> {
        let entries_read = group.entries_read.and_then(|count| i64::try_from(count).ok());
        let mut built = stream::Group::new(group.last_id.into(), entries_read);
        let mut digits = IntegerText::new();
        let mut ids = Vec::new();
        ids.try_reserve_exact(group.consumers.len()).map_err(|_| NoMemory)?;
        for consumer in &group.consumers {
            let name = consumer.name.element();
            let name = name.text(&mut digits);
            if !built.create_consumer(name, consumer.seen_ms)? {
                return Err(LoadError::Corrupt);
            }
            ids.push(built.find_consumer(name).ok_or(Corrupt)?);
        }
        for pending in &group.pending {
            let consumer = *ids.get(pending.consumer).ok_or(Corrupt)?;
            let (delivered_ms, deliveries) = (pending.delivered_ms, pending.deliveries);
            built.assign(pending.id.into(), stream::Pending { consumer, delivered_ms, deliveries })?;
        }
        let name = group.name.element();
        if self.stream.groups.add(name.text(&mut digits), built)? { Ok(()) } else { Err(LoadError::Corrupt) }
    }
}

/// Texts end to end, integers among them written out.
#[derive(Default)]
struct Texts {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Texts {
    fn fill<'e>(&mut self, elements: impl Iterator<Item = Element<'e>>) -> Result<(), NoMemory> {
        self.bytes.clear();
        self.ends.clear();
        let mut digits = IntegerText::new();
        for element in elements {
            let text = element.text(&mut digits);
            self.bytes.try_reserve(text.len()).map_err(|_| NoMemory)?;
            self.ends.try_reserve(1).map_err(|_| NoMemory)?;
            self.bytes.extend_from_slice(text);
            self.ends.push(self.bytes.len());
        }
        Ok(())
    }

    fn slices(&self) -> Result<Vec<&[u8]>, NoMemory> {
        let mut slices = Vec::new();
        slices.try_reserve_exact(self.ends.len()).map_err(|_| NoMemory)?;
        let mut start = 0;
        for &end in &self.ends {
            slices.push(&self.bytes[start..end]);
            start = end;
        }
        Ok(slices)
    }
}

fn element(value: Value<'_>) -> Element<'_> {
    match value {
        Value::Int(int) => Element::Int(int),
        Value::Text(text) => Element::Bytes(text),
    }
}

/// Writes a stream.
///
/// # Errors
/// If memory is short.
pub(super) fn save(writer: &mut Writer, stream: &Stream) -> Result<(), NoMemory> {
    let blocks = || stream.log.blocks().filter(|block| block.live() > 0);
    writer.length(blocks().count() as u64)?;
    let mut listpack = Builder::new();
    let mut names = Vec::new();
    for block in blocks() {
        names.clear();
        for name in block.fields() {
            names.try_reserve(1).map_err(|_| NoMemory)?;
            names.push(element(name));
        }
        let entries = block.entries().map(|entry| NodeEntry {
            id: entry.id.into(),
            is_deleted: entry.is_deleted,
            has_usual_names: entry.has_usual_fields(),
            fields: entry.pairs().map(|(name, value)| (element(name), element(value))),
        });
        stream_encode::node(writer, &mut listpack, block.first().into(), &names, entries)?;
    }
    let counters = stream.log.counters();
    let info = StreamInfo {
        first_id: counters.first_id.into(),
        last_id: counters.last_id.into(),
        max_deleted_id: counters.max_deleted_id.into(),
        entries_added: counters.entries_added,
    };
    stream_encode::numbers(writer, stream.log.len(), &info)?;
    writer.length(stream.groups.len() as u64)?;
    for (name, group) in stream.groups.iter() {
        save_group(writer, name, group)?;
    }
    Ok(())
}

fn save_group(writer: &mut Writer, name: &[u8], group: &stream::Group) -> Result<(), NoMemory> {
    let entries_read = group.entries_read().and_then(|count| u64::try_from(count).ok());
    stream_encode::group(writer, name, group.last_id.into(), entries_read)?;
    writer.length(group.pending().len() as u64)?;
    for (id, pending) in group.pending().iter() {
        stream_encode::pending(writer, (*id).into(), pending.delivered_ms, pending.deliveries)?;
    }
    writer.length(group.consumer_count() as u64)?;
    for consumer in group.consumers() {
        stream_encode::consumer(writer, &consumer.name, consumer.seen_ms)?;
        writer.length(consumer.pending().len() as u64)?;
        for id in consumer.pending().iter() {
            stream_encode::pending_id(writer, (*id).into())?;
        }
    }
    Ok(())
}
