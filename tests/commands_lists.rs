//! List commands: every reply below is what redis-server 7.0.15 answers to the same words.

#[path = "common/session.rs"]
mod session;

use redisrs::resp::Protocol;
use session::{Client, Store};

#[test]
fn pushes_and_pops_at_both_ends() {
    Store::new().client().expect(&[
        ("RPUSH l a b c", ":3\r\n"),
        ("LPUSH l x y", ":5\r\n"),
        ("LRANGE l 0 -1", "*5\r\n$1\r\ny\r\n$1\r\nx\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n"),
        ("LPUSHX none a", ":0\r\n"),
        ("RPUSHX none a b", ":0\r\n"),
        ("EXISTS none", ":0\r\n"),
        ("RPUSHX l d e", ":7\r\n"),
        ("LPUSHX l z", ":8\r\n"),
        ("LLEN l", ":8\r\n"),
        ("LLEN none", ":0\r\n"),
        ("LPOP l", "$1\r\nz\r\n"),
        ("RPOP l", "$1\r\ne\r\n"),
        ("LPOP none", "$-1\r\n"),
        ("LPOP l 0", "*0\r\n"),
        ("LPOP none 0", "*-1\r\n"),
        ("LPOP l 2", "*2\r\n$1\r\ny\r\n$1\r\nx\r\n"),
        ("RPOP l 3", "*3\r\n$1\r\nd\r\n$1\r\nc\r\n$1\r\nb\r\n"),
        ("RPOP none 3", "*-1\r\n"),
        ("RPOP l 9", "*1\r\n$1\r\na\r\n"),
        ("EXISTS l", ":0\r\n"),
        ("LPOP l -1", "-ERR value is out of range, must be positive\r\n"),
        ("LPOP l abc", "-ERR value is out of range, must be positive\r\n"),
        ("LPOP l 1 2", "-ERR wrong number of arguments for 'lpop' command\r\n"),
        ("LPUSH l", "-ERR wrong number of arguments for 'lpush' command\r\n"),
        ("OBJECT ENCODING l", "$-1\r\n"),
        ("RPUSH l 1", ":1\r\n"),
        ("OBJECT ENCODING l", "$9\r\nquicklist\r\n"),
    ]);
}

#[test]
fn elements_keep_their_bytes() {
    Store::new().client().expect(&[
        ("RPUSH l 0 127 128 -1 4095 4096 -4096 -4097 32767 -32768 8388607 -8388608 2147483647 -2147483648 2147483648 9223372036854775807 -9223372036854775808 9223372036854775808 007 -0 +1 1.0 0x10", ":23\r\n"),
        ("LRANGE l 0 -1", "*23\r\n$1\r\n0\r\n$3\r\n127\r\n$3\r\n128\r\n$2\r\n-1\r\n$4\r\n4095\r\n$4\r\n4096\r\n$5\r\n-4096\r\n$5\r\n-4097\r\n$5\r\n32767\r\n$6\r\n-32768\r\n$7\r\n8388607\r\n$8\r\n-8388608\r\n$10\r\n2147483647\r\n$11\r\n-2147483648\r\n$10\r\n2147483648\r\n$19\r\n9223372036854775807\r\n$20\r\n-9223372036854775808\r\n$19\r\n9223372036854775808\r\n$3\r\n007\r\n$2\r\n-0\r\n$2\r\n+1\r\n$3\r\n1.0\r\n$4\r\n0x10\r\n"),
        ("LREM l 0 7", ":0\r\n"),
        ("LREM l 0 007", ":1\r\n"),
        ("LREM l 1 128", ":1\r\n"),
        ("LPOS l -4097", ":6\r\n"),
        ("LINDEX l -1", "$4\r\n0x10\r\n"),
    ]);
}

#[test]
fn ranges_and_indexes_count_from_either_end() {
    Store::new().client().expect(&[
        ("RPUSH l a b c d e", ":5\r\n"),
        ("LRANGE l 1 3", "*3\r\n$1\r\nb\r\n$1\r\nc\r\n$1\r\nd\r\n"),
        ("LRANGE l -3 -2", "*2\r\n$1\r\nc\r\n$1\r\nd\r\n"),
        ("LRANGE l -100 100", "*5\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n$1\r\nd\r\n$1\r\ne\r\n"),
        ("LRANGE l 3 1", "*0\r\n"),
        ("LRANGE l 5 9", "*0\r\n"),
        ("LRANGE none 0 -1", "*0\r\n"),
        ("LRANGE l a 1", "-ERR value is not an integer or out of range\r\n"),
        ("LRANGE l 1 b", "-ERR value is not an integer or out of range\r\n"),
        ("LINDEX l 0", "$1\r\na\r\n"),
        ("LINDEX l -5", "$1\r\na\r\n"),
        ("LINDEX l 5", "$-1\r\n"),
        ("LINDEX l -6", "$-1\r\n"),
        ("LINDEX none 0", "$-1\r\n"),
        ("LINDEX none x", "$-1\r\n"),
        ("LINDEX l x", "-ERR value is not an integer or out of range\r\n"),
        ("LSET l 0 A", "+OK\r\n"),
        ("LSET l -1 E", "+OK\r\n"),
        ("LSET l 5 F", "-ERR index out of range\r\n"),
        ("LSET l -6 F", "-ERR index out of range\r\n"),
        ("LSET l x F", "-ERR value is not an integer or out of range\r\n"),
        ("LSET none 0 a", "-ERR no such key\r\n"),
        ("LSET none x a", "-ERR no such key\r\n"),
        ("LRANGE l 0 -1", "*5\r\n$1\r\nA\r\n$1\r\nb\r\n$1\r\nc\r\n$1\r\nd\r\n$1\r\nE\r\n"),
        ("LTRIM l 1 -2", "+OK\r\n"),
        ("LRANGE l 0 -1", "*3\r\n$1\r\nb\r\n$1\r\nc\r\n$1\r\nd\r\n"),
        ("LTRIM l 1 1", "+OK\r\n"),
        ("LRANGE l 0 -1", "*1\r\n$1\r\nc\r\n"),
        ("LTRIM l 2 1", "+OK\r\n"),
        ("EXISTS l", ":0\r\n"),
        ("LTRIM none 0 0", "+OK\r\n"),
        ("LTRIM none 0 x", "-ERR value is not an integer or out of range\r\n"),
    ]);
}

#[test]
fn inserts_beside_the_first_pivot() {
    Store::new().client().expect(&[
        ("RPUSH l a b a", ":3\r\n"),
        ("LINSERT l BEFORE a x", ":4\r\n"),
        ("LINSERT l after a y", ":5\r\n"),
        ("LINSERT l AFTER b 5", ":6\r\n"),
        ("LINSERT l BEFORE none y", ":-1\r\n"),
        ("LINSERT none BEFORE a y", ":0\r\n"),
        ("LINSERT l beside a y", "-ERR syntax error\r\n"),
        ("LINSERT none beside a y", "-ERR syntax error\r\n"),
        ("LRANGE l 0 -1", "*6\r\n$1\r\nx\r\n$1\r\na\r\n$1\r\ny\r\n$1\r\nb\r\n$1\r\n5\r\n$1\r\na\r\n"),
        ("LINSERT l BEFORE a", "-ERR wrong number of arguments for 'linsert' command\r\n"),
    ]);
}

#[test]
fn removes_from_the_side_that_the_sign_says() {
    Store::new().client().expect(&[
        ("RPUSH l a b a c a b a", ":7\r\n"),
        ("LREM l 1 a", ":1\r\n"),
        ("LRANGE l 0 -1", "*6\r\n$1\r\nb\r\n$1\r\na\r\n$1\r\nc\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\na\r\n"),
        ("LREM l -2 a", ":2\r\n"),
        ("LRANGE l 0 -1", "*4\r\n$1\r\nb\r\n$1\r\na\r\n$1\r\nc\r\n$1\r\nb\r\n"),
        ("LREM l -9223372036854775808 b", ":2\r\n"),
        ("LREM l 5 none", ":0\r\n"),
        ("LREM l x a", "-ERR value is not an integer or out of range\r\n"),
        ("LREM none 0 a", ":0\r\n"),
        ("LREM l 0 a", ":1\r\n"),
        ("LREM l 0 c", ":1\r\n"),
        ("EXISTS l", ":0\r\n"),
    ]);
}

#[test]
fn lpos_counts_matches() {
    Store::new().client().expect(&[
        ("RPUSH l a b c 1 2 3 c c", ":8\r\n"),
        ("LPOS l c", ":2\r\n"),
        ("LPOS l c RANK 2", ":6\r\n"),
        ("LPOS l c RANK -1", ":7\r\n"),
        ("LPOS l c RANK 4", "$-1\r\n"),
        ("LPOS l c COUNT 2", "*2\r\n:2\r\n:6\r\n"),
        ("LPOS l c COUNT 0", "*3\r\n:2\r\n:6\r\n:7\r\n"),
        ("LPOS l c COUNT 0 RANK -1", "*3\r\n:7\r\n:6\r\n:2\r\n"),
        ("LPOS l c COUNT 2 RANK -2", "*2\r\n:6\r\n:2\r\n"),
        ("LPOS l c COUNT 0 MAXLEN 7", "*2\r\n:2\r\n:6\r\n"),
        ("LPOS l c MAXLEN 2", "$-1\r\n"),
        ("LPOS l c RANK -1 MAXLEN 1", ":7\r\n"),
        ("LPOS l 3 MAXLEN 0", ":5\r\n"),
        ("LPOS l none", "$-1\r\n"),
        ("LPOS l none COUNT 1", "*0\r\n"),
        ("LPOS none a", "$-1\r\n"),
        ("LPOS none a COUNT 1", "*0\r\n"),
        ("LPOS l c RANK 0", "-ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from the end of the list\r\n"),
        ("LPOS l c COUNT -1", "-ERR COUNT can't be negative\r\n"),
        ("LPOS l c MAXLEN -1", "-ERR MAXLEN can't be negative\r\n"),
        ("LPOS l c COUNT x", "-ERR COUNT can't be negative\r\n"),
        ("LPOS l c RANK x", "-ERR value is not an integer or out of range\r\n"),
        ("LPOS l c FOO 1", "-ERR syntax error\r\n"),
        ("LPOS l c RANK", "-ERR syntax error\r\n"),
        ("LPOS l c COUNT 1 COUNT 3 rank 1 RANK 2", "*2\r\n:6\r\n:7\r\n"),
        ("LPOS none c RANK 0", "-ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from the end of the list\r\n"),
    ]);
}

#[test]
fn moves_between_lists_and_within_one() {
    Store::new().client().expect(&[
        ("RPUSH l a b c", ":3\r\n"),
        ("LMOVE l m LEFT RIGHT", "$1\r\na\r\n"),
        ("LMOVE l m RIGHT LEFT", "$1\r\nc\r\n"),
        ("LRANGE m 0 -1", "*2\r\n$1\r\nc\r\n$1\r\na\r\n"),
        ("LMOVE l l LEFT RIGHT", "$1\r\nb\r\n"),
        ("LMOVE l m left left", "$1\r\nb\r\n"),
        ("EXISTS l", ":0\r\n"),
        ("LMOVE l m LEFT LEFT", "$-1\r\n"),
        ("LMOVE m m LEFT RIGHT", "$1\r\nb\r\n"),
        ("LMOVE m m RIGHT RIGHT", "$1\r\nb\r\n"),
        ("LRANGE m 0 -1", "*3\r\n$1\r\nc\r\n$1\r\na\r\n$1\r\nb\r\n"),
        ("LMOVE m l UP LEFT", "-ERR syntax error\r\n"),
        ("LMOVE m l LEFT", "-ERR wrong number of arguments for 'lmove' command\r\n"),
        ("RPOPLPUSH m n", "$1\r\nb\r\n"),
        ("RPOPLPUSH none n", "$-1\r\n"),
        ("RPOPLPUSH m m", "$1\r\na\r\n"),
        ("LRANGE m 0 -1", "*2\r\n$1\r\na\r\n$1\r\nc\r\n"),
        ("SET s x", "+OK\r\n"),
        ("LMOVE m s LEFT LEFT", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"),
        ("LMOVE s m LEFT LEFT", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"),
        ("LMOVE none s LEFT LEFT", "$-1\r\n"),
        ("RPOPLPUSH m s", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"),
        ("LRANGE m 0 -1", "*2\r\n$1\r\na\r\n$1\r\nc\r\n"),
    ]);
}

#[test]
fn lmpop_takes_the_first_list_that_is_there() {
    Store::new().client().expect(&[
        ("RPUSH l a b c d", ":4\r\n"),
        ("LMPOP 2 none l LEFT", "*2\r\n$1\r\nl\r\n*1\r\n$1\r\na\r\n"),
        ("LMPOP 2 none l RIGHT COUNT 2", "*2\r\n$1\r\nl\r\n*2\r\n$1\r\nd\r\n$1\r\nc\r\n"),
        ("LMPOP 1 l LEFT COUNT 10", "*2\r\n$1\r\nl\r\n*1\r\n$1\r\nb\r\n"),
        ("EXISTS l", ":0\r\n"),
        ("LMPOP 1 l LEFT", "*-1\r\n"),
        ("LMPOP 0 l LEFT", "-ERR numkeys should be greater than 0\r\n"),
        ("LMPOP -1 l LEFT", "-ERR numkeys should be greater than 0\r\n"),
        ("LMPOP x l LEFT", "-ERR numkeys should be greater than 0\r\n"),
        ("LMPOP 2 l LEFT", "-ERR syntax error\r\n"),
        ("LMPOP 1 l UP", "-ERR syntax error\r\n"),
        ("LMPOP 1 l LEFT COUNT", "-ERR syntax error\r\n"),
        ("LMPOP 1 l LEFT COUNT 0", "-ERR count should be greater than 0\r\n"),
        ("LMPOP 1 l LEFT COUNT -1", "-ERR count should be greater than 0\r\n"),
        ("LMPOP 1 l LEFT COUNT x", "-ERR count should be greater than 0\r\n"),
        ("LMPOP 1 l LEFT COUNT 1 COUNT 1", "-ERR syntax error\r\n"),
        ("LMPOP 1 l LEFT FOO 1", "-ERR syntax error\r\n"),
        ("SET s x", "+OK\r\n"),
        ("LMPOP 2 none s LEFT", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"),
        ("LMPOP 2 none s UP", "-ERR syntax error\r\n"),
    ]);
}

#[test]
fn other_types_are_refused() {
    Store::new().client().expect(&[
        ("SET s x", "+OK\r\n"),
        ("LPUSH s a", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"),
        ("RPUSH s a", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"),
        ("LPUSHX s a", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"),
        ("RPUSHX s a", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"),
        ("LPOP s", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"),
        ("LPOP s 1", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"),
        ("LPOP s x", "-ERR value is out of range, must be positive\r\n"),
        ("LLEN s", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"),
        ("LRANGE s 0 -1", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"),
        ("LRANGE s x 0", "-ERR value is not an integer or out of range\r\n"),
        ("LINDEX s 0", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"),
        ("LINDEX s x", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"),
        ("LSET s 0 a", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"),
        ("LSET s x a", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"),
        ("LINSERT s BEFORE a b", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"),
        ("LREM s 0 a", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"),
        ("LREM s x a", "-ERR value is not an integer or out of range\r\n"),
        ("LTRIM s 0 0", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"),
        ("LPOS s a", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"),
        ("LPOS s a RANK 0", "-ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from the end of the list\r\n"),
        ("RPUSH l a", ":1\r\n"),
        ("GET l", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"),
        ("APPEND l x", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"),
        ("SETNX l x", ":0\r\n"),
        ("TYPE l", "+list\r\n"),
        ("SET l x", "+OK\r\n"),
        ("TYPE l", "+string\r\n"),
    ]);
}

#[test]
fn resp3_has_its_own_null() {
    let store = Store::new();
    let mut client = store.client();
    client.session.set_protocol(Protocol::Resp3);
    client.expect(&[
        ("LPOP none", "_\r\n"),
        ("LPOP none 1", "_\r\n"),
        ("LINDEX none 0", "_\r\n"),
        ("LPOS none a", "_\r\n"),
        ("LMOVE none a LEFT LEFT", "_\r\n"),
        ("LMPOP 1 none LEFT", "_\r\n"),
        ("RPUSH l a", ":1\r\n"),
        ("LMPOP 1 l LEFT", "*2\r\n$1\r\nl\r\n*1\r\n$1\r\na\r\n"),
        ("LRANGE none 0 -1", "*0\r\n"),
    ]);
}

/// Binary and empty elements, which words between spaces cannot say.
#[test]
fn elements_are_any_bytes() {
    let store = Store::new();
    let mut client = store.client();
    client.run(&[b"RPUSH", b"l", b"", b"\0\xff\r\n", b""]);
    assert_eq!(client.run(&[b"LRANGE", b"l", b"0", b"-1"]), b"*3\r\n$0\r\n\r\n$4\r\n\0\xff\r\n\r\n$0\r\n\r\n");
    assert_eq!(client.run(&[b"LREM", b"l", b"0", b""]), b":2\r\n");
    assert_eq!(client.run(&[b"LPOS", b"l", b"\0\xff\r\n"]), b":0\r\n");
    assert_eq!(client.run(&[b"LINSERT", b"l", b"AFTER", b"\0\xff\r\n", b""]), b":2\r\n");
    assert_eq!(client.run(&[b"RPOP", b"l"]), b"$0\r\n\r\n");
}

fn numbers(range: std::ops::Range<usize>) -> String {
    let mut reply = format!("*{}\r\n", range.len());
    for number in range {
        let text = format!("item:{number}");
        reply += &format!("${}\r\n{text}\r\n", text.len());
    }
    reply
}

fn fill(client: &mut Client, key: &str, range: std::ops::Range<usize>) {
    for number in range {
        client.say(&format!("RPUSH {key} item:{number}"));
    }
}

#[test]
fn long_lists_answer_as_short_ones() {
    for limit in ["-2", "-1", "1", "7", "128"] {
        let store = Store::with(&[("list-max-listpack-size", limit)]);
        let mut client = store.client();
        fill(&mut client, "l", 0..5000);
        assert_eq!(client.say("LRANGE l 0 -1"), numbers(0..5000));
        assert_eq!(client.say("LRANGE l 4321 4330"), numbers(4321..4331));
        client.expect(&[
            ("LLEN l", ":5000\r\n"),
            ("LINDEX l 2500", "$9\r\nitem:2500\r\n"),
            ("LINDEX l -1", "$9\r\nitem:4999\r\n"),
            ("LPOS l item:3333", ":3333\r\n"),
            ("LPOS l item:3333 RANK -1", ":3333\r\n"),
            ("LINSERT l BEFORE item:2000 new", ":5001\r\n"),
            ("LINDEX l 2000", "$3\r\nnew\r\n"),
            ("LSET l 2000 newer", "+OK\r\n"),
            ("LREM l -1 newer", ":1\r\n"),
            ("COPY l copy", ":1\r\n"),
            ("LTRIM l 100 -101", "+OK\r\n"),
        ]);
        assert_eq!(client.say("LRANGE l 0 -1"), numbers(100..4900));
        assert_eq!(client.say("LPOP l 1000"), numbers(100..1100));
        assert_eq!(client.say("LRANGE l 0 -1"), numbers(1100..4900));
        assert_eq!(client.say("LRANGE copy 0 -1"), numbers(0..5000));
        client.say("RPOP l 3799");
        client.expect(&[("LPOP l", "$9\r\nitem:1100\r\n"), ("EXISTS l", ":0\r\n"), ("DBSIZE", ":1\r\n")]);
    }
}

#[test]
fn an_element_longer_than_a_node_stands_between_short_ones() {
    let store = Store::new();
    let mut client = store.client();
    let long = vec![b'x'; 100_000];
    client.say("RPUSH l a b c");
    assert_eq!(client.run(&[b"LINSERT", b"l", b"AFTER", b"b", &long]), b":4\r\n");
    assert_eq!(client.run(&[b"LSET", b"l", b"0", &long]), b"+OK\r\n");
    client.expect(&[
        ("LINDEX l 1", "$1\r\nb\r\n"),
        ("LINDEX l 3", "$1\r\nc\r\n"),
        ("RPUSH l d", ":5\r\n"),
        ("LPUSH l z", ":6\r\n"),
    ]);
    assert_eq!(client.run(&[b"LREM", b"l", b"0", &long]), b":2\r\n");
    client.expect(&[("LRANGE l 0 -1", "*4\r\n$1\r\nz\r\n$1\r\nb\r\n$1\r\nc\r\n$1\r\nd\r\n")]);
}

/// What INFO persistence counts, as Redis counts it.
#[test]
fn changes_are_counted_by_element() {
    let store = Store::new();
    let mut client = store.client();
    let mut changes_of = |command: &str| {
        let count = |client: &mut Client| {
            let info = client.say("INFO persistence");
            let line =
                info.lines().find_map(|line| line.strip_prefix("rdb_changes_since_last_save:")).map(str::to_owned);
            line.and_then(|count| count.parse::<u64>().ok()).expect("a number of changes")
        };
        let before = count(&mut client);
        client.say(command);
        count(&mut client) - before
    };
    let counted = [
        ("RPUSH l a b c d e f g h", 8),
        ("LPUSHX l a", 1),
        ("LPUSHX none a", 0),
        ("LPOP l", 1),
        ("RPOP l 2", 2),
        ("RPOP l 0", 0),
        ("LSET l 0 x", 1),
        ("LINSERT l BEFORE x y", 1),
        ("LINSERT l BEFORE none y", 0),
        ("LREM l 0 none", 0),
        ("LREM l 0 x", 1),
        ("LMOVE l m LEFT LEFT", 1),
        ("LMOVE l l LEFT RIGHT", 1),
        ("LTRIM l 0 -1", 0),
        ("LTRIM l 1 -2", 2),
        ("LMPOP 1 l LEFT COUNT 9", 3),
        ("LTRIM m 5 6", 1),
    ];
    for (command, changes) in counted {
        assert_eq!(changes_of(command), changes, "{command}");
    }
}

#[test]
fn changes_reach_watchers() {
    let store = Store::new();
    let (mut watcher, mut writer) = (store.client(), store.client());
    let commands = [
        "LPUSH l a",
        "LPOP l",
        "LSET l 0 x",
        "LREM l 0 b",
        "LTRIM l 0 -1",
        "LMOVE l m LEFT LEFT",
        "LMOVE m l LEFT LEFT",
    ];
    for command in commands {
        writer.say("DEL l m");
        writer.say("RPUSH l a b c d");
        writer.say("RPUSH m a b c d");
        watcher.say("WATCH l");
        writer.say(command);
        watcher.say("MULTI");
        watcher.say("PING");
        assert_eq!(watcher.say("EXEC"), "*-1\r\n", "{command}");
    }
}
