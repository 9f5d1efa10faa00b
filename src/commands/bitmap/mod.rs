//! Bitmaps: strings as arrays of bits. What the bits do is in [`crate::types::bits`].
//!
//! | file | commands |
//! |---|---|
//! | `bit` | SETBIT GETBIT |
//! | `search` | BITCOUNT BITPOS |
//! | `bitop` | BITOP |
//! | `bitfield` | BITFIELD BITFIELD_RO |
//!
//! As in Redis, a string that is changed here is raw afterwards, also when its bits stay as they were.

mod bit;
mod bitfield;
mod bitop;
mod search;

pub use bit::{getbit, setbit};
pub use bitfield::{bitfield, bitfield_ro};
pub use bitop::bitop;
pub use search::{bitcount, bitpos};

use super::string::text_of;
use super::{CommandError, Ctx, Key};
use crate::keyspace::{Loc, NewValue, NoMemory};
use crate::resp::number::{IntegerText, parse_i64};
use crate::types::bits::BYTE_BITS;
use std::sync::atomic::Ordering::Relaxed;

const BAD_OFFSET: CommandError = CommandError::fixed("ERR bit offset is not an integer or out of range");

/// Reads the offset of a bit, which must lie within the longest string there may be.
fn offset_of(ctx: &Ctx, text: &[u8]) -> Result<u64, CommandError> {
    checked_offset(ctx, parse_i64(text).ok_or(BAD_OFFSET)?)
}

fn checked_offset(ctx: &Ctx, offset: i64) -> Result<u64, CommandError> {
    let bytes_max = ctx.engine.settings.hot().proto_max_bulk_len.load(Relaxed) as u64;
    u64::try_from(offset).ok().filter(|offset| offset / BYTE_BITS < bytes_max).ok_or(BAD_OFFSET)
}

/// A string that is long enough to be changed at some place.
struct Grown {
    loc: Loc,
    /// Whether it was too short or absent before.
    has_grown: bool,
}

/// Makes the string of a key long enough to hold the bit at `offset`, creating it if need be, and makes it text.
fn grow(ctx: &mut Ctx, key: Key, offset: u64) -> Result<Grown, CommandError> {
    let len_min = usize::try_from(offset / BYTE_BITS + 1).map_err(|_| NoMemory)?;
    let found = ctx.write(key);
    let (loc, len) = match found {
        Some(loc) => (loc, text_of(ctx.string(key, loc)?, &mut IntegerText::new()).len()),
        None => (ctx.create(key, NewValue::Str(b""))?, 0),
    };
    let has_grown = len < len_min;
    let db = ctx.db(key);
    let is_text = db.string_mut(loc).is_some();
    if (has_grown || !is_text)
        && let Err(error) = db.string_resize(loc, len.max(len_min))
    {
        if found.is_none() {
            db.remove(loc);
        }
        return Err(error.into());
    }
    Ok(Grown { loc, has_grown })
}
