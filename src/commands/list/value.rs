//! Lists under keys: reading, pushing and popping for every command that works on lists, the blocking ones and SORT included.
//!
//! Here is decided whether a list is flat or large: it becomes large when the flat encoding does not allow more, and stays
//! so. The key goes with the last element. A function that changes something says so through [`Ctx::changed`], and
//! counts as many changes as Redis does.

use crate::commands::string::encode;
use crate::commands::{Class, CommandError, Ctx, Key};
use crate::keyspace::{FlatMut, Kind, Loc, NewValue, NoMemory, StringRef, try_box};
use crate::resp::ReplyWriter;
use crate::types::list::{Built, Fill, List, ListRef, Side, TEXT_MAX, encoded_len, flat};
use crate::types::{Object, Variant};
use std::sync::atomic::Ordering::Relaxed;

/// A client's bytes as an element.
#[inline]
pub fn element(bytes: &[u8]) -> StringRef<'_> {
    match encode(bytes) {
        NewValue::Int(int) => StringRef::Int(int),
        _ => StringRef::Str(bytes),
    }
}

/// Replies an element.
#[inline]
pub fn reply_element(reply: &mut ReplyWriter, element: StringRef<'_>) {
    match element {
        StringRef::Str(text) => reply.bulk(text),
        StringRef::Int(int) => reply.bulk_integer(int),
    }
}

/// What nodes may hold, and which are compressed.
#[inline]
pub fn fill(ctx: &Ctx) -> Fill {
    let hot = ctx.engine.settings.hot();
    Fill::from_settings(hot.list_max_listpack_size.load(Relaxed), hot.list_compress_depth.load(Relaxed))
}

/// The list at `loc`, and the reply to write it to.
///
/// # Errors
/// WRONGTYPE.
#[inline]
pub fn list_and_reply<'c>(
    ctx: &'c mut Ctx,
    key: Key,
    loc: Loc,
) -> Result<(ListRef<'c>, &'c mut ReplyWriter), CommandError> {
    let (value, reply) = ctx.typed_and_reply(key, loc, Kind::List)?;
    Ok((ListRef::of(value).ok_or(CommandError::WRONG_TYPE)?, reply))
}

/// The list at `loc`.
///
/// # Errors
/// WRONGTYPE.
#[inline]
pub fn list<'c>(ctx: &'c mut Ctx, key: Key, loc: Loc) -> Result<ListRef<'c>, CommandError> {
    list_and_reply(ctx, key, loc).map(|(list, _)| list)
}

/// The flat encoding at `loc`, to edit.
#[inline]
pub(super) fn flat_mut<'c>(ctx: &'c mut Ctx, key: Key, loc: Loc) -> Result<FlatMut<'c>, CommandError> {
    ctx.db(key).flat_mut(loc).ok_or(CommandError::WRONG_TYPE)
}

/// Puts a list of nodes in the place of a flat encoding.
pub(super) fn set_large(ctx: &mut Ctx, key: Key, loc: Loc, list: List) -> Result<(), NoMemory> {
    ctx.db(key).set_object(loc, Kind::List, list.try_into_boxed()?)
}

/// Calls `change` with the list of nodes at `loc`.
#[inline]
pub(super) fn with_large<R>(
    ctx: &mut Ctx,
    key: Key,
    loc: Loc,
    change: impl FnOnce(&mut List) -> R,
) -> Result<R, CommandError> {
    let mut object = ctx.db(key).object_mut(loc).ok_or(CommandError::WRONG_TYPE)?;
    List::from_object_mut(&mut object).map(change).ok_or(CommandError::WRONG_TYPE)
}

/// Refuses elements that are longer than a list can hold.
pub(super) fn check_lengths(elements: &[&[u8]]) -> Result<(), CommandError> {
    if elements.iter().any(|bytes| bytes.len() > TEXT_MAX) { Err(CommandError::TOO_LONG) } else { Ok(()) }
}

/// Pushes elements one after the other to the list at `found`, or to a new one. Returns its length.
///
/// # Errors
/// WRONGTYPE; memory is short, then nothing has changed.
pub fn push(
    ctx: &mut Ctx,
    key: Key,
    found: Option<Loc>,
    side: Side,
    elements: &[&[u8]],
) -> Result<usize, CommandError> {
    check_lengths(elements)?;
    let bytes: usize = elements.iter().map(|bytes| encoded_len(element(bytes))).sum();
    let fill = fill(ctx);
    let values = elements.iter().map(|bytes| element(bytes));
    let len = match found {
        None if elements.is_empty() => return Ok(0),
        None if flat::allows(fill, bytes, elements.len()) => {
            // Most new lists are short: clearing room for the longest would cost more than the rest.
            let (mut short, mut long);
            let room = if bytes < SHORT_BYTES {
                short = [0; SHORT_BYTES];
                &mut short[..]
            } else {
                long = [0; flat::BYTES_MAX];
                &mut long[..]
            };
            let flat = flat::build(room, side, values, elements.len(), bytes);
            ctx.create(key, NewValue::Flat(Kind::List, flat))?;
            elements.len()
        }
        None => {
            let mut list = List::new(fill)?;
            list.extend(side, values, fill)?;
            ctx.create_object(key, Kind::List, try_box(list.into_object())?)?;
            elements.len()
        }
        Some(loc) => match list(ctx, key, loc)? {
            ListRef::Flat(flat) => {
                let len = flat::count(flat) + elements.len();
                if flat::allows(fill, flat::run(flat).len() + bytes, len) {
                    flat::push(&mut flat_mut(ctx, key, loc)?, side, values, elements.len(), bytes)?;
                } else {
                    let mut list = List::of_run(flat::run(flat), flat::count(flat), fill)?;
                    list.extend(side, values, fill)?;
                    set_large(ctx, key, loc, list)?;
                }
                len
            }
            ListRef::Large(list) => {
                let len = list.len() + elements.len();
                with_large(ctx, key, loc, |list| list.extend(side, values, fill))??;
                len
            }
        },
    };
    if !elements.is_empty() {
        ctx.changed(key);
        ctx.notify(Class::List, if side == Side::Left { c"lpush" } else { c"rpush" }, key);
        ctx.count_changes(elements.len() as u64 - 1);
    }
    Ok(len)
}

/// Room for the flat encoding of a short list.
const SHORT_BYTES: usize = 128;

/// Pops the element at an end of the list at `loc`, after `take` has seen it with the reply at hand. The key goes
/// with the last element.
///
/// # Errors
/// WRONGTYPE; memory is short, then nothing has changed.
pub fn pop<R>(
    ctx: &mut Ctx,
    key: Key,
    loc: Loc,
    side: Side,
    take: impl FnOnce(StringRef<'_>, &mut ReplyWriter) -> R,
) -> Result<R, CommandError> {
    let (list, reply) = list_and_reply(ctx, key, loc)?;
    let taken = take(list.peek(side).ok_or(CommandError::WRONG_TYPE)?, reply);
    drop_ends(ctx, key, loc, side, 1)?;
    Ok(taken)
}

/// Drops the first or last `count` elements of the list at `loc`, and the key with the last one.
///
/// # Errors
/// WRONGTYPE; memory is short, then nothing has changed.
pub fn drop_ends(ctx: &mut Ctx, key: Key, loc: Loc, side: Side, count: usize) -> Result<(), CommandError> {
    let is_gone = cut(ctx, key, loc, side, count)?;
    ctx.changed(key);
    ctx.count_changes((count as u64).saturating_sub(1));
    notify_popped(ctx, key, side, is_gone);
    Ok(())
}

/// The events of elements that were popped, and of the key if it went with them.
pub(super) fn notify_popped(ctx: &mut Ctx, key: Key, side: Side, is_gone: bool) {
    ctx.notify(Class::List, if side == Side::Left { c"lpop" } else { c"rpop" }, key);
    if is_gone {
        ctx.notify(Class::Generic, c"del", key);
    }
}

/// [`drop_ends`], but nobody is told. True if the key went, too.
pub(super) fn cut(ctx: &mut Ctx, key: Key, loc: Loc, side: Side, count: usize) -> Result<bool, CommandError> {
    let list = list(ctx, key, loc)?;
    if count >= list.len() {
        ctx.db(key).remove(loc);
        return Ok(true);
    }
    match list {
        ListRef::Flat(_) => flat::cut(&mut flat_mut(ctx, key, loc)?, side, count)?,
        ListRef::Large(_) if count == 1 => with_large(ctx, key, loc, |list| list.drop_end(side))??,
        ListRef::Large(_) => {
            let removed = with_large(ctx, key, loc, |list| list.cut(side, count))??;
            if !removed.is_empty()
                && let Ok(removed) = removed.try_into_boxed()
            {
                ctx.db(key).bury_object(removed);
            }
        }
    }
    Ok(false)
}

/// Stores a list under a key in the place of what it may hold; as by SET, the deadline stays. The caller counts the change.
///
/// # Errors
/// If memory is short; then nothing has changed.
pub fn store(ctx: &mut Ctx, key: Key, found: Option<Loc>, built: Built) -> Result<Loc, NoMemory> {
    let object: Box<Object> = match (built, found) {
        (Built::Flat(flat), Some(loc)) => {
            ctx.db(key).set_value(loc, NewValue::Flat(Kind::List, &flat))?;
            return Ok(loc);
        }
        (Built::Flat(flat), None) => return ctx.create(key, NewValue::Flat(Kind::List, &flat)),
        (Built::Large(list), _) => list.try_into_boxed()?,
    };
    match found {
        Some(loc) => ctx.db(key).set_object(loc, Kind::List, object).map(|()| loc),
        None => ctx.create_object(key, Kind::List, object),
    }
}
