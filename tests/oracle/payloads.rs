//! Payloads of DUMP: which ones RESTORE is given, and when two are the same value.

use super::random::Random;
use super::resp::Reply;
use redisrs::persist::rdb::stream_decode::{Entry, Group, Node, StreamInfo, StreamSink, stream};
use redisrs::persist::rdb::{Element, LoadError, Reader, decode, open};

/// Made by tests/rdb/payloads.py: `name hex` a line.
const PAYLOADS: &str = include_str!("../rdb/payloads.txt");
/// The newest version that redis-server 7.0 reads.
const VERSION_MAX: u16 = 10;
const FOOTER_BYTES: usize = 10;
/// Large ones only make the test slow: all encodings have small ones.
const BYTES_MAX: usize = 400;

/// A payload, most often a sound one. What is unsound has a wrong checksum: what a server makes of a corrupt value with a
/// right one is its own business, as long as it survives.
pub fn payload(random: &mut Random) -> Vec<u8> {
    let payloads: Vec<Vec<u8>> = PAYLOADS.lines().filter_map(|line| line.split_once(' ')).map(decode_hex).collect();
    let is_known = |payload: &&Vec<u8>| {
        let version = &payload[payload.len() - FOOTER_BYTES..][..2];
        payload.len() < BYTES_MAX && u16::from_le_bytes([version[0], version[1]]) <= VERSION_MAX
    };
    let known: Vec<&Vec<u8>> = payloads.iter().filter(is_known).collect();
    let mut payload = (*random.pick(&known)).clone();
    match random.below(20) {
        0 => payload.truncate(random.below(payload.len())),
        1 => {
            let at = random.below(payload.len());
            payload[at] ^= 1 << random.below(8);
        }
        2 => payload.push(0),
        3 => payload.clear(),
        _ => {}
    }
    payload
}

/// The payload of that name.
pub fn named(name: &str) -> Option<Vec<u8>> {
    PAYLOADS.lines().filter_map(|line| line.split_once(' ')).find(|(found, _)| *found == name).map(decode_hex)
}

fn decode_hex((_, hex): (&str, &str)) -> Vec<u8> {
    let digit = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal digits");
    (0..hex.len()).step_by(2).map(digit).collect()
}

/// What is in a payload, as a tree that is equal for equal values: a hash table has no order, and a list may be cut into
/// nodes in many ways. A string must be the same byte for byte.
pub fn content(reply: &Reply) -> Reply {
    let Reply::Bulk(payload) = reply else { return reply.clone() };
    let parts = open(payload).and_then(|body| read(body).ok());
    parts.map_or_else(|| reply.clone(), Reply::Array)
}

fn read(body: &[u8]) -> Result<Vec<Reply>, LoadError> {
    use redisrs::keyspace::Kind;
    let mut reader = Reader::new(body);
    let type_id = reader.byte()?;
    let mut parts = Vec::new();
    match decode::kind(type_id).ok_or(LoadError::Corrupt)? {
        Kind::String => return Ok(vec![Reply::Bulk(body.to_vec())]),
        Kind::List => decode::list(type_id, &mut reader, |element| {
            parts.push(text(element));
            Ok(())
        })?,
        Kind::Set => decode::set(type_id, &mut reader, |member| {
            parts.push(text(member));
            Ok(())
        })?,
        Kind::Hash => decode::hash(type_id, &mut reader, |field, value, _| {
            parts.push(Reply::Array(vec![text(field), text(value)]));
            Ok(())
        })?,
        Kind::ZSet => decode::zset(type_id, &mut reader, |member, score| {
            parts.push(Reply::Array(vec![text(member), Reply::Double(score.to_string().into_bytes())]));
            Ok(())
        })?,
        Kind::Stream => {
            let mut found = StreamParts(Vec::new());
            stream(type_id, &mut reader, &mut found)?;
            parts = found.0;
        }
    }
    if decode::kind(type_id) != Some(Kind::List) {
        parts.sort();
    }
    parts.push(Reply::Integer(type_id.into()));
    Ok(parts)
}

fn text(element: Element<'_>) -> Reply {
    Reply::Bulk(element.text(&mut Default::default()).to_vec())
}

struct StreamParts(Vec<Reply>);

impl StreamParts {
    fn add(&mut self, line: String, more: Vec<Reply>) {
        self.0.push(Reply::Array([vec![Reply::Bulk(line.into_bytes())], more].concat()));
    }
}

impl StreamSink for StreamParts {
    fn node(&mut self, node: Node<'_>) -> Result<(), LoadError> {
        self.add(format!("node {:?} {}", node.id, node.bytes), node.names.map(text).collect());
        Ok(())
    }

    fn entry(&mut self, entry: Entry<'_>) -> Result<(), LoadError> {
        let fields = entry.fields.flat_map(|(name, value)| [text(name), text(value)]).collect();
        self.add(format!("entry {:?} {}", entry.id, entry.is_deleted), fields);
        Ok(())
    }

    fn info(&mut self, info: StreamInfo) -> Result<(), LoadError> {
        self.add(format!("{info:?}"), Vec::new());
        Ok(())
    }

    fn group(&mut self, group: Group<'_>) -> Result<(), LoadError> {
        let head = format!("group {:?} {:?}", group.last_id, group.entries_read);
        self.add(head, vec![text(group.name.element())]);
        for consumer in &group.consumers {
            self.add(format!("consumer {}", moment(consumer.seen_ms)), vec![text(consumer.name.element())]);
        }
        for pending in &group.pending {
            let consumer = group.consumers.get(pending.consumer).map(|consumer| text(consumer.name.element()));
            let head = format!("pending {:?} {} {}", pending.id, moment(pending.delivered_ms), pending.deliveries);
            self.add(head, consumer.into_iter().collect());
        }
        Ok(())
    }
}

/// A time, without what differs between two servers that do the same one after the other.
fn moment(ms: i64) -> String {
    const EARLY_MS: i64 = 1_600_000_000_000;
    if ms < EARLY_MS { format!("{ms} ms") } else { format!("{} * 10 s", ms / 10_000) }
}
