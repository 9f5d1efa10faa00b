//! Sends a log to both servers and compares what comes back.
//!
//! Consecutive entries of one connection form a pipeline, which is cut at random borders into several writes. The next
//! connection's turn begins only when all replies of the previous one are in on both sides: the order of execution is
//! therefore the order of the log, and each difference has one command to blame.

use super::command::{Action, Command, Entry, Probe, escape_short};
use super::compare::compare;
use super::keyspace;
use super::pair::Pair;
use super::random::Random;
use super::resp::{Received, Reply};
use super::wire::{Connection, End};
use std::collections::{BTreeMap, BTreeSet};

/// Entries sent in one go.
const PIPELINE_MAX: usize = 32;
/// A SCAN that takes more calls than this does not come to its end.
const SCAN_CALLS_MAX: usize = 100_000;

/// The first difference of a run.
#[derive(Debug)]
pub struct Divergence {
    /// Index of the entry in the log; the log's length if the keyspaces differ after it.
    pub entry: usize,
    /// Command and subcommand: equal titles are taken as one failure.
    pub title: String,
    pub command: String,
    pub reason: String,
    pub ours: String,
    pub theirs: String,
}

/// What a run did, and how it ended.
pub struct Outcome {
    pub divergence: Option<Box<Divergence>>,
    pub replies: usize,
    /// Replies that were errors, on both sides.
    pub errors: usize,
}

/// One connection to each server.
pub struct Link {
    pub ours: Connection,
    pub theirs: Connection,
}

/// How the replies to a pipeline compare.
pub enum Exchange {
    Same {
        replies: usize,
        errors: usize,
        closed: bool,
    },
    /// Position in the pipeline, reason, ours, theirs.
    Different(usize, String, String, String),
}

/// Runs `log` against freshly reset servers, then compares the keyspaces.
pub fn run(pair: &mut Pair, log: &[Entry], seed: u64) -> Outcome {
    pair.reset();
    let mut replay = Replay { pair, links: BTreeMap::new(), random: Random::new(seed), replies: 0, errors: 0 };
    let divergence = replay.log(log).err();
    let (replies, errors) = (replay.replies, replay.errors);
    let divergence = divergence.map(|mut divergence| {
        // Give a dying server the moment it needs to be seen as dead.
        std::thread::sleep(std::time::Duration::from_millis(20));
        if let Some(obituary) = pair.reset() {
            divergence.reason = format!("{}; {obituary}", divergence.reason);
        }
        divergence
    });
    Outcome { divergence, replies, errors }
}

struct Replay<'a> {
    pair: &'a mut Pair,
    links: BTreeMap<usize, Link>,
    random: Random,
    replies: usize,
    errors: usize,
}

impl Replay<'_> {
    fn log(&mut self, log: &[Entry]) -> Result<(), Box<Divergence>> {
        let mut at = 0;
        while at < log.len() {
            let connection = log[at].connection;
            match &log[at].action {
                Action::Probe(probe) => {
                    self.probe(connection, probe).map_err(|(title, reason, ours, theirs)| {
                        let command = log[at].lines().join("\n");
                        Box::new(Divergence { entry: at, title, command, reason, ours, theirs })
                    })?;
                    at += 1;
                }
                Action::Send(_) => {
                    let same =
                        |entry: &&Entry| entry.connection == connection && matches!(entry.action, Action::Send(_));
                    let end = at + log[at..].iter().take(PIPELINE_MAX).take_while(same).count();
                    self.pipeline(connection, &log[at..end], at)?;
                    at = end;
                }
            }
        }
        let Some(link) = self.link(usize::MAX) else { return Err(unreachable_server(log.len())) };
        let (mut link, common) = (link, &self.pair.common);
        keyspace::compare_all(&mut link, common).map_err(|(command, reason, ours, theirs)| {
            Box::new(Divergence { entry: log.len(), title: "keyspace".into(), command, reason, ours, theirs })
        })
    }

    /// Takes the connection's link out of the table, or makes one.
    fn link(&mut self, connection: usize) -> Option<Link> {
        self.links.remove(&connection).or_else(|| Link::open(self.pair))
    }

    fn pipeline(&mut self, connection: usize, entries: &[Entry], first: usize) -> Result<(), Box<Divergence>> {
        let mut commands = Vec::new();
        let mut owners = Vec::new();
        for (index, entry) in entries.iter().enumerate() {
            if let Action::Send(unit) = &entry.action {
                commands.extend(unit.iter());
                owners.extend(unit.iter().map(|_| first + index));
            }
        }
        let Some(mut link) = self.link(connection) else { return Err(unreachable_server(first)) };
        match link.exchange(&commands, &mut self.random, &self.pair.common) {
            Exchange::Same { replies, errors, closed } => {
                self.replies += replies;
                self.errors += errors;
                if !closed {
                    self.links.insert(connection, link);
                }
                Ok(())
            }
            Exchange::Different(position, reason, ours, theirs) => {
                let position = position.min(commands.len() - 1);
                let (title, command) = (commands[position].title(), commands[position].line());
                Err(Box::new(Divergence { entry: owners[position], title, command, reason, ours, theirs }))
            }
        }
    }

    /// The error holds title, reason, ours, theirs.
    fn probe(&mut self, connection: usize, probe: &Probe) -> Result<(), (String, String, String, String)> {
        let title = match probe {
            Probe::Scan(_) => "SCAN",
            Probe::MemberScan { .. } => "SCAN of members",
            Probe::RandomKey => "RANDOMKEY",
            Probe::DatabaseSize => "DBSIZE",
        };
        let failure = |reason: String, ours: String, theirs: String| Err((title.to_string(), reason, ours, theirs));
        let Some(mut link) = self.link(connection) else {
            return failure("a server can't be reached".into(), String::new(), String::new());
        };
        let (ours, theirs) = (answer(&mut link.ours, probe), answer(&mut link.theirs, probe));
        self.replies += 1;
        match (ours, theirs) {
            (Ok(ours), Ok(theirs)) if ours == theirs => {
                self.links.insert(connection, link);
                Ok(())
            }
            (Ok(ours), Ok(theirs)) => failure("different answers".into(), ours, theirs),
            (ours, theirs) => {
                let show = |side: Result<String, End>| side.unwrap_or_else(|end| format!("{end:?}"));
                failure("no answer".into(), show(ours), show(theirs))
            }
        }
    }
}

fn unreachable_server(entry: usize) -> Box<Divergence> {
    Box::new(Divergence {
        entry,
        title: "connect".into(),
        command: String::new(),
        reason: "a server can't be reached any more".into(),
        ours: String::new(),
        theirs: String::new(),
    })
}

/// A probe's answer in a form that must be equal on both sides.
fn answer(connection: &mut Connection, probe: &Probe) -> Result<String, End> {
    match probe {
        Probe::Scan(options) => scan(connection, &[b"SCAN"], options, 1),
        Probe::MemberScan { command, key, options } => {
            let step = if command.eq_ignore_ascii_case(b"SSCAN") { 1 } else { 2 };
            scan(connection, &[command, key], options, step)
        }
        Probe::RandomKey => {
            let key = connection.try_request(&["RANDOMKEY"])?;
            match &key {
                Reply::Bulk(name) => {
                    Ok(format!("a key; EXISTS: {:?}", connection.try_request(&[&b"EXISTS"[..], name])?))
                }
                other => Ok(format!("{other:?}")),
            }
        }
        Probe::DatabaseSize => {
            scan(connection, &[b"SCAN"], &[b"COUNT".to_vec(), b"1000000".to_vec()], 1)?;
            connection.try_request(&["DBSIZE"]).map(|reply| format!("{reply:?}"))
        }
    }
}

/// Iterates with a cursor behind `before`; the set of all items, each of `step` elements.
fn scan(connection: &mut Connection, before: &[&[u8]], options: &[Vec<u8>], step: usize) -> Result<String, End> {
    let mut keys = BTreeSet::new();
    let mut cursor = b"0".to_vec();
    for _ in 0..SCAN_CALLS_MAX {
        let mut request: Vec<Vec<u8>> = before.iter().map(|word| word.to_vec()).collect();
        request.push(cursor);
        request.extend_from_slice(options);
        let reply = connection.try_request(&request)?;
        let Some([Reply::Bulk(next), Reply::Array(items)]) = reply.elements() else { return Ok(format!("{reply:?}")) };
        let text = |item: &Reply| escape_short(item.text().unwrap_or(b"(not a string)"));
        keys.extend(items.chunks(step).map(|item| item.iter().map(text).collect::<Vec<_>>().join(" = ")));
        cursor = next.clone();
        if cursor == b"0" {
            return Ok(format!("{keys:?}"));
        }
    }
    Ok("the iteration does not end".into())
}

impl Link {
    pub fn open(pair: &Pair) -> Option<Link> {
        let (ours, theirs) = (Connection::open(pair.ours.port).ok()?, Connection::open(pair.theirs.port).ok()?);
        Some(Link { ours, theirs })
    }

    /// Sends a pipeline to both, in the same pieces, and compares reply by reply.
    pub fn exchange(&mut self, commands: &[&Command], random: &mut Random, common: &BTreeSet<String>) -> Exchange {
        let mut bytes = Vec::new();
        commands.iter().for_each(|command| command.encode(&mut bytes));
        let mut borders: Vec<usize> = (0..random.below(5)).map(|_| random.below(bytes.len() + 1)).collect();
        borders.sort_unstable();
        self.ours.send_with_sentinel(&bytes, &borders);
        self.theirs.send_with_sentinel(&bytes, &borders);
        let (ours, our_end) = self.ours.replies();
        let (theirs, their_end) = self.theirs.replies();
        let (answered, positions): (Vec<&Command>, Vec<usize>) = commands
            .iter()
            .enumerate()
            .filter(|(_, command)| !command.silent)
            .map(|(position, command)| (*command, position))
            .unzip();
        let position = |index: usize| positions.get(index).copied().unwrap_or(commands.len());
        for (index, command) in answered.iter().enumerate() {
            match (ours.get(index), theirs.get(index)) {
                (Some(a), Some(b)) => {
                    if let Err(reason) = compare(command, a, b, common) {
                        return Exchange::Different(
                            position(index),
                            reason,
                            shown(Some(a), &our_end),
                            shown(Some(b), &their_end),
                        );
                    }
                }
                (None, None) => break,
                (a, b) => {
                    return Exchange::Different(
                        position(index),
                        "only one replied".into(),
                        shown(a, &our_end),
                        shown(b, &their_end),
                    );
                }
            }
        }
        let surplus = answered.len();
        if ours.len() != theirs.len() {
            let (a, b) = (shown(ours.get(surplus), &our_end), shown(theirs.get(surplus), &their_end));
            return Exchange::Different(position(surplus), "surplus reply after this pipeline".into(), a, b);
        }
        if our_end != their_end {
            let reason = "the connection ends differently after this".into();
            return Exchange::Different(position(ours.len()), reason, format!("{our_end:?}"), format!("{their_end:?}"));
        }
        let errors = theirs.iter().filter(|received| received.reply.is_error()).count();
        Exchange::Same { replies: theirs.len(), errors, closed: their_end != End::Sentinel }
    }
}

fn shown(received: Option<&Received>, end: &End) -> String {
    match received {
        Some(received) => escape_short(&received.raw),
        None => format!("no reply, then: {end:?}"),
    }
}
