//! What the names in payloads.txt stand for.

use super::{Bytes, Members, Stream, Value};
use std::collections::BTreeMap;

fn items() -> Vec<Bytes> {
    let (long, longer) = (vec![b'x'; 100], vec![b'y'; 5000]);
    let items: [&[u8]; 11] =
        [b"a", b"1", b"-70000", b"", b"\x00\xff\r\n", &long, &longer, b"12", b"-128", b"9000000000", b"007"];
    items.map(<[u8]>::to_vec).to_vec()
}

fn texts<T: ToString>(values: impl IntoIterator<Item = T>) -> impl Iterator<Item = Bytes> {
    values.into_iter().map(|value| value.to_string().into_bytes())
}

/// What a name in payloads.txt stands for.
pub fn expected(name: &str) -> Value {
    let pairs = |count| -> BTreeMap<Bytes, (Bytes, Option<i64>)> {
        let values = items().into_iter().take(count).map(|value| (value, None));
        texts((0..count).map(|index| format!("f{index}"))).zip(values).collect()
    };
    match name {
        "string-empty" => Value::String(Bytes::new()),
        "string-hello" => Value::String(b"hello".to_vec()),
        "string-int8" => Value::String(b"-5".to_vec()),
        "string-int16" => Value::String(b"1234".to_vec()),
        "string-int32" => Value::String(b"-2000000000".to_vec()),
        "string-int64" => Value::String(b"9000000000".to_vec()),
        "string-packed" => Value::String(b"abc".repeat(100)),
        "string-bytes" => Value::String((0..=255).collect()),
        "list-small" | "list-plain" | "list-linked" | "list-ziplist" | "list-quicklist" => Value::List(items()),
        "list-large" => Value::List(texts((0..2000).map(|index| format!("item:{index}"))).collect()),
        "list-quicklist-2" => Value::List([&items()[..5], &[b"plain".to_vec()]].concat()),
        "set-int16" => Value::Set(texts((-5..100).step_by(7)).collect()),
        "set-int32" => Value::Set(texts([70000, -70000, 3]).collect()),
        "set-int64" => Value::Set(texts([i64::MAX, i64::MIN, 0]).collect()),
        "set-mixed" | "set-listpack" => Value::Set(items().into_iter().collect()),
        "set-large" => Value::Set(texts((0..700).map(|index| format!("member:{index}"))).collect()),
        "set-of-integers" => Value::Set(texts([1, 2, 3]).collect()),
        "set-wide-intset" => Value::Set(texts([1, 2]).collect()),
        "hash-small" => Value::Hash(pairs(5)),
        "hash-long" | "hash-table" | "hash-ziplist" => Value::Hash(pairs(6)),
        "hash-zipmap" => {
            let mut hash = pairs(6);
            hash.insert(b"long".to_vec(), (vec![b'v'; 300], None));
            Value::Hash(hash)
        }
        "hash-large" => {
            let values = texts((0..600).map(|index| index * index)).map(|value| (value, None));
            Value::Hash(texts((0..600).map(|index| format!("field:{index}"))).zip(values).collect())
        }
        "hash-listpack-ex" | "hash-listpack-ex-rc" | "hash-metadata" | "hash-metadata-rc" => {
            let base = 1_700_000_000_000;
            let fields = [("a", "1", None), ("b", "2", Some(base)), ("c", "3", Some(base + 5000))];
            let field = |(field, value, at): (&str, &str, _)| (field.into(), (value.into(), at));
            Value::Hash(fields.map(field).into())
        }
        "zset-small" | "zset-text" | "zset-binary" | "zset-ziplist" => {
            let (low, high) = (f64::NEG_INFINITY, f64::INFINITY);
            let scores = [
                ("low", low),
                ("n", -1.5),
                ("zero", 0.0),
                ("7", 3.0),
                ("third", 1.0 / 3.0),
                ("big", 3e20),
                ("high", high),
            ];
            Value::ZSet(scores.map(|(member, score)| (member.into(), score)).into())
        }
        "zset-large" => {
            let scores = (0..200).map(|index| f64::from(index) / 4.0);
            Value::ZSet(texts((0..200).map(|index| format!("member:{index}"))).zip(scores).collect())
        }
        name => Value::Stream(expected_stream(name)),
    }
}

fn expected_stream(name: &str) -> Stream {
    let fields = |fields: &[(&str, &str)]| -> Vec<(Bytes, Bytes)> {
        fields.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
    };
    match name {
        "stream-empty" => Stream {
            groups: [(b"group".to_vec(), Members { last_id: (5, 5), ..Members::default() })].into(),
            ..Stream::default()
        },
        "stream-large" => {
            let entry = |index: u64| {
                let values = fields(&[("a", &index.to_string()), ("b", &"x".repeat((index % 50) as usize))]);
                ((1000 + index / 3, index), values)
            };
            Stream {
                entries: (0..250).filter(|index| index % 10 != 0).map(entry).collect(),
                last_id: (1083, 249),
                max_deleted_id: (1080, 240),
                added: 250,
                groups: BTreeMap::new(),
            }
        }
        "stream-groups" => {
            let pending = |name: &str, deliveries, time_ms| (name.into(), deliveries, Some(time_ms));
            let first = Members {
                last_id: (2, 7),
                // An entry was deleted behind it.
                read: None,
                consumers: ["alice", "bob", "idle"].map(|name| (name.into(), None)).into(),
                pending: [
                    ((2, 1), pending("alice", 300, 1_600_000_000_000)),
                    ((2, 7), pending("bob", 7, 1_700_000_000_000)),
                ]
                .into(),
            };
            let second = Members { last_id: (2, 1), ..Members::default() };
            Stream {
                entries: vec![
                    ((1, 1), fields(&[("a", "1")])),
                    ((2, 1), fields(&[("a", "2")])),
                    ((2, 7), fields(&[("b", ""), ("c", "-5"), ("b", "again")])),
                    ((10, 0), fields(&[("z", "z")])),
                ],
                last_id: (10, 0),
                max_deleted_id: (9, 1),
                added: 5,
                groups: [(b"first".to_vec(), first), (b"second".to_vec(), second)].into(),
            }
        }
        "stream-listpacks" | "stream-listpacks-2" | "stream-listpacks-3" => {
            let active_ms = (name == "stream-listpacks-3").then_some(1_700_000_000_002);
            let group = Members {
                last_id: (5, 1),
                read: Some(1),
                consumers: [(b"alice".to_vec(), active_ms)].into(),
                pending: [((5, 1), (b"alice".to_vec(), 3, Some(1_700_000_000_000)))].into(),
            };
            let knows_deleted = name != "stream-listpacks";
            Stream {
                entries: vec![((5, 1), fields(&[("f", "v1")])), ((6, 0), fields(&[("f", "v2"), ("g", "3")]))],
                last_id: (6, 0),
                max_deleted_id: if knows_deleted { (5, 6) } else { (0, 0) },
                added: if knows_deleted { 3 } else { 2 },
                groups: [(b"group".to_vec(), group)].into(),
            }
        }
        _ => panic!("no such payload: {name}"),
    }
}
