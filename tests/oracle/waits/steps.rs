//! What happens in a campaign of waiting clients: a seeded log of steps.
//!
//! Some clients wait, others only write; so there is always somebody who can serve those who wait. Keys beginning with
//! `q` hold lists, `z` sorted sets, `s` streams; `x` anything. Not everything that Redis does to a key is looked at by its
//! waiting clients, and what is not is left out here: a value that SORT, ZUNIONSTORE and their like store over another one
//! of a different type. So are SWAPDB, and FLUSHDB in transactions, which make keys ready in the order of Redis's hash
//! table.

use crate::harness::command::encode_multibulk;
use crate::harness::payloads;
use crate::harness::random::Random;

/// Clients that may wait.
pub const WAITING: usize = 5;
/// All clients: the others never wait.
pub const CLIENTS: usize = WAITING + 2;
/// Steps between two audits.
const AUDIT_EVERY: usize = 50;

/// What a client does, or what is done to it.
#[derive(Clone, Debug)]
pub enum Act {
    /// Commands in one write.
    Run(Vec<String>),
    /// A command that waits for a moment at most; the step is over when it is answered.
    Brief(String),
    Unblock(&'static str),
    Kill,
    /// Its connection ends from its own side.
    Vanish,
    /// Everything that the servers say about themselves and hold is compared.
    Audit,
}

#[derive(Clone, Debug)]
pub struct Step {
    pub client: usize,
    pub act: Act,
}

impl Step {
    /// For a human.
    pub fn shown(&self) -> String {
        let what = match &self.act {
            Act::Run(lines) => lines.join("; "),
            Act::Brief(line) => line.clone(),
            Act::Unblock(how) => format!("(unblocked, {how})"),
            Act::Kill => "(killed)".into(),
            Act::Vanish => "(gone)".into(),
            Act::Audit => return "(audit)".into(),
        };
        format!("[{}] {what}", self.client)
    }
}

/// A line as a request. A word beginning with `@` stands for the payload of that name.
pub fn encode(line: &str, bytes: &mut Vec<u8>) {
    let words: Vec<Vec<u8>> = line
        .split(' ')
        .map(|word| match word.strip_prefix('@') {
            Some(name) => payloads::named(name).unwrap_or_else(|| panic!("no payload {name}")),
            None => word.as_bytes().to_vec(),
        })
        .collect();
    encode_multibulk(&words, bytes);
}

/// A log of so many steps.
pub fn generate(seed: u64, count: usize) -> Vec<Step> {
    let mut random = Random::new(seed);
    let mut writer = Writer { next_id: 0 };
    let mut steps: Vec<Step> = (0..count)
        .map(|at| match at % AUDIT_EVERY {
            0 if at > 0 => Step { client: 0, act: Act::Audit },
            _ if random.percent(50) => waiting(&mut random, &mut writer),
            _ => writing(&mut random, &mut writer),
        })
        .collect();
    steps.push(Step { client: 0, act: Act::Audit });
    steps
}

/// Something for a client that may wait.
fn waiting(random: &mut Random, writer: &mut Writer) -> Step {
    let client = random.below(WAITING);
    let act = match random.below(100) {
        0..66 => Act::Run(vec![blocking(random)]),
        66..70 => Act::Run(vec!["CLIENT REPLY SKIP".into(), blocking(random)]),
        70..73 => Act::Run(vec!["CLIENT REPLY OFF".into(), blocking(random), "PING".into(), "CLIENT REPLY ON".into()]),
        73..77 => Act::Run(vec![blocking(random), "PING".into()]),
        77..81 => Act::Run(vec![blocking(random), blocking(random)]),
        81..84 => Act::Run(vec![writer.write(random), blocking(random)]),
        84..86 => Act::Brief(waiting_for(random, ["0.001", "2"])),
        86..88 => Act::Run(vec![random.pick(&["HELLO 2", "HELLO 3", "RESET"]).to_string()]),
        88..89 => Act::Run(vec![format!("SELECT {}", random.pick(&["0", "0", "1"]))]),
        89..96 => Act::Unblock(if random.percent(50) { "TIMEOUT" } else { "ERROR" }),
        96..98 => Act::Kill,
        _ => Act::Vanish,
    };
    Step { client, act }
}

/// Something for a client that does not wait.
fn writing(random: &mut Random, writer: &mut Writer) -> Step {
    let client = random.between(WAITING, CLIENTS - 1);
    let act = match random.below(100) {
        0..68 => Act::Run(vec![writer.write(random)]),
        68..73 => Act::Run(vec![writer.write(random), writer.write(random)]),
        73..90 => Act::Run(writer.transaction(random)),
        90..92 => Act::Run(vec![random.pick(&["HELLO 2", "HELLO 3"]).to_string()]),
        92..94 => Act::Run(vec![format!("SELECT {}", random.pick(&["0", "0", "1"]))]),
        94..97 => Act::Run(vec![format!("WATCH {}", some(random, &[LISTS, ZSETS, STREAMS].concat()))]),
        97..99 => {
            // Short of memory.
            let mut lines = if random.percent(50) { vec![writer.write(random)] } else { writer.transaction(random) };
            lines.insert(0, "CONFIG SET maxmemory 1".into());
            lines.push("CONFIG SET maxmemory 0".into());
            Act::Run(lines)
        }
        _ => Act::Run(vec![format!("CONFIG SET slowlog-log-slower-than {}", random.pick(&["0", "-1"]))]),
    };
    Step { client, act }
}

const LISTS: &[&str] = &["q1", "q2", "q3", "x1", SORTED];
const ZSETS: &[&str] = &["z1", "z2", "x1", UNITED];
/// Where something is stored over what is there: nothing of another type gets there.
const SORTED: &str = "q9";
const UNITED: &str = "z9";
/// Where values of any type get to.
const TARGETS: &[&str] = &["q1", "q2", "q3", "z1", "z2", "x1"];
const STREAMS: &[&str] = &["s1", "s2", "x1"];
const ANY: &[&str] = &["x1", "x2"];

fn some(random: &mut Random, keys: &[&str]) -> String {
    let count = random.between(1, 3);
    (0..count).map(|_| *random.pick(keys)).collect::<Vec<_>>().join(" ")
}

fn numbered(random: &mut Random, keys: &[&str]) -> String {
    let keys = some(random, keys);
    format!("{} {keys}", keys.split(' ').count())
}

/// A command that may wait for ever, or has no end in sight, or an error for its timeout.
fn blocking(random: &mut Random) -> String {
    let s = *random.pick(&[
        "0",
        "0",
        "0",
        "0",
        "100000",
        "99999.5",
        "-0.0",
        "1e5",
        "-1",
        "x",
        "1e400",
        "nan",
        "9e15",
        "9223372036854775",
    ]);
    let ms = *random.pick(&["0", "0", "0", "0", "100000000", "0", "0", "-1", "x", "1.5"]);
    waiting_for(random, [s, ms])
}

/// A command that may wait so long, in seconds or in milliseconds.
fn waiting_for(random: &mut Random, [s, ms]: [&str; 2]) -> String {
    let (side, other) = (*random.pick(&["LEFT", "RIGHT"]), *random.pick(&["LEFT", "RIGHT"]));
    let end = *random.pick(&["MIN", "MAX"]);
    let count = *random.pick(&["", "", "", " COUNT 1", " COUNT 2", " COUNT 10", " COUNT 0"]);
    let id = *random.pick(&["$", "$", "$", "0", "5-0", "18446744073709551615-18446744073709551615"]);
    let noack = *random.pick(&["", "", " NOACK"]);
    let unread = *random.pick(&[">", ">", ">", ">", "0"]);
    match random.below(13) {
        0 | 1 => format!("BLPOP {} {s}", some(random, LISTS)),
        2 => format!("BRPOP {} {s}", some(random, LISTS)),
        3 => format!("BLMOVE {} {} {side} {other} {s}", random.pick(LISTS), random.pick(LISTS)),
        4 => format!("BRPOPLPUSH {} {} {s}", random.pick(LISTS), random.pick(LISTS)),
        5 => format!("BLMPOP {s} {} {side}{count}", numbered(random, LISTS)),
        6 => format!("BZPOP{end} {} {s}", some(random, ZSETS)),
        7 => format!("BZMPOP {s} {} {end}{count}", numbered(random, ZSETS)),
        8 => format!("{} {} {} {s}", random.pick(&["BLPOP", "BZPOPMIN"]), random.pick(LISTS), random.pick(ZSETS)),
        9 => format!("XREAD{count} BLOCK {ms} STREAMS {} {id}", random.pick(STREAMS)),
        10 => format!("XREAD BLOCK {ms} STREAMS s1 x1 s2 {id} $ {id}"),
        11 => format!(
            "XREADGROUP GROUP g c{}{count} BLOCK {ms}{noack} STREAMS {} {unread}",
            random.below(2),
            random.pick(STREAMS)
        ),
        _ => format!("XREADGROUP GROUP g c{} BLOCK {ms} STREAMS s1 s2 > {unread}", random.below(2)),
    }
}

/// Makes commands that do not wait.
struct Writer {
    /// Stream entries need IDs that grow.
    next_id: u64,
}

impl Writer {
    /// MULTI to EXEC, with some commands in it that would wait elsewhere.
    fn transaction(&mut self, random: &mut Random) -> Vec<String> {
        let mut lines = vec!["MULTI".to_owned()];
        for _ in 0..random.between(1, 6) {
            let line = if random.percent(12) { blocking(random) } else { self.write(random) };
            // The order in which it makes keys ready matters if some come back before the end.
            lines.push(if line == "FLUSHDB" { "DBSIZE".into() } else { line });
        }
        lines.push(if random.percent(95) { "EXEC".into() } else { "DISCARD".into() });
        lines
    }

    fn write(&mut self, random: &mut Random) -> String {
        self.next_id += 1;
        let id = self.next_id;
        match random.below(100) {
            0..36 => lists(random, id),
            36..60 => zsets(random),
            60..84 => streams(random, id),
            84..92 => anything(random, id),
            _ => random
                .pick(&[
                    "FLUSHDB",
                    "FLUSHDB",
                    "DEL q1 q2 q3 z1 z2 x1",
                    "DBSIZE",
                    "PEXPIRE q1 -1",
                    "EXPIRE s1 0",
                    "PERSIST q1",
                    "TYPE q1",
                ])
                .to_string(),
        }
    }
}

fn lists(random: &mut Random, id: u64) -> String {
    let (list, to) = (*random.pick(LISTS), *random.pick(TARGETS));
    let (side, other) = (*random.pick(&["LEFT", "RIGHT"]), *random.pick(&["LEFT", "RIGHT"]));
    let elements = (0..*random.pick(&[1, 1, 1, 2, 4])).map(|i| format!(" e{id}.{i}")).collect::<String>();
    match random.below(28) {
        0..6 => format!("RPUSH {list}{elements}"),
        6..9 => format!("LPUSH {list}{elements}"),
        9 => format!("{} {list}{elements}", random.pick(&["RPUSHX", "LPUSHX"])),
        10 => format!("LMOVE {list} {to} {side} {other}"),
        11 => format!("RPOPLPUSH {list} {to}"),
        12 => format!("{} {list}", random.pick(&["LPOP", "RPOP"])),
        13 => format!("LMPOP 2 {list} {to} {side} COUNT 2"),
        14 => format!("RENAME {list} {to}"),
        15 => format!("RENAMENX {list} {to}"),
        16 => format!("COPY {list} {to} REPLACE"),
        17 => format!("COPY {list} {to} DB {}", random.below(2)),
        18 => format!("MOVE {list} {}", random.below(2)),
        19 => format!("SORT {list} ALPHA STORE {SORTED}"),
        20 => format!("LINSERT {list} BEFORE e1.0 x"),
        21 => format!("LTRIM {list} 1 1"),
        22 => format!("RESTORE {list} 0 @list-small{}", random.pick(&["", " REPLACE"])),
        _ => format!("DEL {list} {to}"),
    }
}

fn zsets(random: &mut Random) -> String {
    let (zset, to) = (*random.pick(ZSETS), *random.pick(TARGETS));
    let members = (0..*random.pick(&[1, 1, 1, 2, 4])).map(|i| format!(" {} m{i}", random.below(9))).collect::<String>();
    match random.below(18) {
        0..6 => format!("ZADD {zset}{members}"),
        6 => format!("ZADD {zset} {} 5 m1", random.pick(&["NX", "XX", "GT", "INCR"])),
        7 => format!("ZINCRBY {zset} 1 m1"),
        8 => format!("{} {zset}", random.pick(&["ZPOPMIN", "ZPOPMAX"])),
        9 => format!("{} {UNITED} 2 {zset} {to}", random.pick(&["ZUNIONSTORE", "ZINTERSTORE", "ZDIFFSTORE"])),
        10 => format!("ZRANGESTORE {UNITED} {zset} 0 1"),
        11 => format!("RENAME {zset} {to}"),
        12 => format!("COPY {zset} {to} DB {}", random.below(2)),
        13 => format!("GEOADD {zset} 13.4 52.5 berlin"),
        14 => format!("GEOSEARCHSTORE {UNITED} {zset} FROMLONLAT 13 52 BYRADIUS 500 km"),
        15 => format!("RESTORE {zset} 0 @zset-small{}", random.pick(&["", " REPLACE"])),
        16 => format!("ZREM {zset} m1 m2"),
        _ => format!("DEL {zset} {to}"),
    }
}

fn streams(random: &mut Random, id: u64) -> String {
    let (stream, to) = (*random.pick(STREAMS), *random.pick(STREAMS));
    match random.below(26) {
        22.. | 0..7 => format!("XADD {stream} {id}-1 f v"),
        7 => format!("XADD {stream} {} {id}-1 f v", random.pick(&["MAXLEN 0", "MAXLEN 1", "NOMKSTREAM", "MINID 3"])),
        8..11 => format!("XGROUP CREATE {stream} g $ MKSTREAM"),
        11 => format!("XGROUP CREATE {stream} g 0"),
        12 => format!("XGROUP DESTROY {stream} g"),
        13 => format!("XGROUP SETID {stream} g {}", random.pick(&["0", "$"])),
        14 => format!("XGROUP {} {stream} g c0", random.pick(&["CREATECONSUMER", "DELCONSUMER"])),
        15 => format!("XDEL {stream} {}-1", id.saturating_sub(random.below(9) as u64)),
        16 => format!("XTRIM {stream} MAXLEN {}", random.below(3)),
        17 => format!("XSETID {stream} {id}-0"),
        18 => format!("RENAME {stream} {to}"),
        19 => format!("COPY {stream} {to} REPLACE"),
        20 => format!("RESTORE {stream} 0 @stream-empty{}", random.pick(&["", " REPLACE"])),
        _ => format!("DEL {stream}"),
    }
}

/// What puts values of changing types in the same place.
fn anything(random: &mut Random, id: u64) -> String {
    let any = *random.pick(ANY);
    let from = *random.pick(&[LISTS, ZSETS, STREAMS, ANY].concat());
    match random.below(12) {
        0 => format!("SADD {any} m"),
        1 => format!("SET {any} v"),
        2 => format!("DEL {any}"),
        3 => format!("RENAME {from} {any}"),
        4 => format!("COPY {from} {any} REPLACE"),
        5 => format!("RPUSH {any} e{id}"),
        6 => format!("ZADD {any} 1 m"),
        7 => format!("XADD {any} {id}-1 f v"),
        8 => format!("XGROUP CREATE {any} g 0 MKSTREAM"),
        9 => format!("MOVE {from} {}", random.below(2)),
        10 => format!("SINTERSTORE {any} x2 x2"),
        _ => format!("GETDEL {any}"),
    }
}
