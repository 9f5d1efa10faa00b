//! A reactor: one thread, one poll, its connections.
//!
//! A turn: wait for events or the next deadline; take the mailbox; for all ready connections read, run and
//! answer ([`Batch`]); give parked commands one slice each; end the waits whose time is over; expire what is due. No connection gets more than one
//! read per round, so a deep pipeline delays others by one buffer's worth of requests at most.

use super::batch::Batch;
use super::conn::{Conn, Dialect};
use super::deadlines::Deadlines;
use super::drain::drain;
use super::events::Events;
use super::listener::{Accepted, Listeners};
use super::mailbox::{Mailbox, Message, Orders};
use crate::commands::session::Session;
use crate::commands::{dispatch, original};
use crate::engine::Engine;
use crate::engine::alarms::{Alarm, NEVER};
use crate::engine::clients::{Delivery, End, Origin, Waiting};
use crate::engine::log::Level;
use crate::engine::process::os_text;
use crate::engine::stats::Counters;
use crate::hooks::reach;
use crate::keyspace::expiry::Driver;
use crate::storage::{NoMemory, Shared, Slots, try_box};
use mio::{Interest, Poll, Token, Waker};
use std::collections::{HashMap, VecDeque};
use std::io;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

const WAKER: Token = Token(usize::MAX);
/// Tokens of listeners count down from here.
const LISTENERS: usize = usize::MAX - 1;
/// Time between two looks at idle connections.
const IDLE_CHECK_MS: i64 = 1000;
/// Keys expired per turn, times `active-expire-effort`.
const EXPIRE_PER_TURN: usize = 256;
/// Longest sleep when the host's clock decides what is due.
const INJECTED_CLOCK_POLL_MS: i64 = 10;
/// What a connection is told whose request has panicked.
const INTERNAL_ERROR: &[u8] = b"-ERR internal error; this connection is closed\r\n";
/// Connections accepted from one listener per turn.
const ACCEPTS_PER_TURN: usize = 256;

/// One event loop with its connections.
pub struct Reactor {
    engine: Shared<Engine>,
    poll: Poll,
    events: Events,
    mailbox: Shared<Mailbox>,
    /// Where accepted connections go; filled in for the reactor that listens.
    peers: Vec<Shared<Mailbox>>,
    listeners: Option<Listeners>,
    /// How many of them are registered.
    listening: usize,
    conns: Slots<Conn>,
    by_client: HashMap<u64, u32>,
    /// Connections with work, each once at most in one of the two.
    ready: VecDeque<u32>,
    parked: VecDeque<u32>,
    /// Taken from the mailbox and not handled yet.
    mail: VecDeque<Message>,
    /// The connection whose command goes on at the moment.
    resuming: Option<u32>,
    /// When blocked connections give up.
    deadlines: Deadlines,
    /// By which a reactor that the host drives is called for a deadline.
    alarm: Option<Shared<Alarm>>,
    batch: Batch,
    counters: Shared<Counters>,
    driver: Shared<Driver>,
    idle_check_ms: i64,
    /// Some connection had replies left to send when it was last looked at.
    has_unsent: bool,
    stopping: bool,
}

impl Reactor {
    /// A reactor without connections.
    ///
    /// # Errors
    /// If the process is out of descriptors or memory.
    pub fn new(engine: Shared<Engine>) -> io::Result<Self> {
        let poll = Poll::new()?;
        let batch = Batch::new(&engine)?;
        let mailbox = Shared::new(Mailbox::new(Waker::new(poll.registry(), WAKER)?))?;
        let waker = mailbox.clone();
        let wake = try_box(move || waker.wake())?;
        let counters = engine.stats.add_block()?;
        let driver = engine.keyspace.drivers().add(wake).inspect_err(|_| engine.stats.retire_block(&counters))?;
        engine.housekeeping.reactor_started(&engine);
        let idle_check_ms = engine.clock.now_ms() + IDLE_CHECK_MS;
        Ok(Self {
            poll,
            events: Events::new(),
            mailbox,
            peers: Vec::new(),
            listeners: None,
            listening: 0,
            conns: Slots::default(),
            by_client: HashMap::new(),
            ready: VecDeque::new(),
            parked: VecDeque::new(),
            mail: VecDeque::new(),
            resuming: None,
            deadlines: Deadlines::default(),
            alarm: None,
            batch,
            counters,
            driver,
            idle_check_ms,
            has_unsent: false,
            stopping: false,
            engine,
        })
    }

    /// How other threads reach this reactor.
    pub fn mailbox(&self) -> Shared<Mailbox> {
        self.mailbox.clone()
    }

    /// Makes this reactor accept connections and spread them over `peers`, itself among them.
    ///
    /// # Errors
    /// If a listener cannot be registered.
    pub fn listen(&mut self, listeners: Listeners, peers: Vec<Shared<Mailbox>>) -> io::Result<()> {
        self.listeners = Some(listeners);
        self.peers = peers;
        self.register_listeners()
    }

    fn register_listeners(&mut self) -> io::Result<()> {
        let Some(listeners) = &self.listeners else { return Ok(()) };
        let mut listeners = listeners.lock();
        self.listening = listeners.len();
        for (index, listener) in listeners.iter_mut().enumerate() {
            let token = Token(LISTENERS - index);
            match self.poll.registry().register(listener, token, Interest::READABLE) {
                // It was there before the others changed; only its number may be new.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    self.poll.registry().reregister(listener, token, Interest::READABLE)?;
                }
                outcome => outcome?,
            }
        }
        Ok(())
    }

    /// Has the descriptor become readable when a deadline comes, too, because the host takes the turns and not [`run`].
    ///
    /// [`run`]: Self::run
    ///
    /// # Errors
    /// If memory is short.
    pub fn be_driven(&mut self) -> Result<(), NoMemory> {
        let mailbox = self.mailbox.clone();
        let ring = try_box(move || mailbox.wake())?;
        self.alarm = Some(self.engine.housekeeping.add_alarm(ring)?);
        Ok(())
    }

    /// The descriptor that becomes readable when a turn has something to do.
    pub fn fd(&self) -> i32 {
        use std::os::fd::AsRawFd;
        self.poll.as_raw_fd()
    }

    /// Takes turns until [`Message::Stop`].
    ///
    /// # Errors
    /// If polling fails, which it does not on a sane system.
    pub fn run(&mut self) -> io::Result<()> {
        while self.turn(None)? {}
        self.wind_up();
        Ok(())
    }

    /// Stops listening, finishes the commands that have begun, sends the replies to clients that take them, and closes all
    /// connections.
    pub fn wind_up(&mut self) {
        self.listeners = None;
        self.take_mail();
        while !self.parked.is_empty() {
            self.resume_parked(self.engine.clock.now_ms());
        }
        drain(&mut self.conns, &mut self.poll, &mut self.events, &self.engine.clock);
        for token in 0..self.conns.numbers() {
            self.remove(token);
        }
    }

    /// Waits up to `timeout` (`None`: as long as nothing happens) and handles what has happened. False once the
    /// reactor is to end.
    ///
    /// # Errors
    /// If polling fails.
    pub fn turn(&mut self, timeout: Option<Duration>) -> io::Result<bool> {
        let wait = self.time_to_wait(timeout);
        let mut accepting = Orders::default();
        let waited = self.events.wait(&mut self.poll, wait, |event| match event.token {
            WAKER => {}
            Token(token) if token > LISTENERS - self.listening => {
                accepting = accepting.and(Orders::accept(LISTENERS - token));
            }
            Token(token) => {
                let token = token as u32;
                let Some(conn) = self.conns.get_mut(token) else { return };
                if event.is_readable {
                    conn.readable = true;
                    conn.peer_closed |= event.is_closed;
                }
                if event.is_writable && !conn.output.is_empty() {
                    conn.flush();
                }
                if !conn.queued {
                    conn.queued = true;
                    self.ready.push_back(token);
                }
            }
        });
        match waited {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(!self.stopping),
            Err(error) => return Err(error),
        }
        self.mailbox.doze().get_up();
        reach("reactor");
        self.take_mail();
        self.accept_from(accepting);
        let now_ms = self.engine.clock.now_ms();
        self.serve(now_ms);
        // What its own connections have sent each other.
        self.take_mail();
        self.resume_parked(now_ms);
        self.end_waits(now_ms);
        self.expire(now_ms);
        self.check_idle(now_ms);
        self.mailbox.doze().lie_down();
        if self.mailbox.doze().has_mail() {
            // Came since it was last taken. A host that drives this reactor has nothing but the descriptor to go by.
            self.mailbox.wake();
        }
        Ok(!self.stopping)
    }

    /// A turn for a host that has nothing but the descriptor to go by: work that is left makes it readable, since no event
    /// of the kernel's will, and so does the next deadline when it comes.
    ///
    /// # Errors
    /// If polling fails.
    pub fn driven_turn(&mut self, timeout: Option<Duration>) -> io::Result<bool> {
        let goes_on = self.turn(timeout);
        if !self.ready.is_empty() || !self.parked.is_empty() {
            self.mailbox.wake();
        }
        if let Some(alarm) = &self.alarm {
            self.engine.housekeeping.set_alarm(&self.engine, alarm, self.next_deadline_ms());
        }
        goes_on
    }

    /// When something is to be done though nothing happens; [`NEVER`] if it is not.
    fn next_deadline_ms(&self) -> i64 {
        let expires = self.engine.settings.hot().active_expire.load(Relaxed);
        let mut next_ms = if expires { self.driver.next_ms() } else { NEVER };
        next_ms = next_ms.min(self.deadlines.next_ms());
        if self.looks_at_idle() {
            next_ms = next_ms.min(self.idle_check_ms);
        }
        next_ms
    }

    fn time_to_wait(&self, timeout: Option<Duration>) -> Option<Duration> {
        if !self.ready.is_empty() || !self.parked.is_empty() || self.stopping {
            return Some(Duration::ZERO);
        }
        let now_ms = self.engine.clock.now_ms();
        let mut next_ms = self.next_deadline_ms();
        if self.engine.clock.is_injected() {
            next_ms = next_ms.min(now_ms + INJECTED_CLOCK_POLL_MS);
        }
        let until = u64::try_from(next_ms.saturating_sub(now_ms)).unwrap_or(0);
        let until = (next_ms != NEVER).then(|| Duration::from_millis(until));
        match (until, timeout) {
            (Some(until), Some(timeout)) => Some(until.min(timeout)),
            (until, timeout) => until.or(timeout),
        }
    }

    /// Whether there is a reason to wake up once a second: connections that idle or do not read may have to go. Others cost
    /// nothing while nothing happens, whether they are idle or blocked.
    fn looks_at_idle(&self) -> bool {
        let hot = self.engine.settings.hot();
        // Nobody is told when expiry is switched on again.
        let is_off = !hot.active_expire.load(Relaxed);
        !self.by_client.is_empty() && (self.has_unsent || hot.timeout_s.load(Relaxed) != 0 || is_off)
    }

    /// Reads from, runs and answers every ready connection once.
    fn serve(&mut self, now_ms: i64) {
        let mut left = self.ready.len();
        while left > 0 {
            while left > 0 && self.batch.has_room() {
                left -= 1;
                let Some(token) = self.ready.pop_front() else { break };
                let Some(conn) = self.conns.get_mut(token) else { continue };
                conn.queued = false;
                if !conn.may_run() || !self.batch.gather(token, conn, &self.engine) {
                    self.settle(token);
                }
            }
            self.batch.run(&mut self.conns, &self.engine, now_ms);
            while let Some(token) = self.batch.next_served() {
                self.settle(token);
            }
        }
    }

    /// What becomes of a connection after its turn.
    fn settle(&mut self, token: u32) {
        let Some(conn) = self.conns.get_mut(token) else { return };
        self.has_unsent |= !conn.output.is_empty();
        if conn.is_finished() {
            self.remove(token);
        } else if let Some(waiter) = conn.session.waiter() {
            if conn.peer_closed {
                // Nobody would take the reply, so nothing may be taken for it.
                self.remove(token);
            } else if let (None, Some(deadline_ms)) = (conn.deadline_ms, waiter.deadline_ms()) {
                conn.deadline_ms = Some(deadline_ms);
                self.deadlines.set(deadline_ms, token);
            }
        } else if conn.session.parked.is_some() {
            if !conn.queued {
                conn.queued = true;
                self.parked.push_back(token);
            }
        } else if conn.may_run() && conn.readable && !conn.queued {
            conn.queued = true;
            self.ready.push_back(token);
        }
    }

    fn take_mail(&mut self) {
        if !self.mailbox.doze().has_mail() {
            return;
        }
        // That of a turn that has ended with a panic.
        self.open_mail();
        let (orders, mail) = self.mailbox.take();
        // Which takes no memory.
        self.mail = mail.into();
        self.stopping |= orders.has(Orders::STOP);
        if orders.has(Orders::LISTENERS_CHANGED)
            && let Err(error) = self.register_listeners()
        {
            let log = &self.engine.log;
            let error = os_text(&error);
            log.note(Level::Warning, format_args!("Unrecoverable error creating listening socket: {error}"));
        }
        self.accept_from(orders);
        if self.mailbox.has_lost() {
            self.make_up_for_lost();
        }
        self.open_mail();
    }

    fn open_mail(&mut self) {
        while let Some(message) = self.mail.pop_front() {
            match message {
                Message::Accepted(accepted) => self.adopt(accepted),
                Message::Deliver { client_id, delivery } => self.deliver(client_id, delivery),
            }
        }
    }

    fn accept_from(&mut self, orders: Orders) {
        for index in 0..self.listening {
            if orders.has(Orders::accept(index)) {
                self.accept(index);
            }
        }
    }

    fn accept(&mut self, index: usize) {
        for _ in 0..ACCEPTS_PER_TURN {
            let Some(listeners) = &self.listeners else { return };
            let outcome = match listeners.lock().get(index) {
                Some(listener) => listener.accept(),
                None => return,
            };
            match outcome {
                Ok(accepted) => {
                    let Some(peer) = self.peers.iter().min_by_key(|peer| peer.load.load(Relaxed)) else { return };
                    peer.load.fetch_add(1, Relaxed);
                    if peer.is_same(&self.mailbox) {
                        self.adopt(accepted);
                    } else {
                        peer.hand_over(accepted);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::OutOfMemory) => {
                }
                Err(error) => {
                    let error = os_text(&error);
                    self.engine.log.note(Level::Warning, format_args!("Accepting client connection: {error}"));
                    return;
                }
            }
        }
        // There may be more, and no event will say so.
        self.mailbox.order(Orders::accept(index));
    }

    /// Makes an accepted connection one of this reactor's, or refuses it.
    fn adopt(&mut self, accepted: Accepted) {
        let engine = &self.engine;
        engine.stats.connections_received.fetch_add(1, Relaxed);
        if let Some(refusal) = refusal(engine, &accepted) {
            engine.stats.connections_rejected.fetch_add(1, Relaxed);
            // Best effort: the client may already be gone.
            let _ = super::output::write_once(&accepted.stream, refusal);
            self.mailbox.connection_gone();
            return;
        }
        if self.make_room().is_err() {
            return self.refuse();
        }
        let Ok(entry) = self.conns.vacancy() else { return self.refuse() };
        let (engine, token) = (&self.engine, entry.number());
        let mut stream = accepted.stream;
        // A connection that lacks its probes still works.
        let _ = stream.set_keepalive(engine.settings.hot().tcp_keepalive_s.load(Relaxed) as u32);
        let interests = Interest::READABLE | Interest::WRITABLE;
        if let Err(error) = self.poll.registry().register(&mut stream, Token(token as usize), interests) {
            let error = os_text(&error);
            engine.log.note(Level::Warning, format_args!("Error registering fd event for the new client: {error}"));
            self.mailbox.connection_gone();
            return;
        }
        let is_unix = matches!(stream, super::stream::Stream::Unix(_));
        match accepted.laddr.strip_suffix(":0").filter(|_| is_unix) {
            Some(path) => engine.log.note(Level::Verbose, format_args!("Accepted connection to {path}")),
            None => engine.log.note(Level::Verbose, format_args!("Accepted {}", accepted.addr)),
        }
        let origin = Origin {
            is_unix,
            fd: stream.fd(),
            addr: accepted.addr,
            laddr: accepted.laddr,
            outlet: Some(self.mailbox.clone().widen(|mailbox| mailbox)),
        };
        let Ok(session) = Session::new(engine, origin, self.counters.clone()) else { return self.refuse() };
        self.by_client.insert(session.id(), token);
        entry.put(Conn::new(stream, session));
    }

    /// Makes room for one connection more, so that its requests need none: in whatever has a place for each.
    fn make_room(&mut self) -> Result<(), NoMemory> {
        let connections = self.conns.numbers() + 1;
        self.by_client.try_reserve(1)?;
        for queue in [&mut self.ready, &mut self.parked] {
            queue.try_reserve((connections as usize).saturating_sub(queue.len()))?;
        }
        self.deadlines.make_room(connections)?;
        self.batch.make_room(connections)
    }

    /// There is no memory for a new connection, which is closed.
    #[cold]
    fn refuse(&self) {
        self.engine.log.warning("Accepting client connection: out of memory");
        self.mailbox.connection_gone();
    }

    fn deliver(&mut self, client_id: u64, delivery: Delivery) {
        let Some(&token) = self.by_client.get(&client_id) else { return };
        let conn = &mut self.conns[token];
        match delivery {
            Delivery::Bytes(bytes) => conn.send(&self.engine, &bytes),
            Delivery::Close => conn.gone = true,
            Delivery::Unblocked if conn.session.waiter().is_some() => self.resume(token, self.engine.clock.now_ms()),
            // It has fetched its answer before this came.
            Delivery::Unblocked => {}
        }
        self.settle(token);
    }

    /// Some delivery was lost for lack of memory: whoever waits sees whether there is an answer, and whoever monitors is closed, so
    /// that there is no gap in what it sees.
    #[cold]
    fn make_up_for_lost(&mut self) {
        let now_ms = self.engine.clock.now_ms();
        for token in 0..self.conns.numbers() {
            let Some(conn) = self.conns.get_mut(token) else { continue };
            if conn.session.client.is_monitor.load(Relaxed) {
                conn.gone = true;
            } else if conn.session.waiter().is_some() {
                self.resume(token, now_ms);
            }
            self.settle(token);
        }
    }

    fn remove(&mut self, token: u32) {
        let Some(mut conn) = self.conns.remove(token) else { return };
        if conn.queued {
            // Its number may be another connection's before its turn comes.
            for queue in [&mut self.ready, &mut self.parked] {
                queue.retain(|&queued| queued != token);
            }
        }
        if conn.peer_closed && self.engine.log.is_enabled(Level::Verbose) {
            let client = &conn.session.client;
            self.engine
                .log
                .note(Level::Verbose, format_args!("Client closed connection id={} addr={}", client.id, client.addr));
        }
        self.deadlines.clear(token);
        // Closing the descriptor would do; deregistering keeps the poll free of stale events either way.
        let _ = self.poll.registry().deregister(&mut conn.stream);
        self.by_client.remove(&conn.session.id());
        conn.session.end(&self.engine);
        self.mailbox.connection_gone();
    }

    /// Goes on after a panic in the middle of a turn. Requests were taken from their connections and nobody knows how far
    /// they got: these connections get an error and are closed. All others stay.
    pub fn recover(&mut self) {
        self.batch.abandon();
        while let Some(token) = self.batch.next_served().or_else(|| self.resuming.take()) {
            let Some(conn) = self.conns.get_mut(token) else { continue };
            conn.session.give_up(&self.engine);
            if conn.dialect != Dialect::Original {
                conn.send(&self.engine, INTERNAL_ERROR);
            }
            self.remove(token);
        }
        // Events that the rest of the turn would have seen do not come again.
        for (token, conn) in self.conns.iter_mut() {
            conn.readable = true;
            conn.flush();
            if !conn.queued {
                conn.queued = true;
                self.ready.push_back(token);
            }
        }
        self.mailbox.order(Orders::accept_all(self.listening));
        self.mailbox.wake();
    }

    /// One slice for every command that gave way.
    fn resume_parked(&mut self, now_ms: i64) {
        for _ in 0..self.parked.len() {
            let Some(token) = self.parked.pop_front() else { return };
            let Some(conn) = self.conns.get_mut(token) else { continue };
            conn.queued = false;
            self.resume(token, now_ms);
            self.settle(token);
        }
    }

    /// Lets a command that gave way go on, or a blocked one fetch its answer.
    fn resume(&mut self, token: u32, now_ms: i64) {
        self.resuming = Some(token);
        let conn = &mut self.conns[token];
        let resume = if conn.session.is_original { original::resume } else { dispatch::resume };
        let is_done = resume(&self.engine, &mut conn.session, now_ms, &mut conn.parked_reply);
        self.resuming = None;
        if is_done {
            if conn.deadline_ms.take().is_some() {
                self.deadlines.clear(token);
            }
            let reply = std::mem::take(&mut conn.parked_reply);
            if reply.is_short_of_memory() {
                // Not even the error found room. Without a reply to one request, those to others would be taken for it.
                conn.gone = true;
            }
            conn.send(&self.engine, reply.bytes());
            conn.session.client.last_active_ms.store(now_ms, Relaxed);
            // Requests may be waiting in the input that no event will announce.
            conn.readable = true;
        }
    }

    /// Ends the waits of blocked connections whose time is over.
    fn end_waits(&mut self, now_ms: i64) {
        while let Some(token) = self.deadlines.take_due(now_ms) {
            let conn = &mut self.conns[token];
            conn.deadline_ms = None;
            if let Some(waiter) = conn.session.waiter() {
                // If somebody has served it in the meantime, the answer is fetched here instead of at his message.
                waiter.end(&self.engine, End::TimedOut);
                self.resume(token, now_ms);
                self.settle(token);
            }
        }
    }

    fn expire(&mut self, now_ms: i64) {
        if self.driver.next_ms() <= now_ms && self.engine.settings.hot().active_expire.load(Relaxed) {
            let effort = self.engine.settings.hot().active_expire_effort.load(Relaxed) as usize;
            self.engine.expire_slice(&self.driver, now_ms, EXPIRE_PER_TURN * effort.max(1));
        }
    }

    /// Once a second: closes connections that are idle for longer than `timeout`, or do not take their replies.
    fn check_idle(&mut self, now_ms: i64) {
        if now_ms < self.idle_check_ms {
            return;
        }
        self.idle_check_ms = now_ms + IDLE_CHECK_MS;
        let timeout_ms = self.engine.settings.hot().timeout_s.load(Relaxed) as i64 * 1000;
        self.has_unsent = false;
        for token in 0..self.conns.numbers() {
            let Some(conn) = self.conns.get_mut(token) else { continue };
            if !conn.output.is_empty() {
                self.has_unsent = true;
                conn.check_output_limits(&self.engine);
            }
            let idle_ms = now_ms - conn.session.client.last_active_ms.load(Relaxed);
            let may_idle =
                timeout_ms == 0 || conn.session.client.is_monitor.load(Relaxed) || conn.session.waiter().is_some();
            if !may_idle && idle_ms > timeout_ms {
                conn.gone = true;
            }
            if conn.is_finished() {
                self.remove(token);
            }
        }
    }
}

impl Drop for Reactor {
    /// Ends the connections that are left if it could not wind up.
    fn drop(&mut self) {
        for (_, conn) in self.conns.iter_mut() {
            conn.session.end(&self.engine);
        }
        if let Some(alarm) = &self.alarm {
            self.engine.housekeeping.remove_alarm(alarm);
        }
        self.engine.keyspace.drivers().remove(&self.driver);
        self.engine.housekeeping.reactor_stopped(&self.engine);
        self.engine.stats.retire_block(&self.counters);
    }
}

/// Why a new connection is not served, as the reply to it.
fn refusal(engine: &Engine, accepted: &Accepted) -> Option<&'static [u8]> {
    let hot = engine.settings.hot();
    if engine.clients.connected() >= hot.maxclients.load(Relaxed) {
        return Some(b"-ERR max number of clients reached\r\n");
    }
    if accepted.is_remote && hot.protected_mode.load(Relaxed) && !hot.requires_password.load(Relaxed) {
        return Some(
            b"-DENIED Redis is running in protected mode because protected mode is enabled and no password is set \
            for the default user. In this mode connections are only accepted from the loopback interface. If you \
            want to connect from external computers to Redis you may adopt one of the following solutions: 1) Just \
            disable protected mode sending the command 'CONFIG SET protected-mode no' from the loopback interface \
            by connecting to Redis from the same host the server is running, however MAKE SURE Redis is not \
            publicly accessible from internet if you do so. Use CONFIG REWRITE to make this change permanent. 2) \
            Alternatively you can just disable the protected mode by editing the Redis configuration file, and \
            setting the protected mode option to 'no', and then restarting the server. 3) If you started the \
            server manually just for testing, restart it with the '--protected-mode no' option. 4) Set up an \
            authentication password for the default user. NOTE: You only need to do one of the above things in \
            order for the server to start accepting connections from the outside.\r\n",
        );
    }
    None
}
