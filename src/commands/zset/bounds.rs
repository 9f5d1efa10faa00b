//! Ranges as clients write them: of ranks, of scores, of names.

use crate::commands::CommandError;
use crate::resp::number::parse_f64_lenient;
use crate::types::zset::{LexBound, LexRange, ScoreRange};
use std::ops::Range;

const NOT_A_SCORE: CommandError = CommandError::fixed("ERR min or max is not a float");
const NOT_A_NAME: CommandError = CommandError::fixed("ERR min or max not valid string range item");

/// `1.5`, `(1.5` without the score itself, `-inf`, `+inf`.
///
/// # Errors
/// If one of them is no number.
pub fn score_range(min: &[u8], max: &[u8]) -> Result<ScoreRange, CommandError> {
    let bound = |text: &[u8]| {
        let (text, is_exclusive) = match text {
            [b'(', text @ ..] => (text, true),
            text => (text, false),
        };
        parse_f64_lenient(text).map(|score| (score, is_exclusive)).ok_or(NOT_A_SCORE)
    };
    let ((min, min_exclusive), (max, max_exclusive)) = (bound(min)?, bound(max)?);
    Ok(ScoreRange { min, max, min_exclusive, max_exclusive })
}

/// `[name`, `(name` without the name itself, `-`, `+`.
///
/// # Errors
/// If one of them begins with anything else.
pub fn lex_range<'a>(min: &'a [u8], max: &'a [u8]) -> Result<LexRange<'a>, CommandError> {
    let bound = |text: &'a [u8]| match text {
        // What follows a NUL is not seen.
        [b'-'] | [b'-', 0, ..] => Ok(LexBound::Least),
        [b'+'] | [b'+', 0, ..] => Ok(LexBound::Greatest),
        [b'[', name @ ..] => Ok(LexBound::Inclusive(name)),
        [b'(', name @ ..] => Ok(LexBound::Exclusive(name)),
        _ => Err(NOT_A_NAME),
    };
    Ok(LexRange { min: bound(min)?, max: bound(max)? })
}

/// The ranks from `first` to `last`, both of which count from the end if they are negative.
pub fn rank_range(first: i64, last: i64, len: usize) -> Range<usize> {
    let count = i64::try_from(len).unwrap_or(i64::MAX);
    let from_front = |index: i64| if index < 0 { index.saturating_add(count) } else { index };
    let start = from_front(first).max(0);
    let end = from_front(last).min(count - 1);
    if start > end { 0..0 } else { start as usize..end as usize + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_count_from_both_ends() {
        for (first, last, range) in [
            (0, -1, 0..5),
            (1, 3, 1..4),
            (-2, -1, 3..5),
            (-100, 1, 0..2),
            (3, 100, 3..5),
            (3, 2, 0..0),
            (5, 9, 0..0),
            (0, -6, 0..0),
            (i64::MIN, i64::MAX, 0..5),
            (i64::MAX, i64::MIN, 0..0),
        ] {
            assert_eq!(rank_range(first, last, 5), range, "{first} {last}");
        }
        assert_eq!(rank_range(0, -1, 0), 0..0);
    }

    #[test]
    fn scores_are_read_as_by_strtod() {
        let range = |min: &str| score_range(min.as_bytes(), b"9").map(|range| (range.min, range.min_exclusive));
        for (text, expected) in [
            ("1.5", (1.5, false)),
            ("(1.5", (1.5, true)),
            ("", (0.0, false)),
            ("(", (0.0, true)),
            (" 5", (5.0, false)),
            ("( 5", (5.0, true)),
            ("1e999", (f64::INFINITY, false)),
            ("-1e999", (f64::NEG_INFINITY, false)),
            ("1e-999", (0.0, false)),
            ("0x1p99999", (f64::INFINITY, false)),
            ("5\0x", (5.0, false)),
            ("-inf", (f64::NEG_INFINITY, false)),
            ("(+infinity", (f64::INFINITY, true)),
        ] {
            assert_eq!(range(text), Ok(expected), "{text:?}");
        }
        for text in ["nan", "x", " ", "5 ", "((5", "5x"] {
            assert_eq!(range(text), Err(NOT_A_SCORE), "{text:?}");
        }
    }

    #[test]
    fn names_need_a_mark() {
        let min = |text| lex_range(text, b"+").map(|range| range.min);
        assert_eq!(min(b"-"), Ok(LexBound::Least));
        assert_eq!(min(b"+\0x"), Ok(LexBound::Greatest));
        assert_eq!(min(b"["), Ok(LexBound::Inclusive(b"")));
        assert_eq!(min(b"((x"), Ok(LexBound::Exclusive(b"(x")));
        for text in [&b""[..], b"x", b"-x", b"++"] {
            assert_eq!(min(text), Err(NOT_A_NAME));
        }
    }
}
