//! A seeded source of randomness, so that a failing run can be repeated from one number.
//!
//! SplitMix64: one word of state, passes the usual batteries, and needs no dependency. Quality beyond that buys a
//! test generator nothing. The sequence is part of the meaning of a printed seed, so it must not change lightly.

/// A seeded generator. Cloning it repeats the sequence from that point.
#[derive(Clone)]
pub struct Random {
    state: u64,
    /// What a fuzzer has chosen, last byte first: each draw takes of it what it needs, while there is some.
    choices: Vec<u8>,
}

impl Random {
    pub fn new(seed: u64) -> Self {
        Random { state: seed, choices: Vec::new() }
    }

    /// A generator that draws what a fuzzer wants.
    pub fn chosen(choices: &[u8]) -> Self {
        Random { state: 0, choices: choices.iter().rev().copied().collect() }
    }

    /// Whether the fuzzer's choices are not used up.
    pub fn has_choices(&self) -> bool {
        !self.choices.is_empty()
    }

    /// The next `bytes` choices as a number.
    fn choice(&mut self, bytes: usize) -> u64 {
        let start = self.choices.len().saturating_sub(bytes);
        self.choices.drain(start..).fold(0, |number, byte| number << 8 | u64::from(byte))
    }

    pub fn next(&mut self) -> u64 {
        if self.has_choices() {
            return self.choice(8);
        }
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = self.state;
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        word ^ (word >> 31)
    }

    /// A number in `0..limit`; the modulo's bias is far below what a test could notice.
    pub fn below(&mut self, limit: usize) -> usize {
        assert!(limit > 0, "below(0) has no answer");
        if self.has_choices() {
            let bytes = if limit <= 1 << 8 {
                1
            } else if limit <= 1 << 16 {
                2
            } else {
                8
            };
            return (self.choice(bytes) % limit as u64) as usize;
        }
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
