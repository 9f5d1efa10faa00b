//! What one client does to another: CLIENT KILL in all forms, and MONITOR.
//!
//! Scripts are played on each server on its own, with its own client IDs and addresses filled in; the transcripts, from
//! which those are removed again, must be equal.

use crate::harness::command::{encode_multibulk, escape};
use crate::harness::pair::Pair;
use crate::harness::reduce::show;
use crate::harness::wire::{Connection, PATIENCE};

const CLIENTS: usize = 3;

/// Each script runs on fresh connections 0, 1 and 2. `{id1}` and `{addr1}` are connection 1's.
const KILLS: &[&[(usize, &str)]] = &[
    &[(0, "CLIENT KILL {addr1}")],
    &[(0, "CLIENT KILL {addr0}")],
    &[(0, "CLIENT KILL 127.0.0.1:1")],
    &[(0, "CLIENT KILL nonsense")],
    &[(0, "CLIENT KILL ID {id1}"), (0, "CLIENT KILL ID {id1}")],
    &[(0, "CLIENT KILL ID {id0}")],
    &[(0, "CLIENT KILL ID {id0} SKIPME no")],
    &[(0, "CLIENT KILL ID {id0} SKIPME yes")],
    &[(0, "CLIENT KILL ID {id0} SKIPME maybe")],
    &[(0, "CLIENT KILL ID 0")],
    &[(0, "CLIENT KILL ID -1")],
    &[(0, "CLIENT KILL ID abc")],
    &[(0, "CLIENT KILL ID")],
    &[(0, "CLIENT KILL ID {id1} ID {id2}")],
    &[(0, "CLIENT KILL ADDR {addr2}")],
    &[(0, "CLIENT KILL ADDR {addr1} ID {id1}")],
    &[(0, "CLIENT KILL ADDR {addr1} ID {id2}")],
    &[(0, "CLIENT KILL TYPE normal")],
    &[(0, "CLIENT KILL TYPE NORMAL SKIPME NO")],
    &[(0, "CLIENT KILL TYPE pubsub")],
    &[(0, "CLIENT KILL TYPE nosuch")],
    &[(0, "CLIENT KILL USER default")],
    &[(0, "CLIENT KILL USER nobody")],
    &[(0, "CLIENT KILL SKIPME yes")],
    &[(0, "CLIENT KILL SKIPME no")],
    &[(0, "CLIENT KILL LADDR 127.0.0.1:1")],
    &[(0, "CLIENT KILL NOSUCH x")],
    &[(0, "CLIENT KILL ID {id1} NOSUCH")],
    &[(0, "CLIENT KILL ID {id1} NOSUCH x")],
    &[
        (1, "CLIENT SETNAME victim"),
        (0, "CLIENT KILL ID {id1}"),
        (2, "CLIENT KILL ID {id1}"),
        (2, "CLIENT KILL {addr0}"),
    ],
];

pub fn kill() {
    let Some(pair) = Pair::start(&[]) else { return };
    let mut differences = Vec::new();
    for script in KILLS {
        let (ours, theirs) = (play(pair.ours.port, script), play(pair.theirs.port, script));
        if ours != theirs {
            differences.push(format!("  {script:?}\n    ours:   {ours:?}\n    theirs: {theirs:?}"));
        }
    }
    assert!(differences.is_empty(), "{} differences:\n{}", differences.len(), differences.join("\n"));
}

fn play(port: u16, script: &[(usize, &str)]) -> Vec<String> {
    let mut clients: Vec<Connection> =
        (0..CLIENTS).map(|_| Connection::open(port).expect("the server accepts")).collect();
    let names: Vec<(String, String)> = clients
        .iter_mut()
        .map(|client| {
            let id = ask(client, &["CLIENT", "ID"]).replace("integer ", "");
            (id, client.local_address())
        })
        .collect();
    let mut transcript = Vec::new();
    for (client, template) in script {
        let mut line = template.to_string();
        for (number, (id, address)) in names.iter().enumerate() {
            line = line.replace(&format!("{{id{number}}}"), id).replace(&format!("{{addr{number}}}"), address);
        }
        let words: Vec<&str> = line.split(' ').collect();
        transcript.push(format!("{template}: {}", ask(&mut clients[*client], &words)));
    }
    // Who is still there?
    for (number, client) in clients.iter_mut().enumerate() {
        transcript.push(format!("client {number}: {}", ask(client, &["PING"])));
    }
    transcript
}

fn ask(client: &mut Connection, words: &[&str]) -> String {
    client.try_request(words).map_or_else(|end| format!("{end:?}"), |reply| show(&reply))
}

/// What the watched connection does. Some of it is not shown, or not in full.
const WATCHED: &[&[&str]] = &[
    &["PING"],
    &["set", "k", "a b\r\n\"\\\0\u{7f}"],
    &["SELECT", "3"],
    &["Get", "k"],
    &["GET"],
    &["NOSUCH", "x"],
    &["AUTH", "default", "secret"],
    &["HELLO", "2", "AUTH", "default", "secret"],
    &["CONFIG", "GET", "save"],
    &["EXPIRE", "k", "abc"],
    &["DEL", "k", ""],
    &["ECHO", "last"],
];

pub fn monitor() {
    let Some(pair) = Pair::start(&[]) else { return };
    let (ours, theirs) = (watch(pair.ours.port), watch(pair.theirs.port));
    assert!(theirs.contains("ECHO") && theirs.contains("TIME [3 ADDRESS]"), "the real server showed {theirs}");
    assert_eq!(ours, theirs, "MONITOR: ours (left) and theirs (right)");
}

fn watch(port: u16) -> String {
    let mut watcher = Connection::open(port).expect("the server accepts");
    let accepted = ask(&mut watcher, &["MONITOR"]);
    let mut watched = Connection::open(port).expect("the server accepts");
    for command in WATCHED {
        let mut bytes = Vec::new();
        encode_multibulk(command, &mut bytes);
        watched.send(&bytes, &[]);
        let _ = watched.reply(PATIENCE);
    }
    let (raw, end) = watcher.raw(Some(b"\"ECHO\" \"last\"\r\n"), PATIENCE);
    format!("{accepted} {} {end:?}", mask_lines(&escape(&raw), &watched.local_address()))
}

/// Removes times (`+1712345678.123456 `) and the client's address.
fn mask_lines(text: &str, address: &str) -> String {
    let mut masked = String::new();
    for part in text.replace(address, "ADDRESS").split_inclusive("\\r\\n") {
        match part.strip_prefix('+').and_then(|rest| rest.split_once(' ')) {
            Some((time, rest)) if time.len() == 17 && time.parse::<f64>().is_ok() => {
                masked.push_str(&format!("+TIME {rest}"))
            }
            _ => masked.push_str(part),
        }
    }
    masked
}
