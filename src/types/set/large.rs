//! Set: any number of members: numbers in order, texts in a dictionary.
//!
//! Why side by side: a set of numbers stays compact whatever joins it, and no large set is ever converted. Which of the
//! two holds a member follows from the member alone. Few sets need both, and those have them elsewhere.
//!
//! Cost: a number 2 to 10 bytes ([`Ints`]), a text an entry of its length and 8 bytes and about 12 bytes of table.
//!
//! A scan goes through the numbers first, in ascending order, then through the texts in the order of the hash. Its cursor
//! (`cursor.rs`) holds no state, and what is there throughout is returned at least once.

use super::cursor::{ScanCursor, group_of};
use super::ints::{self, Cursor, Ints};
use super::{Encoding, Member, Rules};
use crate::storage::{
    Dict, Entry, Garbage, HashSeed, KeyHash, Loc, Locs, NewValue, NoMemory, Nothing, size_class, try_box,
};
use crate::types::{FETCHED_BYTES_MIN, WINDOW};
use smallvec::SmallVec;
use std::fmt;
use std::mem::MaybeUninit;

/// Texts whose entries are fetched together when many are read.
const AHEAD: usize = 16;
/// Buckets that a scan visits at most for each member asked for, if they are nearly empty; as in Redis.
const BUCKETS_PER_MEMBER: usize = 10;
/// When more than one in this many texts is taken out, all are walked past instead of drawing.
const WALK_FACTOR: usize = 8;

/// See the module's comment.
pub struct Set {
    members: Members,
    encoding: Encoding,
    seed: HashSeed,
}

/// Members by what they are.
enum Members {
    Ints(Ints),
    Texts(Dict<Nothing>),
    Both(Box<(Ints, Dict<Nothing>)>),
}

/// The numbers of a set of texts.
static NO_INTS: Ints = Ints::new();

impl Members {
    #[inline]
    fn ints(&self) -> &Ints {
        match self {
            Self::Ints(ints) => ints,
            Self::Texts(_) => &NO_INTS,
            Self::Both(both) => &both.0,
        }
    }

    #[inline]
    fn texts(&self) -> Option<&Dict<Nothing>> {
        match self {
            Self::Ints(_) => None,
            Self::Texts(texts) => Some(texts),
            Self::Both(both) => Some(&both.1),
        }
    }

    /// Makes room for members of the kind that had none.
    #[cold]
    fn widen(&mut self) -> Result<(), NoMemory> {
        let room = try_box(MaybeUninit::uninit())?;
        let members = std::mem::replace(self, Self::Ints(Ints::new()));
        *self = match members {
            Self::Ints(ints) if ints.is_empty() => Self::Texts(Dict::new(0)),
            Self::Ints(ints) => Self::Both(Box::write(room, (ints, Dict::new(0)))),
            Self::Texts(texts) if texts.is_empty() => Self::Ints(Ints::new()),
            Self::Texts(texts) => Self::Both(Box::write(room, (Ints::new(), texts))),
            both @ Self::Both(_) => both,
        };
        Ok(())
    }

    /// After a removal: gives up the place of a kind that has no members any more.
    #[inline]
    fn narrow(&mut self) {
        if let Self::Both(both) = self
            && (both.0.is_empty() || (both.1.is_empty() && !both.1.has_garbage()))
        {
            let (ints, texts) = std::mem::replace(&mut **both, (Ints::new(), Dict::new(0)));
            *self = if texts.is_empty() { Self::Ints(ints) } else { Self::Texts(texts) };
        }
    }

    fn memory(&self) -> usize {
        let both = if let Self::Both(both) = self { size_class(size_of_val(&**both)) } else { 0 };
        both + self.ints().memory() + self.texts().map_or(0, Dict::used)
    }
}

fn insert_text(texts: &mut Dict<Nothing>, seed: &HashSeed, text: &[u8]) -> Result<bool, NoMemory> {
    let hash = seed.hash(text);
    if texts.locate(hash, text).is_some() {
        return Ok(false);
    }
    texts.insert(hash, text, NewValue::Str(b"")).map(|_| true)
}

fn remove_text(texts: &mut Dict<Nothing>, seed: &HashSeed, text: &[u8]) -> bool {
    let found = texts.locate(seed.hash(text), text);
    if let Some(loc) = found {
        texts.remove(loc);
    }
    found.is_some()
}

impl fmt::Debug for Set {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Set").field("ints", &self.members.ints().len()).field("len", &self.len()).finish()
    }
}

impl Set {
    /// A set without members.
    pub fn new(encoding: Encoding, seed: &HashSeed) -> Self {
        Self { members: Members::Ints(Ints::new()), encoding, seed: seed.clone() }
    }

    /// What OBJECT ENCODING says.
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    #[inline]
    pub fn len(&self) -> usize {
        match &self.members {
            Members::Ints(ints) => ints.len(),
            Members::Texts(texts) => texts.len(),
            Members::Both(both) => both.0.len() + both.1.len(),
        }
    }

    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes on the heap, as the allocator rounds them, without `Self`; takes constant time.
    pub fn memory(&self) -> usize {
        self.members.memory()
    }

    /// A copy that shares nothing.
    ///
    /// # Errors
    /// If memory is short.
    pub fn duplicate(&self) -> Result<Self, NoMemory> {
        let members = match &self.members {
            Members::Ints(ints) => Members::Ints(ints.duplicate()?),
            Members::Texts(texts) => Members::Texts(texts.try_clone()?),
            Members::Both(both) => Members::Both(try_box((both.0.duplicate()?, both.1.try_clone()?))?),
        };
        Ok(Self { members, encoding: self.encoding, seed: self.seed.clone() })
    }

    #[inline]
    pub fn contains(&self, member: Member) -> bool {
        match member {
            Member::Int(int) => self.members.ints().contains(int),
            Member::Text(text) => {
                self.members.texts().is_some_and(|texts| texts.locate(self.seed.hash(text), text).is_some())
            }
        }
    }

    /// Starts loading these members: they are about to be looked up. Numbers are found through pages that many of them share.
    pub fn fetch(&self, members: &[Member]) {
        if let Some(texts) = self.members.texts().filter(|texts| texts.used() >= FETCHED_BYTES_MIN) {
            let hashes = members.iter().filter_map(|member| match member {
                Member::Int(_) => None,
                Member::Text(text) => Some(self.seed.hash(text)),
            });
            texts.fetch(&hashes.collect::<SmallVec<[KeyHash; WINDOW]>>());
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
        loop {
            match (&mut self.members, member) {
                (Members::Ints(ints), Member::Int(int)) => return ints.insert(int),
                (Members::Texts(texts), Member::Text(text)) => return insert_text(texts, &self.seed, text),
                (Members::Both(both), Member::Int(int)) => return both.0.insert(int),
                (Members::Both(both), Member::Text(text)) => return insert_text(&mut both.1, &self.seed, text),
                (members, _) => members.widen()?,
            }
        }
    }

    /// Removes a member; whether it was there.
    pub fn remove(&mut self, member: Member) -> bool {
        let was_there = match (&mut self.members, member) {
            (Members::Ints(ints), Member::Int(int)) => ints.remove(int),
            (Members::Texts(texts), Member::Text(text)) => remove_text(texts, &self.seed, text),
            (Members::Both(both), Member::Int(int)) => both.0.remove(int),
            (Members::Both(both), Member::Text(text)) => remove_text(&mut both.1, &self.seed, text),
            (Members::Ints(_) | Members::Texts(_), _) => false,
        };
        self.members.narrow();
        was_there
    }

    /// Whether there are big members that are no more.
    #[inline]
    pub fn has_garbage(&self) -> bool {
        self.members.texts().is_some_and(Dict::has_garbage)
    }

    /// Big members that are no more, to be dropped where nobody waits.
    pub fn take_garbage(&mut self) -> Vec<Garbage<Nothing>> {
        match &mut self.members {
            Members::Ints(_) => Vec::new(),
            Members::Texts(texts) => texts.take_garbage(),
            Members::Both(both) => both.1.take_garbage(),
        }
    }

    /// A random member, all equally likely; `None` if there are none.
    pub fn random(&self, mut random: impl FnMut() -> u64) -> Option<Member<'_>> {
        match self.choose(&mut random) {
            Chosen::Int => self.members.ints().random(random).map(Member::Int),
            Chosen::Text(texts) => texts.random(random).map(|loc| Member::Text(texts.key(loc))),
        }
    }

    /// Takes a random member out, all equally likely; `leave` gets it before it goes.
    pub fn pop<R>(&mut self, mut random: impl FnMut() -> u64, leave: impl FnOnce(Member) -> R) -> Option<R> {
        match self.choose(&mut random) {
            Chosen::Int => {
                let int = self.members.ints().random(random)?;
                self.remove(Member::Int(int));
                Some(leave(Member::Int(int)))
            }
            Chosen::Text(texts) => {
                let loc = texts.random(random)?;
                let result = leave(Member::Text(texts.key(loc)));
                match &mut self.members {
                    Members::Ints(_) => {}
                    Members::Texts(texts) => texts.remove(loc),
                    Members::Both(both) => both.1.remove(loc),
                }
                self.members.narrow();
                Some(result)
            }
        }
    }

    /// Takes `count` random members out, all choices of so many equally likely; `leave` gets them before they go. Many go in
    /// one walk past all of them (Knuth's algorithm S), because each that is drawn is some cache misses.
    pub fn pop_many(&mut self, count: usize, mut random: impl FnMut() -> u64, mut leave: impl FnMut(Member)) {
        let len = self.len();
        if let Members::Texts(texts) = &mut self.members
            && count > len / WALK_FACTOR
        {
            let (mut wanted, mut left, mut cursor) = (count as u64, len as u64, Some(0));
            while let Some(at) = cursor.filter(|_| wanted > 0) {
                cursor = texts.sift(at, |text| {
                    let goes = below(random(), left) < wanted;
                    left -= 1;
                    if goes {
                        wanted -= 1;
                        leave(Member::Text(text));
                    }
                    goes
                });
            }
        } else {
            for _ in 0..count {
                self.pop(&mut random, &mut leave);
            }
        }
    }

    /// Numbers or texts, each as likely as there are many.
    fn choose(&self, random: &mut impl FnMut() -> u64) -> Chosen<'_> {
        match &self.members {
            Members::Ints(_) => Chosen::Int,
            Members::Texts(texts) => Chosen::Text(texts),
            Members::Both(both) => {
                let chosen = below(random(), self.len() as u64);
                if chosen < both.0.len() as u64 { Chosen::Int } else { Chosen::Text(&both.1) }
            }
        }
    }

    /// All numbers, ascending, then all texts.
    pub fn iter(&self) -> Iter<'_> {
        Iter { ints: self.members.ints().iter(), texts: self.members.texts().map(Texts::new) }
    }

    /// Asks for numbers in ascending order.
    pub(super) fn int_cursor(&self) -> Cursor<'_> {
        Cursor::new(self.members.ints())
    }

    /// One step of SSCAN: visits about `count` members and returns the next cursor, 0 at the end.
    pub fn scan(&self, cursor: u64, count: usize, mut visit: impl FnMut(Member)) -> u64 {
        let mut left = count;
        let cursor = ScanCursor::from_number(cursor);
        if let ScanCursor::Ints(from) = cursor {
            let mut last = None;
            for int in self.members.ints().iter_from(from) {
                // The members of a group have the same cursor and are visited together.
                let group = Some(group_of(int));
                if left == 0 && last != group {
                    return ScanCursor::Ints(int).number();
                }
                last = group;
                visit(Member::Int(int));
                left = left.saturating_sub(1);
            }
            if left == 0 && self.members.texts().is_some() {
                return ScanCursor::Texts(0).number();
            }
        }
        let Some(texts) = self.members.texts() else { return 0 };
        let mut position = if let ScanCursor::Texts(position) = cursor { position } else { 0 };
        for _ in 0..count.saturating_mul(BUCKETS_PER_MEMBER) {
            let next = texts.scan(position, |loc| {
                visit(Member::Text(texts.key(loc)));
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
        ScanCursor::Texts(position).number()
    }
}

enum Chosen<'s> {
    Int,
    Text(&'s Dict<Nothing>),
}

/// Maps a random number to `0..count`.
fn below(random: u64, count: u64) -> u64 {
    ((u128::from(random) * u128::from(count)) >> 64) as u64
}

/// Members in the order of [`Set::iter`].
pub struct Iter<'a> {
    ints: ints::Iter<'a>,
    texts: Option<Texts<'a>>,
}

impl<'a> Iterator for Iter<'a> {
    type Item = Member<'a>;

    #[inline]
    fn next(&mut self) -> Option<Member<'a>> {
        match self.ints.next() {
            Some(int) => Some(Member::Int(int)),
            None => self.texts.as_mut()?.next().map(Member::Text),
        }
    }
}

/// All texts. Each is a cache miss, so some are fetched together.
struct Texts<'a> {
    texts: &'a Dict<Nothing>,
    locs: Locs<'a, Entry<Nothing>>,
    fetched: [Option<Loc>; AHEAD],
    next: usize,
}

impl<'a> Texts<'a> {
    fn new(texts: &'a Dict<Nothing>) -> Self {
        Self { texts, locs: texts.iter(), fetched: [None; AHEAD], next: AHEAD }
    }
}

impl<'a> Iterator for Texts<'a> {
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
