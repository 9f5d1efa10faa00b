//! TTL heap: deadlines in a 4-ary min-heap whose items know their holders and whose holders know their seats.
//!
//! ```text
//!  seat         0 │ 1  2  3  4 │ 5 6 7 8  9 ...        parent(i) = (i - 1) / 4
//!  item 16 B    deadline_ms i64 │ holder 8 B ──► writes its seat into the entry at every move
//! ```
//!
//! Why: the next key to expire is the root, so expiry is exact and costs nothing while nothing is due; changing
//! or removing any deadline is O(log n) because the entry stores its seat. Four children take a cache line's
//! worth of memory and halve the depth of a binary heap. Items are kept in chunks, so growing copies nothing
//! and never pauses.
//!
//! Invariants: a parent's deadline is not after its children's; item i's holder was last told seat i;
//! `earliest_ms` is the root's deadline. Cost: 16.4 bytes per item and up to two chunks of slack.

use super::memory::NoMemory;
use smallvec::{SmallVec, smallvec};
use std::mem::size_of;

const CHILDREN: usize = 4;
/// Items of a chunk: 1 KiB.
const CHUNK: usize = 64;
/// Most items: a seat is a u32, whose largest value is left for "none".
const ITEMS_MAX: usize = u32::MAX as usize;

/// What an item belongs to.
pub trait Seated {
    /// The item is now at this seat.
    fn seat(&mut self, seat: u32);
}

#[derive(Debug)]
struct Item<H> {
    deadline_ms: i64,
    holder: H,
}

const _: () = assert!(size_of::<Item<super::entry::Handle<0>>>() == 16);

/// See the module's comment.
#[derive(Debug)]
pub struct TtlHeap<H> {
    earliest_ms: i64,
    sum_ms: i128,
    /// All but the last are full.
    chunks: Vec<Vec<Item<H>>>,
    len: usize,
}

impl<H: Seated> TtlHeap<H> {
    pub const fn new() -> Self {
        Self { earliest_ms: i64::MAX, sum_ms: 0, chunks: Vec::new(), len: 0 }
    }

    pub fn len(&self) -> usize {
        self.len
    }

    #[inline]
    fn get(&self, at: usize) -> Option<&Item<H>> {
        self.chunks.get(at / CHUNK)?.get(at % CHUNK)
    }

    #[inline]
    fn at(&self, at: usize) -> &Item<H> {
        &self.chunks[at / CHUNK][at % CHUNK]
    }

    #[inline]
    fn at_mut(&mut self, at: usize) -> &mut Item<H> {
        &mut self.chunks[at / CHUNK][at % CHUNK]
    }

    fn swap(&mut self, a: usize, b: usize) {
        let (low, high) = (a.min(b), a.max(b));
        if low / CHUNK == high / CHUNK {
            self.chunks[low / CHUNK].swap(low % CHUNK, high % CHUNK);
        } else {
            let (left, right) = self.chunks.split_at_mut(high / CHUNK);
            std::mem::swap(&mut left[low / CHUNK][low % CHUNK], &mut right[0][high % CHUNK]);
        }
    }

    /// Bytes on the heap.
    pub fn memory(&self) -> usize {
        let items: usize = self.chunks.len() * CHUNK * size_of::<Item<H>>();
        items + self.chunks.capacity() * size_of::<Vec<Item<H>>>()
    }

    /// The earliest deadline, `i64::MAX` if there is none.
    #[inline(always)]
    pub fn earliest_ms(&self) -> i64 {
        self.earliest_ms
    }

    /// The holder of the earliest deadline.
    pub fn first(&self) -> Option<&H> {
        self.get(0).map(|item| &item.holder)
    }

    #[inline]
    pub fn deadline_ms(&self, seat: u32) -> Option<i64> {
        self.get(seat as usize).map(|item| item.deadline_ms)
    }

    /// Makes room for one more item.
    pub fn reserve(&mut self) -> Result<(), NoMemory> {
        if self.len < self.chunks.len() * CHUNK {
            return Ok(());
        }
        if self.len >= ITEMS_MAX {
            return Err(NoMemory);
        }
        self.chunks.try_reserve(1)?;
        let mut chunk = Vec::new();
        chunk.try_reserve_exact(CHUNK)?;
        self.chunks.push(chunk);
        Ok(())
    }

    /// The sum of all deadlines, from which INFO has their mean.
    pub fn sum_ms(&self) -> i128 {
        self.sum_ms
    }

    /// Adds an item, for which there is room.
    pub fn push(&mut self, deadline_ms: i64, holder: H) {
        let chunk = self.chunks.get_mut(self.len / CHUNK).expect("room reserved");
        chunk.push(Item { deadline_ms, holder });
        self.sum_ms += i128::from(deadline_ms);
        self.len += 1;
        self.rise(self.len - 1);
        self.refresh();
    }

    /// Changes a deadline.
    pub fn update(&mut self, seat: u32, deadline_ms: i64) {
        let seat = seat as usize;
        let before = std::mem::replace(&mut self.at_mut(seat).deadline_ms, deadline_ms);
        self.sum_ms += i128::from(deadline_ms) - i128::from(before);
        if deadline_ms < before {
            self.rise(seat);
        } else {
            self.sink(seat);
        }
        self.refresh();
    }

    /// Replaces a holder that has moved; it knows its seat already.
    pub fn replace_holder(&mut self, seat: u32, holder: H) {
        self.at_mut(seat as usize).holder = holder;
    }

    /// Takes an item out; its holder is not told.
    pub fn remove(&mut self, seat: u32) -> i64 {
        let seat = seat as usize;
        let removed = self.at(seat).deadline_ms;
        self.sum_ms -= i128::from(removed);
        self.swap(seat, self.len - 1);
        self.len -= 1;
        self.chunks[self.len / CHUNK].pop();
        if seat < self.len {
            if self.at(seat).deadline_ms < removed {
                self.rise(seat);
            } else {
                self.sink(seat);
            }
        }
        self.refresh();
        removed
    }

    /// Items due at `now_ms`. Takes time in proportion to them, not to all: what is due sits above what is not.
    pub fn due_len(&self, now_ms: i64) -> usize {
        let mut due = 0;
        let mut unseen: SmallVec<[usize; CHILDREN * 16]> = smallvec![0];
        while let Some(at) = unseen.pop() {
            if self.get(at).is_some_and(|item| item.deadline_ms <= now_ms) {
                due += 1;
                unseen.extend(at * CHILDREN + 1..=at * CHILDREN + CHILDREN);
            }
        }
        due
    }

    /// Whether all items are due at `now_ms`. Looks at the deepest first: one that is not due is most often there.
    pub fn all_due(&self, now_ms: i64) -> bool {
        let mut items = self.chunks.iter().rev().flat_map(|chunk| chunk.iter().rev());
        items.all(|item| item.deadline_ms <= now_ms)
    }

    /// Gives memory back after many removals.
    pub fn tidy(&mut self) {
        if self.len == 0 {
            self.chunks = Vec::new();
            return;
        }
        // One empty chunk stays, so that a key that comes and goes does not allocate every time.
        self.chunks.truncate(self.len.div_ceil(CHUNK) + 1);
        if self.chunks.len() < self.chunks.capacity() / 4 {
            self.chunks.shrink_to(self.chunks.len() * 2);
        }
    }

    #[inline]
    fn refresh(&mut self) {
        self.earliest_ms = self.get(0).map_or(i64::MAX, |item| item.deadline_ms);
    }

    /// Moves an item up to where it belongs and tells all that moved, itself at least.
    fn rise(&mut self, mut at: usize) {
        while at > 0 {
            let parent = (at - 1) / CHILDREN;
            if self.at(parent).deadline_ms <= self.at(at).deadline_ms {
                break;
            }
            self.swap(at, parent);
            self.tell(at);
            at = parent;
        }
        self.tell(at);
    }

    /// Moves an item down to where it belongs and tells all that moved, itself at least.
    fn sink(&mut self, mut at: usize) {
        loop {
            let first = at * CHILDREN + 1;
            let last = (first + CHILDREN).min(self.len);
            let Some(least) = (first..last).min_by_key(|&child| self.at(child).deadline_ms) else { break };
            if self.at(at).deadline_ms <= self.at(least).deadline_ms {
                break;
            }
            self.swap(at, least);
            self.tell(at);
            at = least;
        }
        self.tell(at);
    }

    #[inline]
    fn tell(&mut self, at: usize) {
        self.at_mut(at).holder.seat(at as u32);
    }
}

impl<H: Seated> Default for TtlHeap<H> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::Rng;
    use super::*;
    use std::cell::Cell;
    use std::collections::BTreeMap;
    use std::rc::Rc;

    #[derive(Debug)]
    struct Holder(Rc<Cell<u32>>);

    impl Seated for Holder {
        fn seat(&mut self, seat: u32) {
            self.0.set(seat);
        }
    }

    #[test]
    fn agrees_with_a_sorted_model() {
        let mut rng = Rng::from_env();
        let mut heap = TtlHeap::new();
        let mut model: BTreeMap<u32, (i64, Rc<Cell<u32>>)> = BTreeMap::new();
        for round in 0..20_000u32 {
            // First mostly growing, then mostly shrinking.
            let choice = rng.below(10);
            let inserts = if round < 10_000 { 5 } else { 2 };
            let deadline = rng.below(1000) as i64 - 500;
            if choice < inserts {
                let seat = Rc::new(Cell::new(u32::MAX));
                heap.reserve().unwrap();
                heap.push(deadline, Holder(seat.clone()));
                model.insert(round, (deadline, seat));
            } else if let Some((&id, (old, seat))) = model.range(rng.below(round as u64 + 1) as u32..).next() {
                assert_eq!(heap.deadline_ms(seat.get()), Some(*old));
                if choice < 7 {
                    heap.update(seat.get(), deadline);
                    let seat = seat.clone();
                    model.insert(id, (deadline, seat));
                } else {
                    assert_eq!(heap.remove(seat.get()), *old);
                    heap.tidy();
                    model.remove(&id);
                }
            }
            assert_eq!(heap.len(), model.len());
            let earliest = model.values().map(|(deadline, _)| *deadline).min();
            if round % 16 == 0 {
                assert_eq!(heap.earliest_ms(), earliest.unwrap_or(i64::MAX));
                let now_ms = rng.below(1200) as i64 - 600;
                let due = model.values().filter(|(deadline, _)| *deadline <= now_ms).count();
                assert_eq!((heap.due_len(now_ms), heap.all_due(now_ms)), (due, due == model.len()));
                assert!(model.values().all(|(deadline, seat)| heap.deadline_ms(seat.get()) == Some(*deadline)));
                assert!(heap.chunks.len() <= heap.len() / CHUNK + 2);
            }
        }
        let mut sorted: Vec<i64> = model.values().map(|(deadline, _)| *deadline).collect();
        sorted.sort_unstable();
        for deadline in sorted {
            assert_eq!(heap.earliest_ms(), deadline);
            assert_eq!(heap.remove(0), deadline);
        }
        heap.tidy();
        assert_eq!((heap.memory(), heap.earliest_ms()), (0, i64::MAX));
    }
}
