//! Background expiry: who does it, when it has to wake up, and one bounded slice of the work.
//!
//! Each shard publishes its earliest deadline. A *driver* (a reactor, or the housekeeping thread of an engine
//! without reactors) is responsible for every n-th shard: it sleeps until the earliest deadline of its shards
//! and is woken when an earlier one appears. So keys expire within about a millisecond of their time and an
//! idle store causes no wake-ups. Reads expire lazily on top of that.

use super::damage::Bomb;
use super::wake_at::WakeAt;
use super::{Garbage, Keyspace, NO_DEADLINE, NoMemory, Shared};
use crate::hooks::reach;
use parking_lot::RwLock;

/// Keys and fields removed under one hold of a shard's lock.
const EXPIRED_PER_LOCK_MAX: usize = 32;

/// What has expired.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Expired {
    pub keys: usize,
    /// Fields of hashes.
    pub fields: usize,
}

impl Expired {
    pub fn total(self) -> usize {
        self.keys + self.fields
    }
}

/// What has expired of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    Key,
    /// Fields of a hash.
    Fields,
    /// The last fields of a hash, and the key with them.
    LastFields,
}

/// One participant of background expiry.
pub struct Driver {
    wake_at: WakeAt,
    wake: Box<dyn Fn() + Send + Sync>,
}

impl Driver {
    /// When this driver has work, in milliseconds since the epoch; [`NO_DEADLINE`] for never.
    #[inline]
    pub fn next_ms(&self) -> i64 {
        self.wake_at.get()
    }
}

/// The drivers of one keyspace; shard `s` belongs to driver `s % count`.
#[derive(Default)]
pub struct Drivers {
    list: RwLock<Vec<Shared<Driver>>>,
}

impl Drivers {
    /// Adds a driver whose sleep is ended by `wake`. It first looks at all its shards.
    ///
    /// # Errors
    /// If memory is short.
    pub fn add(&self, wake: Box<dyn Fn() + Send + Sync>) -> Result<Shared<Driver>, NoMemory> {
        let driver = Shared::new(Driver { wake_at: WakeAt::now(), wake })?;
        let mut list = self.list.write();
        // Also for one that comes back.
        list.try_reserve(2)?;
        list.push(driver.clone());
        rearrange(&list);
        Ok(driver)
    }

    /// Removes a driver; the others take over its shards.
    pub fn remove(&self, driver: &Shared<Driver>) {
        let mut list = self.list.write();
        list.retain(|known| !known.is_same(driver));
        rearrange(&list);
    }

    /// Adds a driver again that was removed, for which there is room still: the list never shrinks.
    pub fn come_back(&self, driver: &Shared<Driver>) {
        let mut list = self.list.write();
        if list.len() < list.capacity() {
            list.push(driver.clone());
        }
        rearrange(&list);
    }

    pub(super) fn deadline_moved_up(&self, shard: usize, deadline_ms: i64) {
        let list = self.list.read();
        if list.is_empty() {
            return;
        }
        let driver = &list[shard % list.len()];
        if driver.wake_at.moved_up(deadline_ms) {
            (driver.wake)();
        }
    }

    fn place_of(&self, driver: &Shared<Driver>) -> Option<(usize, usize)> {
        let list = self.list.read();
        let index = list.iter().position(|known| known.is_same(driver))?;
        Some((index, list.len()))
    }
}

/// Responsibilities moved: every driver looks at its shards anew.
fn rearrange(list: &[Shared<Driver>]) {
    for driver in list {
        driver.wake_at.reset();
        (driver.wake)();
    }
}

/// Has a driver look at its shards anew if a panic keeps it from saying when it has work next.
struct Claim<'d>(&'d Driver);

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.wake_at.reset();
        }
    }
}

impl Keyspace {
    /// Expires keys of `driver`'s shards that are due at `now_ms`, and fields of hashes, about `max` at most, and notes
    /// when the driver has work next. `expired(db, key, what)` is told each key under its shard's lock, `garbage` gets values
    /// that are too big to be freed here, `awaited` the shards where somebody waits for what has expired.
    pub fn expire_due(
        &self,
        driver: &Shared<Driver>,
        now_ms: i64,
        max: usize,
        mut expired: impl FnMut(u32, &[u8], What),
        mut garbage: impl FnMut(Vec<Garbage>),
        mut awaited: impl FnMut(usize),
    ) -> Expired {
        let mut count = Expired::default();
        let Some((first, step)) = self.drivers.place_of(driver) else { return count };
        driver.wake_at.claim();
        let _claim = Claim(driver);
        let mut next_ms = NO_DEADLINE;
        for shard in (first..self.shard_count()).step_by(step) {
            let mut deadline_ms = self.next_deadline_ms(shard);
            while deadline_ms <= now_ms && count.total() < max {
                if self.expire_in_shard(shard, now_ms, &mut count, &mut expired, &mut garbage) {
                    awaited(shard);
                }
                deadline_ms = self.next_deadline_ms(shard);
            }
            next_ms = next_ms.min(deadline_ms);
        }
        driver.wake_at.settle(next_ms);
        count
    }

    /// Whether somebody waits for what has expired.
    fn expire_in_shard(
        &self,
        shard: usize,
        now_ms: i64,
        count: &mut Expired,
        expired: &mut impl FnMut(u32, &[u8], What),
        garbage: &mut impl FnMut(Vec<Garbage>),
    ) -> bool {
        let mut data = self.lock(shard);
        if self.is_shard_damaged(shard) {
            return false;
        }
        let _bomb = Bomb { keyspace: self, shard };
        reach("expire");
        let mut left = EXPIRED_PER_LOCK_MAX;
        for number in 0..data.dbs.count() {
            while left > 0 {
                let db = data.db(number);
                let Some(loc) = db.expired_loc(now_ms) else { break };
                expired(number, db.key(loc), What::Key);
                data.expire(number, loc);
                count.keys += 1;
                left -= 1;
            }
            while left > 0 {
                let Some(loc) = data.db(number).inner_due_loc(now_ms) else { break };
                let told = |key: &[u8], what| expired(number, key, what);
                let removed = data.expire_fields(number, loc, now_ms, left, told).removed;
                count.fields += removed;
                left = left.saturating_sub(removed.max(1));
            }
        }
        self.spread_news(shard, &mut data, garbage);
        self.account_for(&mut data);
        data.has_signals()
    }
}
