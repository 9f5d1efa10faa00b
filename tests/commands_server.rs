//! The commands about the server, with replies as redis-server 7.0.15 gave them.

#[path = "common/session.rs"]
mod session;

use redisrs::engine::clients::{Delivery, Origin, Outlet};
use redisrs::keyspace::Shared;
use session::{Client, START_MS, Store};
use std::sync::Mutex;

const OK: &str = "+OK\r\n";
const SYNTAX: &str = "-ERR syntax error\r\n";

/// The fields of INFO.
fn info(client: &mut Client, sections: &str) -> Vec<(String, String)> {
    let text = client.say(&format!("INFO {sections}"));
    let fields = text.split("\r\n").filter_map(|line| line.split_once(':'));
    fields.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[track_caller]
fn field(client: &mut Client, section: &str, name: &str) -> String {
    let fields = info(client, section);
    fields.iter().find(|(field, _)| field == name).unwrap_or_else(|| panic!("no field {name}")).1.clone()
}

fn headings(client: &mut Client, sections: &str) -> Vec<String> {
    let text = client.say(&format!("INFO {sections}"));
    text.split("\r\n").filter_map(|line| line.strip_prefix("# ")).map(str::to_owned).collect()
}

#[test]
fn info_shows_the_sections_asked_for() {
    let store = Store::new();
    let mut client = store.client();
    let default = [
        "Server",
        "Clients",
        "Memory",
        "Persistence",
        "Stats",
        "Replication",
        "CPU",
        "Modules",
        "Errorstats",
        "Cluster",
        "Keyspace",
    ];
    assert_eq!(headings(&mut client, ""), default);
    assert_eq!(headings(&mut client, "DEFAULT"), default);
    assert_eq!(headings(&mut client, "default commandstats").len(), default.len() + 1);
    assert_eq!(headings(&mut client, "all").len(), default.len() + 2);
    assert_eq!(headings(&mut client, "everything cpu").len(), default.len() + 2);
    assert_eq!(headings(&mut client, "cpu foo Server server"), ["Server", "CPU"]);
    client.expect(&[
        ("INFO foo", "$0\r\n\r\n"),
        ("INFO cluster", "$30\r\n# Cluster\r\ncluster_enabled:0\r\n\r\n"),
        ("INFO modules cluster", "$43\r\n# Modules\r\n\r\n# Cluster\r\ncluster_enabled:0\r\n\r\n"),
    ]);
}

#[test]
fn info_counts_truly() {
    let store = Store::new();
    let mut client = store.client();
    client.expect(&[
        ("SET a 1", OK),
        ("SET b 1 PX 1000", OK),
        ("SET c 1 PX 3000", OK),
        ("GET a", "$1\r\n1\r\n"),
        ("GET no", "$-1\r\n"),
        ("SELECT 3", OK),
        ("SET d 1", OK),
        ("FOO", "-ERR unknown command 'FOO', with args beginning with: \r\n"),
    ]);
    assert_eq!(
        info(&mut client, "keyspace"),
        [
            ("db0".to_owned(), "keys=3,expires=2,avg_ttl=2000".to_owned()),
            ("db3".to_owned(), "keys=1,expires=0,avg_ttl=0".to_owned()),
        ]
    );
    store.pass_ms(5_000);
    assert_eq!(field(&mut client, "server", "uptime_in_seconds"), "5");
    assert_eq!(field(&mut client, "stats", "keyspace_hits"), "1");
    assert_eq!(field(&mut client, "stats", "keyspace_misses"), "1");
    assert_eq!(field(&mut client, "stats", "total_error_replies"), "1");
    assert_eq!(field(&mut client, "errorstats", "errorstat_ERR"), "count=1");
    assert_eq!(field(&mut client, "persistence", "rdb_changes_since_last_save"), "4");
    assert_eq!(field(&mut client, "persistence", "rdb_last_save_time"), (START_MS / 1000).to_string());
    let set = field(&mut client, "commandstats", "cmdstat_set");
    assert!(set.starts_with("calls=4,usec=") && set.ends_with(",rejected_calls=0,failed_calls=0"), "{set}");
    let used: usize = field(&mut client, "memory", "used_memory").parse().expect("a number");
    let dataset: usize = field(&mut client, "memory", "used_memory_dataset").parse().expect("a number");
    let overhead: usize = field(&mut client, "memory", "used_memory_overhead").parse().expect("a number");
    assert!(dataset > 0 && used == dataset + overhead);
    assert_eq!(client.say("CONFIG RESETSTAT"), OK);
    assert_eq!(field(&mut client, "stats", "keyspace_hits"), "0");
    assert_eq!(info(&mut client, "errorstats"), []);
}

#[test]
fn everything_runs_inside_a_transaction() {
    let store = Store::new();
    let mut client = store.client();
    let commands = [
        "SET a b",
        "INFO everything",
        "MEMORY STATS",
        "MEMORY DOCTOR",
        "MEMORY USAGE a",
        "MEMORY PURGE",
        "MEMORY MALLOC-STATS",
        "CLIENT LIST",
        "CLIENT KILL ID 99",
        "SLOWLOG GET",
        "LATENCY HISTOGRAM",
        "LATENCY DOCTOR",
        "COMMAND DOCS",
        "LOLWUT",
        "TIME",
        "FUNCTION DUMP",
        "MONITOR",
    ];
    assert_eq!(client.say("MULTI"), OK);
    for command in commands {
        assert_eq!(client.say(command), "+QUEUED\r\n");
    }
    let reply = client.say("EXEC");
    assert!(reply.starts_with("*17\r\n+OK\r\n"), "{reply}");
    assert!(reply.ends_with("-ERR MONITOR isn't allowed for DENY BLOCKING client\r\n"));
}

#[test]
fn command_tells_about_commands() {
    let store = Store::new();
    let mut client = store.client();
    client.expect(&[
        ("COMMAND GETKEYS get a", "*1\r\n$1\r\na\r\n"),
        ("COMMAND GETKEYS mset a b c d", "*2\r\n$1\r\na\r\n$1\r\nc\r\n"),
        ("COMMAND GETKEYS eval x 0 a", "*0\r\n"),
        ("COMMAND GETKEYS eval x -1 a", "*0\r\n"),
        ("COMMAND GETKEYS foo a", "-ERR Invalid command specified\r\n"),
        ("COMMAND GETKEYS client foo", "-ERR Invalid command specified\r\n"),
        ("COMMAND GETKEYS ping x", "-ERR The command has no key arguments\r\n"),
        ("COMMAND GETKEYS get a b", "-ERR Invalid number of arguments specified for command\r\n"),
        ("COMMAND GETKEYSANDFLAGS set a b", "*1\r\n*2\r\n$1\r\na\r\n*2\r\n+OW\r\n+update\r\n"),
        ("COMMAND INFO foo", "*1\r\n$-1\r\n"),
        ("COMMAND DOCS foo", "*0\r\n"),
        ("COMMAND LIST FILTERBY PATTERN GE[T]", "*1\r\n$3\r\nget\r\n"),
        ("COMMAND LIST FILTERBY MODULE x", "*0\r\n"),
        ("COMMAND LIST FILTERBY ACLCAT none", "*0\r\n"),
        ("COMMAND LIST FILTERBY PATTERN", SYNTAX),
        ("COMMAND LIST x", SYNTAX),
        ("COMMAND FOO", "-ERR unknown subcommand 'FOO'. Try COMMAND HELP.\r\n"),
    ]);
    let count = redisrs::commands::spec::COMMANDS.len();
    assert_eq!(client.say("COMMAND COUNT"), format!(":{count}\r\n"));
    let with_subcommands = redisrs::commands::spec::ID_COUNT;
    assert!(client.say("COMMAND LIST").starts_with(&format!("*{with_subcommands}\r\n")));
    for command in ["COMMAND", "COMMAND INFO"] {
        assert!(client.say(command).starts_with(&format!("*{count}\r\n")), "{command}");
    }
    assert!(client.say("COMMAND LIST FILTERBY ACLCAT dangerous").contains("config|set\r\n"));
    assert!(client.say("COMMAND INFO client|id").contains("client|id\r\n:2\r\n"));
}

#[test]
fn help_promises_only_what_there_is() {
    let store = Store::new();
    let mut client = store.client();
    let slowlog = client.say("SLOWLOG HELP");
    assert!(
        slowlog.starts_with(
            "*12\r\n+SLOWLOG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:\r\n+GET [<count>]\r\n"
        )
    );
    assert!(slowlog.ends_with("+HELP\r\n+    Prints this help.\r\n"));
    for command in redisrs::commands::spec::COMMANDS.iter().filter(|command| !command.subcommands.is_empty()) {
        let help = client.say(&format!("{} HELP", command.name));
        for line in help.split("\r\n").filter_map(|line| line.strip_prefix('+')).skip(1) {
            let word = line.split(' ').next().unwrap_or_default();
            let exists = || command.subcommands.iter().any(|sub| sub.short_name().eq_ignore_ascii_case(word));
            assert!(word.is_empty() || word.starts_with('(') || exists(), "{}: {line}", command.name);
        }
    }
}

#[test]
fn the_slow_log_keeps_secrets() {
    let store = Store::with(&[("slowlog-log-slower-than", "0"), ("slowlog-max-len", "3")]);
    let mut client = store.client();
    client.expect(&[
        ("SLOWLOG GET -2", "-ERR count should be greater than or equal to -1\r\n"),
        ("SLOWLOG GET x", "-ERR count should be greater than or equal to -1\r\n"),
        ("SLOWLOG GET 1 2", "-ERR unknown subcommand or wrong number of arguments for 'GET'. Try SLOWLOG HELP.\r\n"),
        ("CLIENT SETNAME me", OK),
        ("AUTH default sekrit", OK),
        ("CONFIG SET requirepass sekrit", OK),
        ("SLOWLOG LEN", ":3\r\n"),
    ]);
    let log = client.say("SLOWLOG GET -1");
    assert!(!log.contains("sekrit"), "{log}");
    assert!(log.contains("$11\r\nrequirepass\r\n$10\r\n(redacted)\r\n"), "{log}");
    assert!(log.contains("$4\r\nAUTH\r\n$10\r\n(redacted)\r\n$10\r\n(redacted)\r\n$0\r\n\r\n$2\r\nme\r\n"), "{log}");
    client.expect(&[("MULTI", OK), ("PING", "+QUEUED\r\n"), ("EXEC", "*1\r\n+PONG\r\n")]);
    assert!(client.say("SLOWLOG GET 1").contains("$4\r\nPING\r\n"), "EXEC is not logged, what it runs is");
    client.expect(&[("CONFIG SET slowlog-log-slower-than -1", OK), ("SLOWLOG RESET", OK), ("SLOWLOG GET", "*0\r\n")]);
}

#[test]
fn latency_spikes_are_recorded() {
    let store = Store::with(&[("enable-debug-command", "yes")]);
    let mut client = store.client();
    let text = client.say("LATENCY DOCTOR");
    assert!(text.contains("I'm sorry, Dave, I can't do that."), "{text}");
    client.expect(&[
        ("CONFIG SET latency-monitor-threshold 2", OK),
        ("LATENCY LATEST", "*0\r\n"),
        ("LATENCY GRAPH command", "-ERR No samples available for event 'command'\r\n"),
        ("LATENCY HISTORY command", "*0\r\n"),
        ("DEBUG SLEEP 0.003", OK),
    ]);
    let at = START_MS / 1000;
    let latest = client.say("LATENCY LATEST");
    assert!(latest.starts_with(&format!("*1\r\n*4\r\n$7\r\ncommand\r\n:{at}\r\n:")), "{latest}");
    assert!(client.say("LATENCY HISTORY command").starts_with(&format!("*1\r\n*2\r\n:{at}\r\n:")));
    assert!(client.say("LATENCY GRAPH command").contains("command - high "));
    assert!(client.say("LATENCY DOCTOR").contains("1. command: 1 latency spikes (average "));
    client.expect(&[("LATENCY RESET foo", ":0\r\n"), ("LATENCY RESET", ":1\r\n"), ("LATENCY HISTOGRAM foo", "*0\r\n")]);
    assert!(client.say("LATENCY HISTOGRAM debug").starts_with("*2\r\n$5\r\ndebug\r\n*4\r\n$5\r\ncalls\r\n:1\r\n"));
}

#[test]
fn memory_usage_knows_keys() {
    let store = Store::new();
    let mut client = store.client();
    client.expect(&[
        ("MEMORY USAGE no", "$-1\r\n"),
        ("MEMORY USAGE no SAMPLES 5 samples 3", "$-1\r\n"),
        ("MEMORY USAGE no SAMPLES", SYNTAX),
        ("MEMORY USAGE no SAMPLES -1", SYNTAX),
        ("MEMORY USAGE no SAMPLES abc", "-ERR value is not an integer or out of range\r\n"),
        ("MEMORY USAGE no foo 5", SYNTAX),
        ("SET a b", OK),
        ("MEMORY PURGE", OK),
    ]);
    let usage = client.say("MEMORY USAGE a");
    assert!(usage[1..].trim_end().parse::<u32>().is_ok_and(|bytes| (16..200).contains(&bytes)), "{usage}");
    assert!(client.say("MEMORY DOCTOR").contains("Hi Sam, this instance is empty"));
    assert!(client.say("MEMORY STATS").contains("$4\r\ndb.0\r\n*6\r\n$23\r\noverhead.hashtable.main\r\n"));
}

#[test]
fn debug_needs_permission() {
    let store = Store::new();
    let mut client = store.client();
    let refused = "-ERR DEBUG command not allowed. If the enable-debug-command option is set to \"local\", you can run it \
        from a local connection, otherwise you need to set this option in the configuration file, and then restart the \
        server.\r\n";
    client.expect(&[("DEBUG", "-ERR wrong number of arguments for 'debug' command\r\n"), ("DEBUG SLEEP 0", refused)]);
    let store = Store::with(&[("enable-debug-command", "local")]);
    assert_eq!(store.client().say("DEBUG SLEEP 0"), OK);
}

#[test]
fn debug_digests_equal_those_of_redis() {
    let store = Store::with(&[("enable-debug-command", "yes")]);
    let mut client = store.client();
    client.expect(&[
        ("DEBUG DIGEST", "+0000000000000000000000000000000000000000\r\n"),
        ("SET k hello", OK),
        ("SET n 12", OK),
        (
            "DEBUG DIGEST-VALUE k n no",
            "*3\r\n+36b23a1456b2dce2c3ed252c456761301dba8060\r\n+655ac46b180ad2f61a3cee25f0b1780fa2ec879a\r\n\
             +0000000000000000000000000000000000000000\r\n",
        ),
        ("DEBUG DIGEST-VALUE", "*0\r\n"),
    ]);
    let long = vec![b'a'; 92];
    assert_eq!(client.run(&[b"SET", b"long", &long]), OK.as_bytes());
    assert_eq!(client.say("DEBUG DIGEST"), "+42f8092ad88fd67320bf24136649c9fb3e670350\r\n");
    client.expect(&[
        ("DEBUG POPULATE 3", OK),
        ("DEBUG POPULATE 2 pre", OK),
        ("DEBUG POPULATE 2 pre 10", OK),
        ("DEBUG POPULATE 2 big 40", OK),
        ("DEBUG POPULATE 2 pre2 0", OK),
        ("DEBUG POPULATE -1", "-ERR value is out of range, must be positive\r\n"),
        ("GET pre:1", "$7\r\nvalue:1\r\n"),
        ("STRLEN big:1", ":40\r\n"),
        ("DEBUG DIGEST", "+6075111666a6d636f3528ae9f169b8b14cff9dd2\r\n"),
    ]);
}

#[test]
fn debug_has_what_tests_use() {
    let store = Store::with(&[("enable-debug-command", "yes")]);
    let mut client = store.client();
    let unknown =
        |name: &str| format!("-ERR unknown subcommand or wrong number of arguments for '{name}'. Try DEBUG HELP.\r\n");
    client.expect(&[
        ("SET k hello", OK),
        ("DEBUG JMAP", &unknown("JMAP")),
        ("DEBUG SLEEP", &unknown("SLEEP")),
        ("DEBUG SLEEP abc", OK),
        ("DEBUG SLEEP -1", OK),
        ("DEBUG SLEEP inf", "-ERR value is out of range\r\n"),
        ("DEBUG SET-ACTIVE-EXPIRE 0", OK),
        ("DEBUG OBJECT no", "-ERR no such key\r\n"),
        ("DEBUG SDSLEN no", "-ERR no such key\r\n"),
        ("DEBUG HTSTATS abc", "-ERR value is not an integer or out of range\r\n"),
        ("DEBUG HTSTATS 99", "-ERR Out of range database\r\n"),
        ("DEBUG HTSTATS-KEY no", "-ERR no such key\r\n"),
        ("DEBUG ERROR FOO", "-FOO\r\n"),
        ("DEBUG LOG x", OK),
        ("DEBUG PROTOCOL double", "$5\r\n3.141\r\n"),
        ("DEBUG PROTOCOL push", "-ERR RESP2 is not supported by this command\r\n"),
        ("DEBUG PROTOCOL map", "*6\r\n:0\r\n:0\r\n:1\r\n:1\r\n:2\r\n:0\r\n"),
    ]);
    let object = client.say("DEBUG OBJECT k");
    assert!(
        object.starts_with("+Value at:0x") && object.contains(" encoding:embstr serializedlength:6 lru:"),
        "{object}"
    );
    for name in ["PANIC", "SEGFAULT", "ASSERT", "OOM", "RESTART", "CRASH-AND-RECOVER"] {
        let reply = client.say(&format!("DEBUG {name}"));
        assert!(reply.starts_with(&format!("-ERR DEBUG {name} would harm the process")), "{reply}");
    }
    client.say("HELLO 3");
    client.expect(&[
        ("DEBUG PROTOCOL double", ",3.141\r\n"),
        ("DEBUG PROTOCOL map", "%3\r\n:0\r\n#f\r\n:1\r\n#t\r\n:2\r\n#f\r\n"),
        ("DEBUG PROTOCOL bignum", "(1234567999999999999999999999999999999\r\n"),
        (
            "DEBUG PROTOCOL attrib",
            "|1\r\n$14\r\nkey-popularity\r\n*2\r\n$7\r\nkey:123\r\n:90\r\n$39\r\nSome real reply following the attribute\r\n",
        ),
        (
            "DEBUG PROTOCOL push",
            ">2\r\n$16\r\nserver-cpu-usage\r\n:42\r\n$40\r\nSome real reply following the push reply\r\n",
        ),
    ]);
}

#[test]
fn scripts_are_refused_and_functions_are_none() {
    let store = Store::new();
    let mut client = store.client();
    client.expect(&[
        ("EVAL x 0", "-ERR This version of redisrs has no scripting engine, so it can't run scripts\r\n"),
        ("EVAL x abc", "-ERR value is not an integer or out of range\r\n"),
        ("EVAL x -1", "-ERR Number of keys can't be negative\r\n"),
        ("EVAL x 5", "-ERR Number of keys can't be greater than number of args\r\n"),
        ("EVALSHA abc -1", "-NOSCRIPT No matching script. Please use EVAL.\r\n"),
        ("EVALSHA_RO abc 0", "-NOSCRIPT No matching script. Please use EVAL.\r\n"),
        ("FCALL f 0", "-ERR Function not found\r\n"),
        ("FCALL_RO f abc", "-ERR Function not found\r\n"),
        ("FUNCTION LIST", "*0\r\n"),
        ("FUNCTION LIST libraryname x withcode", "*0\r\n"),
        ("FUNCTION LIST LIBRARYNAME", "-ERR library name argument was not given\r\n"),
        ("FUNCTION LIST WITHCODE WITHCODE", "-ERR Unknown argument WITHCODE\r\n"),
        ("FUNCTION STATS", "*4\r\n$14\r\nrunning_script\r\n$-1\r\n$7\r\nengines\r\n*0\r\n"),
        ("FUNCTION FLUSH async", OK),
        ("FUNCTION FLUSH FOO", "-ERR FUNCTION FLUSH only supports SYNC|ASYNC option\r\n"),
        (
            "FUNCTION FLUSH SYNC SYNC",
            "-ERR unknown subcommand or wrong number of arguments for 'FLUSH'. Try FUNCTION HELP.\r\n",
        ),
    ]);
    assert_eq!(client.run(&[b"FUNCTION", b"DUMP"]), b"$10\r\n\n\x00]\x9b\\@\x0f\x7f\xa2\xda\r\n");
}

#[test]
fn lolwut_and_time() {
    let store = Store::new();
    let mut client = store.client();
    client.expect(&[
        ("TIME", "*2\r\n$10\r\n1700000000\r\n$1\r\n0\r\n"),
        ("LOLWUT", "$18\r\nRedis ver. 7.0.15\n\r\n"),
        ("LOLWUT 1 2 3", "$18\r\nRedis ver. 7.0.15\n\r\n"),
        ("LOLWUT VERSION", "$18\r\nRedis ver. 7.0.15\n\r\n"),
        ("LOLWUT VERSION abc", "-ERR value is not an integer or out of range\r\n"),
        ("LOLWUT VERSION 5 1 abc", "-ERR value is not an integer or out of range\r\n"),
    ]);
    assert!(client.say("LOLWUT VERSION 5 10 2 2").ends_with("Redis ver. 7.0.15\n\r\n"));
}

#[test]
fn shutdown_is_asked_for_and_not_done_here() {
    let store = Store::new();
    let mut client = store.client();
    client.expect(&[
        ("SHUTDOWN ABORT", "-ERR No shutdown in progress.\r\n"),
        ("SHUTDOWN ABORT NOW", SYNTAX),
        ("SHUTDOWN SAVE NOSAVE", SYNTAX),
        ("SHUTDOWN FOO", SYNTAX),
        ("SHUTDOWN SAVE", "-ERR SHUTDOWN SAVE needs persistence, which this version of redisrs does not have\r\n"),
    ]);
    assert_eq!(store.engine.shutdown_requested(), None);
    assert_eq!(client.say("SHUTDOWN NOSAVE now FORCE"), "");
    assert!(store.engine.shutdown_requested().is_some_and(|shutdown| shutdown.now && shutdown.force));
}

/// Keeps what is delivered to it.
#[derive(Default)]
struct Kept(Mutex<String>);

impl Outlet for Kept {
    fn deliver(&self, _: u64, delivery: Delivery) {
        if let Delivery::Bytes(bytes) = delivery {
            self.0.lock().expect("no panic").push_str(&String::from_utf8_lossy(&bytes));
        }
    }
}

#[test]
fn monitor_shows_what_runs_and_no_secrets() {
    let store = Store::with(&[("requirepass", "sekrit")]);
    let kept = Shared::new(Kept::default()).expect("memory");
    let outlet: Shared<dyn Outlet> = kept.clone().widen(|kept| kept);
    let origin = Origin { addr: "1.2.3.4:5".into(), laddr: String::new(), fd: 7, is_unix: false, outlet: Some(outlet) };
    let mut monitor = store.client_from(origin);
    monitor.expect(&[
        ("AUTH sekrit", OK),
        ("MONITOR", OK),
        ("MONITOR", ""),
        ("GET a", "-ERR Replica can't interact with the keyspace\r\n"),
    ]);
    let mut client = store.client();
    client.say("AUTH default sekrit");
    client.expect(&[("SELECT 3", OK), ("MULTI", OK), ("GET a", "+QUEUED\r\n"), ("EXEC", "*1\r\n$-1\r\n")]);
    client.run(&[b"ECHO", b"a\"\n\xff"]);
    client.expect(&[
        ("CONFIG GET save", "*2\r\n$4\r\nsave\r\n$0\r\n\r\n"),
        ("GET", "-ERR wrong number of arguments for 'get' command\r\n"),
    ]);
    monitor.say("PING");
    let lines = kept.0.lock().expect("no panic").replace("+1700000000.000000 ", "");
    let expected = concat!(
        "[0 in-process] \"AUTH\" \"(redacted)\" \"(redacted)\"\r\n",
        "[3 in-process] \"SELECT\" \"3\"\r\n",
        "[3 in-process] \"MULTI\"\r\n",
        "[3 in-process] \"GET\" \"a\"\r\n",
        "[3 in-process] \"EXEC\"\r\n",
        "[3 in-process] \"ECHO\" \"a\\\"\\n\\xff\"\r\n",
        "[0 1.2.3.4:5] \"PING\"\r\n",
    );
    assert_eq!(lines, expected);
    assert_eq!(monitor.say("RESET"), "+RESET\r\n");
}
