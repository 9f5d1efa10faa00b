//! When a driver of background expiry has to wake up: the one piece of lock-free cooperation in the keyspace.
//!
//! A driver that looks at its shards does not hold their locks, so deadlines may move up while it looks. The order of
//! steps makes sure that none is overslept:
//!
//! - whoever moves a shard's earliest deadline up stores it in the shard first and then calls [`WakeAt::moved_up`];
//! - the driver first calls [`WakeAt::claim`], then reads the shards, then [`WakeAt::settle`]s on the earliest.
//!
//! Either the driver reads the new deadline from the shard, or `moved_up` comes after the claim and its minimum
//! stays. The model below checks the interleavings (`make loom`).

#[cfg(loom)]
use loom::sync::atomic::{AtomicI64, Ordering};
#[cfg(not(loom))]
use std::sync::atomic::{AtomicI64, Ordering};

/// A time in milliseconds since the epoch, `i64::MAX` for never.
pub struct WakeAt(AtomicI64);

impl WakeAt {
    /// At once.
    pub fn now() -> Self {
        Self(AtomicI64::new(0))
    }

    /// When to wake up.
    #[inline]
    pub fn get(&self) -> i64 {
        self.0.load(Ordering::Acquire)
    }

    /// Wake up at once: everything is to be looked at anew.
    pub fn reset(&self) {
        self.0.store(0, Ordering::SeqCst);
    }

    /// The driver begins to look at its shards.
    pub fn claim(&self) {
        self.0.swap(i64::MAX, Ordering::SeqCst);
    }

    /// The driver has looked; `earliest_ms` is what it found.
    pub fn settle(&self, earliest_ms: i64) {
        self.0.fetch_min(earliest_ms, Ordering::SeqCst);
    }

    /// A deadline is earlier than before; true if the driver sleeps longer than that and must be woken.
    #[inline]
    pub fn moved_up(&self, deadline_ms: i64) -> bool {
        self.0.fetch_min(deadline_ms, Ordering::SeqCst) > deadline_ms
    }
}

#[cfg(all(test, loom))]
mod model {
    use super::*;
    use loom::sync::Arc;
    use loom::sync::atomic::AtomicBool;
    use loom::thread;

    #[test]
    fn no_deadline_is_overslept() {
        let mut model = loom::model::Builder::new();
        // Without a bound two writers take minutes; every known bug of this kind needs no more than two.
        model.preemption_bound = Some(2);
        model.check(|| {
            let wake_at = Arc::new(WakeAt::now());
            let shards = Arc::new([AtomicI64::new(500), AtomicI64::new(i64::MAX)]);
            let woken = Arc::new(AtomicBool::new(false));
            let writers: Vec<_> = [(0, 100), (1, 300)]
                .into_iter()
                .map(|(shard, deadline_ms)| {
                    let (wake_at, shards, woken) = (wake_at.clone(), shards.clone(), woken.clone());
                    thread::spawn(move || {
                        shards[shard].store(deadline_ms, Ordering::SeqCst);
                        if wake_at.moved_up(deadline_ms) {
                            woken.store(true, Ordering::SeqCst);
                        }
                    })
                })
                .collect();
            wake_at.claim();
            let earliest_ms = shards.iter().map(|shard| shard.load(Ordering::SeqCst)).min().unwrap_or(i64::MAX);
            wake_at.settle(earliest_ms);
            let slept_until_ms = wake_at.get();
            for writer in writers {
                writer.join().expect("writer");
            }
            assert_eq!(wake_at.get(), 100, "the earliest deadline is known");
            assert!(
                slept_until_ms == 100 || woken.load(Ordering::SeqCst),
                "asleep until {slept_until_ms}, and not woken"
            );
        });
    }
}
