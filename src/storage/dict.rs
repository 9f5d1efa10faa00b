//! Dict: entries found by name, with deadlines: a table, the heap of the deadlines, the bytes both take. One database of
//! one shard is such a dictionary; so are the fields of a large hash and the members of a large set.
//!
//! ```text
//!  Table ──owns──► Entry ◄──handle── TtlHeap
//!                  link ──seat──────►
//! ```
//!
//! What: every change to an entry goes through here, because three things must change together: the entry's word
//! in the table, its handle in the heap (an entry that grows may move), and the count of bytes. Nothing here
//! knows the time or the meaning of a value; expiring and evicting is the caller's decision.
//!
//! Invariants: an entry has a seat if and only if the heap has an item with its handle there; the handle is
//! the entry's present word; `entry_bytes` is the sum of `Entry::memory`. No step between two of these changes
//! can panic or fail: what may fail (allocation) comes first. Cost: a lookup touches a bucket and an entry.
//!
//! Values that are expensive to free are not freed here: they go to a list that the caller empties after
//! unlocking, see [`Dict::take_garbage`].

use super::bucket::Item;
use super::bytes::Bytes;
use super::entry::{Entry, Handle, Object, Outside};
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
    ttl: TtlHeap<Handle>,
    entry_bytes: usize,
    garbage: Vec<Garbage<O>>,
}

impl<O: Object> Dict<O> {
    /// An empty dictionary of names whose hashes agree in the first `shard_bits`.
    pub fn new(shard_bits: u32) -> Self {
        debug_assert!(shard_bits <= SHARD_BITS_MAX);
        Self { table: Table::default(), ttl: TtlHeap::new(), entry_bytes: 0, shard_bits, garbage: Vec::new() }
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
        self.entry_bytes + self.table.memory() + self.ttl.memory()
    }

    /// The part of [`Dict::used`] that is buckets.
    pub fn table_bytes(&self) -> usize {
        self.table.memory()
    }

    /// The part of [`Dict::used`] that is the TTL heap.
    pub fn ttl_bytes(&self) -> usize {
        self.ttl.memory()
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

    /// Replaces a value; deadline and access bits stay.
    #[inline]
    pub fn set_value(&mut self, loc: Loc, value: NewValue<'_>) -> Result<(), NoMemory> {
        if self.table.entry_mut(loc).overwrite(value) {
            return Ok(());
        }
        self.replace_value(loc, value)
    }

    fn replace_value(&mut self, loc: Loc, value: NewValue<'_>) -> Result<(), NoMemory> {
        if let Some(old) = self.change(loc, |entry| entry.set_value(value))? {
            self.discard(old.memory(), Garbage::Value(old));
        }
        Ok(())
    }

    /// Replaces a value by a large one; deadline and access bits stay.
    pub fn set_object(&mut self, loc: Loc, kind: Kind, object: Box<O>) -> Result<(), NoMemory> {
        if let Some(old) = self.change(loc, |entry| entry.set_outside(kind, Outside::Object(object)))? {
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
        if let Some(seat) = entry.seat() {
            // SAFETY: an entry with a seat has a link word. The heap uses the handle only inside `&mut self`
            // methods of this file, which replace it here when the entry moves and remove it before it goes.
            self.ttl.replace_holder(seat, unsafe { entry.handle() });
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
        self.ttl.tidy();
        let entry = self.table.remove(loc);
        self.entry_bytes -= entry.memory();
        self.discard(entry.outside_memory(), Garbage::Entry(entry));
    }

    /// Takes the deadline of an entry off the heap.
    fn unseat(&mut self, loc: Loc) -> Option<i64> {
        let entry = self.table.entry_mut(loc);
        let seat = entry.seat()?;
        entry.clear_seat();
        Some(self.ttl.remove(seat))
    }

    /// Takes a key out whole (RENAME, MOVE). Until something else is inserted or removed, [`Dict::attach`] under
    /// the same key cannot fail. [`Dict::tidy`] ends that.
    pub fn detach(&mut self, loc: Loc) -> Detached<O> {
        let deadline_ms = self.unseat(loc);
        let entry = self.table.detach(loc);
        self.entry_bytes -= entry.memory();
        Detached { entry, deadline_ms }
    }

    /// A copy of a key, value and deadline, to be put in under another name or in another database (COPY).
    pub fn duplicate(&self, loc: Loc) -> Result<Detached<O>, NoMemory> {
        Ok(Detached { entry: self.table.entry(loc).duplicate()?, deadline_ms: self.deadline_ms(loc) })
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
        let Detached { entry, deadline_ms } = detached;
        let fail = |error, entry| (error, Detached { entry, deadline_ms });
        if let Err(error) = self.table.reserve(position) {
            return Err(fail(error, entry));
        }
        if deadline_ms.is_some()
            && let Err(error) = self.ttl.reserve()
        {
            return Err(fail(error, entry));
        }
        let entry = entry.rekey(position.tag(), key, deadline_ms.is_some());
        let mut entry = entry.map_err(|(error, entry)| fail(error, entry))?;
        if let Some(deadline_ms) = deadline_ms {
            entry.clear_seat();
            // SAFETY: `rekey` gave the entry a link word, and for the rest as in `change`.
            self.ttl.push(deadline_ms, unsafe { entry.handle() });
        }
        self.entry_bytes += entry.memory();
        Ok(self.table.insert(position, entry))
    }

    /// The earliest deadline of all keys, `i64::MAX` if there is none. A key can only be due if this is.
    #[inline(always)]
    pub fn next_deadline_ms(&self) -> i64 {
        self.ttl.earliest_ms()
    }

    #[inline]
    pub fn deadline_ms(&self, loc: Loc) -> Option<i64> {
        self.ttl.deadline_ms(self.table.entry(loc).seat()?)
    }

    /// Gives a key a deadline or changes it.
    pub fn set_deadline(&mut self, loc: Loc, deadline_ms: i64) -> Result<(), NoMemory> {
        if let Some(seat) = self.table.entry(loc).seat() {
            self.ttl.update(seat, deadline_ms);
            return Ok(());
        }
        self.ttl.reserve()?;
        self.change(loc, Entry::ensure_link)?;
        // SAFETY: `ensure_link` gave the entry a link word, and for the rest as in `change`.
        self.ttl.push(deadline_ms, unsafe { self.table.entry(loc).handle() });
        Ok(())
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
        entry.memory() + BUCKET_SHARE + entry.seat().map_or(0, |_| HEAP_SHARE)
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
