//! Deadlines of fields: HEXPIRE and its three relatives, HTTL and its three, HPERSIST.
//!
//! As in Redis the key is looked at before the options, so WRONGTYPE comes before any other error.

use super::options::{Clock, Condition, NOT_GREATER_THAN_0, NOT_POSITIVE, named_fields};
use super::{check_type, close, notify, open, read, text};
use crate::commands::{Args, CmdResult, Ctx};

const NO_FIELD: i64 = -2;
const NO_DEADLINE: i64 = -1;
const REFUSED: i64 = 0;
const DONE: i64 = 1;
const REMOVED: i64 = 2;

/// HEXPIRE key seconds [NX | XX | GT | LT] FIELDS numfields field [field ...]
pub fn hexpire(ctx: &mut Ctx, args: &Args) -> CmdResult {
    set_deadlines(ctx, args, Clock::Seconds)
}

/// HPEXPIRE key milliseconds [NX | XX | GT | LT] FIELDS numfields field [field ...]
pub fn hpexpire(ctx: &mut Ctx, args: &Args) -> CmdResult {
    set_deadlines(ctx, args, Clock::Milliseconds)
}

/// HEXPIREAT key unix-time-seconds [NX | XX | GT | LT] FIELDS numfields field [field ...]
pub fn hexpireat(ctx: &mut Ctx, args: &Args) -> CmdResult {
    set_deadlines(ctx, args, Clock::UnixSeconds)
}

/// HPEXPIREAT key unix-time-milliseconds [NX | XX | GT | LT] FIELDS numfields field [field ...]
pub fn hpexpireat(ctx: &mut Ctx, args: &Args) -> CmdResult {
    set_deadlines(ctx, args, Clock::UnixMilliseconds)
}

fn set_deadlines(ctx: &mut Ctx, args: &Args, clock: Clock) -> CmdResult {
    let key = args.key(0);
    let found = ctx.write(key);
    check_type(ctx, key, found)?;
    let deadline_ms = clock.deadline_ms(ctx, &args[2])?;
    let condition = Condition::of(&args[3]);
    let fields = named_fields(args, 3 + usize::from(condition.is_some()), NOT_GREATER_THAN_0)?;
    let condition = condition.unwrap_or(Condition::Always);
    let Some(loc) = found else {
        reply_no_fields(ctx, fields.len());
        return Ok(());
    };
    let is_past = deadline_ms <= ctx.now_ms();
    let (mut hash, reply) = open(ctx, key, loc)?;
    reply.array(fields.len());
    let mut changes = 0;
    for field in fields {
        let field = text(field);
        let Some(present_ms) = hash.get(field).map(|item| item.deadline_ms) else {
            reply.integer(NO_FIELD);
            continue;
        };
        if !condition.is_met(present_ms, deadline_ms) {
            reply.integer(REFUSED);
            continue;
        }
        if is_past {
            hash.remove(field);
        } else {
            hash.holder().reserve_deadline()?;
            hash.set_deadline(field, Some(deadline_ms))?;
        }
        reply.integer(if is_past { REMOVED } else { DONE });
        changes += 1;
    }
    if changes > 0 {
        let is_gone = close(ctx, key, loc)?;
        ctx.changed(key);
        ctx.count_changes(changes - 1);
        notify(ctx, if is_past { c"hdel" } else { c"hexpire" }, key, is_gone);
    }
    Ok(())
}

fn reply_no_fields(ctx: &mut Ctx, count: usize) {
    ctx.reply.array(count);
    (0..count).for_each(|_| ctx.reply.integer(NO_FIELD));
}

/// HTTL key FIELDS numfields field [field ...]
pub fn httl(ctx: &mut Ctx, args: &Args) -> CmdResult {
    reply_deadlines(ctx, args, Clock::Seconds)
}

/// HPTTL key FIELDS numfields field [field ...]
pub fn hpttl(ctx: &mut Ctx, args: &Args) -> CmdResult {
    reply_deadlines(ctx, args, Clock::Milliseconds)
}

/// HEXPIRETIME key FIELDS numfields field [field ...]
pub fn hexpiretime(ctx: &mut Ctx, args: &Args) -> CmdResult {
    reply_deadlines(ctx, args, Clock::UnixSeconds)
}

/// HPEXPIRETIME key FIELDS numfields field [field ...]
pub fn hpexpiretime(ctx: &mut Ctx, args: &Args) -> CmdResult {
    reply_deadlines(ctx, args, Clock::UnixMilliseconds)
}

fn reply_deadlines(ctx: &mut Ctx, args: &Args, clock: Clock) -> CmdResult {
    let key = args.key(0);
    let found = ctx.read(key);
    check_type(ctx, key, found)?;
    let fields = named_fields(args, 2, NOT_POSITIVE)?;
    let Some(loc) = found else {
        reply_no_fields(ctx, fields.len());
        return Ok(());
    };
    let due_ms = ctx.due_ms(key);
    let start_ms = clock.start_ms(ctx);
    let seed = ctx.engine.keyspace.seed();
    let (hash, reply) = read(ctx, key, loc)?;
    reply.array(fields.len());
    for field in fields {
        reply.integer(match hash.get(text(field), seed, due_ms).map(|item| item.deadline_ms) {
            None => NO_FIELD,
            Some(None) => NO_DEADLINE,
            Some(Some(deadline_ms)) => clock.show(deadline_ms, start_ms),
        });
    }
    Ok(())
}

/// HPERSIST key FIELDS numfields field [field ...]
pub fn hpersist(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let key = args.key(0);
    let found = ctx.write(key);
    check_type(ctx, key, found)?;
    let fields = named_fields(args, 2, NOT_POSITIVE)?;
    let Some(loc) = found else {
        reply_no_fields(ctx, fields.len());
        return Ok(());
    };
    let (mut hash, reply) = open(ctx, key, loc)?;
    reply.array(fields.len());
    let mut is_changed = false;
    for field in fields {
        let field = text(field);
        reply.integer(match hash.get(field).map(|item| item.deadline_ms) {
            None => NO_FIELD,
            Some(None) => NO_DEADLINE,
            Some(Some(_)) => {
                hash.set_deadline(field, None)?;
                is_changed = true;
                DONE
            }
        });
    }
    if is_changed {
        close(ctx, key, loc)?;
        ctx.changed(key);
        notify(ctx, c"hpersist", key, false);
    }
    Ok(())
}
