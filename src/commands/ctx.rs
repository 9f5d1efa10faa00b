//! What a handler works with: the engine, its session, the locked shards, the reply.

use super::session::{Continuation, Parked, Rest};
use super::spec::Command;
use super::{Args, CommandError, Key, Session, blocking};
use crate::engine::Engine;
use crate::engine::access;
use crate::engine::events::{Class, Event, Pending};
use crate::engine::random::Random;
use crate::engine::stats::bump;
use crate::keyspace::damage::Guarded;
use crate::keyspace::{Db, Kind, Loc, LockSet, NO_DEADLINE, NewValue, NoMemory, ShardData, StringRef, ValueRef};
use crate::resp::ReplyWriter;
use crate::types::Object;
use crate::types::hash::NOTHING_DUE;
use std::ffi::CStr;

/// The surroundings of one running command.
pub struct Ctx<'c, 'e> {
    pub engine: &'e Engine,
    pub session: &'c mut Session,
    pub command: &'static Command,
    pub reply: &'c mut ReplyWriter,
    pub(super) locks: &'c mut LockSet<'e>,
    /// Changes made so far, what Redis calls dirty.
    pub(super) changes: u64,
    /// Milliseconds since the epoch, 0 before it is read.
    pub(super) now_ms: i64,
    /// Inside EXEC: nothing may give way to others.
    pub(super) in_transaction: bool,
}

impl<'c, 'e> Ctx<'c, 'e> {
    /// The time of this command in milliseconds since the epoch; the same for all of its batch.
    #[inline]
    pub fn now_ms(&mut self) -> i64 {
        read_once(self.engine, &mut self.now_ms)
    }

    /// The selected database in the shard of a key.
    #[inline(always)]
    pub fn db(&mut self, key: Key) -> &mut Db {
        self.locks.db(self.session.db, key.hash)
    }

    /// Database `number` in the shard of a key.
    pub fn db_at(&mut self, number: u32, key: Key) -> &mut Db {
        self.locks.db(number, key.hash)
    }

    /// Makes database `number` in the shard of a key that may be its first there.
    ///
    /// # Errors
    /// If memory is short.
    pub fn make_database(&mut self, number: u32, key: Key) -> Result<(), NoMemory> {
        self.locks.shard(key.hash).dbs().make(number)
    }

    /// Makes the selected database in the locked shards of the keys of a command.
    ///
    /// # Errors
    /// If memory is short.
    #[cold]
    pub fn make_database_of(&mut self, args: &Args) -> Result<(), NoMemory> {
        let number = self.session.db;
        for key in args.keys() {
            if self.locks.holds(key.hash) {
                self.make_database(number, key)?;
            }
        }
        Ok(())
    }

    /// The selected database in the shard of a key, and the reply to write to.
    #[inline]
    pub fn db_and_reply(&mut self, key: Key) -> (&mut Db, &mut ReplyWriter) {
        (self.locks.db(self.session.db, key.hash), self.reply)
    }

    /// Looks up a key to read it: counts a hit or a miss and marks it as used. An expired key is gone.
    #[inline]
    pub fn read(&mut self, key: Key) -> Option<Loc> {
        let found = self.find(key);
        note_read(self.engine, self.session, key, found.is_some());
        found
    }

    /// [`Ctx::read`], and shows the value and the reply to write it to: one look-up instead of two.
    #[inline(always)]
    pub fn read_value<R>(
        &mut self,
        key: Key,
        show: impl FnOnce(Option<(Loc, ValueRef<'_>)>, &mut ReplyWriter) -> R,
    ) -> R {
        let number = self.session.db;
        let db = self.locks.db(number, key.hash);
        let is_due = is_due(db.next_deadline_ms(), self.engine, &mut self.now_ms);
        let found = if !is_due && !self.engine.settings.hot().policy_is_lfu() {
            let clock = access::lru_clock(self.engine.housekeeping.now_s());
            let found = db.get_used(key.hash, key.bytes, clock);
            note_read(self.engine, self.session, key, found.is_some());
            found
        } else {
            let loc = self.read(key);
            let db = self.locks.db(number, key.hash);
            loc.map(|loc| (loc, db.value(loc)))
        };
        show(found, self.reply)
    }

    /// [`Ctx::write`], and if that takes no more than copying it and there can be no deadline, replaces the value of a string in
    /// place and notes the change. Where that was not done, the error is what [`Ctx::write`] finds.
    #[inline(always)]
    pub fn overwrite(&mut self, key: Key, value: NewValue<'_>) -> Result<(), Option<Loc>> {
        let number = self.session.db;
        let shard = self.locks.shard(key.hash);
        let db = shard.db(number);
        if db.next_deadline_ms() != NO_DEADLINE || self.engine.settings.hot().policy_is_lfu() {
            return Err(self.write(key));
        }
        let clock = access::lru_clock(self.engine.housekeeping.now_s());
        db.overwrite(key.hash, key.bytes, value, clock)?;
        self.changes += 1;
        shard.touch(number, key.hash, key.bytes);
        Ok(())
    }

    /// [`Ctx::read`] without marking the key as used, as EXISTS and TTL do.
    #[inline]
    pub fn read_untouched(&mut self, key: Key) -> Option<Loc> {
        let found = self.read_quietly(key);
        if found.is_none() {
            self.notify(Class::KeyMiss, c"keymiss", key);
        }
        found
    }

    /// [`Ctx::read_untouched`], but a miss is no event: for OBJECT, which asks about a key and does not read it.
    pub fn read_quietly(&mut self, key: Key) -> Option<Loc> {
        let found = self.peek(key);
        let counters = &self.session.counters;
        bump(if found.is_some() { &counters.hits } else { &counters.misses }, 1);
        found
    }

    /// Looks up a key to change it: marks it as used. An expired key is gone.
    #[inline]
    pub fn write(&mut self, key: Key) -> Option<Loc> {
        self.find(key)
    }

    /// [`Ctx::peek`] and [`Ctx::mark_used`] in one: the database is looked up once.
    #[inline]
    fn find(&mut self, key: Key) -> Option<Loc> {
        let hot = self.engine.settings.hot();
        let number = self.session.db;
        let db = self.locks.db(number, key.hash);
        if !is_due(db.next_deadline_ms(), self.engine, &mut self.now_ms) && !hot.policy_is_lfu() {
            let clock = access::lru_clock(self.engine.housekeeping.now_s());
            return db.get_used(key.hash, key.bytes, clock).map(|(loc, _)| loc);
        }
        let loc = db.locate(key.hash, key.bytes)?;
        let loc = self.unless_due(number, key, loc)?;
        self.mark_used(key, loc);
        Some(loc)
    }

    /// Looks up a key without a trace: neither counted nor marked as used. An expired key is gone.
    #[inline]
    pub fn peek(&mut self, key: Key) -> Option<Loc> {
        self.peek_at(self.session.db, key)
    }

    /// [`Ctx::peek`] in another database.
    #[inline]
    pub fn peek_at(&mut self, number: u32, key: Key) -> Option<Loc> {
        let db = self.locks.db(number, key.hash);
        let loc = db.locate(key.hash, key.bytes)?;
        self.unless_due(number, key, loc)
    }

    /// The root of the heap is at hand; only when something in this shard is due is the key's own deadline worth a
    /// cache miss.
    #[inline]
    fn unless_due(&mut self, number: u32, key: Key, loc: Loc) -> Option<Loc> {
        let earliest_ms = self.locks.db(number, key.hash).next_deadline_ms();
        if is_due(earliest_ms, self.engine, &mut self.now_ms) {
            return self.unless_expired(number, key, loc);
        }
        Some(loc)
    }

    #[cold]
    fn unless_expired(&mut self, number: u32, key: Key, loc: Loc) -> Option<Loc> {
        let now_ms = self.now_ms();
        let shard = self.locks.shard(key.hash);
        match shard.db(number).deadline_ms(loc) {
            Some(deadline_ms) if deadline_ms <= now_ms => {
                shard.expire(number, loc);
                self.engine.stats.count_expired(1);
                self.notify_at(Class::Expired, c"expired", number, key);
                None
            }
            _ if shard.db(number).has_due_fields(loc, now_ms) => {
                let is_gone = shard.settle_fields(number, loc, now_ms);
                self.notify_at(Class::Hash, c"hexpired", number, key);
                if is_gone {
                    self.notify_at(Class::Generic, c"del", number, key);
                }
                (!is_gone).then_some(loc)
            }
            _ => Some(loc),
        }
    }

    /// Up to which time fields of hashes are gone; [`NOTHING_DUE`] if nothing in the database has a deadline.
    #[inline]
    pub fn due_ms(&mut self, key: Key) -> i64 {
        if self.db(key).next_deadline_ms() == NO_DEADLINE { NOTHING_DUE } else { self.now_ms() }
    }

    #[inline]
    fn mark_used(&mut self, key: Key, loc: Loc) {
        let hot = self.engine.settings.hot();
        let now_s = self.engine.housekeeping.now_s();
        let db = self.locks.db(self.session.db, key.hash);
        let before = db.access(loc);
        let access = if hot.policy_is_lfu() {
            access::lfu_used(before, now_s, hot.lfu_rules(), &mut self.session.random)
        } else {
            access::lru_clock(now_s)
        };
        if access != before {
            db.set_access(loc, access);
        }
    }

    /// The access field of a new entry.
    #[inline]
    pub fn fresh_access(&self) -> u32 {
        let now_s = self.engine.housekeeping.now_s();
        if self.engine.settings.hot().policy_is_lfu() { access::lfu_new(now_s) } else { access::lru_clock(now_s) }
    }

    /// The value at `loc` if it is a string.
    ///
    /// # Errors
    /// WRONGTYPE.
    #[inline]
    pub fn string(&mut self, key: Key, loc: Loc) -> Result<StringRef<'_>, CommandError> {
        self.db(key).value(loc).string().ok_or(CommandError::WRONG_TYPE)
    }

    /// The value at `loc` if it is of this type.
    ///
    /// # Errors
    /// WRONGTYPE.
    #[inline]
    pub fn typed(&mut self, key: Key, loc: Loc, kind: Kind) -> Result<ValueRef<'_>, CommandError> {
        let value = self.db(key).value(loc);
        if value.kind() == kind { Ok(value) } else { Err(CommandError::WRONG_TYPE) }
    }

    /// [`Ctx::typed`], and the reply to write it to.
    ///
    /// # Errors
    /// WRONGTYPE.
    #[inline]
    pub fn typed_and_reply(
        &mut self,
        key: Key,
        loc: Loc,
        kind: Kind,
    ) -> Result<(ValueRef<'_>, &mut ReplyWriter), CommandError> {
        let value = self.locks.db(self.session.db, key.hash).value(loc);
        if value.kind() == kind { Ok((value, self.reply)) } else { Err(CommandError::WRONG_TYPE) }
    }

    /// [`Ctx::string`], and the reply to write it to.
    ///
    /// # Errors
    /// WRONGTYPE.
    #[inline]
    pub fn string_and_reply(&mut self, key: Key, loc: Loc) -> Result<(StringRef<'_>, &mut ReplyWriter), CommandError> {
        let value = self.locks.db(self.session.db, key.hash).value(loc);
        Ok((value.string().ok_or(CommandError::WRONG_TYPE)?, self.reply))
    }

    /// Adds a key known to be absent, as just used and without deadline. The caller calls [`Ctx::changed`].
    ///
    /// # Errors
    /// If memory is short.
    #[inline]
    pub fn create(&mut self, key: Key, value: NewValue<'_>) -> Result<Loc, NoMemory> {
        let access = self.fresh_access();
        let db = self.db(key);
        let loc = db.insert_used(key.hash, key.bytes, value, access)?;
        self.notify(Class::New, c"new", key);
        Ok(loc)
    }

    /// [`Ctx::create`] of a value too large for a flat encoding.
    ///
    /// # Errors
    /// If memory is short.
    pub fn create_object(&mut self, key: Key, kind: Kind, object: Box<Object>) -> Result<Loc, NoMemory> {
        let access = self.fresh_access();
        let db = self.db(key);
        let loc = db.insert_object(key.hash, key.bytes, kind, object)?;
        db.set_access(loc, access);
        self.notify(Class::New, c"new", key);
        Ok(loc)
    }

    /// Notes that a key was changed, created or removed: watchers learn of it, and the change is counted.
    #[inline(always)]
    pub fn changed(&mut self, key: Key) {
        self.changed_at(self.session.db, key);
    }

    /// [`Ctx::changed`] in another database.
    #[inline(always)]
    pub fn changed_at(&mut self, number: u32, key: Key) {
        self.changes += 1;
        self.touch_watchers_at(number, key);
    }

    /// Tells the watchers of a key that it changed, for a command that changes several keys and counts as one change.
    #[inline(always)]
    pub fn touch_watchers_at(&mut self, number: u32, key: Key) {
        self.locks.shard(key.hash).touch(number, key.hash, key.bytes);
    }

    /// Tells those who listen what has happened to a key, which is locked: once the command is done, in the order of
    /// these calls.
    #[inline]
    pub fn notify(&mut self, class: Class, name: &'static CStr, key: Key) {
        self.notify_at(class, name, self.session.db, key);
    }

    /// [`Ctx::notify`] of a key in another database.
    #[inline]
    pub fn notify_at(&mut self, class: Class, name: &'static CStr, number: u32, key: Key) {
        let event = Event { class, name, key: key.bytes, db: number };
        self.engine.event(&mut self.session.events, event, key.hash);
    }

    /// Counts changes beyond one per [`Ctx::changed`].
    pub fn count_changes(&mut self, more: u64) {
        self.changes += more;
    }

    /// A generator of random numbers for this command, to be used while the session is borrowed.
    pub fn fork_random(&mut self) -> Random {
        Random::new(self.session.random.bits())
    }

    /// All shards, for a command whose table entry says that it locks all.
    ///
    /// # Panics
    /// If not all are locked.
    pub fn all_shards(&mut self) -> impl Iterator<Item = &mut ShardData> {
        assert!(self.locks.holds_all(), "the command table must say that this command locks all shards");
        self.locks.shards()
    }

    /// Calls `visit` with one shard, locked for the time of the call unless a transaction holds it already.
    pub fn with_shard<R>(&mut self, shard: usize, visit: impl FnOnce(&mut ShardData) -> R) -> R {
        self.visit_shard(shard, |data, _, _| visit(data))
    }

    /// [`Ctx::with_shard`], the reply to write to, and the events to note what expires.
    pub fn visit_shard<R>(
        &mut self,
        shard: usize,
        visit: impl FnOnce(&mut ShardData, &mut ReplyWriter, &mut Pending) -> R,
    ) -> R {
        if self.locks.holds_all() {
            return visit(self.locks.nth(shard), self.reply, &mut self.session.events);
        }
        assert!(self.locks.holds_none(), "visiting shards while holding some could deadlock");
        let mut locks = LockSet::shard_at(&self.engine.keyspace, shard);
        let guarded = Guarded::new(&mut locks);
        let result = visit(guarded.locks.nth(0), self.reply, &mut self.session.events);
        blocking::release(self.engine, self.session, guarded.locks, self.now_ms);
        guarded.done();
        result
    }

    /// Leaves the rest of the command to `rest`, which runs in slices while others get their turn. Nothing may have
    /// been written to the reply. Inside a transaction it runs to its end at once.
    ///
    /// # Errors
    /// Those of `rest`, when it runs at once.
    pub fn go_on(&mut self, rest: Box<dyn Continuation>) -> super::CmdResult {
        if self.in_transaction {
            return super::session::run_to_end(rest, self);
        }
        self.session.parked = Some(Parked { rest: Rest::Slices(rest), call: None, took_us: 0 });
        Ok(())
    }
}

/// Counts a hit or a miss. A miss is an event.
#[inline(always)]
fn note_read(engine: &Engine, session: &mut Session, key: Key, is_hit: bool) {
    if is_hit {
        return bump(&session.counters.hits, 1);
    }
    bump(&session.counters.misses, 1);
    let event = Event { class: Class::KeyMiss, name: c"keymiss", key: key.bytes, db: session.db };
    engine.event(&mut session.events, event, key.hash);
}

/// The time of a command, which is 0 before it is read.
#[inline(always)]
fn read_once(engine: &Engine, now_ms: &mut i64) -> i64 {
    if *now_ms == 0 {
        *now_ms = engine.clock.now_ms();
    }
    *now_ms
}

/// Whether the earliest deadline of a database has come. Without deadlines nobody looks at the clock.
#[inline(always)]
fn is_due(earliest_ms: i64, engine: &Engine, now_ms: &mut i64) -> bool {
    earliest_ms != NO_DEADLINE && earliest_ms <= read_once(engine, now_ms)
}
