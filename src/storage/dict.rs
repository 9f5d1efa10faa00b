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

mod deadlines;
mod sift;
#[cfg(test)]
mod tests;

use super::bucket::Item;
use super::bytes::Bytes;
use super::entry::{Entry, Handle, INNER, Nothing, OWN, Object, Outside};
use super::hash::{KeyHash, Position, SHARD_BITS_MAX};
use super::member::Member;
use super::memory::{NoMemory, try_box};
use super::pages;
use super::table::{Loc, Locs, Table};
use super::ttl_heap::TtlHeap;
use super::value::{EMBSTR_MAX, Kind, NewValue, StringEncoding, StringRef, ValueRef};
use super::view::{Retired, View};
use std::mem::MaybeUninit;
use std::ops::{Deref, DerefMut};

/// From this size on freeing a buffer returns pages to the system, which may take longer than a request.
pub const GARBAGE_MIN: usize = 64 * 1024;
/// A structure has many blocks. When so much of smaller ones was freed, all further ones are garbage until the lock is
/// released.
const SPENT_MAX: u32 = GARBAGE_MIN as u32;
/// Handing a structure of less to another thread costs more than freeing it.
const STRUCTURE_MIN: usize = 2 * 1024;

/// Something to drop where nobody waits.
#[derive(Debug)]
pub enum Garbage<O: Object> {
    Entry(Entry<O>),
    Value(Outside<O>),
    /// Parts of the table that are not used any more.
    Table(Vec<Retired<Entry<O>>>),
    /// What a value has given up.
    Inner(Vec<Garbage<Nothing>>),
    Member(Member),
    Bytes(Vec<u8>),
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
            Self::Inner(garbage) => garbage.iter().map(Garbage::memory).sum(),
            Self::Member(member) => member.memory(),
            Self::Bytes(bytes) => bytes.capacity(),
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
    // What a lookup reads comes first.
    shard_bits: u8,
    has_news: bool,
    /// Bytes of structures that were freed at once since others were told what is new.
    spent_bytes: u32,
    table: Table<Entry<O>>,
    earliest_ms: i64,
    entry_bytes: usize,
    extras: Option<Box<Extras<O>>>,
}

const _: () = assert!(size_of::<Dict<Nothing>>() == 96, "a dictionary fits into an object of two cache lines");

/// What many dictionaries never have: those inside of values, and any without deadlines.
#[derive(Debug)]
struct Extras<O: Object> {
    ttl: TtlHeap<Handle<OWN>>,
    inner: Option<Box<TtlHeap<Handle<INNER>>>>,
    garbage: Vec<Garbage<O>>,
    /// For [`Dict::clear`].
    room: Option<RoomToClear<O>>,
}

/// What [`Dict::clear`] needs: a place for all there was, and extras for the empty dictionary, with room for one piece of
/// garbage.
#[derive(Debug)]
struct RoomToClear<O: Object> {
    old: Box<MaybeUninit<Dict<O>>>,
    extras: Box<Extras<O>>,
}

impl<O: Object> Default for Extras<O> {
    fn default() -> Self {
        Self { ttl: TtlHeap::new(), inner: None, garbage: Vec::new(), room: None }
    }
}

impl<O: Object> Extras<O> {
    fn is_empty(&self) -> bool {
        self.ttl.len() == 0 && self.inner.is_none() && self.garbage.is_empty()
    }
}

impl<O: Object> Dict<O> {
    /// An empty dictionary of names whose hashes agree in the first `shard_bits`.
    pub fn new(shard_bits: u32) -> Self {
        debug_assert!(shard_bits <= SHARD_BITS_MAX);
        Self {
            shard_bits: shard_bits as u8,
            has_news: false,
            spent_bytes: 0,
            table: Table::default(),
            earliest_ms: i64::MAX,
            entry_bytes: 0,
            extras: None,
        }
    }

    /// An empty dictionary that others may look into without the lock that guards it ([`View`]). What it gives up must
    /// not be dropped while they do: all of it leaves through [`Dict::take_garbage`].
    pub fn shared(shard_bits: u32) -> Self {
        Self { table: Table::shared(), ..Self::new(shard_bits) }
    }

    #[inline(always)]
    fn position(&self, hash: KeyHash) -> Position {
        hash.position(u32::from(self.shard_bits))
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

    /// Bytes of everything, as the allocator rounds them; 0 when empty. Garbage is not counted.
    #[inline]
    pub fn used(&self) -> usize {
        self.entry_bytes + self.table.memory() + self.ttl_bytes()
    }

    /// The part of [`Dict::used`] that is buckets.
    pub fn table_bytes(&self) -> usize {
        self.table.memory()
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

    /// Starts loading what look-ups of these names will touch, all buckets before all entries: the cache misses of many
    /// names overlap. Worth it for a dictionary that no cache holds.
    pub fn fetch(&self, hashes: &[KeyHash]) {
        hashes.iter().for_each(|hash| self.prefetch_bucket(*hash));
        hashes.iter().for_each(|hash| self.prefetch_entry(*hash));
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
        // First: what was read of the header need not be read again.
        let value = entry.value();
        entry.touch(access);
        Some((loc, value))
    }

    /// Adds to a string that is stored as an integer; `None` if it is not, or the sum is none.
    #[inline]
    pub fn add(&mut self, loc: Loc, by: i64) -> Option<i64> {
        let entry = self.table.entry_mut(loc);
        let sum = entry.int()?.checked_add(by)?;
        entry.overwrite(NewValue::Int(sum)).then_some(sum)
    }

    /// Finds a key, sets the eviction bits, and replaces the value if both are strings and the new one fits in the place of the
    /// old one. Where that was not done, the error is where the key is.
    #[inline(always)]
    pub fn overwrite(
        &mut self,
        hash: KeyHash,
        key: &[u8],
        value: NewValue<'_>,
        access: u32,
    ) -> Result<(), Option<Loc>> {
        let (loc, entry) = self.table.find(self.position(hash), key).ok_or(None)?;
        entry.touch(access);
        if self.table.entry_mut(loc).overwrite(value) { Ok(()) } else { Err(Some(loc)) }
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
        self.insert_used(hash, key, value, 0)
    }

    /// [`Dict::insert`] with these eviction bits.
    #[inline]
    pub fn insert_used(
        &mut self,
        hash: KeyHash,
        key: &[u8],
        value: NewValue<'_>,
        access: u32,
    ) -> Result<Loc, NoMemory> {
        let position = self.position(hash);
        self.table.reserve(position)?;
        let mut entry = Entry::new(position.tag(), key, value)?;
        entry.set_access(access);
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
        let Self { table, entry_bytes, extras, has_news, .. } = self;
        let object = table.entry_mut(loc).object_mut()?;
        Some(ObjectMut { before: object.memory(), object, entry_bytes, extras, has_news })
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
        if let Some(extras) = &mut self.extras {
            if let Some(seat) = entry.seat::<OWN>() {
                // SAFETY: an entry with a seat has a link word. The heap uses the handle only inside `&mut self`
                // methods of this file, which replace it here when the entry moves and remove it before it goes.
                extras.ttl.replace_holder(seat, unsafe { entry.handle() });
            }
            if let (Some(seat), Some(inner)) = (entry.seat::<INNER>(), &mut extras.inner) {
                // SAFETY: as above.
                inner.replace_holder(seat, unsafe { entry.handle() });
            }
        }
        drop(entry);
        self.entry_bytes = self.entry_bytes - before + after;
        result
    }

    /// Drops something now if that is quick, else keeps it for the caller.
    #[inline]
    fn discard(&mut self, bytes: usize, garbage: Garbage<O>) {
        if bytes >= GARBAGE_MIN || (bytes >= STRUCTURE_MIN && self.is_too_much(bytes, &garbage)) {
            self.keep(garbage);
        }
    }

    /// Whether so many structures have been freed that this one is to be freed elsewhere.
    fn is_too_much(&mut self, bytes: usize, garbage: &Garbage<O>) -> bool {
        let is_structure = match garbage {
            Garbage::Entry(entry) => matches!(entry.value(), ValueRef::Object(..)),
            Garbage::Value(value) => matches!(value, Outside::Object(_)),
            Garbage::Table(_) | Garbage::Inner(_) | Garbage::Member(_) | Garbage::Bytes(_) | Garbage::All(_) => true,
        };
        if is_structure {
            self.spent_bytes = self.spent_bytes.saturating_add(u32::try_from(bytes).unwrap_or(u32::MAX));
        }
        is_structure && self.spent_bytes > SPENT_MAX
    }

    #[cold]
    fn keep(&mut self, garbage: Garbage<O>) {
        if let Ok(extras) = extras_of(&mut self.extras)
            && extras.garbage.try_reserve(1).is_ok()
        {
            extras.garbage.push(garbage);
            self.has_news = true;
        }
    }

    /// Frees a large value, or a part of one, that belongs to no key any more; now if that is quick.
    pub fn bury_object(&mut self, object: Box<O>) {
        self.discard(object.memory(), Garbage::Value(Outside::Object(object)));
    }

    /// What is left to drop; the caller does so after unlocking, on another thread if it has one.
    pub fn take_garbage(&mut self) -> Vec<Garbage<O>> {
        let mut garbage = self.extras.as_mut().map_or_else(Vec::new, |extras| std::mem::take(&mut extras.garbage));
        self.drop_extras();
        // Without memory for a note of it, it stays until the next time.
        if self.table.has_retired() && garbage.try_reserve(1).is_ok() {
            garbage.push(Garbage::Table(self.table.take_retired()));
        }
        garbage
    }

    /// Whether the earliest deadline, the garbage or the view has changed since [`Dict::clear_news`]: what others want to
    /// know when the lock is released.
    #[inline]
    pub fn has_news(&self) -> bool {
        self.has_news || self.table.is_changed()
    }

    pub fn clear_news(&mut self) {
        self.has_news = false;
        self.spent_bytes = 0;
        self.table.clear_changed();
    }

    /// The dictionary has become another one's replacement.
    pub fn note_news(&mut self) {
        self.has_news = true;
    }

    #[inline]
    pub fn has_garbage(&self) -> bool {
        self.extras.as_ref().is_some_and(|extras| !extras.garbage.is_empty()) || self.table.has_retired()
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
        self.tidy_deadlines();
        let entry = self.table.remove(loc);
        let bytes = entry.memory();
        self.entry_bytes -= bytes;
        self.discard(bytes, Garbage::Entry(entry));
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
        let mut copy = Self::new(u32::from(self.shard_bits));
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

    /// Frees a detached key that is not put back, now if that is quick.
    pub fn bury(&mut self, detached: Detached<O>) {
        self.discard(detached.entry.memory(), Garbage::Entry(detached.entry));
    }

    /// Gives back the room that [`Dict::detach`] left at the place of a key.
    pub fn tidy(&mut self, hash: KeyHash) {
        self.tidy_deadlines();
        self.table.tidy(self.position(hash));
    }

    /// Puts a detached key in, under a name known to be absent; a big value is not copied.
    pub fn attach(&mut self, hash: KeyHash, key: &[u8], detached: Detached<O>) -> Result<Loc, (NoMemory, Detached<O>)> {
        let position = self.position(hash);
        let Detached { entry, deadline_ms, inner_deadline_ms } = detached;
        let fail = |error, entry| (error, Detached { entry, deadline_ms, inner_deadline_ms });
        let reserved = self.table.reserve(position);
        let reserved =
            reserved.and_then(|()| deadline_ms.map_or(Ok(()), |deadline_ms| self.reserve_deadline(deadline_ms)));
        let reserved = reserved.and_then(|()| if inner_deadline_ms.is_some() { self.reserve_inner() } else { Ok(()) });
        if let Err(error) = reserved {
            return Err(fail(error, entry));
        }
        let entry = entry.rekey(position.tag(), key, deadline_ms.is_some(), inner_deadline_ms.is_some());
        let entry = entry.map_err(|(error, entry)| fail(error, entry))?;
        if let Some(extras) = &mut self.extras {
            if let Some(deadline_ms) = deadline_ms {
                // SAFETY: `rekey` gave the entry a link word, and for the rest as in `change`.
                extras.ttl.push(deadline_ms, unsafe { entry.handle() });
            }
            if let (Some(deadline_ms), Some(inner)) = (inner_deadline_ms, &mut extras.inner) {
                // SAFETY: as above.
                inner.push(deadline_ms, unsafe { entry.handle() });
            }
        }
        self.refresh();
        self.entry_bytes += entry.memory();
        Ok(self.table.insert(position, entry))
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
    pub fn iter(&self) -> Locs<'_, Entry<O>> {
        self.table.iter()
    }

    /// Makes sure that the next [`Dict::clear`] cannot fail.
    ///
    /// # Errors
    /// If memory is short.
    pub fn reserve_clear(&mut self) -> Result<(), NoMemory> {
        let extras = extras_of(&mut self.extras)?;
        if extras.room.is_none() {
            let mut empty = try_box(Extras::default())?;
            empty.garbage.try_reserve(1)?;
            extras.room = Some(RoomToClear { old: try_box(MaybeUninit::uninit())?, extras: empty });
        }
        Ok(())
    }

    /// Empties the dictionary (FLUSHDB): its content becomes garbage.
    ///
    /// # Errors
    /// If memory is short, which [`Dict::reserve_clear`] rules out; then nothing has changed.
    pub fn clear(&mut self) -> Result<(), NoMemory> {
        self.reserve_clear()?;
        let RoomToClear { old: place, extras } = extras_of(&mut self.extras)?.room.take().ok_or(NoMemory)?;
        let shard_bits = u32::from(self.shard_bits);
        let empty = if self.table.is_shared() { Self::shared(shard_bits) } else { Self::new(shard_bits) };
        let old = std::mem::replace(self, Self { extras: Some(extras), ..empty });
        if let Some(extras) = &mut self.extras {
            extras.garbage.push(Garbage::All(Box::write(place, old)));
        }
        self.has_news = true;
        pages::forget();
        Ok(())
    }
}

/// The extras of a dictionary, made if it has none.
fn extras_of<O: Object>(extras: &mut Option<Box<Extras<O>>>) -> Result<&mut Extras<O>, NoMemory> {
    match extras {
        Some(extras) => Ok(extras),
        none => Ok(none.insert(try_box(Extras::default())?)),
    }
}

/// A large value to change in place.
#[derive(Debug)]
pub struct ObjectMut<'a, O: Object> {
    object: &'a mut O,
    before: usize,
    entry_bytes: &'a mut usize,
    extras: &'a mut Option<Box<Extras<O>>>,
    has_news: &'a mut bool,
}

impl<O: Object> ObjectMut<'_, O> {
    /// Keeps for the caller what the value has given up and is expensive to free.
    #[cold]
    fn bury(&mut self) {
        let garbage = self.object.take_garbage();
        if let Ok(extras) = extras_of(self.extras)
            && extras.garbage.try_reserve(1).is_ok()
        {
            extras.garbage.push(Garbage::Inner(garbage));
            *self.has_news = true;
        }
    }
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
        if self.object.has_garbage() {
            self.bury();
        }
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
