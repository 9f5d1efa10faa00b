//! What a sorted set knows of a member or of a range: ZCARD ZSCORE ZMSCORE ZRANK ZREVRANK ZCOUNT ZLEXCOUNT.

use super::{bounds, value};
use crate::commands::{Args, CmdResult, CommandError, Ctx, Key};
use crate::types::WINDOW;
use crate::types::zset::View;

/// ZCARD key
pub fn zcard(ctx: &mut Ctx, args: &Args) -> CmdResult {
    count(ctx, args, |zset| zset.len())
}

/// ZCOUNT key min max
pub fn zcount(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let range = bounds::score_range(&args[2], &args[3])?;
    count(ctx, args, |zset| zset.score_ranks(&range).len())
}

/// ZLEXCOUNT key min max
pub fn zlexcount(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let range = bounds::lex_range(&args[2], &args[3])?;
    count(ctx, args, |zset| zset.lex_ranks(&range, false).len())
}

fn count(ctx: &mut Ctx, args: &Args, count: impl FnOnce(View) -> usize) -> CmdResult {
    let key = args.key(0);
    let Some(loc) = ctx.read(key) else {
        ctx.reply.integer(0);
        return Ok(());
    };
    let (zset, reply) = value::view(ctx, key, loc)?;
    reply.integer(count(zset) as i64);
    Ok(())
}

/// ZSCORE key member
pub fn zscore(ctx: &mut Ctx, args: &Args) -> CmdResult {
    match score(ctx, args.key(0), &args[2])? {
        Some(score) => ctx.reply.double(score),
        None => ctx.reply.null(),
    }
    Ok(())
}

/// The score of a member, if there is one.
///
/// # Errors
/// WRONGTYPE.
pub fn score(ctx: &mut Ctx, key: Key, member: &[u8]) -> Result<Option<f64>, CommandError> {
    let Some(loc) = ctx.read(key) else { return Ok(None) };
    Ok(value::view(ctx, key, loc)?.0.score(member))
}

/// ZMSCORE key member [member ...]
pub fn zmscore(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let key = args.key(0);
    let names = &args.argv()[2..];
    let Some(loc) = ctx.read(key) else {
        ctx.reply.array(names.len());
        names.iter().for_each(|_| ctx.reply.null());
        return Ok(());
    };
    let (zset, reply) = value::view(ctx, key, loc)?;
    reply.array(names.len());
    for window in names.chunks(WINDOW) {
        if names.len() > 1 {
            zset.fetch(window.iter().copied());
        }
        for name in window {
            match zset.score(name) {
                Some(score) => reply.double(score),
                None => reply.null(),
            }
        }
    }
    Ok(())
}

/// ZRANK key member [WITHSCORE]
pub fn zrank(ctx: &mut Ctx, args: &Args) -> CmdResult {
    rank(ctx, args, false)
}

/// ZREVRANK key member [WITHSCORE]
pub fn zrevrank(ctx: &mut Ctx, args: &Args) -> CmdResult {
    rank(ctx, args, true)
}

fn rank(ctx: &mut Ctx, args: &Args, is_reverse: bool) -> CmdResult {
    if args.len() > 4 {
        return Err(CommandError::wrong_arity(ctx.command.name));
    }
    let with_score = args.len() == 4;
    if with_score && !args.is(3, "withscore") {
        return Err(CommandError::SYNTAX);
    }
    let key = args.key(0);
    let found = match ctx.read(key) {
        Some(loc) => {
            let zset = value::view(ctx, key, loc)?.0;
            let last = zset.len().saturating_sub(1);
            zset.rank(&args[2]).map(|(rank, score)| (if is_reverse { last - rank } else { rank }, score))
        }
        None => None,
    };
    match found {
        None if with_score => ctx.reply.null_array(),
        None => ctx.reply.null(),
        Some((rank, score)) => {
            if with_score {
                ctx.reply.array(2);
            }
            ctx.reply.integer(rank as i64);
            if with_score {
                ctx.reply.double(score);
            }
        }
    }
    Ok(())
}
