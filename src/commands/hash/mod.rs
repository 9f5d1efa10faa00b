//! Hashes: fields with values under one key.
//!
//! | file | commands |
//! |---|---|
//! | `fields` | HSET HSETNX HMSET HGET HMGET HDEL HEXISTS HSTRLEN HLEN |
//! | `all` | HGETALL HKEYS HVALS HSCAN |
//! | `random` | HRANDFIELD |
//! | `counter` | HINCRBY HINCRBYFLOAT |
//! | `expire` | HEXPIRE HPEXPIRE HEXPIREAT HPEXPIREAT HTTL HPTTL HEXPIRETIME HPEXPIRETIME HPERSIST |
//! | `get_set` | HGETDEL HGETEX HSETEX |
//! | `options` | what the commands on deadlines are told |
//!
//! A field or a value that is the canonical text of an integer is packed as one ([`text`]). Which deadlines fields have and
//! how they expire is told in [`crate::types::hash`]; the commands here only say `due_ms` when they read, and close what
//! they [`open`] for changes, so that the database learns of the earliest deadline and an empty hash goes.

mod all;
mod counter;
mod expire;
mod fields;
mod get_set;
mod options;
mod random;

pub use all::{hgetall, hkeys, hscan, hvals};
pub use counter::{hincrby, hincrbyfloat};
pub use expire::{hexpire, hexpireat, hexpiretime, hpersist, hpexpire, hpexpireat, hpexpiretime, hpttl, httl};
pub use fields::{hdel, hexists, hget, hlen, hmget, hmset, hset, hsetnx, hstrlen};
pub(super) use fields::{set_pairs, with_field};
pub use get_set::{hgetdel, hgetex, hsetex};
pub use random::hrandfield;

use super::{Class, CommandError, Ctx, Key};
use crate::engine::Engine;
use crate::keyspace::{Kind, Loc, NewValue, StoredHash, StringRef, try_box};
use crate::resp::ReplyWriter;
use crate::resp::number::parse_i64;
use crate::types::Variant;
use crate::types::hash::{Editor, HashRef, Limits, Owned, Text};
use std::ffi::CStr;
use std::sync::atomic::Ordering::Relaxed;

/// A field or a value as the client sent it.
#[inline]
pub(super) fn text(bytes: &[u8]) -> Text<'_> {
    Text { bytes, int: parse_i64(bytes) }
}

/// When a hash stops being flat.
#[inline]
pub(super) fn limits(engine: &Engine) -> Limits {
    let hot = engine.settings.hot();
    Limits {
        entries: hot.hash_listpack_entries_max.load(Relaxed),
        value_bytes: hot.hash_listpack_value_max.load(Relaxed),
    }
}

/// Replies a field or a value.
#[inline]
fn reply_text(reply: &mut ReplyWriter, text: StringRef<'_>) {
    match text {
        StringRef::Str(bytes) => reply.bulk(bytes),
        StringRef::Int(int) => reply.bulk_integer(int),
    }
}

/// The hash at a key, to read, and the reply to write it to.
///
/// # Errors
/// WRONGTYPE.
#[inline]
fn read<'c>(ctx: &'c mut Ctx, key: Key, loc: Loc) -> Result<(HashRef<'c>, &'c mut ReplyWriter), CommandError> {
    let (value, reply) = ctx.typed_and_reply(key, loc, Kind::Hash)?;
    Ok((HashRef::of(value).ok_or(CommandError::WRONG_TYPE)?, reply))
}

/// Whether what was found at a key, if anything, is a hash.
///
/// # Errors
/// WRONGTYPE.
fn check_type(ctx: &mut Ctx, key: Key, found: Option<Loc>) -> Result<(), CommandError> {
    found.map_or(Ok(()), |loc| ctx.typed(key, loc, Kind::Hash).map(|_| ()))
}

/// Opens a stored hash for changes, and the reply to write about them.
///
/// # Errors
/// WRONGTYPE.
#[inline]
fn open<'c>(
    ctx: &'c mut Ctx,
    key: Key,
    loc: Loc,
) -> Result<(Editor<'c, StoredHash<'c>>, &'c mut ReplyWriter), CommandError> {
    ctx.typed(key, loc, Kind::Hash)?;
    let due_ms = ctx.due_ms(key);
    let engine = ctx.engine;
    let (db, reply) = ctx.db_and_reply(key);
    Ok((Editor::new(StoredHash { db, loc }, engine.keyspace.seed(), limits(engine), due_ms), reply))
}

/// A hash to be stored under a new key.
fn create(engine: &Engine) -> Editor<'_, Owned> {
    Editor::create(engine.keyspace.seed(), limits(engine))
}

/// Stores a new hash, which has fields; the caller calls [`Ctx::changed`].
///
/// # Errors
/// If memory is short.
fn store(ctx: &mut Ctx, key: Key, hash: Editor<'_, Owned>) -> Result<(), CommandError> {
    let loc = match hash.into_holder() {
        Owned::Flat(bytes) => ctx.create(key, NewValue::Flat(Kind::Hash, &bytes))?,
        Owned::Large(hash) => ctx.create_object(key, Kind::Hash, try_box(hash.into_object())?)?,
    };
    let db = ctx.db(key);
    db.note_field_deadlines(loc).inspect_err(|_| db.remove(loc))?;
    Ok(())
}

/// Ends changes to a hash that may have lost fields or deadlines: an empty one is removed, and of any other the
/// database learns the earliest deadline. True if the key is gone.
///
/// # Errors
/// If memory is short, unless room for a deadline was reserved.
fn close(ctx: &mut Ctx, key: Key, loc: Loc) -> Result<bool, CommandError> {
    let due_ms = ctx.due_ms(key);
    let db = ctx.db(key);
    let Some(hash) = HashRef::of(db.value(loc)) else { return Ok(false) };
    let is_gone = hash.is_spent(due_ms);
    if is_gone {
        db.remove(loc);
    } else {
        db.note_field_deadlines(loc)?;
    }
    Ok(is_gone)
}

/// The events of changed fields, and of the key if it went with them.
fn notify(ctx: &mut Ctx, event: &'static CStr, key: Key, is_gone: bool) {
    ctx.notify(Class::Hash, event, key);
    if is_gone {
        ctx.notify(Class::Generic, c"del", key);
    }
}
