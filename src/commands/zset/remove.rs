//! Members that go: ZREM ZREMRANGEBYRANK ZREMRANGEBYSCORE ZREMRANGEBYLEX.

use super::{bounds, value};
use crate::commands::{Args, CmdResult, Ctx};
use crate::types::zset::View;
use std::ops::Range;

/// ZREM key member [member ...]
pub fn zrem(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let key = args.key(0);
    let mut removed = 0;
    if let Some(loc) = value::find(ctx, key)? {
        let db = ctx.db(key);
        for name in &args.argv()[2..] {
            removed += u64::from(value::remove(db, loc, name));
            if value::len(db, loc) == 0 {
                db.remove(loc);
                break;
            }
        }
    }
    if removed > 0 {
        ctx.changed(key);
        ctx.count_changes(removed - 1);
    }
    ctx.reply.integer(removed as i64);
    Ok(())
}

/// ZREMRANGEBYRANK key start stop
pub fn zremrangebyrank(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let (first, last) = (args.int(2)?, args.int(3)?);
    remove(ctx, args, |zset| bounds::rank_range(first, last, zset.len()))
}

/// ZREMRANGEBYSCORE key min max
pub fn zremrangebyscore(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let range = bounds::score_range(&args[2], &args[3])?;
    remove(ctx, args, |zset| zset.score_ranks(&range))
}

/// ZREMRANGEBYLEX key min max
pub fn zremrangebylex(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let range = bounds::lex_range(&args[2], &args[3])?;
    remove(ctx, args, |zset| zset.lex_ranks(&range, false))
}

fn remove(ctx: &mut Ctx, args: &Args, ranks: impl FnOnce(View) -> Range<usize>) -> CmdResult {
    let key = args.key(0);
    let Some(loc) = value::find(ctx, key)? else {
        ctx.reply.integer(0);
        return Ok(());
    };
    let ranks = ranks(value::view(ctx, key, loc)?.0);
    let removed = ranks.len() as u64;
    if removed > 0 {
        value::remove_ranks(ctx, key, loc, ranks)?;
        ctx.changed(key);
        ctx.count_changes(removed - 1);
    }
    ctx.reply.integer(removed as i64);
    Ok(())
}
