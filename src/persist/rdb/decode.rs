//! The bodies of lists, sets, hashes and sorted sets in all their encodings, one element at a time.
//!
//! Each function reads one body to its end and hands its elements to a closure that builds the value. An element is
//! borrowed for the time of the call. No aggregate is empty, which Redis does not load either. What the elements say
//! together (no member twice) is for the closure to check, since it has the means: adding to the value tells.

use super::stream_decode;
use super::{Corrupt, Element, LoadError, Reader, Text, intset, listpack, type_id, ziplist, zipmap};
use crate::storage::Kind;

/// The value that a type byte announces, if it is one of ours.
pub fn kind(type_id: u8) -> Option<Kind> {
    Some(match type_id {
        type_id::STRING => Kind::String,
        type_id::LIST | type_id::LIST_ZIPLIST | type_id::LIST_QUICKLIST | type_id::LIST_QUICKLIST_2 => Kind::List,
        type_id::SET | type_id::SET_INTSET | type_id::SET_LISTPACK => Kind::Set,
        type_id::ZSET | type_id::ZSET_2 | type_id::ZSET_ZIPLIST | type_id::ZSET_LISTPACK => Kind::ZSet,
        type_id::HASH | type_id::HASH_ZIPMAP | type_id::HASH_ZIPLIST | type_id::HASH_LISTPACK => Kind::Hash,
        type_id::HASH_METADATA | type_id::HASH_METADATA_PRE_GA => Kind::Hash,
        type_id::HASH_LISTPACK_EX | type_id::HASH_LISTPACK_EX_PRE_GA => Kind::Hash,
        _ if stream_decode::is_stream(type_id) => Kind::Stream,
        _ => return None,
    })
}

/// A single large element instead of a listpack, in a quicklist.
const NODE_PLAIN: u64 = 1;
const NODE_LISTPACK: u64 = 2;

/// Reads a list, first element first.
///
/// # Errors
/// If it is corrupt, memory is short, or `push` fails.
pub fn list(
    type_id: u8,
    reader: &mut Reader<'_>,
    mut push: impl FnMut(Element<'_>) -> Result<(), LoadError>,
) -> Result<(), LoadError> {
    let mut is_empty = true;
    let mut push = |element: Element<'_>| {
        is_empty = false;
        push(element)
    };
    match type_id {
        type_id::LIST => {
            for _ in 0..reader.count(1)? {
                push(reader.text()?.element())?;
            }
        }
        type_id::LIST_ZIPLIST => ziplist_items(&reader.text()?, &mut push)?,
        type_id::LIST_QUICKLIST => {
            for _ in 0..reader.count(1)? {
                ziplist_items(&reader.text()?, &mut push)?;
            }
        }
        type_id::LIST_QUICKLIST_2 => {
            for _ in 0..reader.count(2)? {
                match reader.length()? {
                    NODE_PLAIN => match reader.text()?.element() {
                        Element::Bytes(b"") => return Err(LoadError::Corrupt),
                        element => push(element)?,
                    },
                    NODE_LISTPACK => {
                        for element in listpack::Entries::new(reader.flat()?.blob()?)? {
                            push(element?)?;
                        }
                    }
                    _ => return Err(LoadError::Corrupt),
                }
            }
        }
        _ => return Err(LoadError::Corrupt),
    }
    unless_empty(is_empty)
}

fn ziplist_items(
    text: &Text<'_>,
    push: &mut impl FnMut(Element<'_>) -> Result<(), LoadError>,
) -> Result<(), LoadError> {
    for element in ziplist::Entries::new(text.blob()?)? {
        push(element?)?;
    }
    Ok(())
}

/// Reads a set.
///
/// # Errors
/// If it is corrupt, memory is short, or `add` fails.
pub fn set(
    type_id: u8,
    reader: &mut Reader<'_>,
    mut add: impl FnMut(Element<'_>) -> Result<(), LoadError>,
) -> Result<(), LoadError> {
    let mut is_empty = true;
    let mut add = |element: Element<'_>| {
        is_empty = false;
        add(element)
    };
    match type_id {
        type_id::SET => {
            for _ in 0..reader.count(1)? {
                add(reader.text()?.element())?;
            }
        }
        type_id::SET_INTSET => {
            for integer in intset::Integers::new(reader.flat()?.blob()?)? {
                add(Element::Int(integer?))?;
            }
        }
        type_id::SET_LISTPACK => {
            for element in listpack::Entries::new(reader.flat()?.blob()?)? {
                add(element?)?;
            }
        }
        _ => return Err(LoadError::Corrupt),
    }
    unless_empty(is_empty)
}

/// Reads a sorted set, in no particular order. No score is NaN.
///
/// # Errors
/// If it is corrupt, memory is short, or `add` fails.
pub fn zset(
    type_id: u8,
    reader: &mut Reader<'_>,
    mut add: impl FnMut(Element<'_>, f64) -> Result<(), LoadError>,
) -> Result<(), LoadError> {
    let mut is_empty = true;
    let mut add = |member: Element<'_>, score: f64| {
        is_empty = false;
        if score.is_nan() { Err(LoadError::Corrupt) } else { add(member, score) }
    };
    let mut add_pair = |[member, score]: [Element<'_>; 2]| add(member, score.score().ok_or(Corrupt)?);
    match type_id {
        type_id::ZSET_ZIPLIST => grouped(ziplist::Entries::new(reader.text()?.blob()?)?, &mut add_pair)?,
        type_id::ZSET_LISTPACK => grouped(listpack::Entries::new(reader.flat()?.blob()?)?, &mut add_pair)?,
        type_id::ZSET | type_id::ZSET_2 => {
            for _ in 0..reader.count(2)? {
                let member = reader.text()?;
                let score = if type_id == type_id::ZSET { reader.double_text()? } else { reader.double()? };
                add(member.element(), score)?;
            }
        }
        _ => return Err(LoadError::Corrupt),
    }
    unless_empty(is_empty)
}

/// The latest deadline that a field of a hash can have.
const FIELD_DEADLINE_MS_MAX: i64 = (1 << 48) - 2;

/// Reads a hash: field, value, and the field's deadline in milliseconds since the epoch if it has one.
///
/// # Errors
/// If it is corrupt, memory is short, or `add` fails.
pub fn hash(
    type_id: u8,
    reader: &mut Reader<'_>,
    mut add: impl FnMut(Element<'_>, Element<'_>, Option<i64>) -> Result<(), LoadError>,
) -> Result<(), LoadError> {
    let mut is_empty = true;
    let mut add = |field: Element<'_>, value: Element<'_>, deadline_ms: i64| match deadline_ms {
        0 => {
            is_empty = false;
            add(field, value, None)
        }
        1..=FIELD_DEADLINE_MS_MAX => {
            is_empty = false;
            add(field, value, Some(deadline_ms))
        }
        _ => Err(LoadError::Corrupt),
    };
    let mut add_pair = |[field, value]: [Element<'_>; 2]| add(field, value, 0);
    match type_id {
        type_id::HASH => {
            for _ in 0..reader.count(2)? {
                add_pair([reader.text()?.element(), reader.text()?.element()])?;
            }
        }
        type_id::HASH_ZIPMAP => {
            for pair in zipmap::Pairs::new(reader.text()?.blob()?)? {
                let (field, value) = pair?;
                add_pair([Element::Bytes(field), Element::Bytes(value)])?;
            }
        }
        type_id::HASH_ZIPLIST => grouped(ziplist::Entries::new(reader.text()?.blob()?)?, &mut add_pair)?,
        type_id::HASH_LISTPACK => grouped(listpack::Entries::new(reader.flat()?.blob()?)?, &mut add_pair)?,
        type_id::HASH_LISTPACK_EX | type_id::HASH_LISTPACK_EX_PRE_GA => {
            if type_id == type_id::HASH_LISTPACK_EX {
                // The earliest deadline, for who wants to know it without reading the rest.
                reader.time_ms()?;
            }
            grouped(listpack::Entries::new(reader.flat()?.blob()?)?, &mut |[field, value, deadline_ms]| {
                add(field, value, deadline_ms.int().ok_or(Corrupt)?)
            })?;
        }
        type_id::HASH_METADATA | type_id::HASH_METADATA_PRE_GA => {
            // Deadlines count from 1 before the earliest one, or from the epoch.
            let base_ms = if type_id == type_id::HASH_METADATA { reader.time_ms()?.checked_sub(1) } else { Some(0) };
            for _ in 0..reader.count(3)? {
                let deadline_ms = match i64::try_from(reader.length()?).map_err(|_| Corrupt)? {
                    0 => Some(0),
                    since_ms => base_ms.and_then(|base_ms| base_ms.checked_add(since_ms)).filter(|ms| *ms != 0),
                };
                let (field, value) = (reader.text()?, reader.text()?);
                add(field.element(), value.element(), deadline_ms.ok_or(Corrupt)?)?;
            }
        }
        _ => return Err(LoadError::Corrupt),
    }
    unless_empty(is_empty)
}

/// Hands over elements in groups of `N`; none may be left over.
fn grouped<'a, const N: usize>(
    mut elements: impl Iterator<Item = Result<Element<'a>, Corrupt>>,
    add: &mut impl FnMut([Element<'a>; N]) -> Result<(), LoadError>,
) -> Result<(), LoadError> {
    while let Some(first) = elements.next() {
        let mut group = [first?; N];
        for element in &mut group[1..] {
            *element = elements.next().ok_or(Corrupt)??;
        }
        add(group)?;
    }
    Ok(())
}

fn unless_empty(is_empty: bool) -> Result<(), LoadError> {
    if is_empty { Err(LoadError::Corrupt) } else { Ok(()) }
}
