//! Intersection, union and difference of any number of sets.
//!
//! All of them go through members one by one and give each to the caller, who writes a reply, counts or builds a set.
//! Numbers are met in ascending order nearly everywhere, so asking another set for them is a merge: see
//! [`SetRef::probe`].

use super::read::Probe;
use super::{Member, OwnedSet, Rules, SetRef};
use crate::storage::NoMemory;
use smallvec::SmallVec;
use std::cmp::Reverse;
use std::ops::ControlFlow;

/// Visits the members that are in all sets: O(the smallest set × sets). Stops when `visit` says so.
pub fn intersect<'a>(sets: &mut [SetRef<'a>], mut visit: impl FnMut(Member<'a>) -> ControlFlow<()>) {
    // What is likely to miss a member is asked first.
    sets.sort_by_key(|set| set.len());
    let Some((smallest, others)) = sets.split_first() else { return };
    let mut probes: SmallVec<[Probe; 4]> = others.iter().map(|set| set.probe(*smallest)).collect();
    for member in smallest.iter() {
        if probes.iter_mut().all(|probe| probe.contains(member)) && visit(member).is_break() {
            return;
        }
    }
}

/// All members of all sets.
///
/// # Errors
/// If memory is short.
pub fn unite(sets: &[SetRef], rules: &Rules) -> Result<OwnedSet, NoMemory> {
    let mut union = OwnedSet::new();
    for member in sets.iter().flat_map(|set| set.iter()) {
        union.add(member, rules)?;
    }
    Ok(union)
}

/// Visits the members of `first` that are in none of the others.
///
/// Redis's choice of two ways: asking all others for each member of the first, which is O(the first × sets), or
/// removing all of theirs from a copy of the first, which is O(all members). The first way gets a bonus of two, because
/// it stops at the first set that has the member.
///
/// # Errors
/// If memory is short, or what `visit` returns.
pub fn subtract<E: From<NoMemory>>(
    first: SetRef,
    others: &mut [SetRef],
    rules: &Rules,
    mut visit: impl FnMut(Member) -> Result<(), E>,
) -> Result<(), E> {
    let asking = first.len().saturating_mul(others.len() + 1) / 2;
    let removing = others.iter().map(|set| set.len()).sum::<usize>() + first.len();
    if asking <= removing {
        others.sort_by_key(|set| Reverse(set.len()));
        let mut probes: SmallVec<[Probe; 4]> = others.iter().map(|set| set.probe(first)).collect();
        return first
            .iter()
            .filter(|member| !probes.iter_mut().any(|probe| probe.contains(*member)))
            .try_for_each(visit);
    }
    let mut rest = unite(&[first], rules)?;
    for member in others.iter().flat_map(|set| set.iter()) {
        if rest.remove(member)? && rest.is_empty() {
            return Ok(());
        }
    }
    rest.view().iter().try_for_each(&mut visit)
}
