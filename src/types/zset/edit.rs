//! Changing a sorted set of either encoding, and the way from one to the other.

use super::{View, ZSet, flat};
use crate::storage::{Bytes, GARBAGE_MIN, HashSeed, NoMemory, Object as _, try_box};
use crate::types::{Object, Variant};

/// The most bytes of a flat encoding, whatever the settings allow; as in Redis.
const FLAT_BYTES_MAX: usize = 1 << 30;
/// How many members a set that is being built keeps flat, where every addition walks past all of them.
const BUILDING_ENTRIES_MAX: usize = 128;
const BUILDING_VALUE_MAX: usize = 64;

/// When a sorted set may be flat, and how the members of a large one are hashed.
#[derive(Clone, Copy)]
pub struct Rules<'e> {
    pub entries_max: usize,
    pub value_max: usize,
    /// Whether -0 becomes 0 in a flat encoding: Redis's listpacks do not know it, its skiplists do.
    pub drops_sign_of_zero: bool,
    pub seed: &'e HashSeed,
}

impl<'e> Rules<'e> {
    /// Those for a set that is being built.
    pub fn for_building(seed: &'e HashSeed) -> Self {
        Self { entries_max: BUILDING_ENTRIES_MAX, value_max: BUILDING_VALUE_MAX, drops_sign_of_zero: false, seed }
    }

    /// A score as a flat encoding stores it.
    #[inline]
    fn flat_score(&self, score: f64) -> f64 {
        if self.drops_sign_of_zero { score + 0.0 } else { score }
    }

    /// Whether a flat encoding of `bytes` may have this many members, the longest of them of `name_len`.
    #[inline]
    fn allows(&self, entries: usize, name_len: usize, bytes: usize) -> bool {
        entries <= self.entries_max && name_len <= self.value_max && bytes.saturating_add(name_len) <= FLAT_BYTES_MAX
    }
}

/// What has become of a member.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Change {
    /// It was not there, and is not now, or has the score that it had.
    None,
    Added,
    Updated,
}

/// What has become of a member of a flat encoding.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FlatChange {
    Done(Change),
    /// It would have been added with this score, but the set has to become large for that.
    Outgrown(f64),
}

/// Gives a member the score that `decide` makes of its present one (`None` if it is not there), unless that is `None`.
/// 0 and -0 are two scores here: the sum of -0 and 0 is 0.
///
/// # Errors
/// If memory is short; then nothing has changed.
#[inline]
pub fn update_flat(
    bytes: &mut impl Bytes,
    name: &[u8],
    rules: &Rules,
    decide: impl FnOnce(Option<f64>) -> Option<f64>,
) -> Result<FlatChange, NoMemory> {
    let old = flat::find(bytes.bytes(), name).map(|(_, item)| item.score);
    let change = match (old, decide(old)) {
        (Some(old), Some(new)) if old.to_bits() != new.to_bits() => {
            flat::set_score(bytes, name, rules.flat_score(new))?;
            Change::Updated
        }
        (None, Some(new)) => {
            if !rules.allows(flat::len(bytes.bytes()) + 1, name.len(), bytes.bytes().len()) {
                return Ok(FlatChange::Outgrown(new));
            }
            flat::insert(bytes, name, rules.flat_score(new))?;
            Change::Added
        }
        _ => Change::None,
    };
    Ok(FlatChange::Done(change))
}

/// [`update_flat`] for a large sorted set.
///
/// # Errors
/// If memory is short; then nothing has changed.
#[inline]
pub fn update_large(
    zset: &mut ZSet,
    name: &[u8],
    decide: impl FnOnce(Option<f64>) -> Option<f64>,
) -> Result<Change, NoMemory> {
    let found = zset.find(name);
    match (found, decide(found.map(|(_, score)| score))) {
        (Some((loc, old)), Some(new)) if old.to_bits() != new.to_bits() => {
            zset.set_score(loc, new).map(|()| Change::Updated)
        }
        (None, Some(new)) => zset.insert(name, new).map(|()| Change::Added),
        _ => Ok(Change::None),
    }
}

/// A large sorted set of members that are in order.
///
/// # Errors
/// If memory is short.
pub fn large<'n>(members: impl IntoIterator<Item = (&'n [u8], f64)>, seed: &HashSeed) -> Result<ZSet, NoMemory> {
    let mut zset = ZSet::new(seed.clone());
    for (name, score) in members {
        zset.insert(name, score)?;
    }
    Ok(zset)
}

/// A sorted set that is being built: the result of an operation, or what RESTORE reads.
#[derive(Debug)]
pub enum OwnedZSet {
    /// A flat encoding.
    Flat(Vec<u8>),
    /// An [`Object::ZSet`].
    Large(Box<Object>),
}

impl OwnedZSet {
    /// A sorted set without members.
    ///
    /// # Errors
    /// If memory is short.
    pub fn new() -> Result<Self, NoMemory> {
        let mut bytes = Vec::new();
        flat::build([], &mut bytes)?;
        Ok(Self::Flat(bytes))
    }

    pub fn view(&self) -> View<'_> {
        match self {
            Self::Flat(bytes) => View::Flat(bytes),
            Self::Large(object) => View::Large(ZSet::from_object(object).expect("made as a sorted set")),
        }
    }

    /// Whether dropping it returns so much memory that nobody should wait for it.
    pub fn is_slow_to_drop(&self) -> bool {
        matches!(self, Self::Large(object) if object.memory() >= GARBAGE_MIN)
    }

    /// [`update_flat`], and beyond.
    ///
    /// # Errors
    /// If memory is short.
    pub fn update(
        &mut self,
        name: &[u8],
        rules: &Rules,
        decide: impl FnOnce(Option<f64>) -> Option<f64>,
    ) -> Result<Change, NoMemory> {
        match self {
            Self::Flat(bytes) => match update_flat(bytes, name, rules, decide)? {
                FlatChange::Done(change) => Ok(change),
                FlatChange::Outgrown(score) => {
                    let mut zset = large(View::Flat(bytes).iter(), rules.seed)?;
                    zset.insert(name, score)?;
                    *self = Self::Large(try_box(zset.into_object())?);
                    Ok(Change::Added)
                }
            },
            Self::Large(object) => {
                let zset = ZSet::from_object_mut(object).expect("made as a sorted set");
                update_large(zset, name, decide)
            }
        }
    }

    /// Adds a member with its score; whether it is new. If it is not, nothing changes.
    ///
    /// # Errors
    /// If memory is short.
    pub fn add(&mut self, name: &[u8], score: f64, seed: &HashSeed) -> Result<bool, NoMemory> {
        Ok(self.update(name, &Rules::for_building(seed), |old| old.or(Some(score)))? == Change::Added)
    }

    /// The same set in the encoding that the rules demand, as it is to be stored.
    ///
    /// # Errors
    /// If memory is short.
    pub fn fit(self, rules: &Rules) -> Result<Self, NoMemory> {
        let view = self.view();
        let (mut longest, mut bytes) = (0, 0);
        let may_be_flat = view.len() <= rules.entries_max;
        if may_be_flat {
            for (name, _) in view.iter() {
                longest = name.len().max(longest);
                bytes += name.len();
            }
        }
        let is_flat = may_be_flat && rules.allows(view.len(), longest, bytes);
        let is_as_stored = |score: f64| score.to_bits() == rules.flat_score(score).to_bits();
        match (&self, is_flat) {
            (Self::Flat(_), true) if view.iter().all(|(_, score)| is_as_stored(score)) => Ok(self),
            (Self::Large(_), false) => Ok(self),
            (Self::Flat(_), false) => Ok(Self::Large(try_box(large(view.iter(), rules.seed)?.into_object())?)),
            (_, true) => {
                let mut bytes = Vec::new();
                flat::build(view.iter().map(|(name, score)| (name, rules.flat_score(score))), &mut bytes)?;
                Ok(Self::Flat(bytes))
            }
        }
    }
}
