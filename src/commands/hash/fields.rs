//! HSET, HGET and their relatives: fields by their names.
//!
//! HSET and HGET of one field of a small hash are one walk through its bytes, and allocate nothing.

use super::{close, create, open, read, reply_text, store, text};
use crate::commands::{Args, CmdResult, CommandError, Ctx};
use crate::keyspace::StringRef;
use crate::resp::number::IntegerText;
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
    let key = args.key(0);
    let pairs = args.argv().get(2..).unwrap_or_default().chunks_exact(2);
    let count = pairs.len();
    let mut new = 0;
    if let Some(loc) = ctx.write(key) {
        let (mut hash, _) = open(ctx, key, loc)?;
        for pair in pairs {
            new += usize::from(hash.set(text(pair[0]), text(pair[1]), Deadline::Drop)?);
        }
        let had_deadlines = hash.holder().db.inner_deadline_ms(loc).is_some();
        if had_deadlines {
            close(ctx, key, loc)?;
        }
    } else {
        let mut hash = create(ctx.engine);
        for pair in pairs {
            new += usize::from(hash.set(text(pair[0]), text(pair[1]), Deadline::Drop)?);
        }
        store(ctx, key, hash)?;
    }
    ctx.changed(key);
    ctx.count_changes(count as u64 - 1);
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
    ctx.reply.integer(1);
    Ok(())
}

/// HGET key field
pub fn hget(ctx: &mut Ctx, args: &Args) -> CmdResult {
    with_field(ctx, args, |item, reply| match item {
        Some(item) => reply_text(reply, item.value),
        None => reply.null(),
    })
}

/// HEXISTS key field
pub fn hexists(ctx: &mut Ctx, args: &Args) -> CmdResult {
    with_field(ctx, args, |item, reply| reply.integer(item.is_some().into()))
}

/// HSTRLEN key field
pub fn hstrlen(ctx: &mut Ctx, args: &Args) -> CmdResult {
    with_field(ctx, args, |item, reply| {
        let len = match item.map(|item| item.value) {
            Some(StringRef::Str(bytes)) => bytes.len(),
            Some(StringRef::Int(int)) => IntegerText::new().format(int).len(),
            None => 0,
        };
        reply.integer(len as i64);
    })
}

/// Replies about one field.
#[inline]
fn with_field(
    ctx: &mut Ctx,
    args: &Args,
    write: impl FnOnce(Option<Item<'_>>, &mut crate::resp::ReplyWriter),
) -> CmdResult {
    let key = args.key(0);
    let Some(loc) = ctx.read(key) else {
        write(None, ctx.reply);
        return Ok(());
    };
    let due_ms = ctx.due_ms(key);
    let seed = ctx.engine.keyspace.seed();
    let (hash, reply) = read(ctx, key, loc)?;
    write(hash.get(text(&args[2]), seed, due_ms), reply);
    Ok(())
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
    for field in fields {
        match hash.get(text(field), seed, due_ms) {
            Some(item) => reply_text(reply, item.value),
            None => reply.null(),
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
        for field in args.argv().iter().skip(2) {
            removed += u64::from(hash.remove(text(field)));
        }
        if removed > 0 {
            close(ctx, key, loc)?;
            ctx.changed(key);
            ctx.count_changes(removed - 1);
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
