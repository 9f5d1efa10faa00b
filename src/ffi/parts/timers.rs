//! The timers of an event loop: in the order of their deadlines, each with a number to delete it by.
//!
//! What: a round serves what is due when it begins ([`Timers::begin`]), one timer at a time ([`Timers::take_due`]). The
//! function of a timer may add and delete timers, itself too, and decides whether it is armed again
//! ([`Timers::finish`]).
//!
//! Invariants: `queue` and `deadlines` are the same timers; the one being served is in neither. What is armed during a round
//! is due after it, so a timer of 0 ms lets the others have their turn.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

const NS_PER_MS: u64 = 1_000_000;

/// Timers with whatever is called when they are due.
pub struct Timers<T> {
    queue: BTreeMap<Due, T>,
    /// By number.
    deadlines: BTreeMap<u64, u64>,
    last_id: u64,
    /// The timer that is being served, unless it was deleted meanwhile.
    serving: Option<u64>,
    /// What deadlines count from, in nanoseconds.
    started: Instant,
    /// The latest deadline that this round serves.
    round_end: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Due {
    deadline: u64,
    id: u64,
}

impl<T> Timers<T> {
    pub fn new() -> Self {
        Self {
            queue: BTreeMap::new(),
            deadlines: BTreeMap::new(),
            last_id: 0,
            serving: None,
            started: Instant::now(),
            round_end: 0,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// Adds a timer; its number.
    pub fn add(&mut self, after_ms: u64, timer: T) -> u64 {
        self.last_id += 1;
        self.arm(self.last_id, after_ms, timer);
        self.last_id
    }

    fn arm(&mut self, id: u64, after_ms: u64, timer: T) {
        let soonest = self.now().max(self.round_end.saturating_add(1));
        let deadline = soonest.saturating_add(after_ms.saturating_mul(NS_PER_MS));
        self.queue.insert(Due { deadline, id }, timer);
        self.deadlines.insert(id, deadline);
    }

    /// Deletes a timer; whether there was one.
    pub fn delete(&mut self, id: u64) -> bool {
        if self.serving == Some(id) {
            self.serving = None;
            return true;
        }
        let Some(deadline) = self.deadlines.remove(&id) else { return false };
        self.queue.remove(&Due { deadline, id });
        true
    }

    /// How long until the first timer is due.
    pub fn until_due(&self) -> Option<Duration> {
        let (first, _) = self.queue.first_key_value()?;
        Some(Duration::from_nanos(first.deadline.saturating_sub(self.now())))
    }

    /// Begins a round: what is due by now.
    pub fn begin(&mut self) {
        self.round_end = self.now();
    }

    /// Takes the next timer of the round.
    pub fn take_due(&mut self) -> Option<(u64, T)> {
        let first = self.queue.first_entry().filter(|first| first.key().deadline <= self.round_end)?;
        let (Due { id, .. }, timer) = first.remove_entry();
        self.deadlines.remove(&id);
        self.serving = Some(id);
        Some((id, timer))
    }

    /// Arms the timer that was taken once more, if it is wanted and was not deleted meanwhile.
    pub fn finish(&mut self, id: u64, again_ms: Option<u64>, timer: T) {
        if self.serving.take() == Some(id)
            && let Some(again_ms) = again_ms
        {
            self.arm(id, again_ms, timer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One round; the timers served, in order. Each is armed again as `again` says.
    fn round(timers: &mut Timers<u32>, again: impl Fn(u32) -> Option<u64>) -> Vec<u32> {
        let mut served = Vec::new();
        timers.begin();
        while let Some((id, timer)) = timers.take_due() {
            served.push(timer);
            timers.finish(id, again(timer), timer);
        }
        served
    }

    #[test]
    fn timers_come_in_the_order_of_their_deadlines_and_once_a_round() {
        let mut timers = Timers::new();
        assert!(timers.is_empty() && timers.until_due().is_none());
        timers.add(3, 3);
        let second = timers.add(2, 2);
        timers.add(0, 0);
        timers.add(u64::MAX, 99);
        std::thread::sleep(Duration::from_millis(5));
        assert_eq!(timers.until_due(), Some(Duration::ZERO));
        assert_eq!(round(&mut timers, |timer| (timer == 0).then_some(0)), [0, 2, 3]);
        assert!(!timers.delete(second), "it is done");
        assert_eq!(round(&mut timers, |_| Some(10_000)), [0]);
        assert!(round(&mut timers, |_| None).is_empty() && !timers.is_empty());
        assert!(timers.until_due().is_some_and(|wait| wait > Duration::from_secs(5)));
    }

    #[test]
    fn a_timer_that_is_being_served_can_be_deleted() {
        let mut timers = Timers::new();
        let (first, second) = (timers.add(0, 1), timers.add(0, 2));
        timers.begin();
        let (id, timer) = timers.take_due().unwrap();
        assert_eq!((id, timer), (first, 1));
        assert!(timers.delete(first) && !timers.delete(first) && timers.delete(second));
        timers.finish(id, Some(0), timer);
        assert!(timers.is_empty());
    }
}
