//! Damage: what a panic leaves behind in the shards that were locked, and how the others are kept out of it.
//!
//! Whoever changes shards does so under a [`Guarded`] lock set, or beside a [`Bomb`]. If a panic unwinds through it, it marks
//! them as damaged before they are unlocked: their tables may be in the middle of a change. From then on nobody looks into
//! them, and nobody frees what is in them, not even at the end, because that would follow their pointers. All other
//! shards are served as before.
//!
//! What can still be told of a damaged shard are numbers: how many keys it had, how many bytes. [`Keyspace::repair`] makes
//! it an empty one again, which is what FLUSHALL promises for all of them.
//!
//! Cost: nobody asks a shard before [`Keyspace::is_damaged`], one load, has said that there is something to ask.

use super::{Keyspace, LockSet, NO_DEADLINE, Shard, ShardData};
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// A lock set in use.
pub struct Guarded<'g, 'e> {
    pub locks: &'g mut LockSet<'e>,
}

impl<'g, 'e> Guarded<'g, 'e> {
    /// Guards locks until it is dropped.
    #[inline]
    pub fn new(locks: &'g mut LockSet<'e>) -> Self {
        Self { locks }
    }

    /// Ends the guard where all went well: what [`Drop`] would ask need not be asked.
    #[inline]
    pub fn done(self) {
        std::mem::forget(self);
    }
}

impl Drop for Guarded<'_, '_> {
    #[cold]
    fn drop(&mut self) {
        if std::thread::panicking() {
            let keyspace = self.locks.keyspace();
            self.locks.numbers().for_each(|shard| keyspace.mark_damaged(shard));
        }
    }
}

/// Marks one shard if it is dropped by a panic. Made after the shard is locked, so that it goes off before it is unlocked.
pub(super) struct Bomb<'k> {
    pub keyspace: &'k Keyspace,
    pub shard: usize,
}

impl Drop for Bomb<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.keyspace.mark_damaged(self.shard);
        }
    }
}

impl Drop for Shard {
    fn drop(&mut self) {
        if self.damaged.load(Relaxed) {
            std::mem::forget(self.data.get_mut().dbs.take());
        }
    }
}

impl Keyspace {
    /// Whether any shard is damaged.
    #[inline]
    pub fn is_damaged(&self) -> bool {
        self.damaged.load(Acquire)
    }

    /// Whether this shard is damaged. Under its lock the answer stays true.
    pub fn is_shard_damaged(&self, shard: usize) -> bool {
        self.shards[shard].damaged.load(Acquire)
    }

    /// Marks a shard, which is locked by whoever calls this.
    #[cold]
    pub fn mark_damaged(&self, shard: usize) {
        self.shards[shard].damaged.store(true, Release);
        self.shards[shard].next_deadline_ms.store(NO_DEADLINE, Release);
        self.damaged.store(true, Release);
    }

    /// Makes an empty shard of a damaged one. The old tables are given up.
    pub fn repair(&self, shard: usize, data: &mut ShardData) {
        std::mem::forget(data.dbs.take());
        data.published_deadline_ms = NO_DEADLINE;
        // Others still have the view of the old tables.
        data.dbs.iter_mut().for_each(super::Db::note_news);
        self.shards[shard].damaged.store(false, Release);
        if !self.shards.iter().any(|shard| shard.damaged.load(Acquire)) {
            self.damaged.store(false, Release);
        }
    }
}

impl LockSet<'_> {
    /// Whether any of the locked shards is damaged.
    #[cold]
    pub fn has_damage(&self) -> bool {
        self.numbers().any(|shard| self.keyspace().is_shard_damaged(shard))
    }

    /// Makes empty shards of those that are damaged.
    pub fn repair(&mut self) {
        let keyspace = self.keyspace();
        for at in 0..self.numbers().count() {
            let shard = self.numbers().nth(at);
            if let Some(shard) = shard.filter(|shard| keyspace.is_shard_damaged(*shard)) {
                keyspace.repair(shard, self.nth(at));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{HashSeed, NewValue};
    use super::*;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    fn store(keyspace: &Keyspace, key: &[u8]) -> bool {
        let hash = keyspace.hash(key);
        let mut locks = LockSet::one(keyspace, hash);
        if locks.has_damage() {
            return false;
        }
        let guarded = Guarded::new(&mut locks);
        guarded.locks.db(0, hash).insert(hash, key, NewValue::Str(&[b'x'; 100])).expect("memory");
        guarded.locks.release(drop);
        guarded.done();
        true
    }

    #[test]
    fn a_panic_damages_what_is_locked_until_it_is_repaired() {
        let keyspace = Keyspace::new(8, HashSeed::new(7).expect("memory")).expect("memory");
        assert!((0..100).all(|number| store(&keyspace, format!("key {number}").as_bytes())));
        let unwound = catch_unwind(AssertUnwindSafe(|| {
            let mut locks =
                LockSet::many(&keyspace, [b"key 1", b"key 2"].iter().map(|key| keyspace.hash(*key))).unwrap();
            let guarded = Guarded::new(&mut locks);
            assert!(guarded.locks.holds_none(), "in the middle of a change");
        }));
        assert!(unwound.is_err() && keyspace.is_damaged());
        let shard_of = |key: &str| keyspace.shard_of(keyspace.hash(key.as_bytes()));
        let damaged = [shard_of("key 1"), shard_of("key 2")];
        for shard in 0..8 {
            assert_eq!(keyspace.is_shard_damaged(shard), damaged.contains(&shard));
        }
        for number in 0..100 {
            let key = format!("other {number}");
            assert_eq!(store(&keyspace, key.as_bytes()), !damaged.contains(&shard_of(&key)), "{key}");
        }
        let mut locks = LockSet::all(&keyspace).unwrap();
        assert!(locks.has_damage());
        locks.repair();
        assert!(!locks.has_damage() && !keyspace.is_damaged());
        locks.release(drop);
        drop(locks);
        assert!((100..200).all(|number| store(&keyspace, format!("key {number}").as_bytes())));
    }

    #[test]
    fn a_guard_that_ends_without_a_panic_marks_nothing() {
        let keyspace = Keyspace::new(1, HashSeed::new(7).expect("memory")).expect("memory");
        let mut locks = LockSet::all(&keyspace).unwrap();
        drop(Guarded::new(&mut locks));
        drop(Bomb { keyspace: &keyspace, shard: 0 });
        assert!(!keyspace.is_damaged());
    }
}
