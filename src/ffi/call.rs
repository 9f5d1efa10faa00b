//! A running call of a host command, as its handler sees it.
//!
//! The handler holds a pointer to a [`Call`] on the stack of the thread that runs it. Which one that is, a thread-local
//! knows, so a pointer that is stale, of another thread, or of the outer one of two nested calls is told from the right
//! one without being looked at.

use super::cast::{self, UserData};
use super::command::arguments;
use super::guard::{caught, code};
use super::reply::rs_reply;
use super::status::{Outcome, RS_ERR_ARGUMENT, RS_ERR_NO_MEMORY, RS_ERR_PANIC, RS_OK, fail, rs_status};
use super::tree::{build, nil};
use super::typed::rs_slice;
use crate::commands::host::{Call, Fault};
use crate::hooks::reach;
use crate::keyspace::NoMemory;
use smallvec::SmallVec;
use std::cell::Cell;
use std::ffi::{c_char, c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::{NonNull, null, null_mut};

/// Longest argument of a command that a handler runs: that of a string in its reply.
const ARGUMENT_BYTES_MAX: usize = 512 * 1024 * 1024;

/// A running call of a host command: what its handler replies to and runs commands by. Belongs to the library, ends when the
/// handler returns, and is of use only in the handler's thread.
pub struct rs_call {
    _private: [u8; 0],
}

/// A handler that is there.
pub type Handler = unsafe extern "C" fn(call: *mut rs_call, argc: c_int, argv: *const rs_slice, ud: *mut c_void);

thread_local! {
    /// The innermost call that a handler of this thread runs; NULL outside handlers.
    static RUNNING: Cell<*const rs_call> = const { Cell::new(null()) };
}

/// Runs a handler.
///
/// # Errors
/// If there is no memory for its arguments; then it has not run.
pub fn run(call: &mut Call, handler: Handler, userdata: UserData) -> Result<(), NoMemory> {
    let slice = |arg: &&[u8]| rs_slice { data: arg.as_ptr().cast(), len: arg.len() };
    let mut argv = SmallVec::<[rs_slice; 16]>::new();
    argv.try_reserve_exact(call.argv().len()).map_err(|_| NoMemory)?;
    argv.extend(call.argv().iter().map(slice));
    let argc = c_int::try_from(argv.len()).unwrap_or(c_int::MAX);
    let call = std::ptr::from_mut(call).cast::<rs_call>();
    let outer = RUNNING.replace(call);
    // SAFETY: the host has given this function for `userdata`; `call` and `argv` outlive it.
    unsafe { handler(call, argc, argv.as_ptr(), userdata.0) };
    RUNNING.set(outer);
    Ok(())
}

/// Runs `body` on the call that a handler gives.
fn with<R>(call: *mut rs_call, body: impl FnOnce(&mut Call) -> Outcome<R>) -> Outcome<R> {
    if call.is_null() || !std::ptr::eq(call, RUNNING.get()) {
        return Err(fail(RS_ERR_ARGUMENT, format_args!("this is not the call that runs in this thread")));
    }
    // SAFETY: `run` has set the pointer, which this thread's handler now has from it, and uses its call again only when the
    // handler has returned. Nobody else has a reference: `body` may run another handler, whose call is another.
    let call = unsafe { &mut *call.cast::<Call>() };
    if call.has_panicked() {
        return Err(fail(RS_ERR_PANIC, format_args!("an internal error has ended this call")));
    }
    let body = || {
        reach("host call");
        body(call)
    };
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(outcome) => outcome,
        Err(payload) => {
            let failure = caught(payload.as_ref());
            call.panicked(payload);
            Err(failure)
        }
    }
}

fn reply(call: *mut rs_call, write: impl FnOnce(&mut Call) -> Result<(), Fault>) -> rs_status {
    code(with(call, |call| match write(call) {
        Ok(()) => Ok(RS_OK),
        Err(Fault::NoMemory) => Err(fail(RS_ERR_NO_MEMORY, format_args!("no memory for the reply"))),
        Err(fault) => Err(fail(RS_ERR_ARGUMENT, format_args!("the host command {}", fault.text()))),
    }))
}

/// Replies with an integer.
///
/// The rules of all replies: A handler replies once. An array or a map counts as one reply with its elements, which are the
/// next replies, arrays and maps among them. What the client gets is made when the handler has returned; if there is no reply,
/// more than one, or elements are missing, or something was refused, it is an error instead, and a warning goes to the
/// logger. The protocol stream is never damaged. What commands have changed stays changed.
///
/// Returns, like all of these, `RS_OK`; `RS_ERR_ARGUMENT` if `call` is not the call that runs in this thread, a pointer is
/// NULL, the reply is complete already, or it is too large (a string above 512 MB, a status or an error above 64 KB, 2^31
/// elements, 64 levels); `RS_ERR_NO_MEMORY`. Only from inside the handler.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_call_reply_integer(call: *mut rs_call, value: i64) -> rs_status {
    reply(call, |call| call.reply_integer(value))
}

/// Replies with a string of `len` bytes, any bytes. Returns as `rs_call_reply_integer`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_call_reply_bulk(call: *mut rs_call, data: *const c_void, len: usize) -> rs_status {
    // SAFETY: by the rules of the header.
    code(unsafe { cast::bytes(data, len) }.map(|data| reply(call, |call| call.reply_bulk(data))))
}

/// Replies with a short text that tells how it went, such as "OK"; line breaks in it become spaces. Returns as
/// `rs_call_reply_integer`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_call_reply_status(call: *mut rs_call, text: *const c_char) -> rs_status {
    // SAFETY: by the rules of the header.
    code(unsafe { cast::text(text) }.map(|text| reply(call, |call| call.reply_status(text))))
}

/// Replies with an error. Its first word, in capitals, is its code ("LIMITED try again later"); a text without one gets
/// "ERR". Line breaks become spaces. The command counts as failed, unless the error is an element of an array or a map. Returns
/// as `rs_call_reply_integer`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_call_reply_error(call: *mut rs_call, text: *const c_char) -> rs_status {
    // SAFETY: by the rules of the header.
    code(unsafe { cast::text(text) }.map(|text| reply(call, |call| call.reply_error(text))))
}

/// Replies with nothing: nil. Returns as `rs_call_reply_integer`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_call_reply_nil(call: *mut rs_call) -> rs_status {
    reply(call, |call| call.reply_nil())
}

/// Replies with a double: a string to clients that speak RESP2. Returns as `rs_call_reply_integer`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_call_reply_double(call: *mut rs_call, value: f64) -> rs_status {
    reply(call, |call| call.reply_double(value))
}

/// Replies with an array of `n` elements, which are the next `n` replies. Returns as `rs_call_reply_integer`.
///
///     rs_call_reply_array(call, 2);
///     rs_call_reply_integer(call, 1);
///     rs_call_reply_bulk(call, "one", 3);
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_call_reply_array(call: *mut rs_call, n: usize) -> rs_status {
    reply(call, |call| call.reply_array(n))
}

/// Replies with a map of `n` pairs: the next 2 * `n` replies are key, value, key, value ... Clients that speak RESP2 get
/// an array of 2 * `n` elements. Returns as `rs_call_reply_integer`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_call_reply_map(call: *mut rs_call, n: usize) -> rs_status {
    reply(call, |call| call.reply_map(n))
}

/// Runs a command on keys of this call, given as for `rs_command_argv`: a built-in one or another of the host's. It is part of the
/// call: nobody sees the keys between one command and the next, and what it changes counts, wakes clients that wait
/// for it and breaks their WATCH when the call is over.
///
/// These are refused, by an error reply that says so: commands that use a key which is none of the call's; those that need
/// more than keys (KEYS, FLUSHALL, SORT with patterns); those that can wait (BLPOP; XREAD with BLOCK); those about the
/// connection or transactions (SELECT, CLIENT, MULTI); administrative ones; from a command registered as readonly, those that
/// write; when `maxmemory` was used up as the call first needed memory, those with the flag denyoom. Host commands can be
/// nested 16 levels deep.
///
/// Returns the reply, as a session without HELLO 3 gets it, to be freed with `rs_reply_free` before or after the handler
/// returns. A failure is a reply of type RS_REPLY_ERROR: the handler decides what its own reply is. NULL, explained by
/// `rs_last_status` and `rs_last_error`, only if `call` is not the call that runs in this thread, a pointer is NULL, `argc` is not positive,
/// there is no memory, or an internal error was caught.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_call_command_argv(
    call: *mut rs_call,
    argc: c_int,
    argv: *mut *const c_char,
    argvlen: *const usize,
) -> *mut rs_reply {
    let outcome = with(call, |call| {
        // SAFETY: by the rules of the header.
        let argv = unsafe { arguments(argc, argv, argvlen, ARGUMENT_BYTES_MAX)? };
        call.command(&argv, |bytes| match bytes {
            Ok(b"") => nil(),
            Ok(bytes) => build(bytes).map(|(reply, _)| reply),
            Err(NoMemory) => Err(fail(RS_ERR_NO_MEMORY, format_args!("no memory for a reply"))),
        })
    });
    outcome.map_or(null_mut(), NonNull::as_ptr)
}
