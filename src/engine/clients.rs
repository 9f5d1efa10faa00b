//! The clients of one engine: network connections and in-process sessions.
//!
//! A [`Client`] is the part of a session that other threads may see: who it is, what it last did, and the
//! [`Outlet`] through which something can be delivered to it. Its session updates it with relaxed stores.

use super::Engine;
use crate::keyspace::{Shared, WatchFlag};
use crate::storage::{NoMemory, try_collect};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, AtomicU64, Ordering::Relaxed};

/// What reaches a client from another thread.
#[derive(Clone, Debug)]
pub enum Delivery {
    /// Bytes of complete replies or push messages.
    Bytes(Shared<Vec<u8>>),
    /// The command it waits with has its answer, to be fetched from the session.
    Unblocked,
    /// End the connection; what is already in its output buffer may be lost.
    Close,
}

/// The way to a client that may belong to another thread.
pub trait Outlet: Send + Sync {
    /// Delivers to the client with this id; silently nothing if it is gone.
    fn deliver(&self, client_id: u64, delivery: Delivery);
}

/// Why a wait ends without anybody having served it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    TimedOut,
    /// CLIENT UNBLOCK, as if by the timeout or with an error.
    Unblocked,
    UnblockedWithError,
    /// `rs_session_interrupt`.
    Interrupted,
    /// A panic may have damaged the data: nothing more is served.
    Damaged,
    /// There is nobody left to answer to.
    Gone,
}

/// A blocked command, as far as it concerns others than its session.
pub trait Waiting: Send + Sync {
    /// Whether nobody has served it or ended the wait so far.
    fn is_waiting(&self) -> bool;

    /// Whether it waits for a limited time.
    fn has_deadline(&self) -> bool;

    /// Whether it waits for keys that a panic has damaged.
    fn is_damaged(&self, engine: &Engine) -> bool;

    /// Ends the wait; false if it was over before.
    fn end(&self, engine: &Engine, how: End) -> bool;
}

/// The kind of a client as CLIENT LIST TYPE and CLIENT KILL TYPE know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientKind {
    Normal,
    Master,
    Replica,
    Pubsub,
}

/// What a client calls itself; rarely changed, so behind a lock.
#[derive(Clone, Default)]
pub struct ClientText {
    pub name: Vec<u8>,
    pub lib_name: Vec<u8>,
    pub lib_ver: Vec<u8>,
}

/// The shared part of a session.
pub struct Client {
    pub id: u64,
    /// Peer address as CLIENT LIST prints it; for a unix socket `path:0`, in process empty.
    pub addr: String,
    /// Local address in the same form.
    pub laddr: String,
    /// Descriptor of the connection, -1 in process.
    pub fd: i32,
    pub is_unix: bool,
    pub created_ms: i64,
    pub text: Mutex<ClientText>,
    pub last_active_ms: AtomicI64,
    pub db: AtomicU32,
    /// Id of the last command, `u32::MAX` before the first.
    pub last_command: AtomicU32,
    pub protocol: AtomicU32,
    /// Queued commands of a transaction, -1 outside one.
    pub queued: AtomicI64,
    /// Bytes of their arguments.
    pub queued_bytes: AtomicU64,
    /// What a change of a watched key raises, while any is watched.
    pub watch_flag: Mutex<Option<WatchFlag>>,
    /// Input that was received and not executed, and the buffer that holds it.
    pub query_bytes: AtomicU64,
    pub query_capacity: AtomicU64,
    /// Replies that were not sent.
    pub output_bytes: AtomicU64,
    pub no_evict: AtomicBool,
    pub is_monitor: AtomicBool,
    /// What it is blocked by, until its session has fetched the answer.
    pub waiting: Mutex<Option<Shared<dyn Waiting>>>,
    outlet: Option<Shared<dyn Outlet>>,
}

impl Client {
    /// A client that no list knows.
    pub fn new(id: u64, origin: Origin, now_ms: i64) -> Self {
        Self {
            id,
            addr: origin.addr,
            laddr: origin.laddr,
            fd: origin.fd,
            is_unix: origin.is_unix,
            created_ms: now_ms,
            text: Mutex::default(),
            last_active_ms: AtomicI64::new(now_ms),
            db: AtomicU32::new(0),
            last_command: AtomicU32::new(u32::MAX),
            protocol: AtomicU32::new(2),
            queued: AtomicI64::new(-1),
            queued_bytes: AtomicU64::new(0),
            watch_flag: Mutex::default(),
            query_bytes: AtomicU64::new(0),
            query_capacity: AtomicU64::new(0),
            output_bytes: AtomicU64::new(0),
            no_evict: AtomicBool::new(false),
            is_monitor: AtomicBool::new(false),
            waiting: Mutex::new(None),
            outlet: origin.outlet,
        }
    }

    /// Delivers to this client.
    pub fn deliver(&self, delivery: Delivery) {
        if let Some(outlet) = &self.outlet {
            outlet.deliver(self.id, delivery);
        }
    }

    /// Whether a watched key has changed, so that EXEC will fail.
    pub fn watched_changed(&self) -> bool {
        self.watch_flag.lock().as_ref().is_some_and(|changed| changed.load(Relaxed))
    }

    /// What it is blocked by.
    pub fn blocked_by(&self) -> Option<Shared<dyn Waiting>> {
        self.waiting.lock().clone().filter(|waiting| waiting.is_waiting())
    }

    /// Ends what it is blocked by; false if it is not blocked.
    pub fn unblock(&self, engine: &Engine, how: End) -> bool {
        let waiting = self.waiting.lock().clone();
        waiting.is_some_and(|waiting| waiting.end(engine, how))
    }

    /// Ends a wait for keys that a panic has damaged.
    pub fn end_damaged_wait(&self, engine: &Engine) {
        let waiting = self.waiting.lock().clone();
        if let Some(waiting) = waiting.filter(|waiting| waiting.is_damaged(engine)) {
            waiting.end(engine, End::Damaged);
        }
    }

    /// The kind of this client.
    pub fn kind(&self) -> ClientKind {
        ClientKind::Normal
    }
}

/// Where a new client comes from.
pub struct Origin {
    pub addr: String,
    pub laddr: String,
    pub fd: i32,
    pub is_unix: bool,
    /// Without one nothing is delivered.
    pub outlet: Option<Shared<dyn Outlet>>,
}

/// All clients of one engine, by id.
#[derive(Default)]
pub struct Clients {
    by_id: Mutex<HashMap<u64, Shared<Client>>>,
    last_id: AtomicU64,
    monitors: Mutex<Vec<Shared<Client>>>,
    /// How many of them there are.
    monitor_count: AtomicU64,
    /// Network connections now open, in-process sessions not included.
    connected: AtomicU64,
    /// Clients that are blocked.
    pub blocked: AtomicU64,
}

impl Clients {
    /// Registers a client under the next id.
    ///
    /// # Errors
    /// If memory is short.
    pub fn add(&self, origin: Origin, now_ms: i64) -> Result<Shared<Client>, NoMemory> {
        let mut by_id = self.by_id.lock();
        by_id.try_reserve(1)?;
        let id = self.last_id.load(Relaxed) + 1;
        let client = Shared::new(Client::new(id, origin, now_ms))?;
        self.last_id.store(id, Relaxed);
        if client.fd >= 0 {
            self.connected.fetch_add(1, Relaxed);
        }
        by_id.insert(id, client.clone());
        Ok(client)
    }

    /// Forgets a client that is gone.
    pub fn remove(&self, client: &Shared<Client>) {
        if self.by_id.lock().remove(&client.id).is_some() {
            self.end_monitor(client);
            if client.fd >= 0 {
                self.connected.fetch_sub(1, Relaxed);
            }
        }
    }

    /// Network connections now open.
    pub fn connected(&self) -> u64 {
        self.connected.load(Relaxed)
    }

    /// All clients by ascending id.
    ///
    /// # Errors
    /// If memory is short.
    pub fn list(&self) -> Result<Vec<Shared<Client>>, NoMemory> {
        let mut all = try_collect(self.by_id.lock().values().cloned())?;
        all.sort_unstable_by_key(|client| client.id);
        Ok(all)
    }

    /// The client with this id.
    pub fn get(&self, id: u64) -> Option<Shared<Client>> {
        self.by_id.lock().get(&id).cloned()
    }

    /// Starts MONITOR for a client; false if it had been started.
    ///
    /// # Errors
    /// If memory is short.
    pub fn start_monitor(&self, client: &Shared<Client>) -> Result<bool, NoMemory> {
        let mut monitors = self.monitors.lock();
        monitors.try_reserve(1)?;
        if client.is_monitor.swap(true, Relaxed) {
            return Ok(false);
        }
        monitors.push(client.clone());
        self.monitor_count.store(monitors.len() as u64, Relaxed);
        Ok(true)
    }

    /// Ends MONITOR for a client.
    pub fn end_monitor(&self, client: &Client) {
        if client.is_monitor.swap(false, Relaxed) {
            let mut monitors = self.monitors.lock();
            monitors.retain(|other| other.id != client.id);
            self.monitor_count.store(monitors.len() as u64, Relaxed);
        }
    }

    /// Whether anybody monitors; asked by every command.
    #[inline]
    pub fn has_monitors(&self) -> bool {
        self.monitor_count.load(Relaxed) > 0
    }

    /// Sends a line to every monitoring client. There was no memory for it: then they are closed, which tells them that
    /// they have not seen everything.
    pub fn feed_monitors(&self, line: Option<Vec<u8>>) {
        let line = line.and_then(|line| Shared::new(line).ok());
        let delivery = line.map_or(Delivery::Close, Delivery::Bytes);
        for client in self.monitors.lock().iter() {
            client.deliver(delivery.clone());
        }
    }
}
