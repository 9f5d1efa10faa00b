//! Systematic differential test: every command our server knows, with every combination of a few kinds of arguments.
//!
//! The random test writes mostly sensible commands; this one takes no view of what is sensible. Commands with few
//! arguments get all combinations, longer ones a seeded sample, with option words taken from the real server's own
//! COMMAND DOCS. `SYSTEMATIC_CALLS` is the number of calls per command (default 300), `SYSTEMATIC_COMMAND` restricts the
//! test to some commands.

#[path = "oracle/mod.rs"]
mod harness;

use harness::command::{Action, Command, Entry};
use harness::hazards;
use harness::pair::Pair;
use harness::random::Random;
use harness::replay::{self, Divergence};
use harness::resp::Reply;
use harness::wire::Connection;
use std::collections::BTreeSet;

/// Kinds of arguments: keys of the types there are, numbers, nothing.
const WORDS: &[&str] = &["missing", "string", "integer", "volatile", "abc", "1", "-1", "0", ""];
const ARGUMENTS_MAX: usize = 6;
/// Of longer calls, this part has an option word in each place.
const OPTION_PERCENT: usize = 40;
/// Differences shown in full.
const SHOWN_MAX: usize = 30;

/// What the keys hold before each stretch of calls.
const POPULATION: &[&[&str]] = &[
    &["SET", "string", "some text"],
    &["SET", "integer", "10"],
    &["SET", "volatile", "x", "PXAT", "4000000000000"],
    &["SET", "abc", "abcdefghijklmnopqrstuvwxyz abcdefghijklmnopqrstuvwxyz"],
];
/// Calls between two fresh populations: few enough that the keys keep their kinds for a while.
const STRETCH: usize = 25;

/// They end connections or change what replies look like, so that a stretch would be cut short; other tests have them.
const LEFT_OUT: &[&str] = &["quit", "hello", "reset", "shutdown", "debug", "auth"];

#[test]
fn every_command_with_every_kind_of_argument() {
    let Some(mut pair) = Pair::start(&[]) else { return };
    let calls_max: usize = std::env::var("SYSTEMATIC_CALLS").ok().and_then(|text| text.parse().ok()).unwrap_or(300);
    let only = std::env::var("SYSTEMATIC_COMMAND").ok();
    let known = documented(&pair);
    let mut differences = Vec::new();
    let (mut commands, mut calls, mut replies) = (0, 0, 0);
    for (name, options) in &known {
        if only.as_ref().is_some_and(|only| !only.split(',').any(|wanted| name.split('|').next() == Some(wanted))) {
            continue;
        }
        let log = log(name, options, calls_max);
        commands += 1;
        calls += log.len();
        // One difference per command; the population is part of the log, so each stretch stands on its own.
        let outcome = replay::run(&mut pair, &log, 1);
        replies += outcome.replies;
        if let Some(divergence) = outcome.divergence {
            differences.push(describe(name, &log, &divergence));
        }
    }
    eprintln!(
        "{commands} commands and subcommands, {calls} entries, {replies} replies, {} differences",
        differences.len()
    );
    assert!(only.is_some() || commands >= 20, "only {commands} commands in common");
    let shown = &differences[..differences.len().min(SHOWN_MAX)];
    assert!(differences.is_empty(), "{} of {commands} commands differ:\n{}", differences.len(), shown.join("\n"));
}

fn describe(name: &str, log: &[Entry], divergence: &Divergence) -> String {
    // The stretch that the difference is in reproduces it.
    let start = divergence.entry.min(log.len()) / (STRETCH + POPULATION.len() + 1) * (STRETCH + POPULATION.len() + 1);
    let lines: Vec<String> = log[start..(divergence.entry + 1).min(log.len())].iter().flat_map(Entry::lines).collect();
    format!(
        "{name}: {}\n  ours:   {}\n  theirs: {}\n  reason: {}\n  after:  {}",
        divergence.command,
        divergence.ours,
        divergence.theirs,
        divergence.reason,
        lines.join(" ; "),
    )
}

/// Calls of one command, in stretches that each begin with FLUSHALL and the population.
fn log(name: &str, options: &[String], calls_max: usize) -> Vec<Entry> {
    let words: Vec<&str> = name.split('|').collect();
    let seed = name.bytes().fold(7, |seed: u64, byte| seed.wrapping_mul(31).wrapping_add(u64::from(byte)));
    let mut random = Random::new(seed);
    let mut calls = exhaustive(&words, calls_max / 2);
    while calls.len() < calls_max {
        let mut call: Vec<String> = words.iter().map(|word| word.to_string()).collect();
        for place in 0..random.between(2, ARGUMENTS_MAX) {
            let option = place > 0 && !options.is_empty() && random.percent(OPTION_PERCENT);
            call.push(if option { random.pick(options).clone() } else { random.pick(WORDS).to_string() });
        }
        calls.push(call);
    }
    let calls: Vec<Command> = calls.iter().map(|call| Command::new(call)).filter(hazards::is_safe).collect();
    let mut log = Vec::new();
    for stretch in calls.chunks(STRETCH) {
        log.push(Entry::send(0, Command::new(&["FLUSHALL"])));
        log.extend(POPULATION.iter().map(|command| Entry::send(0, Command::new(command))));
        for call in stretch {
            let mut unit = vec![call.clone()];
            if hazards::leaves_expired_key(call) {
                unit.push(Command::new(&[b"TOUCH", &call.arguments[1][..]]));
            }
            log.push(Entry { connection: 0, action: Action::Send(unit) });
        }
    }
    log
}

/// All calls with 0, 1, 2 … arguments, as far as the budget goes.
fn exhaustive(words: &[&str], budget: usize) -> Vec<Vec<String>> {
    let mut calls: Vec<Vec<String>> = vec![words.iter().map(|word| word.to_string()).collect()];
    let mut start = 0;
    while calls.len() < budget {
        let end = calls.len();
        for index in start..end {
            for word in WORDS {
                if calls.len() < budget {
                    let mut longer = calls[index].clone();
                    longer.push(word.to_string());
                    calls.push(longer);
                }
            }
        }
        start = end;
    }
    calls
}

/// The commands and subcommands that both know (`config|get`), each with the option words of its documentation.
fn documented(pair: &Pair) -> Vec<(String, Vec<String>)> {
    let mut theirs = Connection::open(pair.theirs.port).expect("the server accepts");
    let mut ours = Connection::open(pair.ours.port).expect("the server accepts");
    let mut found = Vec::new();
    for name in &pair.common {
        if LEFT_OUT.contains(&name.as_str()) {
            continue;
        }
        let documents = theirs.try_request(&["COMMAND", "DOCS", name]).expect("COMMAND DOCS is answered");
        let Some((_, document)) = documents.pairs().and_then(|pairs| pairs.into_iter().next()) else { continue };
        let our_names =
            subcommand_names(&ours.try_request(&["COMMAND", "INFO", name]).expect("COMMAND INFO is answered"));
        found.push((name.clone(), option_words(&document)));
        for (subcommand, document) in field(&document, "subcommands").and_then(|list| list.pairs()).unwrap_or_default()
        {
            let full_name = String::from_utf8_lossy(subcommand.text().unwrap_or_default()).to_lowercase();
            if our_names.contains(&full_name) {
                found.push((full_name, option_words(&document)));
            }
        }
    }
    found
}

fn field(document: &Reply, name: &str) -> Option<Reply> {
    document.pairs()?.into_iter().find(|(label, _)| label.text() == Some(name.as_bytes())).map(|(_, value)| value)
}

fn subcommand_names(info: &Reply) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let lists = info.elements().unwrap_or_default().iter().filter_map(|command| command.elements()?.get(9)?.elements());
    for subcommand in lists.flatten() {
        let name = subcommand.elements().and_then(|fields| fields.first()?.text().map(<[u8]>::to_vec));
        names.extend(name.map(|name| String::from_utf8_lossy(&name).to_lowercase()));
    }
    names
}

/// All `token`s of a command's documented arguments, at any depth.
fn option_words(document: &Reply) -> Vec<String> {
    let mut words = BTreeSet::new();
    let mut pending: Vec<Reply> = field(document, "arguments").into_iter().collect();
    while let Some(list) = pending.pop() {
        for argument in list.elements().unwrap_or_default() {
            if let Some(token) = field(argument, "token") {
                words.insert(String::from_utf8_lossy(token.text().unwrap_or_default()).into_owned());
            }
            pending.extend(field(argument, "arguments"));
        }
    }
    words.into_iter().collect()
}
