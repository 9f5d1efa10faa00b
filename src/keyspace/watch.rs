//! Which transactions watch which keys of one shard (WATCH, <https://redis.io/docs/latest/commands/watch/>).
//!
//! A session has one flag for all keys it watches; a change of any of them raises it, and EXEC then refuses.
//! The table is empty most of the time, so a write asks [`WatchTable::is_empty`] first.

use crate::storage::{NoMemory, Shared, try_copy};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};

/// Raised when a watched key changes.
pub type WatchFlag = Shared<AtomicBool>;

/// Watchers of the keys of one shard, by database and key.
#[derive(Default)]
pub struct WatchTable {
    by_key: HashMap<(u32, Box<[u8]>), Vec<WatchFlag>>,
}

impl WatchTable {
    /// Whether nobody watches anything here.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    /// Adds a watcher of a key.
    ///
    /// # Errors
    /// If memory is short; then nothing has changed.
    pub fn add(&mut self, db: u32, key: &[u8], flag: &WatchFlag) -> Result<(), NoMemory> {
        self.by_key.try_reserve(1)?;
        let mut first = Vec::new();
        first.try_reserve(1)?;
        let flags = self.by_key.entry((db, try_copy(key)?.into())).or_insert(first);
        if !flags.iter().any(|known| known.is_same(flag)) {
            flags.try_reserve(1)?;
            flags.push(flag.clone());
        }
        Ok(())
    }

    /// Removes a watcher of a key.
    pub fn remove(&mut self, db: u32, key: &[u8], flag: &WatchFlag) {
        let is_left = |flags: &mut Vec<WatchFlag>| {
            flags.retain(|known| !known.is_same(flag));
            !flags.is_empty()
        };
        match try_copy(key) {
            Ok(key) => {
                let id = (db, key.into());
                if self.by_key.get_mut(&id).is_some_and(|flags| !is_left(flags)) {
                    self.by_key.remove(&id);
                }
            }
            // Without memory for a key to look for, all are looked at.
            Err(_) => self.by_key.retain(|(of, known), flags| *of != db || **known != *key || is_left(flags)),
        }
    }

    /// Tells the watchers of a key that it changed.
    pub fn touch(&self, db: u32, key: &[u8]) {
        match try_copy(key) {
            Ok(key) => {
                if let Some(flags) = self.by_key.get(&(db, key.into())) {
                    raise(flags);
                }
            }
            Err(_) => self.touch_where(|of, known| of == db && known == key),
        }
    }

    /// Tells the watchers of those keys in `dbs` for which `changed` holds.
    pub fn touch_where(&self, mut changed: impl FnMut(u32, &[u8]) -> bool) {
        for ((db, key), flags) in &self.by_key {
            if changed(*db, key) {
                raise(flags);
            }
        }
    }
}

fn raise(flags: &[WatchFlag]) {
    for flag in flags {
        flag.store(true, Ordering::Release);
    }
}
