//! What our server lacks altogether, which the comparison of replies leaves out so as not to drown in it.

use crate::harness::families::{Family, NAMES};
use crate::harness::intended;
use crate::harness::pair::{Pair, command_names};
use crate::harness::resp::Reply;
use crate::harness::wire::Connection;
use std::collections::BTreeSet;

/// Commands of the grammars that our COMMAND LIST does not have.
pub fn commands() {
    let Some(pair) = Pair::start(&[]) else { return };
    let ours = command_names(pair.ours.port);
    assert!(!ours.is_empty(), "our server does not answer COMMAND LIST");
    let mut missing = BTreeSet::new();
    for name in NAMES {
        missing.extend(Family::new(name).retain_known(|command| ours.contains(&command.to_lowercase())));
    }
    assert!(missing.is_empty(), "not in our COMMAND LIST: {missing:?}");
    // What the random test cannot compare, because ours are more.
    for port in [pair.ours.port, pair.theirs.port] {
        let names = command_names(port).iter().filter(|name| !name.contains('|')).count();
        let mut connection = Connection::open(port).expect("the server accepts");
        let count = connection.try_request(&["COMMAND", "COUNT"]).expect("COMMAND COUNT is answered");
        assert_eq!(count, Reply::Integer(names as i64));
        let all = connection.try_request(&["COMMAND"]).expect("COMMAND is answered");
        assert_eq!(all.elements().map(<[Reply]>::len), Some(names));
    }
}

/// Fields of the real server's INFO everything that ours does not print, in sections that both have.
pub fn info_fields() {
    let Some(pair) = Pair::start(&[]) else { return };
    let (ours, theirs) = (fields(pair.ours.port), fields(pair.theirs.port));
    assert!(theirs.contains("server:redis_version"), "the real server's INFO was not understood: {theirs:?}");
    let accepted: BTreeSet<String> = intended::INFO_FIELDS_ABSENT.iter().map(|(field, _)| field.to_string()).collect();
    let missing: Vec<&String> =
        theirs.iter().filter(|field| !ours.contains(*field) && !accepted.contains(*field)).collect();
    assert!(missing.is_empty(), "{} INFO fields are missing: {missing:?}", missing.len());
}

/// All `section:field` of INFO everything, after a little traffic. Statistics per command are no fields.
fn fields(port: u16) -> BTreeSet<String> {
    const PER_COMMAND: &[&str] = &["commandstats", "errorstats", "latencystats", "modules"];
    let mut connection = Connection::open(port).expect("the server accepts");
    connection.try_request(&["SET", "k", "v"]).expect("SET is answered");
    let reply = connection.try_request(&["INFO", "everything"]).expect("INFO is answered");
    let text = String::from_utf8_lossy(reply.text().unwrap_or_default()).into_owned();
    let mut section = String::new();
    let mut found = BTreeSet::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("# ") {
            section = name.to_lowercase();
        } else if let Some((name, _)) = line.split_once(':')
            && !PER_COMMAND.contains(&section.as_str())
        {
            found.insert(format!("{section}:{name}"));
        }
    }
    found
}
