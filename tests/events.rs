//! Keyspace events against the real server: both get the same commands, and what Redis publishes with
//! `notify-keyspace-events AKEmn` must be what a listener of ours is told: the same events of the same keys and databases,
//! in the same order, for each command.
//!
//! Ours is an engine in this process. After each command a marker is published to the subscriber, so that what came before
//! it belongs to that command; nothing depends on time. What Redis 7.0 does not have is in `events/later.rs`.
//!
//! | variable | meaning | default |
//! |---|---|---|
//! | `EVENTS_SEED` | first seed | 1 |
//! | `EVENTS_SEEDS` | seeds per family | 1 |
//! | `EVENTS_COMMANDS` | log entries per seed | 1500 |
//! | `EVENTS_FAMILY` | only these families, comma separated | all |

#[path = "oracle/mod.rs"]
mod harness;

#[path = "common/session.rs"]
mod session;

#[path = "events/both.rs"]
mod both;

#[path = "events/every.rs"]
mod every;

#[path = "events/later.rs"]
mod later;

#[path = "events/order.rs"]
mod order;

use both::Both;
use harness::command::{Action, Command};
use harness::families::Family;
use harness::{generate, random::Random};
use std::collections::BTreeMap;

/// Differences shown, per command.
const SHOWN_MAX: usize = 2;
/// Turns of a connection that become a transaction.
const TRANSACTION_PERCENT: usize = 15;
/// Arguments of these that only later versions than 7.0 take.
fn is_later(command: &Command) -> bool {
    matches!(command.upper(0).as_slice(), b"ZRANK" | b"ZREVRANK") && command.arguments.len() > 3
}

/// Commands that change what the harness relies on, or have no events and many bytes.
const LEFT_OUT: &[&[u8]] =
    &[b"HELLO", b"CLIENT", b"RESET", b"QUIT", b"CONFIG", b"DEBUG", b"SHUTDOWN", b"COMMAND", b"INFO"];

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name} is no number")))
}

/// Differences, by command.
#[derive(Default)]
struct Report {
    by_command: BTreeMap<String, Vec<String>>,
    count: usize,
}

impl Report {
    fn compare(&mut self, both: &mut Both, connection: usize, commands: &[Command]) {
        let (mut ours, mut theirs) = both.run(connection, commands);
        if commands.iter().any(|command| command.upper(0).starts_with(b"SORT")) {
            // The patterns of SORT are looked up in the order of the elements, and a set has none.
            ours.retain(|told| told.0 != "keymiss");
            theirs.retain(|told| told.0 != "keymiss");
        }
        if ours != theirs {
            self.count += 1;
            let title = cut(&commands.iter().map(Command::title).collect::<Vec<_>>().join(" "), 20);
            let shown = self.by_command.entry(title).or_default();
            if shown.len() < SHOWN_MAX {
                let lines: Vec<String> = commands.iter().map(|command| cut(&command.line(), 200)).collect();
                let (ours, theirs) = (cut(&format!("{ours:?}"), 600), cut(&format!("{theirs:?}"), 600));
                shown.push(format!("  {}\n    ours   {ours}\n    theirs {theirs}", lines.join("; ")));
            }
        }
    }

    fn check(&self, what: &str) {
        let text: Vec<String> = self.by_command.values().flatten().cloned().collect();
        assert!(self.count == 0, "{what}: {} differences\n{}", self.count, text.join("\n"));
    }
}

fn cut(text: &str, len: usize) -> String {
    text.chars().take(len).collect()
}

/// Random commands of a family.
fn compare_family(name: &str) {
    if std::env::var("EVENTS_FAMILY").is_ok_and(|only| !only.split(',').any(|wanted| wanted == name)) {
        return;
    }
    for seed in (0..number("EVENTS_SEEDS", 1)).map(|nth| number("EVENTS_SEED", 1) + nth) {
        let Some(mut both) = Both::start() else { return };
        let mut family = Family::new(name);
        family.retain_known(|command| both.is_common(command));
        let mut random = Random::new(seed);
        let mut report = Report::default();
        let mut transaction: Option<(usize, Vec<Command>)> = None;
        for entry in generate::log(&family, seed, number("EVENTS_COMMANDS", 1500) as usize) {
            let Action::Send(unit) = entry.action else { continue };
            if unit
                .iter()
                .any(|command| command.silent || is_later(command) || LEFT_OUT.contains(&&command.upper(0)[..]))
            {
                continue;
            }
            match &mut transaction {
                Some((connection, commands)) if *connection == entry.connection => commands.extend(unit),
                _ => {
                    if let Some((connection, commands)) = transaction.take() {
                        report.compare(&mut both, connection, &in_transaction(commands));
                    }
                    if random.percent(TRANSACTION_PERCENT) {
                        transaction = Some((entry.connection, unit));
                    } else {
                        report.compare(&mut both, entry.connection, &unit);
                    }
                }
            }
        }
        eprintln!("family {name}, seed {seed}: {} events", both.events_seen());
        report.check(&format!("family {name}, seed {seed}"));
        assert!(both.events_seen() > 100, "family {name}, seed {seed}: hardly any events");
    }
}

fn in_transaction(commands: Vec<Command>) -> Vec<Command> {
    let word = |name: &str| Command::new(&[name]);
    std::iter::once(word("MULTI")).chain(commands).chain([word("EXEC")]).collect()
}

macro_rules! families {
    ($($name:ident)*) => { $(#[test] fn $name() { compare_family(stringify!($name)); })* };
}

families!(strings keys bits lists sort sets hashes zsets streams geo dump mixed);

#[test]
fn every_event() {
    let Some(mut both) = Both::start() else { return };
    let mut report = Report::default();
    for line in every::LINES {
        report.compare(&mut both, 0, &every::commands(line));
    }
    let restore = |options: &[&[u8]]| {
        let payload = b"\x00\x01\x76\x0a\x00\x91\x08\xce\xb2\x19\x38\x8a\xce";
        vec![Command::new(&[&[&b"RESTORE"[..], b"restored"], &options[..1], &[payload], &options[1..]].concat())]
    };
    for options in [&[&b"0"[..]][..], &[b"0"], &[b"0", b"REPLACE"], &[b"1", b"REPLACE", b"ABSTTL"]] {
        report.compare(&mut both, 0, &restore(options));
    }
    report.check("every event");
    let missing: Vec<_> = every::NAMES.iter().filter(|name| !both.has_seen(name)).collect();
    assert!(missing.is_empty(), "never seen: {missing:?}");
}

#[test]
fn those_who_wait() {
    let Some(mut both) = Both::start() else { return };
    let mut report = Report::default();
    for (before, waits, writes) in every::WAITS {
        for line in *before {
            report.compare(&mut both, 0, &every::commands(line));
        }
        for (nth, line) in waits.iter().enumerate() {
            both.block(1 + nth, &every::commands(line)[0]);
        }
        for line in *writes {
            report.compare(&mut both, 0, &every::commands(line));
        }
        both.forget_waiting();
        report.compare(&mut both, 0, &every::commands("FLUSHALL"));
    }
    report.check("those who wait");
}
