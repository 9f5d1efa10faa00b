//! MGET, MSET, MSETNX: several keys in one atomic step. Dispatch has locked and prefetched all of them.

use super::get_set::{NewDeadline, store};
use super::{encode, reply_string};
use crate::commands::{Args, CmdResult, CommandError, Ctx};

/// MGET key [key ...]
pub fn mget(ctx: &mut Ctx, args: &Args) -> CmdResult {
    ctx.reply.array(args.key_count());
    for key in args.keys() {
        let found = ctx.read(key).and_then(|loc| ctx.string_and_reply(key, loc).ok());
        match found {
            Some((value, reply)) => reply_string(reply, value),
            // A key of another type counts as absent here.
            None => ctx.reply.null(),
        }
    }
    Ok(())
}

/// MSET key value [key value ...]
pub fn mset(ctx: &mut Ctx, args: &Args) -> CmdResult {
    check_pairs(ctx, args)?;
    set_all(ctx, args)?;
    ctx.reply.ok();
    Ok(())
}

/// MSETNX key value [key value ...]
pub fn msetnx(ctx: &mut Ctx, args: &Args) -> CmdResult {
    check_pairs(ctx, args)?;
    let all_absent = args.keys().all(|key| ctx.write(key).is_none());
    if all_absent {
        set_all(ctx, args)?;
    }
    ctx.reply.integer(i64::from(all_absent));
    Ok(())
}

fn check_pairs(ctx: &Ctx, args: &Args) -> CmdResult {
    if args.len().is_multiple_of(2) { Err(CommandError::wrong_arity(ctx.command.name)) } else { Ok(()) }
}

fn set_all(ctx: &mut Ctx, args: &Args) -> CmdResult {
    for (key, value) in args.keys().zip(args.argv().iter().skip(2).step_by(2)) {
        let found = ctx.write(key);
        store(ctx, key, found, encode(value), NewDeadline::None)?;
    }
    Ok(())
}
