//! Whole payloads: those of tests/rdb/payloads.txt, which a script has made with a real server.
//!
//! | file | tests |
//! |---|---|
//! | `read` | every payload is read as what it is, every contradiction is refused |
//! | `damage` | damaged payloads do no harm |
//! | `write` | values are written as Redis writes them |
//! | `expected` | what the payloads are |

mod damage;
mod expected;
mod read;
mod write;

use super::stream_decode::{Entry, Group, Node, StreamId, StreamInfo, StreamSink, stream};
use super::{Corrupt, Element, LoadError, Reader, decode};
use crate::resp::number::IntegerText;
use crate::storage::Kind;
use std::collections::{BTreeMap, BTreeSet};

type Bytes = Vec<u8>;
type Id = (u64, u64);
type Pairs = Vec<(Bytes, Bytes)>;

/// A value as plainly as it can be kept.
#[derive(Clone, Debug, PartialEq)]
enum Value {
    String(Bytes),
    List(Vec<Bytes>),
    Set(BTreeSet<Bytes>),
    Hash(BTreeMap<Bytes, (Bytes, Option<i64>)>),
    ZSet(BTreeMap<Bytes, f64>),
    Stream(Stream),
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Stream {
    entries: Vec<(Id, Pairs)>,
    last_id: Id,
    max_deleted_id: Id,
    added: u64,
    groups: BTreeMap<Bytes, Members>,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Members {
    last_id: Id,
    read: Option<u64>,
    consumers: BTreeMap<Bytes, Option<i64>>,
    /// Consumer, deliveries, and the time if it is not the time of the harvest.
    pending: BTreeMap<Id, (Bytes, u64, Option<i64>)>,
}

fn owned(element: Element<'_>) -> Bytes {
    element.text(&mut IntegerText::new()).to_vec()
}

fn pair(id: StreamId) -> Id {
    (id.ms, id.seq)
}

fn unless_known(is_new: bool) -> Result<(), LoadError> {
    if is_new { Ok(()) } else { Err(LoadError::Corrupt) }
}

impl StreamSink for Stream {
    fn node(&mut self, node: Node<'_>) -> Result<(), LoadError> {
        assert!(node.names.count() < node.bytes);
        Ok(())
    }

    fn entry(&mut self, entry: Entry<'_>) -> Result<(), LoadError> {
        let count = entry.fields.count_left();
        let fields: Vec<_> = entry.fields.map(|(name, value)| (owned(name), owned(value))).collect();
        assert_eq!(fields.len() as u64, count);
        if !entry.is_deleted {
            assert!(self.entries.last().is_none_or(|(before, _)| *before < pair(entry.id)));
            self.entries.push((pair(entry.id), fields));
        }
        Ok(())
    }

    fn info(&mut self, info: StreamInfo) -> Result<(), LoadError> {
        (self.last_id, self.max_deleted_id) = (pair(info.last_id), pair(info.max_deleted_id));
        self.added = info.entries_added;
        Ok(())
    }

    fn group(&mut self, group: Group<'_>) -> Result<(), LoadError> {
        let names: Vec<Bytes> = group.consumers.iter().map(|consumer| owned(consumer.name.element())).collect();
        let mut members = Members { last_id: pair(group.last_id), read: group.entries_read, ..Members::default() };
        for (name, consumer) in names.iter().zip(&group.consumers) {
            unless_known(members.consumers.insert(name.clone(), consumer.active_ms).is_none())?;
        }
        for pending in &group.pending {
            let time_ms = Some(pending.delivered_ms).filter(|ms| ms % 1_000_000 == 0);
            let known = (names[pending.consumer].clone(), pending.deliveries, time_ms);
            members.pending.insert(pair(pending.id), known);
        }
        unless_known(self.groups.insert(owned(group.name.element()), members).is_none())
    }
}

/// Decodes a payload without its footer.
fn load(payload: &[u8]) -> Result<Value, LoadError> {
    let mut reader = Reader::new(payload);
    let type_id = reader.byte()?;
    let reader = &mut reader;
    Ok(match decode::kind(type_id).ok_or(Corrupt)? {
        Kind::String => Value::String(owned(reader.text()?.element())),
        Kind::List => {
            let mut list = Vec::new();
            decode::list(type_id, reader, |element| {
                list.push(owned(element));
                Ok(())
            })?;
            Value::List(list)
        }
        Kind::Set => {
            let mut set = BTreeSet::new();
            decode::set(type_id, reader, |member| unless_known(set.insert(owned(member))))?;
            Value::Set(set)
        }
        Kind::Hash => {
            let mut hash = BTreeMap::new();
            decode::hash(type_id, reader, |field, value, deadline_ms| {
                unless_known(hash.insert(owned(field), (owned(value), deadline_ms)).is_none())
            })?;
            Value::Hash(hash)
        }
        Kind::ZSet => {
            let mut zset = BTreeMap::new();
            decode::zset(type_id, reader, |member, score| unless_known(zset.insert(owned(member), score).is_none()))?;
            Value::ZSet(zset)
        }
        Kind::Stream => {
            let mut value = Stream::default();
            stream(type_id, reader, &mut value)?;
            Value::Stream(value)
        }
    })
}

/// All payloads by name.
fn payloads() -> Vec<(&'static str, Bytes)> {
    let lines = include_str!("../../../../tests/rdb/payloads.txt").lines();
    let payload = |line: &'static str| {
        let (name, hex) = line.split_once(' ').unwrap();
        let digits = hex.as_bytes().chunks(2).map(|digits| std::str::from_utf8(digits).unwrap());
        (name, digits.map(|digits| u8::from_str_radix(digits, 16).unwrap()).collect())
    };
    lines.map(payload).collect()
}
