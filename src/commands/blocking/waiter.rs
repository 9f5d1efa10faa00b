//! One blocked command: who waits for what, and what has come of it.

use super::super::session::Session;
use super::super::spec::Command;
use super::super::{CommandError, Ctx, Key, dispatch};
use super::outcome::Outcome;
use super::{OwnedKey, Serve, Served, Wait};
use crate::engine::Engine;
use crate::engine::clients::{Client, Delivery, End, Waiting};
use crate::engine::stats::bump;
use crate::hooks::reach;
use crate::keyspace::{KeyHash, LockSet, NoMemory, Shared, gather};
use crate::resp::{Protocol, ReplyWriter};
use smallvec::SmallVec;
use std::sync::atomic::Ordering::Relaxed;

const UNBLOCKED: CommandError = CommandError::fixed("UNBLOCKED client unblocked via CLIENT UNBLOCK");
/// The status that `rs_session_interrupt` promises, as the code of an error reply.
const INTERRUPTED: CommandError = CommandError::fixed("RS_ERR_CLOSED the wait was interrupted");

/// A blocked command. Stands in the line of each of its keys.
pub struct Waiter {
    ticket: u64,
    client: Shared<Client>,
    command: &'static Command,
    protocol: Protocol,
    db: u32,
    keys: SmallVec<[OwnedKey; 1]>,
    further: SmallVec<[KeyHash; 1]>,
    deadline_ms: Option<i64>,
    outcome: Outcome<Box<dyn Serve>, Answer>,
}

/// What a blocked command is answered.
pub struct Answer {
    pub reply: Vec<u8>,
    /// Whether it counts as a failed call: it was served with an error, or ended by CLIENT UNBLOCK, as Redis counts.
    pub is_failure: bool,
    /// Why the wait ended, if nobody has served it.
    pub ended: Option<End>,
    /// Microseconds that serving took.
    pub took_us: u64,
}

/// What came of an attempt to serve a waiter.
pub enum Attempt {
    Served,
    NotYet,
    /// The wait was over before.
    Over,
    /// Locks that it needs are not to be had without waiting.
    Busy,
}

impl Waiter {
    /// A waiter of the client whose command runs in `ctx`.
    ///
    /// # Errors
    /// If memory is short.
    pub(super) fn new(ctx: &Ctx, wait: Wait) -> Result<Shared<Self>, NoMemory> {
        let mut keys = SmallVec::new();
        keys.try_reserve_exact(wait.keys.len()).map_err(|_| NoMemory)?;
        for key in wait.keys {
            keys.push(OwnedKey::new(*key)?);
        }
        Shared::new(Self {
            ticket: ctx.engine.keyspace.next_ticket(),
            client: ctx.session.client.clone(),
            command: ctx.command,
            protocol: ctx.reply.protocol(),
            db: ctx.session.db,
            keys,
            further: gather(wait.further.iter().map(|key| key.hash))?,
            deadline_ms: wait.deadline_ms,
            outcome: Outcome::waiting(wait.serve),
        })
    }

    /// Its place in every line.
    pub(super) fn ticket(&self) -> u64 {
        self.ticket
    }

    /// Who waits.
    pub(super) fn client(&self) -> &Shared<Client> {
        &self.client
    }

    /// What it needs locked beside the key that is ready.
    pub(super) fn further(&self) -> &[KeyHash] {
        &self.further
    }

    /// When the wait ends by itself, in milliseconds since the epoch.
    pub fn deadline_ms(&self) -> Option<i64> {
        self.deadline_ms
    }

    /// Tries to serve it from a key that is locked, on behalf of `session`, whose command made the key ready.
    pub(super) fn serve<'e>(
        &self,
        engine: &'e Engine,
        session: &mut Session,
        locks: &mut LockSet<'e>,
        key: Key,
        now_ms: i64,
    ) -> Attempt {
        let decided = self.outcome.attempt(|serve| {
            if !locks.try_add(self.further.iter().copied()) {
                return Err(Attempt::Busy);
            }
            let started_us = engine.clock.elapsed_us();
            let mut reply = ReplyWriter::new(self.protocol);
            let own_db = std::mem::replace(&mut session.db, self.db);
            // Serving is like running inside a transaction: nothing may give way or wait.
            let in_transaction = true;
            let (command, reply_to) = (self.command, &mut reply);
            let mut ctx = Ctx { engine, session, command, reply: reply_to, locks, changes: 0, now_ms, in_transaction };
            reach("serve");
            let mut result = serve.serve(&mut ctx, key);
            if ctx.reply.is_short_of_memory() {
                result = Err(CommandError::NO_MEMORY);
            }
            let changes = ctx.changes;
            session.db = own_db;
            if changes > 0 {
                bump(&session.counters.changes, changes);
            }
            let is_failure = match result {
                Ok(Served::NotYet) => return Err(Attempt::NotYet),
                Ok(Served::Yes) => false,
                Err(error) => {
                    reply.clear();
                    dispatch::write_error(engine, &mut reply, &error);
                    true
                }
            };
            let took_us = engine.clock.elapsed_us().saturating_sub(started_us);
            engine.note_latency("command-unblocking", took_us);
            Ok(Answer { reply: reply.take(), is_failure, ended: None, took_us })
        });
        match decided {
            None => Attempt::Over,
            Some(Err(attempt)) => attempt,
            Some(Ok(())) => {
                engine.clients.blocked.fetch_sub(1, Relaxed);
                Attempt::Served
            }
        }
    }

    /// The answer, once there is one, for its session, which holds no locks. It is fetched once.
    pub(in crate::commands) fn fetch(&self, engine: &Engine) -> Option<Answer> {
        let answer = self.outcome.fetch()?;
        if answer.ended.is_none() && self.keys.len() == 1 {
            // Who has served it has taken it out of its only line.
            *self.client.waiting.lock() = None;
        } else {
            self.leave(engine);
        }
        Some(answer)
    }

    /// Leaves all lines. The calling thread holds no locks.
    pub(in crate::commands) fn leave(&self, engine: &Engine) {
        for key in &self.keys {
            let key = key.key();
            let shard = engine.keyspace.shard_of(key.hash);
            engine.keyspace.lock(shard).waiters().leave(self.db, key.bytes, self.ticket);
        }
        *self.client.waiting.lock() = None;
    }
}

impl Waiting for Waiter {
    fn is_waiting(&self) -> bool {
        self.outcome.is_waiting()
    }

    fn has_deadline(&self) -> bool {
        self.deadline_ms.is_some()
    }

    fn is_damaged(&self, engine: &Engine) -> bool {
        let hashes = self.keys.iter().map(|key| key.key().hash).chain(self.further.iter().copied());
        hashes.map(|hash| engine.keyspace.shard_of(hash)).any(|shard| engine.keyspace.is_shard_damaged(shard))
    }

    fn end(&self, engine: &Engine, how: End) -> bool {
        let is_ended = match how {
            End::Gone => self.outcome.give_up(),
            _ => self.outcome.attempt(|_| Ok::<_, ()>(self.unserved(engine, how))) == Some(Ok(())),
        };
        if is_ended {
            engine.clients.blocked.fetch_sub(1, Relaxed);
            // In the other cases it is the session itself that ends the wait.
            if matches!(how, End::Unblocked | End::UnblockedWithError | End::Damaged) {
                self.client.deliver(Delivery::Unblocked);
            }
        }
        is_ended
    }
}

impl Waiter {
    /// The answer to a wait in vain.
    fn unserved(&self, engine: &Engine, how: End) -> Answer {
        let mut reply = ReplyWriter::new(self.protocol);
        match how {
            End::TimedOut | End::Unblocked | End::Gone => reply.null_array(),
            End::UnblockedWithError => dispatch::write_error(engine, &mut reply, &UNBLOCKED),
            End::Interrupted => dispatch::write_error(engine, &mut reply, &INTERRUPTED),
            End::Damaged => dispatch::write_error(engine, &mut reply, &CommandError::DAMAGED),
        }
        Answer { reply: reply.take(), is_failure: how != End::TimedOut, ended: Some(how), took_us: 0 }
    }
}
