//! GET, SET and their relatives: one value, read or replaced whole.
//!
//! GET and SET without options are the commands that everything else is measured by: one lookup, then the reply
//! straight from the entry, or the new value straight into it.

use super::options::{Condition, ExpireTime, Expiry, SetOptions, TimeKind, parse_getex};
use super::{encode, put, reply_string, text_of};
use crate::commands::{Args, Class, CmdResult, CommandError, Ctx, Key};
use crate::keyspace::{Loc, NewValue, StringRef};
use crate::resp::number::IntegerText;

/// GET key
pub fn get(ctx: &mut Ctx, args: &Args) -> CmdResult {
    ctx.read_value(args.key(0), |found, reply| {
        match found {
            Some((_, value)) => match value.string().ok_or(CommandError::WRONG_TYPE)? {
                StringRef::Str(bytes) => reply.bulk_here(bytes),
                StringRef::Int(int) => reply.bulk_integer(int),
            },
            None => reply.null(),
        }
        Ok(())
    })
}

/// [`get`], and returns where the key is.
fn reply_value(ctx: &mut Ctx, key: Key) -> Result<Option<Loc>, CommandError> {
    ctx.read_value(key, |found, reply| {
        let Some((loc, value)) = found else {
            reply.null();
            return Ok(None);
        };
        reply_string(reply, value.string().ok_or(CommandError::WRONG_TYPE)?);
        Ok(Some(loc))
    })
}

/// SET key value [NX | XX | IFEQ value | IFNE value | IFDEQ digest | IFDNE digest] [GET] [EX seconds | PX milliseconds | EXAT unix-time-seconds |
/// PXAT unix-time-milliseconds | KEEPTTL]
pub fn set(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let key = args.key(0);
    if args.len() > 3 {
        return set_with_options(ctx, key, encode(&args[2]), &SetOptions::parse(args)?);
    }
    set_plainly(ctx, key, encode(&args[2]))?;
    ctx.reply.ok();
    Ok(())
}

/// SET without options.
///
/// # Errors
/// If memory is short; then nothing has changed.
#[inline(always)]
pub fn set_plainly(ctx: &mut Ctx, key: Key, value: NewValue<'_>) -> CmdResult {
    match ctx.overwrite(key, value) {
        Ok(()) => {
            ctx.notify(Class::String, c"set", key);
            Ok(())
        }
        Err(found) => store(ctx, key, found, value, NewDeadline::None),
    }
}

fn set_with_options(ctx: &mut Ctx, key: Key, value: NewValue<'_>, options: &SetOptions) -> CmdResult {
    let deadline = options.expiry.deadline(ctx)?;
    let found = if options.get { reply_value(ctx, key)? } else { ctx.write(key) };
    let sets = match options.condition {
        Condition::Always => true,
        Condition::IfAbsent => found.is_none(),
        Condition::IfPresent => found.is_some(),
        Condition::If(comparison) => match found {
            Some(loc) => comparison.holds(text_of(ctx.string(key, loc)?, &mut IntegerText::new()))?,
            None => comparison.kind().wants_difference(),
        },
    };
    if sets {
        store(ctx, key, found, value, deadline)?;
    }
    match (options.get, sets) {
        (true, _) => {}
        (false, true) => ctx.reply.ok(),
        (false, false) => ctx.reply.null(),
    }
    Ok(())
}

/// The deadline of a key after its value was replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewDeadline {
    None,
    /// The one it had.
    Keep,
    At(i64),
}

impl Expiry<'_> {
    /// What it means for a key that is set.
    ///
    /// # Errors
    /// If the time is none or out of range.
    pub fn deadline(self, ctx: &mut Ctx) -> Result<NewDeadline, CommandError> {
        Ok(match self {
            Expiry::At(time) => NewDeadline::At(time.deadline_ms(ctx)?),
            Expiry::Keep => NewDeadline::Keep,
            Expiry::Unsaid | Expiry::Remove => NewDeadline::None,
        })
    }
}

/// [`put`], and room for a deadline, so that giving it one cannot fail.
#[inline(never)]
fn put_with_deadline(
    ctx: &mut Ctx,
    key: Key,
    found: Option<Loc>,
    value: NewValue<'_>,
    deadline_ms: i64,
) -> Result<Loc, CommandError> {
    if let Some(loc) = found {
        ctx.db(key).reserve_deadline_of(loc, deadline_ms)?;
    }
    let loc = put(ctx, key, found, value)?;
    if found.is_none() {
        let db = ctx.db(key);
        db.reserve_deadline_of(loc, deadline_ms).inspect_err(|_| db.remove(loc))?;
    }
    Ok(loc)
}

/// Replaces or creates a key as SET does.
///
/// # Errors
/// If memory is short; then nothing has changed.
#[inline(never)]
pub fn store(ctx: &mut Ctx, key: Key, found: Option<Loc>, value: NewValue<'_>, deadline: NewDeadline) -> CmdResult {
    let loc = match deadline {
        NewDeadline::At(deadline_ms) => put_with_deadline(ctx, key, found, value, deadline_ms)?,
        _ => put(ctx, key, found, value)?,
    };
    ctx.notify(Class::String, c"set", key);
    match deadline {
        NewDeadline::None if found.is_some() => {
            ctx.db(key).clear_deadline(loc);
        }
        NewDeadline::None | NewDeadline::Keep => {}
        NewDeadline::At(deadline_ms) => {
            ctx.db(key).set_deadline(loc, deadline_ms)?;
            ctx.notify(Class::Generic, c"expire", key);
        }
    }
    Ok(())
}

/// SETNX key value
pub fn setnx(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let key = args.key(0);
    let is_absent = ctx.write(key).is_none();
    if is_absent {
        put(ctx, key, None, encode(&args[2]))?;
        ctx.notify(Class::String, c"set", key);
    }
    ctx.reply.integer(i64::from(is_absent));
    Ok(())
}

/// SETEX key seconds value
pub fn setex(ctx: &mut Ctx, args: &Args) -> CmdResult {
    set_for(ctx, args, TimeKind::Seconds)
}

/// PSETEX key milliseconds value
pub fn psetex(ctx: &mut Ctx, args: &Args) -> CmdResult {
    set_for(ctx, args, TimeKind::Milliseconds)
}

fn set_for(ctx: &mut Ctx, args: &Args, kind: TimeKind) -> CmdResult {
    let expiry = Expiry::At(ExpireTime { text: &args[2], kind });
    set_with_options(ctx, args.key(0), encode(&args[3]), &SetOptions { expiry, ..SetOptions::default() })
}

/// GETSET key value
pub fn getset(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let key = args.key(0);
    let found = reply_value(ctx, key)?;
    store(ctx, key, found, encode(&args[2]), NewDeadline::None)
}

/// GETDEL key
pub fn getdel(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let key = args.key(0);
    if let Some(loc) = reply_value(ctx, key)? {
        ctx.db(key).remove(loc);
        ctx.changed(key);
        ctx.notify(Class::Generic, c"del", key);
    }
    Ok(())
}

/// GETEX key [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | PERSIST]
pub fn getex(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let key = args.key(0);
    let expiry = parse_getex(args)?;
    let Some(loc) = reply_value(ctx, key)? else { return Ok(()) };
    match expiry {
        Expiry::Unsaid | Expiry::Keep => {}
        Expiry::Remove => {
            if ctx.db(key).clear_deadline(loc) {
                ctx.changed(key);
                ctx.notify(Class::Generic, c"persist", key);
            }
        }
        Expiry::At(time) => {
            let deadline_ms = time.deadline_ms(ctx)?;
            if time.kind.is_absolute() && deadline_ms <= ctx.now_ms() {
                ctx.db(key).remove(loc);
                ctx.notify(Class::Generic, c"del", key);
            } else {
                ctx.db(key).set_deadline(loc, deadline_ms)?;
                ctx.notify(Class::Generic, c"expire", key);
            }
            ctx.changed(key);
        }
    }
    Ok(())
}
