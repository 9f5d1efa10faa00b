//! What tests/c/faults.c arms: panics at the places of `crate::hooks`, and an allocator that refuses on demand.
//!
//! Only with the feature `hooks`. The names begin with `rs_internal_`, which no release exports.

use super::cast;
use crate::hooks;
use std::alloc::{GlobalAlloc, Layout, System};
use std::ffi::c_char;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

/// Has the thread panic that reaches `place` after `passes` others; NULL: nobody.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_internal_hook_panic(place: *const c_char, passes: usize) {
    // SAFETY: the test gives a terminated string or NULL.
    let place = unsafe { cast::text(place) }.ok().map(|place| String::from_utf8_lossy(place).into_owned());
    hooks::arm(place, passes);
}

/// How many panics there were.
#[unsafe(no_mangle)]
pub extern "C" fn rs_internal_hook_panics() -> usize {
    hooks::went_off()
}

/// Refuses one request of at least `bytes_min` bytes, after `passes` others were granted, in any thread; all of them, if
/// `passes` is negative; none, if `bytes_min` is 0.
#[unsafe(no_mangle)]
pub extern "C" fn rs_internal_hook_refuse(bytes_min: usize, passes: i64) {
    BYTES_MIN.store(usize::MAX, Ordering::SeqCst);
    PASSES.store(if passes < 0 { ALL } else { passes }, Ordering::SeqCst);
    BYTES_MIN.store(if bytes_min == 0 { usize::MAX } else { bytes_min }, Ordering::SeqCst);
}

/// How many requests were refused.
#[unsafe(no_mangle)]
pub extern "C" fn rs_internal_hook_refused() -> usize {
    REFUSED.load(Ordering::SeqCst)
}

/// As the number of requests that pass: every one is refused.
const ALL: i64 = i64::MIN;

static BYTES_MIN: AtomicUsize = AtomicUsize::new(usize::MAX);
static PASSES: AtomicI64 = AtomicI64::new(0);
static REFUSED: AtomicUsize = AtomicUsize::new(0);

/// The system's allocator, which can be told to refuse a request.
pub struct Refusing;

fn is_refused(bytes: usize) -> bool {
    if bytes < BYTES_MIN.load(Ordering::Relaxed) {
        return false;
    }
    if PASSES.load(Ordering::SeqCst) != ALL && PASSES.fetch_sub(1, Ordering::SeqCst) != 0 {
        return false;
    }
    REFUSED.fetch_add(1, Ordering::SeqCst);
    true
}

// SAFETY: everything is the system's allocator's, except that a request may be refused, which is always allowed.
unsafe impl GlobalAlloc for Refusing {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise.
        if is_refused(layout.size()) { null_mut() } else { unsafe { System.alloc(layout) } }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise.
        if is_refused(layout.size()) { null_mut() } else { unsafe { System.alloc_zeroed(layout) } }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        // To make a block smaller is never refused, as no allocator does.
        if bytes > layout.size() && is_refused(bytes) {
            return null_mut();
        }
        // SAFETY: the caller's promise.
        unsafe { System.realloc(block, layout, bytes) }
    }
}
