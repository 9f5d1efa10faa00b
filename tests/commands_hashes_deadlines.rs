//! Deadlines of fields, and the commands on hashes of Redis 7.4 and 8.0. The reference server does not have them; replies,
//! errors and their order are those of its documentation and of its later versions.

#[path = "common/session.rs"]
mod session;

use redisrs::resp::Protocol;
use session::Store;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

#[test]
fn fields_have_deadlines() {
    Store::new().client().expect(&[
        ("HSET h a 1 b 2 c 3", ":3\r\n"),
        ("HEXPIRE h 10 FIELDS 3 a none c", "*3\r\n:1\r\n:-2\r\n:1\r\n"),
        ("HTTL h FIELDS 4 a b c none", "*4\r\n:10\r\n:-1\r\n:10\r\n:-2\r\n"),
        ("HPTTL h FIELDS 1 a", "*1\r\n:10000\r\n"),
        ("HEXPIRETIME h FIELDS 1 a", "*1\r\n:1700000010\r\n"),
        ("HPEXPIRETIME h FIELDS 2 a b", "*2\r\n:1700000010000\r\n:-1\r\n"),
        ("HPEXPIRE h 1500 FIELDS 1 a", "*1\r\n:1\r\n"),
        ("HTTL h FIELDS 1 a", "*1\r\n:2\r\n"),
        ("HEXPIRETIME h FIELDS 1 a", "*1\r\n:1700000002\r\n"),
        ("HEXPIREAT h 1700000100 FIELDS 1 b", "*1\r\n:1\r\n"),
        ("HPEXPIREAT h 1700000200001 FIELDS 1 c", "*1\r\n:1\r\n"),
        ("HPTTL h FIELDS 3 a b c", "*3\r\n:1500\r\n:100000\r\n:200001\r\n"),
        ("HPERSIST h FIELDS 3 a none a", "*3\r\n:1\r\n:-2\r\n:-1\r\n"),
        ("HTTL h FIELDS 1 a", "*1\r\n:-1\r\n"),
        ("TTL h", ":-1\r\n"),
        // No such key is as good as no such field.
        ("HEXPIRE none 10 FIELDS 2 a b", "*2\r\n:-2\r\n:-2\r\n"),
        ("HTTL none FIELDS 1 a", "*1\r\n:-2\r\n"),
        ("HPEXPIRETIME none FIELDS 2 a b", "*2\r\n:-2\r\n:-2\r\n"),
        ("HPERSIST none FIELDS 1 a", "*1\r\n:-2\r\n"),
        ("EXISTS none", ":0\r\n"),
    ]);
}

#[test]
fn a_past_deadline_removes_the_field() {
    Store::new().client().expect(&[
        ("HSET h a 1 b 2 c 3 d 4", ":4\r\n"),
        ("HEXPIRE h 0 FIELDS 2 a a", "*2\r\n:2\r\n:-2\r\n"),
        ("HPEXPIREAT h 1700000000000 FIELDS 1 b", "*1\r\n:2\r\n"),
        ("HKEYS h", "*2\r\n$1\r\nc\r\n$1\r\nd\r\n"),
        ("HEXPIREAT h 1 XX FIELDS 1 c", "*1\r\n:0\r\n"),
        ("HEXPIREAT h 1 FIELDS 2 c d", "*2\r\n:2\r\n:2\r\n"),
        ("EXISTS h", ":0\r\n"),
    ]);
}

#[test]
fn conditions_compare_with_the_present_deadline() {
    Store::new().client().expect(&[
        ("HSET h a 1 b 2", ":2\r\n"),
        ("HEXPIRE h 10 XX FIELDS 1 a", "*1\r\n:0\r\n"),
        ("HEXPIRE h 10 GT FIELDS 1 a", "*1\r\n:0\r\n"),
        ("HEXPIRE h 10 NX FIELDS 1 a", "*1\r\n:1\r\n"),
        ("HEXPIRE h 10 LT FIELDS 1 b", "*1\r\n:1\r\n"),
        ("HEXPIRE h 20 NX FIELDS 1 a", "*1\r\n:0\r\n"),
        ("HEXPIRE h 10 gt FIELDS 1 a", "*1\r\n:0\r\n"),
        ("HEXPIRE h 10 lt FIELDS 1 a", "*1\r\n:0\r\n"),
        ("HEXPIRE h 20 gt fields 1 a", "*1\r\n:1\r\n"),
        ("HEXPIRE h 15 lt fields 1 a", "*1\r\n:1\r\n"),
        ("HEXPIRE h 30 xx fields 2 a none", "*2\r\n:1\r\n:-2\r\n"),
        ("HTTL h FIELDS 2 a b", "*2\r\n:30\r\n:10\r\n"),
    ]);
}

#[test]
fn mistakes_are_found_in_the_order_of_redis() {
    let misplaced = "-ERR Mandatory argument FIELDS is missing or not at the right position\r\n";
    let miscounted = "-ERR The `numfields` parameter must match the number of arguments\r\n";
    let wrong_type = "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";
    let not_integer = "-ERR value is not an integer or out of range\r\n";
    Store::new().client().expect(&[
        ("SET s x", "+OK\r\n"),
        ("HSET h a 1", ":1\r\n"),
        ("HEXPIRE s x FOO BAR a", wrong_type),
        ("HTTL s FOO x a", wrong_type),
        ("HPERSIST s FOO x a", wrong_type),
        ("HGETDEL s FOO x a", wrong_type),
        ("HGETEX s EX x FOO 1 a", wrong_type),
        ("HSETEX s FIELDS 1 a 1", wrong_type),
        ("HSETEX s EX x FIELDS 1 a 1", not_integer),
        ("HEXPIRE h x FOO BAR a", not_integer),
        ("HEXPIRE none x FIELDS 1 a", not_integer),
        ("HEXPIRE h -1 FOO BAR a", "-ERR invalid expire time, must be >= 0\r\n"),
        ("HEXPIRE h 70368744178 FIELDS 1 a", "-ERR invalid expire time in 'hexpire' command\r\n"),
        ("HPEXPIREAT h 70368744177664 FIELDS 1 a", "-ERR invalid expire time in 'hpexpireat' command\r\n"),
        ("HPEXPIREAT h 70368744177663 FIELDS 1 a", "*1\r\n:1\r\n"),
        ("HEXPIRE h 9223372036854775807 FIELDS 1 a", "-ERR invalid expire time in 'hexpire' command\r\n"),
        ("HEXPIRE h 10 FOO 1 a", misplaced),
        ("HEXPIRE h 10 NX XX FIELDS 1 a", misplaced),
        ("HEXPIRE h 10 FIELDS 0 a", "-ERR Parameter `numFields` should be greater than 0\r\n"),
        ("HEXPIRE h 10 FIELDS x a", "-ERR Parameter `numFields` should be greater than 0\r\n"),
        ("HEXPIRE h 10 FIELDS 2 a", miscounted),
        ("HEXPIRE h 10 FIELDS 1 a b", miscounted),
        ("HEXPIRE h 10 NX FIELDS 1", miscounted),
        ("HEXPIRE h 10 FIELDS 1", "-ERR wrong number of arguments for 'hexpire' command\r\n"),
        ("HTTL h FOO 1 a", misplaced),
        ("HTTL h FIELDS 0 a", "-ERR Number of fields must be a positive integer\r\n"),
        ("HTTL h FIELDS -1 a", "-ERR Number of fields must be a positive integer\r\n"),
        ("HPERSIST h FIELDS x a", "-ERR Number of fields must be a positive integer\r\n"),
        ("HPTTL h FIELDS 2 a", miscounted),
        ("HEXPIRETIME none FIELDS 2 a", miscounted),
        ("HGETDEL none FOO 1 a", misplaced),
        ("HGETDEL h FIELDS 0 a", "-ERR Number of fields must be a positive integer\r\n"),
        ("HGETDEL h FIELDS 2 a", miscounted),
        ("HGETEX h EX 10 FOO 1 a", misplaced),
        ("HGETEX h EX x FIELDS 1 a", not_integer),
        ("HGETEX h PX -1 FIELDS 1 a", "-ERR invalid expire time, must be >= 0\r\n"),
        ("HGETEX h EX 70368744178 FIELDS 1 a", "-ERR invalid expire time in 'hgetex' command\r\n"),
        ("HGETEX h KEEPTTL FIELDS 1 a", misplaced),
        ("HGETEX h PERSIST FIELDS 0 a", "-ERR Number of fields must be a positive integer\r\n"),
        ("HGETEX h FIELDS 2 a", miscounted),
        ("HGETEX h EX 10 FIELDS", "-ERR Number of fields must be a positive integer\r\n"),
    ]);
}

#[test]
fn hgetdel_takes_fields_out() {
    let mut client = Store::new().client();
    client.expect(&[
        ("HSET h a 1 b two c 3", ":3\r\n"),
        ("HGETDEL h FIELDS 3 a none a", "*3\r\n$1\r\n1\r\n$-1\r\n$-1\r\n"),
        ("HGETALL h", "*4\r\n$1\r\nb\r\n$3\r\ntwo\r\n$1\r\nc\r\n$1\r\n3\r\n"),
        ("HGETDEL none FIELDS 2 a b", "*2\r\n$-1\r\n$-1\r\n"),
        ("HGETDEL h fields 3 b c d", "*3\r\n$3\r\ntwo\r\n$1\r\n3\r\n$-1\r\n"),
        ("EXISTS h", ":0\r\n"),
    ]);
    client.session.set_protocol(Protocol::Resp3);
    client.expect(&[("HGETDEL none FIELDS 1 a", "*1\r\n_\r\n")]);
}

#[test]
fn hgetex_reads_and_sets_deadlines() {
    Store::new().client().expect(&[
        ("HSET h a 1 b two", ":2\r\n"),
        ("HGETEX h FIELDS 2 a none", "*2\r\n$1\r\n1\r\n$-1\r\n"),
        ("HTTL h FIELDS 1 a", "*1\r\n:-1\r\n"),
        ("HGETEX h EX 10 FIELDS 2 a none", "*2\r\n$1\r\n1\r\n$-1\r\n"),
        ("HGETEX h PXAT 1700000005000 FIELDS 1 b", "*1\r\n$3\r\ntwo\r\n"),
        ("HPTTL h FIELDS 2 a b", "*2\r\n:10000\r\n:5000\r\n"),
        ("HGETEX h persist fields 1 a", "*1\r\n$1\r\n1\r\n"),
        ("HTTL h FIELDS 2 a b", "*2\r\n:-1\r\n:5\r\n"),
        ("HGETEX h EXAT 1 FIELDS 2 a a", "*2\r\n$1\r\n1\r\n$-1\r\n"),
        ("HGETEX h PX 0 FIELDS 1 b", "*1\r\n$3\r\ntwo\r\n"),
        ("EXISTS h", ":0\r\n"),
        ("HGETEX h EX 10 FIELDS 1 b", "*1\r\n$-1\r\n"),
    ]);
}

#[test]
fn hsetex_sets_values_and_deadlines() {
    Store::new().client().expect(&[
        ("HSETEX h EX 10 FIELDS 2 a 1 b 2", ":1\r\n"),
        ("HTTL h FIELDS 2 a b", "*2\r\n:10\r\n:10\r\n"),
        ("HSETEX h KEEPTTL FIELDS 2 a 3 c 4", ":1\r\n"),
        ("HTTL h FIELDS 2 a c", "*2\r\n:10\r\n:-1\r\n"),
        ("HSETEX h FIELDS 1 a 5", ":1\r\n"),
        ("HTTL h FIELDS 1 a", "*1\r\n:-1\r\n"),
        ("HSETEX h FNX FIELDS 2 a 6 d 6", ":0\r\n"),
        ("HSETEX h FXX FIELDS 2 a 6 d 6", ":0\r\n"),
        ("HSETEX h fxx px 500 fields 2 a 7 b 7", ":1\r\n"),
        ("HSETEX h EXAT 1700000020 FNX FIELDS 1 d 8", ":1\r\n"),
        ("HMGET h a b c d", "*4\r\n$1\r\n7\r\n$1\r\n7\r\n$1\r\n4\r\n$1\r\n8\r\n"),
        ("HPTTL h FIELDS 4 a b c d", "*4\r\n:500\r\n:500\r\n:-1\r\n:20000\r\n"),
        // What is set with a past deadline is gone.
        ("HSETEX h PXAT 1 FIELDS 2 c 9 d 9", ":1\r\n"),
        ("HMGET h c d", "*2\r\n$-1\r\n$-1\r\n"),
        ("HSETEX none PXAT 1 FIELDS 1 a 1", ":1\r\n"),
        ("HSETEX none FXX FIELDS 1 a 1", ":0\r\n"),
        ("EXISTS none", ":0\r\n"),
        ("HSETEX new FNX FIELDS 1 a 1", ":1\r\n"),
        (
            "HSETEX h EX 10 KEEPTTL FIELDS 1 a 1",
            "-ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified\r\n",
        ),
        (
            "HSETEX h KEEPTTL KEEPTTL FIELDS 1 a 1",
            "-ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified\r\n",
        ),
        (
            "HSETEX h EX 10 EX 10 FIELDS 1 a 1",
            "-ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified\r\n",
        ),
        ("HSETEX h FXX FNX FIELDS 1 a 1", "-ERR Only one of FXX or FNX arguments can be specified\r\n"),
        ("HSETEX h FXX FNX KEEPTTL EX", "-ERR Only one of FXX or FNX arguments can be specified\r\n"),
        ("HSETEX h FXX FOO FIELDS 1 a 1", "-ERR unknown argument: FOO\r\n"),
        ("HSETEX h FXX EX 10 PERSIST", "-ERR unknown argument: PERSIST\r\n"),
        ("HSETEX h FXX EX -1 FIELDS 1 a 1", "-ERR invalid expire time, must be >= 0\r\n"),
        ("HSETEX h EX 70368744178 FIELDS 1 a 1", "-ERR invalid expire time in 'hsetex' command\r\n"),
        ("HSETEX h FXX EX 10 FIELDS 1", "-ERR wrong number of arguments for 'hsetex' command\r\n"),
        ("HSETEX h FIELDS 1 a 1 b", "-ERR wrong number of arguments for 'hsetex' command\r\n"),
        ("HSETEX h FIELDS 2 a 1", "-ERR wrong number of arguments for 'hsetex' command\r\n"),
        ("HSETEX h FIELDS 1 a 1 b 2", "-ERR wrong number of arguments for 'hsetex' command\r\n"),
        ("HSETEX h FIELDS 0 a 1", "-ERR invalid number of fields\r\n"),
        ("HSETEX h FIELDS x a 1", "-ERR invalid number of fields\r\n"),
        ("HSETEX h FIELDS 2147483648 a 1", "-ERR invalid number of fields\r\n"),
    ]);
}

#[test]
fn hscan_may_leave_out_the_values() {
    Store::new().client().expect(&[
        ("HSET h a 1 b 2 ab 3", ":3\r\n"),
        ("HSCAN h 0 NOVALUES", "*2\r\n$1\r\n0\r\n*3\r\n$1\r\na\r\n$1\r\nb\r\n$2\r\nab\r\n"),
        ("HSCAN h 0 MATCH a* novalues COUNT 5", "*2\r\n$1\r\n0\r\n*2\r\n$1\r\na\r\n$2\r\nab\r\n"),
        ("HSCAN h 0 NOVALUES FOO", "-ERR syntax error\r\n"),
        ("SCAN 0 NOVALUES", "-ERR syntax error\r\n"),
    ]);
}

#[test]
fn the_value_and_the_deadline_of_a_field_go_together() {
    Store::new().client().expect(&[
        ("HSETEX h EX 10 FIELDS 5 a 1 b 2 c 3 d 4 e x", ":1\r\n"),
        ("OBJECT ENCODING h", "$10\r\nlistpackex\r\n"),
        // Setting drops it, counting keeps it.
        ("HSET h a 5", ":0\r\n"),
        ("HMSET h b 5", "+OK\r\n"),
        ("HINCRBY h c 1", ":4\r\n"),
        ("HINCRBYFLOAT h d 0.5", "$3\r\n4.5\r\n"),
        ("HSETNX h e y", ":0\r\n"),
        ("HTTL h FIELDS 5 a b c d e", "*5\r\n:-1\r\n:-1\r\n:10\r\n:10\r\n:10\r\n"),
        ("HDEL h c", ":1\r\n"),
        ("HSET h c 1", ":1\r\n"),
        ("HTTL h FIELDS 1 c", "*1\r\n:-1\r\n"),
        ("HPERSIST h FIELDS 2 d e", "*2\r\n:1\r\n:1\r\n"),
        ("OBJECT ENCODING h", "$10\r\nlistpackex\r\n"),
        // They survive the way to a large hash.
        ("HEXPIRE h 20 FIELDS 1 a", "*1\r\n:1\r\n"),
        (&format!("HSET h long {}", "x".repeat(65)), ":1\r\n"),
        ("OBJECT ENCODING h", "$9\r\nhashtable\r\n"),
        ("HTTL h FIELDS 2 a b", "*2\r\n:20\r\n:-1\r\n"),
        ("HGETALL none", "*0\r\n"),
    ]);
}

/// Two hashes of the same fields, one flat and one large.
fn flat_and_large(client: &mut session::Client) {
    client.expect(&[
        ("HSET flat a 1 b 2 c 3", ":3\r\n"),
        ("CONFIG SET hash-max-listpack-entries 0", "+OK\r\n"),
        ("HSET large a 1 b 2 c 3", ":3\r\n"),
        ("OBJECT ENCODING large", "$9\r\nhashtable\r\n"),
        ("CONFIG SET hash-max-listpack-entries 512", "+OK\r\n"),
    ]);
}

#[test]
fn an_expired_field_is_never_seen() {
    let store = Store::new();
    let mut client = store.client();
    flat_and_large(&mut client);
    for key in ["flat", "large"] {
        let mut expect =
            |command: &str, reply: &str| assert_eq!(client.say(&command.replace("KEY", key)), reply, "{key}");
        expect("HPEXPIRE KEY 100 FIELDS 1 a", "*1\r\n:1\r\n");
        expect("HPEXPIRE KEY 200 FIELDS 1 b", "*1\r\n:1\r\n");
        store.pass_ms(99);
        expect("HLEN KEY", ":3\r\n");
        expect("HPTTL KEY FIELDS 1 a", "*1\r\n:1\r\n");
        store.pass_ms(1);
        expect("HLEN KEY", ":2\r\n");
        expect("HGET KEY a", "$-1\r\n");
        expect("HEXISTS KEY a", ":0\r\n");
        expect("HSTRLEN KEY a", ":0\r\n");
        expect("HMGET KEY a c", "*2\r\n$-1\r\n$1\r\n3\r\n");
        expect("HTTL KEY FIELDS 1 a", "*1\r\n:-2\r\n");
        expect("HDEL KEY a", ":0\r\n");
        expect("HINCRBY KEY a 5", ":5\r\n");
        expect("HTTL KEY FIELDS 1 a", "*1\r\n:-1\r\n");
        expect("HPEXPIRE KEY 1 FIELDS 1 c", "*1\r\n:1\r\n");
        store.pass_ms(1);
        expect("HSETNX KEY c 7", ":1\r\n");
        expect("HGET KEY c", "$1\r\n7\r\n");
        expect("HDEL KEY c", ":1\r\n");
        expect("HPEXPIRE KEY 50 FIELDS 1 a", "*1\r\n:1\r\n");
        store.pass_ms(99);
        expect("EXISTS KEY", ":0\r\n");
        expect("TYPE KEY", "+none\r\n");
        expect("HGETALL KEY", "*0\r\n");
    }
    client.expect(&[("DBSIZE", ":0\r\n")]);
}

#[test]
fn deadlines_follow_a_hash_wherever_it_goes() {
    let store = Store::new();
    let mut client = store.client();
    for kind in ["flat", "large"] {
        client.say("FLUSHALL");
        flat_and_large(&mut client);
        for field in ["a", "b", "c"] {
            client.say(&format!("HPEXPIRE {kind} 100 FIELDS 1 {field}"));
        }
        client.say(&format!("COPY {kind} copied"));
        client.say(&format!("COPY {kind} elsewhere DB 1"));
        client.say(&format!("RENAME {kind} renamed"));
        client.expect(&[
            ("HPTTL copied FIELDS 2 a c", "*2\r\n:100\r\n:100\r\n"),
            ("HPTTL renamed FIELDS 1 b", "*1\r\n:100\r\n"),
            ("MOVE copied 2", ":1\r\n"),
            ("SWAPDB 2 3", "+OK\r\n"),
            ("SET renamed-over x", "+OK\r\n"),
            ("COPY renamed gone", ":1\r\n"),
            ("SET gone x", "+OK\r\n"),
            ("COPY renamed deleted", ":1\r\n"),
            ("DEL deleted", ":1\r\n"),
        ]);
        store.pass_ms(100);
        client.expect(&[
            ("EXISTS renamed copied gone renamed-over", ":2\r\n"),
            ("KEYS elsewhere", "*0\r\n"),
            ("SELECT 1", "+OK\r\n"),
            ("KEYS *", "*0\r\n"),
            ("KEYS elsewhere", "*0\r\n"),
            ("RANDOMKEY", "$-1\r\n"),
            ("SELECT 3", "+OK\r\n"),
            ("SCAN 0", "*2\r\n$1\r\n0\r\n*0\r\n"),
            ("EXISTS copied", ":0\r\n"),
            ("SELECT 0", "+OK\r\n"),
        ]);
    }
}

#[test]
fn an_expired_field_is_a_change_to_those_who_watch() {
    let store = Store::new();
    let mut client = store.client();
    client.expect(&[
        ("HSET h a 1 b 2", ":2\r\n"),
        ("HPEXPIRE h 100 FIELDS 1 a", "*1\r\n:1\r\n"),
        ("WATCH h", "+OK\r\n"),
        ("MULTI", "+OK\r\n"),
        ("HLEN h", "+QUEUED\r\n"),
    ]);
    store.pass_ms(100);
    client.expect(&[("EXEC", "*-1\r\n"), ("WATCH h", "+OK\r\n"), ("MULTI", "+OK\r\n"), ("HLEN h", "+QUEUED\r\n")]);
    store.pass_ms(100);
    client.expect(&[("EXEC", "*1\r\n:1\r\n")]);
}

/// So many that no single access removes them all.
#[test]
fn many_fields_that_expire_at_once_are_gone_at_once() {
    let store = Store::new();
    let mut client = store.client();
    let count = 3000;
    for number in 0..count {
        client.say(&format!("HSET h f{number} {number}"));
        client.say(&format!("HPEXPIRE h {} FIELDS 1 f{number}", if number % 3 == 0 { 200 } else { 100 }));
    }
    client.say("HSET h stays 1");
    store.pass_ms(100);
    client.expect(&[
        ("HGET h f1", "$-1\r\n"),
        ("HLEN h", ":1001\r\n"),
        ("HSET h f2 new", ":1\r\n"),
        ("HTTL h FIELDS 2 f2 f4", "*2\r\n:-1\r\n:-2\r\n"),
        ("HDEL h f2 f4 stays", ":2\r\n"),
        ("HLEN h", ":1000\r\n"),
    ]);
    assert_eq!(client.say("HGETALL h").matches('$').count(), 2000);
    assert_eq!(client.say("HRANDFIELD h 5000").matches('$').count(), 1000);
    assert_eq!(client.say("HRANDFIELD h -100 WITHVALUES").matches("\r\nf").count(), 100);
    store.pass_ms(100);
    client.expect(&[("EXISTS h", ":0\r\n"), ("DBSIZE", ":0\r\n")]);
}

#[test]
fn fields_expire_without_being_looked_at() {
    let store = Store::new();
    let mut client = store.client();
    flat_and_large(&mut client);
    client.say("HSET mixed a 1 b 2");
    for key in ["flat", "large"] {
        client.say(&format!("HPEXPIRE {key} 100 FIELDS 3 a b c"));
    }
    client.say("HPEXPIRE mixed 100 FIELDS 1 a");
    for number in 0..1000 {
        client.say(&format!("HSETEX big PX 100 FIELDS 1 f{number} 1"));
    }
    client.expect(&[("DBSIZE", ":4\r\n")]);
    let before = store.engine.used_memory();
    store.engine.settings.hot().active_expire.store(true, Relaxed);
    store.pass_ms(100);
    let started = Instant::now();
    while client.say("DBSIZE") != ":1\r\n" {
        assert!(started.elapsed() < Duration::from_secs(10), "{}", client.say("KEYS *"));
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(store.engine.used_memory() < before / 4);
    client.expect(&[("HGETALL mixed", "*2\r\n$1\r\nb\r\n$1\r\n2\r\n")]);
}

#[test]
fn changes_of_deadlines_are_counted() {
    let store = Store::new();
    let mut client = store.client();
    client.say("HSET h a 1 b 2 c 3 d 4");
    for (command, changes) in [
        ("HEXPIRE h 10 FIELDS 3 a b none", 2),
        ("HEXPIRE h 10 NX FIELDS 1 a", 0),
        ("HEXPIRE h 0 FIELDS 1 d", 1),
        ("HPERSIST h FIELDS 2 a b", 1),
        ("HPERSIST h FIELDS 1 a", 0),
        ("HGETEX h FIELDS 1 a", 0),
        ("HGETEX h EX 10 FIELDS 2 a b", 2),
        ("HGETEX h PERSIST FIELDS 3 a b c", 2),
        ("HSETEX h FXX FIELDS 1 none 1", 0),
        ("HSETEX h EX 10 FIELDS 2 x 1 y 2", 2),
        ("HGETDEL h FIELDS 3 x y none", 2),
        ("HTTL h FIELDS 1 a", 0),
    ] {
        let before = store.engine.stats.changes();
        let mut watcher = store.client();
        watcher.say("WATCH h");
        client.say(command);
        assert_eq!(store.engine.stats.changes() - before, changes, "{command}");
        watcher.say("MULTI");
        assert_eq!(watcher.say("EXEC") == "*-1\r\n", changes > 0, "{command}");
    }
}
