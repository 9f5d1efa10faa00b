//! Hash: a large hash: a dictionary whose names are the fields.
//!
//! A field with a deadline has it in the dictionary, whose heap tells the next one. Fields that are due are removed a few
//! at a time ([`Hash::expire`]), because a million of them may be due in the same millisecond. Those still there are
//! hidden: whoever reads passes `due_ms`, the time up to which fields are gone, and none of those is ever shown.
//! `i64::MIN` hides nothing and costs nothing.
//!
//! Cost: a field takes its bytes and those of its value, 8 more, and 11 for its place in the table.

use super::flat::{Deadline, Flat, Item};
use super::text_of;
use crate::storage::{Dict, Garbage, HashSeed, KeyHash, Loc, NewValue, NoMemory, Nothing, StringRef, format_int};
use crate::types::{FETCHED_BYTES_MIN, WINDOW};
use smallvec::SmallVec;

/// Integers whose text is not longer than an integer's 8 bytes are kept as text.
const TEXT_INTEGERS: std::ops::RangeInclusive<i64> = -9_999_999..=99_999_999;
/// Tries to find a field that is not due before all are looked at.
const RANDOM_TRIES: usize = 64;

/// See the module's comment.
#[derive(Debug)]
pub struct Hash {
    fields: Dict<Nothing>,
    /// No deadline is later.
    latest_ms: i64,
}

impl Default for Hash {
    fn default() -> Self {
        Self { fields: Dict::new(0), latest_ms: i64::MIN }
    }
}

impl Hash {
    /// The same fields as in a flat hash.
    ///
    /// # Errors
    /// If memory is short.
    pub fn from_flat(flat: Flat, seed: &HashSeed) -> Result<Self, NoMemory> {
        let mut hash = Self::default();
        for item in flat.iter() {
            let mut digits = [0; 20];
            let field = text_of(item.field, &mut digits);
            let at = seed.hash(field);
            hash.set(at, field, item.value, Deadline::Drop, i64::MIN)?;
            if item.deadline_ms.is_some() {
                hash.set_deadline(at, field, item.deadline_ms)?;
            }
        }
        Ok(hash)
    }

    /// Bytes on the heap, as the allocator rounds them, without `Self`; takes constant time.
    pub fn memory(&self) -> usize {
        self.fields.used()
    }

    /// A copy that shares nothing.
    ///
    /// # Errors
    /// If memory is short.
    pub fn duplicate(&self) -> Result<Self, NoMemory> {
        Ok(Self { fields: self.fields.try_clone()?, latest_ms: self.latest_ms })
    }

    /// Fields that are not gone. Takes time in proportion to those that are and have not been removed yet.
    pub fn len(&self, due_ms: i64) -> usize {
        if due_ms < self.next_deadline_ms() {
            return self.fields.len();
        }
        self.fields.len() - self.fields.expired_len(due_ms)
    }

    /// Whether there is no field, not even one that is due.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// The earliest deadline, `i64::MAX` if there is none.
    #[inline]
    pub fn next_deadline_ms(&self) -> i64 {
        self.fields.next_deadline_ms()
    }

    #[inline]
    fn is_due(&self, loc: Loc, due_ms: i64) -> bool {
        due_ms >= self.next_deadline_ms()
            && self.fields.deadline_ms(loc).is_some_and(|deadline_ms| deadline_ms <= due_ms)
    }

    fn item(&self, loc: Loc) -> Item<'_> {
        Item {
            field: StringRef::Str(self.fields.key(loc)),
            value: self.fields.value(loc).string().expect("fields have strings"),
            deadline_ms: self.fields.deadline_ms(loc),
        }
    }

    /// A field and what belongs to it.
    #[inline]
    pub fn get(&self, at: KeyHash, field: &[u8], due_ms: i64) -> Option<Item<'_>> {
        let loc = self.fields.locate(at, field)?;
        (!self.is_due(loc, due_ms)).then(|| self.item(loc))
    }

    /// Starts loading these fields: they are about to be looked up.
    pub fn fetch<'f>(&self, fields: impl IntoIterator<Item = &'f [u8]>, seed: &HashSeed) {
        if self.memory() >= FETCHED_BYTES_MIN {
            let hashes: SmallVec<[KeyHash; WINDOW]> = fields.into_iter().map(|field| seed.hash(field)).collect();
            self.fields.fetch(&hashes);
        }
    }

    /// All fields that are not gone, in no order.
    pub fn iter(&self, due_ms: i64) -> impl Iterator<Item = Item<'_>> {
        self.fields.iter().filter(move |loc| !self.is_due(*loc, due_ms)).map(|loc| self.item(loc))
    }

    /// One step of HSCAN, see [`Dict::scan`]: visits some fields that are not gone, and returns the next cursor.
    pub fn scan(&self, cursor: u64, due_ms: i64, mut visit: impl FnMut(Item<'_>)) -> Option<u64> {
        self.fields.scan(cursor, |loc| {
            if !self.is_due(loc, due_ms) {
                visit(self.item(loc));
            }
        })
    }

    /// A random field, all that are not gone equally likely; `None` if there is none.
    pub fn random(&self, due_ms: i64, mut random: impl FnMut() -> u64) -> Option<Item<'_>> {
        self.random_loc(due_ms, &mut random).map(|loc| self.item(loc))
    }

    fn random_loc(&self, due_ms: i64, random: &mut impl FnMut() -> u64) -> Option<Loc> {
        for _ in 0..RANDOM_TRIES {
            let loc = self.fields.random(&mut *random)?;
            if !self.is_due(loc, due_ms) {
                return Some(loc);
            }
        }
        let live = || self.fields.iter().filter(|loc| !self.is_due(*loc, due_ms));
        let count = live().count() as u64;
        let chosen = (u128::from(random()) * u128::from(count)) >> 64;
        live().nth(chosen as usize)
    }

    /// `count` different random fields, all sets of so many equally likely; `count` is less than a third of all.
    ///
    /// # Errors
    /// If memory is short.
    pub fn sample(
        &self,
        count: usize,
        due_ms: i64,
        mut random: impl FnMut() -> u64,
        mut visit: impl FnMut(Item<'_>),
    ) -> Result<(), NoMemory> {
        let mut chosen = std::collections::HashSet::new();
        chosen.try_reserve(count)?;
        while chosen.len() < count {
            let Some(loc) = self.random_loc(due_ms, &mut random) else { break };
            if chosen.insert(loc) {
                visit(self.item(loc));
            }
        }
        Ok(())
    }

    /// Sets a field; whether it is new. One that is gone but still there is new.
    ///
    /// # Errors
    /// If memory is short; then nothing has changed.
    #[inline]
    pub fn set(
        &mut self,
        at: KeyHash,
        field: &[u8],
        value: StringRef<'_>,
        keep: Deadline,
        due_ms: i64,
    ) -> Result<bool, NoMemory> {
        let mut digits = [0; 20];
        let value = match value {
            StringRef::Int(int) if TEXT_INTEGERS.contains(&int) => NewValue::Str(format_int(int, &mut digits)),
            StringRef::Int(int) => NewValue::Int(int),
            StringRef::Str(text) => NewValue::Str(text),
        };
        let Some(loc) = self.fields.locate(at, field) else {
            self.fields.insert(at, field, value)?;
            return Ok(true);
        };
        let is_new = self.is_due(loc, due_ms);
        self.fields.set_value(loc, value)?;
        if is_new || keep == Deadline::Drop {
            self.fields.clear_deadline(loc);
        }
        Ok(is_new)
    }

    /// Removes a field; whether it was there and not gone.
    pub fn remove(&mut self, at: KeyHash, field: &[u8], due_ms: i64) -> bool {
        let Some(loc) = self.fields.locate(at, field) else { return false };
        let was_live = !self.is_due(loc, due_ms);
        self.remove_at(loc);
        was_live
    }

    fn remove_at(&mut self, loc: Loc) {
        self.fields.remove(loc);
        self.forget_latest();
    }

    /// Whether there are big fields or values that are no more.
    #[inline]
    pub fn has_garbage(&self) -> bool {
        self.fields.has_garbage()
    }

    /// Big fields and values that are no more, to be dropped where nobody waits.
    pub fn take_garbage(&mut self) -> Vec<Garbage<Nothing>> {
        self.fields.take_garbage()
    }

    /// Gives a field that is there a deadline, or takes it away.
    ///
    /// # Errors
    /// If memory is short; then nothing has changed.
    pub fn set_deadline(&mut self, at: KeyHash, field: &[u8], deadline_ms: Option<i64>) -> Result<(), NoMemory> {
        let Some(loc) = self.fields.locate(at, field) else { return Ok(()) };
        match deadline_ms {
            Some(deadline_ms) => {
                self.fields.set_deadline(loc, deadline_ms)?;
                self.latest_ms = self.latest_ms.max(deadline_ms);
            }
            None => {
                self.fields.clear_deadline(loc);
                self.forget_latest();
            }
        }
        Ok(())
    }

    fn forget_latest(&mut self) {
        if self.fields.volatile_len() == 0 {
            self.latest_ms = i64::MIN;
        }
    }

    /// Removes fields that are due at `now_ms`, the earliest first, `fields_max` at most; how many.
    pub fn expire(&mut self, now_ms: i64, fields_max: usize) -> usize {
        let mut removed = 0;
        while removed < fields_max {
            let Some(loc) = self.fields.expired_loc(now_ms) else { break };
            self.remove_at(loc);
            removed += 1;
        }
        removed
    }

    /// Whether nothing is left at `now_ms` that is not due, as far as can be told at once: always, unless the latest
    /// deadline there has been was moved or removed.
    pub fn is_surely_spent(&self, now_ms: i64) -> bool {
        self.fields.volatile_len() == self.fields.len() && self.latest_ms <= now_ms
    }

    /// Whether nothing is left at `now_ms` that is not due.
    pub fn is_spent(&self, now_ms: i64) -> bool {
        self.is_surely_spent(now_ms) || (now_ms >= self.next_deadline_ms() && self.fields.all_expired(now_ms))
    }
}
