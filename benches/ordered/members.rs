//! The members that are ordered, and the random numbers for that.

use std::cmp::Ordering;

/// A small generator (splitmix64).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }

    pub fn below(&mut self, count: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(count)) >> 64) as u64
    }

    pub fn shuffle(&mut self, slots: &mut [u32]) {
        for at in (1..slots.len()).rev() {
            slots.swap(at, self.below(at as u64 + 1) as usize);
        }
    }
}

/// Scores, and names in blocks of their own.
pub struct Members(Vec<(f64, Box<[u8]>)>);

impl Members {
    fn new(count: usize, member: impl FnMut(usize) -> (f64, String)) -> Self {
        Self((0..count).map(member).map(|(score, name)| (score, name.into_bytes().into())).collect())
    }

    pub fn random(count: usize, random: &mut Random) -> Self {
        Self::new(count, |_| (random.below(1_000_000_000) as f64, format!("member:{:013}", random.below(1 << 40))))
    }

    pub fn ascending(count: usize) -> Self {
        Self::new(count, |number| (1.7e9 + number as f64, format!("member:{number:013}")))
    }

    /// Only the names differ, in their last bytes.
    pub fn of_one_score(count: usize, random: &mut Random) -> Self {
        let mut numbers: Vec<u32> = (0..count as u32).collect();
        random.shuffle(&mut numbers);
        Self::new(count, |at| (0.0, format!("element:{:012}", numbers[at])))
    }

    #[inline]
    pub fn score(&self, slot: u32) -> f64 {
        self.0[slot as usize].0
    }

    #[inline]
    pub fn name(&self, slot: u32) -> &[u8] {
        &self.0[slot as usize].1
    }

    /// How one member compares with another whose score is at hand.
    #[inline]
    pub fn order(&self, score: f64, slot: u32, other_score: f64, other: u32) -> Ordering {
        score.total_cmp(&other_score).then_with(|| self.name(slot).cmp(self.name(other)))
    }
}
