//! Tests of the test harness: would it notice?
//!
//! Campaigns run with the real server on both sides, one of them behind a proxy with a single small fault. A fault that
//! goes unnoticed is a hole in the comparison. The control, a proxy without a fault, must find nothing.

#[path = "oracle/mod.rs"]
mod harness;

use harness::campaign::{self, Settings};
use harness::command::{Command, Entry};
use harness::families::{Family, NAMES};
use harness::generate;
use harness::grammar::Grammar;
use harness::mutant::{self, Fault};
use harness::pair::Pair;
use harness::random::Random;
use harness::replay;
use harness::resp::parse;
use harness::server::executables;
use harness::shrink::shrink;
use std::time::{Duration, Instant};

/// (family, fault, a word the report must contain).
const FAULTS: &[(&str, Fault, &str)] = &[
    ("strings", Fault::Reply(b"$-1\r\n", b"$0\r\n\r\n"), "GET"),
    ("strings", Fault::Reply(b"not an integer or out of range", b"not an integer"), "not an integer"),
    ("strings", Fault::Request(b"*4\r\n$5\r\nSETEX\r\n", b"*4\r\n$6\r\nPSETEX\r\n"), "SETEX"),
    // +OK either way: what is stored tells.
    ("strings", Fault::Request(b"*3\r\n$4\r\nMSET\r\n$1\r\na\r\n", b"*3\r\n$4\r\nMSET\r\n$1\r\nb\r\n"), "MSET"),
    // What was sent with it gets no reply either.
    ("strings", Fault::Close(b"$6\r\nSTRLEN\r\n"), "no reply, then: Closed"),
    ("keys", Fault::Reply(b":-2\r\n", b":-1\r\n"), ":-1"),
    ("keys", Fault::Request(b"*2\r\n$6\r\nUNLINK\r\n", b"*2\r\n$6\r\nEXISTS\r\n"), "UNLINK"),
    ("keys", Fault::Request(b"$5\r\nMATCH\r\n", b"$5\r\nCOUNT\r\n"), "SCAN"),
    ("connection", Fault::Reply(b"+PONG\r\n", b""), "PING"),
    ("connection", Fault::Reply(b"+PONG\r\n", b"+PONG\r\n+PONG\r\n"), "PING"),
    ("connection", Fault::Reply(b" resp=", b" rasp="), "CLIENT"),
    ("connection", Fault::Reply(b"%7\r\n", b"*14\r\n"), "HELLO"),
    ("server", Fault::Reply(b"# Keyspace", b"# Keyspac3"), "INFO"),
    ("server", Fault::Reply(b"slowlog-max-len\r\n$3\r\n128", b"slowlog-max-len\r\n$3\r\n129"), "CONFIG GET"),
    ("server", Fault::Reply(b"+fast\r\n", b"+slow\r\n"), "COMMAND"),
    ("server", Fault::Reply(b"Get the value of a key", b"Get the value of the key"), "COMMAND DOCS"),
    ("server", Fault::Reply(b"encoding:int", b"encoding:raw"), "DEBUG OBJECT"),
];

fn settings() -> Settings {
    Settings {
        seed: 1,
        seeds: 12,
        duration: Duration::ZERO,
        commands: 1500,
        families: None,
        failures_max: 1,
        shrinking: Duration::from_secs(1),
    }
}

/// The real server on both sides, "ours" behind a proxy.
fn mutated_pair(fault: Fault) -> Option<Pair> {
    let (_, theirs) = executables()?;
    let mut pair = Pair::start_commands((theirs.clone(), theirs), &[]);
    pair.ours.port = mutant::start(pair.ours.port, fault);
    Some(pair)
}

#[test]
fn every_fault_is_noticed() {
    for (family, fault, word) in FAULTS {
        let Some(mut pair) = mutated_pair(*fault) else { return };
        let reports = campaign::run(&mut pair, family, &settings());
        assert_eq!(reports.len(), 1, "the fault of {word} in family {family} goes unnoticed");
        assert!(reports[0].contains(word), "expected {word} in:\n{}", reports[0]);
        assert!(
            reports[0].contains("minimal reproduction (") || reports[0].contains("no smaller log"),
            "{}",
            reports[0]
        );
    }
}

#[test]
fn a_fault_that_only_the_keyspace_shows() {
    let Some(mut pair) = mutated_pair(Fault::Request(b"$2\r\nEX\r\n", b"$2\r\nPX\r\n")) else { return };
    let log =
        [Entry::send(0, Command::new(&["PING"])), Entry::send(1, Command::new(&["SET", "a", "x", "EX", "100000"]))];
    // The seed cuts the pipeline, and must not cut what the fault looks for.
    let divergence = replay::run(&mut pair, &log, 5).divergence.expect("the wrong expiry time is noticed");
    assert_eq!((divergence.title.as_str(), divergence.entry), ("keyspace", log.len()), "{divergence:?}");
    assert!(divergence.command.starts_with("PEXPIRETIME a"), "{divergence:?}");
    assert!(replay::run(&mut pair, &log[..1], 1).divergence.is_none());
}

#[test]
fn a_server_that_dies_is_reported_and_started_again() {
    let Some((_, theirs)) = executables() else { return };
    let mut pair = Pair::start_commands((theirs.clone(), theirs), &[]);
    let log: Vec<Entry> = (0..3).map(|_| Entry::send(0, Command::new(&["DEBUG", "SEGFAULT"]))).collect();
    // Both die of it, and both are reported closed alike; the next run finds them alive again.
    let _ = replay::run(&mut pair, &log, 1);
    let outcome = replay::run(&mut pair, &[Entry::send(0, Command::new(&["SET", "a", "1"]))], 1);
    assert!(outcome.divergence.is_none() && outcome.replies == 1, "{:?}", outcome.divergence);
}

#[test]
fn a_faultless_proxy_is_no_difference() {
    for family in NAMES {
        let Some(mut pair) = mutated_pair(Fault::Reply(b"no server says this", b"x")) else { return };
        let reports = campaign::run(&mut pair, family, &Settings { seeds: 2, ..settings() });
        assert!(reports.is_empty(), "{}", reports.join("\n"));
    }
}

#[test]
fn parses_every_type_and_every_prefix_is_incomplete() {
    let whole = b"*3\r\n%1\r\n+k\r\n~2\r\n:1\r\n_\r\n=7\r\ntxt:abc\r\n*4\r\n$-1\r\n*-1\r\n,1.5\r\n#t\r\n";
    let parsed = parse(whole).unwrap().unwrap();
    assert_eq!(parsed.raw, whole);
    assert_eq!(parsed.reply.elements().unwrap().len(), 3);
    for end in 0..whole.len() {
        assert!(parse(&whole[..end]).unwrap().is_none(), "prefix of {end} bytes");
    }
    for bad in [&b":x\r\n"[..], b"+a\n", b"$1\r\nabc\r\n", b"?\r\n", b"$-2\r\n", b"#x\r\n"] {
        assert!(parse(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn expands_what_the_line_says() {
    let grammar = Grammar::parse(1, "SET key value {NX|EX seconds} [GET] (A|B B)...");
    assert_eq!(grammar.name(), Some("SET"));
    let mut random = Random::new(1);
    for _ in 0..500 {
        let command = grammar.expand(&mut random);
        assert!(command.len() >= 4 && command[0].eq_ignore_ascii_case(b"SET"));
        assert!(
            command.last().unwrap().eq_ignore_ascii_case(b"A") || command.last().unwrap().eq_ignore_ascii_case(b"B")
        );
    }
}

#[test]
fn keeps_exactly_what_is_needed() {
    let items: Vec<usize> = (0..1000).collect();
    let deadline = Instant::now() + Duration::from_secs(60);
    let needed = [17, 500, 501, 998];
    let small = shrink(&items, deadline, |log| needed.iter().all(|item| log.contains(item)));
    assert_eq!(small, needed);
}

#[test]
fn a_seed_gives_one_log_of_safe_commands() {
    for name in NAMES {
        let family = Family::new(name);
        let lines = |seed| generate::log(&family, seed, 3000).iter().flat_map(Entry::lines).collect::<Vec<String>>();
        assert_eq!(lines(5), lines(5));
        assert_ne!(lines(5), lines(6));
    }
}
