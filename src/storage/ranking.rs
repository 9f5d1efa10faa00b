//! Ranking: members with scores, found by name, by score and by rank: what a large sorted set is.
//!
//! ```text
//!  Table ──owns──► Member ◄──address── RankTree
//!  by name         score, name         by (score, name), with ranks
//! ```
//!
//! What: every change to a member goes through here, because table and tree must change together. The order is that of
//! Redis: by score, where -0 equals 0, then by the bytes of the name. A key of the tree is the score, as eight bytes
//! that sort like it, followed by the name.
//!
//! Invariants, on which the safety comments rest: the slots of the tree are exactly the addresses of the members of the
//! table, each at the place of the score in its block. So whoever has the ranking borrowed may follow any slot of
//! the tree, and what was taken out of the tree is followed by nobody after the table has given it up. No step between
//! changes to the two can fail: what may fail comes first.
//!
//! Cost: 57 bytes for a member of 20; a look-up by name is two cache misses, by score or rank about three.

use super::dict::{GARBAGE_MIN, Garbage};
use super::entry::Nothing;
use super::hash::{HashSeed, Position};
use super::member::{Member, MemberRef};
use super::memory::{NoMemory, try_box};
use super::rank_tree::{self, HEAD_BYTES, Head, Probe, RankTree};
use super::table::{Loc, Table};
use super::text::try_push;
use smallvec::SmallVec;
use std::cmp::Ordering;
use std::fmt;
use std::ops::Range;

/// How far a walk loads members ahead: their cache misses overlap.
const AHEAD: usize = 6;
/// How many members are removed together.
const LEAVING: usize = 32;
/// Bytes of a score in a key.
const SCORE_BYTES: usize = 8;

/// See the module's comment.
pub struct Ranking {
    seed: HashSeed,
    table: Table<Member>,
    tree: RankTree<MemberRef>,
    /// What the members' blocks take.
    member_bytes: usize,
    /// Members with names so long that freeing them takes long. Neither table nor tree knows them any more.
    left: Option<Box<Left>>,
}

/// What few rankings have.
#[derive(Debug, Default)]
struct Left {
    members: Vec<Garbage<Nothing>>,
}

/// On which side of a score or a key a place is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Before,
    After,
}

/// An integer that compares like the score.
#[inline]
fn ordered(score: f64) -> u64 {
    // Adding 0 turns -0 into 0.
    let bits = (score + 0.0).to_bits();
    if bits >> 63 == 0 { bits | 1 << 63 } else { !bits }
}

#[inline]
fn head(score: u64, name: &[u8]) -> Head {
    let mut head = [0; HEAD_BYTES];
    head[..SCORE_BYTES].copy_from_slice(&score.to_be_bytes());
    let len = name.len().min(HEAD_BYTES - SCORE_BYTES);
    head[SCORE_BYTES..SCORE_BYTES + len].copy_from_slice(&name[..len]);
    head
}

/// What the tree is asked for.
struct Key<'n> {
    score: u64,
    name: &'n [u8],
    /// For a place behind the key's own.
    is_after: bool,
    head: Head,
}

impl<'n> Key<'n> {
    /// # Safety
    /// The key is compared only with the addresses of live members.
    #[inline]
    unsafe fn new(score: u64, name: &'n [u8], side: Side) -> Self {
        Self { score, name, is_after: side == Side::After, head: head(score, name) }
    }
}

impl Probe<MemberRef> for Key<'_> {
    #[inline]
    fn head(&self) -> &Head {
        &self.head
    }

    fn order(&self, slot: MemberRef) -> Ordering {
        // SAFETY: by the contract of `Key::new`.
        let (score, name) = unsafe { (slot.score(), slot.name()) };
        match ordered(score).cmp(&self.score).then_with(|| name.cmp(self.name)) {
            Ordering::Equal if self.is_after => Ordering::Less,
            order => order,
        }
    }
}

/// The first bytes of members' keys.
///
/// # Safety
/// The function is called only with the addresses of live members.
unsafe fn heads() -> impl Fn(MemberRef) -> Head {
    |slot| {
        // SAFETY: by the contract of this function.
        let (score, name) = unsafe { (slot.score(), slot.name()) };
        head(ordered(score), name)
    }
}

/// Keeps a member that is expensive to free, if there is memory for a note of it.
#[inline]
fn keep_if_large(left: &mut Option<Box<Left>>, member: Member) {
    if member.memory() >= GARBAGE_MIN {
        let _ = keep(left, member);
    }
}

#[cold]
fn keep(left: &mut Option<Box<Left>>, member: Member) -> Result<(), NoMemory> {
    let left = match left {
        Some(left) => left,
        none => none.insert(try_box(Left::default())?),
    };
    try_push(&mut left.members, Garbage::Member(member))
}

impl Ranking {
    /// An empty ranking whose members are hashed with this seed.
    pub fn new(seed: HashSeed) -> Self {
        Self { seed, table: Table::default(), tree: RankTree::default(), member_bytes: 0, left: None }
    }

    #[inline]
    pub fn len(&self) -> usize {
        self.tree.len()
    }

    #[inline]
    pub fn is_empty(&self) -> bool {
        self.tree.is_empty()
    }

    /// Bytes on the heap.
    pub fn memory(&self) -> usize {
        self.table.memory() + self.tree.memory() + self.member_bytes
    }

    #[inline]
    fn position(&self, name: &[u8]) -> Position {
        self.seed.hash(name).position(0)
    }

    /// Starts loading what look-ups of these names will touch, see [`Dict::fetch`](super::Dict::fetch).
    pub fn fetch<'n>(&self, names: impl IntoIterator<Item = &'n [u8]>) {
        let positions: SmallVec<[Position; LEAVING]> = names.into_iter().map(|name| self.position(name)).collect();
        positions.iter().for_each(|position| self.table.prefetch_bucket(*position));
        positions.iter().for_each(|position| self.table.prefetch_entry(*position));
    }

    /// A member and its score; the place is good until the next insertion or removal.
    #[inline]
    pub fn find(&self, name: &[u8]) -> Option<(Loc, f64)> {
        let (loc, member) = self.table.find(self.position(name), name)?;
        Some((loc, member.score()))
    }

    #[inline]
    pub fn score(&self, name: &[u8]) -> Option<f64> {
        Some(self.find(name)?.1)
    }

    /// Adds a member known to be absent.
    ///
    /// # Errors
    /// If memory is short; then nothing has changed.
    pub fn insert(&mut self, name: &[u8], score: f64) -> Result<(), NoMemory> {
        let position = self.position(name);
        self.table.reserve(position)?;
        let member = Member::new(position.tag(), name, score)?;
        // SAFETY: the tree compares with its own slots, which are live (invariants).
        let (key, heads) = unsafe { (Key::new(ordered(score), name, Side::Before), heads()) };
        self.tree.insert(member.address(), &key, &heads)?;
        self.member_bytes += member.memory();
        self.table.insert(position, member);
        Ok(())
    }

    /// Changes the score of a member.
    ///
    /// # Errors
    /// If memory is short; then nothing has changed.
    pub fn set_score(&mut self, loc: Loc, score: f64) -> Result<(), NoMemory> {
        let Self { table, tree, .. } = self;
        let member = table.entry(loc);
        let (old, new) = (ordered(member.score()), ordered(score));
        if old == new {
            // Perhaps 0 for -0, which changes no order.
            table.entry_mut(loc).set_score(score);
            return Ok(());
        }
        let name = member.name();
        // SAFETY: the tree calls both with its own slots, which are live (invariants).
        let (from, to, heads) =
            unsafe { (Key::new(old, name, Side::Before), Key::new(new, name, Side::Before), heads()) };
        if tree.rename(&from, &to) {
            table.entry_mut(loc).set_score(score);
            return Ok(());
        }
        // The member is in the tree twice for a moment, since only the insertion can fail. It follows no slot after it
        // has placed the new one, and the removal looks for a rank, so neither meets a slot that is not where its
        // block's score says.
        let rank = tree.rank(&from) + usize::from(new < old);
        tree.insert(member.address(), &to, &heads)?;
        table.entry_mut(loc).set_score(score);
        tree.remove_at(rank, &heads);
        Ok(())
    }

    /// Removes a member; the score it had.
    pub fn remove(&mut self, name: &[u8]) -> Option<f64> {
        let (loc, score) = self.find(name)?;
        // SAFETY: the tree calls both with its own slots, which are live (invariants).
        let (key, heads) = unsafe { (Key::new(ordered(score), name, Side::Before), heads()) };
        self.tree.remove(&key, &heads);
        let member = self.table.remove(loc);
        self.member_bytes -= member.memory();
        keep_if_large(&mut self.left, member);
        Some(score)
    }

    /// Whether there are large members that are no more.
    #[inline]
    pub fn has_garbage(&self) -> bool {
        self.left.is_some()
    }

    /// Large members that are no more, to be dropped where nobody waits.
    pub fn take_garbage(&mut self) -> Vec<Garbage<Nothing>> {
        self.left.take().map_or_else(Vec::new, |left| left.members)
    }

    /// Removes the members of these ranks.
    pub fn remove_ranks(&mut self, ranks: Range<usize>) {
        let Self { seed, table, tree, member_bytes, left } = self;
        let mut leaving: SmallVec<[MemberRef; LEAVING]> = SmallVec::new();
        let mut drop_all = |leaving: &mut SmallVec<[MemberRef; LEAVING]>| {
            // The cache misses of many overlap: first of the blocks, then of the buckets.
            leaving.iter().for_each(|slot| slot.prefetch());
            // SAFETY: the table owns the members until they are removed below, each once, and nobody changes them.
            let names = leaving.drain(..).map(|slot| unsafe { slot.name() });
            let names: SmallVec<[(&[u8], Position); LEAVING]> =
                names.map(|name| (name, seed.hash(name).position(0))).collect();
            names.iter().for_each(|(_, position)| table.prefetch_bucket(*position));
            for (name, position) in names {
                let found = table.find(position, name).map(|(loc, _)| loc);
                if let Some(loc) = found {
                    let member = table.remove(loc);
                    *member_bytes -= member.memory();
                    keep_if_large(left, member);
                }
            }
        };
        // SAFETY: the tree calls it with slots that are still in it, which are live (invariants).
        let heads = unsafe { heads() };
        tree.remove_range(ranks, &heads, |slot| {
            leaving.push(slot);
            if leaving.len() == LEAVING {
                drop_all(&mut leaving);
            }
        });
        drop_all(&mut leaving);
    }

    /// How many members come before this one.
    pub fn rank(&self, name: &[u8]) -> Option<(usize, f64)> {
        let score = self.score(name)?;
        Some((self.rank_of_key(score, name, Side::Before), score))
    }

    /// How many members come before a place beside those of this score.
    pub fn rank_of_score(&self, score: f64, side: Side) -> usize {
        // No name is less than the empty one, so this is before all members of the score, or of the next one.
        let score = ordered(score).saturating_add(u64::from(side == Side::After));
        // SAFETY: the tree compares with its own slots, which are live (invariants).
        self.tree.rank(&unsafe { Key::new(score, b"", Side::Before) })
    }

    /// How many members come before a place beside this key, whether or not there is such a member.
    pub fn rank_of_key(&self, score: f64, name: &[u8], side: Side) -> usize {
        // SAFETY: the tree compares with its own slots, which are live (invariants).
        self.tree.rank(&unsafe { Key::new(ordered(score), name, side) })
    }

    /// The member of a rank.
    pub fn get(&self, rank: usize) -> Option<(&[u8], f64)> {
        let slot = self.tree.select(rank)?;
        // SAFETY: a slot of the tree; the ranking stays borrowed, so its member lives and does not change.
        Some(unsafe { (slot.name(), slot.score()) })
    }

    /// The members from a rank on, in order.
    pub fn forward(&self, rank: usize) -> Forward<'_> {
        Forward(self.tree.forward(rank))
    }

    /// The first `count` members, last one first.
    pub fn backward(&self, count: usize) -> Backward<'_> {
        Backward(self.tree.backward(count))
    }

    /// One step of ZSCAN, see [`Table::scan`].
    pub fn scan(&self, cursor: u64, mut f: impl FnMut(&[u8], f64)) -> Option<u64> {
        self.table.scan(cursor, |loc| {
            let member = self.table.entry(loc);
            f(member.name(), member.score());
        })
    }

    /// A copy that shares nothing.
    ///
    /// # Errors
    /// If memory is short.
    pub fn duplicate(&self) -> Result<Self, NoMemory> {
        let mut copy = Self::new(self.seed.clone());
        for (name, score) in self.forward(0) {
            copy.insert(name, score)?;
        }
        Ok(copy)
    }
}

impl fmt::Debug for Ranking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ranking").field("len", &self.len()).finish_non_exhaustive()
    }
}

/// Members in order, each with its score.
#[derive(Clone, Debug)]
pub struct Forward<'r>(rank_tree::Forward<'r, MemberRef>);

/// Members in descending order, each with its score.
#[derive(Clone, Debug)]
pub struct Backward<'r>(rank_tree::Backward<'r, MemberRef>);

macro_rules! members {
    ($walk:ident) => {
        impl<'r> Iterator for $walk<'r> {
            type Item = (&'r [u8], f64);

            #[inline]
            fn next(&mut self) -> Option<Self::Item> {
                if let Some(slot) = self.0.ahead(AHEAD) {
                    slot.prefetch();
                }
                let slot = self.0.next()?;
                // SAFETY: a slot of the tree of a ranking that stays borrowed, so its member lives and does not change.
                Some(unsafe { (slot.name(), slot.score()) })
            }
        }
    };
}

members!(Forward);
members!(Backward);

#[cfg(test)]
mod tests {
    use super::super::testing::Rng;
    use super::*;

    fn name(rng: &mut Rng) -> Vec<u8> {
        let number = rng.below(700);
        if number.is_multiple_of(3) {
            vec![b'x'; number as usize % 300]
        } else {
            format!("member:{number}").into_bytes()
        }
    }

    fn score(rng: &mut Rng) -> f64 {
        const ODD: [f64; 6] = [f64::INFINITY, f64::NEG_INFINITY, -0.0, 0.0, f64::MIN_POSITIVE, -1e300];
        match rng.below(4) {
            0 => ODD[rng.below(6) as usize],
            1 => rng.below(5) as f64 - 2.0,
            2 => rng.below(1_000_000) as f64 / 1000.0,
            _ => f64::from(rng.next() as i32),
        }
    }

    #[test]
    fn behaves_like_a_sorted_vector() {
        let mut rng = Rng::from_env();
        for round in 0..4 {
            let mut ranking = Ranking::new(HashSeed::new(rng.next()).expect("memory"));
            let mut model: Vec<(f64, Vec<u8>)> = Vec::new();
            let order =
                |a: &(f64, Vec<u8>), b: &(f64, Vec<u8>)| a.0.partial_cmp(&b.0).unwrap().then_with(|| a.1.cmp(&b.1));
            for _ in 0..5000 {
                let (name, score) = (name(&mut rng), score(&mut rng));
                let at = model.iter().position(|(_, other)| *other == name);
                assert_eq!(ranking.rank(&name), at.map(|at| (at, model[at].0)));
                match (rng.below(10), at) {
                    (0..=7, None) => {
                        ranking.insert(&name, score).unwrap();
                        model.push((score, name));
                    }
                    (0..=5, Some(at)) => {
                        let (loc, old) = ranking.find(&name).unwrap();
                        // Often a step that leaves it where it is.
                        let score = if round % 2 == 0 { old + 0.001 } else { score };
                        ranking.set_score(loc, score).unwrap();
                        if score != old {
                            model[at].0 = score;
                        }
                    }
                    (9, _) if rng.below(20) == 0 => {
                        let start = rng.below(model.len() as u64 + 1) as usize;
                        let end = start + rng.below((model.len() - start) as u64 + 1) as usize;
                        ranking.remove_ranks(start..end);
                        model.drain(start..end);
                    }
                    _ => {
                        let score = at.map(|at| model.remove(at).0);
                        assert_eq!(ranking.remove(&name), score);
                    }
                }
                model.sort_by(order);
                assert_eq!(ranking.len(), model.len());
                let (low, high) =
                    (ranking.rank_of_score(score, Side::Before), ranking.rank_of_score(score, Side::After));
                assert_eq!(low, model.partition_point(|(other, _)| *other < score));
                assert_eq!(high, model.partition_point(|(other, _)| *other <= score));
            }
            let expected = || model.iter().map(|(score, name)| (name.as_slice(), *score));
            let copy = ranking.duplicate().unwrap();
            let memory = ranking.memory();
            drop(ranking);
            assert!(copy.forward(0).eq(expected()) && copy.backward(usize::MAX).eq(expected().rev()));
            assert!(copy.forward(7).eq(expected().skip(7)));
            assert!(copy.memory() <= memory + 4096, "{} {memory}", copy.memory());
            let (mut seen, mut cursor) = (Vec::new(), Some(0));
            while let Some(at) = cursor {
                cursor = copy.scan(at, |name, score| seen.push((score, name.to_vec())));
            }
            seen.sort_by(order);
            assert!(seen.iter().map(|(score, name)| (name.as_slice(), *score)).eq(expected()));
        }
    }

    #[test]
    fn a_member_of_20_bytes_takes_at_most_60() {
        let mut rng = Rng::from_env();
        let mut ranking = Ranking::new(HashSeed::new(1).expect("memory"));
        let count = 100_000;
        for number in 0..count {
            ranking.insert(format!("member:{number:013}").as_bytes(), rng.below(1_000_000_000) as f64).unwrap();
        }
        let each = ranking.memory() as f64 / count as f64;
        assert!(each < 59.0, "{each}");
        ranking.remove_ranks(0..usize::MAX);
        assert_eq!((ranking.len(), ranking.memory()), (0, 0));
    }
}
