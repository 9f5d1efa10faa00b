//! Whole databases: FLUSHALL FLUSHDB SWAPDB.
//!
//! All shards are locked, so the work is per shard, not per key: tables are taken out or exchanged. What was taken
//! out is freed in the background with SYNC too: its memory no longer counts when the reply is sent, and nobody has
//! to wait for the rest.

use super::{Args, Class, CmdResult, CommandError, Ctx};
use crate::engine::events::Event;
use crate::keyspace::{Databases, KeyHash};

/// FLUSHALL [ASYNC | SYNC]
pub fn flushall(ctx: &mut Ctx, args: &Args) -> CmdResult {
    flush(ctx, args, |_| true)
}

/// FLUSHDB [ASYNC | SYNC]
pub fn flushdb(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let selected = ctx.session.db;
    flush(ctx, args, |number| number == selected)
}

fn flush(ctx: &mut Ctx, args: &Args, is_flushed: impl Fn(u32) -> bool) -> CmdResult {
    if args.len() > 2 || (args.len() == 2 && !args.is(1, "sync") && !args.is(1, "async")) {
        return Err(CommandError::SYNTAX);
    }
    let engine = ctx.engine;
    let mut removed = 0;
    if engine.is_damaged() {
        // Only FLUSHALL gets here then.
        engine.log.warning("FLUSHALL: what an internal error has damaged is made anew; its memory is lost");
        ctx.locks.repair();
        ctx.all_shards().for_each(|shard| shard.touch_where(|_, _, _| true));
    }
    // Nothing is done that could not be finished.
    for shard in ctx.all_shards() {
        for (_, db) in (0..).zip(shard.dbs().iter_mut()).filter(|(number, db)| is_flushed(*number) && db.used() > 0) {
            db.reserve_clear()?;
        }
    }
    for shard in ctx.all_shards() {
        shard.touch_where(|dbs, number, key| {
            is_flushed(number) && Presence::of(dbs, number, engine.keyspace.hash(key), key, 0) != Presence::Absent
        });
        for (number, db) in (0..).zip(shard.dbs().iter_mut()) {
            // Not only those with keys: an emptied table keeps what others may still look at.
            if is_flushed(number) && db.used() > 0 {
                removed += db.len() as u64;
                db.clear()?;
            }
        }
    }
    ctx.count_changes(removed);
    ctx.reply.ok();
    Ok(())
}

/// SWAPDB index1 index2
pub fn swapdb(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let first = index(args, 1, "ERR invalid first DB index")?;
    let second = index(args, 2, "ERR invalid second DB index")?;
    let databases = ctx.engine.databases();
    let existing = |index: i32| u32::try_from(index).ok().filter(|number| *number < databases);
    let (Some(a), Some(b)) = (existing(first), existing(second)) else {
        return Err(CommandError::DB_INDEX_OUT_OF_RANGE);
    };
    if a != b {
        for shard in ctx.all_shards() {
            shard.dbs().make(a.max(b))?;
        }
        swap(ctx, a, b);
    }
    ctx.count_changes(1);
    ctx.reply.ok();
    Ok(())
}

fn index(args: &Args, at: usize, error: &'static str) -> Result<i32, CommandError> {
    let number = args.int(at).ok().and_then(|number| i32::try_from(number).ok());
    number.ok_or(CommandError::fixed(error))
}

fn swap(ctx: &mut Ctx, a: u32, b: u32) {
    let now_ms = ctx.now_ms();
    let engine = ctx.engine;
    let other_of = |number: u32| match number {
        _ if number == a => Some(b),
        _ if number == b => Some(a),
        _ => None,
    };
    let (locks, events) = (&mut *ctx.locks, &mut ctx.session.events);
    for shard in locks.shards() {
        shard.touch_where(|dbs, number, key| {
            let Some(other) = other_of(number) else { return false };
            let hash = engine.keyspace.hash(key);
            Presence::of(dbs, number, hash, key, now_ms) != Presence::Absent
                || Presence::of(dbs, other, hash, key, now_ms) == Presence::Live
        });
        // Where there was no key and an expired one would come, there is none still. It goes now, or EXEC would
        // take it for a watched key that has expired.
        shard.touch_where(|dbs, number, key| {
            let hash = engine.keyspace.hash(key);
            if other_of(number).is_some_and(|other| remove_expired(dbs, other, hash, key, now_ms)) {
                engine.event(events, Event { class: Class::Expired, name: c"expired", key, db: number }, hash);
            }
            false
        });
        shard.swap_dbs(a, b);
    }
}

/// Whether a key is there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Presence {
    Absent,
    /// Its deadline has come, and nobody has looked since.
    Expired,
    Live,
}

impl Presence {
    fn of(dbs: &Databases, number: u32, hash: KeyHash, key: &[u8], now_ms: i64) -> Self {
        let Some((db, loc)) = dbs.get(number).and_then(|db| Some((db, db.locate(hash, key)?))) else {
            return Self::Absent;
        };
        if db.is_gone(loc, now_ms) { Self::Expired } else { Self::Live }
    }
}

/// Whether there was something to remove.
fn remove_expired(dbs: &mut Databases, number: u32, hash: KeyHash, key: &[u8], now_ms: i64) -> bool {
    if Presence::of(dbs, number, hash, key, now_ms) == Presence::Expired
        && let Some(db) = dbs.get_mut(number)
        && let Some(loc) = db.locate(hash, key)
    {
        db.remove(loc);
        return true;
    }
    false
}
