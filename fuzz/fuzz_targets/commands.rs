//! Whole commands, in any order, from several clients of one store: nothing panics, every reply is well-formed, blocked
//! clients come back, and no memory stays behind when all keys are deleted.
//!
//! The commands come from the grammars of the differential test (tests/oracle), with what that one must not send: short
//! deadlines, transactions, blocking, results of chance.

#![no_main]

#[path = "../../tests/oracle/mod.rs"]
mod harness;
#[allow(clippy::duplicate_mod)]
#[path = "../../tests/common/session.rs"]
mod session;

use harness::command::Command;
use harness::families::Family;
use harness::grammar::{Grammar, mutate};
use harness::hazards;
use harness::payloads::payload;
use harness::random::Random;
use libfuzzer_sys::fuzz_target;
use redisrs::engine::clients::{End, Waiting};
use redisrs::persist::rdb::{self, Writer};
use redisrs::resp::reply_len;
use session::{Client, Store};
use std::sync::LazyLock;

const FAMILIES: [&str; 10] = ["strings", "keys", "bits", "hashes", "lists", "sets", "zsets", "geo", "streams", "dump"];
const MORE: &[&str] = &[
    "MULTI",
    "EXEC",
    "(EXEC|DISCARD|WATCH key...|UNWATCH)",
    "FLUSHALL [ASYNC|SYNC]",
    "SWAPDB db db",
    "SELECT db",
    "DEL key...",
    "(BLPOP|BRPOP) key... (0|1)",
    "BLMOVE key key (LEFT|RIGHT) (LEFT|RIGHT) (0|1)",
    "BLMPOP (0|1) 2 key key (LEFT|RIGHT) [COUNT item-count]",
    "(BZPOPMIN|BZPOPMAX) key... (0|1)",
    "BZMPOP (0|1) 2 key key (MIN|MAX) [COUNT item-count]",
    "XREAD BLOCK (0|1) STREAMS stream ($|0|stream-id)",
    "XREADGROUP GROUP group consumer BLOCK (0|1) STREAMS stream (>|0)",
    "(SORT|SORT_RO) key {BY *|BY NOSORT|BY value|GET *|GET value|LIMIT index index|ASC|DESC|ALPHA|STORE key}",
    "XADD stream {MAXLEN item-count} * fields",
    "(EXPIRE|PEXPIRE) key index {NX|XX|GT|LT}",
    "SET key value PX index",
    "HPEXPIRE key index FIELDS 2 value value",
    "HGETEX key PX index FIELDS 1 value",
    "(SPOP|SRANDMEMBER|HRANDFIELD|ZRANDMEMBER) key [index]",
    "MEMORY USAGE key",
    "OBJECT ENCODING key",
    "DEBUG (OBJECT|DIGEST-VALUE|LISTPACK) key",
    "DEBUG DIGEST",
    "CLIENT (LIST|INFO|ID)",
    "CONFIG SET (HASH-MAX-LISTPACK-ENTRIES|HASH-MAX-LISTPACK-VALUE|ZSET-MAX-LISTPACK-ENTRIES|ZSET-MAX-LISTPACK-VALUE) item-count",
    "CONFIG SET (SET-MAX-INTSET-ENTRIES|SET-MAX-LISTPACK-ENTRIES|STREAM-NODE-MAX-ENTRIES|HLL-SPARSE-MAX-BYTES) item-count",
    "CONFIG SET LIST-MAX-LISTPACK-SIZE (-1|-2|item-count)",
];
/// Commands that end the process' store, wait, or allocate without limit on purpose.
const NEVER: &[&[u8]] = &[b"SHUTDOWN", b"PFSELFTEST", b"MONITOR"];
/// Commands whose arguments can ask for very much memory or time, which Redis would give them too.
const COSTLY: &[&[u8]] = &[b"SETRANGE", b"SETBIT", b"BITFIELD", b"SRANDMEMBER", b"HRANDFIELD", b"ZRANDMEMBER"];
const RDB_VERSION: u16 = 10;
const STEPS_MAX: usize = 400;
/// An emptied table keeps what others may still look at: so much in each of the databases of the few shards.
const LEFT_MAX: usize = 16 * 2 * 16 * 1024;

static GRAMMARS: LazyLock<Vec<Vec<Grammar>>> = LazyLock::new(|| {
    let more = MORE.iter().map(|line| Grammar::parse(1, line)).collect();
    FAMILIES.iter().map(|name| Family::new(name).grammars).chain([more]).collect()
});

/// A command, nearly always one that is worth sending.
fn command(random: &mut Random) -> Option<Vec<Vec<u8>>> {
    if random.below(16) == 0 {
        return Some(restore(random));
    }
    let family = random.pick(&GRAMMARS);
    let mut arguments = random.pick(family).expand(random);
    if random.below(8) == 0 {
        mutate(&mut arguments, random);
    }
    let command = Command::new(&arguments);
    let name = command.upper(0);
    let is_sent =
        !NEVER.contains(&name.as_slice()) && (!COSTLY.contains(&name.as_slice()) || hazards::is_safe(&command));
    is_sent.then_some(arguments)
}

/// RESTORE of a damaged payload with a checksum that is right.
fn restore(random: &mut Random) -> Vec<Vec<u8>> {
    let sound = payload(random);
    let mut body = rdb::open(&sound).unwrap_or(&sound).to_vec();
    for _ in 0..random.below(4) {
        if !body.is_empty() {
            let at = random.below(body.len());
            body[at] = random.below(256) as u8;
        }
    }
    let mut writer = Writer::new(false);
    writer.put(&body).expect("memory");
    rdb::seal(&mut writer, RDB_VERSION).expect("memory");
    let key = harness::pools::KEYS[random.below(4)];
    vec![b"RESTORE".to_vec(), key.to_vec(), b"0".to_vec(), writer.bytes().to_vec(), b"REPLACE".to_vec()]
}

/// Whether these are whole replies, one after the other.
fn is_well_formed(mut replies: &[u8]) -> bool {
    while !replies.is_empty() {
        match reply_len(replies) {
            Ok(Some(len)) => replies = &replies[len..],
            _ => return false,
        }
    }
    true
}

fn step(client: &mut Client, store: &Store, random: &mut Random) {
    if client.session.waiter().is_some() {
        if client.answer().is_empty() && random.below(4) == 0 {
            end_wait(client, store);
        }
        return;
    }
    let Some(arguments) = command(random) else { return };
    let argv: Vec<&[u8]> = arguments.iter().map(Vec::as_slice).collect();
    let reply = client.run(&argv);
    assert!(is_well_formed(&reply), "{:?}", String::from_utf8_lossy(&reply));
    if client.session.waiter().is_none() {
        assert!(!reply.is_empty(), "{argv:?} has no reply");
    }
}

fn end_wait(client: &mut Client, store: &Store) {
    if let Some(waiter) = client.session.waiter() {
        waiter.end(&store.engine, End::TimedOut);
    }
    assert!(is_well_formed(&client.answer()));
    assert!(client.session.waiter().is_none(), "a wait that is over has an answer");
}

/// Deletes all keys one by one, so that everything ever counted is taken off again.
fn delete_all(client: &mut Client) {
    for number in 0..16 {
        client.say(&format!("SELECT {number}"));
        while client.say("DBSIZE") != ":0\r\n" {
            let reply = client.run(&[b"RANDOMKEY"]);
            let Some(start) = reply.iter().position(|byte| *byte == b'\n') else { break };
            if reply.starts_with(b"$") && !reply.starts_with(b"$-") {
                let key = &reply[start + 1..reply.len() - 2];
                client.run(&[b"DEL", key]);
            }
        }
    }
}

fuzz_target!(|data: &[u8]| {
    let mut random = Random::chosen(data);
    let store = Store::with(&[("shards", "2"), ("enable-debug-command", "yes")]);
    let mut clients = [store.client(), store.client(), store.client()];
    clients[1].say("HELLO 3");
    for _ in 0..STEPS_MAX {
        if !random.has_choices() {
            break;
        }
        match random.below(32) {
            0 => store.pass_ms(1 + random.below(2000) as i64),
            _ => {
                let client = random.below(clients.len());
                step(&mut clients[client], &store, &mut random);
            }
        }
    }
    assert!(!store.engine.is_damaged());
    drop(clients);
    let mut client = store.client();
    delete_all(&mut client);
    let left = store.engine.used_memory();
    assert!(left <= LEFT_MAX, "{left} bytes are left");
    client.say("FLUSHALL");
    assert_eq!(store.engine.used_memory(), 0);
});
