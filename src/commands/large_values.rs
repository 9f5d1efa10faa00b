//! No command frees a large value while others wait for its lock: it only takes it out, and the reclaimer frees it.
//!
//! That is counted and not timed: how many blocks and bytes the thread that runs a command has freed until it has the
//! reply. A value that is freed on the way costs as many as it has, so the values are only as large as it takes to tell.

use super::dispatch::{self, Prepared};
use super::session::Session;
use crate::engine::Engine;
use crate::engine::clients::Origin;
use crate::engine::clock::Clock;
use crate::engine::log::Log;
use crate::engine::settings::Settings;
use crate::resp::ReplyWriter;
use crate::storage::Shared;
use crate::storage::counting::{Freed, freed_by};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

const MEMBERS: usize = 6_000;
/// Much less than the blocks of any value with so many members, and more than a command needs for itself.
const BLOCKS_MAX: usize = 1_100;
/// Less than any of them takes.
const BYTES_MAX: usize = 64 * 1024;
const TYPES: [&str; 7] = ["zset", "hash", "set", "intset", "list", "stream", "string"];

struct Store {
    engine: Shared<Engine>,
    session: Session,
    reply: ReplyWriter,
    now_ms: Arc<AtomicI64>,
}

impl Store {
    fn new() -> Self {
        let settings = Settings::new();
        settings.hot().active_expire.store(false, Ordering::Relaxed);
        let now_ms = Arc::new(AtomicI64::new(1_000_000));
        let hand = Arc::clone(&now_ms);
        let clock = Clock::from_host(Box::new(move || hand.load(Ordering::SeqCst)));
        let engine = Engine::open(settings, clock, Log::silent()).expect("an engine");
        let outlet = None;
        let origin = Origin { addr: String::new(), laddr: String::new(), fd: -1, is_unix: false, outlet };
        let session = Session::new(&engine, origin, engine.stats.add_block().expect("memory")).expect("memory");
        Self { engine, session, reply: ReplyWriter::default(), now_ms }
    }

    fn ask(&mut self, argv: &[&[u8]]) -> &[u8] {
        self.reply.clear();
        dispatch::execute(&self.engine, &mut self.session, argv, &Prepared::default(), 0, &mut self.reply);
        self.reply.bytes()
    }

    fn run(&mut self, argv: &[&[u8]]) {
        let reply = self.ask(argv);
        assert!(!reply.starts_with(b"-"), "{:?}: {}", argv.first(), String::from_utf8_lossy(reply));
    }

    fn say(&mut self, command: &str) {
        let argv: Vec<&[u8]> = command.split(' ').map(str::as_bytes).collect();
        self.run(&argv);
    }

    /// What DUMP says.
    fn payload(&mut self, key: &str) -> Vec<u8> {
        self.say(&format!("DUMP {key}"));
        let reply = self.reply.bytes();
        let start = reply.iter().position(|byte| *byte == b'\n').expect("a payload") + 1;
        reply[start..reply.len() - 2].to_vec()
    }

    /// Makes a value of so many members.
    fn fill(&mut self, kind: &str, key: &str) {
        if kind == "string" {
            return self.run(&[b"SET", key.as_bytes(), &vec![b'x'; 50 * MEMBERS]]);
        }
        if kind == "stream" {
            return (0..MEMBERS)
                .for_each(|number| self.say(&format!("XADD {key} {}-1 field value:{number:030}", number + 1)));
        }
        let words: Vec<String> = match kind {
            "zset" => (0..MEMBERS).flat_map(|n| [format!("{}", n * 7 % 1000), format!("member:{n:010}")]).collect(),
            "hash" => (0..MEMBERS).flat_map(|n| [format!("field:{n:010}"), format!("value:{n:010}")]).collect(),
            // Far apart, so that they take more than two bytes each.
            "intset" => (0..2 * MEMBERS).map(|n| (n as i64 * 1_000_000_000_007).to_string()).collect(),
            "list" => (0..2 * MEMBERS).map(|n| format!("element:{n:010}")).collect(),
            _ => (0..MEMBERS).map(|n| format!("member:{n:010}")).collect(),
        };
        let command = match kind {
            "zset" => "ZADD",
            "hash" => "HSET",
            "list" => "RPUSH",
            _ => "SADD",
        };
        let argv: Vec<&[u8]> =
            [command, key].into_iter().chain(words.iter().map(String::as_str)).map(str::as_bytes).collect();
        self.run(&argv);
    }

    /// Checks that a command leaves a value of this type to others.
    #[track_caller]
    fn check(&mut self, kind: &str, command: &str) {
        self.say("FLUSHALL");
        self.say("SET small x");
        self.fill(kind, "big");
        self.measure(kind, command);
    }

    #[track_caller]
    fn measure(&mut self, kind: &str, command: &str) {
        let before = self.engine.used_memory();
        assert!(before > BYTES_MAX, "{kind}: too small to tell");
        let argv: Vec<&[u8]> = command.split(' ').map(str::as_bytes).collect();
        self.expect_little(kind, &argv);
    }

    #[track_caller]
    fn expect_little(&mut self, kind: &str, argv: &[&[u8]]) {
        let Freed { blocks, bytes } = freed_by(|| self.run(argv));
        let name = String::from_utf8_lossy(argv[0]);
        assert!(blocks <= BLOCKS_MAX && bytes <= BYTES_MAX, "{kind}, {name}: {blocks} blocks of {bytes} bytes");
    }
}

#[test]
fn values_that_go_as_a_whole_are_freed_by_others() {
    let mut store = Store::new();
    for kind in TYPES {
        for command in [
            "DEL big",
            "UNLINK big",
            "SET big x",
            "MSET small y big x",
            "RENAME small big",
            "COPY small big REPLACE",
            "FLUSHALL",
            "FLUSHDB SYNC",
            "SINTERSTORE big none",
            "SUNIONSTORE big none",
            "SDIFFSTORE big none",
            "ZUNIONSTORE big 1 none",
            "ZINTERSTORE big 1 none",
            "ZDIFFSTORE big 1 none",
            "ZRANGESTORE big none 0 -1",
            "GEOSEARCHSTORE big none FROMLONLAT 0 0 BYRADIUS 1 m",
            "SORT none STORE big",
            "BITOP NOT big none",
            "EXPIRE big 0",
            "PEXPIREAT big 1",
        ] {
            store.check(kind, command);
        }
        store.check(kind, "PEXPIRE big 1");
        store.now_ms.fetch_add(2, Ordering::SeqCst);
        store.measure(kind, "GET big");
    }
}

#[test]
fn a_value_is_replaced_by_a_new_one_of_the_same_type() {
    let mut store = Store::new();
    for (kind, make, replace) in [
        ("set", "SADD small a", "SUNIONSTORE big small"),
        ("zset", "ZADD small 1 a", "ZUNIONSTORE big 1 small"),
        ("zset", "ZADD small 1 a", "ZRANGESTORE big small 0 0"),
        ("zset", "GEOADD small 1 1 a", "GEOSEARCHSTORE big small FROMLONLAT 1 1 BYRADIUS 1 m"),
        ("list", "RPUSH small a", "SORT small ALPHA STORE big"),
        ("hash", "HSET small f v", "COPY small big REPLACE"),
        ("stream", "XADD small * f v", "COPY small big REPLACE"),
    ] {
        store.say("FLUSHALL");
        store.fill(kind, "big");
        store.say(make);
        store.measure(kind, replace);
        store.fill(kind, "big-again");
        let payload = store.payload("small");
        store.expect_little(kind, &[b"RESTORE", b"big-again", b"0", &payload, b"REPLACE"]);
    }
}

#[test]
fn most_of_a_value_is_freed_by_others() {
    let mut store = Store::new();
    let (last, last_element) = (MEMBERS - 1, 2 * MEMBERS - 1);
    for (kind, command) in [
        ("list", "LTRIM big 0 0"),
        ("list", "LTRIM big -1 -1"),
        ("list", "LTRIM big 5990 6000"),
        ("list", "LTRIM big 1 0"),
        ("list", &format!("LPOP big {last}")),
        ("list", &format!("RPOP big {last}")),
        ("list", &format!("LMPOP 1 big LEFT COUNT {last_element}")),
        ("zset", "ZREMRANGEBYRANK big 0 -1"),
        ("zset", "ZREMRANGEBYRANK big 0 -2"),
        ("zset", "ZREMRANGEBYRANK big 10 -10"),
        ("zset", "ZREMRANGEBYSCORE big -inf +inf"),
        ("zset", "ZREMRANGEBYSCORE big 1 +inf"),
        ("zset", "ZREMRANGEBYLEX big - +"),
        ("zset", &format!("ZPOPMIN big {last}")),
        ("zset", &format!("ZPOPMAX big {MEMBERS}")),
        ("zset", &format!("ZMPOP 1 big MIN COUNT {last}")),
        ("set", &format!("SPOP big {last}")),
        ("set", &format!("SPOP big {MEMBERS}")),
        ("intset", &format!("SPOP big {last_element}")),
        ("stream", "XTRIM big MAXLEN 1"),
        ("stream", "XTRIM big MAXLEN 0"),
        ("stream", "XTRIM big MINID 5990-1"),
        ("stream", "XADD big MAXLEN 1 * field value"),
    ] {
        store.check(kind, command);
    }
}

#[test]
fn results_that_are_only_replied_are_freed_by_others() {
    let mut store = Store::new();
    for (kind, command) in [
        ("set", "SUNION big other"),
        ("set", "SDIFF big other other other other"),
        ("set", "SRANDMEMBER big 5000"),
        ("zset", "ZUNION 2 big other"),
        ("zset", "ZINTER 2 big other"),
        ("zset", "ZDIFF 2 big none"),
    ] {
        store.say("FLUSHALL");
        store.fill(kind, "big");
        store.fill(kind, "other");
        // Tables grow while the result is made, so only blocks tell.
        let argv: Vec<&[u8]> = command.split(' ').map(str::as_bytes).collect();
        let Freed { blocks, .. } = freed_by(|| store.run(&argv));
        assert!(blocks <= BLOCKS_MAX, "{kind}, {command}: {blocks} blocks");
    }
}

#[test]
fn what_was_built_of_a_corrupt_payload_is_freed_by_others() {
    const FOOTER_BYTES: usize = 10;
    let mut store = Store::new();
    for kind in ["set", "zset", "hash"] {
        store.say("FLUSHALL");
        store.fill(kind, "big");
        let mut payload = store.payload("big");
        // Without its end, and without a checksum.
        let body = payload.len() - FOOTER_BYTES - 20;
        payload.truncate(body);
        payload.extend([9, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        // Tables grow meanwhile, so only blocks tell.
        let Freed { blocks, .. } = freed_by(|| {
            let reply = store.ask(&[b"RESTORE", b"again", b"0", &payload]);
            assert_eq!(reply, b"-ERR Bad data format\r\n", "{kind}");
        });
        assert!(blocks <= BLOCKS_MAX, "{kind}: {blocks} blocks");
    }
}

#[test]
fn pending_entries_of_a_group_are_freed_by_others() {
    let mut store = Store::new();
    store.fill("stream", "big");
    store.say("XGROUP CREATE big g 0");
    store.say(&format!("XREADGROUP GROUP g c COUNT {MEMBERS} STREAMS big >"));
    store.measure("stream", "XGROUP DESTROY big g");
    for others in [0, 10] {
        store.say("XGROUP CREATE big g 0");
        store.say("XREADGROUP GROUP g other COUNT 20 STREAMS big >");
        store.say(&format!("XREADGROUP GROUP g c COUNT {MEMBERS} STREAMS big >"));
        if others == 0 {
            store.say("XGROUP DELCONSUMER big g other");
        }
        store.measure("stream", "XGROUP DELCONSUMER big g c");
        store.say("XGROUP DESTROY big g");
    }
}

#[test]
fn long_fields_members_and_values_are_freed_by_others() {
    let mut store = Store::new();
    let long = vec![b'x'; 2 * BYTES_MAX];
    store.run(&[b"HSET", b"h", b"a", &long, b"b", &long, b"c", &long, &long, b"long field", b"d", b"x"]);
    store.expect_little("long", &[b"HDEL", b"h", b"a"]);
    store.expect_little("long", &[b"HSET", b"h", b"b", b"short"]);
    store.expect_little("long", &[b"HGETDEL", b"h", b"FIELDS", b"1", b"c"]);
    store.expect_little("long", &[b"HDEL", b"h", &long]);
    store.run(&[b"SADD", b"s", &long, b"b", b"c"]);
    store.expect_little("long", &[b"SREM", b"s", &long]);
    store.run(&[b"SET", &long, b"a long key"]);
    store.expect_little("long", &[b"DEL", &long]);
    assert!(store.engine.reclaimer.freed() + store.engine.reclaimer.pending() as u64 >= 6);
}

#[test]
fn long_elements_and_entries_are_freed_by_others() {
    let mut store = Store::new();
    let long = vec![b'x'; 2 * BYTES_MAX];
    store.run(&[b"RPUSH", b"l", b"a", &long, b"b", &long, b"c", &long, b"d", &long]);
    store.expect_little("long", &[b"LPOP", b"l", b"2"]);
    store.expect_little("long", &[b"RPOP", b"l"]);
    store.expect_little("long", &[b"LSET", b"l", b"1", b"short"]);
    store.expect_little("long", &[b"LREM", b"l", b"0", &long]);
    store.run(&[b"RPUSH", b"l", &long]);
    store.expect_little("long", &[b"LTRIM", b"l", b"0", b"-2"]);
    for (score, end) in [(b"1", b'1'), (b"2", b'2'), (b"3", b'3'), (b"4", b'4')] {
        let name: Vec<u8> = long.iter().copied().chain([end]).collect();
        store.run(&[b"ZADD", b"z", score, &name, b"0", b"first", b"9", b"last"]);
    }
    let last: Vec<u8> = long.iter().copied().chain([b'4']).collect();
    store.expect_little("long", &[b"ZREM", b"z", &last]);
    store.expect_little("long", &[b"ZREMRANGEBYSCORE", b"z", b"3", b"3"]);
    store.expect_little("long", &[b"ZPOPMIN", b"z", b"2"]);
    store.expect_little("long", &[b"ZREMRANGEBYRANK", b"z", b"0", b"0"]);
    for id in [b"1-1", b"2-1", b"3-1"] {
        store.run(&[b"XADD", b"s", id, b"field", &long]);
    }
    store.expect_little("long", &[b"XDEL", b"s", b"2-1"]);
    store.expect_little("long", &[b"XTRIM", b"s", b"MAXLEN", b"1"]);
    store.expect_little("long", &[b"DEL", b"l", b"z", b"s"]);
}

#[test]
fn many_values_of_medium_size_do_not_add_up() {
    let mut store = Store::new();
    let names: Vec<String> = (0..400).map(|number| format!("key:{number}")).collect();
    let fields: Vec<String> = (0..1200).map(|number| format!("member:{number}")).collect();
    for name in &names {
        let words = fields.iter().map(String::as_bytes);
        let argv: Vec<&[u8]> = [b"SADD".as_slice(), name.as_bytes()].into_iter().chain(words).collect();
        store.run(&argv);
    }
    let shards = store.engine.keyspace.shard_count();
    let argv: Vec<&[u8]> = [b"DEL".as_slice()].into_iter().chain(names.iter().map(String::as_bytes)).collect();
    let Freed { bytes, .. } = freed_by(|| store.run(&argv));
    assert!(bytes <= (shards + 1) * 64 * 1024, "{bytes} bytes");
}
