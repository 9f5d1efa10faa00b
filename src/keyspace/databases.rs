//! The part of every database that is in one shard.

use super::{Db, NoMemory};

/// By number. Database 0 is always there and in place, since most stores use no other; the others come with their first
/// use, and all that have smaller numbers with them.
pub struct Databases {
    first: Db,
    others: Vec<Db>,
    shard_bits: u32,
}

impl Databases {
    /// Databases in one of 2^`shard_bits` shards.
    pub fn new(shard_bits: u32) -> Self {
        Self { first: Db::shared(shard_bits), others: Vec::new(), shard_bits }
    }

    /// Leaves empty ones, as many, and returns the present ones.
    pub fn take(&mut self) -> Self {
        let mut empty = Self::new(self.shard_bits);
        empty.add(self.others.len());
        std::mem::replace(self, empty)
    }

    /// How many there are.
    pub fn count(&self) -> u32 {
        1 + self.others.len() as u32
    }

    /// Database `number`, made on first use; whoever may be the first calls [`Databases::make`] before.
    #[inline(always)]
    pub fn made(&mut self, number: u32) -> &mut Db {
        if number == 0 {
            return &mut self.first;
        }
        let index = number as usize - 1;
        if index >= self.others.len() {
            self.add(number as usize);
        }
        &mut self.others[index]
    }

    /// Makes database `number`, unless it is there.
    ///
    /// # Errors
    /// If memory is short.
    pub fn make(&mut self, number: u32) -> Result<(), NoMemory> {
        self.others.try_reserve((number as usize).saturating_sub(self.others.len()))?;
        self.made(number);
        Ok(())
    }

    #[cold]
    fn add(&mut self, others: usize) {
        let shard_bits = self.shard_bits;
        self.others.resize_with(others, || Db::shared(shard_bits));
    }

    /// Database `number`, if it was ever used.
    #[inline]
    pub fn get(&self, number: u32) -> Option<&Db> {
        if number == 0 { Some(&self.first) } else { self.others.get(number as usize - 1) }
    }

    /// [`Databases::get`], to change it.
    #[inline]
    pub fn get_mut(&mut self, number: u32) -> Option<&mut Db> {
        if number == 0 { Some(&mut self.first) } else { self.others.get_mut(number as usize - 1) }
    }

    /// All, in the order of their numbers.
    #[inline]
    pub fn iter(&self) -> impl Iterator<Item = &Db> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// [`Databases::iter`], to change them.
    #[inline]
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Db> {
        std::iter::once(&mut self.first).chain(&mut self.others)
    }

    /// Whether this holds for any of them.
    #[inline]
    pub fn any(&self, holds: impl Fn(&Db) -> bool) -> bool {
        holds(&self.first) || (!self.others.is_empty() && self.others.iter().any(holds))
    }

    /// Exchanges two databases; both are made on first use.
    pub fn swap(&mut self, a: u32, b: u32) {
        let (low, high) = (a.min(b), a.max(b));
        self.made(high);
        match (low, high) {
            (0, 0) => {}
            (0, _) => std::mem::swap(&mut self.first, &mut self.others[high as usize - 1]),
            _ => self.others.swap(low as usize - 1, high as usize - 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{HashSeed, NewValue};
    use super::*;

    fn lens(databases: &Databases) -> Vec<usize> {
        databases.iter().map(Db::len).collect()
    }

    #[test]
    fn databases_come_with_their_first_use_and_can_be_exchanged() {
        let seed = HashSeed::new(7).expect("memory");
        let mut databases = Databases::new(3);
        assert!(databases.count() == 1 && databases.get(0).is_some() && databases.get(1).is_none());
        for (number, keys) in [(0, 2), (3, 1), (1, 4)] {
            databases.make(number).expect("memory");
            for key in 0..keys {
                let key = format!("key {key}");
                let db = databases.made(number);
                db.insert(seed.hash(key.as_bytes()), key.as_bytes(), NewValue::Int(1)).expect("memory");
            }
        }
        assert_eq!(lens(&databases), [2, 4, 0, 1]);
        for (a, b, then) in [(0, 1, [4, 2, 0, 1]), (3, 0, [1, 2, 0, 4]), (1, 2, [1, 0, 2, 4]), (0, 0, [1, 0, 2, 4])] {
            databases.swap(a, b);
            assert_eq!(lens(&databases), then);
        }
        databases.swap(1, 4);
        assert_eq!(lens(&databases), [1, 0, 2, 4, 0]);
        assert!(databases.any(|db| db.len() == 4) && !databases.any(|db| db.len() == 3));
        assert_eq!(databases.get_mut(2).map(|db| db.len()), Some(2));
        assert_eq!(lens(&databases.take()), [1, 0, 2, 4, 0]);
        assert_eq!(lens(&databases), [0; 5]);
    }
}
