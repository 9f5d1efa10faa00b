//! LPUSH, RPUSH, LPUSHX, RPUSHX, LPOP, RPOP, LMPOP: the ends of a list.

use super::value::{drop_ends, list_and_reply, pop, push, reply_element};
use super::{at_least, side};
use crate::commands::{Args, CmdResult, CommandError, Ctx, Key};
use crate::keyspace::Loc;
use crate::types::list::Side;

/// LPUSH key element [element ...]
pub fn lpush(ctx: &mut Ctx, args: &Args) -> CmdResult {
    push_all(ctx, args, Side::Left)
}

/// RPUSH key element [element ...]
pub fn rpush(ctx: &mut Ctx, args: &Args) -> CmdResult {
    push_all(ctx, args, Side::Right)
}

#[inline]
fn push_all(ctx: &mut Ctx, args: &Args, side: Side) -> CmdResult {
    let key = args.key(0);
    let found = ctx.write(key);
    let len = push(ctx, key, found, side, &args.argv()[2..])?;
    ctx.reply.integer(len as i64);
    Ok(())
}

/// LPUSHX key element [element ...]
pub fn lpushx(ctx: &mut Ctx, args: &Args) -> CmdResult {
    push_if_present(ctx, args, Side::Left)
}

/// RPUSHX key element [element ...]
pub fn rpushx(ctx: &mut Ctx, args: &Args) -> CmdResult {
    push_if_present(ctx, args, Side::Right)
}

fn push_if_present(ctx: &mut Ctx, args: &Args, side: Side) -> CmdResult {
    let key = args.key(0);
    let len = match ctx.write(key) {
        Some(loc) => push(ctx, key, Some(loc), side, &args.argv()[2..])?,
        None => 0,
    };
    ctx.reply.integer(len as i64);
    Ok(())
}

/// LPOP key [count]
pub fn lpop(ctx: &mut Ctx, args: &Args) -> CmdResult {
    pop_some(ctx, args, Side::Left)
}

/// RPOP key [count]
pub fn rpop(ctx: &mut Ctx, args: &Args) -> CmdResult {
    pop_some(ctx, args, Side::Right)
}

#[inline]
fn pop_some(ctx: &mut Ctx, args: &Args, side: Side) -> CmdResult {
    if args.len() > 3 {
        return Err(CommandError::wrong_arity(ctx.command.name));
    }
    let key = args.key(0);
    let Some(count) = args.get(2) else {
        return match ctx.write(key) {
            Some(loc) => pop(ctx, key, loc, side, |element, reply| reply_element(reply, element)),
            None => {
                ctx.reply.null();
                Ok(())
            }
        };
    };
    let count = at_least(0, count, NOT_POSITIVE)?;
    match ctx.write(key) {
        Some(loc) => pop_many(ctx, key, loc, side, count),
        None => {
            ctx.reply.null_array();
            Ok(())
        }
    }
}

const NOT_POSITIVE: CommandError = CommandError::fixed("ERR value is out of range, must be positive");

/// Pops up to `count` elements from an end of the list at `loc`, and replies them as an array in the order in which single
/// pops would have found them.
///
/// # Errors
/// WRONGTYPE; memory is short, then nothing has changed.
pub fn pop_many(ctx: &mut Ctx, key: Key, loc: Loc, side: Side, count: usize) -> CmdResult {
    let (list, reply) = list_and_reply(ctx, key, loc)?;
    let count = count.min(list.len());
    reply.array(count);
    list.for_some(side, 0, count, |element| reply_element(reply, element))?;
    if count > 0 {
        drop_ends(ctx, key, loc, side, count)?;
    }
    Ok(())
}

/// LMPOP numkeys key [key ...] LEFT | RIGHT [COUNT count]
pub fn lmpop(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let (side, count) = mpop_options(args, 1)?;
    for key in args.keys() {
        if let Some(loc) = ctx.write(key) {
            return pop_from_first(ctx, key, loc, side, count);
        }
    }
    ctx.reply.null_array();
    Ok(())
}

/// Pops up to `count` elements of the list at `loc` and replies its key and them, as LMPOP and BLMPOP do.
///
/// # Errors
/// WRONGTYPE; memory is short, then nothing has changed.
pub fn pop_from_first(ctx: &mut Ctx, key: Key, loc: Loc, side: Side, count: usize) -> CmdResult {
    ctx.reply.array(2);
    ctx.reply.bulk(key.bytes);
    pop_many(ctx, key, loc, side, count)
}

/// Reads `numkeys key [key ...] LEFT | RIGHT [COUNT count]` from argument `at` on, the options of LMPOP and BLMPOP.
///
/// # Errors
/// In Redis's order: numkeys, then a side that is not there or not one, then the count.
pub fn mpop_options(args: &Args, at: usize) -> Result<(Side, usize), CommandError> {
    let keys = at_least(1, &args[at], CommandError::fixed("ERR numkeys should be greater than 0"))?;
    let side_at = keys.checked_add(at + 1).filter(|index| *index < args.len()).ok_or(CommandError::SYNTAX)?;
    let side = side(&args[side_at])?;
    let mut count = None;
    let mut index = side_at + 1;
    while index < args.len() {
        if count.is_some() || !args.is(index, "COUNT") || index + 1 == args.len() {
            return Err(CommandError::SYNTAX);
        }
        count = Some(at_least(1, &args[index + 1], CommandError::fixed("ERR count should be greater than 0"))?);
        index += 2;
    }
    Ok((side, count.unwrap_or(1)))
}
