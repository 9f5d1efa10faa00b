//! Serving the waiters of the keys that a command has made ready, before its locks are released.

use super::super::Key;
use super::super::session::Session;
use super::waiter::{Attempt, Waiter};
use crate::engine::Engine;
use crate::engine::clients::{Client, Delivery};
use crate::engine::events::Pending;
use crate::hooks::reach;
use crate::keyspace::blocked::Signal;
use crate::keyspace::damage::Guarded;
use crate::keyspace::{KeyHash, Kind, LockSet, Shared};
use smallvec::SmallVec;

/// What a command does with its locks when it is done: serves those who wait for what it has changed, hands over what is
/// to be freed, and unlocks in the course of this or when `locks` is dropped. Whom there is no memory to serve, the next command
/// that locks the same shard tries to serve again, whatever it does there.
#[inline(always)]
pub fn release<'e>(engine: &'e Engine, session: &mut Session, locks: &mut LockSet<'e>, now_ms: i64) {
    reach("release");
    if locks.has_signals() {
        serve_and_release(engine, session, locks, now_ms);
    } else {
        locks.release(|garbage| engine.discard(garbage));
    }
}

/// Serves those who wait for keys of one shard that were removed without a command: they have expired. What comes of it
/// is added to `events`.
pub fn serve_shard(engine: &Engine, shard: usize, events: &mut Pending) {
    let mut locks = LockSet::shard_at(&engine.keyspace, shard);
    if locks.has_signals() && !engine.keyspace.is_shard_damaged(shard) {
        // Without memory for that they go on waiting, as below.
        let Ok(counters) = engine.stats.add_block() else { return };
        let Ok(mut session) = Session::unlisted(engine, counters.clone()) else {
            engine.stats.retire_block(&counters);
            return;
        };
        std::mem::swap(&mut session.events, events);
        let guarded = Guarded::new(&mut locks);
        serve_and_release(engine, &mut session, guarded.locks, 0);
        guarded.done();
        std::mem::swap(&mut session.events, events);
        engine.stats.retire_block(&counters);
    }
}

#[cold]
fn serve_and_release<'e>(engine: &'e Engine, session: &mut Session, locks: &mut LockSet<'e>, now_ms: i64) {
    let now_ms = if now_ms == 0 { engine.clock.now_ms() } else { now_ms };
    let mut round = Round { engine, session, now_ms, served: SmallVec::new(), deferred: Vec::new() };
    locks.retry_missed();
    round.serve_signalled(locks);
    round.finish(locks);
    while !round.deferred.is_empty() {
        let deferred = std::mem::take(&mut round.deferred);
        let needs = deferred.iter().flat_map(|key| key.needs.iter().copied());
        let Ok(mut locks) = LockSet::many(&engine.keyspace, needs) else {
            for Deferred { signal, .. } in deferred {
                let shard = engine.keyspace.shard_of(engine.keyspace.hash(&signal.key));
                engine.keyspace.lock(shard).waiters().miss(signal.db, &signal.key);
            }
            continue;
        };
        if engine.is_damaged() && locks.has_damage() {
            // Who waits there has been told.
            continue;
        }
        let guarded = Guarded::new(&mut locks);
        for key in deferred {
            round.serve_key(guarded.locks, key.signal);
        }
        round.serve_signalled(guarded.locks);
        round.finish(guarded.locks);
        guarded.done();
    }
}

/// A key that could not be served for want of locks.
struct Deferred {
    signal: Signal,
    /// The keys that its next waiter needs, itself among them.
    needs: SmallVec<[KeyHash; 2]>,
}

/// Everything that is served because of one command.
struct Round<'r, 'e> {
    engine: &'e Engine,
    session: &'r mut Session,
    now_ms: i64,
    /// Clients to be told, once nothing is locked.
    served: SmallVec<[Shared<Client>; 4]>,
    deferred: Vec<Deferred>,
}

impl<'e> Round<'_, 'e> {
    /// Serves signalled keys until there are none: serving one may make others ready.
    fn serve_signalled(&mut self, locks: &mut LockSet<'e>) {
        loop {
            let signals = locks.take_signals();
            if signals.is_empty() {
                return;
            }
            for signal in signals {
                self.serve_key(locks, signal);
            }
        }
    }

    /// Serves the line of one key.
    fn serve_key(&mut self, locks: &mut LockSet<'e>, signal: Signal) {
        let key = Key { bytes: &signal.key, hash: self.engine.keyspace.hash(&signal.key) };
        let mut last = 0;
        loop {
            let present = self.kind_of(locks, signal.db, key);
            let waiters = locks.shard(key.hash).waiters();
            let Some((ticket, waiter)) = waiters.next_in_line(signal.db, key.bytes, present, last) else { return };
            last = ticket;
            let Some(waiter) = waiter.downcast_ref::<Waiter>() else { continue };
            let mut needs = SmallVec::new();
            let has_room = self.served.try_reserve(1).is_ok() && self.deferred.try_reserve(1).is_ok();
            if !has_room || needs.try_reserve_exact(waiter.further().len() + 1).is_err() {
                return locks.shard(key.hash).waiters().miss(signal.db, key.bytes);
            }
            match waiter.serve(self.engine, self.session, locks, key, self.now_ms) {
                Attempt::NotYet => continue,
                Attempt::Over => {}
                Attempt::Served => self.served.push(waiter.client().clone()),
                Attempt::Busy => {
                    needs.extend(waiter.further().iter().copied().chain([key.hash]));
                    return self.deferred.push(Deferred { signal, needs });
                }
            }
            locks.shard(key.hash).waiters().leave(signal.db, key.bytes, ticket);
        }
    }

    /// What a key is now; one whose deadline has come is nothing.
    fn kind_of(&self, locks: &mut LockSet<'e>, number: u32, key: Key) -> Option<Kind> {
        let db = locks.db(number, key.hash);
        let loc = db.locate(key.hash, key.bytes)?;
        let is_due = db.deadline_ms(loc).is_some_and(|deadline_ms| deadline_ms <= self.now_ms);
        (!is_due).then(|| db.kind(loc))
    }

    /// Releases the locks and tells those who were served.
    fn finish(&mut self, locks: &mut LockSet<'e>) {
        locks.release(|garbage| self.engine.discard(garbage));
        locks.unlock();
        for client in self.served.drain(..) {
            client.deliver(Delivery::Unblocked);
        }
    }
}
