//! What an engine does once in a while: samples its rates, notes its peak memory, advances the coarse clock of
//! the eviction bits, expires keys when no reactor does, and wakes reactors that a host drives.

use super::alarms::{Alarm, Alarms, NEVER, sleep_until};
use super::events::Pending;
use super::{Engine, access, stats, threads};
use crate::commands::blocking;
use crate::hooks::reach;
use crate::keyspace::Keyspace;
use crate::keyspace::expiry::Driver;
use crate::storage::{NoMemory, Shared, Weak, try_box};
use parking_lot::{Condvar, Mutex};
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// Longest sleep without anything to do.
const PAUSE_MAX: Duration = Duration::from_secs(1);
/// Samples that a rate is the mean of, as in Redis.
const SAMPLES: usize = 16;
/// Keys expired between two looks at the clock.
const EXPIRE_SLICE: usize = 1024;

/// Rates over the last samples.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rates {
    pub commands_per_s: u64,
    pub bytes_in_per_s: u64,
    pub bytes_out_per_s: u64,
}

#[derive(Default)]
struct State {
    stopping: bool,
    /// Someone has found an earlier deadline.
    woken: bool,
    /// When the thread will wake up by itself; `None` before it first sleeps.
    wakes_at: Option<Instant>,
}

/// What the thread has in common with others.
#[derive(Default)]
struct Common {
    state: Mutex<State>,
    changed: Condvar,
    rates: Mutex<Rates>,
    /// Seconds since the epoch: the clock of the eviction bits.
    now_s: AtomicU32,
    /// Reactors that expire keys; while there are any, this thread does not.
    reactors: AtomicU32,
    /// When the reactors that a host drives have work next.
    alarms: Alarms,
}

/// The housekeeping thread of one engine.
pub struct Housekeeping {
    common: Shared<Common>,
    thread: Mutex<Option<threads::Handle>>,
    /// By which it expires keys while no reactor does.
    driver: Shared<Driver>,
}

impl Housekeeping {
    /// That of an engine with this keyspace, not started yet.
    ///
    /// # Errors
    /// If memory is short.
    pub fn new(keyspace: &Keyspace) -> Result<Self, NoMemory> {
        let common = Shared::new(Common::default())?;
        let sleeper = common.clone();
        let wake = try_box(move || {
            sleeper.state.lock().woken = true;
            sleeper.changed.notify_all();
        })?;
        let driver = keyspace.drivers().add(wake)?;
        Ok(Self { common, thread: Mutex::default(), driver })
    }

    pub(super) fn start(&self, engine: &Shared<Engine>) -> std::io::Result<()> {
        self.common.now_s.store(now_s(engine), Ordering::Relaxed);
        let common = self.common.clone();
        let log = engine.log.clone();
        let engine = engine.downgrade();
        let thread = threads::spawn(format_args!("rs-housekeeping"), &log, move || run(&common, &engine))?;
        *self.thread.lock() = Some(thread);
        Ok(())
    }

    /// Stops the thread. Idempotent; may be called from the thread itself (which then is not joined).
    pub fn stop(&self) {
        self.common.state.lock().stopping = true;
        self.common.changed.notify_all();
        if let Some(thread) = self.thread.lock().take()
            && !thread.is_this_thread()
        {
            let _ = thread.join();
        }
    }

    /// A reactor begins to expire keys with a driver of its own.
    pub fn reactor_started(&self, engine: &Engine) {
        if self.common.reactors.fetch_add(1, Ordering::AcqRel) == 0 {
            engine.keyspace.drivers().remove(&self.driver);
        }
    }

    /// A reactor has ended; after the last one this thread expires keys again.
    pub fn reactor_stopped(&self, engine: &Engine) {
        if self.common.reactors.fetch_sub(1, Ordering::AcqRel) == 1 {
            engine.keyspace.drivers().come_back(&self.driver);
        }
    }

    /// An alarm for a reactor that a host drives.
    ///
    /// # Errors
    /// If memory is short.
    pub fn add_alarm(&self, ring: Box<dyn Fn() + Send + Sync>) -> Result<Shared<Alarm>, NoMemory> {
        self.common.alarms.add(ring)
    }

    /// Sets it, in milliseconds since the epoch.
    pub fn set_alarm(&self, engine: &Engine, alarm: &Alarm, due_ms: i64) {
        if !alarm.set(due_ms) {
            return;
        }
        let sleep = sleep_until(due_ms, engine.clock.now_ms(), engine.clock.is_injected());
        let mut state = self.common.state.lock();
        if state.wakes_at.is_none_or(|wakes_at| wakes_at.saturating_duration_since(Instant::now()) > sleep) {
            state.woken = true;
            drop(state);
            self.common.changed.notify_all();
        }
    }

    /// Has all of them ring now, whatever time they are set to: there is something that every reactor's host must see.
    pub fn ring_alarms(&self) {
        self.common.alarms.ring(NEVER);
    }

    /// Removes it.
    pub fn remove_alarm(&self, alarm: &Shared<Alarm>) {
        self.common.alarms.remove(alarm);
    }

    /// Rates over the last 1.6 seconds.
    pub fn rates(&self) -> Rates {
        *self.common.rates.lock()
    }

    /// Seconds since the epoch, behind by a tenth of one at most: the clock of the eviction bits.
    #[inline]
    pub fn now_s(&self) -> u32 {
        self.common.now_s.load(Ordering::Relaxed)
    }

    /// The clock of LRU.
    #[inline]
    pub fn lru_clock(&self) -> u32 {
        access::lru_clock(self.now_s())
    }
}

fn now_s(engine: &Engine) -> u32 {
    (engine.clock.now_ms() / 1000) as u32
}

fn run(common: &Common, engine: &Weak<Engine>) {
    let mut history: [(Instant, (u64, u64, u64)); SAMPLES] = [(Instant::now(), (0, 0, 0)); SAMPLES];
    let mut turn = 0;
    let mut next_sample = Instant::now();
    loop {
        let Some(engine) = engine.upgrade() else { return };
        let chores = || {
            reach("housekeeping");
            if Instant::now() >= next_sample {
                next_sample += period(&engine);
                turn += 1;
                sample(common, &engine, &mut history[turn % SAMPLES]);
            }
            common.alarms.ring(engine.clock.now_ms());
            expire(&engine).min(next_sample.saturating_duration_since(Instant::now()))
        };
        let wait = catch_unwind(AssertUnwindSafe(chores)).unwrap_or_else(|_| {
            // The panic hook has reported it.
            engine.after_panic();
            period(&engine)
        });
        let (now_ms, clock_is_injected) = (engine.clock.now_ms(), engine.clock.is_injected());
        drop(engine);
        let mut state = common.state.lock();
        // Under the lock: who sets an alarm after this sees for how long the thread sleeps.
        let wait = wait.min(sleep_until(common.alarms.next_ms(), now_ms, clock_is_injected));
        if !state.stopping && !state.woken && !wait.is_zero() {
            state.wakes_at = Some(Instant::now() + wait);
            common.changed.wait_for(&mut state, wait);
        }
        if state.stopping {
            return;
        }
        state.woken = false;
    }
}

fn sample(common: &Common, engine: &Engine, oldest: &mut (Instant, (u64, u64, u64))) {
    common.now_s.store(now_s(engine), Ordering::Relaxed);
    let now = (Instant::now(), engine.stats.commands_ever());
    let seconds = now.0.duration_since(oldest.0).as_secs_f64();
    if seconds > 0.0 {
        let rate = |new: u64, old: u64| (new.saturating_sub(old) as f64 / seconds) as u64;
        *common.rates.lock() = Rates {
            commands_per_s: rate(now.1.0, oldest.1.0),
            bytes_in_per_s: rate(now.1.1, oldest.1.1),
            bytes_out_per_s: rate(now.1.2, oldest.1.2),
        };
    }
    *oldest = now;
    engine.note_memory_peak();
}

/// Time between two samples: `hz` of them a second.
fn period(engine: &Engine) -> Duration {
    Duration::from_secs(1) / engine.settings.hot().hz.load(Ordering::Relaxed).max(1)
}

/// Expires what is due; how long until there is more to do.
fn expire(engine: &Engine) -> Duration {
    let Housekeeping { common, driver, .. } = &engine.housekeeping;
    if common.reactors.load(Ordering::Acquire) > 0 || !engine.settings.hot().active_expire.load(Ordering::Relaxed) {
        return PAUSE_MAX;
    }
    let now_ms = engine.clock.now_ms();
    if driver.next_ms() <= now_ms {
        engine.expire_slice(driver, now_ms, EXPIRE_SLICE);
    }
    Duration::from_millis(u64::try_from(driver.next_ms().saturating_sub(now_ms)).unwrap_or(0)).min(PAUSE_MAX)
}

impl Engine {
    /// Expires keys and fields that are due, `max` at most; how many did.
    pub fn expire_slice(&self, driver: &Shared<Driver>, now_ms: i64, max: usize) -> usize {
        let started_us = self.clock.elapsed_us();
        let garbage = |garbage| self.discard(garbage);
        let events = RefCell::new(Pending::default());
        let expired = |db, key: &[u8], what| self.note_expired(&mut events.borrow_mut(), db, key, what);
        let awaited = |shard| blocking::serve_shard(self, shard, &mut events.borrow_mut());
        let expire = || self.keyspace.expire_due(driver, now_ms, max, expired, garbage, awaited);
        let count = catch_unwind(AssertUnwindSafe(expire));
        self.stats.expire_us.fetch_add(self.clock.elapsed_us() - started_us, Ordering::Relaxed);
        // Also after a panic: what was noted before it has happened, and others wait for it to be told.
        self.events.deliver(&mut events.borrow_mut());
        let count = count.unwrap_or_else(|panic| resume_unwind(panic));
        if count.keys > 0 {
            self.stats.count_expired(count.keys as u64);
        }
        count.total()
    }

    /// Bytes in use by data and tables of this engine.
    pub fn used_memory(&self) -> usize {
        self.keyspace.used()
    }

    /// Bytes of an engine without keys and clients.
    pub fn startup_memory(&self) -> usize {
        size_of::<Self>() + self.keyspace.fixed_memory() + self.stats.fixed_memory()
    }

    /// Raises the recorded peak of memory in use; the memory now in use. Buffers of clients are not counted.
    pub fn note_memory_peak(&self) -> usize {
        let used = self.startup_memory() + self.used_memory();
        self.stats.peak_memory.fetch_max(used as u64, Ordering::Relaxed);
        used
    }
}

const _: () = assert!(std::mem::size_of::<stats::Counters>() < 128, "one block per reactor stays small");
