//! OwnedSet: a set that is being built: the result of an operation on sets, or what RESTORE reads.

use super::flat::{self, Added};
use super::{Member, Rules, Set, SetRef};
use crate::storage::{Bytes, GARBAGE_MIN, NoMemory, Object as _, try_box, try_copy};
use crate::types::{Object, Variant};

/// See the module's comment. `B` is where its flat encoding is put together.
#[derive(Debug)]
pub enum OwnedSet<B = Vec<u8>> {
    /// A flat encoding.
    Flat(B),
    /// An [`Object::Set`].
    Large(Box<Object>),
}

impl OwnedSet {
    /// A set without members.
    ///
    /// # Errors
    /// If memory is short.
    pub fn new() -> Result<Self, NoMemory> {
        Ok(Self::Flat(try_copy(flat::EMPTY)?))
    }
}

impl<B: Bytes> OwnedSet<B> {
    /// A set without members, in an empty buffer.
    ///
    /// # Errors
    /// If memory is short.
    pub fn new_in(mut buffer: B) -> Result<Self, NoMemory> {
        buffer.splice(0..0, flat::EMPTY.len())?.copy_from_slice(flat::EMPTY);
        Ok(Self::Flat(buffer))
    }

    #[inline]
    pub fn view(&self) -> SetRef<'_> {
        let view = match self {
            Self::Flat(flat) => SetRef::of_flat(flat.bytes()),
            Self::Large(object) => Set::from_object(object).map(SetRef::of_large),
        };
        view.expect("made as a set")
    }

    pub fn len(&self) -> usize {
        self.view().len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether dropping it returns so much memory that nobody should wait for it.
    pub fn is_slow_to_drop(&self) -> bool {
        matches!(self, Self::Large(object) if object.memory() >= GARBAGE_MIN)
    }

    /// Starts loading these members, a [`WINDOW`](crate::types::WINDOW) of them: they are about to be added or removed.
    #[inline]
    pub fn fetch(&self, members: &[Member]) {
        if let Self::Large(object) = self
            && let Some(set) = Set::from_object(object)
        {
            set.fetch(members);
        }
    }

    /// Adds a member; whether it is new.
    ///
    /// # Errors
    /// If memory is short; then nothing has changed.
    #[inline]
    pub fn add(&mut self, member: Member, rules: &Rules) -> Result<bool, NoMemory> {
        match self {
            Self::Flat(flat) => match flat::add(flat, member, rules)? {
                Added::New => Ok(true),
                Added::Known => Ok(false),
                Added::Outgrown => {
                    *self = Self::Large(outgrown(flat.bytes(), member, rules)?);
                    Ok(true)
                }
            },
            Self::Large(object) => match Set::from_object_mut(object) {
                Some(set) => set.add(member, rules),
                None => Ok(false),
            },
        }
    }

    /// Removes a member; whether it was there.
    ///
    /// # Errors
    /// If memory is short; then nothing has changed.
    pub fn remove(&mut self, member: Member) -> Result<bool, NoMemory> {
        match self {
            Self::Flat(flat) => flat::remove(flat, member),
            Self::Large(object) => Ok(Set::from_object_mut(object).is_some_and(|set| set.remove(member))),
        }
    }
}

/// What a small set becomes when it has outgrown its flat block with `member`.
///
/// # Errors
/// If memory is short.
pub fn outgrown(flat: &[u8], member: Member, rules: &Rules) -> Result<Box<Object>, NoMemory> {
    let mut set = Set::new(flat::encoding(flat), rules.seed);
    for member in SetRef::of_flat(flat).into_iter().flat_map(SetRef::iter) {
        set.insert(member)?;
    }
    set.add(member, rules)?;
    try_box(set.into_object())
}
