//! HSET, HGET and their relatives: fields by their names.
//!
//! HSET and HGET of one field of a small hash are one walk through its bytes, and allocate nothing.

use super::{close, create, notify, open, read, reply_text, store, text};
use crate::commands::{Args, Class, CmdResult, CommandError, Ctx, Key};
use crate::keyspace::StringRef;
use crate::resp::ReplyWriter;
use crate::resp::number::IntegerText;
use crate::types::WINDOW;
use crate::types::hash::{Deadline, Item};

/// HSET key field value [field value ...]
pub fn hset(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let new = set_all(ctx, args)?;
    ctx.reply.integer(new as i64);
    Ok(())
}

/// HMSET key field value [field value ...]
pub fn hmset(ctx: &mut Ctx, args: &Args) -> CmdResult {
    set_all(ctx, args)?;
    ctx.reply.ok();
    Ok(())
}

/// Sets fields, whose deadlines are dropped; how many are new.
fn set_all(ctx: &mut Ctx, args: &Args) -> Result<usize, CommandError> {
    if !args.len().is_multiple_of(2) {
        return Err(CommandError::wrong_arity(ctx.command.name));
    }
    set_pairs(ctx, args.key(0), args.argv().get(2..).unwrap_or_default())
}

/// Sets fields, each followed by its value, whose deadlines are dropped; how many are new.
///
/// # Errors
/// WRONGTYPE, or if memory is short.
pub fn set_pairs(ctx: &mut Ctx, key: Key, pairs: &[&[u8]]) -> Result<usize, CommandError> {
    let count = pairs.len() / 2;
    let mut new = 0;
    if let Some(loc) = ctx.write(key) {
        let (mut hash, _) = open(ctx, key, loc)?;
        for window in pairs.chunks(2 * WINDOW) {
            if count > 1 {
                hash.fetch(window.iter().step_by(2).copied());
            }
            for pair in window.chunks_exact(2) {
                new += usize::from(hash.set(text(pair[0]), text(pair[1]), Deadline::Drop)?);
            }
        }
        let had_deadlines = hash.holder().db.inner_deadline_ms(loc).is_some();
        if had_deadlines {
            close(ctx, key, loc)?;
        }
    } else {
        let mut hash = create(ctx.engine);
        for pair in pairs.chunks_exact(2) {
            new += usize::from(hash.set(text(pair[0]), text(pair[1]), Deadline::Drop)?);
        }
        store(ctx, key, hash)?;
    }
    ctx.changed(key);
    ctx.count_changes(count as u64 - 1);
    ctx.notify(Class::Hash, c"hset", key);
    Ok(new)
}

/// HSETNX key field value
pub fn hsetnx(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let key = args.key(0);
    let (field, value) = (text(&args[2]), text(&args[3]));
    if let Some(loc) = ctx.write(key) {
        let due_ms = ctx.due_ms(key);
        let seed = ctx.engine.keyspace.seed();
        let (hash, reply) = read(ctx, key, loc)?;
        if hash.get(field, seed, due_ms).is_some() {
            reply.integer(0);
            return Ok(());
        }
        open(ctx, key, loc)?.0.set(field, value, Deadline::Drop)?;
        close(ctx, key, loc)?;
    } else {
        let mut hash = create(ctx.engine);
        hash.set(field, value, Deadline::Drop)?;
        store(ctx, key, hash)?;
    }
    ctx.changed(key);
    ctx.notify(Class::Hash, c"hset", key);
    ctx.reply.integer(1);
    Ok(())
}

/// HGET key field
pub fn hget(ctx: &mut Ctx, args: &Args) -> CmdResult {
    with_field(ctx, args.key(0), &args[2], |item, reply| match item {
        Some(item) => reply_text(reply, item.value),
        None => reply.null(),
    })
}

/// HEXISTS key field
pub fn hexists(ctx: &mut Ctx, args: &Args) -> CmdResult {
    with_field(ctx, args.key(0), &args[2], |item, reply| reply.integer(item.is_some().into()))
}

/// HSTRLEN key field
pub fn hstrlen(ctx: &mut Ctx, args: &Args) -> CmdResult {
    with_field(ctx, args.key(0), &args[2], |item, reply| {
        let len = match item.map(|item| item.value) {
            Some(StringRef::Str(bytes)) => bytes.len(),
            Some(StringRef::Int(int)) => IntegerText::new().format(int).len(),
            None => 0,
        };
        reply.integer(len as i64);
    })
}

/// Looks at one field, or at nothing, and may reply about it.
///
/// # Errors
/// WRONGTYPE.
#[inline]
pub fn with_field<R>(
    ctx: &mut Ctx,
    key: Key,
    field: &[u8],
    look: impl FnOnce(Option<Item<'_>>, &mut ReplyWriter) -> R,
) -> Result<R, CommandError> {
    let Some(loc) = ctx.read(key) else { return Ok(look(None, ctx.reply)) };
    let due_ms = ctx.due_ms(key);
    let seed = ctx.engine.keyspace.seed();
    let (hash, reply) = read(ctx, key, loc)?;
    Ok(look(hash.get(text(field), seed, due_ms), reply))
}

/// HMGET key field [field ...]
pub fn hmget(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let key = args.key(0);
    let fields = args.argv().get(2..).unwrap_or_default();
    let Some(loc) = ctx.read(key) else {
        ctx.reply.array(fields.len());
        fields.iter().for_each(|_| ctx.reply.null());
        return Ok(());
    };
    let due_ms = ctx.due_ms(key);
    let seed = ctx.engine.keyspace.seed();
    let (hash, reply) = read(ctx, key, loc)?;
    reply.array(fields.len());
    for window in fields.chunks(WINDOW) {
        if fields.len() > 1 {
            hash.fetch(window.iter().copied(), seed);
        }
        for field in window {
            match hash.get(text(field), seed, due_ms) {
                Some(item) => reply_text(reply, item.value),
                None => reply.null(),
            }
        }
    }
    Ok(())
}

/// HDEL key field [field ...]
pub fn hdel(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let key = args.key(0);
    let mut removed = 0;
    if let Some(loc) = ctx.write(key) {
        let (mut hash, _) = open(ctx, key, loc)?;
        let fields = args.argv().get(2..).unwrap_or_default();
        for window in fields.chunks(WINDOW) {
            if fields.len() > 1 {
                hash.fetch(window.iter().copied());
            }
            removed += window.iter().filter(|field| hash.remove(text(field))).count() as u64;
        }
        if removed > 0 {
            let is_gone = close(ctx, key, loc)?;
            ctx.changed(key);
            ctx.count_changes(removed - 1);
            notify(ctx, c"hdel", key, is_gone);
        }
    }
    ctx.reply.integer(removed as i64);
    Ok(())
}

/// HLEN key
pub fn hlen(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let key = args.key(0);
    let Some(loc) = ctx.read(key) else {
        ctx.reply.integer(0);
        return Ok(());
    };
    let due_ms = ctx.due_ms(key);
    let (hash, reply) = read(ctx, key, loc)?;
    reply.integer(hash.len(due_ms) as i64);
    Ok(())
}
