//! Which transactions watch which keys of one shard (WATCH, <https://redis.io/docs/latest/commands/watch/>).
//!
//! A session has one flag for all keys it watches; a change of any of them raises it, and EXEC then refuses.
//! The table is empty most of the time, so a write asks [`WatchTable::is_empty`] first.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Raised when a watched key changes.
pub type WatchFlag = Arc<AtomicBool>;

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
    pub fn add(&mut self, db: u32, key: &[u8], flag: &WatchFlag) {
        let flags = self.by_key.entry((db, key.into())).or_default();
        if !flags.iter().any(|known| Arc::ptr_eq(known, flag)) {
            flags.push(Arc::clone(flag));
        }
    }

    /// Removes a watcher of a key.
    pub fn remove(&mut self, db: u32, key: &[u8], flag: &WatchFlag) {
        let id = (db, Box::from(key));
        if let Some(flags) = self.by_key.get_mut(&id) {
            flags.retain(|known| !Arc::ptr_eq(known, flag));
            if flags.is_empty() {
                self.by_key.remove(&id);
            }
        }
    }

    /// Tells the watchers of a key that it changed.
    pub fn touch(&self, db: u32, key: &[u8]) {
        if let Some(flags) = self.by_key.get(&(db, Box::from(key))) {
            raise(flags);
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
