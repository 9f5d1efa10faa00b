//! What other threads deliver to an in-process session: messages of MONITOR now, published messages and invalidations
//! later, and that a blocked command has its answer.
//!
//! A network client has an output buffer that its reactor empties; an in-process session has this queue, which its
//! owner empties with `rs_session_next_push`. Whoever does not is treated as the network client would be: beyond
//! `client-output-buffer-limit` the session is closed, so that it cannot eat the memory of the host.

use crate::engine::Engine;
use crate::engine::clients::{ClientKind, Delivery, Outlet};
use crate::storage::{NoMemory, Shared, Weak, try_copy};
use parking_lot::{Condvar, Mutex};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// The queue of one session.
pub struct Inbox {
    engine: Weak<Engine>,
    state: Mutex<State>,
    changed: Condvar,
    /// Copy of `State::closed` for every command to ask.
    closed: AtomicBool,
}

#[derive(Default)]
struct State {
    /// Deliveries with how much of each was taken already.
    queue: VecDeque<(Shared<Vec<u8>>, usize)>,
    bytes: usize,
    above_soft_limit_since: Option<Instant>,
    /// A blocked command has its answer.
    unblocked: bool,
    interrupted: bool,
    closed: bool,
}

/// How the wait of a blocked command ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Wake {
    /// There may be an answer.
    Unblocked,
    TimedOut,
    Interrupted,
    Closed,
}

/// How a wait for messages ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Received<R> {
    Message(R),
    TimedOut,
    Interrupted,
    Closed,
}

impl Inbox {
    pub fn new(engine: &Shared<Engine>) -> Self {
        Self {
            engine: engine.downgrade(),
            state: Mutex::default(),
            changed: Condvar::new(),
            closed: AtomicBool::new(false),
        }
    }

    /// Whether the session was closed: by QUIT, by CLIENT KILL, or for not taking its messages.
    #[inline]
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Closes the session; what is queued can still be taken.
    pub fn close(&self) {
        self.close_locked(&mut self.state.lock());
    }

    fn close_locked(&self, state: &mut State) {
        state.closed = true;
        self.closed.store(true, Ordering::Release);
        self.changed.notify_all();
    }

    /// Ends the wait that is under way, or the next one.
    pub fn interrupt(&self) {
        self.state.lock().interrupted = true;
        self.changed.notify_all();
    }

    /// [`Inbox::push`] of a copy. Without memory for it the session is closed, as for any message that is lost.
    pub fn push_copy(&self, bytes: &[u8]) {
        match try_copy(bytes).and_then(Shared::new) {
            Ok(copy) => self.push(copy),
            Err(NoMemory) => self.close(),
        }
    }

    /// Adds replies to be taken one by one. Without memory for that the session is closed.
    pub fn push(&self, bytes: Shared<Vec<u8>>) {
        if bytes.is_empty() {
            return;
        }
        let mut state = self.state.lock();
        if state.closed {
            return;
        }
        let has_room = state.queue.try_reserve(1).is_ok();
        if has_room {
            state.bytes += bytes.len();
            state.queue.push_back((bytes, 0));
        }
        if !has_room || self.is_above_limit(&mut state) {
            state.queue.clear();
            state.bytes = 0;
            self.close_locked(&mut state);
        }
        self.changed.notify_all();
    }

    fn is_above_limit(&self, state: &mut State) -> bool {
        let Some(engine) = self.engine.upgrade() else { return false };
        let limit = engine.settings.output_limit(ClientKind::Normal);
        let is_above = |bytes: usize| bytes > 0 && state.bytes >= bytes;
        let above_soft = is_above(limit.soft_bytes);
        if !above_soft {
            state.above_soft_limit_since = None;
        } else if state.above_soft_limit_since.is_none() {
            state.above_soft_limit_since = Some(Instant::now());
        }
        let soft_for = Duration::from_secs(limit.soft_seconds);
        let is_over =
            is_above(limit.hard_bytes) || state.above_soft_limit_since.is_some_and(|since| since.elapsed() > soft_for);
        if is_over {
            engine.stats.client_output_limit_disconnections.fetch_add(1, Ordering::Relaxed);
        }
        is_over
    }

    /// Waits up to `timeout` for a message and takes it: `take` gets the bytes of one or more replies and returns how
    /// long the first of them is, beside what it made of it.
    pub fn next<R>(&self, timeout: Option<Duration>, take: impl FnOnce(&[u8]) -> (R, usize)) -> Received<R> {
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let mut state = self.state.lock();
        loop {
            if let Some((bytes, taken)) = state.queue.front_mut() {
                let (made, len) = take(&bytes[*taken..]);
                *taken += len;
                let is_used_up = *taken == bytes.len();
                state.bytes -= len;
                if is_used_up {
                    state.queue.pop_front();
                }
                return Received::Message(made);
            }
            if state.closed {
                return Received::Closed;
            }
            if std::mem::take(&mut state.interrupted) {
                return Received::Interrupted;
            }
            match deadline {
                None => self.changed.wait(&mut state),
                Some(deadline) => {
                    if Instant::now() >= deadline {
                        return Received::TimedOut;
                    }
                    let _ = self.changed.wait_until(&mut state, deadline);
                }
            }
        }
    }
}

impl Inbox {
    /// Waits up to `timeout` for the answer of a blocked command.
    pub fn wait_unblocked(&self, timeout: Option<Duration>) -> Wake {
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let mut state = self.state.lock();
        loop {
            if std::mem::take(&mut state.unblocked) {
                return Wake::Unblocked;
            }
            if state.closed {
                return Wake::Closed;
            }
            if std::mem::take(&mut state.interrupted) {
                return Wake::Interrupted;
            }
            match deadline {
                None => self.changed.wait(&mut state),
                Some(deadline) => {
                    if self.changed.wait_until(&mut state, deadline).timed_out() && !state.unblocked {
                        return Wake::TimedOut;
                    }
                }
            }
        }
    }
}

impl Outlet for Inbox {
    fn deliver(&self, _: u64, delivery: Delivery) {
        match delivery {
            Delivery::Bytes(bytes) => self.push(bytes),
            Delivery::Unblocked => {
                self.state.lock().unblocked = true;
                self.changed.notify_all();
            }
            Delivery::Close => self.close(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::clock::Clock;
    use crate::engine::log::Log;
    use crate::engine::settings::Settings;

    fn inbox(limit: &str) -> (Shared<Engine>, Inbox) {
        let settings = Settings::new();
        settings.set("client-output-buffer-limit", limit).unwrap();
        let engine = Engine::open(settings, Clock::system(), Log::silent()).unwrap();
        let inbox = Inbox::new(&engine);
        (engine, inbox)
    }

    fn next(inbox: &Inbox) -> Received<Vec<u8>> {
        inbox.next(Some(Duration::ZERO), |bytes| (bytes[..2].to_vec(), 2))
    }

    #[test]
    fn messages_come_one_by_one_and_a_close_comes_last() {
        let (_engine, inbox) = inbox("normal 0 0 0");
        assert_eq!(next(&inbox), Received::TimedOut);
        inbox.push_copy(b"aabb");
        inbox.push_copy(b"cc");
        inbox.interrupt();
        inbox.close();
        inbox.push_copy(b"dd");
        for expected in [b"aa", b"bb", b"cc"] {
            assert_eq!(next(&inbox), Received::Message(expected.to_vec()));
        }
        assert_eq!(next(&inbox), Received::Closed);
    }

    #[test]
    fn an_interrupt_ends_one_wait_even_if_it_comes_first() {
        let (_engine, inbox) = inbox("normal 0 0 0");
        inbox.interrupt();
        assert_eq!(next(&inbox), Received::Interrupted);
        assert_eq!(next(&inbox), Received::TimedOut);
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| inbox.next(None, |_| ((), 0)));
            std::thread::sleep(Duration::from_millis(20));
            inbox.interrupt();
            assert_eq!(waiting.join().unwrap(), Received::Interrupted);
        });
    }

    #[test]
    fn who_does_not_take_messages_is_closed() {
        let (engine, inbox) = inbox("normal 10 0 0");
        inbox.push_copy(b"123456789");
        assert!(!inbox.is_closed());
        inbox.push_copy(b"0");
        assert!(inbox.is_closed());
        assert_eq!(next(&inbox), Received::Closed);
        assert_eq!(engine.stats.client_output_limit_disconnections.load(Ordering::Relaxed), 1);
    }
}
