//! Events: what a poll has to tell, without memory that might be refused.
//!
//! Why not `mio::Events`: it ends the process if there is no memory for it. On Linux mio's poll is an epoll instance, which is
//! asked here as mio would ask it, with room for its answer on the stack. Elsewhere mio's own events are used, and a reactor
//! cannot be made without memory for them.

use mio::{Poll, Token};
use std::io;
use std::time::Duration;

/// Events taken from the kernel at once.
const EVENTS_MAX: usize = 1024;

/// Something that can be done at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Event {
    /// What the descriptor was registered with.
    pub token: Token,
    /// There is something to read, or its end to be seen.
    pub is_readable: bool,
    pub is_writable: bool,
    /// The other side will send no more.
    pub is_closed: bool,
}

/// What it takes to wait for events.
pub struct Events {
    #[cfg(not(target_os = "linux"))]
    list: mio::Events,
}

#[cfg(target_os = "linux")]
impl Events {
    /// Ready to wait.
    pub fn new() -> Self {
        Self {}
    }

    /// Waits for events up to `timeout` or a day, without limit if there is none, and shows them to `each`.
    ///
    /// # Errors
    /// `Interrupted` by a signal; others do not happen on a sane system.
    #[inline]
    pub fn wait(&mut self, poll: &mut Poll, timeout: Option<Duration>, mut each: impl FnMut(Event)) -> io::Result<()> {
        use rustix::event::Timespec;
        use rustix::event::epoll::{self, EventFlags};
        use std::mem::MaybeUninit;
        /// What every kernel takes for a time to wait. Who waits for more looks again.
        const WAIT_MAX: Duration = Duration::from_secs(24 * 60 * 60);
        let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout.min(WAIT_MAX)).ok());
        let mut room = [const { MaybeUninit::uninit() }; EVENTS_MAX];
        let (events, _) = epoll::wait(poll.registry(), &mut room, timeout.as_ref())?;
        for event in &*events {
            let (flags, data) = (event.flags, event.data);
            let is_closed = flags.intersects(EventFlags::HUP | EventFlags::RDHUP | EventFlags::ERR);
            each(Event {
                token: Token(data.u64() as usize),
                is_readable: is_closed || flags.contains(EventFlags::IN),
                is_writable: flags.contains(EventFlags::OUT),
                is_closed,
            });
        }
        Ok(())
    }
}

#[cfg(not(target_os = "linux"))]
impl Events {
    /// Ready to wait.
    pub fn new() -> Self {
        Self { list: mio::Events::with_capacity(EVENTS_MAX) }
    }

    /// Waits for events up to `timeout`, without limit if there is none, and shows them to `each`.
    ///
    /// # Errors
    /// `Interrupted` by a signal; others do not happen on a sane system.
    pub fn wait(&mut self, poll: &mut Poll, timeout: Option<Duration>, mut each: impl FnMut(Event)) -> io::Result<()> {
        poll.poll(&mut self.list, timeout)?;
        for event in &self.list {
            let is_closed = event.is_read_closed() || event.is_error();
            each(Event {
                token: event.token(),
                is_readable: is_closed || event.is_readable(),
                is_writable: event.is_writable(),
                is_closed,
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mio::net::UnixStream;
    use mio::{Interest, Waker};
    use std::io::Write;

    #[test]
    fn each_event_is_told_once() {
        let mut poll = Poll::new().expect("a poll");
        let waker = Waker::new(poll.registry(), Token(usize::MAX)).expect("a waker");
        let (mut here, mut there) = UnixStream::pair().expect("sockets");
        poll.registry().register(&mut here, Token(5), Interest::READABLE | Interest::WRITABLE).expect("registered");
        let mut events = Events::new();
        let mut wait = |timeout| {
            let mut told = Vec::new();
            events.wait(&mut poll, Some(timeout), |event| told.push(event)).expect("events");
            told.sort();
            told
        };
        let long = Duration::from_secs(3600);
        let writable = Event { token: Token(5), is_readable: false, is_writable: true, is_closed: false };
        assert_eq!(wait(long), [writable]);
        assert_eq!(wait(Duration::from_nanos(1)), []);
        there.write_all(b"x").expect("sent");
        waker.wake().expect("awake");
        let readable = Event { is_readable: true, ..writable };
        assert_eq!(wait(long), [readable, Event { token: Token(usize::MAX), is_writable: false, ..readable }]);
        drop(there);
        assert_eq!(wait(Duration::MAX), [Event { is_closed: true, ..readable }]);
        assert_eq!(wait(Duration::ZERO), []);
    }
}
