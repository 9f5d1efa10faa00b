//! The keyspace: keys and values of all databases, split into shards by the hash of the key.
//!
//! Each shard sits behind one lock in cache lines of its own and holds its part of every database. Who works on
//! keys takes the locks of their shards in ascending order through a [`LockSet`]; that rule alone makes every
//! command atomic and free of deadlock. [`Loc`]s and references into a shard live as long as its lock is held.
//!
//! Cost of an access: one uncontended lock, one cache miss for the bucket, one for the entry.

mod account;
pub mod blocked;
pub mod damage;
mod databases;
pub mod expiry;
mod fields;
#[allow(unsafe_code)]
mod glance;
#[allow(unsafe_code)]
mod lock;
mod locks;
mod readers;
mod scan;
mod wake_at;
mod watch;

#[cfg(test)]
mod tests;

pub use crate::storage::{
    Bytes, HashSeed, KeyHash, Kind, Loc, NewValue, NoMemory, Shared, StringEncoding, StringRef, Text, format_int,
    gather, pages, try_box, try_collect, try_copy,
};
pub use databases::Databases;
pub use fields::StoredHash;
pub use glance::{Glance, Sight};
pub use locks::LockSet;
pub use readers::{Reader, Readers};
pub use scan::Cursor;
pub use watch::WatchFlag;

use crate::types::Object;
use account::Account;
use blocked::{Tickets, WaitTable};
use crossbeam_utils::CachePadded;
use expiry::Drivers;
use lock::{Lock, LockGuard};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicPtr, Ordering};
use watch::WatchTable;

/// One database of one shard.
pub type Db = crate::storage::Dict<Object>;
/// What of a database can be read without its lock.
type DbView = crate::storage::View<crate::storage::Entry<Object>>;
/// A stored value, borrowed from its entry.
pub type ValueRef<'a> = crate::storage::ValueRef<'a, Object>;
/// A key taken out to be put back elsewhere.
pub type Detached = crate::storage::Detached<Object>;
/// Something to drop where nobody waits.
pub type Garbage = crate::storage::Garbage<Object>;
/// A flat encoding, to edit in place.
pub type FlatMut<'a> = crate::storage::FlatMut<'a, Object>;
/// A large value, to change in place.
pub type ObjectMut<'a> = crate::storage::ObjectMut<'a, Object>;

/// `next_deadline` of a shard without volatile keys.
pub const NO_DEADLINE: i64 = i64::MAX;

/// All databases of one engine.
pub struct Keyspace {
    shards: Box<[CachePadded<Shard>]>,
    shard_bits: u32,
    seed: HashSeed,
    drivers: Drivers,
    readers: Shared<Readers>,
    tickets: Tickets,
    account: Account,
    /// Whether any shard is.
    damaged: AtomicBool,
}

/// One lock and what it guards, and of that what can be read without the lock: the earliest deadline, and enough of
/// database 0 to prefetch.
pub struct Shard {
    data: Lock<ShardData>,
    next_deadline_ms: AtomicI64,
    /// The view of database 0, null if there is none.
    view: AtomicPtr<DbView>,
    /// See [`damage`].
    damaged: AtomicBool,
}

/// What one shard holds: its part of every database that was ever used.
pub struct ShardData {
    dbs: Databases,
    watches: WatchTable,
    waiters: WaitTable,
    published_deadline_ms: i64,
    /// Bytes that are in the account.
    entered: usize,
}

impl ShardData {
    /// The part of database `number` in this shard, made on first use.
    #[inline(always)]
    pub fn db(&mut self, number: u32) -> &mut Db {
        self.dbs.made(number)
    }

    /// The part of database `number`, if it was ever used.
    #[inline]
    pub fn existing_db(&self, number: u32) -> Option<&Db> {
        self.dbs.get(number)
    }

    /// All databases in use.
    #[inline]
    pub fn dbs(&mut self) -> &mut Databases {
        &mut self.dbs
    }

    /// Exchanges two databases.
    pub fn swap_dbs(&mut self, a: u32, b: u32) {
        self.dbs.swap(a, b);
        [a, b].into_iter().for_each(|number| self.db(number).note_news());
    }

    /// Removes a key whose deadline has come; those who watch or await it learn of it.
    pub fn expire(&mut self, number: u32, loc: Loc) {
        let Self { dbs, watches, waiters, .. } = self;
        let Some(db) = dbs.get_mut(number) else { return };
        touch(watches, waiters, number, db.key(loc));
        db.remove(loc);
    }

    /// Tells those who watch or await a key that it changed.
    #[inline(always)]
    pub fn touch(&mut self, number: u32, hash: KeyHash, key: &[u8]) {
        if !self.watches.is_empty() || !self.waiters.is_empty() {
            self.touch_slowly(number, hash, key);
        }
    }

    #[cold]
    fn touch_slowly(&mut self, number: u32, hash: KeyHash, key: &[u8]) {
        if !self.watches.is_empty() {
            self.watches.touch(number, key);
        }
        if !self.waiters.is_empty() {
            let db = self.dbs.get(number);
            let present = db.and_then(|db| Some(db.kind(db.locate(hash, key)?)));
            self.waiters.signal_as(number, key, present);
        }
    }

    /// [`ShardData::touch`] for those watched or awaited keys for which `changed(databases, number, key)` holds.
    pub fn touch_where(&mut self, mut changed: impl FnMut(&mut Databases, u32, &[u8]) -> bool) {
        let Self { dbs, watches, waiters, .. } = self;
        watches.touch_where(|number, key| changed(dbs, number, key));
        waiters.signal_where(|number, key| changed(dbs, number, key));
    }

    /// Keys that transactions watch.
    pub fn watches(&mut self) -> &mut WatchTable {
        &mut self.watches
    }

    /// Whether a key was changed that somebody waits for.
    #[inline]
    fn has_signals(&self) -> bool {
        self.waiters.has_signals()
    }

    /// Clients that wait for keys.
    #[inline]
    pub fn waiters(&mut self) -> &mut WaitTable {
        &mut self.waiters
    }

    fn next_deadline_ms(&self) -> i64 {
        self.dbs.iter().map(Db::next_deadline_ms).min().unwrap_or(NO_DEADLINE)
    }
}

/// Tells those who watch or await a key that something of it expired.
#[inline]
fn touch(watches: &WatchTable, waiters: &mut WaitTable, number: u32, key: &[u8]) {
    if !watches.is_empty() {
        watches.touch(number, key);
    }
    if !waiters.is_empty() {
        waiters.signal(number, key);
    }
}

impl Keyspace {
    /// An empty keyspace of `shards` shards, a power of two between 1 and 1024.
    ///
    /// # Errors
    /// If memory is short.
    pub fn new(shards: usize, seed: HashSeed) -> Result<Self, NoMemory> {
        assert!(shards.is_power_of_two() && shards <= 1024, "shards must be a power of two up to 1024");
        let tickets = Tickets::new()?;
        let make = |_| {
            CachePadded::new(Shard {
                data: Lock::new(ShardData {
                    dbs: Databases::new(shards.trailing_zeros()),
                    watches: WatchTable::default(),
                    waiters: WaitTable::new(tickets.clone()),
                    published_deadline_ms: NO_DEADLINE,
                    entered: 0,
                }),
                next_deadline_ms: AtomicI64::new(NO_DEADLINE),
                view: AtomicPtr::new(std::ptr::null_mut()),
                damaged: AtomicBool::new(false),
            })
        };
        Ok(Self {
            shards: try_collect((0..shards).map(make))?.into_boxed_slice(),
            shard_bits: shards.trailing_zeros(),
            seed,
            drivers: Drivers::default(),
            damaged: AtomicBool::new(false),
            readers: Shared::new(Readers::default())?,
            tickets,
            account: Account::default(),
        })
    }

    /// Hash of a key.
    #[inline]
    pub fn hash(&self, key: &[u8]) -> KeyHash {
        self.seed.hash(key)
    }

    /// The hash function, for structures that hash names of their own.
    #[inline]
    pub fn seed(&self) -> &HashSeed {
        &self.seed
    }

    /// Number of the shard that holds keys of this hash.
    #[inline]
    pub fn shard_of(&self, hash: KeyHash) -> usize {
        hash.shard(self.shard_bits)
    }

    /// How many shards there are.
    pub fn shard_count(&self) -> usize {
        self.shards.len()
    }

    /// Bits of a hash that choose the shard.
    pub fn shard_bits(&self) -> u32 {
        self.shard_bits
    }

    /// Who expires keys in the background.
    pub fn drivers(&self) -> &Drivers {
        &self.drivers
    }

    /// A number greater than all before it: a place in the lines of those who wait for keys.
    pub fn next_ticket(&self) -> u64 {
        self.tickets.next()
    }

    #[inline]
    pub(crate) fn try_lock(&self, shard: usize) -> Option<LockGuard<'_, ShardData>> {
        self.shards[shard].data.try_lock()
    }

    #[inline]
    pub(crate) fn lock(&self, shard: usize) -> LockGuard<'_, ShardData> {
        self.shards[shard].data.lock()
    }

    /// A new reader of what needs no lock.
    ///
    /// # Errors
    /// If memory is short.
    pub fn reader(&self) -> Result<Reader, NoMemory> {
        self.readers.register()
    }

    /// Those who may look at what was removed from the tables: whoever frees it waits for them first.
    pub fn readers(&self) -> &Shared<Readers> {
        &self.readers
    }

    /// Makes known what others read of a locked shard without the lock; after that, and before it is unlocked, `garbage` gets
    /// what was removed and is to be freed elsewhere.
    #[cold]
    pub(crate) fn spread_news(&self, shard: usize, data: &mut ShardData, garbage: &mut impl FnMut(Vec<Garbage>)) {
        self.publish(shard, data);
        for db in data.dbs.iter_mut() {
            db.clear_news();
            if db.has_garbage() {
                garbage(db.take_garbage());
            }
        }
    }

    fn publish(&self, shard: usize, data: &mut ShardData) {
        let view = data.dbs.get(0).and_then(Db::view).map_or(std::ptr::null(), std::ptr::from_ref);
        if self.shards[shard].view.load(Ordering::Relaxed).cast_const() != view {
            self.shards[shard].view.store(view.cast_mut(), Ordering::Release);
        }
        let deadline_ms = data.next_deadline_ms();
        if deadline_ms != data.published_deadline_ms {
            let earlier = deadline_ms < data.published_deadline_ms;
            data.published_deadline_ms = deadline_ms;
            self.shards[shard].next_deadline_ms.store(deadline_ms, Ordering::SeqCst);
            if earlier {
                self.drivers.deadline_moved_up(shard, deadline_ms);
            }
        }
    }

    /// The earliest deadline in `shard`, without its lock.
    pub fn next_deadline_ms(&self, shard: usize) -> i64 {
        self.shards[shard].next_deadline_ms.load(Ordering::SeqCst)
    }
}

impl Keyspace {
    /// Bytes of a keyspace without keys.
    pub fn fixed_memory(&self) -> usize {
        self.shards.len() * size_of::<CachePadded<Shard>>()
    }
}
