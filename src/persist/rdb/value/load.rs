//! Load: a body of any encoding into a value that belongs to no key yet.
//!
//! Values are built as commands would build them, element by element under the thresholds of redis.conf, so what comes out
//! has the encoding that OBJECT ENCODING tells of such a value. An element that is there already means that the payload
//! is corrupt.

use super::stream;
use crate::keyspace::{HashSeed, Kind, try_copy};
use crate::persist::rdb::{Corrupt, Element, LoadError, Reader, Text, decode, type_id};
use crate::resp::number::IntegerText;
use crate::types::{Object, Variant, hash, list, set, zset};

/// The thresholds of redis.conf, and what else building values takes.
#[derive(Clone, Copy)]
pub struct Rules<'a> {
    pub list: list::Fill,
    pub set: set::Rules<'a>,
    pub hash: hash::Limits,
    pub zset: zset::Rules<'a>,
    pub seed: &'a HashSeed,
}

/// A value from a payload.
#[derive(Debug)]
pub enum Loaded<'a> {
    String(Text<'a>),
    Flat(Kind, Vec<u8>),
    Object(Kind, Box<Object>),
}

/// Reads a value from a payload without its footer. As in Redis, what follows the value is ignored.
///
/// # Errors
/// If it is corrupt or memory is short. What was built until then is in `abandoned` if it takes long to drop.
pub fn load_payload<'a>(
    reader: &mut Reader<'a>,
    rules: &Rules,
    abandoned: &mut Option<Box<Object>>,
) -> Result<Loaded<'a>, LoadError> {
    let type_id = reader.byte()?;
    load(type_id, reader, rules, abandoned)
}

/// Reads the body of a value of this type.
///
/// # Errors
/// As [`load_payload`].
pub fn load<'a>(
    type_id: u8,
    reader: &mut Reader<'a>,
    rules: &Rules,
    abandoned: &mut Option<Box<Object>>,
) -> Result<Loaded<'a>, LoadError> {
    let (read, built) = match decode::kind(type_id).ok_or(Corrupt)? {
        Kind::String => return reader.text().map(Loaded::String),
        Kind::List => load_list(type_id, reader, rules)?,
        Kind::Set => load_set(type_id, reader, rules)?,
        Kind::Hash => load_hash(type_id, reader, rules)?,
        Kind::ZSet => load_zset(type_id, reader, rules)?,
        Kind::Stream => {
            let (read, stream) = stream::load(type_id, reader);
            (read, Some(Loaded::Object(Kind::Stream, stream.try_into_boxed()?)))
        }
    };
    match (read, built) {
        (Ok(()), built) => built.ok_or(LoadError::Corrupt),
        (Err(error), Some(Loaded::Object(_, object))) => {
            *abandoned = Some(object);
            Err(error)
        }
        (Err(error), _) => Err(error),
    }
}

/// How reading went, and what there is then, also if it failed.
type Built = (Result<(), LoadError>, Option<Loaded<'static>>);

fn load_list(type_id: u8, reader: &mut Reader<'_>, rules: &Rules) -> Result<Built, LoadError> {
    let mut builder = list::Builder::new(rules.list)?;
    let read = decode::list(type_id, reader, |element| Ok(builder.push(list::Side::Right, element.canonical())?));
    let built = match builder.finish() {
        Some(list::Built::Flat(bytes)) => Some(Loaded::Flat(Kind::List, bytes)),
        Some(list::Built::Large(list)) => Some(Loaded::Object(Kind::List, list.try_into_boxed()?)),
        None => None,
    };
    Ok((read, built))
}

fn load_set(type_id: u8, reader: &mut Reader<'_>, rules: &Rules) -> Result<Built, LoadError> {
    let mut set = set::OwnedSet::new()?;
    let read = decode::set(type_id, reader, |element| {
        let member = match element {
            Element::Int(int) => set::Member::Int(int),
            Element::Bytes(text) => set::Member::of(text),
        };
        is_new(set.add(member, &rules.set)?)
    });
    let built = match set {
        set::OwnedSet::Flat(bytes) => Loaded::Flat(Kind::Set, bytes),
        set::OwnedSet::Large(object) => Loaded::Object(Kind::Set, object),
    };
    Ok((read, Some(built)))
}

fn load_hash(type_id: u8, reader: &mut Reader<'_>, rules: &Rules) -> Result<Built, LoadError> {
    let limits = match type_id {
        // As in Redis, which does not look how long the elements of a listpack are.
        type_id::HASH_ZIPLIST
        | type_id::HASH_LISTPACK
        | type_id::HASH_LISTPACK_EX
        | type_id::HASH_LISTPACK_EX_PRE_GA => hash::Limits { value_bytes: usize::MAX, ..rules.hash },
        _ => rules.hash,
    };
    let mut editor = hash::Editor::create(rules.seed, limits);
    let (mut field_digits, mut value_digits) = (IntegerText::new(), IntegerText::new());
    let read = decode::hash(type_id, reader, |field, value, deadline_ms| {
        let field = hash::Text { bytes: field.text(&mut field_digits), int: field.int() };
        let value = hash::Text { bytes: value.text(&mut value_digits), int: value.int() };
        is_new(editor.set(field, value, hash::Deadline::Drop)?)?;
        if deadline_ms.is_some() {
            editor.set_deadline(field, deadline_ms)?;
        }
        Ok(())
    });
    let built = match editor.into_holder() {
        hash::Owned::Flat(bytes) if bytes.spilled() => Loaded::Flat(Kind::Hash, bytes.into_vec()),
        hash::Owned::Flat(bytes) => Loaded::Flat(Kind::Hash, try_copy(&bytes)?),
        hash::Owned::Large(hash) => Loaded::Object(Kind::Hash, hash.try_into_boxed()?),
    };
    Ok((read, Some(built)))
}

fn load_zset(type_id: u8, reader: &mut Reader<'_>, rules: &Rules) -> Result<Built, LoadError> {
    let mut zset = zset::OwnedZSet::new()?;
    let mut digits = IntegerText::new();
    let read =
        decode::zset(type_id, reader, |member, score| is_new(zset.add(member.text(&mut digits), score, rules.seed)?));
    let rules = match type_id {
        type_id::ZSET_ZIPLIST | type_id::ZSET_LISTPACK => zset::Rules { value_max: usize::MAX, ..rules.zset },
        _ => rules.zset,
    };
    let built = match if read.is_ok() { zset.fit(&rules)? } else { zset } {
        zset::OwnedZSet::Flat(bytes) => Loaded::Flat(Kind::ZSet, bytes),
        zset::OwnedZSet::Large(object) => Loaded::Object(Kind::ZSet, object),
    };
    Ok((read, Some(built)))
}

fn is_new(is_new: bool) -> Result<(), LoadError> {
    if is_new { Ok(()) } else { Err(LoadError::Corrupt) }
}
