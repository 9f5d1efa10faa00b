//! MULTI, EXEC, DISCARD, WATCH, UNWATCH (<https://redis.io/docs/latest/develop/interact/transactions/>).
//!
//! EXEC holds the locks of all keys of all queued commands while it runs them, so nobody sees a part of it.

use super::session::{Close, Session, Transaction, WatchedKey};
use super::spec::{Command, Locks};
use super::{Args, CmdResult, CommandError, Ctx, dispatch, monitor};
use crate::engine::Engine;
use crate::keyspace::{KeyHash, LockSet, NoMemory, try_box, try_copy};
use smallvec::SmallVec;
use std::sync::atomic::Ordering::Acquire;

/// MULTI.
pub fn multi(ctx: &mut Ctx, _: &Args) -> CmdResult {
    if ctx.session.transaction.is_some() {
        return Err(CommandError::fixed("ERR MULTI calls can not be nested"));
    }
    ctx.session.transaction = Some(try_box(Transaction::default())?);
    ctx.session.note_queued(0, 0);
    ctx.reply.ok();
    Ok(())
}

/// DISCARD.
pub fn discard(ctx: &mut Ctx, _: &Args) -> CmdResult {
    if ctx.session.transaction.is_none() {
        return Err(CommandError::fixed("ERR DISCARD without MULTI"));
    }
    end(ctx.session, ctx.engine);
    ctx.reply.ok();
    Ok(())
}

/// WATCH key [key ...].
pub fn watch(ctx: &mut Ctx, args: &Args) -> CmdResult {
    if ctx.session.transaction.is_some() {
        return Err(CommandError::fixed("ERR WATCH inside MULTI is not allowed"));
    }
    let db = ctx.session.db;
    for key in args.keys() {
        // An expired key is removed first, so that its removal is not mistaken for a later change.
        ctx.peek(key);
        let watching = ctx.session.watching()?;
        let is_new = !watching.keys.iter().any(|known| known.db == db && *known.key == *key.bytes);
        if is_new {
            watching.keys.try_reserve(1).map_err(|_| NoMemory)?;
            let watched = WatchedKey { db, key: try_copy(key.bytes)?.into(), hash: key.hash };
            ctx.locks.shard(key.hash).watches().add(db, key.bytes, &watching.changed)?;
            watching.keys.push(watched);
        }
    }
    ctx.reply.ok();
    Ok(())
}

/// UNWATCH.
pub fn unwatch(ctx: &mut Ctx, _: &Args) -> CmdResult {
    if ctx.in_transaction {
        // EXEC ends all watches itself when it is done.
    } else {
        ctx.session.unwatch(ctx.engine);
    }
    ctx.reply.ok();
    Ok(())
}

/// EXEC.
pub fn exec(ctx: &mut Ctx, _: &Args) -> CmdResult {
    let Some(transaction) = ctx.session.transaction.take() else {
        return Err(CommandError::fixed("ERR EXEC without MULTI"));
    };
    ctx.session.note_queued(-1, 0);
    let outcome = if transaction.failed {
        Err(CommandError::EXEC_ABORT)
    } else if watched_key_changed(ctx) {
        ctx.reply.null_array();
        Ok(())
    } else {
        run_queue(ctx, &transaction)
    };
    stop_watching(ctx);
    outcome
}

/// # Errors
/// If memory is too short for the reply, be it for the error of one command; the others have run all the same.
fn run_queue(ctx: &mut Ctx, transaction: &Transaction) -> CmdResult {
    let start = ctx.reply.len();
    ctx.reply.array(transaction.queue.len());
    if ctx.reply.is_short_of_memory() {
        return Err(CommandError::NO_MEMORY);
    }
    let mut has_lost = false;
    if ctx.session.is_muted() && !ctx.session.fills_places {
        ctx.reply.truncate(start);
    }
    let exec = ctx.command;
    let clock = &ctx.engine.clock;
    let started_us = clock.elapsed_us();
    let mut timed_alone_us = 0;
    let mut untimed: SmallVec<[u16; 16]> = SmallVec::new();
    ctx.in_transaction = true;
    for queued in &transaction.queue {
        let argv = match queued.argv() {
            Ok(argv) => argv,
            Err(NoMemory) => {
                dispatch::write_error(ctx.engine, ctx.reply, &CommandError::NO_MEMORY);
                has_lost |= ctx.reply.is_short_of_memory();
                continue;
            }
        };
        let timed = dispatch::is_timed_alone(ctx.engine, queued.command, &argv);
        let started_us = if timed { clock.elapsed_us() } else { 0 };
        run_queued(ctx, queued.command, &argv);
        has_lost |= ctx.reply.is_short_of_memory();
        if timed {
            let took_us = clock.elapsed_us().saturating_sub(started_us);
            timed_alone_us += took_us;
            dispatch::account(ctx.engine, ctx.session, queued.command, &argv, took_us);
        } else {
            untimed.push(queued.command.id);
        }
        monitor::feed(ctx.engine, ctx.session, queued.command, &argv);
    }
    ctx.command = exec;
    ctx.in_transaction = false;
    share_time(ctx, &untimed, clock.elapsed_us().saturating_sub(started_us + timed_alone_us));
    if has_lost { Err(CommandError::NO_MEMORY) } else { Ok(()) }
}

/// Runs one command of a transaction, whose keys are locked.
fn run_queued(ctx: &mut Ctx, command: &'static Command, argv: &[&[u8]]) {
    let start = ctx.reply.len();
    let was_closing = ctx.session.close != Close::No;
    ctx.command = command;
    ctx.reply.set_protocol(ctx.session.protocol);
    ctx.session.counters.called(command.id);
    let result = dispatch::find_keys(ctx.engine, command, argv, None)
        .and_then(|keys| dispatch::run(ctx, &Args::new(argv, &keys)));
    if let Err(error) = result {
        dispatch::fail(ctx.engine, ctx.session, command, &error, start, ctx.reply);
    }
    // CLIENT REPLY, and CLIENT KILL of oneself, take effect in the middle of a transaction.
    if ctx.session.is_muted() || was_closing {
        ctx.reply.truncate(start);
    }
    if ctx.session.fills_places && ctx.reply.len() == start {
        ctx.reply.null();
    }
}

/// Shares the time of a transaction among its commands that were not timed alone.
fn share_time(ctx: &Ctx, commands: &[u16], mut left_us: u64) {
    for (done, id) in commands.iter().enumerate() {
        let share_us = left_us / (commands.len() - done) as u64;
        ctx.session.counters.took(*id, share_us, 1);
        left_us -= share_us;
    }
}

/// The locks of everything that is queued, and of the watched keys.
pub(super) fn lock_queued<'e>(engine: &'e Engine, session: &Session) -> Result<LockSet<'e>, NoMemory> {
    let mut hashes: SmallVec<[KeyHash; 16]> = SmallVec::new();
    let Some(transaction) = session.transaction.as_ref().filter(|transaction| !transaction.failed) else {
        return watched_locks(engine, session);
    };
    for queued in &transaction.queue {
        match dispatch::locks_of(queued.command, &queued.argv()?) {
            Locks::Keys => match dispatch::find_keys(engine, queued.command, &queued.argv()?, None) {
                Ok(keys) => {
                    hashes.try_reserve(keys.len()).map_err(|_| NoMemory)?;
                    hashes.extend(keys.iter().map(|key| key.hash));
                }
                Err(error) if error == CommandError::NO_MEMORY => return Err(NoMemory),
                Err(_) => {}
            },
            Locks::All | Locks::Visits | Locks::Patterns => return LockSet::all(&engine.keyspace),
            Locks::Queued => {}
        }
    }
    for hash in watched_hashes(session) {
        hashes.try_reserve(1).map_err(|_| NoMemory)?;
        hashes.push(hash);
    }
    LockSet::many(&engine.keyspace, hashes.into_iter())
}

fn watched_locks<'e>(engine: &'e Engine, session: &Session) -> Result<LockSet<'e>, NoMemory> {
    LockSet::many(&engine.keyspace, watched_hashes(session))
}

fn watched_hashes(session: &Session) -> impl Iterator<Item = KeyHash> {
    session.watching.iter().flat_map(|watching| watching.keys.iter().map(|watched| watched.hash))
}

/// Whether a watched key changed, or expired since.
fn watched_key_changed(ctx: &mut Ctx) -> bool {
    let now_ms = ctx.now_ms();
    let Some(watching) = &ctx.session.watching else { return false };
    if watching.changed.load(Acquire) {
        return true;
    }
    watching.keys.iter().any(|watched| {
        let db = ctx.locks.db(watched.db, watched.hash);
        let found = db.locate(watched.hash, &watched.key);
        found.is_some_and(|loc| db.is_gone(loc, now_ms) || db.has_due_fields(loc, now_ms))
    })
}

/// Ends all watches; their shards are locked.
fn stop_watching(ctx: &mut Ctx) {
    if let Some(watching) = ctx.session.take_watching() {
        for watched in &watching.keys {
            ctx.locks.shard(watched.hash).watches().remove(watched.db, &watched.key, &watching.changed);
        }
    }
}

/// Ends the transaction and all watches of a session that holds no locks.
pub fn end(session: &mut Session, engine: &Engine) {
    session.transaction = None;
    session.note_queued(-1, 0);
    session.unwatch(engine);
}
