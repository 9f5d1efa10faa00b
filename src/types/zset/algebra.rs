//! Union, intersection and difference of sorted sets, and of sets, whose members count as having the score 1.
//!
//! Scores are multiplied by the weight of their set and put together in the order of the sets' sizes, smallest first, as
//! in Redis: the sum of floating-point numbers depends on the order. What is not a number counts as 0.

use super::{OwnedZSet, Rules, View};
use crate::storage::{HashSeed, NoMemory, gather};
use crate::types::WINDOW;
use crate::types::set::{Member, SetRef};
use smallvec::SmallVec;
use std::ops::ControlFlow;

/// An input.
#[derive(Clone, Copy)]
pub enum Source<'s> {
    ZSet(View<'s>),
    Set(SetRef<'s>),
    Missing,
}

/// An input and what its scores are multiplied by.
pub type Weighted<'s> = (Source<'s>, f64);

/// How the scores of one member become one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Aggregate {
    #[default]
    Sum,
    Min,
    Max,
}

impl Aggregate {
    /// If one of two scores is not a number, the first one stays, or the sum is 0.
    fn apply(self, score: f64, other: f64) -> f64 {
        match self {
            Self::Sum => number(score + other),
            Self::Min => {
                if other < score {
                    other
                } else {
                    score
                }
            }
            Self::Max => {
                if other > score {
                    other
                } else {
                    score
                }
            }
        }
    }
}

fn number(score: f64) -> f64 {
    if score.is_nan() { 0.0 } else { score }
}

impl Source<'_> {
    fn len(self) -> usize {
        match self {
            Self::ZSet(zset) => zset.len(),
            Self::Set(set) => set.len(),
            Self::Missing => 0,
        }
    }

    fn score(self, name: &[u8]) -> Option<f64> {
        match self {
            Self::ZSet(zset) => zset.score(name),
            Self::Set(set) => set.contains(Member::of(name)).then_some(1.0),
            Self::Missing => None,
        }
    }

    /// Starts loading members that are about to be asked for.
    fn fetch(self, members: &[(&[u8], f64)]) {
        match self {
            Self::ZSet(zset) => zset.fetch(members.iter().map(|(name, _)| *name)),
            Self::Set(set) => {
                let members = members.iter().map(|(name, _)| Member::of(name));
                set.fetch(&members.collect::<SmallVec<[Member; WINDOW]>>());
            }
            Self::Missing => {}
        }
    }

    /// Visits all members. `ahead` is shown those of a sorted set before, some at a time.
    fn try_each<B>(
        self,
        ahead: impl Fn(&[(&[u8], f64)]),
        mut visit: impl FnMut(&[u8], f64) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        match self {
            Self::ZSet(zset) => {
                let mut members = zset.iter();
                loop {
                    let window: SmallVec<[(&[u8], f64); WINDOW]> = members.by_ref().take(WINDOW).collect();
                    if window.is_empty() {
                        return ControlFlow::Continue(());
                    }
                    ahead(&window);
                    window.into_iter().try_for_each(|(name, score)| visit(name, score))?;
                }
            }
            Self::Set(set) => set.iter().try_for_each(|member| visit(member.text(&mut [0; 20]), 1.0)),
            Self::Missing => ControlFlow::Continue(()),
        }
    }
}

/// Visits the members that all sources have, with their scores.
fn intersect_with<B>(
    sources: &mut [Weighted],
    aggregate: Aggregate,
    mut visit: impl FnMut(&[u8], f64) -> ControlFlow<B>,
) -> ControlFlow<B> {
    sources.sort_unstable_by_key(|(source, _)| source.len());
    let Some(((first, weight), others)) = sources.split_first() else { return ControlFlow::Continue(()) };
    let ahead = |names: &[(&[u8], f64)]| others.iter().for_each(|(other, _)| other.fetch(names));
    first.try_each(ahead, |name, score| {
        let mut result = number(score * weight);
        for (other, weight) in others {
            let Some(score) = other.score(name) else { return ControlFlow::Continue(()) };
            result = aggregate.apply(result, score * weight);
        }
        visit(name, result)
    })
}

/// The members that all sources have.
///
/// # Errors
/// If memory is short.
pub fn intersect(sources: &mut [Weighted], aggregate: Aggregate, seed: &HashSeed) -> Result<OwnedZSet, NoMemory> {
    let mut result = OwnedZSet::new()?;
    let outcome = intersect_with(sources, aggregate, |name, score| step(result.add(name, score, seed)));
    finish(outcome, result)
}

/// How many members all sources have, counted up to `limit`.
pub fn intersection_len(sources: &mut [Weighted], limit: usize) -> usize {
    let mut count = 0;
    let _ = intersect_with(sources, Aggregate::Sum, |_, _| {
        count += 1;
        if count == limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    count
}

/// The members that any source has.
///
/// # Errors
/// If memory is short.
pub fn unite(sources: &mut [Weighted], aggregate: Aggregate, seed: &HashSeed) -> Result<OwnedZSet, NoMemory> {
    sources.sort_unstable_by_key(|(source, _)| source.len());
    let (mut result, rules) = (OwnedZSet::new()?, Rules::for_building(seed));
    let outcome = sources.iter().try_for_each(|(source, weight)| {
        source.try_each(
            |_| (),
            |name, score| {
                let score = number(score * weight);
                step(result.update(name, &rules, |old| Some(old.map_or(score, |old| aggregate.apply(old, score)))))
            },
        )
    });
    finish(outcome, result)
}

/// The members of the first source that no other has.
///
/// # Errors
/// If memory is short.
pub fn subtract(sources: &[Weighted], seed: &HashSeed) -> Result<OwnedZSet, NoMemory> {
    let mut result = OwnedZSet::new()?;
    let Some(((first, _), others)) = sources.split_first() else { return Ok(result) };
    let others: SmallVec<[Source; 8]> = gather(others.iter().map(|(source, _)| *source))?;
    let ahead = |names: &[(&[u8], f64)]| others.iter().for_each(|other| other.fetch(names));
    let outcome = first.try_each(ahead, |name, score| {
        if others.iter().any(|other| other.score(name).is_some()) {
            return ControlFlow::Continue(());
        }
        step(result.add(name, score, seed))
    });
    finish(outcome, result)
}

fn step<T>(result: Result<T, NoMemory>) -> ControlFlow<NoMemory> {
    match result {
        Ok(_) => ControlFlow::Continue(()),
        Err(error) => ControlFlow::Break(error),
    }
}

fn finish(outcome: ControlFlow<NoMemory>, result: OwnedZSet) -> Result<OwnedZSet, NoMemory> {
    match outcome {
        ControlFlow::Continue(()) => Ok(result),
        ControlFlow::Break(error) => Err(error),
    }
}
