//! Gather: what `collect` makes of a few items, in an array on the stack, and beyond that in memory that may be refused.

use super::memory::NoMemory;
use smallvec::{Array, SmallVec};

/// Collects items; up to the size of the array nothing is asked for.
///
/// # Errors
/// If memory is short.
pub fn gather<A: Array>(items: impl IntoIterator<Item = A::Item>) -> Result<SmallVec<A>, NoMemory> {
    let items = items.into_iter();
    let mut all = SmallVec::new();
    all.try_reserve(items.size_hint().0).map_err(|_| NoMemory)?;
    for item in items {
        if all.len() == all.capacity() {
            all.try_reserve(1).map_err(|_| NoMemory)?;
        }
        all.push(item);
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_and_many_are_collected_in_order() {
        for len in [0, 1, 4, 5, 100] {
            let all: SmallVec<[usize; 4]> = gather((0..2 * len).filter(|n| n % 2 == 0)).expect("memory");
            assert!(all.iter().copied().eq((0..len).map(|n| 2 * n)));
            assert_eq!(all.spilled(), len > 4);
        }
    }
}
