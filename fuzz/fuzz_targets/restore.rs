//! RESTORE as clients reach it: payloads whose checksum is right and whose content is not. Each becomes a value that every
//! command can work on and that DUMP and RESTORE carry on unchanged, or "Bad data format", and nothing else.
//!
//! A run damages one of the payloads of every encoding that there is (tests/rdb/payloads.txt), or takes the input for one.

#![no_main]

#[path = "../../tests/oracle/mod.rs"]
mod harness;
#[allow(clippy::duplicate_mod)]
#[path = "../../tests/common/session.rs"]
mod session;

use harness::payloads::content;
use harness::random::Random;
use harness::resp::Reply;
use libfuzzer_sys::fuzz_target;
use redisrs::persist::rdb::{self, Writer};
use redisrs::resp::reply_len;
use session::{Client, Store};
use std::sync::LazyLock;

const RDB_VERSION: u16 = 11;
const DAMAGES_MAX: usize = 6;
/// An emptied table keeps what others may still look at.
const LEFT_MAX: usize = 64 * 1024;

/// `name hex` a line.
static PAYLOADS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let digit = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).expect("text"), 16).expect("hexadecimal");
    let lines = include_str!("../../tests/rdb/payloads.txt").lines();
    lines
        .filter_map(|line| line.split_once(' '))
        .map(|(_, hex)| hex.as_bytes().chunks(2).map(digit).collect())
        .collect()
});

/// What is done with a value of each type; some of it changes the encoding.
const USES: [(&str, &[&str]); 6] = [
    (
        "string",
        &["GET v", "STRLEN v", "BITCOUNT v", "PFCOUNT v", "APPEND v x", "SETRANGE v 3 y", "PFADD v a", "INCR v"],
    ),
    (
        "list",
        &[
            "LRANGE v 0 -1",
            "LINDEX v -1",
            "LPOS v x RANK -1",
            "LINSERT v BEFORE x y",
            "LSET v 0 z",
            "RPUSH v 1 2 3",
            "LREM v -1 2",
            "SORT v ALPHA",
            "LTRIM v 1 -2",
            "RPOP v 2",
        ],
    ),
    (
        "set",
        &[
            "SMEMBERS v",
            "SSCAN v 0",
            "SRANDMEMBER v -5",
            "SISMEMBER v 5",
            "SADD v 70000 text",
            "SUNION v v",
            "SREM v 70000",
            "SPOP v 3",
        ],
    ),
    (
        "hash",
        &[
            "HGETALL v",
            "HSCAN v 0",
            "HRANDFIELD v -5 WITHVALUES",
            "HLEN v",
            "HTTL v FIELDS 1 f",
            "HSET v f 1",
            "HINCRBY v f 5",
            "HPEXPIRE v 1 FIELDS 1 f",
            "HDEL v f",
        ],
    ),
    (
        "zset",
        &[
            "ZRANGE v 0 -1 WITHSCORES",
            "ZRANGEBYLEX v - +",
            "ZRANGEBYSCORE v (1 +inf LIMIT 1 3",
            "ZSCAN v 0",
            "ZRANK v a",
            "ZADD v 1 a 2 b",
            "ZINCRBY v 5 a",
            "GEOSEARCH v FROMLONLAT 0 0 BYRADIUS 9999 km ASC",
            "ZUNION 2 v v",
            "ZREMRANGEBYSCORE v 1 3",
            "ZPOPMIN v 2",
        ],
    ),
    (
        "stream",
        &[
            "XRANGE v - +",
            "XREVRANGE v + -",
            "XINFO STREAM v FULL COUNT 0",
            "XINFO GROUPS v",
            "XLEN v",
            "XGROUP CREATE v fresh 0",
            "XREADGROUP GROUP fresh c COUNT 3 STREAMS v >",
            "XPENDING v fresh - + 10",
            "XAUTOCLAIM v fresh d 0 0",
            "XACK v fresh 1-1",
            "XADD v * f v",
            "XDEL v 1-1",
            "XTRIM v MAXLEN 2",
        ],
    ),
];

/// A body: the type and the value.
fn body(random: &mut Random) -> Vec<u8> {
    let mut body = Vec::new();
    let which = random.below(PAYLOADS.len() + 1);
    if let Some(sound) = PAYLOADS.get(which) {
        body.extend_from_slice(rdb::open(sound).unwrap_or(sound));
        for _ in 0..random.below(DAMAGES_MAX) {
            damage(&mut body, random);
        }
    } else {
        while random.has_choices() {
            body.push(random.below(256) as u8);
        }
    }
    body
}

fn damage(body: &mut Vec<u8>, random: &mut Random) {
    let at = random.below(body.len() + 1);
    let end = (at + random.below(256)).min(body.len());
    match random.below(6) {
        0 => body.truncate(at),
        1 => body.insert(at, random.below(256) as u8),
        2 => drop(body.drain(at..end)),
        // Something is there twice.
        3 => drop(body.splice(at..at, body[at..end].to_vec())),
        4 => body[at..end].iter_mut().take(8).for_each(|byte| *byte = random.below(256) as u8),
        _ => {
            if let Some(byte) = body.get_mut(at) {
                *byte = byte.wrapping_add(random.below(256) as u8);
            }
        }
    }
}

fn run(client: &mut Client, words: &[&[u8]]) -> Vec<u8> {
    let reply = client.run(words);
    assert_eq!(reply_len(&reply), Ok(Some(reply.len())), "{words:?}: {:?}", String::from_utf8_lossy(&reply));
    reply
}

/// What DUMP says; `None` if the key is gone because all that it had was due.
fn dump(client: &mut Client, key: &[u8]) -> Option<Vec<u8>> {
    let reply = run(client, &[b"DUMP", key]);
    let start = reply.iter().position(|byte| *byte == b'\n')? + 1;
    (!reply.starts_with(b"$-")).then(|| reply[start..reply.len() - 2].to_vec())
}

fuzz_target!(|data: &[u8]| {
    let mut random = Random::chosen(data);
    let body = body(&mut random);
    let mut writer = Writer::new(false);
    writer.put(&body).expect("memory");
    rdb::seal(&mut writer, RDB_VERSION).expect("memory");
    let store = Store::with(&[("shards", "1"), ("enable-debug-command", "yes")]);
    let mut client = store.client();
    let reply = run(&mut client, &[b"RESTORE", b"v", b"0", writer.bytes()]);
    if reply != b"+OK\r\n" {
        assert_eq!(reply, b"-ERR Bad data format\r\n");
        assert_eq!(client.say("DBSIZE"), ":0\r\n");
        return;
    }
    if let Some(payload) = dump(&mut client, b"v") {
        assert_eq!(run(&mut client, &[b"RESTORE", b"w", b"0", &payload]), b"+OK\r\n");
        assert_eq!(content(&Reply::Bulk(dump(&mut client, b"w").expect("a key"))), content(&Reply::Bulk(payload)));
        let digests = run(&mut client, &[b"DEBUG", b"DIGEST-VALUE", b"v", b"w"]);
        let lines: Vec<&[u8]> = digests.split(|byte| *byte == b'\n').collect();
        assert_eq!(lines[1], lines[2]);
        for command in ["OBJECT ENCODING v", "MEMORY USAGE v", "COPY v x", "RENAME w x"] {
            client.say(command);
        }
    }
    let kind = client.say("TYPE v");
    for (_, commands) in USES.iter().filter(|(name, _)| kind.trim_start_matches('+').trim_end() == *name) {
        for command in *commands {
            let words: Vec<&[u8]> = command.split(' ').map(str::as_bytes).collect();
            run(&mut client, &words);
        }
    }
    client.say("DEL v w x");
    assert!(store.engine.used_memory() <= LEFT_MAX);
    assert!(!store.engine.is_damaged());
});
