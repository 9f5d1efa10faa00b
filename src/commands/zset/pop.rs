//! Members from either end: ZPOPMIN ZPOPMAX ZMPOP.

use super::value;
use crate::commands::{Args, Class, CmdResult, CommandError, Ctx, Key};
use crate::keyspace::Loc;
use crate::resp::number::parse_i64;
use crate::resp::{Protocol, ReplyWriter};

const NOT_POSITIVE: CommandError = CommandError::fixed("ERR value is out of range, must be positive");
const NO_KEYS: CommandError = CommandError::fixed("ERR numkeys should be greater than 0");
const NO_COUNT: CommandError = CommandError::fixed("ERR count should be greater than 0");

/// The end to pop from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Min,
    Max,
}

/// ZPOPMIN key [count]
pub fn zpopmin(ctx: &mut Ctx, args: &Args) -> CmdResult {
    pop_one_key(ctx, args, End::Min)
}

/// ZPOPMAX key [count]
pub fn zpopmax(ctx: &mut Ctx, args: &Args) -> CmdResult {
    pop_one_key(ctx, args, End::Max)
}

fn pop_one_key(ctx: &mut Ctx, args: &Args, end: End) -> CmdResult {
    if args.len() > 3 {
        return Err(CommandError::SYNTAX);
    }
    let count = match args.get(2) {
        Some(text) => {
            let count = parse_i64(text).and_then(|count| usize::try_from(count).ok());
            Some(count.ok_or(NOT_POSITIVE)?)
        }
        None => None,
    };
    let key = args.key(0);
    let wanted = count.unwrap_or(1);
    let Some(loc) = value::find(ctx, key)?.filter(|_| wanted > 0) else {
        ctx.reply.array(0);
        return Ok(());
    };
    // Pairs are nested in RESP3, but not for a single member that was not asked for by a count.
    let is_nested = count.is_some() && ctx.reply.protocol() == Protocol::Resp3;
    let members = wanted.min(value::len(ctx.db(key), loc));
    ctx.reply.array(if is_nested { members } else { members * 2 });
    pop(ctx, key, loc, end, wanted, |reply, name, score| {
        if is_nested {
            reply.array(2);
        }
        reply.bulk(name);
        reply.double(score);
    })?;
    Ok(())
}

/// ZMPOP numkeys key [key ...] MIN | MAX [COUNT count]
pub fn zmpop(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let (end, count) = parse_mpop(args, 1)?;
    for key in args.keys() {
        if let Some(loc) = value::find(ctx, key)? {
            return reply_popped(ctx, key, loc, end, count);
        }
    }
    ctx.reply.null_array();
    Ok(())
}

/// Reads `numkeys key [key ...] MIN | MAX [COUNT count]` from argument `at` on.
///
/// # Errors
/// Anything else.
pub fn parse_mpop(args: &Args, at: usize) -> Result<(End, usize), CommandError> {
    let positive = |index: usize| {
        let number = args.get(index).and_then(parse_i64).and_then(|number| usize::try_from(number).ok());
        number.filter(|number| *number > 0)
    };
    let keys = positive(at).ok_or(NO_KEYS)?;
    let end_at = keys.saturating_add(at + 1);
    let end = match () {
        () if args.is(end_at, "min") => End::Min,
        () if args.is(end_at, "max") => End::Max,
        () => return Err(CommandError::SYNTAX),
    };
    match args.len() - end_at {
        1 => Ok((end, 1)),
        len if len > 2 && args.is(end_at + 1, "count") => {
            let count = positive(end_at + 2).ok_or(NO_COUNT)?;
            if len == 3 { Ok((end, count)) } else { Err(CommandError::SYNTAX) }
        }
        _ => Err(CommandError::SYNTAX),
    }
}

/// Pops up to `count` members and replies as ZMPOP does: the key, and pairs of member and score.
///
/// # Errors
/// WRONGTYPE; memory is short, then nothing has changed.
pub fn reply_popped(ctx: &mut Ctx, key: Key, loc: Loc, end: End, count: usize) -> CmdResult {
    let members = count.min(value::len(ctx.db(key), loc));
    ctx.reply.array(2);
    ctx.reply.bulk(key.bytes);
    ctx.reply.array(members);
    pop(ctx, key, loc, end, count, |reply, name, score| {
        reply.array(2);
        reply.bulk(name);
        reply.double(score);
    })?;
    Ok(())
}

/// Pops up to `count` members from one end of the sorted set at `loc`, each of which goes to `popped` first; how many
/// there were. The key goes with the last one. Says so through [`Ctx::changed`].
///
/// # Errors
/// WRONGTYPE; memory is short, then nothing has changed.
pub fn pop(
    ctx: &mut Ctx,
    key: Key,
    loc: Loc,
    end: End,
    count: usize,
    mut popped: impl FnMut(&mut ReplyWriter, &[u8], f64),
) -> Result<usize, CommandError> {
    let (zset, reply) = value::view(ctx, key, loc)?;
    let len = zset.len();
    let count = count.min(len);
    let ranks = match end {
        End::Min => 0..count,
        End::Max => len - count..len,
    };
    zset.walk(ranks.clone(), end == End::Max, |name, score| popped(reply, name, score));
    if count > 0 {
        let is_gone = value::remove_ranks(ctx, key, loc, ranks)?;
        ctx.changed(key);
        ctx.count_changes(count as u64 - 1);
        ctx.notify(Class::ZSet, if end == End::Min { c"zpopmin" } else { c"zpopmax" }, key);
        if is_gone {
            ctx.notify(Class::Generic, c"del", key);
        }
    }
    Ok(count)
}
