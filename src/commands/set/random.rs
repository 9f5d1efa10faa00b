//! Members by chance, all equally likely: SPOP SRANDMEMBER.

use super::{reply_member, reply_members, value};
use crate::commands::{Args, Class, CmdResult, CommandError, Ctx, Key};
use crate::engine::Engine;
use crate::engine::random::Random;
use crate::keyspace::{Db, Loc, NoMemory};
use crate::resp::ReplyWriter;
use crate::resp::number::parse_i64;
use crate::types::Variant;
use crate::types::set::{Member, OwnedSet, Set, SetRef, flat};

/// When more than this many times as many members are popped as stay, those that stay are copied instead.
const STAY_FACTOR: usize = 5;
/// When more than one in this many members is asked for, all are walked past instead of drawing.
const WALK_FACTOR: usize = 3;

/// Bytes of the shortest member in a reply: `$0`, an empty line, and their ends.
const REPLY_BYTES_MIN: usize = 6;

const NOT_POSITIVE: CommandError = CommandError::fixed("ERR value is out of range, must be positive");
const COUNT_OUT_OF_RANGE: CommandError =
    CommandError::fixed("ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807");

/// SPOP key [count]
pub fn spop(ctx: &mut Ctx, args: &Args) -> CmdResult {
    match args.len() {
        2 => pop_one(ctx, args.key(0)),
        3 => {
            let count = parse_i64(&args[2]).and_then(|count| usize::try_from(count).ok());
            pop_many(ctx, args.key(0), count.ok_or(NOT_POSITIVE)?)
        }
        _ => Err(CommandError::SYNTAX),
    }
}

fn pop_one(ctx: &mut Ctx, key: Key) -> CmdResult {
    let Some(loc) = value::find(ctx, key)? else {
        ctx.reply.null();
        return Ok(());
    };
    let mut random = ctx.fork_random();
    let (db, reply) = ctx.db_and_reply(key);
    pop(db, loc, &mut random, |member| reply_member(reply, member))?;
    let is_gone = value::len(db, loc) == 0;
    if is_gone {
        db.remove(loc);
    }
    ctx.changed(key);
    ctx.notify(Class::Set, c"spop", key);
    if is_gone {
        ctx.notify(Class::Generic, c"del", key);
    }
    Ok(())
}

fn pop_many(ctx: &mut Ctx, key: Key, count: usize) -> CmdResult {
    let Some(loc) = value::find(ctx, key)? else {
        ctx.reply.set(0);
        return Ok(());
    };
    let len = value::len(ctx.db(key), loc);
    if count == 0 {
        ctx.reply.set(0);
        return Ok(());
    }
    if count >= len {
        // In Redis this is a read of the whole set, which counts as a hit, and then a deletion.
        ctx.read(key);
        let (set, reply) = value::view(ctx, key, loc)?;
        reply_members(reply, len, set.iter());
        ctx.db(key).remove(loc);
        ctx.changed(key);
        ctx.count_changes(len as u64 - 1);
        ctx.notify(Class::Set, c"spop", key);
        ctx.notify(Class::Generic, c"del", key);
        return Ok(());
    }
    let mut random = ctx.fork_random();
    let rules = value::rules(ctx.engine);
    let (db, reply) = ctx.db_and_reply(key);
    reply.set(count);
    if (len - count).saturating_mul(STAY_FACTOR) > count {
        let popped = db.object_mut(loc).and_then(|mut object| {
            let set = Set::from_object_mut(&mut object)?;
            set.pop_many(count, || random.bits(), |member| reply_member(reply, member));
            Some(())
        });
        if popped.is_none() {
            for _ in 0..count {
                pop(db, loc, &mut random, |member| reply_member(reply, member))?;
            }
        }
    } else {
        let mut staying = OwnedSet::new()?;
        let (mut wanted, mut left) = ((len - count) as u64, len as u64);
        for member in SetRef::of(db.value(loc)).iter().flat_map(|set| set.iter()) {
            if random.below(left) < wanted {
                staying.add(member, &rules)?;
                wanted -= 1;
            } else {
                reply_member(reply, member);
            }
            left -= 1;
        }
        value::replace(db, loc, staying)?;
    }
    ctx.changed(key);
    ctx.count_changes(count as u64 - 1);
    ctx.notify(Class::Set, c"spop", key);
    Ok(())
}

/// Takes a random member out of the set at `loc`, which stays there even when it is empty then; `leave` gets it before
/// it goes.
fn pop<R>(db: &mut Db, loc: Loc, random: &mut Random, leave: impl FnOnce(Member) -> R) -> Result<Option<R>, NoMemory> {
    if let Some(mut object) = db.object_mut(loc) {
        return Ok(Set::from_object_mut(&mut object).and_then(|set| set.pop(|| random.bits(), leave)));
    }
    let Some(mut flat) = db.flat_mut(loc) else { return Ok(None) };
    flat::pop(&mut flat, || random.bits(), leave)
}

/// SRANDMEMBER key [count]
pub fn srandmember(ctx: &mut Ctx, args: &Args) -> CmdResult {
    match args.len() {
        2 => choose_one(ctx, args.key(0)),
        3 => {
            let count = args.int(2)?;
            if count == i64::MIN {
                return Err(COUNT_OUT_OF_RANGE);
            }
            choose_many(ctx, args.key(0), count)
        }
        _ => Err(CommandError::SYNTAX),
    }
}

fn choose_one(ctx: &mut Ctx, key: Key) -> CmdResult {
    let Some(loc) = ctx.read(key) else {
        ctx.reply.null();
        return Ok(());
    };
    let mut random = ctx.fork_random();
    let (set, reply) = value::view(ctx, key, loc)?;
    if let Some(member) = set.random(|| random.bits()) {
        reply_member(reply, member);
    }
    Ok(())
}

fn choose_many(ctx: &mut Ctx, key: Key, count: i64) -> CmdResult {
    let Some(loc) = ctx.read(key) else {
        ctx.reply.array(0);
        return Ok(());
    };
    let mut random = ctx.fork_random();
    let engine = ctx.engine;
    let (set, reply) = value::view(ctx, key, loc)?;
    let distinct = usize::try_from(count).unwrap_or_default();
    if count < 0 {
        // So that a count beyond all memory is an error and not the end of the process.
        let least = usize::try_from(count.unsigned_abs()).ok().and_then(|count| count.checked_mul(REPLY_BYTES_MIN));
        reply.buffer_mut().try_reserve(least.ok_or(NoMemory)?).map_err(|_| NoMemory)?;
        reply.array(count.unsigned_abs() as usize);
        for member in (0..count.unsigned_abs()).map_while(|_| set.random(|| random.bits())) {
            reply_member(reply, member);
        }
    } else if distinct >= set.len() {
        // An array even in RESP3, as all replies of this command.
        reply.array(set.len());
        set.iter().for_each(|member| reply_member(reply, member));
    } else if distinct.saturating_mul(WALK_FACTOR) > set.len() {
        walk(reply, set, distinct, &mut random);
    } else {
        draw(reply, set, distinct, &mut random, engine)?;
    }
    Ok(())
}

/// Walks past all members and takes each with the chance that makes all choices of `count` equally likely (Knuth's
/// algorithm S).
fn walk(reply: &mut ReplyWriter, set: SetRef, count: usize, random: &mut Random) {
    reply.array(count);
    let (mut wanted, mut left) = (count as u64, set.len() as u64);
    for member in set.iter() {
        if random.below(left) < wanted {
            reply_member(reply, member);
            wanted -= 1;
        }
        left -= 1;
    }
}

/// Draws until there are `count` different members.
fn draw(reply: &mut ReplyWriter, set: SetRef, count: usize, random: &mut Random, engine: &Engine) -> CmdResult {
    let rules = value::rules(engine);
    reply.array(count);
    let mut drawn = OwnedSet::new()?;
    while drawn.len() < count {
        let Some(member) = set.random(|| random.bits()) else { break };
        if drawn.add(member, &rules)? {
            reply_member(reply, member);
        }
    }
    value::discard(engine, drawn);
    Ok(())
}
