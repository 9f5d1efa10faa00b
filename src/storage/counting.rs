//! The allocator of the unit tests: it knows how much each thread has freed, so that a test can tell whether a command frees a
//! large value itself or leaves that to others.

use std::alloc::{GlobalAlloc, Layout};
use std::cell::Cell;

/// How much was freed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Freed {
    pub blocks: usize,
    pub bytes: usize,
}

thread_local! {
    static FREED: Cell<Freed> = const { Cell::new(Freed { blocks: 0, bytes: 0 }) };
}

/// What this thread frees while `work` runs.
pub fn freed_by(work: impl FnOnce()) -> Freed {
    let before = FREED.get();
    work();
    let after = FREED.get();
    Freed { blocks: after.blocks - before.blocks, bytes: after.bytes - before.bytes }
}

/// Another allocator, counted.
pub struct Counting<A>(pub A);

// SAFETY: every call goes to an allocator that fulfils the contract, with the arguments it came with. The count needs no
// memory and no destructor, so it can be used by every thread at any time.
unsafe impl<A: GlobalAlloc> GlobalAlloc for Counting<A> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: by the caller's promise.
        unsafe { self.0.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: by the caller's promise.
        unsafe { self.0.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let Freed { blocks, bytes } = FREED.get();
        FREED.set(Freed { blocks: blocks + 1, bytes: bytes + layout.size() });
        // SAFETY: by the caller's promise.
        unsafe { self.0.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: by the caller's promise.
        unsafe { self.0.realloc(block, layout, size) }
    }
}
