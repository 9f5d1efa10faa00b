//! A sorted set of either encoding, to read.

use super::flat;
use super::{LexBound, LexRange, ScoreRange, Side, ZSet};
use crate::storage::{Forward, Kind, ValueRef};
use crate::types::{FETCHED_BYTES_MIN, Object, Variant};
use smallvec::SmallVec;
use std::cmp::Ordering;
use std::ops::Range;

/// Members whose places a walk backwards through a flat encoding remembers, so that it asks for no memory; one of more
/// members than usual goes through it several times.
const BACKWARD_INLINE: usize = 128;

/// See the module's comment.
#[derive(Clone, Copy, Debug)]
pub enum View<'a> {
    Flat(&'a [u8]),
    Large(&'a ZSet),
}

/// Members in order, each with its score.
#[derive(Clone, Debug)]
pub enum Iter<'a> {
    Flat(flat::Items<'a>),
    Large(Forward<'a>),
}

impl<'a> Iterator for Iter<'a> {
    type Item = (&'a [u8], f64);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Flat(items) => items.next().map(|item| (item.name, item.score)),
            Self::Large(members) => members.next(),
        }
    }
}

impl<'a> View<'a> {
    /// The value, if it is a sorted set.
    #[inline]
    pub fn of(value: ValueRef<'a, Object>) -> Option<Self> {
        match value {
            ValueRef::Flat(Kind::ZSet, bytes) => Some(Self::Flat(bytes)),
            ValueRef::Object(Kind::ZSet, object) => ZSet::from_object(object).map(Self::Large),
            _ => None,
        }
    }

    /// Starts loading these members, a [`WINDOW`](crate::types::WINDOW) of them: they are about to be looked up.
    #[inline]
    pub fn fetch<'n>(self, names: impl IntoIterator<Item = &'n [u8]>) {
        if let Self::Large(zset) = self
            && zset.memory() >= FETCHED_BYTES_MIN
        {
            zset.fetch(names);
        }
    }

    #[inline]
    pub fn len(self) -> usize {
        match self {
            Self::Flat(bytes) => flat::len(bytes),
            Self::Large(zset) => zset.len(),
        }
    }

    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    #[inline]
    pub fn score(self, name: &[u8]) -> Option<f64> {
        match self {
            Self::Flat(bytes) => flat::find(bytes, name).map(|(_, item)| item.score),
            Self::Large(zset) => zset.score(name),
        }
    }

    /// How many members come before this one, and its score.
    pub fn rank(self, name: &[u8]) -> Option<(usize, f64)> {
        match self {
            Self::Flat(bytes) => flat::find(bytes, name).map(|(rank, item)| (rank, item.score)),
            Self::Large(zset) => zset.rank(name),
        }
    }

    /// How many members come before a place beside this score and name, whether or not there is such a member.
    pub fn place(self, score: f64, name: &[u8], side: Side) -> usize {
        match self {
            Self::Flat(bytes) => {
                let is_before = |item: &flat::Item| match flat::order(item.score, item.name, score, name) {
                    Ordering::Less => true,
                    Ordering::Equal => side == Side::After,
                    Ordering::Greater => false,
                };
                flat::items(bytes).take_while(is_before).count()
            }
            Self::Large(zset) => zset.rank_of_key(score, name, side),
        }
    }

    /// The member of a rank.
    pub fn get(self, rank: usize) -> Option<(&'a [u8], f64)> {
        match self {
            Self::Flat(bytes) => flat::get(bytes, rank).map(|item| (item.name, item.score)),
            Self::Large(zset) => zset.get(rank),
        }
    }

    /// All members in order.
    #[inline]
    pub fn iter(self) -> Iter<'a> {
        match self {
            Self::Flat(bytes) => Iter::Flat(flat::items(bytes)),
            Self::Large(zset) => Iter::Large(zset.forward(0)),
        }
    }

    /// Visits the members of these ranks, in order or in descending order.
    #[inline]
    pub fn walk(self, ranks: Range<usize>, is_reverse: bool, mut visit: impl FnMut(&'a [u8], f64)) {
        let count = ranks.len();
        match (self, is_reverse) {
            (Self::Flat(bytes), false) => {
                flat::items(bytes).skip(ranks.start).take(count).for_each(|item| visit(item.name, item.score));
            }
            (Self::Flat(bytes), true) => {
                let mut end = ranks.end;
                while end > ranks.start {
                    let start = ranks.start.max(end.saturating_sub(BACKWARD_INLINE));
                    let items = flat::items(bytes).skip(start).take(end - start);
                    let found: SmallVec<[(&[u8], f64); BACKWARD_INLINE]> =
                        items.map(|item| (item.name, item.score)).collect();
                    found.iter().rev().for_each(|(name, score)| visit(name, *score));
                    end = start;
                }
            }
            (Self::Large(zset), false) => {
                zset.forward(ranks.start).take(count).for_each(|(name, score)| visit(name, score));
            }
            (Self::Large(zset), true) => {
                zset.backward(ranks.end).take(count).for_each(|(name, score)| visit(name, score));
            }
        }
    }

    /// The ranks of a range of scores.
    pub fn score_ranks(self, range: &ScoreRange) -> Range<usize> {
        if range.is_empty() {
            return 0..0;
        }
        match self {
            Self::Flat(bytes) => {
                let start = flat::items(bytes).take_while(|item| !range.reaches(item.score)).count();
                let inside = flat::items(bytes).skip(start).take_while(|item| range.admits(item.score)).count();
                start..start + inside
            }
            Self::Large(zset) => {
                let side = |is_after| if is_after { Side::After } else { Side::Before };
                let start = zset.rank_of_score(range.min, side(range.min_exclusive));
                start..zset.rank_of_score(range.max, side(!range.max_exclusive)).max(start)
            }
        }
    }

    /// The ranks of a range of names, for a walk in this direction. (That makes a difference only if the scores
    /// differ, so that the names are in no order: a walk begins at the first name inside, as Redis's does.)
    pub fn lex_ranks(self, range: &LexRange, is_reverse: bool) -> Range<usize> {
        if range.is_empty() {
            return 0..0;
        }
        match self {
            Self::Flat(bytes) => flat_lex_ranks(bytes, range, is_reverse),
            Self::Large(zset) => {
                // The names are thought to be all of the first one's score.
                let score = zset.get(0).map_or(0.0, |(_, score)| score);
                let rank = |name: &[u8], side| zset.rank_of_key(score, name, side);
                let start = match range.min {
                    LexBound::Least => 0,
                    LexBound::Greatest => zset.len(),
                    LexBound::Inclusive(min) => rank(min, Side::Before),
                    LexBound::Exclusive(min) => rank(min, Side::After),
                };
                let end = match range.max {
                    LexBound::Least => 0,
                    LexBound::Greatest => zset.len(),
                    LexBound::Inclusive(max) => rank(max, Side::After),
                    LexBound::Exclusive(max) => rank(max, Side::Before),
                };
                start..end.max(start)
            }
        }
    }
}

fn flat_lex_ranks(bytes: &[u8], range: &LexRange, is_reverse: bool) -> Range<usize> {
    let count = flat::len(bytes);
    let ends = flat::get(bytes, 0).zip(flat::items(bytes).last());
    if !ends.is_some_and(|(first, last)| range.reaches(last.name) && range.admits(first.name)) {
        return 0..0;
    }
    if is_reverse {
        // The last name not above the range, and those before it down to the first that is below.
        let (mut start, mut end) = (0, 0);
        for (rank, item) in flat::items(bytes).enumerate().take(count) {
            if range.admits(item.name) {
                end = rank + 1;
            }
        }
        for (rank, item) in flat::items(bytes).enumerate().take(end) {
            if !range.reaches(item.name) {
                start = rank + 1;
            }
        }
        return start..end;
    }
    let start = flat::items(bytes).take_while(|item| !range.reaches(item.name)).count();
    let inside = flat::items(bytes).skip(start).take_while(|item| range.admits(item.name)).count();
    start..start + inside
}
