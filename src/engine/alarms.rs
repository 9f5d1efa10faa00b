//! When the reactors that a host drives have work next, though no event of the kernel's will say so.
//!
//! Such a reactor has nobody who sleeps until a deadline: its host sleeps on a descriptor. So after every turn it notes its next
//! deadline here, and the housekeeping thread, which wakes up for the earliest, makes the descriptor readable in time.
//!
//! Invariant: an alarm rings once for every time it is set, at that time or a little later, unless it is set anew before.
//! Cost: setting one is an atomic swap; only one that is earlier than the thread would wake up costs a wake-up.

use crate::storage::{NoMemory, Shared};
use parking_lot::RwLock;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// Not set.
pub const NEVER: i64 = i64::MAX;
/// Longest sleep before an alarm when the host's clock decides what is due.
const INJECTED_CLOCK_POLL: Duration = Duration::from_millis(10);

/// The alarm of one reactor.
pub struct Alarm {
    due_ms: AtomicI64,
    ring: Box<dyn Fn() + Send + Sync>,
}

impl Alarm {
    /// Sets it to this time, in milliseconds since the epoch; whether that is earlier than before.
    pub fn set(&self, due_ms: i64) -> bool {
        due_ms < self.due_ms.swap(due_ms, Ordering::AcqRel)
    }
}

/// Those of one engine.
#[derive(Default)]
pub struct Alarms {
    list: RwLock<Vec<Shared<Alarm>>>,
}

impl Alarms {
    /// One more, not set; `ring` is called when it is due, from another thread.
    ///
    /// # Errors
    /// If memory is short.
    pub fn add(&self, ring: Box<dyn Fn() + Send + Sync>) -> Result<Shared<Alarm>, NoMemory> {
        let alarm = Shared::new(Alarm { due_ms: AtomicI64::new(NEVER), ring })?;
        let mut list = self.list.write();
        list.try_reserve(1)?;
        list.push(alarm.clone());
        Ok(alarm)
    }

    /// Removes one, which will not ring any more.
    pub fn remove(&self, alarm: &Shared<Alarm>) {
        self.list.write().retain(|known| !known.is_same(alarm));
    }

    /// Rings those that are due.
    pub fn ring(&self, now_ms: i64) {
        for alarm in self.list.read().iter() {
            let due_ms = alarm.due_ms.load(Ordering::Acquire);
            // One that is set anew meanwhile will be looked at again.
            let unset = |due_ms| alarm.due_ms.compare_exchange(due_ms, NEVER, Ordering::AcqRel, Ordering::Relaxed);
            if due_ms <= now_ms && unset(due_ms).is_ok() {
                (alarm.ring)();
            }
        }
    }

    /// When the next one is due; [`NEVER`] if none is set.
    pub fn next_ms(&self) -> i64 {
        self.list.read().iter().map(|alarm| alarm.due_ms.load(Ordering::Acquire)).min().unwrap_or(NEVER)
    }
}

/// How long to sleep before something that is due then.
pub fn sleep_until(due_ms: i64, now_ms: i64, clock_is_injected: bool) -> Duration {
    if due_ms == NEVER {
        return Duration::MAX;
    }
    let left = Duration::from_millis(u64::try_from(due_ms.saturating_sub(now_ms)).unwrap_or(0));
    if clock_is_injected { left.min(INJECTED_CLOCK_POLL) } else { left }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::AtomicU32;

    #[test]
    fn ring_once_when_they_are_due() {
        let (alarms, rung) = (Alarms::default(), Arc::new(AtomicU32::new(0)));
        let counter = Arc::clone(&rung);
        let count = move || _ = counter.fetch_add(1, Ordering::Relaxed);
        let alarm = alarms.add(Box::new(count)).expect("memory");
        let rings = |now_ms| {
            alarms.ring(now_ms);
            rung.swap(0, Ordering::Relaxed)
        };
        assert_eq!((alarms.next_ms(), rings(NEVER - 1)), (NEVER, 0));
        assert!(alarm.set(20));
        assert!(!alarm.set(30), "later than before");
        assert!(alarm.set(10));
        assert_eq!((rings(9), alarms.next_ms()), (0, 10));
        assert_eq!((rings(10), rings(10), alarms.next_ms()), (1, 0, NEVER));
        assert!(alarm.set(10));
        alarms.remove(&alarm);
        assert_eq!((rings(10), alarms.next_ms()), (0, NEVER));
    }

    #[test]
    fn a_clock_of_the_host_is_asked_again_and_again() {
        let ms = Duration::from_millis;
        assert_eq!(sleep_until(500, 200, false), ms(300));
        assert_eq!(sleep_until(500, 200, true), INJECTED_CLOCK_POLL);
        assert_eq!((sleep_until(205, 200, true), sleep_until(100, 200, true)), (ms(5), ms(0)));
        assert_eq!((sleep_until(NEVER, 0, false), sleep_until(NEVER, 0, true)), (Duration::MAX, Duration::MAX));
    }
}
