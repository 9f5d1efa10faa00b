//! A `Box` whose contents live in the heap of entries, and whose allocation may fail.

#[cfg(feature = "mimalloc")]
use super::data_heap;
use super::memory::NoMemory;
use std::alloc::{Layout, alloc, dealloc};
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

/// An owned `T` among the entries.
pub struct DataBox<T>(NonNull<T>);

// SAFETY: it owns its T, as a Box does.
unsafe impl<T: Send> Send for DataBox<T> {}
// SAFETY: it gives access to its T only as a Box does.
unsafe impl<T: Sync> Sync for DataBox<T> {}

impl<T> DataBox<T> {
    /// Moves `value` to the heap.
    ///
    /// # Errors
    /// If there is no memory.
    pub fn new(value: T) -> Result<Self, NoMemory> {
        const { assert!(size_of::<T>() > 0) };
        let block = allocate(Layout::new::<T>()).ok_or(NoMemory)?.cast::<T>();
        // SAFETY: the block is fresh and has the size and alignment of T.
        unsafe { block.write(value) };
        Ok(Self(block))
    }
}

fn allocate(layout: Layout) -> Option<NonNull<u8>> {
    #[cfg(feature = "mimalloc")]
    if let Some(block) = data_heap::allocate_aligned(layout.size(), layout.align()) {
        return Some(block);
    }
    // SAFETY: `new` asserts that the size is not 0.
    NonNull::new(unsafe { alloc(layout) })
}

impl<T> Deref for DataBox<T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: the pointer is to a T that this box owns.
        unsafe { self.0.as_ref() }
    }
}

impl<T> DerefMut for DataBox<T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as for `deref`, and the box is borrowed mutably.
        unsafe { self.0.as_mut() }
    }
}

impl<T> Drop for DataBox<T> {
    fn drop(&mut self) {
        // SAFETY: the T is owned and dropped once; its block came from one of mimalloc's heaps or from the global
        // allocator with this layout, and with mimalloc the global allocator frees blocks of every heap.
        unsafe {
            self.0.drop_in_place();
            dealloc(self.0.as_ptr().cast(), Layout::new::<T>());
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for DataBox<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
