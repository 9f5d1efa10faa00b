//! Glance: prefetching keys without the locks of their shards.

use super::readers::Looking;
use super::{Db, KeyHash, Keyspace, Reader, ValueRef};
use crate::storage::{self, Entry};
use crate::types::Object;
use smallvec::SmallVec;
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

/// Keys of a window that are fetched though they are not where they should be; of 64, five to be expected.
const BEYOND_MAX: usize = 16;

/// Where a key of database 0 may be: its bucket.
pub type Sight<'g> = storage::Sight<'g, Entry<Object>>;

impl Glance<'_> {
    /// First pass: asks the processor to fetch the bucket of a key.
    #[inline(always)]
    pub fn sight(&self, db: u32, hash: KeyHash) -> Option<Sight<'_>> {
        let shard = &self.keyspace.shards[self.keyspace.shard_of(hash)];
        if db != 0 {
            self.locked(db, hash, |db| db.prefetch_bucket(hash));
            return None;
        }
        // SAFETY: the lock is only fetched.
        unsafe { shard.data.raw() }.prefetch();
        // SAFETY: a view is retired only after another one, or null, is published here, and freed only after
        // `Readers::wait`, which waits for this glance, from which the sight is borrowed.
        let view = unsafe { shard.view.load(Acquire).as_ref() }?;
        // SAFETY: as above.
        unsafe { view.sight(hash.position(self.keyspace.shard_bits)) }
    }

    /// Second pass, over the same keys with their databases: asks the processor to fetch their entries, and first the
    /// buckets behind those of the first pass where that is needed.
    #[inline(always)]
    pub fn prefetch_entries<'s>(&self, keys: impl Iterator<Item = (u32, KeyHash, Option<&'s Sight<'s>>)>) {
        let mut beyond: SmallVec<[&Sight; BEYOND_MAX]> = SmallVec::new();
        for (db, hash, sight) in keys {
            match sight {
                Some(sight) if sight.prefetch_item() => {}
                Some(sight) if beyond.len() < BEYOND_MAX => beyond.push(sight),
                None if db != 0 => self.locked(db, hash, |db| db.prefetch_entry(hash)),
                Some(_) | None => {}
            }
        }
        beyond.iter().for_each(|sight| sight.prefetch_beyond());
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
