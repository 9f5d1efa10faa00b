//! String commands: every reply below is what redis-server 7.0.15 answers to the same words.

#[path = "common/session.rs"]
mod session;

use session::Store;

#[test]
fn set_obeys_its_conditions() {
    Store::new().client().expect(&[
        ("SET k v NX", "+OK\r\n"),
        ("SET k w NX", "$-1\r\n"),
        ("GET k", "$1\r\nv\r\n"),
        ("SET k w XX", "+OK\r\n"),
        ("GET k", "$1\r\nw\r\n"),
        ("SET none w XX", "$-1\r\n"),
        ("GET none", "$-1\r\n"),
        ("SET k x GET", "$1\r\nw\r\n"),
        ("SET none y GET", "$-1\r\n"),
        ("GET none", "$1\r\ny\r\n"),
        ("SET k z NX GET", "$1\r\nx\r\n"),
        ("GET k", "$1\r\nx\r\n"),
        ("SET new z NX GET", "$-1\r\n"),
        ("GET new", "$1\r\nz\r\n"),
        ("SET absent z XX GET", "$-1\r\n"),
        ("GET absent", "$-1\r\n"),
        ("set k v nx nx", "$-1\r\n"),
        ("set k v xX Xx gEt", "$1\r\nx\r\n"),
        ("SETNX k v", ":0\r\n"),
        ("SETNX fresh 5", ":1\r\n"),
        ("OBJECT ENCODING fresh", "$3\r\nint\r\n"),
    ]);
}

#[test]
fn options_may_be_repeated_but_not_contradicted() {
    Store::new().client().expect(&[
        ("SET k v EX 10 EX 20", "+OK\r\n"),
        ("SET k v KEEPTTL KEEPTTL", "+OK\r\n"),
        ("SET k v NX XX", "-ERR syntax error\r\n"),
        ("SET k v XX NX", "-ERR syntax error\r\n"),
        ("SET k v EX 10 PX 10", "-ERR syntax error\r\n"),
        ("SET k v EX 10 KEEPTTL", "-ERR syntax error\r\n"),
        ("SET k v KEEPTTL PXAT 10", "-ERR syntax error\r\n"),
        ("SET k v EXAT 10 EX 10", "-ERR syntax error\r\n"),
        ("SET k v EX", "-ERR syntax error\r\n"),
        ("SET k v PERSIST", "-ERR syntax error\r\n"),
        ("SET k v FOO", "-ERR syntax error\r\n"),
        ("SET k v 10", "-ERR syntax error\r\n"),
        ("SET k v EX 10 FOO", "-ERR syntax error\r\n"),
        ("GETEX k PERSIST PERSIST", "$1\r\nv\r\n"),
        ("GETEX k PERSIST EX 10", "-ERR syntax error\r\n"),
        ("GETEX k EX 10 PERSIST", "-ERR syntax error\r\n"),
        ("GETEX k KEEPTTL", "-ERR syntax error\r\n"),
        ("GETEX k NX", "-ERR syntax error\r\n"),
        ("GETEX k EX", "-ERR syntax error\r\n"),
        ("GETEX none FOO", "-ERR syntax error\r\n"),
        ("GETEX none EX abc", "$-1\r\n"),
    ]);
}

#[test]
fn expire_times_are_checked_after_the_syntax() {
    Store::new().client().expect(&[
        ("SET k v EX 0", "-ERR invalid expire time in 'set' command\r\n"),
        ("SET k v EX -1", "-ERR invalid expire time in 'set' command\r\n"),
        ("SET k v PX 0", "-ERR invalid expire time in 'set' command\r\n"),
        ("SET k v EXAT 0", "-ERR invalid expire time in 'set' command\r\n"),
        ("SET k v PXAT -5", "-ERR invalid expire time in 'set' command\r\n"),
        ("SET k v EX abc", "-ERR value is not an integer or out of range\r\n"),
        ("SET k v EX 1.5", "-ERR value is not an integer or out of range\r\n"),
        ("SET k v EX 9223372036854775807", "-ERR invalid expire time in 'set' command\r\n"),
        ("SET k v EX 9223372036854775", "-ERR invalid expire time in 'set' command\r\n"),
        ("SET k v PX 9223372036854775807", "-ERR invalid expire time in 'set' command\r\n"),
        ("SET k v EX 010", "-ERR value is not an integer or out of range\r\n"),
        ("SET k v EX abc FOO", "-ERR syntax error\r\n"),
        ("GET k", "$-1\r\n"),
        ("SETEX k 0 v", "-ERR invalid expire time in 'setex' command\r\n"),
        ("SETEX k abc v", "-ERR value is not an integer or out of range\r\n"),
        ("PSETEX k -1 v", "-ERR invalid expire time in 'psetex' command\r\n"),
        ("SETEX k 9223372036854776 v", "-ERR invalid expire time in 'setex' command\r\n"),
        ("SET k v", "+OK\r\n"),
        ("GETEX k EX 0", "-ERR invalid expire time in 'getex' command\r\n"),
        ("GETEX k PXAT x", "-ERR value is not an integer or out of range\r\n"),
        ("GETEX none EX 0", "$-1\r\n"),
    ]);
}

#[test]
fn what_becomes_of_the_deadline() {
    Store::new().client().expect(&[
        ("SET k 5 PXAT 9999999999999", "+OK\r\n"),
        ("PEXPIRETIME k", ":9999999999999\r\n"),
        ("SET k 6 KEEPTTL", "+OK\r\n"),
        ("PEXPIRETIME k", ":9999999999999\r\n"),
        ("INCR k", ":7\r\n"),
        ("APPEND k 0", ":2\r\n"),
        ("SETRANGE k 0 1", ":2\r\n"),
        ("INCRBYFLOAT k 0.5", "$4\r\n10.5\r\n"),
        ("PEXPIRETIME k", ":9999999999999\r\n"),
        ("SET k v", "+OK\r\n"),
        ("PEXPIRETIME k", ":-1\r\n"),
        ("SET k v EXAT 9999999999", "+OK\r\n"),
        ("PEXPIRETIME k", ":9999999999000\r\n"),
        ("GETSET k w", "$1\r\nv\r\n"),
        ("PEXPIRETIME k", ":-1\r\n"),
        ("SET k v EXAT 9999999999", "+OK\r\n"),
        ("MSET k v", "+OK\r\n"),
        ("PEXPIRETIME k", ":-1\r\n"),
        ("GETEX k PXAT 9999999999998", "$1\r\nv\r\n"),
        ("PEXPIRETIME k", ":9999999999998\r\n"),
        ("GETEX k", "$1\r\nv\r\n"),
        ("PEXPIRETIME k", ":9999999999998\r\n"),
        ("GETEX k PERSIST", "$1\r\nv\r\n"),
        ("PEXPIRETIME k", ":-1\r\n"),
        ("GETEX k PXAT 9223372036854775807", "$1\r\nv\r\n"),
        ("PEXPIRETIME k", ":9223372036854775807\r\n"),
        ("GET k", "$1\r\nv\r\n"),
        ("GETEX k EXAT 1", "$1\r\nv\r\n"),
        ("GET k", "$-1\r\n"),
        ("GETDEL k", "$-1\r\n"),
        ("SET k v", "+OK\r\n"),
        ("GETDEL k", "$1\r\nv\r\n"),
        ("GETDEL k", "$-1\r\n"),
    ]);
}

#[test]
fn encodings_are_those_of_redis() {
    Store::new().client().expect(&[
        ("SET k 0", "+OK\r\n"),
        ("OBJECT ENCODING k", "$3\r\nint\r\n"),
        ("SET k -1", "+OK\r\n"),
        ("OBJECT ENCODING k", "$3\r\nint\r\n"),
        ("SET k 0123", "+OK\r\n"),
        ("OBJECT ENCODING k", "$6\r\nembstr\r\n"),
        ("SET k -0", "+OK\r\n"),
        ("OBJECT ENCODING k", "$6\r\nembstr\r\n"),
        ("SET k 9223372036854775807", "+OK\r\n"),
        ("OBJECT ENCODING k", "$3\r\nint\r\n"),
        ("SET k 9223372036854775808", "+OK\r\n"),
        ("OBJECT ENCODING k", "$6\r\nembstr\r\n"),
        ("SET k 12345678901234567890", "+OK\r\n"),
        ("OBJECT ENCODING k", "$6\r\nembstr\r\n"),
        ("SET k 1.0", "+OK\r\n"),
        ("OBJECT ENCODING k", "$6\r\nembstr\r\n"),
        ("SET k xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "+OK\r\n"),
        ("OBJECT ENCODING k", "$6\r\nembstr\r\n"),
        ("SET k xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "+OK\r\n"),
        ("OBJECT ENCODING k", "$3\r\nraw\r\n"),
        ("SET k 1", "+OK\r\n"),
        ("APPEND k 2", ":2\r\n"),
        ("OBJECT ENCODING k", "$3\r\nraw\r\n"),
        ("SET k 12", "+OK\r\n"),
        ("OBJECT ENCODING k", "$3\r\nint\r\n"),
        ("APPEND new 12", ":2\r\n"),
        ("OBJECT ENCODING new", "$3\r\nint\r\n"),
        ("SETRANGE ranged 0 12", ":2\r\n"),
        ("OBJECT ENCODING ranged", "$3\r\nraw\r\n"),
        ("SET k abc", "+OK\r\n"),
        ("SETRANGE k 0 d", ":3\r\n"),
        ("OBJECT ENCODING k", "$3\r\nraw\r\n"),
        ("SETEX k 100 7", "+OK\r\n"),
        ("OBJECT ENCODING k", "$3\r\nint\r\n"),
        ("GETSET k 8", "$1\r\n7\r\n"),
        ("OBJECT ENCODING k", "$3\r\nint\r\n"),
        ("MSET k 9 l 010", "+OK\r\n"),
        ("OBJECT ENCODING k", "$3\r\nint\r\n"),
        ("OBJECT ENCODING l", "$6\r\nembstr\r\n"),
        ("INCRBYFLOAT k 1", "$2\r\n10\r\n"),
        ("OBJECT ENCODING k", "$6\r\nembstr\r\n"),
        ("DECR k", ":9\r\n"),
        ("OBJECT ENCODING k", "$3\r\nint\r\n"),
    ]);
}

#[test]
fn counters_count_within_64_bits() {
    Store::new().client().expect(&[
        ("INCR n", ":1\r\n"),
        ("INCR n", ":2\r\n"),
        ("DECR n", ":1\r\n"),
        ("INCRBY n 41", ":42\r\n"),
        ("DECRBY n 2", ":40\r\n"),
        ("GET n", "$2\r\n40\r\n"),
        ("SET n 9223372036854775807", "+OK\r\n"),
        ("INCR n", "-ERR increment or decrement would overflow\r\n"),
        ("INCRBY n 0", ":9223372036854775807\r\n"),
        ("DECRBY n -1", "-ERR increment or decrement would overflow\r\n"),
        ("DECR n", ":9223372036854775806\r\n"),
        ("SET n -9223372036854775808", "+OK\r\n"),
        ("DECR n", "-ERR increment or decrement would overflow\r\n"),
        ("INCRBY n -1", "-ERR increment or decrement would overflow\r\n"),
        ("INCRBY n 9223372036854775807", ":-1\r\n"),
        ("GET n", "$2\r\n-1\r\n"),
        ("DECRBY n -9223372036854775808", "-ERR decrement would overflow\r\n"),
        ("DECRBY n 9223372036854775807", ":-9223372036854775808\r\n"),
        ("DECR n", "-ERR increment or decrement would overflow\r\n"),
        ("INCRBY n 9223372036854775808", "-ERR value is not an integer or out of range\r\n"),
        ("INCRBY n x", "-ERR value is not an integer or out of range\r\n"),
        ("SET n 01", "+OK\r\n"),
        ("INCR n", "-ERR value is not an integer or out of range\r\n"),
        ("SET n 1.5", "+OK\r\n"),
        ("INCR n", "-ERR value is not an integer or out of range\r\n"),
        ("SET n 12345678901234567890", "+OK\r\n"),
        ("INCR n", "-ERR value is not an integer or out of range\r\n"),
        ("APPEND s 12", ":2\r\n"),
        ("APPEND s 34", ":4\r\n"),
        ("OBJECT ENCODING s", "$3\r\nraw\r\n"),
        ("INCR s", ":1235\r\n"),
        ("OBJECT ENCODING s", "$3\r\nint\r\n"),
    ]);
}

#[test]
fn floats_are_long_doubles() {
    Store::new().client().expect(&[
        ("INCRBYFLOAT f 0.1", "$3\r\n0.1\r\n"),
        ("INCRBYFLOAT f 0.2", "$3\r\n0.3\r\n"),
        ("INCRBYFLOAT f -0.3", "$1\r\n0\r\n"),
        ("SET f 10.50", "+OK\r\n"),
        ("INCRBYFLOAT f 0.1", "$4\r\n10.6\r\n"),
        ("INCRBYFLOAT f -5", "$3\r\n5.6\r\n"),
        ("SET f 5.0e3", "+OK\r\n"),
        ("INCRBYFLOAT f 2.0e2", "$4\r\n5200\r\n"),
        ("OBJECT ENCODING f", "$6\r\nembstr\r\n"),
        ("INCR f", ":5201\r\n"),
        ("OBJECT ENCODING f", "$3\r\nint\r\n"),
        ("INCRBYFLOAT f 1", "$4\r\n5202\r\n"),
        ("SET f 3", "+OK\r\n"),
        ("INCRBYFLOAT f 1.000000000000000005", "$19\r\n4.00000000000000001\r\n"),
        ("INCRBYFLOAT f 0x10", "$20\r\n20.00000000000000001\r\n"),
        ("INCRBYFLOAT f inf", "-ERR increment would produce NaN or Infinity\r\n"),
        ("INCRBYFLOAT f -inf", "-ERR increment would produce NaN or Infinity\r\n"),
        ("INCRBYFLOAT f nan", "-ERR value is not a valid float\r\n"),
        ("INCRBYFLOAT f 1,5", "-ERR value is not a valid float\r\n"),
        ("INCRBYFLOAT f 1e4933", "-ERR value is not a valid float\r\n"),
        ("GET f", "$20\r\n20.00000000000000001\r\n"),
        ("SET f abc", "+OK\r\n"),
        ("INCRBYFLOAT f 1", "-ERR value is not a valid float\r\n"),
        ("SET f 9223372036854775807", "+OK\r\n"),
        ("INCRBYFLOAT f 1", "$19\r\n9223372036854775808\r\n"),
    ]);
}

#[test]
fn ranges_are_cut_to_the_string() {
    Store::new().client().expect(&[
        ("SET s hello", "+OK\r\n"),
        ("GETRANGE s 0 -1", "$5\r\nhello\r\n"),
        ("GETRANGE s 1 3", "$3\r\nell\r\n"),
        ("GETRANGE s -3 -2", "$2\r\nll\r\n"),
        ("GETRANGE s -100 100", "$5\r\nhello\r\n"),
        ("GETRANGE s 3 1", "$0\r\n\r\n"),
        ("GETRANGE s -1 -5", "$0\r\n\r\n"),
        ("GETRANGE s -100 -100", "$1\r\nh\r\n"),
        ("GETRANGE s 5 9", "$0\r\n\r\n"),
        ("GETRANGE s 9223372036854775807 -9223372036854775808", "$0\r\n\r\n"),
        ("GETRANGE s -9223372036854775808 9223372036854775807", "$5\r\nhello\r\n"),
        ("SUBSTR s 0 1", "$2\r\nhe\r\n"),
        ("GETRANGE none 0 -1", "$0\r\n\r\n"),
        ("GETRANGE none x 1", "-ERR value is not an integer or out of range\r\n"),
        ("GETRANGE s 0 9223372036854775808", "-ERR value is not an integer or out of range\r\n"),
        ("SET s 12345", "+OK\r\n"),
        ("GETRANGE s 1 2", "$2\r\n23\r\n"),
        ("STRLEN s", ":5\r\n"),
        ("STRLEN none", ":0\r\n"),
    ]);
}

#[test]
fn setrange_pads_with_zeros() {
    Store::new().client().expect(&[
        ("SETRANGE s 3 ab", ":5\r\n"),
        ("GET s", "$5\r\n\0\0\0ab\r\n"),
        ("STRLEN s", ":5\r\n"),
        ("SETRANGE s 0 xyzuvw", ":6\r\n"),
        ("GET s", "$6\r\nxyzuvw\r\n"),
        ("SETRANGE s 1 -", ":6\r\n"),
        ("GET s", "$6\r\nx-zuvw\r\n"),
        ("SETRANGE s -1 a", "-ERR offset is out of range\r\n"),
        ("SETRANGE s x a", "-ERR value is not an integer or out of range\r\n"),
        ("SETRANGE s 9223372036854775807 a", "-ERR string exceeds maximum allowed size (proto-max-bulk-len)\r\n"),
        ("SETRANGE none 536870911 ab", "-ERR string exceeds maximum allowed size (proto-max-bulk-len)\r\n"),
        ("GET none", "$-1\r\n"),
        ("SET n 123", "+OK\r\n"),
        ("SETRANGE n 1 9", ":3\r\n"),
        ("OBJECT ENCODING n", "$3\r\nraw\r\n"),
        ("INCR n", ":194\r\n"),
    ]);
}

#[test]
fn many_keys_at_once() {
    Store::new().client().expect(&[
        ("MSET a 1 b two a 01", "+OK\r\n"),
        ("MGET a b none a", "*4\r\n$2\r\n01\r\n$3\r\ntwo\r\n$-1\r\n$2\r\n01\r\n"),
        ("MSETNX c 3 a 4", ":0\r\n"),
        ("MGET c a", "*2\r\n$-1\r\n$2\r\n01\r\n"),
        ("MSETNX c 3 d 4 c 5", ":1\r\n"),
        ("MGET c d", "*2\r\n$1\r\n5\r\n$1\r\n4\r\n"),
        ("MSET a", "-ERR wrong number of arguments for 'mset' command\r\n"),
        ("MSET a 1 b", "-ERR wrong number of arguments for 'mset' command\r\n"),
        ("MSETNX a 1 b", "-ERR wrong number of arguments for 'msetnx' command\r\n"),
        ("MSETNX a", "-ERR wrong number of arguments for 'msetnx' command\r\n"),
        ("MGET", "-ERR wrong number of arguments for 'mget' command\r\n"),
    ]);
}

#[test]
fn lcs_finds_what_redis_finds() {
    Store::new().client().expect(&[
        ("MSET a ohmytext b mynewtext n 12345", "+OK\r\n"),
        ("LCS a b", "$6\r\nmytext\r\n"),
        ("LCS a b LEN", ":6\r\n"),
        ("LCS a b IDX", "*4\r\n$7\r\nmatches\r\n*2\r\n*2\r\n*2\r\n:4\r\n:7\r\n*2\r\n:5\r\n:8\r\n*2\r\n*2\r\n:2\r\n:3\r\n*2\r\n:0\r\n:1\r\n$3\r\nlen\r\n:6\r\n"),
        ("LCS a b IDX MINMATCHLEN 4", "*4\r\n$7\r\nmatches\r\n*1\r\n*2\r\n*2\r\n:4\r\n:7\r\n*2\r\n:5\r\n:8\r\n$3\r\nlen\r\n:6\r\n"),
        ("LCS a b IDX MINMATCHLEN 4 WITHMATCHLEN", "*4\r\n$7\r\nmatches\r\n*1\r\n*3\r\n*2\r\n:4\r\n:7\r\n*2\r\n:5\r\n:8\r\n:4\r\n$3\r\nlen\r\n:6\r\n"),
        ("LCS a b WITHMATCHLEN IDX MINMATCHLEN -4", "*4\r\n$7\r\nmatches\r\n*2\r\n*3\r\n*2\r\n:4\r\n:7\r\n*2\r\n:5\r\n:8\r\n:4\r\n*3\r\n*2\r\n:2\r\n:3\r\n*2\r\n:0\r\n:1\r\n:2\r\n$3\r\nlen\r\n:6\r\n"),
        ("LCS a a IDX", "*4\r\n$7\r\nmatches\r\n*1\r\n*2\r\n*2\r\n:0\r\n:7\r\n*2\r\n:0\r\n:7\r\n$3\r\nlen\r\n:8\r\n"),
        ("LCS a none", "$0\r\n\r\n"),
        ("LCS none none IDX", "*4\r\n$7\r\nmatches\r\n*0\r\n$3\r\nlen\r\n:0\r\n"),
        ("LCS n n", "$5\r\n12345\r\n"),
        ("LCS a b LEN IDX", "-ERR If you want both the length and indexes, please just use IDX.\r\n"),
        ("LCS a b MINMATCHLEN", "-ERR syntax error\r\n"),
        ("LCS a b MINMATCHLEN x", "-ERR value is not an integer or out of range\r\n"),
        ("LCS a b FOO", "-ERR syntax error\r\n"),
        ("LCS a b LEN MINMATCHLEN 3", ":6\r\n"),
        ("LCS a", "-ERR wrong number of arguments for 'lcs' command\r\n"),
    ]);
}
#[test]
fn deadlines_come_true() {
    let store = Store::new();
    let mut client = store.client();
    client.expect(&[
        ("SET a v EX 2", "+OK\r\n"),
        ("SET b v PX 1500", "+OK\r\n"),
        ("SETEX c 1 v", "+OK\r\n"),
        ("PSETEX d 1999 v", "+OK\r\n"),
        ("SET e v", "+OK\r\n"),
        ("GETEX e PX 1000", "$1\r\nv\r\n"),
        ("PTTL a", ":2000\r\n"),
        ("PTTL b", ":1500\r\n"),
    ]);
    store.pass_ms(999);
    client.expect(&[("MGET a b c d e", "*5\r\n$1\r\nv\r\n$1\r\nv\r\n$1\r\nv\r\n$1\r\nv\r\n$1\r\nv\r\n")]);
    store.pass_ms(1);
    client.expect(&[("MGET a b c d e", "*5\r\n$1\r\nv\r\n$1\r\nv\r\n$-1\r\n$1\r\nv\r\n$-1\r\n")]);
    store.pass_ms(1000);
    // An expired key is absent to every command.
    client.expect(&[
        ("GETEX a PERSIST", "$-1\r\n"),
        ("SET b w XX", "$-1\r\n"),
        ("SET d w NX KEEPTTL", "+OK\r\n"),
        ("PTTL d", ":-1\r\n"),
        ("INCR c", ":1\r\n"),
        ("PTTL c", ":-1\r\n"),
        ("APPEND e x", ":1\r\n"),
    ]);
}

#[test]
fn a_deadline_in_the_past_is_over_at_once() {
    Store::new().client().expect(&[
        ("SET k v EXAT 1", "+OK\r\n"),
        ("GET k", "$-1\r\n"),
        ("SET k v", "+OK\r\n"),
        ("SET k w GET PXAT 1", "$1\r\nv\r\n"),
        ("MSETNX k 1", ":1\r\n"),
    ]);
}

#[test]
fn binary_and_empty_strings_are_kept_as_they_are() {
    let store = Store::new();
    let mut client = store.client();
    let bytes: Vec<u8> = (0..=255).chain(*b"\r\n$-1\r\n").collect();
    assert_eq!(client.run(&[b"SET", b"", b""]), b"+OK\r\n");
    assert_eq!(client.run(&[b"GET", b""]), b"$0\r\n\r\n");
    assert_eq!(client.run(&[b"SET", &bytes, &bytes]), b"+OK\r\n");
    assert_eq!(client.run(&[b"GET", &bytes]), [b"$263\r\n", &bytes[..], b"\r\n"].concat());
    assert_eq!(client.run(&[b"APPEND", b"", b""]), b":0\r\n");
    assert_eq!(client.run(&[b"OBJECT", b"ENCODING", b""]), b"$3\r\nraw\r\n");
    assert_eq!(client.run(&[b"SETRANGE", b"none", b"0", b""]), b":0\r\n");
    assert_eq!(client.run(&[b"GET", b"none"]), b"$-1\r\n");
    assert_eq!(client.run(&[b"SETRANGE", &bytes, b"256", b""]), b":263\r\n");
    assert_eq!(client.run(&[b"INCRBYFLOAT", b"", b"1"]), b"-ERR value is not a valid float\r\n");
    assert_eq!(client.run(&[b"INCR", b""]), b"-ERR value is not an integer or out of range\r\n");
    assert_eq!(client.run(&[b"LCS", &bytes, &bytes, b"LEN"]), b":263\r\n");
}

#[test]
fn resp3_has_its_own_null_and_map() {
    let store = Store::new();
    let mut client = store.client();
    client.session.set_protocol(redisrs::resp::Protocol::Resp3);
    client.expect(&[
        ("GET none", "_\r\n"),
        ("MGET none none", "*2\r\n_\r\n_\r\n"),
        ("SET k v XX", "_\r\n"),
        ("GETDEL none", "_\r\n"),
        ("INCRBYFLOAT f 1.5", "$3\r\n1.5\r\n"),
        ("LCS f f IDX", "%2\r\n$7\r\nmatches\r\n*1\r\n*2\r\n*2\r\n:0\r\n:2\r\n*2\r\n:0\r\n:2\r\n$3\r\nlen\r\n:3\r\n"),
    ]);
}

#[test]
fn the_longest_string_is_configured() {
    const TOO_LONG: &str = "-ERR string exceeds maximum allowed size (proto-max-bulk-len)\r\n";
    let store = Store::with(&[("proto-max-bulk-len", "1048576")]);
    let mut client = store.client();
    client.expect(&[
        ("SETRANGE k 1048575 ab", TOO_LONG),
        ("GET k", "$-1\r\n"),
        ("SETRANGE k 1048575 a", ":1048576\r\n"),
        ("APPEND k b", TOO_LONG),
        ("SETRANGE k 1048576 b", TOO_LONG),
        ("STRLEN k", ":1048576\r\n"),
        ("SETRANGE a 511 x", ":512\r\n"),
        ("SETRANGE b 509 x", ":510\r\n"),
        ("LCS a b LEN", ":510\r\n"),
        ("SETRANGE b 510 x", ":511\r\n"),
        ("LCS a b LEN", "-ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len\r\n"),
    ]);
}

#[test]
fn appending_piece_by_piece_makes_the_whole() {
    let store = Store::new();
    let mut client = store.client();
    let mut whole = Vec::new();
    for round in 0..2000usize {
        let piece: Vec<u8> = (0..round % 97).map(|at| (round + at) as u8).collect();
        whole.extend_from_slice(&piece);
        assert_eq!(client.run(&[b"APPEND", b"k", &piece]), format!(":{}\r\n", whole.len()).as_bytes());
    }
    assert_eq!(client.run(&[b"GET", b"k"]), [format!("${}\r\n", whole.len()).as_bytes(), &whole, b"\r\n"].concat());
}

/// Values of all sizes over each other, in place or not, with and without a deadline.
#[test]
fn overwriting_keeps_nothing_of_the_old_value() {
    let store = Store::new();
    let mut client = store.client();
    let mut seed = 0x2545_F491_4F6C_DD1Du64;
    let sizes = [0, 1, 7, 8, 19, 20, 44, 45, 64, 200, 959, 960, 961, 1100, 1900, 5000, 100_000];
    for _ in 0..2000 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let value = match seed >> 40 & 3 {
            0 => ((seed >> 33) as i64 - (1 << 30)).to_string().into_bytes(),
            _ => vec![(seed >> 50) as u8; sizes[(seed >> 33) as usize % sizes.len()]],
        };
        let key: &[u8] = if seed >> 62 & 1 == 0 { b"a" } else { b"a longer key" };
        let set: &[&[u8]] =
            if seed >> 61 & 1 == 0 { &[b"SET", key, &value] } else { &[b"SET", key, &value, b"EX", b"100"] };
        assert_eq!(client.run(set), b"+OK\r\n");
        let reply = [format!("${}\r\n", value.len()).as_bytes(), &value, b"\r\n"].concat();
        assert_eq!(client.run(&[b"GET", key]), reply);
    }
}

/// What counts as a change to those who watch the key.
#[test]
fn watchers_see_changes_only() {
    let store = Store::new();
    let (mut watcher, mut other) = (store.client(), store.client());
    for (command, changes) in [
        ("SET k 5", true),
        ("SET k 5 NX", false),
        ("SETNX k 5", false),
        ("GET k", false),
        ("GETEX k", false),
        ("GETEX k PERSIST", false),
        ("GETEX k EX 100", true),
        ("GETEX k PERSIST", true),
        ("MSETNX k 5 l 6", false),
        ("MSET l 6 k 5", true),
        ("GETSET k 5", true),
        ("APPEND k 0", true),
        ("SETRANGE k 1 7", true),
        ("SETRANGE k 1 x", true),
        ("INCR k", false),
        ("SET k 1", true),
        ("INCR k", true),
        ("INCRBYFLOAT k 0", true),
        ("INCRBYFLOAT k x", false),
        ("GETDEL k", true),
        ("GETDEL k", false),
    ] {
        watcher.expect(&[("WATCH k", "+OK\r\n"), ("MULTI", "+OK\r\n")]);
        other.say(command);
        assert_eq!(watcher.say("EXEC"), if changes { "*-1\r\n" } else { "*0\r\n" }, "{command}");
    }
}
