//! The command families under test, as grammar lines with weights. To test a new command, add its line.
//!
//! A family gets its own pair of servers and its own test, so that one broken command hides nothing in the others;
//! `mixed` draws from most of them. `types` makes values of all types, for WRONGTYPE and for commands that work on any.

mod bits;
mod dump;
mod geo;
mod hashes;
mod lists;
mod sets;
mod sort;
mod streams;
mod types;
mod zsets;

use super::grammar::Grammar;

type Line = (usize, &'static str);

const STRINGS: &[Line] = &[
    (12, "SET key value {NX|XX|GET|KEEPTTL|EX seconds|PX milliseconds|EXAT unix-seconds|PXAT unix-milliseconds}"),
    (8, "SET key value"),
    (8, "GET key"),
    (3, "SETNX key value"),
    (3, "SETEX key seconds value"),
    (3, "PSETEX key milliseconds value"),
    (3, "GETSET key value"),
    (3, "GETDEL key"),
    (5, "GETEX key {PERSIST|EX seconds|PX milliseconds|EXAT unix-seconds|PXAT unix-milliseconds}"),
    (3, "MGET key..."),
    (3, "MSET (key value)..."),
    (3, "MSETNX (key value)..."),
    (5, "APPEND key value"),
    (4, "STRLEN key"),
    (5, "SETRANGE key offset value"),
    (5, "GETRANGE key index index"),
    (2, "SUBSTR key index index"),
    (4, "INCR key"),
    (4, "DECR key"),
    (5, "INCRBY key integer"),
    (5, "DECRBY key integer"),
    (7, "INCRBYFLOAT key float"),
    (5, "LCS key key {LEN|IDX|MINMATCHLEN integer|WITHMATCHLEN}"),
];

const KEYS: &[Line] = &[
    (10, "SET key value [EX seconds|PX milliseconds|EXAT unix-seconds|PXAT unix-milliseconds]"),
    (3, "MSET (key value)..."),
    (3, "DEL key..."),
    (2, "UNLINK key..."),
    (3, "EXISTS key..."),
    (3, "TYPE key"),
    (2, "TOUCH key..."),
    (4, "RENAME key key"),
    (4, "RENAMENX key key"),
    (6, "COPY key key {DB db|REPLACE}"),
    (4, "MOVE key db"),
    (2, "SWAPDB db db"),
    (4, "KEYS pattern"),
    (5, "SCAN cursor {MATCH pattern|COUNT count|TYPE key-type}"),
    (2, "RANDOMKEY"),
    (3, "DBSIZE"),
    (1, "FLUSHDB [ASYNC|SYNC]"),
    (1, "FLUSHALL [ASYNC|SYNC]"),
    (6, "EXPIRE key seconds {NX|XX|GT|LT}"),
    (6, "PEXPIRE key milliseconds {NX|XX|GT|LT}"),
    (6, "EXPIREAT key unix-seconds {NX|XX|GT|LT}"),
    (6, "PEXPIREAT key unix-milliseconds {NX|XX|GT|LT}"),
    (4, "TTL key"),
    (4, "PTTL key"),
    (4, "EXPIRETIME key"),
    (4, "PEXPIRETIME key"),
    (4, "PERSIST key"),
    (8, "OBJECT (ENCODING key|ENCODING key|REFCOUNT key|IDLETIME key|FREQ key|HELP|nasty key)"),
    (3, "SELECT db"),
    (3, "GET key"),
    (3, "APPEND key value"),
    (1, "GETSET key value"),
    (1, "SET key value {NX|XX|GET|KEEPTTL}"),
    (4, "DEBUG OBJECT key"),
    (4, "DEBUG DIGEST-VALUE key..."),
    (1, "DEBUG DIGEST-VALUE"),
    (1, "DEBUG SDSLEN key"),
    (4, "MEMORY USAGE key {SAMPLES count|SAMPLES 0|nasty}"),
];

const CONNECTION: &[Line] = &[
    (6, "PING [value]"),
    (5, "ECHO value"),
    (5, "SELECT db"),
    (8, "HELLO [protocol {AUTH user password|SETNAME client-name}]"),
    (4, "AUTH [user] password"),
    (2, "RESET"),
    (1, "QUIT"),
    (2, "CLIENT ID"),
    (5, "CLIENT SETNAME client-name"),
    (5, "CLIENT GETNAME"),
    (2, "CLIENT INFO"),
    (4, "CLIENT LIST [TYPE client-type|ID unused-id...|ID nasty]"),
    (2, "CLIENT KILL (unused-address|nasty)"),
    (
        5,
        "CLIENT KILL {ID unused-id|ADDR unused-address|LADDR unused-address|USER unused-user|TYPE client-type|SKIPME yes-no}",
    ),
    (2, "CLIENT NO-EVICT (ON|OFF|nasty)"),
    (1, "CLIENT REPLY (ON|nasty)"),
    (1, "CLIENT HELP"),
    (1, "CLIENT nasty"),
    (3, "SET key value"),
    (3, "GET key"),
    (2, "unknown-command nasty..."),
    (1, "unknown-command"),
];

const SERVER: &[Line] = &[
    (4, "INFO [section...]"),
    (8, "CONFIG GET glob..."),
    (10, "CONFIG SET setting..."),
    (1, "CONFIG RESETSTAT"),
    (1, "CONFIG REWRITE"),
    (1, "CONFIG (HELP|nasty)"),
    (1, "COMMAND"),
    (1, "COMMAND COUNT"),
    (3, "COMMAND INFO command-name..."),
    (3, "COMMAND DOCS command-name..."),
    (2, "COMMAND LIST [FILTERBY (MODULE nasty|ACLCAT nasty|PATTERN pattern|PATTERN command-name)]"),
    (8, "COMMAND GETKEYS command-line"),
    (8, "COMMAND GETKEYSANDFLAGS command-line"),
    (1, "COMMAND (HELP|nasty)"),
    (1, "TIME"),
    (1, "LOLWUT [VERSION version size...]"),
    (1, "SHUTDOWN ABORT"),
    (3, "DEBUG OBJECT key"),
    (1, "DEBUG SLEEP 0"),
    (1, "DEBUG JMAP"),
    (4, "MEMORY USAGE key [SAMPLES count]"),
    (1, "MEMORY (DOCTOR|STATS|PURGE|HELP|nasty)"),
    (3, "SLOWLOG (GET [integer]|LEN|RESET|HELP|nasty)"),
    (4, "LATENCY (HISTORY event|LATEST|RESET event...|RESET|HISTOGRAM command-name...|DOCTOR|GRAPH event|HELP|nasty)"),
    (4, "FUNCTION (LIST {LIBRARYNAME library|WITHCODE}|STATS|FLUSH [ASYNC|SYNC|nasty]|DUMP|nasty)"),
    (4, "SET key value"),
    (2, "DEL key"),
    (2, "OBJECT (FREQ|IDLETIME) key"),
];

/// A named set of grammars.
pub struct Family {
    pub name: &'static str,
    pub grammars: Vec<Grammar>,
    /// The command that every log begins with, if there is one.
    pub opening: &'static [&'static str],
}

pub const NAMES: &[&str] = &[
    "strings",
    "keys",
    "connection",
    "server",
    "bits",
    "hashes",
    "lists",
    "sets",
    "sort",
    "types",
    "dump",
    "streams",
    "zsets",
    "geo",
    "mixed",
];

impl Family {
    pub fn new(name: &str) -> Family {
        let (name, lines): (&'static str, Vec<&[Line]>) = match name {
            "strings" => ("strings", vec![STRINGS, types::LINES]),
            "keys" => ("keys", vec![KEYS, types::LINES]),
            "connection" => ("connection", vec![CONNECTION]),
            "geo" => ("geo", vec![geo::LINES]),
            "sets" => ("sets", vec![sets::LINES]),
            "server" => ("server", vec![SERVER, types::LINES]),
            "bits" => ("bits", vec![bits::LINES, types::LINES]),
            "hashes" => ("hashes", vec![hashes::LINES]),
            "lists" => ("lists", vec![lists::LINES]),
            "sort" => ("sort", vec![sort::LINES]),
            "types" => ("types", vec![types::LINES, types::GENERIC]),
            "dump" => ("dump", vec![dump::LINES]),
            "streams" => ("streams", vec![streams::LINES]),
            "zsets" => ("zsets", vec![zsets::LINES]),
            "mixed" => {
                let types = [lists::LINES, sets::LINES, hashes::LINES, zsets::LINES];
                ("mixed", [&[STRINGS, KEYS, CONNECTION, SERVER, types::LINES][..], &types].concat())
            }
            _ => panic!("no family {name:?}; there are {NAMES:?}"),
        };
        let grammars = lines.concat().iter().map(|(weight, line)| Grammar::parse(*weight, line)).collect();
        let opening = if name == "sort" { sort::OPENING } else { &[] };
        Family { name, grammars, opening }
    }

    /// Keeps only commands that `known` accepts; returns the names of those removed.
    pub fn retain_known(&mut self, known: impl Fn(&str) -> bool) -> Vec<String> {
        let mut removed = Vec::new();
        self.grammars.retain(|grammar| match grammar.name() {
            Some(name) if !known(name) => {
                removed.push(name.to_string());
                false
            }
            _ => true,
        });
        removed.dedup();
        removed
    }
}
