//! TTL heap: deadlines in a 4-ary min-heap whose items know their holders and whose holders know their seats.
//!
//! ```text
//!  seat         0 │ 1  2  3  4 │ 5 6 7 8  9 ...        parent(i) = (i - 1) / 4
//!  item 14 B    deadline 6 B │ holder 8 B ──► writes its seat into the entry at every move
//! ```
//!
//! Why: the next key to expire is the root, so expiry is exact and costs nothing while nothing is due; changing
//! or removing any deadline is O(log n) because the entry stores its seat. Four children take a cache line's
//! worth of memory and halve the depth of a binary heap. Items are kept in chunks, so growing copies nothing
//! and never pauses.
//!
//! A deadline of the next 8,900 years is the 48 bits of its item. Any other is in a table by holder, and its item stands
//! for "never" (or for "long ago").
//!
//! Invariants: a parent's deadline is not after its children's, those of "never" being equal; item i's holder was last told
//! seat i; `earliest_ms` is the root's deadline. Cost: 14.4 bytes per item and up to two chunks of slack.

use super::memory::{NoMemory, shrink, try_box};
use smallvec::{SmallVec, smallvec};
use std::collections::HashMap;
use std::hash::Hash;
use std::mem::size_of;

const CHILDREN: usize = 4;
/// Items of a chunk: 896 bytes.
const CHUNK: usize = 64;
/// Most items: a seat is a u32, whose largest value is left for "none".
const ITEMS_MAX: usize = u32::MAX as usize;

/// The first deadline that an item cannot say; in one, "never".
const NEVER_MS: i64 = (1 << 48) - 1;

/// What an item belongs to.
pub trait Seated {
    /// The item is now at this seat.
    fn seat(&mut self, seat: u32);
}

#[derive(Clone, Copy, Debug)]
#[repr(C, packed(2))]
struct Item<H: Copy> {
    holder: H,
    /// Low, middle, high.
    deadline: [u16; 3],
}

const _: () = assert!(size_of::<Item<super::entry::Handle<0>>>() == 14);

impl<H: Copy> Item<H> {
    fn new(deadline_ms: i64, holder: H) -> Self {
        let ms = deadline_ms.clamp(0, NEVER_MS);
        Self { holder, deadline: [ms as u16, (ms >> 16) as u16, (ms >> 32) as u16] }
    }

    /// The deadline as far as it can be said in 48 bits.
    #[inline]
    fn ms(&self) -> i64 {
        let [low, middle, high] = self.deadline;
        i64::from(low) | i64::from(middle) << 16 | i64::from(high) << 32
    }
}

/// Whether an item can say it.
fn is_near(deadline_ms: i64) -> bool {
    (1..NEVER_MS).contains(&deadline_ms)
}

/// See the module's comment.
#[derive(Debug)]
pub struct TtlHeap<H: Copy> {
    earliest_ms: i64,
    sum_ms: i128,
    /// All but the last are full.
    chunks: Vec<Vec<Item<H>>>,
    len: usize,
    /// The deadlines that items cannot say.
    #[expect(clippy::box_collection, reason = "8 bytes instead of 48 in every heap that has none")]
    far: Option<Box<HashMap<H, i64>>>,
}

impl<H: Seated + Copy + Eq + Hash> TtlHeap<H> {
    pub const fn new() -> Self {
        Self { earliest_ms: i64::MAX, sum_ms: 0, chunks: Vec::new(), len: 0, far: None }
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
        let far = self.far.as_ref().map_or(0, |far| size_of_val(&**far) + far.capacity() * size_of::<(H, i64)>());
        items + self.chunks.capacity() * size_of::<Vec<Item<H>>>() + far
    }

    /// The earliest deadline, `i64::MAX` if there is none.
    #[inline(always)]
    pub fn earliest_ms(&self) -> i64 {
        self.earliest_ms
    }

    /// The holder of the earliest deadline.
    pub fn first(&self) -> Option<H> {
        self.get(0).map(|item| item.holder)
    }

    #[inline]
    pub fn deadline_ms(&self, seat: u32) -> Option<i64> {
        self.get(seat as usize).map(|item| self.deadline_of(item))
    }

    #[inline]
    fn deadline_of(&self, item: &Item<H>) -> i64 {
        let ms = item.ms();
        if is_near(ms) { ms } else { self.far_deadline(item).unwrap_or(ms) }
    }

    #[cold]
    fn far_deadline(&self, item: &Item<H>) -> Option<i64> {
        self.far.as_ref()?.get(&{ item.holder }).copied()
    }

    /// Makes room for one more item of this deadline.
    pub fn reserve(&mut self, deadline_ms: i64) -> Result<(), NoMemory> {
        self.reserve_far(deadline_ms)?;
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

    /// Makes room for a deadline among the far ones, should it be one.
    fn reserve_far(&mut self, deadline_ms: i64) -> Result<(), NoMemory> {
        if is_near(deadline_ms) {
            return Ok(());
        }
        let far = match &mut self.far {
            Some(far) => far,
            none => none.insert(try_box(HashMap::new())?),
        };
        far.try_reserve(1).map_err(|_| NoMemory)
    }

    /// Records the deadline of a holder, for which there is room, if its item cannot.
    fn set_far(&mut self, holder: H, deadline_ms: i64) {
        if !is_near(deadline_ms)
            && let Some(far) = &mut self.far
        {
            far.insert(holder, deadline_ms);
        }
    }

    /// Forgets the deadline of a holder whose item could not say it.
    fn clear_far(&mut self, item: Item<H>) {
        if !is_near(item.ms())
            && let Some(far) = &mut self.far
        {
            far.remove(&{ item.holder });
            if far.is_empty() {
                self.far = None;
            }
        }
    }

    /// The sum of all deadlines, from which INFO has their mean.
    pub fn sum_ms(&self) -> i128 {
        self.sum_ms
    }

    /// Adds an item, for which there is room.
    pub fn push(&mut self, deadline_ms: i64, holder: H) {
        let chunk = self.chunks.get_mut(self.len / CHUNK).expect("room reserved");
        chunk.push(Item::new(deadline_ms, holder));
        self.set_far(holder, deadline_ms);
        self.sum_ms += i128::from(deadline_ms);
        self.len += 1;
        self.rise(self.len - 1);
        self.refresh();
    }

    /// Changes a deadline.
    pub fn update(&mut self, seat: u32, deadline_ms: i64) -> Result<(), NoMemory> {
        self.reserve_far(deadline_ms)?;
        let seat = seat as usize;
        let item = *self.at(seat);
        self.sum_ms += i128::from(deadline_ms) - i128::from(self.deadline_of(&item));
        // What was reserved is given back if it is the last one that goes; so first the new one is set.
        if is_near(deadline_ms) {
            self.clear_far(item);
        }
        self.set_far(item.holder, deadline_ms);
        *self.at_mut(seat) = Item::new(deadline_ms, item.holder);
        if self.at(seat).ms() < item.ms() {
            self.rise(seat);
        } else {
            self.sink(seat);
        }
        self.refresh();
        Ok(())
    }

    /// Replaces a holder that has moved; it knows its seat already.
    pub fn replace_holder(&mut self, seat: u32, holder: H) {
        let item = self.at_mut(seat as usize);
        let before = item.holder;
        item.holder = holder;
        if !is_near(item.ms())
            && let Some(far) = &mut self.far
            && let Some(deadline_ms) = far.remove(&before)
        {
            // Takes the room that has just become free.
            far.insert(holder, deadline_ms);
        }
    }

    /// Takes an item out; its holder is not told.
    pub fn remove(&mut self, seat: u32) -> i64 {
        let seat = seat as usize;
        let item = *self.at(seat);
        let removed = self.deadline_of(&item);
        self.clear_far(item);
        self.sum_ms -= i128::from(removed);
        self.swap(seat, self.len - 1);
        self.len -= 1;
        self.chunks[self.len / CHUNK].pop();
        if seat < self.len {
            if self.at(seat).ms() < item.ms() {
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
            if self.get(at).is_some_and(|item| self.deadline_of(item) <= now_ms) {
                due += 1;
                unseen.extend(at * CHILDREN + 1..=at * CHILDREN + CHILDREN);
            }
        }
        due
    }

    /// Whether all items are due at `now_ms`. Looks at the deepest first: one that is not due is most often there.
    pub fn all_due(&self, now_ms: i64) -> bool {
        let mut items = self.chunks.iter().rev().flat_map(|chunk| chunk.iter().rev());
        items.all(|item| self.deadline_of(item) <= now_ms)
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
            let twice = self.chunks.len() * 2;
            shrink(&mut self.chunks, twice);
        }
    }

    #[inline]
    fn refresh(&mut self) {
        self.earliest_ms = self.get(0).map_or(i64::MAX, |item| self.deadline_of(item));
    }

    /// Moves an item up to where it belongs and tells all that moved, itself at least.
    fn rise(&mut self, mut at: usize) {
        while at > 0 {
            let parent = (at - 1) / CHILDREN;
            if self.at(parent).ms() <= self.at(at).ms() {
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
            let Some(least) = (first..last).min_by_key(|&child| self.at(child).ms()) else { break };
            if self.at(at).ms() <= self.at(least).ms() {
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
        let mut holder = self.at(at).holder;
        holder.seat(at as u32);
    }
}

impl<H: Seated + Copy + Eq + Hash> Default for TtlHeap<H> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::Rng;
    use super::*;
    use std::cell::RefCell;
    use std::collections::BTreeMap;

    thread_local! {
        static SEATS: RefCell<HashMap<u32, u32>> = RefCell::default();
    }

    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    struct Holder(u32);

    impl Seated for Holder {
        fn seat(&mut self, seat: u32) {
            SEATS.with_borrow_mut(|seats| seats.insert(self.0, seat));
        }
    }

    fn seat(holder: u32) -> u32 {
        SEATS.with_borrow(|seats| seats[&holder])
    }

    #[test]
    fn agrees_with_a_sorted_model() {
        let mut rng = Rng::from_env();
        let mut heap = TtlHeap::new();
        let mut model: BTreeMap<u32, i64> = BTreeMap::new();
        for round in 0..20_000u32 {
            // First mostly growing, then mostly shrinking.
            let choice = rng.below(10);
            let inserts = if round < 10_000 { 5 } else { 2 };
            let deadline = match rng.below(16) {
                0 => [i64::MIN, -1, 0, NEVER_MS, NEVER_MS + 7, i64::MAX][rng.below(6) as usize],
                _ => 1 + rng.below(1000) as i64,
            };
            if choice < inserts {
                heap.reserve(deadline).unwrap();
                heap.push(deadline, Holder(round));
                model.insert(round, deadline);
            } else if let Some((&id, &old)) = model.range(rng.below(round as u64 + 1) as u32..).next() {
                assert_eq!(heap.deadline_ms(seat(id)), Some(old));
                if choice < 7 {
                    heap.update(seat(id), deadline).unwrap();
                    model.insert(id, deadline);
                } else if choice == 7 {
                    let moved = Holder(round + 1_000_000);
                    SEATS.with_borrow_mut(|seats| seats.insert(moved.0, seats[&id]));
                    heap.replace_holder(seat(id), moved);
                    model.remove(&id);
                    model.insert(moved.0, old);
                } else {
                    assert_eq!(heap.remove(seat(id)), old);
                    heap.tidy();
                    model.remove(&id);
                }
            }
            assert_eq!(heap.len(), model.len());
            if round % 16 == 0 {
                let earliest = model.values().copied().min().unwrap_or(i64::MAX);
                // Those of long ago are due all the same.
                assert_eq!(heap.earliest_ms().max(0), earliest.max(0));
                let now_ms = rng.below(1200) as i64;
                let due = model.values().filter(|&&deadline| deadline <= now_ms).count();
                assert_eq!((heap.due_len(now_ms), heap.all_due(now_ms)), (due, due == model.len()));
                assert!(model.iter().all(|(&id, &deadline)| heap.deadline_ms(seat(id)) == Some(deadline)));
                assert_eq!(heap.sum_ms(), model.values().map(|&deadline| i128::from(deadline)).sum::<i128>());
                assert!(heap.chunks.len() <= heap.len() / CHUNK + 2);
                let far = model.values().filter(|&&deadline| !is_near(deadline)).count();
                assert_eq!(heap.far.as_ref().map_or(0, |far| far.len()), far);
            }
        }
        let mut sorted: Vec<i64> = model.values().copied().collect();
        sorted.sort_unstable();
        let mut removed: Vec<i64> = (0..heap.len()).map(|_| heap.remove(0)).collect();
        assert!(removed.is_sorted_by_key(|deadline| *deadline.clamp(&0, &NEVER_MS)));
        removed.sort_unstable();
        assert_eq!(removed, sorted);
        heap.tidy();
        assert_eq!((heap.memory(), heap.earliest_ms()), (0, i64::MAX));
    }
}
