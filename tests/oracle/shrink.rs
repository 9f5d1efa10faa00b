//! Delta debugging: makes a failing log small, by trying to do without parts of it.
//!
//! Zeller and Hildebrandt's ddmin, complements only: remove chunks, halving the chunk when none can go. Bounded by a
//! deadline, so the result may not be minimal, but it always fails.

use std::time::Instant;

/// The smallest sub-log found for which `fails` still holds; `items` itself must fail.
pub fn shrink<T: Clone>(items: &[T], deadline: Instant, mut fails: impl FnMut(&[T]) -> bool) -> Vec<T> {
    let mut best = items.to_vec();
    let mut chunk = best.len().div_ceil(2).max(1);
    loop {
        let mut removed_any = false;
        let mut start = 0;
        while start < best.len() {
            if Instant::now() >= deadline {
                return best;
            }
            let end = (start + chunk).min(best.len());
            let candidate = [&best[..start], &best[end..]].concat();
            if !candidate.is_empty() && fails(&candidate) {
                best = candidate;
                removed_any = true;
            } else {
                start = end;
            }
        }
        if chunk > 1 {
            chunk = chunk.div_ceil(2);
        } else if !removed_any {
            return best;
        }
    }
}
