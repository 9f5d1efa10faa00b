//! The deadlines of a dictionary: which there are, who is due, and the two heaps under them.
//!
//! The invariants are those of the parent module, which moves entries; here their deadlines change.

use super::super::entry::{Entry, Handle, INNER, OWN, Object};
use super::super::memory::{NoMemory, try_box};
use super::super::table::Loc;
use super::super::ttl_heap::TtlHeap;
use super::{Dict, Extras, extras_of};

impl<O: Object> Dict<O> {
    /// Number of keys with a deadline.
    #[inline]
    pub fn volatile_len(&self) -> usize {
        self.extras.as_ref().map_or(0, |extras| extras.ttl.len())
    }

    /// The part of [`Dict::used`] that is the TTL heaps.
    pub fn ttl_bytes(&self) -> usize {
        let Some(extras) = &self.extras else { return 0 };
        let inner = extras.inner.as_ref().map_or(0, |inner| size_of_val(&**inner) + inner.memory());
        let is_without = extras.ttl.len() == 0 && extras.inner.is_none();
        let own = if is_without { 0 } else { size_of_val(&**extras) };
        own + extras.ttl.memory() + inner
    }

    /// The sum of the deadlines of all volatile keys.
    pub fn deadline_sum_ms(&self) -> i128 {
        self.extras.as_ref().map_or(0, |extras| extras.ttl.sum_ms())
    }

    /// The earliest deadline of all keys and inside all values, `i64::MAX` if there is none. Something can only be due if
    /// this is.
    #[inline(always)]
    pub fn next_deadline_ms(&self) -> i64 {
        self.earliest_ms
    }

    #[inline]
    pub fn deadline_ms(&self, loc: Loc) -> Option<i64> {
        let seat = self.table.entry(loc).seat::<OWN>()?;
        self.extras.as_ref()?.ttl.deadline_ms(seat)
    }

    /// Gives a key a deadline or changes it.
    pub fn set_deadline(&mut self, loc: Loc, deadline_ms: i64) -> Result<(), NoMemory> {
        if let (Some(seat), Some(extras)) = (self.table.entry(loc).seat::<OWN>(), &mut self.extras) {
            extras.ttl.update(seat, deadline_ms)?;
        } else {
            self.reserve_deadline(deadline_ms)?;
            self.change(loc, Entry::ensure_link::<OWN>)?;
            let Some(extras) = &mut self.extras else { return Err(NoMemory) };
            // SAFETY: `ensure_link` gave the entry a link word, and for the rest as in `change`.
            extras.ttl.push(deadline_ms, unsafe { self.table.entry(loc).handle() });
        }
        self.refresh();
        Ok(())
    }

    /// Makes room for this deadline of a key, so that giving it one cannot fail.
    pub fn reserve_deadline_of(&mut self, loc: Loc, deadline_ms: i64) -> Result<(), NoMemory> {
        self.reserve_deadline(deadline_ms)?;
        self.change(loc, Entry::ensure_link::<OWN>)
    }

    /// Makes room for one more deadline, this one.
    pub(super) fn reserve_deadline(&mut self, deadline_ms: i64) -> Result<(), NoMemory> {
        extras_of(&mut self.extras)?.ttl.reserve(deadline_ms)
    }

    /// Gives back what deadlines and garbage that are gone have left.
    pub(super) fn tidy_deadlines(&mut self) {
        if let Some(extras) = &mut self.extras {
            extras.ttl.tidy();
            self.drop_extras();
        }
    }

    pub(super) fn drop_extras(&mut self) {
        if self.extras.as_ref().is_some_and(|extras| extras.is_empty()) {
            self.extras = None;
        }
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
            self.tidy_deadlines();
        }
        had
    }

    /// A key whose deadline has come, the earliest first.
    pub fn expired_loc(&self, now_ms: i64) -> Option<Loc> {
        let ttl = self.extras.as_ref().map(|extras| &extras.ttl).filter(|ttl| ttl.earliest_ms() <= now_ms)?;
        let first = ttl.first()?;
        self.table.find_tagged(first.tag(), |entry| entry.is(first))
    }

    /// How many keys are due, in time proportional to that.
    pub fn expired_len(&self, now_ms: i64) -> usize {
        self.extras.as_ref().map_or(0, |extras| extras.ttl.due_len(now_ms))
    }

    /// Whether all keys are due; most often quick if they are not.
    pub fn all_expired(&self, now_ms: i64) -> bool {
        self.volatile_len() == self.len() && self.extras.as_ref().is_none_or(|extras| extras.ttl.all_due(now_ms))
    }

    /// The earliest deadline inside a value, as last told.
    #[inline]
    pub fn inner_deadline_ms(&self, loc: Loc) -> Option<i64> {
        self.inner()?.deadline_ms(self.table.entry(loc).seat::<INNER>()?)
    }

    /// Tells the earliest deadline inside a value. [`Dict::reserve_inner_deadline`] makes sure beforehand that this
    /// cannot fail.
    pub fn set_inner_deadline(&mut self, loc: Loc, deadline_ms: i64) -> Result<(), NoMemory> {
        if let (Some(seat), Some(inner)) = (self.table.entry(loc).seat::<INNER>(), inner_mut(&mut self.extras)) {
            inner.update(seat, deadline_ms)?;
        } else {
            self.reserve_inner_deadline(loc)?;
            let Some(inner) = inner_mut(&mut self.extras) else { return Err(NoMemory) };
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

    pub(super) fn reserve_inner(&mut self) -> Result<(), NoMemory> {
        // Which deadline it will be is not known yet.
        let any_ms = i64::MAX;
        let inner = &mut extras_of(&mut self.extras)?.inner;
        match inner {
            Some(inner) => inner.reserve(any_ms),
            none => none.insert(try_box(TtlHeap::default())?).reserve(any_ms),
        }
    }

    fn inner(&self) -> Option<&TtlHeap<Handle<INNER>>> {
        self.extras.as_ref()?.inner.as_deref()
    }

    /// Tells that there is no deadline inside a value any more.
    pub fn clear_inner_deadline(&mut self, loc: Loc) {
        self.unseat_inner(loc);
    }

    /// A key with a due deadline inside its value, the earliest first.
    pub fn inner_due_loc(&self, now_ms: i64) -> Option<Loc> {
        let inner = self.inner().filter(|inner| inner.earliest_ms() <= now_ms)?;
        let first = inner.first()?;
        self.table.find_tagged(first.tag(), |entry| entry.is(first))
    }

    /// Takes the deadline of an entry off the heap.
    pub(super) fn unseat(&mut self, loc: Loc) -> Option<i64> {
        let entry = self.table.entry_mut(loc);
        let seat = entry.seat::<OWN>()?;
        entry.clear_seat::<OWN>();
        let deadline_ms = self.extras.as_mut()?.ttl.remove(seat);
        self.refresh();
        Some(deadline_ms)
    }

    /// Takes the inner deadline of an entry off its heap, which goes with the last one.
    pub(super) fn unseat_inner(&mut self, loc: Loc) -> Option<i64> {
        let inner = inner_mut(&mut self.extras)?;
        let entry = self.table.entry_mut(loc);
        let seat = entry.seat::<INNER>()?;
        entry.clear_seat::<INNER>();
        let deadline_ms = inner.remove(seat);
        inner.tidy();
        if inner.len() == 0
            && let Some(extras) = &mut self.extras
        {
            extras.inner = None;
        }
        self.refresh();
        Some(deadline_ms)
    }

    /// Brings `earliest_ms` up to date after a change of a heap.
    #[inline]
    pub(super) fn refresh(&mut self) {
        let earliest_ms = self.extras.as_ref().map_or(i64::MAX, |extras| {
            let inner_ms = extras.inner.as_ref().map_or(i64::MAX, |inner| inner.earliest_ms());
            extras.ttl.earliest_ms().min(inner_ms)
        });
        self.has_news |= earliest_ms != self.earliest_ms;
        self.earliest_ms = earliest_ms;
    }
}

fn inner_mut<O: Object>(extras: &mut Option<Box<Extras<O>>>) -> Option<&mut TtlHeap<Handle<INNER>>> {
    extras.as_mut()?.inner.as_deref_mut()
}
