//! Slots: items by small numbers that are used again, all memory asked for fallibly.
//!
//! Why not a `Slab`: it ends the process when memory is refused. Cost: constant; a free slot costs nothing to find,
//! because each names the next.

use super::memory::{NoMemory, size_class};

/// See the module's comment.
#[derive(Debug)]
pub struct Slots<T> {
    slots: Vec<Slot<T>>,
    /// The free slot to be taken next.
    free: Option<u32>,
}

#[derive(Debug)]
enum Slot<T> {
    Taken(T),
    /// Free, and the free one after it.
    Free(Option<u32>),
}

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Self { slots: Vec::new(), free: None }
    }
}

impl<T> Slots<T> {
    /// Bytes on the heap, as the allocator rounds them, without what items own.
    pub fn memory(&self) -> usize {
        size_class(self.slots.capacity() * size_of::<Slot<T>>())
    }

    #[inline]
    pub fn get(&self, number: u32) -> Option<&T> {
        match self.slots.get(number as usize)? {
            Slot::Taken(item) => Some(item),
            Slot::Free(_) => None,
        }
    }

    #[inline]
    pub fn get_mut(&mut self, number: u32) -> Option<&mut T> {
        match self.slots.get_mut(number as usize)? {
            Slot::Taken(item) => Some(item),
            Slot::Free(_) => None,
        }
    }

    /// All items, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        (0..self.slots.len()).filter_map(|number| self.get(number as u32))
    }

    /// Adds an item; its number.
    ///
    /// # Errors
    /// If memory is short; then nothing has changed.
    pub fn insert(&mut self, item: T) -> Result<u32, NoMemory> {
        if let Some(number) = self.free
            && let Some(slot) = self.slots.get_mut(number as usize)
            && let Slot::Free(next) = slot
        {
            self.free = *next;
            *slot = Slot::Taken(item);
            return Ok(number);
        }
        let number = u32::try_from(self.slots.len()).map_err(|_| NoMemory)?;
        if self.slots.len() == self.slots.capacity() {
            self.slots.try_reserve_exact(self.slots.len().max(1))?;
        }
        self.slots.push(Slot::Taken(item));
        Ok(number)
    }

    /// Removes an item, whose number is free then.
    pub fn remove(&mut self, number: u32) -> Option<T> {
        let slot = self.slots.get_mut(number as usize).filter(|slot| matches!(slot, Slot::Taken(_)))?;
        let Slot::Taken(item) = std::mem::replace(slot, Slot::Free(self.free)) else { return None };
        self.free = Some(number);
        Some(item)
    }

    /// A copy of what `copy` makes of each item, under the same numbers.
    ///
    /// # Errors
    /// If memory is short, or `copy` says so.
    pub fn try_map<U>(&self, mut copy: impl FnMut(&T) -> Result<U, NoMemory>) -> Result<Slots<U>, NoMemory> {
        let mut slots = Vec::new();
        slots.try_reserve_exact(self.slots.len())?;
        for slot in &self.slots {
            slots.push(match slot {
                Slot::Taken(item) => Slot::Taken(copy(item)?),
                Slot::Free(next) => Slot::Free(*next),
            });
        }
        Ok(Slots { slots, free: self.free })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::testing::Rng;
    use std::collections::BTreeMap;

    #[test]
    fn numbers_are_used_again() {
        let mut random = Rng::seeded(1);
        let (mut slots, mut model) = (Slots::default(), BTreeMap::new());
        let mut most = 0;
        for step in 0..2000_u32 {
            let number = random.below(80) as u32;
            if random.below(2) == 0 {
                let number = slots.insert(step).expect("memory");
                assert_eq!(model.insert(number, step), None);
            } else {
                assert_eq!(slots.remove(number), model.remove(&number));
            }
            most = most.max(model.len());
            let found = slots.get_mut(number).copied();
            assert_eq!((slots.get(number).copied(), found), (model.get(&number).copied(), found));
            if step % 100 == 0 {
                slots = slots.try_map(|item| Ok(*item)).expect("memory");
                assert!(slots.iter().eq(model.values()));
            }
        }
        assert_eq!(slots.slots.len(), most);
    }
}
