//! What tests/c/faults.c arms: panics at the places of `crate::hooks`, and an allocator that refuses on demand.
//!
//! Only with the feature `hooks`. The names begin with `rs_internal_`, which no release exports.

use super::cast;
use crate::hooks;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
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

/// Refuses the `nth` request of at least `bytes_min` bytes that the calling thread makes from now on, counted from 1, and if
/// `for_good` all that follow it; none, if `nth` is 0. Other threads are granted everything.
#[unsafe(no_mangle)]
pub extern "C" fn rs_internal_hook_refuse_nth(bytes_min: usize, nth: u64, for_good: bool) {
    HERE.set(Here { bytes_min, nth, for_good, seen: 0 });
}

/// How many requests the calling thread has made since, of the size that counts.
#[unsafe(no_mangle)]
pub extern "C" fn rs_internal_hook_seen() -> u64 {
    HERE.get().seen
}

/// What one thread is refused.
#[derive(Clone, Copy)]
struct Here {
    bytes_min: usize,
    nth: u64,
    for_good: bool,
    seen: u64,
}

thread_local! {
    // Without a destructor and initialised by the compiler, so that asking for it allocates nothing.
    static HERE: Cell<Here> = const { Cell::new(Here { bytes_min: usize::MAX, nth: 0, for_good: false, seen: 0 }) };
}

fn is_refused_here(bytes: usize) -> bool {
    let mut here = HERE.get();
    if bytes < here.bytes_min {
        return false;
    }
    here.seen += 1;
    HERE.set(here);
    here.nth != 0 && (here.seen == here.nth || here.for_good && here.seen > here.nth)
}

/// As the number of requests that pass: every one is refused.
const ALL: i64 = i64::MIN;

static BYTES_MIN: AtomicUsize = AtomicUsize::new(usize::MAX);
static PASSES: AtomicI64 = AtomicI64::new(0);
static REFUSED: AtomicUsize = AtomicUsize::new(0);

/// The system's allocator, which can be told to refuse a request.
pub struct Refusing;

/// Whether a request is refused; `malloc` of the host's structures asks, too.
pub fn is_refused(bytes: usize) -> bool {
    if is_refused_here(bytes) {
        REFUSED.fetch_add(1, Ordering::SeqCst);
        return true;
    }
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
