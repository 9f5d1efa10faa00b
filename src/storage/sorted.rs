//! Sorted: items in the order of their keys, all memory asked for fallibly: a B-tree of two levels.
//!
//! ```text
//!  ring of leaves ──► leaf: a ring of up to 64 items
//! ```
//!
//! What: finding, adding, removing, walking from anywhere. Where the key of an item is, the caller knows: it says how an
//! item compares with what is looked for, so the key can be elsewhere, and [`Sorted`] is a map as well as a set.
//!
//! Why not a `BTreeMap`: it ends the process when memory is refused, and does not say what it takes. Why two levels: the
//! ring of a million items is half a megabyte, and only one addition in dozens touches it. Why rings: what comes at one end
//! and goes at the other, as pending entries do, moves nothing.
//!
//! Invariants: a leaf is empty only if it is the only one; all items ascend. Adding changes nothing if memory is refused;
//! removing asks for memory only to give more back, and does without if that is refused. Cost: finding is two binary
//! searches; adding and removing move at most half a leaf, and once in dozens of times half the ring.

use super::memory::{NoMemory, shrink_ring, size_class};
use std::cmp::Ordering;
use std::collections::VecDeque;

/// Items of a leaf.
const LEAF_MAX: usize = 64;
/// Bytes of the first leaf, as long as it has few items.
const FIRST_LEAF_BYTES: usize = 128;

/// See the module's comment.
#[derive(Debug)]
pub struct Sorted<T> {
    leaves: VecDeque<VecDeque<T>>,
    len: usize,
    /// Bytes of the leaves, as the allocator rounds them.
    leaf_bytes: usize,
}

/// Where an item is, or would be. Good until the next item is added or removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spot {
    leaf: usize,
    at: usize,
}

impl<T> Default for Sorted<T> {
    fn default() -> Self {
        Self { leaves: VecDeque::new(), len: 0, leaf_bytes: 0 }
    }
}

fn leaf_memory<T>(leaf: &VecDeque<T>) -> usize {
    size_class(leaf.capacity() * size_of::<T>())
}

impl<T> Sorted<T> {
    /// Items that the first leaf begins with.
    const FIRST_LEAF: usize = {
        let fit = FIRST_LEAF_BYTES / size_of::<T>();
        if fit == 0 {
            1
        } else if fit > 4 {
            4
        } else {
            fit
        }
    };

    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Bytes on the heap, as the allocator rounds them, without what items own; takes constant time.
    pub fn memory(&self) -> usize {
        self.leaf_bytes + size_class(self.leaves.capacity() * size_of::<VecDeque<T>>())
    }

    /// Where the item is that `order` finds equal to what is looked for; otherwise where it would be. `order` says how an
    /// item compares with it: `Less` if the item comes first.
    pub fn find(&self, order: impl Fn(&T) -> Ordering) -> Result<Spot, Spot> {
        let Some(last) = self.leaves.back() else { return Err(Spot::default()) };
        let begins_before = |leaf: &VecDeque<T>| leaf.front().is_some_and(|first| order(first).is_le());
        // Most of what is added comes after everything else.
        if last.back().is_some_and(|item| order(item).is_lt()) {
            return Err(Spot { leaf: self.leaves.len() - 1, at: last.len() });
        }
        let leaf = self.leaves.partition_point(begins_before).saturating_sub(1);
        let found = self.leaves.get(leaf).map_or(Err(0), |items| items.binary_search_by(&order));
        found.map(|at| Spot { leaf, at }).map_err(|at| Spot { leaf, at })
    }

    #[inline]
    pub fn get(&self, spot: Spot) -> Option<&T> {
        self.leaves.get(spot.leaf)?.get(spot.at)
    }

    /// An item to change; its key has to stay.
    #[inline]
    pub fn get_mut(&mut self, spot: Spot) -> Option<&mut T> {
        self.leaves.get_mut(spot.leaf)?.get_mut(spot.at)
    }

    pub fn first(&self) -> Option<&T> {
        self.leaves.front()?.front()
    }

    pub fn last(&self) -> Option<&T> {
        self.leaves.back()?.back()
    }

    /// All items in order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.leaves.iter().flatten()
    }

    /// The items from a spot on, whether found or not.
    pub fn iter_from(&self, found: Result<Spot, Spot>) -> impl Iterator<Item = &T> {
        let spot = found.unwrap_or_else(|spot| spot);
        let first = self.leaves.get(spot.leaf).into_iter().flat_map(move |leaf| leaf.range(spot.at.min(leaf.len())..));
        first.chain(self.leaves.range(self.leaves.len().min(spot.leaf + 1)..).flatten())
    }

    /// Adds an item where [`Sorted::find`] would have it.
    ///
    /// # Errors
    /// If memory is short; then nothing has changed, and the spot is still good.
    pub fn insert(&mut self, spot: Spot, item: T) -> Result<(), NoMemory> {
        let Spot { mut leaf, mut at } = spot;
        match self.leaves.get(leaf) {
            None => self.open(leaf, Self::FIRST_LEAF)?,
            Some(items) if items.len() < LEAF_MAX => {}
            Some(_) if at == LEAF_MAX => {
                // At the border of two leaves: ascending additions leave full leaves behind.
                leaf += 1;
                at = 0;
                if self.leaves.get(leaf).is_none_or(|next| next.len() == LEAF_MAX) {
                    self.open(leaf, LEAF_MAX)?;
                }
            }
            Some(_) if at == 0 => self.open(leaf, LEAF_MAX)?,
            Some(_) => {
                self.open(leaf + 1, LEAF_MAX)?;
                self.halve(leaf);
                if at > LEAF_MAX / 2 {
                    leaf += 1;
                    at -= LEAF_MAX / 2;
                }
            }
        }
        let items = self.leaves.get_mut(leaf).ok_or(NoMemory)?;
        if items.len() == items.capacity() {
            let before = leaf_memory(items);
            items.try_reserve_exact(items.len().max(Self::FIRST_LEAF).min(LEAF_MAX - items.len()))?;
            self.leaf_bytes = self.leaf_bytes - before + leaf_memory(items);
        }
        items.insert(at, item);
        self.len += 1;
        Ok(())
    }

    /// Puts an empty leaf between others.
    fn open(&mut self, leaf: usize, capacity: usize) -> Result<(), NoMemory> {
        if self.leaves.is_empty() {
            self.leaves.try_reserve_exact(1)?;
        } else {
            self.leaves.try_reserve(1)?;
        }
        let mut items = VecDeque::new();
        items.try_reserve_exact(capacity)?;
        self.leaf_bytes += leaf_memory(&items);
        self.leaves.insert(leaf, items);
        Ok(())
    }

    /// Moves the second half of a full leaf to the empty one behind it, which has room.
    fn halve(&mut self, leaf: usize) {
        if let Some(mut items) = self.leaves.get_mut(leaf).map(std::mem::take) {
            if let Some(next) = self.leaves.get_mut(leaf + 1) {
                next.extend(items.drain(LEAF_MAX / 2..));
            }
            if let Some(slot) = self.leaves.get_mut(leaf) {
                *slot = items;
            }
        }
    }

    /// Removes an item.
    pub fn remove(&mut self, spot: Spot) -> Option<T> {
        let items = self.leaves.get_mut(spot.leaf)?;
        let item = items.remove(spot.at)?;
        self.len -= 1;
        if items.len() <= LEAF_MAX / 4 {
            self.tidy(spot.leaf);
        }
        Some(item)
    }

    /// Joins a leaf of few items with a neighbour, or gives back its room. The last of all leaves keeps room for a few: what
    /// has been empty often is so again soon.
    fn tidy(&mut self, leaf: usize) {
        let Some(items) = self.leaves.get(leaf) else { return };
        let (len, capacity) = (items.len(), items.capacity());
        let neighbour = if leaf + 1 < self.leaves.len() { Some(leaf + 1) } else { leaf.checked_sub(1) };
        if let Some(neighbour) = neighbour
            && self.leaves.get(neighbour).is_some_and(|other| len == 0 || other.len() + len <= LEAF_MAX / 2)
            && self.make_room(neighbour, len)
            && let Some(mut items) = self.leaves.remove(leaf)
        {
            self.leaf_bytes -= leaf_memory(&items);
            // What was behind it is where it was.
            let is_before = neighbour > leaf;
            if let Some(other) = self.leaves.get_mut(if is_before { leaf } else { neighbour }) {
                if is_before {
                    items.drain(..).rev().for_each(|item| other.push_front(item));
                } else {
                    other.append(&mut items);
                }
            }
            if self.leaves.len() <= self.leaves.capacity() / 4 {
                let leaves = self.leaves.len() * 2;
                shrink_ring(&mut self.leaves, leaves);
            }
            return;
        }
        if len <= capacity / 4
            && let Some(items) = self.leaves.get_mut(leaf)
        {
            let before = leaf_memory(items);
            shrink_ring(items, (len * 2).max(Self::FIRST_LEAF));
            self.leaf_bytes = self.leaf_bytes - before + leaf_memory(items);
        }
    }

    /// Whether a leaf has, or gets, room for so many more.
    fn make_room(&mut self, leaf: usize, more: usize) -> bool {
        let Some(items) = self.leaves.get_mut(leaf) else { return false };
        let before = leaf_memory(items);
        let has_room = items.try_reserve_exact(more).is_ok();
        self.leaf_bytes = self.leaf_bytes - before + leaf_memory(items);
        has_room
    }

    /// A copy of what `copy` makes of each item; the order has to stay.
    ///
    /// # Errors
    /// If memory is short, or `copy` says so.
    pub fn try_map<U>(&self, mut copy: impl FnMut(&T) -> Result<U, NoMemory>) -> Result<Sorted<U>, NoMemory> {
        let mut copied = Sorted { leaves: VecDeque::new(), len: self.len, leaf_bytes: 0 };
        copied.leaves.try_reserve_exact(self.leaves.len())?;
        for leaf in self.leaves.iter().filter(|leaf| !leaf.is_empty()) {
            let mut items = VecDeque::new();
            items.try_reserve_exact(leaf.len())?;
            for item in leaf {
                items.push_back(copy(item)?);
            }
            copied.leaf_bytes += leaf_memory(&items);
            copied.leaves.push_back(items);
        }
        Ok(copied)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::testing::Rng;
    use std::collections::BTreeMap;

    type Numbers = Sorted<(u64, u64)>;

    fn find(numbers: &Numbers, number: u64) -> Result<Spot, Spot> {
        numbers.find(|(key, _)| key.cmp(&number))
    }

    fn check(numbers: &Numbers, model: &BTreeMap<u64, u64>) {
        assert!(numbers.iter().copied().eq(model.iter().map(|(key, value)| (*key, *value))));
        assert_eq!(numbers.len(), model.len());
        assert_eq!(numbers.first().map(|item| item.0), model.keys().next().copied());
        assert_eq!(numbers.last().map(|item| item.0), model.keys().next_back().copied());
        assert!(numbers.leaves.len() == 1 || numbers.leaves.iter().all(|leaf| !leaf.is_empty()));
        assert!(numbers.leaves.iter().all(|leaf| leaf.len() <= LEAF_MAX));
        assert_eq!(numbers.leaf_bytes, numbers.leaves.iter().map(leaf_memory).sum::<usize>());
    }

    /// Grows and shrinks again, with keys of which more and more are new.
    fn run(seed: u64) {
        let mut random = Rng::seeded(seed);
        let (mut numbers, mut model) = (Numbers::default(), BTreeMap::new());
        for step in 0..12_000 {
            let key = match random.below(4) {
                0 => step,
                _ => random.below(20_000),
            };
            let grows = step % 6_000 < 3_000;
            let found = find(&numbers, key);
            assert_eq!(found.is_ok(), model.contains_key(&key));
            match found {
                Ok(spot) if random.below(4) == 0 => {
                    numbers.get_mut(spot).unwrap().1 = step;
                    model.insert(key, step);
                }
                Err(spot) if grows || random.below(4) == 0 => {
                    numbers.insert(spot, (key, step)).unwrap();
                    model.insert(key, step);
                }
                _ => {
                    let Some((&key, &value)) = model.range(key..).next() else { continue };
                    assert_eq!(numbers.iter_from(find(&numbers, key)).next(), Some(&(key, value)));
                    let spot = find(&numbers, key).unwrap();
                    assert_eq!(numbers.get(spot), Some(&(key, value)));
                    assert_eq!(numbers.remove(spot), model.remove(&key).map(|value| (key, value)));
                }
            }
            if step % 97 == 0 {
                check(&numbers, &model);
                let from = random.below(20_000);
                let rest = numbers.iter_from(find(&numbers, from)).map(|item| item.0);
                assert!(rest.eq(model.range(from..).map(|item| *item.0)));
                let copy = numbers.try_map(|item| Ok(*item)).unwrap();
                check(&copy, &model);
                assert!(copy.memory() <= numbers.memory());
            }
        }
        check(&numbers, &model);
        while let Some(key) = model.keys().nth(random.below(model.len() as u64 + 1) as usize).or(model.keys().next()) {
            let key = *key;
            assert!(numbers.remove(find(&numbers, key).unwrap()).is_some());
            model.remove(&key);
            check(&numbers, &model);
            let sparse = 512 + model.len() * 4 * size_of::<(u64, u64)>() * 4;
            assert!(numbers.memory() <= sparse, "{} bytes for {} items", numbers.memory(), model.len());
        }
    }

    #[test]
    fn items_are_like_those_of_an_ordered_map() {
        for seed in 1..6 {
            println!("seed {seed}");
            run(seed);
        }
    }

    #[test]
    fn what_ascends_fills_its_leaves() {
        let mut numbers = Numbers::default();
        for key in 0..64_000 {
            numbers.insert(find(&numbers, key).unwrap_err(), (key, 0)).unwrap();
        }
        assert_eq!(numbers.leaves.len(), 1000);
        assert!(numbers.memory() < 64_000 * 18, "{}", numbers.memory());
    }
}
