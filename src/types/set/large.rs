//! Set: any number of members: numbers in order, texts in a dictionary.
//!
//! Why side by side: a set of numbers stays compact whatever joins it, and no large set is ever converted. Which of the
//! two holds a member follows from the member alone.
//!
//! Cost: a number 2 to 10 bytes ([`Ints`]), a text an entry of its length and 8 bytes and about 12 bytes of table.
//!
//! A scan goes through the numbers first. Its cursor is 0 at first, odd among the numbers (the next number, less its
//! lowest bit, in unsigned order) and even among the texts (a place in the order of the hash); it holds no state, and
//! what is there throughout is returned at least once.

use super::ints::{Cursor, Ints};
use super::{Encoding, Member, Rules};
use crate::storage::{Dict, HashSeed, Loc, NewValue, NoMemory, Nothing};
use std::fmt;

/// Texts whose entries are fetched together when many are read.
const AHEAD: usize = 16;
/// Buckets that a scan visits at most for each member asked for, if they are nearly empty; as in Redis.
const BUCKETS_PER_MEMBER: usize = 10;
/// The cursor before all texts. Places of the hash leave the low bits free.
const TEXTS: u64 = 2;

/// See the module's comment.
pub struct Set {
    ints: Ints,
    texts: Dict<Nothing>,
    encoding: Encoding,
    seed: HashSeed,
}

impl fmt::Debug for Set {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Set").field("ints", &self.ints.len()).field("texts", &self.texts.len()).finish()
    }
}

impl Set {
    /// A set without members.
    pub fn new(encoding: Encoding, seed: &HashSeed) -> Self {
        Self { ints: Ints::default(), texts: Dict::new(0), encoding, seed: seed.clone() }
    }

    /// What OBJECT ENCODING says.
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    #[inline]
    pub fn len(&self) -> usize {
        self.ints.len() + self.texts.len()
    }

    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes on the heap, as the allocator rounds them, without `Self`; takes constant time.
    pub fn memory(&self) -> usize {
        self.ints.memory() + self.texts.used()
    }

    /// A copy that shares nothing.
    ///
    /// # Errors
    /// If memory is short.
    pub fn duplicate(&self) -> Result<Self, NoMemory> {
        let mut copy = Self::new(self.encoding, &self.seed);
        copy.ints = self.ints.duplicate()?;
        for text in self.texts() {
            copy.texts.insert(self.seed.hash(text), text, NewValue::Str(b""))?;
        }
        Ok(copy)
    }

    #[inline]
    pub fn contains(&self, member: Member) -> bool {
        match member {
            Member::Int(int) => self.ints.contains(int),
            Member::Text(text) => self.texts.locate(self.seed.hash(text), text).is_some(),
        }
    }

    /// Adds a member and gives the set the name it then has; whether it is new.
    ///
    /// # Errors
    /// If memory is short; then nothing has changed.
    #[inline]
    pub fn add(&mut self, member: Member, rules: &Rules) -> Result<bool, NoMemory> {
        let is_new = self.insert(member)?;
        if is_new && self.encoding != Encoding::Hashtable {
            self.encoding = self.encoding.after_adding(member, self.len(), rules);
        }
        Ok(is_new)
    }

    #[inline]
    pub(super) fn insert(&mut self, member: Member) -> Result<bool, NoMemory> {
        match member {
            Member::Int(int) => self.ints.insert(int),
            Member::Text(text) => {
                let hash = self.seed.hash(text);
                if self.texts.locate(hash, text).is_some() {
                    return Ok(false);
                }
                self.texts.insert(hash, text, NewValue::Str(b"")).map(|_| true)
            }
        }
    }

    /// Removes a member; whether it was there.
    pub fn remove(&mut self, member: Member) -> bool {
        match member {
            Member::Int(int) => self.ints.remove(int),
            Member::Text(text) => {
                let found = self.texts.locate(self.seed.hash(text), text);
                if let Some(loc) = found {
                    self.texts.remove(loc);
                }
                found.is_some()
            }
        }
    }

    /// A random member, all equally likely; `None` if there are none.
    pub fn random(&self, mut random: impl FnMut() -> u64) -> Option<Member<'_>> {
        match self.choose(&mut random) {
            Chosen::Int => self.ints.random(random).map(Member::Int),
            Chosen::Text => self.texts.random(random).map(|loc| Member::Text(self.texts.key(loc))),
        }
    }

    /// Takes a random member out, all equally likely; `leave` gets it before it goes.
    pub fn pop<R>(&mut self, mut random: impl FnMut() -> u64, leave: impl FnOnce(Member) -> R) -> Option<R> {
        match self.choose(&mut random) {
            Chosen::Int => {
                let int = self.ints.random(random)?;
                self.ints.remove(int);
                Some(leave(Member::Int(int)))
            }
            Chosen::Text => {
                let loc = self.texts.random(random)?;
                let result = leave(Member::Text(self.texts.key(loc)));
                self.texts.remove(loc);
                Some(result)
            }
        }
    }

    /// Numbers or texts, each as likely as there are many.
    fn choose(&self, random: &mut impl FnMut() -> u64) -> Chosen {
        if self.texts.is_empty() {
            return Chosen::Int;
        }
        let chosen = (u128::from(random()) * self.len() as u128) >> 64;
        if chosen < self.ints.len() as u128 { Chosen::Int } else { Chosen::Text }
    }

    /// All numbers, ascending, then all texts.
    pub fn iter(&self) -> impl Iterator<Item = Member<'_>> {
        self.ints.iter().map(Member::Int).chain(self.texts().map(Member::Text))
    }

    fn texts(&self) -> Texts<'_, impl Iterator<Item = Loc>> {
        Texts { texts: &self.texts, locs: self.texts.iter(), fetched: [None; AHEAD], next: AHEAD }
    }

    /// Asks for numbers in ascending order.
    pub(super) fn int_cursor(&self) -> Cursor<'_> {
        Cursor::new(&self.ints)
    }

    /// One step of SSCAN: visits about `count` members and returns the next cursor, 0 at the end.
    pub fn scan(&self, cursor: u64, count: usize, mut visit: impl FnMut(Member)) -> u64 {
        let mut left = count;
        if cursor == 0 || cursor & 1 == 1 {
            let mut last = None;
            for int in self.ints.iter_from(from_unsigned(cursor & !1)) {
                let at = unsigned(int);
                // Two numbers that differ in the lowest bit only have the same cursor and are visited together.
                if left == 0 && last != Some(at | 1) {
                    return at | 1;
                }
                last = Some(at | 1);
                visit(Member::Int(int));
                left = left.saturating_sub(1);
            }
            if self.texts.is_empty() {
                return 0;
            }
            if left == 0 {
                return TEXTS;
            }
        }
        let mut position = if cursor & 1 == 1 { 0 } else { cursor & !TEXTS };
        for _ in 0..count.saturating_mul(BUCKETS_PER_MEMBER) {
            let next = self.texts.scan(position, |loc| {
                visit(Member::Text(self.texts.key(loc)));
                left = left.saturating_sub(1);
            });
            match next {
                None => return 0,
                Some(next) => position = next,
            }
            if left == 0 {
                break;
            }
        }
        position | TEXTS
    }
}

enum Chosen {
    Int,
    Text,
}

/// Keeps the order.
fn unsigned(int: i64) -> u64 {
    int.cast_unsigned() ^ (1 << 63)
}

fn from_unsigned(number: u64) -> i64 {
    (number ^ (1 << 63)).cast_signed()
}

/// All texts. Each is a cache miss, so some are fetched together.
struct Texts<'a, I> {
    texts: &'a Dict<Nothing>,
    locs: I,
    fetched: [Option<Loc>; AHEAD],
    next: usize,
}

impl<'a, I: Iterator<Item = Loc>> Iterator for Texts<'a, I> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        if self.next == AHEAD {
            for slot in &mut self.fetched {
                *slot = self.locs.next();
                if let Some(loc) = *slot {
                    self.texts.prefetch(loc);
                }
            }
            self.next = 0;
        }
        let loc = self.fetched.get_mut(self.next)?.take()?;
        self.next += 1;
        Some(self.texts.key(loc))
    }
}
