//! Blocked clients: commands that wait until a key has something for them (BLPOP and its like).
//!
//! # How a command blocks
//!
//! A handler looks at its keys as its non-blocking form does. If none has anything, it calls [`Ctx::block`] with a
//! [`Wait`]: the keys and what they must become, a deadline, and a [`Serve`]: what to do with the first of the keys that
//! becomes ready. That puts a [`Waiter`] in the line of each key (`keyspace::blocked`), under the locks the handler
//! holds anyway, and parks the session; the requests behind the command stay unread. Inside a transaction nothing may
//! wait, so there the command gets its empty answer at once.
//!
//! ```text
//! let deadline_ms = blocking::timeout_s(ctx, &args[args.len() - 1])?;     // or timeout_ms, for XREAD
//! for key in args.keys() { /* found something: reply, return */ }
//! ctx.block(Wait { keys: &keys, awaited: Awaited { kind: Kind::List, or_gone: false }, further: &[], deadline_ms,
//!     nil: ReplyWriter::null_array, serve: Box::new(ListPop { .. }) })
//! ```
//!
//! # How it is served
//!
//! Every change of a key ([`Ctx::changed`]) that somebody waits for signals it. When the command, or the whole EXEC, has
//! run and its locks are still held, [`release`] serves the signalled keys in the order of their signals, each line
//! first come, first served. [`Serve::serve`] gets a [`Ctx`] in which the selected database, the command and the reply are
//! those of the waiting client, and says whether there was something. What it changes may make further keys ready;
//! that goes on until there are none. So nobody sees an element that belongs to a waiting client, and the reply to the
//! writer is sent after all that.
//!
//! A waiter that needs other keys than the one that is ready (the destination of BLMOVE) gets their locks if nobody else
//! has them. If somebody has, waiting for them out of order could deadlock, so the key is served right after the
//! writer's locks are released, with all locks taken anew in order. Until then another client may take what is there.
//!
//! # Who wins
//!
//! The outcome of a wait is decided once, under the waiter's own mutex: served, timed out, CLIENT UNBLOCK, or client gone.
//! The mutex is a leaf: who holds it waits for no other lock. The decision leaves the finished reply in the waiter and
//! tells the client's session through its outlet to come and fetch it; a reactor goes on with the connection's
//! requests then, a thread of the host wakes up in its call. Whoever finds a decided waiter in a line removes it, and its
//! session leaves all remaining lines when it fetches the reply, or ends.
//!
//! No wake-up is lost: whoever waits has looked at its keys and joined their lines under the same locks, and whoever
//! changes a key looks at its line before it releases the lock. The loom model in [`outcome`] covers what has no shard lock.
//!
//! # Cost
//!
//! One load per write where nobody waits. Blocking copies the command's arguments and keys; serving allocates the reply.

pub mod list;
pub(crate) mod outcome;
mod serve;
#[cfg(test)]
mod tests;
mod waiter;
pub mod zset;

pub use crate::keyspace::blocked::Awaited;
pub use serve::{release, serve_shard};
pub use waiter::{Answer, Waiter};

use super::session::{Parked, Rest};
use super::{CmdResult, CommandError, Ctx, Key};
use crate::keyspace::{KeyHash, NoMemory, Shared, blocked, try_copy};
use crate::numeric::{self, SumError};
use crate::resp::ReplyWriter;
use crate::resp::number::{parse_f64, parse_f64_lenient, parse_i64};
use std::sync::atomic::Ordering::Relaxed;

/// What to do for a client that waits.
pub trait Serve: Send {
    /// Tries to answer the waiting client from `key`, one of those it waits for, which is of the awaited kind (or not
    /// any more, if that was asked for). Runs in the place of the waiting client: `ctx.session.db` is its database,
    /// `ctx.reply` its reply. The locks of `key` and of [`Wait::further`] are held. With [`Served::NotYet`] nothing may
    /// have been changed or written.
    ///
    /// # Errors
    /// An error is the answer: the client does not wait any longer.
    fn serve(&mut self, ctx: &mut Ctx, key: Key) -> Result<Served, CommandError>;
}

/// Whether a key had something for a waiting client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Served {
    Yes,
    /// The client keeps its place in the line.
    NotYet,
}

/// What a command waits for.
pub struct Wait<'w> {
    /// The keys, any of them. Repetitions do not count.
    pub keys: &'w [Key<'w>],
    /// What one of them must become.
    pub awaited: Awaited,
    /// Keys beyond the one that is ready whose locks [`Serve::serve`] needs.
    pub further: &'w [Key<'w>],
    /// When to give up, in milliseconds since the epoch: [`timeout_s`], [`timeout_ms`].
    pub deadline_ms: Option<i64>,
    /// The answer where nothing may wait. Who has waited in vain gets a null array, whatever the command.
    pub nil: fn(&mut ReplyWriter),
    pub serve: Box<dyn Serve>,
}

/// A key that outlives its command.
#[derive(Clone, Debug)]
pub struct OwnedKey {
    bytes: Box<[u8]>,
    hash: KeyHash,
}

impl OwnedKey {
    /// Copies a key.
    ///
    /// # Errors
    /// If memory is short.
    pub fn new(key: Key) -> Result<Self, NoMemory> {
        Ok(Self { bytes: try_copy(key.bytes)?.into(), hash: key.hash })
    }

    /// The key as handlers use it.
    pub fn key(&self) -> Key<'_> {
        Key { bytes: &self.bytes, hash: self.hash }
    }
}

impl Ctx<'_, '_> {
    /// Blocks the client until one of the keys is ready, or the time is over. Nothing may have been written to the
    /// reply, and the keys must be locked. The last thing that a handler does.
    ///
    /// # Errors
    /// If memory is short; then nobody waits.
    pub fn block(&mut self, wait: Wait) -> CmdResult {
        if self.in_transaction {
            (wait.nil)(self.reply);
            return Ok(());
        }
        let engine = self.engine;
        let (keys, awaited, db) = (wait.keys, wait.awaited, self.session.db);
        let waiter = Waiter::new(self, wait)?;
        for (joined, key) in keys.iter().enumerate() {
            let line: Shared<blocked::Waiter> = waiter.clone().widen(|waiter| waiter);
            let ticket = waiter.ticket();
            if let Err(error) = self.locks.shard(key.hash).waiters().join(db, key.bytes, awaited, ticket, line) {
                for key in &keys[..joined] {
                    self.locks.shard(key.hash).waiters().leave(db, key.bytes, ticket);
                }
                return Err(error.into());
            }
        }
        engine.clients.blocked.fetch_add(1, Relaxed);
        *self.session.client.waiting.lock() = Some(waiter.clone().widen(|waiter| waiter));
        self.session.parked = Some(Parked { rest: Rest::Waiting(waiter), call: None, took_us: 0 });
        Ok(())
    }
}

const NEGATIVE: CommandError = CommandError::fixed("ERR timeout is negative");

/// The deadline that a timeout in seconds, fractions allowed, means; `None` for 0, which is for ever. Less than a
/// millisecond is one.
///
/// # Errors
/// If it is negative or no number.
pub fn timeout_s(ctx: &Ctx, text: &[u8]) -> Result<Option<i64>, CommandError> {
    const MS_MAX: f64 = i64::MAX as f64;
    if let Some(seconds) = parse_i64(text) {
        // What does not fit is negative to Redis, too, once it is converted.
        let ms = seconds.checked_mul(1000).filter(|ms| *ms >= 0).ok_or(NEGATIVE)?;
        return Ok(deadline_ms(ctx, ms));
    }
    let seconds = match parse_f64(text) {
        Some(seconds) => seconds,
        // Redis reads a `long double`. What is too small for ours is the shortest wait there is, what is too large for
        // ours Redis finds too large for milliseconds.
        None if !matches!(numeric::add(text, b"0"), Err(SumError::NotAFloat)) => match parse_f64_lenient(text) {
            Some(zero) if zero == 0.0 => f64::MIN_POSITIVE.copysign(zero),
            _ => return Err(NEGATIVE),
        },
        None => return Err(CommandError::fixed("ERR timeout is not a float or out of range")),
    };
    let ms = (seconds * 1000.0).ceil();
    if !(0.0..MS_MAX).contains(&ms) {
        return Err(NEGATIVE);
    }
    Ok(deadline_ms(ctx, ms as i64))
}

/// [`timeout_s`] for a timeout in whole milliseconds.
///
/// # Errors
/// If it is negative or no integer.
pub fn timeout_ms(ctx: &Ctx, text: &[u8]) -> Result<Option<i64>, CommandError> {
    let ms = parse_i64(text).ok_or(CommandError::fixed("ERR timeout is not an integer or out of range"))?;
    if ms < 0 { Err(NEGATIVE) } else { Ok(deadline_ms(ctx, ms)) }
}

/// The moment `ms` from now, by the clock itself: the time of the batch may be a little behind, and nobody may be told
/// too early that his time is over.
fn deadline_ms(ctx: &Ctx, ms: i64) -> Option<i64> {
    (ms > 0).then(|| ctx.engine.clock.now_ms().saturating_add(ms))
}
