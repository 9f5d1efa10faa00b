//! mimalloc as the global allocator of the library's Rust code.
//!
//! The `mimalloc` crate asks for an alignment with every call, which sends small blocks to larger size classes (16 more
//! bytes for a 40-byte entry, measured). Nearly all blocks here want no more than the alignment that mimalloc
//! gives anyway, so those go through its plain functions.

use libmimalloc_sys as mi;
use std::alloc::{GlobalAlloc, Layout};

/// Alignment of every block of at least that size. `.cargo/config.toml` sets mimalloc's `MI_MAX_ALIGN_SIZE` to it, which
/// gives size classes in steps of 8 bytes; with the stock 16 it holds as well.
const NATURAL_ALIGN: usize = 8;

/// mimalloc without alignment arguments where none are needed.
pub struct Mimalloc;

fn is_natural(layout: Layout) -> bool {
    layout.align() <= NATURAL_ALIGN && layout.align() <= layout.size()
}

// SAFETY: mi_malloc and its relatives fulfil GlobalAlloc's contract: blocks are disjoint, valid until freed, at least as
// large as asked for, null on failure; they do not unwind. Alignment: mimalloc aligns a block of at least
// NATURAL_ALIGN bytes to that and smaller ones to their size rounded down to a power of two, which is_natural
// relies on; all others name their alignment. All functions of one allocator may be mixed, so a block may be freed or
// resized whichever way it was made.
unsafe impl GlobalAlloc for Mimalloc {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller passes a layout of non-zero size; see above for the alignment.
        unsafe {
            if is_natural(layout) {
                mi::mi_malloc(layout.size()).cast()
            } else {
                mi::mi_malloc_aligned(layout.size(), layout.align()).cast()
            }
        }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as for `alloc`.
        unsafe {
            if is_natural(layout) {
                mi::mi_zalloc(layout.size()).cast()
            } else {
                mi::mi_zalloc_aligned(layout.size(), layout.align()).cast()
            }
        }
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, _: Layout) {
        // SAFETY: the caller passes a block of this allocator that is not freed yet.
        unsafe { mi::mi_free(block.cast()) }
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as for `dealloc`; the caller keeps `size` non-zero, and the alignment is that of the old block.
        unsafe {
            if layout.align() <= NATURAL_ALIGN && layout.align() <= size {
                mi::mi_realloc(block.cast(), size).cast()
            } else {
                mi::mi_realloc_aligned(block.cast(), size, layout.align()).cast()
            }
        }
    }
}
