//! Hashes in a database: how they are changed where they are, and how their fields expire.
//!
//! The database knows the earliest deadline inside each value (`Dict::inner_deadline_ms`). So the shard's next deadline
//! includes those of fields, the drivers of [`super::expiry`] find the hash that is due, and a lookup of its key finds out
//! as cheaply as that a key is due. Whoever changes deadlines of fields ends with [`Db::note_field_deadlines`].

use super::expiry::What;
use super::{Db, FlatMut, Loc, NoMemory, ObjectMut, ShardData, touch};
use crate::storage::{Bytes, Kind, ValueRef};
use crate::types::Variant;
use crate::types::hash::{Flat, Hash, HashRef, Holder, Opened, flat};
use std::ops::{Deref, DerefMut};

/// Fields removed at once from a large hash.
pub const FIELDS_PER_TURN_MAX: usize = 32;

/// A stored hash, to be changed by a [`crate::types::hash::Editor`].
#[derive(Debug)]
pub struct StoredHash<'d> {
    pub db: &'d mut Db,
    pub loc: Loc,
}

impl StoredHash<'_> {
    /// Makes sure that the database can be told of a deadline when the changes are done.
    ///
    /// # Errors
    /// If memory is short.
    pub fn reserve_deadline(&mut self) -> Result<(), NoMemory> {
        self.db.reserve_inner_deadline(self.loc)
    }
}

/// A large hash in a database.
#[derive(Debug)]
pub struct LargeMut<'d>(ObjectMut<'d>);

impl Deref for LargeMut<'_> {
    type Target = Hash;

    #[inline]
    fn deref(&self) -> &Hash {
        Hash::from_object(&self.0).expect("a hash when the guard was made")
    }
}

impl DerefMut for LargeMut<'_> {
    #[inline]
    fn deref_mut(&mut self) -> &mut Hash {
        Hash::from_object_mut(&mut self.0).expect("a hash when the guard was made")
    }
}

impl Holder for StoredHash<'_> {
    type Flat<'a>
        = FlatMut<'a>
    where
        Self: 'a;
    type Large<'a>
        = LargeMut<'a>
    where
        Self: 'a;

    #[inline]
    fn open(&mut self) -> Opened<FlatMut<'_>, LargeMut<'_>> {
        if let ValueRef::Object(..) = self.db.value(self.loc) {
            Opened::Large(LargeMut(self.db.object_mut(self.loc).expect("an object, as just seen")))
        } else {
            Opened::Flat(self.db.flat_mut(self.loc).expect("flat, as it is no object"))
        }
    }

    fn read(&self) -> HashRef<'_> {
        HashRef::of(self.db.value(self.loc)).expect("a hash when it was opened")
    }

    fn enlarge(&mut self, hash: Hash) -> Result<(), NoMemory> {
        self.db.set_object(self.loc, Kind::Hash, hash.try_into_boxed()?)?;
        self.db.note_field_deadlines(self.loc)
    }
}

/// What [`Db::expire_fields`] has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExpiredFields {
    /// As much work as so many fields: a large hash that goes as a whole counts as the most that was allowed.
    pub removed: usize,
    /// No field is left that is not due: the key is to be removed.
    pub is_spent: bool,
}

impl Db {
    /// Tells the database the earliest deadline of the fields of a hash.
    ///
    /// # Errors
    /// If memory is short, unless [`Db::reserve_inner_deadline`] was called before.
    pub fn note_field_deadlines(&mut self, loc: Loc) -> Result<(), NoMemory> {
        let next_ms = HashRef::of(self.value(loc)).map_or(i64::MAX, HashRef::next_deadline_ms);
        if next_ms != i64::MAX {
            return self.set_inner_deadline(loc, next_ms);
        }
        self.clear_inner_deadline(loc);
        Ok(())
    }

    /// Removes fields of a hash that are due: all if it is flat, `fields_max` at most if it is large.
    fn expire_fields(&mut self, loc: Loc, now_ms: i64, fields_max: usize) -> ExpiredFields {
        let mut hash = StoredHash { db: self, loc };
        let expired = match hash.open() {
            Opened::Flat(mut bytes) => {
                let removed = flat::expire(&mut bytes, now_ms);
                ExpiredFields { removed, is_spent: Flat::new(bytes.bytes()).is_empty() }
            }
            // What would be left to remove field by field goes as a whole.
            Opened::Large(hash) if hash.is_surely_spent(now_ms) => {
                ExpiredFields { removed: fields_max, is_spent: true }
            }
            Opened::Large(mut hash) => {
                let removed = hash.expire(now_ms, fields_max);
                ExpiredFields { removed, is_spent: hash.is_empty() }
            }
        };
        if !expired.is_spent {
            // The entry has a seat already, so this cannot fail.
            let _ = self.note_field_deadlines(loc);
        }
        expired
    }

    /// Whether a key that is still there counts as gone: its deadline has come, or that of all fields of a hash.
    pub fn is_gone(&self, loc: Loc, now_ms: i64) -> bool {
        let is_due = |deadline_ms: Option<i64>| deadline_ms.is_some_and(|deadline_ms| deadline_ms <= now_ms);
        is_due(self.deadline_ms(loc)) || (is_due(self.inner_deadline_ms(loc)) && self.has_spent_fields(loc, now_ms))
    }

    #[cold]
    fn has_spent_fields(&self, loc: Loc, now_ms: i64) -> bool {
        HashRef::of(self.value(loc)).is_some_and(|hash| hash.is_spent(now_ms))
    }

    /// Whether something inside a value is due.
    pub fn has_due_fields(&self, loc: Loc, now_ms: i64) -> bool {
        self.inner_deadline_ms(loc).is_some_and(|deadline_ms| deadline_ms <= now_ms)
    }
}

impl ShardData {
    /// Removes fields of a hash that are due, a bounded number; the key goes with the last one. Those who watch
    /// it learn of it, and `told` if there were any.
    pub fn expire_fields(
        &mut self,
        number: u32,
        loc: Loc,
        now_ms: i64,
        fields_max: usize,
        told: impl FnOnce(&[u8], What),
    ) -> ExpiredFields {
        let Self { dbs, watches, waiters, .. } = self;
        let Some(db) = dbs.get_mut(number) else {
            return ExpiredFields { removed: 0, is_spent: false };
        };
        let expired = db.expire_fields(loc, now_ms, fields_max);
        if expired.removed > 0 {
            touch(watches, waiters, number, db.key(loc));
            told(db.key(loc), if expired.is_spent { What::LastFields } else { What::Fields });
        }
        if expired.is_spent {
            db.remove(loc);
        }
        expired
    }

    /// [`ShardData::expire_fields`] for a lookup, which must know whether any field is left: true if the key is gone.
    pub fn settle_fields(&mut self, number: u32, loc: Loc, now_ms: i64) -> bool {
        if self.expire_fields(number, loc, now_ms, FIELDS_PER_TURN_MAX, |_, _| {}).is_spent {
            return true;
        }
        let is_gone = self.existing_db(number).is_some_and(|db| db.is_gone(loc, now_ms));
        if is_gone {
            self.expire(number, loc);
        }
        is_gone
    }
}
