//! Strings: the values of GET and SET, counters, byte ranges.
//!
//! A string that is the canonical text of a 64-bit integer is stored as that integer, as in Redis: [`encode`]
//! decides, [`reply_string`] and [`text_of`] turn it back. Which commands encode and which store the bytes as they
//! are is visible through OBJECT ENCODING, so it follows Redis command by command.
//!
//! | file | commands |
//! |---|---|
//! | `get_set` | GET SET SETNX SETEX PSETEX GETSET GETDEL GETEX |
//! | `options` | the options of SET, MSETEX and GETEX |
//! | `comparison` | IFEQ and its like; DIGEST DELEX DELIFEQ |
//! | `many` | MGET MSET MSETNX MSETEX |
//! | `range` | APPEND STRLEN SETRANGE GETRANGE SUBSTR |
//! | `counter` | INCR DECR INCRBY DECRBY INCRBYFLOAT |
//! | `increx` | INCREX |
//! | `lcs`, `subsequence` | LCS |

mod comparison;
mod counter;
mod get_set;
mod increx;
mod lcs;
mod many;
mod options;
mod range;
mod subsequence;

pub use comparison::{delex, delifeq, digest};
pub(super) use counter::increment;
pub use counter::{decr, decrby, incr, incrby, incrbyfloat};
pub(super) use get_set::{NewDeadline, set_plainly, store};
pub use get_set::{get, getdel, getex, getset, psetex, set, setex, setnx};
pub use increx::increx;
pub use lcs::lcs;
pub use many::{mget, mset, msetex, msetnx};
pub use range::{append, getrange, setrange, strlen, substr};

use super::{CommandError, Ctx, Key};
use crate::keyspace::{Loc, NewValue, StringRef};
use crate::resp::ReplyWriter;
use crate::resp::number::{IntegerText, parse_i64};

/// How a client's bytes are stored: as an integer if they are the canonical text of one.
#[inline]
pub(super) fn encode(bytes: &[u8]) -> NewValue<'_> {
    parse_i64(bytes).map_or(NewValue::Str(bytes), NewValue::Int)
}

/// Replies a stored string.
#[inline]
fn reply_string(reply: &mut ReplyWriter, value: StringRef<'_>) {
    match value {
        StringRef::Str(bytes) => reply.bulk(bytes),
        StringRef::Int(int) => reply.bulk_integer(int),
    }
}

/// The bytes of a stored string; `digits` holds them if it is an integer.
pub(super) fn text_of<'a>(value: StringRef<'a>, digits: &'a mut IntegerText) -> &'a [u8] {
    match value {
        StringRef::Str(bytes) => bytes,
        StringRef::Int(int) => digits.format(int),
    }
}

/// Replaces the value at `found`, keeping its deadline, or creates the key.
///
/// # Errors
/// If memory is short; nothing has changed then.
#[inline(always)]
pub(super) fn put(ctx: &mut Ctx, key: Key, found: Option<Loc>, value: NewValue<'_>) -> Result<Loc, CommandError> {
    let loc = match found {
        Some(loc) => {
            ctx.db(key).set_value(loc, value)?;
            loc
        }
        None => ctx.create(key, value)?,
    };
    ctx.changed(key);
    Ok(loc)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodes_what_redis_calls_int() {
        for int in ["0", "-1", "7", "10000", "9223372036854775807", "-9223372036854775808"] {
            assert_eq!(encode(int.as_bytes()), NewValue::Int(int.parse().unwrap()));
        }
        let texts = ["", "-", "-0", "0123", "+1", " 1", "1 ", "1.0", "9223372036854775808", "-9223372036854775809"];
        for text in texts.into_iter().chain(["12345678901234567890", "123456789012345678901", "1\0"]) {
            assert_eq!(encode(text.as_bytes()), NewValue::Str(text.as_bytes()));
        }
    }
}
