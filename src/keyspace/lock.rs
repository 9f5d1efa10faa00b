//! The lock of a shard: parking_lot's, but whoever finds it held keeps away from it for a while.
//!
//! What is done under it takes some tens of nanoseconds, less than its cache line needs from one core to another. To look
//! at the line again and again would slow the holder down, who loses it in the middle of its work; and to take the lock at
//! the first chance would send the line across for every operation. So a waiter looks seldom, and the holder gets through a
//! few dozen of its operations meanwhile (exponential backoff; Anderson, "The performance of spin lock alternatives for
//! shared-memory multiprocessors", 1990). Two threads on one key: 0.7 times what one thread does, instead of 0.3.
//!
//! Soon it sleeps, since the holder may have been preempted.

use crate::storage::prefetch_to_write;
use parking_lot::lock_api::{self, GuardNoSend};

/// Before its n-th look a waiter pauses 2^n times, some 40 ns each; after the last one it sleeps.
const ROUNDS: std::ops::Range<u32> = 5..8;

/// See the module's comment.
pub struct RawLock(parking_lot::RawMutex);

// SAFETY: everything is passed on to a lock that keeps the promise of exclusion.
unsafe impl lock_api::RawMutex for RawLock {
    const INIT: Self = Self(<parking_lot::RawMutex as lock_api::RawMutex>::INIT);
    type GuardMarker = GuardNoSend;

    #[inline]
    fn lock(&self) {
        // Taking it begins with reading it; so the line comes once, ready to be written.
        self.prefetch();
        if !self.try_lock() {
            self.wait();
        }
    }

    #[inline]
    fn try_lock(&self) -> bool {
        self.0.try_lock()
    }

    #[inline]
    unsafe fn unlock(&self) {
        // SAFETY: by this function's contract.
        unsafe { self.0.unlock() }
    }

    #[inline]
    fn is_locked(&self) -> bool {
        self.0.is_locked()
    }
}

impl RawLock {
    /// Asks the processor for the line of the lock, to be taken soon.
    #[inline]
    pub fn prefetch(&self) {
        prefetch_to_write(std::ptr::from_ref(self).cast());
    }

    #[cold]
    fn wait(&self) {
        use lock_api::RawMutex;
        for round in ROUNDS {
            (0..1 << round).for_each(|_| std::hint::spin_loop());
            if self.0.try_lock() {
                return;
            }
        }
        self.0.lock();
    }
}

/// See the module's comment.
pub type Lock<T> = lock_api::Mutex<RawLock, T>;
/// What is locked, while this lives.
pub type LockGuard<'a, T> = lock_api::MutexGuard<'a, RawLock, T>;
