//! Pace: how a thread that frees a large structure gives way to others meanwhile.
//!
//! Freeing on a thread of its own still takes a processor from whoever answers requests, if none is to spare, and the kernel
//! lets a thread run for milliseconds before others have their turn. So structures call [`step`] as they are dropped,
//! after every part that takes some ten microseconds; what is done there is up to the thread.

use std::cell::Cell;

thread_local! {
    // Without a destructor, so that it does not pin a library that was opened with dlopen.
    static AT_STEP: Cell<Option<fn()>> = const { Cell::new(None) };
}

/// Frees something on this thread, with `at_step` called in between.
pub fn with(at_step: fn(), free: impl FnOnce()) {
    let outer = AT_STEP.replace(Some(at_step));
    free();
    AT_STEP.set(outer);
}

/// A part of a structure is being dropped.
#[inline]
pub fn step() {
    if let Some(at_step) = AT_STEP.get() {
        at_step();
    }
}

/// Calls [`step`] when it is dropped: for structures that are taken apart, as those that implement `Drop` themselves cannot be.
#[derive(Debug, Default)]
pub struct Step;

impl Drop for Step {
    #[inline]
    fn drop(&mut self) {
        step();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::{Dict, HashSeed, NewValue, Nothing};

    thread_local! {
        static STEPS: Cell<usize> = const { Cell::new(0) };
    }

    fn count() {
        STEPS.set(STEPS.get() + 1);
    }

    #[test]
    fn dropped_structures_step_where_it_is_asked_for() {
        let seed = HashSeed::new(1).expect("memory");
        let dict = || {
            let mut dict = Dict::<Nothing>::new(0);
            for n in 0..10_000_u32 {
                let key = n.to_ne_bytes();
                dict.insert_used(seed.hash(&key), &key, NewValue::Int(1), 0).expect("memory");
            }
            dict
        };
        drop(dict());
        assert_eq!(STEPS.get(), 0);
        let dropped = dict();
        with(count, || drop(dropped));
        // Segments of at most 448 slots.
        let steps = STEPS.get();
        assert!((23..=100).contains(&steps), "{steps}");
        drop(dict());
        assert_eq!(STEPS.get(), steps);
    }
}
