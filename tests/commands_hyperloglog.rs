//! HyperLogLog commands: every reply below is what redis-server 7.0.15 answers to the same words.

#[path = "common/session.rs"]
mod session;

use session::Store;

#[test]
fn adds_and_counts() {
    Store::new().client().expect(&[
        ("PFADD k a b c d e f g", ":1\r\n"),
        ("PFADD k a b c", ":0\r\n"),
        ("PFCOUNT k", ":7\r\n"),
        ("PFCOUNT none", ":0\r\n"),
        ("PFADD k", ":0\r\n"),
        ("PFADD new", ":1\r\n"),
        ("PFADD new", ":0\r\n"),
        ("PFCOUNT new", ":0\r\n"),
        ("STRLEN new", ":18\r\n"),
        ("OBJECT ENCODING new", "$3\r\nraw\r\n"),
        ("PFCOUNT k new none", ":7\r\n"),
        ("EXISTS none", ":0\r\n"),
        ("PFADD", "-ERR wrong number of arguments for 'pfadd' command\r\n"),
        ("PFCOUNT", "-ERR wrong number of arguments for 'pfcount' command\r\n"),
        ("TTL k", ":-1\r\n"),
    ]);
}

#[test]
fn merges() {
    Store::new().client().expect(&[
        ("PFADD a 1 2 3", ":1\r\n"),
        ("PFADD b 3 4 5 6", ":1\r\n"),
        ("PFMERGE c a b", "+OK\r\n"),
        ("PFCOUNT c", ":6\r\n"),
        ("PFCOUNT a b", ":6\r\n"),
        ("PFMERGE a b", "+OK\r\n"),
        ("PFCOUNT a", ":6\r\n"),
        ("PFMERGE d", "+OK\r\n"),
        ("PFCOUNT d", ":0\r\n"),
        ("STRLEN d", ":18\r\n"),
        ("PFMERGE e none none2", "+OK\r\n"),
        ("PFCOUNT e", ":0\r\n"),
        ("PFDEBUG TODENSE b", ":1\r\n"),
        ("PFMERGE f a b", "+OK\r\n"),
        ("PFDEBUG ENCODING f", "+dense\r\n"),
        ("PFCOUNT f", ":6\r\n"),
        ("PFMERGE", "-ERR wrong number of arguments for 'pfmerge' command\r\n"),
    ]);
}

#[test]
fn refuses_what_is_none() {
    Store::new().client().expect(&[
        ("SET k hello", "+OK\r\n"),
        ("PFADD k a", "-WRONGTYPE Key is not a valid HyperLogLog string value.\r\n"),
        ("PFCOUNT k", "-WRONGTYPE Key is not a valid HyperLogLog string value.\r\n"),
        ("PFCOUNT none k", "-WRONGTYPE Key is not a valid HyperLogLog string value.\r\n"),
        ("PFMERGE d k", "-WRONGTYPE Key is not a valid HyperLogLog string value.\r\n"),
        ("PFMERGE k d", "-WRONGTYPE Key is not a valid HyperLogLog string value.\r\n"),
        ("PFDEBUG ENCODING k", "-WRONGTYPE Key is not a valid HyperLogLog string value.\r\n"),
        ("SET n 12345678901234567890", "+OK\r\n"),
        ("PFADD n a", "-WRONGTYPE Key is not a valid HyperLogLog string value.\r\n"),
        ("EXISTS d", ":0\r\n"),
        ("PFADD h a", ":1\r\n"),
        ("SETRANGE h 16 aaaa", ":21\r\n"),
        ("PFADD h a", ":1\r\n"),
        ("PFCOUNT h", "-INVALIDOBJ Corrupted HLL object detected\r\n"),
        ("PFCOUNT h none", "-INVALIDOBJ Corrupted HLL object detected\r\n"),
        ("PFMERGE d h", "-INVALIDOBJ Corrupted HLL object detected\r\n"),
        ("PFDEBUG GETREG h", "-INVALIDOBJ Corrupted HLL object detected\r\n"),
        ("PFDEBUG TODENSE h", "-INVALIDOBJ Corrupted HLL object detected\r\n"),
        ("PFDEBUG DECODE h", "$33\r\nZ:8546 Z:4165 v:2,1 Z:4380 Z:5889\r\n"),
        ("EXISTS d", ":0\r\n"),
    ]);
}

#[test]
fn shows_its_registers() {
    Store::new().client().expect(&[
        ("PFADD k a b c", ":1\r\n"),
        ("PFDEBUG DECODE k", "$44\r\nZ:8436 v:1,1 Z:4274 v:2,1 Z:3068 v:1,1 Z:603\r\n"),
        ("PFDEBUG encoding k", "+sparse\r\n"),
        ("PFDEBUG TODENSE k", ":1\r\n"),
        ("PFDEBUG TODENSE k", ":0\r\n"),
        ("PFDEBUG ENCODING k", "+dense\r\n"),
        ("PFDEBUG DECODE k", "-ERR HLL encoding is not sparse\r\n"),
        ("STRLEN k", ":12304\r\n"),
        ("PFCOUNT k", ":3\r\n"),
        ("PFDEBUG FOO k", "-ERR Unknown PFDEBUG subcommand 'FOO'\r\n"),
        ("PFDEBUG GETREG none", "-ERR The specified key does not exist\r\n"),
        ("PFDEBUG GETREG", "-ERR wrong number of arguments for 'pfdebug' command\r\n"),
        ("PFDEBUG GETREG k k", "-ERR wrong number of arguments for 'pfdebug' command\r\n"),
        ("PFADD e", ":1\r\n"),
        ("PFDEBUG DECODE e", "$7\r\nZ:16384\r\n"),
    ]);
}

#[test]
fn becomes_dense_where_it_is_told_to() {
    Store::new().client().expect(&[
        ("CONFIG SET hll-sparse-max-bytes 30", "+OK\r\n"),
        ("PFADD k a b c", ":1\r\n"),
        ("PFDEBUG ENCODING k", "+sparse\r\n"),
        ("PFADD k d e f g h", ":1\r\n"),
        ("PFDEBUG ENCODING k", "+dense\r\n"),
        ("PFCOUNT k", ":8\r\n"),
        ("CONFIG SET hll-sparse-max-bytes 0", "+OK\r\n"),
        ("PFADD n", ":1\r\n"),
        ("PFDEBUG ENCODING n", "+sparse\r\n"),
        ("PFADD n a", ":1\r\n"),
        ("PFDEBUG ENCODING n", "+dense\r\n"),
    ]);
}

/// Elements, length, Adler-32 checksum of the string, count: of the reference server.
const HARVESTED: &[(usize, usize, u32, &str)] = &[
    (10, 48, 541527749, ":10\r\n"),
    (100, 285, 1954835304, ":99\r\n"),
    (500, 1050, 2682080086, ":502\r\n"),
    (1000, 1897, 2689084376, ":997\r\n"),
    (2000, 12304, 1917384029, ":2004\r\n"),
    (5000, 12304, 2029143971, ":5005\r\n"),
    (10000, 12304, 1472143469, ":10017\r\n"),
    (30000, 12304, 1819364295, ":29738\r\n"),
    (100000, 12304, 2694356310, ":100039\r\n"),
];

#[test]
fn the_bytes_are_those_of_redis_at_every_size() {
    let mut client = Store::new().client();
    let mut added = 0;
    for &(elements, len, checksum, count) in HARVESTED {
        for start in (added..elements).step_by(1000) {
            let names: Vec<String> = (start..elements.min(start + 1000)).map(|n| format!("element:{n}")).collect();
            let mut argv: Vec<&[u8]> = vec![b"PFADD", b"big"];
            argv.extend(names.iter().map(String::as_bytes));
            client.run(&argv);
        }
        added = elements;
        let reply = client.run(&[b"GET", b"big"]);
        let header = format!("${len}\r\n");
        assert!(reply.starts_with(header.as_bytes()), "{elements} elements");
        assert_eq!(adler32(&reply[header.len()..reply.len() - 2]), checksum, "{elements} elements");
        client.expect(&[("PFCOUNT big", count)]);
    }
}

fn adler32(bytes: &[u8]) -> u32 {
    let (mut low, mut high) = (1, 0);
    for byte in bytes {
        low = (low + u32::from(*byte)) % 65521;
        high = (high + low) % 65521;
    }
    high << 16 | low
}

/// The reference server's, too, but it takes seconds to say so.
#[test]
fn passes_its_own_test() {
    Store::new().client().expect(&[("PFSELFTEST", "+OK\r\n"), ("PFSELFTEST x", WRONG_ARITY)]);
}

const WRONG_ARITY: &str = "-ERR wrong number of arguments for 'pfselftest' command\r\n";

/// A count is remembered in the string: the first PFCOUNT after a change is a change itself.
#[test]
fn counting_is_a_change_once() {
    let store = Store::new();
    let (mut client, mut other) = (store.client(), store.client());
    client.expect(&[("PFADD k a", ":1\r\n")]);
    for (command, is_change) in [
        ("PFCOUNT k", true),
        ("PFCOUNT k", false),
        ("PFADD k a", false),
        ("PFCOUNT k k", false),
        ("PFADD k b", true),
        ("PFDEBUG TODENSE k", false),
        ("PFCOUNT k", true),
        ("PFMERGE k", true),
    ] {
        client.say("WATCH k");
        other.say(command);
        client.say("MULTI");
        assert_eq!(client.say("EXEC"), if is_change { "*-1\r\n" } else { "*0\r\n" }, "{command}");
    }
}
