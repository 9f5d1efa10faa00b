//! DUMP and RESTORE, with replies and payloads as redis-server 7.0.15 gave them.

#[path = "common/session.rs"]
mod session;

use session::{Client, START_MS, Store};

/// DUMP of "hello".
const HELLO: &[u8] = b"\x00\x05hello\n\x00cr\xdfve4 \n";

fn bulk(bytes: &[u8]) -> Vec<u8> {
    [format!("${}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()
}

/// RESTOREs `payload` with more words behind it; the reply as text.
fn restore(client: &mut Client, key: &str, ttl: &str, payload: &[u8], options: &str) -> String {
    let mut argv: Vec<&[u8]> = vec![b"RESTORE", key.as_bytes(), ttl.as_bytes(), payload];
    argv.extend(options.split_ascii_whitespace().map(str::as_bytes));
    String::from_utf8_lossy(&client.run(&argv)).into_owned()
}

#[test]
fn strings_are_dumped_as_redis_dumps_them() {
    let mut client = Store::new().client();
    let dumps: [(&[u8], &[u8]); 6] = [
        (b"hello", HELLO),
        (b"", b"\x00\x00\n\x00]\x9b\\@\x0f\x7f\xa2\xda"),
        (b"-5", b"\x00\xc0\xfb\n\x00I\xc4\xc6\xf4\xd7&?h"),
        (b"1234", b"\x00\xc1\xd2\x04\n\x00\x00\x87\x08\xa1D\x82\\\xed"),
        (b"9000000000", b"\x00\n9000000000\n\x00u\xf4\xc6\x8d+g\xef\xe0"),
        (
            &[b'x'; 1000],
            b"\x00\xc3\x12C\xe8\x01xx\xe0\xff\x00\xe0\xff\x00\xe0\xff\x00\xe0\xc3\x00\x01xx\n\x00\x92\x19\xe2\x96\x6d\x93\x2c\x99",
        ),
    ];
    for (value, payload) in dumps {
        client.run(&[b"SET", b"k", value]);
        assert_eq!(client.run(&[b"DUMP", b"k"]), bulk(payload), "{value:?}");
        assert_eq!(restore(&mut client, "copy", "0", payload, "REPLACE"), "+OK\r\n");
        assert_eq!(client.run(&[b"GET", b"copy"]), bulk(value));
        assert_eq!(client.say("OBJECT ENCODING copy"), client.say("OBJECT ENCODING k"));
    }
    client.expect(&[
        ("CONFIG SET rdbcompression no", "+OK\r\n"),
        ("DUMP none", "$-1\r\n"),
        ("DUMP", "-ERR wrong number of arguments for 'dump' command\r\n"),
    ]);
    client.run(&[b"SET", b"k", &[b'x'; 1000]]);
    assert_eq!(client.run(&[b"DUMP", b"k"]).len(), "$1013\r\n".len() + 1013 + 2);
}

#[test]
fn options_come_first_then_the_key_then_the_ttl_then_the_payload() {
    let mut client = Store::new().client();
    client.say("SET taken v");
    let replies = [
        ("taken", "x", &b"x"[..], "FOO", "-ERR syntax error\r\n"),
        ("taken", "x", b"x", "IDLETIME", "-ERR syntax error\r\n"),
        ("taken", "x", b"x", "FREQ 1 IDLETIME 1", "-ERR syntax error\r\n"),
        ("taken", "x", b"x", "IDLETIME 1 FREQ 1", "-ERR syntax error\r\n"),
        ("taken", "x", b"x", "IDLETIME x", "-ERR value is not an integer or out of range\r\n"),
        ("taken", "x", b"x", "IDLETIME -1", "-ERR Invalid IDLETIME value, must be >= 0\r\n"),
        ("taken", "x", b"x", "FREQ 256 FOO", "-ERR Invalid FREQ value, must be >= 0 and <= 255\r\n"),
        ("taken", "x", b"x", "FREQ -1", "-ERR Invalid FREQ value, must be >= 0 and <= 255\r\n"),
        ("taken", "x", b"x", "", "-BUSYKEY Target key name already exists.\r\n"),
        ("taken", "x", b"x", "REPLACE", "-ERR value is not an integer or out of range\r\n"),
        ("free", "1.5", b"x", "", "-ERR value is not an integer or out of range\r\n"),
        ("free", "-1", b"x", "ABSTTL", "-ERR Invalid TTL value, must be >= 0\r\n"),
        ("free", "0", b"x", "", "-ERR DUMP payload version or checksum are wrong\r\n"),
        ("free", "0", &HELLO[2..], "", "-ERR DUMP payload version or checksum are wrong\r\n"),
        // A zero at the start makes no difference to the checksum.
        ("free", "0", &HELLO[1..], "", "-ERR Bad data format\r\n"),
        ("free", "0", HELLO, "absttl replace REPLACE freq 0 FREQ 255", "+OK\r\n"),
        ("free", "0", HELLO, "replace IDLETIME 0 idletime 9223372036854775807", "+OK\r\n"),
    ];
    for (key, ttl, payload, options, reply) in replies {
        assert_eq!(restore(&mut client, key, ttl, payload, options), reply, "{options}");
    }
    client.expect(&[
        ("GET taken", "$1\r\nv\r\n"),
        ("RESTORE k 0", "-ERR wrong number of arguments for 'restore' command\r\n"),
    ]);
}

#[test]
fn what_no_value_is_in_is_bad_data() {
    let mut client = Store::new().client();
    // Without checksum, as newer servers write it when theirs is off.
    for body in ["", "\x00", "\x00\x06hello", "\x06\x00", "\x08\x00", "\x1a\x00", "\x01\x00", "\x04\x01\x01a"] {
        let payload = [body.as_bytes(), b"\x0a\x00", &[0; 8]].concat();
        assert_eq!(restore(&mut client, "k", "0", &payload, ""), "-ERR Bad data format\r\n", "{body:?}");
    }
    client.expect(&[("EXISTS k", ":0\r\n")]);
}

#[test]
fn a_restored_key_lives_as_long_as_it_is_told() {
    let store = Store::new();
    let mut client = store.client();
    assert_eq!(restore(&mut client, "k", "5000", HELLO, ""), "+OK\r\n");
    client.expect(&[("PTTL k", ":5000\r\n")]);
    assert_eq!(restore(&mut client, "k", "0", HELLO, "REPLACE"), "+OK\r\n");
    client.expect(&[("PTTL k", ":-1\r\n")]);
    let later = (START_MS + 777).to_string();
    assert_eq!(restore(&mut client, "k", &later, HELLO, "REPLACE ABSTTL"), "+OK\r\n");
    client.expect(&[("PTTL k", ":777\r\n")]);
    assert_eq!(restore(&mut client, "k", "9223372036854775807", HELLO, "REPLACE ABSTTL"), "+OK\r\n");
    client.expect(&[("PEXPIRETIME k", ":9223372036854775807\r\n")]);
    store.pass_ms(1000);
    // In the past, as what overflows is: the old key is gone, no new one is there.
    for (ttl, options) in [("10", "REPLACE ABSTTL"), (&*later, "REPLACE ABSTTL"), ("9223372036854775807", "REPLACE")] {
        client.say("SET k v");
        assert_eq!(restore(&mut client, "k", ttl, HELLO, options), "+OK\r\n");
        client.expect(&[("EXISTS k", ":0\r\n")]);
        assert_eq!(restore(&mut client, "fresh", ttl, HELLO, options), "+OK\r\n");
        client.expect(&[("EXISTS fresh", ":0\r\n")]);
    }
}

#[test]
fn a_restored_key_is_as_idle_or_frequent_as_it_is_told() {
    let mut client = Store::new().client();
    restore(&mut client, "k", "0", HELLO, "IDLETIME 1000");
    client.expect(&[("OBJECT IDLETIME k", ":1000\r\n")]);
    restore(&mut client, "k", "0", HELLO, "REPLACE FREQ 77");
    client.expect(&[("OBJECT IDLETIME k", ":0\r\n"), ("CONFIG SET maxmemory-policy allkeys-lfu", "+OK\r\n")]);
    restore(&mut client, "k", "0", HELLO, "REPLACE FREQ 77");
    client.expect(&[("OBJECT FREQ k", ":77\r\n")]);
    restore(&mut client, "k", "0", HELLO, "REPLACE IDLETIME 1000");
    client.expect(&[("OBJECT FREQ k", ":5\r\n")]);
}

#[test]
fn watchers_learn_of_what_was_restored_or_removed() {
    let store = Store::new();
    let (mut client, mut other) = (store.client(), store.client());
    for (ttl, options, is_told) in [("0", "REPLACE", true), ("1", "REPLACE ABSTTL", true), ("x", "REPLACE", false)] {
        client.expect(&[("SET k v", "+OK\r\n"), ("WATCH k", "+OK\r\n")]);
        restore(&mut other, "k", ttl, HELLO, options);
        client.expect(&[("MULTI", "+OK\r\n"), ("EXEC", if is_told { "*-1\r\n" } else { "*0\r\n" })]);
    }
}

/// Payloads of all types and encodings, made by tests/rdb/payloads.py.
fn payloads() -> Vec<(&'static str, Vec<u8>)> {
    let payload = |line: &'static str| {
        let (name, hex) = line.split_once(' ').expect("name and payload");
        let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal digits");
        (name, (0..hex.len()).step_by(2).map(byte).collect())
    };
    include_str!("rdb/payloads.txt").lines().map(payload).collect()
}

/// The payload in the reply to DUMP.
fn dump(client: &mut Client, key: &str) -> Vec<u8> {
    let reply = client.run(&[b"DUMP", key.as_bytes()]);
    let start = reply.windows(2).position(|pair| pair == b"\r\n").expect("a header") + 2;
    reply[start..reply.len() - 2].to_vec()
}

/// The bytes of a body in order: members of a set and fields of a hash come in any order.
fn sorted(payload: &[u8]) -> Vec<u8> {
    let mut bytes = payload[..payload.len() - 10].to_vec();
    bytes.sort_unstable();
    bytes
}

#[test]
fn every_encoding_is_restored_as_the_value_that_it_is() {
    let mut client = Store::new().client();
    for (name, payload) in payloads() {
        assert_eq!(restore(&mut client, name, "0", &payload, ""), "+OK\r\n", "{name}");
        let dumped = dump(&mut client, name);
        let kind = name.split('-').next().unwrap_or_default();
        assert_eq!(client.say(&format!("TYPE {name}")), format!("+{kind}\r\n"));
        assert_eq!(restore(&mut client, "again", "0", &dumped, "REPLACE"), "+OK\r\n", "{name}");
        assert_eq!(sorted(&dump(&mut client, "again")), sorted(&dumped), "{name}");
    }
    let encodings = [
        ("string-int64", "int"),
        ("list-small", "quicklist"),
        ("list-large", "quicklist"),
        ("set-int64", "intset"),
        ("set-of-integers", "intset"),
        ("set-mixed", "hashtable"),
        ("set-large", "hashtable"),
        ("hash-small", "listpack"),
        ("hash-long", "hashtable"),
        ("hash-large", "hashtable"),
        ("hash-zipmap", "hashtable"),
        // Its long value is not looked at, as in Redis.
        ("hash-ziplist", "listpack"),
        ("zset-small", "listpack"),
        ("zset-large", "skiplist"),
        ("zset-text", "listpack"),
        ("stream-large", "stream"),
    ];
    for (name, encoding) in encodings {
        let expected = format!("${}\r\n{encoding}\r\n", encoding.len());
        assert_eq!(client.say(&format!("OBJECT ENCODING {name}")), expected, "{name}");
    }
}

/// What Redis has no choice in is the same byte for byte.
#[test]
fn values_are_dumped_as_redis_dumps_them() {
    let mut client = Store::new().client();
    let ordered =
        ["string", "list-small", "list-large", "set-int", "hash-small", "zset-small", "zset-large", "stream-"];
    for (name, payload) in payloads() {
        // A release of Redis 7.2 made it.
        if name != "stream-listpacks-3"
            && name != "stream-listpacks"
            && ordered.iter().any(|start| name.starts_with(start))
        {
            restore(&mut client, name, "0", &payload, "");
            let dumped = dump(&mut client, name);
            // The version may be older.
            let bytes = |payload: &[u8]| payload[..payload.len() - 10].to_vec();
            assert!(bytes(&dumped) == bytes(&payload), "{name}");
        }
    }
}

#[test]
fn fields_of_hashes_keep_their_deadlines() {
    let store = Store::new();
    let mut client = store.client();
    let all = payloads();
    // The payloads have deadlines at the start of the clock and five seconds later.
    for name in ["hash-listpack-ex", "hash-listpack-ex-rc", "hash-metadata", "hash-metadata-rc"] {
        let (_, payload) = all.iter().find(|(of, _)| *of == name).expect("a payload");
        assert_eq!(restore(&mut client, name, "0", payload, ""), "+OK\r\n");
        let dumped = dump(&mut client, name);
        // Redis 7.0 could not read this one.
        assert_eq!((dumped[0], dumped[dumped.len() - 10]), (24, 12));
        restore(&mut client, "again", "0", &dumped, "REPLACE");
        for key in [name, "again"] {
            client.expect(&[
                (&format!("HPTTL {key} FIELDS 3 a b c"), "*3\r\n:-1\r\n:-2\r\n:5000\r\n"),
                (&format!("HMGET {key} a b c"), "*3\r\n$1\r\n1\r\n$-1\r\n$1\r\n3\r\n"),
            ]);
        }
    }
    store.pass_ms(5000);
    client.expect(&[("HKEYS again", "*1\r\n$1\r\na\r\n"), ("HKEYS hash-metadata", "*1\r\n$1\r\na\r\n")]);
}

#[test]
fn checks_of_payloads_are_counted_when_they_are_asked_for() {
    let store = Store::new();
    let mut client = store.client();
    let counted = || store.engine.stats.payload_sanitizations.load(std::sync::atomic::Ordering::Relaxed);
    // As INFO of Redis counts them: a listpack, three of a list, an intset, a stream of three; nothing else.
    let names = ["hash-small", "list-large", "set-int16", "stream-large", "hash-large", "hash-ziplist", "string-hello"];
    for (mode, count) in [("no", 0), ("yes", 8), ("clients", 16)] {
        client.say(&format!("CONFIG SET sanitize-dump-payload {mode}"));
        for (_, payload) in payloads().iter().filter(|(name, _)| names.contains(name)) {
            assert_eq!(restore(&mut client, "k", "0", payload, "REPLACE"), "+OK\r\n");
        }
        assert_eq!(counted(), count, "{mode}");
    }
}

/// A payload with a few bytes changed is refused, or is a value that can be read and dumped again: nothing else, whatever
/// the bytes are.
#[test]
fn damaged_payloads_are_refused_or_are_values() {
    let mut client = Store::new().client();
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut below = |count: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % count.max(1) as u64) as usize
    };
    let mut refused = 0;
    for (name, payload) in payloads() {
        let body = &payload[..payload.len() - 10];
        for _ in 0..150 {
            let mut damaged = body.to_vec();
            for _ in 0..1 + below(2) {
                let reach = if below(2) == 0 { 60 } else { usize::MAX };
                let at = below(damaged.len().min(reach));
                match below(4) {
                    0 => damaged[at] ^= 1 << below(8),
                    1 => damaged[at] = below(256) as u8,
                    2 => damaged[at] = [0, 1, 2, 0x80, 0xf0, 0xfe, 0xff][below(7)],
                    _ => damaged.truncate(at.max(1)),
                }
            }
            // No checksum.
            damaged.extend_from_slice(&[10, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
            match &*restore(&mut client, "k", "0", &damaged, "REPLACE") {
                "-ERR Bad data format\r\n" => refused += 1,
                // All fields of a hash were due.
                "+OK\r\n" if client.say("EXISTS k") == ":0\r\n" => assert!(name.starts_with("hash-"), "{name}"),
                "+OK\r\n" => {
                    let dumped = dump(&mut client, "k");
                    assert_eq!(
                        restore(&mut client, "again", "0", &dumped, "REPLACE"),
                        "+OK\r\n",
                        "{name}: {damaged:x?}"
                    );
                    for command in ["OBJECT ENCODING k", "MEMORY USAGE k", "COPY k c REPLACE"] {
                        assert!(!client.say(command).starts_with('-'), "{command} after {name}: {damaged:x?}");
                    }
                }
                reply => panic!("{reply} to {name}: {damaged:x?}"),
            }
        }
    }
    assert!(refused > 1000, "only {refused} were refused");
}
