//! String commands and options of Redis 8.4 to 8.8 and Valkey 9, as their documentation and their own tests describe
//! them: the reference server, 7.0, does not have them.

#[path = "common/session.rs"]
mod session;

use session::Store;

const BAD_DIGEST: &str = "-ERR must be exactly 16 hexadecimal characters\r\n";
const SYNTAX: &str = "-ERR syntax error\r\n";

#[test]
fn set_compares_values() {
    Store::new().client().expect(&[
        ("SET k new IFEQ hello", "$-1\r\n"),
        ("EXISTS k", ":0\r\n"),
        ("SET k hello IFNE hello", "+OK\r\n"),
        ("SET k new IFNE hello", "$-1\r\n"),
        ("SET k new IFEQ Hello", "$-1\r\n"),
        ("SET k world ifeq hello", "+OK\r\n"),
        ("SET k 5 IFEQ other GET", "$5\r\nworld\r\n"),
        ("SET k 5 GET IFEQ world EX 100", "$5\r\nworld\r\n"),
        ("TTL k", ":100\r\n"),
        ("SET k 6 IFEQ 5 KEEPTTL", "+OK\r\n"),
        ("TTL k", ":100\r\n"),
        ("SET k 7 IFNE 05", "+OK\r\n"),
        ("TTL k", ":-1\r\n"),
        ("SET none v IFNE x GET", "$-1\r\n"),
        ("GET none", "$1\r\nv\r\n"),
        ("SET k v IFEQ 6 IFEQ 7", "+OK\r\n"),
    ]);
}

#[test]
fn set_compares_digests() {
    Store::new().client().expect(&[
        ("DIGEST k", "$-1\r\n"),
        ("SET k v IFDEQ short", "$-1\r\n"),
        ("SET k hello IFDNE short", "+OK\r\n"),
        ("DIGEST k", "$16\r\n9555e8555c62dcfd\r\n"),
        ("SET k v IFDEQ 9555e8555c62dcf", BAD_DIGEST),
        ("SET k v IFDNE 09555e8555c62dcfd", BAD_DIGEST),
        ("SET k v IFDNE 9555E8555C62DCFD", "$-1\r\n"),
        ("SET k v IFDEQ zzzzzzzzzzzzzzzz", "$-1\r\n"),
        ("SET k 123 IFDEQ 9555E8555c62dcfd", "+OK\r\n"),
        ("DIGEST k", "$16\r\n404a763b3f4c8c9a\r\n"),
        ("SET k v IFDNE zzzzzzzzzzzzzzzz", "+OK\r\n"),
    ]);
}

#[test]
fn conditions_exclude_each_other() {
    Store::new().client().expect(&[
        ("SET k v IFEQ", SYNTAX),
        ("SET k v IFEQ a NX", SYNTAX),
        ("SET k v NX IFEQ a", SYNTAX),
        ("SET k v XX IFDNE a", SYNTAX),
        ("SET k v IFEQ a IFNE a", SYNTAX),
        ("SET k v IFDEQ a IFEQ a", SYNTAX),
        ("SET k v IFDEQ a EX 0", "-ERR invalid expire time in 'set' command\r\n"),
        ("EXISTS k", ":0\r\n"),
    ]);
}

#[test]
fn delex_removes_what_matches() {
    Store::new().client().expect(&[
        ("DELEX k", ":0\r\n"),
        ("DELEX k IFEQ", "-ERR wrong number of arguments for 'delex' command\r\n"),
        ("DELEX k IFEQ a b", "-ERR wrong number of arguments for 'delex' command\r\n"),
        ("DELEX k FOO a", ":0\r\n"),
        ("DELEX k IFDEQ short", ":0\r\n"),
        ("SET k hello", "+OK\r\n"),
        ("DELEX k FOO a", "-ERR Invalid condition. Use IFEQ, IFNE, IFDEQ, or IFDNE\r\n"),
        ("DELEX k IFEQ world", ":0\r\n"),
        ("DELEX k IFNE hello", ":0\r\n"),
        ("DELEX k IFDEQ short", BAD_DIGEST),
        ("DELEX k IFDNE 9555e8555c62dcfd", ":0\r\n"),
        ("DELEX k ifdeq 9555E8555C62DCFD", ":1\r\n"),
        ("EXISTS k", ":0\r\n"),
        ("SET k 12", "+OK\r\n"),
        ("DELEX k IFNE 012", ":1\r\n"),
        ("SET k 12", "+OK\r\n"),
        ("DELEX k IFEQ 12", ":1\r\n"),
        ("SET k 12", "+OK\r\n"),
        ("DELEX k", ":1\r\n"),
    ]);
}

#[test]
fn delifeq_is_delex_of_valkey() {
    Store::new().client().expect(&[
        ("DELIFEQ k v", ":0\r\n"),
        ("SET k 5", "+OK\r\n"),
        ("DELIFEQ k 05", ":0\r\n"),
        ("DELIFEQ k 5", ":1\r\n"),
        ("EXISTS k", ":0\r\n"),
        ("DELIFEQ k", "-ERR wrong number of arguments for 'delifeq' command\r\n"),
    ]);
}

#[test]
fn msetex_sets_all_or_none() {
    Store::new().client().expect(&[
        ("MSETEX 2 a 1 b 2 EX 100", ":1\r\n"),
        ("MGET a b", "*2\r\n$1\r\n1\r\n$1\r\n2\r\n"),
        ("TTL a", ":100\r\n"),
        ("TTL b", ":100\r\n"),
        ("OBJECT ENCODING a", "$3\r\nint\r\n"),
        ("MSETEX 2 b 3 c 3 NX", ":0\r\n"),
        ("MSETEX 2 b 3 c 3 XX", ":0\r\n"),
        ("EXISTS c", ":0\r\n"),
        ("MSETEX 2 b 3 a 4 xx keepttl", ":1\r\n"),
        ("TTL b", ":100\r\n"),
        ("MSETEX 2 c 1 d 2 px 5000 nx", ":1\r\n"),
        ("PTTL d", ":5000\r\n"),
        ("MSETEX 1 a 7", ":1\r\n"),
        ("TTL a", ":-1\r\n"),
        ("MSETEX 2 x 1 x 2 NX", ":1\r\n"),
        ("GET x", "$1\r\n2\r\n"),
        ("MSETEX 1 e 1 EXAT 1", ":1\r\n"),
        ("EXISTS e", ":0\r\n"),
    ]);
}

#[test]
fn msetex_refuses_what_does_not_add_up() {
    const NUMKEYS: &str = "-ERR invalid numkeys value\r\n";
    const PAIRS: &str = "-ERR wrong number of key-value pairs\r\n";
    Store::new().client().expect(&[
        ("MSETEX 1 a", "-ERR wrong number of arguments for 'msetex' command\r\n"),
        ("MSETEX a 1 EX 10", NUMKEYS),
        ("MSETEX 0 a 1", NUMKEYS),
        ("MSETEX -1 a 1", NUMKEYS),
        ("MSETEX 2147483648 a 1", NUMKEYS),
        ("MSETEX 2147483647 a 1", PAIRS),
        ("MSETEX 2 a 1 b", PAIRS),
        ("MSETEX 1 a 1 FOO", SYNTAX),
        ("MSETEX 1 a 1 GET", SYNTAX),
        ("MSETEX 1 a 1 IFEQ 1", SYNTAX),
        ("MSETEX 1 a 1 NX XX", SYNTAX),
        ("MSETEX 1 a 1 EX 10 PX 10", SYNTAX),
        ("MSETEX 1 a 1 KEEPTTL EX 10", SYNTAX),
        ("MSETEX 1 a 1 EX 0", "-ERR invalid expire time in 'msetex' command\r\n"),
        ("MSETEX 1 a 1 EX x", "-ERR value is not an integer or out of range\r\n"),
        ("EXISTS a", ":0\r\n"),
    ]);
}

#[test]
fn watchers_hear_of_conditional_removals() {
    let store = Store::new();
    let (mut client, mut other) = (store.client(), store.client());
    client.expect(&[("SET k v", "+OK\r\n"), ("WATCH k", "+OK\r\n")]);
    other.expect(&[("DELEX k IFEQ x", ":0\r\n"), ("SET k w IFEQ x", "$-1\r\n")]);
    client.expect(&[("MULTI", "+OK\r\n"), ("PING", "+QUEUED\r\n"), ("EXEC", "*1\r\n+PONG\r\n")]);
    client.expect(&[("WATCH k", "+OK\r\n")]);
    other.expect(&[("DELEX k IFEQ v", ":1\r\n")]);
    client.expect(&[("MULTI", "+OK\r\n"), ("PING", "+QUEUED\r\n"), ("EXEC", "*-1\r\n")]);
}

#[test]
fn keys_are_told_with_what_happens_to_them() {
    Store::new().client().expect(&[
        ("COMMAND GETKEYSANDFLAGS DELEX k", "*1\r\n*2\r\n$1\r\nk\r\n*2\r\n+RM\r\n+delete\r\n"),
        ("COMMAND GETKEYSANDFLAGS DELEX k IFEQ v", "*1\r\n*2\r\n$1\r\nk\r\n*3\r\n+RW\r\n+access\r\n+delete\r\n"),
        ("COMMAND GETKEYSANDFLAGS SET k v IFEQ x", "*1\r\n*2\r\n$1\r\nk\r\n*3\r\n+RW\r\n+access\r\n+update\r\n"),
        ("COMMAND GETKEYS MSETEX 2 a 1 b 2 NX", "*2\r\n$1\r\na\r\n$1\r\nb\r\n"),
    ]);
}

#[test]
fn increx_counts_within_bounds() {
    Store::new().client().expect(&[
        ("INCREX k", "*2\r\n:1\r\n:1\r\n"),
        ("INCREX k BYINT -10", "*2\r\n:-9\r\n:-10\r\n"),
        ("INCREX k BYINT 0", "*2\r\n:-9\r\n:0\r\n"),
        ("SET k 10", "+OK\r\n"),
        ("INCREX k BYINT 10 UBOUND 15", "*2\r\n:10\r\n:0\r\n"),
        ("INCREX k BYINT 10 UBOUND 15 SATURATE", "*2\r\n:15\r\n:5\r\n"),
        ("INCREX k BYINT -100 LBOUND 0 saturate", "*2\r\n:0\r\n:-15\r\n"),
        ("SET k 50", "+OK\r\n"),
        ("INCREX k BYINT 5 UBOUND 30", "*2\r\n:50\r\n:0\r\n"),
        ("INCREX k BYINT 5 UBOUND 30 SATURATE", "*2\r\n:30\r\n:-20\r\n"),
        ("INCREX k BYINT -5 LBOUND 20 UBOUND 30", "*2\r\n:25\r\n:-5\r\n"),
        ("SET k 9223372036854775800", "+OK\r\n"),
        ("INCREX k BYINT 9223372036854775800", "*2\r\n:9223372036854775800\r\n:0\r\n"),
        ("INCREX k BYINT 1 SATURATE UBOUND -9223372036854775808", "-ERR applied increment would overflow\r\n"),
        ("INCREX k BYINT 9223372036854775800 SATURATE", "*2\r\n:9223372036854775807\r\n:7\r\n"),
        ("OBJECT ENCODING k", "$3\r\nint\r\n"),
        ("INCREX none BYINT 5 LBOUND 10", "*2\r\n:0\r\n:0\r\n"),
        ("EXISTS none", ":0\r\n"),
        ("INCREX none LBOUND 5 SATURATE", "*2\r\n:5\r\n:5\r\n"),
        ("INCREX none NX", "*2\r\n:5\r\n:0\r\n"),
        ("INCREX absent XX", "*2\r\n:0\r\n:0\r\n"),
        ("EXISTS absent", ":0\r\n"),
        ("INCREX none XX", "*2\r\n:6\r\n:1\r\n"),
    ]);
}

#[test]
fn increx_counts_in_floats() {
    let mut client = Store::new().client();
    client.expect(&[
        ("SET k 1.5", "+OK\r\n"),
        ("INCREX k BYFLOAT 0.25", "*2\r\n$4\r\n1.75\r\n$4\r\n0.25\r\n"),
        ("INCREX k", "-ERR value is not an integer or out of range\r\n"),
        ("INCREX k BYFLOAT 5.5 UBOUND 3", "*2\r\n$4\r\n1.75\r\n$1\r\n0\r\n"),
        ("INCREX k BYFLOAT 5.5 UBOUND 3 SATURATE", "*2\r\n$1\r\n3\r\n$4\r\n1.25\r\n"),
        ("OBJECT ENCODING k", "$6\r\nembstr\r\n"),
        ("INCREX none BYFLOAT -0.5 UBOUND -1.5", "*2\r\n$1\r\n0\r\n$1\r\n0\r\n"),
        ("EXISTS none", ":0\r\n"),
        ("SET k inf", "+OK\r\n"),
        ("INCREX k BYFLOAT 1", "-ERR value cannot be Infinity\r\n"),
        ("INCREX k BYFLOAT +inf", "-ERR BYFLOAT increment cannot be Infinity\r\n"),
        ("INCREX k BYFLOAT abc", "-ERR Increment is not a valid float\r\n"),
        ("INCREX k BYFLOAT 1 LBOUND x", "-ERR LBOUND is not a valid float\r\n"),
        ("INCREX k BYFLOAT 1 UBOUND x", "-ERR UBOUND is not a valid float\r\n"),
        ("INCREX k BYFLOAT 0.5 LBOUND 10.5 UBOUND 1.5", "-ERR LBOUND can't be greater than UBOUND\r\n"),
        ("SET k text", "+OK\r\n"),
        ("INCREX k BYFLOAT 1", "-ERR value is not a valid float\r\n"),
    ]);
    client.say("HELLO 3");
    client.expect(&[
        ("INCREX new BYFLOAT 2.5", "*2\r\n,2.5\r\n,2.5\r\n"),
        ("INCREX new XX BYFLOAT 1 UBOUND 3", "*2\r\n,2.5\r\n,0\r\n"),
        ("INCREX int BYINT 5", "*2\r\n:5\r\n:5\r\n"),
    ]);
}

#[test]
fn increx_sees_to_the_deadline() {
    Store::new().client().expect(&[
        ("INCREX k EX 100", "*2\r\n:1\r\n:1\r\n"),
        ("TTL k", ":100\r\n"),
        ("INCREX k", "*2\r\n:2\r\n:1\r\n"),
        ("TTL k", ":100\r\n"),
        ("INCREX k ENX PX 5000", "*2\r\n:3\r\n:1\r\n"),
        ("TTL k", ":100\r\n"),
        ("INCREX k EXAT 1 ENX", "*2\r\n:4\r\n:1\r\n"),
        ("INCREX k BYINT 5 UBOUND 5 EX 7", "*2\r\n:4\r\n:0\r\n"),
        ("TTL k", ":100\r\n"),
        ("INCREX k PERSIST", "*2\r\n:5\r\n:1\r\n"),
        ("TTL k", ":-1\r\n"),
        ("INCREX k PX 5000 ENX", "*2\r\n:6\r\n:1\r\n"),
        ("PTTL k", ":5000\r\n"),
        ("INCREX k EXAT 1", "*2\r\n:7\r\n:1\r\n"),
        ("EXISTS k", ":0\r\n"),
        ("INCREX k PXAT 1", "*2\r\n:1\r\n:1\r\n"),
        ("EXISTS k", ":0\r\n"),
    ]);
}

#[test]
fn increx_refuses_repetitions_and_contradictions() {
    let mut client = Store::new().client();
    for options in [
        "FOO",
        "BYINT",
        "BYINT 1 FOO",
        "BYINT 1 BYINT 2",
        "BYINT 1 BYFLOAT 1.5",
        "LBOUND 0 LBOUND 1",
        "UBOUND 9 UBOUND 8",
        "SATURATE SATURATE",
        "ENX ENX EX 10",
        "PERSIST PERSIST",
        "EX 10 EX 20",
        "EX 10 PX 20",
        "EX 10 PERSIST",
        "PERSIST EX 10",
        "PERSIST ENX",
        "ENX PERSIST",
        "NX XX",
        "NX NX",
    ] {
        client.expect(&[(&format!("INCREX k {options}"), SYNTAX)]);
    }
    client.expect(&[
        ("INCREX k ENX", "-ERR ENX flag requires an expiration\r\n"),
        ("INCREX k BYINT 1.5", "-ERR Increment is not an integer or out of range\r\n"),
        ("INCREX k UBOUND inf", "-ERR UBOUND is not an integer or out of range\r\n"),
        ("INCREX k LBOUND abc", "-ERR LBOUND is not an integer or out of range\r\n"),
        ("INCREX k LBOUND 10 UBOUND 5", "-ERR LBOUND can't be greater than UBOUND\r\n"),
        ("INCREX k EX 0", "-ERR invalid expire time in 'increx' command\r\n"),
        ("INCREX k PX x", "-ERR value is not an integer or out of range\r\n"),
        ("INCREX", "-ERR wrong number of arguments for 'increx' command\r\n"),
        ("EXISTS k", ":0\r\n"),
    ]);
}
