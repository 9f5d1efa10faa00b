//! Lists: sequences that grow and shrink at both ends.
//!
//! | file | commands |
//! |---|---|
//! | `value` | what they all do with the list under a key; for other families, too |
//! | `push_pop` | LPUSH RPUSH LPUSHX RPUSHX LPOP RPOP LMPOP |
//! | `read` | LLEN LINDEX LRANGE LPOS |
//! | `edit` | LSET LINSERT LREM LTRIM |
//! | `transfer` | LMOVE RPOPLPUSH |

mod edit;
mod push_pop;
mod read;
mod transfer;
pub mod value;

pub use edit::{linsert, lrem, lset, ltrim};
pub use push_pop::{lmpop, lpop, lpush, lpushx, mpop_options, pop_from_first, rpop, rpush, rpushx};
pub use read::{lindex, llen, lpos, lrange};
pub use transfer::{lmove, rpoplpush, transfer};

use super::CommandError;
use crate::resp::number::parse_i64;
use crate::types::list::Side;

/// Reads `LEFT` or `RIGHT`.
///
/// # Errors
/// Syntax.
pub fn side(word: &[u8]) -> Result<Side, CommandError> {
    if word.eq_ignore_ascii_case(b"left") {
        Ok(Side::Left)
    } else if word.eq_ignore_ascii_case(b"right") {
        Ok(Side::Right)
    } else {
        Err(CommandError::SYNTAX)
    }
}

/// Reads a number that must not be less than `least`; whatever is wrong with it, the error is the same.
fn at_least(least: usize, text: &[u8], error: CommandError) -> Result<usize, CommandError> {
    let number = parse_i64(text).and_then(|number| usize::try_from(number).ok());
    number.filter(|number| *number >= least).ok_or(error)
}

/// The elements from `start` to `end`, both included, as the first index and how many; a negative index counts from the end. What
/// lies outside is left out.
fn range(start: i64, end: i64, len: usize) -> (usize, usize) {
    let from_start = |index: i64| if index < 0 { (len as i64).saturating_add(index) } else { index };
    let start = from_start(start).max(0) as usize;
    let behind = from_start(end).saturating_add(1).clamp(0, len as i64) as usize;
    (start, behind.saturating_sub(start))
}

/// The index of an element that a client counts from the start, or from the end if negative.
fn index_of(index: i64, len: usize) -> Option<usize> {
    let from_start = if index < 0 { index.checked_add(len as i64)? } else { index };
    usize::try_from(from_start).ok().filter(|index| *index < len)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_leave_out_what_is_outside() {
        let borders = [i64::MIN, -6, -5, -4, -2, -1, 0, 1, 3, 4, 5, 6, i64::MAX];
        for len in 0..6usize {
            for start in borders {
                for end in borders {
                    let absolute = |index: i64| i128::from(index) + if index < 0 { len as i128 } else { 0 };
                    let within = |at: &usize| (absolute(start)..=absolute(end)).contains(&(*at as i128));
                    let expected: Vec<usize> = (0..len).filter(within).collect();
                    let (first, count) = range(start, end, len);
                    assert_eq!((first..first + count).collect::<Vec<_>>(), expected, "{start} {end} of {len}");
                }
                let expected = i128::from(start) + if start < 0 { len as i128 } else { 0 };
                let exists = (0..len as i128).contains(&expected);
                assert_eq!(index_of(start, len), exists.then_some(expected as usize));
            }
        }
    }
}
