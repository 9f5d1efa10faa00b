//! What the commands on deadlines of fields are told: a time, a condition, and which fields.

use crate::commands::{Args, CommandError, Ctx};
use crate::resp::number::parse_i64;

/// The latest deadline of a field in milliseconds since the epoch, that of Redis: it keeps two of 48 bits for itself.
const DEADLINE_MAX_MS: i64 = (1 << 46) - 1;

const MISPLACED: CommandError =
    CommandError::fixed("ERR Mandatory argument FIELDS is missing or not at the right position");
const MISCOUNTED: CommandError =
    CommandError::fixed("ERR The `numfields` parameter must match the number of arguments");

/// What HEXPIRE and its like say of a count that is no positive integer.
pub const NOT_GREATER_THAN_0: CommandError = CommandError::fixed("ERR Parameter `numFields` should be greater than 0");
/// What the others say.
pub const NOT_POSITIVE: CommandError = CommandError::fixed("ERR Number of fields must be a positive integer");

/// What a time argument counts, and from when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    Seconds,
    Milliseconds,
    UnixSeconds,
    UnixMilliseconds,
}

impl Clock {
    /// The clock of an option of HGETEX and HSETEX.
    pub fn of(option: &[u8]) -> Option<Self> {
        let is = |word: &str| option.eq_ignore_ascii_case(word.as_bytes());
        match () {
            () if is("EX") => Some(Self::Seconds),
            () if is("PX") => Some(Self::Milliseconds),
            () if is("EXAT") => Some(Self::UnixSeconds),
            () if is("PXAT") => Some(Self::UnixMilliseconds),
            () => None,
        }
    }

    fn counts_seconds(self) -> bool {
        matches!(self, Self::Seconds | Self::UnixSeconds)
    }

    /// From when it counts.
    pub fn start_ms(self, ctx: &mut Ctx) -> i64 {
        if matches!(self, Self::UnixSeconds | Self::UnixMilliseconds) { 0 } else { ctx.now_ms() }
    }

    /// The deadline that a text means, in milliseconds since the epoch.
    ///
    /// # Errors
    /// Not an integer, negative, or too far away.
    pub fn deadline_ms(self, ctx: &mut Ctx, text: &[u8]) -> Result<i64, CommandError> {
        let number = parse_i64(text).ok_or(CommandError::NOT_INTEGER)?;
        if number < 0 {
            return Err(CommandError::fixed("ERR invalid expire time, must be >= 0"));
        }
        let unit_ms = if self.counts_seconds() { 1000 } else { 1 };
        let deadline_ms = number.checked_mul(unit_ms).and_then(|span_ms| span_ms.checked_add(self.start_ms(ctx)));
        deadline_ms
            .filter(|deadline_ms| *deadline_ms <= DEADLINE_MAX_MS)
            .ok_or_else(|| CommandError::invalid_expire(ctx.command.name))
    }

    /// What is replied of a deadline: seconds are rounded up.
    pub fn show(self, deadline_ms: i64, start_ms: i64) -> i64 {
        let ms = deadline_ms.saturating_sub(start_ms);
        if self.counts_seconds() { ms.saturating_add(999) / 1000 } else { ms }
    }
}

/// When a new deadline is taken. A field without one counts as living for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    Always,
    /// NX
    IfNone,
    /// XX
    IfSome,
    /// GT
    IfLater,
    /// LT
    IfEarlier,
}

impl Condition {
    /// The condition that a word is, if it is one.
    pub fn of(word: &[u8]) -> Option<Self> {
        let is = |name: &str| word.eq_ignore_ascii_case(name.as_bytes());
        match () {
            () if is("NX") => Some(Self::IfNone),
            () if is("XX") => Some(Self::IfSome),
            () if is("GT") => Some(Self::IfLater),
            () if is("LT") => Some(Self::IfEarlier),
            () => None,
        }
    }

    pub fn is_met(self, present_ms: Option<i64>, new_ms: i64) -> bool {
        match self {
            Self::Always => true,
            Self::IfNone => present_ms.is_none(),
            Self::IfSome => present_ms.is_some(),
            Self::IfLater => present_ms.is_some_and(|present_ms| new_ms > present_ms),
            Self::IfEarlier => present_ms.is_none_or(|present_ms| new_ms < present_ms),
        }
    }
}

/// The fields of `FIELDS numfields field [field ...]`, which begins at argument `at` and goes to the end.
///
/// # Errors
/// FIELDS is not there; the number is not positive (`bad_count`); there are not so many fields.
pub fn named_fields<'a>(args: &Args<'a>, at: usize, bad_count: CommandError) -> Result<&'a [&'a [u8]], CommandError> {
    if !args.is(at, "fields") {
        return Err(MISPLACED);
    }
    let count = args.get(at + 1).and_then(parse_i64).filter(|count| *count > 0).ok_or(bad_count)?;
    let fields = args.argv().get(at + 2..).unwrap_or_default();
    if usize::try_from(count) != Ok(fields.len()) {
        return Err(MISCOUNTED);
    }
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_compare_with_the_present_deadline() {
        let met = |condition: Condition| [None, Some(4), Some(5), Some(6)].map(|ms| condition.is_met(ms, 5));
        assert_eq!(met(Condition::Always), [true, true, true, true]);
        assert_eq!(met(Condition::IfNone), [true, false, false, false]);
        assert_eq!(met(Condition::IfSome), [false, true, true, true]);
        assert_eq!(met(Condition::IfLater), [false, true, false, false]);
        assert_eq!(met(Condition::IfEarlier), [true, false, false, true]);
    }
}
