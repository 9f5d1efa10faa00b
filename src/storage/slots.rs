//! Slots: items by small numbers that are used again, all memory asked for fallibly.
//!
//! Why not the crate `slab`: it ends the process when memory is refused. Cost: constant; a free slot costs nothing to find,
//! because each names the next.

use super::memory::{NoMemory, size_class};
use std::ops::{Index, IndexMut};

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

    /// All items with their numbers.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (u32, &mut T)> {
        (0..).zip(&mut self.slots).filter_map(|(number, slot)| match slot {
            Slot::Taken(item) => Some((number, item)),
            Slot::Free(_) => None,
        })
    }

    /// Numbers that were taken at some time; all are smaller than this.
    pub fn numbers(&self) -> u32 {
        self.slots.len() as u32
    }

    /// Room for one more item.
    ///
    /// # Errors
    /// If memory is short.
    pub fn vacancy(&mut self) -> Result<Vacancy<'_, T>, NoMemory> {
        let number = match self.free {
            Some(number) => number,
            None => u32::try_from(self.slots.len()).map_err(|_| NoMemory)?,
        };
        if self.free.is_none() && self.slots.len() == self.slots.capacity() {
            self.slots.try_reserve_exact(self.slots.len().max(1))?;
        }
        Ok(Vacancy { slots: self, number })
    }

    /// Adds an item; its number.
    ///
    /// # Errors
    /// If memory is short; then nothing has changed.
    pub fn insert(&mut self, item: T) -> Result<u32, NoMemory> {
        let vacancy = self.vacancy()?;
        let number = vacancy.number();
        vacancy.put(item);
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

/// Room for an item, whose number is known before the item is there.
pub struct Vacancy<'s, T> {
    slots: &'s mut Slots<T>,
    number: u32,
}

impl<T> Vacancy<'_, T> {
    pub fn number(&self) -> u32 {
        self.number
    }

    /// Adds the item.
    pub fn put(self, item: T) {
        match self.slots.slots.get_mut(self.number as usize) {
            Some(slot) => {
                self.slots.free = if let Slot::Free(next) = slot { *next } else { None };
                *slot = Slot::Taken(item);
            }
            None => self.slots.slots.push(Slot::Taken(item)),
        }
    }
}

/// Items that are known to be there.
impl<T> Index<u32> for Slots<T> {
    type Output = T;

    #[inline]
    fn index(&self, number: u32) -> &T {
        self.get(number).expect("an item")
    }
}

impl<T> IndexMut<u32> for Slots<T> {
    #[inline]
    fn index_mut(&mut self, number: u32) -> &mut T {
        self.get_mut(number).expect("an item")
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
            let next = slots.vacancy().expect("memory").number();
            assert!(!model.contains_key(&next) && next <= slots.numbers());
            assert!(model.iter().all(|(&number, item)| slots[number] == *item));
            if step % 100 == 0 {
                slots = slots.try_map(|item| Ok(*item)).expect("memory");
                assert!(slots.iter().eq(model.values()));
                assert!(
                    slots
                        .iter_mut()
                        .map(|(number, item)| (number, *item))
                        .eq(model.iter().map(|(&n, &item)| (n, item)))
                );
            }
        }
        assert_eq!(slots.slots.len(), most);
    }
}
