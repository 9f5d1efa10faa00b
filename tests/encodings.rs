//! OBJECT ENCODING at the borders: every setting that decides between encodings, one below, at, and one above its limit,
//! for every command that makes or lengthens such a value. The real server says what is right.

#[path = "oracle/mod.rs"]
mod harness;

use harness::pair::Pair;
use harness::resp::Reply;
use harness::wire::Connection;
use std::collections::BTreeSet;

/// A setting, limits of it, and the commands that it may touch. In a command, `N` is a number that differs from element to
/// element, `T` a text of as many bytes as the border says.
struct Border {
    setting: &'static str,
    limits: &'static [usize],
    /// Run once for each element; or once, if it is about the length of a text.
    elements: &'static [&'static str],
    /// Run afterwards, once: what makes another value of this one.
    then: &'static [&'static str],
    /// The key to look at.
    key: &'static str,
}

const COUNTS: &[usize] = &[0, 1, 2, 8, 128, 512];
const LENGTHS: &[usize] = &[0, 1, 20, 64, 300];

const fn count(setting: &'static str, elements: &'static [&'static str]) -> Border {
    Border { setting, limits: COUNTS, elements, then: &[], key: "k" }
}

const fn length(setting: &'static str, elements: &'static [&'static str]) -> Border {
    Border { setting, limits: LENGTHS, elements, then: &[], key: "k" }
}

const fn then(mut border: Border, then: &'static [&'static str], key: &'static str) -> Border {
    border.then = then;
    border.key = key;
    border
}

const BORDERS: &[Border] = &[
    count("hash-max-listpack-entries", &["HSET k fN v"]),
    count("hash-max-listpack-entries", &["HSETNX k fN v"]),
    count("hash-max-listpack-entries", &["HMSET k fN v"]),
    count("hash-max-listpack-entries", &["HINCRBY k fN 1"]),
    count("hash-max-listpack-entries", &["HINCRBYFLOAT k fN 1.5"]),
    // What has become large stays so.
    then(count("hash-max-listpack-entries", &["HSET k fN v"]), &["HDEL k f0 f1"], "k"),
    then(count("hash-max-listpack-entries", &["HSET k fN v"]), &["COPY k l"], "l"),
    then(count("hash-max-listpack-entries", &["HSET k fN v"]), &["RENAME k l"], "l"),
    length("hash-max-listpack-value", &["HSET k f T"]),
    length("hash-max-listpack-value", &["HSET k T v"]),
    length("hash-max-listpack-value", &["HSETNX k f T"]),
    length("hash-max-listpack-value", &["HSET k f v", "HSET k f T"]),
    length("hash-max-listpack-value", &["HSET k T v", "HINCRBY k n 1"]),
    length("hash-max-listpack-value", &["HSET k f T", "HSET k f v"]),
    length("hash-max-listpack-value", &["HINCRBY k T 1"]),
    count("set-max-intset-entries", &["SADD k N"]),
    count("set-max-intset-entries", &["SADD s N", "SMOVE s k N"]),
    then(count("set-max-intset-entries", &["SADD k N"]), &["SREM k 0 1"], "k"),
    then(count("set-max-intset-entries", &["SADD k N"]), &["SADD k text", "SREM k text"], "k"),
    then(count("set-max-intset-entries", &["SADD k N"]), &["SPOP k"], "k"),
    then(count("set-max-intset-entries", &["SADD k N"]), &["SADD k 9223372036854775808"], "k"),
    then(count("set-max-intset-entries", &["SADD s N"]), &["SUNIONSTORE k s"], "k"),
    then(count("set-max-intset-entries", &["SADD s N"]), &["SINTERSTORE k s s"], "k"),
    then(count("set-max-intset-entries", &["SADD s N"]), &["SDIFFSTORE k s t"], "k"),
    then(count("set-max-intset-entries", &["SADD k N"]), &["COPY k l"], "l"),
    count("zset-max-listpack-entries", &["ZADD k 1 mN"]),
    count("zset-max-listpack-entries", &["ZADD k N m", "ZADD k INCR 1 mN"]),
    count("zset-max-listpack-entries", &["ZINCRBY k 1 mN"]),
    count("zset-max-listpack-entries", &["GEOADD k 1 1 mN"]),
    then(count("zset-max-listpack-entries", &["ZADD k 1 mN"]), &["ZREM k m0 m1"], "k"),
    then(count("zset-max-listpack-entries", &["ZADD k 1 mN"]), &["ZREMRANGEBYRANK k 0 1"], "k"),
    then(count("zset-max-listpack-entries", &["ZADD k 1 mN"]), &["ZPOPMIN k 2"], "k"),
    then(count("zset-max-listpack-entries", &["ZADD z 1 mN"]), &["ZUNIONSTORE k 1 z"], "k"),
    then(count("zset-max-listpack-entries", &["ZADD z 1 mN"]), &["ZINTERSTORE k 2 z z"], "k"),
    then(count("zset-max-listpack-entries", &["ZADD z 1 mN"]), &["ZDIFFSTORE k 2 z y"], "k"),
    then(count("zset-max-listpack-entries", &["ZADD z 1 mN"]), &["ZRANGESTORE k z 0 -1"], "k"),
    then(count("zset-max-listpack-entries", &["ZADD z 1 mN"]), &["ZRANGESTORE k z 0 -1 REV LIMIT 0 0"], "k"),
    then(count("zset-max-listpack-entries", &["SADD z N"]), &["ZUNIONSTORE k 1 z"], "k"),
    then(count("zset-max-listpack-entries", &["ZADD k 1 mN"]), &["SORT k BY nosort STORE l"], "l"),
    length("zset-max-listpack-value", &["ZADD k 1 T"]),
    length("zset-max-listpack-value", &["ZINCRBY k 1 T"]),
    length("zset-max-listpack-value", &["ZADD k 1 m", "ZADD k 2 T", "ZREM k T"]),
    then(length("zset-max-listpack-value", &["ZADD z 1 T"]), &["ZUNIONSTORE k 1 z"], "k"),
    then(length("zset-max-listpack-value", &["SADD z T"]), &["ZINTERSTORE k 1 z"], "k"),
    then(length("zset-max-listpack-value", &["ZADD z 1 T"]), &["ZRANGESTORE k z 0 -1"], "k"),
    count("list-max-listpack-size", &["RPUSH k N"]),
    count("list-compress-depth", &["LPUSH k N"]),
];

/// Strings: what each step leaves, which no setting changes.
const STRINGS: &[&[&str]] = &[
    &["SET k 1", "APPEND k 2", "INCR k", "DECRBY k 5", "INCRBYFLOAT k 0.5", "INCRBYFLOAT k 0.5", "INCR k"],
    &["SET k 9223372036854775807", "SET k 9223372036854775808", "SET k -9223372036854775808", "SET k 01", "SET k -0"],
    &["SET k 123456789012345678901", "SET k 1.0", "SETRANGE k 0 2", "SETBIT k 1 1", "GETSET k 12", "GETEX k"],
    &["SET k abc", "SETRANGE k 1 x", "COPY k l REPLACE", "RENAME l k", "SETNX k x", "MSET k 5", "COPY k l REPLACE"],
    &["SETEX k 1000 7", "PERSIST k", "PSETEX k 1000000 abc", "EXPIRE k 1000", "SET k 1 KEEPTTL", "APPEND k x"],
    &[
        "SET k 10",
        "SETRANGE k 0 2",
        "SET s 5",
        "BITOP AND k s s",
        "BITFIELD k SET u8 0 49",
        "PFADD h a",
        "COPY h k REPLACE",
    ],
];

#[test]
fn encodings_change_where_those_of_redis_do() {
    let Some(pair) = Pair::start(&[]) else { return };
    let mut sides = [pair.ours.port, pair.theirs.port].map(|port| Connection::open(port).expect("the server accepts"));
    let mut encodings = BTreeSet::new();
    let mut checks = 0;
    for border in BORDERS {
        let before = value_of(&mut sides[1], border.setting);
        for limit in border.limits {
            for size in [limit.saturating_sub(1), *limit, limit + 1] {
                let commands = border.commands(*limit, size);
                let [ours, theirs] = sides.each_mut().map(|side| play(side, &commands, border.key));
                assert_eq!(ours, theirs, "{} {limit}: {size} × {:?}", border.setting, border.elements);
                checks += usize::from(theirs.is_some());
                encodings.insert(theirs);
            }
        }
        let restore = format!("CONFIG SET {} {before}", border.setting);
        sides.iter_mut().for_each(|side| drop(ask(side, &restore)));
    }
    for length in [0, 1, 19, 20, 21, 43, 44, 45, 100] {
        let text = "x".repeat(length);
        for make in ["SET k", "SETNX k", "GETSET k", "MSET k", "APPEND k", "SETRANGE k 0"] {
            let commands = ["FLUSHALL".to_string(), format!("{make} {text}")];
            let [ours, theirs] = sides.each_mut().map(|side| play(side, &commands, "k"));
            assert_eq!(ours, theirs, "{make} of {length} bytes");
            encodings.insert(theirs);
        }
    }
    for steps in STRINGS {
        for count in 1..=steps.len() {
            let steps: Vec<String> =
                std::iter::once(&"FLUSHALL").chain(&steps[..count]).map(|s| s.to_string()).collect();
            let [ours, theirs] = sides.each_mut().map(|side| play(side, &steps, "k"));
            assert_eq!(ours, theirs, "{steps:?}");
            encodings.insert(theirs);
        }
    }
    assert!(checks > 500, "{checks}");
    let expected = ["embstr", "hashtable", "int", "intset", "listpack", "quicklist", "raw", "skiplist"];
    let seen: Vec<&str> = encodings.iter().filter_map(|name| name.as_deref()).collect();
    assert_eq!(seen, expected);
}

impl Border {
    fn commands(&self, limit: usize, size: usize) -> Vec<String> {
        let mut commands = vec!["FLUSHALL".to_string(), format!("CONFIG SET {} {limit}", self.setting)];
        let times = if self.limits == LENGTHS { 1 } else { size };
        let text = "t".repeat(size);
        for number in 0..times {
            commands.extend(self.elements.iter().map(|command| {
                let words = command.split(' ').enumerate().map(|(at, word)| match word {
                    "T" => text.clone(),
                    word => match word.strip_suffix('N') {
                        Some(name) if at > 0 => format!("{name}{number}"),
                        _ => word.to_string(),
                    },
                });
                words.collect::<Vec<_>>().join(" ")
            }));
        }
        commands.extend(self.then.iter().map(|command| command.to_string()));
        commands
    }
}

/// A value of several elements, settings that make it too large for its encoding, and what may then be done with it.
const LOWERED: &[(&str, &[&str], &[&str])] = &[
    (
        "HSET k f0 0 f1 1 f2 2 f3 3",
        &["CONFIG SET hash-max-listpack-entries 2", "CONFIG SET hash-max-listpack-value 0"],
        &[
            "HGET k f0",
            "HSET k f0 0",
            "HSET k f0 9",
            "HSET k new 9",
            "HMSET k f0 9",
            "HSETNX k f0 9",
            "HSETNX k new 9",
            "HINCRBY k f0 1",
            "HINCRBYFLOAT k f0 0.5",
            "HDEL k f0",
            "COPY k l",
            "RENAME k l",
        ],
    ),
    (
        "SADD k 0 1 2 3",
        &["CONFIG SET set-max-intset-entries 2"],
        &["SADD k 0", "SADD k 9", "SREM k 0", "SMOVE k s 0", "SPOP k", "SUNIONSTORE l k", "COPY k l", "SADD k text"],
    ),
    (
        "ZADD k 0 m0 1 m1 2 m2 3 m3",
        &["CONFIG SET zset-max-listpack-entries 2", "CONFIG SET zset-max-listpack-value 0"],
        &[
            "ZADD k 0 m0",
            "ZADD k 9 m0",
            "ZADD k 9 new",
            "ZADD k XX 9 m0",
            "ZADD k NX 9 m0",
            "ZINCRBY k 1 m0",
            "ZINCRBY k 1 new",
            "ZREM k m0",
            "ZPOPMAX k",
            "ZREMRANGEBYRANK k 0 0",
            "ZUNIONSTORE l 1 k",
            "ZRANGESTORE l k 0 -1",
            "COPY k l",
        ],
    ),
];

#[test]
fn values_outgrow_limits_that_have_come_down_where_those_of_redis_do() {
    let Some(pair) = Pair::start(&[]) else { return };
    let mut sides = [pair.ours.port, pair.theirs.port].map(|port| Connection::open(port).expect("the server accepts"));
    for (make, settings, changes) in LOWERED {
        for setting in *settings {
            let name = setting.split(' ').nth(2).expect("the name of a setting");
            let restore = format!("CONFIG SET {name} {}", value_of(&mut sides[1], name));
            for change in *changes {
                for key in ["k", "l"] {
                    let commands = ["FLUSHALL", make, setting, change].map(String::from);
                    let [ours, theirs] = sides.each_mut().map(|side| play(side, &commands, key));
                    assert_eq!(ours, theirs, "{make}; {setting}; {change}: {key}");
                    sides.iter_mut().for_each(|side| drop(ask(side, &restore)));
                }
            }
        }
    }
}

/// Runs the commands, and says what the encoding is then, if there is a key.
fn play(side: &mut Connection, commands: &[String], key: &str) -> Option<String> {
    commands.iter().for_each(|command| drop(ask(side, command)));
    ask(side, &format!("OBJECT ENCODING {key}")).text().map(|name| String::from_utf8_lossy(name).into_owned())
}

/// What a setting is.
fn value_of(side: &mut Connection, setting: &str) -> String {
    let reply = ask(side, &format!("CONFIG GET {setting}"));
    let value = reply.elements().and_then(|found| found.get(1)?.text()).expect("a known setting");
    String::from_utf8_lossy(value).into_owned()
}

/// Words are what lies between single spaces; some are empty.
fn ask(side: &mut Connection, command: &str) -> Reply {
    let words: Vec<&str> = command.split(' ').collect();
    side.try_request(&words).expect("a reply")
}
