//! A thread pool: a queue of functions of the host, and threads that run them.
//!
//! What: one queue behind one lock. A thread takes the oldest task, lets go of the lock and runs it. At the end the queue
//! is emptied first, also of what tasks have queued meanwhile.
//!
//! Tasks are the host's own code: they may call everything here, engines too, so the mark of a thread that works for an
//! engine is taken off while one runs. Threads take no signals of the host (see `engine::threads`).

use super::super::cast::{self, UserData};
use super::super::guard::{code, install_panic_hook, plain};
use super::super::origin::Origin;
use super::super::status::{
    Outcome, RS_ERR_ARGUMENT, RS_ERR_BUSY, RS_ERR_IO, RS_ERR_NO_MEMORY, RS_OK, fail, no_memory, rs_status,
};
use crate::engine::log::Log;
use crate::engine::process::os_text;
use crate::engine::threads::{self, Outside};
use crate::hooks::reach;
use crate::storage::{NoMemory, Shared};
use parking_lot::{Condvar, Mutex};
use std::cell::Cell;
use std::collections::VecDeque;
use std::ffi::c_void;
use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::{null, null_mut};

/// Most threads of one pool: more would only wait for each other.
const THREADS_MAX: usize = 1024;

/// A task for a pool: gets the `arg` that it was queued with. Runs in a thread of the pool, at the same time as others; may call
/// any function of this library, `rs_pool_queue` of the same pool too, but not `rs_pool_free` of it.
pub type rs_task_fn = Option<unsafe extern "C" fn(arg: *mut c_void)>;

/// Threads that run functions.
pub struct rs_pool {
    queue: Shared<Queue>,
    threads: Vec<threads::Handle>,
    origin: Origin,
}

#[derive(Default)]
struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    tasks: VecDeque<Task>,
    /// Threads that wait for a task.
    idle: usize,
    is_ending: bool,
}

struct Task {
    run: unsafe extern "C" fn(*mut c_void),
    arg: UserData,
}

thread_local! {
    /// The queue that this thread works for. Without a destructor, so that it does not pin a library opened with dlopen.
    static WORKS_FOR: Cell<*const Queue> = const { Cell::new(null()) };
}

impl Queue {
    fn push(&self, task: Task) -> Outcome<()> {
        let mut state = self.state.lock();
        let reserved = state.tasks.try_reserve(1);
        reserved.map_err(|_| fail(RS_ERR_NO_MEMORY, format_args!("no memory for the queue")))?;
        state.tasks.push_back(task);
        let is_awaited = state.idle > 0;
        drop(state);
        if is_awaited {
            self.changed.notify_one();
        }
        Ok(())
    }

    /// The oldest task; waits for one. None at the end.
    fn pop(&self) -> Option<Task> {
        let mut state = self.state.lock();
        loop {
            if let Some(task) = state.tasks.pop_front() {
                return Some(task);
            }
            if state.is_ending {
                return None;
            }
            state.idle += 1;
            self.changed.wait(&mut state);
            state.idle -= 1;
        }
    }

    /// What a thread of the pool does.
    fn work(&self) {
        WORKS_FOR.set(self);
        loop {
            reach("pool");
            let Some(Task { run, arg }) = self.pop() else { return };
            let _outside = Outside::enter();
            // SAFETY: the host has queued this function with this argument, to be run in any thread.
            unsafe { run(arg.0) };
        }
    }
}

impl rs_pool {
    fn start(count: usize) -> Outcome<Self> {
        if count == 0 || count > THREADS_MAX {
            return Err(fail(RS_ERR_ARGUMENT, format_args!("a pool has 1 to {THREADS_MAX} threads, not {count}")));
        }
        let mut threads = Vec::new();
        threads.try_reserve_exact(count).map_err(NoMemory::from)?;
        let mut pool = Self { queue: Shared::new(Queue::default())?, threads, origin: Origin::here() };
        for _ in 0..count {
            let queue = pool.queue.clone();
            // A panic of this code, not of a task, must not cost the pool a thread.
            let work = move || while catch_unwind(AssertUnwindSafe(|| queue.work())).is_err() {};
            let started = threads::spawn(format_args!("rs-pool"), &Log::silent(), work);
            pool.threads.push(started.map_err(|error| match error.kind() {
                ErrorKind::OutOfMemory => no_memory(),
                _ => fail(RS_ERR_IO, format_args!("starting a thread: {}", os_text(&error))),
            })?);
        }
        Ok(pool)
    }
}

impl Drop for rs_pool {
    fn drop(&mut self) {
        self.queue.state.lock().is_ending = true;
        self.queue.changed.notify_all();
        for thread in self.threads.drain(..) {
            // It ends normally: tasks do not unwind, and the queue does not panic.
            let _ = thread.join();
        }
    }
}

/// Starts a pool of `n` threads, 1 to 1024.
///
/// Returns the pool, to be ended with `rs_pool_free`; NULL with a text in `rs_last_error` if `n` is out of range, there is no
/// memory, or the system refuses a thread. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn rs_pool_new(n: usize) -> *mut rs_pool {
    install_panic_hook();
    plain(|| cast::try_give(rs_pool::start(n)?)).unwrap_or(null_mut())
}

/// Has `f` called with `arg` in a thread of the pool, after all that was queued before has begun. Does not wait.
///
/// Returns `RS_OK`; `RS_ERR_NO_MEMORY`; `RS_ERR_ARGUMENT` if `pool` or `f` is NULL. Any thread, several at the same time, tasks
/// of the pool too.
///
///     rs_pool *pool = rs_pool_new(4);
///     rs_pool_queue(pool, free_big_tree, root);
///     rs_pool_free(pool);
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_pool_queue(pool: *mut rs_pool, f: rs_task_fn, arg: *mut c_void) -> rs_status {
    code(plain(|| {
        // SAFETY: by the rules of the header.
        let pool = unsafe { cast::shared(pool)? };
        let run = f.ok_or_else(|| fail(RS_ERR_ARGUMENT, format_args!("the function is NULL")))?;
        pool.queue.push(Task { run, arg: UserData(arg) })?;
        Ok(RS_OK)
    }))
}

/// Ends a pool: runs all that is queued, also what tasks queue meanwhile, and waits for the threads. NULL is a no-op; a call from
/// a task of the same pool, which would wait for itself, does nothing but note a text for `rs_last_error`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_pool_free(pool: *mut rs_pool) {
    let _ = plain(|| {
        // SAFETY: by the rules of the header.
        if !pool.is_null() && std::ptr::eq(WORKS_FOR.get(), unsafe { &*cast::shared(pool)?.queue }) {
            return Err(fail(RS_ERR_BUSY, format_args!("a task cannot end the pool it runs in")));
        }
        // SAFETY: by the rules of the header.
        if let Some(handle) = unsafe { cast::take(pool) } {
            handle.origin.end(handle);
        }
        Ok(())
    });
}

#[cfg(test)]
mod tests {
    use super::super::super::status::RS_ERR_ARGUMENT;
    use super::*;
    use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

    static DONE: AtomicUsize = AtomicUsize::new(0);
    static POOL: AtomicPtr<rs_pool> = AtomicPtr::new(null_mut());

    unsafe extern "C" fn count(_: *mut c_void) {
        DONE.fetch_add(1, Ordering::SeqCst);
    }

    /// Queues another task, tries to end its pool, and uses an engine.
    unsafe extern "C" fn nosy(_: *mut c_void) {
        let pool = POOL.load(Ordering::SeqCst);
        assert!(!threads::Inside::is_entered());
        // SAFETY: the pool is ended after this task.
        unsafe {
            rs_pool_free(pool);
            assert_eq!(rs_pool_queue(pool, Some(count), null_mut()), RS_OK);
        }
        DONE.fetch_add(1, Ordering::SeqCst);
    }

    #[test]
    fn everything_queued_is_run_and_nonsense_is_refused() {
        let pool = rs_pool_new(3);
        POOL.store(pool, Ordering::SeqCst);
        // SAFETY: the pool is ended once.
        unsafe {
            for _ in 0..500 {
                assert_eq!(rs_pool_queue(pool, Some(count), null_mut()), RS_OK);
                assert_eq!(rs_pool_queue(pool, Some(nosy), null_mut()), RS_OK);
            }
            assert_eq!(rs_pool_queue(pool, None, null_mut()), RS_ERR_ARGUMENT);
            assert_eq!(rs_pool_queue(null_mut(), Some(count), null_mut()), RS_ERR_ARGUMENT);
            rs_pool_free(pool);
            rs_pool_free(null_mut());
        }
        assert_eq!(DONE.load(Ordering::SeqCst), 1500);
        assert!(rs_pool_new(0).is_null() && rs_pool_new(usize::MAX).is_null());
    }
}
