//! Raw blocks: the three allocator calls that the storage files use, and what a block really costs.
//!
//! What: blocks of caller-chosen size, aligned to [`BLOCK_ALIGN`], whose allocation can fail without aborting.
//!
//! Why requests are rounded to 8 bytes and no further: the allocator knows its own classes. A block whose new
//! size is in the same class stays where it is in `realloc` under mimalloc, glibc and jemalloc alike, and no
//! byte is asked for that one of them would have to round up again.
//!
//! Invariant: a block is freed and resized with the same request it was allocated with, so the owners must be
//! able to recompute it from what they store.

#[cfg(feature = "mimalloc")]
use super::data_heap;
use std::alloc::{Layout, alloc, alloc_zeroed, dealloc, realloc};
use std::collections::VecDeque;
use std::fmt;
use std::mem::ManuallyDrop;
use std::ptr::NonNull;

/// Alignment of every block; the three zero bits are used by the slot word.
pub const BLOCK_ALIGN: usize = 8;
/// Smallest request; below it every allocator rounds up.
const REQUEST_MIN: usize = 16;
/// Page size of the operating system, for the cost of huge blocks.
const PAGE: usize = 4096;

/// An allocation was refused. The structure that asked for it is unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoMemory;

impl fmt::Display for NoMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("out of memory")
    }
}

impl std::error::Error for NoMemory {}

impl From<NoMemory> for std::io::Error {
    fn from(_: NoMemory) -> Self {
        std::io::ErrorKind::OutOfMemory.into()
    }
}

impl From<std::collections::TryReserveError> for NoMemory {
    fn from(_: std::collections::TryReserveError) -> Self {
        NoMemory
    }
}

/// The number of bytes to request for a payload.
#[inline]
pub const fn request(payload: usize) -> usize {
    let rounded = payload.saturating_add(BLOCK_ALIGN - 1) & !(BLOCK_ALIGN - 1);
    if rounded < REQUEST_MIN { REQUEST_MIN } else { rounded }
}

/// What a block of `request` bytes takes in the allocator: mimalloc's classes (steps of 8 bytes up to 64, of 16 up to 128,
/// then four per doubling, whole pages from 64 KiB); glibc's and jemalloc's differ by a few percent.
#[inline]
pub const fn size_class(request: usize) -> usize {
    if request <= 64 && cfg!(feature = "mimalloc") {
        return request;
    }
    if request <= 128 {
        return (request + 15) & !15;
    }
    if request > 64 * 1024 {
        return request.saturating_add(PAGE - 1) & !(PAGE - 1);
    }
    let step = 1 << ((request - 1).ilog2() - 2);
    (request + step - 1) & !(step - 1)
}

fn layout(request: usize) -> Result<Layout, NoMemory> {
    Layout::from_size_align(request, BLOCK_ALIGN).map_err(|_| NoMemory)
}

/// Allocates a block; its bytes are uninitialised.
pub fn allocate(request: usize) -> Result<NonNull<u8>, NoMemory> {
    let layout = layout(request)?;
    assert!(layout.size() > 0);
    #[cfg(feature = "mimalloc")]
    if let Some(block) = data_heap::allocate(layout.size()) {
        return Ok(block);
    }
    // SAFETY: the layout is not empty, as just asserted.
    NonNull::new(unsafe { alloc(layout) }).ok_or(NoMemory)
}

/// Changes the size of a block, keeping the first bytes. On failure the block is as it was.
///
/// # Safety
/// `block` came from this module with the request `old` and is owned by the caller.
pub unsafe fn reallocate(block: NonNull<u8>, old: usize, new: usize) -> Result<NonNull<u8>, NoMemory> {
    let new = layout(new)?.size();
    #[cfg(feature = "mimalloc")]
    // SAFETY: by the contract of this function.
    if let Some(moved) = unsafe { data_heap::reallocate(block, new) } {
        return Ok(moved);
    }
    // SAFETY: the caller owns `block`, allocated as `old`, and requests are never 0 nor above isize::MAX.
    let moved = unsafe { realloc(block.as_ptr(), Layout::from_size_align_unchecked(old, BLOCK_ALIGN), new) };
    NonNull::new(moved).ok_or(NoMemory)
}

/// A value in a box of its own, unless there is no memory for it.
pub fn try_box<T>(value: T) -> Result<Box<T>, NoMemory> {
    // SAFETY: the layout is that of T.
    try_box_by(value, |layout| NonNull::new(unsafe { alloc(layout) }))
}

/// As [`try_box`], among the entries and their huge pages.
pub fn try_box_beside_entries<T>(value: T) -> Result<Box<T>, NoMemory> {
    try_box_by(value, |layout| {
        #[cfg(feature = "mimalloc")]
        if let Some(block) = data_heap::allocate_aligned(layout.size(), layout.align()) {
            return Some(block);
        }
        // SAFETY: the layout is that of T.
        NonNull::new(unsafe { alloc(layout) })
    })
}

#[inline(always)]
fn try_box_by<T>(value: T, allocate: impl FnOnce(Layout) -> Option<NonNull<u8>>) -> Result<Box<T>, NoMemory> {
    let layout = Layout::new::<T>();
    if layout.size() == 0 {
        return Ok(Box::new(value));
    }
    let block = allocate(layout).ok_or(NoMemory)?.cast::<T>();
    // SAFETY: the block is new and has the size and alignment of T, which is how a box frees it.
    unsafe {
        block.write(value);
        Ok(Box::from_raw(block.as_ptr()))
    }
}

/// So many zeros, unless there is no memory for them. Pages of large blocks are touched only when used.
pub fn try_zeroed(bytes: usize) -> Result<Box<[u8]>, NoMemory> {
    let layout = Layout::array::<u8>(bytes).map_err(|_| NoMemory)?;
    if layout.size() == 0 {
        return Ok(Box::default());
    }
    // SAFETY: the layout is not empty.
    let block = NonNull::new(unsafe { alloc_zeroed(layout) }).ok_or(NoMemory)?;
    // SAFETY: the block is new and has the size and alignment of so many bytes, all of them initialised.
    Ok(unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(block.as_ptr(), bytes)) })
}

/// A copy of some bytes, unless there is no memory for it.
pub fn try_copy(bytes: &[u8]) -> Result<Vec<u8>, NoMemory> {
    let mut copy = Vec::new();
    copy.try_reserve_exact(bytes.len())?;
    copy.extend_from_slice(bytes);
    Ok(copy)
}

/// Gives back the room of a vector beyond `capacity` items, unless the allocator refuses the smaller block: `shrink_to` ends
/// the process then.
pub fn shrink<T>(items: &mut Vec<T>, capacity: usize) {
    let capacity = capacity.max(items.len());
    if capacity >= items.capacity() || size_of::<T>() == 0 {
        return;
    }
    if capacity == 0 {
        *items = Vec::new();
        return;
    }
    let mut taken = ManuallyDrop::new(std::mem::take(items));
    let (block, len, old) = (taken.as_mut_ptr(), taken.len(), taken.capacity());
    // SAFETY: a vector that is not dropped is taken apart and put together again. Its block came from the global allocator with
    // the layout of `old` items, which is not empty, and neither is the new one, which is smaller. If it is refused, the
    // block is as it was.
    *items = unsafe {
        let layout = Layout::from_size_align_unchecked(old * size_of::<T>(), align_of::<T>());
        match NonNull::new(realloc(block.cast(), layout, capacity * size_of::<T>())) {
            Some(moved) => Vec::from_raw_parts(moved.as_ptr().cast(), len, capacity),
            None => Vec::from_raw_parts(block, len, old),
        }
    };
}

/// [`shrink`] of a ring.
pub fn shrink_ring<T>(ring: &mut VecDeque<T>, capacity: usize) {
    let mut smaller = VecDeque::new();
    if capacity < ring.capacity() && smaller.try_reserve_exact(capacity.max(ring.len())).is_ok() {
        smaller.append(ring);
        *ring = smaller;
    }
}

/// Frees a block.
///
/// # Safety
/// `block` came from this module with the request `request`, is owned by the caller and not used afterwards.
pub unsafe fn release(block: NonNull<u8>, request: usize) {
    // SAFETY: by the contract of this function; the layout was valid when the block was allocated.
    unsafe { dealloc(block.as_ptr(), Layout::from_size_align_unchecked(request, BLOCK_ALIGN)) }
}

/// Asks the CPU to load the cache line at `address` so that it can be written: other cores give it up. A hint that is
/// harmless for any address.
#[inline(always)]
pub fn prefetch_to_write(address: *const u8) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: PREFETCHW does nothing on processors that lack it, and faults on no address.
    unsafe {
        std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_ET0 }>(address.cast());
    }
    #[cfg(target_arch = "aarch64")]
    // SAFETY: PRFM changes no register and no memory and faults on no address.
    unsafe {
        std::arch::asm!("prfm pstl1keep, [{0}]", in(reg) address, options(nostack, preserves_flags, readonly));
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let _ = address;
}

/// Asks the CPU to load the cache line at `address`; a hint that is harmless for any address.
#[inline(always)]
pub fn prefetch(address: *const u8) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: PREFETCHT0 is part of SSE, which x86_64 always has, and faults on no address.
    unsafe {
        std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(address.cast());
    }
    #[cfg(target_arch = "aarch64")]
    // SAFETY: PRFM changes no register and no memory and faults on no address.
    unsafe {
        std::arch::asm!("prfm pldl1keep, [{0}]", in(reg) address, options(nostack, preserves_flags, readonly));
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let _ = address;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_cover_their_requests_and_waste_at_most_a_quarter() {
        let mut previous = 0;
        for size in 1..300_000 {
            let class = size_class(request(size));
            assert!(class >= size && class >= previous);
            if size > 64 {
                assert!(class - size <= size / 4 + 16, "{size} -> {class}");
            }
            previous = class;
        }
        let small = if cfg!(feature = "mimalloc") { [56, 40] } else { [64, 48] };
        assert_eq!([56, 40].map(size_class), small);
        assert_eq!([88, 129, 1025].map(size_class), [96, 160, 1280]);
    }

    #[test]
    fn vectors_shrink_and_keep_their_items() {
        for (len, capacity) in [(0, 0), (0, 5), (3, 0), (3, 3), (3, 10), (100, 100), (100, 200)] {
            let mut items = Vec::with_capacity(100);
            items.extend((0..len).map(Box::new));
            shrink(&mut items, capacity);
            assert!(items.iter().map(|item| **item).eq(0..len));
            assert_eq!(items.capacity(), capacity.max(len).min(100));
        }
    }

    #[test]
    fn zeros_are_zero() {
        for len in [0, 1, 100, 600_000] {
            assert_eq!(*try_zeroed(len).expect("memory"), *vec![0; len]);
        }
        assert_eq!(try_zeroed(usize::MAX), Err(NoMemory));
    }

    #[test]
    fn impossible_requests_are_refused() {
        assert_eq!(allocate(request(usize::MAX)).err(), Some(NoMemory));
        assert_eq!(allocate(request(isize::MAX as usize)).err(), Some(NoMemory));
    }
}
