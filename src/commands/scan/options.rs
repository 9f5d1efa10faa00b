//! What SCAN is told: the cursor and MATCH, COUNT, TYPE, NOVALUES.

use crate::commands::{Args, CommandError};
use crate::engine::glob::Pattern;
use crate::keyspace::Kind;

/// Keys that SCAN looks at when it is not told how many.
const COUNT: u64 = 10;

/// The options of SCAN; of each the last one given.
pub struct Options<'a> {
    pub count: u64,
    pub pattern: Pattern<'a>,
    /// The only type wanted; empty if there is no such type.
    pub type_name: Option<&'static str>,
    /// Only the fields of a hash are wanted.
    pub no_values: bool,
}

/// Which options there are besides COUNT and MATCH.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Others {
    None,
    Type,
    NoValues,
}

impl<'a> Options<'a> {
    /// Reads the options from argument `first` on.
    ///
    /// # Errors
    /// An unknown option, one without value, a count that is not a positive integer.
    pub fn parse(args: &Args<'a>, first: usize) -> Result<Self, CommandError> {
        Self::read(args, first, Others::Type)
    }

    /// [`Options::parse`] for SSCAN and ZSCAN, which have no TYPE.
    ///
    /// # Errors
    /// As [`Options::parse`].
    pub fn parse_for_members(args: &Args<'a>, first: usize) -> Result<Self, CommandError> {
        Self::read(args, first, Others::None)
    }

    /// [`Options::parse`] for HSCAN, which has NOVALUES instead of TYPE.
    ///
    /// # Errors
    /// As [`Options::parse`].
    pub fn parse_for_fields(args: &Args<'a>, first: usize) -> Result<Self, CommandError> {
        Self::read(args, first, Others::NoValues)
    }

    fn read(args: &Args<'a>, first: usize, others: Others) -> Result<Self, CommandError> {
        let mut options = Self { count: COUNT, pattern: Pattern::ALL, type_name: None, no_values: false };
        let mut index = first;
        while index < args.len() {
            if others == Others::NoValues && args.is(index, "novalues") {
                options.no_values = true;
                index += 1;
                continue;
            }
            let value = args.get(index + 1).ok_or(CommandError::SYNTAX)?;
            if args.is(index, "count") {
                let count = args.int(index + 1)?;
                options.count = u64::try_from(count).ok().filter(|&count| count > 0).ok_or(CommandError::SYNTAX)?;
            } else if args.is(index, "match") {
                options.pattern = Pattern::new(value);
            } else if others == Others::Type && args.is(index, "type") {
                let known =
                    Kind::ALL.into_iter().map(Kind::name).find(|name| name.as_bytes().eq_ignore_ascii_case(value));
                options.type_name = Some(known.unwrap_or_default());
            } else {
                return Err(CommandError::SYNTAX);
            }
            index += 2;
        }
        Ok(options)
    }
}

/// Reads a cursor as C's `strtoul` does, which is how Redis reads it: no leading space, but a sign, under which a
/// number wraps around, and nothing at all is 0.
pub fn parse_cursor(text: &[u8]) -> Option<u64> {
    let text = text.split(|&byte| byte == 0).next().unwrap_or_default();
    let (is_negative, digits) = match text {
        [] => return Some(0),
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    if digits.is_empty() {
        return None;
    }
    let number = digits.iter().try_fold(0u64, |number, byte| {
        let digit = byte.checked_sub(b'0').filter(|digit| *digit <= 9)?;
        number.checked_mul(10)?.checked_add(digit.into())
    })?;
    Some(if is_negative { number.wrapping_neg() } else { number })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_are_read_as_by_strtoul() {
        for (text, cursor) in [
            (&b""[..], Some(0)),
            (b"0", Some(0)),
            (b"007", Some(7)),
            (b"+5", Some(5)),
            (b"-1", Some(u64::MAX)),
            (b"-18446744073709551615", Some(1)),
            (b"18446744073709551615", Some(u64::MAX)),
            (b"5\0abc", Some(5)),
            (b"18446744073709551616", None),
            (b"-18446744073709551616", None),
            (b" 5", None),
            (b"5 ", None),
            (b"-", None),
            (b"+", None),
            (b"--1", None),
            (b"0x10", None),
        ] {
            assert_eq!(parse_cursor(text), cursor, "{text:?}");
        }
    }
}
