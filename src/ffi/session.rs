//! In-process sessions.

use super::cast::{self, Out};
use super::engine::{Host, rs_engine};
use super::guard::{self, code, on, outermost};
use super::inbox::{Inbox, Received};
use super::reply::rs_reply;
use super::server::timeout;
use super::status::{Failure, Outcome, RS_ERR_BUSY, RS_ERR_CLOSED, RS_ERR_TIMEOUT, RS_OK, fail, rs_status};
use super::tree::build;
use crate::commands::Session;
use crate::engine::Engine;
use crate::engine::clients::{Origin, Outlet};
use crate::engine::events::is_delivering;
use crate::engine::stats::Counters;
use crate::keyspace::{Reader, Shared};
use crate::resp::ReplyWriter;
use std::cell::{Cell, UnsafeCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};

/// A client of an engine in the same process: selected database, transaction, name. Sessions are cheap; have one
/// per thread.
pub struct rs_session {
    host: Shared<Host>,
    inbox: Shared<Inbox>,
    /// A call is using `state`.
    in_use: AtomicBool,
    state: UnsafeCell<State>,
}

// SAFETY: `state` is only reached through `rs_session::with`, which lets in one call at a time.
unsafe impl Sync for rs_session {}

/// What belongs to the call that uses the session.
pub struct State {
    pub session: Session,
    pub writer: ReplyWriter,
    pub reader: Reader,
    counters: Shared<Counters>,
}

/// A writer that has grown beyond this gives its memory back.
const WRITER_BYTES_KEPT: usize = 1024 * 1024;

impl State {
    /// Runs a call and drops what it has left in the writer.
    #[inline]
    fn tidy(&mut self) {
        if self.writer.buffer_mut().capacity() > WRITER_BYTES_KEPT {
            self.writer.take();
        }
    }
}

impl rs_session {
    fn open(host: &Shared<Host>) -> Outcome<Self> {
        let engine = &host.engine;
        let inbox = Shared::new(Inbox::new(engine))?;
        let outlet: Shared<dyn Outlet> = inbox.clone().widen(|inbox| inbox);
        let outlet = Some(outlet);
        let origin = Origin { addr: String::new(), laddr: String::new(), fd: -1, is_unix: false, outlet };
        let reader = engine.keyspace.reader()?;
        let counters = engine.stats.add_block()?;
        let session = Session::new(engine, origin, counters.clone());
        let mut session = session.inspect_err(|_| engine.stats.retire_block(&counters))?;
        // Who can call this library can read its memory: a password would keep nobody out.
        session.authenticated = true;
        session.fills_places = true;
        let state = UnsafeCell::new(State { session, writer: ReplyWriter::default(), reader, counters });
        Ok(Self { host: host.clone(), inbox, in_use: AtomicBool::new(false), state })
    }

    /// Where messages for this session wait.
    pub fn inbox(&self) -> &Shared<Inbox> {
        &self.inbox
    }

    /// Longest key, value or argument that the engine takes.
    #[inline]
    pub fn bytes_max(&self) -> usize {
        self.host.engine.settings.hot().proto_max_bulk_len.load(Ordering::Relaxed)
    }

    /// Runs a call on this session under the guard of its engine.
    #[inline]
    pub fn with<R>(&self, body: impl FnOnce(&Engine, &mut State) -> Outcome<R>) -> Outcome<R> {
        let engine = &*self.host.engine;
        let is_under_way = Cell::new(false);
        let outcome = on(engine, || {
            if self.inbox.is_closed() {
                return Err(closed());
            }
            let _turn = Turn::take(self)?;
            is_under_way.set(true);
            // SAFETY: `Turn` has made sure that no other call is in here.
            let state = unsafe { &mut *self.state.get() };
            // What CLIENT LIST calls idle has seconds; the coarse clock costs nothing.
            let active_ms = i64::from(engine.housekeeping.now_s()) * 1000;
            state.session.client.last_active_ms.store(active_ms, Ordering::Relaxed);
            let outcome = body(engine, state);
            state.tidy();
            is_under_way.set(false);
            outcome
        });
        if is_under_way.get() {
            self.mend();
        }
        outcome
    }

    /// Drops what a call that panicked may have left half done: its reply, its wait, the transaction.
    #[cold]
    fn mend(&self) {
        let engine = &*self.host.engine;
        let mended = catch_unwind(AssertUnwindSafe(|| {
            let Ok(_turn) = Turn::take(self) else { return };
            // SAFETY: `Turn` has made sure that no other call is in here.
            let state = unsafe { &mut *self.state.get() };
            state.writer.take();
            state.session.give_up(engine);
        }));
        if mended.is_err() {
            self.inbox.close();
        }
    }
}

impl Drop for rs_session {
    fn drop(&mut self) {
        let state = self.state.get_mut();
        state.session.end(&self.host.engine);
        self.host.engine.stats.retire_block(&state.counters);
    }
}

/// The right to use a session, for one call.
struct Turn<'s>(&'s AtomicBool);

impl<'s> Turn<'s> {
    #[inline]
    fn take(session: &'s rs_session) -> Outcome<Self> {
        if session.in_use.swap(true, Ordering::Acquire) {
            return Err(fail(RS_ERR_BUSY, format_args!("another thread is using this session")));
        }
        Ok(Self(&session.in_use))
    }
}

impl Drop for Turn<'_> {
    #[inline]
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

#[cold]
pub fn closed() -> Failure {
    fail(RS_ERR_CLOSED, format_args!("this session was closed"))
}

/// Opens a session: database 0, replies as in RESP2 until HELLO 3 is sent, authenticated whatever `requirepass` says.
/// It shows in CLIENT LIST and its commands in MONITOR.
///
/// Returns `RS_OK` and writes the session, to be ended with `rs_session_close`; `RS_ERR_BUSY` from inside a callback;
/// `RS_ERR_NO_MEMORY`; `RS_ERR_ARGUMENT` if a pointer is NULL. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_session_open(engine: *mut rs_engine, out: *mut *mut rs_session) -> rs_status {
    code(outermost(|| {
        // SAFETY: by the rules of the header.
        let (engine, out) = unsafe { (cast::shared(engine)?, Out::new(out)?) };
        out.set(cast::try_give(rs_session::open(engine.host())?)?);
        Ok(RS_OK)
    }))
}

/// Ends a session: discards its transaction and its watches. No other thread may be in a call with it. NULL is a no-op.
/// A session that was closed by a command (QUIT, SHUTDOWN, CLIENT KILL) has to be ended all the same. From inside a callback of a call
/// with this session nothing happens. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_session_close(session: *mut rs_session) {
    let _ = outermost(|| {
        // SAFETY: by the rules of the header.
        let is_in_use = unsafe { cast::shared(session) }.is_ok_and(|session| session.in_use.load(Ordering::Acquire));
        if is_in_use && is_delivering() {
            return Err(fail(RS_ERR_BUSY, format_args!("an event callback cannot close the session it is called for")));
        }
        // SAFETY: by the rules of the header.
        if let Some(handle) = unsafe { cast::take(session) } {
            handle.host.origin.end(handle);
        }
        Ok(())
    });
}

/// Takes the next message that was sent to this session without being asked for, such as a line of MONITOR: waits up
/// to `timeout_ms` milliseconds for one, not at all if 0, without limit if negative. Messages that are not taken pile up to
/// `client-output-buffer-limit`, then the session is closed.
///
/// Returns `RS_OK` and writes the message, to be freed with `rs_reply_free`; `RS_ERR_TIMEOUT`; `RS_ERR_CLOSED` after
/// `rs_session_interrupt`, or when the session was closed and all messages are taken; `RS_ERR_NO_MEMORY`; `RS_ERR_BUSY` if
/// another thread uses the session or the call comes from inside a callback; `RS_ERR_ARGUMENT` if a pointer is NULL.
///
///     rs_reply_free(rs_command(session, "MONITOR"));
///     rs_reply *line;
///     while (rs_session_next_push(session, -1, &line) == RS_OK) {
///         puts(line->str);
///         rs_reply_free(line);
///     }
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_session_next_push(
    session: *mut rs_session,
    timeout_ms: i64,
    out: *mut *mut rs_reply,
) -> rs_status {
    // SAFETY: by the rules of the header.
    let arguments = guard::plain(|| unsafe { Ok((cast::shared(session)?, Out::new(out)?)) });
    code(arguments.and_then(|(session, out)| {
        on(&session.host.engine, || {
            let _turn = Turn::take(session)?;
            let received = session.inbox.next(timeout(timeout_ms), |bytes| match build(bytes) {
                Ok((reply, len)) => (Ok(reply), len),
                Err(failure) => (Err(failure), 0),
            });
            match received {
                Received::Message(reply) => {
                    out.set(reply?.as_ptr());
                    Ok(RS_OK)
                }
                Received::TimedOut => Err(fail(RS_ERR_TIMEOUT, format_args!("no message has come"))),
                Received::Interrupted => Err(fail(RS_ERR_CLOSED, format_args!("the wait was interrupted"))),
                Received::Closed => Err(closed()),
            }
        })
    }))
}

/// Ends the wait that another thread is in with this session, or, if it is in none, its next one: `rs_session_next_push`
/// returns `RS_ERR_CLOSED`, and the reply of a command that waits (BLPOP) is an error that begins with that word. The
/// session stays usable. The one function that may be called while another thread uses the session; also from a callback
/// and, since it takes a lock, not from a signal handler.
///
/// Returns `RS_OK`, or `RS_ERR_ARGUMENT` if `session` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_session_interrupt(session: *mut rs_session) -> rs_status {
    code(guard::plain(|| {
        // SAFETY: by the rules of the header.
        unsafe { cast::shared(session) }?.inbox.interrupt();
        Ok(RS_OK)
    }))
}
