//! MGET, MSET, MSETNX, MSETEX: several keys in one atomic step. Dispatch has locked and prefetched all of them.

use super::get_set::{NewDeadline, store};
use super::options::{Condition, SetOptions};
use super::{encode, reply_string};
use crate::commands::{Args, CmdResult, CommandError, Ctx};
use crate::resp::number::parse_i64;

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

/// MSETEX numkeys key value [key value ...] [NX | XX] [EX seconds | PX milliseconds | EXAT unix-time-seconds |
/// PXAT unix-time-milliseconds | KEEPTTL]
pub fn msetex(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let pairs = parse_i64(&args[1]).and_then(|pairs| i32::try_from(pairs).ok()).filter(|&pairs| pairs > 0);
    let pairs = pairs.ok_or(CommandError::fixed("ERR invalid numkeys value"))? as usize;
    if pairs > (args.len() - 2) / 2 {
        return Err(CommandError::fixed("ERR wrong number of key-value pairs"));
    }
    let options = SetOptions::parse_msetex(args, 2 + 2 * pairs)?;
    let deadline = options.expiry.deadline(ctx)?;
    let sets = match options.condition {
        Condition::IfAbsent => args.keys().all(|key| ctx.write(key).is_none()),
        Condition::IfPresent => args.keys().all(|key| ctx.write(key).is_some()),
        Condition::Always | Condition::If(_) => true,
    };
    if sets {
        for (key, value) in args.keys().zip(args.argv().iter().skip(3).step_by(2)) {
            let found = ctx.write(key);
            store(ctx, key, found, encode(value), deadline)?;
        }
    }
    ctx.reply.integer(i64::from(sets));
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
