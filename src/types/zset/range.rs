//! Ranges of a sorted set by score and by name.

/// Scores between two bounds, each of which may belong to the range or not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScoreRange {
    pub min: f64,
    pub max: f64,
    pub min_exclusive: bool,
    pub max_exclusive: bool,
}

impl ScoreRange {
    pub const ALL: Self =
        Self { min: f64::NEG_INFINITY, max: f64::INFINITY, min_exclusive: false, max_exclusive: false };

    /// Whether a score is not below the range.
    #[inline]
    pub fn reaches(&self, score: f64) -> bool {
        if self.min_exclusive { score > self.min } else { score >= self.min }
    }

    /// Whether a score is not above the range.
    #[inline]
    pub fn admits(&self, score: f64) -> bool {
        if self.max_exclusive { score < self.max } else { score <= self.max }
    }

    /// Whether no score at all is in the range.
    pub fn is_empty(&self) -> bool {
        self.min > self.max || (self.min == self.max && (self.min_exclusive || self.max_exclusive))
    }
}

/// One end of a range of names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LexBound<'a> {
    /// `-`: before all names.
    Least,
    /// `+`: behind all names.
    Greatest,
    /// `[name`
    Inclusive(&'a [u8]),
    /// `(name`
    Exclusive(&'a [u8]),
}

/// Names between two bounds. It makes sense for members of equal score; among others the names are in no order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LexRange<'a> {
    pub min: LexBound<'a>,
    pub max: LexBound<'a>,
}

impl LexRange<'_> {
    /// Whether a name is not below the range.
    #[inline]
    pub fn reaches(&self, name: &[u8]) -> bool {
        match self.min {
            LexBound::Least => true,
            LexBound::Greatest => false,
            LexBound::Inclusive(min) => name >= min,
            LexBound::Exclusive(min) => name > min,
        }
    }

    /// Whether a name is not above the range.
    #[inline]
    pub fn admits(&self, name: &[u8]) -> bool {
        match self.max {
            LexBound::Least => false,
            LexBound::Greatest => true,
            LexBound::Inclusive(max) => name <= max,
            LexBound::Exclusive(max) => name < max,
        }
    }

    /// Whether the bounds leave room for no name.
    pub fn is_empty(&self) -> bool {
        use LexBound::{Exclusive, Greatest, Inclusive, Least};
        match (self.min, self.max) {
            (Greatest, _) | (_, Least) => true,
            (Least, _) | (_, Greatest) => false,
            (Inclusive(min), Inclusive(max)) => min > max,
            (Inclusive(min) | Exclusive(min), Inclusive(max) | Exclusive(max)) => min >= max,
        }
    }
}
