//! Glance: prefetching keys without the locks of their shards.

use super::readers::Looking;
use super::{Db, KeyHash, Keyspace, Reader, ValueRef};
use crate::storage::Item;
use crate::types::Object;
use std::sync::atomic::Ordering::Acquire;

/// While this lives, keys can be prefetched. It should be dropped before anything that may take long: what was removed
/// from the tables is not freed before.
pub struct Glance<'k> {
    keyspace: &'k Keyspace,
    _looking: Looking<'k>,
}

impl Keyspace {
    /// Begins to look at what needs no lock.
    ///
    /// # Panics
    /// In debug builds, if the reader is not of this keyspace.
    #[inline]
    pub fn glance<'k>(&'k self, reader: &'k mut Reader) -> Glance<'k> {
        debug_assert!(self.readers.knows(reader));
        Glance { keyspace: self, _looking: reader.begin() }
    }
}

impl Keyspace {
    /// Shows the large value of a key, if there is one. A busy shard is left alone. Counts as no access.
    pub fn peek_large(&self, number: u32, hash: KeyHash, key: &[u8], look: impl FnOnce(&Object)) {
        let Some(data) = self.try_lock(self.shard_of(hash)) else { return };
        let found = data.existing_db(number).and_then(|db| db.get(hash, key));
        if let Some((_, ValueRef::Object(_, object))) = found {
            look(object);
        }
    }
}

impl Glance<'_> {
    /// Asks the processor to fetch the bucket of a key.
    #[inline]
    pub fn prefetch_bucket(&self, db: u32, hash: KeyHash) {
        let shard = &self.keyspace.shards[self.keyspace.shard_of(hash)];
        if db != 0 {
            return self.locked(db, hash, |db| db.prefetch_bucket(hash));
        }
        // SAFETY: the lock is only fetched.
        unsafe { shard.data.raw() }.prefetch();
        let view = shard.view.load(Acquire);
        if !view.is_null() {
            // SAFETY: a view is retired only after another one, or null, is published here, and freed only after
            // `Readers::wait`, which waits for this glance.
            unsafe { (*view).prefetch_bucket(hash.position(self.keyspace.shard_bits)) };
        }
    }

    /// Asks the processor to fetch the entry of a key, whose bucket was prefetched before.
    #[inline]
    pub fn prefetch_entry(&self, db: u32, hash: KeyHash) {
        let shard = &self.keyspace.shards[self.keyspace.shard_of(hash)];
        if db != 0 {
            return self.locked(db, hash, |db| db.prefetch_entry(hash));
        }
        let view = shard.view.load(Acquire);
        if !view.is_null() {
            // SAFETY: as above.
            if let Some(entry) = unsafe { (*view).glimpse(hash.position(self.keyspace.shard_bits)) } {
                entry.prefetch();
            }
        }
    }

    /// Databases other than 0 publish no view; a busy shard is left alone.
    #[cold]
    fn locked(&self, number: u32, hash: KeyHash, prefetch: impl FnOnce(&Db)) {
        if let Some(data) = self.keyspace.shards[self.keyspace.shard_of(hash)].data.try_lock()
            && !self.keyspace.is_damaged()
            && let Some(db) = data.existing_db(number)
        {
            prefetch(db);
        }
    }
}
