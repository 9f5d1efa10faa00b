//! From a family and a seed to a log: which connection sends what, in which form.
//!
//! Connection 0 starts in RESP2, connection 1 in RESP3, connection 2 often writes inline commands. All share the keys.

use super::command::{Action, Command, Entry, Form, Probe};
use super::families::Family;
use super::grammar::{Grammar, mutate};
use super::hazards;
use super::random::Random;

const CONNECTIONS: usize = 3;
const RESP3_CONNECTION: usize = 1;
const INLINE_CONNECTION: usize = 2;
const TURN_MAX: usize = 16;
const MUTATED_PERCENT: usize = 14;
const INLINE_PERCENT: usize = 40;
/// Well below the limit of 64 KB for an inline request, even when every byte needs an escape of four.
const INLINE_BYTES_MAX: usize = 8 * 1024;

/// A log of `length` entries.
pub fn log(family: &Family, seed: u64, length: usize) -> Vec<Entry> {
    let mut random = Random::new(seed);
    let mut log = vec![Entry::send(RESP3_CONNECTION, Command::new(&["HELLO", "3"]))];
    if !family.opening.is_empty() {
        log.push(Entry::send(0, Command::new(family.opening)));
    }
    while log.len() < length {
        let connection = random.below(CONNECTIONS);
        for _ in 0..random.between(1, TURN_MAX) {
            log.push(Entry { connection, action: action(family, connection, &mut random) });
        }
    }
    log.truncate(length);
    log
}

fn action(family: &Family, connection: usize, random: &mut Random) -> Action {
    if family.name == "connection" && random.percent(3) {
        return Action::Send(muted(family, random));
    }
    let mut command = command(family, random);
    if let Some(probe) = as_probe(&command, random) {
        return Action::Probe(probe);
    }
    let bytes: usize = command.arguments.iter().map(Vec::len).sum();
    if connection == INLINE_CONNECTION && bytes < INLINE_BYTES_MAX && random.percent(INLINE_PERCENT) {
        command.form = Form::Inline;
    }
    if hazards::leaves_expired_key(&command) {
        let touch = Command::new(&[b"TOUCH", &command.arguments[1][..]]);
        return Action::Send(vec![command, touch]);
    }
    Action::Send(vec![command])
}

fn command(family: &Family, random: &mut Random) -> Command {
    loop {
        let mut arguments = pick(&family.grammars, random).expand(random);
        if random.percent(MUTATED_PERCENT) {
            mutate(&mut arguments, random);
        }
        let command = Command::new(&arguments);
        if hazards::is_safe(&command) && !(family.name == "sort" && hazards::confuses_sort(&command)) {
            return command;
        }
    }
}

fn pick<'a>(grammars: &'a [Grammar], random: &mut Random) -> &'a Grammar {
    let total: usize = grammars.iter().map(|grammar| grammar.weight).sum();
    let mut left = random.below(total);
    for grammar in grammars {
        if left < grammar.weight {
            return grammar;
        }
        left -= grammar.weight;
    }
    unreachable!("the draw is below the sum of the weights")
}

fn as_probe(command: &Command, random: &mut Random) -> Option<Probe> {
    let count = command.arguments.len();
    match command.upper(0).as_slice() {
        b"DBSIZE" if count == 1 => Some(Probe::DatabaseSize),
        b"RANDOMKEY" if count == 1 && random.percent(80) => Some(Probe::RandomKey),
        b"SCAN" if count > 1 && command.arguments[1] == b"0" => Some(Probe::Scan(command.arguments[2..].to_vec())),
        b"SSCAN" | b"HSCAN" | b"ZSCAN" if count > 2 && command.arguments[2] == b"0" => Some(Probe::MemberScan {
            command: command.arguments[0].clone(),
            key: command.arguments[1].clone(),
            options: command.arguments[3..].to_vec(),
        }),
        _ => None,
    }
}

/// Commands under CLIENT REPLY SKIP or OFF: they run, and nobody hears of it.
fn muted(family: &Family, random: &mut Random) -> Vec<Command> {
    const CHANGE_THE_REPLIES: &[&[u8]] = &[b"CLIENT", b"RESET", b"QUIT", b"HELLO"];
    let quiet = |random: &mut Random| loop {
        let command = command(family, random);
        if !CHANGE_THE_REPLIES.contains(&command.upper(0).as_slice()) {
            return Command { silent: true, ..command };
        }
    };
    let mode = |mode: &str, silent: bool| Command { silent, ..Command::new(&["CLIENT", "REPLY", mode]) };
    if random.percent(50) {
        return vec![mode("SKIP", true), quiet(random)];
    }
    let mut unit = vec![mode("OFF", true)];
    unit.extend((0..random.between(1, 4)).map(|_| quiet(random)));
    unit.push(mode("ON", false));
    unit
}
