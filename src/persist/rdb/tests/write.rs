//! What is written is what Redis writes, byte for byte where Redis has no choice.

use super::expected::expected;
use super::{Bytes, Stream, Value, load, owned, payloads};
use crate::persist::rdb::listpack::Builder;
use crate::persist::rdb::stream_decode::{Entry, Group, Node, StreamId, StreamInfo, StreamSink};
use crate::persist::rdb::stream_encode::NodeEntry;
use crate::persist::rdb::{
    Element, LoadError, Reader, Writer, decode, encode, open, stream_decode, stream_encode, type_id,
};
use crate::storage::NoMemory;
use std::collections::BTreeSet;

/// The body that Redis writes for a name in payloads.txt.
fn body(name: &str) -> Bytes {
    let (_, payload) = payloads().into_iter().find(|(of, _)| *of == name).unwrap();
    open(&payload).unwrap()[1..].to_vec()
}

fn elements(texts: &[Bytes]) -> impl Iterator<Item = Element<'_>> + Clone {
    texts.iter().map(|text| Element::Bytes(text))
}

fn written(write: impl FnOnce(&mut Writer) -> Result<(), NoMemory>) -> Bytes {
    let mut writer = Writer::new(true);
    write(&mut writer).unwrap();
    writer.bytes().to_vec()
}

#[test]
fn lists_are_written_as_redis_writes_them() {
    for name in ["list-small", "list-large"] {
        let Value::List(items) = expected(name) else { unreachable!() };
        let list = |writer: &mut _| encode::list(writer, |visit| elements(&items).try_for_each(&mut *visit));
        assert!(written(list) == body(name), "{name}");
    }
}

#[test]
fn sets_are_written_as_redis_writes_them() {
    for name in ["set-int16", "set-int32", "set-int64"] {
        let Value::Set(set) = expected(name) else { unreachable!() };
        let integers: BTreeSet<i64> = set.iter().map(|text| Element::Bytes(text).int().unwrap()).collect();
        assert!(
            written(|writer| encode::intset(writer, set.len(), || integers.iter().copied())) == body(name),
            "{name}"
        );
    }
    for name in ["set-mixed", "set-large"] {
        // In the order of Redis's hash table.
        let mut members = Vec::new();
        decode::set(type_id::SET, &mut Reader::new(&body(name)), |member| {
            members.push(owned(member));
            Ok(())
        })
        .unwrap();
        assert!(written(|writer| encode::set(writer, members.len(), elements(&members))) == body(name), "{name}");
    }
}

#[test]
fn hashes_are_written_as_redis_writes_them() {
    for (name, type_id) in [
        ("hash-small", type_id::HASH_LISTPACK),
        ("hash-long", type_id::HASH),
        ("hash-large", type_id::HASH),
        ("hash-metadata", type_id::HASH_METADATA),
    ] {
        let mut fields = Vec::new();
        decode::hash(type_id, &mut Reader::new(&body(name)), |field, value, deadline_ms| {
            fields.push((owned(field), owned(value), deadline_ms));
            Ok(())
        })
        .unwrap();
        let pairs = fields.iter().map(|(field, value, _)| (Element::Bytes(field), Element::Bytes(value)));
        let bytes = written(|writer| match type_id {
            type_id::HASH_LISTPACK => encode::hash_listpack(writer, pairs),
            type_id::HASH => encode::hash(writer, fields.len(), pairs),
            _ => {
                let deadlines = fields.iter().map(|(_, _, deadline_ms)| *deadline_ms);
                let fields = pairs.zip(deadlines).map(|((field, value), deadline_ms)| (field, value, deadline_ms));
                encode::hash_with_deadlines(writer, fields.clone().count(), 1_700_000_000_000, fields)
            }
        });
        if name == "hash-metadata" {
            // The script does not write strings as integers.
            let again = [&[type_id], &bytes[..]].concat();
            assert_eq!(load(&again), Ok(expected(name)));
        } else {
            assert!(bytes == body(name), "{name}");
        }
    }
}

#[test]
fn sorted_sets_are_written_as_redis_writes_them() {
    for (name, type_id) in [("zset-small", type_id::ZSET_LISTPACK), ("zset-large", type_id::ZSET_2)] {
        let mut members = Vec::new();
        decode::zset(type_id, &mut Reader::new(&body(name)), |member, score| {
            members.push((owned(member), score));
            Ok(())
        })
        .unwrap();
        let ascends = members.is_sorted_by(|(_, a), (_, b)| a <= b);
        assert_eq!(ascends, type_id == type_id::ZSET_LISTPACK);
        let pairs = members.iter().map(|(member, score)| (Element::Bytes(member), *score));
        let bytes = written(|writer| match ascends {
            true => encode::zset_listpack(writer, pairs),
            false => encode::zset(writer, members.len(), pairs),
        });
        assert!(bytes == body(name), "{name}");
    }
}

#[test]
fn streams_are_written_as_redis_writes_them() {
    for name in ["stream-empty", "stream-listpacks-2", "stream-groups", "stream-large"] {
        let Value::Stream(stream) = expected(name) else { unreachable!() };
        let bytes = written(|writer| write_stream(writer, &stream));
        let again = [&[type_id::STREAM_LISTPACKS_2], &bytes[..]].concat();
        assert_eq!(load(&again), Ok(Value::Stream(stream)), "{name}");
        let mut nodes = Nodes { writer: Writer::new(true), node: None };
        let body = body(name);
        let mut reader = Reader::new(&body);
        stream_decode::stream(type_id::STREAM_LISTPACKS_2, &mut reader, &mut nodes).unwrap();
        // How many nodes there are takes one byte.
        assert!(body[1..].starts_with(nodes.writer.bytes()), "{name}");
        assert_eq!(nodes.writer.bytes().is_empty(), name == "stream-empty");
    }
}

type OwnedPair = (Bytes, Bytes);
type OwnedEntry = NodeEntry<Vec<OwnedPair>>;

/// Writes the nodes of a stream again, as it reads them.
struct Nodes {
    writer: Writer,
    node: Option<(StreamId, Vec<Bytes>, Vec<OwnedEntry>)>,
}

impl Nodes {
    fn flush(&mut self) {
        let Some((id, names, entries)) = self.node.take() else { return };
        let entries = entries.iter().map(|entry| NodeEntry {
            id: entry.id,
            is_deleted: entry.is_deleted,
            has_usual_names: entry.has_usual_names,
            fields: entry.fields.iter().map(|(name, value)| (Element::Bytes(name), Element::Bytes(value))),
        });
        stream_encode::node(&mut self.writer, &mut Builder::new(), id, &elements(&names).collect::<Vec<_>>(), entries)
            .unwrap();
    }
}

impl StreamSink for Nodes {
    fn node(&mut self, node: Node<'_>) -> Result<(), LoadError> {
        self.flush();
        self.node = Some((node.id, node.names.map(owned).collect(), Vec::new()));
        Ok(())
    }

    fn entry(&mut self, entry: Entry<'_>) -> Result<(), LoadError> {
        let (_, names, entries) = self.node.as_mut().unwrap();
        let fields: Vec<_> = entry.fields.map(|(name, value)| (owned(name), owned(value))).collect();
        entries.push(NodeEntry {
            id: entry.id,
            is_deleted: entry.is_deleted,
            has_usual_names: fields.iter().map(|(name, _)| name).eq(&*names),
            fields,
        });
        Ok(())
    }

    fn info(&mut self, _: StreamInfo) -> Result<(), LoadError> {
        self.flush();
        Ok(())
    }

    fn group(&mut self, _: Group<'_>) -> Result<(), LoadError> {
        Ok(())
    }
}

fn write_stream(writer: &mut Writer, stream: &Stream) -> Result<(), NoMemory> {
    let id = |(ms, seq): (u64, u64)| StreamId { ms, seq };
    let nodes = stream.entries.chunks(100);
    writer.length(nodes.len() as u64)?;
    for entries in nodes {
        let entry = |(at, fields): &'_ ((u64, u64), Vec<OwnedPair>)| NodeEntry {
            id: id(*at),
            is_deleted: false,
            has_usual_names: false,
            fields: fields.clone(),
        };
        let entries: Vec<_> = entries.iter().map(entry).collect();
        let first = entries[0].id;
        let entries = entries.iter().map(|entry| NodeEntry {
            id: entry.id,
            is_deleted: false,
            has_usual_names: false,
            fields: entry.fields.iter().map(|(name, value)| (Element::Bytes(name), Element::Bytes(value))),
        });
        stream_encode::node(writer, &mut Builder::new(), first, &[], entries)?;
    }
    let info = StreamInfo {
        first_id: stream.entries.first().map_or(StreamId::default(), |(at, _)| id(*at)),
        last_id: id(stream.last_id),
        max_deleted_id: id(stream.max_deleted_id),
        entries_added: stream.added,
    };
    stream_encode::numbers(writer, stream.entries.len() as u64, &info)?;
    writer.length(stream.groups.len() as u64)?;
    for (name, members) in &stream.groups {
        stream_encode::group(writer, name, id(members.last_id), members.read)?;
        writer.length(members.pending.len() as u64)?;
        for (at, (_, deliveries, time_ms)) in &members.pending {
            stream_encode::pending(writer, id(*at), time_ms.unwrap_or(1), *deliveries)?;
        }
        writer.length(members.consumers.len() as u64)?;
        for name in members.consumers.keys() {
            stream_encode::consumer(writer, name, 5)?;
            let own = members.pending.iter().filter(|(_, (owner, _, _))| owner == name);
            writer.length(own.clone().count() as u64)?;
            for (at, _) in own {
                stream_encode::pending_id(writer, id(*at))?;
            }
        }
    }
    Ok(())
}
