//! Deadlines of keys: EXPIRE PEXPIRE EXPIREAT PEXPIREAT, TTL PTTL EXPIRETIME PEXPIRETIME, PERSIST.
//!
//! A key has at most one deadline, in milliseconds since the epoch. One that is already past removes the key.

use super::{Args, Class, CmdResult, CommandError, Ctx};

/// What a time argument counts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unit {
    Seconds,
    Milliseconds,
}

/// Where a time starts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Since {
    Now,
    Epoch,
}

/// EXPIRE key seconds [NX | XX | GT | LT]
pub fn expire(ctx: &mut Ctx, args: &Args) -> CmdResult {
    set_deadline(ctx, args, Unit::Seconds, Since::Now)
}

/// PEXPIRE key milliseconds [NX | XX | GT | LT]
pub fn pexpire(ctx: &mut Ctx, args: &Args) -> CmdResult {
    set_deadline(ctx, args, Unit::Milliseconds, Since::Now)
}

/// EXPIREAT key unix-time-seconds [NX | XX | GT | LT]
pub fn expireat(ctx: &mut Ctx, args: &Args) -> CmdResult {
    set_deadline(ctx, args, Unit::Seconds, Since::Epoch)
}

/// PEXPIREAT key unix-time-milliseconds [NX | XX | GT | LT]
pub fn pexpireat(ctx: &mut Ctx, args: &Args) -> CmdResult {
    set_deadline(ctx, args, Unit::Milliseconds, Since::Epoch)
}

fn set_deadline(ctx: &mut Ctx, args: &Args, unit: Unit, since: Since) -> CmdResult {
    let condition = Condition::parse(args)?;
    let time = args.int(2)?;
    let base_ms = if since == Since::Now { ctx.now_ms() } else { 0 };
    let deadline_ms = match unit {
        Unit::Seconds => time.checked_mul(1000),
        Unit::Milliseconds => Some(time),
    }
    .and_then(|ms| ms.checked_add(base_ms))
    .ok_or_else(|| CommandError::invalid_expire(ctx.command.name))?;

    let key = args.key(0);
    let now_ms = ctx.now_ms();
    let Some(loc) = ctx.write(key) else {
        ctx.reply.integer(0);
        return Ok(());
    };
    let db = ctx.db(key);
    let is_met = condition.is_met(db.deadline_ms(loc), deadline_ms);
    if is_met {
        if deadline_ms <= now_ms {
            db.remove(loc);
        } else {
            db.set_deadline(loc, deadline_ms)?;
        }
        ctx.changed(key);
        ctx.notify(Class::Generic, if deadline_ms <= now_ms { c"del" } else { c"expire" }, key);
    }
    ctx.reply.integer(is_met.into());
    Ok(())
}

/// When a new deadline is taken. A key without one counts as living for ever.
#[derive(Default)]
struct Condition {
    nx: bool,
    xx: bool,
    gt: bool,
    lt: bool,
}

impl Condition {
    fn parse(args: &Args) -> Result<Self, CommandError> {
        let mut condition = Self::default();
        for index in 3..args.len() {
            let option = match () {
                () if args.is(index, "nx") => &mut condition.nx,
                () if args.is(index, "xx") => &mut condition.xx,
                () if args.is(index, "gt") => &mut condition.gt,
                () if args.is(index, "lt") => &mut condition.lt,
                () => return Err(unsupported(&args[index])),
            };
            *option = true;
        }
        let Self { nx, xx, gt, lt } = condition;
        if nx && (xx || gt || lt) {
            return Err(CommandError::fixed("ERR NX and XX, GT or LT options at the same time are not compatible"));
        }
        if gt && lt {
            return Err(CommandError::fixed("ERR GT and LT options at the same time are not compatible"));
        }
        Ok(condition)
    }

    fn is_met(&self, present_ms: Option<i64>, new_ms: i64) -> bool {
        match present_ms {
            None => !self.xx && !self.gt,
            Some(present_ms) => {
                let is_refused = self.nx || (self.gt && new_ms <= present_ms) || (self.lt && new_ms >= present_ms);
                !is_refused
            }
        }
    }
}

/// Redis prints the word as a C string, up to its first NUL, and trims line ends off the text.
fn unsupported(word: &[u8]) -> CommandError {
    let mut shown = word.split(|&byte| byte == 0).next().unwrap_or_default();
    while let [before @ .., b'\r' | b'\n'] = shown {
        shown = before;
    }
    CommandError::joined(&[b"ERR Unsupported option ", shown])
}

/// TTL key
pub fn ttl(ctx: &mut Ctx, args: &Args) -> CmdResult {
    reply_deadline(ctx, args, Unit::Seconds, Since::Now)
}

/// PTTL key
pub fn pttl(ctx: &mut Ctx, args: &Args) -> CmdResult {
    reply_deadline(ctx, args, Unit::Milliseconds, Since::Now)
}

/// EXPIRETIME key
pub fn expiretime(ctx: &mut Ctx, args: &Args) -> CmdResult {
    reply_deadline(ctx, args, Unit::Seconds, Since::Epoch)
}

/// PEXPIRETIME key
pub fn pexpiretime(ctx: &mut Ctx, args: &Args) -> CmdResult {
    reply_deadline(ctx, args, Unit::Milliseconds, Since::Epoch)
}

/// Replies a deadline rounded to the unit, -1 without one, -2 without a key.
fn reply_deadline(ctx: &mut Ctx, args: &Args, unit: Unit, since: Since) -> CmdResult {
    let key = args.key(0);
    let reply = match ctx.read_untouched(key) {
        None => -2,
        Some(loc) => match ctx.db(key).deadline_ms(loc) {
            None => -1,
            Some(deadline_ms) => {
                let base_ms = if since == Since::Now { ctx.now_ms() } else { 0 };
                let ms = deadline_ms.saturating_sub(base_ms).max(0);
                if unit == Unit::Seconds { ms / 1000 + i64::from(ms % 1000 >= 500) } else { ms }
            }
        },
    };
    ctx.reply.integer(reply);
    Ok(())
}

/// PERSIST key
pub fn persist(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let key = args.key(0);
    let had_deadline = ctx.write(key).is_some_and(|loc| ctx.db(key).clear_deadline(loc));
    if had_deadline {
        ctx.changed(key);
        ctx.notify(Class::Generic, c"persist", key);
    }
    ctx.reply.integer(had_deadline.into());
    Ok(())
}
