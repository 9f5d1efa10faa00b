//! Huge pages that are made ready before they are needed.
//!
//! Whoever first uses a huge page waits until the kernel has cleared 2 MB: 0.1 to 0.3 ms, and 5 ms in a virtual machine
//! whose host has to find the memory. So the first allocation in the last quarter of a page wakes a thread that has time,
//! and that has the kernel provide the next one. At 200,000 keys of 100 bytes a second that quarter lasts 25 ms.
//!
//! Best effort: without such a thread, without Linux 5.14, or where memory is used in another order, the first use waits as
//! it would have. A page is provided at most once; [`forget`] begins anew when a store is emptied.

use super::shared::Shared;
use parking_lot::Mutex;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicU64, AtomicUsize};

const PAGE_BYTES: usize = 2 << 20;
const QUARTERS: usize = 4;
#[cfg(any(feature = "mimalloc", test))]
const QUARTER_BYTES: usize = PAGE_BYTES / QUARTERS;
/// Pages that are watched at most: 8 GiB.
const PAGES: usize = 4096;

static REGION: Region = Region::new();

/// Somebody with a thread that can wait for the kernel.
pub trait Provider: Send + Sync {
    /// Has that thread call [`provide`] soon. Called while locks of the store are held: must not allocate in it.
    fn wake(&self);
}

/// From now on `provider` is woken. Lack of memory only means that it is not.
pub fn attend(provider: Shared<dyn Provider>) {
    REGION.attend(provider);
}

/// From now on `provider` is not woken any more.
pub fn leave(provider: &Shared<dyn Provider>) {
    REGION.leave(provider);
}

/// Begins to watch the region at an address, which lives for ever. Its first page is not provided.
#[cfg(feature = "mimalloc")]
pub fn watch(start: usize, bytes: usize) {
    REGION.watch(start, bytes);
}

/// Tells that a block has been allocated.
#[cfg(feature = "mimalloc")]
#[inline(always)]
pub fn note(block: std::ptr::NonNull<u8>) {
    REGION.note(block.addr().get());
}

/// Has the kernel provide all pages that are wanted.
pub fn provide() {
    REGION.provide(populate);
}

/// Takes all pages as new again.
pub fn forget() {
    REGION.used.clear();
    REGION.provided.clear();
}

/// Populates a page of the region without changing what is in it.
#[cfg(target_os = "linux")]
fn populate(page: usize) {
    let page = std::ptr::without_provenance_mut(page);
    // SAFETY: the page tables of a mapping are filled in, which no program can see but by the time it takes. In an older
    // kernel the call fails.
    unsafe { libc::madvise(page, PAGE_BYTES, libc::MADV_POPULATE_WRITE) };
}

#[cfg(not(target_os = "linux"))]
fn populate(_page: usize) {}

/// What is known of the pages of a region.
struct Region {
    /// Where page 0 begins; nowhere until there is a region.
    start: AtomicUsize,
    pages: AtomicUsize,
    /// Quarters of pages in which something was allocated.
    used: Flags<{ QUARTERS * PAGES / 64 }>,
    /// Pages that have been provided.
    provided: Flags<{ PAGES / 64 }>,
    providers: Mutex<Vec<Shared<dyn Provider>>>,
}

impl Region {
    const fn new() -> Self {
        let (start, pages) = (AtomicUsize::new(usize::MAX), AtomicUsize::new(0));
        Self { start, pages, used: Flags::new(), provided: Flags::new(), providers: Mutex::new(Vec::new()) }
    }

    #[cfg(any(feature = "mimalloc", test))]
    fn watch(&self, start: usize, bytes: usize) {
        self.pages.store((bytes / PAGE_BYTES).min(PAGES), Relaxed);
        self.start.store(start, Relaxed);
    }

    fn attend(&self, provider: Shared<dyn Provider>) {
        let mut providers = self.providers.lock();
        if providers.try_reserve(1).is_ok() {
            providers.push(provider);
        }
    }

    fn leave(&self, provider: &Shared<dyn Provider>) {
        self.providers.lock().retain(|other| !other.is_same(provider));
    }

    #[cfg(any(feature = "mimalloc", test))]
    #[inline(always)]
    fn note(&self, block: usize) {
        let quarter = block.wrapping_sub(self.start.load(Relaxed)) / QUARTER_BYTES;
        if self.used.get(quarter) == Some(false) {
            self.first_use(quarter);
        }
    }

    #[cfg(any(feature = "mimalloc", test))]
    #[cold]
    fn first_use(&self, quarter: usize) {
        self.used.set(quarter);
        if self.is_wanted(quarter / QUARTERS + 1)
            && let Some(provider) = self.providers.lock().last()
        {
            provider.wake();
        }
    }

    /// The page before is nearly used up, and this one is new.
    fn is_wanted(&self, page: usize) -> bool {
        let first = QUARTERS * page;
        page < self.pages.load(Relaxed)
            && self.used.get(first - 1) == Some(true)
            && (first..first + QUARTERS).all(|quarter| self.used.get(quarter) == Some(false))
            && self.provided.get(page) == Some(false)
    }

    fn provide(&self, populate: impl Fn(usize)) {
        for page in (1..PAGES).filter(|&page| self.is_wanted(page)) {
            self.provided.set(page);
            populate(self.start.load(Relaxed) + page * PAGE_BYTES);
        }
    }
}

/// A set of small numbers that threads share.
struct Flags<const WORDS: usize>([AtomicU64; WORDS]);

impl<const WORDS: usize> Flags<WORDS> {
    const fn new() -> Self {
        Self([const { AtomicU64::new(0) }; WORDS])
    }

    /// Whether a number is in it; `None` if it is too large.
    #[inline(always)]
    fn get(&self, number: usize) -> Option<bool> {
        self.0.get(number / 64).map(|word| word.load(Relaxed) >> (number % 64) & 1 == 1)
    }

    fn set(&self, number: usize) {
        if let Some(word) = self.0.get(number / 64) {
            word.fetch_or(1 << (number % 64), Relaxed);
        }
    }

    fn clear(&self) {
        self.0.iter().for_each(|word| word.store(0, Relaxed));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl Provider for Woken {
        fn wake(&self) {
            self.0.fetch_add(1, Relaxed);
        }
    }

    const START: usize = 64 << 20;

    fn provided_by(region: &Region) -> Vec<usize> {
        let pages = RefCell::new(Vec::new());
        region.provide(|page| pages.borrow_mut().push((page - START) / PAGE_BYTES));
        pages.into_inner()
    }

    #[test]
    fn the_next_page_is_provided_when_a_page_is_nearly_used_up() {
        let region = Region::new();
        region.note(START);
        region.watch(START, 3 * PAGE_BYTES + 5);
        let woken = Shared::new(Woken::default()).expect("memory");
        let provider: Shared<dyn Provider> = woken.clone().widen(|woken| woken);
        region.attend(provider.clone());
        for block in (START - 2 * PAGE_BYTES..START + PAGE_BYTES - QUARTER_BYTES).step_by(4096) {
            region.note(block);
        }
        assert_eq!((woken.0.load(Relaxed), provided_by(&region)), (0, vec![]));
        region.note(START + PAGE_BYTES - 8);
        region.note(START + PAGE_BYTES - 16);
        assert_eq!((woken.0.load(Relaxed), provided_by(&region)), (1, vec![1]));
        assert_eq!(provided_by(&region), []);
        // The last page has none after it, and one that is in use is there.
        region.note(START + 2 * PAGE_BYTES + 1000);
        region.note(START + 2 * PAGE_BYTES - 1);
        region.note(START + 3 * PAGE_BYTES - 1);
        region.note(START + 3 * PAGE_BYTES + 1);
        assert_eq!((woken.0.load(Relaxed), provided_by(&region)), (1, vec![]));
        region.leave(&provider);
        assert!(region.providers.lock().is_empty());
    }

    #[test]
    fn a_page_that_was_used_first_is_not_provided() {
        let region = Region::new();
        region.watch(START, 8 * PAGE_BYTES);
        region.note(START + 4 * PAGE_BYTES + PAGE_BYTES / 2);
        region.note(START + 4 * PAGE_BYTES - 1);
        region.note(START + 6 * PAGE_BYTES - 1);
        assert_eq!(provided_by(&region), [6]);
    }
}
