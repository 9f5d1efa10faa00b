//! INCREX: a counter with bounds and a deadline, as rate limiters need it. Of Redis 8.8; NX and XX are Valkey's.
//!
//! It replies the new value and by how much it grew. What would leave the bounds is not done, and the reply is the
//! value as it is and 0; with SATURATE the value stops at the bound.

use super::options::{ExpireTime, TimeKind};
use super::{put, text_of};
use crate::commands::{Args, Class, CmdResult, CommandError, Ctx, Key};
use crate::keyspace::{Loc, NewValue, NoMemory};
use crate::numeric::{Increase, IncreaseError, Increased};
use crate::resp::number::{IntegerText, parse_i64};

/// The options, each at most once: unlike SET this command refuses repetitions.
#[derive(Default)]
struct Options<'a> {
    by: Option<&'a [u8]>,
    is_float: bool,
    lower: Option<&'a [u8]>,
    upper: Option<&'a [u8]>,
    saturates: bool,
    /// NX: false, XX: true.
    wants_key: Option<bool>,
    time: Option<ExpireTime<'a>>,
    persists: bool,
    /// ENX
    keeps_deadline: bool,
}

impl<'a> Options<'a> {
    fn parse(args: &Args<'a>) -> Result<Self, CommandError> {
        let mut options = Self::default();
        let mut index = 2;
        while let Some(option) = args.get(index) {
            let is = |word: &[u8]| option.eq_ignore_ascii_case(word);
            let ends_deadline = options.time.is_some() || options.persists;
            if is(b"SATURATE") && !options.saturates {
                options.saturates = true;
            } else if is(b"ENX") && !options.keeps_deadline && !options.persists {
                options.keeps_deadline = true;
            } else if is(b"PERSIST") && !ends_deadline && !options.keeps_deadline {
                options.persists = true;
            } else if (is(b"NX") || is(b"XX")) && options.wants_key.is_none() {
                options.wants_key = Some(is(b"XX"));
            } else {
                let operand = args.get(index + 1).ok_or(CommandError::SYNTAX)?;
                if (is(b"BYINT") || is(b"BYFLOAT")) && options.by.is_none() {
                    options.by = Some(operand);
                    options.is_float = is(b"BYFLOAT");
                } else if is(b"LBOUND") && options.lower.is_none() {
                    options.lower = Some(operand);
                } else if is(b"UBOUND") && options.upper.is_none() {
                    options.upper = Some(operand);
                } else if let Some(kind) = TimeKind::of(option)
                    && !ends_deadline
                {
                    options.time = Some(ExpireTime { text: operand, kind });
                } else {
                    return Err(CommandError::SYNTAX);
                }
                index += 1;
            }
            index += 1;
        }
        if options.keeps_deadline && options.time.is_none() {
            return Err(CommandError::fixed("ERR ENX flag requires an expiration"));
        }
        Ok(options)
    }
}

const BOUNDS_CROSSED: CommandError = CommandError::fixed("ERR LBOUND can't be greater than UBOUND");

/// INCREX key [NX | XX] [BYINT increment | BYFLOAT increment] [LBOUND bound] [UBOUND bound] [SATURATE] [EX seconds |
/// PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | PERSIST] [ENX]
pub fn increx(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let options = Options::parse(args)?;
    if options.is_float { by_float(ctx, args.key(0), &options) } else { by_integer(ctx, args.key(0), &options) }
}

fn by_integer(ctx: &mut Ctx, key: Key, options: &Options) -> CmdResult {
    let number = |text: Option<&[u8]>, default: i64, error: &'static str| {
        text.map_or(Ok(default), |text| parse_i64(text).ok_or(CommandError::fixed(error)))
    };
    let by = number(options.by, 1, "ERR Increment is not an integer or out of range")?;
    let lower = number(options.lower, i64::MIN, "ERR LBOUND is not an integer or out of range")?;
    let upper = number(options.upper, i64::MAX, "ERR UBOUND is not an integer or out of range")?;
    if lower > upper {
        return Err(BOUNDS_CROSSED);
    }
    let deadline_ms = options.time.map(|time| time.deadline_ms(ctx)).transpose()?;

    let found = ctx.write(key);
    let old = match found {
        Some(loc) => {
            let mut digits = IntegerText::new();
            parse_i64(text_of(ctx.string(key, loc)?, &mut digits)).ok_or(CommandError::NOT_INTEGER)?
        }
        None => 0,
    };
    let (new, applied) = if is_refused(options, found) {
        (None, 0)
    } else {
        let sum = i128::from(old) + i128::from(by);
        let limited = sum.clamp(lower.into(), upper.into()) as i64;
        if i128::from(limited) == sum {
            (Some(limited), by)
        } else if options.saturates {
            let overflow = CommandError::fixed("ERR applied increment would overflow");
            (Some(limited), limited.checked_sub(old).ok_or(overflow)?)
        } else {
            (None, 0)
        }
    };
    if let Some(new) = new {
        store(ctx, key, found, NewValue::Int(new), options, deadline_ms)?;
    }
    ctx.reply.array(2);
    ctx.reply.integer(new.unwrap_or(old));
    ctx.reply.integer(applied);
    Ok(())
}

fn by_float(ctx: &mut Ctx, key: Key, options: &Options) -> CmdResult {
    let increase = Increase {
        by: options.by.unwrap_or(b"1"),
        lower: options.lower,
        upper: options.upper,
        saturates: options.saturates,
    };
    increase.check()?;
    let deadline_ms = options.time.map(|time| time.deadline_ms(ctx)).transpose()?;

    let found = ctx.write(key);
    let mut digits = IntegerText::new();
    let old = match found {
        Some(loc) => text_of(ctx.string(key, loc)?, &mut digits),
        None => b"0",
    };
    let increase = if is_refused(options, found) { Increase { by: b"0", ..Increase::default() } } else { increase };
    let Increased { value, applied, is_done } = increase.of(old)?;
    if is_done && !is_refused(options, found) {
        store(ctx, key, found, NewValue::Str(value.as_bytes()), options, deadline_ms)?;
    }
    ctx.reply.array(2);
    ctx.reply.double_text(value.as_bytes());
    ctx.reply.double_text(applied.as_bytes());
    Ok(())
}

fn is_refused(options: &Options, found: Option<Loc>) -> bool {
    options.wants_key.is_some_and(|wanted| wanted != found.is_some())
}

/// Stores the new value and sees to the deadline. With one that has passed the key is removed instead.
fn store(
    ctx: &mut Ctx,
    key: Key,
    found: Option<Loc>,
    value: NewValue,
    options: &Options,
    deadline_ms: Option<i64>,
) -> CmdResult {
    let had_deadline = found.is_some_and(|loc| ctx.db(key).deadline_ms(loc).is_some());
    let deadline_ms = deadline_ms.filter(|_| !(options.keeps_deadline && had_deadline));
    if deadline_ms.is_some_and(|deadline_ms| deadline_ms <= ctx.now_ms()) {
        if let Some(loc) = found {
            ctx.db(key).remove(loc);
            ctx.changed(key);
            ctx.notify(Class::Generic, c"del", key);
        }
        return Ok(());
    }
    let is_integer = matches!(value, NewValue::Int(_));
    let loc = put(ctx, key, found, value)?;
    ctx.notify(Class::String, if is_integer { c"incrby" } else { c"incrbyfloat" }, key);
    if let Some(deadline_ms) = deadline_ms {
        ctx.db(key).set_deadline(loc, deadline_ms)?;
        ctx.notify(Class::Generic, c"expire", key);
    } else if options.persists && ctx.db(key).clear_deadline(loc) {
        ctx.notify(Class::Generic, c"persist", key);
    }
    Ok(())
}

impl From<IncreaseError> for CommandError {
    fn from(error: IncreaseError) -> Self {
        match error {
            IncreaseError::IncrementNotAFloat => Self::fixed("ERR Increment is not a valid float"),
            IncreaseError::IncrementInfinite => Self::fixed("ERR BYFLOAT increment cannot be Infinity"),
            IncreaseError::LowerNotAFloat => Self::fixed("ERR LBOUND is not a valid float"),
            IncreaseError::UpperNotAFloat => Self::fixed("ERR UBOUND is not a valid float"),
            IncreaseError::BoundsCrossed => BOUNDS_CROSSED,
            IncreaseError::ValueNotAFloat => Self::NOT_FLOAT,
            IncreaseError::ValueInfinite => Self::fixed("ERR value cannot be Infinity"),
            IncreaseError::AppliedInfinite => Self::fixed("ERR applied increment would be Infinity"),
            IncreaseError::NoMemory => NoMemory.into(),
        }
    }
}
