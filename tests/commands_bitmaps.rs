//! Bitmap commands: every reply below is what redis-server 7.0.15 answers to the same words.

#[path = "common/session.rs"]
mod session;

use session::Store;

#[test]
fn bits_are_set_and_read() {
    Store::new().client().expect(&[
        ("SETBIT k 7 1", ":0\r\n"),
        ("GET k", "$1\r\n\u{1}\r\n"),
        ("SETBIT k 7 1", ":1\r\n"),
        ("SETBIT k 1 1", ":0\r\n"),
        ("GET k", "$1\r\nA\r\n"),
        ("GETBIT k 1", ":1\r\n"),
        ("GETBIT k 0", ":0\r\n"),
        ("GETBIT k 100", ":0\r\n"),
        ("GETBIT none 0", ":0\r\n"),
        ("EXISTS none", ":0\r\n"),
        ("SETBIT k 20 0", ":0\r\n"),
        ("STRLEN k", ":3\r\n"),
        ("OBJECT ENCODING k", "$3\r\nraw\r\n"),
        ("SET n 1", "+OK\r\n"),
        ("SETBIT n 6 1", ":0\r\n"),
        ("GET n", "$1\r\n3\r\n"),
        ("OBJECT ENCODING n", "$3\r\nraw\r\n"),
        ("SET n 1", "+OK\r\n"),
        ("SETBIT n 6 0", ":0\r\n"),
        ("OBJECT ENCODING n", "$3\r\nraw\r\n"),
    ]);
}

#[test]
fn offsets_and_bits_are_checked() {
    Store::new().client().expect(&[
        ("SETBIT k -1 1", "-ERR bit offset is not an integer or out of range\r\n"),
        ("SETBIT k 4294967296 1", "-ERR bit offset is not an integer or out of range\r\n"),
        ("SETBIT k x 1", "-ERR bit offset is not an integer or out of range\r\n"),
        ("SETBIT k 0 2", "-ERR bit is not an integer or out of range\r\n"),
        ("SETBIT k 0 -1", "-ERR bit is not an integer or out of range\r\n"),
        ("SETBIT k x 2", "-ERR bit offset is not an integer or out of range\r\n"),
        ("SETBIT k 0 x", "-ERR bit is not an integer or out of range\r\n"),
        ("GETBIT k -1", "-ERR bit offset is not an integer or out of range\r\n"),
        ("GETBIT k 4294967295", ":0\r\n"),
        ("GETBIT k 4294967296", "-ERR bit offset is not an integer or out of range\r\n"),
        ("SETBIT k 0", "-ERR wrong number of arguments for 'setbit' command\r\n"),
        ("EXISTS k", ":0\r\n"),
    ]);
}

#[test]
fn bitcount_counts_ranges() {
    Store::new().client().expect(&[
        ("SET k foobar", "+OK\r\n"),
        ("BITCOUNT k", ":26\r\n"),
        ("BITCOUNT k 0 0", ":4\r\n"),
        ("BITCOUNT k 1 1", ":6\r\n"),
        ("BITCOUNT k 1 1 BYTE", ":6\r\n"),
        ("BITCOUNT k 5 30 BIT", ":17\r\n"),
        ("BITCOUNT k -2 -1", ":7\r\n"),
        ("BITCOUNT k -5 -1 bit", ":2\r\n"),
        ("BITCOUNT k 3 2", ":0\r\n"),
        ("BITCOUNT k -100 100", ":26\r\n"),
        ("BITCOUNT k 6 10", ":0\r\n"),
        ("BITCOUNT k 0", "-ERR syntax error\r\n"),
        ("BITCOUNT k 0 x", "-ERR value is not an integer or out of range\r\n"),
        ("BITCOUNT k 0 1 FOO", "-ERR syntax error\r\n"),
        ("BITCOUNT k -1 -2 FOO", ":0\r\n"),
        ("BITCOUNT k 0 1 BIT BIT", "-ERR syntax error\r\n"),
        ("BITCOUNT none 0 x FOO", ":0\r\n"),
        ("BITCOUNT none", ":0\r\n"),
        ("SET k 12345", "+OK\r\n"),
        ("BITCOUNT k", ":17\r\n"),
        ("BITCOUNT k 0 9223372036854775807", ":17\r\n"),
        ("BITCOUNT k -9223372036854775808 -1", ":17\r\n"),
    ]);
}

#[test]
fn bitpos_finds_the_first() {
    Store::new().client().expect(&[
        ("SETBIT k 12 1", ":0\r\n"),
        ("BITPOS k 1", ":12\r\n"),
        ("BITPOS k 0", ":0\r\n"),
        ("BITPOS k 1 1", ":12\r\n"),
        ("BITPOS k 1 2", ":-1\r\n"),
        ("BITPOS k 1 0 0", ":-1\r\n"),
        ("BITPOS k 1 -1", ":12\r\n"),
        ("BITPOS k 1 0 12 BIT", ":12\r\n"),
        ("BITPOS k 1 0 11 BIT", ":-1\r\n"),
        ("BITPOS k 1 13 -1 BIT", ":-1\r\n"),
        ("SET ones ", "+OK\r\n"),
        ("BITPOS ones 0", ":0\r\n"),
        ("BITPOS ones 0 1", ":8\r\n"),
        ("BITPOS ones 0 1 1", ":8\r\n"),
        ("BITPOS ones 0 9 15 BIT", ":-1\r\n"),
        ("BITPOS ones 0 9 14 bit", ":-1\r\n"),
        ("BITPOS ones 1 8 8 BIT", ":-1\r\n"),
        ("BITFIELD full SET u16 0 65535", "*1\r\n:0\r\n"),
        ("BITPOS full 0", ":16\r\n"),
        ("BITPOS full 0 0", ":16\r\n"),
        ("BITPOS full 0 0 -1", ":-1\r\n"),
        ("BITPOS full 0 2", ":-1\r\n"),
        ("BITPOS full 0 0 15 BIT", ":-1\r\n"),
        ("APPEND empty x", ":1\r\n"),
        ("SETRANGE empty2 0 x", ":1\r\n"),
        ("BITPOS none 0", ":0\r\n"),
        ("BITPOS none 1", ":-1\r\n"),
        ("BITPOS none 0 x y z", ":0\r\n"),
        ("BITPOS k 2", "-ERR The bit argument must be 1 or 0.\r\n"),
        ("BITPOS k x", "-ERR value is not an integer or out of range\r\n"),
        ("BITPOS k 1 x", "-ERR value is not an integer or out of range\r\n"),
        ("BITPOS k 1 0 x", "-ERR value is not an integer or out of range\r\n"),
        ("BITPOS k 1 0 1 x", "-ERR syntax error\r\n"),
        ("BITPOS k 1 0 x BIT", "-ERR value is not an integer or out of range\r\n"),
        ("BITPOS k 1 0 1 BIT BIT", "-ERR syntax error\r\n"),
    ]);
}

#[test]
fn bitop_combines() {
    Store::new().client().expect(&[
        ("SET a abc", "+OK\r\n"),
        ("SET b abd", "+OK\r\n"),
        ("SET c 7", "+OK\r\n"),
        ("BITOP AND d a b", ":3\r\n"),
        ("GET d", "$3\r\nab`\r\n"),
        ("OBJECT ENCODING d", "$3\r\nraw\r\n"),
        ("BITOP or d a b", ":3\r\n"),
        ("GET d", "$3\r\nabg\r\n"),
        ("BITOP AND d a c", ":3\r\n"),
        ("BITCOUNT d", ":2\r\n"),
        ("BITPOS d 1", ":2\r\n"),
        ("STRLEN d", ":3\r\n"),
        ("BITOP XOR d a a", ":3\r\n"),
        ("BITCOUNT d", ":0\r\n"),
        ("BITOP NOT d a", ":3\r\n"),
        ("BITCOUNT d", ":14\r\n"),
        ("BITOP NOT d d", ":3\r\n"),
        ("GET d", "$3\r\nabc\r\n"),
        ("BITOP OR a a c b none", ":3\r\n"),
        ("GET a", "$3\r\nwbg\r\n"),
        ("EXPIRE d 100", ":1\r\n"),
        ("BITOP AND d b b", ":3\r\n"),
        ("TTL d", ":-1\r\n"),
        ("GET d", "$3\r\nabd\r\n"),
        ("BITOP AND d none none2", ":0\r\n"),
        ("EXISTS d", ":0\r\n"),
        ("BITOP OR none none2 none3", ":0\r\n"),
        ("BITOP NOT d a b", "-ERR BITOP NOT must be called with a single source key.\r\n"),
        ("BITOP FOO d a", "-ERR syntax error\r\n"),
        ("BITOP AND d", "-ERR wrong number of arguments for 'bitop' command\r\n"),
    ]);
}

#[test]
fn bitfield_reads_and_writes() {
    Store::new().client().expect(&[
        (
            "BITFIELD k SET u8 0 255 GET u8 0 GET i8 0 GET u4 4 GET i64 0",
            "*5\r\n:0\r\n:255\r\n:-1\r\n:15\r\n:-72057594037927936\r\n",
        ),
        ("GET n", "$-1\r\n"),
        ("BITFIELD k INCRBY i5 100 1 GET u4 0", "*2\r\n:1\r\n:15\r\n"),
        ("STRLEN k", ":14\r\n"),
        ("BITFIELD k SET i8 #1 -5 GET i8 8 GET u8 #1", "*3\r\n:0\r\n:-5\r\n:251\r\n"),
        ("BITFIELD none GET u8 0 GET i64 1000", "*2\r\n:0\r\n:0\r\n"),
        ("EXISTS none", ":0\r\n"),
        ("BITFIELD none", "*0\r\n"),
        ("BITFIELD none OVERFLOW SAT", "*0\r\n"),
        ("EXISTS none", ":0\r\n"),
        ("SET n 123", "+OK\r\n"),
        ("BITFIELD n GET u8 0", "*1\r\n:49\r\n"),
        ("OBJECT ENCODING n", "$3\r\nint\r\n"),
        ("BITFIELD n SET u8 0 49", "*1\r\n:49\r\n"),
        ("OBJECT ENCODING n", "$3\r\nraw\r\n"),
        ("GET n", "$3\r\n123\r\n"),
        ("BITFIELD_RO n GET u8 0 GET u8 #1", "*2\r\n:49\r\n:50\r\n"),
        ("BITFIELD_RO n GET u8 0 SET u8 0 1", "-ERR BITFIELD_RO only supports the GET subcommand\r\n"),
        ("BITFIELD_RO none GET u8 0", "*1\r\n:0\r\n"),
    ]);
}

#[test]
fn fields_overflow_as_told() {
    Store::new().client().expect(&[
        ("BITFIELD k INCRBY u2 100 1 OVERFLOW SAT INCRBY u2 102 1", "*2\r\n:1\r\n:1\r\n"),
        ("BITFIELD k INCRBY u2 100 1 OVERFLOW SAT INCRBY u2 102 1", "*2\r\n:2\r\n:2\r\n"),
        ("BITFIELD k INCRBY u2 100 1 OVERFLOW SAT INCRBY u2 102 1", "*2\r\n:3\r\n:3\r\n"),
        ("BITFIELD k INCRBY u2 100 1 OVERFLOW SAT INCRBY u2 102 1", "*2\r\n:0\r\n:3\r\n"),
        ("BITFIELD k OVERFLOW FAIL INCRBY u2 102 1 GET u2 102", "*2\r\n$-1\r\n:3\r\n"),
        ("BITFIELD k OVERFLOW FAIL SET u8 200 256", "*1\r\n$-1\r\n"),
        ("STRLEN k", ":26\r\n"),
        ("BITFIELD s OVERFLOW SAT SET i8 0 1000 SET i8 0 -1000 GET i8 0", "*3\r\n:0\r\n:127\r\n:-128\r\n"),
        ("BITFIELD s OVERFLOW SAT SET i8 0 -9223372036854775808 GET i8 0", "*2\r\n:-128\r\n:127\r\n"),
        ("BITFIELD s OVERFLOW SAT SET u8 0 -1 GET u8 0", "*2\r\n:127\r\n:255\r\n"),
        ("BITFIELD s OVERFLOW WRAP SET u8 0 257 INCRBY u8 0 -2", "*2\r\n:255\r\n:255\r\n"),
        (
            "BITFIELD s SET i64 0 9223372036854775807 INCRBY i64 0 1",
            "*2\r\n:-72057594037927936\r\n:-9223372036854775808\r\n",
        ),
        (
            "BITFIELD s OVERFLOW SAT INCRBY i64 0 -1 INCRBY u63 64 9223372036854775807 INCRBY u63 64 1",
            "*3\r\n:-9223372036854775808\r\n:9223372036854775807\r\n:9223372036854775807\r\n",
        ),
    ]);
}

#[test]
fn bitfield_errors_come_in_redis_order() {
    Store::new().client().expect(&[
        (
            "BITFIELD k GET u64 0",
            "-ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.\r\n",
        ),
        (
            "BITFIELD k GET i65 0",
            "-ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.\r\n",
        ),
        (
            "BITFIELD k GET u0 0",
            "-ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.\r\n",
        ),
        (
            "BITFIELD k GET x 0",
            "-ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.\r\n",
        ),
        ("BITFIELD k GET u8 -1", "-ERR bit offset is not an integer or out of range\r\n"),
        ("BITFIELD k GET u8 #x", "-ERR bit offset is not an integer or out of range\r\n"),
        ("BITFIELD k SET u8 0 x", "-ERR value is not an integer or out of range\r\n"),
        ("BITFIELD k SET u8 4294967296 1", "-ERR bit offset is not an integer or out of range\r\n"),
        ("BITFIELD k GET u8 #536870912", "-ERR bit offset is not an integer or out of range\r\n"),
        ("BITFIELD k OVERFLOW FOO", "-ERR Invalid OVERFLOW type specified\r\n"),
        ("BITFIELD k FOO", "-ERR syntax error\r\n"),
        ("BITFIELD k GET u8", "-ERR syntax error\r\n"),
        ("BITFIELD k SET u8 0", "-ERR syntax error\r\n"),
        (
            "BITFIELD k SET u8 0 1 GET u99 0",
            "-ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.\r\n",
        ),
        ("BITFIELD k GET u8 #4611686018427387904", "*1\r\n:0\r\n"),
        ("EXISTS k", ":0\r\n"),
        ("BITFIELD", "-ERR wrong number of arguments for 'bitfield' command\r\n"),
    ]);
}

/// The operations of Redis 8.2, which the reference server does not have.
#[test]
fn bitop_has_the_operations_of_sets() {
    Store::new().client().expect(&[
        ("BITFIELD a SET u8 0 219", "*1\r\n:0\r\n"),
        ("BITFIELD b SET u8 0 106", "*1\r\n:0\r\n"),
        ("BITFIELD c SET u8 0 92", "*1\r\n:0\r\n"),
        ("BITOP DIFF d a b c", ":1\r\n"),
        ("BITFIELD d GET u8 0", "*1\r\n:129\r\n"),
        ("BITOP diff1 d a b c", ":1\r\n"),
        ("BITFIELD d GET u8 0", "*1\r\n:36\r\n"),
        ("BITOP ANDOR d a b c", ":1\r\n"),
        ("BITFIELD d GET u8 0", "*1\r\n:90\r\n"),
        ("BITOP ONE d a b c", ":1\r\n"),
        ("BITFIELD d GET u8 0", "*1\r\n:165\r\n"),
        ("BITOP ONE d a", ":1\r\n"),
        ("BITFIELD d GET u8 0", "*1\r\n:219\r\n"),
        ("BITOP DIFF1 d d none c", ":1\r\n"),
        ("BITFIELD d GET u8 0", "*1\r\n:4\r\n"),
        ("BITOP DIFF d a", "-ERR BITOP DIFF must be called with at least two source keys.\r\n"),
        ("BITOP diff1 d a", "-ERR BITOP DIFF1 must be called with at least two source keys.\r\n"),
        ("BITOP AndOr d a", "-ERR BITOP ANDOR must be called with at least two source keys.\r\n"),
    ]);
}

/// Blocks end where strings do not.
#[test]
fn bitop_combines_long_strings() {
    let mut client = Store::new().client();
    let (long, short) = (vec![0xAA; 100_000], vec![0x0F; 30_001]);
    client.run(&[b"SET", b"long", &long]);
    client.run(&[b"SET", b"short", &short]);
    for (how, both, alone) in [("AND", 0x0A, 0x00), ("OR", 0xAF, 0xAA), ("XOR", 0xA5, 0xAA), ("DIFF", 0xA0, 0xAA)] {
        for destination in ["other", "long2", "short2"] {
            client.expect(&[("COPY long long2 REPLACE", ":1\r\n"), ("COPY short short2 REPLACE", ":1\r\n")]);
            client.expect(&[(&format!("BITOP {how} {destination} long2 short2"), ":100000\r\n")]);
            let expected = [vec![both; 30_001], vec![alone; 69_999]].concat();
            let reply = client.run(&[b"GET", destination.as_bytes()]);
            assert!(reply == [b"$100000\r\n", &expected[..], b"\r\n"].concat(), "{how} into {destination}");
        }
    }
}

#[test]
fn only_changes_are_changes() {
    let store = Store::new();
    let (mut client, mut other) = (store.client(), store.client());
    client.expect(&[("SETBIT k 9 1", ":0\r\n")]);
    let quiet = ["SETBIT k 9 1", "BITFIELD k SET u8 8 64", "BITFIELD k GET u8 0", "BITOP AND none x y"];
    let loud = ["SETBIT k 9 0", "SETBIT k 30 0", "BITFIELD k INCRBY u8 0 1", "BITOP OR k k"];
    for (command, is_change) in quiet.map(|command| (command, false)).into_iter().chain(loud.map(|c| (c, true))) {
        client.say("WATCH k");
        other.say(command);
        client.say("MULTI");
        assert_eq!(client.say("EXEC"), if is_change { "*-1\r\n" } else { "*0\r\n" }, "{command}");
    }
}
