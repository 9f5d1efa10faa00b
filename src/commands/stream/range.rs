//! Entries by their ids: XRANGE XREVRANGE XLEN XDEL.

use super::{change, entries_removed, ids, reply_entries, view};
use crate::commands::{Args, CmdResult, CommandError, Ctx};
use crate::keyspace::NoMemory;
use crate::types::stream::Id;
use smallvec::SmallVec;

/// XRANGE key start end [COUNT count]
pub fn xrange(ctx: &mut Ctx, args: &Args) -> CmdResult {
    range(ctx, args, false)
}

/// XREVRANGE key end start [COUNT count]
pub fn xrevrange(ctx: &mut Ctx, args: &Args) -> CmdResult {
    range(ctx, args, true)
}

fn range(ctx: &mut Ctx, args: &Args, is_reverse: bool) -> CmdResult {
    let (start_at, end_at) = if is_reverse { (3, 2) } else { (2, 3) };
    let (start, end) = (ids::start(&args[start_at])?, ids::end(&args[end_at])?);
    let mut count = None;
    let mut at = 4;
    while at < args.len() {
        if !args.is(at, "count") || at + 1 == args.len() {
            return Err(CommandError::SYNTAX);
        }
        count = Some(u64::try_from(args.int(at + 1)?).unwrap_or(0));
        at += 2;
    }
    let key = args.key(0);
    let Some(loc) = ctx.read(key) else {
        ctx.reply.array(0);
        return Ok(());
    };
    let (stream, reply) = view(ctx, key, loc)?;
    match count {
        Some(0) => reply.null_array(),
        _ if is_reverse => reply_entries(reply, stream.log.range_rev(start, end), count.unwrap_or(0)),
        _ => reply_entries(reply, stream.log.range(start, end), count.unwrap_or(0)),
    }
    Ok(())
}

/// XLEN key
pub fn xlen(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let key = args.key(0);
    let len = match ctx.read(key) {
        Some(loc) => view(ctx, key, loc)?.0.log.len(),
        None => 0,
    };
    ctx.reply.integer(len as i64);
    Ok(())
}

/// XDEL key id [id ...]
pub fn xdel(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let key = args.key(0);
    let Some(loc) = ctx.write(key) else {
        ctx.reply.integer(0);
        return Ok(());
    };
    let deleted = change(ctx, key, loc, |stream, _| {
        let ids = id_list(args, 2)?;
        Ok(ids.iter().filter(|id| stream.log.delete(**id)).count())
    })?;
    entries_removed(ctx, key, deleted as u64, c"xdel");
    ctx.reply.integer(deleted as i64);
    Ok(())
}

/// The ids from argument `from` on, all of them valid.
pub(super) fn id_list(args: &Args, from: usize) -> Result<SmallVec<[Id; 8]>, CommandError> {
    let words = args.argv().get(from..).unwrap_or_default();
    let mut list = SmallVec::new();
    list.try_reserve_exact(words.len()).map_err(|_| NoMemory)?;
    for word in words {
        list.push(ids::strict(word, 0)?);
    }
    Ok(list)
}
