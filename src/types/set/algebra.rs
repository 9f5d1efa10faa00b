//! Intersection, union and difference of any number of sets.
//!
//! All of them go through members one by one and give each to the caller, who writes a reply, counts or builds a set.
//! Numbers are met in ascending order nearly everywhere, so asking another set for them is a merge: see
//! [`SetRef::probe`].

use super::read::Probe;
use super::{Member, OwnedSet, Rules, SetRef};
use crate::storage::{NoMemory, gather};
use crate::types::WINDOW;
use smallvec::SmallVec;
use std::cmp::Reverse;
use std::ops::ControlFlow;

/// Visits the members that are in all sets: O(the smallest set × sets). Stops when `visit` says so.
///
/// # Errors
/// If memory is short; then nobody was visited.
pub fn intersect<'a>(
    sets: &mut [SetRef<'a>],
    mut visit: impl FnMut(Member<'a>) -> ControlFlow<()>,
) -> Result<(), NoMemory> {
    // What is likely to miss a member is asked first.
    sets.sort_unstable_by_key(|set| set.len());
    let Some((smallest, others)) = sets.split_first() else { return Ok(()) };
    let mut probes: SmallVec<[Probe; 4]> = gather(others.iter().map(|set| set.probe(*smallest)))?;
    for mut window in windows(*smallest) {
        for probe in &mut probes {
            probe.fetch(&window);
            window.retain(|member| probe.contains(*member));
        }
        if window.into_iter().any(|member| visit(member).is_break()) {
            break;
        }
    }
    Ok(())
}

/// Members that are looked up together.
type Window<'a> = SmallVec<[Member<'a>; WINDOW]>;

/// All members, some at a time.
fn windows<'a>(set: SetRef<'a>) -> impl Iterator<Item = Window<'a>> {
    let mut members = set.iter();
    std::iter::from_fn(move || {
        let window: Window<'a> = members.by_ref().take(WINDOW).collect();
        (!window.is_empty()).then_some(window)
    })
}

/// All members of all sets.
///
/// # Errors
/// If memory is short.
pub fn unite(sets: &[SetRef], rules: &Rules) -> Result<OwnedSet, NoMemory> {
    let mut union = OwnedSet::new()?;
    for window in sets.iter().flat_map(|set| windows(*set)) {
        union.fetch(&window);
        for member in window {
            union.add(member, rules)?;
        }
    }
    Ok(union)
}

/// The members of `first` that are in none of the others, in the cheaper of two ways.
///
/// # Errors
/// If memory is short.
pub fn subtract<'a>(first: SetRef<'a>, others: &mut [SetRef<'a>], rules: &Rules) -> Result<OwnedSet, NoMemory> {
    if !is_asking_cheaper(first, others) {
        return subtract_by_removing(first, others, rules);
    }
    let mut difference = OwnedSet::new()?;
    subtract_by_asking(first, others, |member| difference.add(member, rules).map(|_| ()))?;
    Ok(difference)
}

/// Which way of subtracting Redis chooses: O(the first × sets) against O(all members). The first gets a bonus of two,
/// because it stops at the first set that has the member.
pub fn is_asking_cheaper(first: SetRef, others: &[SetRef]) -> bool {
    let asking = first.len().saturating_mul(others.len() + 1) / 2;
    let removing = others.iter().map(|set| set.len()).sum::<usize>() + first.len();
    asking <= removing
}

/// Visits each member of the first that no other set has.
///
/// # Errors
/// What `visit` returns; and if memory is short.
pub fn subtract_by_asking<'a, E: From<NoMemory>>(
    first: SetRef<'a>,
    others: &mut [SetRef<'a>],
    mut visit: impl FnMut(Member<'a>) -> Result<(), E>,
) -> Result<(), E> {
    // What is likely to have a member is asked first.
    others.sort_unstable_by_key(|set| Reverse(set.len()));
    let mut probes: SmallVec<[Probe; 4]> = gather(others.iter().map(|set| set.probe(first)))?;
    for mut window in windows(first) {
        for probe in &mut probes {
            probe.fetch(&window);
            window.retain(|member| !probe.contains(*member));
        }
        window.into_iter().try_for_each(&mut visit)?;
    }
    Ok(())
}

/// Removes the members of all others from a copy of the first.
///
/// # Errors
/// If memory is short.
pub fn subtract_by_removing(first: SetRef, others: &[SetRef], rules: &Rules) -> Result<OwnedSet, NoMemory> {
    let mut rest = unite(&[first], rules)?;
    for window in others.iter().flat_map(|set| windows(*set)) {
        rest.fetch(&window);
        for member in window {
            if rest.remove(member)? && rest.is_empty() {
                return Ok(rest);
            }
        }
    }
    Ok(rest)
}
