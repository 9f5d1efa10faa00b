//! Threads that work for an engine: its own, and those of the host while they are inside the library.
//!
//! A thread-local marker points at the log of the engine that the thread works for. By it the panic hook of the C
//! library finds where to write to, and a call from inside a host's callback is told from a call from outside.
//!
//! Threads of our own are guests in the host's process: they block the signals that are meant for the host's handlers,
//! and their stack size is set, because `std` would ask the environment for it, which races with a host that
//! calls `setenv`.

use super::log::Log;
use crate::keyspace::{NoMemory, try_box};
use std::cell::Cell;
use std::ffi::{CStr, c_void};
use std::fmt;
use std::io::{self, Write};
use std::marker::PhantomData;
use std::mem::{ManuallyDrop, MaybeUninit};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::{self, null};

/// Stack of a thread; the deepest path, a command that a script runs, needs a fraction of it.
const STACK_BYTES: usize = 2 * 1024 * 1024;

/// Raised by a fault of the thread itself, or for a profiler that samples every thread: never blocked.
const SIGNALS_TAKEN: [libc::c_int; 8] = [
    libc::SIGSEGV,
    libc::SIGBUS,
    libc::SIGFPE,
    libc::SIGILL,
    libc::SIGTRAP,
    libc::SIGABRT,
    libc::SIGSYS,
    libc::SIGPROF,
];

thread_local! {
    /// The log of the engine that this thread works for; null outside the library. Without a destructor, so that
    /// it does not pin a library that was opened with dlopen.
    static WORKS_FOR: Cell<*const Log> = const { Cell::new(null()) };
    /// Whether [`spawn`] has started this thread.
    static IS_OWN: Cell<bool> = const { Cell::new(false) };
}

/// Marks the calling thread as working for an engine for as long as it lives.
pub struct Inside<'l> {
    outer: *const Log,
    log: PhantomData<&'l Log>,
}

impl<'l> Inside<'l> {
    /// Marks the calling thread with the log of its engine.
    #[inline]
    pub fn enter(log: &'l Log) -> Self {
        Self { outer: WORKS_FOR.replace(log), log: PhantomData }
    }

    /// Whether the calling thread is marked.
    #[inline]
    pub fn is_entered() -> bool {
        !WORKS_FOR.get().is_null()
    }
}

impl Drop for Inside<'_> {
    #[inline]
    fn drop(&mut self) {
        WORKS_FOR.set(self.outer);
    }
}

/// Takes the mark off the calling thread for as long as it lives: a function of the host runs that may use the library
/// like any other.
pub struct Outside(*const Log);

impl Outside {
    /// Takes the mark off.
    pub fn enter() -> Self {
        Self(WORKS_FOR.replace(null()))
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        WORKS_FOR.set(self.0);
    }
}

/// Calls `f` with the log of the engine that the calling thread works for, if it works for one.
pub fn with_log(f: impl FnOnce(&Log)) -> bool {
    let log = WORKS_FOR.get();
    if log.is_null() {
        return false;
    }
    // SAFETY: the marker is reset when the `Inside` ends that borrows the log, and `Inside` is made and dropped in the
    // order of the stack.
    f(unsafe { &*log });
    true
}

/// Whether the calling thread belongs to an engine, not to the host.
pub fn is_own() -> bool {
    IS_OWN.get()
}

/// Starts a thread of an engine. Not by std, which ends the process if there is no memory for what it keeps of a thread.
///
/// # Errors
/// If the system has none left, or no memory for it.
pub fn spawn(name: fmt::Arguments<'_>, log: &Log, body: impl FnOnce() + Send + 'static) -> io::Result<Handle> {
    let name = Name::of(name);
    let log = log.clone();
    let main = move || {
        IS_OWN.set(true);
        name.give_to_this_thread();
        let _inside = Inside::enter(&log);
        body();
    };
    let main = try_box(main).map_err(|NoMemory| io::ErrorKind::OutOfMemory)?;
    // A new thread inherits the mask, so there is no moment in which it could take a signal.
    let _mask = SignalMask::block();
    start(main)
}

/// Starts a thread that calls `main`.
fn start<F: FnOnce() + Send + 'static>(main: Box<F>) -> io::Result<Handle> {
    let main = Box::into_raw(main);
    let mut attributes = MaybeUninit::uninit();
    let mut thread = MaybeUninit::uninit();
    // SAFETY: the attributes are initialised before they are used and destroyed after, and the size is one that every system
    // accepts. The new thread owns `main`, of the type that `enter` is for; both are sent to it, which F allows.
    let error = unsafe {
        libc::pthread_attr_init(attributes.as_mut_ptr());
        libc::pthread_attr_setstacksize(attributes.as_mut_ptr(), STACK_BYTES);
        let error = libc::pthread_create(thread.as_mut_ptr(), attributes.as_ptr(), enter::<F>, main.cast());
        libc::pthread_attr_destroy(attributes.as_mut_ptr());
        error
    };
    if error != 0 {
        // SAFETY: there is no thread that would own it.
        drop(unsafe { Box::from_raw(main) });
        return Err(io::Error::from_raw_os_error(error));
    }
    // SAFETY: initialised, since there was no error.
    Ok(Handle { thread: unsafe { thread.assume_init() } })
}

/// The first function of a thread. A panic, which the panic hook has reported, ends the thread only.
extern "C" fn enter<F: FnOnce()>(main: *mut c_void) -> *mut c_void {
    // SAFETY: `start` gives the thread a box of this type for its own.
    let main = unsafe { Box::from_raw(main.cast::<F>()) };
    let has_panicked = catch_unwind(AssertUnwindSafe(main)).is_err();
    ptr::without_provenance_mut(usize::from(has_panicked))
}

/// What a debugger and `ps` call a thread; the system takes up to 15 bytes and a NUL.
struct Name([u8; 16]);

impl Name {
    fn of(name: fmt::Arguments<'_>) -> Self {
        let mut bytes = [0; 16];
        // What does not fit is left out.
        let _ = (&mut bytes[..15]).write_fmt(name);
        Self(bytes)
    }

    fn give_to_this_thread(&self) {
        #[cfg(target_os = "linux")]
        if let Ok(name) = CStr::from_bytes_until_nul(&self.0) {
            // SAFETY: the name is a terminated string.
            unsafe { libc::pthread_setname_np(libc::pthread_self(), name.as_ptr()) };
        }
    }
}

/// A thread that [`spawn`] has started, to be joined; if it is not, it goes on by itself.
#[derive(Debug)]
pub struct Handle {
    thread: libc::pthread_t,
}

// SAFETY: a thread's identifier, which is a pointer in some C libraries, can be joined and detached from any thread.
unsafe impl Send for Handle {}
// SAFETY: as above; nothing can be done with a shared handle.
unsafe impl Sync for Handle {}

/// A thread has ended with a panic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Panicked;

impl Handle {
    /// Whether it is the calling one.
    pub fn is_this_thread(&self) -> bool {
        // SAFETY: both are threads that have not been joined.
        unsafe { libc::pthread_equal(self.thread, libc::pthread_self()) != 0 }
    }

    /// Waits for the end of the thread.
    ///
    /// # Errors
    /// If that was a panic.
    pub fn join(self) -> Result<(), Panicked> {
        let mut outcome = ptr::null_mut();
        let thread = ManuallyDrop::new(self).thread;
        // SAFETY: the thread is joined once: the handle is gone with this.
        let error = unsafe { libc::pthread_join(thread, &mut outcome) };
        if error == 0 && outcome.is_null() { Ok(()) } else { Err(Panicked) }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: the thread was not joined.
        unsafe { libc::pthread_detach(self.thread) };
    }
}

/// The signal mask of the calling thread before it blocked everything; restored at the end.
struct SignalMask(libc::sigset_t);

impl SignalMask {
    fn block() -> Self {
        let mut all = MaybeUninit::uninit();
        let mut before = MaybeUninit::uninit();
        // SAFETY: sigfillset initialises `all`, sigdelset gets valid numbers, and pthread_sigmask, which cannot fail with
        // a valid first argument, initialises `before`. All pointers are to locals.
        unsafe {
            libc::sigfillset(all.as_mut_ptr());
            for signal in SIGNALS_TAKEN {
                libc::sigdelset(all.as_mut_ptr(), signal);
            }
            libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr());
            Self(before.assume_init())
        }
    }
}

impl Drop for SignalMask {
    fn drop(&mut self) {
        // SAFETY: the mask came from pthread_sigmask of this thread; a null third argument asks for nothing back.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &self.0, std::ptr::null_mut()) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[test]
    fn a_thread_of_an_engine_is_marked_with_its_log_and_nests() {
        let written = Arc::new(Mutex::new(Vec::new()));
        let copy = Arc::clone(&written);
        let log = Log::to(Box::new(move |_, text| copy.lock().unwrap().push(text.to_owned()))).unwrap();
        assert!(!is_own() && !Inside::is_entered() && !with_log(|_| unreachable!()));
        let body = || {
            assert!(is_own() && with_log(|log| log.notice("outer")));
            let silent = Log::silent();
            let inner = Inside::enter(&silent);
            with_log(|log| log.notice("not written"));
            drop(inner);
            let outside = Outside::enter();
            assert!(!Inside::is_entered());
            drop(outside);
            with_log(|log| log.notice("outer again"));
        };
        spawn(format_args!("rs-test"), &log, body).unwrap().join().unwrap();
        assert_eq!(*written.lock().unwrap(), ["outer", "outer again"]);
    }

    #[test]
    fn a_panic_ends_the_thread_and_whoever_joins_it_learns_of_it() {
        let thread = spawn(format_args!("rs-test"), &Log::silent(), || panic!("on purpose")).unwrap();
        assert!(!thread.is_this_thread());
        assert_eq!(thread.join(), Err(Panicked));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_thread_has_as_much_of_its_name_as_the_system_takes() {
        for (number, expected) in [(7_u64, "rs-test-7\n"), (10_000_000_000, "rs-test-1000000\n")] {
            let body = move || assert_eq!(std::fs::read_to_string("/proc/thread-self/comm").unwrap(), expected);
            assert_eq!(spawn(format_args!("rs-test-{number}"), &Log::silent(), body).unwrap().join(), Ok(()));
        }
    }

    #[test]
    fn a_thread_of_an_engine_takes_no_signals_of_the_host() {
        let blocked = |signal| {
            let mut set = MaybeUninit::<libc::sigset_t>::uninit();
            // SAFETY: a null set changes nothing, `set` gets the present mask.
            unsafe {
                libc::pthread_sigmask(libc::SIG_BLOCK, null(), set.as_mut_ptr());
                libc::sigismember(set.as_ptr(), signal) == 1
            }
        };
        let before = blocked(libc::SIGUSR1);
        let body = move || assert!(blocked(libc::SIGUSR1) && blocked(libc::SIGPIPE) && !blocked(libc::SIGSEGV));
        spawn(format_args!("rs-test"), &Log::silent(), body).unwrap().join().unwrap();
        assert_eq!(blocked(libc::SIGUSR1), before);
    }
}
