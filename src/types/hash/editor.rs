//! Editor: changes to a hash wherever it is kept: in a database, or not stored yet.
//!
//! What keeps a hash is a [`Holder`]. The editor finds out which of the two forms it has, and makes it large after the field
//! that is one too many, as Redis does. A field or value that Redis finds too long for a listpack makes the hash large
//! only if it is more than [`LONG_BYTES_MAX`] then; else it is called a hash table, and is none.

use super::flat::{self, Deadline, ENTRIES_MAX, Flat};
use super::large::Hash;
use super::{HashRef, Item, Limits, NOTHING_DUE, Text};
use crate::storage::{Bytes, HashSeed, NoMemory};
use smallvec::SmallVec;
use std::ops::DerefMut;

/// Most bytes of a flat hash that is called a hash table. A dictionary of few fields takes 600 more, which such a hash would
/// notice, and so few bytes are moved in no time.
const LONG_BYTES_MAX: usize = 2048;

/// A hash open for changes, in one of its two forms.
#[derive(Debug)]
pub enum Opened<F, L> {
    Flat(F),
    Large(L),
}

/// What keeps a hash.
pub trait Holder {
    type Flat<'a>: Bytes
    where
        Self: 'a;
    type Large<'a>: DerefMut<Target = Hash>
    where
        Self: 'a;

    fn open(&mut self) -> Opened<Self::Flat<'_>, Self::Large<'_>>;

    fn read(&self) -> HashRef<'_>;

    /// Puts a large hash in the place of the flat one.
    ///
    /// # Errors
    /// If memory is short; then the flat one is still there.
    fn enlarge(&mut self, hash: Hash) -> Result<(), NoMemory>;
}

/// A hash that is not stored yet.
#[derive(Debug)]
pub enum Owned {
    /// The usual new hash is copied from the stack to its entry.
    Flat(SmallVec<[u8; 256]>),
    Large(Hash),
}

impl Default for Owned {
    fn default() -> Self {
        Self::Flat(SmallVec::from_slice(&flat::EMPTY))
    }
}

impl Holder for Owned {
    type Flat<'a>
        = &'a mut SmallVec<[u8; 256]>
    where
        Self: 'a;
    type Large<'a>
        = &'a mut Hash
    where
        Self: 'a;

    fn open(&mut self) -> Opened<&mut SmallVec<[u8; 256]>, &mut Hash> {
        match self {
            Self::Flat(bytes) => Opened::Flat(bytes),
            Self::Large(hash) => Opened::Large(hash),
        }
    }

    fn read(&self) -> HashRef<'_> {
        match self {
            Self::Flat(bytes) => HashRef::Flat(Flat::new(bytes)),
            Self::Large(hash) => HashRef::Large(hash),
        }
    }

    fn enlarge(&mut self, hash: Hash) -> Result<(), NoMemory> {
        *self = Self::Large(hash);
        Ok(())
    }
}

/// See the module's comment.
pub struct Editor<'s, H> {
    holder: H,
    seed: &'s HashSeed,
    limits: Limits,
    /// Fields whose deadlines are not later are gone.
    due_ms: i64,
}

impl<'s> Editor<'s, Owned> {
    /// An editor of a new hash.
    pub fn create(seed: &'s HashSeed, limits: Limits) -> Self {
        Self::new(Owned::default(), seed, limits, NOTHING_DUE)
    }
}

impl<'s, H: Holder> Editor<'s, H> {
    #[inline]
    pub fn new(holder: H, seed: &'s HashSeed, limits: Limits, due_ms: i64) -> Self {
        Self { holder, seed, limits, due_ms }
    }

    /// The hash, with its changes.
    #[inline]
    pub fn into_holder(self) -> H {
        self.holder
    }

    #[inline]
    pub fn holder(&mut self) -> &mut H {
        &mut self.holder
    }

    /// A field and what belongs to it.
    pub fn get(&self, field: Text) -> Option<Item<'_>> {
        self.holder.read().get(field, self.seed, self.due_ms)
    }

    /// Starts loading these fields, a [`WINDOW`](crate::types::WINDOW) of them: they are about to be looked up.
    #[inline]
    pub fn fetch<'f>(&self, fields: impl IntoIterator<Item = &'f [u8]>) {
        self.holder.read().fetch(fields, self.seed);
    }

    /// Sets a field; whether it is new.
    ///
    /// # Errors
    /// If memory is short; then the field is as it was, or it is set and the hash is still flat.
    #[inline]
    pub fn set(&mut self, field: Text, value: Text, keep: Deadline) -> Result<bool, NoMemory> {
        let longest = field.bytes.len().max(value.bytes.len());
        let fits = longest <= self.limits.value_bytes.min(u32::MAX as usize);
        let (field_code, value_code) = (field.coded(), value.coded());
        let entries_max = self.limits.entries.min(ENTRIES_MAX - 1);
        let seed = self.seed;
        let done = match self.holder.open() {
            Opened::Flat(mut bytes) => {
                let flat = Flat::new(bytes.bytes());
                let is_listpack = fits && !flat.is_hashtable();
                if is_listpack || flat.bytes_with(&field_code, &value_code) <= LONG_BYTES_MAX {
                    let is_new = flat::set(&mut bytes, &field_code, &value_code, keep)?;
                    if !is_listpack {
                        flat::name_hashtable(&mut bytes);
                    }
                    // As Redis, a change of any field makes it large if the limits have come down meanwhile.
                    Some((is_new, Flat::new(bytes.bytes()).len() > entries_max))
                } else {
                    None
                }
            }
            Opened::Large(mut hash) => {
                return hash.set(seed.hash(field.bytes), field.bytes, value.packed(), keep, self.due_ms);
            }
        };
        if let Some((is_new, is_full)) = done {
            if is_full {
                self.enlarge()?;
            }
            return Ok(is_new);
        }
        self.enlarge()?;
        match self.holder.open() {
            Opened::Large(mut hash) => hash.set(seed.hash(field.bytes), field.bytes, value.packed(), keep, self.due_ms),
            Opened::Flat(_) => Err(NoMemory),
        }
    }

    /// Makes a flat hash large.
    #[cold]
    fn enlarge(&mut self) -> Result<(), NoMemory> {
        let Opened::Flat(bytes) = self.holder.open() else { return Ok(()) };
        let hash = Hash::from_flat(Flat::new(bytes.bytes()), self.seed)?;
        drop(bytes);
        self.holder.enlarge(hash)
    }

    /// Removes a field; whether it was there.
    pub fn remove(&mut self, field: Text) -> bool {
        match self.holder.open() {
            Opened::Flat(mut bytes) => flat::remove(&mut bytes, &field.coded()),
            Opened::Large(mut hash) => hash.remove(self.seed.hash(field.bytes), field.bytes, self.due_ms),
        }
    }

    /// Gives a field that is there a deadline, or takes it away.
    ///
    /// # Errors
    /// If memory is short; then nothing has changed.
    pub fn set_deadline(&mut self, field: Text, deadline_ms: Option<i64>) -> Result<(), NoMemory> {
        match self.holder.open() {
            Opened::Flat(mut bytes) => flat::set_deadline(&mut bytes, &field.coded(), deadline_ms),
            Opened::Large(mut hash) => hash.set_deadline(self.seed.hash(field.bytes), field.bytes, deadline_ms),
        }
    }
}
