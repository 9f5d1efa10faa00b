//! A walk through the keys of one database, in slices: all of them for KEYS, some for SCAN.
//!
//! A shard's lock is held for at most [`BUCKETS_PER_LOCK`] buckets, and a slice takes about [`SLICE_US`]. The entries
//! of the buckets under one lock are prefetched together, because reading a key is a cache miss.

use crate::commands::Ctx;
use crate::commands::session::Slice;
use crate::engine::glob::Pattern;
use crate::engine::stats::bump;
use crate::keyspace::{Cursor, Db, Loc, NoMemory, ShardData};
use crate::resp::ReplyWriter;

/// How long a walk runs before others get their turn.
const SLICE_US: u64 = 200;
/// Buckets visited under one lock: some 70 keys.
const BUCKETS_PER_LOCK: u64 = 16;
/// Keys visited between two looks at the clock.
const KEYS_PER_CLOCK_READING: u64 = 64;
/// Buckets that SCAN visits at most for each key that it was asked for, if they are nearly empty; as in Redis.
const BUCKETS_PER_KEY: u64 = 10;

/// See the module's comment.
pub struct Walk<'p> {
    number: u32,
    /// Where to go on, `None` at the end.
    cursor: Option<Cursor>,
    pattern: Pattern<'p>,
    type_name: Option<&'static str>,
    /// Keys and buckets that are still to be visited at most; `None` for all.
    limit: Option<Limit>,
    /// Keys in the reply.
    found: usize,
}

#[derive(Clone, Copy)]
struct Limit {
    keys: u64,
    buckets: u64,
}

/// What a visit has seen.
#[derive(Default)]
struct Seen {
    keys: u64,
    buckets: u64,
    /// Those that match the pattern.
    matching: u64,
    expired: u64,
    found: usize,
}

impl<'p> Walk<'p> {
    /// A walk through a whole database.
    pub fn whole(number: u32, pattern: Pattern<'p>) -> Self {
        Self { number, cursor: Some(Cursor::START), pattern, type_name: None, limit: None, found: 0 }
    }

    /// A walk past about `count` keys. It also removes those that have expired.
    pub fn limited(number: u32, cursor: Cursor, count: u64, pattern: Pattern<'p>) -> Self {
        let limit = Some(Limit { keys: count, buckets: count.saturating_mul(BUCKETS_PER_KEY) });
        Self { number, cursor: Some(cursor), pattern, type_name: None, limit, found: 0 }
    }

    /// Restricts the walk to values of one type.
    pub fn of_type(self, type_name: Option<&'static str>) -> Self {
        Self { type_name, ..self }
    }

    /// The same walk with a pattern of its own.
    ///
    /// # Errors
    /// If memory is short.
    pub fn into_owned(self) -> Result<Walk<'static>, NoMemory> {
        let Self { number, cursor, pattern, type_name, limit, found } = self;
        Ok(Walk { number, cursor, pattern: pattern.into_owned()?, type_name, limit, found })
    }

    /// Where to go on, `None` at the end.
    pub fn cursor(&self) -> Option<Cursor> {
        self.cursor
    }

    /// Keys written so far.
    pub fn found(&self) -> usize {
        self.found
    }

    /// Goes on for about [`SLICE_US`], writing the keys that match.
    pub fn slice(&mut self, ctx: &mut Ctx) -> Slice {
        let engine = ctx.engine;
        let now_ms = ctx.now_ms();
        let started_us = engine.clock.elapsed_us();
        let mut unclocked = 0;
        while let Some(cursor) = self.next(engine.keyspace.shard_count()) {
            if unclocked >= KEYS_PER_CLOCK_READING {
                if engine.clock.elapsed_us() - started_us >= SLICE_US {
                    return Slice::More;
                }
                unclocked = 0;
            }
            let mut seen = Seen::default();
            let next = ctx.visit_shard(cursor.shard(), |data, reply, events| {
                let expire = |data: &mut _, loc| engine.expire_gone(data, self.number, loc, now_ms, events);
                self.visit(cursor, data, now_ms, &mut seen, reply, expire)
            });
            self.cursor = Some(next);
            self.found += seen.found;
            unclocked += seen.keys;
            if let Some(limit) = &mut self.limit {
                limit.keys = limit.keys.saturating_sub(seen.keys);
                limit.buckets = limit.buckets.saturating_sub(seen.buckets);
            }
            if seen.expired > 0 {
                engine.stats.count_expired(seen.expired);
            }
            if self.type_name.is_some() {
                // Redis looks every one of them up to learn its type.
                bump(&ctx.session.counters.hits, seen.matching);
                bump(&ctx.session.counters.misses, seen.expired);
            }
        }
        Slice::Done
    }

    /// The next place to visit, if there is one and it may be visited.
    fn next(&mut self, shards: usize) -> Option<Cursor> {
        self.cursor = self.cursor.filter(|cursor| cursor.shard() < shards);
        let may_go_on = self.limit.is_none_or(|limit| limit.keys > 0 && limit.buckets > 0);
        self.cursor.filter(|_| may_go_on)
    }

    /// Visits some buckets of one shard; where to go on.
    fn visit(
        &self,
        from: Cursor,
        data: &mut ShardData,
        now_ms: i64,
        seen: &mut Seen,
        reply: &mut ReplyWriter,
        mut expire: impl FnMut(&mut ShardData, Loc),
    ) -> Cursor {
        let Some(db) = data.existing_db(self.number).filter(|db| !db.is_empty()) else { return from.after(None) };
        prefetch(db, from);
        let is_due = db.next_deadline_ms() <= now_ms;
        let mut cursor = from;
        while cursor.shard() == from.shard() && seen.buckets < BUCKETS_PER_LOCK && self.allows(seen) {
            seen.buckets += 1;
            if is_due && self.limit.is_some() {
                seen.expired += self.remove_expired(cursor, data, now_ms, &mut expire);
            }
            let Some(db) = data.existing_db(self.number) else { break };
            let next = db.scan(cursor.position(), |loc| {
                seen.keys += 1;
                if is_due && db.is_gone(loc, now_ms) || !self.pattern.matches(db.key(loc)) {
                    return;
                }
                seen.matching += 1;
                if self.type_name.is_none_or(|name| name == db.kind(loc).name()) {
                    reply.bulk(db.key(loc));
                    seen.found += 1;
                }
            });
            cursor = cursor.after(next);
        }
        cursor
    }

    fn allows(&self, seen: &Seen) -> bool {
        self.limit.is_none_or(|limit| seen.keys < limit.keys && seen.buckets < limit.buckets)
    }

    /// Removes the keys of one bucket that match and have expired; how many. Each removal may move others, so the
    /// bucket is searched anew.
    fn remove_expired(
        &self,
        cursor: Cursor,
        data: &mut ShardData,
        now_ms: i64,
        expire: &mut impl FnMut(&mut ShardData, Loc),
    ) -> u64 {
        let mut removed = 0;
        loop {
            let Some(db) = data.existing_db(self.number) else { return removed };
            let mut expired = None;
            db.scan(cursor.position(), |loc| {
                if expired.is_none() && db.is_gone(loc, now_ms) && self.pattern.matches(db.key(loc)) {
                    expired = Some(loc);
                }
            });
            let Some(loc) = expired else { return removed };
            expire(data, loc);
            removed += 1;
        }
    }
}

/// Starts loading the entries of the next buckets.
fn prefetch(db: &Db, from: Cursor) {
    let mut position = Some(from.position());
    for _ in 0..BUCKETS_PER_LOCK {
        let Some(at) = position else { return };
        position = db.scan(at, |loc| db.prefetch(loc));
    }
}
