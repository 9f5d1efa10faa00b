//! The shard locks that one command, or one transaction, holds.
//!
//! Always taken in ascending shard order and all at once, so no two commands can wait for each other. Dropping
//! the set publishes changed deadlines, hands garbage to the caller's sink and releases.

use super::blocked::Signal;
use super::lock::LockGuard;
use super::{Db, Garbage, KeyHash, Keyspace, NoMemory, ShardData};
use smallvec::SmallVec;

/// A locked shard and its number.
type Locked<'e> = (u32, LockGuard<'e, ShardData>);

/// Locked shards of one keyspace, in ascending order.
pub struct LockSet<'e> {
    keyspace: &'e Keyspace,
    held: Held<'e>,
}

/// Nearly every command has one key, so that case is told apart by more than a length.
#[expect(clippy::large_enum_variant, reason = "lives on the stack, so that a few keys need no allocation")]
enum Held<'e> {
    One(Locked<'e>),
    Many(SmallVec<[Locked<'e>; 16]>),
}

impl<'e> Held<'e> {
    #[inline]
    fn as_slice(&self) -> &[Locked<'e>] {
        match self {
            Self::One(locked) => std::slice::from_ref(locked),
            Self::Many(locked) => locked,
        }
    }

    #[inline]
    fn as_mut_slice(&mut self) -> &mut [Locked<'e>] {
        match self {
            Self::One(locked) => std::slice::from_mut(locked),
            Self::Many(locked) => locked,
        }
    }
}

impl<'e> LockSet<'e> {
    pub(super) fn keyspace(&self) -> &'e Keyspace {
        self.keyspace
    }

    /// The numbers of the locked shards.
    pub(super) fn numbers(&self) -> impl Iterator<Item = usize> {
        self.held.as_slice().iter().map(|(shard, _)| *shard as usize)
    }

    /// Holds nothing.
    #[inline]
    pub fn none(keyspace: &'e Keyspace) -> Self {
        Self { keyspace, held: Held::Many(SmallVec::new()) }
    }

    /// Locks the shard of one key.
    #[inline]
    pub fn one(keyspace: &'e Keyspace, hash: KeyHash) -> Self {
        Self::shard_at(keyspace, keyspace.shard_of(hash))
    }

    /// Locks one shard by its number.
    #[inline]
    pub fn shard_at(keyspace: &'e Keyspace, shard: usize) -> Self {
        Self { keyspace, held: Held::One((shard as u32, keyspace.lock(shard))) }
    }

    /// Locks the shards of several keys.
    ///
    /// # Errors
    /// If memory is short; then nothing is locked.
    pub fn many(keyspace: &'e Keyspace, hashes: impl Iterator<Item = KeyHash>) -> Result<Self, NoMemory> {
        let mut shards: SmallVec<[u32; 32]> = SmallVec::new();
        for hash in hashes {
            shards.try_reserve(1).map_err(|_| NoMemory)?;
            shards.push(keyspace.shard_of(hash) as u32);
        }
        shards.sort_unstable();
        shards.dedup();
        let mut held = SmallVec::new();
        held.try_reserve(shards.len()).map_err(|_| NoMemory)?;
        held.extend(shards.iter().map(|&shard| (shard, keyspace.lock(shard as usize))));
        Ok(Self { keyspace, held: Held::Many(held) })
    }

    /// Locks every shard.
    ///
    /// # Errors
    /// If memory is short; then nothing is locked.
    pub fn all(keyspace: &'e Keyspace) -> Result<Self, NoMemory> {
        let mut held = SmallVec::new();
        held.try_reserve(keyspace.shard_count()).map_err(|_| NoMemory)?;
        held.extend((0..keyspace.shard_count()).map(|shard| (shard as u32, keyspace.lock(shard))));
        Ok(Self { keyspace, held: Held::Many(held) })
    }

    /// Locks the shards of further keys, as far as that takes no waiting: then the order does not matter. False if one
    /// of them is busy or damaged, or memory is short.
    pub fn try_add(&mut self, hashes: impl IntoIterator<Item = KeyHash>) -> bool {
        for hash in hashes {
            let shard = self.keyspace.shard_of(hash) as u32;
            let Err(at) = self.held.as_slice().binary_search_by_key(&shard, |locked| locked.0) else { continue };
            let Some(data) = self.keyspace.try_lock(shard as usize) else { return false };
            if self.keyspace.is_damaged() && self.keyspace.is_shard_damaged(shard as usize) {
                return false;
            }
            let mut held = match std::mem::replace(&mut self.held, Held::Many(SmallVec::new())) {
                Held::One(locked) => SmallVec::from_iter([locked]),
                Held::Many(locked) => locked,
            };
            let has_room = held.try_reserve(1).is_ok();
            if has_room {
                held.insert(at, (shard, data));
            }
            self.held = Held::Many(held);
            if !has_room {
                return false;
            }
        }
        true
    }

    /// Whether the shard of a key is locked.
    pub fn holds(&self, hash: KeyHash) -> bool {
        let shard = self.keyspace.shard_of(hash) as u32;
        self.held.as_slice().binary_search_by_key(&shard, |locked| locked.0).is_ok()
    }

    /// Whether a key was changed that somebody waits for.
    #[inline]
    pub fn has_signals(&self) -> bool {
        match &self.held {
            Held::One((_, data)) => data.has_signals(),
            Held::Many(locked) => locked.iter().any(|(_, data)| data.has_signals()),
        }
    }

    /// Signals the awaited keys that could not be served for lack of memory before.
    pub fn retry_missed(&mut self) {
        self.shards().for_each(|data| data.waiters().retry_missed());
    }

    /// The awaited keys that were changed, in the order in which they were.
    pub fn take_signals(&mut self) -> Vec<Signal> {
        let mut signals = Vec::new();
        for data in self.shards() {
            data.waiters().take_signals(&mut signals);
        }
        signals.sort_unstable_by_key(|signal| signal.ticket);
        signals
    }

    /// Whether every shard is locked.
    pub fn holds_all(&self) -> bool {
        self.held.as_slice().len() == self.keyspace.shard_count()
    }

    /// Bytes in use, as far as they can be told without waiting: those of the shards held here, and of the others that
    /// nobody holds.
    pub fn used_memory(&self) -> usize {
        let held = self.held.as_slice();
        let used = |shard: usize| match held.binary_search_by_key(&(shard as u32), |locked| locked.0) {
            Ok(at) => held[at].1.used(),
            Err(_) => self.keyspace.try_lock(shard).map_or(0, |data| data.used()),
        };
        (0..self.keyspace.shard_count()).map(used).sum()
    }

    /// Whether no shard is locked.
    pub fn holds_none(&self) -> bool {
        matches!(&self.held, Held::Many(locked) if locked.is_empty())
    }

    /// The locked shard of a key.
    ///
    /// # Panics
    /// If the shard is not locked: the command table declares fewer keys than the handler uses.
    #[inline(always)]
    pub fn shard(&mut self, hash: KeyHash) -> &mut ShardData {
        let shard = self.keyspace.shard_of(hash) as u32;
        match &mut self.held {
            Held::One((number, data)) => {
                assert_eq!(*number, shard, "the shard of this key is locked");
                data
            }
            Held::Many(locked) => {
                let index = index_of(locked, shard);
                &mut locked[index].1
            }
        }
    }

    /// Database `number` in the locked shard of a key.
    #[inline(always)]
    pub fn db(&mut self, number: u32, hash: KeyHash) -> &mut Db {
        self.shard(hash).db(number)
    }

    /// Asks the processor to fetch the bucket of a key in a locked shard.
    #[inline]
    pub fn prefetch_bucket(&self, number: u32, hash: KeyHash) {
        if let Some(db) = self.held_db(number, hash) {
            db.prefetch_bucket(hash);
        }
    }

    /// Asks the processor to fetch the entry of a key in a locked shard, whose bucket was prefetched before.
    #[inline]
    pub fn prefetch_entry(&self, number: u32, hash: KeyHash) {
        if let Some(db) = self.held_db(number, hash) {
            db.prefetch_entry(hash);
        }
    }

    /// Database `number` in the locked shard of a key, if it was ever used: for looking at several keys at once.
    ///
    /// # Panics
    /// As [`LockSet::shard`].
    #[inline]
    pub fn held_db(&self, number: u32, hash: KeyHash) -> Option<&Db> {
        let locked = self.held.as_slice();
        locked[index_of(locked, self.keyspace.shard_of(hash) as u32)].1.existing_db(number)
    }

    /// The `n`-th locked shard.
    ///
    /// # Panics
    /// If there are not that many.
    pub fn nth(&mut self, n: usize) -> &mut ShardData {
        &mut self.held.as_mut_slice()[n].1
    }

    /// All locked shards.
    pub fn shards(&mut self) -> impl Iterator<Item = &mut ShardData> {
        self.held.as_mut_slice().iter_mut().map(|(_, data)| &mut **data)
    }

    /// What has to happen before the locks are dropped after a change: deadlines are published, and `garbage` gets the
    /// values that are too big to be freed here. By reference, because moving the set would copy it.
    #[inline(always)]
    pub fn release(&mut self, mut garbage: impl FnMut(Vec<Garbage>)) {
        let keyspace = self.keyspace;
        let mut settle = |(shard, data): &mut Locked| {
            if data.dbs().any(Db::has_news) {
                keyspace.spread_news(*shard as usize, data, &mut garbage);
            }
            keyspace.account_for(data);
        };
        match &mut self.held {
            Held::One(locked) => settle(locked),
            Held::Many(locked) => locked.iter_mut().for_each(settle),
        }
    }

    /// Unlocks. Whoever drops the set need not call it.
    pub fn unlock(&mut self) {
        self.held = Held::Many(SmallVec::new());
    }
}

/// Where a shard is among locked ones.
///
/// # Panics
/// If it is not: the command table declares fewer keys than the handler uses.
#[inline]
fn index_of(locked: &[Locked], shard: u32) -> usize {
    locked.binary_search_by_key(&shard, |locked| locked.0).expect("the shard of this key is locked")
}
