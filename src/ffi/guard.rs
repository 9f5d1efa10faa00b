//! The guard around every exported body: no panic crosses the boundary, nothing is printed, no call from inside a
//! callback can deadlock.
//!
//! What: while a body runs, the thread is marked with the log of the engine that it works for ([`Inside`]). The panic
//! hook finds the mark and writes the panic to that log instead of standard error. A call that would take locks finds
//! it and knows that it comes from inside a callback of the same thread, which may hold such a lock: it is refused with
//! `RS_ERR_BUSY`.
//!
//! **The panic hook** belongs to a copy of `std`. `libredisrs.a` and `libredisrs.so` bring their own, so replacing its
//! hook touches nobody else, not even another Rust library in the same process. In a Rust program, which shares its
//! `std` with this crate, a panic outside the library goes to whatever hook was there before.
//!
//! Cost: two stores to a thread-local without destructor and a call that is not inlined, about 3 ns.

use super::status::{Failure, Outcome, RS_ERR_BUSY, RS_ERR_PANIC, fail, rs_status};
use crate::engine::Engine;
use crate::engine::events::is_delivering;
use crate::engine::log::{Level, Log};
use crate::engine::threads::{self, Inside};
use crate::hooks::reach;
use std::any::Any;
use std::panic::{AssertUnwindSafe, Location, PanicHookInfo, catch_unwind};
use std::sync::{Once, OnceLock};

/// Runs a body that touches no engine. May be called from inside a callback.
pub fn plain<T>(body: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
    let log = Log::silent();
    let _inside = Inside::enter(&log);
    let body = || {
        reach("call");
        body()
    };
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|panic| Err(caught(panic.as_ref())))
}

/// Runs a body that works on structures of the host's own (`parts`), without a handle and within a few nanoseconds. So there
/// is no mark; and the guard costs nothing where the compiler sees that no panic can come, which is everywhere but in
/// complaints about arguments. After a panic `otherwise` is returned, and `rs_last_status` is `RS_ERR_PANIC`.
#[inline(always)]
pub fn bare<T>(otherwise: T, body: impl FnOnce() -> T) -> T {
    let body = || {
        reach("part");
        body()
    };
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|panic| {
        caught(panic.as_ref());
        otherwise
    })
}

/// Runs a body that makes or ends a handle of an engine. Refused from inside a callback, where it could wait for itself.
pub fn outermost<T>(body: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
    if Inside::is_entered() {
        return Err(called_back());
    }
    plain(body)
}

/// [`outermost`] for a body that waits for threads of an engine: refused also from inside an event callback, which such a
/// thread may be running.
pub fn ending<T>(body: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
    not_in_listener()?;
    outermost(body)
}

/// Refuses what not even an event callback may do.
pub fn not_in_listener() -> Outcome<()> {
    if is_delivering() { Err(called_back()) } else { Ok(()) }
}

/// Runs a body that works on `engine`. What it has locked when it panics is not trusted any more (`keyspace::damage`).
#[inline]
pub fn on<T>(engine: &Engine, body: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
    if Inside::is_entered() {
        return Err(called_back());
    }
    let _inside = Inside::enter(&engine.log);
    let body = || {
        reach("call");
        body()
    };
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|panic| {
        engine.after_panic();
        Err(caught(panic.as_ref()))
    })
}

#[cold]
fn called_back() -> Failure {
    fail(RS_ERR_BUSY, format_args!("called from inside a callback of this library"))
}

#[cold]
pub fn caught(panic: &(dyn Any + Send)) -> Failure {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    fail(RS_ERR_PANIC, format_args!("internal error: {}", text.unwrap_or("unknown")))
}

/// The code to return.
#[inline]
pub fn code(outcome: Outcome<rs_status>) -> rs_status {
    match outcome {
        Ok(status) | Err(Failure(status)) => status,
    }
}

type PanicHook = Box<dyn Fn(&PanicHookInfo<'_>) + Sync + Send>;

/// Sends panics inside the library to the log of their engine, from now on. Every function that makes a first handle
/// calls it.
pub fn install_panic_hook() {
    /// What it replaces. Not in the hook itself, which so is a box of nothing, for which no memory is asked.
    static PREVIOUS: OnceLock<PanicHook> = OnceLock::new();
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        PREVIOUS.get_or_init(std::panic::take_hook);
        std::panic::set_hook(Box::new(|panic| {
            let is_logged = threads::with_log(|log| log.note(Level::Warning, format_args!("internal error: {panic}")));
            if !is_logged
                && !is_of_this_folder(panic)
                && let Some(previous) = PREVIOUS.get()
            {
                previous(panic);
            }
        }));
    });
}

/// Whether a panic of an unmarked thread happened here, under [`bare`]: nothing but `rs_last_error` tells of it. A failed
/// assertion of a unit test is not meant.
fn is_of_this_folder(panic: &PanicHookInfo<'_>) -> bool {
    let folder = file!().strip_suffix("guard.rs");
    let place = panic.location().map(Location::file);
    !cfg!(test) && folder.zip(place).is_some_and(|(folder, place)| place.starts_with(folder))
}

#[cfg(test)]
mod tests {
    use super::super::status::RS_OK;
    use super::*;
    use crate::engine::clock::Clock;
    use crate::engine::settings::Settings;
    use std::sync::{Arc, Mutex};

    #[test]
    fn a_panic_becomes_a_status_and_goes_to_the_log() {
        install_panic_hook();
        let written = Arc::new(Mutex::new(String::new()));
        let copy = Arc::clone(&written);
        let log = Log::to(Box::new(move |_, text| copy.lock().unwrap().push_str(text))).unwrap();
        let engine = Engine::open(Settings::new(), Clock::system(), log).unwrap();
        let other = Engine::open(Settings::new(), Clock::system(), Log::silent()).unwrap();
        assert_eq!(code(on(&other, || Ok(RS_OK))), RS_OK);
        assert_eq!(code(on(&engine, || panic!("one {}", 1))), RS_ERR_PANIC);
        assert!(!engine.is_damaged() && !other.is_damaged(), "nothing was locked");
        assert!(written.lock().unwrap().contains("one 1"));
        assert_eq!(code(plain(|| panic!("two"))), RS_ERR_PANIC);
        assert_eq!(code(on(&other, || Ok(RS_OK))), RS_OK, "the marker is gone after a panic");
    }

    #[test]
    fn a_call_from_inside_a_callback_is_refused() {
        let engine = Engine::open(Settings::new(), Clock::system(), Log::silent()).unwrap();
        let inner = on(&engine, || Ok((code(on(&engine, || Ok(RS_OK))), code(plain(|| Ok(RS_OK))))));
        assert_eq!(inner, Ok((RS_ERR_BUSY, RS_OK)));
    }
}
