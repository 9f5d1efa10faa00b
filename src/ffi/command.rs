//! Commands of an in-process session: arguments in, reply trees out.

use super::cast;
use super::format::{Arguments, Source};
use super::guard::{code, plain};
use super::inbox::Wake;
use super::reply::{rs_reply, rs_reply_free};
use super::session::{State, closed, rs_session};
use super::status::{Failure, Outcome, RS_ERR_ARGUMENT, RS_ERR_CLOSED, RS_ERR_NO_MEMORY, RS_OK, fail, rs_status};
use super::tree::{build, nil};
use crate::commands::dispatch::{self, Prepared};
use crate::commands::session::Close;
use crate::engine::Engine;
use crate::engine::clients::{End, Waiting};
use crate::hooks::reach;
use smallvec::SmallVec;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr::{NonNull, null, null_mut};
use std::time::Duration;

/// Commands of a batch whose cache misses overlap.
const WINDOW: usize = 32;
/// Time between two looks at a clock that the host moves.
const INJECTED_CLOCK_POLL_MS: i64 = 10;

/// What a command of a batch gets if the session was closed before or under it.
const CLOSED_REPLY: &[u8] = b"-RS_ERR_CLOSED this session was closed\r\n";

/// The arguments of one command; few need no allocation.
type Argv<'a> = SmallVec<[&'a [u8]; 16]>;

/// Runs one command given as `argc` arguments, the name first; `argvlen` NULL means that all are terminated strings.
/// Keys and values may hold any bytes.
///
///     const char *argv[] = { "SET", "key", "value" };
///     rs_reply *reply = rs_command_argv(session, 3, argv, NULL);
///     if (reply != NULL && reply->type == RS_REPLY_ERROR)
///         fprintf(stderr, "%s\n", reply->str);
///     rs_reply_free(reply);
///
/// A command that waits (BLPOP) blocks the calling thread until it is served or its time is over; `rs_session_interrupt` ends
/// that.
///
/// Returns the reply, to be freed with `rs_reply_free`. A command that fails is a reply too, of type RS_REPLY_ERROR; one
/// that was told to be silent (CLIENT REPLY) is nil. NULL, explained by `rs_last_status` and `rs_last_error`, only if a
/// pointer is NULL, `argc` is not positive, an argument is longer than `proto-max-bulk-len` (512 MB unless set otherwise),
/// the session is closed or used by another thread, the call comes from inside a callback, there is no memory, or an
/// internal error was caught.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_command_argv(
    session: *mut rs_session,
    argc: c_int,
    argv: *mut *const c_char,
    argvlen: *const usize,
) -> *mut rs_reply {
    // SAFETY: by the rules of the header.
    give(unsafe { cast::shared(session) }.and_then(|session| {
        session.with(|engine, state| {
            // SAFETY: by the rules of the header.
            let argv = unsafe { arguments(argc, argv, argvlen, session.bytes_max())? };
            execute(session, engine, state, &argv, &Prepared::default())?;
            finish(session, state)
        })
    }))
}

/// Runs `n` commands, command i given by `argc[i]`, `argv[i]` and `argvlen[i]` as for `rs_command_argv` (`argvlen` NULL, or one of
/// its elements NULL: terminated strings). They run in order, as if given one by one, but what they need is fetched from
/// memory together, which is faster when there is much data. The batch is no transaction. If one of them closes the
/// session (QUIT), or another client does meanwhile, those behind it do not run: each gets an error that begins with
/// RS_ERR_CLOSED.
///
/// Returns `RS_OK` and writes `n` replies, each to be freed with `rs_reply_free`. `RS_ERR_ARGUMENT` if a pointer is NULL, a
/// count is not positive or an argument longer than `proto-max-bulk-len`: then no command has run. `RS_ERR_NO_MEMORY` if there was no memory for a reply, `RS_ERR_PANIC`:
/// then commands may have run, and nothing is written. `RS_ERR_BUSY`, `RS_ERR_CLOSED` as for any session. `n` 0 is a no-op.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_command_batch(
    session: *mut rs_session,
    n: usize,
    argc: *const c_int,
    argv: *mut *mut *const c_char,
    argvlen: *mut *const usize,
    out: *mut *mut rs_reply,
) -> rs_status {
    let parsed = plain(|| {
        // SAFETY: by the rules of the header.
        let (session, argc, argv) = unsafe { (cast::shared(session)?, cast::array(argc, n)?, cast::array(argv, n)?) };
        // SAFETY: by the rules of the header.
        let argvlen = if argvlen.is_null() { &[][..] } else { unsafe { cast::array(argvlen, n)? } };
        // SAFETY: by the rules of the header; looked at for its address only.
        unsafe { cast::array(out.cast::<*const c_void>(), n)? };
        let mut commands: Vec<Argv> = Vec::new();
        commands.try_reserve_exact(n).map_err(|_| no_memory())?;
        for index in 0..n {
            let lengths = argvlen.get(index).copied().unwrap_or(null());
            // SAFETY: by the rules of the header.
            commands.push(unsafe { arguments(argc[index], argv[index], lengths, session.bytes_max())? });
        }
        Ok((session, commands))
    });
    code(parsed.and_then(|(session, commands)| {
        let replies = session.with(|engine, state| run_batch(session, engine, state, &commands))?;
        for (index, reply) in replies.into_iter().enumerate() {
            // SAFETY: `out` has room for `n` pointers by the rules of the header, and there are as many replies.
            unsafe { out.add(index).write(reply.as_ptr()) };
        }
        Ok(RS_OK)
    }))
}

/// The arguments of one command, none of them longer than `bytes_max`.
///
/// # Safety
/// `argv` and `argvlen`, if not NULL, point to `argc` elements, and these to bytes as declared, for `'a`.
pub(super) unsafe fn arguments<'a>(
    argc: c_int,
    argv: *const *const c_char,
    argvlen: *const usize,
    bytes_max: usize,
) -> Outcome<Argv<'a>> {
    let count = usize::try_from(argc).ok().filter(|&count| count > 0);
    let count = count.ok_or_else(|| fail(RS_ERR_ARGUMENT, format_args!("a command has at least one argument")))?;
    // SAFETY: the caller's promise.
    let argv = unsafe { cast::array(argv, count)? };
    let mut list = Argv::new();
    list.try_reserve_exact(count).map_err(|_| no_memory())?;
    if argvlen.is_null() {
        for &arg in argv {
            // SAFETY: the caller's promise.
            let text = unsafe { cast::text(arg)? };
            cast::within(text.len(), bytes_max)?;
            list.push(text);
        }
    } else {
        // SAFETY: the caller's promise.
        for (&arg, &len) in argv.iter().zip(unsafe { cast::array(argvlen, count)? }) {
            // SAFETY: the caller's promise.
            list.push(unsafe { cast::bytes_within(arg.cast(), len, bytes_max)? });
        }
    }
    Ok(list)
}

#[cold]
fn no_memory() -> Failure {
    fail(RS_ERR_NO_MEMORY, format_args!("no memory for the arguments"))
}

#[cold]
fn no_memory_for_reply() -> Failure {
    fail(RS_ERR_NO_MEMORY, format_args!("no memory for a reply"))
}

#[inline]
fn give(outcome: Outcome<NonNull<rs_reply>>) -> *mut rs_reply {
    outcome.map_or(null_mut(), NonNull::as_ptr)
}

/// Runs one command to its end.
#[inline]
fn execute(
    session: &rs_session,
    engine: &Engine,
    state: &mut State,
    argv: &[&[u8]],
    prepared: &Prepared,
) -> Outcome<()> {
    state.writer.clear();
    dispatch::execute(engine, &mut state.session, argv, prepared, 0, &mut state.writer);
    if state.session.parked.is_some() {
        go_on(session, engine, state)?;
    }
    // Not even the error that would say so found room.
    if state.writer.is_short_of_memory() { Err(no_memory_for_reply()) } else { Ok(()) }
}

/// Finishes a command that gave way or is blocked. A thread of the host has nobody else to give way to.
#[cold]
fn go_on(session: &rs_session, engine: &Engine, state: &mut State) -> Outcome<()> {
    while !dispatch::resume(engine, &mut state.session, 0, &mut state.writer) {
        reach("wait");
        let Some(waiter) = state.session.waiter() else { continue };
        let left_ms = waiter.deadline_ms().map(|deadline_ms| deadline_ms.saturating_sub(engine.clock.now_ms()).max(0));
        // Time that the host moves has to be asked for.
        let wait_ms =
            if engine.clock.is_injected() { left_ms.map(|ms| ms.min(INJECTED_CLOCK_POLL_MS)) } else { left_ms };
        match session.inbox().wait_unblocked(wait_ms.map(|ms| Duration::from_millis(ms.cast_unsigned()))) {
            Wake::Unblocked => {}
            Wake::TimedOut if left_ms == Some(0) => _ = waiter.end(engine, End::TimedOut),
            Wake::TimedOut => {}
            Wake::Interrupted => _ = waiter.end(engine, End::Interrupted),
            Wake::Closed => {
                state.session.stop_waiting(engine);
                return Err(closed());
            }
        }
    }
    Ok(())
}

/// The reply that a command has written. More than one reply, as to SUBSCRIBE with several channels: the others are
/// messages.
#[inline]
fn finish(session: &rs_session, state: &mut State) -> Outcome<NonNull<rs_reply>> {
    let outcome = match state.writer.bytes() {
        [] => nil(),
        bytes => answer_at(bytes).and_then(|at| {
            let (reply, len) = build(&bytes[at..])?;
            if len < bytes.len() {
                session.inbox().push_copy(&bytes[..at]);
                session.inbox().push_copy(&bytes[at + len..]);
            }
            Ok(reply)
        }),
    };
    if state.session.close != Close::No {
        session.inbox().close();
    }
    outcome
}

/// Where the answer begins in what a command has written: behind messages (RESP3 pushes), unless there is nothing else, as in
/// reply to SUBSCRIBE.
#[inline]
fn answer_at(bytes: &[u8]) -> Outcome<usize> {
    let mut at = 0;
    while bytes.get(at) == Some(&b'>') {
        let (message, len) = build(&bytes[at..])?;
        drop(Replies(vec![message]));
        at += len;
    }
    Ok(if at < bytes.len() { at } else { 0 })
}

/// Replies on their way to the host; freed if they do not get there.
struct Replies(Vec<NonNull<rs_reply>>);

impl Replies {
    fn into_iter(mut self) -> impl Iterator<Item = NonNull<rs_reply>> {
        std::mem::take(&mut self.0).into_iter()
    }
}

impl Drop for Replies {
    fn drop(&mut self) {
        for reply in &self.0 {
            // SAFETY: the host has not got this reply.
            unsafe { rs_reply_free(reply.as_ptr()) };
        }
    }
}

fn run_batch(session: &rs_session, engine: &Engine, state: &mut State, commands: &[Argv]) -> Outcome<Replies> {
    let mut replies = Replies(Vec::new());
    replies.0.try_reserve_exact(commands.len()).map_err(|_| no_memory())?;
    for window in commands.chunks(WINDOW) {
        let prepare = |argv: &Argv| dispatch::prepare(engine, &state.session, argv.len(), |index| argv[index]);
        let prepared: SmallVec<[Prepared; WINDOW]> = window.iter().map(prepare).collect();
        dispatch::prefetch::<WINDOW>(&engine.keyspace.glance(&mut state.reader), &prepared);
        for (argv, prepared) in window.iter().zip(&prepared) {
            reach("batch");
            let reply = match execute_in_batch(session, engine, state, argv, prepared) {
                Ok(()) => finish(session, state),
                // A connection's requests behind a QUIT are dropped, too; but here each has its place in the array.
                Err(Failure(RS_ERR_CLOSED)) => build(CLOSED_REPLY).map(|(reply, _)| reply),
                Err(failure) => Err(failure),
            };
            replies.0.push(reply?);
        }
    }
    Ok(replies)
}

/// Runs one command of a batch, unless one before it has closed the session.
fn execute_in_batch(
    session: &rs_session,
    engine: &Engine,
    state: &mut State,
    argv: &Argv,
    prepared: &Prepared,
) -> Outcome<()> {
    if session.inbox().is_closed() { Err(closed()) } else { execute(session, engine, state, argv, prepared) }
}

// ---- the formatted form: see `format` and shim.c ----

unsafe extern "C" {
    // The variadic halves of `rs_command` and `rs_vcommand`; here only addresses to jump to.
    fn rs_internal_command();
    fn rs_internal_vcommand();
}

/// Jumps to a function of shim.c with all registers and the stack as the caller has set them: what C's `...` and `va_list`
/// consist of passes through untouched. Rust exports the symbol, because symbols of C objects are not exported from a
/// shared library that rustc links.
macro_rules! export_variadic {
    ($name:ident => $target:ident) => {
        #[unsafe(naked)]
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name() {
            #[cfg(target_arch = "x86_64")]
            std::arch::naked_asm!("jmp {}", sym $target);
            #[cfg(target_arch = "aarch64")]
            std::arch::naked_asm!("b {}", sym $target);
            #[cfg(target_arch = "riscv64")]
            std::arch::naked_asm!("tail {}", sym $target);
        }
    };
}

export_variadic!(rs_command => rs_internal_command);
export_variadic!(rs_vcommand => rs_internal_vcommand);

/// What shim.c calls with the arguments of `rs_command` and `rs_vcommand`. Its symbol is hidden: the shim declares it so.
#[unsafe(no_mangle)]
unsafe extern "C" fn rs_internal_run_format(
    session: *mut rs_session,
    format: *const c_char,
    list: *mut c_void,
) -> *mut rs_reply {
    let arguments = plain(|| {
        // SAFETY: by the rules of the header; the list is the shim's.
        let (session, format) = unsafe { (cast::shared(session)?, cast::text(format)?) };
        Ok((session, Arguments::read(format, &mut VaList { list, bytes_max: session.bytes_max() })?))
    });
    give(arguments.and_then(|(session, arguments)| {
        session.with(|engine, state| {
            let argv = arguments.argv()?;
            // What several conversions have put together, too.
            argv.iter().try_for_each(|arg| cast::within(arg.len(), session.bytes_max()))?;
            execute(session, engine, state, &argv, &Prepared::default())?;
            finish(session, state)
        })
    }))
}

/// The variable arguments of one call, in the hands of shim.c.
struct VaList {
    list: *mut c_void,
    /// Longest argument.
    bytes_max: usize,
}

unsafe extern "C" {
    fn rs_internal_next_pointer(list: *mut c_void) -> *const c_void;
    fn rs_internal_next_size(list: *mut c_void) -> usize;
    fn rs_internal_skip(list: *mut c_void, kind: c_int);
    fn rs_internal_print(list: *mut c_void, directive: *const c_char, out: *mut c_char, room: usize) -> c_int;
}

impl Source for VaList {
    fn text(&mut self) -> Outcome<&[u8]> {
        // SAFETY: the list is alive, and the format says that a string comes next.
        unsafe { cast::text(rs_internal_next_pointer(self.list).cast()) }
    }

    fn bytes(&mut self) -> Outcome<&[u8]> {
        // SAFETY: the list is alive, and the format says that a pointer and a size come next.
        unsafe {
            let start = rs_internal_next_pointer(self.list);
            cast::bytes_within(start, rs_internal_next_size(self.list), self.bytes_max)
        }
    }

    fn print(&mut self, directive: &CStr, out: &mut [u8]) -> Option<usize> {
        let (start, room) = (out.as_mut_ptr().cast(), out.len());
        // SAFETY: the list is alive, its next argument is what the directive takes, and the room is that of `out`.
        let len = unsafe { rs_internal_print(self.list, directive.as_ptr(), start, room) };
        usize::try_from(len).ok()
    }

    fn skip(&mut self, kind: c_int) {
        // SAFETY: the list is alive, and the format says that such an argument comes next.
        unsafe { rs_internal_skip(self.list, kind) }
    }
}
