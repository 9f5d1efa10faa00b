//! Whose turn it is to be told: a line per key, so that events of one key are delivered in the order of its changes,
//! whichever threads made them.
//!
//! A place is taken under the shard's lock, so places are in the order of the changes. Delivery waits for the places
//! before. A line exists only while somebody stands in it. Lines are spread over stripes by the hash of the key; keys of
//! the same hash share one.
//!
//! Who waits holds no lock, and a thread delivers what it has in the order in which it took the places; so everybody
//! waits for places taken earlier only, and the earliest of all waits for nobody.

use crate::keyspace::KeyHash;
use parking_lot::{Condvar, Mutex};
use std::collections::{HashMap, TryReserveError};

/// Independent parts; more than threads that are at it at the same time.
const STRIPES: usize = 64;

/// A place in the line of a key.
#[derive(Clone, Copy, Debug)]
pub struct Turn {
    hash: KeyHash,
    place: u64,
}

/// The line of one key.
#[derive(Default)]
struct Line {
    /// The place that is taken next.
    next: u64,
    /// The place whose turn it is.
    now: u64,
}

#[derive(Default)]
struct Stripe {
    lines: Mutex<HashMap<u64, Line>>,
    moved: Condvar,
}

/// The lines of all keys with undelivered events. Who has taken a place passes it, whatever happens.
pub struct Turns {
    stripes: [Stripe; STRIPES],
}

impl Default for Turns {
    fn default() -> Self {
        Self { stripes: std::array::from_fn(|_| Stripe::default()) }
    }
}

impl Turns {
    /// The low bits: the high ones choose the shard.
    fn stripe(&self, hash: KeyHash) -> &Stripe {
        &self.stripes[hash.0 as usize % STRIPES]
    }

    /// Takes the next place in the line of a key, whose shard is locked.
    ///
    /// # Errors
    /// If memory is short.
    pub fn take(&self, hash: KeyHash) -> Result<Turn, TryReserveError> {
        let mut lines = self.stripe(hash).lines.lock();
        lines.try_reserve(1)?;
        let line = lines.entry(hash.0).or_default();
        line.next += 1;
        Ok(Turn { hash, place: line.next - 1 })
    }

    /// Waits until a place has its turn.
    pub fn wait(&self, turn: Turn) {
        let stripe = self.stripe(turn.hash);
        let mut lines = stripe.lines.lock();
        while lines.get(&turn.hash.0).is_some_and(|line| line.now != turn.place) {
            stripe.moved.wait(&mut lines);
        }
    }

    /// Lets the next one have its turn.
    pub fn pass(&self, turn: Turn) {
        let stripe = self.stripe(turn.hash);
        let mut lines = stripe.lines.lock();
        let Some(line) = lines.get_mut(&turn.hash.0) else { return };
        line.now += 1;
        if line.now == line.next {
            lines.remove(&turn.hash.0);
        } else {
            stripe.moved.notify_all();
        }
    }
}
