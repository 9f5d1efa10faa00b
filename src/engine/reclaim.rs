//! Frees what is expensive to free away from the request path: big values, flushed databases; and what others may still
//! look at: parts of tables that are not used any more.
//!
//! One thread per engine, started with the first piece of garbage. Whatever implements `Send` can be dropped
//! there; the queue is unbounded because refusing would only move the cost back to the request.

use super::log::Log;
use super::threads;
use crate::hooks::reach;
use crate::keyspace::{NoMemory, Readers, pages, try_box};
use crate::storage::{Shared, pace};
use parking_lot::{Condvar, Mutex, MutexGuard};
use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

type Garbage = Box<dyn Any + Send>;

/// How long others wait at most for the processor that the thread runs on.
const TURN_MAX: Duration = Duration::from_micros(100);
/// After so long, a batch is freed without giving way.
const POLITE_MAX: Duration = Duration::from_millis(500);

#[derive(Default)]
struct Queue {
    pending: Vec<Garbage>,
    /// Pieces handed to the thread and not yet dropped.
    in_work: usize,
    freed: u64,
    stopping: bool,
    /// Memory is about to be used that the kernel could provide now.
    wants_pages: bool,
}

#[derive(Default)]
struct Work {
    queue: Mutex<Queue>,
    changed: Condvar,
}

impl pages::Provider for Work {
    fn wake(&self) {
        self.queue.lock().wants_pages = true;
        self.changed.notify_all();
    }
}

/// Handle of the freeing thread; dropping it frees everything that is queued and joins.
pub struct Reclaimer {
    work: Shared<Work>,
    /// Those who may still look at parts of tables that are to be freed.
    readers: Shared<Readers>,
    thread: Mutex<Option<threads::Handle>>,
    /// Where a panic in a value's destructor is reported.
    log: Log,
}

impl Reclaimer {
    /// A reclaimer of an engine with this log, for a keyspace with these readers.
    ///
    /// # Errors
    /// If memory is short.
    pub fn new(log: Log, readers: Shared<Readers>) -> Result<Self, NoMemory> {
        Ok(Self { work: Shared::new(Work::default())?, readers, thread: Mutex::default(), log })
    }

    /// Drops `garbage` later, on the freeing thread. Falls back to dropping it here when no thread can be made, or when
    /// memory is so short that it cannot be queued.
    pub fn defer<T: Send + 'static>(&self, garbage: T) {
        if let Err(garbage) = self.queue(garbage) {
            self.readers.wait();
            drop(garbage);
            return;
        }
        let mut thread = self.thread.lock();
        if thread.is_none() {
            let (shared, readers) = (self.work.clone(), self.readers.clone());
            match threads::spawn(format_args!("rs-reclaim"), &self.log, move || {
                pace::with(give_way, || work(&shared, &readers))
            }) {
                Ok(handle) => {
                    *thread = Some(handle);
                    pages::attend(self.provider());
                }
                Err(_) => {
                    self.readers.wait();
                    self.work.queue.lock().pending.clear();
                }
            }
        }
        drop(thread);
        self.work.changed.notify_all();
    }

    fn provider(&self) -> Shared<dyn pages::Provider> {
        self.work.clone().widen(|work| work)
    }

    /// Queues a piece, or gives it back: it must not be dropped before the readers are waited for.
    fn queue<T: Send + 'static>(&self, garbage: T) -> Result<(), T> {
        let Ok(mut piece) = try_box(None) else { return Err(garbage) };
        let mut queue = self.work.queue.lock();
        if queue.pending.try_reserve(1).is_err() {
            return Err(garbage);
        }
        *piece = Some(garbage);
        queue.pending.push(piece);
        Ok(())
    }

    /// Pieces waiting to be freed (INFO's `lazyfree_pending_objects`).
    pub fn pending(&self) -> usize {
        let queue = self.work.queue.lock();
        queue.pending.len() + queue.in_work
    }

    /// Pieces freed so far (INFO's `lazyfreed_objects`).
    pub fn freed(&self) -> u64 {
        self.work.queue.lock().freed
    }

    /// Waits until all that was deferred before the call is freed.
    pub fn drain(&self) {
        let mut queue = self.work.queue.lock();
        while !queue.pending.is_empty() || queue.in_work > 0 {
            self.work.changed.wait(&mut queue);
        }
    }
}

impl Drop for Reclaimer {
    fn drop(&mut self) {
        pages::leave(&self.provider());
        self.work.queue.lock().stopping = true;
        self.work.changed.notify_all();
        if let Some(thread) = self.thread.lock().take() {
            // A panic in a value's destructor has already been reported by the panic hook.
            let _ = thread.join();
        }
    }
}

/// A batch that is being freed.
#[derive(Clone, Copy)]
struct Turn {
    began: Instant,
    /// When others last had their turn.
    last: Instant,
}

thread_local! {
    static TURN: Cell<Option<Turn>> = const { Cell::new(None) };
}

/// Lets others have this processor now and then, while a batch is being freed.
///
/// Not for ever: who yields often gets a few per cent of a busy processor (Linux 6.18), and then those who make garbage could
/// outrun the one who frees it.
fn give_way() {
    let Some(turn) = TURN.get() else { return };
    let now = Instant::now();
    if now - turn.last >= TURN_MAX && now - turn.began < POLITE_MAX {
        std::thread::yield_now();
        TURN.set(Some(Turn { last: Instant::now(), ..turn }));
    }
}

fn work(shared: &Work, readers: &Readers) {
    let mut queue = shared.queue.lock();
    loop {
        if std::mem::take(&mut queue.wants_pages) {
            MutexGuard::unlocked(&mut queue, pages::provide);
        }
        if queue.pending.is_empty() {
            if queue.stopping {
                return;
            }
            if !queue.wants_pages {
                shared.changed.wait(&mut queue);
            }
            continue;
        }
        let batch = std::mem::take(&mut queue.pending);
        let count = batch.len();
        queue.in_work = count;
        drop(queue);
        readers.wait();
        let dropped = || {
            reach("reclaim");
            let began = Instant::now();
            TURN.set(Some(Turn { began, last: began }));
            for piece in batch {
                drop(piece);
                give_way();
            }
        };
        // If it panics, which the panic hook reports, what is left of the batch is lost. Others wait for the count.
        let _ = catch_unwind(AssertUnwindSafe(dropped));
        queue = shared.queue.lock();
        queue.in_work = 0;
        queue.freed += count as u64;
        shared.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    struct Counted(Arc<AtomicUsize>);
    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn everything_deferred_is_dropped_once() {
        let dropped = Arc::new(AtomicUsize::new(0));
        let readers = Shared::new(Readers::default()).expect("memory");
        let reclaimer = Reclaimer::new(Log::silent(), readers).expect("memory");
        for _ in 0..100 {
            reclaimer.defer(Counted(Arc::clone(&dropped)));
        }
        reclaimer.drain();
        assert_eq!(dropped.load(Ordering::SeqCst), 100);
        assert_eq!(reclaimer.freed(), 100);
        reclaimer.defer(Counted(Arc::clone(&dropped)));
        drop(reclaimer);
        assert_eq!(dropped.load(Ordering::SeqCst), 101);
    }
}
