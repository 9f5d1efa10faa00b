//! DEBUG OBJECT, SDSLEN, POPULATE and HTSTATS: keys and tables from the inside. Keys whose time has come but that are
//! still there count as there.

use super::super::error::shown;
use super::super::object::{encoding_name, reference_count};
use super::super::{Args, CmdResult, CommandError, Ctx, Key};
use crate::engine::access;
use crate::keyspace::{Loc, NewValue, StringRef, format_int};
use crate::resp::number::parse_i64;

fn find<'a>(ctx: &mut Ctx, bytes: &'a [u8]) -> Result<(Key<'a>, Loc), CommandError> {
    let key = Key { bytes, hash: ctx.engine.keyspace.hash(bytes) };
    let loc = ctx.db(key).locate(key.hash, key.bytes).ok_or(CommandError::NO_SUCH_KEY)?;
    Ok((key, loc))
}

/// DEBUG OBJECT key.
pub fn object(ctx: &mut Ctx, key: &[u8]) -> CmdResult {
    let (key, loc) = find(ctx, key)?;
    let references = reference_count(ctx, key, loc);
    let now_s = ctx.engine.housekeeping.now_s();
    let db = ctx.db(key);
    let used = db.access(loc);
    let text = format!(
        "Value at:{:p} refcount:{references} encoding:{} serializedlength:{} lru:{used} lru_seconds_idle:{}",
        db.key(loc).as_ptr(),
        encoding_name(db, loc),
        db.value(loc).string().map_or(0, serialized_len),
        access::idle_s(used, now_s)
    );
    ctx.reply.status(&text);
    Ok(())
}

/// Bytes of a string in an RDB file, not compressed: an integer of up to four bytes, or a length and the text.
fn serialized_len(value: StringRef) -> usize {
    let mut digits = [0; 20];
    let (int, text) = match value {
        StringRef::Int(int) => (Some(int), format_int(int, &mut digits)),
        StringRef::Str(text) => (parse_i64(text), text),
    };
    if let Some(int) = int {
        if i8::try_from(int).is_ok() {
            return 2;
        } else if i16::try_from(int).is_ok() {
            return 3;
        } else if i32::try_from(int).is_ok() {
            return 5;
        }
    }
    let length = match text.len() {
        0..0x40 => 1,
        0x40..0x4000 => 2,
        0x4000..=0xffff_ffff => 5,
        _ => 9,
    };
    length + text.len()
}

/// DEBUG SDSLEN key. Key and value lie in one block unless the value is large, so the value's share is the rest.
pub fn sdslen(ctx: &mut Ctx, key: &[u8]) -> CmdResult {
    let (key, loc) = find(ctx, key)?;
    let db = ctx.db(key);
    let Some(StringRef::Str(value)) = db.value(loc).string() else {
        return Err(CommandError::fixed("ERR Not an sds encoded string."));
    };
    let value_share = db.memory_usage(loc).saturating_sub(key.bytes.len());
    let text = format!(
        "key_sds_len:{0}, key_sds_avail:0, key_zmalloc: {0}, val_sds_len:{1}, val_sds_avail:{2}, val_zmalloc: {value_share}",
        key.bytes.len(),
        value.len(),
        value_share.saturating_sub(value.len())
    );
    ctx.reply.status(&text);
    Ok(())
}

/// DEBUG POPULATE count [prefix [size]]: creates `prefix:0` and so on, those that are not there yet, with the values
/// `value:0` and so on, cut or filled up with zeros to `size` unless that is 0.
pub fn populate(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let positive = |index: usize| {
        let number = parse_i64(&args[index]).and_then(|number| usize::try_from(number).ok());
        number.ok_or(CommandError::fixed("ERR value is out of range, must be positive"))
    };
    let count = positive(2)?;
    let prefix = args.get(3).map_or(&b"key"[..], shown);
    let size = if args.len() == 5 { positive(4)? } else { 0 };
    for number in 0..count {
        let name = [prefix, format!(":{number}").as_bytes()].concat();
        let key = Key { bytes: &name, hash: ctx.engine.keyspace.hash(&name) };
        if ctx.peek(key).is_some() {
            continue;
        }
        let mut value = format!("value:{number}").into_bytes();
        if size > 0 {
            value.resize(size, 0);
        }
        ctx.create(key, NewValue::Str(&value))?;
        ctx.changed(key);
    }
    ctx.reply.ok();
    Ok(())
}

/// DEBUG HTSTATS dbid.
pub fn htstats(ctx: &mut Ctx, args: &Args) -> CmdResult {
    let number = u32::try_from(args.int(2)?).ok().filter(|number| *number < ctx.engine.databases());
    let number = number.ok_or(CommandError::fixed("ERR Out of range database"))?;
    let (mut keys, mut table, mut expires, mut ttl, mut fullest) = (0, 0, 0, 0, 0);
    for db in ctx.all_shards().filter_map(|shard| shard.existing_db(number)) {
        keys += db.len();
        table += db.table_bytes();
        expires += db.volatile_len();
        ttl += db.ttl_bytes();
        fullest = fullest.max(db.len());
    }
    let shards = ctx.engine.keyspace.shard_count();
    let text = format!(
        "[Dictionary HT]\n number of elements: {keys}\n shards: {shards}\n elements in the fullest shard: {fullest}\n \
         table bytes: {table}\n[Expires HT]\n number of elements: {expires}\n heap bytes: {ttl}\n"
    );
    ctx.reply.verbatim("txt", text.as_bytes());
    Ok(())
}

/// DEBUG HTSTATS-KEY key.
pub fn htstats_key(ctx: &mut Ctx, key: &[u8]) -> CmdResult {
    find(ctx, key)?;
    Err(CommandError::fixed("ERR The value stored at the specified key is not represented using an hash table"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serialized_lengths_are_those_of_rdb() {
        let ints = [(12, 2), (-128, 2), (128, 3), (-40_000, 5), (i64::from(i32::MAX) + 1, 11), (i64::MIN, 21)];
        for (int, len) in ints {
            assert_eq!(serialized_len(StringRef::Int(int)), len, "{int}");
        }
        for (text_len, len) in [(0, 1), (5, 6), (63, 64), (64, 66), (16_383, 16_385), (16_384, 16_389)] {
            assert_eq!(serialized_len(StringRef::Str(&vec![b'x'; text_len])), len, "{text_len}");
        }
        assert_eq!(serialized_len(StringRef::Str(b"12")), 2);
    }
}
