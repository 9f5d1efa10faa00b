//! Load: a body of any encoding into a value that belongs to no key yet.
//!
//! Values are built as commands would build them, element by element under the thresholds of redis.conf, so what comes out
//! has the encoding that OBJECT ENCODING tells of such a value. An element that is there already means that the payload
//! is corrupt.

use super::stream;
use crate::keyspace::{HashSeed, Kind};
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
/// If it is corrupt or memory is short.
pub fn load_payload<'a>(reader: &mut Reader<'a>, rules: &Rules) -> Result<Loaded<'a>, LoadError> {
    let type_id = reader.byte()?;
    load(type_id, reader, rules)
}

/// Reads the body of a value of this type.
///
/// # Errors
/// If it is corrupt or memory is short.
pub fn load<'a>(type_id: u8, reader: &mut Reader<'a>, rules: &Rules) -> Result<Loaded<'a>, LoadError> {
    match decode::kind(type_id).ok_or(Corrupt)? {
        Kind::String => reader.text().map(Loaded::String),
        Kind::List => load_list(type_id, reader, rules),
        Kind::Set => load_set(type_id, reader, rules),
        Kind::Hash => load_hash(type_id, reader, rules),
        Kind::ZSet => load_zset(type_id, reader, rules),
        Kind::Stream => {
            let stream = stream::load(type_id, reader)?;
            Ok(Loaded::Object(Kind::Stream, Box::new(stream.into_object())))
        }
    }
}

fn load_list(type_id: u8, reader: &mut Reader<'_>, rules: &Rules) -> Result<Loaded<'static>, LoadError> {
    let mut builder = list::Builder::new(rules.list);
    decode::list(type_id, reader, |element| Ok(builder.push(list::Side::Right, element.canonical())?))?;
    Ok(match builder.finish().ok_or(Corrupt)? {
        list::Built::Flat(bytes) => Loaded::Flat(Kind::List, bytes),
        list::Built::Large(list) => Loaded::Object(Kind::List, Box::new(list.into_object())),
    })
}

fn load_set(type_id: u8, reader: &mut Reader<'_>, rules: &Rules) -> Result<Loaded<'static>, LoadError> {
    let mut set = set::OwnedSet::new();
    decode::set(type_id, reader, |element| {
        let member = match element {
            Element::Int(int) => set::Member::Int(int),
            Element::Bytes(text) => set::Member::of(text),
        };
        is_new(set.add(member, &rules.set)?)
    })?;
    Ok(match set {
        set::OwnedSet::Flat(bytes) => Loaded::Flat(Kind::Set, bytes),
        set::OwnedSet::Large(object) => Loaded::Object(Kind::Set, object),
    })
}

fn load_hash(type_id: u8, reader: &mut Reader<'_>, rules: &Rules) -> Result<Loaded<'static>, LoadError> {
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
    decode::hash(type_id, reader, |field, value, deadline_ms| {
        let field = hash::Text { bytes: field.text(&mut field_digits), int: field.int() };
        let value = hash::Text { bytes: value.text(&mut value_digits), int: value.int() };
        is_new(editor.set(field, value, hash::Deadline::Drop)?)?;
        if deadline_ms.is_some() {
            editor.set_deadline(field, deadline_ms)?;
        }
        Ok(())
    })?;
    Ok(match editor.into_holder() {
        hash::Owned::Flat(bytes) => Loaded::Flat(Kind::Hash, bytes.into_vec()),
        hash::Owned::Large(hash) => Loaded::Object(Kind::Hash, Box::new(hash.into_object())),
    })
}

fn load_zset(type_id: u8, reader: &mut Reader<'_>, rules: &Rules) -> Result<Loaded<'static>, LoadError> {
    let mut zset = zset::OwnedZSet::new()?;
    let mut digits = IntegerText::new();
    decode::zset(type_id, reader, |member, score| is_new(zset.add(member.text(&mut digits), score, rules.seed)?))?;
    let rules = match type_id {
        type_id::ZSET_ZIPLIST | type_id::ZSET_LISTPACK => zset::Rules { value_max: usize::MAX, ..rules.zset },
        _ => rules.zset,
    };
    Ok(match zset.fit(&rules)? {
        zset::OwnedZSet::Flat(bytes) => Loaded::Flat(Kind::ZSet, bytes),
        zset::OwnedZSet::Large(object) => Loaded::Object(Kind::ZSet, object),
    })
}

fn is_new(is_new: bool) -> Result<(), LoadError> {
    if is_new { Ok(()) } else { Err(LoadError::Corrupt) }
}
