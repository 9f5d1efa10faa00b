//! Cursor: where an iteration over one database stands, in one number.
//!
//! ```text
//!  | shard | position, 27 bits |
//! ```
//!
//! A position is a place in the order of the hash and stays one while the table grows and shrinks, so a cursor is
//! all that SCAN must remember, and the client remembers it. Keys are visited in the order of shard and position,
//! which a key never changes: each that is there all the time is visited exactly once, any other at most once.
//!
//! The number is below 2^37, which even clients that keep it in a double do not round. Any number is a valid
//! cursor; one beyond the last shard is the end.

use crate::storage::POSITION_BITS;

const POSITION_SHIFT: u32 = u64::BITS - POSITION_BITS;

/// See the module's comment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cursor(u64);

impl Cursor {
    /// The beginning.
    pub const START: Self = Self(0);

    /// A cursor that a client has sent.
    pub fn from_number(number: u64) -> Self {
        Self(number)
    }

    /// The number that a client is given; 0 only at the start.
    pub fn number(self) -> u64 {
        self.0
    }

    /// The cursor to continue with: in the same shard at what [`super::Db::scan`] has returned, or in the next one.
    pub fn after(self, next: Option<u64>) -> Self {
        let shard = self.0 >> POSITION_BITS;
        match next {
            Some(position) => Self(shard << POSITION_BITS | position >> POSITION_SHIFT),
            None => Self((shard + 1) << POSITION_BITS),
        }
    }

    /// The shard, which may be beyond the last.
    pub fn shard(self) -> usize {
        usize::try_from(self.0 >> POSITION_BITS).unwrap_or(usize::MAX)
    }

    /// What to give to [`super::Db::scan`].
    pub fn position(self) -> u64 {
        self.0 << POSITION_SHIFT
    }
}

#[cfg(test)]
mod tests {
    use super::super::Db;
    use super::*;
    use crate::storage::testing::Rng;
    use crate::storage::{HashSeed, NewValue};
    use std::collections::HashMap;

    #[test]
    fn survives_the_way_through_a_number() {
        let cursor = Cursor::START.after(None).after(Some(5 << POSITION_SHIFT));
        assert_eq!((cursor.shard(), cursor.position()), (1, 5 << POSITION_SHIFT));
        assert_eq!(Cursor::from_number(cursor.number()), cursor);
        assert_eq!(cursor.after(None).number(), 2 << POSITION_BITS);
        assert!(Cursor::from_number(u64::MAX).shard() > 1024);
    }

    /// Keys that stay are visited exactly once while others come and go in great numbers.
    #[test]
    fn every_key_that_stays_is_visited_exactly_once() {
        let mut rng = Rng::from_env();
        let seed = HashSeed::new(rng.next()).expect("memory");
        for round in 0..20 {
            let mut db = Db::new(0);
            let name = |kind: char, number: u64| format!("{kind}{number}").into_bytes();
            let insert = |db: &mut Db, key: &[u8]| {
                if db.locate(seed.hash(key), key).is_none() {
                    db.insert(seed.hash(key), key, NewValue::Int(1)).expect("memory");
                }
            };
            let stay = 1 + rng.below(3000);
            (0..stay).for_each(|number| insert(&mut db, &name('s', number)));
            let mut crowd = if round % 2 == 0 { 0 } else { 20_000 };
            (0..crowd).for_each(|number| insert(&mut db, &name('c', number)));
            let mut visits: HashMap<Vec<u8>, u32> = HashMap::new();
            let mut cursor = Cursor::START;
            while cursor.shard() == 0 {
                let next = db.scan(cursor.position(), |loc| {
                    *visits.entry(db.key(loc).to_vec()).or_default() += 1;
                });
                cursor = Cursor::from_number(cursor.after(next).number());
                let to = if round % 2 == 0 { crowd + rng.below(60) } else { crowd.saturating_sub(rng.below(60)) };
                (crowd..to).for_each(|number| insert(&mut db, &name('c', number)));
                for number in to..crowd {
                    let key = name('c', number);
                    if let Some(loc) = db.locate(seed.hash(&key), &key) {
                        db.remove(loc);
                    }
                }
                crowd = to;
            }
            for number in 0..stay {
                assert_eq!(visits.get(&name('s', number)), Some(&1), "round {round}, key {number} of {stay}");
            }
            assert!(visits.values().all(|&count| count == 1), "round {round}");
        }
    }
}
