//! Payloads of RESTORE: every body is read to its end or refused, and what is written is read as it was.

#![no_main]

use libfuzzer_sys::fuzz_target;
use redisrs::persist::rdb::stream_decode::{Entry, Group, Node, StreamId, StreamInfo, StreamSink, stream};
use redisrs::persist::rdb::{Element, LoadError, Reader, Writer, decode, listpack, open};

/// An element takes a byte at least, and compression makes at most 88 of one.
const EXPANSION_MAX: usize = 88;

/// Counts what it is given.
#[derive(Default)]
struct Tally {
    elements: usize,
    last_id: Option<StreamId>,
}

impl Tally {
    fn add(&mut self, elements: usize) -> Result<(), LoadError> {
        self.elements += elements;
        Ok(())
    }
}

impl StreamSink for Tally {
    fn node(&mut self, node: Node<'_>) -> Result<(), LoadError> {
        self.add(node.names.count())
    }

    fn entry(&mut self, entry: Entry<'_>) -> Result<(), LoadError> {
        let count = entry.fields.count_left();
        assert_eq!(entry.fields.count() as u64, count);
        if !entry.is_deleted {
            assert!(self.last_id.is_none_or(|last_id| last_id < entry.id));
            self.last_id = Some(entry.id);
        }
        self.add(1)
    }

    fn info(&mut self, info: StreamInfo) -> Result<(), LoadError> {
        assert!(self.last_id.is_none_or(|last_id| last_id <= info.last_id));
        Ok(())
    }

    fn group(&mut self, group: Group<'_>) -> Result<(), LoadError> {
        assert!(group.pending.iter().all(|pending| pending.consumer < group.consumers.len()));
        assert!(group.pending.is_sorted_by(|a, b| a.id < b.id));
        self.add(group.pending.len() + group.consumers.len())
    }
}

fn value(data: &[u8]) {
    let mut reader = Reader::new(data);
    let Ok(type_id) = reader.byte() else { return };
    let mut tally = Tally::default();
    let results = [
        decode::list(type_id, &mut reader.clone(), |_| tally.add(1)),
        decode::set(type_id, &mut reader.clone(), |_| tally.add(1)),
        decode::zset(type_id, &mut reader.clone(), |_, score| {
            assert!(!score.is_nan());
            tally.add(1)
        }),
        decode::hash(type_id, &mut reader.clone(), |_, _, deadline_ms| {
            assert!(deadline_ms.is_none_or(|deadline_ms| deadline_ms > 0));
            tally.add(1)
        }),
        stream(type_id, &mut reader.clone(), &mut tally),
    ];
    assert!(results.iter().filter(|result| result.is_ok()).count() <= 1);
    assert!(!results.contains(&Err(LoadError::NoMemory)));
    assert!(tally.elements <= data.len() * EXPANSION_MAX);
}

fn string(data: &[u8]) {
    let mut writer = Writer::new(true);
    writer.text(data).expect("memory");
    let text = Reader::new(writer.bytes()).text().expect("what was written is read");
    assert_eq!(text.element().text(&mut Default::default()), data);
    drop(Reader::new(data).text());
}

fn flat(data: &[u8]) {
    let Ok(entries) = listpack::Entries::new(data) else { return };
    let Ok(elements) = entries.collect::<Result<Vec<Element<'_>>, _>>() else { return };
    let mut builder = listpack::Builder::new();
    for element in &elements {
        builder.push_element(*element).expect("memory");
    }
    let again = listpack::Entries::new(builder.finish()).expect("what was built is read");
    let same = |(a, b): (&Element<'_>, Element<'_>)| a.text(&mut Default::default()) == b.text(&mut Default::default());
    assert!(elements.iter().zip(again.map(Result::unwrap)).all(same));
}

fuzz_target!(|data: &[u8]| {
    value(open(data).unwrap_or(data));
    string(data);
    flat(data);
});
