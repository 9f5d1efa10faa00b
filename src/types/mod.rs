//! The data types: pure structures that know no keys, clients or replies.
//!
//! While small, a value is a flat encoding: bytes inside its entry, edited in place by functions over
//! [`Bytes`](crate::storage::Bytes). Beyond the thresholds that Redis has for its listpacks and intsets it becomes an [`Object`], the
//! structure that is right for its size. A type's folder holds both, and the way from one to the other.

pub mod bits;
pub mod geo;
pub mod hash;
pub mod hyperloglog;
pub mod list;
pub mod set;
pub mod stream;
pub mod zset;

use crate::storage::{Garbage, HashSeed, Kind, NoMemory, Nothing, try_box};
use smallvec::SmallVec;

/// How many names of one command are looked up together: each misses the cache twice, and the processor waits for so many
/// lines at a time.
pub const WINDOW: usize = 16;
/// Structures of fewer bytes are likely to be in a cache, where looking ahead costs more than it saves.
const FETCHED_BYTES_MIN: usize = 256 * 1024;

/// A value too large for a flat encoding. What a look-up in it begins with is here, so that it costs one cache miss; what few
/// values have is elsewhere. A stream has more state than the others and is elsewhere as a whole.
#[derive(Debug)]
pub enum Object {
    List(list::List),
    Set(set::Set),
    Hash(hash::Hash),
    ZSet(zset::ZSet),
    Stream(Box<stream::Stream>),
}

const _: () = assert!(size_of::<Object>() <= 128, "two cache lines, and the allocator's class of that size");

impl crate::storage::Object for Object {
    fn memory(&self) -> usize {
        let own = crate::storage::size_class(size_of::<Self>());
        own + match self {
            Self::List(list) => list.memory(),
            Self::Set(set) => set.memory(),
            Self::Hash(hash) => hash.memory(),
            Self::ZSet(zset) => zset.memory(),
            Self::Stream(stream) => crate::storage::size_class(size_of_val(&**stream)) + stream.memory(),
        }
    }

    fn duplicate(&self) -> Result<Self, NoMemory> {
        Ok(match self {
            Self::List(list) => Self::List(list.duplicate()?),
            Self::Set(set) => Self::Set(set.duplicate()?),
            Self::Hash(hash) => Self::Hash(hash.duplicate()?),
            Self::ZSet(zset) => Self::ZSet(zset.duplicate()?),
            Self::Stream(stream) => Self::Stream(try_box(stream.duplicate()?)?),
        })
    }

    #[inline]
    fn has_garbage(&self) -> bool {
        match self {
            Self::Set(set) => set.has_garbage(),
            Self::Hash(hash) => hash.has_garbage(),
            Self::ZSet(zset) => zset.has_garbage(),
            Self::List(list) => list.has_garbage(),
            Self::Stream(stream) => stream.log.has_garbage(),
        }
    }

    fn take_garbage(&mut self) -> Vec<Garbage<Nothing>> {
        match self {
            Self::Set(set) => set.take_garbage(),
            Self::Hash(hash) => hash.take_garbage(),
            Self::ZSet(zset) => zset.take_garbage(),
            Self::List(list) => list.take_garbage(),
            Self::Stream(stream) => stream.log.take_garbage(),
        }
    }
}

impl Object {
    /// Starts loading members or fields: they are about to be looked up one by one.
    pub fn fetch<'n>(&self, names: impl Iterator<Item = &'n [u8]>, seed: &HashSeed) {
        let mut names = names;
        loop {
            let window: SmallVec<[&[u8]; WINDOW]> = names.by_ref().take(WINDOW).collect();
            if window.is_empty() {
                return;
            }
            let names = window.iter().copied();
            match self {
                Self::Set(set) => set.fetch(&names.map(set::Member::of).collect::<SmallVec<[_; WINDOW]>>()),
                Self::Hash(hash) => hash.fetch(names, seed),
                Self::ZSet(zset) => zset::View::Large(zset).fetch(names),
                Self::List(_) | Self::Stream(_) => {}
            }
        }
    }

    /// What OBJECT ENCODING says.
    pub fn encoding(&self) -> &'static str {
        match self {
            Self::List(_) => "quicklist",
            Self::Set(set) => set.encoding().name(),
            Self::Hash(_) => "hashtable",
            Self::ZSet(_) => "skiplist",
            Self::Stream(_) => "stream",
        }
    }
}

/// What OBJECT ENCODING says of a flat encoding.
pub fn flat_encoding(kind: Kind, bytes: &[u8]) -> &'static str {
    match kind {
        Kind::String => "raw",
        // Redis 7.0 has no other encoding for lists.
        Kind::List => "quicklist",
        Kind::Set => set::flat_encoding(bytes),
        Kind::Hash => hash::flat_encoding(bytes),
        Kind::ZSet => "listpack",
        Kind::Stream => "stream",
    }
}

/// A large value of one type.
pub trait Variant: Sized {
    fn from_object(object: &Object) -> Option<&Self>;
    fn from_object_mut(object: &mut Object) -> Option<&mut Self>;
    fn into_object(self) -> Object;

    /// The value as it is stored, in a block of its own.
    ///
    /// # Errors
    /// If memory is short.
    fn try_into_boxed(self) -> Result<Box<Object>, NoMemory> {
        try_box(self.into_object())
    }
}

macro_rules! variants {
    ($($variant:ident: $type:ty,)*) => {$(
        impl Variant for $type {
            #[inline]
            fn from_object(object: &Object) -> Option<&Self> {
                if let Object::$variant(value) = object { Some(value) } else { None }
            }

            #[inline]
            fn from_object_mut(object: &mut Object) -> Option<&mut Self> {
                if let Object::$variant(value) = object { Some(value) } else { None }
            }

            fn into_object(self) -> Object {
                Object::$variant(self)
            }
        }
    )*};
}

variants! {
    List: list::List,
    Set: set::Set,
    Hash: hash::Hash,
    ZSet: zset::ZSet,
}

impl Variant for stream::Stream {
    #[inline]
    fn from_object(object: &Object) -> Option<&Self> {
        if let Object::Stream(stream) = object { Some(stream) } else { None }
    }

    #[inline]
    fn from_object_mut(object: &mut Object) -> Option<&mut Self> {
        if let Object::Stream(stream) = object { Some(stream) } else { None }
    }

    fn into_object(self) -> Object {
        Object::Stream(Box::new(self))
    }

    fn try_into_boxed(self) -> Result<Box<Object>, NoMemory> {
        try_box(Object::Stream(try_box(self)?))
    }
}
