//! Set commands: every reply below is what redis-server 7.0.15 answers to the same words.

#[path = "common/session.rs"]
mod session;

use session::{Client, Store};
use std::collections::BTreeSet;

const WRONG_TYPE: &str = "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";

#[test]
fn members_are_added_once_and_removed() {
    Store::new().client().expect(&[
        ("SADD s 3 1 2 1", ":3\r\n"),
        ("SADD s 2", ":0\r\n"),
        ("SMEMBERS s", "*3\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n"),
        ("SCARD s", ":3\r\n"),
        ("SISMEMBER s 2", ":1\r\n"),
        ("SISMEMBER s 02", ":0\r\n"),
        ("SISMEMBER s a", ":0\r\n"),
        ("SMISMEMBER s 1 x 3", "*3\r\n:1\r\n:0\r\n:1\r\n"),
        ("SADD s -0 +1 01", ":3\r\n"),
        ("SMISMEMBER s 0 -0 1 +1 01 001", "*6\r\n:0\r\n:1\r\n:1\r\n:1\r\n:1\r\n:0\r\n"),
        ("SREM s 1 -0 nosuch 1", ":2\r\n"),
        ("SREM s 2 3 +1 01", ":4\r\n"),
        ("EXISTS s", ":0\r\n"),
        ("SREM s 1", ":0\r\n"),
        ("SCARD s", ":0\r\n"),
        ("SMEMBERS s", "*0\r\n"),
        ("SISMEMBER s 1", ":0\r\n"),
        ("SMISMEMBER s 1 2", "*2\r\n:0\r\n:0\r\n"),
        ("SADD s", "-ERR wrong number of arguments for 'sadd' command\r\n"),
        ("SISMEMBER s a b", "-ERR wrong number of arguments for 'sismember' command\r\n"),
    ]);
}

#[test]
fn other_types_are_refused() {
    let store = Store::new();
    let mut client = store.client();
    client.expect(&[("SET str x", "+OK\r\n"), ("SADD s a", ":1\r\n")]);
    let commands = "SADD str a;SREM str a;SISMEMBER str a;SMISMEMBER str a;SCARD str;SMEMBERS str;SPOP str;SPOP str 1;\
        SRANDMEMBER str;SRANDMEMBER str 1;SMOVE str s a;SMOVE s str a;SINTER s str;SINTER nokey str;SINTERCARD 2 s str;\
        SUNION s str;SDIFF s str;SINTERSTORE d s str;SUNIONSTORE d nokey str;SDIFFSTORE d str;SSCAN str 0;SSCAN str 0 X";
    for command in commands.split(';') {
        assert_eq!(client.say(command), WRONG_TYPE, "{command}");
    }
    client.expect(&[
        ("SMOVE nokey str a", ":0\r\n"),
        ("SINTERSTORE str s", ":1\r\n"),
        ("TYPE str", "+set\r\n"),
        ("GET s", WRONG_TYPE),
    ]);
}

#[test]
fn encodings_have_redis_names_and_thresholds() {
    let store = Store::new();
    let mut client = store.client();
    let numbers = |range: std::ops::Range<i32>| range.map(|int| format!(" {int}")).collect::<String>();
    client.say(&format!("SADD s{}", numbers(0..512)));
    client.expect(&[
        ("OBJECT ENCODING s", "$6\r\nintset\r\n"),
        ("SADD s 511", ":0\r\n"),
        ("OBJECT ENCODING s", "$6\r\nintset\r\n"),
        ("SADD s 512", ":1\r\n"),
        ("OBJECT ENCODING s", "$9\r\nhashtable\r\n"),
        ("SREM s 512", ":1\r\n"),
        ("OBJECT ENCODING s", "$9\r\nhashtable\r\n"),
        ("SUNIONSTORE copy s", ":512\r\n"),
        ("OBJECT ENCODING copy", "$6\r\nintset\r\n"),
        ("SADD copy x", ":1\r\n"),
        ("OBJECT ENCODING copy", "$9\r\nhashtable\r\n"),
        ("SADD few a", ":1\r\n"),
        ("OBJECT ENCODING few", "$9\r\nhashtable\r\n"),
        ("CONFIG SET set-max-intset-entries 2", "+OK\r\n"),
        ("SADD three 1 2 3", ":3\r\n"),
        ("OBJECT ENCODING three", "$9\r\nhashtable\r\n"),
        ("SADD two 1 2", ":2\r\n"),
        ("OBJECT ENCODING two", "$6\r\nintset\r\n"),
    ]);
}

/// As in Redis 7.2, where the setting comes from; its default here is that of the reference, which has no such encoding.
#[test]
fn small_sets_of_texts_can_be_called_listpacks() {
    let store = Store::with(&[("set-max-listpack-entries", "3")]);
    store.client().expect(&[
        ("SADD s a 1 b", ":3\r\n"),
        ("OBJECT ENCODING s", "$8\r\nlistpack\r\n"),
        ("SADD s c", ":1\r\n"),
        ("OBJECT ENCODING s", "$9\r\nhashtable\r\n"),
        ("CONFIG SET set-max-listpack-value 2", "+OK\r\n"),
        ("SADD t abc", ":1\r\n"),
        ("OBJECT ENCODING t", "$9\r\nhashtable\r\n"),
        ("CONFIG SET set-max-listpack-entries 0", "+OK\r\n"),
        ("SADD u a", ":1\r\n"),
        ("OBJECT ENCODING u", "$9\r\nhashtable\r\n"),
    ]);
}

#[test]
fn moving() {
    Store::new().client().expect(&[
        ("SADD a x y 1", ":3\r\n"),
        ("SMOVE a b x", ":1\r\n"),
        ("SMOVE a b x", ":0\r\n"),
        ("SMOVE a a y", ":1\r\n"),
        ("SMOVE a a nosuch", ":0\r\n"),
        ("SMOVE nokey b x", ":0\r\n"),
        ("SMOVE a b 1", ":1\r\n"),
        ("SMOVE a b y", ":1\r\n"),
        ("EXISTS a", ":0\r\n"),
        ("SCARD b", ":3\r\n"),
        ("SADD a x", ":1\r\n"),
        ("SMOVE a b x", ":1\r\n"),
        ("EXISTS a", ":0\r\n"),
        ("SCARD b", ":3\r\n"),
    ]);
}

#[test]
fn algebra() {
    Store::new().client().expect(&[
        ("SADD a 1 2 3 4", ":4\r\n"),
        ("SADD b 2 4 6", ":3\r\n"),
        ("SADD c 4", ":1\r\n"),
        ("SINTER a b", "*2\r\n$1\r\n2\r\n$1\r\n4\r\n"),
        ("SINTER a b c", "*1\r\n$1\r\n4\r\n"),
        ("SINTER a nokey", "*0\r\n"),
        ("SINTER a a", "*4\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n$1\r\n4\r\n"),
        ("SUNION a b nokey", "*5\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n$1\r\n4\r\n$1\r\n6\r\n"),
        ("SUNION nokey", "*0\r\n"),
        ("SDIFF a b", "*2\r\n$1\r\n1\r\n$1\r\n3\r\n"),
        ("SDIFF a nokey c", "*3\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n"),
        ("SDIFF a a", "*0\r\n"),
        ("SDIFF nokey a", "*0\r\n"),
        ("SINTERSTORE d a b", ":2\r\n"),
        ("SMEMBERS d", "*2\r\n$1\r\n2\r\n$1\r\n4\r\n"),
        ("EXPIRE d 100", ":1\r\n"),
        ("SUNIONSTORE d d c b", ":3\r\n"),
        ("TTL d", ":-1\r\n"),
        ("SDIFFSTORE d d b", ":0\r\n"),
        ("EXISTS d", ":0\r\n"),
        ("SET d text", "+OK\r\n"),
        ("SINTERSTORE d a nokey", ":0\r\n"),
        ("EXISTS d", ":0\r\n"),
        ("SDIFFSTORE d nokey", ":0\r\n"),
    ]);
}

#[test]
fn sintercard() {
    Store::new().client().expect(&[
        ("SADD a 1 2 3 4", ":4\r\n"),
        ("SADD b 2 3 4 x", ":4\r\n"),
        ("SINTERCARD 2 a b", ":3\r\n"),
        ("SINTERCARD 2 a b LIMIT 2", ":2\r\n"),
        ("SINTERCARD 2 a b limit 0", ":3\r\n"),
        ("SINTERCARD 2 a b LIMIT 1 LIMIT 10", ":3\r\n"),
        ("SINTERCARD 2 a nokey", ":0\r\n"),
        ("SINTERCARD 0 a", "-ERR numkeys should be greater than 0\r\n"),
        ("SINTERCARD x a", "-ERR numkeys should be greater than 0\r\n"),
        ("SINTERCARD -1 a", "-ERR numkeys should be greater than 0\r\n"),
        ("SINTERCARD 3 a b", "-ERR Number of keys can't be greater than number of args\r\n"),
        ("SINTERCARD 99999999999999 a", "-ERR Number of keys can't be greater than number of args\r\n"),
        ("SINTERCARD 1 a b", "-ERR syntax error\r\n"),
        ("SINTERCARD 1 a LIMIT", "-ERR syntax error\r\n"),
        ("SINTERCARD 1 a LIMIT -1", "-ERR LIMIT can't be negative\r\n"),
        ("SINTERCARD 1 a LIMIT x", "-ERR LIMIT can't be negative\r\n"),
    ]);
}

#[test]
fn replies_of_resp3_are_sets_but_for_srandmember() {
    let mut client = Store::new().client();
    client.say("HELLO 3");
    client.expect(&[
        ("SADD s 1 2", ":2\r\n"),
        ("SMEMBERS s", "~2\r\n$1\r\n1\r\n$1\r\n2\r\n"),
        ("SMEMBERS nokey", "~0\r\n"),
        ("SINTER s", "~2\r\n$1\r\n1\r\n$1\r\n2\r\n"),
        ("SDIFF s nokey", "~2\r\n$1\r\n1\r\n$1\r\n2\r\n"),
        ("SUNION nokey", "~0\r\n"),
        ("SRANDMEMBER s 5", "*2\r\n$1\r\n1\r\n$1\r\n2\r\n"),
        ("SRANDMEMBER nokey 5", "*0\r\n"),
        ("SRANDMEMBER nokey", "_\r\n"),
        ("SPOP nokey", "_\r\n"),
        ("SPOP nokey 3", "~0\r\n"),
        ("SPOP s 3", "~2\r\n$1\r\n1\r\n$1\r\n2\r\n"),
        ("SSCAN nokey 0", "*2\r\n$1\r\n0\r\n*0\r\n"),
        ("SMISMEMBER nokey a", "*1\r\n:0\r\n"),
    ]);
}

#[test]
fn counts_of_random_members() {
    Store::new().client().expect(&[
        ("SADD s 1", ":1\r\n"),
        ("SPOP s -1", "-ERR value is out of range, must be positive\r\n"),
        ("SPOP nokey x", "-ERR value is out of range, must be positive\r\n"),
        ("SPOP s 1 2", "-ERR syntax error\r\n"),
        ("SPOP s 0", "*0\r\n"),
        ("SRANDMEMBER s x", "-ERR value is not an integer or out of range\r\n"),
        ("SRANDMEMBER s 1 2", "-ERR syntax error\r\n"),
        (
            "SRANDMEMBER s -9223372036854775808",
            "-ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807\r\n",
        ),
        ("SRANDMEMBER s 0", "*0\r\n"),
        ("SRANDMEMBER s -3", "*3\r\n$1\r\n1\r\n$1\r\n1\r\n$1\r\n1\r\n"),
        ("SRANDMEMBER s 9223372036854775807", "*1\r\n$1\r\n1\r\n"),
        ("SRANDMEMBER s", "$1\r\n1\r\n"),
        ("SPOP s", "$1\r\n1\r\n"),
        ("SPOP s", "$-1\r\n"),
        ("EXISTS s", ":0\r\n"),
    ]);
}

/// Redis tries, and takes all memory there is.
#[test]
fn more_random_members_than_memory_is_an_error() {
    Store::new().client().expect(&[
        ("SADD s 1", ":1\r\n"),
        ("SRANDMEMBER s -9223372036854775807", "-OOM out of memory\r\n"),
        ("SRANDMEMBER s -2", "*2\r\n$1\r\n1\r\n$1\r\n1\r\n"),
    ]);
}

/// The bulk strings of a reply.
fn items(reply: &str) -> Vec<String> {
    reply
        .split("\r\n")
        .filter(|line| !line.starts_with(['*', '~', '$', ':']))
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect()
}

fn members(client: &mut Client, key: &str) -> BTreeSet<String> {
    items(&client.say(&format!("SMEMBERS {key}"))).into_iter().collect()
}

#[test]
fn random_members_are_different_ones_of_the_set() {
    let store = Store::new();
    let mut client = store.client();
    for (size, prefix) in [(7, ""), (100, "m"), (400, ""), (1000, "m"), (3000, "")] {
        let all: BTreeSet<String> = (0..size).map(|number| format!("{prefix}{number}")).collect();
        let words: Vec<&str> = all.iter().map(String::as_str).collect();
        client.say(&format!("SADD s {}", words.join(" ")));
        for count in [1, 2, size / 5, size / 3 + 1, size / 2, size - 1, size] {
            let drawn = items(&client.say(&format!("SRANDMEMBER s {count}")));
            let different: BTreeSet<String> = drawn.iter().cloned().collect();
            assert_eq!((drawn.len(), different.len()), (count, count));
            assert!(different.is_subset(&all));
            let many = items(&client.say(&format!("SRANDMEMBER s -{}", count * 2)));
            assert!(many.len() == count * 2 && many.iter().all(|member| all.contains(member)));

            client.say("SUNIONSTORE t s");
            let popped: BTreeSet<String> = items(&client.say(&format!("SPOP t {count}"))).into_iter().collect();
            let left = members(&mut client, "t");
            assert_eq!((popped.len(), left.len()), (count, size - count));
            assert!(popped.is_disjoint(&left) && popped.union(&left).eq(&all));
        }
        client.say("DEL s");
    }
}

/// With few left, those are put together anew, as in Redis: then they can be an intset again.
#[test]
fn what_a_big_spop_leaves_is_a_new_set() {
    let store = Store::new();
    let mut client = store.client();
    let numbers: String = (0..600).map(|int| format!(" {int}")).collect();
    client.say(&format!("SADD s{numbers}"));
    client.say("EXPIRE s 100");
    client.expect(&[("OBJECT ENCODING s", "$9\r\nhashtable\r\n")]);
    assert_eq!(items(&client.say("SPOP s 400")).len(), 400);
    client.expect(&[("OBJECT ENCODING s", "$9\r\nhashtable\r\n")]);
    assert_eq!(items(&client.say("SPOP s 180")).len(), 180);
    client.expect(&[("OBJECT ENCODING s", "$6\r\nintset\r\n"), ("SCARD s", ":20\r\n"), ("TTL s", ":100\r\n")]);
}

#[test]
fn scanning() {
    let store = Store::new();
    let mut client = store.client();
    client.expect(&[
        ("SADD few 1 2 3 15", ":4\r\n"),
        ("SSCAN few 0", "*2\r\n$1\r\n0\r\n*4\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n$2\r\n15\r\n"),
        ("SSCAN few 0 MATCH 1* COUNT 1", "*2\r\n$1\r\n0\r\n*2\r\n$1\r\n1\r\n$2\r\n15\r\n"),
        ("SSCAN few 7 COUNT 1 MATCH x", "*2\r\n$1\r\n0\r\n*0\r\n"),
        ("SSCAN few x", "-ERR invalid cursor\r\n"),
        ("SSCAN few 0 COUNT 0", "-ERR syntax error\r\n"),
        ("SSCAN few 0 COUNT x", "-ERR value is not an integer or out of range\r\n"),
        ("SSCAN few 0 TYPE set", "-ERR syntax error\r\n"),
        ("SSCAN few 0 MATCH", "-ERR syntax error\r\n"),
        ("SSCAN nokey 0 COUNT 0", "*2\r\n$1\r\n0\r\n*0\r\n"),
        ("SSCAN nokey x", "-ERR invalid cursor\r\n"),
    ]);
    let words: String = (0..2000).map(|number| format!(" {number} m{number}")).collect();
    client.say(&format!("SADD many{words}"));
    let (mut cursor, mut seen) = ("0".to_owned(), BTreeSet::new());
    loop {
        let reply = client.say(&format!("SSCAN many {cursor} COUNT 50"));
        let (head, rest) = reply.split_once("\r\n*").expect("a cursor and an array");
        cursor = items(head).pop().expect("a cursor");
        let found = items(&format!("*{rest}"));
        assert!(found.len() <= 50 + 16);
        seen.extend(found);
        if cursor == "0" {
            break;
        }
    }
    assert_eq!(seen.len(), 4000);
    assert_eq!(items(&client.say("SSCAN many 0 COUNT 100000 MATCH m1?")).len(), 11);
}

#[test]
fn changes_are_counted_and_watched_as_in_redis() {
    let store = Store::new();
    let (mut client, mut watcher) = (store.client(), store.client());
    let changes = |client: &mut Client| -> u64 {
        let info = client.say("INFO persistence");
        let line = info.lines().find_map(|line| line.strip_prefix("rdb_changes_since_last_save:")).expect("the field");
        line.parse().expect("a number")
    };
    for (command, counted, aborts) in [
        ("SADD s a b c 1", 4, true),
        ("SADD s a", 0, false),
        ("SREM s nosuch", 0, false),
        ("SREM s a b", 2, true),
        ("SMOVE s t c", 2, true),
        ("SADD s c", 1, true),
        ("SMOVE s t c", 1, true),
        ("SMOVE t t c", 0, false),
        ("SUNIONSTORE s t", 1, true),
        ("SINTERSTORE none nokey t", 0, false),
        ("SDIFFSTORE s s t", 1, true),
        ("SADD s 1 2 3 4 5 6 7 8 9 10", 10, true),
        ("SPOP s 2", 2, true),
        ("SPOP s 0", 0, false),
        ("SPOP s", 1, true),
        ("SPOP s 100", 7, true),
        ("SMEMBERS t", 0, false),
    ] {
        watcher.say("WATCH s t none");
        let before = changes(&mut client);
        client.say(command);
        assert_eq!(changes(&mut client) - before, counted, "{command}");
        watcher.say("MULTI");
        let executed = watcher.say("EXEC");
        assert_eq!(executed == "*-1\r\n", aborts, "{command}: {executed}");
    }
}

#[test]
fn expired_members_of_an_operation_are_absent() {
    let store = Store::new();
    let mut client = store.client();
    // Keys of one shard, so that removing one moves the others.
    for round in 0..50 {
        client.say(&format!("SADD a{round} 1 2 x"));
        client.say(&format!("SADD b{round} 2 3 x"));
        client.say(&format!("PEXPIRE b{round} 10"));
    }
    store.pass_ms(20);
    for round in 0..50 {
        assert_eq!(items(&client.say(&format!("SUNION b{round} a{round}"))).len(), 3);
        assert_eq!(client.say(&format!("SINTERCARD 2 a{round} b{round}")), ":0\r\n");
        assert_eq!(client.say(&format!("SMOVE a{round} b{round} x")), ":1\r\n");
        assert_eq!(client.say(&format!("SCARD b{round}")), ":1\r\n");
    }
}
