//! What a case is, and how it is run and compared.

use crate::harness::command::{encode_multibulk, escape_short};
use crate::harness::intended;
use crate::harness::pair::Pair;
use crate::harness::wire::{Connection, End, PATIENCE};
use std::time::Duration;

/// How a case leaves the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    /// Usable: a further command is answered.
    Open,
    /// Closed by the server.
    Closed,
    /// Waiting for the rest of a request: nothing is answered, nothing is closed.
    Waiting,
}

pub struct Case {
    pub name: String,
    pub bytes: Vec<u8>,
    pub ends: Ends,
}

/// Silence after which a connection counts as waiting. The real server goes first and gets the whole of it; ours has had
/// that time already, and gets all the patience there is for what the real server did say.
const SILENCE: Duration = Duration::from_millis(200);
const SILENCE_AFTER: Duration = Duration::from_millis(20);
/// How long ours may take to close after the real server has closed.
const CLOSE_PATIENCE: Duration = Duration::from_secs(4);
const WAITING_AT_ONCE: usize = 16;
/// Longer cases are not sent byte by byte.
const BYTEWISE_MAX: usize = 400;
/// A command that no server knows: its error comes even without authentication, and in any state.
const SENTINEL: &str = "ORACLE-SENTINEL";
/// Differences shown at most.
const SHOWN_MAX: usize = 40;

/// A case named after its bytes.
pub fn case(bytes: &[u8], ends: Ends) -> Case {
    let mut name = escape_short(bytes);
    if name.len() > 120 {
        name = format!("{} … ({} bytes)", name.chars().take(60).collect::<String>(), bytes.len());
    }
    Case { name, bytes: bytes.to_vec(), ends }
}

/// A case of several whole commands.
pub fn commands(commands: &[&[&str]], ends: Ends) -> Case {
    let mut bytes = Vec::new();
    commands.iter().for_each(|command| encode_multibulk(command, &mut bytes));
    let lines: Vec<String> = commands.iter().map(|command| format!("{command:?}")).collect();
    let mut name = lines.join(" ");
    if name.len() > 300 {
        name = format!("{}… ({} bytes)", name.chars().take(200).collect::<String>(), bytes.len());
    }
    Case { name, bytes, ends }
}

/// Runs all cases against a fresh pair started with `options`.
pub fn run(options: &[&str], cases: Vec<Case>) {
    let Some(mut pair) = Pair::start(options) else { return };
    let mut differences = Vec::new();
    // Cases that are all about silence touch no keys, so that they can be silent at the same time.
    let (waiting, others): (Vec<&Case>, Vec<&Case>) = cases.iter().partition(|case| case.ends == Ends::Waiting);
    for group in waiting.chunks(WAITING_AT_ONCE) {
        std::thread::scope(|scope| {
            let running: Vec<_> = group.iter().map(|case| scope.spawn(|| difference(&pair, case))).collect();
            differences.extend(running.into_iter().filter_map(|thread| thread.join().expect("a case does not panic")));
        });
    }
    for case in others {
        if let Some(found) = difference(&pair, case) {
            differences.push(found);
            // A dead server would fail all the cases that follow.
            differences.extend(pair.reset().map(|words| format!("    {words}")));
        }
    }
    eprintln!("{} cases, {} differences", cases.len(), differences.len());
    let shown = &differences[..differences.len().min(SHOWN_MAX)];
    assert!(differences.is_empty(), "{} differences:\n{}", differences.len(), shown.join("\n"));
}

/// Runs a case, at once and byte by byte, and describes what differs.
fn difference(pair: &Pair, case: &Case) -> Option<String> {
    for bytewise in [false, true] {
        if bytewise && case.bytes.len() > BYTEWISE_MAX {
            continue;
        }
        let (ours, theirs) = play(pair, case, bytewise);
        let mode = if bytewise { ", byte by byte" } else { "" };
        if theirs.1 != expected_end(case.ends) {
            return Some(format!(
                "  {}{mode}\n    the table is wrong: the real server says {}",
                case.name,
                show(&theirs)
            ));
        }
        let intended = intended::PROTOCOL_CASES.iter().any(|(name, _)| *name == case.name);
        if ours != theirs && !intended {
            let (mine, real) = from_first_difference(ours, theirs);
            return Some(format!("  {}{mode}\n    ours:   {}\n    theirs: {}", case.name, show(&mine), show(&real)));
        }
    }
    None
}

/// What a server said, and how the connection ended.
type Answer = (Vec<u8>, End);

fn expected_end(ends: Ends) -> End {
    match ends {
        Ends::Open => End::Sentinel,
        Ends::Closed => End::Closed,
        Ends::Waiting => End::Silent,
    }
}

/// Ours and theirs.
fn play(pair: &Pair, case: &Case, bytewise: bool) -> (Answer, Answer) {
    let mut bytes = case.bytes.clone();
    let sentinel = format!("-ERR unknown command '{SENTINEL}', with args beginning with: \r\n");
    if case.ends == Ends::Open {
        encode_multibulk(&[SENTINEL], &mut bytes);
    }
    let borders: Vec<usize> = if bytewise { (1..bytes.len()).collect() } else { Vec::new() };
    let open = |port: u16| {
        let mut connection = Connection::open(port).ok()?;
        connection.send(&bytes, &borders);
        Some(connection)
    };
    let (ours, theirs) = (open(pair.ours.port), open(pair.theirs.port));
    let (Some(mut ours), Some(mut theirs)) = (ours, theirs) else {
        let lost = |what: &str| (what.as_bytes().to_vec(), End::Closed);
        return (lost("(one of the servers can't be reached)"), lost(""));
    };
    let (ours, theirs) = match case.ends {
        Ends::Open => (ours.raw(Some(sentinel.as_bytes()), PATIENCE), theirs.raw(Some(sentinel.as_bytes()), PATIENCE)),
        Ends::Closed => {
            let theirs = theirs.raw(None, PATIENCE);
            (ours.raw(None, CLOSE_PATIENCE), theirs)
        }
        Ends::Waiting => {
            let theirs = theirs.raw(None, SILENCE);
            let (mut raw, mut end) = ours.raw(Some(&theirs.0), PATIENCE);
            if end == End::Sentinel {
                let (rest, rest_end) = ours.raw(None, SILENCE_AFTER);
                raw.extend(rest);
                end = rest_end;
            }
            ((raw, end), theirs)
        }
    };
    ((mask_identity(&ours.0), ours.1), (mask_identity(&theirs.0), theirs.1))
}

/// Blanks the values of `version` and `id` in a reply to HELLO.
fn mask_identity(raw: &[u8]) -> Vec<u8> {
    let mut masked = raw.to_vec();
    for (label, lines) in [(&b"$7\r\nversion\r\n"[..], 2), (&b"$2\r\nid\r\n"[..], 1)] {
        let mut from = 0;
        while let Some(found) = masked[from..].windows(label.len()).position(|window| window == label) {
            let start = from + found + label.len();
            let mut end = start;
            for _ in 0..lines {
                end += masked[end..].iter().position(|&byte| byte == b'\n').map_or(masked.len() - end, |at| at + 1);
            }
            masked.splice(start..end, *b"(masked)");
            from = start;
        }
    }
    masked
}

/// Cuts a long common beginning off both answers.
fn from_first_difference(ours: Answer, theirs: Answer) -> (Answer, Answer) {
    const SHOWN_BEFORE: usize = 200;
    let common = ours.0.iter().zip(&theirs.0).take_while(|(a, b)| a == b).count();
    let cut = |(raw, end): Answer| match common.checked_sub(SHOWN_BEFORE) {
        Some(start) if start > 0 => ([b"... ", &raw[start..]].concat(), end),
        _ => (raw, end),
    };
    (cut(ours), cut(theirs))
}

fn show((raw, end): &Answer) -> String {
    format!("{}  [{end:?}]", escape_short(raw))
}
