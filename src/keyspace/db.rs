//! Db: one database of one shard: the table of its entries, the heap of their deadlines, the bytes they take.
//!
//! ```text
//!  Table ──owns──► Entry ◄──handle── TtlHeap
//!                  link ──seat──────►
//! ```
//!
//! What: every change to a key goes through here, because three things must change together: the entry's word
//! in the table, its handle in the heap (an entry that grows may move), and the count of bytes. Nothing here
//! knows the time or the meaning of a value; expiring and evicting is the caller's decision.
//!
//! Invariants: an entry has a seat if and only if the heap has an item with its handle there; the handle is
//! the entry's present word; `entry_bytes` is the sum of `Entry::memory`. No step between two of these changes
//! can panic or fail: what may fail (allocation) comes first. Cost: a lookup touches a bucket and an entry.
//!
//! Values that are expensive to free are not freed here: they go to a list that the caller empties after
//! unlocking, see [`Db::take_garbage`].

use crate::storage::{
    Buffer, EMBSTR_MAX, Entry, Handle, KeyHash, Loc, NewValue, NoMemory, Position, StringEncoding, Table, TtlHeap,
    ValueRef,
};

/// From this size on freeing a buffer returns pages to the system, which may take longer than a request.
pub const GARBAGE_MIN: usize = 64 * 1024;

/// Something to drop where nobody waits.
#[derive(Debug)]
pub enum Garbage {
    Entry(Entry),
    Buffer(Buffer),
}

impl Garbage {
    /// What dropping it gives back.
    pub fn memory(&self) -> usize {
        match self {
            Self::Entry(entry) => entry.memory(),
            Self::Buffer(buffer) => buffer.memory(),
        }
    }
}

/// A key taken out to be put back under another name or in another database, value unread.
#[derive(Debug)]
pub struct Detached {
    entry: Entry,
    deadline_ms: Option<i64>,
}

impl Detached {
    pub fn key(&self) -> &[u8] {
        self.entry.key()
    }

    pub fn value(&self) -> ValueRef<'_> {
        self.entry.value()
    }

    pub fn deadline_ms(&self) -> Option<i64> {
        self.deadline_ms
    }
}

/// See the module's comment.
#[derive(Debug)]
#[repr(C)]
pub struct Db {
    // What a lookup reads comes first, in two neighbouring cache lines at most.
    shard_bits: u32,
    table: Table,
    ttl: TtlHeap<Handle>,
    entry_bytes: usize,
    garbage: Vec<Garbage>,
}

impl Db {
    /// An empty database of a shard that is chosen by the first `shard_bits` of a key's hash.
    pub fn new(shard_bits: u32) -> Self {
        debug_assert!(shard_bits <= crate::storage::SHARD_BITS_MAX);
        Self { table: Table::default(), ttl: TtlHeap::new(), entry_bytes: 0, shard_bits, garbage: Vec::new() }
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

    /// The part of [`Db::used`] that is buckets.
    pub fn table_bytes(&self) -> usize {
        self.table.memory()
    }

    /// The part of [`Db::used`] that is the TTL heap.
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
    pub fn get(&self, hash: KeyHash, key: &[u8]) -> Option<(Loc, ValueRef<'_>)> {
        self.table.find(self.position(hash), key).map(|(loc, entry)| (loc, entry.value()))
    }

    #[inline]
    pub fn key(&self, loc: Loc) -> &[u8] {
        self.table.entry(loc).key()
    }

    #[inline]
    pub fn value(&self, loc: Loc) -> ValueRef<'_> {
        self.table.entry(loc).value()
    }

    /// Adds a key known to be absent, without deadline and with access bits 0.
    pub fn insert(&mut self, hash: KeyHash, key: &[u8], value: NewValue<'_>) -> Result<Loc, NoMemory> {
        let position = self.position(hash);
        self.table.reserve(position)?;
        let entry = Entry::new(position.tag(), key, value)?;
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
            self.discard(old.memory(), Garbage::Buffer(old));
        }
        Ok(())
    }

    /// Changes an entry in a way that may move it, and brings heap and byte count up to date.
    fn change<T>(&mut self, loc: Loc, change: impl FnOnce(&mut Entry) -> Result<T, NoMemory>) -> Result<T, NoMemory> {
        let entry = self.table.entry_mut(loc);
        let before = entry.memory();
        let result = change(entry);
        // Also after a failure: a change of two steps may have done the first.
        let after = entry.memory();
        if let Some(seat) = entry.seat() {
            // SAFETY: an entry with a seat has a link word. The heap uses the handle only inside `&mut self`
            // methods of this file, which replace it here when the entry moves and remove it before it goes.
            self.ttl.replace_holder(seat, unsafe { entry.handle() });
        }
        self.entry_bytes = self.entry_bytes - before + after;
        result
    }

    /// Drops something now if that is quick, else keeps it for the caller.
    fn discard(&mut self, buffer_bytes: usize, garbage: Garbage) {
        if buffer_bytes >= GARBAGE_MIN && self.garbage.try_reserve(1).is_ok() {
            self.garbage.push(garbage);
        }
    }

    /// What is left to drop; the caller does so after unlocking, on another thread if it has one.
    pub fn take_garbage(&mut self) -> Vec<Garbage> {
        std::mem::take(&mut self.garbage)
    }

    #[inline]
    pub fn has_garbage(&self) -> bool {
        !self.garbage.is_empty()
    }

    /// Removes a key.
    pub fn remove(&mut self, loc: Loc) {
        self.unseat(loc);
        self.ttl.tidy();
        let entry = self.table.remove(loc);
        self.entry_bytes -= entry.memory();
        self.discard(entry.buffer_memory(), Garbage::Entry(entry));
    }

    /// Takes the deadline of an entry off the heap.
    fn unseat(&mut self, loc: Loc) -> Option<i64> {
        let entry = self.table.entry_mut(loc);
        let seat = entry.seat()?;
        entry.clear_seat();
        Some(self.ttl.remove(seat))
    }

    /// Takes a key out whole (RENAME, MOVE). Until something else is inserted or removed, [`Db::attach`] under
    /// the same key cannot fail. [`Db::tidy`] ends that.
    pub fn detach(&mut self, loc: Loc) -> Detached {
        let deadline_ms = self.unseat(loc);
        let entry = self.table.detach(loc);
        self.entry_bytes -= entry.memory();
        Detached { entry, deadline_ms }
    }

    /// A copy of a key, value and deadline, to be put in under another name or in another database (COPY).
    pub fn duplicate(&self, loc: Loc) -> Result<Detached, NoMemory> {
        Ok(Detached { entry: self.table.entry(loc).duplicate()?, deadline_ms: self.deadline_ms(loc) })
    }

    /// Frees a detached key that is not put back, now if that is quick.
    pub fn bury(&mut self, detached: Detached) {
        self.discard(detached.entry.buffer_memory(), Garbage::Entry(detached.entry));
    }

    /// Gives back the room that [`Db::detach`] left at the place of a key.
    pub fn tidy(&mut self, hash: KeyHash) {
        self.ttl.tidy();
        self.table.tidy(self.position(hash));
    }

    /// Puts a detached key in, under a name known to be absent; a big value is not copied.
    pub fn attach(&mut self, hash: KeyHash, key: &[u8], detached: Detached) -> Result<Loc, (NoMemory, Detached)> {
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
        self.table.locate_handle(self.ttl.first()?)
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
            ValueRef::Int(_) => StringEncoding::Int,
            ValueRef::Str(bytes) if bytes.len() <= EMBSTR_MAX && !entry.is_raw() => StringEncoding::Embstr,
            ValueRef::Str(_) => StringEncoding::Raw,
        }
    }

    /// Whether a value is an integer that COPY has made.
    pub fn is_copied_int(&self, loc: Loc) -> bool {
        let entry = self.table.entry(loc);
        matches!(entry.value(), ValueRef::Int(_)) && entry.is_raw()
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

    /// Empties the database (FLUSHDB): returns the old content, to be dropped where nobody waits.
    pub fn take(&mut self) -> Db {
        std::mem::replace(self, Db::new(self.shard_bits))
    }
}
