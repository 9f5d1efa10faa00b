//! The timers of an event loop: in the order of their deadlines, each with a number to delete it by.
//!
//! What: a round serves what is due when it begins ([`Timers::begin`]), one timer at a time ([`Timers::take_due`]). The
//! function of a timer may add and delete timers, itself too, and decides whether it is armed again
//! ([`Timers::finish`]).
//!
//! Why a heap of one's own: to add a timer may be refused its memory, but to arm one again may not, for nobody would be told.
//!
//! Invariants: a slot is in the heap, or free, or its timer is being served; the heap and the list of free slots have room for
//! all slots. A number is a slot's place and how many timers there were before, so no two are the same. What is armed during
//! a round is due after it, so a timer of 0 ms lets the others have their turn. Cost: O(log n) to add, to delete, to serve.

use crate::storage::NoMemory;
use std::time::{Duration, Instant};

const NS_PER_MS: u64 = 1_000_000;
/// Bits of a number that are the slot; the others count timers, a million per second for two weeks.
const SLOT_BITS: u32 = 24;

/// Timers with whatever is called when they are due.
pub struct Timers<T> {
    slots: Vec<Slot<T>>,
    /// Slots by deadline and number, a binary heap.
    heap: Vec<usize>,
    free: Vec<usize>,
    /// How many timers there have been.
    made: u64,
    /// The timer that is being served, unless it was deleted meanwhile.
    serving: Option<u64>,
    /// What deadlines count from, in nanoseconds.
    started: Instant,
    /// The latest deadline that this round serves.
    round_end: u64,
}

struct Slot<T> {
    deadline: u64,
    /// Of the timer that was here last.
    id: u64,
    /// Where it is in the heap.
    place: usize,
    /// None while it is served, and when it is done.
    timer: Option<T>,
}

impl<T> Timers<T> {
    pub fn new() -> Self {
        Self {
            slots: Vec::new(),
            heap: Vec::new(),
            free: Vec::new(),
            made: 0,
            serving: None,
            started: Instant::now(),
            round_end: 0,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }

    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// Adds a timer; its number.
    ///
    /// # Errors
    /// If memory is short.
    pub fn add(&mut self, after_ms: u64, timer: T) -> Result<u64, NoMemory> {
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None => self.add_slot()?,
        };
        self.made += 1;
        let id = self.made << SLOT_BITS | slot as u64;
        self.slots[slot].id = id;
        self.arm(slot, after_ms, timer);
        Ok(id)
    }

    fn add_slot(&mut self) -> Result<usize, NoMemory> {
        let slot = self.slots.len();
        if slot >> SLOT_BITS != 0 {
            return Err(NoMemory);
        }
        self.slots.try_reserve(1)?;
        self.heap.try_reserve(slot + 1 - self.heap.len())?;
        self.free.try_reserve(slot + 1 - self.free.len())?;
        self.slots.push(Slot { deadline: 0, id: 0, place: 0, timer: None });
        Ok(slot)
    }

    fn arm(&mut self, slot: usize, after_ms: u64, timer: T) {
        let soonest = self.now().max(self.round_end.saturating_add(1));
        let place = self.heap.len();
        let Slot { id, .. } = self.slots[slot];
        let deadline = soonest.saturating_add(after_ms.saturating_mul(NS_PER_MS));
        self.slots[slot] = Slot { deadline, id, place, timer: Some(timer) };
        self.heap.push(slot);
        self.rise(place);
    }

    /// Deletes a timer; whether there was one.
    pub fn delete(&mut self, id: u64) -> bool {
        if self.serving == Some(id) {
            self.serving = None;
            return true;
        }
        let slot = slot_of(id);
        match self.slots.get_mut(slot) {
            Some(Slot { id: of, place, timer: timer @ Some(_), .. }) if *of == id => {
                *timer = None;
                let place = *place;
                self.take_out(place);
                self.free.push(slot);
                true
            }
            _ => false,
        }
    }

    /// How long until the first timer is due.
    pub fn until_due(&self) -> Option<Duration> {
        let first = &self.slots[*self.heap.first()?];
        Some(Duration::from_nanos(first.deadline.saturating_sub(self.now())))
    }

    /// Begins a round: what is due by now.
    pub fn begin(&mut self) {
        self.round_end = self.now();
    }

    /// Takes the next timer of the round.
    pub fn take_due(&mut self) -> Option<(u64, T)> {
        let first = *self.heap.first()?;
        let slot = &mut self.slots[first];
        if slot.deadline > self.round_end {
            return None;
        }
        let (id, timer) = (slot.id, slot.timer.take()?);
        self.take_out(0);
        self.serving = Some(id);
        Some((id, timer))
    }

    /// Arms the timer that was taken once more, if it is wanted and was not deleted meanwhile.
    pub fn finish(&mut self, id: u64, again_ms: Option<u64>, timer: T) {
        let is_there = self.serving.take() == Some(id);
        match again_ms {
            Some(again_ms) if is_there => self.arm(slot_of(id), again_ms, timer),
            _ => self.free.push(slot_of(id)),
        }
    }

    /// Takes a slot out of the heap.
    fn take_out(&mut self, place: usize) {
        self.heap.swap_remove(place);
        if place < self.heap.len() {
            self.put(place, self.heap[place]);
            self.sink(place);
            self.rise(place);
        }
    }

    fn put(&mut self, place: usize, slot: usize) {
        self.heap[place] = slot;
        self.slots[slot].place = place;
    }

    fn is_before(&self, a: usize, b: usize) -> bool {
        let key = |place: usize| {
            let slot = &self.slots[self.heap[place]];
            (slot.deadline, slot.id)
        };
        key(a) < key(b)
    }

    fn exchange(&mut self, a: usize, b: usize) {
        let (first, second) = (self.heap[a], self.heap[b]);
        self.put(a, second);
        self.put(b, first);
    }

    fn rise(&mut self, mut place: usize) {
        while place > 0 && self.is_before(place, (place - 1) / 2) {
            self.exchange(place, (place - 1) / 2);
            place = (place - 1) / 2;
        }
    }

    fn sink(&mut self, mut place: usize) {
        loop {
            let (left, right) = (2 * place + 1, 2 * place + 2);
            if left >= self.heap.len() {
                return;
            }
            let child = if right < self.heap.len() && self.is_before(right, left) { right } else { left };
            if !self.is_before(child, place) {
                return;
            }
            self.exchange(child, place);
            place = child;
        }
    }
}

/// Where the timer of this number is or was.
fn slot_of(id: u64) -> usize {
    (id & ((1 << SLOT_BITS) - 1)) as usize
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
        timers.add(3, 3).unwrap();
        let second = timers.add(2, 2).unwrap();
        timers.add(0, 0).unwrap();
        timers.add(u64::MAX, 99).unwrap();
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
        let (first, second) = (timers.add(0, 1).unwrap(), timers.add(0, 2).unwrap());
        timers.begin();
        let (id, timer) = timers.take_due().unwrap();
        assert_eq!((id, timer), (first, 1));
        assert!(timers.delete(first) && !timers.delete(first) && timers.delete(second));
        timers.finish(id, Some(0), timer);
        assert!(timers.is_empty());
    }

    /// Beside a list that is searched from end to end.
    #[test]
    fn the_first_is_always_the_one_that_is_due_first() {
        let mut timers = Timers::new();
        let mut naive: Vec<(u64, u64)> = Vec::new();
        let mut state = 7_u64;
        let mut below = |n: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % n
        };
        for _ in 0..5000 {
            // Hours apart, so that the time that passes meanwhile does not matter.
            let hours = below(50) + 1;
            if below(5) < 3 {
                naive.push((hours, timers.add(hours * 3_600_000, hours).unwrap()));
            } else if !naive.is_empty() {
                let (_, id) = naive.swap_remove(below(naive.len() as u64) as usize);
                assert!(timers.delete(id) && !timers.delete(id));
            }
            let first = timers.heap.first().and_then(|&slot| timers.slots[slot].timer);
            assert_eq!(first, naive.iter().map(|&(hours, _)| hours).min());
            assert_eq!(timers.heap.len() + timers.free.len(), timers.slots.len());
        }
        timers.round_end = u64::MAX;
        naive.sort_unstable();
        for (hours, id) in naive {
            assert_eq!(timers.take_due(), Some((id, hours)));
            timers.finish(id, None, hours);
        }
        assert!(timers.is_empty() && timers.take_due().is_none());
    }
}
