//! Streams (<https://redis.io/docs/latest/develop/data-types/streams/>): the commands over
//! [`types::stream`](crate::types::stream).
//!
//! | file | commands |
//! |---|---|
//! | `add` | XADD XTRIM XSETID |
//! | `options` | the options of XADD and XTRIM |
//! | `range` | XRANGE XREVRANGE XLEN XDEL |
//! | `read` | XREAD XREADGROUP |
//! | `deliver` | giving entries to a client or to a consumer of a group |
//! | `pending` | XACK XPENDING |
//! | `claim` | XCLAIM XAUTOCLAIM |
//! | `xgroup`, `xinfo` | the commands of these names |
//! | `ids` | ids as clients write them |
//!
//! What only changes a consumer group counts as a change but does not end a transaction that watches the key, as in Redis.

mod add;
mod claim;
mod deliver;
mod ids;
mod options;
mod pending;
mod range;
mod read;
pub mod xgroup;
pub mod xinfo;

pub use add::{xadd, xsetid, xtrim};
pub use claim::{xautoclaim, xclaim};
pub use pending::{xack, xpending};
pub use range::{xdel, xlen, xrange, xrevrange};
pub(super) use read::keys_at;
pub use read::{xread, xreadgroup};

use super::error::shown;
use super::{Class, CommandError, Ctx, Key};
use crate::keyspace::Loc;
use crate::resp::ReplyWriter;
use crate::types::Variant;
use crate::types::stream::{Entry, Id, Stream, Value};
use std::ffi::CStr;

/// The stream at `loc`, and the reply to write it to.
///
/// # Errors
/// WRONGTYPE.
fn view<'c>(ctx: &'c mut Ctx<'_, '_>, key: Key, loc: Loc) -> Result<(&'c Stream, &'c mut ReplyWriter), CommandError> {
    let (db, reply) = ctx.db_and_reply(key);
    Ok((Stream::of(db.value(loc)).ok_or(CommandError::WRONG_TYPE)?, reply))
}

/// Changes the stream at `loc`.
///
/// # Errors
/// WRONGTYPE, and those of `change`.
fn change<T>(
    ctx: &mut Ctx,
    key: Key,
    loc: Loc,
    change: impl FnOnce(&mut Stream, &mut ReplyWriter) -> Result<T, CommandError>,
) -> Result<T, CommandError> {
    let (db, reply) = ctx.db_and_reply(key);
    let mut guard = db.object_mut(loc).ok_or(CommandError::WRONG_TYPE)?;
    change(Stream::from_object_mut(&mut guard).ok_or(CommandError::WRONG_TYPE)?, reply)
}

/// Drops what was taken out of a stream, where nobody waits if it is much and there is memory to note it.
fn bury(ctx: &mut Ctx, key: Key, removed: Stream) {
    if removed.memory() > 0
        && let Ok(object) = removed.try_into_boxed()
    {
        ctx.db(key).bury_object(object);
    }
}

/// Notes that entries of a stream were removed. Nobody waits for that.
fn entries_removed(ctx: &mut Ctx, key: Key, count: u64, event: &'static CStr) {
    if count > 0 {
        let db = ctx.session.db;
        ctx.count_changes(count);
        ctx.locks.shard(key.hash).watches().touch(db, key.bytes);
        ctx.notify(Class::Stream, event, key);
    }
}

/// An error that quotes a key and a group.
fn quoting_both(parts: [&str; 3], first: &[u8], second: &[u8]) -> CommandError {
    let [before, between, after] = parts.map(str::as_bytes);
    CommandError::joined(&[before, shown(first), between, shown(second), after])
}

/// What commands that need a group answer without it.
fn no_such_group(key: &[u8], group: &[u8]) -> CommandError {
    quoting_both(["NOGROUP No such key '", "' or consumer group '", "'"], key, group)
}

/// What XGROUP and XINFO answer without a group.
fn no_such_group_for_key(key: &[u8], group: &[u8]) -> CommandError {
    quoting_both(["NOGROUP No such consumer group '", "' for key name '", "'"], group, key)
}

/// Replies an id.
fn reply_id(reply: &mut ReplyWriter, id: Id) {
    // Two numbers of 20 digits and the dash.
    let mut text = [0; 41];
    let (mut ms, mut seq) = (itoa::Buffer::new(), itoa::Buffer::new());
    let parts = [ms.format(id.ms), "-", seq.format(id.seq)];
    let mut len = 0;
    for byte in parts.iter().flat_map(|part| part.bytes()) {
        if let Some(slot) = text.get_mut(len) {
            *slot = byte;
            len += 1;
        }
    }
    reply.bulk(text.get(..len).unwrap_or_default());
}

fn reply_value(reply: &mut ReplyWriter, value: Value<'_>) {
    match value {
        Value::Int(int) => reply.bulk_integer(int),
        Value::Text(text) => reply.bulk(text),
    }
}

/// Replies an entry: its id, and its fields and values.
fn reply_entry(reply: &mut ReplyWriter, entry: &Entry<'_>) {
    reply.array(2);
    reply_id(reply, entry.id);
    reply.array(2 * entry.pair_count());
    for (field, value) in entry.pairs() {
        reply_value(reply, field);
        reply_value(reply, value);
    }
}

/// Replies up to `count` of these entries, all with 0.
fn reply_entries<'a>(reply: &mut ReplyWriter, entries: impl Iterator<Item = Entry<'a>>, count: u64) {
    let mark = reply.begin();
    let mut written = 0;
    for entry in entries {
        reply_entry(reply, &entry);
        written += 1;
        if written as u64 == count {
            break;
        }
    }
    reply.end_array(mark, written);
}
