//! INCR, DECR, INCRBY, DECRBY, INCRBYFLOAT: strings as numbers. The deadline of the key stays.

use super::{put, text_of};
use crate::commands::{Args, Class, CmdResult, CommandError, Ctx, Key};
use crate::keyspace::{NewValue, StringRef};
use crate::numeric::{self, SumError};
use crate::resp::number::{IntegerText, parse_i64};

/// INCR key
pub fn incr(ctx: &mut Ctx, args: &Args) -> CmdResult {
    reply_sum(ctx, args, 1)
}

/// DECR key
pub fn decr(ctx: &mut Ctx, args: &Args) -> CmdResult {
    reply_sum(ctx, args, -1)
}

/// INCRBY key increment
pub fn incrby(ctx: &mut Ctx, args: &Args) -> CmdResult {
    reply_sum(ctx, args, args.int(2)?)
}

/// DECRBY key decrement
pub fn decrby(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let decrement = args.int(2)?;
    let negated = decrement.checked_neg().ok_or(CommandError::fixed("ERR decrement would overflow"))?;
    reply_sum(ctx, args, negated)
}

#[inline]
fn reply_sum(ctx: &mut Ctx, args: &Args, by: i64) -> CmdResult {
    let sum = increment(ctx, args.key(0), by)?;
    ctx.reply.integer(sum);
    Ok(())
}

/// Adds `by` to the integer at `key`; the sum.
///
/// # Errors
/// WRONGTYPE, not an integer, overflow, or lack of memory.
#[inline]
pub fn increment(ctx: &mut Ctx, key: Key, by: i64) -> Result<i64, CommandError> {
    let found = ctx.write(key);
    let sum = found.and_then(|loc| ctx.db(key).add(loc, by));
    let new = if let Some(sum) = sum {
        ctx.changed(key);
        sum
    } else {
        let old = match found {
            None => 0,
            Some(loc) => match ctx.string(key, loc)? {
                StringRef::Int(int) => int,
                StringRef::Str(bytes) => parse_i64(bytes).ok_or(CommandError::NOT_INTEGER)?,
            },
        };
        let new = old.checked_add(by).ok_or(CommandError::OVERFLOW)?;
        put(ctx, key, found, NewValue::Int(new))?;
        new
    };
    ctx.notify(Class::String, c"incrby", key);
    Ok(new)
}

/// INCRBYFLOAT key increment
///
/// The sum is stored as text even if it is an integer, as Redis does; INCR takes it all the same.
pub fn incrbyfloat(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let key = args.key(0);
    let found = ctx.write(key);
    let mut digits = IntegerText::new();
    let old = match found {
        None => b"0",
        Some(loc) => text_of(ctx.string(key, loc)?, &mut digits),
    };
    let sum = numeric::add(old, &args[2])?;
    put(ctx, key, found, NewValue::Str(sum.as_bytes()))?;
    ctx.notify(Class::String, c"incrbyfloat", key);
    ctx.reply.bulk(sum.as_bytes());
    Ok(())
}

impl From<SumError> for CommandError {
    fn from(error: SumError) -> Self {
        match error {
            SumError::NotAFloat => Self::NOT_FLOAT,
            SumError::NotFinite => Self::fixed("ERR increment would produce NaN or Infinity"),
            SumError::NoMemory => Self::NO_MEMORY,
        }
    }
}
