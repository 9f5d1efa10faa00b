//! The mechanism by itself, with a command of its own: it waits for a string, and takes it away or moves it.

use super::super::dispatch::{self, Prepared};
use super::super::session::{Close, Session};
use super::super::typed::command;
use super::*;
use crate::engine::Engine;
use crate::engine::clients::{End, Origin};
use crate::engine::clock::Clock;
use crate::engine::log::Log;
use crate::engine::settings::Settings;
use crate::keyspace::{Kind, LockSet, Shared};
use crate::resp::Protocol;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

const STRING: Awaited = Awaited { kind: Kind::String, or_gone: false };
const STRING_OR_GONE: Awaited = Awaited { kind: Kind::String, or_gone: true };

/// Takes the string away, or gives it another name.
struct Take(Option<OwnedKey>);

impl Serve for Take {
    fn serve(&mut self, ctx: &mut Ctx, key: Key) -> Result<Served, CommandError> {
        let Some(loc) = ctx.peek(key) else {
            return Err(CommandError::fixed("GONE it is"));
        };
        let value = match ctx.string(key, loc)? {
            crate::keyspace::StringRef::Str(bytes) => bytes.to_vec(),
            crate::keyspace::StringRef::Int(int) => int.to_string().into_bytes(),
        };
        if value == b"later" {
            return Ok(Served::NotYet);
        }
        ctx.db(key).remove(loc);
        ctx.changed(key);
        if let Some(to) = &self.0 {
            let to = to.key();
            if ctx.peek(to).is_some() {
                return Err(CommandError::fixed("TAKEN"));
            }
            ctx.create(to, crate::keyspace::NewValue::Str(&value))?;
            ctx.changed(to);
        }
        ctx.reply.bulk(&value);
        Ok(Served::Yes)
    }
}

struct Store {
    engine: Shared<Engine>,
    now_ms: Arc<AtomicI64>,
}

impl Store {
    fn new() -> Self {
        let now_ms = Arc::new(AtomicI64::new(1_000_000));
        let hand = Arc::clone(&now_ms);
        let clock = Clock::from_host(Box::new(move || hand.load(Ordering::SeqCst)));
        Self { engine: Engine::open(Settings::new(), clock, Log::silent()).unwrap(), now_ms }
    }

    fn client(&self) -> Client {
        let outlet = None;
        let origin = Origin { addr: String::new(), laddr: String::new(), fd: -1, is_unix: false, outlet };
        let session = Session::new(&self.engine, origin, self.engine.stats.add_block().unwrap()).unwrap();
        Client { engine: self.engine.clone(), session, reply: ReplyWriter::default() }
    }

    fn blocked(&self) -> u64 {
        self.engine.clients.blocked.load(Relaxed)
    }

    fn nobody_is_in_line(&self) -> bool {
        (0..self.engine.keyspace.shard_count()).all(|shard| self.engine.keyspace.lock(shard).waiters().is_empty())
    }
}

struct Client {
    engine: Shared<Engine>,
    session: Session,
    reply: ReplyWriter,
}

impl Client {
    fn say(&mut self, words: &str) -> String {
        let argv: Vec<&[u8]> = words.split(' ').map(str::as_bytes).collect();
        self.reply.clear();
        dispatch::execute(&self.engine, &mut self.session, &argv, &Prepared::default(), 0, &mut self.reply);
        String::from_utf8(self.reply.bytes().to_vec()).unwrap()
    }

    /// Blocks without looking first.
    fn wait(&mut self, keys: &[&str], awaited: Awaited, to: Option<&str>, deadline_ms: Option<i64>) {
        let engine = self.engine.clone();
        let key = |name: &&'static str| Key { bytes: name.as_bytes(), hash: engine.keyspace.hash(name.as_bytes()) };
        let names: Vec<&'static str> = keys.iter().map(|name| &*name.to_string().leak()).collect();
        let keys: Vec<Key> = names.iter().map(key).collect();
        let to: Vec<&'static str> = to.iter().map(|name| &*name.to_string().leak()).collect();
        let further: Vec<Key> = to.iter().map(key).collect();
        let mut locks = LockSet::many(&engine.keyspace, keys.iter().chain(&further).map(|key| key.hash)).unwrap();
        let serve = Box::new(Take(further.first().map(|key| OwnedKey::new(*key).unwrap())));
        self.reply.clear();
        self.reply.set_protocol(self.session.protocol);
        let mut ctx = Ctx {
            engine: &engine,
            session: &mut self.session,
            command: command("get"),
            reply: &mut self.reply,
            locks: &mut locks,
            changes: 0,
            now_ms: 0,
            in_transaction: false,
        };
        let nil = ReplyWriter::null_array;
        ctx.block(Wait { keys: &keys, awaited, further: &further, deadline_ms, nil, serve }).unwrap();
        drop(locks);
        let argv = [&b"TAKE"[..]];
        self.session.parked.as_mut().unwrap().call =
            Some(super::super::session::QueuedCommand::new(command("get"), &argv).expect("memory"));
    }

    fn answer(&mut self) -> Option<String> {
        self.reply.clear();
        let waits = self.session.waiter().is_some();
        let is_done = dispatch::resume(&self.engine, &mut self.session, 0, &mut self.reply);
        (waits && is_done).then(|| String::from_utf8(self.reply.bytes().to_vec()).unwrap())
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.session.end(&self.engine);
    }
}

#[test]
fn first_come_first_served_and_who_is_not_keeps_his_place() {
    let store = Store::new();
    let mut writer = store.client();
    let mut waiting: Vec<Client> = (0..3).map(|_| store.client()).collect();
    for client in &mut waiting {
        client.wait(&["k", "l", "k"], STRING, None, None);
    }
    assert_eq!(store.blocked(), 3);
    writer.say("SET k later");
    writer.say("SET other x");
    assert!(waiting.iter_mut().all(|client| client.answer().is_none()));
    for (index, value) in ["a", "b", "c"].into_iter().enumerate() {
        assert_eq!(writer.say(&format!("SET {} {value}", ["k", "l", "k"][index])), "+OK\r\n");
        assert_eq!(writer.say("EXISTS l"), ":0\r\n");
        assert_eq!(store.blocked(), 2 - index as u64);
        for (other, client) in waiting.iter_mut().enumerate() {
            let expected = (other == index).then(|| format!("$1\r\n{value}\r\n"));
            assert_eq!(client.answer(), expected);
        }
    }
    assert!(store.nobody_is_in_line());
    writer.say("SET k d");
    assert_eq!(writer.say("GET k"), "$1\r\nd\r\n");
}

#[test]
fn a_transaction_serves_when_it_is_over_in_the_order_of_its_keys() {
    let store = Store::new();
    let (mut writer, mut one, mut two) = (store.client(), store.client(), store.client());
    one.wait(&["a", "b"], STRING, None, None);
    two.wait(&["a", "b"], STRING, None, None);
    for words in ["MULTI", "SET b 1", "SET a 2", "GET b", "SET b 3"] {
        writer.say(words);
    }
    assert_eq!(writer.say("EXEC"), "*4\r\n+OK\r\n+OK\r\n$1\r\n1\r\n+OK\r\n");
    assert_eq!(one.answer().as_deref(), Some("$1\r\n3\r\n"));
    assert_eq!(two.answer().as_deref(), Some("$1\r\n2\r\n"));
}

#[test]
fn serving_makes_further_keys_ready() {
    let store = Store::new();
    let (mut writer, mut first, mut second, mut third) =
        (store.client(), store.client(), store.client(), store.client());
    third.wait(&["c"], STRING, None, None);
    second.wait(&["b"], STRING, Some("c"), None);
    first.wait(&["a"], STRING, Some("b"), None);
    writer.say("SET a 7");
    for client in [&mut first, &mut second, &mut third] {
        assert_eq!(client.answer().as_deref(), Some("$1\r\n7\r\n"));
    }
    assert_eq!(writer.say("DBSIZE"), ":0\r\n");
    // An answer may be an error; what was changed before it is the command's own affair.
    first.wait(&["a"], STRING, Some("taken"), None);
    writer.say("SET taken x");
    writer.say("SET a 8");
    assert_eq!(first.answer().as_deref(), Some("-TAKEN\r\n"));
    assert!(store.nobody_is_in_line());
}

#[test]
fn a_key_that_needs_a_lock_somebody_has_is_served_afterwards() {
    let store = Store::new();
    let engine = store.engine.clone();
    // The writer takes its locks again in ascending order, so it will wait for this one first.
    let shard_of = |key: &str| engine.keyspace.shard_of(engine.keyspace.hash(key.as_bytes()));
    let to = (0..).map(|i: u32| format!("to{i}")).find(|to| shard_of(to) < shard_of("from")).unwrap();
    let (mut writer, mut waiting) = (store.client(), store.client());
    waiting.wait(&["from"], STRING, Some(&to), None);
    std::thread::scope(|scope| {
        let lock = LockSet::one(&engine.keyspace, engine.keyspace.hash(to.as_bytes()));
        let write = scope.spawn(|| writer.say("SET from 1"));
        while engine.keyspace.lock(shard_of("from")).db(0).is_empty() {
            std::thread::yield_now();
        }
        drop(lock);
        assert_eq!(write.join().unwrap(), "+OK\r\n");
    });
    assert_eq!(waiting.answer().as_deref(), Some("$1\r\n1\r\n"));
    assert_eq!(writer.say(&format!("GET {to}")), "$1\r\n1\r\n");
    assert_eq!(writer.say("GET from"), "$-1\r\n");
}

#[test]
fn a_wait_ends_once() {
    let store = Store::new();
    let (mut writer, mut one) = (store.client(), store.client());
    one.session.set_protocol(Protocol::Resp3);
    for (how, answer) in [
        (End::TimedOut, "_\r\n"),
        (End::Unblocked, "_\r\n"),
        (End::UnblockedWithError, "-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n"),
        (End::Interrupted, "-RS_ERR_CLOSED the wait was interrupted\r\n"),
    ] {
        one.wait(&["k"], STRING, None, Some(5));
        assert!(one.session.client.blocked_by().is_some_and(|waiting| waiting.has_deadline()));
        assert!(one.session.client.unblock(&store.engine, how));
        assert!(!one.session.client.unblock(&store.engine, End::TimedOut));
        assert!(one.session.client.blocked_by().is_none());
        assert_eq!(store.blocked(), 0);
        writer.say("SET k v");
        assert_eq!(writer.say("GETDEL k"), "$1\r\nv\r\n", "nobody has taken it");
        assert_eq!(one.answer().as_deref(), Some(answer));
        assert!(store.nobody_is_in_line());
    }
    // Served, and then gone with its answer.
    one.wait(&["k"], STRING, None, None);
    writer.say("SET k v");
    assert!(!one.session.client.unblock(&store.engine, End::Gone));
    drop(one);
    let mut two = store.client();
    two.wait(&["k"], STRING, None, None);
    drop(two);
    assert_eq!(store.blocked(), 0);
    assert!(store.nobody_is_in_line());
}

#[test]
fn whoever_asks_for_it_is_told_that_a_key_is_gone() {
    let store = Store::new();
    let mut writer = store.client();
    let gone = Some("-GONE it is\r\n".to_owned());
    for (setup, end) in [
        ("SET k later", "DEL k"),
        ("SET k later", "FLUSHALL"),
        ("SET k later", "SWAPDB 0 1"),
        ("SET k later", "RENAME k l"),
        ("SET k later", "MOVE k 1"),
        ("SET k later PX 10", "GET k"),
        ("SET k later PX 10", "RANDOMKEY"),
    ] {
        writer.say(setup);
        let (mut one, mut other) = (store.client(), store.client());
        one.wait(&["k"], STRING_OR_GONE, None, None);
        other.wait(&["k"], STRING, None, None);
        if setup.contains("PX") {
            store.engine.settings.hot().active_expire.store(false, Relaxed);
            store.now_ms.fetch_add(11, Ordering::SeqCst);
        }
        writer.say(end);
        assert_eq!(one.answer(), gone, "{end}");
        assert_eq!(other.answer(), None, "{end}");
        drop((one, other));
        writer.say("FLUSHALL");
    }
    // In the background, by the thread that expires keys.
    writer.say("SET k later PX 10");
    let mut one = store.client();
    one.wait(&["k"], STRING_OR_GONE, None, None);
    store.now_ms.fetch_add(11, Ordering::SeqCst);
    store.engine.settings.hot().active_expire.store(true, Relaxed);
    while one.session.client.blocked_by().is_some() {
        std::thread::yield_now();
    }
    assert_eq!(one.answer(), gone);
}

#[test]
fn other_ways_for_a_key_to_appear() {
    let store = Store::new();
    let mut writer = store.client();
    for ways in ["RENAME src k", "RENAMENX src k", "COPY src k", "COPY src k REPLACE", "MSET x 1 k v", "SETNX k v"] {
        writer.say("SET src v");
        let mut one = store.client();
        one.wait(&["k"], STRING, None, None);
        writer.say(ways);
        assert_eq!(one.answer().as_deref(), Some("$1\r\nv\r\n"), "{ways}");
    }
    for ways in ["MOVE k 1", "COPY k k DB 1", "SWAPDB 0 1"] {
        writer.say("FLUSHALL");
        writer.say("SET k v");
        let mut one = store.client();
        one.say("SELECT 1");
        one.wait(&["k"], STRING, None, None);
        writer.say(ways);
        assert_eq!(one.answer().as_deref(), Some("$1\r\nv\r\n"), "{ways}");
    }
}

#[test]
fn nobody_waits_for_damaged_keys() {
    let store = Store::new();
    let (mut one, mut two) = (store.client(), store.client());
    let shard_of = |key: &str| store.engine.keyspace.shard_of(store.engine.keyspace.hash(key.as_bytes()));
    let elsewhere = (0..).map(|number| format!("k{number}")).find(|key| shard_of(key) != shard_of("k")).unwrap();
    one.wait(&["k"], STRING, None, None);
    two.wait(&[&elsewhere], STRING, None, None);
    store.engine.keyspace.mark_damaged(shard_of("k"));
    store.engine.after_panic();
    assert!(one.answer().unwrap().starts_with("-ERR an internal error has damaged the data"));
    assert_eq!((two.answer(), store.blocked()), (None, 1));
}

#[test]
fn the_answer_obeys_client_reply() {
    let store = Store::new();
    let (mut writer, mut one) = (store.client(), store.client());
    one.say("CLIENT REPLY OFF");
    one.wait(&["k"], STRING, None, None);
    writer.say("SET k v");
    assert_eq!(one.answer().as_deref(), Some(""));
    assert_eq!(one.session.close, Close::No);
}

#[test]
fn inside_a_transaction_nothing_waits() {
    let store = Store::new();
    let mut one = store.client();
    let mut locks = LockSet::one(&store.engine.keyspace, store.engine.keyspace.hash(b"k"));
    let mut ctx = Ctx {
        engine: &store.engine,
        session: &mut one.session,
        command: command("get"),
        reply: &mut one.reply,
        locks: &mut locks,
        changes: 0,
        now_ms: 0,
        in_transaction: true,
    };
    let nil = ReplyWriter::null;
    let serve = Box::new(Take(None));
    ctx.block(Wait { keys: &[], awaited: STRING, further: &[], deadline_ms: None, nil, serve }).unwrap();
    drop(locks);
    assert_eq!(one.reply.bytes(), b"$-1\r\n");
    assert!(one.session.parked.is_none());
}

#[test]
fn timeouts_are_read_as_redis_reads_them() {
    let store = Store::new();
    let mut one = store.client();
    let mut locks = LockSet::none(&store.engine.keyspace);
    let ctx = Ctx {
        engine: &store.engine,
        session: &mut one.session,
        command: command("get"),
        reply: &mut one.reply,
        locks: &mut locks,
        changes: 0,
        now_ms: 0,
        in_transaction: false,
    };
    let not_a_float = CommandError::fixed("ERR timeout is not a float or out of range");
    for (text, expected) in [
        ("0", Ok(None)),
        ("0.0", Ok(None)),
        ("-0.0001", Ok(None)),
        ("1e-10", Ok(Some(1))),
        ("0.0011", Ok(Some(2))),
        ("1.5", Ok(Some(1500))),
        ("0x10", Ok(Some(16_000))),
        ("-1", Err(NEGATIVE)),
        ("inf", Err(NEGATIVE)),
        ("-inf", Err(NEGATIVE)),
        ("1e400", Err(NEGATIVE)),
        ("99999999999999999999", Err(NEGATIVE)),
        ("nan", Err(not_a_float.clone())),
        ("", Err(not_a_float.clone())),
        (" 1", Err(not_a_float.clone())),
        ("1e99999", Err(not_a_float.clone())),
        ("abc", Err(not_a_float)),
    ] {
        let expected = expected.map(|ms: Option<i64>| ms.map(|ms| ms + 1_000_000));
        assert_eq!(timeout_s(&ctx, text.as_bytes()), expected, "{text}");
    }
    let not_an_integer = CommandError::fixed("ERR timeout is not an integer or out of range");
    for (text, expected) in [
        ("0", Ok(None)),
        ("7", Ok(Some(1_000_007))),
        ("9223372036854775807", Ok(Some(i64::MAX))),
        ("9223372036854775808", Err(not_an_integer.clone())),
        ("1.5", Err(not_an_integer)),
        ("-1", Err(NEGATIVE)),
    ] {
        assert_eq!(timeout_ms(&ctx, text.as_bytes()), expected, "{text}");
    }
}
