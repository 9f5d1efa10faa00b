//! Dict: entries found by name, with deadlines: a table, the heap of the deadlines, the bytes both take. One database of
//! one shard is such a dictionary; so are the fields of a large hash and the members of a large set.
//!
//! ```text
//!  Table ──owns──► Entry ◄──handle── TtlHeap, and a second one for deadlines inside values
//!                  links ──seats────►
//! ```
//!
//! What: every change to an entry goes through here, because three things must change together: the entry's word
//! in the table, its handle in the heap (an entry that grows may move), and the count of bytes. Nothing here
//! knows the time or the meaning of a value; expiring and evicting is the caller's decision.
//!
//! A value may have deadlines of its own inside: the fields of a hash. The earliest of them is the entry's *inner
//! deadline*, in a second heap. Who changes such a value says so ([`Dict::set_inner_deadline`]); the heap then
//! follows the entry under whatever name and into whatever database it goes. A dictionary without any has no such heap.
//!
//! Invariants: an entry has a seat if and only if the heap has an item with its handle there; the handle is
//! the entry's present word; `earliest_ms` is the earliest of both heaps; `entry_bytes` is the sum of `Entry::memory`. No step between two of these changes
//! can panic or fail: what may fail (allocation) comes first. Cost: a lookup touches a bucket and an entry.
//!
//! Values that are expensive to free are not freed here: they go to a list that the caller empties after
//! unlocking, see [`Dict::take_garbage`].

use super::bucket::Item;
use super::bytes::Bytes;
use super::entry::{Entry, Handle, INNER, OWN, Object, Outside};
use super::hash::{KeyHash, Position, SHARD_BITS_MAX};
use super::memory::NoMemory;
use super::table::{Loc, Table};
use super::ttl_heap::TtlHeap;
use super::value::{EMBSTR_MAX, Kind, NewValue, StringEncoding, StringRef, ValueRef};
use super::view::{Retired, View};
use std::ops::{Deref, DerefMut};

/// From this size on freeing a buffer returns pages to the system, which may take longer than a request.
pub const GARBAGE_MIN: usize = 64 * 1024;

/// Something to drop where nobody waits.
#[derive(Debug)]
pub enum Garbage<O: Object> {
    Entry(Entry<O>),
    Value(Outside<O>),
    /// Parts of the table that are not used any more.
    Table(Vec<Retired<Entry<O>>>),
    /// Everything there was.
    All(Box<Dict<O>>),
}

impl<O: Object> Garbage<O> {
    /// What dropping it gives back.
    pub fn memory(&self) -> usize {
        match self {
            Self::Entry(entry) => entry.memory(),
            Self::Value(value) => value.memory(),
            Self::Table(_) => 0,
            Self::All(dict) => dict.used(),
        }
    }
}

/// A key taken out to be put back under another name or in another database, value unread.
#[derive(Debug)]
pub struct Detached<O: Object> {
    entry: Entry<O>,
    deadline_ms: Option<i64>,
    inner_deadline_ms: Option<i64>,
}

impl<O: Object> Detached<O> {
    pub fn key(&self) -> &[u8] {
        self.entry.key()
    }

    pub fn value(&self) -> ValueRef<'_, O> {
        self.entry.value()
    }

    pub fn deadline_ms(&self) -> Option<i64> {
        self.deadline_ms
    }
}

/// See the module's comment.
#[derive(Debug)]
#[repr(C)]
pub struct Dict<O: Object> {
    // What a lookup reads comes first, in two neighbouring cache lines at most.
    shard_bits: u32,
    table: Table<Entry<O>>,
    earliest_ms: i64,
    ttl: TtlHeap<Handle<OWN>>,
    inner: Option<Box<TtlHeap<Handle<INNER>>>>,
    entry_bytes: usize,
    garbage: Vec<Garbage<O>>,
}

impl<O: Object> Dict<O> {
    /// An empty dictionary of names whose hashes agree in the first `shard_bits`.
    pub fn new(shard_bits: u32) -> Self {
        debug_assert!(shard_bits <= SHARD_BITS_MAX);
        Self {
            shard_bits,
            table: Table::default(),
            earliest_ms: i64::MAX,
            ttl: TtlHeap::new(),
            inner: None,
            entry_bytes: 0,
            garbage: Vec::new(),
        }
    }

    /// An empty dictionary that others may look into without the lock that guards it ([`View`]). What it gives up must
    /// not be dropped while they do: all of it leaves through [`Dict::take_garbage`].
    pub fn shared(shard_bits: u32) -> Self {
        Self { table: Table::shared(), ..Self::new(shard_bits) }
    }

    #[inline(always)]
    fn position(&self, hash: KeyHash) -> Position {
        hash.position(self.shard_bits)
    }

    /// Number of keys.
    #[inline]
    pub fn len(&self) -> usize {
        self.table.len()
    }

    #[inline]
    pub fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// Number of keys with a deadline.
    #[inline]
    pub fn volatile_len(&self) -> usize {
        self.ttl.len()
    }

    /// Bytes of everything, as the allocator rounds them; 0 when empty. Garbage is not counted.
    #[inline]
    pub fn used(&self) -> usize {
        self.entry_bytes + self.table.memory() + self.ttl_bytes()
    }

    /// The part of [`Dict::used`] that is buckets.
    pub fn table_bytes(&self) -> usize {
        self.table.memory()
    }

    /// The part of [`Dict::used`] that is the TTL heaps.
    pub fn ttl_bytes(&self) -> usize {
        self.ttl.memory() + self.inner.as_ref().map_or(0, |inner| size_of_val(&**inner) + inner.memory())
    }

    /// The sum of the deadlines of all volatile keys.
    pub fn deadline_sum_ms(&self) -> i128 {
        self.ttl.sum_ms()
    }

    /// Starts loading the bucket of a key: the first pass over a window of requests.
    #[inline(always)]
    pub fn prefetch_bucket(&self, hash: KeyHash) {
        self.table.prefetch_bucket(self.position(hash));
    }

    /// Starts loading the entry of a key, whose bucket has arrived: the second pass.
    #[inline(always)]
    pub fn prefetch_entry(&self, hash: KeyHash) {
        self.table.prefetch_entry(self.position(hash));
    }

    /// Starts loading an entry.
    #[inline]
    pub fn prefetch(&self, loc: Loc) {
        self.table.entry(loc).prefetch();
    }

    /// Finds a key. The place is good until the next insertion or removal.
    #[inline(always)]
    pub fn locate(&self, hash: KeyHash, key: &[u8]) -> Option<Loc> {
        self.table.find(self.position(hash), key).map(|(loc, _)| loc)
    }

    /// Finds a key and its value in one walk: what a read should use.
    #[inline(always)]
    pub fn get(&self, hash: KeyHash, key: &[u8]) -> Option<(Loc, ValueRef<'_, O>)> {
        self.table.find(self.position(hash), key).map(|(loc, entry)| (loc, entry.value()))
    }

    /// [`Dict::get`] that also sets the eviction bits.
    #[inline(always)]
    pub fn get_used(&self, hash: KeyHash, key: &[u8], access: u32) -> Option<(Loc, ValueRef<'_, O>)> {
        let (loc, entry) = self.table.find(self.position(hash), key)?;
        entry.touch(access);
        Some((loc, entry.value()))
    }

    #[inline]
    pub fn key(&self, loc: Loc) -> &[u8] {
        self.table.entry(loc).key()
    }

    #[inline]
    pub fn value(&self, loc: Loc) -> ValueRef<'_, O> {
        self.table.entry(loc).value()
    }

    /// What the value is.
    #[inline]
    pub fn kind(&self, loc: Loc) -> Kind {
        self.table.entry(loc).kind()
    }

    /// Adds a key known to be absent, without deadline and with access bits 0.
    pub fn insert(&mut self, hash: KeyHash, key: &[u8], value: NewValue<'_>) -> Result<Loc, NoMemory> {
        let position = self.position(hash);
        self.table.reserve(position)?;
        let entry = Entry::new(position.tag(), key, value)?;
        self.entry_bytes += entry.memory();
        Ok(self.table.insert(position, entry))
    }

    /// [`Dict::insert`] of a large value.
    pub fn insert_object(&mut self, hash: KeyHash, key: &[u8], kind: Kind, object: Box<O>) -> Result<Loc, NoMemory> {
        let position = self.position(hash);
        self.table.reserve(position)?;
        let entry = Entry::with_outside(position.tag(), key, kind, Outside::Object(object));
        let entry = entry.map_err(|(error, _)| error)?;
        self.entry_bytes += entry.memory();
        Ok(self.table.insert(position, entry))
    }

    /// Replaces a value; deadline and access bits stay. It has no inner deadline unless it is given one.
    #[inline]
    pub fn set_value(&mut self, loc: Loc, value: NewValue<'_>) -> Result<(), NoMemory> {
        if self.table.entry_mut(loc).overwrite(value) {
            return Ok(());
        }
        self.replace_value(loc, value)
    }

    fn replace_value(&mut self, loc: Loc, value: NewValue<'_>) -> Result<(), NoMemory> {
        let old = self.change(loc, |entry| entry.set_value(value))?;
        self.clear_inner_deadline(loc);
        if let Some(old) = old {
            self.discard(old.memory(), Garbage::Value(old));
        }
        Ok(())
    }

    /// Replaces a value by a large one; deadline and access bits stay. It has no inner deadline unless it is given one.
    pub fn set_object(&mut self, loc: Loc, kind: Kind, object: Box<O>) -> Result<(), NoMemory> {
        let old = self.change(loc, |entry| entry.set_outside(kind, Outside::Object(object)))?;
        self.clear_inner_deadline(loc);
        if let Some(old) = old {
            self.discard(old.memory(), Garbage::Value(old));
        }
        Ok(())
    }

    /// The large value at `loc`, to change in place; `None` if it is not one. What it takes is counted anew when the
    /// guard is dropped.
    #[inline]
    pub fn object_mut(&mut self, loc: Loc) -> Option<ObjectMut<'_, O>> {
        let object = self.table.entry_mut(loc).object_mut()?;
        Some(ObjectMut { before: object.memory(), object, entry_bytes: &mut self.entry_bytes })
    }

    /// The flat encoding (or string) at `loc`, to edit in place; `None` if the value is an object or an integer.
    #[inline]
    pub fn flat_mut(&mut self, loc: Loc) -> Option<FlatMut<'_, O>> {
        self.table.entry(loc).bytes()?;
        Some(FlatMut { dict: self, loc })
    }

    /// Changes an entry in a way that may move it, and brings heap and byte count up to date.
    fn change<T>(
        &mut self,
        loc: Loc,
        change: impl FnOnce(&mut Entry<O>) -> Result<T, NoMemory>,
    ) -> Result<T, NoMemory> {
        let mut entry = self.table.entry_moving(loc);
        let before = entry.memory();
        let result = change(&mut entry);
        // Also after a failure: a change of two steps may have done the first.
        let after = entry.memory();
        if let Some(seat) = entry.seat::<OWN>() {
            // SAFETY: an entry with a seat has a link word. The heap uses the handle only inside `&mut self`
            // methods of this file, which replace it here when the entry moves and remove it before it goes.
            self.ttl.replace_holder(seat, unsafe { entry.handle() });
        }
        if let (Some(seat), Some(inner)) = (entry.seat::<INNER>(), &mut self.inner) {
            // SAFETY: as above.
            inner.replace_holder(seat, unsafe { entry.handle() });
        }
        drop(entry);
        self.entry_bytes = self.entry_bytes - before + after;
        result
    }

    /// Drops something now if that is quick, else keeps it for the caller.
    fn discard(&mut self, bytes: usize, garbage: Garbage<O>) {
        if bytes >= GARBAGE_MIN && self.garbage.try_reserve(1).is_ok() {
            self.garbage.push(garbage);
        }
    }

    /// Frees a large value, or a part of one, that belongs to no key any more; now if that is quick.
    pub fn bury_object(&mut self, object: Box<O>) {
        self.discard(object.memory(), Garbage::Value(Outside::Object(object)));
    }

    /// What is left to drop; the caller does so after unlocking, on another thread if it has one.
    pub fn take_garbage(&mut self) -> Vec<Garbage<O>> {
        let mut garbage = std::mem::take(&mut self.garbage);
        if self.table.has_retired() {
            garbage.push(Garbage::Table(self.table.take_retired()));
        }
        garbage
    }

    #[inline]
    pub fn has_garbage(&self) -> bool {
        !self.garbage.is_empty() || self.table.has_retired()
    }

    /// What of the table can be read without the lock.
    #[inline]
    pub fn view(&self) -> Option<&View<Entry<O>>> {
        self.table.view()
    }

    /// Removes a key.
    pub fn remove(&mut self, loc: Loc) {
        self.unseat(loc);
        self.unseat_inner(loc);
        self.ttl.tidy();
        let entry = self.table.remove(loc);
        self.entry_bytes -= entry.memory();
        self.discard(entry.outside_memory(), Garbage::Entry(entry));
    }

    /// Takes the deadline of an entry off the heap.
    fn unseat(&mut self, loc: Loc) -> Option<i64> {
        let entry = self.table.entry_mut(loc);
        let seat = entry.seat::<OWN>()?;
        entry.clear_seat::<OWN>();
        let deadline_ms = self.ttl.remove(seat);
        self.refresh();
        Some(deadline_ms)
    }

    /// Takes the inner deadline of an entry off its heap, which goes with the last one.
    fn unseat_inner(&mut self, loc: Loc) -> Option<i64> {
        let inner = self.inner.as_mut()?;
        let entry = self.table.entry_mut(loc);
        let seat = entry.seat::<INNER>()?;
        entry.clear_seat::<INNER>();
        let deadline_ms = inner.remove(seat);
        inner.tidy();
        if inner.len() == 0 {
            self.inner = None;
        }
        self.refresh();
        Some(deadline_ms)
    }

    /// Brings `earliest_ms` up to date after a change of a heap.
    #[inline]
    fn refresh(&mut self) {
        let inner_ms = self.inner.as_ref().map_or(i64::MAX, |inner| inner.earliest_ms());
        self.earliest_ms = self.ttl.earliest_ms().min(inner_ms);
    }

    /// Takes a key out whole (RENAME, MOVE). Until something else is inserted or removed, [`Dict::attach`] under
    /// the same key cannot fail. [`Dict::tidy`] ends that.
    pub fn detach(&mut self, loc: Loc) -> Detached<O> {
        let deadline_ms = self.unseat(loc);
        let inner_deadline_ms = self.unseat_inner(loc);
        let entry = self.table.detach(loc);
        self.entry_bytes -= entry.memory();
        Detached { entry, deadline_ms, inner_deadline_ms }
    }

    /// A copy of a key, value and deadlines, to be put in under another name or in another database (COPY).
    pub fn duplicate(&self, loc: Loc) -> Result<Detached<O>, NoMemory> {
        Ok(Detached {
            entry: self.table.entry(loc).duplicate()?,
            deadline_ms: self.deadline_ms(loc),
            inner_deadline_ms: self.inner_deadline_ms(loc),
        })
    }

    /// A copy of everything, deadlines included.
    pub fn try_clone(&self) -> Result<Self, NoMemory> {
        let mut copy = Self::new(self.shard_bits);
        for loc in self.iter() {
            let position = self.table.position(loc);
            copy.table.reserve(position)?;
            let entry = self.table.entry(loc).duplicate()?;
            copy.entry_bytes += entry.memory();
            let place = copy.table.insert(position, entry);
            if let Some(deadline_ms) = self.deadline_ms(loc) {
                copy.set_deadline(place, deadline_ms)?;
            }
            if let Some(deadline_ms) = self.inner_deadline_ms(loc) {
                copy.set_inner_deadline(place, deadline_ms)?;
            }
        }
        Ok(copy)
    }

    /// How many keys are due, in time proportional to that.
    pub fn expired_len(&self, now_ms: i64) -> usize {
        self.ttl.due_len(now_ms)
    }

    /// Whether all keys are due; most often quick if they are not.
    pub fn all_expired(&self, now_ms: i64) -> bool {
        self.volatile_len() == self.len() && self.ttl.all_due(now_ms)
    }

    /// Frees a detached key that is not put back, now if that is quick.
    pub fn bury(&mut self, detached: Detached<O>) {
        self.discard(detached.entry.outside_memory(), Garbage::Entry(detached.entry));
    }

    /// Gives back the room that [`Dict::detach`] left at the place of a key.
    pub fn tidy(&mut self, hash: KeyHash) {
        self.ttl.tidy();
        self.table.tidy(self.position(hash));
    }

    /// Puts a detached key in, under a name known to be absent; a big value is not copied.
    pub fn attach(&mut self, hash: KeyHash, key: &[u8], detached: Detached<O>) -> Result<Loc, (NoMemory, Detached<O>)> {
        let position = self.position(hash);
        let Detached { entry, deadline_ms, inner_deadline_ms } = detached;
        let fail = |error, entry| (error, Detached { entry, deadline_ms, inner_deadline_ms });
        let reserved = self.table.reserve(position);
        let reserved = reserved.and_then(|()| if deadline_ms.is_some() { self.ttl.reserve() } else { Ok(()) });
        let reserved = reserved.and_then(|()| if inner_deadline_ms.is_some() { self.reserve_inner() } else { Ok(()) });
        if let Err(error) = reserved {
            return Err(fail(error, entry));
        }
        let entry = entry.rekey(position.tag(), key, deadline_ms.is_some(), inner_deadline_ms.is_some());
        let entry = entry.map_err(|(error, entry)| fail(error, entry))?;
        if let Some(deadline_ms) = deadline_ms {
            // SAFETY: `rekey` gave the entry a link word, and for the rest as in `change`.
            self.ttl.push(deadline_ms, unsafe { entry.handle() });
        }
        if let (Some(deadline_ms), Some(inner)) = (inner_deadline_ms, &mut self.inner) {
            // SAFETY: as above.
            inner.push(deadline_ms, unsafe { entry.handle() });
        }
        self.refresh();
        self.entry_bytes += entry.memory();
        Ok(self.table.insert(position, entry))
    }

    /// The earliest deadline of all keys and inside all values, `i64::MAX` if there is none. Something can only be due if
    /// this is.
    #[inline(always)]
    pub fn next_deadline_ms(&self) -> i64 {
        self.earliest_ms
    }

    #[inline]
    pub fn deadline_ms(&self, loc: Loc) -> Option<i64> {
        self.ttl.deadline_ms(self.table.entry(loc).seat::<OWN>()?)
    }

    /// Gives a key a deadline or changes it.
    pub fn set_deadline(&mut self, loc: Loc, deadline_ms: i64) -> Result<(), NoMemory> {
        if let Some(seat) = self.table.entry(loc).seat::<OWN>() {
            self.ttl.update(seat, deadline_ms);
        } else {
            self.ttl.reserve()?;
            self.change(loc, Entry::ensure_link::<OWN>)?;
            // SAFETY: `ensure_link` gave the entry a link word, and for the rest as in `change`.
            self.ttl.push(deadline_ms, unsafe { self.table.entry(loc).handle() });
        }
        self.refresh();
        Ok(())
    }

    /// The earliest deadline inside a value, as last told.
    #[inline]
    pub fn inner_deadline_ms(&self, loc: Loc) -> Option<i64> {
        self.inner.as_ref()?.deadline_ms(self.table.entry(loc).seat::<INNER>()?)
    }

    /// Tells the earliest deadline inside a value. [`Dict::reserve_inner_deadline`] makes sure beforehand that this
    /// cannot fail.
    pub fn set_inner_deadline(&mut self, loc: Loc, deadline_ms: i64) -> Result<(), NoMemory> {
        if let (Some(seat), Some(inner)) = (self.table.entry(loc).seat::<INNER>(), &mut self.inner) {
            inner.update(seat, deadline_ms);
        } else {
            self.reserve_inner_deadline(loc)?;
            let Some(inner) = &mut self.inner else { return Err(NoMemory) };
            // SAFETY: the entry was given its second link word, and for the rest as in `change`.
            inner.push(deadline_ms, unsafe { self.table.entry(loc).handle() });
        }
        self.refresh();
        Ok(())
    }

    /// Makes room for an inner deadline.
    pub fn reserve_inner_deadline(&mut self, loc: Loc) -> Result<(), NoMemory> {
        self.reserve_inner()?;
        self.change(loc, Entry::ensure_link::<INNER>)
    }

    fn reserve_inner(&mut self) -> Result<(), NoMemory> {
        self.inner.get_or_insert_default().reserve()
    }

    /// Tells that there is no deadline inside a value any more.
    pub fn clear_inner_deadline(&mut self, loc: Loc) {
        if self.inner.is_some() {
            self.unseat_inner(loc);
        }
    }

    /// A key with a due deadline inside its value, the earliest first.
    pub fn inner_due_loc(&self, now_ms: i64) -> Option<Loc> {
        let inner = self.inner.as_ref().filter(|inner| inner.earliest_ms() <= now_ms)?;
        let first = inner.first()?;
        self.table.find_tagged(first.tag(), |entry| entry.is(first))
    }

    /// Takes the deadline away; whether there was one.
    #[inline]
    pub fn clear_deadline(&mut self, loc: Loc) -> bool {
        // Every SET of an existing key comes here, and most often no key has a deadline.
        self.volatile_len() != 0 && self.remove_deadline(loc)
    }

    fn remove_deadline(&mut self, loc: Loc) -> bool {
        let had = self.unseat(loc).is_some();
        if had {
            self.ttl.tidy();
        }
        had
    }

    /// A key whose deadline has come, the earliest first.
    pub fn expired_loc(&self, now_ms: i64) -> Option<Loc> {
        if self.ttl.earliest_ms() > now_ms {
            return None;
        }
        let first = self.ttl.first()?;
        self.table.find_tagged(first.tag(), |entry| entry.is(first))
    }

    /// Sets the length of a string (APPEND, SETRANGE): new bytes are zero, an integer becomes its text, later
    /// growth has room. The string counts as raw.
    pub fn string_resize(&mut self, loc: Loc, len: usize) -> Result<&mut [u8], NoMemory> {
        self.change(loc, |entry| entry.resize(len).map(|_| ()))?;
        Ok(self.string_mut(loc).expect("resized to text"))
    }

    /// The bytes of a string to change in place, after which it counts as raw; `None` for an integer.
    pub fn string_mut(&mut self, loc: Loc) -> Option<&mut [u8]> {
        self.table.entry_mut(loc).bytes_mut()
    }

    /// What OBJECT ENCODING says.
    pub fn string_encoding(&self, loc: Loc) -> StringEncoding {
        let entry = self.table.entry(loc);
        match entry.value() {
            ValueRef::String(StringRef::Int(_)) => StringEncoding::Int,
            ValueRef::String(StringRef::Str(bytes)) if bytes.len() <= EMBSTR_MAX && !entry.is_raw() => {
                StringEncoding::Embstr
            }
            _ => StringEncoding::Raw,
        }
    }

    /// Whether a value is an integer that COPY has made.
    pub fn is_copied_int(&self, loc: Loc) -> bool {
        let entry = self.table.entry(loc);
        matches!(entry.value(), ValueRef::String(StringRef::Int(_))) && entry.is_raw()
    }

    /// The eviction bits of a key, 24.
    #[inline]
    pub fn access(&self, loc: Loc) -> u32 {
        self.table.entry(loc).access()
    }

    #[inline]
    pub fn set_access(&mut self, loc: Loc, access: u32) {
        self.table.entry_mut(loc).set_access(access);
    }

    /// Bytes that a key takes: entry, value, its part of a bucket and of the heap.
    pub fn memory_usage(&self, loc: Loc) -> usize {
        const BUCKET_SHARE: usize = 10;
        const HEAP_SHARE: usize = 16;
        let entry = self.table.entry(loc);
        let seats = usize::from(entry.seat::<OWN>().is_some()) + usize::from(entry.seat::<INNER>().is_some());
        entry.memory() + BUCKET_SHARE + seats * HEAP_SHARE
    }

    /// One step of SCAN, see [`Table::scan`]: visits the keys of one bucket and returns the next cursor.
    pub fn scan(&self, cursor: u64, f: impl FnMut(Loc)) -> Option<u64> {
        self.table.scan(cursor, f)
    }

    /// A random key, all equally likely.
    pub fn random(&self, random: impl FnMut() -> u64) -> Option<Loc> {
        self.table.random(random)
    }

    /// All keys, in no order.
    pub fn iter(&self) -> impl Iterator<Item = Loc> {
        self.table.iter()
    }

    /// Empties the dictionary (FLUSHDB): its content becomes garbage.
    pub fn clear(&mut self) {
        let empty = if self.table.is_shared() { Self::shared(self.shard_bits) } else { Self::new(self.shard_bits) };
        let old = std::mem::replace(self, empty);
        self.garbage.push(Garbage::All(Box::new(old)));
    }
}

/// A large value to change in place.
#[derive(Debug)]
pub struct ObjectMut<'a, O: Object> {
    object: &'a mut O,
    before: usize,
    entry_bytes: &'a mut usize,
}

impl<O: Object> Deref for ObjectMut<'_, O> {
    type Target = O;

    #[inline]
    fn deref(&self) -> &O {
        self.object
    }
}

impl<O: Object> DerefMut for ObjectMut<'_, O> {
    #[inline]
    fn deref_mut(&mut self) -> &mut O {
        self.object
    }
}

impl<O: Object> Drop for ObjectMut<'_, O> {
    fn drop(&mut self) {
        *self.entry_bytes = *self.entry_bytes - self.before + self.object.memory();
    }
}

/// A flat encoding inside a dictionary, to edit in place.
#[derive(Debug)]
pub struct FlatMut<'a, O: Object> {
    dict: &'a mut Dict<O>,
    loc: Loc,
}

impl<O: Object> Bytes for FlatMut<'_, O> {
    #[inline]
    fn bytes(&self) -> &[u8] {
        self.dict.table.entry(self.loc).bytes().expect("flat when the guard was made")
    }

    #[inline]
    fn bytes_mut(&mut self) -> &mut [u8] {
        self.dict.string_mut(self.loc).expect("flat when the guard was made")
    }

    #[inline]
    fn set_len(&mut self, len: usize) -> Result<(), NoMemory> {
        self.dict.string_resize(self.loc, len).map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::super::hash::HashSeed;
    use super::*;

    /// A large value that counts how often it was dropped.
    #[derive(Debug)]
    struct Tally<'t>(usize, &'t std::sync::atomic::AtomicUsize);

    impl Object for Tally<'_> {
        fn memory(&self) -> usize {
            self.0
        }

        fn duplicate(&self) -> Result<Self, NoMemory> {
            Ok(Self(self.0, self.1))
        }
    }

    impl Drop for Tally<'_> {
        fn drop(&mut self) {
            self.1.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
    }

    #[test]
    fn large_values_are_counted_moved_and_dropped_once() {
        let dropped = std::sync::atomic::AtomicUsize::new(0);
        let count = || dropped.load(std::sync::atomic::Ordering::Relaxed);
        let seed = HashSeed::new(7);
        let (a, b) = (seed.hash(b"a"), seed.hash(b"b"));
        let mut dict = Dict::<Tally>::new(0);
        let loc = dict.insert(a, b"a", NewValue::Flat(Kind::Hash, b"flat")).unwrap();
        assert!(matches!(dict.value(loc), ValueRef::Flat(Kind::Hash, b"flat")));
        assert!(dict.object_mut(loc).is_none());
        let without = dict.used();
        dict.set_object(loc, Kind::Hash, Box::new(Tally(1000, &dropped))).unwrap();
        dict.object_mut(loc).unwrap().0 = 5000;
        // The pointer takes 8 bytes, as much more than `flat` as a block is rounded to.
        assert_eq!((dict.used(), dict.kind(loc)), (without + 8 + 5000, Kind::Hash));
        assert!(dict.flat_mut(loc).is_none() && dict.string_mut(loc).is_none());

        let copy = dict.duplicate(loc).unwrap();
        let copied = dict.attach(b, b"b", copy).unwrap();
        dict.set_deadline(copied, 42).unwrap();
        assert!(matches!(dict.value(copied), ValueRef::Object(Kind::Hash, Tally(5000, _))));
        let loc = dict.locate(a, b"a").unwrap();
        dict.set_value(loc, NewValue::Str(b"text")).unwrap();
        assert_eq!((count(), dict.value(loc).string()), (1, Some(StringRef::Str(b"text"))));
        let moved = dict.detach(loc);
        dict.bury(moved);
        let loc = dict.locate(b, b"b").unwrap();
        dict.object_mut(loc).unwrap().0 = GARBAGE_MIN;
        dict.remove(loc);
        assert_eq!((count(), dict.has_garbage(), dict.used()), (1, true, 0));
        drop(dict.take_garbage());
        assert_eq!(count(), 2);
    }

    /// Both kinds of deadlines on entries that grow, shrink, change their names and are copied, against a model.
    #[test]
    fn deadlines_follow_their_entries() {
        let mut rng = super::super::testing::Rng::from_env();
        let seed = HashSeed::new(rng.next());
        let mut dict = Dict::<super::super::Nothing>::new(0);
        let mut model: std::collections::BTreeMap<Vec<u8>, [Option<i64>; 2]> = Default::default();
        let mut longest = 0;
        for _ in 0..6_000 {
            let key = rng.below(60).to_string().repeat(1 + rng.below(100) as usize % 90).into_bytes();
            let hash = seed.hash(&key);
            let deadline_ms = rng.below(1000) as i64;
            let Some(loc) = dict.locate(hash, &key) else {
                dict.insert(hash, &key, NewValue::Flat(Kind::Hash, b"")).unwrap();
                model.insert(key, [None; 2]);
                continue;
            };
            let known = model.get_mut(&key).unwrap();
            assert_eq!([dict.deadline_ms(loc), dict.inner_deadline_ms(loc)], *known);
            match rng.below(9) {
                0 => {
                    dict.set_deadline(loc, deadline_ms).unwrap();
                    known[0] = Some(deadline_ms);
                }
                1 => {
                    dict.clear_deadline(loc);
                    known[0] = None;
                }
                2 | 3 => {
                    dict.set_inner_deadline(loc, deadline_ms).unwrap();
                    known[1] = Some(deadline_ms);
                }
                4 => {
                    dict.clear_inner_deadline(loc);
                    known[1] = None;
                }
                5 => dict.flat_mut(loc).unwrap().set_len(rng.below(1500) as usize).unwrap(),
                6 => {
                    dict.set_value(loc, NewValue::Flat(Kind::Hash, b"other")).unwrap();
                    known[1] = None;
                }
                7 => {
                    let detached = if rng.below(2) == 0 { dict.duplicate(loc).unwrap() } else { dict.detach(loc) };
                    let moved = *known;
                    if dict.locate(hash, &key).is_none() {
                        model.remove(&key);
                        dict.tidy(hash);
                    }
                    let name = [&key[..], b"x"].concat();
                    if let Some(loc) = dict.locate(seed.hash(&name), &name) {
                        dict.remove(loc);
                    }
                    dict.attach(seed.hash(&name), &name, detached).map_err(|(error, _)| error).unwrap();
                    model.insert(name, moved);
                }
                _ => {
                    dict.remove(loc);
                    model.remove(&key);
                }
            }
            longest = longest.max(dict.len());
            let all = |of: usize| model.values().filter_map(move |known| known[of]);
            assert_eq!(dict.next_deadline_ms(), all(0).chain(all(1)).min().unwrap_or(i64::MAX));
            let due = dict.inner_due_loc(i64::MAX - 1).and_then(|loc| dict.inner_deadline_ms(loc));
            assert_eq!(due, all(1).min());
        }
        assert!(longest > 100, "{longest}");
        let copy = dict.try_clone().unwrap();
        for (key, known) in &model {
            let loc = copy.locate(seed.hash(key), key).unwrap();
            assert_eq!([copy.deadline_ms(loc), copy.inner_deadline_ms(loc)], *known);
            let loc = dict.locate(seed.hash(key), key).unwrap();
            dict.remove(loc);
        }
        assert_eq!((copy.len(), dict.used()), (model.len(), 0));
    }

    #[test]
    fn flat_encodings_are_edited_in_place_at_every_size() {
        let seed = HashSeed::new(7);
        let hash = seed.hash(b"key");
        let mut dict = Dict::<super::super::Nothing>::new(0);
        let loc = dict.insert(hash, b"key", NewValue::Flat(Kind::List, b"")).unwrap();
        let mut model = Vec::new();
        for (at, len) in [(0, 10), (3, 500), (509, 600), (0, 3000), (100, 7)] {
            let gap = [len as u8].repeat(len);
            Bytes::splice(&mut dict.flat_mut(loc).unwrap(), at..at, len).unwrap().copy_from_slice(&gap);
            model.splice(at..at, gap);
            assert!(matches!(dict.value(loc), ValueRef::Flat(Kind::List, bytes) if bytes == model));
        }
        Bytes::splice(&mut dict.flat_mut(loc).unwrap(), 5..4000, 1).unwrap()[0] = 9;
        model.splice(5..4000, [9]);
        assert!(matches!(dict.value(loc), ValueRef::Flat(Kind::List, bytes) if bytes == model));
        dict.remove(loc);
        assert_eq!(dict.used(), 0);
    }
}
