//! What hangs off one store. An [`Engine`] has no global state: a process may open many.

pub mod access;
pub mod alarms;
#[allow(unsafe_code)]
pub mod allocator;
pub mod clients;
pub mod clock;
pub mod events;
#[allow(unsafe_code)]
mod files;
pub mod glob;
#[cfg(feature = "mimalloc")]
#[allow(unsafe_code)]
pub(crate) mod global_allocator;
pub mod housekeeping;
pub mod latency;
pub mod log;
#[allow(unsafe_code)]
pub mod process;
pub mod random;
pub mod reclaim;
pub mod settings;
pub mod slowlog;
pub mod stats;
#[allow(unsafe_code)]
pub mod threads;

use crate::commands::names::Names;
use crate::keyspace::{Garbage, HashSeed, Keyspace};
use crate::persist::rdb::Compressor;
use crate::storage::{NoMemory, Shared, Text};
use clients::Clients;
use clock::Clock;
use events::Events;
use housekeeping::Housekeeping;
use latency::LatencyMonitor;
use log::Log;
use parking_lot::{Condvar, Mutex};
use reclaim::Reclaimer;
use settings::{LoadError, Settings};
use slowlog::Slowlog;
use stats::Stats;
use std::fmt;
use std::io;
use std::sync::atomic::{AtomicU32, Ordering};

/// How a shutdown was asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shutdown {
    /// SHUTDOWN FORCE: go on even when saving fails.
    pub force: bool,
    /// SHUTDOWN NOW: do not wait for replicas.
    pub now: bool,
}

/// One store with everything that belongs to it.
pub struct Engine {
    pub keyspace: Keyspace,
    pub settings: Settings,
    pub clock: Clock,
    pub stats: Stats,
    /// What commands are called.
    pub names: Names,
    pub clients: Clients,
    /// Who is told what happens to keys.
    pub events: Events,
    pub slowlog: Slowlog,
    pub latency: LatencyMonitor,
    pub reclaimer: Reclaimer,
    /// What DUMP compresses with, kept from one to the next.
    pub compressor: Mutex<Option<Compressor>>,
    pub log: Log,
    /// 40 hex digits that tell this run from others (INFO's `run_id`).
    pub run_id: String,
    /// 40 hex digits that name the history of this data set to replicas (INFO's `master_replid`).
    pub replication_id: String,
    /// When the engine was opened, in milliseconds since the epoch.
    pub started_ms: i64,
    /// Port of the first TCP listener, for INFO; 0 without one.
    pub port: AtomicU32,
    pub housekeeping: Housekeeping,
    shutdown: Mutex<Option<Shutdown>>,
    shutdown_asked: Condvar,
}

/// Why an engine was not opened.
#[derive(Debug)]
pub enum OpenError {
    /// A command cannot be renamed as the settings say.
    Rename(LoadError),
    NoMemory,
    /// The housekeeping thread cannot be started.
    Thread(io::Error),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rename(error) => error.fmt(f),
            Self::NoMemory => NoMemory.fmt(f),
            Self::Thread(error) => write!(f, "cannot start a thread: {}", process::os_text(error)),
        }
    }
}

impl std::error::Error for OpenError {}

impl From<NoMemory> for OpenError {
    fn from(NoMemory: NoMemory) -> Self {
        Self::NoMemory
    }
}

impl From<LoadError> for OpenError {
    fn from(error: LoadError) -> Self {
        if error == LoadError::NoMemory { Self::NoMemory } else { Self::Rename(error) }
    }
}

impl From<io::Error> for OpenError {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::OutOfMemory { Self::NoMemory } else { Self::Thread(error) }
    }
}

impl Engine {
    /// Opens an engine with these settings.
    ///
    /// # Errors
    /// Whatever keeps it from being opened; nothing is left behind then.
    pub fn open(settings: Settings, clock: Clock, log: Log) -> Result<Shared<Self>, OpenError> {
        let names = Names::new(&settings)?;
        let keyspace = Keyspace::new(settings.shards(), HashSeed::new(random_u64())?)?;
        let started_ms = clock.now_ms();
        let housekeeping = Housekeeping::new(&keyspace)?;
        let engine = Shared::new(Self {
            reclaimer: Reclaimer::new(log.clone(), keyspace.readers().clone())?,
            compressor: Mutex::new(None),
            keyspace,
            settings,
            clock,
            names,
            stats: Stats::new(crate::commands::spec::ID_COUNT),
            clients: Clients::default(),
            events: Events::new()?,
            slowlog: Slowlog::default(),
            latency: LatencyMonitor::default(),
            log,
            run_id: random_id()?,
            replication_id: random_id()?,
            started_ms,
            port: AtomicU32::new(0),
            housekeeping,
            shutdown: Mutex::new(None),
            shutdown_asked: Condvar::new(),
        })?;
        engine.housekeeping.start(&engine)?;
        Ok(engine)
    }

    /// Number of databases.
    pub fn databases(&self) -> u32 {
        self.settings.databases()
    }

    /// Frees big removed values in the background.
    pub fn discard(&self, garbage: Vec<Garbage>) {
        self.reclaimer.defer(garbage);
    }

    /// Whether `maxmemory` is used up.
    pub fn is_out_of_memory(&self) -> bool {
        let limit = self.settings.hot().maxmemory.load(Ordering::Relaxed);
        limit != 0 && self.keyspace.uses_more_than(limit)
    }

    /// After a panic was caught: nobody waits any longer for keys that it has damaged.
    #[cold]
    pub fn after_panic(&self) {
        if self.is_damaged() {
            // Without memory for the list they wait until their time is over.
            for client in self.clients.list().iter().flatten() {
                client.end_damaged_wait(self);
            }
        }
    }

    /// Whether a panic may have damaged some of the data.
    #[inline]
    pub fn is_damaged(&self) -> bool {
        self.keyspace.is_damaged()
    }

    /// Stops the engine's threads and frees its data, at once and not whenever the last handle goes. Whoever
    /// serves the engine must have stopped before.
    pub fn close(&self) {
        self.housekeeping.stop();
        self.reclaimer.drain();
    }

    /// Asks whoever serves this engine to stop.
    pub fn request_shutdown(&self, how: Shutdown) {
        *self.shutdown.lock() = Some(how);
        self.shutdown_asked.notify_all();
        self.housekeeping.ring_alarms();
    }

    /// The shutdown that was asked for, if any.
    pub fn shutdown_requested(&self) -> Option<Shutdown> {
        *self.shutdown.lock()
    }

    /// Forgets a shutdown request, so that the engine can be served again.
    pub fn clear_shutdown(&self) {
        *self.shutdown.lock() = None;
    }

    /// Waits until a shutdown is asked for, or `timeout` is over (`None`: without limit).
    pub fn wait_for_shutdown(&self, timeout: Option<std::time::Duration>) -> Option<Shutdown> {
        self.wait_for_shutdown_unless(timeout, || false)
    }

    /// [`Engine::wait_for_shutdown`] that also ends when `is_given_up` holds, which is asked again after
    /// [`Engine::wake_shutdown_waiters`].
    pub fn wait_for_shutdown_unless(
        &self,
        timeout: Option<std::time::Duration>,
        is_given_up: impl Fn() -> bool,
    ) -> Option<Shutdown> {
        let deadline = timeout.map(|timeout| std::time::Instant::now() + timeout);
        let mut shutdown = self.shutdown.lock();
        while shutdown.is_none() && !is_given_up() {
            match deadline {
                None => self.shutdown_asked.wait(&mut shutdown),
                Some(deadline) => {
                    if self.shutdown_asked.wait_until(&mut shutdown, deadline).timed_out() {
                        break;
                    }
                }
            }
        }
        *shutdown
    }

    /// Has those who wait for a shutdown look again whether they still want to.
    pub fn wake_shutdown_waiters(&self) {
        let _shutdown = self.shutdown.lock();
        self.shutdown_asked.notify_all();
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.housekeeping.stop();
    }
}

/// A random number: every `RandomState` has fresh keys, so its empty hash is one.
pub(crate) fn random_u64() -> u64 {
    use std::hash::{BuildHasher, Hasher};
    std::collections::hash_map::RandomState::new().build_hasher().finish()
}

/// 40 random lower-case hex digits.
fn random_id() -> Result<String, NoMemory> {
    let [first, second, last] = [random_u64(), random_u64(), random_u64() >> 32];
    Text::string_of(format_args!("{first:016x}{second:016x}{last:08x}"))
}
