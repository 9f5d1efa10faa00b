//! The commands on keys, with replies as redis-server 7.0.15 gave them.

#[path = "common/session.rs"]
mod session;

use session::{START_MS, Store};
use std::collections::BTreeSet;
use std::sync::atomic::Ordering::Relaxed;

/// The texts of an array of bulk strings, none of them empty.
fn elements(reply: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(reply);
    let mut lines = text.split("\r\n");
    assert!(lines.next().is_some_and(|header| header.starts_with('*')), "{text}");
    lines.filter(|line| !line.is_empty()).skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn keys_are_deleted_counted_and_told_apart() {
    let store = Store::new();
    let mut client = store.client();
    client.expect(&[
        ("MSET a 1 b 2 c 3", "+OK\r\n"),
        ("EXISTS a a no b", ":3\r\n"),
        ("TOUCH a no a", ":2\r\n"),
        ("TYPE a", "+string\r\n"),
        ("TYPE no", "+none\r\n"),
        ("DEL a a no", ":1\r\n"),
        ("UNLINK b c", ":2\r\n"),
        ("EXISTS a b c", ":0\r\n"),
        ("DEL", "-ERR wrong number of arguments for 'del' command\r\n"),
    ]);
}

#[test]
fn rename_takes_value_and_deadline_along() {
    let store = Store::new();
    let mut client = store.client();
    client.expect(&[
        ("SET a 1 PX 5000", "+OK\r\n"),
        ("SET b 2", "+OK\r\n"),
        ("RENAME a b", "+OK\r\n"),
        ("GET b", "$1\r\n1\r\n"),
        ("PTTL b", ":5000\r\n"),
        ("EXISTS a", ":0\r\n"),
        ("RENAME a c", "-ERR no such key\r\n"),
        ("RENAME b b", "+OK\r\n"),
        ("RENAMENX b b", ":0\r\n"),
        ("RENAMENX no x", "-ERR no such key\r\n"),
        ("SET c 3", "+OK\r\n"),
        ("RENAMENX b c", ":0\r\n"),
        ("RENAMENX b d", ":1\r\n"),
        ("RENAME c d", "+OK\r\n"),
        ("TTL d", ":-1\r\n"),
        ("DBSIZE", ":1\r\n"),
    ]);
}

#[test]
fn rename_over_an_expired_key_works() {
    let store = Store::new();
    let mut client = store.client();
    client.expect(&[("SET a 1", "+OK\r\n"), ("SET b 2 PX 10", "+OK\r\n"), ("SET c 3 PX 10", "+OK\r\n")]);
    store.pass_ms(20);
    client.expect(&[
        ("RENAME c a", "-ERR no such key\r\n"),
        ("RENAMENX a b", ":1\r\n"),
        ("GET b", "$1\r\n1\r\n"),
        ("TTL b", ":-1\r\n"),
        ("DBSIZE", ":1\r\n"),
    ]);
}

#[test]
fn large_values_keep_their_bytes_on_the_way() {
    let store = Store::new();
    let mut client = store.client();
    let value = vec![b'v'; 300_000];
    client.run(&[b"SET", b"big", &value]);
    client.run(&[b"SET", b"old", &value]);
    assert_eq!(client.run(&[b"RENAME", b"big", b"old"]), b"+OK\r\n");
    assert_eq!(client.run(&[b"COPY", b"old", b"copy"]), b":1\r\n");
    assert_eq!(client.run(&[b"MOVE", b"old", b"3"]), b":1\r\n");
    let reply = [b"$300000\r\n".as_slice(), &value, b"\r\n"].concat();
    assert_eq!(client.run(&[b"GET", b"copy"]), reply);
    assert_eq!(client.run(&[b"DEL", b"copy"]), b":1\r\n");
    client.expect(&[("SELECT 3", "+OK\r\n"), ("DBSIZE", ":1\r\n")]);
    assert_eq!(client.run(&[b"GET", b"old"]), reply);
    client.expect(&[("FLUSHALL", "+OK\r\n"), ("DBSIZE", ":0\r\n")]);
    assert_eq!(store.engine.used_memory(), 0);
}

#[test]
fn copy_duplicates_within_and_across_databases() {
    let store = Store::new();
    let mut client = store.client();
    let range = "-ERR value is out of range, value must between -2147483648 and 2147483647\r\n";
    let index = "-ERR DB index is out of range\r\n";
    client.expect(&[
        ("SET a 1 EX 100", "+OK\r\n"),
        ("COPY a b", ":1\r\n"),
        ("PTTL b", ":100000\r\n"),
        ("COPY a b", ":0\r\n"),
        ("SET a 2", "+OK\r\n"),
        ("COPY a b REPLACE", ":1\r\n"),
        ("GET b", "$1\r\n2\r\n"),
        ("TTL b", ":-1\r\n"),
        ("COPY a a", "-ERR source and destination objects are the same\r\n"),
        ("COPY a a DB 0", "-ERR source and destination objects are the same\r\n"),
        ("COPY no no", "-ERR source and destination objects are the same\r\n"),
        ("COPY no x", ":0\r\n"),
        ("COPY a a db 1", ":1\r\n"),
        ("COPY a a Db 1", ":0\r\n"),
        ("COPY a a DB 0 replace REPLACE DB 1", ":1\r\n"),
        ("COPY a b DB", "-ERR syntax error\r\n"),
        ("COPY a b REPLACE DB", "-ERR syntax error\r\n"),
        ("COPY a a foo", "-ERR syntax error\r\n"),
        ("COPY a b DB x", "-ERR value is not an integer or out of range\r\n"),
        ("COPY a b DB 99999999999999999999", "-ERR value is not an integer or out of range\r\n"),
        ("COPY a b DB 3000000000", range),
        ("COPY a b DB 16", index),
        ("COPY a b DB -1", index),
        ("APPEND r x", ":1\r\n"),
        ("APPEND r x", ":2\r\n"),
        ("COPY r s", ":1\r\n"),
        ("OBJECT ENCODING s", "$3\r\nraw\r\n"),
        ("SELECT 1", "+OK\r\n"),
        ("GET a", "$1\r\n2\r\n"),
        ("DBSIZE", ":1\r\n"),
    ]);
}

#[test]
fn move_needs_a_free_place() {
    let store = Store::new();
    let mut client = store.client();
    client.expect(&[
        ("SET a 1 PX 100", "+OK\r\n"),
        ("MOVE a 0", "-ERR source and destination objects are the same\r\n"),
        ("MOVE a x", "-ERR value is not an integer or out of range\r\n"),
        ("MOVE a 16", "-ERR DB index is out of range\r\n"),
        ("MOVE no 1", ":0\r\n"),
        ("MOVE a 1", ":1\r\n"),
        ("SET a 2", "+OK\r\n"),
        ("MOVE a 1", ":0\r\n"),
    ]);
    store.pass_ms(100);
    client.expect(&[
        ("MOVE a 1", ":1\r\n"),
        ("EXISTS a", ":0\r\n"),
        ("SELECT 1", "+OK\r\n"),
        ("GET a", "$1\r\n2\r\n"),
        ("TTL a", ":-1\r\n"),
    ]);
}

#[test]
fn deadlines_are_set_under_conditions() {
    let store = Store::new();
    let mut client = store.client();
    let both = "-ERR NX and XX, GT or LT options at the same time are not compatible\r\n";
    client.expect(&[
        ("SET a 1", "+OK\r\n"),
        ("EXPIRE a 10 XX", ":0\r\n"),
        ("EXPIRE a 10 GT", ":0\r\n"),
        ("EXPIRE a 10 nx", ":1\r\n"),
        ("EXPIRE a 20 NX", ":0\r\n"),
        ("EXPIRE a 5 GT", ":0\r\n"),
        ("EXPIRE a 20 GT XX", ":1\r\n"),
        ("EXPIRE a 20 GT", ":0\r\n"),
        ("EXPIRE a 30 lt", ":0\r\n"),
        ("EXPIRE a 15 LT xx", ":1\r\n"),
        ("TTL a", ":15\r\n"),
        ("PERSIST a", ":1\r\n"),
        ("PERSIST a", ":0\r\n"),
        ("PERSIST no", ":0\r\n"),
        ("EXPIRE a 15 LT", ":1\r\n"),
        ("EXPIRE a 10 NX XX", both),
        ("EXPIRE a x NX GT", both),
        ("EXPIRE a 10 NX GT LT", both),
        ("EXPIRE a 10 GT LT", "-ERR GT and LT options at the same time are not compatible\r\n"),
        ("EXPIRE a x foo", "-ERR Unsupported option foo\r\n"),
        ("EXPIRE a x", "-ERR value is not an integer or out of range\r\n"),
        ("EXPIRE no x", "-ERR value is not an integer or out of range\r\n"),
        ("EXPIRE no 10", ":0\r\n"),
        ("EXPIRE a -1 GT", ":0\r\n"),
        ("EXPIRE a -1", ":1\r\n"),
        ("EXISTS a", ":0\r\n"),
        ("SET a 1", "+OK\r\n"),
        ("PEXPIREAT a 0", ":1\r\n"),
        ("EXISTS a", ":0\r\n"),
    ]);
    assert_eq!(client.run(&[b"EXPIRE", b"a", b"1", b"x\0y"]), b"-ERR Unsupported option x\r\n");
    assert_eq!(client.run(&[b"EXPIRE", b"a", b"1", b"x\ny\r\n"]), b"-ERR Unsupported option x y\r\n");
}

#[test]
fn deadlines_do_not_overflow() {
    let store = Store::new();
    let mut client = store.client();
    client.expect(&[
        ("SET a 1", "+OK\r\n"),
        ("EXPIRE a 9223372036854775807", "-ERR invalid expire time in 'expire' command\r\n"),
        ("EXPIRE a -9223372036854775808", "-ERR invalid expire time in 'expire' command\r\n"),
        ("EXPIRE a 9223372036854775", "-ERR invalid expire time in 'expire' command\r\n"),
        ("PEXPIRE a 9223372036854775807", "-ERR invalid expire time in 'pexpire' command\r\n"),
        ("EXPIREAT a 9223372036854776", "-ERR invalid expire time in 'expireat' command\r\n"),
        ("EXPIRE no 9223372036854775807", "-ERR invalid expire time in 'expire' command\r\n"),
        ("EXPIREAT a 9223372036854775", ":1\r\n"),
        ("PEXPIREAT a 9223372036854775807", ":1\r\n"),
        ("EXPIRETIME a", ":9223372036854776\r\n"),
        ("PEXPIRETIME a", ":9223372036854775807\r\n"),
        ("PEXPIREAT a -9223372036854775808", ":1\r\n"),
        ("EXISTS a", ":0\r\n"),
    ]);
}

#[test]
fn deadlines_set_in_a_transaction_reach_whoever_expires_keys() {
    let store = Store::new();
    let keyspace = &store.engine.keyspace;
    store.client().expect(&[
        ("SET a 1", "+OK\r\n"),
        ("MULTI", "+OK\r\n"),
        ("PEXPIRE a 500", "+QUEUED\r\n"),
        ("EXEC", "*1\r\n:1\r\n"),
    ]);
    assert_eq!(keyspace.next_deadline_ms(keyspace.shard_of(keyspace.hash(b"a"))), START_MS + 500);
}

#[test]
fn times_are_told_in_both_units() {
    let store = Store::new();
    let mut client = store.client();
    client.expect(&[("SET a 1 PX 1499", "+OK\r\n"), ("SET b 1 PX 1500", "+OK\r\n"), ("SET c 1", "+OK\r\n")]);
    client.expect(&[
        ("TTL a", ":1\r\n"),
        ("TTL b", ":2\r\n"),
        ("PTTL a", ":1499\r\n"),
        ("EXPIRETIME b", &format!(":{}\r\n", START_MS / 1000 + 2)),
        ("PEXPIRETIME a", &format!(":{}\r\n", START_MS + 1499)),
        ("TTL c", ":-1\r\n"),
        ("PTTL c", ":-1\r\n"),
        ("EXPIRETIME c", ":-1\r\n"),
        ("PEXPIRETIME no", ":-2\r\n"),
    ]);
    store.pass_ms(1499);
    client.expect(&[("TTL a", ":-2\r\n"), ("TTL b", ":0\r\n"), ("PTTL b", ":1\r\n"), ("EXISTS a b", ":1\r\n")]);
}

#[test]
fn object_tells_encoding_and_references() {
    let store = Store::new();
    let mut client = store.client();
    client.expect(&[
        ("SET i 9999", "+OK\r\n"),
        ("SET j 10000", "+OK\r\n"),
        ("SET t text", "+OK\r\n"),
        ("OBJECT ENCODING i", "$3\r\nint\r\n"),
        ("OBJECT encoding t", "$6\r\nembstr\r\n"),
        ("OBJECT ENCODING no", "$-1\r\n"),
        ("OBJECT REFCOUNT i", ":2147483647\r\n"),
        ("OBJECT REFCOUNT j", ":1\r\n"),
        ("OBJECT REFCOUNT t", ":1\r\n"),
        ("OBJECT REFCOUNT no", "$-1\r\n"),
        ("COPY i copy", ":1\r\n"),
        ("OBJECT REFCOUNT copy", ":1\r\n"),
        ("RENAME copy moved", "+OK\r\n"),
        ("OBJECT REFCOUNT moved", ":1\r\n"),
        ("DECR moved", ":9998\r\n"),
        ("OBJECT REFCOUNT moved", ":2147483647\r\n"),
        ("OBJECT FREQ no", "$-1\r\n"),
        ("OBJECT IDLETIME no", "$-1\r\n"),
        ("OBJECT IDLETIME i", ":0\r\n"),
        ("OBJECT FOO i", "-ERR unknown subcommand 'FOO'. Try OBJECT HELP.\r\n"),
        ("OBJECT ENCODING", "-ERR wrong number of arguments for 'object|encoding' command\r\n"),
        (
            "OBJECT FREQ i",
            "-ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when \
             switching between policies at runtime LRU and LFU data will take some time to adjust.\r\n",
        ),
    ]);
    assert!(client.say("OBJECT HELP").starts_with("*15\r\n+OBJECT <subcommand> [<arg> [value] [opt] ...]."));

    let store = Store::with(&[("maxmemory", "100mb"), ("maxmemory-policy", "allkeys-lfu")]);
    let mut client = store.client();
    client.expect(&[
        ("SET i 1", "+OK\r\n"),
        ("OBJECT REFCOUNT i", ":1\r\n"),
        ("OBJECT FREQ i", ":5\r\n"),
        ("GET i", "$1\r\n1\r\n"),
        // The first use of a new key always counts.
        ("OBJECT FREQ i", ":6\r\n"),
        ("COPY i j", ":1\r\n"),
        ("OBJECT FREQ j", ":5\r\n"),
        (
            "OBJECT IDLETIME i",
            "-ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when switching between \
             policies at runtime LRU and LFU data will take some time to adjust.\r\n",
        ),
    ]);
}

#[test]
fn only_reads_of_the_value_count_as_use() {
    let store = Store::new();
    let mut client = store.client();
    client.expect(&[("SET a 1", "+OK\r\n")]);
    store.pass_ms(30_000);
    // The clock of the eviction bits is sampled ten times a second.
    let waited = std::time::Instant::now();
    while client.say("OBJECT IDLETIME a") != ":30\r\n" {
        assert!(waited.elapsed().as_secs() < 20, "the clock does not follow");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    for command in ["TTL a", "TYPE a", "EXISTS a", "OBJECT REFCOUNT a", "SCAN 0", "KEYS *"] {
        client.say(command);
        assert_eq!(client.say("OBJECT IDLETIME a"), ":30\r\n", "{command}");
    }
    client.expect(&[("TOUCH a", ":1\r\n"), ("OBJECT IDLETIME a", ":0\r\n")]);
}

#[test]
fn hits_and_misses_are_those_of_redis() {
    let store = Store::new();
    let mut client = store.client();
    client.expect(&[("MSET a 1 b 2", "+OK\r\n"), ("SET x 1 PX 1", "+OK\r\n")]);
    store.pass_ms(10);
    let counters = client.session.counters.clone();
    let mut last = (0, 0);
    for (command, hits, misses) in [
        ("TYPE a", 1, 0),
        ("TYPE no", 0, 1),
        ("TYPE x", 0, 1),
        ("EXISTS a no a", 2, 1),
        ("TTL a", 1, 0),
        ("EXPIRETIME no", 0, 1),
        ("OBJECT ENCODING a", 1, 0),
        ("TOUCH a no", 1, 1),
        ("PERSIST a", 0, 0),
        ("EXPIRE a 100", 0, 0),
        ("RENAME b c", 0, 0),
        ("COPY c d", 1, 0),
        ("COPY no d", 0, 1),
        ("MOVE d 1", 0, 0),
        ("DEL c", 0, 0),
        ("SCAN 0", 0, 0),
        ("SCAN 0 TYPE hash", 1, 0),
        ("RANDOMKEY", 0, 0),
    ] {
        client.say(command);
        let now = (counters.hits.load(Relaxed), counters.misses.load(Relaxed));
        assert_eq!((now.0 - last.0, now.1 - last.1), (hits, misses), "{command}");
        last = now;
    }
}

#[test]
fn changes_are_counted_as_in_redis() {
    let store = Store::new();
    let mut client = store.client();
    client.expect(&[("MSET a 1 b 2 c 3", "+OK\r\n"), ("SET x 1 PX 1", "+OK\r\n")]);
    store.pass_ms(10);
    let dirty = || store.engine.stats.changes();
    let mut last = dirty();
    for (command, changes) in [
        ("EXISTS x", 0),
        ("RENAME a b", 1),
        ("RENAME b b", 0),
        ("RENAMENX b c", 0),
        ("COPY b d", 1),
        ("MOVE d 1", 1),
        ("EXPIRE b 100", 1),
        ("EXPIRE b 100 NX", 0),
        ("PERSIST b", 1),
        ("EXPIRE b -1", 1),
        ("DEL c no", 1),
        ("SWAPDB 0 1", 1),
        ("SWAPDB 1 1", 1),
        ("MSET a 1 b 2 c 3", 3),
        ("FLUSHDB", 4),
        ("FLUSHALL", 0),
    ] {
        client.say(command);
        assert_eq!(dirty() - last, changes, "{command}");
        last = dirty();
    }
    assert_eq!(store.engine.stats.expired_keys.load(Relaxed), 1);
}

#[test]
fn swapdb_and_flush_check_their_arguments() {
    let store = Store::new();
    let mut client = store.client();
    client.expect(&[
        ("SET a 1", "+OK\r\n"),
        ("SWAPDB 0 5", "+OK\r\n"),
        ("GET a", "$-1\r\n"),
        ("SWAPDB 5 0", "+OK\r\n"),
        ("GET a", "$1\r\n1\r\n"),
        ("SWAPDB x 1", "-ERR invalid first DB index\r\n"),
        ("SWAPDB 1 x", "-ERR invalid second DB index\r\n"),
        ("SWAPDB 3000000000 0", "-ERR invalid first DB index\r\n"),
        ("SWAPDB 0 3000000000", "-ERR invalid second DB index\r\n"),
        ("SWAPDB 0 16", "-ERR DB index is out of range\r\n"),
        ("SWAPDB -1 0", "-ERR DB index is out of range\r\n"),
        ("SWAPDB 99 99", "-ERR DB index is out of range\r\n"),
        ("FLUSHALL foo", "-ERR syntax error\r\n"),
        ("FLUSHDB SYNC ASYNC", "-ERR syntax error\r\n"),
        ("COPY a a DB 1", ":1\r\n"),
        ("FLUSHDB sync", "+OK\r\n"),
        ("SELECT 1", "+OK\r\n"),
        ("DBSIZE", ":1\r\n"),
        ("FLUSHALL Async", "+OK\r\n"),
        ("DBSIZE", ":0\r\n"),
    ]);
}

/// Whether EXEC of a client that has watched `key` in `database` fails after `command` of another client.
fn spoils(store: &Store, database: &str, key: &str, command: &str) -> bool {
    let (mut watcher, mut other) = (store.client(), store.client());
    watcher.say(&format!("SELECT {database}"));
    watcher.expect(&[(&format!("WATCH {key}"), "+OK\r\n"), ("MULTI", "+OK\r\n"), ("PING", "+QUEUED\r\n")]);
    other.say(command);
    watcher.say("EXEC") == "*-1\r\n"
}

#[test]
fn watchers_learn_of_changes_that_concern_them() {
    for (key, command, expected) in [
        ("a", "DEL a", true),
        ("a", "RENAME a b", true),
        ("b", "RENAME a b", true),
        ("b", "COPY a b", true),
        ("a", "COPY a b", false),
        ("a", "MOVE a 1", true),
        ("a", "EXPIRE a 100", true),
        ("a", "PERSIST a", false),
        ("a", "TOUCH a", false),
        ("a", "FLUSHDB", true),
        ("no", "FLUSHALL", false),
        ("a", "SWAPDB 0 1", true),
        ("there", "SWAPDB 1 0", true),
        ("no", "SWAPDB 0 1", false),
        ("a", "SWAPDB 1 2", false),
        ("a", "SWAPDB 0 0", false),
    ] {
        let store = Store::new();
        store.client().expect(&[("SET a 1", "+OK\r\n"), ("SET there 1", "+OK\r\n"), ("MOVE there 1", ":1\r\n")]);
        assert_eq!(spoils(&store, "0", key, command), expected, "{key}: {command}");
    }
    let store = Store::new();
    let mut client = store.client();
    client.expect(&[("SELECT 1", "+OK\r\n"), ("SET a 1", "+OK\r\n")]);
    assert!(spoils(&store, "1", "a", "FLUSHALL"));
}

#[test]
fn swapping_in_an_expired_key_is_no_change_for_its_watchers() {
    let store = Store::new();
    store.client().expect(&[("SELECT 1", "+OK\r\n"), ("SET x 1 PX 1", "+OK\r\n")]);
    store.pass_ms(10);
    assert!(!spoils(&store, "0", "x", "SWAPDB 0 1"));
    // One that expires while it is watched is a change, wherever it goes.
    store.client().expect(&[("SET x 1 PX 20", "+OK\r\n")]);
    let (mut watcher, mut other) = (store.client(), store.client());
    watcher.expect(&[("WATCH x", "+OK\r\n"), ("MULTI", "+OK\r\n"), ("PING", "+QUEUED\r\n")]);
    store.pass_ms(30);
    other.expect(&[("SWAPDB 0 1", "+OK\r\n")]);
    watcher.expect(&[("EXEC", "*-1\r\n")]);
}

#[test]
fn scan_reads_its_cursor_and_options() {
    let store = Store::new();
    let mut client = store.client();
    let empty = "*2\r\n$1\r\n0\r\n*0\r\n";
    client.expect(&[
        ("SCAN 0", empty),
        ("SCAN -1", empty),
        ("SCAN +5", empty),
        ("SCAN 18446744073709551615", empty),
        ("SCAN 18446744073709551616", "-ERR invalid cursor\r\n"),
        ("SCAN x foo", "-ERR invalid cursor\r\n"),
        ("SCAN 0 foo", "-ERR syntax error\r\n"),
        ("SCAN 0 COUNT", "-ERR syntax error\r\n"),
        ("SCAN 0 COUNT 0", "-ERR syntax error\r\n"),
        ("SCAN 0 COUNT -1", "-ERR syntax error\r\n"),
        ("SCAN 0 COUNT x", "-ERR value is not an integer or out of range\r\n"),
        ("SCAN 0 MATCH * TYPE", "-ERR syntax error\r\n"),
        ("SET a 1", "+OK\r\n"),
        ("SCAN 0", "*2\r\n$1\r\n0\r\n*1\r\n$1\r\na\r\n"),
        ("SCAN 0 TYPE String COUNT 100", "*2\r\n$1\r\n0\r\n*1\r\n$1\r\na\r\n"),
        ("SCAN 0 TYPE hash", empty),
        ("SCAN 0 TYPE nosuch", empty),
        ("SCAN 0 MATCH b*", empty),
        ("SCAN 0 MATCH b* MATCH ?", "*2\r\n$1\r\n0\r\n*1\r\n$1\r\na\r\n"),
        ("SELECT 7", "+OK\r\n"),
        ("SCAN 0", empty),
    ]);
    assert_eq!(client.run(&[b"SCAN", b""]), empty.as_bytes());
    assert_eq!(client.run(&[b"SCAN", b" 5"]), b"-ERR invalid cursor\r\n");
}

/// The whole of a database as SCAN gives it, with what is called between the steps.
fn scan_all(client: &mut session::Client, options: &str, mut between: impl FnMut(u32)) -> Vec<String> {
    let mut found = Vec::new();
    let mut cursor = "0".to_owned();
    for step in 0.. {
        let reply = client.say(&format!("SCAN {cursor} {options}"));
        let (header, keys) = reply.split_at(reply[1..].find('*').expect("two parts") + 1);
        cursor = header.split("\r\n").nth(2).expect("the cursor").to_owned();
        assert!(cursor.parse::<u64>().expect("a number") < 1 << 53, "doubles would round it");
        found.extend(elements(keys.as_bytes()));
        if cursor == "0" {
            break;
        }
        between(step);
    }
    found
}

#[test]
fn scan_gives_every_key_once_while_others_come_and_go() {
    let store = Store::with(&[("shards", "16")]);
    let (mut client, mut other) = (store.client(), store.client());
    for number in 0..2000 {
        client.say(&format!("SET stay:{number} x"));
    }
    let found = scan_all(&mut client, "COUNT 20", |step| {
        for number in 0..50 {
            other.say(&format!("SET come:{}:{number} x", step));
        }
    });
    let stayed = found.iter().filter(|key| key.starts_with("stay:"));
    assert_eq!(stayed.clone().count(), 2000);
    assert_eq!(stayed.collect::<BTreeSet<_>>().len(), 2000);
    let crowd = elements(&client.run(&[b"KEYS", b"come:*"]));
    assert!(crowd.len() > 4000, "{}", crowd.len());
    let found = scan_all(&mut client, "COUNT 50 MATCH stay:*", |step| {
        for key in crowd.iter().skip(step as usize * 100).take(100) {
            other.run(&[b"DEL", key.as_bytes()]);
        }
    });
    assert_eq!(found.len(), 2000);
    assert_eq!(found.iter().collect::<BTreeSet<_>>().len(), 2000);
}

#[test]
fn scan_looks_at_about_as_many_keys_as_it_is_told() {
    let store = Store::new();
    let mut client = store.client();
    for number in 0..10_000 {
        client.say(&format!("SET key:{number} x"));
    }
    for (count, most) in [(1, 20), (10, 30), (1000, 1020), (20_000, 10_000)] {
        let reply = client.say(&format!("SCAN 0 COUNT {count}"));
        let found = elements(reply.split_at(reply[1..].find('*').expect("two parts") + 1).1.as_bytes()).len();
        assert!((count.min(10_000)..=most).contains(&found), "COUNT {count}: {found}");
    }
}

#[test]
fn expired_keys_are_not_seen_and_scan_removes_them() {
    let store = Store::with(&[("shards", "1")]);
    let mut client = store.client();
    for number in 0..500 {
        client.say(&format!("SET stay:{number} x"));
        client.say(&format!("SET gone:{number} x PX 5"));
    }
    store.pass_ms(5);
    assert_eq!(elements(&client.run(&[b"KEYS", b"*"])).len(), 500);
    assert_eq!(elements(&client.run(&[b"KEYS", b"gone:1"])).len(), 0);
    client.expect(&[("DBSIZE", ":1000\r\n")]);
    assert_eq!(scan_all(&mut client, "MATCH stay*", |_| {}).len(), 500);
    client.expect(&[("DBSIZE", ":1000\r\n")]);
    assert_eq!(scan_all(&mut client, "", |_| {}).len(), 500);
    client.expect(&[("DBSIZE", ":500\r\n")]);
    assert_eq!(store.engine.stats.expired_keys.load(Relaxed), 500);
}

#[test]
fn keys_match_patterns() {
    let store = Store::new();
    let mut client = store.client();
    for key in [&b""[..], b"a", b"foo", b"foobar", b"f*o", b"b\\c", b"\xff\x80"] {
        client.run(&[b"SET", key, b"1"]);
    }
    for (pattern, count) in [
        (&b"*"[..], 7),
        (b"**", 6),
        (b"", 1),
        (b"foo", 1),
        (b"foo*", 2),
        (b"f\\*o", 1),
        (b"f?o", 2),
        (b"*o*", 3),
        (b"[a-f]*", 5),
        (b"b\\\\c", 1),
        (b"[\x80-\xff]?", 1),
        (b"nothing", 0),
        (b"[", 0),
    ] {
        let reply = client.run(&[b"KEYS", pattern]);
        assert!(reply.starts_with(format!("*{count}\r\n").as_bytes()), "{pattern:?}: {}", reply.escape_ascii());
    }
}

#[test]
fn keys_give_way_between_slices_and_hold_no_lock() {
    use redisrs::commands::dispatch::{self, Prepared};
    let store = Store::new();
    let (mut client, mut other) = (store.client(), store.client());
    for number in 0..30_000 {
        client.run(&[b"SET", format!("key:{number}").as_bytes(), b"x"]);
    }
    let mut reply = redisrs::resp::ReplyWriter::default();
    dispatch::execute(&store.engine, &mut client.session, &[b"KEYS", b"*"], &Prepared::default(), 0, &mut reply);
    assert!(client.session.parked.is_some() && reply.is_empty(), "30,000 keys do not fit into one slice");
    let mut slices = 1;
    while !dispatch::resume(&store.engine, &mut client.session, 0, &mut reply) {
        other.expect(&[("SET come 1", "+OK\r\n"), ("DBSIZE", ":30001\r\n")]);
        slices += 1;
    }
    let found = elements(reply.bytes());
    assert!(slices > 2 && found.len() >= 30_000, "{slices} slices, {} keys", found.len());
    assert_eq!(found.iter().collect::<BTreeSet<_>>().len(), found.len());
    // In a transaction it runs to its end, behind what is there.
    client.expect(&[
        ("MULTI", "+OK\r\n"),
        ("PING", "+QUEUED\r\n"),
        ("KEYS *", "+QUEUED\r\n"),
        ("SCAN 0 COUNT 50000", "+QUEUED\r\n"),
    ]);
    let reply = client.say("EXEC");
    assert!(reply.starts_with("*3\r\n+PONG\r\n*30001\r\n$"), "{}", &reply[..40]);
    assert!(reply.contains("\r\n*2\r\n$1\r\n0\r\n*30001\r\n$"));
}

#[test]
fn muted_slices_leave_nothing() {
    let store = Store::new();
    let mut client = store.client();
    for number in 0..30_000 {
        client.run(&[b"SET", format!("key:{number}").as_bytes(), b"x"]);
    }
    assert_eq!(client.say("CLIENT REPLY SKIP"), "");
    assert_eq!(client.say("KEYS *"), "");
    assert_eq!(client.say("PING"), "+PONG\r\n");
}

#[test]
fn random_keys_are_spread_evenly() {
    let store = Store::new();
    let mut client = store.client();
    client.expect(&[("RANDOMKEY", "$-1\r\n"), ("SET one 1 PX 5", "+OK\r\n"), ("RANDOMKEY", "$3\r\none\r\n")]);
    store.pass_ms(5);
    client.expect(&[("DBSIZE", ":1\r\n"), ("RANDOMKEY", "$-1\r\n"), ("DBSIZE", ":0\r\n")]);
    for number in 0..10 {
        client.say(&format!("SET {number} x"));
    }
    let mut counts = [0; 10];
    for _ in 0..5000 {
        let reply = client.say("RANDOMKEY");
        counts[reply.split("\r\n").nth(1).expect("a key").parse::<usize>().expect("a number")] += 1;
    }
    assert!(counts.iter().all(|count| (380..620).contains(count)), "{counts:?}");
}
