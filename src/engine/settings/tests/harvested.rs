//! Every name and kind against what redis-server 7.0.15 answered.

use super::super::table::{self, HIDDEN, Status, TABLE};
use super::*;
use std::collections::BTreeMap;

/// What differs on purpose: `io-threads` are reactors, of which there may be none; a percentage is no wrapped number of
/// bytes; an empty word is no number.
const DIFFERENT: &[(&str, &str)] =
    &[("io-threads", "-1"), ("io-threads", "1000"), ("maxmemory-clients", "99999999999999999999"), ("save", "5 ")];

#[test]
fn config_set_answers_like_redis() {
    let settings = Settings::new();
    check(include_str!("config_set.txt"), |name, value| {
        let before = get(&settings, name).unwrap();
        let answer = config_set(&settings, &[(name, value)]);
        let shown = get(&settings, name).unwrap();
        if answer.is_ok() {
            config_set(&settings, &[(name, &before)]).unwrap();
        }
        answer.map(|()| shown).map_err(|reply| {
            let prefix = format!("ERR CONFIG SET failed (possibly related to argument '{name}') - ");
            reply.strip_prefix(&prefix).unwrap_or_else(|| panic!("{reply}")).to_string()
        })
    });
}

#[test]
fn startup_answers_like_redis() {
    check(include_str!("startup.txt"), |name, value| {
        let settings = Settings::new();
        match settings.load_text(format!("{name} \"{value}\"").as_bytes()) {
            Ok(()) => Ok(get(&settings, name).unwrap()),
            Err(error) => Err(error.to_string().lines().last().unwrap().to_string()),
        }
    });
}

fn check(table: &str, set: impl Fn(&str, &str) -> Result<String, String>) {
    let mut checked = 0;
    for line in table.lines() {
        let mut columns = line.split('\t');
        let (name, expected) = (columns.next().unwrap(), columns.next().unwrap());
        let row = table::find(name.as_bytes()).unwrap_or_else(|| panic!("{name} is missing")).0;
        for value in columns {
            if DIFFERENT.contains(&(name, value)) {
                continue;
            }
            let answer = set(name, value);
            checked += 1;
            match (&answer, expected.split_at(1)) {
                (Ok(shown), ("=", expected)) => assert_eq!(shown, expected, "{name} '{value}'"),
                (Err(reason), ("=", _)) if row.status != Status::Works => {
                    assert!(reason.contains("needs") || reason.contains("no meaning"), "{name} '{value}': {reason}");
                }
                (Err(reason), ("!", expected)) if expected.contains("can't be empty") => {
                    assert!(reason.contains("needs"), "{reason}");
                }
                (Err(reason), ("!", expected)) => assert_eq!(reason, expected, "{name} '{value}'"),
                _ => panic!("{name} '{value}': {answer:?} instead of {expected}"),
            }
        }
    }
    assert!(checked > 200);
}

#[test]
fn the_table_has_every_name_once_and_a_valid_default() {
    let mut names = Vec::new();
    for (index, row) in TABLE.iter().enumerate() {
        assert_eq!(row.id as usize, index);
        assert!(std::ptr::eq(row.id.row(), row));
        names.push(row.name);
        names.extend(row.alias);
    }
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
    for line in include_str!("config_set.txt").lines() {
        let name = line.split('\t').next().unwrap();
        assert!(names.contains(&name), "{name}");
    }
}

/// What redis-server 7.0.15 does not show: ours, and what 7.2 has.
const FURTHER: &[(&str, &str)] = &[
    ("original-replies", "status"),
    ("shards", "256"),
    ("set-max-listpack-entries", "0"),
    ("set-max-listpack-value", "64"),
];
/// Defaults that depend on the machine, and the start of the harvested server.
const UNLIKE: &[&str] = &["dir", "unixsocket", "port", "io-threads"];

#[test]
fn defaults_are_those_of_redis() {
    // CONFIG GET * of redis-server --save "".
    let harvested = include_str!("defaults.txt").lines().map(|line| line.split_once('\t').unwrap());
    let expected: BTreeMap<&str, &str> = harvested.chain(FURTHER.iter().copied()).collect();
    let settings = Settings::new();
    let shown: BTreeMap<String, String> = all(&settings).into_iter().collect();
    assert!(shown.keys().eq(expected.keys()), "the names differ");
    for (name, value) in expected {
        if !UNLIKE.contains(&name) {
            assert_eq!(shown[name], value, "{name}");
        }
    }
    assert_eq!(get(&settings, "dir"), std::env::current_dir().unwrap().to_str().map(String::from));
    assert_eq!(shown["port"], "6379");
    assert_eq!(get(&settings, "loading-process-events-interval-bytes").as_deref(), Some("2097152"));
    // Names that CONFIG GET shows only if they are asked for.
    for row in TABLE.iter().filter(|row| row.has(HIDDEN)) {
        assert!(!shown.contains_key(row.name) && get(&settings, row.name).is_some(), "{}", row.name);
    }
}
