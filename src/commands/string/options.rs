//! The options of SET, MSETEX and GETEX, in any order and any case, and the deadlines they speak of.
//!
//! As in Redis an option may be repeated (the last one counts), but not contradicted: of the conditions, and of the
//! ways to say what becomes of the deadline, only one may be used.

use super::comparison::{Comparison, ComparisonKind};
use crate::commands::{Args, CommandError, Ctx};
use crate::resp::number::parse_i64;

/// When SET sets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Condition<'a> {
    #[default]
    Always,
    /// NX
    IfAbsent,
    /// XX
    IfPresent,
    /// IFEQ, IFNE, IFDEQ, IFDNE
    If(Comparison<'a>),
}

/// What becomes of the deadline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Expiry<'a> {
    /// No option: SET removes it, GETEX leaves it.
    #[default]
    Unsaid,
    /// KEEPTTL
    Keep,
    /// PERSIST
    Remove,
    /// EX, PX, EXAT, PXAT
    At(ExpireTime<'a>),
}

/// A time as the client wrote it. It is read only when the command gets to it, because other errors come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExpireTime<'a> {
    pub text: &'a [u8],
    pub kind: TimeKind,
}

/// What the number of an [`ExpireTime`] counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeKind {
    Seconds,
    Milliseconds,
    UnixSeconds,
    UnixMilliseconds,
}

impl TimeKind {
    /// EX, PX, EXAT, PXAT
    pub fn of(option: &[u8]) -> Option<Self> {
        let is = |word: &[u8]| option.eq_ignore_ascii_case(word);
        match option.len() {
            2 if is(b"EX") => Some(Self::Seconds),
            2 if is(b"PX") => Some(Self::Milliseconds),
            4 if is(b"EXAT") => Some(Self::UnixSeconds),
            4 if is(b"PXAT") => Some(Self::UnixMilliseconds),
            _ => None,
        }
    }

    /// Whether the time is a date, not a span from now.
    pub fn is_absolute(self) -> bool {
        matches!(self, Self::UnixSeconds | Self::UnixMilliseconds)
    }

    fn unit_ms(self) -> i64 {
        match self {
            Self::Seconds | Self::UnixSeconds => 1000,
            Self::Milliseconds | Self::UnixMilliseconds => 1,
        }
    }
}

impl ExpireTime<'_> {
    /// The deadline in milliseconds since the epoch.
    ///
    /// # Errors
    /// Not an integer; `ERR invalid expire time` if it is not positive or too far away.
    pub fn deadline_ms(self, ctx: &mut Ctx) -> Result<i64, CommandError> {
        let number = parse_i64(self.text).ok_or(CommandError::NOT_INTEGER)?;
        let start_ms = if self.kind.is_absolute() { 0 } else { ctx.now_ms() };
        Some(number)
            .filter(|&number| number > 0)
            .and_then(|number| number.checked_mul(self.kind.unit_ms()))
            .and_then(|span_ms| span_ms.checked_add(start_ms))
            .ok_or_else(|| CommandError::invalid_expire(ctx.command.name))
    }
}

/// The options of SET and MSETEX.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SetOptions<'a> {
    pub condition: Condition<'a>,
    /// GET: reply the old value.
    pub get: bool,
    pub expiry: Expiry<'a>,
}

impl<'a> SetOptions<'a> {
    /// Reads what follows `SET key value`.
    ///
    /// # Errors
    /// Syntax.
    pub fn parse(args: &Args<'a>) -> Result<Self, CommandError> {
        Self::parse_from(args, 3, true)
    }

    /// Reads what follows `MSETEX numkeys key value [key value ...]` from argument `start` on.
    ///
    /// # Errors
    /// Syntax.
    pub fn parse_msetex(args: &Args<'a>, start: usize) -> Result<Self, CommandError> {
        Self::parse_from(args, start, false)
    }

    /// `looks_at_value`: whether GET and the comparisons are among the options.
    fn parse_from(args: &Args<'a>, start: usize, looks_at_value: bool) -> Result<Self, CommandError> {
        let mut options = Self::default();
        let mut index = start;
        while let Some(option) = args.get(index) {
            let is = |word: &[u8]| option.eq_ignore_ascii_case(word);
            if is(b"NX") && matches!(options.condition, Condition::Always | Condition::IfAbsent) {
                options.condition = Condition::IfAbsent;
            } else if is(b"XX") && matches!(options.condition, Condition::Always | Condition::IfPresent) {
                options.condition = Condition::IfPresent;
            } else if is(b"GET") && looks_at_value {
                options.get = true;
            } else if let Some(kind) = ComparisonKind::parse(option)
                && looks_at_value
            {
                options.condition = comparison(args, index + 1, kind, options.condition)?;
                index += 1;
            } else if is(b"KEEPTTL") && matches!(options.expiry, Expiry::Unsaid | Expiry::Keep) {
                options.expiry = Expiry::Keep;
            } else {
                options.expiry = expire_time(args, index, options.expiry)?;
                index += 1;
            }
            index += 1;
        }
        Ok(options)
    }
}

/// Reads the operand of a comparison, which may replace nothing but an earlier one of the same kind.
fn comparison<'a>(
    args: &Args<'a>,
    index: usize,
    kind: ComparisonKind,
    earlier: Condition,
) -> Result<Condition<'a>, CommandError> {
    let operand = args.get(index).ok_or(CommandError::SYNTAX)?;
    match earlier {
        Condition::Always => {}
        Condition::If(comparison) if comparison.kind() == kind => {}
        _ => return Err(CommandError::SYNTAX),
    }
    Ok(Condition::If(kind.with(operand)))
}

/// Reads what follows `GETEX key`.
///
/// # Errors
/// Syntax.
pub fn parse_getex<'a>(args: &Args<'a>) -> Result<Expiry<'a>, CommandError> {
    let mut expiry = Expiry::Unsaid;
    let mut index = 2;
    while let Some(option) = args.get(index) {
        if option.eq_ignore_ascii_case(b"PERSIST") && matches!(expiry, Expiry::Unsaid | Expiry::Remove) {
            expiry = Expiry::Remove;
        } else {
            expiry = expire_time(args, index, expiry)?;
            index += 1;
        }
        index += 1;
    }
    Ok(expiry)
}

/// Reads the option at `index` and its time, which may replace nothing but an earlier time of the same kind.
fn expire_time<'a>(args: &Args<'a>, index: usize, earlier: Expiry<'a>) -> Result<Expiry<'a>, CommandError> {
    let (Some(option), Some(text)) = (args.get(index), args.get(index + 1)) else { return Err(CommandError::SYNTAX) };
    let kind = TimeKind::of(option).ok_or(CommandError::SYNTAX)?;
    match earlier {
        Expiry::Unsaid => {}
        Expiry::At(earlier) if earlier.kind == kind => {}
        _ => return Err(CommandError::SYNTAX),
    }
    Ok(Expiry::At(ExpireTime { text, kind }))
}
