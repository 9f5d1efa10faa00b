//! Commands that wait: BLPOP BRPOP BLMOVE BRPOPLPUSH BLMPOP BZPOPMIN BZPOPMAX BZMPOP, CLIENT UNBLOCK, and what blocks and unblocks a client.
//!
//! Expected bytes are those of redis-server 7.0.15 in the same situations. A client that is blocked has no reply.

#[path = "common/session.rs"]
mod session;

use redisrs::engine::clients::{End, Waiting};
use session::{Client, Store};

const BLOCKED: &str = "";

/// What a blocked client has been answered by now.
fn answer(client: &mut Client) -> String {
    String::from_utf8_lossy(&client.answer()).into_owned()
}

/// Clients, each blocked by a command.
fn blocked<const N: usize>(store: &Store, commands: [&str; N]) -> [Client; N] {
    commands.map(|command| {
        let mut client = store.client();
        assert_eq!(client.say(command), BLOCKED, "{command}");
        client
    })
}

fn blocked_count(client: &mut Client) -> String {
    let info = client.say("INFO clients");
    info.lines().find_map(|line| line.strip_prefix("blocked_clients:")).expect("the field").to_owned()
}

#[test]
fn what_is_there_is_taken_at_once() {
    let store = Store::new();
    let mut client = store.client();
    client.expect(&[
        ("RPUSH k 1 2 3 4 5 6", ":6\r\n"),
        ("BLPOP nokey k 0", "*2\r\n$1\r\nk\r\n$1\r\n1\r\n"),
        ("BRPOP k 0", "*2\r\n$1\r\nk\r\n$1\r\n6\r\n"),
        ("BLMOVE k d LEFT RIGHT 0", "$1\r\n2\r\n"),
        ("BRPOPLPUSH k d 0", "$1\r\n5\r\n"),
        ("LRANGE d 0 -1", "*2\r\n$1\r\n5\r\n$1\r\n2\r\n"),
        ("BLMPOP 0 2 nokey k LEFT COUNT 10", "*2\r\n$1\r\nk\r\n*2\r\n$1\r\n3\r\n$1\r\n4\r\n"),
        ("EXISTS k", ":0\r\n"),
    ]);
}

#[test]
fn clients_are_served_in_the_order_in_which_they_came() {
    let store = Store::new();
    let mut writer = store.client();
    let [mut a, mut b, mut c] = blocked(&store, ["BLPOP k l m 0", "BRPOP l k 0", "BLMPOP 0 1 l RIGHT COUNT 5"]);
    assert_eq!(blocked_count(&mut writer), "3");
    writer.expect(&[("RPUSH l 1 2 3 4", ":4\r\n"), ("EXISTS l", ":0\r\n")]);
    assert_eq!(answer(&mut a), "*2\r\n$1\r\nl\r\n$1\r\n1\r\n");
    assert_eq!(answer(&mut b), "*2\r\n$1\r\nl\r\n$1\r\n4\r\n");
    assert_eq!(answer(&mut c), "*2\r\n$1\r\nl\r\n*2\r\n$1\r\n3\r\n$1\r\n2\r\n");
    assert_eq!(blocked_count(&mut writer), "0");
}

#[test]
fn who_comes_too_late_waits_for_the_next() {
    let store = Store::new();
    let mut writer = store.client();
    let [mut a, mut b, mut c] = blocked(&store, ["BLPOP k 0", "BLPOP k k 0", "BLPOP k 0"]);
    writer.say("RPUSH k 1 2");
    assert_eq!(answer(&mut a), "*2\r\n$1\r\nk\r\n$1\r\n1\r\n");
    assert_eq!(answer(&mut b), "*2\r\n$1\r\nk\r\n$1\r\n2\r\n");
    assert_eq!(answer(&mut c), BLOCKED);
    writer.say("RPUSH k 3 4");
    assert_eq!(answer(&mut c), "*2\r\n$1\r\nk\r\n$1\r\n3\r\n");
    assert_eq!(writer.say("LLEN k"), ":1\r\n");
}

#[test]
fn moves_go_on_from_list_to_list() {
    let store = Store::new();
    let mut writer = store.client();
    let [mut a, mut b, mut c] = blocked(&store, ["BLMOVE a b LEFT RIGHT 0", "BRPOPLPUSH b c 0", "BLPOP c 0"]);
    writer.say("RPUSH a 1 2");
    assert_eq!(answer(&mut a), "$1\r\n1\r\n");
    assert_eq!(answer(&mut b), "$1\r\n1\r\n");
    assert_eq!(answer(&mut c), "*2\r\n$1\r\nc\r\n$1\r\n1\r\n");
    assert_eq!(writer.say("LRANGE a 0 -1"), "*1\r\n$1\r\n2\r\n");

    let [mut round, mut behind] = blocked(&store, ["BLMOVE r r LEFT RIGHT 0", "BLPOP r 0"]);
    writer.say("RPUSH r 1 2");
    assert_eq!(answer(&mut round), "$1\r\n1\r\n");
    assert_eq!(answer(&mut behind), "*2\r\n$1\r\nr\r\n$1\r\n2\r\n");
    assert_eq!(writer.say("LRANGE r 0 -1"), "*1\r\n$1\r\n1\r\n");
}

#[test]
fn a_destination_of_another_type_is_an_error_and_keeps_the_element() {
    let store = Store::new();
    let mut writer = store.client();
    let [mut a, mut b] = blocked(&store, ["BLMOVE src dst LEFT RIGHT 0", "BLPOP src 0"]);
    writer.say("SET dst string");
    writer.say("RPUSH src 1");
    assert!(answer(&mut a).starts_with("-WRONGTYPE Operation against a key"));
    assert_eq!(answer(&mut b), "*2\r\n$3\r\nsrc\r\n$1\r\n1\r\n");
    let stats = writer.say("INFO commandstats");
    assert!(stats.lines().any(|line| line.starts_with("cmdstat_blmove:calls=1,") && line.ends_with("failed_calls=1")));
}

#[test]
fn a_key_of_another_type_is_an_error_at_once_and_no_matter_later() {
    let store = Store::new();
    let mut writer = store.client();
    let wrong = "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";
    let [mut waiting] = blocked(&store, ["BLPOP k 0"]);
    writer.expect(&[
        ("SET k string", "+OK\r\n"),
        ("BLPOP nokey k 0", wrong),
        ("BLMPOP 0 1 k LEFT", wrong),
        ("BLMOVE k d LEFT LEFT 0", wrong),
        ("DEL k", ":1\r\n"),
        ("SADD k member", ":1\r\n"),
        ("DEL k", ":1\r\n"),
    ]);
    assert_eq!(answer(&mut waiting), BLOCKED);
    writer.say("LPUSH k 1");
    assert_eq!(answer(&mut waiting), "*2\r\n$1\r\nk\r\n$1\r\n1\r\n");
}

#[test]
fn a_transaction_serves_at_its_end() {
    let store = Store::new();
    let mut writer = store.client();
    let [mut a, mut b] = blocked(&store, ["BLPOP a b 0", "BLPOP a b 0"]);
    for command in ["MULTI", "LPUSH b 1", "LPUSH a 2", "LLEN b", "LPUSH c 1", "DEL c"] {
        writer.say(command);
    }
    assert_eq!(writer.say("EXEC"), "*5\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n");
    // The keys in the order in which they became ready.
    assert_eq!(answer(&mut a), "*2\r\n$1\r\nb\r\n$1\r\n1\r\n");
    assert_eq!(answer(&mut b), "*2\r\n$1\r\na\r\n$1\r\n2\r\n");

    let [mut waiting] = blocked(&store, ["BLPOP k 0"]);
    for command in ["MULTI", "LPUSH k 1", "DEL k", "SADD k x", "EXEC", "DEL k", "MULTI", "RPUSH k 1", "PEXPIRE k 0"] {
        writer.say(command);
    }
    writer.say("EXEC");
    assert_eq!(answer(&mut waiting), BLOCKED, "what was there for a moment inside a transaction was not there");
}

#[test]
fn inside_a_transaction_nothing_blocks() {
    let store = Store::new();
    let mut client = store.client();
    for (hello, nil, null) in [("HELLO 2", "*-1\r\n", "$-1\r\n"), ("HELLO 3", "_\r\n", "_\r\n")] {
        client.say(hello);
        client.say("MULTI");
        for command in
            ["BLPOP k 0", "BRPOP k 0", "BLMPOP 0 1 k LEFT", "BLMOVE k d LEFT LEFT 0", "BRPOPLPUSH k d 0", "PING"]
        {
            client.say(command);
        }
        assert_eq!(client.say("EXEC"), format!("*6\r\n{nil}{nil}{nil}{null}{null}+PONG\r\n"));
    }
}

#[test]
fn lists_appear_in_many_ways() {
    let store = Store::new();
    // What the writer does, in database 0, and where the client waits.
    for (setup, command, database) in [
        ("PING", "RPUSH k e", 0),
        ("PING", "LPUSH k e", 0),
        ("RPUSH o e", "RENAME o k", 0),
        ("RPUSH o e", "RENAMENX o k", 0),
        ("RPUSH o e", "COPY o k", 0),
        ("RPUSH o e", "LMOVE o k LEFT LEFT", 0),
        ("RPUSH o e", "RPOPLPUSH o k", 0),
        ("RPUSH o e", "SORT o ALPHA STORE k", 0),
        ("RPUSH k e", "MOVE k 1", 1),
        ("RPUSH k e", "COPY k k DB 1", 1),
        ("RPUSH k e", "SWAPDB 0 1", 1),
    ] {
        let (mut writer, mut waiting) = (store.client(), store.client());
        writer.say("FLUSHALL");
        writer.say(setup);
        waiting.say(&format!("SELECT {database}"));
        assert_eq!(waiting.say("BLPOP k 0"), BLOCKED, "{command}");
        writer.say(command);
        assert_eq!(answer(&mut waiting), "*2\r\n$1\r\nk\r\n$1\r\ne\r\n", "{command}");
    }
}

#[test]
fn a_value_from_elsewhere_is_served() {
    let store = Store::new();
    let (mut writer, mut waiting) = (store.client(), store.client());
    writer.say("RPUSH o a b");
    let dump = writer.run(&[b"DUMP", b"o"]);
    let start = dump.windows(2).position(|pair| pair == b"\r\n").expect("a bulk string") + 2;
    let payload = &dump[start..dump.len() - 2];
    assert_eq!(waiting.say("BRPOP k 0"), BLOCKED);
    assert_eq!(writer.run(&[b"RESTORE", b"k", b"0", payload]), b"+OK\r\n");
    assert_eq!(answer(&mut waiting), "*2\r\n$1\r\nk\r\n$1\r\nb\r\n");
    assert_eq!(writer.say("LRANGE k 0 -1"), "*1\r\n$1\r\na\r\n");
}

#[test]
fn a_client_takes_what_its_kind_of_command_waits_for() {
    let store = Store::new();
    let mut writer = store.client();
    let [mut list, mut set, mut stream] = blocked(&store, ["BLPOP k 0", "BZPOPMIN k 0", "XREAD BLOCK 0 STREAMS k $"]);
    for command in ["SET k x", "DEL k", "ZADD k 1 a", "ZADD k 2 b", "DEL k", "XADD k 1-1 f v", "DEL k", "RPUSH k y"] {
        writer.say(command);
    }
    assert_eq!(answer(&mut list), "*2\r\n$1\r\nk\r\n$1\r\ny\r\n");
    assert_eq!(answer(&mut set), "*3\r\n$1\r\nk\r\n$1\r\na\r\n$1\r\n1\r\n");
    let entry = "*1\r\n*2\r\n$1\r\nk\r\n*1\r\n*2\r\n$3\r\n1-1\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n";
    assert_eq!(answer(&mut stream), entry);
}

/// Unlike in Redis 7.0, which leaves a client waiting when SORT, ZUNIONSTORE and their like store what it waits for over a
/// value of another type.
#[test]
fn what_takes_the_place_of_another_type_is_served() {
    let store = Store::new();
    for (command, write) in [("BRPOP k 0", "SORT src ALPHA STORE k"), ("BZPOPMIN k 0", "ZUNIONSTORE k 1 src")] {
        let (mut writer, mut waiting) = (store.client(), store.client());
        writer.expect(&[("FLUSHALL", "+OK\r\n"), ("ZADD src 1 a 2 b", ":2\r\n")]);
        assert_eq!(waiting.say(command), BLOCKED);
        writer.expect(&[("SET k text", "+OK\r\n"), (write, ":2\r\n")]);
        assert_ne!(answer(&mut waiting), BLOCKED, "{write}");
        assert_ne!(writer.say("TYPE k"), "+string\r\n");
    }
}

#[test]
fn a_moved_key_is_ready_under_its_new_name_first() {
    let store = Store::new();
    for (command, database) in [("RENAME b a", 0), ("MOVE b 1", 1)] {
        let mut writer = store.client();
        writer.expect(&[("FLUSHALL", "+OK\r\n"), ("XGROUP CREATE b g $ MKSTREAM", "+OK\r\n")]);
        let (mut old, mut new) = (store.client(), store.client());
        assert_eq!(old.say("XREADGROUP GROUP g c BLOCK 0 STREAMS b >"), BLOCKED);
        new.say(&format!("SELECT {database}"));
        assert_eq!(new.say("XREAD BLOCK 0 STREAMS a b $ $"), BLOCKED);
        writer.say("XSETID b 5-0");
        writer.say(command);
        assert_eq!(answer(&mut old), "-UNBLOCKED the stream key no longer exists\r\n");
        let name = if database == 0 { "a" } else { "b" };
        assert_eq!(answer(&mut new), format!("*1\r\n*2\r\n$1\r\n{name}\r\n*0\r\n"));
    }
    // One client that waits for both names.
    let mut writer = store.client();
    for command in ["FLUSHALL", "XGROUP CREATE a g $ MKSTREAM", "XGROUP CREATE b g $ MKSTREAM"] {
        writer.say(command);
    }
    let [mut both] = blocked(&store, ["XREADGROUP GROUP g c BLOCK 0 STREAMS a b > >"]);
    writer.say("XSETID b 5-0");
    writer.say("RENAME b a");
    assert_eq!(answer(&mut both), "*1\r\n*2\r\n$1\r\na\r\n*0\r\n");
}

#[test]
fn who_wants_no_reply_is_served_without() {
    let store = Store::new();
    let mut writer = store.client();
    let (mut skips, mut mute) = (store.client(), store.client());
    skips.say("CLIENT REPLY SKIP");
    mute.say("CLIENT REPLY OFF");
    for client in [&mut skips, &mut mute] {
        assert_eq!(client.say("BLPOP k 0"), BLOCKED);
    }
    assert_eq!(blocked_count(&mut writer), "2");
    writer.expect(&[("RPUSH k 1 2 3", ":3\r\n"), ("LRANGE k 0 -1", "*1\r\n$1\r\n3\r\n")]);
    assert_eq!([answer(&mut skips), answer(&mut mute)], ["", ""]);
    assert_eq!(skips.say("PING"), "+PONG\r\n");
    mute.expect(&[("PING", ""), ("CLIENT REPLY ON", "+OK\r\n"), ("PING", "+PONG\r\n")]);
}

#[test]
fn changes_are_counted_as_by_redis() {
    let store = Store::new();
    for (setup, command, write, changes) in [
        ("PING", "BLPOP k 0", "RPUSH k 1", 1),
        ("PING", "BLMPOP 0 1 k LEFT", "RPUSH k 1", 2),
        ("PING", "BLMOVE k d LEFT LEFT 0", "RPUSH k 1", 1),
        ("PING", "BZPOPMIN k 0", "ZADD k 1 m", 2),
        ("PING", "XREAD BLOCK 0 STREAMS k $", "XADD k 1-1 f v", 1),
        ("XGROUP CREATE k g $ MKSTREAM", "XREADGROUP GROUP g c BLOCK 0 STREAMS k >", "XADD k 1-1 f v", 2),
    ] {
        let (mut writer, mut waiting) = (store.client(), store.client());
        writer.say("FLUSHALL");
        writer.say(setup);
        assert_eq!(waiting.say(command), BLOCKED);
        let before = changes_counted(&mut writer);
        writer.say(write);
        assert_ne!(answer(&mut waiting), BLOCKED);
        assert_eq!(changes_counted(&mut writer) - before, changes, "{command}");
    }
}

fn changes_counted(client: &mut Client) -> u64 {
    let info = client.say("INFO persistence");
    let count = info.lines().find_map(|line| line.strip_prefix("rdb_changes_since_last_save:")).expect("the field");
    count.parse().expect("a number")
}

#[test]
fn short_of_memory() {
    let store = Store::new();
    let mut writer = store.client();
    let oom = "-OOM command not allowed when used memory > 'maxmemory'.\r\n";
    writer.expect(&[("RPUSH x 1 2", ":2\r\n"), ("SET filler x", "+OK\r\n")]);
    let [mut waiting] = blocked(&store, ["BLMOVE a b LEFT LEFT 0"]);
    writer.expect(&[
        ("CONFIG SET maxmemory 1", "+OK\r\n"),
        ("BLMOVE x b LEFT LEFT 0", oom),
        ("BLPOP x 0", "*2\r\n$1\r\nx\r\n$1\r\n1\r\n"),
        // Whatever is queued needs memory.
        ("MULTI", "+OK\r\n"),
        ("GET x", oom),
        ("EXEC", "-EXECABORT Transaction discarded because of previous errors.\r\n"),
        // Who waits already is served.
        ("RENAME x a", "+OK\r\n"),
        ("LRANGE b 0 -1", "*1\r\n$1\r\n2\r\n"),
    ]);
    assert_eq!(answer(&mut waiting), "$1\r\n2\r\n");
}

#[test]
fn databases_are_told_apart() {
    let store = Store::new();
    let mut writer = store.client();
    let [mut waiting] = blocked(&store, ["BLPOP k 0"]);
    writer.expect(&[("SELECT 3", "+OK\r\n"), ("LPUSH k 1", ":1\r\n"), ("SELECT 0", "+OK\r\n")]);
    assert_eq!(answer(&mut waiting), BLOCKED);
    writer.say("LPUSH k 2");
    assert_eq!(answer(&mut waiting), "*2\r\n$1\r\nk\r\n$1\r\n2\r\n");
}

#[test]
fn client_unblock() {
    let store = Store::new();
    let mut writer = store.client();
    let reason = "-ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR\r\n";
    let usage = "-ERR unknown subcommand or wrong number of arguments for 'UNBLOCK'. Try CLIENT HELP.\r\n";
    let error = "-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n";
    for (hello, nil) in [("HELLO 2", "*-1\r\n"), ("HELLO 3", "_\r\n")] {
        for (option, expected) in
            [("", nil), (" TIMEOUT", nil), (" timeout", nil), (" ERROR", error), (" error", error)]
        {
            for command in ["BLPOP k 0", "BLMOVE k d LEFT LEFT 10"] {
                let mut waiting = store.client();
                waiting.say(hello);
                waiting.say(command);
                let unblock = format!("CLIENT UNBLOCK {}{option}", waiting.session.id());
                writer.expect(&[(&unblock, ":1\r\n"), (&unblock, ":0\r\n")]);
                assert_eq!(answer(&mut waiting), expected);
            }
        }
    }
    let [mut waiting] = blocked(&store, ["BLPOP k 0"]);
    let id = waiting.session.id();
    writer.expect(&[
        (&format!("CLIENT UNBLOCK {id} foo"), reason),
        ("CLIENT UNBLOCK abc foo", reason),
        ("CLIENT UNBLOCK abc", "-ERR value is not an integer or out of range\r\n"),
        ("CLIENT UNBLOCK", "-ERR wrong number of arguments for 'client|unblock' command\r\n"),
        (&format!("CLIENT UNBLOCK {id} TIMEOUT x"), usage),
        ("CLIENT UNBLOCK -1", ":0\r\n"),
        ("CLIENT UNBLOCK 99999", ":0\r\n"),
        ("LPUSH k 1", ":1\r\n"),
        (&format!("CLIENT UNBLOCK {id}"), ":0\r\n"),
    ]);
    assert_eq!(answer(&mut waiting), "*2\r\n$1\r\nk\r\n$1\r\n1\r\n");
}

#[test]
fn who_is_killed_or_gone_takes_nothing() {
    let store = Store::new();
    let mut writer = store.client();
    let [killed, gone, mut last] = blocked(&store, ["BLPOP k 0", "BLPOP k 0", "BLPOP k 0"]);
    assert_eq!(writer.say(&format!("CLIENT KILL ID {}", killed.session.id())), ":1\r\n");
    drop(gone);
    assert_eq!(blocked_count(&mut writer), "1");
    writer.say("LPUSH k 1");
    assert_eq!(answer(&mut last), "*2\r\n$1\r\nk\r\n$1\r\n1\r\n");
}

#[test]
fn what_others_see_of_a_blocked_client() {
    let store = Store::new();
    let mut writer = store.client();
    let [mut waiting, _other] = blocked(&store, ["BLPOP k 0", "BLPOP k 7.5"]);
    let line = writer.say(&format!("CLIENT LIST ID {}", waiting.session.id()));
    assert!(line.contains(" flags=b ") && line.contains(" cmd=blpop "), "{line}");
    let info = writer.say("INFO clients");
    assert!(info.contains("blocked_clients:2\r\n") && info.contains("clients_in_timeout_table:1\r\n"), "{info}");
    writer.say("LPUSH k 1");
    let line = writer.say(&format!("CLIENT LIST ID {}", waiting.session.id()));
    assert!(line.contains(" flags=N "), "{line}");
    let info = writer.say("INFO clients");
    assert!(info.contains("blocked_clients:1\r\n") && info.contains("clients_in_timeout_table:1\r\n"), "{info}");
    answer(&mut waiting);
    let stats = writer.say("INFO commandstats");
    assert!(stats.lines().any(|line| line.starts_with("cmdstat_blpop:calls=2,") && line.ends_with("failed_calls=0")));
}

#[test]
fn a_timeout_is_a_null_array() {
    let store = Store::new();
    for (hello, nil) in [("HELLO 2", "*-1\r\n"), ("HELLO 3", "_\r\n")] {
        for command in ["BLPOP k 5", "BLMOVE k d LEFT LEFT 5", "BRPOPLPUSH k d 5", "BLMPOP 5 1 k LEFT"] {
            let mut client = store.client();
            client.say(hello);
            assert_eq!(client.say(command), BLOCKED);
            let waiter = client.session.waiter().expect("it is blocked").clone();
            assert_eq!(waiter.deadline_ms(), Some(session::START_MS + 5000));
            assert!(waiter.end(&store.engine, End::TimedOut));
            assert_eq!(answer(&mut client), nil);
            assert_eq!(client.say("PING"), "+PONG\r\n");
        }
    }
}

#[test]
fn errors_come_in_the_order_of_redis() {
    let store = Store::new();
    let syntax = "-ERR syntax error\r\n";
    let float = "-ERR timeout is not a float or out of range\r\n";
    let negative = "-ERR timeout is negative\r\n";
    store.client().expect(&[
        ("BLPOP k", "-ERR wrong number of arguments for 'blpop' command\r\n"),
        ("BLPOP k -1", negative),
        ("BLPOP k 1e400", negative),
        ("BLPOP k 9223372036854776", negative),
        ("BLPOP k abc", float),
        ("BLMPOP abc 1 k LEFT", float),
        ("BLMPOP abc 0 k LEFT", "-ERR numkeys should be greater than 0\r\n"),
        ("BLMPOP abc 1 k FOO", syntax),
        ("BLMPOP abc 1 k LEFT COUNT 0", "-ERR count should be greater than 0\r\n"),
        ("BLMPOP -1 1 k LEFT COUNT 1", negative),
        ("BLMPOP 0 2 k LEFT", syntax),
        ("BLMPOP 0 1 k LEFT COUNT", syntax),
        ("BLMPOP 0 1 k LEFT COUNT 1 COUNT 1", syntax),
        ("BLMOVE k d FOO LEFT abc", syntax),
        ("BLMOVE k d LEFT LEFT abc", float),
        ("BRPOPLPUSH k d -1", negative),
        ("BRPOPLPUSH k d", "-ERR wrong number of arguments for 'brpoplpush' command\r\n"),
    ]);
    // Numbers that only a `long double` tells from 0.
    store.client().expect(&[
        ("RPUSH there a b", ":2\r\n"),
        ("BLPOP there 1e-400", "*2\r\n$5\r\nthere\r\n$1\r\na\r\n"),
        ("BLPOP there -1e-400", "*2\r\n$5\r\nthere\r\n$1\r\nb\r\n"),
    ]);
    // The longest time there is, in milliseconds.
    blocked(&store, ["BLPOP k 9223372036854775"]);
}

#[test]
fn watched_keys_notice_what_a_served_client_does() {
    let store = Store::new();
    let (mut writer, mut watcher) = (store.client(), store.client());
    let [mut waiting] = blocked(&store, ["BLMOVE k d LEFT LEFT 0"]);
    watcher.expect(&[("WATCH d", "+OK\r\n"), ("MULTI", "+OK\r\n"), ("PING", "+QUEUED\r\n")]);
    writer.say("LPUSH k 1");
    assert_eq!(answer(&mut waiting), "$1\r\n1\r\n");
    assert_eq!(watcher.say("EXEC"), "*-1\r\n");
}

#[test]
fn sorted_sets() {
    let store = Store::new();
    let mut writer = store.client();
    writer.expect(&[
        ("ZADD k 1 a 2 b 3 c 4 d 5 e", ":5\r\n"),
        ("BZPOPMIN none k 0", "*3\r\n$1\r\nk\r\n$1\r\na\r\n$1\r\n1\r\n"),
        ("BZPOPMAX none k 0", "*3\r\n$1\r\nk\r\n$1\r\ne\r\n$1\r\n5\r\n"),
        ("BZMPOP 0 2 none k MAX", "*2\r\n$1\r\nk\r\n*1\r\n*2\r\n$1\r\nd\r\n$1\r\n4\r\n"),
        ("BZMPOP 0 1 k MIN COUNT 9", "*2\r\n$1\r\nk\r\n*2\r\n*2\r\n$1\r\nb\r\n$1\r\n2\r\n*2\r\n$1\r\nc\r\n$1\r\n3\r\n"),
        ("EXISTS k", ":0\r\n"),
    ]);
    let [mut a, mut b, mut c, mut list] =
        blocked(&store, ["BZPOPMIN k 0", "BZPOPMAX l k 0", "BZMPOP 0 1 k MIN COUNT 9", "BLPOP k 0"]);
    writer.say("ZADD k 1.5 a 2 b 3 c 4 d");
    assert_eq!(answer(&mut a), "*3\r\n$1\r\nk\r\n$1\r\na\r\n$3\r\n1.5\r\n");
    assert_eq!(answer(&mut b), "*3\r\n$1\r\nk\r\n$1\r\nd\r\n$1\r\n4\r\n");
    let rest = "*2\r\n$1\r\nk\r\n*2\r\n*2\r\n$1\r\nb\r\n$1\r\n2\r\n*2\r\n$1\r\nc\r\n$1\r\n3\r\n";
    assert_eq!(answer(&mut c), rest);
    assert_eq!(answer(&mut list), BLOCKED);
    writer.say("RPUSH k x");
    assert_eq!(answer(&mut list), "*2\r\n$1\r\nk\r\n$1\r\nx\r\n");

    for command in [
        "ZADD k 7 m",
        "ZADD k INCR 7 m",
        "ZINCRBY k 7 m",
        "ZUNIONSTORE k 1 src",
        "ZINTERSTORE k 1 src",
        "ZDIFFSTORE k 1 src",
        "ZRANGESTORE k src 0 -1",
        "COPY src k",
        "RENAME src k",
    ] {
        writer.say("DEL src");
        writer.say("ZADD src 7 m");
        let mut waiting = store.client();
        waiting.say("HELLO 3");
        assert_eq!(waiting.say("BZPOPMIN k 0"), BLOCKED);
        writer.say(command);
        assert_eq!(answer(&mut waiting), "*3\r\n$1\r\nk\r\n$1\r\nm\r\n,7\r\n", "{command}");
    }
}

#[test]
fn errors_of_the_sorted_set_commands() {
    let store = Store::new();
    let wrong = "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";
    let syntax = "-ERR syntax error\r\n";
    store.client().expect(&[
        ("SET s x", "+OK\r\n"),
        ("BZPOPMIN none s 0", wrong),
        ("BZMPOP 0 1 s MIN", wrong),
        ("BZPOPMIN k abc", "-ERR timeout is not a float or out of range\r\n"),
        ("BZMPOP abc 1 k MIN", "-ERR timeout is not a float or out of range\r\n"),
        ("BZMPOP abc 0 k MIN", "-ERR numkeys should be greater than 0\r\n"),
        ("BZMPOP abc 1 k FOO", syntax),
        ("BZMPOP abc 1 k MIN COUNT 0", "-ERR count should be greater than 0\r\n"),
        ("BZMPOP -1 1 k MIN", "-ERR timeout is negative\r\n"),
        ("BZMPOP 0 1 k MIN COUNT 1 COUNT 1", syntax),
        ("BZPOPMIN k", "-ERR wrong number of arguments for 'bzpopmin' command\r\n"),
    ]);
}
