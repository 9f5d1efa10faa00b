//! When the blocked connections of one reactor give up waiting.
//!
//! A heap in which every connection knows its place, because most waits end before their deadline: a client that asks for an
//! element with a timeout of an hour a thousand times a second must not leave three million deadlines behind.
//!
//! Invariant: room for the deadlines of all connections is made when they are accepted, so that a client that blocks needs no
//! memory for it. Cost: setting and clearing one takes O(log n).

use crate::storage::NoMemory;

/// A connection without a deadline.
const NOWHERE: u32 = u32::MAX;

/// The deadlines of blocked connections, at most one each.
#[derive(Default)]
pub struct Deadlines {
    /// Milliseconds since the epoch and connection. None is later than those at `2 * place + 1` and the place after that.
    heap: Vec<(i64, u32)>,
    /// Where the deadline of each connection is.
    places: Vec<u32>,
}

impl Deadlines {
    /// Makes room for those of all connections below this number.
    ///
    /// # Errors
    /// If memory is short.
    pub fn make_room(&mut self, connections: u32) -> Result<(), NoMemory> {
        let missing = (connections as usize).saturating_sub(self.places.len());
        self.heap.try_reserve((connections as usize).saturating_sub(self.heap.len()))?;
        self.places.try_reserve(missing)?;
        self.places.resize(self.places.len() + missing, NOWHERE);
        Ok(())
    }

    /// Notes when the wait of a connection ends.
    pub fn set(&mut self, deadline_ms: i64, token: u32) {
        self.clear(token);
        self.heap.push((deadline_ms, token));
        self.rise(self.heap.len() - 1);
    }

    /// Forgets the deadline of a connection, if it has one.
    pub fn clear(&mut self, token: u32) {
        let Some(place) = self.places.get_mut(token as usize) else { return };
        let place = std::mem::replace(place, NOWHERE) as usize;
        if place < self.heap.len() {
            self.heap.swap_remove(place);
            if place < self.heap.len() {
                self.rise(place);
            }
        }
    }

    /// The earliest deadline; `i64::MAX` without any.
    #[inline]
    pub fn next_ms(&self) -> i64 {
        self.heap.first().map_or(i64::MAX, |(deadline_ms, _)| *deadline_ms)
    }

    /// Takes a connection whose time is over, the earliest first.
    pub fn take_due(&mut self, now_ms: i64) -> Option<u32> {
        let (deadline_ms, token) = *self.heap.first()?;
        (deadline_ms <= now_ms).then(|| {
            self.clear(token);
            token
        })
    }

    /// Puts the deadline at `place`, which may be too early for it or too late, where it belongs.
    fn rise(&mut self, place: usize) {
        let mut place = place;
        while let Some(above) = place.checked_sub(1).map(|below| below / 2)
            && self.heap[place] < self.heap[above]
        {
            self.heap.swap(place, above);
            self.note(place);
            place = above;
        }
        self.sink(place);
    }

    fn sink(&mut self, place: usize) {
        let mut place = place;
        loop {
            let below = 2 * place + 1..self.heap.len().min(2 * place + 3);
            let earliest = below.min_by_key(|&place| self.heap[place]);
            let Some(earlier) = earliest.filter(|&below| self.heap[below] < self.heap[place]) else { break };
            self.heap.swap(place, earlier);
            self.note(place);
            place = earlier;
        }
        self.note(place);
    }

    fn note(&mut self, place: usize) {
        let token = self.heap[place].1 as usize;
        self.places[token] = place as u32;
    }
}

#[cfg(test)]
mod tests {
    use super::Deadlines;
    use crate::storage::testing::Rng;
    use std::collections::BTreeSet;

    #[test]
    fn come_due_in_order_unless_cleared() {
        let mut deadlines = Deadlines::default();
        assert_eq!(deadlines.next_ms(), i64::MAX);
        deadlines.make_room(6).expect("memory");
        for (deadline_ms, token) in [(30, 1), (10, 2), (20, 3), (10, 4), (40, 5)] {
            deadlines.set(deadline_ms, token);
        }
        deadlines.clear(3);
        deadlines.clear(3);
        assert_eq!(deadlines.next_ms(), 10);
        assert_eq!(deadlines.take_due(9), None);
        let due: Vec<u32> = std::iter::from_fn(|| deadlines.take_due(30)).collect();
        assert_eq!(due, [2, 4, 1]);
        assert_eq!(deadlines.next_ms(), 40);
    }

    #[test]
    fn are_those_of_a_sorted_set() {
        let mut random = Rng::seeded(5);
        let (mut deadlines, mut model) = (Deadlines::default(), BTreeSet::new());
        let mut by_token = [None; 100];
        for step in 0..20_000_u32 {
            let token = random.below(1 + (step as u64 / 100).min(99)) as u32;
            deadlines.make_room(token + 1).expect("memory");
            let before = by_token[token as usize].take();
            model.retain(|&known| Some(known) != before);
            if random.below(3) == 0 {
                deadlines.clear(token);
            } else {
                let deadline_ms = random.below(50) as i64;
                deadlines.set(deadline_ms, token);
                by_token[token as usize] = Some((deadline_ms, token));
                model.insert((deadline_ms, token));
            }
            assert_eq!(deadlines.next_ms(), model.first().map_or(i64::MAX, |first| first.0));
            if random.below(10) == 0 {
                let due = deadlines.take_due(20);
                assert_eq!(due, model.first().filter(|first| first.0 <= 20).map(|first| first.1));
                if let Some(token) = due {
                    model.pop_first();
                    by_token[token as usize] = None;
                }
            }
        }
    }
}
