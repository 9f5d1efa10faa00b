//! The typed lane: GET, SET and their like for a caller in this process that has no argv and wants no reply.
//!
//! What: each function is one command without its parsing: it hashes the key, locks its shard, and does through the
//! same [`Ctx`] what the command's handler does, so expiry, WATCH, statistics, MONITOR and whatever a change will have to
//! be told to are the same. It does not allocate, does not look up a command and does not read a clock unless
//! something in the shard is due. Durations are not measured, so typed calls are in no slow log.
//!
//! Sessions in a transaction are refused, because there is no reply that could say QUEUED.

mod aggregates;

use super::dispatch::with_locks;
use super::session::Session;
use super::spec::{COMMANDS, Command, Flags};
use super::string::{self, NewDeadline};
use super::{Class, CommandError, Ctx, Key, monitor};
use crate::engine::Engine;
use crate::engine::stats::bump;
use crate::hooks::reach;
use crate::keyspace::{KeyHash, LockSet, Reader, StringRef};
use crate::resp::ReplyWriter;
use crate::resp::number::IntegerText;
use std::sync::atomic::Ordering::Relaxed;

/// Keys whose cache misses overlap.
const WINDOW: usize = 32;

/// The session has a transaction open.
pub const IN_TRANSACTION: CommandError =
    CommandError::fixed("ERR a transaction is open in this session; end it with EXEC or DISCARD first");

static GET: &Command = command("get");
static SET: &Command = command("set");
static DEL: &Command = command("del");
static EXISTS: &Command = command("exists");
static INCRBY: &Command = command("incrby");
static PEXPIRE: &Command = command("pexpire");
static PTTL: &Command = command("pttl");

/// The table's entry of a command, found when this is compiled.
pub(super) const fn command(name: &str) -> &'static Command {
    let mut index = 0;
    while index < COMMANDS.len() {
        if is_same(COMMANDS[index].name.as_bytes(), name.as_bytes()) {
            return &COMMANDS[index];
        }
        index += 1;
    }
    panic!("no such command")
}

const fn is_same(a: &[u8], b: &[u8]) -> bool {
    let mut index = 0;
    while index < a.len() && index < b.len() && a[index] == b[index] {
        index += 1;
    }
    index == a.len() && index == b.len()
}

/// How long a key has to live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ttl {
    NoKey,
    Forever,
    Ms(i64),
}

/// What typed calls need: an engine and a session of it. The writer is scratch space, nothing is left in it.
pub struct Lane<'l> {
    pub engine: &'l Engine,
    pub session: &'l mut Session,
    pub scratch: &'l mut ReplyWriter,
    pub reader: &'l mut Reader,
}

impl Lane<'_> {
    /// GET: calls `found` with the value under the shard's lock; `None` if there is no such key.
    ///
    /// # Errors
    /// WRONGTYPE, or a refusal.
    #[inline]
    pub fn get<R>(&mut self, key: &[u8], found: impl FnOnce(&[u8]) -> R) -> Result<Option<R>, CommandError> {
        self.admit(GET)?;
        let hash = self.engine.keyspace.hash(key);
        self.get_hashed(Key { bytes: key, hash }, found)
    }

    #[inline]
    fn get_hashed<R>(&mut self, key: Key, found: impl FnOnce(&[u8]) -> R) -> Result<Option<R>, CommandError> {
        let value = self.run(GET, key, |ctx| {
            ctx.read_value(key, |value, _| {
                let Some((_, value)) = value else { return Ok(None) };
                match value.string().ok_or(CommandError::WRONG_TYPE)? {
                    StringRef::Str(bytes) => Ok(Some(found(bytes))),
                    StringRef::Int(int) => Ok(Some(found(IntegerText::new().format(int)))),
                }
            })
        });
        self.tell_monitors(GET, |tell| tell(&[b"get", key.bytes]));
        value
    }

    /// GET for many keys in windows: all keys are hashed and their buckets fetched, then their entries, then each is
    /// read. Each read is atomic by itself. `found(i, value)` gets `None` for a key that is missing or no string.
    ///
    /// # Errors
    /// A refusal, before the first key.
    pub fn get_many<'k>(
        &mut self,
        count: usize,
        key: impl Fn(usize) -> &'k [u8],
        mut found: impl FnMut(usize, Option<&[u8]>),
    ) -> Result<(), CommandError> {
        self.admit(GET)?;
        for start in (0..count).step_by(WINDOW) {
            let hashes = self.prefetch(start, count, &key);
            for index in start..count.min(start + WINDOW) {
                let key = Key { bytes: key(index), hash: hashes[index - start] };
                let is_there = self.get_hashed(key, |value| found(index, Some(value)));
                if !matches!(is_there, Ok(Some(()))) {
                    found(index, None);
                }
            }
        }
        Ok(())
    }

    /// SET with PX, if `ttl_ms` is not 0.
    ///
    /// # Errors
    /// A time that is negative or too far away, lack of memory, or a refusal; nothing has changed then.
    #[inline]
    pub fn set(&mut self, key: &[u8], value: &[u8], ttl_ms: i64) -> Result<(), CommandError> {
        self.admit(SET)?;
        let hash = self.engine.keyspace.hash(key);
        self.set_hashed(Key { bytes: key, hash }, value, ttl_ms)
    }

    #[inline]
    fn set_hashed(&mut self, key: Key, value: &[u8], ttl_ms: i64) -> Result<(), CommandError> {
        let outcome = self.run(SET, key, |ctx| {
            if ttl_ms == 0 {
                return string::set_plainly(ctx, key, string::encode(value));
            }
            let deadline = NewDeadline::At(deadline_ms(ctx, Some(ttl_ms).filter(|&ttl_ms| ttl_ms > 0))?);
            let found = ctx.write(key);
            string::store(ctx, key, found, string::encode(value), deadline)
        });
        self.tell_monitors(SET, |tell| match ttl_ms {
            0 => tell(&[b"set", key.bytes, value]),
            ttl_ms => tell(&[b"set", key.bytes, value, b"px", IntegerText::new().format(ttl_ms)]),
        });
        outcome
    }

    /// SET for many pairs in windows as in [`Lane::get_many`]. Each is atomic by itself.
    ///
    /// # Errors
    /// Those of the first SET that fails; those before it are done.
    pub fn set_many<'k>(
        &mut self,
        count: usize,
        key: impl Fn(usize) -> &'k [u8],
        value: impl Fn(usize) -> &'k [u8],
    ) -> Result<(), CommandError> {
        for start in (0..count).step_by(WINDOW) {
            let hashes = self.prefetch(start, count, &key);
            for index in start..count.min(start + WINDOW) {
                self.admit(SET)?;
                self.set_hashed(Key { bytes: key(index), hash: hashes[index - start] }, value(index), 0)?;
            }
        }
        Ok(())
    }

    /// DEL: whether there was such a key.
    ///
    /// # Errors
    /// A refusal.
    pub fn del(&mut self, key: &[u8]) -> Result<bool, CommandError> {
        self.admit(DEL)?;
        let key = Key { bytes: key, hash: self.engine.keyspace.hash(key) };
        let outcome = self.run(DEL, key, |ctx| {
            let Some(loc) = ctx.peek(key) else { return Ok(false) };
            ctx.db(key).remove(loc);
            ctx.changed(key);
            ctx.notify(Class::Generic, c"del", key);
            Ok(true)
        });
        self.tell_monitors(DEL, |tell| tell(&[b"del", key.bytes]));
        outcome
    }

    /// EXISTS.
    ///
    /// # Errors
    /// A refusal.
    pub fn exists(&mut self, key: &[u8]) -> Result<bool, CommandError> {
        self.admit(EXISTS)?;
        let key = Key { bytes: key, hash: self.engine.keyspace.hash(key) };
        let outcome = self.run(EXISTS, key, |ctx| Ok(ctx.read_untouched(key).is_some()));
        self.tell_monitors(EXISTS, |tell| tell(&[b"exists", key.bytes]));
        outcome
    }

    /// INCRBY: the new value.
    ///
    /// # Errors
    /// WRONGTYPE, not an integer, overflow, lack of memory, or a refusal.
    pub fn incr_by(&mut self, key: &[u8], by: i64) -> Result<i64, CommandError> {
        self.admit(INCRBY)?;
        let key = Key { bytes: key, hash: self.engine.keyspace.hash(key) };
        let outcome = self.run(INCRBY, key, |ctx| string::increment(ctx, key, by));
        self.tell_monitors(INCRBY, |tell| tell(&[b"incrby", key.bytes, IntegerText::new().format(by)]));
        outcome
    }

    /// PEXPIRE: whether there is such a key. It is deleted if `ttl_ms` is not positive.
    ///
    /// # Errors
    /// A time too far away, lack of memory, or a refusal.
    pub fn expire(&mut self, key: &[u8], ttl_ms: i64) -> Result<bool, CommandError> {
        self.admit(PEXPIRE)?;
        let key = Key { bytes: key, hash: self.engine.keyspace.hash(key) };
        let outcome = self.run(PEXPIRE, key, |ctx| {
            let at_ms = deadline_ms(ctx, Some(ttl_ms))?;
            let Some(loc) = ctx.write(key) else { return Ok(false) };
            if ttl_ms <= 0 {
                ctx.db(key).remove(loc);
            } else {
                ctx.db(key).set_deadline(loc, at_ms)?;
            }
            ctx.changed(key);
            ctx.notify(Class::Generic, if ttl_ms <= 0 { c"del" } else { c"expire" }, key);
            Ok(true)
        });
        self.tell_monitors(PEXPIRE, |tell| tell(&[b"pexpire", key.bytes, IntegerText::new().format(ttl_ms)]));
        outcome
    }

    /// PTTL.
    ///
    /// # Errors
    /// A refusal.
    pub fn ttl(&mut self, key: &[u8]) -> Result<Ttl, CommandError> {
        self.admit(PTTL)?;
        let key = Key { bytes: key, hash: self.engine.keyspace.hash(key) };
        let outcome = self.run(PTTL, key, |ctx| {
            let Some(loc) = ctx.read_untouched(key) else { return Ok(Ttl::NoKey) };
            let Some(deadline_ms) = ctx.db(key).deadline_ms(loc) else { return Ok(Ttl::Forever) };
            Ok(Ttl::Ms(deadline_ms.saturating_sub(ctx.now_ms()).max(0)))
        });
        self.tell_monitors(PTTL, |tell| tell(&[b"pttl", key.bytes]));
        outcome
    }

    /// What dispatch would refuse.
    #[inline]
    fn admit(&self, command: &Command) -> Result<(), CommandError> {
        if self.session.transaction.is_some() {
            return Err(IN_TRANSACTION);
        }
        reach("typed");
        if command.flags.contains(Flags::DENYOOM) && self.engine.is_out_of_memory() {
            return Err(CommandError::OUT_OF_MEMORY);
        }
        Ok(())
    }

    /// Runs the body of a command with the shard of its key locked, and accounts for it.
    #[inline]
    fn run<R>(
        &mut self,
        command: &'static Command,
        key: Key,
        body: impl FnOnce(&mut Ctx) -> Result<R, CommandError>,
    ) -> Result<R, CommandError> {
        let outcome = {
            let mut locks = LockSet::one(&self.engine.keyspace, key.hash);
            with_locks(self.engine, self.session, command, self.scratch, &mut locks, 0, |ctx| {
                reach("typed locked");
                if ctx.session.db != 0 {
                    ctx.make_database(ctx.session.db, key)?;
                }
                body(ctx)
            })
        };
        self.session.counters.called(command.id);
        self.session.client.last_command.store(u32::from(command.id), Relaxed);
        if outcome.is_err() {
            bump(&self.session.counters.command(command.id).failed, 1);
        }
        self.engine.events.deliver(&mut self.session.events);
        outcome
    }

    /// Hashes a window of keys and fetches their buckets, then their entries.
    #[inline]
    fn prefetch<'k>(&mut self, start: usize, count: usize, key: impl Fn(usize) -> &'k [u8]) -> [KeyHash; WINDOW] {
        let (keyspace, db) = (&self.engine.keyspace, self.session.db);
        let glance = keyspace.glance(self.reader);
        let mut hashes = [KeyHash(0); WINDOW];
        let mut sights = [const { None }; WINDOW];
        let window = &mut hashes[..WINDOW.min(count - start)];
        for (index, (hash, sight)) in window.iter_mut().zip(&mut sights).enumerate() {
            *hash = keyspace.hash(key(start + index));
            *sight = glance.sight(db, *hash);
        }
        glance.prefetch_entries(window.iter().zip(&sights).map(|(hash, sight)| (db, *hash, sight.as_ref())));
        hashes
    }

    #[inline]
    fn tell_monitors(&self, command: &Command, with: impl FnOnce(&dyn Fn(&[&[u8]]))) {
        if self.engine.clients.has_monitors() {
            with(&|argv| monitor::feed(self.engine, self.session, command, argv));
        }
    }
}

/// The moment `ttl_ms` from now.
fn deadline_ms(ctx: &mut Ctx, ttl_ms: Option<i64>) -> Result<i64, CommandError> {
    let at_ms = ttl_ms.and_then(|ttl_ms| ttl_ms.checked_add(ctx.now_ms()));
    at_ms.ok_or_else(|| CommandError::invalid_expire(ctx.command.name))
}
