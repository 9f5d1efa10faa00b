//! Huge pages for the data.
//!
//! A random key is a random address, so a store larger than the TLB's reach pays for a page walk with every bucket and
//! every entry, and under virtualisation a walk costs as much as a cache miss. Linux gives huge pages only to memory
//! that asks for them (`transparent_hugepage` is `madvise` nearly everywhere) and mimalloc does not ask. So the
//! first engine of a process hands mimalloc a region that does: address space, taken as it is touched.
//!
//! Small processes stay small: mimalloc begins with an arena of its own (32 MiB, see `.cargo/config.toml`) in
//! ordinary pages and comes to this region when that is full.

use libmimalloc_sys as mi;
use std::sync::Once;

/// What mimalloc wants of a region it is to manage; a multiple of a huge page.
const ALIGN: usize = 32 << 20;

static PROVIDED: Once = Once::new();

/// Hands the region to the allocator, once per process: the allocator is one per process, too. Without it (no address
/// space left, a strict overcommit policy) everything works, a little slower.
pub fn provide() {
    PROVIDED.call_once(|| {
        // SAFETY: sysconf has no precondition.
        let (pages, page_bytes) = unsafe { (libc::sysconf(libc::_SC_PHYS_PAGES), libc::sysconf(libc::_SC_PAGESIZE)) };
        let (Ok(pages), Ok(page_bytes)) = (usize::try_from(pages), usize::try_from(page_bytes)) else { return };
        let bytes = pages.saturating_mul(page_bytes) & !(ALIGN - 1);
        if bytes > 0 {
            reserve(bytes);
        }
    });
}

fn reserve(bytes: usize) {
    // SAFETY: a fresh anonymous mapping at an address of the kernel's choice aliases nothing. It is never unmapped, as
    // mimalloc requires of memory it manages; it is readable, writable and zero, as the arguments say. Its start is
    // aligned inside the mapping, which is that much larger.
    unsafe {
        let region = libc::mmap(
            std::ptr::null_mut(),
            bytes + ALIGN,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
            -1,
            0,
        );
        if region == libc::MAP_FAILED {
            return;
        }
        let start = region.byte_add(region.align_offset(ALIGN));
        // Without huge pages in the kernel this fails, and the region is as good as any other.
        let _ = libc::madvise(start, bytes, libc::MADV_HUGEPAGE);
        let (is_committed, is_large, is_zero, any_node, is_exclusive) = (true, false, true, -1, false);
        let _ = mi::mi_manage_os_memory_ex(
            start,
            bytes,
            is_committed,
            is_large,
            is_zero,
            any_node,
            is_exclusive,
            std::ptr::null_mut(),
        );
    }
}
