//! The event loop: calls functions of the host when descriptors are ready and when times have come.
//!
//! What: one turn waits for the system (epoll, kqueue: whatever [`Poller`] finds), calls the functions of the ready
//! descriptors, then those of the timers that are due. Readiness is level-triggered: what a function leaves unread is
//! reported again.
//!
//! Everything may be changed from inside the functions. Nothing is borrowed or locked while one runs, except `events`,
//! by which a turn inside a turn is refused. What is registered during a turn is called from the next turn on, because a
//! descriptor that was closed and given out anew must not get the event of its predecessor. Level-triggering makes
//! passing over an event harmless.
//!
//! Cost: what `Poller` needs for a turn, four system calls on Linux.

use super::super::cast::{self, Out, UserData};
use super::super::guard::{code, install_panic_hook, outermost, plain};
use super::super::origin::Origin;
use super::super::server::timeout;
use super::super::status::{
    Failure, Outcome, RS_ERR_ARGUMENT, RS_ERR_BUSY, RS_ERR_IO, RS_ERR_NO_MEMORY, RS_ERR_NOT_FOUND, RS_OK, fail,
    rs_status,
};
use super::timers::Timers;
use crate::engine::process::os_text;
use crate::engine::threads::Outside;
use crate::hooks::reach;
use parking_lot::{Mutex, MutexGuard};
use polling::{Event, Events, PollMode, Poller};
use std::ffi::{c_int, c_void};
use std::io;
use std::num::NonZeroUsize;
use std::os::fd::BorrowedFd;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The descriptor can be read, has reached its end or has failed.
pub const RS_LOOP_READ: c_int = 1;
/// The descriptor can be written to or has failed.
pub const RS_LOOP_WRITE: c_int = 2;

/// Most descriptors reported in one turn; others wait for the next.
const EVENTS_MAX: NonZeroUsize = NonZeroUsize::new(256).unwrap();

/// Called when a descriptor is ready: `mask` tells what for, out of what was asked for. May change the loop in every way
/// but end it.
pub type rs_fd_fn = Option<unsafe extern "C" fn(r#loop: *mut rs_loop, fd: c_int, mask: c_int, ud: *mut c_void)>;

/// Called when a timer is due. Returns in how many milliseconds it wants to be called again, or a negative number if it is
/// done. May change the loop in every way but end it.
pub type rs_timer_fn = Option<unsafe extern "C" fn(r#loop: *mut rs_loop, id: u64, ud: *mut c_void) -> i64>;

/// What waits, and calls.
pub struct rs_loop {
    poller: Poller,
    /// Held by the turn that runs.
    events: Mutex<Events>,
    is_stopping: AtomicBool,
    state: Mutex<State>,
    origin: Origin,
}

struct State {
    /// By descriptor.
    watches: Vec<Option<Watch>>,
    watch_count: usize,
    timers: Timers<Timer>,
    /// Counts turns.
    turn: u64,
}

#[derive(Clone, Copy)]
struct Watch {
    mask: c_int,
    call: unsafe extern "C" fn(*mut rs_loop, c_int, c_int, *mut c_void),
    ud: UserData,
    /// The turn during which it was registered.
    since: u64,
}

#[derive(Clone, Copy)]
struct Timer {
    call: unsafe extern "C" fn(*mut rs_loop, u64, *mut c_void) -> i64,
    ud: UserData,
}

fn refused(what: &str, error: &io::Error) -> Failure {
    fail(RS_ERR_IO, format_args!("{what}: {}", os_text(error)))
}

/// What to ask the system for.
fn interest(fd: c_int, mask: c_int) -> Event {
    Event::new(fd.cast_unsigned() as usize, mask & RS_LOOP_READ != 0, mask & RS_LOOP_WRITE != 0)
}

impl State {
    fn watch(&self, fd: c_int) -> Option<&Watch> {
        self.watches.get(usize::try_from(fd).ok()?)?.as_ref()
    }

    /// Keeps a watch; true if the descriptor had none.
    fn keep(&mut self, fd: usize, watch: Watch) -> Outcome<bool> {
        if fd >= self.watches.len() {
            let reserved = self.watches.try_reserve(fd + 1 - self.watches.len());
            reserved.map_err(|_| fail(RS_ERR_NO_MEMORY, format_args!("no memory for a descriptor")))?;
            self.watches.resize(fd + 1, None);
        }
        let is_new = self.watches[fd].replace(watch).is_none();
        self.watch_count += usize::from(is_new);
        Ok(is_new)
    }

    fn forget(&mut self, fd: c_int) -> bool {
        let slot = usize::try_from(fd).ok().and_then(|fd| self.watches.get_mut(fd));
        let is_known = slot.is_some_and(|slot| slot.take().is_some());
        self.watch_count -= usize::from(is_known);
        is_known
    }

    fn is_empty(&self) -> bool {
        self.watch_count == 0 && self.timers.is_empty()
    }
}

impl rs_loop {
    fn new() -> io::Result<Self> {
        Ok(Self {
            poller: Poller::new()?,
            events: Mutex::new(Events::with_capacity(EVENTS_MAX)),
            is_stopping: AtomicBool::new(false),
            state: Mutex::new(State { watches: Vec::new(), watch_count: 0, timers: Timers::new(), turn: 0 }),
            origin: Origin::here(),
        })
    }

    /// The right to run a turn.
    fn events(&self) -> Outcome<MutexGuard<'_, Events>> {
        self.events.try_lock().ok_or_else(|| fail(RS_ERR_BUSY, format_args!("the loop is running already")))
    }

    /// Registers a descriptor, or changes how it is registered.
    ///
    /// # Safety
    /// The descriptor is open.
    unsafe fn add_fd(&self, fd: c_int, watch: Watch) -> Outcome<()> {
        let index = usize::try_from(fd).map_err(|_| fail(RS_ERR_ARGUMENT, format_args!("{fd} is no descriptor")))?;
        let mut state = self.state.lock();
        let interest = interest(fd, watch.mask);
        if state.watch(fd).is_some() {
            // SAFETY: the caller's promise; it is not negative.
            let borrowed = unsafe { BorrowedFd::borrow_raw(fd) };
            match self.poller.modify_with_mode(borrowed, interest, PollMode::Level) {
                // It was closed without being deleted here, and given out anew.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                outcome => {
                    outcome.map_err(|error| refused("changing a descriptor", &error))?;
                    return state.keep(index, watch).map(drop);
                }
            }
        }
        // SAFETY: the caller's promise, and that of the header to delete it before it is closed; the system forgets what is
        // closed all the same.
        let added = unsafe { self.poller.add_with_mode(fd, interest, PollMode::Level) };
        added.map_err(|error| refused("adding a descriptor", &error))?;
        let kept = state.keep(index, watch);
        if kept.is_err() {
            // SAFETY: as above.
            let _ = self.poller.delete(unsafe { BorrowedFd::borrow_raw(fd) });
        }
        kept.map(drop)
    }

    fn del_fd(&self, fd: c_int) -> Outcome<rs_status> {
        if !self.state.lock().forget(fd) {
            return Err(fail(RS_ERR_NOT_FOUND, format_args!("descriptor {fd} is not in the loop")));
        }
        // The system has forgotten it by itself if it was closed before.
        // SAFETY: it is not negative, and only its number is used.
        let _ = self.poller.delete(unsafe { BorrowedFd::borrow_raw(fd) });
        Ok(RS_OK)
    }

    /// Waits, at most so long, and calls what is ready. `this` is the handle, for the functions.
    ///
    /// # Safety
    /// What was registered can still be called.
    unsafe fn turn(&self, this: *mut Self, events: &mut Events, limit: Option<Duration>) -> Outcome<()> {
        let (turn, until_due) = {
            let mut state = self.state.lock();
            state.turn += 1;
            (state.turn, state.timers.until_due())
        };
        let wait = match (limit, until_due) {
            (Some(limit), Some(due)) => Some(limit.min(due)),
            (limit, due) => limit.or(due),
        };
        reach("loop");
        events.clear();
        self.poller.wait(events, wait).map_err(|error| refused("waiting", &error))?;
        for event in events.iter() {
            let ready = (c_int::from(event.readable) * RS_LOOP_READ) | (c_int::from(event.writable) * RS_LOOP_WRITE);
            let Ok(fd) = c_int::try_from(event.key) else { continue };
            let watch = self.state.lock().watch(fd).copied();
            let Some(watch) = watch.filter(|watch| watch.since < turn && watch.mask & ready != 0) else { continue };
            let _outside = Outside::enter();
            // SAFETY: the caller's promise.
            unsafe { (watch.call)(this, fd, watch.mask & ready, watch.ud.0) };
        }
        // SAFETY: the caller's promise.
        unsafe { self.serve_timers(this) };
        Ok(())
    }

    /// # Safety
    /// As for `turn`.
    unsafe fn serve_timers(&self, this: *mut Self) {
        self.state.lock().timers.begin();
        loop {
            let Some((id, timer)) = self.state.lock().timers.take_due() else { return };
            let again = {
                let _outside = Outside::enter();
                // SAFETY: the caller's promise.
                unsafe { (timer.call)(this, id, timer.ud.0) }
            };
            self.state.lock().timers.finish(id, u64::try_from(again).ok(), timer);
        }
    }
}

/// A new event loop with nothing in it. It belongs to one thread at a time, except for `rs_loop_stop`.
///
/// Returns the loop, to be ended with `rs_loop_free`; NULL with a text in `rs_last_error` if the system refuses a descriptor.
/// Any thread.
///
///     static void on_input(rs_loop *loop, int fd, int mask, void *ud)
///     {
///         char buf[256];
///         (void)mask, (void)ud;
///         if (read(fd, buf, sizeof buf) <= 0)
///             rs_loop_del_fd(loop, fd);
///     }
///     ...
///     rs_loop *loop = rs_loop_new();
///     rs_loop_add_fd(loop, fd, RS_LOOP_READ, on_input, NULL);
///     rs_loop_run(loop);
///     rs_loop_free(loop);
#[unsafe(no_mangle)]
pub extern "C" fn rs_loop_new() -> *mut rs_loop {
    install_panic_hook();
    plain(|| cast::try_give(rs_loop::new().map_err(|error| refused("making a loop", &error))?)).unwrap_or(null_mut())
}

/// Ends a loop; what it watched is not closed. NULL is a no-op; a call from a function that the loop has called does nothing
/// but note a text for `rs_last_error`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_loop_free(r#loop: *mut rs_loop) {
    let _ = plain(|| {
        if r#loop.is_null() {
            return Ok(());
        }
        // SAFETY: by the rules of the header; the right to run a turn is given back before the loop is.
        unsafe { drop(cast::shared(r#loop)?.events()?) };
        // SAFETY: by the rules of the header.
        if let Some(handle) = unsafe { cast::take(r#loop) } {
            handle.origin.end(handle);
        }
        Ok(())
    });
}

/// Has `cb` called with `ud` whenever a descriptor is ready for what `mask` says: `RS_LOOP_READ`, `RS_LOOP_WRITE` or both. It is
/// called again as long as that is so. For a descriptor that is in the loop already this replaces mask, function and
/// argument. Delete a descriptor before you close it.
///
/// Returns `RS_OK`; `RS_ERR_IO` if the system cannot wait for this descriptor: it is not open, or a regular file;
/// `RS_ERR_NO_MEMORY`; `RS_ERR_ARGUMENT` if a pointer is NULL, the mask is something else or the descriptor negative.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_loop_add_fd(
    r#loop: *mut rs_loop,
    fd: c_int,
    mask: c_int,
    cb: rs_fd_fn,
    ud: *mut c_void,
) -> rs_status {
    code(plain(|| {
        // SAFETY: by the rules of the header.
        let this = unsafe { cast::shared(r#loop)? };
        let call = cb.ok_or_else(|| fail(RS_ERR_ARGUMENT, format_args!("the function is NULL")))?;
        if mask == 0 || mask & !(RS_LOOP_READ | RS_LOOP_WRITE) != 0 {
            return Err(fail(RS_ERR_ARGUMENT, format_args!("{mask} is no mask")));
        }
        let since = this.state.lock().turn;
        // SAFETY: by the rules of the header; a number that is no open descriptor is refused by the system.
        unsafe { this.add_fd(fd, Watch { mask, call, ud: UserData(ud), since })? };
        Ok(RS_OK)
    }))
}

/// Takes a descriptor out of the loop. Its function is not called any more.
///
/// Returns `RS_OK`; `RS_ERR_NOT_FOUND` if it is not in the loop; `RS_ERR_ARGUMENT` if `loop` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_loop_del_fd(r#loop: *mut rs_loop, fd: c_int) -> rs_status {
    // SAFETY: by the rules of the header.
    code(plain(|| unsafe { cast::shared(r#loop)? }.del_fd(fd)))
}

/// Has `cb` called with `ud` once `after_ms` milliseconds have passed, and then as often as its return values say. `id`, unless it
/// is NULL, is set to a number for `rs_loop_del_timer`, which no other timer of this loop will ever have.
///
/// Returns `RS_OK`; `RS_ERR_NO_MEMORY`; `RS_ERR_ARGUMENT` if `loop` or `cb` is NULL or `after_ms` is negative.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_loop_add_timer(
    r#loop: *mut rs_loop,
    after_ms: i64,
    cb: rs_timer_fn,
    ud: *mut c_void,
    id: *mut u64,
) -> rs_status {
    code(plain(|| {
        // SAFETY: by the rules of the header.
        let (this, out) = unsafe { (cast::shared(r#loop)?, Out::new_optional(id)?) };
        let call = cb.ok_or_else(|| fail(RS_ERR_ARGUMENT, format_args!("the function is NULL")))?;
        let after_ms =
            u64::try_from(after_ms).map_err(|_| fail(RS_ERR_ARGUMENT, format_args!("the time is negative")))?;
        let id = this.state.lock().timers.add(after_ms, Timer { call, ud: UserData(ud) })?;
        if let Some(out) = out {
            out.set(id);
        }
        Ok(RS_OK)
    }))
}

/// Takes a timer out of the loop. Its function is not called any more; when it deletes its own timer, what it returns does not
/// matter.
///
/// Returns `RS_OK`; `RS_ERR_NOT_FOUND` if there is no such timer, because it is done; `RS_ERR_ARGUMENT` if `loop` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_loop_del_timer(r#loop: *mut rs_loop, id: u64) -> rs_status {
    code(plain(|| {
        // SAFETY: by the rules of the header.
        let this = unsafe { cast::shared(r#loop)? };
        if this.state.lock().timers.delete(id) {
            return Ok(RS_OK);
        }
        Err(fail(RS_ERR_NOT_FOUND, format_args!("there is no timer {id}")))
    }))
}

/// Waits for descriptors and timers and calls their functions, until `rs_loop_stop` is called or nothing is left to wait for.
///
/// Returns `RS_OK` then; `RS_ERR_BUSY` if the loop is running already, in this thread or another, or the call comes from
/// inside a callback of an engine; `RS_ERR_IO` if the system fails; `RS_ERR_ARGUMENT` if `loop` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_loop_run(r#loop: *mut rs_loop) -> rs_status {
    code(outermost(|| {
        // SAFETY: by the rules of the header.
        let this = unsafe { cast::shared(r#loop)? };
        let mut events = this.events()?;
        while !this.is_stopping.swap(false, Ordering::AcqRel) && !this.state.lock().is_empty() {
            // SAFETY: by the rules of the header.
            unsafe { this.turn(r#loop, &mut events, None)? };
        }
        Ok(RS_OK)
    }))
}

/// Waits once, for `timeout_ms` milliseconds at most, not at all if 0, without limit if negative, and calls the functions of
/// what is ready then. A timer that is due, `rs_loop_stop` and nothing to wait for end the wait too.
///
/// Returns `RS_OK`, also if nothing was ready; else as `rs_loop_run`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_loop_run_once(r#loop: *mut rs_loop, timeout_ms: i64) -> rs_status {
    code(outermost(|| {
        // SAFETY: by the rules of the header.
        let this = unsafe { cast::shared(r#loop)? };
        let mut events = this.events()?;
        let is_over = this.is_stopping.load(Ordering::Acquire) || (timeout_ms < 0 && this.state.lock().is_empty());
        let limit = if is_over { Some(Duration::ZERO) } else { timeout(timeout_ms) };
        // SAFETY: by the rules of the header.
        unsafe { this.turn(r#loop, &mut events, limit)? };
        this.is_stopping.store(false, Ordering::Release);
        Ok(RS_OK)
    }))
}

/// Ends `rs_loop_run` or `rs_loop_run_once` after the functions that it is calling; if neither is running, the next one
/// returns at once. Any thread, and the functions of the loop.
///
/// Returns `RS_OK`; `RS_ERR_IO` if the system fails; `RS_ERR_ARGUMENT` if `loop` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_loop_stop(r#loop: *mut rs_loop) -> rs_status {
    code(plain(|| {
        // SAFETY: by the rules of the header.
        let this = unsafe { cast::shared(r#loop)? };
        this.is_stopping.store(true, Ordering::Release);
        this.poller.notify().map_err(|error| refused("waking the loop", &error))?;
        Ok(RS_OK)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::os::fd::AsRawFd;
    use std::os::unix::net::UnixStream;
    use std::time::Instant;

    /// What the functions of a test know.
    struct Scene {
        near: UnixStream,
        far: UnixStream,
        called: Vec<String>,
        timer: u64,
    }

    impl Scene {
        fn new() -> Self {
            let (near, far) = UnixStream::pair().unwrap();
            Self { near, far, called: Vec::new(), timer: 0 }
        }
    }

    /// # Safety
    /// `ud` is the scene, and used nowhere else meanwhile.
    unsafe fn scene<'s>(ud: *mut c_void) -> &'s mut Scene {
        // SAFETY: the caller's promise.
        unsafe { &mut *ud.cast() }
    }

    /// Reads one byte; at the end of the input it takes itself out.
    unsafe extern "C" fn read_one(this: *mut rs_loop, fd: c_int, mask: c_int, ud: *mut c_void) {
        // SAFETY: as registered below.
        unsafe {
            let scene = scene(ud);
            let mut byte = [0];
            let len = scene.near.read(&mut byte).unwrap();
            scene.called.push(format!("{mask}:{}", String::from_utf8_lossy(&byte[..len])));
            assert_eq!(rs_loop_run(this), RS_ERR_BUSY, "a turn inside a turn");
            rs_loop_free(this);
            if len == 0 {
                assert_eq!(rs_loop_del_fd(this, fd), RS_OK);
                assert_eq!(rs_loop_del_fd(this, fd), RS_ERR_NOT_FOUND);
            }
        }
    }

    /// The first call re-arms itself, the second one writes, the third one closes the other end.
    unsafe extern "C" fn play(this: *mut rs_loop, id: u64, ud: *mut c_void) -> i64 {
        // SAFETY: as registered below.
        unsafe {
            let scene = scene(ud);
            assert_eq!(id, scene.timer);
            scene.called.push("timer".to_owned());
            match scene.called.iter().filter(|name| *name == "timer").count() {
                1 => 0,
                2 => {
                    scene.far.write_all(b"ab").unwrap();
                    5
                }
                _ => {
                    scene.far.shutdown(std::net::Shutdown::Both).unwrap();
                    assert_eq!(rs_loop_del_timer(this, id), RS_OK);
                    0
                }
            }
        }
    }

    #[test]
    fn functions_are_called_until_nothing_is_left() {
        let this = rs_loop_new();
        let mut scene = Scene::new();
        let fd = scene.near.as_raw_fd();
        let ud: *mut c_void = (&raw mut scene).cast();
        // SAFETY: the scene outlives the loop, which is ended once.
        unsafe {
            assert_eq!(rs_loop_add_fd(this, fd, RS_LOOP_READ, Some(read_one), ud), RS_OK);
            assert_eq!(rs_loop_add_timer(this, 1, Some(play), ud, &raw mut (*ud.cast::<Scene>()).timer), RS_OK);
            assert_eq!(rs_loop_run(this), RS_OK);
            rs_loop_free(this);
        }
        assert_eq!(scene.called, ["timer", "timer", "1:a", "1:b", "timer", "1:"]);
    }

    #[test]
    fn a_stop_from_another_thread_ends_the_wait_or_the_next_one() {
        let this = rs_loop_new();
        let mut scene = Scene::new();
        let fd = scene.near.as_raw_fd();
        let handle = UserData(this.cast());
        let stop = move || {
            let handle = handle;
            // SAFETY: the loop lives until this thread is joined.
            assert_eq!(unsafe { rs_loop_stop(handle.0.cast()) }, RS_OK);
        };
        // SAFETY: the scene outlives the loop, which is ended once.
        unsafe {
            assert_eq!(rs_loop_add_fd(this, fd, RS_LOOP_READ, Some(read_one), (&raw mut scene).cast()), RS_OK);
            let thread = std::thread::spawn(stop);
            assert_eq!(rs_loop_run(this), RS_OK);
            thread.join().unwrap();
            std::thread::spawn(stop).join().unwrap();
            assert_eq!(rs_loop_run_once(this, -1), RS_OK);
            let started = Instant::now();
            assert_eq!(rs_loop_run_once(this, 20), RS_OK);
            assert!(started.elapsed() >= Duration::from_millis(20), "the stop counts once");
            rs_loop_free(this);
        }
        assert!(scene.called.is_empty());
    }

    #[test]
    fn nonsense_is_refused() {
        let this = rs_loop_new();
        let null = null_mut();
        let file = std::fs::File::open("/etc/hostname").or_else(|_| std::fs::File::open("/etc/passwd")).unwrap();
        // SAFETY: NULL is refused; the functions are never called.
        unsafe {
            assert_eq!(rs_loop_add_fd(this, 0, 0, Some(read_one), null), RS_ERR_ARGUMENT);
            assert_eq!(rs_loop_add_fd(this, 0, 4, Some(read_one), null), RS_ERR_ARGUMENT);
            assert_eq!(rs_loop_add_fd(this, 0, RS_LOOP_READ, None, null), RS_ERR_ARGUMENT);
            assert_eq!(rs_loop_add_fd(this, -1, RS_LOOP_READ, Some(read_one), null), RS_ERR_ARGUMENT);
            assert_eq!(rs_loop_add_fd(this, c_int::MAX, RS_LOOP_READ, Some(read_one), null), RS_ERR_IO);
            assert_eq!(rs_loop_add_fd(this, file.as_raw_fd(), RS_LOOP_READ, Some(read_one), null), RS_ERR_IO);
            assert_eq!(rs_loop_del_fd(this, -1), RS_ERR_NOT_FOUND);
            assert_eq!(rs_loop_add_timer(this, -1, Some(play), null, null_mut()), RS_ERR_ARGUMENT);
            assert_eq!(rs_loop_add_timer(this, 0, None, null, null_mut()), RS_ERR_ARGUMENT);
            assert_eq!(rs_loop_del_timer(this, 7), RS_ERR_NOT_FOUND);
            assert_eq!((rs_loop_run(this), rs_loop_run_once(this, -1)), (RS_OK, RS_OK), "nothing to wait for");
            for status in [rs_loop_run(null_mut()), rs_loop_run_once(null_mut(), 0), rs_loop_stop(null_mut())] {
                assert_eq!(status, RS_ERR_ARGUMENT);
            }
            rs_loop_free(this);
            rs_loop_free(null_mut());
        }
    }
}
