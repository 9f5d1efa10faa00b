//! Save: a stored value into the encoding that Redis 7.0 would have it in.
//!
//! What OBJECT ENCODING says decides: a small hash becomes a listpack, however it is stored here. Only what Redis 7.0
//! cannot have, fields with deadlines, is written as Redis 7.4 writes it.

use super::stream;
use crate::keyspace::{Kind, NoMemory, StringRef, ValueRef};
use crate::persist::rdb::{Element, VERSION, VERSION_MAX, Writer, encode, seal, type_id};
use crate::types::Variant;
use crate::types::hash::HashRef;
use crate::types::list::{ListRef, Side};
use crate::types::set::{Encoding, Member, SetRef};
use crate::types::stream::Stream;
use crate::types::zset::View;
use std::ops::ControlFlow;

/// Writes a value as DUMP answers it: type, body, footer. Fields of a hash that are due by `due_ms` are left out.
///
/// # Errors
/// If memory is short.
pub fn save_payload(writer: &mut Writer, value: ValueRef<'_>, due_ms: i64) -> Result<(), NoMemory> {
    let saved = Saved::of(value);
    writer.byte(saved.type_id())?;
    saved.write_body(writer, due_ms)?;
    seal(writer, saved.version())
}

/// A value to be written.
#[derive(Clone, Copy)]
pub enum Saved<'a> {
    String(StringRef<'a>),
    List(ListRef<'a>),
    Set(SetRef<'a>),
    Hash(HashRef<'a>),
    ZSet(View<'a>),
    Stream(&'a Stream),
}

impl<'a> Saved<'a> {
    /// What a value is.
    pub fn of(value: ValueRef<'a>) -> Self {
        let saved = match value {
            ValueRef::String(string) => Some(Self::String(string)),
            ValueRef::Object(Kind::Stream, object) => Stream::from_object(object).map(Self::Stream),
            value => match value.kind() {
                Kind::List => ListRef::of(value).map(Self::List),
                Kind::Set => SetRef::of(value).map(Self::Set),
                Kind::Hash => HashRef::of(value).map(Self::Hash),
                Kind::ZSet => View::of(value).map(Self::ZSet),
                Kind::String | Kind::Stream => None,
            },
        };
        saved.expect("a value is of its kind")
    }

    /// The type byte of the body.
    pub fn type_id(self) -> u8 {
        match self {
            Self::String(_) => type_id::STRING,
            Self::List(_) => type_id::LIST_QUICKLIST_2,
            Self::Set(set) if set.encoding() == Encoding::Intset => type_id::SET_INTSET,
            Self::Set(_) => type_id::SET,
            Self::Hash(hash) if has_deadlines(hash) => type_id::HASH_METADATA,
            Self::Hash(hash) if hash.is_hashtable() => type_id::HASH,
            Self::Hash(_) => type_id::HASH_LISTPACK,
            Self::ZSet(View::Flat(_)) => type_id::ZSET_LISTPACK,
            Self::ZSet(View::Large(_)) => type_id::ZSET_2,
            Self::Stream(_) => type_id::STREAM_LISTPACKS_2,
        }
    }

    /// The version of RDB that has this type.
    fn version(self) -> u16 {
        match self {
            Self::Hash(hash) if has_deadlines(hash) => VERSION_MAX,
            _ => VERSION,
        }
    }

    /// Writes the body. Fields of a hash that are due by `due_ms` are left out.
    ///
    /// # Errors
    /// If memory is short.
    pub fn write_body(self, writer: &mut Writer, due_ms: i64) -> Result<(), NoMemory> {
        match self {
            Self::String(string) => writer.element(string.into()),
            Self::List(list) => write_list(writer, list),
            Self::Set(set) => write_set(writer, set),
            Self::Hash(hash) => write_hash(writer, hash, due_ms),
            Self::ZSet(zset) => write_zset(writer, zset),
            Self::Stream(stream) => stream::save(writer, stream),
        }
    }
}

fn write_list(writer: &mut Writer, list: ListRef<'_>) -> Result<(), NoMemory> {
    encode::list(writer, |visit| {
        let walked = list.walk(Side::Left, 0, |element| match visit(element.into()) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => ControlFlow::Break(error),
        })?;
        walked.break_value().map_or(Ok(()), Err)
    })
}

fn write_set(writer: &mut Writer, set: SetRef<'_>) -> Result<(), NoMemory> {
    if set.encoding() == Encoding::Intset {
        let integers = || {
            set.iter().filter_map(|member| match member {
                Member::Int(int) => Some(int),
                Member::Text(_) => None,
            })
        };
        return encode::intset(writer, set.len(), integers);
    }
    let element = |member| match member {
        Member::Int(int) => Element::Int(int),
        Member::Text(text) => Element::Bytes(text),
    };
    encode::set(writer, set.len(), set.iter().map(element))
}

fn has_deadlines(hash: HashRef<'_>) -> bool {
    hash.next_deadline_ms() != i64::MAX
}

fn write_hash(writer: &mut Writer, hash: HashRef<'_>, due_ms: i64) -> Result<(), NoMemory> {
    let pairs = hash.iter(due_ms).map(|item| (item.field.into(), item.value.into()));
    match hash {
        _ if has_deadlines(hash) => {
            let fields = hash.iter(due_ms).map(|item| (item.field.into(), item.value.into(), item.deadline_ms));
            let earliest_ms = hash.iter(due_ms).filter_map(|item| item.deadline_ms).min().unwrap_or_default();
            encode::hash_with_deadlines(writer, hash.len(due_ms), earliest_ms, fields)
        }
        _ if hash.is_hashtable() => encode::hash(writer, hash.len(due_ms), pairs),
        _ => encode::hash_listpack(writer, pairs),
    }
}

fn write_zset(writer: &mut Writer, zset: View<'_>) -> Result<(), NoMemory> {
    let element = |(name, score)| (Element::Bytes(name), score);
    match zset {
        View::Flat(_) => encode::zset_listpack(writer, zset.iter().map(element)),
        View::Large(large) => encode::zset(writer, zset.len(), large.backward(zset.len()).map(element)),
    }
}
