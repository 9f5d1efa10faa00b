//! Faults on demand: panics at named places, for the tests that show what becomes of them (tests/c/faults.c).
//!
//! Without the feature `hooks`, which no build has but that of those tests, [`reach`] is nothing. What C tests call, and
//! the allocator that fails on demand, is in `ffi::hooks`.

/// Marks a place where a test may have this thread panic.
#[cfg(not(feature = "hooks"))]
#[inline(always)]
pub fn reach(_: &'static str) {}

/// Whether a test has this request of a structure that asks the platform's `malloc` refused.
#[cfg(not(feature = "hooks"))]
#[inline(always)]
pub fn is_refused(_: usize) -> bool {
    false
}

#[cfg(feature = "hooks")]
pub use crate::ffi::hooks::is_refused;
#[cfg(feature = "hooks")]
pub use armed::{arm, reach, went_off};

#[cfg(feature = "hooks")]
mod armed {
    // Not that of std, whose code no sanitizer sees.
    use parking_lot::Mutex;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    /// Whether a place is named at all: what every place asks.
    static IS_ARMED: AtomicBool = AtomicBool::new(false);
    static WENT_OFF: AtomicUsize = AtomicUsize::new(0);
    /// The place, and how often it is passed before.
    static CHARGE: Mutex<Option<(String, usize)>> = parking_lot::const_mutex(None);

    /// Has the thread panic that reaches `place` after `passes` others; `None`: nobody.
    pub fn arm(place: Option<String>, passes: usize) {
        let mut charge = CHARGE.lock();
        IS_ARMED.store(place.is_some(), Ordering::SeqCst);
        *charge = place.map(|place| (place, passes));
    }

    /// How many panics there were.
    pub fn went_off() -> usize {
        WENT_OFF.load(Ordering::SeqCst)
    }

    /// Marks a place where a test may have this thread panic.
    #[track_caller]
    pub fn reach(place: &'static str) {
        if !IS_ARMED.load(Ordering::SeqCst) {
            return;
        }
        let mut charge = CHARGE.lock();
        match &mut *charge {
            Some((named, passes)) if named == place => {
                if *passes > 0 {
                    *passes -= 1;
                    return;
                }
            }
            _ => return,
        }
        *charge = None;
        IS_ARMED.store(false, Ordering::SeqCst);
        drop(charge);
        WENT_OFF.fetch_add(1, Ordering::SeqCst);
        panic!("a test has asked for a panic: {place}");
    }
}
