//! Readers: who looks into the tables without their locks, and when they have all looked away.
//!
//! What: a [`Reader`] marks when it begins and ends to look; [`Readers::wait`] returns when everyone who was looking at
//! the time of the call has ended. What the tables no longer use is freed after that (quiescent-state reclamation;
//! Hart et al., "Performance of memory reclamation for lockless synchronization", 2007).
//!
//! Why it is right: whoever frees has unlinked first and then calls `wait`. Both sides have a full fence between their
//! write and their read: either `wait` sees that the reader looks, or the reader sees that the thing is unlinked. The
//! model below checks it (`make loom`). Cost: a fence per window of requests, nothing per request.

#[cfg(loom)]
use loom::sync::atomic::{AtomicUsize, Ordering, fence};
#[cfg(loom)]
use loom::thread::yield_now;
#[cfg(not(loom))]
use std::sync::atomic::{AtomicUsize, Ordering, fence};
#[cfg(not(loom))]
use std::thread::yield_now;

use crate::storage::{NoMemory, Shared, try_push};
use crossbeam_utils::CachePadded;
use parking_lot::Mutex;

/// How often a reader has begun and ended to look: odd while it looks.
type Turns = Shared<CachePadded<AtomicUsize>>;

/// All readers of one keyspace.
#[derive(Default)]
pub struct Readers {
    turns: Mutex<Vec<Turns>>,
}

/// One who looks, one thread at a time.
pub struct Reader {
    turns: Turns,
}

impl Readers {
    /// A new reader.
    ///
    /// # Errors
    /// If memory is short.
    pub fn register(&self) -> Result<Reader, NoMemory> {
        let turns = Turns::new(CachePadded::new(AtomicUsize::new(0)))?;
        let mut all = self.turns.lock();
        all.retain(Shared::has_others);
        try_push(&mut all, turns.clone())?;
        Ok(Reader { turns })
    }

    /// Whether this is one of the readers.
    pub fn knows(&self, reader: &Reader) -> bool {
        self.turns.lock().iter().any(|turns| turns.is_same(&reader.turns))
    }

    /// Waits until everyone who looks now has ended to. They never wait for a lock meanwhile, not even for that of the
    /// list, which is held: a copy of the list would take memory, which may be what is short.
    pub fn wait(&self) {
        let all = self.turns.lock();
        fence(Ordering::SeqCst);
        for turns in &*all {
            let then = turns.load(Ordering::Acquire);
            while then % 2 == 1 && turns.load(Ordering::Acquire) == then {
                yield_now();
            }
        }
    }
}

impl Reader {
    /// Begins to look.
    #[inline]
    pub fn begin(&mut self) -> Looking<'_> {
        let turns = self.turns.load(Ordering::Relaxed);
        self.turns.store(turns.wrapping_add(1), Ordering::Relaxed);
        fence(Ordering::SeqCst);
        Looking(&self.turns)
    }
}

/// While this lives, nothing that the reader may see is freed.
pub struct Looking<'r>(&'r AtomicUsize);

impl Drop for Looking<'_> {
    #[inline]
    fn drop(&mut self) {
        self.0.store(self.0.load(Ordering::Relaxed).wrapping_add(1), Ordering::Release);
    }
}

#[cfg(all(test, loom))]
mod model {
    use super::*;
    use loom::sync::atomic::AtomicBool;
    use loom::thread;

    #[test]
    fn nothing_is_freed_while_someone_looks_at_it() {
        loom::model(|| {
            let readers = Readers::default();
            let mut reader = readers.register().expect("memory");
            let is_linked = loom::sync::Arc::new(AtomicBool::new(true));
            let is_freed = loom::sync::Arc::new(AtomicBool::new(false));
            let looks = {
                let (is_linked, is_freed) = (is_linked.clone(), is_freed.clone());
                thread::spawn(move || {
                    for _ in 0..2 {
                        let looking = reader.begin();
                        if is_linked.load(Ordering::Relaxed) {
                            assert!(!is_freed.load(Ordering::Relaxed), "freed under a reader");
                        }
                        drop(looking);
                    }
                })
            };
            is_linked.store(false, Ordering::Relaxed);
            readers.wait();
            is_freed.store(true, Ordering::Relaxed);
            looks.join().expect("reader");
        });
    }
}
