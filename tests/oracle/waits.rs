//! Blocked clients against the real server: several clients that wait, write, are unblocked and killed, step by step.
//!
//! The other campaigns know a reply by the sentinel behind it, and behind a blocked command nothing is answered. Here
//! each step is one command of one client, or a transaction, and after it a control connection asks CLIENT LIST who is
//! still blocked: whoever is not any more has a reply, and is given time to receive it. So nothing depends on timing:
//! timeouts are either for ever or longer than any test.
//!
//! The keys keep to a type each (`q` lists, `z` sorted sets, `s` streams), apart from a set that takes a list's place for a
//! while: Redis 7.0 does not look after waiting clients when a value of one type is stored over another. SWAPDB is left
//! out, which makes keys ready in the order of Redis's hash table.

use crate::harness::campaign::Settings;
use crate::harness::command::encode_multibulk;
use crate::harness::pair::Pair;
use crate::harness::random::Random;
use crate::harness::resp::Reply;
use crate::harness::shrink::shrink;
use crate::harness::wire::{Connection, End, PATIENCE};
use std::fmt::Write;
use std::time::{Duration, Instant};

const CLIENTS: usize = 6;
/// Between two questions whether a client is blocked.
const POLL: Duration = Duration::from_micros(500);
const STEPS_PER_COMMAND: usize = 3;

/// What a client does, or what is done to it.
#[derive(Clone, Debug)]
enum Act {
    /// One command, or a transaction from MULTI to EXEC.
    Run(Vec<String>),
    Unblock(&'static str),
    Kill,
}

#[derive(Clone, Debug)]
struct Step {
    client: usize,
    act: Act,
}

/// The test: panics with the shortest log found that shows a difference.
pub fn compare() {
    let settings = Settings::from_environment();
    if settings.families.as_ref().is_some_and(|families| !families.iter().any(|family| family == "waits")) {
        return;
    }
    let Some(mut pair) = Pair::start(&[]) else { return };
    let begin = Instant::now();
    let (mut seeds, mut waits) = (0, 0);
    while seeds < settings.seeds || begin.elapsed() < settings.duration {
        let seed = settings.seed.wrapping_add(seeds);
        let log = generate(seed, settings.commands / STEPS_PER_COMMAND, &pair);
        seeds += 1;
        let Err(first) = replay(&mut pair, &log).map(|count| waits += count) else { continue };
        let deadline = Instant::now() + settings.shrinking;
        let mut last = first;
        let small = shrink(&log, deadline, |part| match replay(&mut pair, part) {
            Ok(_) => false,
            Err(difference) => {
                last = difference;
                true
            }
        });
        let shown: String = small.iter().fold(String::new(), |mut text, step| {
            let _ = writeln!(text, "  [{}] {}", step.client, step.shown());
            text
        });
        panic!("seed {seed}: the last step differs\n{last}\n{shown}");
    }
    eprintln!("waits: {seeds} seeds from {}, {waits} waits, {:.1} s", settings.seed, begin.elapsed().as_secs_f64());
    assert!(waits > 0, "nobody ever waited");
}

impl Step {
    fn shown(&self) -> String {
        match &self.act {
            Act::Run(lines) => lines.join("; "),
            Act::Unblock(how) => format!("(unblocked, {how})"),
            Act::Kill => "(killed)".into(),
        }
    }
}

// ---- what happens ----

fn generate(seed: u64, steps: usize, pair: &Pair) -> Vec<Step> {
    let mut random = Random::new(seed);
    let mut writer = Writer { next_id: 0, has_streams: pair.common.contains("xreadgroup") };
    let act = |random: &mut Random, writer: &mut Writer| match random.below(100) {
        0..45 => Act::Run(vec![blocking(random, writer.has_streams)]),
        45..85 => Act::Run(vec![writer.write(random)]),
        85..93 => {
            let mut unit = vec!["MULTI".to_owned()];
            for _ in 0..random.between(1, 6) {
                let is_blocking = random.percent(15);
                unit.push(if is_blocking { blocking(random, writer.has_streams) } else { writer.write(random) });
            }
            unit.push("EXEC".into());
            Act::Run(unit)
        }
        93..95 => Act::Run(vec![random.pick(&["HELLO 2", "HELLO 3", "RESET"]).to_string()]),
        95..97 => Act::Run(vec![format!("SELECT {}", random.below(2))]),
        97..99 => Act::Unblock(if random.percent(50) { "TIMEOUT" } else { "ERROR" }),
        _ => Act::Kill,
    };
    (0..steps).map(|_| Step { client: random.below(CLIENTS), act: act(&mut random, &mut writer) }).collect()
}

const LISTS: [&str; 4] = ["q1", "q2", "q3", "q4"];
const ZSETS: [&str; 3] = ["z1", "z2", "z3"];
const STREAMS: [&str; 2] = ["s1", "s2"];

fn some(random: &mut Random, keys: &[&str]) -> String {
    let count = random.between(1, 3);
    (0..count).map(|_| *random.pick(keys)).collect::<Vec<_>>().join(" ")
}

fn numbered(random: &mut Random, keys: &[&str]) -> String {
    let keys = some(random, keys);
    format!("{} {keys}", keys.split(' ').count())
}

/// A command that may wait.
fn blocking(random: &mut Random, has_streams: bool) -> String {
    let timeout = *random.pick(&["0", "0", "0", "100000", "99999.5", "-0.0", "-1", "x"]);
    let (side, other) = (*random.pick(&["LEFT", "RIGHT"]), *random.pick(&["LEFT", "RIGHT"]));
    let end = *random.pick(&["MIN", "MAX"]);
    let count = *random.pick(&["", "", " COUNT 1", " COUNT 2", " COUNT 10", " COUNT 0"]);
    let id = *random.pick(&["$", "$", "0", "5-0"]);
    match random.below(if has_streams { 11 } else { 8 }) {
        0 => format!("BLPOP {} {timeout}", some(random, &LISTS)),
        1 => format!("BRPOP {} {timeout}", some(random, &LISTS)),
        2 => format!("BLMOVE {} {} {side} {other} {timeout}", random.pick(&LISTS), random.pick(&LISTS)),
        3 => format!("BRPOPLPUSH {} {} {timeout}", random.pick(&LISTS), random.pick(&LISTS)),
        4 => format!("BLMPOP {timeout} {} {side}{count}", numbered(random, &LISTS)),
        5 => format!("BZPOP{end} {} {timeout}", some(random, &ZSETS)),
        6 => format!("BZMPOP {timeout} {} {end}{count}", numbered(random, &ZSETS)),
        7 => format!("BLPOP {} {} {timeout}", random.pick(&LISTS), random.pick(&ZSETS)),
        8 => format!("XREAD{count} BLOCK 0 STREAMS {} {id}", random.pick(&STREAMS)),
        9 => format!("XREAD BLOCK 0 STREAMS s1 s2 {id} {id}"),
        _ => format!("XREADGROUP GROUP g c{}{count} BLOCK 0 STREAMS {} >", random.below(2), random.pick(&STREAMS)),
    }
}

/// Makes commands that do not wait.
struct Writer {
    /// Stream entries need IDs that grow.
    next_id: u64,
    has_streams: bool,
}

impl Writer {
    fn write(&mut self, random: &mut Random) -> String {
        self.next_id += 1;
        let id = self.next_id;
        let (list, zset, stream) = (*random.pick(&LISTS), *random.pick(&ZSETS), *random.pick(&STREAMS));
        let (side, other) = (*random.pick(&["LEFT", "RIGHT"]), *random.pick(&["LEFT", "RIGHT"]));
        let elements = (0..random.between(1, 4)).map(|i| format!(" e{id}.{i}")).collect::<String>();
        let members = (0..random.between(1, 4)).map(|i| format!(" {} m{i}", random.below(9))).collect::<String>();
        match random.below(if self.has_streams { 36 } else { 30 }) {
            0..4 => format!("RPUSH {list}{elements}"),
            4..7 => format!("LPUSH {list}{elements}"),
            7 => format!("RPUSHX {list}{elements}"),
            8 => format!("LMOVE {list} {} {side} {other}", random.pick(&LISTS)),
            9 => format!("RPOPLPUSH {list} {}", random.pick(&LISTS)),
            10 => format!("LPOP {list}"),
            11 => format!("LRANGE {list} 0 -1"),
            12 => format!("RENAME {list} {}", random.pick(&LISTS)),
            13 => format!("COPY {list} {} REPLACE", random.pick(&LISTS)),
            14 => format!("COPY {list} {list} DB {}", random.below(2)),
            15 => format!("MOVE {list} {}", random.below(2)),
            16 => format!("SADD {} x", random.pick(&["q1", "q2"])),
            17..20 => format!("DEL {} {zset}", random.pick(&LISTS)),
            20..24 => format!("ZADD {zset}{members}"),
            24 => format!("ZINCRBY {zset} 1 m1"),
            25 => format!("ZRANGE {zset} 0 -1 WITHSCORES"),
            26 => format!("ZUNIONSTORE {} 1 {zset}", random.pick(&ZSETS)),
            27 => format!("RENAMENX {zset} {}", random.pick(&ZSETS)),
            28 => format!("LINSERT {list} BEFORE e1.0 x"),
            29 => random.pick(&["FLUSHDB", "FLUSHALL", "DBSIZE", "PEXPIRE q1 -1", "PERSIST q1", "TYPE q1"]).to_string(),
            30..32 => format!("XADD {stream} {id}-1 f v"),
            32 => format!("XGROUP CREATE {stream} g $ MKSTREAM"),
            33 => format!("XGROUP DESTROY {stream} g"),
            34 => format!("DEL {stream}"),
            _ => format!("RENAME {stream} {}", random.pick(&STREAMS)),
        }
    }
}

// ---- what the servers make of it ----

/// One server with its clients.
struct Side {
    port: u16,
    control: Connection,
    clients: Vec<Client>,
}

struct Client {
    connection: Connection,
    id: i64,
    is_blocked: bool,
}

impl Client {
    fn new(port: u16) -> Self {
        let mut connection = Connection::open(port).expect("the server accepts");
        let id = match connection.try_request(&["CLIENT", "ID"]) {
            Ok(Reply::Integer(id)) => id,
            other => panic!("CLIENT ID gave {other:?}"),
        };
        Self { connection, id, is_blocked: false }
    }
}

/// Plays a log on both; how often somebody waited, or the difference.
fn replay(pair: &mut Pair, log: &[Step]) -> Result<usize, String> {
    if let Some(words) = pair.reset() {
        return Err(words);
    }
    let mut sides = [Side::new(pair.ours.port), Side::new(pair.theirs.port)];
    let mut waits = 0;
    for step in log {
        let is_blocked = sides[1].clients[step.client].is_blocked;
        if is_blocked && matches!(step.act, Act::Run(_)) {
            continue;
        }
        let [ours, theirs] = &mut sides;
        let (ours, theirs) = (ours.step(step), theirs.step(step));
        if ours != theirs {
            return Err(format!("  ours:   {ours:?}\n  theirs: {theirs:?}"));
        }
        waits += usize::from(!is_blocked && sides[1].clients[step.client].is_blocked);
    }
    Ok(waits)
}

impl Side {
    fn new(port: u16) -> Self {
        let control = Connection::open(port).expect("the server accepts");
        Self { port, control, clients: (0..CLIENTS).map(|_| Client::new(port)).collect() }
    }

    /// Everything that comes of a step, in the order of the clients.
    fn step(&mut self, step: &Step) -> Vec<String> {
        let mut seen = Vec::new();
        match &step.act {
            Act::Run(lines) => self.run(step.client, lines, &mut seen),
            Act::Unblock(how) => {
                let id = self.clients[step.client].id.to_string();
                seen.push(format!("{:?}", self.ask(&["CLIENT", "UNBLOCK", &id, how])));
            }
            Act::Kill => {
                let id = self.clients[step.client].id.to_string();
                seen.push(format!("{:?}", self.ask(&["CLIENT", "KILL", "ID", &id])));
                let (replies, end) = self.clients[step.client].connection.raw(None, PATIENCE);
                seen.push(format!("{} {end:?}", String::from_utf8_lossy(&replies)));
                self.clients[step.client] = Client::new(self.port);
            }
        }
        self.collect(&mut seen);
        seen
    }

    /// Sends the commands of one client and receives their replies, unless it blocks.
    fn run(&mut self, client: usize, lines: &[String], seen: &mut Vec<String>) {
        let mut bytes = Vec::new();
        for line in lines {
            let arguments: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
            encode_multibulk(&arguments, &mut bytes);
        }
        self.clients[client].connection.send(&bytes, &[]);
        let deadline = Instant::now() + PATIENCE;
        let mut left = lines.len();
        while left > 0 {
            match self.clients[client].connection.reply(POLL) {
                Ok(received) => {
                    seen.push(text_of(&received.raw));
                    left -= 1;
                }
                Err(End::Silent) if self.blocked_ids().contains(&self.clients[client].id) => {
                    self.clients[client].is_blocked = true;
                    return;
                }
                Err(End::Silent) if Instant::now() < deadline => {}
                Err(end) => return seen.push(format!("{end:?}")),
            }
        }
    }

    /// Receives the replies of those who are not blocked any more.
    fn collect(&mut self, seen: &mut Vec<String>) {
        let blocked = self.blocked_ids();
        for (index, client) in self.clients.iter_mut().enumerate() {
            if client.is_blocked && !blocked.contains(&client.id) {
                client.is_blocked = false;
                match client.connection.reply(PATIENCE) {
                    Ok(received) => seen.push(format!("[{index}] {}", text_of(&received.raw))),
                    Err(end) => seen.push(format!("[{index}] {end:?}")),
                }
            }
        }
    }

    /// The clients that CLIENT LIST says are blocked.
    fn blocked_ids(&mut self) -> Vec<i64> {
        let list = self.ask(&["CLIENT", "LIST"]);
        let text = String::from_utf8_lossy(list.text().unwrap_or_default()).into_owned();
        let field = |line: &str, name: &str| {
            line.split(' ').find_map(|field| field.strip_prefix(name).map(str::to_owned)).unwrap_or_default()
        };
        let blocked = text.lines().filter(|line| field(line, "flags=").contains('b'));
        blocked.filter_map(|line| field(line, "id=").parse().ok()).collect()
    }

    fn ask(&mut self, arguments: &[&str]) -> Reply {
        self.control.try_request(arguments).expect("the control connection is answered")
    }
}

/// A reply as text, without what no two servers share.
fn text_of(raw: &[u8]) -> String {
    let text = String::from_utf8_lossy(raw).into_owned();
    // HELLO tells the client's ID.
    if text.contains("$5\r\nproto\r\n") { "(HELLO)".into() } else { text }
}
