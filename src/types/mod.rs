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

use crate::storage::{Kind, NoMemory};

/// A value too large for a flat encoding.
#[derive(Debug)]
pub enum Object {
    List(list::List),
    Set(set::Set),
    Hash(hash::Hash),
    ZSet(zset::ZSet),
    Stream(stream::Stream),
}

impl crate::storage::Object for Object {
    fn memory(&self) -> usize {
        let own = crate::storage::size_class(size_of::<Self>());
        own + match self {
            Self::List(list) => list.memory(),
            Self::Set(set) => set.memory(),
            Self::Hash(hash) => hash.memory(),
            Self::ZSet(zset) => zset.memory(),
            Self::Stream(stream) => stream.memory(),
        }
    }

    fn duplicate(&self) -> Result<Self, NoMemory> {
        Ok(match self {
            Self::List(list) => Self::List(list.duplicate()?),
            Self::Set(set) => Self::Set(set.duplicate()?),
            Self::Hash(hash) => Self::Hash(hash.duplicate()?),
            Self::ZSet(zset) => Self::ZSet(zset.duplicate()?),
            Self::Stream(stream) => Self::Stream(stream.duplicate()?),
        })
    }
}

impl Object {
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
    Stream: stream::Stream,
}
