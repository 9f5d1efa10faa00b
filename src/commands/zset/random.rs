//! Members by chance, all equally likely: ZRANDMEMBER.

use super::{begin_members, reply_member, value};
use crate::commands::{Args, CmdResult, CommandError, Ctx};
use crate::engine::random::Random;
use crate::keyspace::NoMemory;
use crate::resp::ReplyWriter;
use crate::types::zset::View;
use std::collections::HashSet;

/// When more than one in this many members is asked for, all are walked past instead of drawing ranks.
const WALK_FACTOR: usize = 3;
const COUNT_OUT_OF_RANGE: CommandError =
    CommandError::fixed("ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807");

/// ZRANDMEMBER key [count [WITHSCORES]]
pub fn zrandmember(ctx: &mut Ctx, args: &Args) -> CmdResult {
    if args.len() == 2 {
        return choose_one(ctx, args);
    }
    let count = args.int(2)?;
    if count == i64::MIN {
        return Err(COUNT_OUT_OF_RANGE);
    }
    let with_scores = match args.len() {
        3 => false,
        4 if args.is(3, "withscores") => true,
        _ => return Err(CommandError::SYNTAX),
    };
    if with_scores && count.unsigned_abs() > i64::MAX as u64 / 2 {
        return Err(CommandError::OUT_OF_RANGE);
    }
    choose_many(ctx, args, count, with_scores)
}

fn choose_one(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let key = args.key(0);
    let Some(loc) = ctx.read(key) else {
        ctx.reply.null();
        return Ok(());
    };
    let mut random = ctx.fork_random();
    let (zset, reply) = value::view(ctx, key, loc)?;
    if let Some((name, _)) = zset.get(random.below(zset.len() as u64) as usize) {
        reply.bulk(name);
    }
    Ok(())
}

fn choose_many(ctx: &mut Ctx, args: &Args, count: i64, with_scores: bool) -> CmdResult {
    let key = args.key(0);
    let Some(loc) = ctx.read(key) else {
        ctx.reply.array(0);
        return Ok(());
    };
    let mut random = ctx.fork_random();
    let (zset, reply) = value::view(ctx, key, loc)?;
    let distinct = usize::try_from(count).unwrap_or_default();
    let emit = |name: &[u8], score: f64, reply: &mut ReplyWriter| reply_member(reply, name, score, with_scores);
    if count < 0 {
        let count = count.unsigned_abs();
        begin_members(reply, count as usize, with_scores);
        for _ in 0..count {
            if let Some((name, score)) = zset.get(random.below(zset.len() as u64) as usize) {
                emit(name, score, reply);
            }
        }
        return Ok(());
    }
    let count = distinct.min(zset.len());
    begin_members(reply, count, with_scores);
    if count == zset.len() {
        zset.walk(0..count, false, |name, score| emit(name, score, reply));
    } else if matches!(zset, View::Flat(_)) || count.saturating_mul(WALK_FACTOR) > zset.len() {
        walk(zset, count, &mut random, |name, score| emit(name, score, reply));
    } else {
        draw(zset, count, &mut random, |name, score| emit(name, score, reply))?;
    }
    Ok(())
}

/// Walks past all members and takes each with the chance that makes all choices of `count` equally likely (Knuth's
/// algorithm S).
fn walk(zset: View, count: usize, random: &mut Random, mut emit: impl FnMut(&[u8], f64)) {
    let (mut wanted, mut left) = (count as u64, zset.len() as u64);
    for (name, score) in zset.iter() {
        if random.below(left) < wanted {
            emit(name, score);
            wanted -= 1;
        }
        left -= 1;
    }
}

/// Draws different ranks.
fn draw(zset: View, count: usize, random: &mut Random, mut emit: impl FnMut(&[u8], f64)) -> Result<(), NoMemory> {
    let mut drawn = HashSet::new();
    drawn.try_reserve(count)?;
    while drawn.len() < count {
        let rank = random.below(zset.len() as u64) as usize;
        if drawn.insert(rank)
            && let Some((name, score)) = zset.get(rank)
        {
            emit(name, score);
        }
    }
    Ok(())
}
