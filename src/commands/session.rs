//! A session: the state of one client, whether it came through a socket or is a thread of the host.
//!
//! Belongs to one thread at a time. What other threads may see of it is its [`Client`].

use super::blocking::Waiter;
use super::names::Recent;
use super::spec::{Command, Flags};
use super::{CmdResult, Ctx};
use crate::engine::clients::{Client, End, Origin, Waiting};
use crate::engine::events::Pending;
use crate::engine::random::Random;
use crate::engine::stats::Counters;
use crate::engine::{Engine, random_u64};
use crate::keyspace::{KeyHash, NoMemory, Shared, WatchFlag, try_box};
use crate::resp::Protocol;
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// CLIENT REPLY.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReplyMode {
    #[default]
    On,
    Off,
    /// The reply of the command after this one is left out.
    SkipNext,
    /// The reply of this command is left out.
    Skip,
}

/// What becomes of the connection after a command.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Close {
    #[default]
    No,
    /// After the replies so far are sent.
    AfterReplies,
    /// At once: what is not sent yet is dropped.
    Now,
}

/// A command that does its work in slices, so that others get their turn in between.
pub trait Continuation: Send {
    /// Does one slice. What earlier slices have written to the reply is still there; it is complete when
    /// [`Slice::Done`] comes back.
    fn resume(&mut self, ctx: &mut Ctx) -> Result<Slice, super::CommandError>;
}

/// Whether a [`Continuation`] has more to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slice {
    Done,
    More,
}

/// What is left to do of a command that gave way to others.
pub enum Rest {
    /// Work, in slices.
    Slices(Box<dyn Continuation>),
    /// Nothing: somebody else will serve it, or its time will be over.
    Waiting(Shared<Waiter>),
}

/// A command that gave way to others, and what is to be accounted for when it is done.
pub struct Parked {
    pub rest: Rest,
    /// Filled in by dispatch, who knows the arguments.
    pub call: Option<QueuedCommand>,
    /// Microseconds of the slices so far.
    pub took_us: u64,
}

/// A command kept for later: its arguments end to end, and where each ends.
pub struct QueuedCommand {
    pub command: &'static Command,
    bytes: Box<[u8]>,
    ends: Box<[usize]>,
}

impl QueuedCommand {
    /// Copies a command for later.
    ///
    /// # Errors
    /// If there is no memory for its arguments.
    pub fn new(command: &'static Command, argv: &[&[u8]]) -> Result<Self, NoMemory> {
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(argv.iter().map(|arg| arg.len()).sum())?;
        let mut ends = Vec::new();
        ends.try_reserve_exact(argv.len())?;
        for arg in argv {
            bytes.extend_from_slice(arg);
            ends.push(bytes.len());
        }
        Ok(Self { command, bytes: bytes.into(), ends: ends.into() })
    }

    /// Bytes of all arguments.
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// The arguments, the command's name first.
    ///
    /// # Errors
    /// If memory is short.
    pub fn argv(&self) -> Result<Vec<&[u8]>, NoMemory> {
        let mut argv = Vec::new();
        argv.try_reserve_exact(self.ends.len())?;
        let mut start = 0;
        for &end in &self.ends {
            argv.push(&self.bytes[start..end]);
            start = end;
        }
        Ok(argv)
    }
}

/// The state between MULTI and EXEC.
#[derive(Default)]
pub struct Transaction {
    pub queue: Vec<QueuedCommand>,
    /// A command could not be queued, so EXEC must fail.
    pub failed: bool,
}

/// The keys a session watches.
pub struct Watching {
    pub changed: WatchFlag,
    /// Database, key, its hash, and whether it had expired when WATCH saw it.
    pub keys: Vec<WatchedKey>,
}

/// One watched key.
pub struct WatchedKey {
    pub db: u32,
    pub key: Box<[u8]>,
    pub hash: KeyHash,
}

/// State of one client.
pub struct Session {
    pub client: Shared<Client>,
    pub counters: Shared<Counters>,
    pub db: u32,
    pub protocol: Protocol,
    pub authenticated: bool,
    pub reply_mode: ReplyMode,
    /// Whether replies become a tree, in which every command of a transaction must have its place, muted or not. Redis
    /// leaves the array of a socket's EXEC short.
    pub fills_places: bool,
    pub close: Close,
    /// The command looked up last.
    pub recent: Cell<Option<Recent>>,
    pub transaction: Option<Box<Transaction>>,
    pub watching: Option<Box<Watching>>,
    /// The rest of a command that gave way to others; no other command runs before it is done.
    pub parked: Option<Parked>,
    /// Keyspace events that are delivered when the command is done and nothing is locked.
    pub events: Pending,
    /// The length-prefixed dialect of the original project.
    pub is_original: bool,
    pub random: Random,
    /// Host commands now running inside one another.
    pub host_nesting: u32,
}

impl Session {
    /// A session of a new client.
    ///
    /// # Errors
    /// If memory is short.
    pub fn new(engine: &Engine, origin: Origin, counters: Shared<Counters>) -> Result<Self, NoMemory> {
        Ok(Self::of(engine.clients.add(origin, engine.clock.now_ms())?, engine, counters))
    }

    /// A session for work of the engine itself, which no list of clients shows.
    ///
    /// # Errors
    /// If memory is short.
    pub fn unlisted(engine: &Engine, counters: Shared<Counters>) -> Result<Self, NoMemory> {
        let outlet = None;
        let origin = Origin { addr: String::new(), laddr: String::new(), fd: -1, is_unix: false, outlet };
        Ok(Self::of(Shared::new(Client::new(0, origin, engine.clock.now_ms()))?, engine, counters))
    }

    fn of(client: Shared<Client>, engine: &Engine, counters: Shared<Counters>) -> Self {
        Self {
            client,
            counters,
            db: 0,
            protocol: Protocol::Resp2,
            authenticated: !engine.settings.hot().requires_password.load(Relaxed),
            reply_mode: ReplyMode::On,
            fills_places: false,
            close: Close::No,
            recent: Cell::new(None),
            transaction: None,
            watching: None,
            parked: None,
            events: Pending::default(),
            is_original: false,
            random: Random::new(random_u64()),
            host_nesting: 0,
        }
    }

    /// Whether the client is on this machine: in process, through a unix socket or from a loopback address.
    pub fn is_local(&self) -> bool {
        self.client.fd < 0
            || self.client.is_unix
            || ["127.", "[::1]:"].iter().any(|local| self.client.addr.starts_with(local))
    }

    /// Whether this session must authenticate before it may do anything. A password that is taken away lets in
    /// those who did not know it.
    pub fn must_authenticate(&self, engine: &Engine) -> bool {
        !self.authenticated && engine.settings.hot().requires_password.load(Relaxed)
    }

    /// Whether a command waits for EXEC that must not run when memory is full.
    pub fn queues_denyoom(&self) -> bool {
        let queue = self.transaction.iter().flat_map(|transaction| &transaction.queue);
        queue.into_iter().any(|queued| queued.command.flags.contains(Flags::DENYOOM))
    }

    /// Whether it may run commands, one at once, and hears their replies: the usual state.
    #[inline]
    pub fn is_plain(&self) -> bool {
        self.authenticated && self.transaction.is_none() && self.reply_mode == ReplyMode::On
    }

    /// Whether replies are now left out.
    pub fn is_muted(&self) -> bool {
        matches!(self.reply_mode, ReplyMode::Off | ReplyMode::Skip)
    }

    /// Notes for other threads what MULTI has queued: how many commands (-1 outside a transaction) of how many bytes.
    pub fn note_queued(&self, commands: i64, bytes: u64) {
        self.client.queued.store(commands, Relaxed);
        self.client.queued_bytes.store(bytes, Relaxed);
    }

    /// Id of this client.
    pub fn id(&self) -> u64 {
        self.client.id
    }

    /// Selects a database.
    pub fn select(&mut self, db: u32) {
        self.db = db;
        self.client.db.store(db, Relaxed);
    }

    /// Changes the protocol of replies.
    pub fn set_protocol(&mut self, protocol: Protocol) {
        self.protocol = protocol;
        self.client.protocol.store(if protocol == Protocol::Resp3 { 3 } else { 2 }, Relaxed);
    }

    /// Forgets all watched keys.
    pub fn unwatch(&mut self, engine: &Engine) {
        if let Some(watching) = self.take_watching() {
            for watched in &watching.keys {
                let shard = engine.keyspace.shard_of(watched.hash);
                engine.keyspace.lock(shard).watches().remove(watched.db, &watched.key, &watching.changed);
            }
        }
    }

    /// What it is blocked by, until the answer is fetched.
    pub fn waiter(&self) -> Option<&Shared<Waiter>> {
        match &self.parked {
            Some(Parked { rest: Rest::Waiting(waiter), .. }) => Some(waiter),
            _ => None,
        }
    }

    /// Gives up what it is blocked by, without an answer.
    pub fn stop_waiting(&mut self, engine: &Engine) {
        if let Some(waiter) = self.waiter().cloned() {
            waiter.end(engine, End::Gone);
            waiter.leave(engine);
            self.parked = None;
        }
    }

    /// After a panic: drops what the command may have left half done, its wait and the transaction. What it has told of is
    /// delivered, because others wait for that.
    pub fn give_up(&mut self, engine: &Engine) {
        self.stop_waiting(engine);
        self.parked = None;
        self.host_nesting = 0;
        super::transaction::end(self, engine);
        engine.events.deliver(&mut self.events);
    }

    /// Ends the session: other threads no longer see it.
    pub fn end(&mut self, engine: &Engine) {
        self.stop_waiting(engine);
        self.unwatch(engine);
        engine.clients.remove(&self.client);
    }

    /// Takes away the keys it watches, which are still to be taken out of the tables of their shards.
    pub fn take_watching(&mut self) -> Option<Box<Watching>> {
        let watching = self.watching.take()?;
        *self.client.watch_flag.lock() = None;
        Some(watching)
    }

    /// The keys it watches, none so far if it does not.
    ///
    /// # Errors
    /// If memory is short.
    pub fn watching(&mut self) -> Result<&mut Watching, NoMemory> {
        match &mut self.watching {
            Some(watching) => Ok(watching),
            none => {
                let changed = WatchFlag::new(AtomicBool::new(false))?;
                let watching = none.insert(try_box(Watching { changed: changed.clone(), keys: Vec::new() })?);
                *self.client.watch_flag.lock() = Some(changed);
                Ok(watching)
            }
        }
    }
}

/// Result of a whole continuation run to its end, for callers that cannot give way.
pub fn run_to_end(mut rest: Box<dyn Continuation>, ctx: &mut Ctx) -> CmdResult {
    while rest.resume(ctx)? == Slice::More {}
    Ok(())
}
