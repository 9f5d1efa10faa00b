//! Every command and subcommand that both servers know, with numbers of arguments it does not take.
//!
//! What counts as wrong is taken from the real server's COMMAND INFO. Since such calls are refused before anything runs,
//! no command is too dangerous for this test.

use crate::harness::command::Command;
use crate::harness::pair::Pair;
use crate::harness::random::Random;
use crate::harness::replay::{Exchange, Link};
use crate::harness::resp::Reply;

/// Fewer commands than this in common means that the question was not understood.
const COMMANDS_MIN: usize = 20;
const ARGUMENTS_MAX: i64 = 8;

pub fn run() {
    let Some(mut pair) = Pair::start(&[]) else { return };
    let calls = wrong_calls(&pair);
    let mut differences = Vec::new();
    for call in &calls {
        let Some(mut link) = Link::open(&pair) else { panic!("a server can't be reached before {}", call.line()) };
        if let Exchange::Different(_, _, ours, theirs) = link.exchange(&[call], &mut Random::new(0), &pair.common) {
            differences.push(format!("  {}\n    ours:   {ours}\n    theirs: {theirs}", call.line()));
            pair.reset();
        }
    }
    eprintln!("{} calls of {} commands, {} differences", calls.len(), pair.common.len(), differences.len());
    assert!(pair.common.len() >= COMMANDS_MIN, "only {} commands in common", pair.common.len());
    assert!(differences.is_empty(), "{} differences:\n{}", differences.len(), differences.join("\n"));
}

fn wrong_calls(pair: &Pair) -> Vec<Command> {
    let mut link = Link::open(pair).expect("both servers accept connections");
    let mut calls = Vec::new();
    for name in &pair.common {
        let request = ["COMMAND", "INFO", name];
        let ours = link.ours.try_request(&request).expect("COMMAND INFO is answered");
        let theirs = link.theirs.try_request(&request).expect("COMMAND INFO is answered");
        let (our_table, their_table) = (arities(&ours), arities(&theirs));
        let is_container = their_table.len() > 1;
        for (full_name, arity) in their_table {
            let words: Vec<&str> = full_name.split('|').collect();
            // Redis does not check the arity of a container called with a subcommand's name: that is the subcommand's.
            if words.len() == 2 && !our_table.iter().any(|(known, _)| *known == full_name) {
                continue;
            }
            if is_container && words.len() == 1 {
                calls.push(Command::new(&[name]));
                calls.push(Command::new(&[name, "no-such-subcommand"]));
                calls.push(Command::new(&[name, "no-such-subcommand", "x", "y"]));
                continue;
            }
            for count in words.len() as i64..=ARGUMENTS_MAX {
                let accepted = if arity > 0 { count == arity } else { count >= -arity };
                if !accepted {
                    let mut call = words.clone();
                    call.resize(count as usize, "x");
                    calls.push(Command::new(&call));
                }
            }
        }
    }
    calls
}

/// (name, arity) of the command in a reply to COMMAND INFO, then of its subcommands.
fn arities(reply: &Reply) -> Vec<(String, i64)> {
    let mut found = Vec::new();
    for info in reply.elements().unwrap_or_default() {
        let Some([name, Reply::Integer(arity), rest @ ..]) = info.elements() else { continue };
        found.push((String::from_utf8_lossy(name.text().unwrap_or_default()).to_lowercase(), *arity));
        if let Some(subcommands) = rest.last() {
            found.extend(arities(subcommands));
        }
    }
    found
}
