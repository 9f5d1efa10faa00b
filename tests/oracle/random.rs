//! A seeded source of randomness, so that a failing run can be repeated from one number.
//!
//! SplitMix64: one word of state, passes the usual batteries, and needs no dependency. Quality beyond that buys a
//! test generator nothing. The sequence is part of the meaning of a printed seed, so it must not change lightly.

/// A seeded generator. Cloning it repeats the sequence from that point.
#[derive(Clone)]
pub struct Random {
    state: u64,
}

impl Random {
    pub fn new(seed: u64) -> Self {
        Random { state: seed }
    }

    pub fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = self.state;
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        word ^ (word >> 31)
    }

    /// A number in `0..limit`; the modulo's bias is far below what a test could notice.
    pub fn below(&mut self, limit: usize) -> usize {
        assert!(limit > 0, "below(0) has no answer");
        (self.next() % limit as u64) as usize
    }

    /// A number in `low..=high`.
    pub fn between(&mut self, low: usize, high: usize) -> usize {
        low + self.below(high - low + 1)
    }

    pub fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }

    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }
}
