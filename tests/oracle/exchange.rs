//! Values of all types go from one server to the other and back as payloads: DUMP here, RESTORE there.
//!
//! The log of a campaign has filled both servers with the same values in all encodings. Each payload must be taken by
//! the other server, which checks it thoroughly, and become the same value in the same encoding again.

use crate::harness::campaign::Settings;
use crate::harness::families::Family;
use crate::harness::pair::Pair;
use crate::harness::resp::Reply;
use crate::harness::wire::Connection;
use crate::harness::{generate, payloads, replay};
use std::collections::BTreeSet;

const DATABASES: usize = 16;
/// A name that no family has.
const COPY: &[u8] = b"copy of the payload";
/// What a value may take here, in percent of what it takes in Redis, and for the first buckets of a table.
const MEMORY_PERCENT: i64 = 150;
const MEMORY_EXTRA: i64 = 1024;

/// The test. Fails with the first key whose payload does not survive.
pub fn compare() {
    let settings = Settings::from_environment();
    if settings.families.as_ref().is_some_and(|families| !families.iter().any(|family| family == "types")) {
        return;
    }
    let Some(mut pair) = Pair::start(&["--sanitize-dump-payload", "yes"]) else { return };
    let family = Family::new("types");
    let mut seen = BTreeSet::new();
    let mut exchanged = 0;
    for seed in settings.seed..settings.seed + settings.seeds {
        let log = generate::log(&family, seed, settings.commands);
        if let Some(divergence) = replay::run(&mut pair, &log, seed).divergence {
            panic!("seed {seed}: {divergence:?}");
        }
        exchanged += exchange(&pair, seed, &mut seen);
    }
    eprintln!("{exchanged} payloads each way; {seen:?}");
    let encodings = seen.iter().map(|(_, encoding)| encoding.as_str()).collect::<BTreeSet<_>>();
    assert!(encodings.len() >= 8, "only {encodings:?}");
}

/// All keys of all databases; how many.
fn exchange(pair: &Pair, seed: u64, seen: &mut BTreeSet<(String, String)>) -> usize {
    let open = |port| Connection::open(port).expect("the server accepts");
    let mut sides = [open(pair.ours.port), open(pair.theirs.port)];
    let mut exchanged = 0;
    for database in 0..DATABASES {
        let number = database.to_string();
        sides.iter_mut().for_each(|side| drop(ask(side, &[b"SELECT", number.as_bytes()])));
        let keys = ask(&mut sides[1], &[b"KEYS", b"*"]);
        for key in keys.elements().unwrap_or_default().iter().filter_map(Reply::text) {
            let context = format!("seed {seed}, database {database}, key {}", key.escape_ascii());
            let [ours, theirs] = sides.each_mut().map(|side| ask(side, &[b"DUMP", key]));
            restore(&mut sides[1], &ours, &format!("{context}: our payload"));
            restore(&mut sides[0], &theirs, &format!("{context}: their payload"));
            let words = |side: &mut Connection| {
                // Digests include whether there is a deadline.
                ask(side, &[b"PERSIST", key]);
                let digests = ask(side, &[b"DEBUG", b"DIGEST-VALUE", key, COPY]);
                let encoding = ask(side, &[b"OBJECT", b"ENCODING", COPY]);
                let again = payloads::content(&ask(side, &[b"DUMP", COPY]));
                (digests, encoding, again)
            };
            let [here, there] = sides.each_mut().map(words);
            assert_eq!(here, there, "{context}");
            let described = described(&mut sides[0], key);
            let digests = here.0.elements().unwrap_or_default();
            assert_eq!(digests.len(), 2, "{context}, {described:?}");
            if digests[0] != digests[1] {
                // Redis's own round trip loses something of a few values, too: the sign of a score of -0, for one.
                restore(&mut sides[1], &theirs, &context);
                let own = ask(&mut sides[1], &[b"DEBUG", b"DIGEST-VALUE", COPY]);
                let own = own.elements().unwrap_or_default();
                assert_eq!(own.first(), Some(&digests[1]), "{context}, {described:?}: {theirs:?}");
            }
            let [here, there] = sides.each_mut().map(|side| ask(side, &[b"MEMORY", b"USAGE", key, b"SAMPLES", b"0"]));
            let (Reply::Integer(here), Reply::Integer(there)) = (here, there) else { panic!("{context}: no usage") };
            let most = there * MEMORY_PERCENT / 100 + MEMORY_EXTRA;
            // In Redis a list keeps the size of nodes that it was made with, here it is the present one.
            let is_list = described.0 == "list";
            assert!(here > 0 && (is_list || here <= most), "{context}, {described:?}: {here} bytes, in Redis {there}");
            seen.insert(described);
            sides.iter_mut().for_each(|side| drop(ask(side, &[b"DEL", COPY])));
            exchanged += 1;
        }
    }
    exchanged
}

fn restore(side: &mut Connection, payload: &Reply, context: &str) {
    let payload = payload.text().unwrap_or_else(|| panic!("{context}: {payload:?}"));
    let reply = ask(side, &[b"RESTORE", COPY, b"0", payload, b"REPLACE"]);
    assert_eq!(reply, Reply::Simple(b"OK".to_vec()), "{context}: {}", payload.escape_ascii());
}

/// Type and encoding.
fn described(side: &mut Connection, key: &[u8]) -> (String, String) {
    let mut word = |command: &[&[u8]]| {
        let reply = ask(side, command);
        String::from_utf8_lossy(reply.text().unwrap_or_default()).into_owned()
    };
    (word(&[b"TYPE", key]), word(&[b"OBJECT", b"ENCODING", key]))
}

fn ask(side: &mut Connection, words: &[&[u8]]) -> Reply {
    side.try_request(words).expect("a reply")
}
