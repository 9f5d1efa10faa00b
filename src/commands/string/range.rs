//! APPEND, STRLEN, SETRANGE, GETRANGE, SUBSTR: a string as an array of bytes.
//!
//! APPEND and SETRANGE change the bytes in place, with room to grow, so that n appends cost O(n); from then on
//! OBJECT ENCODING says raw.

use super::{encode, text_of};
use crate::commands::{Args, Class, CmdResult, CommandError, Ctx};
use crate::keyspace::{NewValue, StringRef};
use crate::resp::number::IntegerText;
use std::sync::atomic::Ordering::Relaxed;

/// The length that a string would have, if it may have it.
fn checked_len(ctx: &Ctx, len: usize, more: usize) -> Result<usize, CommandError> {
    let len_max = ctx.engine.settings.hot().proto_max_bulk_len.load(Relaxed);
    len.checked_add(more).filter(|&total| total <= len_max).ok_or(CommandError::TOO_LONG)
}

fn len_of(value: StringRef<'_>) -> usize {
    text_of(value, &mut IntegerText::new()).len()
}

/// APPEND key value
pub fn append(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let key = args.key(0);
    let value = &args[2];
    let total = match ctx.write(key) {
        None => {
            ctx.create(key, encode(value))?;
            value.len()
        }
        Some(loc) => {
            let len = len_of(ctx.string(key, loc)?);
            let total = checked_len(ctx, len, value.len())?;
            ctx.db(key).string_resize(loc, total)?[len..].copy_from_slice(value);
            total
        }
    };
    ctx.changed(key);
    ctx.notify(Class::String, c"append", key);
    ctx.reply.integer(total as i64);
    Ok(())
}

/// STRLEN key
pub fn strlen(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let key = args.key(0);
    let len = match ctx.read(key) {
        Some(loc) => len_of(ctx.string(key, loc)?),
        None => 0,
    };
    ctx.reply.integer(len as i64);
    Ok(())
}

/// SETRANGE key offset value
pub fn setrange(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let key = args.key(0);
    let offset = args.int(2)?;
    let offset = usize::try_from(offset).map_err(|_| CommandError::fixed("ERR offset is out of range"))?;
    let value = &args[3];
    let found = ctx.write(key);
    let len = match found {
        Some(loc) => len_of(ctx.string(key, loc)?),
        None => 0,
    };
    if value.is_empty() {
        ctx.reply.integer(len as i64);
        return Ok(());
    }
    let end = checked_len(ctx, offset, value.len())?;
    let total = len.max(end);
    let loc = match found {
        Some(loc) => loc,
        None => ctx.create(key, NewValue::Str(b""))?,
    };
    let resized = ctx.db(key).string_resize(loc, total);
    match resized {
        Ok(bytes) => bytes[offset..end].copy_from_slice(value),
        Err(error) => {
            if found.is_none() {
                ctx.db(key).remove(loc);
            }
            return Err(error.into());
        }
    }
    ctx.changed(key);
    ctx.notify(Class::String, c"setrange", key);
    ctx.reply.integer(total as i64);
    Ok(())
}

/// GETRANGE key start end
pub fn getrange(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let key = args.key(0);
    let (start, end) = (args.int(2)?, args.int(3)?);
    let Some(loc) = ctx.read(key) else {
        ctx.reply.bulk(b"");
        return Ok(());
    };
    let (value, reply) = ctx.string_and_reply(key, loc)?;
    let mut digits = IntegerText::new();
    reply.bulk(slice(text_of(value, &mut digits), start, end));
    Ok(())
}

/// SUBSTR key start end
pub fn substr(ctx: &mut Ctx, args: &Args) -> CmdResult {
    getrange(ctx, args)
}

/// The bytes from `start` to `end`, both included; a negative index counts from the end of the string. What lies
/// outside is left out.
fn slice(bytes: &[u8], start: i64, end: i64) -> &[u8] {
    // Both before the beginning: they would be moved to the first byte and find it.
    if start < 0 && end < 0 && start > end {
        return b"";
    }
    let len = bytes.len() as i64;
    let from_start = |index: i64| if index < 0 { (len + index).max(0) } else { index };
    let start = from_start(start);
    let end = from_start(end).min(len - 1);
    if start > end { b"" } else { &bytes[start as usize..=end as usize] }
}

#[cfg(test)]
mod tests {
    use super::slice;

    /// Redis's code, in wide integers.
    fn naive(bytes: &[u8], start: i64, end: i64) -> Vec<u8> {
        let len = bytes.len() as i128;
        let (mut start, mut end) = (i128::from(start), i128::from(end));
        if start < 0 && end < 0 && start > end {
            return Vec::new();
        }
        if start < 0 {
            start += len;
        }
        if end < 0 {
            end += len;
        }
        let (start, end) = (start.max(0), end.max(0));
        (0..len).filter(|index| (start..=end).contains(index)).map(|index| bytes[index as usize]).collect()
    }

    #[test]
    fn slices_as_redis_does() {
        for text in [&b""[..], b"a", b"hello"] {
            let indexes = (-8..8).chain([i64::MIN, i64::MIN + 1, i64::MAX - 1, i64::MAX]);
            for start in indexes.clone() {
                for end in indexes.clone() {
                    assert_eq!(slice(text, start, end), naive(text, start, end), "{text:?} {start} {end}");
                }
            }
        }
    }
}
