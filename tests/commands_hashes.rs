//! Hashes: every reply below is what redis-server 7.0.15 answers to the same words.

#[path = "common/session.rs"]
mod session;

use redisrs::resp::Protocol;
use session::Store;

#[test]
fn fields_are_set_and_read() {
    Store::new().client().expect(&[
        ("HSET h a 1 b two a 3", ":2\r\n"),
        ("HGET h a", "$1\r\n3\r\n"),
        ("HGET h b", "$3\r\ntwo\r\n"),
        ("HGET h none", "$-1\r\n"),
        ("HGET none a", "$-1\r\n"),
        ("HSET h b 2", ":0\r\n"),
        ("HSET h b 2 c 3", ":1\r\n"),
        ("HMSET h d 4 e 5", "+OK\r\n"),
        ("HLEN h", ":5\r\n"),
        ("HLEN none", ":0\r\n"),
        ("HMGET h a none e a", "*4\r\n$1\r\n3\r\n$-1\r\n$1\r\n5\r\n$1\r\n3\r\n"),
        ("HMGET none a b", "*2\r\n$-1\r\n$-1\r\n"),
        ("HSETNX h a 9", ":0\r\n"),
        ("HSETNX h f 6", ":1\r\n"),
        ("HSETNX new f 6", ":1\r\n"),
        ("HEXISTS h f", ":1\r\n"),
        ("HEXISTS h g", ":0\r\n"),
        ("HEXISTS none g", ":0\r\n"),
        ("HSTRLEN h a", ":1\r\n"),
        ("HSTRLEN h none", ":0\r\n"),
        ("HSET h text hello neg -12345", ":2\r\n"),
        ("HSTRLEN h text", ":5\r\n"),
        ("HSTRLEN h neg", ":6\r\n"),
        ("HGET h neg", "$6\r\n-12345\r\n"),
        ("HSET h zero 007 plus +1 big 9223372036854775808", ":3\r\n"),
        ("HMGET h zero plus big", "*3\r\n$3\r\n007\r\n$2\r\n+1\r\n$19\r\n9223372036854775808\r\n"),
        ("HSET 1 1 1", ":1\r\n"),
        ("HGET 1 1", "$1\r\n1\r\n"),
        ("HSTRLEN 1 1", ":1\r\n"),
    ]);
}

#[test]
fn the_last_field_takes_the_key_with_it() {
    Store::new().client().expect(&[
        ("HSET h a 1 b 2 c 3", ":3\r\n"),
        ("HDEL h a a none", ":1\r\n"),
        ("HDEL none a", ":0\r\n"),
        ("HDEL h b c", ":2\r\n"),
        ("EXISTS h", ":0\r\n"),
        ("HSET h a 1", ":1\r\n"),
        ("HDEL h a b", ":1\r\n"),
        ("TYPE h", "+none\r\n"),
        ("HLEN h", ":0\r\n"),
    ]);
}

#[test]
fn all_fields_come_in_the_order_of_their_insertion() {
    let mut client = Store::new().client();
    client.expect(&[
        ("HSET h b 1 a 2 c 3", ":3\r\n"),
        ("HSET h b 9", ":0\r\n"),
        ("HDEL h a", ":1\r\n"),
        ("HSET h a 5", ":1\r\n"),
        ("HGETALL h", "*6\r\n$1\r\nb\r\n$1\r\n9\r\n$1\r\nc\r\n$1\r\n3\r\n$1\r\na\r\n$1\r\n5\r\n"),
        ("HKEYS h", "*3\r\n$1\r\nb\r\n$1\r\nc\r\n$1\r\na\r\n"),
        ("HVALS h", "*3\r\n$1\r\n9\r\n$1\r\n3\r\n$1\r\n5\r\n"),
        ("HGETALL none", "*0\r\n"),
        ("HKEYS none", "*0\r\n"),
        ("HVALS none", "*0\r\n"),
    ]);
    client.session.set_protocol(Protocol::Resp3);
    client.expect(&[
        ("HGETALL h", "%3\r\n$1\r\nb\r\n$1\r\n9\r\n$1\r\nc\r\n$1\r\n3\r\n$1\r\na\r\n$1\r\n5\r\n"),
        ("HKEYS h", "*3\r\n$1\r\nb\r\n$1\r\nc\r\n$1\r\na\r\n"),
        ("HGETALL none", "%0\r\n"),
        ("HGET h none", "_\r\n"),
        ("HMGET h b none", "*2\r\n$1\r\n9\r\n_\r\n"),
    ]);
}

#[test]
fn wrong_use_is_told_as_by_redis() {
    Store::new().client().expect(&[
        ("SET s x", "+OK\r\n"),
        ("HSET s a 1", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"),
        ("HSET s a", "-ERR wrong number of arguments for 'hset' command\r\n"),
        ("HSET s a 1 b", "-ERR wrong number of arguments for 'hset' command\r\n"),
        ("HSET h a", "-ERR wrong number of arguments for 'hset' command\r\n"),
        ("HSET h a 1 b", "-ERR wrong number of arguments for 'hset' command\r\n"),
        ("HMSET h a 1 b", "-ERR wrong number of arguments for 'hmset' command\r\n"),
        ("HMSET s a 1", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"),
        ("HSETNX s a 1", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"),
        ("HGET s a", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"),
        ("HMGET s a", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"),
        ("HGETALL s", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"),
        ("HKEYS s", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"),
        ("HVALS s", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"),
        ("HLEN s", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"),
        ("HSTRLEN s a", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"),
        ("HEXISTS s a", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"),
        ("HDEL s a", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"),
        ("HINCRBY s a 1", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"),
        ("HINCRBY s a x", "-ERR value is not an integer or out of range\r\n"),
        ("HINCRBYFLOAT s a 1", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"),
        ("HINCRBYFLOAT s a x", "-ERR value is not a valid float\r\n"),
        ("HRANDFIELD s", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"),
        ("HRANDFIELD s 1", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"),
        ("HRANDFIELD s x", "-ERR value is not an integer or out of range\r\n"),
        ("HSCAN s 0", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"),
        ("HSCAN s x", "-ERR invalid cursor\r\n"),
        ("HGET h", "-ERR wrong number of arguments for 'hget' command\r\n"),
        ("GET none", "$-1\r\n"),
        ("HSET h a 1", ":1\r\n"),
        ("GET h", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"),
        ("APPEND h x", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"),
    ]);
}

#[test]
fn counters_count_within_64_bits() {
    Store::new().client().expect(&[
        ("HINCRBY h n 5", ":5\r\n"),
        ("HINCRBY h n -7", ":-2\r\n"),
        ("HGET h n", "$2\r\n-2\r\n"),
        ("HINCRBY h n 9223372036854775807", ":9223372036854775805\r\n"),
        ("HINCRBY h n 9223372036854775807", "-ERR increment or decrement would overflow\r\n"),
        ("HSET h text abc empty 01", ":2\r\n"),
        ("HINCRBY h text 1", "-ERR hash value is not an integer\r\n"),
        ("HINCRBY h empty 1", "-ERR hash value is not an integer\r\n"),
        ("HINCRBY h n x", "-ERR value is not an integer or out of range\r\n"),
        ("HINCRBY h n 1.5", "-ERR value is not an integer or out of range\r\n"),
        ("HINCRBY h n 9223372036854775808", "-ERR value is not an integer or out of range\r\n"),
        ("HINCRBY h min -9223372036854775808", ":-9223372036854775808\r\n"),
        ("HINCRBY h min -1", "-ERR increment or decrement would overflow\r\n"),
        ("HGET h min", "$20\r\n-9223372036854775808\r\n"),
        ("HSTRLEN h min", ":20\r\n"),
    ]);
}

#[test]
fn floats_are_long_doubles() {
    Store::new().client().expect(&[
        ("HINCRBYFLOAT h f 0.1", "$3\r\n0.1\r\n"),
        ("HINCRBYFLOAT h f 0.2", "$3\r\n0.3\r\n"),
        ("HINCRBYFLOAT h f -0.3", "$1\r\n0\r\n"),
        ("HSET h f 5.0e3", ":0\r\n"),
        ("HINCRBYFLOAT h f 2.0e2", "$4\r\n5200\r\n"),
        ("HINCRBYFLOAT h f 1.000000000000000005", "$4\r\n5201\r\n"),
        ("HSET h text abc", ":1\r\n"),
        ("HINCRBYFLOAT h text 1", "-ERR hash value is not a float\r\n"),
        ("HINCRBYFLOAT h text x", "-ERR value is not a valid float\r\n"),
        ("HINCRBYFLOAT h text inf", "-ERR value is NaN or Infinity\r\n"),
        ("HINCRBYFLOAT h f inf", "-ERR value is NaN or Infinity\r\n"),
        ("HINCRBYFLOAT h f -inf", "-ERR value is NaN or Infinity\r\n"),
        ("HINCRBYFLOAT h f nan", "-ERR value is not a valid float\r\n"),
        ("HINCRBYFLOAT h f abc", "-ERR value is not a valid float\r\n"),
        ("HINCRBYFLOAT none f inf", "-ERR value is NaN or Infinity\r\n"),
        ("EXISTS none", ":0\r\n"),
        ("HSET h f 10", ":0\r\n"),
        ("HINCRBYFLOAT h f 1", "$2\r\n11\r\n"),
        ("HINCRBY h f 1", ":12\r\n"),
        ("HINCRBY h g 3", ":3\r\n"),
        ("HINCRBYFLOAT h g 1.5", "$3\r\n4.5\r\n"),
        ("HINCRBY h g 1", "-ERR hash value is not an integer\r\n"),
    ]);
}

#[test]
fn random_fields_obey_their_count() {
    let mut client = Store::new().client();
    client.expect(&[
        ("HSET h a 1", ":1\r\n"),
        ("HRANDFIELD h", "$1\r\na\r\n"),
        ("HRANDFIELD h 5", "*1\r\n$1\r\na\r\n"),
        ("HRANDFIELD h -3", "*3\r\n$1\r\na\r\n$1\r\na\r\n$1\r\na\r\n"),
        ("HRANDFIELD h 0", "*0\r\n"),
        ("HRANDFIELD h -2 WITHVALUES", "*4\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\na\r\n$1\r\n1\r\n"),
        ("HRANDFIELD h 2 withvalues", "*2\r\n$1\r\na\r\n$1\r\n1\r\n"),
        ("HRANDFIELD none", "$-1\r\n"),
        ("HRANDFIELD none 3", "*0\r\n"),
        ("HRANDFIELD none -3 WITHVALUES", "*0\r\n"),
        ("HRANDFIELD h x", "-ERR value is not an integer or out of range\r\n"),
        ("HRANDFIELD h 1 foo", "-ERR syntax error\r\n"),
        ("HRANDFIELD h 1 withvalues x", "-ERR syntax error\r\n"),
        ("HRANDFIELD h x foo", "-ERR value is not an integer or out of range\r\n"),
        (
            "HRANDFIELD h -9223372036854775808",
            "-ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807\r\n",
        ),
        ("HRANDFIELD h 9223372036854775807", "*1\r\n$1\r\na\r\n"),
        ("HRANDFIELD h 4611686018427387904 withvalues", "-ERR value is out of range\r\n"),
        ("HRANDFIELD h -4611686018427387904 withvalues", "-ERR value is out of range\r\n"),
    ]);
    client.session.set_protocol(Protocol::Resp3);
    client.expect(&[
        ("HRANDFIELD h 5 WITHVALUES", "*1\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n"),
        ("HRANDFIELD h -2 WITHVALUES", "*2\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n"),
        ("HRANDFIELD none", "_\r\n"),
        ("HRANDFIELD none 3", "*0\r\n"),
    ]);
}

#[test]
fn a_small_hash_is_scanned_at_once() {
    Store::new().client().expect(&[
        ("HSET h a 1 b 2 12 3", ":3\r\n"),
        ("HSCAN h 0", "*2\r\n$1\r\n0\r\n*6\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n$1\r\n2\r\n$2\r\n12\r\n$1\r\n3\r\n"),
        ("HSCAN h 7", "*2\r\n$1\r\n0\r\n*6\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n$1\r\n2\r\n$2\r\n12\r\n$1\r\n3\r\n"),
        (
            "HSCAN h 0 COUNT 1",
            "*2\r\n$1\r\n0\r\n*6\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n$1\r\n2\r\n$2\r\n12\r\n$1\r\n3\r\n",
        ),
        ("HSCAN h 0 MATCH 1*", "*2\r\n$1\r\n0\r\n*2\r\n$2\r\n12\r\n$1\r\n3\r\n"),
        ("HSCAN h 0 MATCH x", "*2\r\n$1\r\n0\r\n*0\r\n"),
        ("HSCAN h 0 COUNT 0", "-ERR syntax error\r\n"),
        ("HSCAN h 0 COUNT x", "-ERR value is not an integer or out of range\r\n"),
        ("HSCAN h 0 COUNT", "-ERR syntax error\r\n"),
        ("HSCAN h 0 TYPE hash", "-ERR syntax error\r\n"),
        ("HSCAN h 0 FOO", "-ERR syntax error\r\n"),
        ("HSCAN h x", "-ERR invalid cursor\r\n"),
        ("HSCAN none 0", "*2\r\n$1\r\n0\r\n*0\r\n"),
        ("HSCAN none 0 FOO", "*2\r\n$1\r\n0\r\n*0\r\n"),
        ("HSCAN none 5", "*2\r\n$1\r\n0\r\n*0\r\n"),
    ]);
}

#[test]
fn encodings_change_as_in_redis() {
    Store::new().client().expect(&[
        ("HSET h a 1", ":1\r\n"),
        ("OBJECT ENCODING h", "$8\r\nlistpack\r\n"),
        ("HSET h a xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", ":0\r\n"),
        ("OBJECT ENCODING h", "$8\r\nlistpack\r\n"),
        ("HSETNX h a xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", ":0\r\n"),
        ("OBJECT ENCODING h", "$8\r\nlistpack\r\n"),
        ("HSET h a xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", ":0\r\n"),
        ("OBJECT ENCODING h", "$9\r\nhashtable\r\n"),
        ("HSET h a 1", ":0\r\n"),
        ("OBJECT ENCODING h", "$9\r\nhashtable\r\n"),
        ("HSET i xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx 1", ":1\r\n"),
        ("OBJECT ENCODING i", "$9\r\nhashtable\r\n"),
        ("HSETNX j a xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", ":1\r\n"),
        ("OBJECT ENCODING j", "$9\r\nhashtable\r\n"),
        ("CONFIG SET hash-max-listpack-entries 2 hash-max-ziplist-value 3", "+OK\r\n"),
        (
            "CONFIG GET hash-max-listpack-*",
            "*4\r\n$25\r\nhash-max-listpack-entries\r\n$1\r\n2\r\n$23\r\nhash-max-listpack-value\r\n$1\r\n3\r\n",
        ),
        ("HSET k a 1 b 2 a 3", ":2\r\n"),
        ("OBJECT ENCODING k", "$8\r\nlistpack\r\n"),
        ("HSETNX k a 1", ":0\r\n"),
        ("OBJECT ENCODING k", "$8\r\nlistpack\r\n"),
        ("HSETNX k c 1", ":1\r\n"),
        ("OBJECT ENCODING k", "$9\r\nhashtable\r\n"),
        ("HDEL k a b", ":2\r\n"),
        ("OBJECT ENCODING k", "$9\r\nhashtable\r\n"),
        ("HSET l a 999", ":1\r\n"),
        ("HINCRBY l a 1", ":1000\r\n"),
        ("OBJECT ENCODING l", "$9\r\nhashtable\r\n"),
        ("HSET m a 0.5", ":1\r\n"),
        ("HINCRBYFLOAT m a 0.25", "$4\r\n0.75\r\n"),
        ("OBJECT ENCODING m", "$9\r\nhashtable\r\n"),
        ("COPY m n", ":1\r\n"),
        ("OBJECT ENCODING n", "$9\r\nhashtable\r\n"),
        ("HGETALL n", "*2\r\n$1\r\na\r\n$4\r\n0.75\r\n"),
        ("CONFIG SET hash-max-listpack-entries 0", "+OK\r\n"),
        ("HSET o a 1", ":1\r\n"),
        ("OBJECT ENCODING o", "$9\r\nhashtable\r\n"),
    ]);
}

/// A large hash, where only the order is not Redis's.
#[test]
fn a_large_hash_answers_like_a_small_one() {
    let mut client = Store::new().client();
    let count = 2000;
    for number in 0..count {
        assert_eq!(client.say(&format!("HSET h f{number} {number}")), ":1\r\n");
    }
    client.expect(&[
        ("HLEN h", ":2000\r\n"),
        ("OBJECT ENCODING h", "$9\r\nhashtable\r\n"),
        ("HGET h f1999", "$4\r\n1999\r\n"),
        ("HMGET h f7 none", "*2\r\n$1\r\n7\r\n$-1\r\n"),
        ("HSET h f7 123456789012345 f2000 x", ":1\r\n"),
        ("HSTRLEN h f7", ":15\r\n"),
        ("HINCRBY h f7 1", ":123456789012346\r\n"),
        ("HINCRBYFLOAT h f8 0.5", "$3\r\n8.5\r\n"),
        ("HDEL h f7 f8 f2000 none", ":3\r\n"),
        ("HEXISTS h f8", ":0\r\n"),
        ("HLEN h", ":1998\r\n"),
        ("COPY h copy", ":1\r\n"),
        ("HLEN copy", ":1998\r\n"),
    ]);
    let elements = |reply: &str| reply.matches('$').count();
    assert_eq!(elements(&client.say("HGETALL h")), 2 * 1998);
    assert_eq!(elements(&client.say("HKEYS h")), 1998);
    assert_eq!(elements(&client.say("HRANDFIELD h 1990")), 1990);
    assert_eq!(elements(&client.say("HRANDFIELD h 20 WITHVALUES")), 40);
    assert_eq!(elements(&client.say("HRANDFIELD h -3000")), 3000);
    assert_eq!(elements(&client.say("HRANDFIELD h 100000")), 1998);
}

/// All fields of a large hash, each once, while others come and go; with the options of HSCAN.
#[test]
fn a_scan_of_a_large_hash_finds_what_stays() {
    let mut client = Store::new().client();
    for number in 0..1500 {
        client.say(&format!("HSET h stays{number} {number}"));
    }
    for options in ["", " COUNT 3", " MATCH stays*", " NOVALUES", " NOVALUES COUNT 100 MATCH *"] {
        let mut found = Vec::new();
        let mut cursor = "0".to_owned();
        let mut turn = 0;
        loop {
            let reply = client.say(&format!("HSCAN h {cursor}{options}"));
            let words: Vec<&str> = reply.split("\r\n").filter(|word| !word.starts_with(['*', '$'])).collect();
            found.extend(words[1..].iter().filter(|word| word.starts_with("stays")).map(|word| word.to_string()));
            cursor = words[0].to_owned();
            turn += 1;
            client.say(&format!("HSET h comes{turn} 1"));
            client.say(&format!("HDEL h comes{}", turn - 1));
            if cursor == "0" {
                break;
            }
        }
        found.sort();
        let scanned = found.len();
        found.dedup();
        assert_eq!((scanned, found.len()), (1500, 1500), "{options}");
    }
}

#[test]
fn changes_are_counted_and_watched_as_by_redis() {
    let store = Store::new();
    let mut client = store.client();
    let mut changes = |command: &str| {
        let count = |client: &mut session::Client| {
            let info = client.say("INFO persistence");
            let line =
                info.lines().find_map(|line| line.strip_prefix("rdb_changes_since_last_save:").map(str::to_owned));
            line.and_then(|count| count.parse::<u64>().ok()).expect("INFO counts changes")
        };
        let before = count(&mut client);
        client.say(command);
        count(&mut client) - before
    };
    assert_eq!(changes("HSET h a 1 b 2 a 3"), 3);
    assert_eq!(changes("HMSET h a 1 b 2"), 2);
    assert_eq!(changes("HSETNX h a 1"), 0);
    assert_eq!(changes("HSETNX h c 1"), 1);
    assert_eq!(changes("HINCRBY h a 1"), 1);
    assert_eq!(changes("HINCRBYFLOAT h a 1"), 1);
    assert_eq!(changes("HDEL h none"), 0);
    assert_eq!(changes("HDEL h a b none"), 2);
    assert_eq!(changes("HGETALL h"), 0);

    let mut other = store.client();
    for (command, is_change) in [("HSET h c 1", true), ("HDEL h none", false), ("HGET h c", false), ("HDEL h c", true)]
    {
        let mut client = store.client();
        client.say("WATCH h");
        other.say(command);
        client.say("MULTI");
        assert_eq!(client.say("EXEC") == "*-1\r\n", is_change, "{command}");
    }
}
