//! Status codes, and the text of a thread's last failure.

use crate::storage::NoMemory;
use std::cell::{Cell, UnsafeCell};
use std::ffi::{CStr, c_char};
use std::fmt;

/// The result of a call: 0 is success, a positive number success with a remark, a negative number
/// failure. A number keeps its meaning for ever.
pub type rs_status = i32;

/// Success.
pub const RS_OK: rs_status = 0;
/// Success, and there is nothing: no such key, no complete reply yet.
pub const RS_NIL: rs_status = 1;
/// An argument is NULL, negative, too large or otherwise impossible.
pub const RS_ERR_ARGUMENT: rs_status = -1;
/// A setting has an unknown name or a bad value; the text names it.
pub const RS_ERR_CONFIG: rs_status = -2;
/// The operating system refused something: a file, a socket, a thread.
pub const RS_ERR_IO: rs_status = -3;
/// The address to listen at is taken.
pub const RS_ERR_ADDR_IN_USE: rs_status = -4;
/// Out of memory, or above `maxmemory`.
pub const RS_ERR_NO_MEMORY: rs_status = -5;
/// The key holds another type of value.
pub const RS_ERR_WRONG_TYPE: rs_status = -6;
/// The buffer is too small; the length that is needed was written.
pub const RS_ERR_BUFFER_TOO_SMALL: rs_status = -7;
/// Nothing happened in the given time.
pub const RS_ERR_TIMEOUT: rs_status = -8;
/// The session or server was closed or interrupted.
pub const RS_ERR_CLOSED: rs_status = -9;
/// Not now: session in use or in a transaction, or called from inside a callback.
pub const RS_ERR_BUSY: rs_status = -10;
/// The command failed; the text is what a client would be told.
pub const RS_ERR_COMMAND: rs_status = -11;
/// An internal error was caught, now or earlier: the keys it had locked are not served.
pub const RS_ERR_PANIC: rs_status = -12;
/// What was named does not exist.
pub const RS_ERR_NOT_FOUND: rs_status = -13;
/// What was to be made exists already.
pub const RS_ERR_EXISTS: rs_status = -14;
/// The bytes are not what the protocol allows.
pub const RS_ERR_PROTOCOL: rs_status = -15;

/// Every code with its name.
const NAMES: [(rs_status, &CStr); 17] = [
    (RS_OK, c"RS_OK"),
    (RS_NIL, c"RS_NIL"),
    (RS_ERR_ARGUMENT, c"RS_ERR_ARGUMENT"),
    (RS_ERR_CONFIG, c"RS_ERR_CONFIG"),
    (RS_ERR_IO, c"RS_ERR_IO"),
    (RS_ERR_ADDR_IN_USE, c"RS_ERR_ADDR_IN_USE"),
    (RS_ERR_NO_MEMORY, c"RS_ERR_NO_MEMORY"),
    (RS_ERR_WRONG_TYPE, c"RS_ERR_WRONG_TYPE"),
    (RS_ERR_BUFFER_TOO_SMALL, c"RS_ERR_BUFFER_TOO_SMALL"),
    (RS_ERR_TIMEOUT, c"RS_ERR_TIMEOUT"),
    (RS_ERR_CLOSED, c"RS_ERR_CLOSED"),
    (RS_ERR_BUSY, c"RS_ERR_BUSY"),
    (RS_ERR_COMMAND, c"RS_ERR_COMMAND"),
    (RS_ERR_PANIC, c"RS_ERR_PANIC"),
    (RS_ERR_NOT_FOUND, c"RS_ERR_NOT_FOUND"),
    (RS_ERR_EXISTS, c"RS_ERR_EXISTS"),
    (RS_ERR_PROTOCOL, c"RS_ERR_PROTOCOL"),
];

/// The name of a status, such as `"RS_ERR_TIMEOUT"`; `"unknown status"` for a number that is none. The
/// string is static. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn rs_status_name(status: rs_status) -> *const c_char {
    let known = NAMES.iter().find(|(code, _)| *code == status);
    known.map_or(c"unknown status", |(_, name)| name).as_ptr()
}

/// What went wrong in the calling thread's last call that failed: text for people, without a line break at
/// its end, never NULL, empty if nothing has failed yet. Valid until the thread's next call of any function
/// of this library; copy it to keep it.
#[unsafe(no_mangle)]
pub extern "C" fn rs_last_error() -> *const c_char {
    LAST_ERROR.with(|last| last.text.get().cast())
}

/// The code of the calling thread's last call that failed, whose text is in `rs_last_error`: why a function that returns a
/// pointer has returned NULL. `RS_OK` if nothing has failed yet.
///
///     rs_reply *reply = rs_command(session, "BLPOP queue 0");
///     if (reply == NULL && rs_last_status() == RS_ERR_CLOSED)
///         return;
#[unsafe(no_mangle)]
pub extern "C" fn rs_last_status() -> rs_status {
    LAST_ERROR.with(|last| last.status.get())
}

/// Longest text kept.
const TEXT_BYTES_MAX: usize = 511;

/// The last failure of a thread. Without a destructor on purpose: a thread-local that has one would keep a
/// library that was opened with dlopen from being unloaded, and it could not be read late in a thread's life.
struct LastError {
    text: UnsafeCell<[u8; TEXT_BYTES_MAX + 1]>,
    len: Cell<usize>,
    status: Cell<rs_status>,
}

thread_local! {
    static LAST_ERROR: LastError =
        const { LastError { text: UnsafeCell::new([0; TEXT_BYTES_MAX + 1]), len: Cell::new(0), status: Cell::new(RS_OK) } };
}

/// A failure on its way to the caller: the code to return, whose text is in the thread's last error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure(pub rs_status);

/// What the body of an exported function ends with.
pub type Outcome<T> = Result<T, Failure>;

/// Notes a failure of the calling thread: its code, and the text for [`rs_last_error`].
pub fn fail(status: rs_status, text: fmt::Arguments<'_>) -> Failure {
    debug_assert!(status < 0, "only failures have a text");
    LAST_ERROR.with(|last| {
        last.begin(status);
        // The text is cut off where the room ends.
        let _ = fmt::write(&mut Text(last), text);
        last.terminate();
    });
    Failure(status)
}

/// What a function fails with that finds no memory for what it makes.
#[cold]
pub fn no_memory() -> Failure {
    fail(RS_ERR_NO_MEMORY, format_args!("out of memory"))
}

impl From<NoMemory> for Failure {
    fn from(_: NoMemory) -> Self {
        no_memory()
    }
}

/// [`fail`] with a text that may be anything a client sent.
pub fn fail_with_bytes(status: rs_status, text: &[u8]) -> Failure {
    LAST_ERROR.with(|last| {
        last.begin(status);
        last.append(text);
        last.terminate();
    });
    Failure(status)
}

struct Text<'a>(&'a LastError);

impl fmt::Write for Text<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.append(text.as_bytes());
        Ok(())
    }
}

impl LastError {
    fn begin(&self, status: rs_status) {
        self.status.set(status);
        self.len.set(0);
    }

    fn append(&self, bytes: &[u8]) {
        let start = self.len.get();
        let kept = &bytes[..bytes.len().min(TEXT_BYTES_MAX - start)];
        // SAFETY: the cell belongs to this thread, and no reference into it outlives a call of this file: C
        // only got a pointer, which `rs_last_error` declares stale by now.
        let text = unsafe { &mut *self.text.get() };
        text[start..start + kept.len()].copy_from_slice(kept);
        self.len.set(start + kept.len());
    }

    fn terminate(&self) {
        // SAFETY: as in `append`.
        let text = unsafe { &mut *self.text.get() };
        // A NUL inside would hide what follows.
        text[..self.len.get()].iter_mut().filter(|byte| **byte == 0).for_each(|byte| *byte = b' ');
        text[self.len.get()] = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn last_error() -> Vec<u8> {
        // SAFETY: the text is terminated and this thread makes no other call meanwhile.
        unsafe { CStr::from_ptr(rs_last_error()) }.to_bytes().to_vec()
    }

    #[test]
    fn names_are_distinct_and_numbers_are_those_of_the_contract() {
        let expected = [0, 1, -1, -2, -3, -4, -5, -6, -7, -8, -9, -10, -11, -12, -13, -14, -15];
        assert_eq!(NAMES.map(|(code, _)| code), expected);
        // SAFETY: the names are static and terminated.
        let name = |code| unsafe { CStr::from_ptr(rs_status_name(code)) }.to_str().unwrap();
        assert_eq!(name(-8), "RS_ERR_TIMEOUT");
        assert_eq!(name(-99), "unknown status");
    }

    #[test]
    fn texts_are_terminated_cut_off_and_of_this_thread_only() {
        std::thread::spawn(|| {
            assert_eq!((last_error(), rs_last_status()), (vec![], RS_OK));
            assert_eq!(fail(RS_ERR_IO, format_args!("a {}", 7)), Failure(RS_ERR_IO));
            assert_eq!(last_error(), b"a 7");
            fail_with_bytes(RS_ERR_COMMAND, b"x\0y");
            assert_eq!((&last_error()[..], rs_last_status()), (&b"x y"[..], RS_ERR_COMMAND));
            fail_with_bytes(RS_ERR_COMMAND, &[b'z'; 10_000]);
            assert_eq!(last_error(), [b'z'; TEXT_BYTES_MAX]);
            std::thread::spawn(|| assert_eq!(last_error(), b"")).join().unwrap();
        })
        .join()
        .unwrap();
    }
}
