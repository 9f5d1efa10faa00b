//! The heap of entries: mimalloc blocks in memory of huge pages.
//!
//! A random key is a random address, so a store larger than the TLB's reach pays for a page walk with every entry, and under
//! virtualisation a walk costs as much as a cache miss. Linux gives huge pages only to memory that asks for them
//! (`transparent_hugepage` is `madvise` nearly everywhere). So they live in an arena of their own that asks, and nothing
//! else does: an engine without keys takes none.
//!
//! The heap is one per process, as the allocator is. It is address space until it is touched, and when it is used up,
//! or cannot be had, entries come from the ordinary heap.

use super::pages;
use libmimalloc_sys as mi;
use std::ptr::{NonNull, null_mut};
use std::sync::OnceLock;

/// What mimalloc wants of a region that it is to manage; a multiple of a huge page.
const ALIGN: usize = 32 << 20;
/// mimalloc refuses regions whose bookkeeping would be larger than its largest block.
const REGION_BYTES_MAX: usize = 8 << 30;

/// The beginning of the region keeps ordinary pages: mimalloc's bookkeeping, touched here and there, and the entries of
/// small stores, whose processes stay small.
const ORDINARY_BYTES: usize = 32 << 20;

const HUGE_PAGE: usize = 2 << 20;

struct Heap(NonNull<mi::mi_heap_t>);

// SAFETY: mimalloc 3 lets every thread allocate from every heap.
unsafe impl Send for Heap {}
// SAFETY: as for Send.
unsafe impl Sync for Heap {}

static HEAP: OnceLock<Option<Heap>> = OnceLock::new();

#[inline]
fn heap() -> Option<&'static Heap> {
    HEAP.get_or_init(open).as_ref()
}

/// Allocates a block aligned to 8 bytes; `None` if the heap has no room.
#[inline]
pub fn allocate(bytes: usize) -> Option<NonNull<u8>> {
    let heap = heap()?;
    // SAFETY: the heap lives for ever.
    NonNull::new(unsafe { mi::mi_heap_malloc(heap.0.as_ptr(), bytes) }.cast()).inspect(|&block| pages::note(block))
}

/// As [`allocate`], with an alignment, a power of two.
pub fn allocate_aligned(bytes: usize, align: usize) -> Option<NonNull<u8>> {
    let heap = heap()?;
    // SAFETY: the heap lives for ever.
    NonNull::new(unsafe { mi::mi_heap_malloc_aligned(heap.0.as_ptr(), bytes, align) }.cast())
        .inspect(|&block| pages::note(block))
}

/// Changes the size of a block of any mimalloc heap; `None` if this one has no room, and the block is as it was.
///
/// # Safety
/// `block` belongs to the caller and is not used after a success.
#[inline]
pub unsafe fn reallocate(block: NonNull<u8>, bytes: usize) -> Option<NonNull<u8>> {
    let heap = heap()?;
    // SAFETY: by the contract of this function; the heap lives for ever.
    NonNull::new(unsafe { mi::mi_heap_realloc(heap.0.as_ptr(), block.as_ptr().cast(), bytes) }.cast())
        .inspect(|&block| pages::note(block))
}

#[cold]
fn open() -> Option<Heap> {
    // SAFETY: sysconf has no precondition.
    let (pages, page_bytes) = unsafe { (libc::sysconf(libc::_SC_PHYS_PAGES), libc::sysconf(libc::_SC_PAGESIZE)) };
    let memory = usize::try_from(pages).ok()?.checked_mul(usize::try_from(page_bytes).ok()?)?;
    let bytes = memory.min(REGION_BYTES_MAX) & !(ALIGN - 1);
    if bytes <= ORDINARY_BYTES {
        return None;
    }
    // SAFETY: a fresh anonymous mapping at an address of the kernel's choice aliases nothing. It is never unmapped, as
    // mimalloc requires of memory it manages; it is readable, writable and zero, as the arguments say. Its start is
    // aligned inside the mapping, which is that much larger.
    unsafe {
        let region = libc::mmap(
            null_mut(),
            bytes + ALIGN,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
            -1,
            0,
        );
        if region == libc::MAP_FAILED {
            return None;
        }
        let start = region.byte_add(region.align_offset(ALIGN));
        // Without huge pages in the kernel this fails, and the region is as good as any other.
        #[cfg(target_os = "linux")]
        let _ = libc::madvise(start.byte_add(ORDINARY_BYTES), bytes - ORDINARY_BYTES, libc::MADV_HUGEPAGE);
        pages::watch(start.addr() + ORDINARY_BYTES - HUGE_PAGE, bytes - ORDINARY_BYTES + HUGE_PAGE);
        let (is_committed, is_large, is_zero, any_node, is_exclusive) = (true, false, true, -1, true);
        let mut arena: mi::mi_arena_id_t = null_mut();
        if !mi::mi_manage_os_memory_ex(
            start,
            bytes,
            is_committed,
            is_large,
            is_zero,
            any_node,
            is_exclusive,
            &raw mut arena,
        ) {
            return None;
        }
        NonNull::new(mi::mi_heap_new_in_arena(arena)).map(Heap)
    }
}
