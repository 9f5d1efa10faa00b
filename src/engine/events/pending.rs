//! Events that have happened and are not delivered yet, in order, in buffers that are kept.

use super::turns::Turn;
use super::{Class, Event};
use std::collections::TryReserveError;
use std::ffi::CStr;
use std::ops::Range;

/// Buffers above this many bytes are given back when they are empty.
const KEPT_BYTES_MAX: usize = 64 * 1024;

struct Record {
    class: Class,
    name: &'static CStr,
    db: u32,
    turn: Turn,
    /// Where its key is in the buffer of keys.
    key: Range<usize>,
}

/// Events of one thread, the earliest first.
#[derive(Default)]
pub struct Pending {
    records: Vec<Record>,
    keys: Vec<u8>,
}

impl Pending {
    /// Whether there are none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.records.len()
    }

    /// Moves `count` events from `first` on behind all others. Those must be of other keys.
    pub fn put_off(&mut self, first: usize, count: usize) {
        if let Some(records) = self.records.get_mut(first..) {
            records.rotate_left(count.min(records.len()));
        }
    }

    /// Makes room for one more.
    pub(super) fn reserve(&mut self, key_bytes: usize) -> Result<(), TryReserveError> {
        self.records.try_reserve(1)?;
        self.keys.try_reserve(key_bytes)
    }

    /// Adds an event, for which there is room.
    pub(super) fn push(&mut self, event: Event<'_>, turn: Turn) {
        let start = self.keys.len();
        self.keys.extend_from_slice(event.key);
        let Event { class, name, db, .. } = event;
        self.records.push(Record { class, name, db, turn, key: start..self.keys.len() });
    }

    /// All of them.
    pub(super) fn events(&self) -> impl Iterator<Item = (Event<'_>, Turn)> {
        self.records.iter().map(|record| {
            let key = &self.keys[record.key.clone()];
            (Event { class: record.class, name: record.name, key, db: record.db }, record.turn)
        })
    }

    /// Forgets them.
    pub(super) fn clear(&mut self) {
        self.records.clear();
        self.keys.clear();
        if self.keys.capacity() + self.records.capacity() * size_of::<Record>() > KEPT_BYTES_MAX {
            *self = Self::default();
        }
    }
}
