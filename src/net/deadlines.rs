//! When the blocked connections of one reactor give up waiting.
//!
//! A tree and not a heap, because most waits end before their deadline: a client that asks for an element with a
//! timeout of an hour a thousand times a second must not leave three million deadlines behind.

use std::collections::BTreeSet;

/// The deadlines of blocked connections. Setting and clearing one takes O(log n).
#[derive(Default)]
pub struct Deadlines {
    /// Milliseconds since the epoch and connection: several may have the same moment.
    by_time: BTreeSet<(i64, usize)>,
}

impl Deadlines {
    /// Notes when the wait of a connection ends.
    pub fn set(&mut self, deadline_ms: i64, token: usize) {
        self.by_time.insert((deadline_ms, token));
    }

    /// Forgets a deadline.
    pub fn clear(&mut self, deadline_ms: i64, token: usize) {
        self.by_time.remove(&(deadline_ms, token));
    }

    /// The earliest deadline; `i64::MAX` without any.
    #[inline]
    pub fn next_ms(&self) -> i64 {
        self.by_time.first().map_or(i64::MAX, |(deadline_ms, _)| *deadline_ms)
    }

    /// Takes a connection whose time is over, the earliest first.
    pub fn take_due(&mut self, now_ms: i64) -> Option<usize> {
        let (deadline_ms, token) = *self.by_time.first()?;
        (deadline_ms <= now_ms).then(|| {
            self.by_time.pop_first();
            token
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Deadlines;

    #[test]
    fn come_due_in_order_unless_cleared() {
        let mut deadlines = Deadlines::default();
        assert_eq!(deadlines.next_ms(), i64::MAX);
        for (deadline_ms, token) in [(30, 1), (10, 2), (20, 3), (10, 4), (40, 5)] {
            deadlines.set(deadline_ms, token);
        }
        deadlines.clear(20, 3);
        deadlines.clear(20, 4);
        assert_eq!(deadlines.next_ms(), 10);
        assert_eq!(deadlines.take_due(9), None);
        let due: Vec<usize> = std::iter::from_fn(|| deadlines.take_due(30)).collect();
        assert_eq!(due, [2, 4, 1]);
        assert_eq!(deadlines.next_ms(), 40);
    }
}
