//! The memory account: how many bytes all shards use, known without locking them.
//!
//! Each shard is counted again when a lock set is released and enters what changed into one sum, but only once that is
//! [`SLACK`] bytes or more: so reactors rarely write to the same cache line. Until somebody asks, nothing is counted.
//!
//! The sum is off by less than [`SLACK`] per shard (and by what is being changed at this moment); who needs to know more
//! exactly, near the limit, asks the shards.

use super::{Db, Keyspace, ShardData};
use crossbeam_utils::CachePadded;
use std::sync::atomic::{AtomicBool, AtomicIsize, Ordering::Relaxed};

/// What a shard may use more or less than it entered.
const SLACK: usize = 4096;

/// The sum over all shards.
#[derive(Default)]
pub(super) struct Account {
    is_open: AtomicBool,
    sum: CachePadded<AtomicIsize>,
}

impl ShardData {
    pub(super) fn used(&self) -> usize {
        self.dbs.iter().map(Db::used).sum()
    }
}

impl Keyspace {
    /// Enters what a locked shard uses.
    #[inline]
    pub(super) fn account_for(&self, data: &mut ShardData) {
        if self.account.is_open.load(Relaxed) {
            self.enter(data, SLACK);
        }
    }

    fn enter(&self, data: &mut ShardData, min: usize) {
        let used = data.used();
        if used.abs_diff(data.entered) >= min {
            self.account.sum.fetch_add(used.wrapping_sub(data.entered).cast_signed(), Relaxed);
            data.entered = used;
        }
    }

    /// Whether more than `limit` bytes are in use. The first call opens the account.
    pub fn uses_more_than(&self, limit: usize) -> bool {
        if !self.account.is_open.load(Relaxed) {
            self.account.is_open.store(true, Relaxed);
            (0..self.shard_count()).for_each(|shard| self.enter(&mut self.lock(shard), 0));
        }
        let sum = self.account.sum.load(Relaxed).max(0).cast_unsigned();
        let slack = SLACK * self.shard_count();
        if sum.saturating_add(slack) <= limit {
            return false;
        }
        sum.saturating_sub(slack) > limit || self.used() > limit
    }

    /// Bytes in use: takes every shard's lock once.
    pub fn used(&self) -> usize {
        (0..self.shard_count()).map(|shard| self.lock(shard).used()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{HashSeed, Keyspace, LockSet, NewValue};
    use super::SLACK;

    fn store(keyspace: &Keyspace, key: &[u8], size: usize) {
        let hash = keyspace.hash(key);
        let mut locks = LockSet::one(keyspace, hash);
        let db = locks.db(0, hash);
        match db.locate(hash, key) {
            Some(loc) => drop(db.set_value(loc, NewValue::Str(&vec![b'x'; size]))),
            None => drop(db.insert(hash, key, NewValue::Str(&vec![b'x'; size]))),
        }
        locks.release(drop);
    }

    #[test]
    fn the_sum_follows_the_shards() {
        let keyspace = Keyspace::new(4, HashSeed::new(7).expect("memory")).expect("memory");
        store(&keyspace, b"before", 10 * SLACK);
        assert!(keyspace.uses_more_than(10 * SLACK));
        for round in 0..200_usize {
            store(&keyspace, format!("key {}", round % 50).as_bytes(), (round * 977) % 9000);
            let used = keyspace.used();
            let sum = keyspace.account.sum.load(super::Relaxed).cast_unsigned();
            assert!(used.abs_diff(sum) < 4 * SLACK, "{used} in use, {sum} known");
            assert!(keyspace.uses_more_than(used - 1));
            assert!(!keyspace.uses_more_than(used));
        }
    }

    #[test]
    fn nothing_is_counted_before_somebody_asks() {
        let keyspace = Keyspace::new(4, HashSeed::new(7).expect("memory")).expect("memory");
        store(&keyspace, b"key", 100 * SLACK);
        assert_eq!(keyspace.account.sum.load(super::Relaxed), 0);
        assert!(!keyspace.uses_more_than(usize::MAX));
        assert!(keyspace.account.sum.load(super::Relaxed) > 0);
    }
}
