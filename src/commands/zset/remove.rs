//! Members that go: ZREM ZREMRANGEBYRANK ZREMRANGEBYSCORE ZREMRANGEBYLEX.

use super::{bounds, value};
use crate::commands::{Args, Class, CmdResult, Ctx, Key};
use crate::types::WINDOW;
use crate::types::zset::View;
use std::ffi::CStr;
use std::ops::Range;

/// ZREM key member [member ...]
pub fn zrem(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let key = args.key(0);
    let (mut removed, mut is_gone) = (0, false);
    if let Some(loc) = value::find(ctx, key)? {
        let db = ctx.db(key);
        let names = &args.argv()[2..];
        'all: for window in names.chunks(WINDOW) {
            if names.len() > 1 {
                value::fetch(db, loc, window.iter().copied());
            }
            for name in window {
                removed += u64::from(value::remove(db, loc, name));
                if value::len(db, loc) == 0 {
                    db.remove(loc);
                    is_gone = true;
                    break 'all;
                }
            }
        }
    }
    if removed > 0 {
        changed(ctx, key, removed, c"zrem", is_gone);
    }
    ctx.reply.integer(removed as i64);
    Ok(())
}

/// Notes that members were removed, and the key if it went with them.
fn changed(ctx: &mut Ctx, key: Key, removed: u64, event: &'static CStr, is_gone: bool) {
    ctx.changed(key);
    ctx.count_changes(removed - 1);
    ctx.notify(Class::ZSet, event, key);
    if is_gone {
        ctx.notify(Class::Generic, c"del", key);
    }
}

/// ZREMRANGEBYRANK key start stop
pub fn zremrangebyrank(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let (first, last) = (args.int(2)?, args.int(3)?);
    remove(ctx, args, c"zremrangebyrank", |zset| bounds::rank_range(first, last, zset.len()))
}

/// ZREMRANGEBYSCORE key min max
pub fn zremrangebyscore(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let range = bounds::score_range(&args[2], &args[3])?;
    remove(ctx, args, c"zremrangebyscore", |zset| zset.score_ranks(&range))
}

/// ZREMRANGEBYLEX key min max
pub fn zremrangebylex(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let range = bounds::lex_range(&args[2], &args[3])?;
    remove(ctx, args, c"zremrangebylex", |zset| zset.lex_ranks(&range, false))
}

fn remove(ctx: &mut Ctx, args: &Args, event: &'static CStr, ranks: impl FnOnce(View) -> Range<usize>) -> CmdResult {
    let key = args.key(0);
    let Some(loc) = value::find(ctx, key)? else {
        ctx.reply.integer(0);
        return Ok(());
    };
    let ranks = ranks(value::view(ctx, key, loc)?.0);
    let removed = ranks.len() as u64;
    if removed > 0 {
        let is_gone = value::remove_ranks(ctx, key, loc, ranks)?;
        changed(ctx, key, removed, event, is_gone);
    }
    ctx.reply.integer(removed as i64);
    Ok(())
}
