//! Values of every type under concurrent changes: what they hold is conserved, and what a command says of a value is true
//! of all of it at that moment.

use super::{Client, Store, bulk, integer};
use redisrs::resp::reply_len;
use std::sync::atomic::{AtomicU64, Ordering};

/// Elements that go round between two keys of each type.
const ELEMENTS: usize = 200;
/// Enough at once to make any flat encoding large.
const MANY: usize = 150;

/// The parts of an array.
fn parts(reply: &str) -> Vec<&str> {
    let header = reply.find('\n').expect("an array") + 1;
    let (mut rest, mut parts) = (&reply[header..], Vec::new());
    while !rest.is_empty() {
        let len = reply_len(rest.as_bytes()).expect("well-formed").expect("whole");
        parts.push(&rest[..len]);
        rest = &rest[len..];
    }
    parts
}

fn array_len(reply: &str) -> usize {
    reply[1..].split("\r\n").next().expect("a header").parse().expect("a number of elements")
}

/// Runs commands in a transaction; their replies.
fn transaction(client: &mut dyn Client, commands: &[&[&str]]) -> String {
    assert_eq!(client.call(&["MULTI"]), "+OK\r\n");
    for command in commands {
        assert_eq!(client.call(command), "+QUEUED\r\n");
    }
    client.call(&["EXEC"])
}

/// Elements move between two lists, two sets, two sorted sets and two hashes; nobody ever sees one too few or too many.
pub fn nothing_is_lost_between_collections(store: &Store) {
    let mut client = store.client(0);
    for i in 0..ELEMENTS {
        let element = &format!("element:{i}");
        client.call(&["RPUSH", "c:l1", element]);
        client.call(&["SADD", "c:s1", element]);
        client.call(&["ZADD", "c:z1", "10", element]);
        client.call(&["HSET", "c:h1", element, "10"]);
    }
    let work = |client: &mut dyn Client, thread: usize| {
        let (from, to) = if thread.is_multiple_of(2) { ("1", "2") } else { ("2", "1") };
        let key = |kind: &str, end: &str| format!("c:{kind}{end}");
        for i in 0..200 * store.rounds {
            let element = &format!("element:{}", (i * 7 + thread) % ELEMENTS);
            client.call(&["LMOVE", &key("l", from), &key("l", to), "LEFT", "RIGHT"]);
            client.call(&["SMOVE", &key("s", from), &key("s", to), element]);
            let amount = if thread.is_multiple_of(2) { "1" } else { "-1" };
            let back = if thread.is_multiple_of(2) { "-1" } else { "1" };
            transaction(
                client,
                &[
                    &["ZINCRBY", "c:z1", amount, element],
                    &["ZINCRBY", "c:z1", back, "element:0"],
                    &["HINCRBY", "c:h1", element, amount],
                    &["HINCRBY", "c:h1", "element:1", back],
                ],
            );
        }
    };
    store.race(4, work, |client| {
        let reply = transaction(
            client,
            &[
                &["LLEN", "c:l1"],
                &["LLEN", "c:l2"],
                &["SCARD", "c:s1"],
                &["SCARD", "c:s2"],
                &["SUNION", "c:s1", "c:s2"],
                &["ZRANGE", "c:z1", "0", "-1", "WITHSCORES"],
                &["HVALS", "c:h1"],
            ],
        );
        let parts = parts(&reply);
        assert_eq!(integer(parts[0]) + integer(parts[1]), ELEMENTS as u64, "{reply}");
        assert_eq!(integer(parts[2]) + integer(parts[3]), ELEMENTS as u64, "{reply}");
        assert_eq!(array_len(parts[4]), ELEMENTS);
        let scores: i64 = numbers(parts[5]).skip(1).step_by(2).sum();
        assert_eq!(scores, 10 * ELEMENTS as i64, "{reply}");
        assert_eq!(numbers(parts[6]).sum::<i64>(), 10 * ELEMENTS as i64, "{reply}");
    });
}

/// The elements of an array of strings as numbers, 0 for what is none.
fn numbers(reply: &str) -> impl Iterator<Item = i64> {
    parts(reply).into_iter().map(|part| bulk(part).parse().unwrap_or(0)).collect::<Vec<_>>().into_iter()
}

/// Ids of a stream ascend for every reader, and each entry reaches one consumer of a group once.
pub fn entries_reach_one_consumer_each(store: &Store) {
    let (writers, readers) = (2, 3);
    let per_writer = 300 * store.rounds;
    store.client(0).call(&["XGROUP", "CREATE", "x", "g", "0", "MKSTREAM"]);
    let (read, live) = (AtomicU64::new(0), AtomicU64::new(writers as u64));
    let work = |client: &mut dyn Client, thread: usize| {
        if thread < writers {
            for i in 0..per_writer {
                let reply = client.call(&["XADD", "x", "*", "writer", &thread.to_string(), "number", &i.to_string()]);
                assert!(reply.starts_with('$'), "{reply}");
            }
            live.fetch_sub(1, Ordering::SeqCst);
            return;
        }
        let consumer = format!("consumer:{thread}");
        let argv = ["XREADGROUP", "GROUP", "g", &consumer, "COUNT", "7", "BLOCK", "5", "STREAMS", "x", ">"];
        loop {
            let was_last = live.load(Ordering::SeqCst) == 0;
            let reply = client.call(&argv);
            if reply.starts_with("*-") {
                if was_last {
                    break;
                }
                continue;
            }
            let streams = parts(&reply);
            for entry in parts(parts(streams[0])[1]) {
                assert_eq!(client.call(&["XACK", "x", "g", bulk(parts(entry)[0])]), ":1\r\n");
                read.fetch_add(1, Ordering::SeqCst);
            }
        }
    };
    store.race(writers + readers, work, |client| {
        let reply = client.call(&["XRANGE", "x", "-", "+", "COUNT", "50"]);
        let id = |entry: &str| {
            let text = bulk(parts(entry)[0]).to_owned();
            let (ms, seq) = text.split_once('-').expect("an id");
            (ms.parse::<u64>().expect("ms"), seq.parse::<u64>().expect("seq"))
        };
        assert!(parts(&reply).into_iter().map(id).is_sorted_by(|a, b| a < b), "{reply}");
    });
    assert_eq!(read.load(Ordering::SeqCst), (writers * per_writer) as u64);
    let mut client = store.client(1);
    assert_eq!(integer(&client.call(&["XLEN", "x"])), (writers * per_writer) as u64);
    assert!(client.call(&["XPENDING", "x", "g"]).starts_with("*4\r\n:0\r\n"));
}

/// Commands of every type on a few keys, which are deleted, renamed, copied, expired and flushed all the time. What a value
/// says of its size is what can be read of it, and in the end no memory is left.
pub fn values_of_any_type_stay_whole(store: &Store) {
    const KEYS: [&str; 6] = ["any:a", "any:b", "any:c", "any:d", "any:e", "any:f"];
    let many: Vec<String> = (0..MANY).map(|i| format!("member-{i}")).collect();
    let work = |client: &mut dyn Client, thread: usize| {
        for i in 0..400 * store.rounds {
            let (key, other) = (KEYS[(i * 5 + thread) % KEYS.len()], KEYS[(i / 3 + thread) % KEYS.len()]);
            let some = &many[i % MANY];
            let mut argv = match (i * 13 + thread * 7) % 24 {
                0 => vec!["RPUSH", key],
                1 => vec!["SADD", key],
                2..=4 => vec!["LPUSH", key, some, "7", some],
                5 => vec!["RPOP", key, "3"],
                6 => vec!["LTRIM", key, "1", "20"],
                7 | 8 => vec!["SADD", key, some, "12345"],
                9 => vec!["SPOP", key, "2"],
                10 | 11 => vec!["ZADD", key, "1.5", some, "2", "two"],
                12 => vec!["ZPOPMIN", key, "5"],
                13 | 14 => vec!["HSET", key, some, "value", "n", "1"],
                15 => vec!["HPEXPIRE", key, "1", "FIELDS", "1", "n"],
                16 => vec!["XADD", key, "MAXLEN", "50", "*", "field", some],
                17 => vec!["DEL", key],
                18 => vec!["RENAME", key, other],
                19 => vec!["COPY", key, other, "REPLACE"],
                20 => vec!["PEXPIRE", key, "2"],
                21 => vec!["SUNIONSTORE", key, other, key],
                22 if thread == 0 && i % 50 == 0 => vec!["FLUSHALL"],
                22 => vec!["UNLINK", key],
                _ => vec!["SORT", key, "ALPHA", "STORE", other],
            };
            if argv.len() == 2 && matches!(argv[0], "RPUSH" | "SADD") {
                argv.extend(many.iter().map(String::as_str));
            }
            let reply = client.call(&argv);
            let is_expected = !reply.starts_with('-')
                || ["-WRONGTYPE", "-ERR no such key", "-ERR source and destination"]
                    .iter()
                    .any(|e| reply.starts_with(e));
            assert!(is_expected, "{argv:?}: {reply}");
        }
    };
    store.race(6, work, |client| {
        for key in KEYS {
            let reply = transaction(
                client,
                &[
                    &["LLEN", key],
                    &["LRANGE", key, "0", "-1"],
                    &["SCARD", key],
                    &["SMEMBERS", key],
                    &["ZCARD", key],
                    &["ZRANGE", key, "0", "-1"],
                    &["HLEN", key],
                    &["HKEYS", key],
                    &["XLEN", key],
                    &["XRANGE", key, "-", "+"],
                ],
            );
            for pair in parts(&reply).chunks_exact(2) {
                if pair[0].starts_with(':') {
                    assert_eq!(integer(pair[0]), array_len(pair[1]) as u64, "{key}: {pair:?}");
                }
            }
        }
    });
    let mut client = store.client(0);
    client.call(&["FLUSHALL"]);
    assert_eq!(store.engine.used_memory(), 0);
}
