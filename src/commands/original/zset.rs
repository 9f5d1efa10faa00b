//! The commands of the original dialect on sorted sets that Redis does not have.
//!
//! A place in a sorted set is a score and a name here, and both directions of a walk may begin at any place, also
//! where no member is. `zadd`, `zrem`, `zscore` and `zrank` mean what they mean in Redis.

use super::super::spec::Command;
use super::super::zset::value;
use super::super::{Args, CmdResult, CommandError, Ctx};
use super::variant;
use crate::resp::number::parse_f64_lenient;
use crate::types::zset::Side;

static ZQUERY: Command = Command { name: "zquery", ..variant("zrange", 6, zquery) };
static ZQUERYR: Command = Command { name: "zqueryr", ..variant("zrange", 6, zqueryr) };
static ZCOUNT: Command = variant("zcount", 6, zcount);

/// The command of this name and number of arguments, if it is one of these.
pub(super) fn find(name: &[u8], argc: usize) -> Option<&'static Command> {
    let known = [("zquery", &ZQUERY), ("zqueryr", &ZQUERYR), ("zcount", &ZCOUNT)];
    let found = known.into_iter().find(|(known, _)| name.eq_ignore_ascii_case(known.as_bytes()));
    found.map(|(_, command)| command).filter(|command| command.accepts(argc))
}

/// Argument `at` as a score.
fn score(args: &Args, at: usize) -> Result<f64, CommandError> {
    parse_f64_lenient(&args[at]).ok_or(CommandError::NOT_FLOAT)
}

/// zquery key score name offset limit: members from that place on, without the first `offset`, as an array of at most
/// `limit` names and scores (an odd limit is exceeded by one).
fn zquery(ctx: &mut Ctx, args: &Args) -> CmdResult {
    query(ctx, args, false)
}

/// zqueryr key score name offset limit: the same backwards.
fn zqueryr(ctx: &mut Ctx, args: &Args) -> CmdResult {
    query(ctx, args, true)
}

fn query(ctx: &mut Ctx, args: &Args, is_reverse: bool) -> CmdResult {
    let (score, offset, limit) = (score(args, 2)?, args.int(4)?, args.int(5)?);
    let key = args.key(0);
    let Some(loc) = ctx.read(key) else {
        ctx.reply.array(0);
        return Ok(());
    };
    let (zset, reply) = value::view(ctx, key, loc)?;
    let place = zset.place(score, &args[3], if is_reverse { Side::After } else { Side::Before });
    // How many members there are from the place on; an offset may also lead back, but not from beyond the end.
    let (ahead, behind) = if is_reverse { (place, zset.len() - place) } else { (zset.len() - place, place) };
    let left = i64::try_from(ahead).ok().and_then(|ahead| ahead.checked_sub(offset));
    let left = left.and_then(|left| usize::try_from(left).ok()).filter(|left| ahead > 0 && *left <= ahead + behind);
    let pairs = usize::try_from(limit).unwrap_or_default().div_ceil(2).min(left.unwrap_or_default());
    let start = left.unwrap_or_default();
    let ranks = if is_reverse { start - pairs..start } else { zset.len() - start..zset.len() - start + pairs };
    reply.array(2 * pairs);
    zset.walk(ranks, is_reverse, |name, score| {
        reply.bulk(name);
        reply.double(score);
    });
    Ok(())
}

/// zcount key lo_score lo_name hi_score hi_name: how many members there are from one place to another, both included.
fn zcount(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let (low, high) = (score(args, 2)?, score(args, 4)?);
    let key = args.key(0);
    let Some(loc) = ctx.read(key) else {
        ctx.reply.integer(0);
        return Ok(());
    };
    let (zset, reply) = value::view(ctx, key, loc)?;
    let (start, end) = (zset.place(low, &args[3], Side::Before), zset.place(high, &args[5], Side::After));
    reply.integer(end.saturating_sub(start) as i64);
    Ok(())
}
