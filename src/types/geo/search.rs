//! The members of a sorted set inside a shape.

use super::{Place, Shape, place_of_score};
use crate::storage::NoMemory;
use crate::types::zset::{Iter, ScoreRange, View};
use std::ops::Range;

/// A member inside a shape.
#[derive(Clone, Copy, Debug)]
pub struct Found<'a> {
    pub name: &'a [u8],
    pub score: f64,
    pub place: Place,
    /// From the centre.
    pub distance_m: f64,
    /// How many were found before.
    pub position: usize,
}

/// The members inside a shape, cell by cell in the order of their scores; no more than `limit` of them if there is one.
///
/// Cost: O(log n) for each of up to nine cells, and a few hundred nanoseconds of trigonometry for each member in them.
///
/// # Errors
/// If memory is short.
pub fn search<'a>(set: View<'a>, shape: &Shape, limit: Option<usize>) -> Result<Vec<Found<'a>>, NoMemory> {
    let mut all = Vec::new();
    for cell in shape.cover() {
        let (min, max) = cell.scores();
        let ranks = set.score_ranks(&ScoreRange { min, max, min_exclusive: false, max_exclusive: true });
        for (name, score) in members(set, ranks) {
            let place = place_of_score(score);
            let Some(distance_m) = shape.distance_inside_m(place) else { continue };
            all.try_reserve(1)?;
            all.push(Found { name, score, place, distance_m, position: all.len() });
            if limit == Some(all.len()) {
                return Ok(all);
            }
        }
    }
    Ok(all)
}

/// The members of these ranks.
fn members<'a>(set: View<'a>, ranks: Range<usize>) -> impl Iterator<Item = (&'a [u8], f64)> {
    let (members, skipped) = match set {
        View::Flat(_) => (set.iter(), ranks.start),
        View::Large(set) => (Iter::Large(set.forward(ranks.start)), 0),
    };
    members.skip(skipped).take(ranks.len())
}
