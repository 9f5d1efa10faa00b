//! OBJECT: how a value is stored and when it was used.

use super::{Args, CmdResult, CommandError, Ctx, Key, help};
use crate::engine::access;
use crate::keyspace::{Db, Loc, StringRef, ValueRef};
use crate::types;
use std::sync::atomic::Ordering::Relaxed;

/// Redis shares the objects of the integers below this and counts no references to them.
const SHARED_INTEGERS: i64 = 10_000;
/// What Redis tells as the reference count of a shared object.
const SHARED_REFCOUNT: i64 = i32::MAX as i64;

const LFU_IS_SELECTED: CommandError = CommandError::fixed(
    "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when switching between policies \
     at runtime LRU and LFU data will take some time to adjust.",
);
const LFU_IS_NOT_SELECTED: CommandError = CommandError::fixed(
    "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching \
     between policies at runtime LRU and LFU data will take some time to adjust.",
);

/// OBJECT ENCODING key
pub fn encoding(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let key = args.key(0);
    match ctx.read_quietly(key) {
        None => ctx.reply.null(),
        Some(loc) => {
            let name = encoding_name(ctx.db(key), loc);
            ctx.reply.bulk(name.as_bytes());
        }
    }
    Ok(())
}

/// What OBJECT ENCODING says of a value.
pub(super) fn encoding_name(db: &Db, loc: Loc) -> &'static str {
    match db.value(loc) {
        ValueRef::String(_) => db.string_encoding(loc).name(),
        ValueRef::Flat(kind, bytes) => types::flat_encoding(kind, bytes),
        ValueRef::Object(_, object) => object.encoding(),
    }
}

/// OBJECT REFCOUNT key
pub fn refcount(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let key = args.key(0);
    let Some(loc) = ctx.read_quietly(key) else {
        ctx.reply.null();
        return Ok(());
    };
    let count = reference_count(ctx, key, loc);
    ctx.reply.integer(count);
    Ok(())
}

/// Values are not shared here; this is what it would be in Redis.
pub(super) fn reference_count(ctx: &mut Ctx, key: Key, loc: Loc) -> i64 {
    let hot = ctx.engine.settings.hot();
    let policy = hot.maxmemory_policy();
    // Shared objects could not remember when each of their keys was used.
    let shares = hot.maxmemory.load(Relaxed) == 0 || !(policy.is_lru() || policy.is_lfu());
    let db = ctx.db(key);
    let is_shared = match db.value(loc) {
        ValueRef::String(StringRef::Int(int)) => {
            shares && (0..SHARED_INTEGERS).contains(&int) && !db.is_copied_int(loc)
        }
        _ => false,
    };
    if is_shared { SHARED_REFCOUNT } else { 1 }
}

/// OBJECT IDLETIME key
pub fn idletime(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let key = args.key(0);
    let Some(loc) = ctx.read_quietly(key) else {
        ctx.reply.null();
        return Ok(());
    };
    if ctx.engine.settings.hot().policy_is_lfu() {
        return Err(LFU_IS_SELECTED);
    }
    let idle_s = access::idle_s(ctx.db(key).access(loc), ctx.engine.housekeeping.now_s());
    ctx.reply.integer(idle_s.into());
    Ok(())
}

/// OBJECT FREQ key
pub fn freq(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let key = args.key(0);
    let Some(loc) = ctx.read_quietly(key) else {
        ctx.reply.null();
        return Ok(());
    };
    let hot = ctx.engine.settings.hot();
    if !hot.policy_is_lfu() {
        return Err(LFU_IS_NOT_SELECTED);
    }
    let count = access::lfu_count(ctx.db(key).access(loc), ctx.engine.housekeeping.now_s(), hot.lfu_rules());
    ctx.reply.integer(count.into());
    Ok(())
}

/// OBJECT HELP
pub fn help(ctx: &mut Ctx, args: &Args) -> CmdResult {
    help::write(
        ctx,
        args,
        &[
            "ENCODING <key>",
            "    Return the kind of internal representation used in order to store the value",
            "    associated with a <key>.",
            "FREQ <key>",
            "    Return the access frequency index of the <key>. The returned integer is",
            "    proportional to the logarithm of the recent access frequency of the key.",
            "IDLETIME <key>",
            "    Return the idle time of the <key>, that is the approximated number of",
            "    seconds elapsed since the last access to the key.",
            "REFCOUNT <key>",
            "    Return the number of references of the value associated with the specified",
            "    <key>.",
        ],
    )
}
