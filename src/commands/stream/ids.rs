//! Ids as clients write them: `ms-seq`, or `ms` alone; for ranges also `-`, `+` and `(id`; for XADD also `ms-*`.
//!
//! Numbers are read as Redis reads them, with C's `strtoull`: blanks and a sign in front and leading zeros are accepted. Texts
//! end at the first NUL.

use crate::commands::CommandError;
use crate::resp::number::parse_i64;
use crate::types::stream::Id;

/// Longer texts are not looked at.
const ID_BYTES_MAX: usize = 127;

const INVALID: CommandError = CommandError::fixed("ERR Invalid stream ID specified as stream command argument");

/// The sequence number of an id for XADD.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sequence {
    Given,
    /// `ms-*`: the next one of that millisecond.
    Next,
}

/// An id that may not be `-` or `+`; without a sequence number it gets `seq`.
///
/// # Errors
/// If it is none.
pub fn strict(text: &[u8], seq: u64) -> Result<Id, CommandError> {
    match parse(text, seq, false) {
        Some((id, _)) if !is_edge(text) => Ok(id),
        _ => Err(INVALID),
    }
}

/// An id, or `-` or `+` for the first and the last there can be.
///
/// # Errors
/// If it is none.
pub fn loose(text: &[u8], seq: u64) -> Result<Id, CommandError> {
    parse(text, seq, false).map(|(id, _)| id).ok_or(INVALID)
}

/// An id for XADD.
///
/// # Errors
/// If it is none.
pub fn for_add(text: &[u8]) -> Result<(Id, Sequence), CommandError> {
    parse(text, 0, true).filter(|_| !is_edge(text)).ok_or(INVALID)
}

/// The first id of a range.
///
/// # Errors
/// If it is none, or nothing comes after it and it is not included.
pub fn start(text: &[u8]) -> Result<Id, CommandError> {
    match exclusive(text) {
        Some(text) => strict(text, 0)?.next().ok_or(CommandError::fixed("ERR invalid start ID for the interval")),
        None => loose(text, 0),
    }
}

/// The last id of a range.
///
/// # Errors
/// If it is none, or nothing comes before it and it is not included.
pub fn end(text: &[u8]) -> Result<Id, CommandError> {
    match exclusive(text) {
        Some(text) => {
            strict(text, u64::MAX)?.previous().ok_or(CommandError::fixed("ERR invalid end ID for the interval"))
        }
        None => loose(text, u64::MAX),
    }
}

/// The id behind the parenthesis that excludes it.
fn exclusive(text: &[u8]) -> Option<&[u8]> {
    text.strip_prefix(b"(").filter(|id| !id.is_empty())
}

fn c_text(text: &[u8]) -> &[u8] {
    text.split(|byte| *byte == 0).next().unwrap_or(text)
}

fn is_edge(text: &[u8]) -> bool {
    matches!(c_text(text), b"-" | b"+")
}

fn parse(text: &[u8], missing_seq: u64, may_be_next: bool) -> Option<(Id, Sequence)> {
    if text.len() > ID_BYTES_MAX {
        return None;
    }
    let text = c_text(text);
    match text {
        b"-" => return Some((Id::MIN, Sequence::Given)),
        b"+" => return Some((Id::MAX, Sequence::Given)),
        _ => {}
    }
    let mut parts = text.splitn(2, |byte| *byte == b'-');
    let ms = unsigned(parts.next()?)?;
    match parts.next() {
        None => Some((Id::new(ms, missing_seq), Sequence::Given)),
        Some(b"*") if may_be_next => Some((Id::new(ms, 0), Sequence::Next)),
        Some(seq) => Some((Id::new(ms, unsigned(seq)?), Sequence::Given)),
    }
}

/// `string2ull` of Redis.
fn unsigned(text: &[u8]) -> Option<u64> {
    if let Some(number) = parse_i64(text) {
        return u64::try_from(number).ok();
    }
    let blanks = text.iter().take_while(|byte| matches!(byte, b' ' | b'\t'..=b'\r')).count();
    let (digits, is_negative) = match text.get(blanks..)? {
        [b'-', digits @ ..] => (digits, true),
        [b'+', digits @ ..] => (digits, false),
        digits => (digits, false),
    };
    let mut number = 0_u64;
    for digit in digits {
        let digit = digit.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number = number.checked_mul(10)?.checked_add(u64::from(digit))?;
    }
    if digits.is_empty() {
        return None;
    }
    Some(if is_negative { number.wrapping_neg() } else { number })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_as_redis_reads_them() {
        let id = |text: &str| strict(text.as_bytes(), 7).ok().map(|id| (id.ms, id.seq));
        assert_eq!(id("5"), Some((5, 7)));
        assert_eq!(id("5-3"), Some((5, 3)));
        assert_eq!(id("06-01"), Some((6, 1)));
        assert_eq!(id(" 6-+1"), Some((6, 1)));
        assert_eq!(id("7--0"), Some((7, 0)));
        assert_eq!(id("7--01"), Some((7, u64::MAX)));
        assert_eq!(id("18446744073709551615-18446744073709551615"), Some((u64::MAX, u64::MAX)));
        assert_eq!(id("5-1\0junk"), Some((5, 1)));
        for text in ["", "-", "+", "-5", "5-", "5--1", "5-*", "*", "a", "5-a", "5 ", "18446744073709551616", "+\0"] {
            assert_eq!(id(text), None, "{text:?}");
        }
        assert_eq!(id(&format!("{:0>127}", 1)), Some((1, 7)));
        assert_eq!(id(&format!("{:0>128}", 1)), None);
        assert_eq!(for_add(b"5-*"), Ok((Id::new(5, 0), Sequence::Next)));
    }

    #[test]
    fn ranges_may_exclude_their_ends() {
        assert_eq!(start(b"-"), Ok(Id::MIN));
        assert_eq!(end(b"+"), Ok(Id::MAX));
        assert_eq!(start(b"(5"), Ok(Id::new(5, 1)));
        assert_eq!(end(b"5"), Ok(Id::new(5, u64::MAX)));
        assert_eq!(end(b"(5-0"), Ok(Id::new(4, u64::MAX)));
        assert!(start(b"(18446744073709551615-18446744073709551615").is_err());
        assert!(end(b"(0-0").is_err());
        for text in [&b"("[..], b"(-", b"(+", b"((5"] {
            assert_eq!(start(text), Err(INVALID));
        }
    }
}
