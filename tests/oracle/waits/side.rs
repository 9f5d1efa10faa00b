//! One server of the campaign, with its clients, one who asks it questions, and one who watches all commands.
//!
//! A step is over when every client is either answered up to the ECHO behind its requests, or blocked, according to
//! CLIENT LIST, and nothing more has come after a second look. What one client receives is in order; clients are not
//! compared in time.

use super::steps::{Act, CLIENTS, Step, encode};
use crate::harness::resp::Reply;
use crate::harness::wire::{Connection, End, PATIENCE};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// Between two questions whether a client is blocked.
const POLL: Duration = Duration::from_millis(1);

/// One server with its clients.
pub struct Side {
    port: u16,
    control: Connection,
    monitor: Connection,
    clients: Vec<Client>,
    audits: usize,
    /// Counted in earlier runs.
    changes_before: i64,
}

struct Client {
    connection: Connection,
    id: i64,
    /// What its last request is answered.
    sentinel: Vec<u8>,
    requests: usize,
    is_answered: bool,
}

impl Client {
    fn new(port: u16) -> Self {
        let mut connection = Connection::open(port).expect("the server accepts");
        let id = match connection.try_request(&["CLIENT", "ID"]) {
            Ok(Reply::Integer(id)) => id,
            other => panic!("CLIENT ID gave {other:?}"),
        };
        Self { connection, id, sentinel: Vec::new(), requests: 0, is_answered: true }
    }

    fn send(&mut self, lines: &[String]) {
        self.requests += 1;
        self.sentinel = format!("answered {}", self.requests).into_bytes();
        let mut bytes = Vec::new();
        lines.iter().for_each(|line| encode(line, &mut bytes));
        crate::harness::command::encode_multibulk(&[b"ECHO", &self.sentinel[..]], &mut bytes);
        self.is_answered = false;
        self.connection.send(&bytes, &[]);
    }

    /// Takes what has come, or comes within the time; whether anything has.
    fn receive(&mut self, patience: Duration, seen: &mut Vec<String>) -> bool {
        let mut anything = false;
        while !self.is_answered {
            match self.connection.reply(patience) {
                Ok(received) if received.reply == Reply::Bulk(self.sentinel.clone()) => self.is_answered = true,
                Ok(received) => seen.push(text_of(&received.raw)),
                Err(End::Silent) => return anything,
                Err(end) => {
                    seen.push(format!("{end:?}"));
                    self.is_answered = true;
                }
            }
            anything = true;
        }
        anything
    }
}

/// A reply as text, without what no two servers share.
fn text_of(raw: &[u8]) -> String {
    let text = String::from_utf8_lossy(raw).into_owned();
    // HELLO tells the client's ID.
    if text.contains("$5\r\nproto\r\n") { "(HELLO)".into() } else { text }
}

impl Side {
    /// Connects all clients.
    pub fn new(port: u16) -> Self {
        let mut control = Connection::open(port).expect("the server accepts");
        let mut monitor = Connection::open(port).expect("the server accepts");
        for setting in [["maxmemory", "0"], ["slowlog-log-slower-than", "-1"], ["slowlog-max-len", "100000"]] {
            let _ = control.try_request(&["CONFIG", "SET", setting[0], setting[1]]);
        }
        // Ours counts what is stored, not what the process has: there must be something for `maxmemory` to be too little.
        for command in [&["SELECT", "2"][..], &["SET", "filler", "x"]] {
            let _ = control.try_request(command);
        }
        let clients = (0..CLIENTS).map(|_| Client::new(port)).collect();
        let _ = control.try_request(&["CONFIG", "RESETSTAT"]);
        let _ = monitor.try_request(&["MONITOR"]);
        let mut side = Self { port, control, monitor, clients, audits: 0, changes_before: 0 };
        side.changes_before = side.changes();
        side
    }

    /// Whether a client has not been answered yet.
    pub fn waits(&self, client: usize) -> bool {
        !self.clients[client].is_answered
    }

    /// Everything that comes of a step, by client.
    pub fn step(&mut self, step: &Step) -> Vec<String> {
        let mut seen = vec![Vec::new(); CLIENTS + 1];
        let id = self.clients[step.client].id.to_string();
        match &step.act {
            Act::Run(lines) => self.clients[step.client].send(lines),
            Act::Brief(line) => {
                self.clients[step.client].send(std::slice::from_ref(line));
                self.clients[step.client].receive(PATIENCE, &mut seen[step.client]);
            }
            Act::Unblock(how) => {
                let reply = self.ask(&["CLIENT", "UNBLOCK", &id, how]);
                seen[CLIENTS].push(format!("{reply:?}"));
            }
            Act::Kill => {
                let reply = self.ask(&["CLIENT", "KILL", "ID", &id]);
                seen[CLIENTS].push(format!("{reply:?}"));
                let (replies, end) = self.clients[step.client].connection.raw(None, PATIENCE);
                seen[step.client].push(format!("{} {end:?}", String::from_utf8_lossy(&replies)));
                self.clients[step.client] = Client::new(self.port);
            }
            Act::Vanish => {
                // The new one first, so that the old one's socket is closed when it is replaced.
                self.clients[step.client] = Client::new(self.port);
                let deadline = Instant::now() + PATIENCE;
                while self.list().iter().any(|line| field(line, "id=") == id) && Instant::now() < deadline {}
            }
            Act::Audit => seen[CLIENTS] = self.audit(),
        }
        self.settle(&mut seen);
        seen.into_iter()
            .enumerate()
            .flat_map(|(index, texts)| texts.into_iter().map(move |text| format!("[{index}] {text}")))
            .collect()
    }

    /// Receives until nothing more will come.
    fn settle(&mut self, seen: &mut [Vec<String>]) {
        let deadline = Instant::now() + PATIENCE;
        let mut quiet_looks = 0;
        while quiet_looks < 2 {
            let lines = self.list();
            let is_blocked = |id: i64| {
                lines.iter().any(|line| field(line, "flags=").contains('b') && field(line, "id=") == id.to_string())
            };
            let (mut is_quiet, mut waiting) = (true, 0);
            for (client, seen) in self.clients.iter_mut().zip(&mut *seen) {
                if client.is_answered {
                    continue;
                }
                let blocked = is_blocked(client.id);
                // Who is blocked has received everything before the second look.
                let patience = if blocked { Duration::ZERO } else { POLL };
                is_quiet &= !client.receive(patience, seen) && blocked;
                waiting += usize::from(!client.is_answered);
            }
            quiet_looks = if is_quiet { quiet_looks + 1 } else { 0 };
            if waiting == 0 {
                return;
            }
            assert!(Instant::now() < deadline, "a client is neither answered nor blocked:\n{}", lines.join("\n"));
        }
    }

    /// The lines of CLIENT LIST.
    fn list(&mut self) -> Vec<String> {
        let list = self.ask(&["CLIENT", "LIST"]);
        String::from_utf8_lossy(list.text().unwrap_or_default()).lines().map(str::to_owned).collect()
    }

    fn ask(&mut self, arguments: &[&str]) -> Reply {
        self.control.try_request(arguments).expect("the control connection is answered")
    }

    fn info(&mut self, section: &str, wanted: impl Fn(&str) -> bool, seen: &mut Vec<String>) {
        let info = self.ask(&["INFO", section]);
        let text = String::from_utf8_lossy(info.text().unwrap_or_default()).into_owned();
        seen.extend(text.lines().filter(|line| wanted(line)).map(without_times));
    }

    /// How many changes the server has counted.
    fn changes(&mut self) -> i64 {
        let mut line = Vec::new();
        self.info("persistence", |line| line.starts_with("rdb_changes_since_last_save:"), &mut line);
        line.first().and_then(|line| line.split_once(':')?.1.parse().ok()).unwrap_or_default()
    }

    /// What the server says about itself, and what it holds.
    fn audit(&mut self) -> Vec<String> {
        self.audits += 1;
        let mut seen = Vec::new();
        let lines = self.list();
        for client in &self.clients {
            let id = client.id.to_string();
            let Some(line) = lines.iter().find(|line| field(line, "id=") == id) else { continue };
            let fields = ["flags=", "db=", "multi=", "cmd=", "resp="].map(|name| field(line, name));
            seen.push(fields.join(" "));
        }
        let waits = ["blocked_clients:", "clients_in_timeout_table:"];
        self.info("clients", |line| waits.iter().any(|name| line.starts_with(name)), &mut seen);
        let changes = self.changes();
        seen.push(format!("changes: {}", changes - self.changes_before));
        let counts = ["keyspace_hits:", "keyspace_misses:", "total_error_replies:"];
        self.info("stats", |line| counts.iter().any(|name| line.starts_with(name)), &mut seen);
        self.info("errorstats", |_| true, &mut seen);
        // Those that are asked until something is true.
        let polled = ["cmdstat_client|list:", "cmdstat_client|id:", "cmdstat_echo:"];
        let mut commands = Vec::new();
        self.info("commandstats", |line| !polled.iter().any(|name| line.starts_with(name)), &mut commands);
        commands.sort();
        seen.append(&mut commands);
        self.audit_commands(&mut seen);
        self.audit_keys(&mut seen);
        seen
    }

    /// What MONITOR and the slow log have seen of the clients. What several clients do at a time has no order.
    fn audit_commands(&mut self, all: &mut Vec<String>) {
        let mut seen = Vec::new();
        let own = self.control.local_address();
        let end = format!("end of audit {}", self.audits);
        let _ = self.ask(&["ECHO", &end]);
        loop {
            let line = match self.monitor.reply(PATIENCE) {
                Ok(received) => text_of(&received.raw),
                Err(end) => {
                    seen.push(format!("monitor: {end:?}"));
                    break;
                }
            };
            if line.contains(&end) {
                break;
            }
            // `+time [db address] "command"...`
            let (head, command) = line.split_once(']').unwrap_or_default();
            let db = head.split(['[', ' ']).nth(2).unwrap_or_default();
            if !head.ends_with(&own) {
                seen.push(format!("monitor: {db} {command}"));
            }
        }
        let entries = self.ask(&["SLOWLOG", "GET", "-1"]);
        for entry in entries.elements().unwrap_or_default() {
            if let Some([_, _, _, command, address, _]) = entry.elements()
                && address.text() != Some(own.as_bytes())
            {
                let words = words_of(command);
                // Redis has forgotten the arguments by the time it logs a command that CLIENT UNBLOCK has ended.
                let may_wait = words == "[]" || ["[B", "[XREAD"].iter().any(|start| words.starts_with(start));
                seen.push(format!("slow log: {}", if may_wait { "[one that may wait]" } else { &words }));
            }
        }
        let _ = self.ask(&["SLOWLOG", "RESET"]);
        seen.sort();
        all.append(&mut seen);
    }

    fn audit_keys(&mut self, seen: &mut Vec<String>) {
        for db in ["0", "1"] {
            let _ = self.ask(&["SELECT", db]);
            let keys = self.ask(&["KEYS", "*"]);
            let names: BTreeSet<&str> =
                keys.elements().unwrap_or_default().iter().filter_map(|key| str::from_utf8(key.text()?).ok()).collect();
            for key in names {
                let kind = self.ask(&["TYPE", key]);
                let questions: &[&[&str]] = match kind.text().unwrap_or_default() {
                    b"list" => &[&["LRANGE", key, "0", "-1"]],
                    b"zset" => &[&["ZRANGE", key, "0", "-1", "WITHSCORES"]],
                    b"stream" => &[&["XRANGE", key, "-", "+"], &["XINFO", "GROUPS", key], &["XPENDING", key, "g"]],
                    b"set" => &[&["SMEMBERS", key]],
                    _ => &[&["GET", key]],
                };
                for question in questions {
                    let reply = self.ask(question);
                    seen.push(format!("{db} {}: {}", question.join(" "), words_of(&reply)));
                }
            }
        }
    }
}

/// A reply on one line.
fn words_of(reply: &Reply) -> String {
    match (reply, reply.elements(), reply.text()) {
        (_, Some(items), _) => format!("[{}]", items.iter().map(words_of).collect::<Vec<_>>().join(" ")),
        (_, _, Some(text)) => String::from_utf8_lossy(text).into_owned(),
        _ => format!("{reply:?}"),
    }
}

fn field<'l>(line: &'l str, name: &str) -> &'l str {
    line.split(' ').find_map(|field| field.strip_prefix(name)).unwrap_or_default()
}

/// A line of INFO without microseconds.
fn without_times(line: &str) -> String {
    let fields = line.split(',').filter(|field| !field.contains("usec"));
    let first = line.split_once(':').filter(|(name, _)| name.starts_with("cmdstat")).map(|(name, _)| name);
    let calls = line.split_once("calls=").and_then(|(_, rest)| rest.split(',').next()).unwrap_or_default();
    match first {
        Some(name) => format!("{name} calls={calls} {}", fields.skip(1).collect::<Vec<_>>().join(" ")),
        None => line.to_owned(),
    }
}
