//! Many threads over in-process sessions and sockets at once, with invariants that any lost update, torn multi-key
//! command or lost wake-up would break.
//!
//! A program of its own (`harness = false`), so that it can run under ThreadSanitizer without libtest:
//! `make tsan`. STRESS_ROUNDS scales the work (default 1, a few seconds in a debug build).

#[path = "stress/types.rs"]
mod types;
#[path = "stress/waits.rs"]
mod waits;

use redisrs::commands::dispatch::{self, Prepared};
use redisrs::commands::session::Session;
use redisrs::engine::clients::{End, Origin, Waiting};
use redisrs::engine::clock::Clock;
use redisrs::engine::log::Log;
use redisrs::engine::settings::Settings;
use redisrs::engine::{Engine, stats::Counters};
use redisrs::keyspace::Shared;
use redisrs::resp::{Protocol, ReplyWriter};
use redisrs::server::Server;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

/// One client, in process or over a socket.
trait Client: Send {
    fn call(&mut self, argv: &[&str]) -> String;
}

struct InProcess {
    engine: Shared<Engine>,
    session: Session,
    counters: Shared<Counters>,
    reply: ReplyWriter,
}

impl InProcess {
    fn new(engine: &Shared<Engine>) -> Self {
        let counters = engine.stats.add_block().expect("memory");
        let origin = Origin { addr: String::new(), laddr: String::new(), fd: -1, is_unix: false, outlet: None };
        let session = Session::new(engine, origin, counters.clone()).expect("memory");
        Self { engine: engine.clone(), session, counters, reply: ReplyWriter::new(Protocol::Resp2) }
    }
}

impl Client for InProcess {
    fn call(&mut self, argv: &[&str]) -> String {
        let argv: Vec<&[u8]> = argv.iter().map(|arg| arg.as_bytes()).collect();
        self.reply.clear();
        dispatch::execute(&self.engine, &mut self.session, &argv, &Prepared::default(), 0, &mut self.reply);
        while !dispatch::resume(&self.engine, &mut self.session, 0, &mut self.reply) {
            // As a thread of the host does it, with a clock instead of a condition to wait for.
            if let Some(waiter) = self.session.waiter() {
                let now_ms = self.engine.clock.now_ms();
                if waiter.deadline_ms().is_some_and(|deadline_ms| deadline_ms <= now_ms) {
                    waiter.end(&self.engine, End::TimedOut);
                }
                thread::yield_now();
            }
        }
        String::from_utf8_lossy(self.reply.bytes()).into_owned()
    }
}

impl Drop for InProcess {
    fn drop(&mut self) {
        self.session.end(&self.engine);
        self.engine.stats.retire_block(&self.counters);
    }
}

struct Socket {
    stream: TcpStream,
    received: Vec<u8>,
}

impl Socket {
    fn new(port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).expect("connect");
        stream.set_nodelay(true).expect("nodelay");
        Self { stream, received: Vec::new() }
    }
}

impl Client for Socket {
    fn call(&mut self, argv: &[&str]) -> String {
        let mut request = format!("*{}\r\n", argv.len());
        for arg in argv {
            request += &format!("${}\r\n{arg}\r\n", arg.len());
        }
        self.stream.write_all(request.as_bytes()).expect("send");
        loop {
            if let Some(len) = redisrs::resp::reply_len(&self.received).expect("well-formed reply") {
                let reply = self.received.drain(..len).collect::<Vec<_>>();
                return String::from_utf8_lossy(&reply).into_owned();
            }
            let mut chunk = [0; 4096];
            let n = self.stream.read(&mut chunk).expect("receive");
            assert!(n > 0, "the server closed the connection");
            self.received.extend_from_slice(&chunk[..n]);
        }
    }
}

struct Store {
    engine: Shared<Engine>,
    server: Server,
    rounds: usize,
}

impl Store {
    fn open(rounds: usize) -> Self {
        let settings = Settings::new();
        for (name, value) in [("port", "auto"), ("io-threads", "2"), ("shards", "4")] {
            settings.set(name, value).expect("setting");
        }
        let engine = Engine::open(settings, Clock::system(), Log::silent()).expect("engine");
        let server = Server::start(&engine).expect("server");
        Self { engine, server, rounds }
    }

    /// Clients alternate between in process and sockets.
    fn client(&self, index: usize) -> Box<dyn Client> {
        if index.is_multiple_of(2) {
            Box::new(InProcess::new(&self.engine))
        } else {
            Box::new(Socket::new(self.server.port()))
        }
    }

    /// Runs `work(client, index)` in `threads` threads to the end, while `watch` checks from two more.
    fn race(
        &self,
        threads: usize,
        work: impl Fn(&mut dyn Client, usize) + Sync,
        watch: impl Fn(&mut dyn Client) + Sync,
    ) {
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            let workers: Vec<_> = (0..threads)
                .map(|index| {
                    let mut client = self.client(index);
                    let work = &work;
                    scope.spawn(move || work(&mut *client, index))
                })
                .collect();
            let watchers: Vec<_> = (0..2)
                .map(|index| {
                    let mut client = self.client(index);
                    let (watch, done) = (&watch, &done);
                    scope.spawn(move || {
                        while !done.load(Ordering::Relaxed) {
                            watch(&mut *client);
                        }
                    })
                })
                .collect();
            // Joined one by one: ThreadSanitizer does not see the end of a scope as one.
            let mut panicked = false;
            for worker in workers {
                panicked |= worker.join().is_err();
            }
            done.store(true, Ordering::Relaxed);
            for watcher in watchers {
                panicked |= watcher.join().is_err();
            }
            assert!(!panicked, "a worker has failed");
        });
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.server.stop();
        self.engine.close();
    }
}

/// No increment is lost, whoever makes it.
fn counters_add_up(store: &Store) {
    let per_thread = 400 * store.rounds;
    let increment = |client: &mut dyn Client, _: usize| {
        for i in 0..per_thread {
            let reply = client.call(&["INCR", &format!("counter:{}", i % 7)]);
            assert!(reply.starts_with(':'), "{reply}");
        }
    };
    store.race(6, increment, |client| {
        client.call(&["GET", "counter:0"]);
    });
    let mut client = store.client(0);
    let total: usize =
        (0..7).map(|i| bulk(&client.call(&["GET", &format!("counter:{i}")])).parse::<usize>().unwrap()).sum();
    assert_eq!(total, 6 * per_thread);
}

/// MGET sees all of an MSET or nothing.
fn mset_is_atomic(store: &Store) {
    let keys = ["m:a", "m:b", "m:c", "m:d", "m:e"];
    let write = |client: &mut dyn Client, thread: usize| {
        for i in 0..300 * store.rounds {
            let value = format!("{thread}-{i}");
            let mut argv = vec!["MSET"];
            for key in keys {
                argv.extend([key, value.as_str()]);
            }
            assert_eq!(client.call(&argv), "+OK\r\n");
        }
    };
    store.race(4, write, |client| {
        let reply = client.call(&["MGET", keys[0], keys[1], keys[2], keys[3], keys[4]]);
        let values: Vec<&str> = reply.split("\r\n").skip(2).step_by(2).take(5).collect();
        assert!(reply.contains("$-1") || values.iter().all(|value| *value == values[0]), "torn MSET: {reply:?}");
    });
}

/// A renamed key is never seen twice or not at all.
fn rename_is_atomic(store: &Store) {
    store.client(0).call(&["SET", "r:a", "x"]);
    let rename = |client: &mut dyn Client, thread: usize| {
        for _ in 0..300 * store.rounds {
            if thread.is_multiple_of(2) {
                client.call(&["RENAME", "r:a", "r:b"])
            } else {
                client.call(&["RENAME", "r:b", "r:a"])
            };
        }
    };
    store.race(4, rename, |client| assert_eq!(client.call(&["EXISTS", "r:a", "r:b"]), ":1\r\n"));
}

/// Transactions move units between accounts; the sum stays.
fn transactions_are_atomic(store: &Store) {
    store.client(0).call(&["MSET", "t:a", "1000", "t:b", "1000"]);
    let transfer = |client: &mut dyn Client, thread: usize| {
        for _ in 0..150 * store.rounds {
            let (from, to) = if thread.is_multiple_of(2) { ("t:a", "t:b") } else { ("t:b", "t:a") };
            client.call(&["MULTI"]);
            client.call(&["DECR", from]);
            client.call(&["INCR", to]);
            assert!(client.call(&["EXEC"]).starts_with("*2"));
        }
    };
    store.race(4, transfer, |client| {
        let reply = client.call(&["MGET", "t:a", "t:b"]);
        let sum: i64 = reply.split("\r\n").skip(2).step_by(2).take(2).map(|v| v.parse::<i64>().unwrap()).sum();
        assert_eq!(sum, 2000, "{reply:?}");
    });
}

/// Optimistic increments under WATCH: every successful EXEC counts exactly once.
fn watch_detects_every_change(store: &Store) {
    store.client(0).call(&["SET", "w", "0"]);
    let successes = AtomicU64::new(0);
    let increment = |client: &mut dyn Client, _: usize| {
        for _ in 0..100 * store.rounds {
            client.call(&["WATCH", "w"]);
            let value: u64 = bulk(&client.call(&["GET", "w"])).parse().unwrap();
            client.call(&["MULTI"]);
            client.call(&["SET", "w", &(value + 1).to_string()]);
            if client.call(&["EXEC"]) == "*1\r\n+OK\r\n" {
                successes.fetch_add(1, Ordering::Relaxed);
            }
        }
    };
    store.race(4, increment, |client| {
        client.call(&["GET", "w"]);
    });
    let value: u64 = bulk(&store.client(0).call(&["GET", "w"])).parse().unwrap();
    assert_eq!(value, successes.load(Ordering::Relaxed));
}

/// Keys present throughout are returned by every SCAN while others come, expire and go.
fn scan_misses_nothing(store: &Store) {
    let mut client = store.client(0);
    for i in 0..200 {
        client.call(&["SET", &format!("stay:{i}"), "x"]);
    }
    let churn = |client: &mut dyn Client, thread: usize| {
        for i in 0..400 * store.rounds {
            let key = format!("churn:{thread}:{}", i % 97);
            match i % 3 {
                0 => client.call(&["SET", &key, "x", "PX", "1"]),
                1 => client.call(&["SET", &key, "y"]),
                _ => client.call(&["DEL", &key]),
            };
        }
    };
    store.race(4, churn, |client| {
        let mut seen = std::collections::HashSet::new();
        let mut cursor = "0".to_owned();
        loop {
            let reply = client.call(&["SCAN", &cursor, "MATCH", "stay:*", "COUNT", "50"]);
            let mut lines = reply.split("\r\n");
            cursor = lines.nth(2).expect("cursor").to_owned();
            seen.extend(lines.filter(|line| line.starts_with("stay:")).map(str::to_owned));
            if cursor == "0" {
                break;
            }
        }
        assert_eq!(seen.len(), 200, "SCAN has missed keys");
    });
}

/// Whole-keyspace commands among single-key ones neither deadlock nor tear the count.
fn whole_keyspace_commands_do_not_deadlock(store: &Store) {
    let work = |client: &mut dyn Client, thread: usize| {
        for i in 0..60 * store.rounds {
            match (thread, i % 4) {
                (0, 0) => client.call(&["FLUSHALL"]),
                (1, 1) => client.call(&["SWAPDB", "0", "1"]),
                (_, 2) => client.call(&["MSET", "f:1", "x", "f:2", "y", "f:3", "z"]),
                _ => client.call(&["SET", &format!("f:{thread}:{i}"), "v", "PX", "5"]),
            };
        }
    };
    store.race(4, work, |client| {
        assert!(client.call(&["DBSIZE"]).starts_with(':'));
        assert!(client.call(&["KEYS", "f:*"]).starts_with('*'));
    });
    let mut client = store.client(0);
    client.call(&["FLUSHALL"]);
    assert_eq!(client.call(&["DBSIZE"]), ":0\r\n");
}

fn integer(reply: &str) -> u64 {
    reply.trim_matches([':', '\r', '\n']).parse().expect("an integer")
}

fn bulk(reply: &str) -> &str {
    reply.split("\r\n").nth(1).unwrap_or("")
}

fn main() {
    let rounds = std::env::var("STRESS_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    type Scenario = (&'static str, fn(&Store));
    let scenarios: [Scenario; 17] = [
        ("counters add up", counters_add_up),
        ("MSET is atomic", mset_is_atomic),
        ("RENAME is atomic", rename_is_atomic),
        ("transactions are atomic", transactions_are_atomic),
        ("WATCH detects every change", watch_detects_every_change),
        ("SCAN misses nothing", scan_misses_nothing),
        ("whole-keyspace commands do not deadlock", whole_keyspace_commands_do_not_deadlock),
        ("no element is lost or doubled", waits::no_element_is_lost_or_doubled),
        ("ping-pong never stops", waits::ping_pong_never_stops),
        ("a wait has one outcome", waits::a_wait_has_one_outcome),
        ("tokens go round", waits::tokens_go_round),
        ("whatever makes a key ready wakes", waits::whatever_makes_a_key_ready_wakes),
        ("members are popped once", waits::members_are_popped_once),
        ("consumers hear of everything", waits::consumers_hear_of_everything),
        ("nothing is lost between collections", types::nothing_is_lost_between_collections),
        ("entries reach one consumer each", types::entries_reach_one_consumer_each),
        ("values of any type stay whole", types::values_of_any_type_stay_whole),
    ];
    for (name, scenario) in scenarios {
        scenario(&Store::open(rounds));
        println!("test stress::{} ... ok", name.replace(' ', "_"));
    }
    println!("\ntest result: ok. {} passed; 0 failed; 0 ignored; 0 measured; 0 filtered out", scenarios.len());
}
